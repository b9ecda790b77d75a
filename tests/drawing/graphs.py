"""The graphs that pictures are judged by: the five lectures', a 4-3-2-1 with 20 weights, and awkward ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import nn
from autograd import Value, affine, total


def _network(sizes: list[int], activation: str, output: str, bias: bool, row: list[float], target: float) -> Value:
    model = nn.MLP(sizes, activation=activation, output=output, bias=bias, seed=3)
    loss: Value = nn.squared_error(model(row), Value(target, "y"))
    loss.label = "L"
    return loss


def lecture_1() -> Value:
    return _network([2, 2, 1], "linear", "linear", True, [1.6, -0.6], 21.0)


def lecture_2() -> Value:
    return _network([2, 2, 1], "sigmoid", "linear", True, [1.6, -0.6], 21.0)


def lecture_3() -> Value:
    z = affine([Value(0.8, "w")], [Value(1.5, "x")], Value(-0.2, "b"))
    z.label = "z"
    a = z.sigmoid()
    a.label = "a"
    loss: Value = nn.binary_cross_entropy(a, Value(1.0, "y"))
    loss.label = "L"
    return loss


def lecture_4() -> Value:
    x1, x2, y = Value(5.0, "x_{1}"), Value(3.0, "x_{2}"), Value(8.0, "y")
    w1, w2, w3 = Value(0.4, "w^{1}_{11}"), Value(0.6, "w^{1}_{21}"), Value(0.5, "w^{2}_{11}")
    h = x1 * w1 + x2 * w2
    h.label = "o_{11}"
    prediction = h * w3
    prediction.label = "ŷ"
    error = (prediction - y) ** 2 / 2
    error.label = "L"
    return error


def lecture_5() -> Value:
    return _network([4, 3, 2, 1], "sigmoid", "sigmoid", True, [0.5, -1.0, 2.0, 0.1], 0.7)


def twenty_weights() -> Value:
    return _network([4, 3, 2, 1], "sigmoid", "sigmoid", False, [0.5, -1.0, 2.0, 0.1], 0.7)


def square() -> Value:
    a = Value(-3.0, "a")
    return a * a


def skip() -> Value:
    """v = s + s²: s reaches v along an edge of its own and through q."""
    s = Value(2.0, "a") * Value(3.0, "b")
    q = s**2
    v = s + q
    s.label, q.label, v.label = "s", "q", "v"
    return v


def kinks() -> Value:
    """Three values on kinks, and a hostile label on one of them."""
    return total([Value(0.0, "x").relu(), Value(0.0, "</svg><script>").abs(), Value(0.0, "y").relu(), Value(1.0, "b")])


def many_consumers() -> Value:
    a = Value(-3.0, "a")
    return total([a * k for k in range(1, 7)] + [a * a, a.exp() + a])


def long_sum() -> Value:
    return total([Value(0.001 * k, f"x_{{{k}}}") * Value(-1e-9 * k, f"w_{{{k}}}") for k in range(1, 16)])


def many_digits() -> Value:
    """Numbers as long as they are written: negative, tiny, large, with exponents."""
    x = [Value(-0.00012345678, "x_{1}"), Value(-98765.4321, "x_{2}"), Value(1.2345678e-11, "x_{3}")]
    w = [Value(-0.0009219876, "w^{1}_{11}"), Value(-1.0987654e-7, "w^{1}_{21}"), Value(-123456789.0, "w^{1}_{31}")]
    hidden = affine(x, w, Value(-0.000054321, "b_{11}"))
    root: Value = hidden.sin() * -0.00098765 + x[0] * w[1] / x[2]
    return root


def long_labels() -> Value:
    """Labels that need more room than a card has, in several scripts."""
    labels = [
        "height in centimetres",
        "рост",
        "身長センチ",
        "w^{layer}_{from,to}",
        "the target",
        "⟰⟱ arrows",
        "WWWWWWWWWWWW",
    ]
    leaves = [Value(0.25 * i - 1, label) for i, label in enumerate(labels)]
    root = total([a * b for a, b in pairwise(leaves)])
    root.label = "sum of all products"
    return root


def deep() -> Value:
    """A chain too wide for a cell, whatever its cards look like."""
    x = Value(-1.0, "x")
    for _ in range(12):
        x = (x * -1.7).sin()
    return x


def network(sizes: Sequence[int], *, scale: float = 1.0, labels: Sequence[str] = (), **options: Any) -> nn.MLP:
    """A model for pictures of it; ``scale`` multiplies its parameters, ``labels`` rename them."""
    model = nn.MLP(sizes, seed=2, **options)
    for i, parameter in enumerate(model.parameters()):
        parameter.data = scale * (parameter.data or -0.1234567)
        if labels:
            parameter.label = labels[i % len(labels)]
    return model


LECTURES: dict[str, Callable[[], Value]] = {
    "lecture 1": lecture_1,
    "lecture 2": lecture_2,
    "lecture 3": lecture_3,
    "lecture 4": lecture_4,
    "lecture 5": lecture_5,
    "20 weights": twenty_weights,
}
AWKWARD: dict[str, Callable[[], Value]] = {
    "a * a": square,
    "skip": skip,
    "kinks": kinks,
    "many consumers": many_consumers,
    "long sum": long_sum,
    "many digits": many_digits,
    "long labels": long_labels,
    "deep": deep,
}

HOSTILE = [
    "</script><script>document.title='owned'</script>",
    "</title><img src=x onerror=document.title='owned'>",
    "\"' onload=\"document.title='owned'",
    "`${document.title='owned'}`",
    '\\\\N \\G \\l \\"',
    "\\input{/etc/passwd}",
    "\u202egnp.exe\u202c",
    "x" * 10_000,
    "🎉👩\u200d🔬",
    "two\nlines\r\n\tand a tab",
    "nul\x00 bell\x07 half \ud800 of a pair \ufffe",
    "<b>&amp;&lt;]]>--><!--",
    "",
    " ",
    "w^{}_{",
]


def hostile() -> Value:
    """A graph whose every label attacks something."""
    leaves = [Value(0.5 + i, label) for i, label in enumerate(HOSTILE)]
    inner = []
    for i, leaf in enumerate(leaves):
        node = leaf * leaves[i - 1]
        node.label = HOSTILE[-i]
        inner.append(node)
    root = total(inner)
    root.label = HOSTILE[0]
    return root
