"""What goes wrong in hand calculations: every misconception once.

An entry says where it can happen and which number it leads to, from what the calculation has by then; the checker
tries each entry at each link and believes it only where it reproduces the digits that were given.  Adding a
misconception is adding an entry.

slope      the wrong local derivative of an edge
share      the wrong contribution of an edge to the gradient of its operand: right is ``e.upstream * e.slope``
value      the wrong value of a node, computed from its operands
whole      a wrong gradient or derivative, made of the right one

Each returns None where it does not apply.  Where several entries give the same digits at one link, the first in the
list is believed and the others are named beside it: what applies in fewer places stands before what applies in many.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..declaration import Primitive
from ..notation import Name
from ..value import Value
from .formula import Formula
from .rounding import ONE, ZERO, Uncertain, image, point


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A node as the calculation has it: the numbers of its operands, and its own."""

    node: Value
    op: Primitive
    operands: Sequence[Uncertain]
    result: Uncertain
    formulas: Sequence[Formula]  # of the local derivatives
    names: dict[Value, Name]

    def apply(self, f: Callable[..., float], *operands: Uncertain) -> Uncertain:
        """What a function of floats makes of uncertain numbers."""
        return image(lambda *v: [f(*v)], operands)[0]

    def known(self, x: float) -> Uncertain:
        """A number that is known exactly."""
        return point(x)

    def weight_at(self, name: Name) -> Uncertain | None:
        """The number of the leaf with that name."""
        return next((point(v.data) for v, n in self.names.items() if n == name and v.op is None), None)


@dataclass(frozen=True, slots=True, eq=False)
class Edge(Place):
    """A link ∂node/∂operand as the calculation has it.

    upstream   the gradient of the node
    slope      the local derivative
    paths      how many edges lead from the operand towards the root: over how many paths it must be summed
    """

    operand: int
    upstream: Uncertain
    slope: Uncertain
    paths: int

    @property
    def formula(self) -> Formula:
        """The local derivative in symbols."""
        return self.formulas[self.operand]

    @property
    def constant(self) -> float | None:
        """The number in front of the local derivative's formula; the derivative itself, if it is a mere number."""
        if not any(c.isalpha() for c in self.formula.text):
            return self.slope.value
        leading = re.match(r"−?(\d+(?:\.\d+)?)(?=[·(])", self.formula.text)
        return float(leading[1]) if leading else None


@dataclass(frozen=True, slots=True, eq=False)
class Misconception:
    """One way to go wrong; see the head of this file."""

    name: str
    says: str  # completes a sentence on the link
    slope: Callable[[Edge], Uncertain | None] | None = None
    share: Callable[[Edge], Uncertain | None] | None = None
    value: Callable[[Place], Uncertain | None] | None = None
    whole: Callable[[Uncertain], Uncertain] | None = None
    named: bool = False  # "the function" in what it says gives way to the name of the function
    is_path: bool = False  # what is wrong is that a path is missing; then groups of paths are tried, too

    @property
    def why(self) -> str:
        """The part after the colon: the rule that it breaks."""
        return self.says.partition(": ")[2]


