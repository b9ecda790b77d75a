"""Derivatives against differences: the check that needs to know nothing about the rules."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from numbers import Integral, Real

from .modes import no_grad
from .refusal import complete, ends_at_caller, number, refusal, shown
from .transform import flatten, grad, reshape
from .type_checking import TYPE_CHECKING
from .value import Value

if TYPE_CHECKING:
    from typing import Any

_EPSILON = 2.0**-52
_SHRINK = 2.1  # from one step to the next; steps in powers of two could all be whole periods of a function
_STEPS = 29  # from 6e-2 of the argument to 6e-11 of it, where rounding leaves four digits of a slope
_TOP = 1e-9  # of the slope beside it: less is nothing at the top of a hill, whose place is rounded, too
_COLUMNS = 4  # of the extrapolation; more only hand on what the widest steps got wrong


@ends_at_caller
def check_gradients(f: Callable[..., Any], *point: Any, order: int = 2, tolerance: float = 1e-5) -> None:
    """Compare the derivatives of ``f`` at ``point`` with central differences, up to ``order``.

    ``f`` takes scalars, or nested lists and tuples of them, and returns one number.  Raises
    ``AssertionError`` that names the derivative, what the rules give and what differences give, when
    they disagree by more than ``tolerance``, relative to the larger of the two.  Differences lose
    digits themselves: their steps shrink until they settle, or leave a domain no more, and what they cannot
    resolve is added to the tolerance, so that a right rule is not blamed.  Where they resolve nothing, that
    is an error of its own.  At a kink, where the derivative is a convention, the error says so.

    >>> from autograd import primitive, sin
    >>> check_gradients(lambda x, y: sin(x) * y**2, 0.7, 1.3)
    >>> wrong = primitive("wrong", lambda x: x**3, lambda x, z: 3.003 * x**2)
    >>> check_gradients(wrong, 1.5)
    Traceback (most recent call last):
        ...
    AssertionError: ∂f/∂argument 0 at 1.5: the rules give 6.75675, differences give 6.75 (relative difference 1.0e-03)
    """
    if not callable(f):
        raise refusal(f"check_gradients takes a function and then the point, not {shown(f)}")
    if not isinstance(order, Integral) or isinstance(order, bool) or order < 1:
        raise refusal(f"order is a whole number of at least 1, not {shown(order)}")
    if not isinstance(tolerance, Real) or not 0.0 < tolerance < math.inf:
        raise refusal(f"tolerance is a number above 0, not {shown(tolerance)}")
    if not point:
        raise refusal("check_gradients takes a function and then the point, such as check_gradients(f, 0.7): no point")
    args = list(point)
    start = [number(x) for x in flatten(args)]
    _check(lambda *v: f(*reshape(args, v)), start, order, tolerance, "f")


def _check(f: Callable[..., Any], point: list[float], order: int, tolerance: float, name: str) -> None:
    gradient = grad(f, argnums=tuple(range(len(point))))
    with no_grad():
        exact = gradient(*point)  # numbers, also where f looks up a model's parameters
    where = ", ".join(f"{x:g}" for x in point)
    for i, by_rules in enumerate(exact):
        if trouble := _trouble(by_rules, functools.partial(_along, f, point, i), point[i], tolerance):
            raise complete(AssertionError(f"∂{name}/∂argument {i} at {where}: {trouble}"))
    if order > 1:
        for i in range(len(point)):
            _check(lambda *v, i=i: gradient(*v)[i], point, order - 1, tolerance, f"(∂{name}/∂argument {i})")


def _along(f: Callable[..., Any], point: list[float], i: int, x: float) -> float:
    """``f`` with ``x`` for argument i; NaN where it has no value."""
    try:
        result = f(*[Value(x if j == i else v) for j, v in enumerate(point)])
    except (ArithmeticError, ValueError):
        return math.nan
    return result.data if isinstance(result, Value) else number(result)


def _trouble(by_rules: float, at: Callable[[float], float], x: float, tolerance: float) -> str:
    """What speaks against a derivative; nothing, if differences confirm it."""
    if not math.isfinite(by_rules):
        return f"the rules give {by_rules:g}"
    best, uncertainty, steep = math.nan, math.inf, 0.0
    for slope, error, to_one_side in _slopes(at, x):
        size = max(abs(by_rules), abs(slope))
        settled = error <= (tolerance * size if size else 1e-6)
        if settled and abs(by_rules - slope) <= tolerance * size + error:
            return ""
        if error < uncertainty:
            best, uncertainty, steep = slope, error, to_one_side
    size, gap = max(abs(by_rules), abs(best)), abs(by_rules - best)
    if uncertainty == math.inf:
        return "differences check nothing, for there is no value on both sides of the point; choose another point"
    jump = _kink(at, x)
    if jump or gap > tolerance * size + uncertainty + _TOP * steep:
        return (
            f"the rules give {by_rules:g}, differences give {best:g} "
            f"(relative difference {gap / size if size else math.nan:.1e}){jump}"
        )
    constant = by_rules == 0.0 == steep and uncertainty * abs(x) <= 1e-6
    if uncertainty > max(1e-3 * size, 1e-6, 1e-6 * steep) and not constant:
        return (
            f"differences give {best:g} ± {uncertainty:.1g}, which checks nothing; "
            "choose a point away from kinks, poles and overflow"
        )
    return ""


def _slopes(at: Callable[[float], float], x: float) -> Iterator[tuple[float, float, float]]:
    """Central differences in ever narrower steps, extrapolated to none (Ridders).

    Each with how uncertain it is, and with the slope to one side, which at the top of a hill is another.
    The steps are in proportion to the argument, as suits 1/x; then, if that is small, to 1, as suits cos.
    """
    here = at(x)
    for scale in dict.fromkeys((abs(x) or 1.0, max(abs(x), 1.0))):
        rows: list[float] = []
        for k in range(_STEPS):
            h = 0.06 * scale / _SHRINK**k
            high, low, width = at(x + h), at(x - h), (x + h) - (x - h)
            row = [(high - low) / width if width else math.nan]
            for j, wider in enumerate(rows[:_COLUMNS], start=1):
                row.append(row[-1] + (row[-1] - wider) / (_SHRINK ** (2 * j) - 1.0))
            if not math.isfinite(row[-1]):
                rows = []  # a step out of the domain, or too wide: begin with a narrower one
                continue
            if rows:
                digit, steep = 16.0 * _EPSILON / width, max(abs(high - here), abs(low - here)) / h
                rounding = digit * max(abs(high), abs(low)) + digit * abs(x) * max(abs(row[0]), steep)
                yield row[-1], rounding + max(abs(row[-1] - rows[-1]), abs(row[-1] - row[-2])), steep
            rows = row


def _kink(at: Callable[[float], float], x: float) -> str:
    """What to say of a point where the slopes on the left and on the right stay apart, however narrow the steps."""
    here, apart = at(x), []
    for h in [step * (abs(x) or 1.0) for step in (1e-4, 1e-6, 1e-8)]:
        left, right = (here - at(x - h)) / h, (at(x + h) - here) / h
        noise = 100.0 * _EPSILON / h * (abs(here) + max(abs(left), abs(right)) * abs(x))
        apart.append(abs(right - left) if abs(right - left) > noise else 0.0)
    if _in_ratio(1.0, *apart):
        seen = f"the slope is {left:.3g} on the left and {right:.3g} on the right"
    elif _in_ratio(100.0, *apart):
        seen = "there is a jump"
    else:
        return ""
    return f": the point is a kink ({seen}), where the derivative is a convention; choose another point"


def _in_ratio(ratio: float, x: float, y: float, z: float) -> bool:
    return 0.0 < x < math.inf and math.isclose(ratio * x, y, rel_tol=0.1) and math.isclose(ratio * y, z, rel_tol=0.1)
