"""The network as lectures draw it: circles in columns, a column a layer, the weights on the edges."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ..notation import Name, names, number
from ..value import Value
from .cards import coordinate, sign
from .document import document
from .labels import Label, settle
from .lettering import lettered, width
from .scene import neuron_groups, outdated, reached

RADIUS = 29
_ROW, _MARGIN = 104, 24
_SHOWN = 10  # units of a column before some are left out
_LETTERED = 26  # edges between two columns before their numbers are left out


@dataclass(frozen=True, slots=True)
class Unit:
    """A circle: an input or a neuron.  ``data`` is None where it has no one value, as in a batch."""

    name: Name
    layer: int
    data: float | None = None
    grad: float | None = None
    bias: Parameter | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A weight or a bias at the moment when the picture was made."""

    name: Name
    data: float
    grad: float | None


@dataclass(frozen=True, slots=True)
class Wire:
    """An edge from unit to unit, with its weight."""

    source: int
    target: int
    weight: Parameter


@dataclass(frozen=True, slots=True)
class Network:
    """Units and wires, and what is known beside them."""

    units: tuple[Unit, ...]
    wires: tuple[Wire, ...]
    caption: str = ""

    @property
    def layers(self) -> list[list[int]]:
        """The units column by column."""
        depth = max(unit.layer for unit in self.units)
        return [[i for i, unit in enumerate(self.units) if unit.layer == k] for k in range(depth + 1)]

    @property
    def description(self) -> str:
        return f"Network {'-'.join(str(len(layer)) for layer in self.layers)}: {len(self.wires)} weights"


Key: TypeAlias = tuple[Any, ...]


@dataclass(slots=True)
class _Neuron:
    """A neuron as it is read off a graph."""

    head: Value
    terms: list[tuple[Value, Value]] = field(default_factory=list)  # (weight, what it multiplies)
    bias: Value | None = None

    @property
    def key(self) -> Key:
        """Neurons with the same parameters are one neuron, seen at several rows of a batch."""
        return (*[weight for weight, _ in self.terms], self.bias)


def from_graph(roots: Sequence[Value]) -> Network | None:
    """The network that a graph computes with; None where the graph has no neurons."""
    neurons = [_read(head, members) for head, members in neuron_groups(roots).items() if len(members) > 1]
    if not neurons:
        return None
    named = names(*roots)
    parameters = [node for neuron in neurons for node in neuron.key if node is not None]
    after = reached(roots)
    trained = after or any(node.grad for node in parameters)  # gradients that an earlier graph brought

    # A unit of the picture is found by its key: a neuron's parameters, an input's name or position.
    key_of: dict[Value, Key] = {neuron.head: neuron.key for neuron in neurons}
    first: dict[Key, _Neuron] = {neuron.key: neuron for neuron in reversed(neurons)}
    nodes: dict[Key, list[Value]] = {}
    for neuron in neurons:
        for slot, (_, source) in enumerate(neuron.terms):
            if source not in key_of:
                key_of[source] = (named[source],) if source.label is not None or source.op else (slot + 1,)
                nodes.setdefault(key_of[source], []).append(source)
    layer = dict.fromkeys(nodes, 0)
    for neuron in neurons:
        layer[neuron.key] = 1 + max((layer[key_of[source]] for _, source in neuron.terms), default=-1)
        nodes.setdefault(neuron.key, []).append(neuron.head)

    def parameter(node: Value) -> Parameter:
        return Parameter(named[node], node.data, node.grad if trained else None)

    units = []
    for key, places in nodes.items():
        node = places[0]
        known = len(places) == 1 and not math.isnan(node.data)
        name = Name("x", None, str(key[0])) if isinstance(key[0], int) else named[node]
        data, grad = (node.data if known else None), (node.grad if known and after else None)
        bias = first[key].bias if key in first else None
        units.append(Unit(name, layer[key], data, grad, None if bias is None else parameter(bias)))
    index = {key: i for i, key in enumerate(nodes)}
    wires = [
        Wire(index[key_of[source]], index[key], parameter(weight))
        for key, neuron in first.items()
        for weight, source in neuron.terms
    ]
    wires.sort(key=lambda wire: (wire.target, wire.source))
    losses = [root for root in roots if root not in key_of and not math.isnan(root.data)]
    caption = "; ".join(f"{named[root].text} = {number(root.data)}" for root in losses)
    if outdated(roots):
        caption = f"{caption} before the parameters changed".strip()
    return Network(tuple(units), tuple(wires), caption)