_ACTIVATIONS = frozenset(("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "elu", "silu", "step"))


# ---- Where the entries below apply -----------------------------------------------------------------------


def _is_function(e: Place) -> bool:
    return len(e.operands) == 1 and e.op.name not in ("neg", "identity", "total", "affine")


def _at_output(e: Edge) -> Uncertain | None:
    """σ′(o) where σ′(z) belongs."""
    if not _is_function(e):
        return None
    op = e.op
    return e.apply(lambda o: op.partials(o, op.forward(o))[0], e.result)


def _at_input(e: Edge) -> Uncertain | None:
    """z(1 − z) where o(1 − o) belongs: the formula in the output, with the input in its place."""
    if not _is_function(e):
        return None
    op = e.op
    return e.apply(lambda z: op.taught_partials(z, z)[0], e.operands[0])


def _swapped(name: Name) -> Name | None:
    """w^k_{ji} for w^k_{ij}."""
    index = name.subscript or ""
    i, _, j = index.partition(",") if "," in index else (index[:1], "", index[1:])
    if not (name.superscript and i and j and i != j):
        return None
    return Name(name.base, name.superscript, f"{j},{i}" if "," in index else f"{j}{i}")


def _transposed(e: Place, operand: int) -> Uncertain | None:
    """The number of the weight that the transposed matrix has in this operand's place."""
    swapped = _swapped(e.names[e.node.parents[operand]])
    return e.weight_at(swapped) if swapped else None


def _transposed_slope(e: Edge) -> Uncertain | None:
    """In a sum of products, or in a product written out."""
    n = len(e.operands) // 2
    if e.op.name == "mul":
        return _transposed(e, 1 - e.operand)
    inputs = range(n, 2 * n)
    return _transposed(e, e.operand - n) if e.op.name == "affine" and e.operand in inputs else None


def _transposed_value(p: Place) -> Uncertain | None:
    if p.op.name not in ("affine", "mul"):
        return None
    count = 2 if p.op.name == "mul" else len(p.operands) // 2
    weights = [_transposed(p, i) for i in range(count)]
    if all(w is None for w in weights):
        return None
    operands = [w or given for w, given in zip(weights, p.operands, strict=False)]
    return p.apply(p.op.forward, *operands, *p.operands[len(operands) :])


def _without_bias(p: Place) -> Uncertain | None:
    if p.op.name == "affine" and len(p.operands) % 2:
        return p.apply(p.op.forward, *p.operands[:-1], ZERO)
    if p.op.name == "add":
        for bias, rest in ((1, 0), (0, 1)):
            if p.node.parents[bias].op is None and p.names[p.node.parents[bias]].base == "b":
                return p.operands[rest]
    return None


def _divided(p: Place) -> tuple[int, int] | None:
    """(operand, n) where the node is that operand divided by a whole number n: s/4, 0.25·s, or s/n by that name."""
    for operand, by in ((0, 1), (1, 0)):
        if p.op.name not in ("div", "mul") or (p.op.name == "div" and operand == 1):
            continue
        number = p.node.parents[by]
        named = number.label is not None and not (p.op.name == "div" and number.label in ("n", "N"))
        if number.op is not None or named or not number.data:
            continue
        n = number.data if p.op.name == "div" else 1.0 / number.data
        if n == round(n) >= 2:
            return operand, round(n)
    return None


def _terms(node: Value) -> int:
    """How many terms the sum has that this node is; 1 for any other."""
    count, pending = 0, [node]
    while pending:
        node = pending.pop()
        if node.op is not None and node.op.name in ("total", "add"):
            pending += node.parents
        else:
            count += 1
    return count


def _by_exponent(e: Edge, f: Callable[[float, float], float], squares: bool = False) -> Uncertain | None:
    """What a function of x and n makes of xⁿ; of x² only if that is neither right nor a mere factor 2."""
    if not e.op.name.startswith("power("):
        return None
    n = float(e.op.origin[1])
    return e.apply(lambda x: f(x, n), *e.operands) if n not in (0.0, 1.0) and (squares or n != 2.0) else None


def _averaged(p: Place) -> tuple[int, int] | None:
    """(operand, n) where the node is a mean: n above 2, or a sum of two halved.  Any other half is that of a loss."""
    divided = _divided(p)
    return divided if divided and (divided[1] > 2 or _terms(p.node.parents[divided[0]]) == 2) else None


def _unaveraged_slope(e: Edge) -> Uncertain | None:
    averaged = _averaged(e)
    return ONE if averaged and averaged[0] == e.operand else None


def _unaveraged_value(p: Place) -> Uncertain | None:
    """The sum where the mean belongs."""
    averaged = _averaged(p)
    return p.operands[averaged[0]] if averaged else None


def _has_half(p: Place) -> bool:
    divided = _divided(p)
    return "half" in p.op.name or (divided is not None and divided[1] == 2)


def _doubling(e: Edge) -> Uncertain | None:
    """A ½ of the loss forgotten, so that the 2 of the square stays; or a 2 forgotten."""
    if "half" in e.op.name:
        return e.slope.scaled(2.0)
    if e.constant in (2.0, -2.0, 0.5, -0.5):
        return e.slope.scaled(1.0 / abs(e.constant or 1.0))
    return None


def _halved(p: Place) -> Uncertain | None:
    """Half of a loss that has no ½: of a cross-entropy, of a squared error, or of a square that is named as a loss."""
    label = p.node.label or ""
    named = p.op.name == "power(2)" and label.startswith(("L", "J", "E", "e"))
    is_loss = named or p.op.name == "squared_error" or "cross_entropy" in p.op.name
    return p.result.scaled(0.5) if is_loss else None


MISCONCEPTIONS: list[Misconception] = [
    Misconception(
        "forgotten path",
        "its path was left out of the sum: several paths lead here, and their products are added",
        share=lambda e: ZERO if e.paths > 1 else None,
        is_path=True,
    ),
    Misconception(
        "forgotten 1/n",
        "the 1/n of the mean was forgotten",
        slope=_unaveraged_slope,
        value=_unaveraged_value,
    ),
    Misconception(
        "forgotten factor 2 or ½",
        "the constant factor was forgotten: the square brings a 2 down, and a ½ in the loss cancels it",
        slope=_doubling,
        value=lambda p: p.result.scaled(2.0) if _has_half(p) else None,
    ),
    Misconception(
        "a factor ½ too many",
        "it was halved: this loss has no factor ½",
        value=_halved,
    ),
    Misconception(
        "flipped sign",
        "its sign was flipped",
        slope=lambda e: -e.slope,
        value=lambda p: -p.result,
        whole=lambda x: -x,
    ),
    Misconception(
        "forgotten exponent",
        "the exponent was not brought down as a factor",
        slope=lambda e: _by_exponent(e, lambda x, n: math.pow(x, n - 1.0)),
    ),
    Misconception(
        "exponent not lowered",
        "the exponent was brought down as a factor, but not lowered by 1",
        slope=lambda e: _by_exponent(e, lambda x, n: n * math.pow(x, n), squares=True),
    ),
    Misconception(
        "lost power",
        "the exponent was brought down as a factor, but the power that remains was left out",
        slope=lambda e: _by_exponent(e, lambda x, n: n * x),
    ),
    Misconception(
        "derivative at the output",
        "the derivative was taken at the function's output instead of its input (the pre-activation)",
        slope=_at_output,
    ),
    Misconception(
        "derivative at the pre-activation",
        "the formula in terms of the output was fed the input (the pre-activation)",
        slope=_at_input,
    ),
    Misconception(
        "transposed weights",
        "the weights were taken transposed: w_{ij} goes from unit i to unit j",
        slope=_transposed_slope,
        value=_transposed_value,
    ),
    Misconception("forgotten factor", "this factor was left out of the product", share=lambda e: e.upstream),
    Misconception(
        "forgotten upstream",
        "only the local derivative was taken, without the gradient that arrives from above",
        share=lambda e: e.slope,
    ),
    Misconception(
        "function instead of derivative",
        "the value of the function was used where its derivative belongs",
        slope=lambda e: e.result if _is_function(e) else None,
    ),
    Misconception("forgotten bias", "the bias was left out", value=_without_bias),
    Misconception(
        "forgotten activation",
        "the activation was not applied",
        value=lambda p: p.operands[0] if _is_function(p) and p.op.name in _ACTIVATIONS else None,
    ),
    Misconception(
        "forgotten function",
        "the function was not applied",
        named=True,
        value=lambda p: p.operands[0] if _is_function(p) and p.op.name not in _ACTIVATIONS else None,
    ),
]
