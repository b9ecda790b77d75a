"""The network as lectures draw it, and one training step of it to click through."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import autograd
from autograd import Diagram, Frame, Stepper, Value

from .layers import MLP, Layer, Neuron
from .losses import Loss, find_loss
from .module import Module
from .naming import as_text
from .optimizers import Optimizer, find_optimizer
from .refusal import ends_at_caller, shown

_OLD_GRADIENTS = "The gradients on the cards are those at the old parameters"


@ends_at_caller
def draw(model: Module, at: Any = None, *, theme: Literal["light", "dark"] = "light") -> Diagram:
    """The network of ``model``: circles in columns, a column a layer, the weights on the edges.

    at      whose activations to show: a row of numbers, or what the model has computed (a prediction or a loss,
            after ``backward()`` with its gradients too); None shows the weights alone
    theme   ``"light"`` or ``"dark"``

    Gradients of the parameters are shown where they have any.

    >>> import nn
    >>> nn.draw(nn.MLP([4, 3, 2, 1], seed=1))
    <Diagram: Network 4-3-2-1: 20 weights>

    Raises ``ValueError`` for a row of another width, and for a model that is no network of neurons.
    """
    _demand_model("draw", model)
    if at is None:
        # NaN stands for "no number": it flows through every operation, and the picture leaves it out.
        at = [math.nan] * _width(model)
    if isinstance(at, Value) or (isinstance(at, Sequence) and at and all(_is_computed(x) for x in at)):
        root = at
    else:
        root = model(_scaled_row(model, at))
    return autograd.draw(root, detail="network", theme=theme)


def _demand_model(function: str, model: object) -> None:
    if not isinstance(model, Module):
        raise TypeError(f"{function} takes a model of nn, not {shown(model)}")


def _is_computed(x: Any) -> bool:
    return isinstance(x, Value) and bool(x.parents)


def _width(model: Module) -> int:
    match model:
        case MLP():
            return model.sizes[0]
        case Layer():
            return model.inputs
        case Neuron():
            return len(model.weight)
    raise ValueError(f"how many inputs {type(model).__name__} takes is not known: give draw a row, draw(model, row)")


def _scaled_row(model: Module, row: Any) -> Any:
    """A row as the model takes it: standardised, if it was trained so."""
    if model.scaling is None or any(isinstance(x, Value) or math.isnan(x) for x in row):
        return row
    return model.scaling.scale_rows([list(row)])[0]


# ---- One training step -------------------------------------------------------------------------------------


@ends_at_caller
def stepper(
    model: Module,
    row: Sequence[float],
    target: Any,
    *,
    loss: str | Loss = "squared_error",
    optimizer: str | Optimizer = "sgd",
    lr: float | None = None,
) -> Stepper:
    """One training step on one point, to click through: forward, loss, backward, update, new loss.

    row, target   the point, in the units of the data
    loss          a name or a loss of ``nn``
    optimizer     a name, or an optimiser made with the model's parameters, whose next step is shown
    lr            the learning rate, where the optimiser is given by name

    It shows the step; it does not take it: the model and the optimiser stay as they are.
    Raises ``ValueError`` for a model too large to follow.

    >>> import nn
    >>> nn.stepper(nn.MLP([2, 2, 1], seed=1), [0.5, -1.0], 2.0, lr=0.01)
    <Stepper: One training step, 18 values, 42 steps>
    """
    _demand_model("stepper", model)
    mover = _optimizer(model, optimizer, lr)
    root = _point_loss(model, row, target, loss)
    count = len(_order(root))
    if count > Stepper.most:
        raise ValueError(
            f"one training step of this model has {count} values, and a stepper shows {Stepper.most} at most: "
            "nn.draw(model, row) shows the network with its numbers, and a smaller model can be stepped through"
        )
    moved = _moved(mover, root)
    frames = [*_updates(mover, moved), *_forward_again(model, row, target, loss, root, moved)]
    return autograd.stepper(root, forward=True, then=frames, title="One training step")


def _optimizer(model: Module, optimizer: str | Optimizer, lr: float | None) -> Optimizer:
    if isinstance(optimizer, Optimizer):
        return optimizer
    make = find_optimizer(optimizer)
    return make(model.parameters()) if lr is None else make(model.parameters(), lr=lr)


def _point_loss(model: Module, row: Sequence[float], target: Any, loss: str | Loss) -> Value:
    """The loss at one point, as a graph under the lectures' names."""
    loss = find_loss(loss) if isinstance(loss, str) else loss
    prediction = model(_scaled_row(model, row))
    if model.scaling is not None:
        target = model.scaling.scale_targets([target])[0]
    checked = loss.checked(target, len(prediction) if isinstance(prediction, list) else 1)
    root: Value = loss.point(prediction, Value(checked, "y") if isinstance(checked, float) else checked)
    root.label = "L"
    return root


