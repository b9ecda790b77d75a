"""Checking the numbers of a training step done by hand: the new parameters, and what the network says after it.

The step is made a graph of its own: every new parameter is one node, computed from the old one and its gradient, and
the forward pass is repeated on the new ones.  So ``check_answers`` checks it like any other calculation, with the
misconceptions about learning rates, layers and batches added, which are declared here, each once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograd import (
    MISCONCEPTIONS,
    Misconception,
    Notation,
    Primitive,
    Value,
    check_answers,
    find,
    primitive,
    steps,
    total,
)

from .naming import as_text
from .optimizers import SGD, Optimizer
from .refusal import ends_at_caller, shown

Key = Value | str


@dataclass(frozen=True, eq=False)
class Rule:
    """The update of one parameter by an optimiser in its present state."""

    optimizer: Optimizer
    state: tuple[Any, ...]

    @property
    def rate(self) -> float:
        """The learning rate."""
        return self.optimizer.rate()

    def __call__(self, p: float, g: float, rate: float | None = None) -> float:
        rate = self.rate if rate is None else rate
        return float(self.optimizer.update(p, g, self.state, rate, self.optimizer.updates + 1)[0])


@dataclass(frozen=True, eq=False)
class Step:
    """One update as its misconceptions need to see it; everything by the node of the new parameter.

    rules      the update of the parameter
    before     its old number
    updated    its gradient as it comes out where the weights above it were updated first
    points     over how many points the loss adds or averages
    """

    rules: Mapping[Value, Rule]
    before: Mapping[Value, float]
    updated: Mapping[Value, float]
    points: int

    def with_gradient(self, place: Any, times: float) -> Any:
        """The new parameter where the gradient is so many times too large; None for any other node."""
        rule = self.rules.get(place.node)
        return rule and place.apply(lambda p, g: rule(p, times * g), *place.operands)

    def with_rate(self, place: Any, change: Callable[[float], float]) -> Any:
        """The new parameter under another learning rate; None for any other node."""
        rule = self.rules.get(place.node)
        return rule and place.apply(lambda p, g: rule(p, g, change(rule.rate)), *place.operands)

    def with_updated_weights(self, place: Any) -> Any:
        """The new parameter by the gradient through updated weights; None where that is the same."""
        rule = self.rules.get(place.node)
        if not rule or place.node not in self.updated:
            return None
        return place.apply(lambda p: rule(p, self.updated[place.node]), place.operands[0])

    def change(self, place: Any) -> Any:
        """The new parameter minus the old one."""
        rule = self.rules.get(place.node)
        return rule and place.apply(lambda p, g: rule(p, g) - p, *place.operands)

    def with_old_parameters(self, place: Any) -> Any:
        """The value computed from the old parameters; None where it uses none."""
        parents = place.node.parents
        if not any(parent in self.before for parent in parents):
            return None
        operands = [
            place.known(self.before[parent]) if parent in self.before else operand
            for parent, operand in zip(parents, place.operands, strict=True)
        ]
        return place.apply(place.op.forward, *operands)


def misconceptions(step: Step) -> list[Misconception]:
    """What goes wrong in an update; adding a misconception is adding an entry."""
    n = step.points
    return [
        Misconception(
            "wrong direction",
            "the gradient was added, not subtracted",
            value=lambda p: step.with_gradient(p, -1.0),
        ),
        Misconception(
            "forgotten learning rate",
            "the gradient was not multiplied by the learning rate",
            value=lambda p: step.with_rate(p, lambda rate: 1.0),
        ),
        Misconception(
            "learning rate ten times too large",
            "the decimal point of the learning rate slipped",
            value=lambda p: step.with_rate(p, lambda rate: 10 * rate),
        ),
        Misconception(
            "learning rate ten times too small",
            "the decimal point of the learning rate slipped",
            value=lambda p: step.with_rate(p, lambda rate: rate / 10),
        ),
        Misconception(
            "weights already updated",
            "the gradient went through weights that had been updated already; all gradients come before any update",
            value=step.with_updated_weights,
        ),
        Misconception(
            "the change instead of the new value",
            "only the change was written down: it is added to the old value",
            value=step.change,
        ),
        Misconception(
            "sum instead of mean",
            f"the gradients of the {n} points were added: this loss averages them",
            value=lambda p: step.with_gradient(p, n) if n > 1 else None,
        ),
        Misconception(
            "mean instead of sum",
            f"the gradients of the {n} points were averaged: this loss adds them",
            value=lambda p: step.with_gradient(p, 1 / n) if n > 1 else None,
        ),
        Misconception(
            "not updated",
            "it was left as it was",
            value=lambda p: p.operands[0] if p.node in step.rules else None,
        ),
        Misconception("old parameters", "it was computed with the old parameters", value=step.with_old_parameters),
    ]


class StepReport:
    """The verdicts on a training step; see :func:`check_update`.

    gradients   the report on the gradients, if any were given
    parameters  the verdicts on the new parameters, by the keys of ``answers``
    after       the verdicts on the numbers after the update, by the keys of ``after``
    """

    def __init__(self, gradients: Any, parameters: dict[Key, Any], after: dict[Key, Any], in_order: list[Any]) -> None:
        self.gradients = gradients
        self.parameters = parameters
        self.after = after
        self.in_order = [*(gradients.in_order if gradients else ()), *in_order]

    @property
    def verdicts(self) -> dict[Key, Any]:
        """The verdicts on the new parameters."""
        return self.parameters

    @property
    def correct(self) -> bool:
        """Whether every number is right."""
        return all(verdict.status == "right" for verdict in self.in_order)

    @property
    def first_wrong(self) -> Any:
        """The verdict on the first number that is wrong by itself, or None."""
        return next((verdict for verdict in self.in_order if verdict.status == "wrong"), None)

    def __str__(self) -> str:
        return "\n".join(map(str, self.in_order))

    def _repr_html_(self) -> str:
        return str(self.in_order[0].table(self.in_order)) if self.in_order else ""

    def __repr__(self) -> str:
        wrong = self.first_wrong
        return f"<report: {'correct' if self.correct else f'first wrong {wrong.name}' if wrong else 'a slip'}>"


@ends_at_caller
def check_update(
    loss: Value,
    answers: Mapping[Key, Any] | None = None,
    *,
    lr: float | None = None,
    optimizer: Optimizer | None = None,
    gradients: Mapping[Key, Any] | None = None,
    after: Mapping[Key, Any] | None = None,
) -> StepReport:
    """Check the numbers after one update by hand: the new parameters, and the forward pass on them.

    loss       the loss before the update: its graph holds the old parameters
    answers    the new parameters by label or Value: ``{"w1": "0.5525"}``
    lr         the learning rate, for plain gradient descent; or
    optimizer  an optimiser that holds these parameters, with the state it has now
    gradients  what the update was computed from, if written down: as in ``check_answers``
    after      values of the forward pass with the new parameters: ``{"ŷ": "3.5397", "e": "9.947"}``

    A wrong gradient is carried into the update, and a wrong parameter into the numbers after it, so that each
    mistake counts once.  The parameters that move are those of the optimiser; with ``lr``, those in ``answers`` and
    ``gradients`` and every weight and bias by its label (w…, b…).

    >>> from nn import half_squared_error
    >>> w, x, y = Value(0.5, "w"), Value(2.0, "x"), Value(3.0, "y")
    >>> h = w * x
    >>> e = half_squared_error(h, y)
    >>> h.label, e.label = "ŷ", "e"
    >>> print(check_update(e, {"w": "0.1"}, lr=0.1, after={"ŷ": "0.2"}))
    ✗ w new = 0.1: should be 0.9; first wrong link w new = w − η·∂e/∂w = 0.9: the gradient was added, not subtracted
    → ŷ new = 0.2: right, given the slip before; without it 1.8

    Raises what ``check_answers`` raises, and ``ValueError`` unless one of ``lr`` and ``optimizer`` is given.
    """
    if (lr is None) == (optimizer is None):
        raise ValueError("give the learning rate lr=…, or the optimizer=… that makes the update")
    if not answers and not after:
        raise ValueError("there are no numbers to check: give new parameters, or values after the update")
    chosen = _nodes(loss, answers, "answers")
    later = _nodes(loss, after, "after")
    walk = steps(loss)
    slopes = _adjoints(loss, walk, {})
    parameters = _parameters(slopes, [*chosen.values()], optimizer)
    rules = _rules(optimizer or SGD(parameters, lr or 0.0), parameters)
    moved = {p: rules[p](p.data, slopes[p]) for p in parameters}

    checked = None
    given: dict[Key, Any] = {}
    graph = _Graph(loss, walk, slopes, rules)
    if gradients:
        checked = check_answers(loss, gradients, misconceptions=[*MISCONCEPTIONS, _through_updated(moved)])
        for key, verdict in checked.verdicts.items():
            if verdict.quantity.kind == "gradient" and verdict.quantity.node in graph.gradient:
                given[graph.gradient[verdict.quantity.node]] = gradients[key]
    step = Step(
        {graph.new[p]: rules[p] for p in parameters},
        {graph.new[p]: p.data for p in parameters},
        {graph.new[p]: slope for p, slope in _adjoints(loss, walk, moved).items() if p in graph.new},
        _points(loss),
    )
    parameter_nodes = {key: graph.new[p] for key, p in chosen.items()}
    later_nodes = {key: graph.after[node] for key, node in later.items()}
    if twice := [key for key, node in later_nodes.items() if node in parameter_nodes.values()]:
        raise ValueError(f"{_key_text(twice[0])} is given twice, in answers and in after")
    written: dict[Key, Any] = {node: (answers or {})[key] for key, node in parameter_nodes.items()}
    written |= {node: (after or {})[key] for key, node in later_nodes.items()}
    report = check_answers(
        graph.after[loss], values={**given, **written}, misconceptions=[*misconceptions(step), *MISCONCEPTIONS]
    )
    return StepReport(
        checked,
        {key: report.values[node] for key, node in parameter_nodes.items()},
        {key: report.values[node] for key, node in later_nodes.items()},
        [verdict for verdict in report.in_order if verdict.quantity.node in written],
    )


# ---- The step as a graph -----------------------------------------------------------------------------------


class _Graph:
    """The forward pass after the update, from the old parameters and their gradients on.

    gradient   the leaf that holds ∂loss/∂parameter, by parameter
    new        the node of the new parameter, by parameter
    after      the node of every value after the update, by that before it
    """

    def __init__(self, loss: Value, walk: Sequence[Any], slopes: Mapping[Value, float], rules: Mapping[Value, Rule]):
        self.gradient: dict[Value, Value] = {}
        self.new: dict[Value, Value] = {}
        of = as_text(loss.label or "L")
        for p, rule in rules.items():
            label = as_text(p.label or "w")
            self.gradient[p] = Value(slopes[p], f"∂{of}/∂{label}")
            self.new[p] = Value.apply(_update(rule), p, self.gradient[p])
            self.new[p].label = f"{label} new"
        self.after: dict[Value, Value] = dict(self.new)
        for node in [*reversed(dict.fromkeys(step.node for step in walk)), loss]:
            if node not in self.after:
                operands = [self.after.get(parent, parent) for parent in node.parents]
                self.after[node] = Value.apply(node.op, *operands) if node.op else node
                if node.op and node.label is not None:
                    self.after[node].label = f"{as_text(node.label)} new"


def _update(rule: Rule) -> Primitive:
    """The update of one parameter as a node; nobody differentiates through it here."""
    return primitive("update", rule, lambda p, g, z: (0.0, 0.0), text=Notation("{0} - η*{1}", 1, (1, 2)))


def _adjoints(loss: Value, walk: Sequence[Any], moved: Mapping[Value, float]) -> dict[Value, float]:
    """The gradient of the loss, where it goes back through parameters that have ``moved`` already."""
    adjoint = {loss: 1.0}
    for step in walk:
        updated = _updated(step.node, step.operand, moved)
        partial = step.partial
        if updated:
            operands = [updated.get(i, parent.data) for i, parent in enumerate(step.node.parents)]
            partial = step.node.op.partials(*operands, step.node.data)[step.operand]
        adjoint[step.parent] = adjoint.get(step.parent, 0.0) + adjoint.get(step.node, 0.0) * partial
    return adjoint


def _updated(node: Value, operand: int, moved: Mapping[Value, float]) -> dict[int, float]:
    """The operands of a node that have moved, by their places, but for the one that is differentiated by."""
    parents = node.parents
    return {i: moved[p] for i, p in enumerate(parents) if p in moved and p is not parents[operand]}


def _through_updated(moved: Mapping[Value, float]) -> Misconception:
    def slope(e: Any) -> Any:
        updated = _updated(e.node, e.operand, moved)
        if not updated:
            return None
        operands = [e.known(updated[i]) if i in updated else x for i, x in enumerate(e.operands)]
        return e.apply(lambda *v: e.op.partials(*v)[e.operand], *operands, e.result)

    return Misconception(
        "weights already updated",
        "the gradient was taken through a weight that had been updated already; all gradients come before any update",
        slope=slope,
    )


def _nodes(loss: Value, given: Mapping[Key, Any] | None, what: str) -> dict[Key, Value]:
    """The nodes of the loss's graph that the keys stand for, each once."""
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(f'{what} must be a dictionary such as {{"w1": "0.5525"}}, not {type(given).__name__}')
    nodes: dict[Key, Value] = {}
    for key in given or ():
        if not isinstance(key, (str, Value)):
            raise TypeError(f"the keys of {what} are labels or Values, not {type(key).__name__}")
        node = find(loss, key)
        if node in nodes.values():
            raise ValueError(f"{_key_text(key)} is given twice, under two spellings")
        nodes[key] = node
    return nodes


