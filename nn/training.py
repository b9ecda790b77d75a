"""fit: gradient descent over epochs of batches, until it has converged, run its course or been stopped."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any, NamedTuple

from autograd import Value

from . import data
from .backends import Epoch, Task, prepare
from .data import DataError, Scaling, Standardizer
from .fingerprint import fingerprint
from .history import History
from .lifting import on_floats
from .losses import Loss, find_loss
from .module import Module
from .optimizers import NotFiniteError, Optimizer, find_optimizer
from .penalties import Penalty, find_penalty
from .refusal import count, demand, ends_at_caller, flag, positive, shown
from .schedules import Schedule
from .untrained import demand_trainable
from .watching import Interrupt, Progress


class DivergenceError(ArithmeticError):
    """Training left the finite numbers.  ``history`` is the record up to there."""

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history


@ends_at_caller
def fit(
    model: Module,
    X: Any,  # noqa: N803  # the name that the field gives it
    y: Any,
    *,
    loss: str | Callable[[Any, Any], Any] = "mean_squared_error",
    optimizer: str | Optimizer = "sgd",
    lr: float | Schedule | None = None,
    epochs: int = 100,
    batch_size: int | str | None = 1,
    shuffle: bool = True,
    seed: int = 0,
    penalty: Any = None,
    clip: float | None = None,
    tolerance: float | None = None,
    validation: float | tuple[Any, Any] | None = None,
    patience: int | None = None,
    standardize: bool = False,
    backend: str = "auto",
    progress: bool | None = None,
    callback: Callable[[History], Any] | None = None,
    resume: History | None = None,
) -> History:
    """Train ``model`` on rows ``X`` and targets ``y``, in place, and return the record of the run.

    model        an MLP, or any Module
    X            one list of numbers a row
    y            one target a row: a number; a list where the output is wide; a class, from 0, for cross-entropy
    loss         a name, a loss of ``nn``, or a function of a prediction and its target, averaged over a batch
    optimizer    "sgd", "rmsprop", "adam", "adamw", or an optimiser made with the model's parameters
    lr           the learning rate, or a schedule (a function of the number of updates made); None: the default
    epochs       how many times to go through the data; with ``resume``, the earlier epochs count
    batch_size   points an update: 1 is stochastic gradient descent, "all" (or None) batch gradient descent
    shuffle      visit the points in random order, drawn afresh every epoch from ``seed``
    penalty      added to the loss once an update, on weights only: ``0.01 * nn.l2``, or a function of the weights
    clip         the largest norm of the gradient; a longer one is scaled down
    tolerance    stop as converged when no parameter has changed by more than this over an epoch
    validation   a fraction of the rows to hold out, or a pair of rows and targets
    patience     stop when the validation loss has not improved for so many epochs; the model then keeps the
                 parameters of the best epoch
    standardize  bring every input to mean 0 and deviation 1, and the targets of a regression too; the scaling
                 stays with the model, and ``fit`` and ``predict`` apply it from then on
    backend      "eager", "python", "llvm", or "auto": the fastest installed, however short the run, so that the first
                 epochs of a run are those of a shorter one to the last digit.  But "eager", all ask before every epoch
                 whether model, loss, penalty and optimiser still are what was compiled, and warn and go on eagerly if
                 not; what one of them counts or draws within an epoch, they do not see
    progress     show a progress bar: always, never, or (None) on a run of more than a second
    callback     called with the History after every epoch
    resume       the History of an earlier run of this model on these data, to go on exactly where it stopped.  It is
                 refused where rows, targets, batches, seed, loss, penalty, clip, standardising, the optimiser's numbers
                 or the parameters that it moves are others (functions are compared by name, code, defaults and the
                 numbers they close over, under another version of Python by name).  What may change: how long to
                 train, when to stop, and the rate; a schedule goes on with the updates made so far

    Ctrl-C stops after the update in progress, and the History says so.  Raises ``DivergenceError`` where the loss
    or a parameter would be infinite or NaN, ``DataError`` for unusable data, ``ValueError`` for unusable choices.
    After an error the model is as it was before.  Warns where the loss depends on Values that are no parameters, and
    raises ``TypeError`` where an attribute of the model is a Value computed before.

    >>> from nn import MLP, fit
    >>> line = MLP([1, 1], init="ones")
    >>> history = fit(line, [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], lr=0.1, epochs=200)
    >>> history.epochs, history.iterations, history.stopped
    (200, 600, 'epochs')
    >>> [round(p.data, 6) for p in line.parameters()]
    [2.0, 1.0]
    """
    if not isinstance(model, Module):
        raise TypeError(f"fit trains a Module, such as nn.MLP([2, 2, 1]), not {shown(model)}")
    if callback is not None and not callable(callback):
        raise TypeError(f"a callback is a function of the History, not {shown(callback)}")
    chosen_loss = _loss(loss)
    chosen_optimizer = _optimizer(optimizer, lr, model)
    _suit(chosen_loss, model)
    rows, targets = data.matrix(X), _targets(y, "y")
    _equal(rows, targets, "X", "y")
    held_rows, held_targets = [], []
    if isinstance(validation, (tuple, list)):
        if len(validation) != 2:
            raise ValueError(f"validation is a fraction, or a pair of rows and targets, not {shown(validation)}")
        held_rows, held_targets = data.matrix(validation[0], "validation X"), _targets(validation[1], "validation y")
        _equal(held_rows, held_targets, "validation X", "validation y")
    elif validation is not None:
        kept, held = data.split(len(rows), validation, seed)
        held_rows, held_targets = [rows[i] for i in held], [targets[i] for i in held]
        rows, targets = [rows[i] for i in kept], [targets[i] for i in kept]
    scaling = model.scaling or (_scaling(rows, targets, chosen_loss) if flag("standardize", standardize) else None)
    rows, targets = _in_units_of(model, scaling, chosen_loss, rows, targets, "X", "y")
    held_rows, held_targets = _in_units_of(
        model, scaling, chosen_loss, held_rows, held_targets, "validation X", "validation y"
    )
    if patience is not None and not held_rows:
        raise ValueError("patience needs something to validate on: validation=0.2, or a pair of rows and targets")
    points = _points(batch_size, len(rows))
    run = _Run(
        Task(
            model,
            rows,
            targets,
            chosen_loss,
            find_penalty(penalty),
            None if clip is None else positive("clip", clip),
            chosen_optimizer,
            points,
        ),
        scaling,
        held_rows,
        held_targets,
        epochs=count("epochs", epochs),
        batch_size=points,
        shuffle=flag("shuffle", shuffle),
        seed=_seed(seed),
        tolerance=None if tolerance is None else demand("tolerance", tolerance, 0.0),
        patience=None if patience is None else count("patience", patience, 1),
        callback=callback,
    )
    demand_trainable(run.task)
    return run.train(backend, None if progress is None else flag("progress", progress), resume)


# ---- The loop ----------------------------------------------------------------------------------------


class _Mark(NamedTuple):
    """A moment of a run, to return to.  Lists that training lengthens are remembered by their length."""

    numbers: list[float]
    state: list[Any]
    updates: int
    position: int
    sum: float
    points: int
    start: list[float]
    best: list[float]
    epochs: int
    iterations: int
    validations: int
    best_epoch: int | None
    stopped: str
    reason: str


def _whole(step: Callable[[], None]) -> None:
    """Take a last step before ``fit`` ends; Ctrl-C, which asks for no more than that, makes it start again."""
    try:
        step()
    except KeyboardInterrupt:
        step()


@dataclass
class _Run:
    """A run under way: what was chosen, and how far it has come."""

    task: Task
    scaling: Scaling | None
    held_rows: Sequence[list[float]]
    held_targets: Sequence[Any]
    epochs: int
    batch_size: int
    shuffle: bool
    seed: int
    tolerance: float | None
    patience: int | None
    callback: Callable[[History], Any] | None

    history: History = field(default_factory=History)
    position: int = 0  # updates made in the epoch under way
    sum: float = 0.0  # of its points' losses so far
    points: int = 0
    start: list[float] = field(default_factory=list)  # the parameters when it began
    best: list[float] = field(default_factory=list)  # the parameters of the best epoch

    what: dict[str, Any] = field(init=False)  # what makes it this run and no other, as plain data
    trained: list[Value] = field(init=False)

    mark: _Mark | None = None  # the latest moment at which model, optimiser and record agreed

    def __post_init__(self) -> None:
        task = self.task
        self.trained = [*task.optimizer.parameters]
        self.what = {
            "rows": len(task.rows),
            "batch_size": self.batch_size,
            "seed": self.seed,
            "shuffle": self.shuffle,
            "loss": task.loss.name,
            "penalty": None if task.penalty is None else _named(task.penalty),
            "clip": task.clip,
            "standardize": self.scaling is not None,
            "hyperparameters": ", ".join(f"{k}={shown(x)}" for k, x in task.optimizer.hyperparameters().items()),
            "trained": _places(self.trained, task.model),
            "data": data.digest(task.rows, task.targets),
            "functions": fingerprint(task.loss.point, task.penalty),
        }

    def train(self, backend: str, progress: bool | None, resume: History | None) -> History:
        model, optimizer = self.task.model, self.task.optimizer
        before = self._numbers(), optimizer.state, optimizer.updates, model.scaling
        gradients = [(p, p.grad) for p in model.parameters()]
        finished = False

        def undo() -> None:
            optimizer.parameters = [*self.trained]
            self._set(before[0])
            optimizer.state, optimizer.updates, model.scaling = before[1:]
            for p, grad in gradients:
                p.grad = grad

        try:
            model.scaling = self.scaling
            self.history.iterations_per_epoch = -(-len(self.task.rows) // self.batch_size)
            self.start = self._numbers()
            if resume is not None:
                self._take_up(resume)
            history = self.history
            history.backend, run_epoch = prepare(self.task, backend)
            all_updates = self.epochs * history.iterations_per_epoch
            with Interrupt() as interrupt, Progress(progress, all_updates, history.iterations) as bar:
                self._loop(run_epoch, interrupt, bar)
                _whole(self._finish)
                finished = True
        except BaseException as error:
            if not finished:
                _whole(undo)
            if isinstance(error, (NotFiniteError, OverflowError)):
                raise DivergenceError(self._advice(error), self.history) from None
            raise
        return history

    def _finish(self) -> None:
        """Leave the model where the record says it is, whatever was under way."""
        history, mark = self.history, self.mark
        assert mark is not None
        self._return_to(mark)
        history.state = self._state()
        if self.best and history.stopped != "interrupted":
            self._set(self.best)
        self.task.model.zero_grad()

    def _loop(self, run_epoch: Epoch, interrupt: Interrupt, bar: Progress) -> None:
        history = self.history
        history.stopped = history.reason = ""
        self.mark = self._mark()
        try:
            while not history.stopped:
                if history.epochs >= self.epochs:
                    self._stop("epochs", self._all_done())
                    self.mark = self._mark()
                else:
                    self._epoch(run_epoch, interrupt, bar)
        except KeyboardInterrupt:
            _whole(self._note_interrupt)

    def _all_done(self) -> str:
        done = self.history.epochs
        if done > self.epochs:
            return f"{done} epochs were done before, and epochs={self.epochs} asks for no more"
        return f"all {done} epochs are done"

    def _note_interrupt(self) -> None:
        history, mark = self.history, self.mark
        assert mark is not None
        self._return_to(mark)
        if history.stopped:  # it came when all was done
            return
        reason = (
            f"interrupted after {history.epochs} epochs and {self.position} of {history.iterations_per_epoch} "
            "iterations of the next; the model is as the last complete one left it"
        )
        self.mark = mark._replace(stopped="interrupted", reason=reason)

    def _epoch(self, run_epoch: Epoch, interrupt: Interrupt, bar: Progress) -> None:
        history, optimizer = self.history, self.task.optimizer
        order = data.order(len(self.task.rows), self.seed, history.epochs + 1, self.shuffle)
        batches = data.batches(order, self.batch_size)
        if self.position == 0:
            self.start, self.sum, self.points = self._numbers(), 0.0, 0
        made = optimizer.updates
        for batch, loss in zip(batches[self.position :], run_epoch(batches[self.position :]), strict=True):
            made += 1
            self.position += 1
            self.sum += loss * len(batch)
            self.points += len(batch)
            history.iteration_loss.append(loss)
            history.iterations += 1
            bar.advance()
            # A back end may be ahead of what it has reported; stop where the two agree.
            if optimizer.updates == made and self.position < len(batches):
                self.mark = self._mark()
                if interrupt.pending:
                    raise KeyboardInterrupt
        self.position = 0
        history.epochs += 1
        history.loss.append(self.sum / self.points)
        history.change.append(max(abs(a - b) for a, b in zip(self._numbers(), self.start, strict=True)))
        bar.note(epoch=str(history.epochs), loss=f"{history.loss[-1]:.4g}")
        self._validate()
        self._judge()
        self.mark = self._mark()
        if self.callback is not None:
            history.state = self._state()
            self.callback(history)
            if [*map(id, optimizer.parameters)] != [*map(id, self.trained)]:
                raise ValueError(
                    "the optimiser's parameters are no longer those that the run began with: a callback may change "
                    "their data, but not which they are; for other parameters, make another optimiser and another run"
                )
        if interrupt.pending and not history.stopped:
            raise KeyboardInterrupt

    def _validate(self) -> None:
        if not self.held_rows:
            return
        history, loss = self.history, self.task.loss
        predictions = self.task.model._forward(self.held_rows)
        losses = [loss(p, y) for p, y in zip(predictions, self.held_targets, strict=True)]
        validation_loss = math.fsum(losses) / len(losses)
        history.validation_loss.append(validation_loss)
        if history.best_epoch is None or validation_loss < history.validation_loss[history.best_epoch - 1]:
            history.best_epoch = history.epochs
            if self.patience is not None:
                self.best = self._numbers()

    def _judge(self) -> None:
        """Stop, if the epoch just completed says so."""
        history = self.history
        if self.tolerance is not None and history.change[-1] <= self.tolerance:
            self._stop(
                "converged", f"converged: no parameter moved by more than {self.tolerance:g} in epoch {history.epochs}"
            )
        elif self.patience is not None and history.epochs - (history.best_epoch or 0) >= self.patience:
            self._stop(
                "early stopping",
                f"the validation loss has not improved for {self.patience} epochs; "
                f"the model keeps the parameters of epoch {history.best_epoch}",
            )

    def _stop(self, stopped: str, reason: str) -> None:
        self.history.stopped, self.history.reason = stopped, reason

    # ---- Where it is ----

    def _mark(self) -> _Mark:
        history, optimizer = self.history, self.task.optimizer
        return _Mark(
            self._numbers(), optimizer.state, optimizer.updates,
            self.position, self.sum, self.points, self.start, self.best,
            history.epochs, history.iterations, len(history.validation_loss), history.best_epoch,
            history.stopped, history.reason,
        )  # fmt: skip

    def _return_to(self, mark: _Mark) -> None:
        """Forget what has happened since; doing it twice, or twice in part, is as good as once."""
        history, optimizer = self.history, self.task.optimizer
        self._set(mark.numbers)
        optimizer.state, optimizer.updates = mark.state, mark.updates
        self.position, self.sum, self.points = mark.position, mark.sum, mark.points
        self.start, self.best = mark.start, mark.best
        history.epochs, history.iterations, history.best_epoch = mark.epochs, mark.iterations, mark.best_epoch
        del history.loss[mark.epochs :], history.change[mark.epochs :]
        del history.iteration_loss[mark.iterations :], history.validation_loss[mark.validations :]
        history.stopped, history.reason = mark.stopped, mark.reason

    def _numbers(self) -> list[float]:
        return [p.data for p in self.trained]

    def _set(self, numbers: Sequence[float]) -> None:
        for p, x in zip(self.trained, numbers, strict=True):
            p.data = x

    def _state(self) -> dict[str, Any]:
        """All that the rest of the run depends on, but for the model's shape, the data and the choices."""
        return {
            "parameters": self._numbers(),
            "optimizer": self.task.optimizer.state_dict(),
            "position": self.position,
            "sum": self.sum,
            "points": self.points,
            "start": list(self.start),
            "best": list(self.best),
            "of": dict(self.what),
        }

    def _take_up(self, earlier: History) -> None:
        """Be where ``earlier`` stopped; ``ValueError``, and no change, where it is not of this run."""
        if not isinstance(earlier, History):
            raise ValueError(f"resume takes the History of an earlier fit, not {shown(earlier)}")
        try:
            history = History.from_dict(copy.deepcopy(earlier.to_dict()))
            state = history.state
            lists = {name: [float(x) for x in state[name]] for name in ("parameters", "start", "best")}
            position, total, points = int(state["position"]), float(state["sum"]), int(state["points"])
            theirs = {name: state["of"][name] for name in self.what}
            optimizer = state["optimizer"]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"resume takes the History of an earlier fit; this one cannot be resumed ({error})"
            ) from None
        mine = self._state()
        told = [name for name in self.what if name not in ("data", "functions")]
        if other := [name for name in told if theirs[name] != self.what[name]]:
            raise ValueError(
                f"the earlier run cannot be resumed as another one: it had {_listed(theirs, other)}; "
                f"this one has {_listed(self.what, other)}"
            )
        if theirs["data"] != self.what["data"]:
            raise ValueError("the earlier run cannot be resumed as another one: it had other rows or targets")
        version, functions = self.what["functions"]
        if version in theirs["functions"] and functions not in theirs["functions"]:
            raise ValueError(
                "the earlier run cannot be resumed as another one: its loss or its penalty was another function of "
                "the same name"
            )
        count = len(mine["parameters"])
        if {len(lists["parameters"]), len(lists["start"]), len(lists["best"]) or count} != {count}:
            raise ValueError(f"the earlier run's model had {len(lists['parameters'])} parameters; this one has {count}")
        if not all(math.isfinite(x) for numbers in lists.values() for x in numbers):
            raise ValueError("the earlier run's parameters are not finite numbers")
        if not 0 <= position < history.iterations_per_epoch or len(history.loss) != history.epochs:
            raise ValueError("the earlier run's counts do not fit together")
        self.task.optimizer.load_state_dict(optimizer)
        self.history, self.position, self.sum, self.points = history, position, total, points
        self.start, self.best = lists["start"], lists["best"]
        self._set(lists["parameters"])

    def _advice(self, error: BaseException) -> str:
        history = self.history
        rate = self.task.optimizer.rate()
        # A tenth of a rate that is absurd is absurd, too.
        tries = [f"a smaller rate, such as lr={rate / 10 if rate <= 100.0 else 0.1:g}"]
        if self.scaling is None:
            tries.append("standardised data (standardize=True)")
        if self.task.clip is None:
            tries.append("a limit on the gradient (clip=1.0)")
        listed = ", or ".join([", ".join(tries[:-1]), tries[-1]] if len(tries) > 1 else tries)
        return (
            f"training diverged in epoch {history.epochs + 1}, iteration {self.position + 1} of "
            f"{history.iterations_per_epoch}, at learning rate {rate:g}: {error}. Try {listed}. "
            "The model is as it was before"
        )


