"""Losses, each declared once: how far a prediction is from its target, as one node of the graph.

Every loss is a primitive, so that its link in the chain rule is the lecture's: 2(ŷ − y), (a − y)/(a(1 − a)), a − y.
In scope in the declarations below:

    p         the prediction, any number
    a         the prediction, a probability: what a sigmoid or a softmax gives
    s         the prediction, a score of any size: what would go into a sigmoid or a softmax (a logit)
    y         the target
    z         the loss itself

``expand`` is the loss in branch-free arithmetic over the primitives, for back ends that do not have it; where
nothing can go wrong it is the forward function too.  A rule is written in the form that keeps its digits, and
``taught`` is the lecture's form of it.

Called on a point, a prediction and its target, a loss is that point's.  Called on a batch, two sequences, it
adds over the points, and its ``mean_`` form averages them.  It works on numbers and on Values.

>>> squared_error(24.0, 21.0)
9.0
>>> squared_error([24.0, 21.0], [21.0, 22.0]), mean_squared_error([24.0, 21.0], [21.0, 22.0])
(10.0, 5.0)
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from numbers import Real
from typing import Any

import autograd
from autograd import (
    Notation,
    Primitive,
    Value,
    log,
    log1p,
    logsumexp,
    maximum,
    minimum,
    primitive,
    relu,
    sigmoid,
    sign,
    softmax,
    softplus,
    sqrt,
    step,
    total,
    where,
    xlogy,
)

from .naming import unknown
from .refusal import positive, shorten, shown

_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = 1, 2, 3, 4, 9  # how tightly a written form binds; see autograd.Notation


def _declare(name: str, forward: Any, rule: Any, variant: str = "", **more: Any) -> Primitive:
    """A primitive of this module; the variable that holds it is its name after an underscore."""
    return primitive(name, forward, rule, origin=(__name__, f"_{name}{variant}"), **{"expand": forward, **more})


# ---- Regression --------------------------------------------------------------------------------------

_squared_error = _declare(
    "squared_error",
    lambda p, y: (p - y) * (p - y),
    lambda p, y, z: (2 * (p - y), -2 * (p - y)),
    symbol="(ŷ−y)²",
    text=Notation("({0} - {1})**2", _POWER, (_SUM, _PRODUCT)),
    latex=Notation("({0} - {1})^2", _POWER, (_SUM, _PRODUCT)),
)
_half_squared_error = _declare(
    "half_squared_error",
    lambda p, y: (p - y) * (p - y) / 2,
    lambda p, y, z: (p - y, y - p),
    symbol="½(ŷ−y)²",
    text=Notation("({0} - {1})**2 / 2", _PRODUCT, (_SUM, _PRODUCT)),
    latex=Notation(r"\frac{{1}}{{2}} ({0} - {1})^2", _PRODUCT, (_SUM, _PRODUCT)),
)
_absolute_error = _declare(
    "absolute_error",
    lambda p, y: autograd.abs(p - y),
    lambda p, y, z: (sign(p - y), -sign(p - y)),
    symbol="|ŷ−y|",
    text=Notation("abs({0} - {1})", _ATOM, (_SUM, _PRODUCT)),
    latex=Notation(r"\left|{0} - {1}\right|", _ATOM, (_SUM, _PRODUCT)),
    kink=operator.eq,
)


@functools.lru_cache(maxsize=256)
def huber_at(delta: float) -> Primitive:
    """The primitive of the Huber loss, a parabola for |p − y| ≤ ``delta`` and a line of slope ``delta`` beyond.

    >>> huber_at(1.0)(3.0, 0.5)
    2.0
    """

    def forward(p: Any, y: Any) -> Any:
        distance = autograd.abs(p - y)
        inner = minimum(distance, delta)
        return inner * (distance - inner / 2)

    def rule(p: Any, y: Any, z: Any) -> Any:
        slope = maximum(minimum(p - y, delta), -delta)
        return slope, -slope

    return primitive(
        "huber",
        forward,
        rule,
        symbol="Huber",
        text="huber({0}, {1})",
        latex=rf"H_{{{{{delta:g}}}}}({{0}}, {{1}})",
        expand=forward,
        origin=(huber_at, delta),
    )


# ---- Two classes -------------------------------------------------------------------------------------


def _demand_probabilities(*v: Any) -> None:
    """Refuse what is below 0 or above 1; a NaN is no error of the loss's.

    On Values, where nothing may branch, a root does: x (1 − x) is below 0 just there.  Nothing uses its result, but
    what may raise stays in a compiled program.
    """
    for x in v:
        if isinstance(x, Value):
            sqrt(x * (1 - x))
        elif x < 0.0 or x > 1.0:
            raise ValueError


def _cross_entropy_of_floats(a: float, y: float) -> float:
    _demand_probabilities(a, y)
    # A term that y switches off counts as 0, also at its pole; −0.0 so that a sure and right answer costs 0.0.
    return (-y * math.log(a) if y else 0.0) - ((1 - y) * math.log1p(-a) if y != 1 else -0.0)


def _cross_entropy_written_out(a: Any, y: Any) -> Any:
    _demand_probabilities(a, y)
    return xlogy(-y, a) - (1 - y) * log1p(-where(1 - y, a, 0.0))


def _share(y: Any, a: Any) -> Any:
    """y/a, but 0 for y = 0 at a = 0; only there is the divisor another, so that for y = 0, too, ∂/∂y is 1/a."""
    return y / where(a, a, where(y, a, 1.0))


def _cross_entropy_slope(a: Any, y: Any) -> Any:
    """−y/a + (1 − y)/(1 − a): unlike the fraction it is equal to, it is right for y = 1 at a = 1 and y = 0 at a = 0."""
    return _share(1 - y, 1 - a) - _share(y, a)


_PROBABILITY: dict[str, Any] = {
    "expand": _cross_entropy_written_out,
    "symbol": "−y log a − …",
    "text": Notation("-({1}*log({0}) + (1 - {1})*log(1 - {0}))", _SIGN, (_PRODUCT, _PRODUCT)),
    "latex": Notation(r"-\left({1} \log({0}) + (1 - {1}) \log(1 - {0})\right)", _SIGN, (_PRODUCT, _PRODUCT)),
    "domain": "a probability 0 < a < 1 and a target 0 ≤ y ≤ 1; a = 0 only for y = 0, a = 1 only for y = 1",
}
_binary_cross_entropy = _declare(
    "binary_cross_entropy",
    _cross_entropy_of_floats,
    lambda a, y, z: (_cross_entropy_slope(a, y), log1p(-a) - log(a)),
    taught=lambda a, y, z: ((a - y) / (a * (1 - a)), log(1 - a) - log(a)),
    **_PROBABILITY,
)
# For a target that is a plain number: y is fixed, and no derivative flows to it.  Its slope is infinite at a = 0
# and a = 1, where a saturated sigmoid may be quite right, and must not stop the backward pass there.
_binary_cross_entropy_fixed = _declare(
    "binary_cross_entropy",
    _cross_entropy_of_floats,
    lambda a, y, z: (_cross_entropy_slope(a, y), 0.0),
    variant="_fixed",
    taught=lambda a, y, z: ((a - y) / (a * (1 - a)), 0.0),
    **_PROBABILITY,
)


def _cross_entropy_of_score(s: Any, y: Any) -> Any:
    _demand_probabilities(y)
    # log(1 + e^s) − y s would have no digit left where the classifier is sure and right; here no term cancels another.
    return y * softplus(-s) + (1 - y) * softplus(s)


_binary_cross_entropy_with_logits = _declare(
    "binary_cross_entropy_with_logits",
    _cross_entropy_of_score,
    lambda s, y, z: ((1 - y) * sigmoid(s) - y * sigmoid(-s), -s),
    taught=lambda s, y, z: (sigmoid(s) - y, -s),
    symbol="CE(σ(z), y)",
    text="binary_cross_entropy(sigmoid({0}), {1})",
    latex=r"\operatorname{{CE}}(\sigma({0}), {1})",
    domain="a target 0 ≤ y ≤ 1",
)
_hinge = _declare(
    "hinge",
    lambda s, y: relu(1 - y * s),
    lambda s, y, z: (-y * step(1 - y * s), -s * step(1 - y * s)),
    symbol="max(0, 1−yŷ)",
    text=Notation("max(0, 1 - {1}*{0})", _ATOM, (_PRODUCT, _PRODUCT)),
    latex=Notation(r"\max(0, 1 - {1} \, {0})", _ATOM, (_PRODUCT, _PRODUCT)),
    kink=lambda s, y: y * s == 1.0,
)

# ---- Many classes: as many targets as predictions, the operands being all of these and then all of those ------


def _halves(v: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
    return v[: len(v) // 2], v[len(v) // 2 :]


def _without(v: Sequence[Any], i: int) -> list[Any]:
    return [*v[:i], *v[i + 1 :]]


def _surprise(s: Sequence[Any], i: int) -> Any:
    """−log softmax_i(s), with all its digits where class i is nearly sure."""
    return softplus(logsumexp(_without(s, i)) - s[i])


def _cross_entropy_from_logits(*v: Any) -> Any:
    s, y = _halves(v)
    _demand_probabilities(*y)
    return total([y[i] * _surprise(s, i) for i in range(len(s))])


def _cross_entropy_rule(*v_and_z: Any) -> tuple[Any, ...]:
    s, y = _halves(v_and_z[:-1])
    a = softmax(s)
    each = range(len(s))
    # a_i − y_i for targets that add up to 1, without the cancellation where a_i is nearly 1.
    by_score = [a[i] * total(_without(y, i)) - y[i] * total(_without(a, i)) for i in each]
    return (*by_score, *[_surprise(s, i) for i in each])


def _cross_entropy_taught(*v_and_z: Any) -> tuple[Any, ...]:
    s, y = _halves(v_and_z[:-1])
    return (*map(operator.sub, softmax(s), y), *[-log(a) for a in softmax(s)])


def _categorical_of_floats(*v: float) -> float:
    _demand_probabilities(*v)
    a, y = _halves(v)
    return functools.reduce(operator.add, [-y_i * math.log(a_i) if y_i else 0.0 for a_i, y_i in zip(a, y, strict=True)])


def _categorical_written_out(*v: Any) -> Any:
    _demand_probabilities(*v)
    return total([xlogy(-y, a) for a, y in zip(*_halves(v), strict=True)])


def _categorical_slopes(*v: Any) -> tuple[Any, ...]:
    return tuple(-_share(y, a) for a, y in zip(*_halves(v), strict=True))


def _categorical_taught(*v: Any) -> tuple[Any, ...]:
    return tuple(-y / a for a, y in zip(*_halves(v), strict=True))


_cross_entropy = _declare(
    "cross_entropy",
    _cross_entropy_from_logits,
    _cross_entropy_rule,
    taught=_cross_entropy_taught,
    symbol="CE(softmax(z), y)",
    domain="targets 0 ≤ y ≤ 1",
)
_PROBABILITIES: dict[str, Any] = {
    "expand": _categorical_written_out,
    "symbol": "−Σ y log a",
    "domain": "probabilities 0 < a ≤ 1 and targets 0 ≤ y ≤ 1; a = 0 only where y = 0",
}
_categorical_cross_entropy = _declare(
    "categorical_cross_entropy",
    _categorical_of_floats,
    lambda *v: (*_categorical_slopes(*v[:-1]), *[-log(a) for a in _halves(v[:-1])[0]]),
    taught=lambda *v: (*_categorical_taught(*v[:-1]), *[-log(a) for a in _halves(v[:-1])[0]]),
    **_PROBABILITIES,
)
_categorical_cross_entropy_fixed = _declare(
    "categorical_cross_entropy",
    _categorical_of_floats,
    lambda *v: (*_categorical_slopes(*v[:-1]), *[0.0] * (len(v) // 2)),
    variant="_fixed",
    taught=lambda *v: (*_categorical_taught(*v[:-1]), *[0.0] * (len(v) // 2)),
    **_PROBABILITIES,
)


# ---- Losses: a primitive, what it asks of predictions and targets, and how it treats a batch ------------------


def _any_number(y: Any, width: int) -> Any:
    if y.__class__ is not float and not isinstance(y, Real):
        raise TypeError(f"the target must be a number, not {shown(y)}")
    return y


def _probability(y: float, width: int) -> float:
    _any_number(y, width)
    if not 0.0 <= y <= 1.0:
        raise ValueError(f"the target must be a class 0 or 1, or a probability between them, not {shown(y)}")
    return y


def _side(y: float, width: int) -> float:
    _any_number(y, width)
    if y not in (-1, 1):
        raise ValueError(f"the target must be −1 or 1, not {shown(y)}: write the class 0 as −1")
    return y


def _distribution(y: Any, width: int) -> list[Any]:
    """A class given by its number, from 0, as the probability of each; probabilities as they are."""
    if width < 2:
        raise ValueError(f"it takes one prediction a class, at least 2, not {width}")
    if not _is_sequence(y):
        if isinstance(y, Value):
            raise TypeError("the target must be a class, a plain number, or a list of probabilities, not a Value")
        _any_number(y, width)
        if not 0 <= y < width or y != int(y):
            raise ValueError(f"the target must be a class from 0 to {width - 1}, not {shown(y)}")
        return [1.0 if i == y else 0.0 for i in range(width)]
    if len(y) != width:
        raise ValueError(f"{width} predictions, but a target of {len(y)} probabilities")
    plain = [v.data if isinstance(v, Value) else _any_number(v, width) for v in y]
    seen = all(x.__class__ is float for x in plain)  # while a loss is traced, its target is no number yet
    if seen and (min(plain) < 0.0 or abs(math.fsum(plain) - 1.0) > 1e-9):
        raise ValueError(f"the target's probabilities must be at least 0 and add up to 1, not {shown(plain)}")
    return list(y)


@dataclass(frozen=True, eq=False, repr=False)
class Loss:
    """A loss, called on a point or a batch, on numbers or Values; the declarations are below.

    name      what ``fit(loss=…)`` and the command line call it
    about     one line of help
    point     prediction and target to the point's loss, by one primitive
    mean      average over the points of a batch, instead of adding
    suits     the predictions it makes sense of: "any", "probability" or "score"
    target    checks a target, given the prediction's width, and returns it in numbers
    wide      a point has several predictions, one a class, instead of one
    options   what else a call may choose, by keyword
    """

    name: str
    about: str
    point: Callable[..., Any]
    mean: bool = False
    suits: str = "any"
    target: Callable[[Any, int], Any] = _any_number
    wide: bool = False
    options: tuple[str, ...] = ()

    def __call__(self, predictions: Any, targets: Any, **options: Any) -> Any:
        """The loss of a point, or the sum (average, of a ``mean_`` loss) over a batch.

        Raises ``ValueError`` for an empty batch, for unequal numbers of predictions and targets, and for a
        target that the loss does not know; ``TypeError`` for what is no number.
        """
        try:
            if strange := [option for option in options if option not in self.options]:
                raise TypeError(f"{self.name} takes no option {strange[0]!r:.40}")
            return self._of(predictions, targets, options)
        except (ArithmeticError, ValueError, TypeError) as error:
            shorten(error)
            raise

    def _of(self, predictions: Any, targets: Any, options: Any) -> Any:
        if self._is_point(predictions):
            return self._of_point(predictions, targets, options)
        predictions = list(predictions)
        if not _is_sequence(targets) or len(predictions) != len(targets):
            count = len(targets) if _is_sequence(targets) else "a single number"
            raise ValueError(f"{self.name}: {len(predictions)} predictions, but targets: {count}")
        if not predictions:
            raise ValueError(f"{self.name}: a batch needs at least one point")
        losses = [self._of(p, y, options) for p, y in zip(predictions, targets, strict=True)]
        if len(losses) == 1:
            return losses[0]
        return total(losses) / len(losses) if self.mean else total(losses)

    def _is_point(self, predictions: Any) -> bool:
        if not _is_sequence(predictions):
            return not self.wide or _refuse_narrow(self.name)
        return self.wide and not any(map(_is_sequence, predictions))

    def _of_point(self, prediction: Any, target: Any, options: Any) -> Any:
        if self.wide or target.__class__ is not Value:
            if _is_sequence(target) and not self.wide:
                raise ValueError(f"{self.name}: one prediction, but {len(target)} targets")
            target = self.checked(target, len(prediction) if self.wide else 1)
        return self.point(prediction, target, **options)

    def checked(self, target: Any, width: int) -> Any:
        """A point's target in numbers, as ``point`` takes it; ``ValueError`` if the loss does not know it."""
        try:
            return self.target(target, width)
        except (ValueError, TypeError) as error:
            raise type(error)(f"{self.name}: {error}") from None

    def __repr__(self) -> str:
        return f"<loss {self.name}>"


