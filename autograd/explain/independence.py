"""A value that the root does not depend on: its gradient is 0, and every view says why in the same words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..notation import Name, names
from ..value import Value


def named_with(root: Value, others: Iterable[Value]) -> dict[Value, Name]:
    """The names of the root's graph, and of other values that may lie outside it."""
    named = names(root)
    for other in others:
        if other not in named:
            named |= {node: name for node, name in names(other).items() if node not in named}
    return named


def why_zero(root: Value, leaf: Value, named: Mapping[Value, Name]) -> str:
    """Why ∂root/∂leaf is 0, for a leaf outside the root's graph.

    >>> x, w = Value(2.0, "x"), Value(3.0, "w")
    >>> why_zero(x, w, named_with(x, [w])).partition(":")[0]
    'x does not depend on w, so the derivative is 0'
    """
    of, by = named[root].text, named[leaf].text
    return (
        f"{of} does not depend on {by}, so the derivative is 0: {by} is not in the graph below {of}: "
        "perhaps it was computed under no_grad, detached, or replaced"
    )