def _key_text(key: Key) -> str:
    return as_text(key if isinstance(key, str) else key.label or repr(key))


def _parameters(slopes: Mapping[Value, float], named: Sequence[Value], optimizer: Optimizer | None) -> list[Value]:
    """What moves: the optimiser's parameters; without one, the leaves that are named or look like parameters."""
    if optimizer is not None and not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer is one of nn's, such as nn.SGD(parameters, lr=0.1), not {shown(optimizer)}")
    if optimizer is not None:
        moving = [p for p in optimizer.parameters if p in slopes]
    else:
        moving = [v for v in slopes if v.op is None and (v in named or (v.label or "").startswith(("w", "b")))]
    for value in named:
        if value not in moving:
            raise ValueError(f"{as_text(value.label or 'a value')} is no parameter of this update")
    if not moving:
        raise ValueError("the loss depends on no parameter: name those that move in answers, or label them w… and b…")
    return moving


def _rules(optimizer: Optimizer, parameters: Sequence[Value]) -> dict[Value, Rule]:
    state = dict(zip(optimizer.parameters, optimizer.state, strict=True))
    return {parameter: Rule(optimizer, state[parameter]) for parameter in parameters}


def _points(loss: Value) -> int:
    """Over how many points the loss adds or averages."""
    averaged = loss.op is not None and loss.op.name == "div"
    summed = loss.parents[0] if averaged else loss
    return len(summed.parents) if summed.op is total else 1
