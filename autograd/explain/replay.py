"""A recorded graph evaluated again with some numbers replaced; the graph itself stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..graph import topological_order
from ..notation import distinct_names, number
from ..refusal import refuse
from ..value import Value


def replay(order: Sequence[Value], replaced: Mapping[Value, float]) -> dict[Value, float]:
    """The value of every node, where those in ``replaced`` have the numbers given.

    ``order`` is a topological order.  Raises what the operations raise, with their names.

    >>> x = Value(3.0)
    >>> y = x * x
    >>> replay([x, y], {x: 4.0})[y], y.data
    (16.0, 9.0)
    """
    at: dict[Value, float] = {}
    for node in order:
        if node in replaced:
            at[node] = replaced[node]
        elif node.op is None:
            at[node] = node.data
        else:
            operands = [at[parent] for parent in node.parents]
            try:
                at[node] = node.op.forward(*operands)
            except (ArithmeticError, ValueError) as error:
                refuse(error, node.op.applied, operands, node.op.domain)
                raise
    return at


def changed(order: Sequence[Value]) -> tuple[Value, float | None] | None:
    """The first value that no longer follows from the leaves, and what would follow now (None: nothing would).

    A leaf's ``data`` has then changed since the graph was computed, by an optimiser's step for instance.  None where
    all numbers belong together.

    >>> x = Value(3.0)
    >>> y = x * x
    >>> x.data = 4.0
    >>> changed([x, y])
    (Value(9.0, op=mul, grad=0.0), 16.0)
    """
    now: dict[Value, float] = {}
    for node in order:
        if node.op is None:
            now[node] = node.data
            continue
        try:
            now[node] = x = node.op.forward(*[now[parent] for parent in node.parents])
        except (ArithmeticError, ValueError):
            return node, None
        if x != node.data and (x == x or node.data == node.data):
            return node, x
    return None


def consistent_order(*roots: Value) -> list[Value]:
    """The topological order of a graph whose leaves still hold the numbers that it was computed from.

    Raises ``ValueError`` where a leaf's ``data`` has changed since (after an optimiser's step, say): what it says
    would belong to two graphs at once.
    """
    order = topological_order(*roots)
    if found := changed(order):
        node, x = found
        would_be = "could not be computed" if x is None else f"would be {number(x)}"
        raise ValueError(
            f"{distinct_names(*roots)[node]} was {number(node.data)} when the graph was computed and {would_be} now: "
            "a leaf's data has changed since; compute the graph again first"
        )
    return order
