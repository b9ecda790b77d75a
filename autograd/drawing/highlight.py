"""Which cards and links a diagram emphasises: a node, or a path of nodes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from ..notation import find, names
from ..value import Value
from .scene import Link, Scene


@dataclass(frozen=True, slots=True)
class Highlight:
    """The emphasised cards, and the pairs of neighbours between which links are emphasised."""

    cards: frozenset[int] = frozenset()
    steps: frozenset[tuple[int, int]] = frozenset()

    def card(self, i: int) -> bool:
        return i in self.cards

    def link(self, link: Link) -> bool:
        return (link.source, link.target) in self.steps


def resolve(scene: Scene, wanted: Value | str | Iterable[Value | str] | None) -> Highlight:
    """What ``highlight=`` says: a Value or a label; several of them are a path, in either direction.

    Raises ``LookupError`` for what is not in the graph.
    """
    if wanted is None:
        return Highlight()
    wanted = getattr(wanted, "nodes", wanted)  # a path of `chain`
    several = [wanted] if isinstance(wanted, (Value, str)) else list(wanted)
    nodes = [_node(scene, one) for one in several]
    places = [i for i in map(scene.index, nodes) if i is not None]
    steps = {pair for a, b in pairwise(places) for pair in ((a, b), (b, a))}
    return Highlight(frozenset(places), frozenset(steps))


def _node(scene: Scene, wanted: Value | str) -> Value:
    """The node of a graph of one root or several."""
    if len(scene.roots) == 1:
        return find(scene.roots[0], wanted)
    problem: LookupError | None = None
    for root in scene.roots:
        try:
            return find(root, wanted)
        except LookupError as error:
            problem = problem or error
    raise problem or LookupError(f"{wanted!r} is not among {[name.text for name in names(*scene.roots).values()]}")