def _read(head: Value, members: tuple[Value, ...]) -> _Neuron:
    """The weights of a neuron, what they multiply, and its bias."""
    inside = set(members)
    neuron = _Neuron(head)

    def term(a: Value, b: Value) -> None:
        weight, source = (a, b) if a in inside and not a.parents else (b, a)
        neuron.terms.append((weight, source))

    stack = [head]
    while stack:
        node = stack.pop()
        parents = node.parents
        if node.op and node.op.name == "affine":
            n = len(parents) // 2
            for a, b in zip(parents[:n], parents[n : 2 * n], strict=True):
                term(a, b)
            neuron.bias = parents[-1] if len(parents) % 2 else neuron.bias
        elif node.op and node.op.name == "mul":
            term(*parents)
        elif node.op is None:
            neuron.bias = node
        else:
            stack.extend(parent for parent in reversed(parents) if parent in inside)
    return neuron


# ---- Drawing -------------------------------------------------------------------------------------------

_RULES = """
text { font: 11px $family; fill: $ink; text-anchor: middle }
.n { font-size: 14px; font-style: italic }
.s { font-size: 9.5px; fill: $muted }
.z { font-size: 9.5px; fill: $muted; paint-order: stroke; stroke: $page; stroke-width: 3px; stroke-linejoin: round }
.w { font-size: 10.5px; paint-order: stroke; stroke: $page; stroke-width: 4px; stroke-linejoin: round }
.u { font-size: 9px; paint-order: stroke; stroke: $page; stroke-width: 3px; stroke-linejoin: round }
circle { fill: $card; stroke: $line; stroke-width: 1.8 }
.i circle { fill: $input; stroke: $input-line }
.l circle { fill: $loss; stroke: $loss-line }
line { stroke: $line }
line.pos { stroke: $positive }
line.neg { stroke: $negative; stroke-dasharray: 7 3 }
text.pos { fill: $positive }
text.neg { fill: $negative }
.c { font-size: 12px; fill: $muted }
.z0 { text-anchor: start }
.page { fill: $page }
""".strip()


