"""Every primitive to as many digits as it takes, with mpmath: values, derivatives, condition.

The formulas are the definitions.  Derivatives come from mpmath's differentiation of those, at twice and
four times the precision until two agree, so no derivative rule is written down here: neither ours nor
a copy of it with the same mistake.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
from mpmath import mp, mpf

Function = Callable[..., Any]


def _affine(*v: Any) -> Any:
    n = len(v) // 2
    return mp.fsum(a * b for a, b in zip(v[:n], v[n : 2 * n], strict=True)) + (v[-1] if len(v) % 2 else 0)


def _logsumexp(*v: Any) -> Any:
    return mp.log(mp.fsum(map(mp.exp, v)))


def softmax_at(i: int) -> Function:
    return lambda *v: mp.exp(v[i]) / mp.fsum(map(mp.exp, v))


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def cbrt(x: Any) -> Any:
    return mp.sign(x) * mp.cbrt(abs(x))


DEFINITIONS: dict[str, Function] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "pow": lambda x, y: x**y,
    "neg": lambda x: -x,
    "identity": lambda x: x,
    "exp": mp.exp,
    "exp2": lambda x: mpf(2) ** x,
    "expm1": mp.expm1,
    "log": mp.log,
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10),
    "log1p": mp.log1p,
    "xlogy": lambda x, y: x * mp.log(y) if x else mpf(0),
    "sqrt": mp.sqrt,
    "cbrt": cbrt,
    "hypot": lambda x, y: mp.sqrt(x * x + y * y),
    "hypot_slope": lambda x, y: x / mp.sqrt(x * x + y * y),
    "semicircle": lambda x: mp.sqrt((1 - x) * (1 + x)),
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "asin": mp.asin,
    "acos": mp.acos,
    "atan": mp.atan,
    "atan_slope": lambda x: 1 / (1 + x * x),
    "atan2": mp.atan2,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "asinh": mp.asinh,
    "acosh": mp.acosh,
    "atanh": mp.atanh,
    "erf": mp.erf,
    "sigmoid": sigmoid,
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "sigmoid_slope": lambda x: sigmoid(x) * sigmoid(-x),
    "tanh_slope": lambda x: 1 / mp.cosh(x) ** 2,
    "abs": abs,
    "sign": lambda x: mpf(mp.sign(x)),
    "step": lambda x: mpf(x > 0),
    "relu": lambda x: x if x > 0 else mpf(0),
    "leaky_relu": lambda x: x if x > 0 else mpf(0.01) * x,
    "not_less": lambda x, y: mpf(x >= y),
    "maximum": max,
    "minimum": min,
    "where": lambda c, x, y: x if c else y,
    "affine": _affine,
    "total": lambda *v: mp.fsum(v),
    "logsumexp": _logsumexp,
}


# Defined as integrals: the derivative is the integrand.
INTEGRANDS: dict[Function, Function] = {mp.erf: lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x)}


@functools.cache
def value(f: Function, point: tuple[float, ...]) -> Any:
    """``f`` at ``point``, to 50 digits at least."""
    return _settled(lambda: f(*map(mpf, point)))


def derivative(f: Function, point: tuple[float, ...], *variables: int) -> Any:
    """The partial derivative of ``f`` by the variables listed (twice for a second derivative)."""
    return _derivative(f, point, *sorted(variables))  # differences are the same in any order


@functools.cache
def _derivative(f: Function, point: tuple[float, ...], *variables: int) -> Any:
    if f in INTEGRANDS:
        f, variables = INTEGRANDS[f], variables[1:]
        if not variables:
            return value(f, point)
    orders = [variables.count(i) for i in range(len(point))]
    return _settled(lambda: _differences(f, [mpf(x) for x in point], orders))


def _differences(f: Function, point: list[Any], orders: Sequence[int]) -> Any:
    """Central differences of total order one or two, with steps far below every digit that matters."""
    directions = [i for i, order in enumerate(orders) for _ in range(order)]
    # Relative to what is small, since a kink or the end of the domain may be as near as that.
    smallest = min((abs(x) for x in point if x), default=1)
    tiny = mpf(10) ** (-mp.dps // 4)
    steps = [min(abs(x) or smallest, 1) * tiny for x in point]

    def at(offsets: Sequence[int]) -> Any:
        return f(*[x + k * h for x, k, h in zip(point, offsets, steps, strict=True)])

    def difference(offsets: list[int], remaining: list[int]) -> Any:
        if not remaining:
            return at(offsets)
        i, *rest = remaining
        up, down = offsets.copy(), offsets.copy()
        up[i] += 1
        down[i] -= 1
        return (difference(up, rest) - difference(down, rest)) / (2 * steps[i])

    return difference([0] * len(point), directions)


NOTHING = mpf("1e-400")  # below anything that a float could be


def _settled(compute: Callable[[], Any]) -> Any:
    """What ``compute`` gives once more digits no longer change it; None if it has no real value."""
    before: Any = None
    for digits in (100, 200, 400, 800, 1600, 3200, 6400):
        with mp.workdps(digits):
            try:
                after = compute()
            except (ZeroDivisionError, ValueError):
                return None
            if mp.isnan(after) or isinstance(after, mpmath.mpc):
                return None
            if before is not None and abs(after - before) <= 1e-22 * abs(after):
                if after or digits >= 3200:  # fewer digits may not yet see what is not zero
                    return after
            elif before is not None and max(abs(after), abs(before)) < NOTHING:
                return mpf(0)  # the rest is rounding
            before = after
    return None


def sensitivity(f: Function, point: tuple[float, ...], *variables: int) -> Any:
    """Σ |xᵢ ∂g/∂xᵢ| of that derivative g: how far a relative error of the operands moves it."""
    slopes = [derivative(f, point, *variables, i) for i in range(len(point))]
    return mp.fsum(abs(mpf(x) * s) for x, s in zip(point, slopes, strict=True) if s is not None)


def power(n: float) -> Function:
    return lambda x: x ** (int(n) if float(n).is_integer() else mpf(n))


def exponential(base: float) -> Function:
    return lambda x: mpf(base) ** x


ALGEBRA: dict[str, Function] = DEFINITIONS | {
    "softmax": softmax_at(0),
    "pow": lambda x, y: x ** (int(y) if float(y).is_integer() and not isinstance(y, mpf) else y),
}
ALGEBRA |= {f"in-place {name}": ALGEBRA[name] for name in ("add", "sub", "mul", "div", "pow")}


def everything(graph: Any, at: tuple[float, ...]) -> list[float]:
    """The value, the gradient and the Hessian of a graph, by differences at 120 digits."""

    def f(*v: Any) -> Any:
        return graph.run(ALGEBRA, v)

    with mp.workdps(120):
        point = [mpf(x) for x in at]
        n = range(len(at))
        first = [_differences(f, point, [int(i == k) for k in n]) for i in n]
        second = [_differences(f, point, [(i == k) + (j == k) for k in n]) for i in n for j in n]
        # The steps are 1e-30, so what is below 1e-45 may be truncation.
        return [float(mp.chop(x, 1e-45)) for x in (f(*point), *first, *second)]
