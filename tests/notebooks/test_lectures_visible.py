"""What the lectures write, a reader finds in notebooks 1 to 5: every formula and number that must run.

The table is written from the lectures, not from the notebooks: the numbers are the lectures' own, or computed
here from their formulas in plain Python.
"""

from __future__ import annotations

import itertools
import math
import re
from functools import cache

import pytest

from . import running

pytest.importorskip("nbformat", reason='nbformat is missing: pip install "scalar-autograd[notebooks]"')


@cache
def shown(lecture: int) -> str:
    """All text of a lecture's notebook, in one spelling: plain minus signs, single spaces, no LaTeX spacing."""
    (path,) = (path for path in running.PATHS if path.name.startswith(f"{lecture:02d}_"))
    return plain("\n".join(running.texts(running.read(path))))


def plain(text: str) -> str:
    text = text.replace("−", "-").replace("&=", "=")
    text = re.sub(r"\\left(?=\()|\\right(?=\))", "", text.replace("\\,", " "))
    return re.sub(r"\s+", " ", text)


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def d(of: str, by: str) -> str:
    """∂of/∂by as the library's LaTeX has it."""
    return rf"\frac{{\partial {of}}}{{\partial {by}}}"


def chained(*nodes: str) -> str:
    """The product of the links along a path, from its first node back to its last."""
    return r" \cdot ".join(itertools.starmap(d, itertools.pairwise(nodes)))


# ---- Lecture 1: slopes, and the linear network on the first row, with every w = 1 and every b = 0 ----------

X1, X2, Y = 160.0, 60.0, 21.0
O = X1 + X2  # noqa: E741  # of either hidden unit
SLOPE_1 = -2 * (Y - 2 * O)

LECTURE_1 = [
    *[f"{dx:g} {((1 + dx) ** 2 - 1) / dx:.6g}" for dx in (2, 1, 0.5, 0.1, 0.01, 0.001)],  # the secant of x² at 1
    "→ 0 2 the derivative",
    r"2x + \Delta x",
    *[
        "x² has slope 2 at x = 1",
        "x² + x has slope 3 at x = 1",
        "x² + 2x has slope 4 at x = 1, 8 at x = 3, 12 at x = 5",
    ],
    *["∂f/∂x = 2·x", "∂f/∂y = 2·y"],  # of x² + y²
    r"w_\text{new} = w_\text{old} - \eta \frac{\partial L}{\partial w}",
    r"b_\text{new} = b_\text{old} - \eta \frac{\partial L}{\partial b}",
    r"\dfrac{\Delta y}{\Delta x} = \dfrac{f(x+\Delta x)-f(x)}{\Delta x}",
    *[r"x^2 + x$ one gets $2x + 1", r"For $x^2 + y^2$ they are $2x$ and $2y$"],
    *["160 60 21 23.4", "170 65 22 22.5", "180 70 20 21.6", "190 71 18 19.7"],
    *["(21-24)^2 = 9", "2.25", "440"],
    r"2(y-\hat y)(0-1) = -2(y-\hat y)",
    r"\frac{\partial L}{\partial o_{21}}\cdot\frac{\partial o_{21}}{\partial w^2_{11}}",
    d("L", "w^{2}_{11}") + " = " + chained("L", r"\hat{y}", "w^{2}_{11}") + r" \\ = -2 (y - \hat{y}) \cdot o_{11}",
    rf"\\ = {SLOPE_1:g} \cdot {O:g} \\ = {SLOPE_1 * O:g}",
    f"∂L/∂w2_11 = ∂L/∂ŷ · ∂ŷ/∂w2_11 = -2(y - ŷ) · o11 = {SLOPE_1 * O:g}",
    f"∂L/∂w2_21 = ∂L/∂ŷ · ∂ŷ/∂w2_21 = -2(y - ŷ) · o12 = {SLOPE_1 * O:g}",
    f"∂L/∂b21 = ∂L/∂ŷ · ∂ŷ/∂b21 = -2(y - ŷ) · 1 = {SLOPE_1:g}",
    *[
        f"∂L/∂{p}1{s}{j} = ∂L/∂ŷ · ∂ŷ/∂o1{j} · ∂o1{j}/∂{p}1{s}{j} = -2(y - ŷ) · w2_{j}1 · {x} = {SLOPE_1 * value:g}"
        for j in (1, 2)
        for p, s, x, value in (("w", "_1", "x1", X1), ("w", "_2", "x2", X2), ("b", "", "1", 1.0))
    ],
    r"\hat{y} = w^{2}_{11} (w^{1}_{11} x_{1} + w^{1}_{21} x_{2} + b_{11}) + "
    r"w^{2}_{21} (w^{1}_{12} x_{1} + w^{1}_{22} x_{2} + b_{12}) + b_{21}",
    *[  # twins
        f"∂L/∂{first} = {value:g} ∂L/∂{second} = {value:g}"
        for first, second, value in (
            ("w1_11", "w1_12", SLOPE_1 * X1),
            ("w1_21", "w1_22", SLOPE_1 * X2),
            ("b11", "b12", SLOPE_1),
            ("w2_11", "w2_21", SLOPE_1 * O),
        )
    ],
    *["training diverged", "at learning rate 0.01", "at learning rate 0.0001"],
]

