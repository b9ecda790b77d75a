"""Lecture 4: one step by hand on a 2-1-1 network without biases, and the vocabulary of training."""

from __future__ import annotations

from fractions import Fraction

import pytest

import nn
from autograd import Value, grad

from .exact import F, gradients, is_exactly, set_parameters

# The hand-out's table in exact arithmetic: x = (5, 3), w = (0.4, 0.6, 0.5), y = 8, η = 0.01.
X = [5.0, 3.0]
EXACT = {
    "h1": F("3.8"),
    "ŷ": F("1.9"),
    "e": F("18.605"),  # the hand-out writes 18.6, from 37.82/2, and once 16.8: all three are slips
    "∂e/∂ŷ": F("-6.1"),
    "∂ŷ/∂w3": F("3.8"),
    "∂ŷ/∂h1": F("0.5"),
    "∂e/∂h1": F("-3.05"),
    "∂h1/∂w1": F(5),
    "∂h1/∂w2": F(3),
    "∂e/∂w3": F("-23.18"),
    "∂e/∂w1": F("-15.25"),
    "∂e/∂w2": F("-9.15"),
}
AFTER = {
    "w3": F("0.7318"),
    "w1": F("0.5525"),
    "w2": F("0.6915"),
    "h1": F("4.837"),
    "ŷ": F("3.5397166"),
    "e": F("9.94706400415778"),
}
NAMES = {"w1": "w1_11", "w2": "w1_21", "w3": "w2_11"}  # the lecture numbers its weights


def network() -> nn.MLP:
    model = nn.MLP([2, 1, 1], activation="linear", bias=False)
    set_parameters(model, w1_11=0.4, w1_21=0.6, w2_11=0.5)
    return model


def forward(model: nn.MLP) -> tuple[Value, Value, Value]:
    prediction = model(X)
    w3, h1 = prediction.parents
    assert (w3.label, h1.label) == ("w^{2}_{11}", "o_{11}")
    return h1, prediction, nn.half_squared_error(prediction, 8.0)


def test_every_number_of_the_table() -> None:
    model = network()
    h1, prediction, error = forward(model)
    error.backward()
    g = gradients(model)
    computed = {
        "h1": h1.data,
        "ŷ": prediction.data,
        "e": error.data,
        "∂e/∂ŷ": error.partials[0],
        "∂ŷ/∂w3": prediction.partials[0],
        "∂ŷ/∂h1": prediction.partials[1],
        "∂e/∂h1": h1.grad,
        "∂h1/∂w1": h1.partials[0],
        "∂h1/∂w2": h1.partials[1],
        "∂e/∂w3": g["w2_11"],
        "∂e/∂w1": g["w1_11"],
        "∂e/∂w2": g["w1_21"],
    }
    assert computed.keys() == EXACT.keys()
    for quantity, number in computed.items():
        assert is_exactly(number, EXACT[quantity]), quantity


def test_one_step_brings_the_error_below_18_6() -> None:
    model = network()
    history = nn.fit(model, [X], [8.0], loss="half_squared_error", lr=0.01, epochs=1)
    assert is_exactly(history.loss[0], EXACT["e"])
    for theirs, ours in NAMES.items():
        assert is_exactly(model.state_dict()[ours], AFTER[theirs]), theirs
    h1, prediction, error = forward(model)
    assert is_exactly(h1.data, AFTER["h1"])
    assert is_exactly(prediction.data, AFTER["ŷ"])
    assert is_exactly(error.data, AFTER["e"], roundings=32)
    assert error.data < 18.6


def test_the_table_follows_from_its_formulas() -> None:
    """The exact column is no more than the hand-out's formulas, evaluated in fractions."""
    x1, x2, y, rate = F(5), F(3), F(8), F("0.01")
    w = {"w1": F("0.4"), "w2": F("0.6"), "w3": F("0.5")}
    h1 = x1 * w["w1"] + x2 * w["w2"]
    prediction = h1 * w["w3"]
    assert (h1, prediction, (prediction - y) ** 2 / 2) == (EXACT["h1"], EXACT["ŷ"], EXACT["e"])
    slopes = {
        "w3": (prediction - y) * h1,
        "w1": (prediction - y) * w["w3"] * x1,
        "w2": (prediction - y) * w["w3"] * x2,
    }
    assert slopes == {name: EXACT[f"∂e/∂{name}"] for name in w}
    for name in w:
        w[name] -= rate * slopes[name]
        assert w[name] == AFTER[name]
    h1 = x1 * w["w1"] + x2 * w["w2"]
    assert (h1, h1 * w["w3"], (h1 * w["w3"] - y) ** 2 / 2) == (AFTER["h1"], AFTER["ŷ"], AFTER["e"])


def test_with_w3_already_updated_the_derivative_of_w1_would_be_another() -> None:
    assert round(float((EXACT["ŷ"] - 8) * AFTER["w3"] * 5), 2) == -22.32  # −15.25 is from w3 before the update


