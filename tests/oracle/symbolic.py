"""SymPy: the graph as a formula, differentiated in symbols and evaluated to 30 digits."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp

NUMBER = functools.partial(sp.Float, dps=50)


def _piecewise(condition: Any, x: Any, y: Any) -> Any:
    return sp.Piecewise((x, condition), (y, True))


def _affine(*v: Any) -> Any:
    n = len(v) // 2
    return sum((a * b for a, b in zip(v[:n], v[n : 2 * n], strict=True)), v[-1] if len(v) % 2 else sp.Integer(0))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "neg": operator.neg,
    "abs": lambda x: _piecewise(x > 0, x, -x),
    "identity": lambda x: x,
    **{
        name: getattr(sp, name)
        for name in ["exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh"]
    },
    **{name: getattr(sp, name) for name in ["asinh", "acosh", "atanh", "erf"]},
    "exp2": lambda x: 2**x,
    "expm1": lambda x: sp.exp(x) - 1,
    "log2": lambda x: sp.log(x) / sp.log(2),
    "log10": lambda x: sp.log(x) / sp.log(10),
    "log1p": lambda x: sp.log(1 + x),
    "xlogy": lambda x, y: x * sp.log(y),
    "cbrt": lambda x: _piecewise(x > 0, x ** sp.Rational(1, 3), -((-x) ** sp.Rational(1, 3))),
    "semicircle": lambda x: sp.sqrt(1 - x**2),
    "sigmoid": lambda x: 1 / (1 + sp.exp(-x)),
    "softplus": lambda x: sp.log(1 + sp.exp(x)),
    "sigmoid_slope": lambda x: sp.exp(-x) / (1 + sp.exp(-x)) ** 2,
    "tanh_slope": lambda x: 1 / sp.cosh(x) ** 2,
    "atan_slope": lambda x: 1 / (1 + x**2),
    "hypot": lambda x, y: sp.sqrt(x**2 + y**2),
    "hypot_slope": lambda x, y: x / sp.sqrt(x**2 + y**2),
    "sign": lambda x: _piecewise(x > 0, 1, -1),
    "step": lambda x: _piecewise(x > 0, 1, 0),
    "relu": lambda x: _piecewise(x > 0, x, 0),
    "leaky_relu": lambda x: _piecewise(x > 0, x, NUMBER(0.01) * x),
    "not_less": lambda x, y: _piecewise(x >= y, 1, 0),
    "maximum": lambda x, y: _piecewise(x >= y, x, y),
    "minimum": lambda x, y: _piecewise(x <= y, x, y),
    "where": lambda c, x, y: _piecewise(sp.Ne(c, 0), x, y),
    "affine": _affine,
    "total": lambda *v: sum(v, sp.Integer(0)),
    "logsumexp": lambda *v: sp.log(sum(map(sp.exp, v))),
    "softmax": lambda *v: sp.exp(v[0]) / sum(map(sp.exp, v)),
}
FUNCTIONS |= {f"in-place {name}": FUNCTIONS[name] for name in ("add", "sub", "mul", "div", "pow")}


def _exact(operation: Callable[..., Any]) -> Callable[..., Any]:
    """``operation`` with constants as SymPy's own numbers, whole ones as integers."""

    def number(x: Any) -> Any:
        return x if isinstance(x, sp.Basic) else sp.Integer(int(x)) if x.is_integer() else NUMBER(x)

    return lambda *v: sp.sympify(operation(*map(number, v)))


ALGEBRA = {name: _exact(operation) for name, operation in FUNCTIONS.items()}


def everything(graph: Any, at: Sequence[float]) -> list[float]:
    """The value, the gradient and the Hessian, in one list.

    Every step gets a symbol of its own and the chain rule is applied by SymPy's total derivative through
    them, or the formulas of shared nodes would grow exponentially.
    """
    inputs = [sp.Symbol(f"x{i}", real=True) for i in range(len(at))]
    numbers: dict[Any, Any] = {x: NUMBER(v) for x, v in zip(inputs, at, strict=True)}
    first: dict[Any, list[Any]] = {x: [sp.Integer(int(i == j)) for j in range(len(at))] for i, x in enumerate(inputs)}
    second = {x: [[sp.Integer(0)] * len(at) for _ in at] for x in inputs}
    values: list[Any] = list(inputs)
    for i, step in enumerate(graph.steps):
        operands = [values[v] if isinstance(v, int) else v for v in step.operands]
        formula = ALGEBRA[step.operation](*operands)
        at_numbers = functools.partial(_evaluate, numbers=numbers)
        free = sorted(formula.free_symbols, key=str)
        slopes = {u: sp.diff(formula, u) for u in free}
        partial = {u: at_numbers(slopes[u]) for u in free}
        curvature = {(u, v): at_numbers(sp.diff(slopes[u], v)) for u in free for v in free}
        node = sp.Symbol(f"v{i}", real=True)
        n = range(len(at))
        first[node] = [sum(partial[u] * first[u][j] for u in free) for j in n]
        second[node] = [
            [
                sum(partial[u] * second[u][j][k] for u in free)
                + sum(curvature[u, v] * first[u][j] * first[v][k] for u in free for v in free)
                for k in n
            ]
            for j in n
        ]
        numbers[node] = at_numbers(formula)
        values.append(node)
    root = values[-1]
    return [float(numbers[root]), *map(float, first[root]), *(float(h) for row in second[root] for h in row)]


def _evaluate(formula: Any, numbers: dict[Any, Any]) -> Any:
    return sp.N(formula, 40, subs=numbers) if formula.free_symbols else sp.N(formula, 40)
