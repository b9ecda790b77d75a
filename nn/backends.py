"""Who computes an epoch.  One contract, so that every back end trains the same model in the same way."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, TypeAlias

from autograd import Value

from .losses import Loss
from .module import Module
from .naming import unknown
from .optimizers import NotFiniteError, Optimizer, clipped
from .refusal import shown


@dataclass(frozen=True)
class Task:
    """What a back end needs to know.  Rows and targets are checked: finite floats, in the model's own units.

    model      its parameters are read and written (``Value.data``)
    rows       one list of inputs a point
    targets    one number a point, or one list where the output is wide
    loss       ``loss(predictions, targets)`` of a batch is what an update descends …
    penalty    … plus ``penalty(model.weights())``, if there is one
    clip       the largest norm of the gradient, if there is one: see ``optimizers.clipped``
    optimizer  ``optimizer.update`` is the rule, ``rate()`` the next update's learning rate; ``state`` and
               ``updates`` are read and written
    batch_size points an update; the last batch of an epoch may have fewer
    """

    model: Module
    rows: Sequence[list[float]]
    targets: Sequence[Any]
    loss: Loss
    penalty: Callable[[list[Value]], Any] | None
    clip: float | None
    optimizer: Optimizer
    batch_size: int


Epoch: TypeAlias = Callable[[Sequence[Sequence[int]]], Iterator[float]]
"""Given the batches of an epoch, or of the rest of one, make one update for each.  Yield, for every update in
order, the batch's loss averaged over its points, once the update is complete.  Raise ``NotFiniteError``, with the model
as the last complete update left it, where a loss or a parameter would not be a finite number."""


class UnavailableError(RuntimeError):
    """A back end cannot do this task, or is not installed; the message says which."""


def eager(task: Task) -> Epoch:
    """Forward, backward and update on the graph of Values itself."""
    model, optimizer, loss_of = task.model, task.optimizer, task.loss
    weights = model.weights() if task.penalty else []

    def epoch(batches: Sequence[Sequence[int]]) -> Iterator[float]:
        for batch in batches:
            optimizer.zero_grad()
            loss = loss_of([model(task.rows[i]) for i in batch], [task.targets[i] for i in batch])
            if not isinstance(loss, Value):
                raise TypeError(f"the loss does not depend on the model's parameters: it is {shown(loss)}")
            if not math.isfinite(loss.data):
                raise NotFiniteError(f"the loss is {loss.data}{_where(loss)}")
            objective = loss + _number(task.penalty(weights)) if task.penalty else loss
            objective.backward()
            gradients = [p.grad for p in optimizer.parameters]
            optimizer.move(clipped(gradients, task.clip) if task.clip else gradients)
            yield loss.data if loss_of.mean else loss.data / len(batch)

    return epoch


def _where(loss: Value) -> str:
    """The first node below ``loss`` that became infinite or NaN, from which the others follow."""
    from autograd import locate  # with all that explains: not for a training run that goes well

    first = locate(loss).first
    return f": {first}" if first and first.kind in ("infinite", "nan") else ""


def _number(penalty: Any) -> Any:
    if not isinstance(penalty, (Value, Real)):
        raise TypeError(f"the penalty gave {shown(penalty)}: it has to give a Value, computed from the weights")
    return penalty


BACKENDS = ("auto", "eager", "python", "llvm")


def prepare(task: Task, backend: str) -> tuple[str, Epoch]:
    """The back end of that name, or for "auto" the fastest that can do the task; and what it is called."""
    if not isinstance(backend, str) or backend not in BACKENDS:
        raise unknown("backend", backend, BACKENDS)
    if backend == "eager":
        return backend, eager(task)
    for name in ("llvm", "python") if backend == "auto" else (backend,):
        try:
            return name, _compiled(task, name)
        except UnavailableError:
            if backend != "auto":
                raise
    return "eager", eager(task)


def demand_installed(backend: str) -> None:
    """Refuse machine code where nothing makes it, before there is anything to compile."""
    if backend == "llvm":
        from autograd import compile  # not in ``import nn``

        try:
            compile(float, backend=backend)
        except ImportError as error:
            raise UnavailableError(str(error)) from None


def _compiled(task: Task, name: str) -> Epoch:
    """The epoch made by ``nn.compiled.prepare(task, name)``."""
    try:
        compiled = importlib.import_module(f"{__package__}.compiled")
    except ModuleNotFoundError as error:
        raise UnavailableError(f"no back end {name!r} here ({error.name} is missing); use 'eager'") from None
    epoch: Epoch = compiled.prepare(task, name)
    return epoch
