"""The report of a training run: one page that needs nothing else, neither a server nor a network."""

from __future__ import annotations

import html
import os
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from .curve import loss_curve
from .diagram import draw, stepper
from .history import History
from .losses import Loss
from .module import Module
from .optimizers import Optimizer
from .refusal import ends_at_caller, file_path

_MOST_PARAMETERS = 2000

# The stepper asks the page for its theme, as it does in a notebook.
_THEME = "document.documentElement.dataset.theme=matchMedia('(prefers-color-scheme:dark)').matches?'dark':'light'"

_STYLE = """
:root { color-scheme: light dark; --line: #97a2b0; --loss: #00598c; --check: #a34400 }
body { max-width: 1100px; margin: 2em auto; padding: 0 16px; font: 16px/1.5 system-ui, sans-serif }
body { background: #fff; color: #1f2937 }
svg, img { max-width: 100%; height: auto }
.curve text { font: 12px system-ui, sans-serif; fill: currentColor }
.curve .grid { stroke: var(--line); stroke-opacity: .4 }
.curve polyline { fill: none; stroke: var(--loss); stroke-width: 2 }
.curve .validation { stroke: var(--check); stroke-dasharray: 6 4 }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
td, th { padding: 2px 14px 2px 0; text-align: left; border-bottom: 1px solid var(--line) }
td + td { text-align: right }
.columns { columns: 14em; column-gap: 2em }
.columns div { display: flex; justify-content: space-between; break-inside: avoid }
.columns div { border-bottom: 1px solid var(--line) }
.dark { display: none }
@media (prefers-color-scheme: dark) {
  :root { --loss: #7cc4f5; --check: #ffb08a }
  body { background: #12161d; color: #e8edf4 }
  .light { display: none }
  .dark { display: block }
}
"""


@ends_at_caller
def write_report(
    path: str | PathLike[str],
    model: Module,
    history: History,
    rows: Sequence[Sequence[float]],
    targets: Sequence[Any],
    *,
    loss: str | Loss = "squared_error",
    optimizer: str | Optimizer = "sgd",
    lr: float | None = None,
    title: str = "Training report",
) -> Path:
    """Write the report of a run as an HTML page: loss curve, network, the first point stepped through, parameters.

    ``rows`` and ``targets`` are the data in their own units; the rest is what ``fit`` was given.
    Raises ``ValueError`` unless the name ends in .html, and ``FileNotFoundError`` where its folder is missing.
    """
    path = demand_page(path)
    page = _page(model, history, rows, targets, loss, optimizer, lr, title)
    with open(path, "wb") as file:  # by path.write_text the traceback of an error would end in pathlib
        file.write(page.encode())
    return path


def demand_page(path: str | PathLike[str]) -> Path:
    """The path of a report; raises ``ValueError`` for another type of file, ``FileNotFoundError`` for no folder."""
    path = Path(file_path("a report", path))
    if not os.path.isdir(path.parent):
        raise FileNotFoundError(f"there is no folder {str(path.parent)!r:.300} to save {path.name!r:.60} in")
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"cannot write {path.name!r}: a report is saved as a page, such as report.html")
    return path


def _page(
    model: Module,
    history: History,
    rows: Sequence[Sequence[float]],
    targets: Sequence[Any],
    loss: str | Loss,
    optimizer: str | Optimizer,
    lr: float | None,
    title: str,
) -> str:
    sections = [
        ("Training", _summary(model, history, len(rows)) + loss_curve(history)),
        ("The network", _network(model, rows)),
        ("The first point, step by step", _first_point(model, rows[0], targets[0], loss, optimizer, lr)),
        ("Parameters", _parameters(model)),
    ]
    body = "".join(f"<h2>{heading}</h2>{content}" for heading, content in sections)
    shown = html.escape(title)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{shown}</title><style>{_STYLE}</style><script>{_THEME}</script></head><body><h1>{shown}</h1>{body}</body></html>\n"
    )


def _summary(model: Module, history: History, points: int) -> str:
    facts = {
        "model": repr(model),
        "points": str(points),
        "epochs": str(history.epochs),
        "updates": str(history.iterations),
        "loss": f"{history.loss[0]:.6g} → {history.loss[-1]:.6g}" if history.loss else "no epoch completed",
        "stopped": history.reason or "–",  # a dash for nothing
        "computed by": history.backend or "–",
    }
    if model.columns:
        facts["columns"] = ", ".join(model.columns)
    lines = "".join(f"<tr><th>{name}</th><td>{html.escape(fact)}</td></tr>" for name, fact in facts.items())
    return f"<table>{lines}</table>"


def _network(model: Module, rows: Sequence[Sequence[float]]) -> str:
    try:
        light, dark = (draw(model, rows[0], theme=theme).svg for theme in ("light", "dark"))
    except ValueError as error:
        return f"<p>{html.escape(str(error))}</p>"
    units = ", in standardised units" if model.scaling is not None else ""
    said = f"<p>With what the first point makes of it{units}.</p>"
    return f'{said}<div class="light">{light}</div><div class="dark">{dark}</div>'


def _first_point(
    model: Module, row: Sequence[float], target: Any, loss: str | Loss, optimizer: str | Optimizer, lr: float | None
) -> str:
    try:
        widget = stepper(model, row, target, loss=loss, optimizer=optimizer, lr=lr)
    except (ValueError, RuntimeError) as error:  # too large to follow, or nothing here to lay it out
        return f"<p>{html.escape(str(error))}</p>"
    return f"<p>One more training step from where the run ended.</p>{widget._repr_html_()}"


def _parameters(model: Module) -> str:
    named = list(model.named_parameters())
    shown = "".join(
        f"<div><span>{html.escape(name)}</span><span>{parameter.data:.6g}</span></div>"
        for name, parameter in named[:_MOST_PARAMETERS]
    )
    more = f"<p>… and {len(named) - _MOST_PARAMETERS} more.</p>" if len(named) > _MOST_PARAMETERS else ""
    return f'<div class="columns">{shown}</div>{more}'
