"""The outcome of a training run as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from .data import Table
from .experiment import Outcome, Part
from .regression import Score
from .schedules import CosineDecay

_MOST = 8  # rows shown


def data_read(source: str, table: Table, target: str) -> str:
    """What was read, before training starts."""
    others = [name for name in table.columns if name != target]
    shown = aligned([table.columns, *([f"{x:g}" for x in row] for row in table.rows[:_MOST])])
    more = len(table.rows) - _MOST
    return (
        f"{_one_line(source)}: {len(table.rows)} rows; {', '.join(map(_one_line, others))} → {_one_line(target)}\n\n"
        + indented(shown)
        + (f"\n  … {more} more rows" if more > 0 else "")
    )


def network(outcome: Outcome) -> str:
    """What was trained, and how."""
    model, choices, history = outcome.model, outcome.choices, outcome.history
    scaled = "inputs and target standardised" if model.scaling and model.scaling.targets else ""
    scaled = scaled or ("inputs standardised" if model.scaling else "data as they are")
    size = choices["batch_size"] or "all"
    rate = choices["lr"]
    rate = f"{rate.lr:g} falling to 0 along a cosine" if isinstance(rate, CosineDecay) else f"{rate:g}"
    return (
        f"{model}\n{choices['loss']}, {choices['optimizer']}, learning rate {rate}, batch size {size}, "
        f"seed {choices['seed']}, {scaled}; computed by the {history.backend} back end"
    )


def results(outcome: Outcome) -> str:
    """What came of it: the loss curve, predictions, parameters, and why it stopped."""
    history, held = outcome.history, outcome.held_out
    parts = [
        ("Loss", history.curve()),
        (f"Predictions ({'rows held out' if held else 'rows trained on'})", _predictions(held or outcome.trained)),
        ("Parameters" + (", in standardised units" if outcome.model.scaling else ""), _parameters(outcome)),
        ("Errors", _errors(outcome)),
        (
            "Training",
            f"{history.epochs} epochs of {history.iterations_per_epoch} iterations, {history.iterations} in all\n"
            f"stopped: {history.reason}",
        ),
    ]
    return "\n\n".join(f"{title}\n{indented(body)}" for title, body in parts)


def _predictions(part: Part) -> str:
    rows = zip(part.targets, part.predictions, strict=True)
    lines = [[f"{y:g}", f"{p:.5g}", f"{p - y:+.3g}"] for y, p in islice(rows, _MOST)]
    more = len(part.targets) - _MOST
    return aligned([["target", "prediction", "error"], *lines]) + (f"\n… {more} more" if more > 0 else "")


def _parameters(outcome: Outcome) -> str:
    entries = [f"{name} = {p.data:+.6f}" for name, p in outcome.model.named_parameters()]
    if len(entries) > 60:
        return f"{len(entries)} parameters; --save keeps them"
    width = max(map(len, entries))
    columns = max(1, 96 // (width + 3))
    return "\n".join(
        "   ".join(entry.ljust(width) for entry in entries[i : i + columns]).rstrip()
        for i in range(0, len(entries), columns)
    )


def _errors(outcome: Outcome) -> str:
    lines = [["", "mean squared error", "R²", "linear regression", "R²", "ratio"]]
    for name, part in (("trained on", outcome.trained), ("held out", outcome.held_out)):
        if part is not None:
            ours, linear = part.score, part.linear
            ratio = ours.mean_squared_error / linear.mean_squared_error if linear.mean_squared_error > 1e-20 else None
            lines.append(
                [f"{name} ({len(part.targets)})", f"{ours.mean_squared_error:.4g}", _share(ours),
                 f"{linear.mean_squared_error:.4g}", _share(linear), "" if ratio is None else f"{ratio:.2f}"]
            )  # fmt: skip
    return aligned(lines)


def _share(score: Score) -> str:
    return "" if score.r_squared is None else f"{score.r_squared:.3f}"


def aligned(lines: Iterable[Sequence[str]]) -> str:
    """Cells in columns, to the right; the cells are made fit for a terminal."""
    cells = [[_one_line(cell) for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(cell.rjust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in cells)


def indented(text: str) -> str:
    """Every line by two spaces."""
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())


def _one_line(text: str) -> str:
    """A name from a file, without what a terminal would obey, and not longer than a line."""
    plain = "".join(c if c.isprintable() else "�" for c in text)
    return plain if len(plain) <= 40 else plain[:39] + "…"
