"""Whoever answers an exercise in full and rightly is told so: the full answers, worked out by hand.

The exercises' own cells build the graph.  What they need from the cells above is run before, without its pictures.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

from autograd import check_answers

from . import running

pytest.importorskip("nbformat", reason='nbformat is missing: pip install "scalar-autograd[notebooks]"')


def decimals(n: int, **numbers: float) -> dict[str, str]:
    return {name: f"{number:.{n}f}" for name, number in numbers.items()}


NINE = ("w2_11", "w2_21", "b21", "w1_11", "w1_21", "b11", "w1_12", "w1_22", "b12")


def nine(*numbers: float) -> dict[str, str]:
    return {name: f"{number:.3f}" for name, number in zip(NINE, numbers, strict=True)}


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


# Lecture 2's network at x = (2, 1), y = 0: z11 = 1 − 1 and z12 = 2 − 1 − 1 are 0, so both units are ½; ŷ = 3/2 + 1 − 1.
# Lecture 4's second step, from weights 0.5525, 0.6915, 0.7318 at x = (5, 3), y = 8.
H1, W3 = 0.5525 * 5 + 0.6915 * 3, 0.7318
E4 = H1 * W3 - 8
# Softmax of three zeros is a third each; the second class is right.

# notebook, the cells it needs from above, the exercise's cell, values, gradients
EXERCISES: list[tuple[int, tuple[str, ...], str, dict[str, str], dict[str, str]]] = [
    (
        1,
        ("def loss_of(",),
        '"w2_11": 3.0',
        {"o11": "1", "o12": "0", "ŷ": "2", "L": "1"},
        {"ŷ": "2"} | nine(2, 0, 2, 12, -6, 6, 8, -4, 4),
    ),
    (1, (), "f = x**3 - 2 * x", {"f": "4"}, {"x": "10"}),
    (
        1,
        ("def loss_of(",),
        '"w2_21": 2.0}',
        {"o11": "1", "o12": "1", "ŷ": "3", "L": "4"},
        {"ŷ": "4"} | nine(4, 4, 4, 8, -4, 4, 16, -8, 8),
    ),
    (
        2,
        (),
        "[0.5, -1.0, 0.0, 1.0, -1.0, -1.0, 3.0, 2.0, -1.0]",
        {"z11": "0", "o11": "0.5", "z12": "0", "o12": "0.5", "ŷ": "1.5", "L": "2.25"},
        {"ŷ": "3.000", "o11": "9.000", "o12": "6.000"} | nine(1.5, 1.5, 3, 4.5, 2.25, 2.25, 3, 1.5, 1.5),
    ),
    (
        3,
        (),
        "[2.0, -1.0, -1.0]",
        {"z": "0", "a": "0.5", "J": "0.6931"},
        {"∂a/∂z": "0.25", "∂J/∂a": "2", "z": "0.5", "w1": "1", "w2": "1.5", "b": "0.5"},
    ),
    (3, (), "classes are counted from 0", {"J": "1.0986"}, {"z1": "0.333", "z2": "-0.667", "z3": "0.333"}),
    (
        3,
        (),
        '"w1": "-0.0188"',
        {"z": "2.0", "a": "0.8808"},
        decimals(4, w1=2 * (sigmoid(2) - 1) * sigmoid(2) * (1 - sigmoid(2)) * 1.5),
    ),
    (
        4,
        ("def forward(",),
        "(1.0, -1.0, 2.0), names",
        {"h1": "-1", "ŷ": "-2", "L": "2"},
        {"ŷ": "-2", "h1": "-4", "w2_11": "2", "w1_11": "-4", "w1_21": "-8"},
    ),
    (
        4,
        ("def forward(",),
        "(0.5525, 0.6915, 0.7318), names",
        {"h1": "4.837"},
        decimals(3, ŷ=E4, h1=E4 * W3, w2_11=E4 * H1, w1_11=E4 * W3 * 5, w1_21=E4 * W3 * 3),
    ),
    (
        4,
        ("def forward(", "(0.5525, 0.6915, 0.7318), names"),
        "whole = nn.squared_error(ŷ_second, y)",
        {"h1": "4.837", "ŷ": "3.540"} | decimals(3, L=E4**2),
        decimals(3, ŷ=2 * E4, h1=2 * E4 * W3, w2_11=2 * E4 * H1, w1_11=10 * E4 * W3, w1_21=6 * E4 * W3),
    ),
    (
        5,
        ("def loss_of(",),
        "fork = nn.MLP(",
        {"o11": "2", "o21": "6", "o22": "-2", "o31": "2"},
        {"o31": "4", "w3_11": "24", "w3_21": "-8", "o21": "4", "o22": "8"}
        | {"w2_11": "8", "w2_12": "16", "o11": "4", "w1_11": "4"},
    ),
    (
        6,
        ("def graph(",),
        "# add c, d, a, b",
        {"c": "1", "d": "-2", "s": "-1", "p": "-2", "y": "-3"},
        {"s": "1", "p": "1", "c": "-1", "d": "2", "a": "3", "b": "-3"},
    ),
    (
        6,
        ("def graph(",),
        '"c": "1", "d": "1", "a": "1", "b": "1"',
        {},
        {"s": "1", "p": "1", "c": "7", "d": "6", "a": "25", "b": "19"},
    ),
    (
        7,
        ("swish = primitive(",),
        "s = swish(h)",
        {"h": "0", "s": "0", "y": "0"},
        {"s": "3", "h": "1.5", "w": "3", "x": "0"},
    ),
    (
        7,
        (),
        "softsign = primitive(",
        {"z": "-3", "a": "-0.75", "L": "1"},
        {"a": "-2", "∂a/∂z": "0.0625", "z": "-0.125", "w1": "0.125", "b": "-0.125"},
    ),
    (8, ("def rosenbrock(",), "f_x = grad(rosenbrock", {"f_x": "0"}, {"x": "802", "y": "-400"}),
    (8, (), "return x**4", {"f'": "32"}, {"x": "48"}),
    (8, (), "def mean_squared(", {"L'": "-18.667"}, {"w": "9.333"}),
    (
        9,
        (),
        "p, q = 3 * h, h + 1",
        {"p": "12", "q": "5", "y": "60"},
        {"p": "5", "q": "12", "h": "27", "x": "108"},
    ),
    (
        9,
        ("def lecture_2(",),
        '"z12": "0.1980", "w1_12": "0.1980"',
        {"z11": "0", "z12": "0.6", "o11": "0.5", "o12": "0.6457", "ŷ": "0.3126"},
        {"ŷ": "-1.3748", "o12": "0.8249", "z12": "0.1887", "w1_12": "0.1887"},
    ),
    (10, (), "u = x * x\nf = u * u", {"u": "2.25", "f": "5.0625"}, {"u": "4.5", "x": "13.5"}),
    (
        10,
        (),
        "w_new = w - η * g",
        {"ŷ": "6", "e": "1", "g": "3", "w'": "1.7"},
        {"g": "-0.1", "e": "-0.3", "ŷ": "-0.3", "w": "0.1", "η": "-3"},
    ),
]


def source(notebook: Any, text: str) -> str:
    (found,) = (cell.source for cell in notebook.cells if cell.cell_type == "code" and text in cell.source)
    return str(found)


@pytest.mark.parametrize(
    ("number", "needs", "exercise", "values", "answers"),
    EXERCISES,
    ids=[f"{number:02d} {exercise[:30]!a}" for number, _, exercise, *_ in EXERCISES],
)
def test_the_full_answer_is_right(
    number: int, needs: tuple[str, ...], exercise: str, values: dict[str, str], answers: dict[str, str]
) -> None:
    notebook = running.read(next(path for path in running.PATHS if path.name.startswith(f"{number:02d}")))
    asked: list[tuple[Any, Any, Any]] = []

    def asking(root: Any, answers: Any = None, *, values: Any = None) -> None:
        asked.append((root, answers, values))

    imports = next(cell.source for cell in notebook.cells if cell.cell_type == "code")
    here: dict[str, Any] = {}
    exec("\n".join(line for line in imports.splitlines() if line.startswith(("import ", "from "))), here)
    here |= {"draw": lambda *_, **__: None, "check_answers": asking}
    for text in (*needs, exercise):
        exec(source(notebook, text), here)
    root, given_answers, given_values = asked[-1]
    report = check_answers(root, answers, values=values)
    assert report.correct, str(report)
    # What the cell begins with is part of the full answer: the same number, or one to be corrected.
    assert set(given_answers or ()) <= set(answers)
    assert set(given_values or ()) <= set(values)


def test_every_exercise_for_the_checker_is_here() -> None:
    for number, path in enumerate(running.PATHS, 1):
        cells = running.read(path).cells
        begin = next(i for i, cell in enumerate(cells) if "## Exercises" in cell.source)
        for cell in cells[begin:]:
            if cell.cell_type == "code" and "check_answers(" in cell.source:
                tested = [text for of, _, text, *_ in EXERCISES if of == number and text in cell.source]
                assert tested or any(trick in cell.source for trick in TRICKS), cell.source


# Exercises of which the numbers are the reader's to choose, or of which the network is that of the exercise before.
TRICKS = ("# change the input", '"w1_11": "18.000", "b11": "9.000"', '"o11": "12", "w1_11": "12"')
