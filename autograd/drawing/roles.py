"""What part a value plays: input, parameter, intermediate, target, loss, or a plain constant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ..notation import Name
from ..value import Value

Role = Literal["input", "parameter", "intermediate", "target", "loss", "constant"]

_PARAMETERS = frozenset("wWbBθ")


def role(node: Value, name: Name, roots: Sequence[Value]) -> Role:
    """The role of a node, from its place in the graph and the letter of its label.

    >>> role(Value(0.5, "w^{1}_{11}"), Name.parse("w1_11"), ())
    'parameter'
    """
    if node.op is not None:
        # A single root is what gets minimised, unless it is evidently a prediction.
        is_loss = name.base in ("L", "J", "E", "e") or (node in roots and name.base not in ("ŷ", "o", "z", "a"))
        return "loss" if is_loss and node in roots else "intermediate"
    if node.label is None:
        return "constant"
    if name.base in _PARAMETERS:
        return "parameter"
    return "target" if name.base == "y" else "input"
