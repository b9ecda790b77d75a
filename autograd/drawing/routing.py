"""How the edges run: each from its card to its row in the gutter, so that it can be followed.

Between two columns of cards every edge that changes its height does so in a *lane* of its own, a vertical line; past
a column in its way it goes through a gap between the cards.  So two edges cross at right angles, or not at all, but
never run on top of one another.  Graphviz decides where the cards stand; how wide the room between two columns is
follows from the number of lanes in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

Point = tuple[float, float]

_LANE = 4.5  # from lane to lane
_BESIDE = 7.0  # the first lane and the last
_NARROWEST = 25.0  # room between columns
_APART = 8.0  # edges that pass a column through one gap
_CLEAR = 4.0  # an edge from another that leads to another place at nearly the same height
_BEND = 8.0  # the radius of a corner, at most
_MOST_ORDERED = 150  # lanes of one room whose order is optimised


class Place(NamedTuple):
    """A card with its gutter, as far as edges are concerned: the left edge, the right one, top and bottom."""

    left: float
    right: float
    top: float
    bottom: float


class End(NamedTuple):
    """An edge to be routed: the card it leaves, the one it leads to, and the height at which it arrives."""

    source: int
    target: int
    y: float


class Routes(NamedTuple):
    """How far every card moves to the right, the corners of every edge from its card to the gutter, and the width."""

    shifts: list[float]
    corners: list[list[Point]]
    width: float


@dataclass(slots=True)
class _Wire:
    """The part of an edge between two columns: where it comes from, and the heights on either side."""

    edge: int
    origin: tuple[int, int]  # edges from one origin may begin together
    start: float
    end: float
    lane: int = 0

    @property
    def low(self) -> float:
        return min(self.start, self.end)

    @property
    def high(self) -> float:
        return max(self.start, self.end)


def route(places: Sequence[Place], ends: Sequence[End], margin: float) -> Routes:
    """The routes of all edges among cards that stand in columns."""
    column_of, columns = _columns(places)
    heights = [_heights(end, column_of, places) for end in ends]
    _through_gaps(columns, heights, places)
    rooms: list[list[_Wire]] = [[] for _ in columns]  # before each column
    for e, (end, passed) in enumerate(zip(ends, heights, strict=True)):
        first, last = column_of[end.source], column_of[end.target]
        levels = [passed[k] for k in range(first, last + 1)]
        for k, (start, stop) in enumerate(pairwise(levels), first + 1):
            origin = (0, end.source) if k == first + 1 else (1, e)
            rooms[k].append(_Wire(e, origin, start, stop))
    for room in rooms:
        _leave_clear(room, places)
        _order(room)

    shifts = [0.0] * len(places)
    corners: list[list[Point]] = [[] for _ in ends]
    right = margin
    for k, column in enumerate(columns):
        lanes = _LANE * max((wire.lane for wire in rooms[k]), default=0)  # from the first to the last
        across = max(_NARROWEST, lanes + 2 * _BESIDE) if k else 0.0
        for wire in rooms[k]:
            lane = right + (across - lanes) / 2 + _LANE * wire.lane
            corners[wire.edge] += [(lane, wire.start), (lane, wire.end)]
        left = right + across
        shift = left - min(places[i].left for i in column)
        for i in column:
            shifts[i] = shift
        right = max(places[i].right for i in column) + shift
    for e, end in enumerate(ends):
        start = corners[e][0][1]
        corners[e] = [
            (places[end.source].right + shifts[end.source], start),
            *corners[e],
            (places[end.target].left + shifts[end.target], end.y),
        ]
    return Routes(shifts, corners, right + margin)


def _columns(places: Sequence[Place]) -> tuple[list[int], list[list[int]]]:
    """The column of every card, and the cards of every column: those with one middle, which Graphviz aligns."""
    middles = sorted({round(place.left + place.right) for place in places})
    starts = [m for k, m in enumerate(middles) if not k or m - middles[k - 1] > 4]
    number = [max(k for k, m in enumerate(starts) if m <= round(p.left + p.right)) for p in places]
    return number, [[i for i, k in enumerate(number) if k == column] for column in range(len(starts))]


def _heights(end: End, column_of: Sequence[int], places: Sequence[Place]) -> dict[int, float]:
    """The height of an edge at every column from its card to the one it leads to: early that at which it arrives."""
    first, last = column_of[end.source], column_of[end.target]
    start = (places[end.source].top + places[end.source].bottom) / 2
    return {first: start} | dict.fromkeys(range(first + 1, last + 1), end.y)


def _through_gaps(columns: Sequence[Sequence[int]], heights: list[dict[int, float]], places: Sequence[Place]) -> None:
    """Move the edges that pass a column into the gaps between its cards, apart from one another."""
    top, bottom = min(place.top for place in places), max(place.bottom for place in places)
    for k, column in enumerate(columns):
        passing = [h for h in heights if k in h and k not in (min(h), max(h))]
        if not passing:
            continue
        cards = sorted((places[i].top, places[i].bottom) for i in column)
        edges = [top - 2 * _CLEAR, *(y for card in cards for y in card), bottom + 2 * _CLEAR]
        gaps = list(zip(edges[::2], edges[1::2], strict=True))
        taken: dict[int, list[dict[int, float]]] = {}
        for h in sorted(passing, key=lambda h: h[k]):
            free = [g for g, (a, b) in enumerate(gaps) if b - a >= 2 * _CLEAR * (len(taken.get(g, ())) + 1)]
            nearest = min(free or range(len(gaps)), key=lambda g: _distance(h[k], gaps[g]))
            taken.setdefault(nearest, []).append(h)
        for g, through in taken.items():
            wanted = _spread([h[k] for h in through], *gaps[g])
            for h, y in zip(through, wanted, strict=True):
                h[k] = y


def _distance(y: float, gap: tuple[float, float]) -> float:
    return max(gap[0] - y, y - gap[1], 0.0)


def _spread(wanted: Iterable[float], low: float, high: float) -> list[float]:
    """Heights near those wanted, in the same order, within a gap and apart from its ends and one another."""
    heights = sorted(wanted)
    step = min(_APART, (high - low) / (len(heights) + 1))
    spare = step - min(step, _CLEAR + 1)  # cards are passed more closely than other edges
    at = low - spare
    for i, y in enumerate(heights):
        heights[i] = at = max(y, at + step)
    at = high + spare
    for i in reversed(range(len(heights))):
        heights[i] = at = min(heights[i], at - step)
    return heights


def _leave_clear(room: list[_Wire], places: Sequence[Place]) -> None:
    """Let edges leave their card a little above or below its middle, where straight on leads another edge's end."""
    origins: dict[tuple[int, int], list[_Wire]] = {}
    for wire in room:
        origins.setdefault(wire.origin, []).append(wire)
    for (passing, number), wires in origins.items():
        if passing:
            continue
        start = wires[0].start
        straight = [wire.end for wire in wires if abs(wire.end - start) < 1.5 * _CLEAR]
        others = [wire.end for wire in room if wire.origin != (passing, number)]
        reach = (places[number].bottom - places[number].top) / 2 - 6
        offsets = [d * sign for d in range(0, 16, 2) for sign in (1, -1) if d <= reach]
        tried = [*straight, *(start + offset for offset in offsets)]
        fitting = [y for y in tried if all(abs(y - other) >= _CLEAR for other in others)]
        for wire in wires:
            wire.start = fitting[0] if fitting else start