# ---- What was asked for --------------------------------------------------------------------------------


def _loss(loss: Any) -> Loss:
    if isinstance(loss, Loss):
        return loss
    if isinstance(loss, str):
        return find_loss(loss)
    if not callable(loss):
        raise TypeError(f"a loss is a name or a function of a prediction and its target, not {shown(loss)}")
    return Loss(getattr(loss, "__name__", shown(loss)), "given by the caller", on_floats(loss), mean=True)


def _optimizer(optimizer: Any, lr: Any, model: Module) -> Optimizer:
    if isinstance(optimizer, str):
        make, parameters = find_optimizer(optimizer), model.parameters()
        if not parameters:
            raise ValueError(
                "the model has no parameters: one is an attribute that is a leaf, such as Value(0.1 * g), also in a "
                "list, a tuple or a dictionary"
            )
        return make(parameters) if lr is None else make(parameters, lr=lr)
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"an optimiser is a name, or one of nn's made with model.parameters(), not {shown(optimizer)}")
    if lr is not None:
        raise ValueError(f"the optimiser has a learning rate already ({optimizer!r}); give lr only with its name")
    if not set(optimizer.parameters) <= set(model.parameters()):
        raise ValueError("the optimiser was made with parameters that are not this model's")
    return optimizer


def _suit(loss: Loss, model: Module) -> None:
    """Refuse a loss that takes probabilities of a model that gives scores, and the reverse."""
    output = getattr(getattr(model, "output", None), "name", None)
    squashed = output in ("sigmoid", "softmax")
    if loss.suits == "score" and squashed:
        raise ValueError(
            f"{loss.name} takes scores, but the model's output is already squashed by {output}: "
            f"use output='linear', or {_COUNTERPARTS.get(loss.name.removeprefix('mean_'), 'another loss')}"
        )
    if loss.suits == "probability" and output in ("linear", "tanh", "relu", "leaky_relu", "softplus", "elu", "silu"):
        raise ValueError(
            f"{loss.name} takes probabilities, but the model's output is {output}: use "
            f"output='{'softmax' if loss.wide else 'sigmoid'}', or {_COUNTERPARTS[loss.name.removeprefix('mean_')]}"
        )


