"""Walks over the graph.  Anything with ``.parents`` is a node; there is no mathematics here."""

from __future__ import annotations

from collections.abc import Iterable

from .type_checking import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Protocol, TypeVar

    class HasParents(Protocol):
        @property
        def parents(self) -> tuple[Any, ...]: ...

    Node = TypeVar("Node", bound=HasParents)


def topological_order(*roots: Node) -> list[Node]:
    """Every node that the roots depend on, parents before children, first operand first.

    An explicit stack instead of recursion: a chain of a million nodes is as good as any other.
    """
    order: list[Node] = []
    emit = order.append
    seen: set[Node] = set()
    visit, all_seen = seen.add, seen.issuperset
    stack: list[Node | None] = [*reversed(roots)]
    pop, push, push_all = stack.pop, stack.append, stack.extend
    while stack:
        node = pop()
        if node is None:  # the parents of the node below it are all in `order`
            emit(pop())  # type: ignore[arg-type]
        elif node not in seen:
            visit(node)
            parents = node.parents
            # A parent seen is in `order` already: it cannot be waiting for this node, or there would be a cycle.
            if all_seen(parents):
                emit(node)
            else:
                push(node)
                push(None)
                push_all(parents[::-1])
    return order


def leaves(*roots: Node) -> list[Node]:
    """The nodes without parents that the roots depend on, in topological order."""
    return [node for node in topological_order(*roots) if not node.parents]


def descendants(order: Iterable[Node], *sources: Node) -> set[Node]:
    """The nodes of a topological order that depend on one of the sources, the sources included."""
    reached = set(sources)
    for node in order:
        if node not in reached and not reached.isdisjoint(node.parents):
            reached.add(node)
    return reached
