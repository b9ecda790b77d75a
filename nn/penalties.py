"""Penalties on large weights, each a primitive over all of them: λ Σ w² and λ Σ |w|."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import autograd
from autograd import Primitive, primitive, sign, total

from .naming import unknown
from .refusal import demand, ends_at_caller, listed, shown


def _declare(name: str, term: Any, slope: Any, **shown: Any) -> Primitive:
    """Σ term(w) as one node, with its derivative slope(w) for every weight."""

    def forward(*w: Any) -> Any:
        return total([term(w_i) for w_i in w])

    return primitive(
        name,
        forward,
        lambda *w_and_z: tuple(slope(w_i) for w_i in w_and_z[:-1]),
        expand=forward,
        origin=(__name__, f"_{name}"),
        **shown,
    )


_l1 = _declare("l1", autograd.abs, sign, symbol="Σ|w|", kink=lambda *w: 0.0 in w)
_l2 = _declare("l2", lambda w: w * w, lambda w: 2 * w, symbol="Σw²")
_PRIMITIVES = {"l1": _l1, "l2": _l2}


@dataclass(frozen=True)
class Penalty:
    """A sum of penalties, each a name and a strength; called on weights, its value.

    >>> l2([3.0, -4.0]), l1([3.0, -4.0])
    (25.0, 7.0)
    >>> elastic = 0.1 * l2 + 0.5 * l1
    >>> elastic([3.0, -4.0])
    6.0

    Called on a number it is the penalty of that strength, as ``fit(penalty=nn.l2(0.01))`` has it:

    >>> l2(0.1) == 0.1 * l2
    True
    """

    terms: tuple[tuple[str, float], ...]

    @ends_at_caller
    def __call__(self, weights: Any) -> Any:
        """The penalty on ``weights``, numbers or Values; or, for a number, so many times this penalty."""
        if isinstance(weights, Real):
            return float(weights) * self
        weights = listed("the weights of a penalty", weights)
        if not weights:
            raise ValueError(f"{self} needs at least one weight")
        values = [_term(name, strength, weights) for name, strength in self.terms]
        return values[0] if len(values) == 1 else total(values)

    @ends_at_caller
    def __mul__(self, factor: float) -> Penalty:
        if not isinstance(factor, Real):
            return NotImplemented
        factor = demand("the strength of a penalty", factor, 0.0)
        return Penalty(tuple((name, factor * strength) for name, strength in self.terms))

    __rmul__ = __mul__

    def __add__(self, other: Penalty) -> Penalty:
        return Penalty(self.terms + other.terms) if isinstance(other, Penalty) else NotImplemented

    def __repr__(self) -> str:
        return " + ".join(name if strength == 1.0 else f"{strength:g}*{name}" for name, strength in self.terms)


def _term(name: str, strength: float, weights: Sequence[Any]) -> Any:
    value = _PRIMITIVES[name](*weights)
    return value if strength == 1.0 else strength * value


l1 = Penalty((("l1", 1.0),))
l2 = Penalty((("l2", 1.0),))


def find_penalty(penalty: Any) -> Any:
    """A penalty as ``fit`` takes it: a Penalty, a function of the weights, or a name with its strength.

    >>> find_penalty(("l2", 0.01))
    0.01*l2
    """
    if penalty is None or callable(penalty):
        return penalty
    if isinstance(penalty, str):
        if penalty not in _PRIMITIVES:
            raise unknown("penalty", penalty, _PRIMITIVES)
        raise ValueError(f"the penalty {penalty!r} needs a strength: penalty=0.01 * nn.{penalty}")
    if isinstance(penalty, tuple) and len(penalty) == 2:
        name, strength = penalty
        if not isinstance(name, str) or name not in _PRIMITIVES:
            raise unknown("penalty", name, _PRIMITIVES)
        return Penalty(((name, demand("the strength of a penalty", strength, 0.0)),))
    raise TypeError(f"a penalty is nn.l1 or nn.l2 times a strength, such as 0.01 * nn.l2, not {shown(penalty)}")
