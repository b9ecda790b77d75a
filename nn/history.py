"""What a training run did: its losses, its counts, why it stopped, and where it can be taken up again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from .refusal import ends_at_caller


@dataclass
class History:
    """The record of a training run.

    loss             of every epoch: the mean over its points of each one's loss, as it was when its turn came
                     (the running mean), without penalties
    iteration_loss   of every iteration: the same over its batch
    validation_loss  of every epoch, if there was something to validate on: the mean over those points
    change           of every epoch: the largest change of a parameter
    epochs           how many epochs were completed
    iterations       how many updates were made
    iterations_per_epoch
    stopped          why it ended: "epochs", "converged", "early stopping" or "interrupted"
    reason           the same as a sentence
    best_epoch       the epoch with the lowest validation loss
    backend          what computed it, but for epochs of which a warning said that they are computed eagerly
    state            what ``fit(resume=…)`` goes on from: plain data
    """

    loss: list[float] = field(default_factory=list)
    iteration_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    change: list[float] = field(default_factory=list)
    epochs: int = 0
    iterations: int = 0
    iterations_per_epoch: int = 0
    stopped: str = ""
    reason: str = ""
    best_epoch: int | None = None
    backend: str = ""
    state: dict[str, Any] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        last = f"loss {self.loss[0]:.4g} → {self.loss[-1]:.4g}" if self.loss else "no epoch completed"
        return f"History({self.epochs} epochs, {self.iterations} iterations, {last}; {self.reason})"

    def curve(self, width: int = 60, height: int = 10) -> str:
        """The loss per epoch as a picture in text; the validation loss, if there is one, as circles.

        >>> print(History(loss=[4.0, 2.0, 1.0, 0.5]).curve(width=4, height=4))
          4 ┤•
            │ •
            │  •
        0.5 ┤   •
            └────
             1  4   epoch (loss on a logarithmic scale)
        """
        return _curve({"•": self.loss, "○": self.validation_loss}, width, height)

    def to_dict(self) -> dict[str, Any]:
        """The record as plain data, for JSON."""
        return asdict(self)

    @classmethod
    @ends_at_caller
    def from_dict(cls, data: Any) -> History:
        """The record that :meth:`to_dict` made; ``ValueError`` for anything else."""
        if not isinstance(data, dict) or set(data) != {f.name for f in fields(cls)}:
            raise ValueError("this is no record of a training run")
        for name in ("loss", "iteration_loss", "validation_loss", "change"):
            if not isinstance(data[name], list) or not all(type(x) in (int, float) for x in data[name]):
                raise ValueError(f"the training run's {name} should be a list of numbers")
        for name in ("epochs", "iterations", "iterations_per_epoch"):
            if type(data[name]) is not int or data[name] < 0:
                raise ValueError(f"the training run's {name} should be a whole number")
        if not isinstance(data["state"], dict) or type(data["best_epoch"]) not in (int, type(None)):
            raise ValueError("this is no record of a training run")
        if not all(isinstance(data[name], str) for name in ("stopped", "reason", "backend")):
            raise ValueError("this is no record of a training run")
        return cls(**data)


def _curve(series: dict[str, Sequence[float]], width: int, height: int) -> str:
    drawn = {mark: list(values) for mark, values in series.items() if values}
    if not drawn:
        return "(no epoch was completed)"
    epochs = max(map(len, drawn.values()))
    columns = min(width, epochs)
    # One epoch a column, the first and the last among them.
    chosen = [round(c * (epochs - 1) / max(1, columns - 1)) for c in range(columns)]
    every = [values[e] for values in drawn.values() for e in chosen if e < len(values)]
    low, high = min(every), max(every)
    logarithmic = low > 0.0 and high / low > 5.0
    place = math.log if logarithmic else float
    span = place(high) - place(low) or 1.0
    grid = [[" "] * columns for _ in range(height)]
    for mark, values in reversed(drawn.items()):
        for c, e in enumerate(chosen):
            if e < len(values):
                grid[round((place(high) - place(values[e])) / span * (height - 1))][c] = mark
    labels = [f"{high:.3g}", *[""] * (height - 2), f"{low:.3g}"]
    margin = max(map(len, labels))
    lines = [
        f"{label:>{margin}} {'┤' if label else '│'}{''.join(row)}".rstrip()
        for label, row in zip(labels, grid, strict=True)
    ]
    lines.append(" " * (margin + 1) + "└" + "─" * columns)
    ends = "1" if columns == 1 else "1" + f"{epochs:>{columns - 1}}"
    scale = " (loss on a logarithmic scale)" if logarithmic else ""
    legend = "; ○ validation" if "○" in drawn else ""
    lines.append(" " * (margin + 2) + f"{ends}   epoch{scale}{legend}")
    return "\n".join(lines)
