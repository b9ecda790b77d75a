"""What hostile input is made of: things that have broken a reader, a parser or a page somewhere."""

from __future__ import annotations

import math
from typing import Any

# fmt: off
NUMBERS = [
    "0", "-0", "1e308", "-1e308", "1e309", "5e-324", "nan", "Infinity", "-Infinity", "9" * 400, "0x10", "1_0", "٣",
    "1e",
]
TOKENS = [
    *NUMBERS, "\x00", "\ufeff", "\u2028", "\u202e", "\ud800", "\r", "\r\n", "\n", "\t", '"', "'", ",", ";", "{", "}",
    "[", "]", ":", "null", "true", "\\", "\\u0000", "<script>alert(1)</script>", "&", "&amp;", "]]>", "<!--", "-->",
    "$", "$$", "%", "#", "~", "^", "_", "\\input{/etc/passwd}", "\\end{document}", "\\", "}}", "{{", "{0}", "%s", "`",
    "|", "*", "](javascript:0)", '"><img src=x onerror=alert(1)>', "</text>", "</svg>", "\x1b[31m", "😀", "é",
    "e\u0301" * 5, "ﬁ", "̂", "w^{1}_{11}", "x" * 50,
]
ODD: list[Any] = [
    None, True, False, 0, -1, 1, 2, 2.5, 10**400, -(10**30), 1e308, math.nan, math.inf, "", "x", "relu", "softmax",
    [], {}, [[]], [0], {"": 0}, [2, 2, 1], [10**9, 10**9, 1], "\ud800", "a\nb", [1] * 100, "DEEP",
]
TABLES = [
    "x,y\n1,2\n3,4\n", "weight,height,bmi\n70.5,1.8,21.8\n80,1.75,26.1\n\n60,1.6,23.4\n",
    '"a b","c,d","e""f"\n1.0, 2.0 ,3e-5\n-4,5.5,.5\n', "x;y\n1;2\n", "only\n1\n", "\ufeffx,y\r\n1,2\r\n",
]
EXPRESSIONS = [
    "log(x1) + x1*x2 - sin(x2)", "9**9**9", "-x**2", "(x+1)/(y-1)", "sigmoid(w*x+b)", "max(x, y)", "1e400",
    "x if y else z", "__import__('os').system('true')", "().__class__.__bases__", "lambda: 0", "[x for x in y]",
    "x.real", "f'{x}'", "x:=3", "x=3", "*x", "x @ y", "x // y", "x % y", "~x", "not x", "x < y", "x and y",
    "'a' * 9**9", "10**10**10", "2**-1074", "0**0", "1j*x", "()", "", " ", "#", "x #", "x\\\n+y", "None", "True",
    "...", "b'x'", "yield x", "await x", "x[0]", "{x}", "softmax(x)", "logsumexp(x, y, 1)", "total()", "pow(x, y, z)",
    "hypot(3, 4)", "1/0", "log(0)", "sqrt(-1)", "(-8)**(1/3)", "x"*60, "((((" * 60 + "x" + "))))" * 60,
    "-" * 300 + "x", "+".join(["x"] * 300), "sin(" * 90 + "x" + ")" * 90, "9" * 4000, "x**" * 200 + "2",
]
LABELS = [
    "w^{1}_{11}", "x_1", "ŷ", "b_{21}", "a label with words", "α", "v1", "x'", "10", "−∞", r"\hat{y}", "x_max^2",
    "<b>", "a&b",
]
WELL_FORMED_LABELS = [
    "w^{1}_{11}", "x_1", "ŷ", "w^2", "words in a label", "α", "v", "x", "x'", "10", "-1e-5", "∞", "NaN", "Ω'", "x_max",
]
# fmt: on
