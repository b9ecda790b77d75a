"""Which view of a graph to draw: every value, neurons, or the network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ..value import Value
from .network import Network, from_graph
from .scene import Scene, every_value, neurons

Detail = Literal["values", "neurons", "network"]

# Up to how many values a view is chosen by itself, and how many cards a picture can show at all.
COMFORTABLE = {"values": 50, "neurons": 150}
MOST = 300


def choose(roots: Sequence[Value], detail: str | None) -> Scene | Network:
    """The view asked for, or the first that the graph is small enough for.

    Raises ``ValueError`` where the graph is too large for it, saying which view fits.
    """
    values = every_value(roots)
    count = len(values.cards)
    if detail is None:
        if count <= COMFORTABLE["values"]:
            return values
        collapsed = neurons(roots)
        if count <= COMFORTABLE["neurons"] and len(collapsed.cards) < count:
            return collapsed
        return from_graph(roots) or _within(collapsed, count, roots)
    if detail == "values":
        return _within(values, count, roots)
    if detail == "neurons":
        return _within(neurons(roots), count, roots)
    if network := from_graph(roots):
        return network
    raise ValueError(
        "detail='network' needs neurons, sums of products with parameters (labels such as w1_11 and b11), "
        f"and this graph of {count} values has none: draw it with detail='values'"
    )


def _within(scene: Scene, count: int, roots: Sequence[Value]) -> Scene:
    if len(scene.cards) <= MOST:
        return scene
    fitting = "draw a part of it, draw(node) for an inner node"
    if scene.detail == "values" and len(neurons(roots).cards) <= MOST:
        fitting = "detail='neurons' fits"
    elif from_graph(roots):
        fitting = "detail='network' fits"
    raise ValueError(
        f"the graph has {count} values, {len(scene.cards)} cards with detail={scene.detail!r}, and a picture shows "
        f"{MOST} at most: {fitting}"
    )
