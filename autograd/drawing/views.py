"""Which view of a graph to draw: every value, neurons, or the network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ..graph import topological_order
from ..value import Value
from .network import Network, from_graph
from .scene import Scene, every_value, neuron_groups, neurons

Detail = Literal["values", "neurons", "network"]

# Up to how many values a view is chosen by itself, and how many cards a picture can show at all.
COMFORTABLE = {"values": 50, "neurons": 150}
MOST = 300


def choose(roots: Sequence[Value], detail: str | None) -> Scene | Network:
    """The view asked for, or the first that the graph is small enough for.

    Raises ``ValueError`` where the graph is too large for it, saying which view fits.
    """
    count = len(topological_order(*roots))
    if detail is None:
        if count <= COMFORTABLE["values"]:
            return every_value(roots)
        collapsed = len(neuron_groups(roots))
        if count <= COMFORTABLE["neurons"] and collapsed < count:
            return neurons(roots)
        detail = "neurons" if collapsed < count else "values"
        return from_graph(roots) or _within(detail, count, roots)
    if detail != "network":
        return _within(detail, count, roots)
    if network := from_graph(roots):
        return network
    raise ValueError(
        "detail='network' needs neurons, sums of products with parameters (labels such as w1_11 and b11), "
        f"and this graph of {count} values has none: draw it with detail='values'"
    )


def _within(detail: str, count: int, roots: Sequence[Value]) -> Scene:
    """The cards of a graph, if there are not too many; they are counted before any is made."""
    collapsed = len(neuron_groups(roots))
    cards = count if detail == "values" else collapsed
    if cards <= MOST:
        return every_value(roots) if detail == "values" else neurons(roots)
    fitting = "draw a part of it, draw(node) for an inner node"
    if collapsed <= MOST:
        fitting = "detail='neurons' fits"
    elif from_graph(roots):
        fitting = "detail='network' fits"
    raise ValueError(
        f"the graph has {count} values, {cards} cards with detail={detail!r}, and a picture shows {MOST} at most: "
        f"{fitting}"
    )
