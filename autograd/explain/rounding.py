"""Which numbers of a hand calculation count as right: the rule, and the arithmetic that applies it.

A number that was written down is right

- if the exact one rounds to it, to the digits given: "-23.18" says that it lies between −23.185 and −23.175.  A tie
  may go either way, since several conventions are taught and binary floats follow none (18.605 is 18.60 or 18.61);
  to a whole number it goes up or to the even one (2.5 is 3 or 2, 1.5 only 2), but ½ is neither 0 nor 1;
- or if it follows from the numbers written down before it.  Whoever has written a number down goes on with it as it
  stands there, or with the unrounded one, or with something between the two that rounds to what was written, and
  uses the same everywhere.  What was not written down was not rounded, and the numbers of leaves are exact.

What can follow is therefore a range, with one unknown for every number written down (affine arithmetic): where a
number is used twice it is the same number, so that nothing is excused by letting a − a be anything but 0.  Where
numbers nearly cancel, or were written with one digit, the range may grow as wide as the number is large, and would
excuse nearly any answer: then only whole calculations count, in which all values, all derivatives, both or neither
are used as written.

A number that is wrong is carried on the same way: as it stands, or as anything that rounds to it.  And the same test
decides whether a misconception gives the digits that were written: what is not finite gives none.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

# The whole calculations: are values, are derivatives used as written?  The first is the one without rounding.
CALCULATIONS = ((False, False), (True, True), (True, False), (False, True))

_CORNERS = 4  # uncertain arguments of which every corner is tried; with more, each is varied on its own
_FLOATS = 1e-9  # relative: the digits beyond are those of floats, which nobody judges


@dataclass(frozen=True, slots=True)
class Written:
    """A number as it was written down, and half a unit of its last digit."""

    text: str
    value: float
    half: float

    @property
    def low(self) -> float:
        """The smallest number that rounds to it."""
        return self.value - self.half

    @property
    def high(self) -> float:
        """The largest number that rounds to it."""
        return self.value + self.half

    def rounds(self, x: float) -> bool:
        """Whether ``x`` rounds to it.

        >>> two_decimals, whole = Written("18.61", 18.61, 0.005), Written("1", 1.0, 0.5)
        >>> two_decimals.rounds(18.605), two_decimals.rounds(18.6), whole.rounds(0.6), whole.rounds(0.5)
        (True, False, True, False)
        """
        if not math.isfinite(x):
            return False
        off, slack = abs(x - self.value), _FLOATS * max(abs(x), abs(self.value))
        if off < self.half - slack:
            return True
        if off > self.half + slack:
            return False
        return self.half != 0.5 or (abs(x) > 1.0 and (abs(self.value) > abs(x) or self.value % 2.0 == 0.0))

    def meets(self, low: float, high: float) -> bool:
        """Whether a number between the two rounds to it."""
        if not (math.isfinite(low) and math.isfinite(high)):
            return False
        slack = _FLOATS * max(map(abs, (low, high, self.value)))
        return low <= self.high + slack and self.low <= high + slack


@dataclass(slots=True, eq=False)  # frozen, it would take three times as long to make, and thousands are made
class Uncertain:
    """A number of the calculation as far as it is known; never changed.

    points   what it is in each of the ``CALCULATIONS``
    center, parts, rest   the range: center + Σ parts[i]·εᵢ ± rest, where −1 ≤ εᵢ ≤ 1 says how number i was used
    slip     whether an earlier mistake is in it
    """

    points: tuple[float, ...]
    center: float
    parts: dict[Hashable, float]
    rest: float
    slip: bool = False

    @property
    def value(self) -> float:
        """The number where nothing was rounded on the way."""
        return self.points[0]

    @property
    def is_certain(self) -> bool:
        """Whether it is the same however the numbers before it were used."""
        return not self.parts and not self.rest

    @property
    def radius(self) -> float:
        """Half the width of its range."""
        return self.rest + sum(map(abs, self.parts.values()))

    @property
    def is_known(self) -> bool:
        """Whether its range is narrow enough to exclude anything."""
        return self.radius <= abs(self.value) / 4

    def reaches(self, written: Written) -> bool:
        """Whether it may have been written so."""
        if any(map(written.rounds, self.points)):
            return True
        radius = self.radius
        return radius > 0.0 and self.is_known and written.meets(self.center - radius, self.center + radius)

    def written_as(self, written: Written, symbol: Hashable, used: Sequence[bool]) -> Uncertain:
        """What the calculation goes on with after it was written down; ``used``: as written, in each calculation?"""
        points = tuple(
            written.value if as_written or not written.rounds(x) else x
            for x, as_written in zip(self.points, used, strict=True)
        )
        low, high = min(points), max(points)
        if self.is_known:
            low = min(low, max(self.center - self.radius, written.low))
            high = max(high, min(self.center + self.radius, written.high))
        if high - low <= _FLOATS * max(abs(low), abs(high)):
            return point(points[0], self.slip)
        return Uncertain(points, low / 2 + high / 2, {symbol: high / 2 - low / 2}, 0.0, self.slip)

    def with_slip(self) -> Uncertain:
        """The same, come about by a mistake."""
        return Uncertain(self.points, self.center, self.parts, self.rest, slip=True)

    def __neg__(self) -> Uncertain:
        return self.scaled(-1.0)

    def __add__(self, other: Uncertain) -> Uncertain:
        slip = self.slip or other.slip
        if self.is_certain and other.is_certain:
            return point(self.center + other.center, slip)
        points = tuple([a + b for a, b in zip(self.points, other.points, strict=True)])
        parts = dict(self.parts)
        for symbol, part in other.parts.items():
            parts[symbol] = parts.get(symbol, 0.0) + part
        return Uncertain(points, self.center + other.center, parts, self.rest + other.rest, slip)

    def __sub__(self, other: Uncertain) -> Uncertain:
        return self + -other

    def __mul__(self, other: Uncertain) -> Uncertain:
        slip = self.slip or other.slip
        if self.is_certain and other.is_certain:
            return point(_times(self.center, other.center), slip)
        points = tuple([_times(a, b) for a, b in zip(self.points, other.points, strict=True)])
        a, b = self.center, other.center
        parts = {symbol: _times(b, part) for symbol, part in self.parts.items()}
        for symbol, part in other.parts.items():
            parts[symbol] = parts.get(symbol, 0.0) + _times(a, part)
        rest = _times(abs(a), other.rest) + _times(abs(b), self.rest) + _times(self.radius, other.radius)
        return Uncertain(points, _times(a, b), parts, rest, slip)

    def scaled(self, factor: float) -> Uncertain:
        """It times a number."""
        return self * point(factor)

    def or_else(self, other: Uncertain, symbol: Hashable) -> Uncertain:
        """This number or the other one, both being right ways to compute it."""
        if self.is_certain and other.is_certain and abs(self.value - other.value) <= _FLOATS * abs(self.value):
            return self
        if not (math.isfinite(self.radius) and math.isfinite(other.radius)):  # one of the ways fails
            return self if math.isfinite(self.radius) else other
        total = self + other
        halves = {s: part / 2 for s, part in total.parts.items()} | {symbol: (self.center - other.center) / 2}
        apart = [abs(a - other.parts.get(s, 0.0)) for s, a in self.parts.items()]
        apart += [abs(b) for s, b in other.parts.items() if s not in self.parts]
        rest = max(self.rest, other.rest) + sum(apart) / 2
        return Uncertain(self.points, total.center / 2, halves, rest, total.slip)


def point(x: float, slip: bool = False) -> Uncertain:
    """A number that is known exactly."""
    return Uncertain((x,) * len(CALCULATIONS), x, {}, 0.0, slip)


ZERO, ONE = point(0.0), point(1.0)


def image(f: Callable[..., Sequence[float]], arguments: Sequence[Uncertain], components: int = 1) -> list[Uncertain]:
    """What ``f`` makes of uncertain arguments, component by component.

    The range comes from secants through the ends of the arguments and from what they miss at the corners: right for
    functions that bend one way over such small ranges.  Where ``f`` is not defined throughout, nothing is known of it.

    >>> (y,) = image(lambda x: [x * x], [Uncertain((2.0, 3.0, 3.0, 2.0), 2.5, {"x": 0.5}, 0.0)])
    >>> y.points, y.center - y.radius, y.center + y.radius
    ((4.0, 9.0, 9.0, 4.0), 3.5, 9.0)
    """
    slip = any(a.slip for a in arguments)
    radii = {i: a.radius for i, a in enumerate(arguments) if not a.is_certain}
    if not radii:
        results = _defined(f, [a.value for a in arguments], components)
        return [point(x, slip) for x in results]
    columns = list(zip(*(a.points for a in arguments), strict=True))
    computed = {column: _defined(f, column, components) for column in dict.fromkeys(columns)}
    points = list(zip(*(computed[column] for column in columns), strict=True))
    center = [a.center for a in arguments]
    middle = _defined(f, center, components)
    slopes: dict[int, list[float]] = {}
    missed = [0.0] * components
    for i, radius in radii.items():
        up, down = (_defined(f, _moved(center, {i: end}), components) for end in (radius, -radius))
        slopes[i] = [(a - b) / 2 / radius for a, b in zip(up, down, strict=True)]
        missed = [m + abs(a / 2 + b / 2 - c) for m, a, b, c in zip(missed, up, down, middle, strict=True)]
    whole = itertools.product((1.0, -1.0), repeat=len(radii)) if len(radii) <= _CORNERS else ()
    for signs in whole if len(radii) > 1 else ():
        ends = {i: sign * radius for sign, (i, radius) in zip(signs, radii.items(), strict=True)}
        corner = _defined(f, _moved(center, ends), components)
        for k, (there, c) in enumerate(zip(corner, middle, strict=True)):
            off = abs(there - c - sum(slopes[i][k] * end for i, end in ends.items()))
            missed[k] = max(missed[k], off)
    made = []
    for k in range(components):
        parts: dict[Hashable, float] = {}
        rest = missed[k]
        for i in radii:
            slope = slopes[i][k]
            rest += abs(slope) * arguments[i].rest
            for symbol, part in arguments[i].parts.items():
                parts[symbol] = parts.get(symbol, 0.0) + slope * part
        if not math.isfinite(rest):
            parts, rest = {}, math.inf
        made.append(Uncertain(points[k], middle[k], parts, rest, slip))
    return made


def _defined(f: Callable[..., Sequence[float]], arguments: Sequence[float], components: int) -> Sequence[float]:
    """``f`` of the arguments; NaN where that is not defined."""
    try:
        return f(*arguments)
    except (ArithmeticError, ValueError):
        return [math.nan] * components


def _moved(values: Sequence[float], moves: dict[int, float]) -> list[float]:
    return [x + moves.get(i, 0.0) for i, x in enumerate(values)]


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0.0 or b == 0.0 else a * b
