"""What the network view shows: units in layers, wires with their weights, read off a graph or given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ..notation import Name, names, number
from ..value import Value
from .lettering import shortened
from .scene import neuron_groups, outdated, reached

_CAPTION = 130  # room for the name of a loss below the picture


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
    caption = "; ".join(f"{shortened(named[root].text, _CAPTION, 12)} = {number(root.data)}" for root in losses)
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
