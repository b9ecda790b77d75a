"""The naive engine: ∂root/∂leaf as the sum over all paths, by recursion, with the textbook's derivatives.

It computes on complex numbers, so that its gradient, too, can be differentiated by a complex step: that is
the Hessian.  ``noise`` disturbs every operand, result and local derivative by a few units in the last place:
how far the answer then moves is how far rounding may move anybody's.
"""

from __future__ import annotations

import cmath
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from .complex_step import FUNCTIONS, STEP, _real


class Node:
    """A number, and for each operand the operand with ∂self/∂operand."""

    def __init__(self, value: complex, edges: Sequence[tuple[Node, complex]] = ()) -> None:
        self.value = value
        self.edges = edges


def derivative(root: Node, leaf: Node) -> complex:
    """The sum over all paths from ``root`` to ``leaf`` of the product of the local derivatives along it."""
    if root is leaf:
        return 1.0
    return sum((partial * derivative(operand, leaf) for operand, partial in root.edges), 0.0)


def _affine(*v: Any) -> list[Any]:
    *v, _ = v
    n = len(v) // 2
    return [*v[n : 2 * n], *v[:n], *([1.0] if len(v) % 2 else [])]


def _softmax(v: Sequence[Any]) -> list[Any]:
    # 1 + Σ instead of a quotient, whose derivative cancels where one component is nearly 1.
    return [1 / (1 + sum(cmath.exp(y - x) for j, y in enumerate(v) if j != i)) for i, x in enumerate(v)]


def _softmax_rule(*v: Any) -> list[Any]:
    *v, z = v
    p = _softmax(v)
    return [z * sum(p[1:]), *(-z * q for q in p[1:])]  # the sum of the others, as 1 - p₀ cancels where p₀ is near 1


def _by_sign(x: Any, positive: float, negative: float) -> float:
    return positive if _real(x) > 0 else negative


# ∂result/∂operand, as textbooks write it: operands, then the result.
RULES: dict[str, Callable[..., Any]] = {
    "add": lambda x, y, z: (1, 1),
    "sub": lambda x, y, z: (1, -1),
    "mul": lambda x, y, z: (y, x),
    "div": lambda x, y, z: (1 / y, -x / (y * y)),
    "pow": lambda x, y, z: (y * z / x, z * cmath.log(x)),
    "neg": lambda x, z: (-1,),
    "abs": lambda x, z: (_by_sign(x, 1, -1),),
    "identity": lambda x, z: (1,),
    "exp": lambda x, z: (cmath.exp(x),),
    "exp2": lambda x, z: (math.log(2) * z,),
    "expm1": lambda x, z: (cmath.exp(x),),
    "log": lambda x, z: (1 / x,),
    "log2": lambda x, z: (1 / (x * math.log(2)),),
    "log10": lambda x, z: (1 / (x * math.log(10)),),
    "log1p": lambda x, z: (1 / (1 + x),),
    "xlogy": lambda x, y, z: (cmath.log(y), x / y),
    "sqrt": lambda x, z: (0.5 / cmath.sqrt(x),),
    "cbrt": lambda x, z: (z / (3 * x),),
    "semicircle": lambda x, z: (-x / cmath.sqrt(1 - x * x),),
    "sin": lambda x, z: (cmath.cos(x),),
    "cos": lambda x, z: (-cmath.sin(x),),
    "tan": lambda x, z: (1 / cmath.cos(x) ** 2,),
    "asin": lambda x, z: (1 / cmath.sqrt(1 - x * x),),
    "acos": lambda x, z: (-1 / cmath.sqrt(1 - x * x),),
    "atan": lambda x, z: (1 / (1 + x * x),),
    "atan2": lambda y, x, z: (x / (x * x + y * y), -y / (x * x + y * y)),
    "sinh": lambda x, z: (cmath.cosh(x),),
    "cosh": lambda x, z: (cmath.sinh(x),),
    "tanh": lambda x, z: (1 / cmath.cosh(x) ** 2,),
    "asinh": lambda x, z: (1 / cmath.sqrt(x * x + 1),),
    "acosh": lambda x, z: (1 / cmath.sqrt(x * x - 1),),
    "atanh": lambda x, z: (1 / (1 - x * x),),
    "erf": lambda x, z: (2 / math.sqrt(math.pi) * cmath.exp(-x * x),),
    "sigmoid": lambda x, z: (1 / (4 * cmath.cosh(x / 2) ** 2),),
    "softplus": lambda x, z: (1 / (1 + cmath.exp(-x)),),
    "sigmoid_slope": lambda x, z: (-z * cmath.tanh(x / 2),),
    "tanh_slope": lambda x, z: (-2 * cmath.sinh(x) / cmath.cosh(x) ** 3,),
    "atan_slope": lambda x, z: (-2 * x / (1 + x * x) ** 2,),
    "hypot": lambda x, y, z: (x / z, y / z),
    "hypot_slope": lambda x, y, z: (y * y / (x * x + y * y) ** 1.5, -x * y / (x * x + y * y) ** 1.5),
    "sign": lambda x, z: (0,),
    "step": lambda x, z: (0,),
    "relu": lambda x, z: (_by_sign(x, 1, 0),),
    "leaky_relu": lambda x, z: (_by_sign(x, 1, 0.01),),
    "not_less": lambda x, y, z: (0, 0),
    "maximum": lambda x, y, z: (_by_sign(x - y, 1, 0), _by_sign(x - y, 0, 1)),
    "minimum": lambda x, y, z: (_by_sign(x - y, 0, 1), _by_sign(x - y, 1, 0)),
    "where": lambda c, x, y, z: (0, float(_real(c) != 0), float(_real(c) == 0)),
    "affine": _affine,
    "total": lambda *v: [1] * (len(v) - 1),
    "logsumexp": lambda *v: _softmax(v[:-1]),
    "softmax": _softmax_rule,
}
RULES |= {f"in-place {name}": RULES[name] for name in ("add", "sub", "mul", "div", "pow")}


