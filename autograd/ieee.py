"""Floats that follow IEEE 754 where Python raises: what a local derivative is where it does not exist."""

from __future__ import annotations

from collections.abc import Callable
from math import nan

from .declaration import Primitive
from .primitives import add, div, mul, neg, pow, sub


class IEEE(float):
    """A float that computes infinities and NaN instead of raising.

    >>> IEEE(1.0) / 0.0, -IEEE(0.0) ** -0.5, IEEE(0.0) * (1.0 / IEEE(0.0))
    (inf, -inf, nan)
    """

    @staticmethod
    def apply(op: Primitive, *operands: float) -> IEEE:
        """The result of ``op`` by IEEE 754."""
        plain = [float(x) for x in operands]
        try:
            return IEEE(op.forward(*plain))
        except (ArithmeticError, ValueError):
            return IEEE(op.ieee(*plain) if op.ieee else nan)


def _operator(op: Primitive, reflected: bool = False) -> Callable[..., IEEE]:
    if reflected:
        return lambda y, x: IEEE.apply(op, x, y)
    return lambda *operands: IEEE.apply(op, *operands)


for _name, _op in {"add": add, "sub": sub, "mul": mul, "truediv": div, "pow": pow, "neg": neg}.items():
    setattr(IEEE, f"__{_name}__", _operator(_op))
    setattr(IEEE, f"__r{_name}__", _operator(_op, reflected=True))


def limits(op: Primitive, *operands: float) -> tuple[float, ...]:
    """The local derivatives of ``op`` by IEEE 754: infinite or NaN where they do not exist.

    >>> from autograd import sqrt
    >>> limits(sqrt, 0.0)
    (inf,)
    """
    result = IEEE.apply(op, *operands)
    return tuple(float(d) for d in op.partials(*map(IEEE, operands), result))
