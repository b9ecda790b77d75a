"""What a unit does to its pre-activation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import autograd
from autograd import Primitive, Value, primitive

from .lifting import on_floats
from .naming import unknown
from .refusal import shown


class Activation(NamedTuple):
    """An activation under its name, as a function of one number or of a whole layer (softmax).

    ``on_values`` is the same function on a Value, by the shortest way there is; None adds no node.
    """

    name: str
    function: Callable[[Any], Any]
    on_values: Callable[[Any], Any] | None
    of_layer: bool = False


def _elu_forward(x: Any) -> Any:
    return autograd.where(autograd.step(x), x, autograd.expm1(autograd.minimum(x, 0.0)))


elu = primitive(
    "elu",
    _elu_forward,
    lambda x, z: autograd.exp(autograd.minimum(x, 0.0)),
    latex=r"\operatorname{{elu}}({0})",
    expand=_elu_forward,
)
"""x for x > 0, eˣ − 1 below: smooth, and never quite dead."""

silu = primitive(
    "silu",
    lambda x: x * autograd.sigmoid(x),
    lambda x, z: autograd.sigmoid(x) * (1 + x * autograd.sigmoid(-x)),
    symbol="x σ(x)",
    latex=autograd.Notation(r"{0} \, \sigma({0})", 2, (2, 0)),
    expand=lambda x: x * autograd.sigmoid(x),
)
"""x σ(x), also called swish."""

FUNCTIONS: dict[str, Primitive] = {
    "tanh": autograd.tanh,
    "sigmoid": autograd.sigmoid,
    "relu": autograd.relu,
    "leaky_relu": autograd.leaky_relu,
    "softplus": autograd.softplus,
    "elu": elu,
    "silu": silu,
    "sin": autograd.sin,
}
ACTIVATIONS = ("linear", *FUNCTIONS, "softmax")


def _identity(x: Any) -> Any:
    return x


def find_activation(activation: str | Callable[[Any], Any]) -> Activation:
    """The activation of that name, or made of a function of one number.

    >>> find_activation("sigmod")
    Traceback (most recent call last):
        ...
    ValueError: unknown activation 'sigmod': did you mean 'sigmoid'?
    """
    if activation is None or (isinstance(activation, str) and activation in ("linear", "identity")):
        return Activation("linear", _identity, None)
    if activation is autograd.softmax or (isinstance(activation, str) and activation == "softmax"):
        return Activation("softmax", autograd.softmax, autograd.softmax, of_layer=True)
    if isinstance(activation, str):
        if activation not in FUNCTIONS:
            raise unknown("activation", activation, ACTIVATIONS)
        activation = FUNCTIONS[activation]
    if not callable(activation):
        raise TypeError(f"an activation is a name or a function, not {shown(activation)}")
    if isinstance(activation, Primitive):
        # A method of Value takes a third of the time of the primitive's own call.
        method = getattr(Value, activation.name, None)
        return Activation(activation.name, activation, method if callable(method) else activation)
    return Activation(getattr(activation, "__name__", repr(activation)), on_floats(activation), activation)