_COUNTERPARTS = {
    "binary_cross_entropy": "binary_cross_entropy_with_logits",
    "binary_cross_entropy_with_logits": "binary_cross_entropy",
    "categorical_cross_entropy": "cross_entropy",
    "cross_entropy": "categorical_cross_entropy",
}


def _targets(y: Any, what: str) -> list[Any]:
    """One number a point, or one list of numbers a point."""
    wide = data.entries(y, what)
    for i, target in enumerate(wide, 1):
        if isinstance(target, str):
            raise DataError(f"{what}, row {i}: {shown(target)} is not a number; a class is given by its number, from 0")
    return data.matrix(wide, what) if hasattr(wide[0], "__len__") else data.vector(wide, what)


def _equal(rows: Sequence[Any], targets: Sequence[Any], of_rows: str, of_targets: str) -> None:
    if len(rows) != len(targets):
        raise DataError(f"{of_rows} has {len(rows)} rows, but {of_targets} has {len(targets)} targets")


def _scaling(rows: list[list[float]], targets: list[Any], loss: Loss) -> Scaling:
    if loss.suits != "any":
        return Scaling(Standardizer.of(rows))
    return Scaling(Standardizer.of(rows), Standardizer.of([y if isinstance(y, list) else [y] for y in targets]))


def _in_units_of(
    model: Module,
    scaling: Scaling | None,
    loss: Loss,
    rows: list[list[float]],
    targets: list[Any],
    of_rows: str,
    of_targets: str,
) -> tuple[list[list[float]], list[Any]]:
    """Rows and targets as the model itself sees them, checked against its shape and against the loss."""
    if not rows:
        return [], []
    if scaling:
        rows = scaling.scale_rows(rows)
    try:
        (probe,) = model._forward(rows[:1])
    except ValueError as error:
        raise DataError(f"{of_rows}: {error}") from None
    width = len(probe) if isinstance(probe, list) else 1
    if width == 1 and isinstance(targets[0], list) and len(targets[0]) == 1:
        targets = [target for (target,) in targets]
    if scaling:
        targets = scaling.scale_targets(targets)
    return rows, [_target(loss, target, width, f"{of_targets}, row {i}") for i, target in enumerate(targets, 1)]