# ---- Lecture 2: the sigmoid network, at the numbers that its notebook chooses -----------------------------

W2 = {"w2_11": 0.8, "w2_21": -0.6, "b21": 0.3}
O11, O12 = sigmoid(0.5 * 1 - 0.25 * 2 + 0.0), sigmoid(-0.2 * 1 + 0.4 * 2 + 0.0)
SLOPE_2 = 2 * (W2["w2_11"] * O11 + W2["w2_21"] * O12 + W2["b21"] - 1.0)


def line_2(name: str, hand_out: str, library: str, value: float) -> str:
    return f"{name} {hand_out} {library} {value:.5f} {value:.5f}"


OLD = {"w1_11": 0.5, "w1_21": -0.25, "b11": 0.0, "w1_12": -0.2, "w1_22": 0.4, "b12": 0.0, **W2}
NEW_2 = {
    "w2_11": SLOPE_2 * O11,
    "w2_21": SLOPE_2 * O12,
    "b21": SLOPE_2,
    **{
        f"{name}{j}": SLOPE_2 * W2[f"w2_{j}1"] * o * (1 - o) * x
        for j, o in ((1, O11), (2, O12))
        for name, x in (("w1_1", 1.0), ("w1_2", 2.0), ("b1", 1.0))
    },
}

LECTURE_2 = [
    line_2("ŷ", "2(ŷ - y)", "2(ŷ - y)", SLOPE_2),
    line_2("w2_11", "2(ŷ - y) o11", "2(ŷ - y) · o11", SLOPE_2 * O11),
    line_2("w2_21", "2(ŷ - y) o12", "2(ŷ - y) · o12", SLOPE_2 * O12),
    line_2("b21", "2(ŷ - y)", "2(ŷ - y) · 1", SLOPE_2),
    line_2("o11", "2(ŷ - y) w2_11", "2(ŷ - y) · w2_11", SLOPE_2 * W2["w2_11"]),
    line_2("o12", "2(ŷ - y) w2_21", "2(ŷ - y) · w2_21", SLOPE_2 * W2["w2_21"]),
    *[
        line_2(
            name,
            f"2(ŷ - y) w2_{j}1 σ'(z1{j}){' ' + x if x else ''}",
            f"2(ŷ - y) · w2_{j}1 · o1{j}(1 - o1{j}){'·' + x if x else ''}",
            SLOPE_2 * W2[f"w2_{j}1"] * o * (1 - o) * value,
        )
        for j, o in ((1, O11), (2, O12))
        for name, x, value in ((f"w1_1{j}", "x1", 1.0), (f"w1_2{j}", "x2", 2.0), (f"b1{j}", "", 1.0))
    ],
    d("L", "o_{11}") + " = " + chained("L", r"\hat{y}", "o_{11}"),
    d("L", "w^{1}_{11}") + " = " + chained("L", r"\hat{y}", "o_{11}", "w^{1}_{11}"),
    r"\frac{\partial L}{\partial w^1_{11}} = "  # and in its own words, from o11 on
    r"\frac{\partial L}{\partial o_{11}}\cdot\frac{\partial o_{11}}{\partial w^1_{11}}",
    r"\sigma'(z) = \sigma(z) (1-\sigma(z))",
    r"p_\text{new} = p - \eta \partial L/\partial p",
    *[f"{name} {OLD[name]:.2f} - 0.5·({g:>8.5f}) = {OLD[name] - 0.5 * g:.5f}" for name, g in NEW_2.items()],
]

# ---- Lecture 3: one neuron, w = (0.5, −0.25), b = 0.2, at x = (1, 2) with label 1 -------------------------

A = sigmoid(0.5 * 1 - 0.25 * 2 + 0.2)
ERROR = A - 1.0

SCORES = [math.exp(z) for z in (1.0, 2.0, 0.5)]
SOFTMAX = [(i, e / sum(SCORES), y) for i, e, y in zip((1, 2, 3), SCORES, (0.2, 0.7, 0.1), strict=True)]

