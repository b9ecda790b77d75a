"""The contests as a picture: how much slower the others are, one line a contest, one colour a contender."""

from __future__ import annotations

from collections.abc import Iterable

from .harness import Row

INK = "#767676"  # readable on white and on black
MARKS = {
    "C": ("D", "#767676"),
    "JAX": ("o", "#8250df"),
    "PyTorch": ("o", "#d9480f"),
    "torch.compile": ("v", "#e8890c"),
    "CasADi": ("P", "#2b8a3e"),
    "NumPy": ("^", "#1c7ed6"),
    "micrograd": ("s", "#c2255c"),
}
TIMES = "× "


def draw(rows: Iterable[Row], path: str) -> None:
    """Draw the rows whose unit is "× contender"; the file's name says in which format."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "benchmarks", "svg.fonttype": "none", "font.family": "sans-serif"})
    from matplotlib import pyplot

    contests: dict[str, dict[str, float]] = {}
    for row in rows:
        label = row.unit.removeprefix(TIMES)
        if who := next((who for who in MARKS if label == who or label.startswith(f"{who} ")), None):
            contests.setdefault(row.name, {})[who] = row.figure
    figure, axes = pyplot.subplots(figsize=(9, 1.2 + 0.26 * len(contests)), layout="constrained")
    for label, (mark, colour) in MARKS.items():
        found = [(ratios[label], i) for i, ratios in enumerate(contests.values()) if label in ratios]
        if found:
            axes.plot(*zip(*found, strict=True), mark, color=colour, label=label, markersize=6)
    axes.axvline(1, color=INK, linewidth=1)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    axes.set_yticks(range(len(contests)), list(contests), color=INK)
    axes.invert_yaxis()
    axes.set_xlabel("time, in units of this library's; right of the line is slower", color=INK)
    axes.grid(axis="both", color=INK, alpha=0.25, linewidth=0.5)
    axes.tick_params(colors=INK, length=0, which="both")
    axes.spines[:].set_visible(False)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(MARKS), frameon=False, labelcolor=INK)
    figure.savefig(path, transparent=True, metadata={"Date": None} if path.endswith(".svg") else None)
    pyplot.close(figure)
