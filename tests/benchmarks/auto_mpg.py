"""The main job on real data: held-out error of the command's own defaults against linear regression's."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .harness import ROOT, Row, at_most, benchmark

DATA = ROOT / "notebooks" / "data" / "auto_mpg.csv"
FRACTION = 0.2


def errors_of_a_split(seed: int, epochs: int | None) -> tuple[float, float]:
    """Mean squared errors on the rows held out: the network's, trained by the command, and the line's."""
    import nn
    from nn.regression import LinearRegression

    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "model.json"
        command = [
            sys.executable, "-m", "nn", "train", DATA, "--target", "mpg", "--layers", "4-3-2-1",
            "--test-fraction", FRACTION, "--seed", seed, "--save", saved, "--no-progress",
        ]  # fmt: skip
        command += [] if epochs is None else ["--epochs", epochs]
        subprocess.run([str(part) for part in command], check=True, capture_output=True, cwd=ROOT)
        assert json.loads(saved.read_text(encoding="utf-8"))["columns"][-1] == "mpg"
        model = nn.load(saved)
    table = nn.read_csv(DATA)
    rows, targets = table.select(table.columns[:-1]), table.column("mpg")
    kept, held = nn.split(len(rows), FRACTION, seed)  # the command's own split
    line = LinearRegression.of([rows[i] for i in kept], [targets[i] for i in kept])
    wanted = [targets[i] for i in held]

    def error(predictions: list[float]) -> float:
        return statistics.fmean((p - y) ** 2 for p, y in zip(predictions, wanted, strict=True))

    tested = [rows[i] for i in held]
    return error(model.predict(tested)), error(line.predict(tested))


@benchmark("auto-mpg")
def auto_mpg(small: bool) -> Iterator[Row]:
    """Held-out squared error of 4-3-2-1 on Auto MPG over linear regression's: the median of ten splits."""
    splits = [errors_of_a_split(seed, epochs=2 if small else None) for seed in range(1 if small else 10)]
    ratios = [network / line for network, line in splits]
    medians = {
        "network": statistics.median(network for network, _ in splits),
        "linear regression": statistics.median(line for _, line in splits),
        "lowest ratio": min(ratios),
        "highest ratio": max(ratios),
    }
    yield Row("Auto MPG, held out", statistics.median(ratios), "× linear", at_most(0.9), medians, "")
