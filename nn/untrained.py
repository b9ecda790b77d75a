"""What a loss depends on and training would leave alone: Values that are no parameters."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from autograd import Value

from .backends import Task
from .losses import LOSSES
from .module import Module, computed
from .penalties import Penalty
from .refusal import shown

_CALLERS = 4  # frames from here to the caller of fit: this module's function, fit, its guard, the caller
_NAMED = 5


def demand_trainable(task: Task) -> None:
    """Refuse an attribute that was computed before training, and warn of leaves that are no parameters.

    What two calls on one row share was there before: neither made it.  A constant of a loss or a penalty of
    one's own is no mistake; there, only a Value with a label is taken for one.
    """
    model, row, target = task.model, task.rows[0], task.targets[0]
    try:
        outputs = model(row), model(row)
        judged = []
        if LOSSES.get(task.loss.name) is not task.loss:
            judged.append([task.loss(output, target) for output in outputs])
        if task.penalty is not None and not isinstance(task.penalty, Penalty):
            judged.append([task.penalty(model.weights()) for _ in outputs])
    except (ArithmeticError, AttributeError, LookupError, ValueError, TypeError):
        return  # training meets it, too, and says what it is
    found = dict.fromkeys(_shared(*outputs))
    for values in judged:
        found |= {node: None for node in _shared(*values) if node.label is not None}
    for parameter in task.optimizer.parameters:
        found.pop(parameter, None)
    # Most often nothing is left, and looking for the model's parameters takes as long as a call of it.
    for parameter in model.parameters() if found else ():
        found.pop(parameter, None)
    if not found:
        return
    _refuse_computed(model, found)
    listed = ", ".join(
        shown(node) if node.label is None else f"{node.label} = {node.data:g}" for node in list(found)[:_NAMED]
    )
    count = f"{len(found)} Value{'s' if len(found) > 1 else ''}"
    warnings.warn(
        f"fit does not train {count} that the loss depends on: {listed}{', …' if len(found) > _NAMED else ''}. "
        "None is among model.parameters(). To train one, make it an attribute of the model that is a leaf, such as "
        "Value(0.1 * g), also in a list, a tuple or a dictionary; for a constant, write a number",
        UserWarning,
        stacklevel=_CALLERS,
    )


def _refuse_computed(model: Module, found: dict[Value, None]) -> None:
    for path, node in computed(model):
        if node in found:
            raise TypeError(
                f"the model's attribute {path} is no parameter but a result, {shown(node)}, computed once and not "
                "again as training goes on: make it a leaf, such as Value(0.1 * g) for Value(g) * 0.1, or compute it "
                "in __call__"
            )


def _shared(first: Any, second: Any) -> Iterator[Value]:
    """The nodes of two graphs that are the same: of each path downwards, the first."""
    others = set(_nodes(first, set()))
    return (node for node in _nodes(second, others) if node in others)


def _nodes(outputs: Any, last: set[Value]) -> Iterator[Value]:
    """Every node below ``outputs``, once, but none below one of ``last``."""
    seen: set[Value] = set()
    stack = [outputs]
    while stack:
        node = stack.pop()
        if isinstance(node, (list, tuple)):
            stack.extend(reversed(node))
        elif isinstance(node, Value) and node not in seen:
            seen.add(node)
            yield node
            if node not in last:
                stack.extend(reversed(node.parents))
