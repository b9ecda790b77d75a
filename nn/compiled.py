"""Training by compiled code: the same epoch as ``backends.eager``, as one program over the parameters.

Nothing is written down twice.  The model, the loss, the penalty and the optimiser's rule are traced as they
are; what one update does to the parameters and the optimiser's state becomes a program that is carried
from point to point, or from batch to batch.
"""

from __future__ import annotations

import itertools
import math
import time
import warnings
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd import Value, compile, grad, trace, value_and_grad

from .backends import Epoch, Task, UnavailableError, eager
from .optimizers import Optimizer, State, clipped

_PATIENCE = 0.1  # seconds of machine code at a time: Ctrl-C and the progress bar wait for no more
_FIRST = 64  # updates before it is known how long they take
_PROBE = (0.3, 0.7, 0.5, 0.1, 3.0)  # a parameter, its gradient, each number of its state, the rate, the update's number


def prepare(task: Task, backend: str, precise: bool = False) -> Epoch:
    """The epoch of ``task`` by generated Python (``"python"``) or machine code (``"llvm"``).

    Machine code may reassociate sums unless ``precise`` is asked for: the last digits then depend on the machine's
    vector width.  Where a number would not be finite, or a float operation raises, the eager epoch takes
    over at the updates concerned, so that errors are the same.

    Raises ``UnavailableError`` where the back end is not installed, or where the model, the loss or the
    optimiser cannot be traced because it branches on numbers.
    """
    try:
        return _Compiled(task, backend, precise).epoch
    except ImportError as error:
        raise UnavailableError(str(error)) from None
    except TypeError as error:
        raise UnavailableError(f"this training run cannot be compiled: {error}") from error


class _Compiled:
    """What is carried: the parameters, and the optimiser's state for each."""

    def __init__(self, task: Task, backend: str, precise: bool) -> None:
        self.task, self.eager = task, eager(task)
        targets = _numbers(task)
        self.rows, self.targets, self.targets_given = _table(task.rows), _table(targets), targets
        self.at_once = _FIRST
        self.loss, self.penalty = _loss_of_point(task), _penalty(task)
        self.changed = False

        point = trace(self.loss, task.rows[0], targets[0]).lifted(task.optimizer.parameters)
        penalty = trace(self.penalty).lifted(task.optimizer.parameters)
        self.traced_loss, self.traced_penalty = point, penalty
        self.probe = (*_PROBE[:2], [_PROBE[2]] * task.optimizer.state_size, *_PROBE[3:])
        self.traced_rule = trace(self._rule, *self.probe)
        slopes = value_and_grad(point, argnums=0)
        step = _step(task, grad(penalty, argnums=0) if task.penalty else None)

        def one(carry: Any, row: Any, target: Any, rate: Any, t: Any) -> Any:
            return step(carry, slopes(carry[0], row, target), 1.0, rate, t)

        def of_batch(carry: Any, row: Any, target: Any) -> Any:
            return slopes(carry[0], row, target)

        self.by_point = compile(one, backend=backend, precise=precise)
        self.by_batch = compile(of_batch, backend=backend, precise=precise).blockwise(step)
        # Traced now, so that what cannot be is known now.
        self.by_point.specialized(self._carry(), task.rows[0], targets[0], 0.0, 1.0)

    def epoch(self, batches: Sequence[Sequence[int]]) -> Iterator[float]:
        start = 0
        self.changed = self.changed or not self._is_as_traced(batches[0][0])
        while start < len(batches):
            chunk = batches[start : start + self.at_once]
            start += len(chunk)
            began = time.perf_counter()
            losses = None if self.changed else self._updates(chunk)
            yield from self.eager(chunk) if losses is None else losses
            spent = time.perf_counter() - began
            self.at_once = max(1, min(4 * self.at_once, int(len(chunk) * _PATIENCE / (spent + 1e-9))))

    def _rule(self, p: Any, g: Any, state: Any, rate: Any, t: Any) -> list[Any]:
        """The optimiser's update, as one list of numbers."""
        moved, left = self.task.optimizer.update(p, g, tuple(state), rate, t)
        return [moved, *left]

    def _is_as_traced(self, i: int) -> bool:
        """Whether the loss of row ``i``, the penalty and the optimiser's rule are still what the programs compute.

        To the last bit.  They are not where one of them keeps state: a mask that is drawn, a factor or a momentum that
        a callback changes, a branch on a parameter's ``data``.  Asked before every epoch, which costs one forward pass.
        """
        parameters, target = [p.data for p in self.task.optimizer.parameters], self.targets_given[i]
        try:
            pairs = [(self.loss(self.task.rows[i], target), self.traced_loss(parameters, self.task.rows[i], target))]
            if self.task.penalty:
                pairs.append((self.penalty(), self.traced_penalty(parameters)))
            pairs += zip(self._rule(*self.probe), self.traced_rule(*self.probe), strict=True)
        except (ArithmeticError, ValueError):
            return True  # the update that comes to it will say so
        if all(_data(now) == then or then != then for now, then in pairs):
            return True
        warnings.warn(
            "the model, the loss, the penalty or the optimiser is no longer what was compiled when the run began (it "
            "looks at something that has changed): the run goes on with the eager back end, as with backend='eager'",
            stacklevel=2,
        )
        return False

    def _updates(self, batches: Sequence[Sequence[int]]) -> list[float] | None:
        """Make the updates and return their losses; or do nothing and return None, where one is in trouble."""
        optimizer = self.task.optimizer
        made = range(optimizer.updates, optimizer.updates + len(batches))
        extras = [array("d", _rates(optimizer, made)), array("d", [t + 1 for t in made])]
        order = array("q", itertools.chain.from_iterable(batches))
        size = self.task.batch_size  # not of these batches: a sum's last digits depend on it, and a run may be resumed
        try:
            if size == 1:
                carry, losses = self.by_point.scan(self._carry(), self.rows, self.targets, order=order, extras=extras)
            else:
                carry, losses = self.by_batch.scan(
                    self._carry(), self.rows, self.targets, order=order, size=size, extras=extras
                )
        except (ArithmeticError, ValueError):
            return None
        parameters, state = carry
        if not all(map(math.isfinite, parameters)) or not all(map(math.isfinite, losses)):
            return None
        _commit(optimizer, parameters, [tuple(one) for one in state], made.stop)
        return list(losses)

    def _carry(self) -> list[Any]:
        optimizer = self.task.optimizer
        return [[p.data for p in optimizer.parameters], [list(one) for one in optimizer.state]]