def _is_sequence(x: Any) -> bool:
    return hasattr(x, "__len__") and not isinstance(x, (str, bytes, Mapping, Set)) and getattr(x, "shape", None) != ()


def _refuse_narrow(name: str) -> bool:
    raise ValueError(f"{name}: a point has one prediction for each class, a list of at least 2, not a single number")


def _by(primitive: Primitive, fixed: Primitive | None = None) -> Callable[[Any, Any], Any]:
    """A point's loss by ``primitive``; by ``fixed`` where the target is a plain number."""
    if_number = fixed or primitive

    def point(prediction: Any, target: Any) -> Any:
        if isinstance(target, Value):
            return primitive(prediction, target)
        # A leaf of its own, labelled as formulas and diagrams show it.
        return if_number(prediction, Value(target, "y") if isinstance(prediction, Value) else target)

    return point


def _by_class(primitive: Primitive, fixed: Primitive | None = None) -> Callable[[Any, Any], Any]:
    """The same for one prediction and one target a class."""
    if_numbers = fixed or primitive

    def point(predictions: Any, targets: Any) -> Any:
        if any(isinstance(y, Value) for y in targets):
            return primitive(*predictions, *targets)
        if any(isinstance(p, Value) for p in predictions):
            targets = [Value(y, f"y_{{{i}}}") for i, y in enumerate(targets, 1)]
        return if_numbers(*predictions, *targets)

    return point