LECTURE_3 = [
    r"\frac{\partial J}{\partial a} = \frac{a-y}{a(1-a)} \qquad \frac{\partial a}{\partial z} = a(1-a) "
    r"\qquad \frac{\partial z}{\partial w} = x,\quad \frac{\partial z}{\partial b} = 1",
    r"\frac{\partial J}{\partial w_{1}} = \frac{\partial J}{\partial a} \cdot \frac{\partial a}{\partial z} \cdot "
    r"\frac{\partial z}{\partial w_{1}} \\ = \frac{a - y}{a (1 - a)} \cdot a (1 - a) \cdot x_{1}",
    r"\frac{\partial J}{\partial b} = \frac{\partial J}{\partial a} \cdot \frac{\partial a}{\partial z} \cdot "
    r"\frac{\partial z}{\partial b} \\ = \frac{a - y}{a (1 - a)} \cdot a (1 - a) \cdot 1",
    r"\frac{\partial J}{\partial z} = a - y",
    r"\frac{\partial J}{\partial w} = (a-y) x = \text{error}\cdot\frac{\partial z}{\partial w}",
    f"a - y = {A:.6f} - 1 = {ERROR:.6f}",
    f"∂J/∂z = {ERROR:.6f} = error",
    f"∂J/∂w1 = {ERROR:.6f} = error · x1 = {ERROR:.6f}",
    f"∂J/∂w2 = {2 * ERROR:.6f} = error · x2 = {2 * ERROR:.6f}",
    f"∂J/∂b = {ERROR:.6f} = error · 1",
    r"J = -\big(y\log a + (1-y)\log(1-a)\big)",
    r"-\frac ya + \frac{1-y}{1-a}",
    r"\frac{-y + ya + a - ya}{a(1-a)} = \frac{a-y}{a(1-a)}",
    r"\frac{e^{-z}}{(1+e^{-z})^2} = \frac{1+e^{-z}-1}{(1+e^{-z})^2}",
    r"w_\text{new} = w - \alpha\sum_i\frac{\partial J_i}{\partial w}",
    r"b_\text{new} = b - \alpha\sum_i\frac{\partial J_i}{\partial b}",
    r"\partial J/\partial z_i = a_i - y_i",
    *[f"∂J/∂z{i} = {p - y:.6f} a{i} - y{i} = {p:.6f} - {y} = {p - y:.6f}" for i, p, y in SOFTMAX],
    "4x^2 + 4x + 1",
]

# ---- Lecture 4: every number of the step by hand -----------------------------------------------------------

POINTS = [(0.0, 1.2), (1.0, 2.7), (2.0, 5.1), (3.0, 7.2), (4.0, 8.8)]
BY_M = 2 / 5 * sum(-y * x for x, y in POINTS)
BY_B = 2 / 5 * sum(-y for _, y in POINTS)

LECTURE_4 = [
    *["h1 3.8 3.8", "ŷ 1.9 1.9", "L 18.6 18.605", "37.82", "16.8", "37.21"],
    *["∂L/∂ŷ -6.1 -6.1", "∂ŷ/∂w2_11 = h1 3.8 3.8", "∂ŷ/∂h1 = w2_11 0.5 0.5", "∂L/∂h1 -3.05"],
    *["∂h1/∂w1_11 = x1 5 5", "∂h1/∂w1_21 = x2 3 3"],
    *["∂L/∂w2_11 -23.18 -23.18", "∂L/∂w1_11 -15.25 -15.25", "∂L/∂w1_21 -9.15 -9.15"],
    *["w2_11 new = 0.5 - 0.01·(-23.18) = 0.7318", "w1_11 new = 0.4 - 0.01·(-15.25) = 0.5525"],
    *["w1_21 new = 0.6 - 0.01·(-9.15) = 0.6915"],
    *["h1 after: 4.837", "3.5397", "ŷ after: 3.5397166", "9.947", "L after: 9.94706400415778"],
    r"= (\hat{y} - y) \cdot w^{2}_{11} \cdot x_{1} \\ = -6.1 \cdot 0.5 \cdot 5 \\ = -15.25",
    r"= (\hat{y} - y) \cdot w^{2}_{11} \cdot x_{2} \\ = -6.1 \cdot 0.5 \cdot 3 \\ = -9.15",
    r"= (\hat{y} - y) \cdot h_{1} \\ = -6.1 \cdot 3.8 \\ = -23.18",
    *["-22.32", "composed [-15.25, -9.15, -23.18]", "expanded [-15.25, -9.15, -23.18]", "[-30.5, -18.3, -46.36]"],
    *["∂L/∂m = ∂L/∂ŷ · ∂ŷ/∂m = 2(ŷ - y) · x", "∂L/∂b = ∂L/∂ŷ · ∂ŷ/∂b = 2(ŷ - y) · 1"],
    r"\frac{\partial L}{\partial m} = \frac2n\sum\big((m x_i + b) - y_i\big) x_i",
    r"\frac{\partial L}{\partial b} = \frac2n\sum\big((m x_i + b) - y_i\big)$$",
    *[r"m_\text{new} = m - \eta \partial L/\partial m", r"b_\text{new} = b - \eta \partial L/\partial b"],
    f"at m = 0, b = 0: ∂L/∂m = {BY_M:g}, ∂L/∂b = {BY_B:g}",
    f"m = {-0.05 * BY_M:.4f}, b = {-0.05 * BY_B:.4f}, L = ",
    *["m^2x^2 + b^2 + y^2 - 2ymx - 2yb", "+2mxb"],
    *["∂y/∂x = ∂y/∂v1 · ∂v1/∂x = 2·v1 · 1 = -2 · 1 = -2", r"\frac1x\cdot\frac xy\cdot\frac yz = \frac1z"],
    *["iterations an epoch: 100", "epochs: 100", "iterations in all: 10000", "2318", "1000/10 = 100"],
]

