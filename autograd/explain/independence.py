"""A value that the root does not depend on: its gradient is 0, and every view says why in the same words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..notation import Name, names, told_apart
from ..value import Value


def named_with(root: Value, others: Iterable[Value]) -> dict[Value, Name]:
    """The names of the root's graph, and of other values that may lie outside it; no two labelled ones are the same."""
    named = names(root)
    for other in others:
        if other not in named:
            named |= {node: name for node, name in names(other).items() if node not in named}
    return told_apart(named)


def on_labels(named: Mapping[Value, Name]) -> list[str]:
    """A remark on names with a number in brackets; none where there are none.

    >>> x, y = Value(2.0, "h"), Value(3.0, "h")
    >>> on_labels(named_with(x, [y]))
    ['h[1] is the first of 2 values with the label h']
    """
    alike: dict[str, list[Name]] = {}
    for node, name in named.items():
        if node.label is not None and name != (plain := Name.parse(node.label)):
            alike.setdefault(plain.text, []).append(name)
    if not alike:
        return []
    label, numbered = next(iter(alike.items()))
    others = ", and so on for other labels" if len(alike) > 1 else ""
    return [f"{numbered[0].text} is the first of {len(numbered)} values with the label {label}{others}"]


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
