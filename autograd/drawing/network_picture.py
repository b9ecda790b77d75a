"""The network as lectures draw it: circles in columns, a column a layer, the weights on the edges."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator
from typing import Literal

from ..notation import number
from .cards import coordinate, sign
from .document import document
from .lettering import fitted, lettered, width, wrapped
from .network import Network, Parameter, Unit
from .network_plan import (
    GRADIENT,
    LETTERED,
    MARGIN,
    NAME,
    NAME_ROOM,
    RADIUS,
    SHOWN,
    Plan,
    Point,
    Row,
    arrange,
    has_gradients,
)

_LINE = 18  # of text below the picture
_NARROWEST = 240

_RULES = """
text { font: 11px $family; fill: $ink; text-anchor: middle }
.n { font-size: 14px; font-style: italic }
.m { font-size: 10.5px; font-style: italic; fill: $muted; text-anchor: start }
.w { text-anchor: end }
.u { font-size: 10px; font-weight: 700 }
circle { fill: $card; stroke: $line; stroke-width: 1.8 }
.i circle { fill: $input; stroke: $input-line }
.l circle { fill: $loss; stroke: $loss-line }
.e path { fill: none; stroke: $line; stroke-opacity: .85 }
.e.pos path { stroke: $positive }
.e.neg path { stroke: $negative; stroke-dasharray: 7 3 }
.e.pos .w { fill: $positive }
.e.neg .w { fill: $negative }
.e .b { fill: $line; stroke: none }
.g rect { fill: $plain }
.g text { fill: $muted }
.g.pos rect { fill: $positive-tint }
.g.pos text { fill: $positive }
.g.neg rect { fill: $negative-tint }
.g.neg text { fill: $negative }
.c { font-size: 12px; fill: $muted }
.z0 { text-anchor: start }
.page { fill: $page }
""".strip()


def svg(network: Network, theme: str) -> str:
    """The picture as an SVG document."""
    plan = arrange(network)
    across = max(plan.width, _NARROWEST)
    notes = wrapped(_notes(network, len(plan.rows) < len(plan.wires)), across - 2 * MARGIN, 12)
    body = "".join([*_wires(network, plan), *_units(network, plan), *_captions(plan, notes)])
    return document(body, across, plan.height + _LINE * (1 + len(notes)), theme, network.description, _RULES)


# ---- Wires -------------------------------------------------------------------------------------------------


def _wires(network: Network, plan: Plan) -> Iterator[str]:
    sizes = [abs(network.wires[w].weight.data) for w in plan.wires]
    strongest = max((size for size in sizes if math.isfinite(size)), default=0.0) or 1.0
    for w in plan.wires:
        wire, row = network.wires[w], plan.rows.get(w)
        weight = wire.weight
        thickness = 0.9 + 2.6 * min(abs(weight.data) / strongest, 1.0) if math.isfinite(weight.data) else 0.9
        course = _course(plan.centres[wire.source], row, plan.centres[wire.target])
        shapes = f'<path d="{course}" stroke-width="{thickness:.2f}"/>'
        yield _wire(weight, row, shapes)
    for unit, row in plan.biases.items():
        bias = network.units[unit].bias
        assert bias is not None
        shapes = f'<path d="{_landing(row)}" stroke-width="0.9"/>'
        shapes += f'<circle class="b" cx="{coordinate(row.left)}" cy="{coordinate(row.y)}" r="2.4"/>'
        yield _wire(bias, row, shapes)


def _wire(parameter: Parameter, row: Row | None, shapes: str) -> str:
    label = _label(parameter, row) if row else ""
    return f'<g class="e {sign(parameter.data)}"><title>{html.escape(_told(parameter))}</title>{shapes}{label}</g>'


def _told(parameter: Parameter) -> str:
    grad = "" if parameter.grad is None else f", gradient {number(parameter.grad, 10)}"
    return f"{parameter.name.text} = {number(parameter.data, 10)}{grad}"


def _course(start: Point, row: Row | None, centre: Point) -> str:
    """The line of a wire: from rim to rim, or by way of its row in the gutter."""
    x, y = start
    if row is None:
        angle = math.atan2(centre[1] - y, centre[0] - x)
        dx, dy = RADIUS * math.cos(angle), RADIUS * math.sin(angle)
        return f"M{_point(x + dx, y + dy)}L{_point(centre[0] - dx, centre[1] - dy)}"
    angle = 0.6 * math.atan2(row.y - y, row.left - x)
    x, y = x + RADIUS * math.cos(angle), y + RADIUS * math.sin(angle)
    across = row.left - x
    soft = _point(x + 0.4 * across, y + 0.4 * across * math.tan(angle))
    return f"M{_point(x, y)}C{soft} {_point(row.left - 0.4 * across, row.y)} {_landing(row)[1:]}"


def _landing(row: Row) -> str:
    """Through the gutter, and onto the circle."""
    x, y = row.rim
    bend = (row.right + x) / 2
    return f"M{_point(row.left, row.y)}H{coordinate(row.right)}C{_point(bend, row.y)} {_point(bend, y)} {_point(x, y)}"


def _point(x: float, y: float) -> str:
    return f"{coordinate(x)},{coordinate(y)}"


def _label(parameter: Parameter, row: Row) -> str:
    name = lettered(parameter.name, NAME, NAME_ROOM).svg
    shapes = f'<text class="m" x="{coordinate(row.left + 4)}" y="{coordinate(row.y - 5.5)}">{name}</text>'
    numeral, y = number(parameter.data), coordinate(row.y - 4.5)
    shapes += f'<text class="w" x="{coordinate(row.right)}" y="{y}">{numeral}</text>'
    if parameter.grad is not None:
        shapes += _pill(row.right + 3, row.y + 3, parameter.grad, "end")
    return shapes


def _pill(x: float, y: float, grad: float, anchor: Literal["middle", "end"] = "middle") -> str:
    """A gradient on its tint, as on the cards; ``x`` is its middle or its right end, ``y`` its upper edge."""
    text = number(grad)
    across = width(text, GRADIENT, "bold") + 8
    x -= across / 2 if anchor == "end" else 0
    return (
        f'<g class="g {sign(grad)}"><rect x="{coordinate(x - across / 2)}" y="{coordinate(y)}" '
        f'width="{coordinate(across)}" height="13" rx="5"/>'
        f'<text class="u" x="{coordinate(x)}" y="{coordinate(y + 10)}">{text}</text></g>'
    )


# ---- Circles -----------------------------------------------------------------------------------------------


def _units(network: Network, plan: Plan) -> Iterator[str]:
    last = len(plan.columns) - 1
    for i, (x, y) in plan.centres.items():
        unit = network.units[i]
        kind = "i" if unit.layer == 0 else "l" if unit.layer == last else "h"
        shapes = f'<circle r="{RADIUS}"/>' + _words(unit)
        yield f'<g class="{kind}" transform="translate({_point(x, y)})">{shapes}</g>'
    for k, (x, y) in plan.gaps.items():
        hidden = len(network.layers[k]) - SHOWN + 1
        yield f'<text class="c" x="{coordinate(x)}" y="{coordinate(y - 6)}">⋮</text>'
        yield f'<text class="c" x="{coordinate(x)}" y="{coordinate(y + 12)}">{hidden} more</text>'


def _words(unit: Unit) -> str:
    name = lettered(unit.name, 14, 2 * RADIUS - 14).svg
    if unit.data is None:
        return f'<text class="n" y="5">{name}</text>'
    text, size = fitted(number(unit.data), 2 * RADIUS - 8, 11)
    sized = "" if size == 11 else f' style="font-size:{size:g}px"'
    shapes = f'<text class="n" y="-6">{name}</text><text y="12"{sized}>{text}</text>'
    return shapes if unit.grad is None else shapes + _pill(0, RADIUS - 8, unit.grad)


# ---- Below the picture -------------------------------------------------------------------------------------


def _captions(plan: Plan, notes: list[str]) -> Iterator[str]:
    last = len(plan.columns) - 1
    y = plan.height
    for k, x in enumerate(plan.columns):
        text = "inputs" if k == 0 else "output" if k == last else f"hidden {k}"
        yield f'<text class="c" x="{coordinate(x)}" y="{coordinate(y)}">{text}</text>'
    for i, note in enumerate(notes, 1):
        yield f'<text class="c z0" x="{MARGIN}" y="{coordinate(y + _LINE * i)}">{html.escape(note)}</text>'


def _notes(network: Network, crowded: bool) -> str:
    """What the picture cannot say by itself."""
    notes = [f"{network.caption}."] if network.caption else []
    if has_gradients(network):
        notes.append("Tinted: the gradient of the number above it.")
    elif any(unit.data is not None for unit in network.units) or network.caption:
        notes.append("Forward pass only: no gradients yet.")
    if crowded:
        notes.append(f"Weights are written where at most {LETTERED} edges lead to a column.")
    return " ".join(notes)
