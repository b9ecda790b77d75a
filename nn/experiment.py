"""The main job: a table in, a trained network and what there is to say about it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd import sigmoid

from .backends import demand_installed
from .data import DataError, Table, split
from .history import History
from .layers import MLP
from .losses import find_loss
from .refusal import count
from .regression import LinearRegression, Score
from .schedules import CosineDecay, Schedule
from .training import fit

_ENOUGH = 2000  # updates, for the default number of epochs


@dataclass(frozen=True)
class Part:
    """Some rows of the data, what the network predicts for them, and how good that is."""

    rows: list[list[float]]
    targets: list[float]
    predictions: list[float]
    score: Score
    linear: Score  # of linear regression, fitted to the rows trained on


@dataclass(frozen=True)
class Outcome:
    """Everything about one training run: what a report, in text or otherwise, is written from."""

    source: str
    table: Table
    features: list[str]
    target: str
    model: MLP
    history: History
    choices: dict[str, Any]  # what `fit` was given
    trained: Part
    held_out: Part | None


def run(
    source: str,
    table: Table,
    target: str,
    layers: Sequence[int] | None,
    *,
    activation: str,
    output: str,
    bias: bool,
    init: str,
    seed: int,
    test_fraction: float | None,
    epochs: int | None,
    lr: float,
    schedule: str,
    batch_size: int | None,
    announce: Callable[[], None] = lambda: None,
    **choices: Any,
) -> Outcome:
    """Train a network to predict the column ``target`` from the others, and test it on rows held out.

    ``layers`` are the sizes of the network, a hidden layer of 2 units by default.  ``epochs`` is as many as make
    2000 updates by default, and at least 200.  ``announce`` is called before training starts, once nothing that was
    asked for is refused any more.  Everything else goes to ``fit``.
    """
    if target not in table.columns:
        table.column(target)  # raises
    features = [name for name in table.columns if name != target]
    if not features:
        raise DataError(f"{source} has only the column {target!r}: there is nothing to predict it from")
    sizes = list(layers or [len(features), 2, 1])
    if sizes[0] != len(features):
        raise DataError(
            f"the first of the layers is {sizes[0]}, but there are {len(features)} inputs ({', '.join(features)}): "
            f"use --layers {'-'.join(map(str, [len(features), *sizes[1:]]))}, or choose columns with --features"
        )
    if sizes[-1] != 1:
        raise DataError(f"the last of the layers is {sizes[-1]}, but there is one target: it should be 1")
    rows, targets = table.select(features), table.column(target)
    demand_installed(choices["backend"])
    _demand_targets(source, table, target, choices["loss"])
    kept, held = split(len(rows), test_fraction, seed) if test_fraction else (list(range(len(rows))), [])
    per_epoch = 1 if batch_size is None else -(-len(kept) // batch_size)
    epochs = max(200, -(-_ENOUGH // per_epoch)) if epochs is None else count("epochs", epochs)
    rate: float | Schedule = CosineDecay(lr, epochs * per_epoch) if schedule == "cosine" else lr
    model = MLP(sizes, activation, output, bias, init, seed)
    model.columns = (*features, target)
    choices = {"lr": rate, "epochs": epochs, "batch_size": batch_size, "seed": seed, **choices}
    trained = [rows[i] for i in kept], [targets[i] for i in kept]
    fit(
        model, *trained, **{**choices, "epochs": 0, "backend": "eager", "progress": False}
    )  # what it refuses, it does now
    announce()
    history = fit(model, *trained, **choices)

    line = LinearRegression.of(*trained)

    def part(chosen: list[int]) -> Part:
        some, wanted = [rows[i] for i in chosen], [targets[i] for i in chosen]
        predicted = model.predict(some)
        if choices["loss"].endswith("with_logits"):  # the model gives scores
            predicted = [sigmoid(p) for p in predicted]
        return Part(some, wanted, predicted, Score.of(predicted, wanted), Score.of(line.predict(some), wanted))

    return Outcome(source, table, features, target, model, history, choices, part(kept), part(held) if held else None)


def _demand_targets(source: str, table: Table, target: str, loss: str) -> None:
    """Refuse a target that the loss does not know by its line: ``fit`` knows only the rows it is given."""
    known = find_loss(loss)
    for y, line in zip(table.column(target), table.lines, strict=False):
        try:
            if not known.wide:
                known.checked(y, 1)
        except ValueError as error:
            raise DataError(f"{source}, line {line}, column {target[:40]!r}: {error}") from None