class Algebra(dict):  # type: ignore[type-arg]
    """Operations on nodes and floats; with ``noise``, each disturbed by that relative amount."""

    def __init__(self, noise: float = 0.0, seed: int = 0) -> None:
        draw = random.Random(seed)

        def disturbed(z: complex) -> complex:
            if not noise:
                return z
            z = complex(z)
            return complex(z.real * (1 + noise * draw.uniform(-1, 1)), z.imag * (1 + noise * draw.uniform(-1, 1)))

        def operation(name: str) -> Callable[..., Node]:
            function, rule = FUNCTIONS[name], RULES[name]

            def apply(*operands: Any) -> Node:
                nodes = [v if isinstance(v, Node) else Node(v) for v in operands]
                numbers = [disturbed(v.value) for v in nodes]  # what cancels inside a rule shows, too
                result = disturbed(function(*numbers))
                partials = [disturbed(d) for d in rule(*numbers, result)]
                return Node(result, list(zip(nodes, partials, strict=True)))

            return apply

        super().__init__((name, operation(name)) for name in RULES)


def gradient(graph: Any, at: Sequence[complex], algebra: Algebra) -> tuple[complex, list[complex]]:
    leaves = [Node(x) for x in at]
    root = graph.run(algebra, leaves)
    return root.value, [derivative(root, leaf) for leaf in leaves]


def everything(graph: Any, at: Sequence[float], noise: float = 0.0, seed: int = 0) -> list[float]:
    """The value, the gradient and the Hessian, in one list."""
    algebra = Algebra(noise, seed)
    rows = []
    for i in range(len(at)):
        value, first = gradient(graph, [complex(x, STEP) if i == j else complex(x) for j, x in enumerate(at)], algebra)
        rows.append([complex(g).imag / STEP for g in first])
    return [complex(value).real, *(complex(g).real for g in first), *(h for row in rows for h in row)]
