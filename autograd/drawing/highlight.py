"""Which cards and links a diagram emphasises: a node, or the paths from node to node."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, TypeAlias

from ..notation import find, names
from ..refusal import refusal
from ..value import Value
from .scene import Link, Scene


class Route(Protocol):
    """A path of ``chain``."""

    @property
    def nodes(self) -> tuple[Value, ...]: ...


Wanted: TypeAlias = Value | str | Iterable[Value | str] | Route | None


@dataclass(frozen=True, slots=True)
class Highlight:
    """The emphasised cards and links."""

    cards: frozenset[int] = frozenset()
    links: frozenset[Link] = frozenset()

    def card(self, i: int) -> bool:
        return i in self.cards

    def link(self, link: Link) -> bool:
        return link in self.links


def resolve(scene: Scene, wanted: Wanted) -> Highlight:
    """What ``highlight=`` says: a Value or a label; several of them are milestones, in either direction.

    Between neighbours that is their edge; between others every path, with all that stands on it.
    Raises ``LookupError`` for what is not in the graph.
    """
    if wanted is None:
        return Highlight()
    if isinstance(wanted, (Value, str)):
        several: list[Value | str] = [wanted]
    else:
        several = list(getattr(wanted, "nodes", wanted if isinstance(wanted, Iterable) else ()))
        if not several:
            raise refusal(f"highlight takes a value, a label, or several of them, not {wanted!r:.60}")
    nodes = [_node(scene, one) for one in several]
    places = [i for i in map(scene.index, nodes) if i is not None]
    links = {link for a, b in pairwise(places) for link in _between(scene, min(a, b), max(a, b))}
    ends = {end for link in links for end in (link.source, link.target)}
    return Highlight(frozenset(ends.union(places)), frozenset(links))


def _between(scene: Scene, start: int, end: int) -> list[Link]:
    """The links from one card to another: their own, or else those of all paths.

    The cards are in topological order, so one pass each way is enough.
    """
    direct = [link for link in scene.cards[end].links if link.source == start]
    if direct:
        return direct
    after = {start}
    for card in scene.cards[start + 1 : end + 1]:
        after.update(link.target for link in card.links if link.source in after)
    found: list[Link] = []
    before = {end}
    for i in range(end, start, -1):
        if i in before:
            on_path = [link for link in scene.cards[i].links if link.source in after]
            before.update(link.source for link in on_path)
            found += on_path if i in after else []
    return found


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
