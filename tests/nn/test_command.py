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
        ("train BMI --target bmi --layers 2-0-1", "every size is at least 1, not '2-0-1'"),
        ("train BMI --target bmi --patience 3", "--patience needs something to validate on: --validation 0.2"),
        (
            "train BMI --target bmi --lr 9 --schedule constant --no-standardize",
            "such as --lr 0.9, standardised data (no --no-standardize), or a limit on the gradient (--clip 1.0)",
        ),
        ("train BMI --target bmi --lr 1e300", "such as --lr 0.1, or a limit on the gradient (--clip 1.0)"),
        ("train BMI --target bmi --lr nan", "--lr: a number of at least 0 is wanted, not 'nan'"),
        ("train BMI --target bmi --clip 0", "--clip: a number above 0 is wanted, not '0'"),
        ("train BMI --target bmi --tolerance -1", "--tolerance: a number of at least 0 is wanted, not '-1'"),
        ("train BMI --target bmi --loss hinge", "line 2, column 'bmi': hinge: the target must be −1 or 1"),
        ("train BMI --target bmi --loss binary_cross_entropy", "line 2, column 'bmi': binary_cross_entropy: the"),
        ("train BMI --target bmi --loss cross_entropy", "it takes one prediction a class"),
        ("train BMI --target bmi --validation 2", "between 0 and 1"),
        ("train BMI --target bmi --validation 0.9", "too few to hold out"),
        ("train BMI --target bmi --save no/such/folder/m.json", "no folder no/such/folder"),
        ("train BMI", "--target"),
        ("train BMI --target bmi --save tests", "tests is a folder: give the name of a file in it"),
        ("train BMI --target bmi --report tests/", "tests/ is a folder: give the name of a file in it"),
        ("train BMI --target bmi --save BMI", "holds the data: give another name to save as"),
        ("train BMI --target bmi --save m.html --report m.html", "cannot both be saved as m.html"),
        ("train BMI --target bmi --features height,height", "the feature 'height' is named twice"),
        ("train BMI --target bmi --layers 2-1-1 --activation softmax", "softmax needs at least 2 units in its layer"),
        ("train BMI --target bmi --output softmax", "softmax needs at least 2 units in its layer"),
        ("predict BMI BMI", "no complete JSON file"),
        ("predict missing.json BMI", "missing.json: No such file"),
        ("", "COMMAND"),
    ],
)  # fmt: skip
def test_refusals_are_one_line_with_exit_code_2(arguments: str, message: str) -> None:
    done = command(*[str(DATA / "bmi.csv") if a == "BMI" else a for a in arguments.split()])
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == "" or "training diverged" in done.stderr  # refused before the data are shown
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_machine_code_that_is_not_installed_is_refused_before_the_data_are_shown(tmp_path: Path) -> None:
    """llvmlite is kept away by a module of its name that cannot be imported."""
    (tmp_path / "llvmlite").mkdir()
    (tmp_path / "llvmlite" / "__init__.py").write_text("raise ModuleNotFoundError('llvmlite', name='llvmlite')")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]), "PYTHONUTF8": "1"}
    for backend, code in (("llvm", 2), ("auto", 0)):
        done = subprocess.run(
            [sys.executable, "-m", "nn", "train", DATA / "bmi.csv", "--target", "bmi", "--epochs", "1",
             "--backend", backend],
            capture_output=True, text=True, encoding="utf-8", env=environment, cwd=ROOT, check=False,
        )  # fmt: skip
        assert done.returncode == code
        assert ("needs llvmlite" in done.stderr, done.stdout == "") == (code == 2, code == 2)


def test_a_target_that_the_loss_does_not_know_is_named_by_its_line_of_the_file(tmp_path: Path) -> None:
    """Not by its number among the rows trained on: some are held out, and blank lines are no rows."""
    path = tmp_path / "data.csv"
    lines = [f"{i},{i % 2}" for i in range(20)]
    lines[11] = "11,3"  # line 14: below the names, and a blank line
    path.write_text("\n".join(["x,y", "", *lines]), encoding="utf-8")
    for held in ("--test-fraction", "--validation"):
        for seed in ("0", "1"):
            done = command("train", path, "--target", "y", "--loss", "binary_cross_entropy", "--output", "sigmoid",
                           held, "0.5", "--seed", seed)  # fmt: skip
            assert (done.returncode, done.stdout) == (2, "")
            assert f"{path}, line 14, column 'y': " in done.stderr
            assert "3.0" in done.stderr


def test_a_loss_of_probabilities_asks_for_an_output_that_is_one(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("x,y\n" + "".join(f"{x},{x % 2}\n" for x in range(10)), encoding="utf-8")
    done = command("train", path, "--target", "y", "--loss", "binary_cross_entropy")
    assert done.returncode == 2
    assert "use --output sigmoid, or binary_cross_entropy_with_logits" in done.stderr


def test_what_it_predicts_from_is_printed_with_all_its_digits(tmp_path: Path) -> None:
    rows = [[1234567.125, 0.1], [-2.0, 1e-7], [3.0, 1 / 3]]
    model = nn.MLP([2, 1], seed=1)
    model.save(tmp_path / "model.json")
    data = tmp_path / "data.csv"
    data.write_text("a,b\n" + "".join(f"{a!r},{b!r}\n" for a, b in rows), encoding="utf-8")
    done = command("predict", tmp_path / "model.json", data)
    lines = list(csv.reader(io.StringIO(done.stdout)))[1:]
    assert [[float(a), float(b)] for a, b, _ in lines] == rows
    assert [float(line[2]) for line in lines] == model.predict(rows)
    assert [line[0] for line in lines] == ["1234567.125", "-2", "3"]


@pytest.mark.skipif(os.name != "posix", reason="pipes close otherwise")
@pytest.mark.parametrize(
    "arguments",
    [
        ["nn", "train", "notebooks/data/bmi.csv", "--target", "bmi", "--epochs", "2"],
        ["nn", "train", "--help"],
        ["autograd", "log(x)*x", "x=2"],
        ["autograd", "--help"],
    ],
    ids=" ".join,
)
def test_it_ends_quietly_when_nobody_reads_what_it_prints(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        stdout=writing, stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT, check=False,
    )  # fmt: skip
    os.close(writing)
    expected = [0, 141] if "--help" in arguments else [141]  # argparse itself ignores that nobody reads its help
    assert (done.returncode in expected, done.stderr) == (True, "")


def test_the_model_is_saved_before_its_report_meets_a_closed_pipe(tmp_path: Path) -> None:
    """As in ``python -m nn train … --save model.json | head -3``."""
    saved = tmp_path / "model.json"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}
    train = subprocess.Popen(
        [sys.executable, "-m", "nn", "train", DATA / "bmi.csv", "--target", "bmi", "--epochs", "50", "--save", saved],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=ROOT,
    )  # fmt: skip
    assert train.stdout is not None
    assert train.stderr is not None
    assert b"190" in b"".join(train.stdout.readline() for _ in range(7))  # what it read; the rest is for nobody
    train.stdout.close()
    complaint = train.stderr.read()
    train.stderr.close()
    assert (train.wait(60), complaint) == (141, b"")
    assert nn.load(saved).predict([[160, 60]])


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