def svg(network: Network, theme: str) -> str:
    """The picture as an SVG document."""
    plan = _Plan.of(network)
    body = "".join([*_wires(network, plan), *_units(network, plan), *_captions(network, plan)])
    return document(body, plan.width, plan.height, theme, network.description, _RULES)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where the circles stand; a unit left out has no place."""

    width: float
    height: float
    centres: dict[int, tuple[float, float]]
    gaps: dict[int, tuple[float, float]]  # column: where the dots for the units left out stand
    columns: tuple[float, ...]

    @classmethod
    def of(cls, network: Network) -> _Plan:
        layers = network.layers
        rows = [layer if len(layer) <= _SHOWN else [*layer[: _SHOWN - 2], -1, layer[-1]] for layer in layers]
        tallest = max(map(len, rows))
        x, columns = _MARGIN + RADIUS + 6.0, []
        for k, row in enumerate(rows):
            columns.append(x)
            between = len(row) * len(rows[k + 1]) if k + 1 < len(rows) else 0
            x += 150 + 9 * min(between, 14)
        centres, gaps = {}, {}
        for k, row in enumerate(rows):
            for i, unit in enumerate(row):
                y = _MARGIN + _ROW * (tallest - len(row)) / 2 + _ROW * i + RADIUS
                if unit < 0:
                    gaps[k] = (columns[k], y)
                else:
                    centres[unit] = (columns[k], y)
        height = _MARGIN + _ROW * tallest + 34 + (22 if network.caption else 0)
        return cls(columns[-1] + RADIUS + 6 + _MARGIN, height, centres, gaps, tuple(columns))


def _wires(network: Network, plan: _Plan) -> Iterator[str]:
    """Lines first, numbers above all of them."""
    shown = [wire for wire in network.wires if wire.source in plan.centres and wire.target in plan.centres]
    strongest = max((abs(wire.weight.data) for wire in shown), default=0.0) or 1.0
    crowd = [0] * len(plan.columns)
    for wire in shown:
        crowd[network.units[wire.target].layer] += 1
    labels, lettered_wires = [], []
    for wire in shown:
        start, end = _trimmed(plan.centres[wire.source], plan.centres[wire.target])
        weight = wire.weight
        tip = f"{weight.name.text} = {number(weight.data, 10)}"
        tip += "" if weight.grad is None else f", gradient {number(weight.grad, 10)}"
        thickness = 0.9 + 3.2 * min(abs(weight.data) / strongest, 1.0) if math.isfinite(weight.data) else 0.9
        yield (
            f'<line class="{sign(weight.data)}" x1="{coordinate(start[0])}" y1="{coordinate(start[1])}" '
            f'x2="{coordinate(end[0])}" y2="{coordinate(end[1])}" stroke-width="{thickness:.2f}" stroke-opacity=".75">'
            f"<title>{html.escape(tip)}</title></line>"
        )
        if crowd[network.units[wire.target].layer] <= _LETTERED:
            grad = "" if weight.grad is None else number(weight.grad, 3)
            across = max(width(number(weight.data, 3), 10.5), width(grad, 9)) + 5
            labels.append(Label(start, end, across, 25 if grad else 13))
            lettered_wires.append(wire)
    for wire, label, t in zip(lettered_wires, labels, settle(labels, _obstacles(network, plan)), strict=True):
        left, top, right, _ = label.at(t)
        x, weight = coordinate((left + right) / 2), wire.weight
        yield f'<text class="w {sign(weight.data)}" x="{x}" y="{coordinate(top + 10)}">{number(weight.data, 3)}</text>'
        if weight.grad is not None:
            yield f'<text class="u" x="{x}" y="{coordinate(top + 21.5)}">{number(weight.grad, 3)}</text>'


def _trimmed(a: tuple[float, float], b: tuple[float, float]) -> tuple[tuple[float, float], tuple[float, float]]:
    """The line between two circles, from rim to rim."""
    length = math.hypot(b[0] - a[0], b[1] - a[1])
    dx, dy = (b[0] - a[0]) / length * RADIUS, (b[1] - a[1]) / length * RADIUS
    return (a[0] + dx, a[1] + dy), (b[0] - dx, b[1] - dy)


def _obstacles(network: Network, plan: _Plan) -> list[tuple[float, float, float, float]]:
    """What a label must not cover: circles, and the biases below them."""
    found = []
    for unit, (x, y) in plan.centres.items():
        found.append((x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS))
        if network.units[unit].bias is not None:
            found.append((x - 32, y + RADIUS, x + 32, y + RADIUS + 27))
    return found


def _units(network: Network, plan: _Plan) -> Iterator[str]:
    last = len(plan.columns) - 1
    for i, (x, y) in plan.centres.items():
        unit = network.units[i]
        kind = "i" if unit.layer == 0 else "l" if unit.layer == last else "m"
        lines = [("n", lettered(unit.name, 14, 2 * RADIUS - 10).svg, 14)]
        if unit.data is not None:
            lines.append(("", number(unit.data, 3), 13))
        if unit.grad is not None:
            lines.append((f"s {sign(unit.grad)}", number(unit.grad, 3), 12))
        down = -(sum(step for *_, step in lines[1:])) / 2 + 5
        shapes = f'<circle r="{RADIUS}"/>'
        for k, (style, text, step) in enumerate(lines):
            down += step if k else 0
            shapes += f'<text class="{style}" y="{coordinate(down)}">{text}</text>'
        if unit.bias is not None:
            shapes += f'<text class="z" y="{RADIUS + 12}">b {number(unit.bias.data, 3)}</text>'
            if unit.bias.grad is not None:
                shapes += f'<text class="z" y="{RADIUS + 23}">{number(unit.bias.grad, 3)}</text>'
        yield f'<g class="{kind}" transform="translate({coordinate(x)},{coordinate(y)})">{shapes}</g>'
    for k, (x, y) in plan.gaps.items():
        hidden = len(network.layers[k]) - _SHOWN + 1
        yield f'<text class="c" x="{coordinate(x)}" y="{coordinate(y - 8)}">⋮</text>'
        yield f'<text class="c" x="{coordinate(x)}" y="{coordinate(y + 10)}">{hidden} more</text>'


def _captions(network: Network, plan: _Plan) -> Iterator[str]:
    last = len(plan.columns) - 1
    down = plan.height - 12 - (22 if network.caption else 0)
    for k, x in enumerate(plan.columns):
        text = "inputs" if k == 0 else "output" if k == last else f"hidden {k}"
        yield f'<text class="c" x="{coordinate(x)}" y="{coordinate(down)}">{text}</text>'
    if network.caption:
        reached = any(wire.weight.grad is not None for wire in network.wires)
        below = "on each edge its weight, and below that the gradient of it" if reached else "no gradients yet"
        text = html.escape(f"{network.caption}   ({below})")
        yield f'<text class="c z0" x="{_MARGIN}" y="{coordinate(plan.height - 10)}">{text}</text>'
