"""What part a value plays: input, parameter, intermediate, target, loss, or a plain constant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from ..notation import Name
from ..value import Value

Role = Literal["input", "parameter", "intermediate", "target", "loss", "constant"]

_WEIGHTS = frozenset("wWθ")
_BIASES = frozenset("bB")


def roles(named: Mapping[Value, Name], roots: Sequence[Value]) -> dict[Value, Role]:
    """The roles of a graph's nodes, from their places in the graph and the letters of their labels.

    A bare b is a bias where there is a weight, too; next to an a it is an input as that is.

    >>> w, b = Value(0.5, "w^{1}_{11}"), Value(0.1, "b")
    >>> list(roles({w: Name.parse("w1_11"), b: Name.parse("b")}, ()).values())
    ['parameter', 'parameter']
    >>> list(roles({b: Name.parse("b")}, ()).values())
    ['input']
    """
    weights = any(node.op is None and name.base in _WEIGHTS for node, name in named.items())
    return {node: _role(node, name, roots, weights) for node, name in named.items()}


def _role(node: Value, name: Name, roots: Sequence[Value], weights: bool) -> Role:
    if node.op is not None:
        # A single root is what gets minimised, unless it is evidently a prediction.
        is_loss = name.base in ("L", "J", "E", "e") or (node in roots and name.base not in ("ŷ", "o", "z", "a"))
        return "loss" if is_loss and node in roots else "intermediate"
    if node.label is None:
        return "constant"
    numbered = bool(name.subscript or name.superscript)
    if name.base in _WEIGHTS or (name.base in _BIASES and (weights or numbered)):
        return "parameter"
    return "target" if name.base == "y" else "input"
