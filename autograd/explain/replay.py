"""A recorded graph evaluated again with some numbers replaced; the graph itself stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..graph import topological_order
from ..notation import names, number
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
                refuse(error, node.op.name, operands, node.op.domain)
                raise
    return at


def consistent_order(root: Value) -> list[Value]:
    """The topological order of a graph whose leaves still hold the numbers that it was computed from.

    Raises ``ValueError`` where a leaf's ``data`` has changed since (after an optimiser's step, say): what would
    happen *now* can no longer be told from the recorded numbers.
    """
    order = topological_order(root)
    now = replay(order, {})
    for node in order:
        if now[node] != node.data and now[node] == now[node]:
            name = names(root)[node]
            raise ValueError(
                f"{name} was {number(node.data)} when the graph was computed and would be {number(now[node])} now: "
                "a leaf's data has changed since; compute the graph again first"
            )
    return order
