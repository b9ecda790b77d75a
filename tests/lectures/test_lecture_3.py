"""Lecture 3: one logistic neuron, cross-entropy, and softmax."""

from __future__ import annotations

import mpmath
import pytest

import nn
from autograd import Value, grad, sigmoid

from .exact import set_parameters

ROW, WEIGHTS, BIAS = [1.5, -0.7], [0.4, 0.9], -0.2


def neuron() -> nn.Neuron:
    one = nn.Neuron(2, activation="sigmoid")
    set_parameters(one, w1=WEIGHTS[0], w2=WEIGHTS[1], b=BIAS)
    return one


def exact_activation() -> mpmath.mpf:
    with mpmath.workdps(50):
        z = sum((mpmath.mpf(w) * x for w, x in zip(WEIGHTS, ROW, strict=True)), mpmath.mpf(BIAS))
        return 1 / (1 + mpmath.exp(-z))


@pytest.mark.parametrize("y", [0, 1])
def test_the_three_links_and_their_product(y: int) -> None:
    one = neuron()
    a = one(ROW)
    (z,) = a.parents
    loss = nn.binary_cross_entropy(a, y)
    loss.backward()
    with mpmath.workdps(50):
        a_ = exact_activation()
        assert loss.data == pytest.approx(float(-(y * mpmath.log(a_) + (1 - y) * mpmath.log(1 - a_))), rel=1e-14)
        assert loss.partials[0] == pytest.approx(float((a_ - y) / (a_ * (1 - a_))), rel=1e-14)  # ∂J/∂a
        assert a.partials[0] == pytest.approx(float(a_ * (1 - a_)), rel=1e-14)  # ∂a/∂z
        assert z.partials == (*ROW, *WEIGHTS, 1.0)  # ∂z/∂w = x, ∂z/∂x = w, ∂z/∂b = 1
        error = float(a_ - y)  # prediction − actual
        assert z.grad == pytest.approx(error, rel=1e-14)
        for w, x in zip(one.weight, ROW, strict=True):
            assert w.grad == pytest.approx(error * x, rel=1e-14)
        assert one.bias is not None
        assert one.bias.grad == pytest.approx(error, rel=1e-14)


@pytest.mark.parametrize("y", [0.0, 1.0])
@pytest.mark.parametrize("z", [-30.0, -2.0, 0.0, 0.5, 3.0, 36.0])
def test_the_fused_loss_has_the_product_as_its_link(z: float, y: float) -> None:
    score = Value(z)
    nn.binary_cross_entropy_with_logits(score, y).backward()
    with mpmath.workdps(50):
        assert score.grad == pytest.approx(float(1 / (1 + mpmath.exp(-mpmath.mpf(z))) - y), rel=1e-14)


@pytest.mark.parametrize("a", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("y", [0.0, 1.0, 0.3])
def test_the_derivation_of_the_first_link_line_by_line(a: float, y: float) -> None:
    by_rule = grad(lambda p: nn.binary_cross_entropy(p, y))(a)
    for line in (
        -y / a + (1 - y) / (1 - a),
        (-y + y * a + a - y * a) / (a * (1 - a)),
        (a - y) / (a * (1 - a)),
    ):
        assert by_rule == pytest.approx(line, rel=1e-13, abs=1e-15)
    # The hand-out's factor ½, written once and dropped, would halve it.
    assert by_rule != pytest.approx((a - y) / (2 * a * (1 - a)), rel=1e-3)


@pytest.mark.parametrize("z", [-2.0, 0.0, 0.5, 3.0])
def test_the_derivation_of_sigma_prime_line_by_line(z: float) -> None:
    with mpmath.workdps(50):
        e = mpmath.exp(-mpmath.mpf(z))
        lines = [e / (1 + e) ** 2, (1 + e - 1) / (1 + e) ** 2, 1 / (1 + e) * (1 - 1 / (1 + e))]
        for line in lines:  # positive: the hand-out's sign in one line is a slip
            assert grad(sigmoid)(z) == pytest.approx(float(line), rel=1e-14)


def test_one_batch_update_sums_the_points_and_stochastic_updates_do_not() -> None:
    rows, targets, rate = [[1.0, 2.0], [-1.5, 0.5], [0.3, -0.8]], [1.0, 0.0, 1.0], 0.3

    def gradient(w: list[float], b: float, row: list[float], y: float) -> list[float]:
        error = float(sigmoid(sum(wi * xi for wi, xi in zip(w, row, strict=True)) + b)) - y
        return [error * row[0], error * row[1], error]

    each = [gradient(WEIGHTS, BIAS, row, y) for row, y in zip(rows, targets, strict=True)]
    batch = [p - rate * sum(column) for p, column in zip([*WEIGHTS, BIAS], zip(*each, strict=True), strict=True)]
    one = neuron()
    history = nn.fit(one, rows, targets, loss="binary_cross_entropy", lr=rate, epochs=1, batch_size="all")
    assert history.iterations == 1
    assert list(one.state_dict().values()) == pytest.approx(batch, rel=1e-13)

    p = [*WEIGHTS, BIAS]
    for row, y in zip(rows, targets, strict=True):
        p = [q - rate * g for q, g in zip(p, gradient(p[:2], p[2], row, y), strict=True)]
    one = neuron()
    history = nn.fit(one, rows, targets, loss="binary_cross_entropy", lr=rate, epochs=1, batch_size=1, shuffle=False)
    assert history.iterations == 3
    assert list(one.state_dict().values()) == pytest.approx(p, rel=1e-13)
    assert p != pytest.approx(batch, rel=1e-3)


def test_softmax_with_categorical_cross_entropy_gives_a_minus_y_too() -> None:
    scores, y = [0.5, -1.0, 2.0], [0.0, 0.0, 1.0]
    with mpmath.workdps(50):
        e = [mpmath.exp(mpmath.mpf(s)) for s in scores]
        expected = [float(e_i / sum(e) - y_i) for e_i, y_i in zip(e, y, strict=True)]
        loss = float(-mpmath.log(e[2] / sum(e)))
    for target in (2, y):
        v = [Value(s) for s in scores]
        fused = nn.cross_entropy(v, target)
        fused.backward()
        assert fused.data == pytest.approx(loss, rel=1e-14)
        assert [x.grad for x in v] == pytest.approx(expected, rel=1e-14)
    layer = nn.Layer(3, 3, activation="softmax", bias=False)
    identity = {f"w1_{i}{j}": float(i == j) for i in (1, 2, 3) for j in (1, 2, 3)}
    layer.load_state_dict(identity)
    inputs = [Value(s) for s in scores]
    in_links = nn.categorical_cross_entropy(layer(inputs), 2)
    in_links.backward()
    assert in_links.data == pytest.approx(loss, rel=1e-14)
    assert [x.grad for x in inputs] == pytest.approx(expected, rel=1e-13)


def test_why_an_activation() -> None:
    line, logistic = lambda x: 2 * x + 1, lambda x: sigmoid(2 * x + 1)
    assert [grad(line)(x) for x in (-1.0, 0.0, 4.0)] == [2.0] * 3
    assert len({grad(logistic)(x) for x in (0.0, 1.0, 4.0)}) == 3
    assert [grad(lambda x, n=n: x**n)(2.0) for n in (2, 3, 4)] == [4.0, 12.0, 32.0]
    # The hand-out's expansion of (2x + 1)² ends in +2; it is 4x² + 4x + 1.
    assert all((2 * x + 1) ** 2 == 4 * x**2 + 4 * x + 1 for x in range(-3, 4))
