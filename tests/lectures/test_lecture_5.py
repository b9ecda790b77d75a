"""Lecture 5: the 4-3-2-1 perceptron, branching paths, and training to convergence."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import mpmath
import pytest

import nn
from autograd import Value, total

from .exact import gradients

SIZES = [4, 3, 2, 1]
ROW, TARGET = [0.5, -1.2, 0.8, 0.3], 0.7


def network(bias: bool = False) -> nn.MLP:
    """Every unit has a differentiable activation f_kj, the last one too."""
    return nn.MLP(SIZES, activation="sigmoid", output="sigmoid", bias=bias, init="random", seed=5)


def weight(w: dict[str, float], k: int, i: int, j: int) -> mpmath.mpf:
    return mpmath.mpf(w[f"w{k}_{i}{j}"])


def outputs(w: dict[str, float]) -> list[list[mpmath.mpf]]:
    """o_0 = x, then the outputs of every layer, from the formulas."""
    layers = [[mpmath.mpf(x) for x in ROW]]
    for k, size in enumerate(SIZES[1:], 1):
        z = [sum(weight(w, k, i, j) * o for i, o in enumerate(layers[-1], 1)) for j in range(1, size + 1)]
        layers.append([1 / (1 + mpmath.exp(-x)) for x in z])
    return layers


def link(w: dict[str, float], o: list[list[mpmath.mpf]], k: int, j: int, i: int) -> mpmath.mpf:
    """∂o_kj/∂o_(k−1)i = f′ · w^k_ij, one link of the lecture's."""
    return o[k][j - 1] * (1 - o[k][j - 1]) * weight(w, k, i, j)


def paths(k: int, j: int) -> Iterator[list[int]]:
    """The units on every way from unit j of layer k to the output: one a layer."""
    for between in itertools.product(*(range(1, size + 1) for size in SIZES[k + 1 :])):
        yield [j, *between]


def by_paths(w: dict[str, float], k: int, i: int, j: int) -> list[mpmath.mpf]:
    """The product of the links along every path from w^k_ij to L."""
    o = outputs(w)
    at_output = 2 * (o[3][0] - mpmath.mpf(TARGET))
    first = o[k][j - 1] * (1 - o[k][j - 1]) * o[k - 1][i - 1]  # ∂o_kj/∂w^k_ij
    return [
        at_output
        * mpmath.fprod(link(w, o, layer, to, frm) for layer, (frm, to) in enumerate(itertools.pairwise(path), k + 1))
        * first
        for path in paths(k, j)
    ]


def test_it_has_20_weights_and_with_biases_26_parameters() -> None:
    assert len(network().parameters()) == 12 + 6 + 2 == 20
    assert len(network(bias=True).parameters()) == 26
    layers = network().layers
    assert [len(layer.parameters()) for layer in layers] == [12, 6, 2]
    assert [[n._labels[1] for n in layer.neurons] for layer in layers] == [
        ["o_{11}", "o_{12}", "o_{13}"],
        ["o_{21}", "o_{22}"],
        ["ŷ"],
    ]


@pytest.mark.parametrize(("k", "count"), [(3, 1), (2, 1), (1, 2)])
def test_every_gradient_is_the_sum_over_its_paths(k: int, count: int) -> None:
    model = network()
    nn.squared_error(model(ROW), TARGET).backward()
    w, g = model.state_dict(), gradients(model)
    with mpmath.workdps(50):
        for i in range(1, SIZES[k - 1] + 1):
            for j in range(1, SIZES[k] + 1):
                products = by_paths(w, k, i, j)
                assert len(products) == count
                assert g[f"w{k}_{i}{j}"] == pytest.approx(float(mpmath.fsum(products)), rel=1e-13)