def test_slips_in_the_arithmetic() -> None:
    assert F("3.8") * F("0.5") == F("1.9") != F("3.8") + F("0.5")
    assert F("-6.1") ** 2 == F("37.21") != F("37.82")
    assert F("37.21") / 2 == F("18.605")
    assert 38 * 61 == 2318
    assert 1000 / 10 == 100


def test_without_the_chain_rule_the_expanded_polynomial_gives_the_same() -> None:
    x1, x2, y = 5.0, 3.0, 8.0

    def polynomial(w1: Value, w2: Value, w3: Value) -> Value:
        inner = x1 * w1 * w3 + x2 * w2 * w3
        return inner**2 + y**2 - 2 * y * inner

    halved = grad(lambda *w: polynomial(*w) / 2)(0.4, 0.6, 0.5)
    whole = grad(polynomial)(0.4, 0.6, 0.5)
    for name, half, full in zip(("w1", "w2", "w3"), halved, whole, strict=True):
        exact = EXACT[f"∂e/∂{name}"]
        assert is_exactly(half, exact, roundings=32), name
        assert is_exactly(full, 2 * exact, roundings=32), name  # without the ½: −30.5 for w1
    assert whole[0] == pytest.approx(-30.5, rel=1e-14)


# ---- Linear regression as the first case ---------------------------------------------------------------

POINTS = [(F(1), F(3)), (F(2), F("4.5")), (F(4), F("8.5")), (F(5), F(11))]


def slopes_by_hand(m: Fraction, b: Fraction) -> tuple[Fraction, Fraction]:
    """∂e/∂m and ∂e/∂b of e = Σ ((mx + b) − y)²/n."""
    n = len(POINTS)
    errors = [m * x + b - y for x, y in POINTS]
    return sum((2 * e * x for e, (x, _) in zip(errors, POINTS, strict=True)), F(0)) / n, sum(2 * e for e in errors) / F(
        n
    )


def test_linear_regression_derivatives_and_update() -> None:
    m, b, rate = F("1.5"), F("-0.25"), F("0.125")
    model = nn.MLP([1, 1])
    set_parameters(model, w1_11=m, b11=b)
    rows, targets = [[float(x)] for x, _ in POINTS], [float(y) for _, y in POINTS]
    nn.mean_squared_error([model(row) for row in rows], targets).backward()
    by_m, by_b = slopes_by_hand(m, b)
    assert gradients(model) == {"w1_11": float(by_m), "b11": float(by_b)}  # all of them are binary fractions
    nn.SGD(model.parameters(), lr=float(rate)).step()
    assert model.state_dict() == {"w1_11": float(m - rate * by_m), "b11": float(b - rate * by_b)}


def test_the_hand_outs_expansion_lacks_2mxb() -> None:
    def right(m: Value, b: Value, x: float, y: float) -> Value:
        return m**2 * x**2 + b**2 + y**2 - 2 * y * m * x - 2 * y * b + 2 * m * x * b

    def as_written(m: Value, b: Value, x: float, y: float) -> Value:
        return m**2 * x**2 + b**2 + y**2 - 2 * y * m * x - 2 * y * b

    m, b, x, y = 1.5, -0.25, 2.0, 4.5
    error = m * x + b - y
    assert grad(right, argnums=(0, 1))(m, b, x, y) == (2 * error * x, 2 * error)
    # And b² struck out as well: wrong by 2bx and by 2mx, and then by 2b too.
    assert grad(as_written, argnums=(0, 1))(m, b, x, y) == (2 * error * x - 2 * b * x, 2 * error - 2 * m * x)


def test_a_parabola() -> None:
    assert grad(lambda x: (x - 2) ** 2)(1.0) == -2.0


# ---- Counting, and the matrix picture ------------------------------------------------------------------


def test_1000_samples_in_batches_of_10_are_100_iterations_an_epoch() -> None:
    rows = [[i / 1000] for i in range(1000)]
    model = nn.MLP([1, 1], seed=0)
    history = nn.fit(model, rows, [2 * x for (x,) in rows], batch_size=10, epochs=100)
    assert history.iterations_per_epoch == 100
    assert (history.epochs, history.iterations) == (100, 10_000)
    assert (len(history.loss), len(history.iteration_loss)) == (100, 10_000)


def test_a_row_times_a_column_is_one_number_and_all_rows_are_three() -> None:
    layer = nn.Layer(3, 1, activation="linear", bias=False)
    set_parameters(layer, w1_11=2.0, w1_21=-1.0, w1_31=0.5)
    rows = [[1.0, 2.0, 4.0], [0.0, 1.0, 2.0], [3.0, 0.0, -2.0]]
    assert [[o.data for o in layer(row)] for row in rows] == [[2.0], [0.0], [5.0]]
