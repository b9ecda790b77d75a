"""Numbers that are known only as far as they were rounded."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_CORNERS = 4  # uncertain arguments of which every corner is tried; with more, each is varied on its own


@dataclass(frozen=True, slots=True)
class Interval:
    """All numbers from ``low`` to ``high``; ``slip`` says that an earlier mistake is in it.

    >>> Interval(1.0, 2.0) * Interval(-3.0, -1.0)
    Interval(low=-6.0, high=-1.0, slip=False)
    """

    low: float
    high: float
    slip: bool = False

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low, self.slip)

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.low + other.low, self.high + other.high, self.slip or other.slip)

    def __sub__(self, other: Interval) -> Interval:
        return self + -other

    def __mul__(self, other: Interval) -> Interval:
        corners = [_times(a, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(corners), max(corners), self.slip or other.slip)

    def scaled(self, factor: float) -> Interval:
        """The interval times a number."""
        return self * point(factor)

    def hull(self, *others: Interval) -> Interval:
        """The smallest interval that holds them all."""
        every = (self, *others)
        return Interval(min(i.low for i in every), max(i.high for i in every), any(i.slip for i in every))

    def meets(self, other: Interval) -> bool:
        """Whether they have a number in common, but for the rounding of floats."""
        slack = 1e-9 * max(map(abs, (self.low, self.high, other.low, other.high)))
        if not math.isfinite(slack):
            return True  # an infinite bound excludes nothing
        return self.low <= other.high + slack and other.low <= self.high + slack

    @property
    def is_finite(self) -> bool:
        """Whether anything is known of it."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def middle(self) -> float:
        """The number in the middle."""
        return self.low if self.low == self.high else self.low / 2 + self.high / 2


def point(x: float) -> Interval:
    """A number that is known exactly."""
    return Interval(x, x)


ANYTHING = Interval(-math.inf, math.inf, slip=True)
ZERO, ONE = point(0.0), point(1.0)


def image(f: Callable[..., Sequence[float]], arguments: Sequence[Interval], components: int = 1) -> list[Interval]:
    """What ``f`` makes of uncertain arguments, component by component.

    Evaluated in the middle and at the corners: right for functions that are monotonic over such small
    intervals.  Where ``f`` is not defined throughout, nothing is known.

    >>> image(lambda x: [x * x], [Interval(2.0, 3.0)])
    [Interval(low=4.0, high=9.0, slip=False)]
    """
    slip = any(a.slip for a in arguments)
    uncertain = [i for i, a in enumerate(arguments) if a.low != a.high]
    middle = [a.middle for a in arguments]
    try:
        results = [f(*middle)]
        if len(uncertain) <= _CORNERS:
            for ends in itertools.product(*([arguments[i].low, arguments[i].high] for i in uncertain)):
                results.append(f(*_with(middle, uncertain, ends)))
            return [Interval(min(c), max(c), slip) for c in zip(*results, strict=True)]
        radius = [0.0] * len(results[0])
        for i in uncertain:
            for end in (arguments[i].low, arguments[i].high):
                moved = f(*_with(middle, [i], [end]))
                change = [abs(m - c) for m, c in zip(moved, results[0], strict=True)]
                radius = [r + c / 2 for r, c in zip(radius, change, strict=True)]
        return [Interval(c - r, c + r, slip) for c, r in zip(results[0], radius, strict=True)]
    except (ArithmeticError, ValueError):
        return [ANYTHING] * components


def _with(values: Sequence[float], positions: Sequence[int], replaced: Sequence[float]) -> list[float]:
    changed = list(values)
    for position, value in zip(positions, replaced, strict=True):
        changed[position] = value
    return changed


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0.0 or b == 0.0 else a * b
