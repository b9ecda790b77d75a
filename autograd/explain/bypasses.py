"""Operands that a node reaches by more than its own edge: there ∂node/∂operand is more than the edge's derivative."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from ..value import Value


def bypassed(
    asked: Collection[Value], operands: Iterable[Value], onward: Callable[[Value], Iterable[Value]]
) -> set[Value]:
    """Those of ``asked``, operands of a node, that others of its operands depend on.

    ``onward`` leads from a value to its operands.

    >>> s = Value(6.0, "s")
    >>> q = s * s
    >>> bypassed({s, q}, [s, q], lambda value: value.parents) == {s}
    True
    """
    found: set[Value] = set()
    seen: set[Value] = set()
    stack = list(operands)
    while stack and len(found) < len(asked):
        for parent in onward(stack.pop()):
            if parent in asked:
                found.add(parent)
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return found