def _moved(optimizer: Optimizer, root: Value) -> dict[Value, tuple[float, float]]:
    """Every parameter that the loss depends on, with its gradient at this point and what the step makes of it."""
    gradient = {step.parent: step.after for step in autograd.steps(root)}
    rate, t = optimizer.rate(), optimizer.updates + 1
    moved = {}
    for p, state in zip(optimizer.parameters, optimizer.state, strict=True):
        if p in gradient:
            data, _ = optimizer.update(p.data, gradient[p], state, rate, t)
            moved[p] = (gradient[p], data)
    return moved


def _updates(optimizer: Optimizer, moved: dict[Value, tuple[float, float]]) -> Iterator[Frame]:
    rate, kind = optimizer.rate(), type(optimizer).__name__
    for p, (g, new) in moved.items():
        label = p.label or "p"
        name = as_text(label)
        shown = rf"{label} \, \text{{new}} = {_numeral(new)}"
        if new == p.data - rate * g:
            factor = f"({_numeral(g)})" if g < 0 else _numeral(g)
            shown = (
                rf"{label} \, \text{{new}} = {label} - \eta \, \frac{{\partial L}}{{\partial {label}}} = "
                rf"{_numeral(p.data)} - {_numeral(rate)} \cdot {factor} = {_numeral(new)}"
            )
        yield Frame(
            caption=f"Update by {kind}, η = {rate:g}: {name} moves against its gradient, the one at the old value.",
            latex=shown,
            summary=f"{name}: {p.data:.4g} → {new:.4g}",
            data={p: new},
            receiver=p,
        )


def _forward_again(
    model: Module,
    row: Sequence[float],
    target: Any,
    loss: str | Loss,
    root: Value,
    moved: dict[Value, tuple[float, float]],
) -> Iterator[Frame]:
    """The forward pass with the new parameters, told on the nodes of the old graph."""
    before = {p: p.data for p in moved}
    try:
        for p, (_, new) in moved.items():
            p.data = new
        after = _point_loss(model, row, target, loss)
    finally:
        for p, old in before.items():
            p.data = old
    for node, again in zip(_order(root), _order(after), strict=True):
        if not node.parents:
            continue
        name = node.label or "v"
        caption = f"Forward again, with the new parameters: {as_text(name)}. {_OLD_GRADIENTS}."
        if node is root:
            better = "smaller" if again.data < node.data else "larger" if again.data > node.data else "the same"
            caption = (
                f"The new loss: {node.data:.4g} before the step, {again.data:.4g} after it, {better}. "
                f"{_OLD_GRADIENTS}, until a backward pass from the new loss."
            )
        yield Frame(
            caption=caption,
            latex=rf"{name} = {_numeral(again.data)} \quad \text{{before: }} {_numeral(node.data)}",
            summary=f"{as_text(name)}: {node.data:.4g} → {again.data:.4g}",
            data={node: again.data},
            receiver=node,
            links=[(node, i) for i in range(len(node.parents))],
        )


def _order(root: Value) -> list[Value]:
    """The graph, operands first; the same order for two graphs of the same shape."""
    order: dict[Value, None] = {}
    stack: list[tuple[Value, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order[node] = None
        elif node not in order:
            stack.append((node, True))
            stack.extend((parent, False) for parent in reversed(node.parents))
    return list(order)


def _numeral(x: float) -> str:
    """A number in LaTeX, to four significant digits."""
    mantissa, _, power = f"{x:.4g}".partition("e")
    return rf"{mantissa} \cdot 10^{{{int(power)}}}" if power else mantissa
