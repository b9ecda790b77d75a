"""Finding room for labels on straight lines that cross: each slides along its own line until it is free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]
Rectangle = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True, slots=True)
class Label:
    """A label of a given size, to be centred somewhere on the line from ``start`` to ``end``."""

    start: Point
    end: Point
    width: float
    height: float

    def at(self, t: float) -> Rectangle:
        """The rectangle it covers at the fraction ``t`` of its line."""
        x = self.start[0] + (self.end[0] - self.start[0]) * t
        y = self.start[1] + (self.end[1] - self.start[1]) * t
        return (x - self.width / 2, y - self.height / 2, x + self.width / 2, y + self.height / 2)


_PLACES = [round(0.12 + 0.02 * i, 2) for i in range(39)]
_ROUNDS = 4


def settle(labels: Sequence[Label], obstacles: Sequence[Rectangle]) -> list[float]:
    """Where each label goes on its line: nowhere on another label or an obstacle if there is room, then on as few
    foreign lines as can be, then near the middle.  Deterministic: the labels settle in turn, a few times over.
    """
    chosen: list[float | None] = [None] * len(labels)
    # What does not depend on the other labels is worked out once.
    fixed = [[_fixed_cost(labels, i, t, obstacles) for t in _PLACES] for i in range(len(labels))]
    for _ in range(_ROUNDS):
        before = list(chosen)
        for i, label in enumerate(labels):
            taken = [labels[j].at(t) for j, t in enumerate(chosen) if t is not None and j != i]
            costs = [
                cost + sum(1000 for other in taken if overlap(label.at(t), other))
                for t, cost in zip(_PLACES, fixed[i], strict=True)
            ]
            chosen[i] = _PLACES[costs.index(min(costs))]
        if chosen == before:
            break
    return [t for t in chosen if t is not None]


def _fixed_cost(labels: Sequence[Label], i: int, t: float, obstacles: Sequence[Rectangle]) -> float:
    box = labels[i].at(t)
    cost = abs(t - 0.4)
    cost += sum(1000 for obstacle in obstacles if overlap(box, obstacle))
    return cost + sum(3 for j, other in enumerate(labels) if j != i and crosses(other.start, other.end, box))


def overlap(a: Rectangle, b: Rectangle, gap: float = 1.0) -> bool:
    """Whether two rectangles come closer than ``gap``."""
    return a[0] < b[2] + gap and b[0] < a[2] + gap and a[1] < b[3] + gap and b[1] < a[3] + gap


def crosses(start: Point, end: Point, box: Rectangle) -> bool:
    """Whether a straight line enters a rectangle."""
    low, high = 0.0, 1.0
    for axis in (0, 1):
        origin, step = start[axis], end[axis] - start[axis]
        near, far = box[axis] - origin, box[axis + 2] - origin
        if step == 0.0:
            if near > 0.0 or far < 0.0:
                return False
            continue
        a, b = sorted((near / step, far / step))
        low, high = max(low, a), min(high, b)
    return low <= high
