"""Derivatives against differences: the check that needs to know nothing about the rules."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

from .modes import no_grad
from .refusal import complete, ends_at_caller, number, refusal, shown
from .transform import flatten, grad, reshape
from .value import Value

_EPSILON = 2.0**-52


@ends_at_caller
def check_gradients(f: Callable[..., Any], *point: Any, order: int = 2, tolerance: float = 1e-5) -> None:
    """Compare the derivatives of ``f`` at ``point`` with central differences, up to ``order``.

    ``f`` takes scalars, or nested lists and tuples of them, and returns one number.  Raises
    ``AssertionError`` that names the derivative, what the rules give and what differences give, when
    they disagree by more than ``tolerance``, relative to the larger of the two.  Differences lose
    digits themselves; what they cannot resolve is added to the tolerance, so that a right rule is not
    blamed, and a difference that resolves nothing is an error of its own.

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
    args = list(point)
    start = [number(x) for x in flatten(args)]
    _check(lambda *v: f(*reshape(args, v)), start, order, tolerance, "f")


def _check(f: Callable[..., Any], point: list[float], order: int, tolerance: float, name: str) -> None:
    gradient = grad(f, argnums=tuple(range(len(point))))
    with no_grad():
        exact = gradient(*point)  # numbers, also where f looks up a model's parameters
    for i, by_rules in enumerate(exact):
        by_differences, uncertainty = _central_difference(f, point, i)
        size = max(abs(by_rules), abs(by_differences))
        gap = abs(by_rules - by_differences)
        of = f"∂{name}/∂argument {i}"
        where = ", ".join(f"{x:g}" for x in point)
        if not gap <= tolerance * size + uncertainty:
            raise _disagreement(
                f"{of} at {where}: the rules give {by_rules:g}, differences give {by_differences:g} "
                f"(relative difference {gap / size if size else math.nan:.1e})"
            )
        if uncertainty > 1e-3 * size and uncertainty > 1e-6:
            raise _disagreement(
                f"{of} at {where}: differences give {by_differences:g} ± {uncertainty:.1g}, which checks nothing; "
                "choose a point away from kinks, poles and overflow"
            )
    if order > 1:
        for i in range(len(point)):
            _check(lambda *v, i=i: gradient(*v)[i], point, order - 1, tolerance, f"(∂{name}/∂argument {i})")


def _disagreement(message: str) -> AssertionError:
    return complete(AssertionError(message))


def _central_difference(f: Callable[..., Any], point: list[float], i: int) -> tuple[float, float]:
    """∂f/∂argument i by Richardson's extrapolation of two central differences, and how uncertain it is."""

    def at(x: float) -> float:
        result = f(*[Value(x if j == i else v) for j, v in enumerate(point)])
        return result.data if isinstance(result, Value) else number(result)

    h = _EPSILON**0.2 * max(abs(point[i]), 1e-2)
    wide, narrow = (at(point[i] + h) - at(point[i] - h)) / (2 * h), (at(point[i] + h / 2) - at(point[i] - h / 2)) / h
    rounding = 8 * _EPSILON * (abs(at(point[i])) + abs(wide) * abs(point[i])) / h
    best = narrow + (narrow - wide) / 3
    return best, rounding + abs(best - narrow) * 1e-2
