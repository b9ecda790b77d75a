"""Lecture 2: a 2-2-1 network with sigmoid hidden units and a linear output."""

from __future__ import annotations

import mpmath
import pytest

import nn
from autograd import Value, sigmoid

from .exact import gradients, set_parameters

PARAMETERS = {
    "w1_11": 0.15, "w1_21": -0.4, "b11": 0.35, "w1_12": 0.25, "w1_22": 0.3, "b12": -0.6,
    "w2_11": 0.45, "w2_21": -0.55, "b21": 0.2,
}  # fmt: skip
X1, X2, Y = 0.7, -1.2, 0.9


def by_hand(parameters: dict[str, float]) -> dict[str, mpmath.mpf]:
    """Every line of the hand-out, with 50 digits."""
    with mpmath.workdps(50):
        p = {name: mpmath.mpf(number) for name, number in parameters.items()}
        x1, x2, y = map(mpmath.mpf, (X1, X2, Y))

        def s(z: mpmath.mpf) -> mpmath.mpf:
            return 1 / (1 + mpmath.exp(-z))

        z11 = p["w1_11"] * x1 + p["w1_21"] * x2 + p["b11"]
        z12 = p["w1_12"] * x1 + p["w1_22"] * x2 + p["b12"]
        o11, o12 = s(z11), s(z12)
        prediction = p["w2_11"] * o11 + p["w2_21"] * o12 + p["b21"]
        at_output = 2 * (prediction - y)
        slope11, slope12 = s(z11) * (1 - s(z11)), s(z12) * (1 - s(z12))  # σ', which the hand-out writes σ''
        return {
            "z11": z11, "z12": z12, "o11": o11, "o12": o12, "ŷ": prediction, "L": (prediction - y) ** 2,
            "dL/dŷ": at_output,
            "dL/dw2_11": at_output * o11,
            "dL/dw2_21": at_output * o12,
            "dL/db21": at_output,
            "dL/do11": at_output * p["w2_11"],
            "dL/do12": at_output * p["w2_21"],
            "do11/dz11": slope11,
            "do12/dz12": slope12,
            "dL/dw1_11": at_output * p["w2_11"] * slope11 * x1,
            "dL/dw1_21": at_output * p["w2_11"] * slope11 * x2,
            "dL/db11": at_output * p["w2_11"] * slope11,
            "dL/dw1_12": at_output * p["w2_21"] * slope12 * x1,
            "dL/dw1_22": at_output * p["w2_21"] * slope12 * x2,
            "dL/db12": at_output * p["w2_21"] * slope12,
        }  # fmt: skip


def step() -> tuple[nn.MLP, dict[str, Value], Value]:
    model = nn.MLP([2, 2, 1], activation="sigmoid")
    set_parameters(model, **PARAMETERS)
    prediction = model([X1, X2])
    loss = nn.squared_error(prediction, Y)
    loss.backward()
    o11, o12 = prediction.parents[2:4]
    (z11,), (z12,) = o11.parents, o12.parents
    return model, {"z11": z11, "z12": z12, "o11": o11, "o12": o12, "ŷ": prediction}, loss


def test_forward_pass() -> None:
    _, units, loss = step()
    exact = by_hand(PARAMETERS)
    for name, unit in units.items():
        assert unit.label is not None
        assert unit.label.translate({ord(c): None for c in "_{}"}) == name
        assert unit.data == pytest.approx(float(exact[name]), rel=1e-15)
    assert loss.data == pytest.approx(float(exact["L"]), rel=1e-14)


def test_every_line_of_the_backward_pass() -> None:
    model, units, _ = step()
    exact = by_hand(PARAMETERS)
    computed = {f"dL/d{name}": gradient for name, gradient in gradients(model).items()}
    computed |= {f"dL/d{name}": units[name].grad for name in ("o11", "o12", "ŷ")}
    computed |= {"do11/dz11": units["o11"].partials[0], "do12/dz12": units["o12"].partials[0]}
    assert computed.keys() == exact.keys() - {"z11", "z12", "o11", "o12", "ŷ", "L"}
    for line, number in computed.items():
        assert number == pytest.approx(float(exact[line]), rel=2e-15), line


def test_the_first_derivative_of_sigma_is_sigma_times_one_minus_sigma() -> None:
    for x in (-3.0, -0.5, 0.0, 1.0, 2.5):
        z = Value(x)
        z.sigmoid().backward()
        assert z.grad == pytest.approx(sigmoid(x) * (1 - sigmoid(x)), rel=1e-14)


def test_layer_1_reaches_the_prediction_only_through_the_hidden_units() -> None:
    model, units, loss = step()
    prediction = units["ŷ"]
    first = model.layers[0].parameters()
    assert not set(first) & {*prediction.parents, *loss.parents}
    assert prediction.parents[2:4] == (units["o11"], units["o12"])
    # What ŷ depends on directly: the output weights, o11 and o12, and the bias.
    assert [v.label for v in prediction.parents] == ["w^{2}_{11}", "w^{2}_{21}", "o_{11}", "o_{12}", "b_{21}"]


def test_all_nine_are_updated_from_gradients_taken_before_any_update() -> None:
    rate = 0.5
    model, _, _ = step()
    exact = by_hand(PARAMETERS)
    nn.SGD(model.parameters(), lr=rate).step()
    for name, number in model.state_dict().items():
        assert number == pytest.approx(PARAMETERS[name] - rate * float(exact[f"dL/d{name}"]), rel=1e-14), name

    # "From the end to the start", each layer seeing the next one already updated, is another thing.
    half_updated = dict(PARAMETERS)
    for name in ("w2_11", "w2_21", "b21"):
        half_updated[name] -= rate * float(exact[f"dL/d{name}"])
    sequential = PARAMETERS["w1_11"] - rate * float(by_hand(half_updated)["dL/dw1_11"])
    assert sequential != pytest.approx(model.state_dict()["w1_11"], rel=1e-3)


def test_the_mean_over_a_batch_is_the_average_of_the_points_gradients() -> None:
    rows, targets = [[0.7, -1.2], [0.1, 0.4], [-0.3, 0.8]], [0.9, -0.2, 0.5]
    model, _, _ = step()
    each = []
    for row, target in zip(rows, targets, strict=True):
        model.zero_grad()
        nn.squared_error(model(row), target).backward()
        each.append(gradients(model))
    model.zero_grad()
    nn.mean_squared_error([model(row) for row in rows], targets).backward()
    for name, gradient in gradients(model).items():
        assert gradient == pytest.approx(sum(g[name] for g in each) / 3, rel=1e-13)