def test_the_two_paths_of_the_worked_weight() -> None:
    # ∂L/∂o31 · (∂o31/∂o21 · ∂o21/∂o11 · ∂o11/∂w1_11 + ∂o31/∂o22 · ∂o22/∂o11 · ∂o11/∂w1_11)
    model = network()
    prediction = model(ROW)
    loss = nn.squared_error(prediction, TARGET)
    loss.backward()
    (z31,) = prediction.parents
    o21, o22 = z31.parents[2:4]
    (z21,), (z22,) = o21.parents, o22.parents
    o11 = z21.parents[3]
    assert [v.label for v in (o21, o22, o11)] == ["o_{21}", "o_{22}", "o_{11}"]
    assert z22.parents[3] is o11
    (z11,) = o11.parents

    def through(o: Value, z: Value) -> float:
        to_o31 = prediction.partials[0] * z31.partials[z31.parents.index(o)]
        return loss.partials[0] * to_o31 * o.partials[0] * z.partials[3] * o11.partials[0] * z11.partials[0]

    first, second = by_paths(model.state_dict(), 1, 1, 1)
    assert through(o21, z21) == pytest.approx(float(first), rel=1e-13)
    assert through(o22, z22) == pytest.approx(float(second), rel=1e-13)
    w1_11 = dict(model.named_parameters())["w1_11"]
    assert w1_11.grad == pytest.approx(through(o21, z21) + through(o22, z22), rel=1e-13)


def test_the_rule_behind_it() -> None:
    # x → f, g → h(f, g) → k: ∂k/∂x = ∂k/∂h · (∂h/∂f · ∂f/∂x + ∂h/∂g · ∂g/∂x)
    x = Value(3.0)
    f, g = x**2, 5 * x
    h = f * g
    k = h**3
    k.backward()
    assert x.grad == 3 * (9 * 15) ** 2 * (15 * 6 + 9 * 5)


@pytest.mark.parametrize("penalty", [nn.l1, nn.l2], ids=repr)
def test_the_loss_is_a_total_over_points_plus_a_regulariser(penalty: nn.Penalty) -> None:
    model = network(bias=True)
    rows, targets = [ROW, [0.1, 0.2, 0.3, 0.4]], [TARGET, -0.5]
    loss = total([nn.squared_error(model(x), y) for x, y in zip(rows, targets, strict=True)])
    assert loss.data == nn.squared_error([model(x) for x in rows], targets).data
    loss.backward()
    plain = gradients(model)
    model.zero_grad()
    weights = model.weights()
    assert len(weights) == 20  # no biases
    (nn.squared_error([model(x) for x in rows], targets) + 0.1 * penalty(weights)).backward()
    for name, p in model.named_parameters():
        slope = 0.0 if name.startswith("b") else 2 * p.data if penalty is nn.l2 else 1.0 if p.data > 0 else -1.0
        assert p.grad == pytest.approx(plain[name] + 0.1 * slope, rel=1e-12), name


def data(count: int) -> tuple[list[list[float]], list[float]]:
    rng = random.Random(7)
    rows = [[rng.uniform(-1, 1) for _ in range(4)] for _ in range(count)]
    return rows, [0.5 * a - 0.3 * b + 0.2 * c * d for a, b, c, d in rows]


def test_five_passes_over_the_data_are_five_epochs_of_one_update_a_point() -> None:
    rows, targets = data(20)
    history = nn.fit(nn.MLP(SIZES, seed=1), rows, targets, epochs=5)
    assert (history.epochs, history.iterations) == (5, 100)


def test_a_batch_makes_fewer_updates_an_epoch() -> None:
    rows, targets = data(20)
    history = nn.fit(nn.MLP(SIZES, seed=1), rows, targets, epochs=5, batch_size=8)
    assert (history.iterations_per_epoch, history.iterations) == (3, 15)


def test_training_repeats_until_new_weights_are_nearly_the_old_ones() -> None:
    rows, targets = data(12)
    model = nn.MLP(SIZES, seed=1)
    history = nn.fit(model, rows, targets, lr=0.2, epochs=5000, batch_size="all", tolerance=1e-4)
    assert history.stopped == "converged"
    assert history.epochs < 5000
    assert history.change[-1] <= 1e-4 < history.change[-2]
    assert history.loss[-1] < history.loss[0]
