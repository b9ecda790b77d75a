"""Gradients that are 0, or none, by the graph alone; every view says why in the same words.

A value that the root does not depend on has the derivative 0.  A value that an operation *holds fixed* has none here:
the operation's formula has a derivative by it, and its rule declares that none flows, as a cross-entropy does for a
target that is a plain number.  What ``backward`` leaves there, 0, is not that derivative.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Mapping
from contextvars import Context
from math import nan
from typing import Any

from ..declaration import Primitive
from ..graph import topological_order
from ..notation import Name, names, told_apart
from ..transform import pull_back
from ..value import Value

_LISTED = 4  # names in a sentence; beyond, it is cut short


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
    """Why ∂root/∂leaf is 0 for a leaf outside the root's graph, or why there is none for one that is held fixed.

    >>> x, w = Value(2.0, "x"), Value(3.0, "w")
    >>> why_zero(x, w, named_with(x, [w])).partition(":")[0]
    'x does not depend on w, so the derivative is 0'
    """
    if told := _told(root, named, above=leaf):
        return told[0]
    of, by = named[root].text, named[leaf].text
    return (
        f"{of} does not depend on {by}, so the derivative is 0: {by} is not in the graph below {of}: "
        "perhaps it was computed under no_grad, detached, or replaced"
    )


def held(node: Value) -> Collection[int]:
    """The operands, by their places, that a node's operation holds fixed.

    >>> from autograd import primitive
    >>> gap = primitive("gap", lambda p, y: p - y, lambda p, y, z: (1.0, 0.0), expand=lambda p, y: p - y)
    >>> list(held(gap(Value(3.0, "p"), Value(2.0, "y"))))
    [1]
    """
    # What is held has the partial 0.0, and hardly anything else has.
    if node.op is None or node.op.expand is None or 0.0 not in node.partials:
        return ()
    return _held(node.op, len(node.parents))


@functools.lru_cache(maxsize=256)
def _held(op: Primitive, count: int) -> frozenset[int]:
    assert op.expand is not None
    try:
        by_rule = Context().run(_reached, functools.partial(Value.apply, op), count)
        written_out = Context().run(_reached, op.expand, count)
    except Exception:  # a formula that looks at its numbers says nothing about those it has not seen
        return frozenset()
    # What has no derivative by any operand is a constant: the softmax of one.
    return written_out - by_rule if by_rule else frozenset()


def _reached(function: Callable[..., Any], count: int) -> frozenset[int]:
    """The operands, by their places, to which a derivative of the function flows, whatever their numbers."""
    unknowns = [Value(nan) for _ in range(count)]
    adjoint = pull_back({function(*unknowns): 1.0}, unknowns)
    return frozenset(i for i, x in enumerate(unknowns) if x in adjoint)


def held_fixed(*roots: Value) -> set[Value]:
    """The values from which nothing but operands held fixed leads to the roots: they have no gradient."""
    order = topological_order(*roots)
    reached = set(roots)
    for node in reversed(order):
        if node in reached:
            fixed = held(node)
            reached.update(parent for i, parent in enumerate(node.parents) if i not in fixed)
    return {node for node in order if node not in reached}


def on_held(*roots: Value, named: Mapping[Value, Name]) -> list[str]:
    """A sentence for every operation in the graphs of the roots that holds operands fixed."""
    return [sentence for root in roots for sentence in _told(root, named)]


def _told(root: Value, named: Mapping[Value, Name], above: Value | None = None) -> list[str]:
    """The same for one root, of operands ``above`` a value alone, if one is given."""
    operands: dict[str, dict[str, None]] = {}
    for node in topological_order(root):
        for i in sorted(held(node)):
            if node.op and (above is None or above in topological_order(node.parents[i])):
                operands.setdefault(node.op.name, {})[named[node.parents[i]].text] = None
    return [holds(name, list(texts)) for name, texts in operands.items()]


def holds(operation: str, operands: list[str]) -> str:
    """The sentence.

    >>> holds("categorical_cross_entropy", ["y1", "y2"])
    'categorical_cross_entropy holds y1 and y2 fixed: no derivative flows to them'
    """
    if len(operands) == 1:
        return f"{operation} holds {operands[0]} fixed: no derivative flows to it"
    last = operands[-1] if len(operands) <= _LISTED else f"{len(operands) - _LISTED + 1} more"
    listed = f"{', '.join(operands[: min(len(operands), _LISTED) - 1])} and {last}"
    return f"{operation} holds {listed} fixed: no derivative flows to them"
