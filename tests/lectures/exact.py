"""What the lecture tests share: exact numbers, and parameters by their names."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from nn import Module

__all__ = ["F", "gradients", "is_exactly", "set_parameters"]


def F(number: str | int) -> Fraction:  # noqa: N802  # short, because formulas are made of it
    """A number as the lecture writes it, without a rounding: F("0.4")."""
    return Fraction(number)


def is_exactly(x: float, exact: Fraction | int, roundings: int = 8) -> bool:
    """Whether a float is the exact number but for a few roundings of its last bit."""
    return abs(Fraction(x) - exact) <= abs(exact) * roundings * Fraction(1, 2**53)


def set_parameters(model: Module, **numbers: Any) -> None:
    """Give a model's parameters numbers by name; all of them must be named."""
    model.load_state_dict({name: float(number) for name, number in numbers.items()})


def gradients(model: Module) -> dict[str, float]:
    """The gradient of every parameter, by name."""
    return {name: parameter.grad for name, parameter in model.named_parameters()}