def _huber_point(prediction: Any, target: Any, delta: float = 1.0) -> Any:
    return _by(huber_at(positive("huber's delta", delta)))(prediction, target)


LOSSES: dict[str, Loss] = {}


def _loss(name: str, about: str, point: Any, **more: Any) -> tuple[Loss, Loss]:
    """The loss that adds over a batch, and the one that averages."""
    both = Loss(name, about, point, **more), Loss(f"mean_{name}", about, point, mean=True, **more)
    LOSSES.update({loss.name: loss for loss in both})
    return both


squared_error, mean_squared_error = _loss("squared_error", "(ŷ − y)²", _by(_squared_error))
half_squared_error, mean_half_squared_error = _loss("half_squared_error", "(ŷ − y)²/2", _by(_half_squared_error))
absolute_error, mean_absolute_error = _loss("absolute_error", "|ŷ − y|", _by(_absolute_error))
huber, mean_huber = _loss(
    "huber", "a parabola near 0, a line beyond |ŷ − y| = delta (1 by default)", _huber_point, options=("delta",)
)
binary_cross_entropy, mean_binary_cross_entropy = _loss(
    "binary_cross_entropy",
    "−(y log a + (1 − y) log(1 − a)) for a probability a, such as a sigmoid's output",
    _by(_binary_cross_entropy, _binary_cross_entropy_fixed),
    suits="probability",
    target=_probability,
)
binary_cross_entropy_with_logits, mean_binary_cross_entropy_with_logits = _loss(
    "binary_cross_entropy_with_logits",
    "the same from the score that would go into the sigmoid; its link is a − y",
    _by(_binary_cross_entropy_with_logits),
    suits="score",
    target=_probability,
)
cross_entropy, mean_cross_entropy = _loss(
    "cross_entropy",
    "−log of the softmax at the target's class, from one score a class",
    _by_class(_cross_entropy),
    suits="score",
    target=_distribution,
    wide=True,
)
categorical_cross_entropy, mean_categorical_cross_entropy = _loss(
    "categorical_cross_entropy",
    "−Σ y log a for probabilities a, such as a softmax's output",
    _by_class(_categorical_cross_entropy, _categorical_cross_entropy_fixed),
    suits="probability",
    target=_distribution,
    wide=True,
)
hinge, mean_hinge = _loss("hinge", "max(0, 1 − y ŷ) for targets −1 and 1", _by(_hinge), suits="score", target=_side)


def find_loss(name: str) -> Loss:
    """The loss of that name.

    >>> find_loss("hubr")
    Traceback (most recent call last):
        ...
    ValueError: unknown loss 'hubr': did you mean 'huber'?
    """
    if name not in LOSSES:
        raise unknown("loss", name, LOSSES)
    return LOSSES[name]