def _order(room: list[_Wire]) -> None:
    """Give every edge that changes its height a lane, in an order with few crossings."""
    bent = [wire for wire in room if wire.high - wire.low > 0.5]
    # Of edges that lead downwards, the upper ones turn last, of those that lead upwards first: none of these cross.
    bent.sort(key=lambda wire: (wire.end > wire.start, wire.start * (1 if wire.end < wire.start else -1), wire.end))
    if len(bent) <= _MOST_ORDERED:
        bent = _improved(bent)
    for i, wire in enumerate(bent):
        near = [other.lane for other in bent[:i] if other.low < wire.high + _BEND and wire.low < other.high + _BEND]
        wire.lane = 1 + max(near, default=-1)


def _improved(wires: list[_Wire]) -> list[_Wire]:
    """The wires in an order in which moving any one of them saves no crossing."""
    n = len(wires)
    cost = [[_cost(a, b) for b in wires] for a in wires]
    order = list(range(n))
    for _ in range(4):
        moved = False
        for i in range(n):
            at = order.index(i)
            rest = order[:at] + order[at + 1 :]
            # The cost of each place for i, from left to right, relative to the first.
            relative, best, place, here = 0, 0, 0, 0
            for k, j in enumerate(rest, 1):
                relative += cost[j][i] - cost[i][j]
                if relative < best:
                    best, place = relative, k
                if k == at:
                    here = relative
            if best < here:
                order, moved = [*rest[:place], i, *rest[place:]], True
        if not moved:
            break
    return [wires[i] for i in order]


def _cost(left: _Wire, right: _Wire) -> int:
    """The crossings of two edges if the one has its lane left of the other's; running together costs most."""
    crossings = (left.low < right.start < left.high) + (right.low < left.end < right.high)
    together = abs(right.start - left.end) < _CLEAR and left.origin != right.origin
    return int(crossings) + 100 * together


def rounded(corners: Sequence[Point]) -> list[tuple[str, tuple[Point, ...]]]:
    """The line through the corners as commands of an SVG path: straight parts, and bends about the corners.

    >>> rounded([(0, 0), (10, 0), (10, 40), (20, 40)])[1]
    ('L', ((2.0, 0.0),))
    """
    points = [corners[0]]
    for point in corners[1:]:  # without those that change nothing
        if point == points[-1]:
            continue
        if len(points) > 1 and points[-1][1] == points[-2][1] == point[1]:
            points.pop()
        points.append(point)
    path: list[tuple[str, tuple[Point, ...]]] = [("M", (points[0],))]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        into = _length(before, corner) / (1 if before == points[0] else 2)  # two bends share what is between them
        out = _length(corner, after) / (1 if after == points[-1] else 2)
        radius = min(_BEND, into, out)
        enter, leave = _towards(corner, before, radius), _towards(corner, after, radius)
        soft = [_towards(corner, end, 0.45 * radius) for end in (enter, leave)]
        path += [("L", (enter,)), ("C", (*soft, leave))]
    return [*path, ("L", (points[-1],))]


def _length(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _towards(a: Point, b: Point, distance: float) -> Point:
    whole = _length(a, b) or 1.0
    return a[0] + (b[0] - a[0]) * distance / whole, a[1] + (b[1] - a[1]) * distance / whole