# ---- Lecture 5: paths ---------------------------------------------------------------------------------------

LECTURE_5 = [
    *["bias=False): 20 parameters", "output='linear'): 26 parameters", "12 + 6 + 2 = **20 weights**"],
    d("L", "w^{3}_{11}") + " = " + chained("L", "o_{31}", "w^{3}_{11}"),
    d("L", "w^{2}_{11}") + " = " + chained("L", "o_{31}", "o_{21}", "w^{2}_{11}"),
    "∂L/∂w3_21 = ∂L/∂o31 · ∂o31/∂w3_21 = 2(o31 - y) · (1 - o31²)·o22 = ",
    *[
        f"∂L/∂w2_{i}{j} = ∂L/∂o31 · ∂o31/∂o2{j} · ∂o2{j}/∂w2_{i}{j} = "
        f"2(o31 - y) · (1 - o31²)·w3_{j}1 · (1 - o2{j}²)·o1{i} = "
        for i, j in ((2, 1), (3, 1), (1, 2), (2, 2), (3, 2))
    ],
    f"{d('L', 'w^{1}_{11}')} = {d('L', 'o_{31}')} \\cdot ({chained('o_{31}', 'o_{21}', 'o_{11}', 'w^{1}_{11}')}"
    f" + {chained('o_{31}', 'o_{22}', 'o_{11}', 'w^{1}_{11}')})",
    *["w1_11 → o11 → o21 → o31 → L", "w1_11 → o11 → o22 → o31 → L", "sum over 2 paths"],
    "∂k/∂x = ∂k/∂h · (∂h/∂f · ∂f/∂x + ∂h/∂g · ∂g/∂x)",
    r"\frac{\partial k}{\partial h}\left(\frac{\partial h}{\partial f}\cdot\frac{\partial f}{\partial x}",
    *[r"L_i = (y_i - \hat y_i)^2", r"L = \sum_i L_i", r"w_\text{new}\approx w_\text{old}"],
    *[r"\sum w^2", r"\sum|w|", "converged"],
]

ROWS = [
    (lecture, row)
    for lecture, rows in enumerate((LECTURE_1, LECTURE_2, LECTURE_3, LECTURE_4, LECTURE_5), 1)
    for row in rows
]


@pytest.mark.parametrize(("lecture", "row"), ROWS)
def test_it_is_there(lecture: int, row: str) -> None:
    assert plain(row) in shown(lecture)


def test_the_expanded_network_of_lecture_1_has_the_same_gradients() -> None:
    network, expanded = re.findall(r"(?:the network|expanded): (\[[^\]]+\])", shown(1))
    assert network == expanded
    assert sorted(map(float, network.strip("[]").split(","))) == sorted(
        [SLOPE_1 * O] * 2 + [SLOPE_1 * X1] * 2 + [SLOPE_1 * X2] * 2 + [SLOPE_1] * 3
    )


def test_the_twenty_gradients_of_lecture_5_are_sums_over_paths() -> None:
    found = re.findall(r"∂L/∂(w\d_\d\d): (\d) paths? (\S+) backward: (\S+)", shown(5))
    assert [name for name, *_ in found] == [
        f"w{k}_{i}{j}"
        for k, m, n in ((3, 2, 1), (2, 3, 2), (1, 4, 3))
        for i in range(1, m + 1)
        for j in range(1, n + 1)
    ]
    assert all(by_paths == backward for _, _, by_paths, backward in found)
    assert {(name[1], count) for name, count, *_ in found} == {("3", "1"), ("2", "1"), ("1", "2")}
