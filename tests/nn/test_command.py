"""``python -m nn``, run as a user runs it."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

import nn

ROOT = Path(__file__).parents[2]
DATA = ROOT / "notebooks" / "data"


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "COLUMNS": "100"}
    return subprocess.run(
        [sys.executable, "-m", "nn", *map(str, arguments)],
        capture_output=True, text=True, encoding="utf-8", env=environment, cwd=ROOT, check=False,
    )  # fmt: skip


def test_the_main_job_and_predicting_with_what_it_saved(tmp_path: Path) -> None:
    saved = tmp_path / "model.json"
    done = command("train", DATA / "bmi.csv", "--target", "bmi", "--layers", "2-2-1", "--save", saved)
    assert (done.returncode, done.stderr) == (0, "")
    for part in (
        "4 rows; height, weight → bmi",
        "160      60   21",
        "Loss",
        "•",
        "epoch",
        "target  prediction",
        "w1_11 = ",
        "b21 = ",
        "2000 epochs of 1 iterations, 2000 in all",
        "stopped: all 2000 epochs are done",
    ):
        assert part in done.stdout, part
    predicted = command("predict", saved, DATA / "bmi.csv")
    assert predicted.returncode == 0
    rows = list(csv.reader(io.StringIO(predicted.stdout)))
    assert rows[0] == ["height", "weight", "bmi (predicted)"]
    assert [round(float(row[2]), 2) for row in rows[1:]] == [21, 22, 20, 18]
    assert [float(row[2]) for row in rows[1:]] == nn.load(saved).predict([[160, 60], [170, 65], [180, 70], [190, 71]])


def test_every_choice_at_once_and_rows_held_out(tmp_path: Path) -> None:
    done = command(
        "train", DATA / "auto_mpg.csv", "--target", "mpg", "--features", "weight,horsepower", "--layers", "2-3-1",
        "--activation", "sigmoid", "--init", "glorot", "--no-bias", "--loss", "mean_huber", "--optimizer", "adam",
        "--lr", "0.02", "--schedule", "constant", "--epochs", "3", "--batch-size", "all", "--no-shuffle", "--seed", "3",
        "--tolerance", "1e-9", "--l1", "0.001", "--l2", "0.001", "--clip", "1", "--validation", "0.1",
        "--patience", "2", "--test-fraction", "0.25", "--backend", "eager", "--no-progress",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    for part in (
        "held out (98)",
        "trained on (294)",
        "linear regression",
        "R²",
        "3 epochs of 1 iterations",
        "… 384 more",
    ):
        assert part in done.stdout, part
    assert "b11" not in done.stdout


def test_the_same_seed_prints_the_same_and_another_does_not() -> None:
    runs = [command("train", DATA / "bmi.csv", "--target", "bmi", "--epochs", "20", "--seed", seed) for seed in "112"]
    assert runs[0].stdout == runs[1].stdout != runs[2].stdout


def test_help_reads_well() -> None:
    done = command("train", "--help")
    assert done.returncode == 0
    for part in ("--layers", "--test-fraction", "stochastic", "example: python -m nn train"):
        assert part in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("train missing.csv --target bmi", "missing.csv: No such file"),
        ("train BMI --target bm", "unknown column 'bm': did you mean 'bmi'?"),
        ("train BMI --target bmi --features heigt", "did you mean 'height'"),
        ("train BMI --target bmi --features bmi", "cannot be one of the features"),
        ("train BMI --target bmi --layers 3-2-1", "use --layers 2-2-1"),
        ("train BMI --target bmi --layers 2-2-2", "should be 1"),
        ("train BMI --target bmi --layers 2x2", "sizes joined by hyphens"),
        ("train BMI --target bmi --loss squared", "unknown loss 'squared'"),
        ("train BMI --target bmi --optimizer adm", "did you mean 'adam'"),
        ("train BMI --target bmi --activation tanhh", "did you mean 'tanh'?"),
        ("train BMI --target bmi --batch-size 0", 'a whole number of at least 1, or "all"'),
        ("train BMI --target bmi --epochs -1", "epochs is a whole number"),
        ("train BMI --target bmi --lr -1", "at least 0"),
        ("train BMI --target bmi --l2 -1", "strength of a penalty"),
        ("train BMI --target bmi --test-fraction 1.5", "between 0 and 1"),
        ("train BMI --target bmi --patience 3", "something to validate on"),
        ("train BMI --target bmi --lr 9 --schedule constant --no-standardize", "diverged in epoch"),
        ("train BMI --target bmi --save no/such/folder/m.json", "no folder no/such/folder"),
        ("train BMI", "--target"),
        ("predict BMI BMI", "no complete JSON file"),
        ("predict missing.json BMI", "missing.json: No such file"),
        ("", "COMMAND"),
    ],
)  # fmt: skip
def test_refusals_are_one_line_with_exit_code_2(arguments: str, message: str) -> None:
    done = command(*[str(DATA / "bmi.csv") if a == "BMI" else a for a in arguments.split()])
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_hostile_names_and_cells_reach_the_terminal_as_text(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a\x1b[31m,y\n1,2\n2,3\n3,5\n", encoding="utf-8")
    done = command("train", path, "--target", "y", "--epochs", "1")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    path.write_text("a,y\n1,\x1b[31mred\n", encoding="utf-8")
    done = command("train", path, "--target", "y")
    assert done.returncode == 2
    assert "\x1b" not in done.stderr
