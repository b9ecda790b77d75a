"""The project's printed formulas, read by SymPy: independent of everything that wrote them."""

import re

import sympy

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_FUNCTIONS = {
    "σ": lambda x: 1 / (1 + sympy.exp(-x)),
    "σ′": lambda x: sympy.exp(-x) / (1 + sympy.exp(-x)) ** 2,
    "exp": sympy.exp,
    "log": sympy.log,
    "sqrt": sympy.sqrt,
    "√": sympy.sqrt,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "sinh": sympy.sinh,
    "cosh": sympy.cosh,
    "tanh": sympy.tanh,
    "sign": sympy.sign,
    **{f"softmax{i}": lambda *z, i=i: sympy.exp(z[i - 1]) / sum(map(sympy.exp, z)) for i in (1, 2, 3)},
}


def read(text: str) -> sympy.Expr:
    """A printed formula as a SymPy expression; names become symbols of the same name.

    >>> read("2(ŷ − y)"), read("1/x²")
    (-2*y + 2*ŷ, x**(-2))
    """
    names: dict[str, object] = {}
    tokens = re.findall(
        r"\d+(?:\.\d+)?(?:e−?\d+)?|[^\W\d⁰¹²³⁴⁵⁶⁷⁸⁹]+′?[\d_]*(?:,\d+)*(?:[^\W⁰¹²³⁴⁵⁶⁷⁸⁹])*|√|[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+|\S", text
    )
    python = ""
    before = ""
    for token in tokens:
        if token[0] in "⁰¹²³⁴⁵⁶⁷⁸⁹⁻":  # before the digits: Python counts them among those
            word = f"**({token.translate(_SUPERSCRIPTS)})"
        elif token[0].isdigit():
            word = f"Rational('{token.replace('−', '-')}')"
        elif token[0].isalpha() or token == "√":
            word = f"n{len(names)}"
            names[word] = _FUNCTIONS.get(token) or sympy.Symbol(token)
        else:
            word = {"·": "*", "−": "-", "^": "**"}.get(token, token)
        # Side by side means multiplied: a(1 − a), 2(ŷ − y).
        multiplied = token == "(" and before and (before[0].isalnum() or before == ")") and before not in _FUNCTIONS
        python += ("*" if multiplied else "") + word
        before = token
    return sympy.sympify(eval(python, {"Rational": sympy.Rational}, names))


def same(text: str, expected: str | sympy.Expr) -> bool:
    """Whether two formulas are equivalent."""
    wanted = read(expected) if isinstance(expected, str) else expected
    return sympy.simplify(read(text) - wanted) == 0
