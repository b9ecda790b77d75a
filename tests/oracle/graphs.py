"""Random expression graphs, as plain data that any library can evaluate.

A :class:`Graph` is a list of steps over numbered values: nothing of any engine.  ``graph.run(algebra, inputs)``
evaluates it with any mapping from operation names to functions: floats, complex numbers, mpmath, SymPy,
PyTorch, JAX, the naive engine, the library.

``grow`` makes one at random.  Values are kept between 1e-3 and 1e3 in size and away from kinks, poles and the
ends of domains, where libraries differ by convention; those have tests of their own (tests/autograd).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import complex_step, naive

Algebra = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True)
class Step:
    """One operation.  An int names an earlier value (inputs come first), a float is a constant."""

    operation: str
    operands: tuple[int | float, ...]


@dataclass(frozen=True)
class Graph:
    inputs: tuple[float, ...]
    steps: tuple[Step, ...]

    def run(self, algebra: Algebra, inputs: Sequence[Any]) -> Any:
        values = list(inputs)
        for step in self.steps:
            operands = [values[v] if isinstance(v, int) else v for v in step.operands]
            values.append(algebra[step.operation](*operands))
        return values[-1]

    def __str__(self) -> str:
        lines = [f"v{i} = {x!r}" for i, x in enumerate(self.inputs)]
        for i, step in enumerate(self.steps, len(self.inputs)):
            operands = ", ".join(f"v{v}" if isinstance(v, int) else repr(v) for v in step.operands)
            lines.append(f"v{i} = {step.operation}({operands})")
        return "\n".join(lines)


# How many operands an operation takes; 0 for any number.
OPERATORS = {"add": 2, "sub": 2, "mul": 2, "div": 2, "pow": 2, "neg": 1, "abs": 1}
IN_PLACE = {f"in-place {name}": 2 for name in ("add", "sub", "mul", "div", "pow")}
_OF_ONE = [
    *("identity", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "semicircle"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf"),
    *("sigmoid", "softplus", "sigmoid_slope", "tanh_slope", "atan_slope", "sign", "step", "relu", "leaky_relu"),
]
FUNCTIONS = {
    **dict.fromkeys(_OF_ONE, 1),
    **dict.fromkeys(["hypot", "hypot_slope", "atan2", "xlogy", "not_less", "maximum", "minimum"], 2),
    "where": 3,
    **dict.fromkeys(["affine", "total", "logsumexp", "softmax"], 0),
}
OPERATIONS = OPERATORS | IN_PLACE | FUNCTIONS

# Operations whose second operand is often a whole number, which takes another way through the library.
_POWERS = {"pow", "in-place pow"}
_NEAR = 1e-3


def grow(draw: random.Random, steps: int = 12) -> Graph:
    """A graph of at most ``steps`` operations, whose root depends on everything in it."""
    inputs = tuple(draw.choice([-1, 1]) * draw.uniform(0.1, 2.0) for _ in range(draw.randint(1, 4)))
    values, paths = list(inputs), [1] * len(inputs)
    made: list[Step] = []
    for _ in range(draw.randint(1, steps)):
        step = _step(draw, values)
        value = _evaluate(step, values)
        count = sum(paths[v] for v in step.operands if isinstance(v, int))
        if value is not None and 0 < count < 500:
            made.append(step)
            values.append(value)
            paths.append(count)
    used = {v for step in made for v in step.operands}
    unused = [v for v in range(len(values)) if v not in used]
    if len(unused) > 1 or not made:
        made.append(Step("total", tuple(unused)))
    return Graph(inputs, tuple(made))


def _step(draw: random.Random, values: Sequence[float]) -> Step:
    operation = draw.choice(list(OPERATIONS))
    arity = OPERATIONS[operation] or 2 * draw.randint(1, 2) + draw.randint(0, 1)
    operands: list[int | float] = []
    for _ in range(arity):
        kind = draw.random()
        if kind < 0.15:
            operands.append(round(draw.uniform(-3, 3), 2))
        elif kind < 0.5:
            operands.append(len(values) - 1)  # the latest: depth
        else:
            operands.append(draw.randrange(len(values)))
    if operation in _POWERS and draw.random() < 0.6:
        operands[1] = float(draw.choice([-2, -1, 2, 3, 0.5, 1.5]))
    return Step(operation, tuple(operands))


def _evaluate(step: Step, values: Sequence[float]) -> float | None:
    """The value, or None where the step is not wanted: outside a domain, near a kink, huge or tiny."""
    operands = [values[v] if isinstance(v, int) else v for v in step.operands]
    name = step.operation.removeprefix("in-place ")
    if any(not _NEAR < abs(x) < 1e3 for x in operands) and name not in ("where", "total"):
        return None
    if name in ("maximum", "minimum", "not_less") and abs(operands[0] - operands[1]) < _NEAR:
        return None
    if name in ("asin", "acos", "atanh", "semicircle") and abs(operands[0]) > 0.95:
        return None
    if name == "acosh" and operands[0] < 1.05:
        return None
    if name in ("sqrt", "log", "log2", "log10") and operands[0] < 0:
        return None
    if name == "log1p" and operands[0] < -0.95:
        return None
    if name == "xlogy" and operands[1] < 0:
        return None
    # A negative base is for whole constants only: anything else has no derivative by the exponent.
    if name == "pow" and operands[0] < 0 and (isinstance(step.operands[1], int) or not operands[1].is_integer()):
        return None
    try:
        result = complex_step.FUNCTIONS[step.operation](*operands)
        naive.RULES[step.operation](*operands, result)  # the textbook's derivative must not overflow either
    except (ArithmeticError, ValueError):
        return None
    value = complex(result).real
    return value if abs(value) < 1e3 and (abs(value) > _NEAR or name in ("step", "not_less")) else None
