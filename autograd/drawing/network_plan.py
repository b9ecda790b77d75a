"""Where the circles of the network view stand, and where its wires run.

As on the cards, every wire has a row of its own in a *gutter* before the circle it leads to.  There stand its weight
and below that its gradient, so these labels cannot meet each other or another wire, whatever the network.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from ..notation import number
from .lettering import lettered, width
from .network import Network, Parameter

RADIUS = 32
MARGIN = 16
NAME, WEIGHT, GRADIENT = 10.5, 11.0, 10.0  # sizes of type in the gutter
NAME_ROOM = 44
SHOWN = 10  # units of a column before some are left out
LETTERED = 26  # wires into a column before their numbers are left out
_PITCH = 2 * RADIUS + 28  # from circle to circle in a column
_ROW, _ROW_WITH_GRADIENT = 20, 33  # of a wire in the gutter
_LANDING = 20  # from the gutter to the circle
_STEEPEST = 2.5  # of a wire, so that it clears the circles above and below the one it leaves
_REMAINDER = -1  # the place of the units left out, in a column

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Row:
    """Where a wire runs through the gutter, and where it then meets its circle."""

    left: float
    right: float
    y: float
    rim: Point


@dataclass(frozen=True, slots=True)
class Plan:
    """Places.  A unit left out has no centre, and a wire whose numbers are left out has no row."""

    width: float
    height: float
    columns: tuple[float, ...]
    centres: dict[int, Point]
    gaps: dict[int, Point]  # column: where the dots for the units left out stand
    wires: tuple[int, ...]  # those between units that have a place
    rows: dict[int, Row]  # by wire
    biases: dict[int, Row]  # by unit


def arrange(network: Network) -> Plan:
    """Columns from left to right, each centred on the tallest; between two of them as much room as the wires need."""
    columns = [
        layer if len(layer) <= SHOWN else [*layer[: SHOWN - 2], _REMAINDER, layer[-1]] for layer in network.layers
    ]
    visible = {unit for column in columns for unit in column}
    wires = [w for w, wire in enumerate(network.wires) if {wire.source, wire.target} <= visible]
    incoming: dict[int, list[int]] = {unit: [] for unit in visible}
    for w in wires:
        incoming[network.wires[w].target].append(w)
    counts = [sum(len(incoming[unit]) for unit in column) for column in columns]

    def needed(k: int, unit: int) -> float:
        rows = 0 if counts[k] > LETTERED or unit == _REMAINDER else len(incoming[unit]) + _has_bias(network, unit)
        return max(_PITCH, rows * row_height(network) + 16.0)

    heights = [[needed(k, unit) for unit in column] for k, column in enumerate(columns)]
    tallest = max(map(sum, heights))
    middles = [_middles(column, MARGIN + (tallest - sum(column)) / 2) for column in heights]

    x = MARGIN + RADIUS + 4.0
    places = [x]
    centres = {unit: (x, y) for unit, y in zip(columns[0], middles[0], strict=True)}
    rows: dict[int, Row] = {}
    biases: dict[int, Row] = {}
    for k in range(1, len(columns)):
        reach = max(abs(a - b) for a in middles[k - 1] for b in middles[k])
        if counts[k] > LETTERED:
            x += 2 * RADIUS + max(190, reach / _STEEPEST)
        else:
            left = x + RADIUS + max(64 + 5 * min(counts[k], 14), (reach + max(heights[k]) / 2) / _STEEPEST)
            right = left + _label_room(network, columns[k], incoming)
            x = right + _LANDING + RADIUS
            for unit, y in zip(columns[k], middles[k], strict=True):
                bias = _has_bias(network, unit)
                made = _rows(left, right, x, y, len(incoming[unit]) + bias, row_height(network))
                rows.update(zip(incoming[unit], made, strict=False))
                biases.update({unit: made[-1]} if bias else {})
        places.append(x)
        centres |= {unit: (x, y) for unit, y in zip(columns[k], middles[k], strict=True)}
    gaps = {
        k: (places[k], middles[k][column.index(_REMAINDER)]) for k, column in enumerate(columns) if _REMAINDER in column
    }
    centres.pop(_REMAINDER, None)
    return Plan(x + RADIUS + 4 + MARGIN, tallest + 2 * MARGIN, tuple(places), centres, gaps, tuple(wires), rows, biases)


def has_gradients(network: Network) -> bool:
    return any(wire.weight.grad is not None for wire in network.wires)


def row_height(network: Network) -> int:
    return _ROW_WITH_GRADIENT if has_gradients(network) else _ROW


def _has_bias(network: Network, unit: int) -> bool:
    return unit != _REMAINDER and network.units[unit].bias is not None


def _middles(heights: Sequence[float], top: float) -> list[float]:
    return [top + end - height / 2 for end, height in zip(accumulate(heights), heights, strict=True)]


def _label_room(network: Network, column: Sequence[int], incoming: dict[int, list[int]]) -> float:
    """How wide the labels before a column are."""
    parameters = [network.wires[w].weight for unit in column for w in incoming[unit]]
    parameters += [bias for unit in column if unit != _REMAINDER and (bias := network.units[unit].bias)]
    return max(map(_label_width, parameters), default=0.0)


def _label_width(parameter: Parameter) -> float:
    name = lettered(parameter.name, NAME, NAME_ROOM).width
    grad = 0.0 if parameter.grad is None else width(number(parameter.grad), GRADIENT, "bold") + 8
    return max(name + 6 + width(number(parameter.data), WEIGHT), grad) + 4


def _rows(left: float, right: float, x: float, y: float, count: int, height: float) -> list[Row]:
    """The rows before the circle at ``x``, ``y``, from top to bottom; they meet it on its left side."""
    rows = []
    for slot in range(count):
        offset = (slot - (count - 1) / 2) * height
        angle = math.radians(62) * offset / max(height * (count - 1) / 2, RADIUS)
        rim = (x - RADIUS * math.cos(angle), y + RADIUS * math.sin(angle))
        rows.append(Row(left, right, y + offset, rim))
    return rows
