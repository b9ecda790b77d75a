"""Lecture 1: a 2-2-1 network, all linear; the derivative as a slope; backpropagation as the chain rule."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import pytest

import nn
from autograd import Value, grad

from .exact import F, gradients, is_exactly, set_parameters

TABLE = Path(__file__).parents[2] / "notebooks" / "data" / "bmi.csv"
PARAMETERS = {
    "w1_11": F("0.5"), "w1_21": F("-0.3"), "b11": F("0.1"),
    "w1_12": F("0.7"), "w1_22": F("0.2"), "b12": F("-0.4"),
    "w2_11": F("1.5"), "w2_21": F("-0.8"), "b21": F("0.25"),
}  # fmt: skip
X1, X2, Y = F("1.6"), F("-0.6"), F("2.1")


def network() -> nn.MLP:
    model = nn.MLP([2, 2, 1], activation="linear")
    set_parameters(model, **PARAMETERS)
    return model


def by_hand(p: dict[str, Fraction]) -> tuple[Fraction, dict[str, Fraction]]:
    """ŷ and all nine derivatives of (y − ŷ)², as the hand-out writes them and in exact arithmetic."""
    o11 = X1 * p["w1_11"] + X2 * p["w1_21"] + p["b11"]
    o12 = X1 * p["w1_12"] + X2 * p["w1_22"] + p["b12"]
    prediction = o11 * p["w2_11"] + o12 * p["w2_21"] + p["b21"]
    at_output = -2 * (Y - prediction)
    return prediction, {
        "w2_11": at_output * o11,
        "w2_21": at_output * o12,
        "b21": at_output,
        "w1_11": at_output * p["w2_11"] * X1,
        "w1_21": at_output * p["w2_11"] * X2,
        "b11": at_output * p["w2_11"],
        "w1_12": at_output * p["w2_21"] * X1,
        "w1_22": at_output * p["w2_21"] * X2,
        "b12": at_output * p["w2_21"],
    }


def test_forward_pass_and_all_nine_derivatives() -> None:
    model = network()
    prediction = model([float(X1), float(X2)])
    nn.squared_error(prediction, float(Y)).backward()
    expected, derivatives = by_hand(PARAMETERS)
    assert is_exactly(prediction.data, expected)
    assert gradients(model).keys() == derivatives.keys()
    for name, gradient in gradients(model).items():
        assert is_exactly(gradient, derivatives[name]), name


def test_the_link_at_the_output_is_minus_two_times_the_error() -> None:
    prediction = Value(24.0, "ŷ")
    loss = nn.squared_error(prediction, 21.0)
    assert loss.data == 9.0  # (21 − 24)²: not 2.25, which the hand-out's "/4" would make of it
    assert loss.partials[0] == -2 * (21 - 24) == 6.0


def test_written_out_in_all_nine_parameters_the_gradients_are_the_same() -> None:
    p = {name: Value(float(number), name) for name, number in PARAMETERS.items()}
    x1, x2, y = float(X1), float(X2), float(Y)
    prediction = (
        (x1 * p["w1_11"] + x2 * p["w1_21"] + p["b11"]) * p["w2_11"]
        + (x1 * p["w1_12"] + x2 * p["w1_22"] + p["b12"]) * p["w2_21"]
        + p["b21"]
    )
    ((y - prediction) ** 2).backward()
    for name, exact in by_hand(PARAMETERS)[1].items():
        assert is_exactly(p[name].grad, exact), name


def test_gradients_through_the_hidden_unit_or_its_output_are_the_same() -> None:
    # ∂L/∂w2_11 = ∂L/∂ŷ · ∂ŷ/∂w2_11 = ∂L/∂o21 · ∂o21/∂w2_11: "both are the same", one node.
    model = network()
    prediction = model([float(X1), float(X2)])
    loss = nn.squared_error(prediction, float(Y))
    loss.backward()
    w2_11 = dict(model.named_parameters())["w2_11"]
    o11 = prediction.parents[2]
    assert (w2_11.label, o11.label) == ("w^{2}_{11}", "o_{11}")
    assert w2_11.grad == prediction.grad * o11.data


SLOPES = [
    ("x²", lambda x: x**2, 1, 2),
    ("x² + x", lambda x: x**2 + x, 1, 3),
    ("x² + 2x", lambda x: x**2 + 2 * x, 5, 12),
    ("x² + 2x", lambda x: x**2 + 2 * x, 3, 8),
]


@pytest.mark.parametrize(("name", "f", "x", "slope"), SLOPES, ids=[f"{s[0]} at {s[2]}" for s in SLOPES])
def test_the_secant_shrinks_onto_the_tangent(name: str, f: object, x: int, slope: int) -> None:
    assert callable(f)
    assert grad(f)(float(x)) == slope
    for k in range(1, 20):
        dx = Fraction(1, 2**k)
        secant = (f(x + dx) - f(x)) / dx  # exact: Fractions
        assert secant == slope + dx  # 2x + Δx, and so on: what is left is Δx itself


def test_partial_derivatives_of_a_sum_of_squares() -> None:
    assert grad(lambda x, y: x**2 + y**2)(3.0, -5.0) == (6.0, -10.0)


# ---- The data, and the traps in them -----------------------------------------------------------------


def test_the_table_is_the_lectures() -> None:
    table = nn.read_csv(TABLE)
    assert table.columns == ("height", "weight", "bmi")
    assert table.rows == [[160, 60, 21], [170, 65, 22], [180, 70, 20], [190, 71, 18]]
    real = [round(weight / (height / 100) ** 2, 1) for height, weight, _ in table.rows]
    assert real == [23.4, 22.5, 21.6, 19.7]  # the last column is not weight/height²


def test_with_weights_1_and_biases_0_it_predicts_440_and_hidden_units_stay_twins() -> None:
    table = nn.read_csv(TABLE)
    rows, targets = table.select(["height", "weight"]), table.column("bmi")
    model = nn.MLP([2, 2, 1], activation="linear", init="ones")
    assert model(rows[0]).data == 440.0
    nn.fit(model, rows, targets, lr=0.01, epochs=50, standardize=True)
    p = model.state_dict()
    assert (p["w1_11"], p["w1_21"], p["b11"]) == (p["w1_12"], p["w1_22"], p["b12"])
    assert p["w2_11"] == p["w2_21"] != 1.0


@pytest.mark.parametrize("lr", [0.01, 0.0001])
def test_unscaled_one_point_a_step_diverges(lr: float) -> None:
    table = nn.read_csv(TABLE)
    model = nn.MLP([2, 2, 1], activation="linear", init="ones")
    before = model.state_dict()
    with pytest.raises(nn.DivergenceError, match=rf"epoch \d+.* learning rate {lr:g}.*standardi"):
        nn.fit(model, table.select(["height", "weight"]), table.column("bmi"), loss="squared_error", lr=lr, epochs=100)
    assert model.state_dict() == before


def test_standardised_it_learns_what_a_linear_network_can() -> None:
    table = nn.read_csv(TABLE)
    rows, targets = table.select(["height", "weight"]), table.column("bmi")
    model = nn.MLP([2, 2, 1], activation="linear", seed=1)
    nn.fit(model, rows, targets, lr=0.1, epochs=500, batch_size="all", standardize=True)
    # A linear network can do no better than least squares, whose sum of squared errors on this table is 3/2:
    # by the normal equations in exact arithmetic.
    assert least_squares_error(rows, targets) == F("1.5")
    errors = math.fsum((p - y) ** 2 for p, y in zip(model.predict(rows), targets, strict=True))
    assert errors == pytest.approx(1.5, rel=1e-6)


def least_squares_error(rows: list[list[float]], targets: list[float]) -> Fraction:
    """The least sum of squared errors of m1 x1 + m2 x2 + b, by Gauss elimination of the normal equations."""
    a = [[Fraction(x) for x in (*row, 1)] for row in rows]
    y = [Fraction(t) for t in targets]

    def dot(u: list[Fraction], v: list[Fraction]) -> Fraction:
        return sum((s * t for s, t in zip(u, v, strict=True)), F(0))

    columns = [list(column) for column in zip(*a, strict=True)]
    system = [[dot(left, right) for right in (*columns, y)] for left in columns]
    for i in range(3):
        system[i] = [v / system[i][i] for v in system[i]]
        for k in range(3):
            if k != i:
                system[k] = [v - system[k][i] * w for v, w in zip(system[k], system[i], strict=True)]
    m = [row[3] for row in system]
    errors = [dot(m, row) - t for row, t in zip(a, y, strict=True)]
    return dot(errors, errors)