def _step(task: Task, penalty_slopes: Callable[..., Any] | None) -> Callable[..., Any]:
    """One update, as a function of what is carried and of a batch's loss and gradient, added over its points."""
    optimizer, mean = task.optimizer, task.loss.mean

    def step(carry: Any, sums: Any, count: Any, rate: Any, t: Any) -> Any:
        (parameters, state), (loss, gradients) = carry, sums
        if mean:
            gradients = [g / count for g in gradients]
        if penalty_slopes:
            gradients = [g + h for g, h in zip(gradients, penalty_slopes(parameters), strict=True)]
        if task.clip:
            gradients = clipped(gradients, task.clip)
        moved = [
            optimizer.update(p, g, tuple(s), rate, t) for p, g, s in zip(parameters, gradients, state, strict=True)
        ]
        return ([[p for p, _ in moved], [list(s) for _, s in moved]], loss / count)

    return step


def _loss_of_point(task: Task) -> Callable[[Any, Any], Any]:
    return lambda row, target: task.loss(task.model(row), target)


def _penalty(task: Task) -> Callable[[], Any]:
    penalty = task.penalty
    return (lambda: penalty(task.model.weights())) if penalty else (lambda: 0.0)


def _data(x: Any) -> float:
    return x.data if isinstance(x, Value) else x


def _commit(optimizer: Optimizer, parameters: list[float], state: list[State], updates: int) -> None:
    """Set the optimiser and its parameters, all or nothing."""

    def commit() -> None:
        for p, data in zip(optimizer.parameters, parameters, strict=True):
            p.data = data
        optimizer.state, optimizer.updates = state, updates

    try:
        commit()
    except KeyboardInterrupt:
        commit()
        raise


def _rates(optimizer: Optimizer, made: range) -> list[float]:
    """The learning rates of the updates behind ``made`` earlier ones."""
    return [optimizer.rate(n) for n in made]


def _numbers(task: Task) -> list[Any]:
    """The targets as numbers, or as one list of numbers each: a class becomes the probability of each class."""
    if not task.loss.wide:
        return list(task.targets)
    width = len(task.model(task.rows[0]))
    return [task.loss.checked(target, width) for target in task.targets]


def _table(rows: Sequence[Any]) -> Any:
    """Numbers, or lists of equally many, in one block of memory, row after row."""
    if not isinstance(rows[0], (list, tuple)):
        return array("d", rows)
    flat = array("d", itertools.chain.from_iterable(rows))
    return memoryview(flat).cast("B").cast("d", (len(rows), len(rows[0])))