def _target(loss: Loss, target: Any, width: int, where: str) -> Any:
    try:
        if loss.wide or (width == 1 and not isinstance(target, list)):
            return loss.checked(target, width)
        if not isinstance(target, list) or len(target) != width:
            raise ValueError(f"the model gives {width} number(s), but the target is {target!r}")
        return [loss.checked(y, 1) for y in target]
    except ValueError as error:
        raise DataError(f"{where}: {error}") from None


def _points(batch_size: Any, rows: int) -> int:
    if batch_size is None or (isinstance(batch_size, str) and batch_size == "all"):
        return rows
    return count("batch_size", batch_size, 1, ', or "all"')


def _seed(seed: Any) -> int:
    if not isinstance(seed, Integral) or isinstance(seed, bool):
        raise ValueError(f"a seed is a whole number, not {shown(seed)}")
    return int(seed)


def _named(penalty: Any) -> str:
    """A penalty in words that tell it from others: all digits of its strengths, or a function's name."""
    if isinstance(penalty, Penalty):
        return " + ".join(f"{strength!r}*{name}" for name, strength in penalty.terms)
    return str(getattr(penalty, "__name__", shown(penalty)))


def _places(trained: Sequence[Value], model: Module) -> str | list[int]:
    """Which of the model's parameters an optimiser moves, in its order."""
    place = {p: i for i, p in enumerate(model.parameters())}
    places = [place[p] for p in trained]
    return "all parameters" if places == [*range(len(place))] else places


def _listed(what: dict[str, Any], names: Sequence[str]) -> str:
    return ", ".join(f"{name} {_text(what[name])}" for name in names)


def _text(x: Any) -> str:
    return x if isinstance(x, str) and len(x) <= 60 else shown(x)
