"""Neurons, layers, perceptrons and modules: what they compute, and what their parts are called."""

from __future__ import annotations

import copy
import math
import pickle
import traceback
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd import Value, no_grad
from autograd.graph import topological_order
from nn.activations import ACTIVATIONS, FUNCTIONS
from nn.initializers import INITIALIZERS

FORMULAS = {
    "linear": lambda x: x,
    "tanh": math.tanh,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "relu": lambda x: max(0.0, x),
    "leaky_relu": lambda x: x if x > 0 else 0.01 * x,
    "softplus": lambda x: math.log1p(math.exp(x)),
    "elu": lambda x: x if x > 0 else math.exp(x) - 1,
    "silu": lambda x: x / (1 + math.exp(-x)),
    "sin": math.sin,
}


def test_every_activation_has_its_formula_here() -> None:
    assert FORMULAS.keys() | {"softmax"} == set(ACTIVATIONS)


@pytest.mark.parametrize("name", FORMULAS)
def test_a_network_computes_its_formula(name: str) -> None:
    model = nn.MLP([2, 2, 1], activation=name, init="random", seed=3)
    model.load_state_dict({n: x + 0.1 for n, x in model.state_dict().items()})
    w, f, (x1, x2) = model.state_dict(), FORMULAS[name], (0.7, -1.3)
    o11 = f(x1 * w["w1_11"] + x2 * w["w1_21"] + w["b11"])
    o12 = f(x1 * w["w1_12"] + x2 * w["w1_22"] + w["b12"])
    expected = o11 * w["w2_11"] + o12 * w["w2_21"] + w["b21"]
    assert model([x1, x2]).data == pytest.approx(expected, rel=1e-12)
    assert model.predict([[x1, x2]]) == [model([x1, x2]).data]  # bit for bit, by another way


@pytest.mark.parametrize("name", ["elu", "silu"])
def test_own_activations_agree_with_differences(name: str) -> None:
    from autograd import check_gradients

    for x in (-40.0, -2.0, -0.3, 0.4, 3.0):
        check_gradients(FUNCTIONS[name], x)


def test_a_neuron_is_one_affine_node_and_one_activation_node() -> None:
    model = nn.MLP([2, 2, 1], activation="tanh")
    prediction = model([1.0, 2.0])
    nodes = [node for node in topological_order(prediction) if node.op is not None]
    assert [(n.op.name, n.label) for n in nodes if n.op] == [
        ("affine", "z_{11}"),
        ("tanh", "o_{11}"),
        ("affine", "z_{12}"),
        ("tanh", "o_{12}"),
        ("affine", "ŷ"),  # linear adds no node
    ]
    inputs = [node for node in topological_order(prediction) if node.label and node.label.startswith("x")]
    assert [x.label for x in inputs] == ["x_{1}", "x_{2}"]  # lifted once, not once a neuron


def test_names_follow_the_lectures_with_a_comma_at_two_digits() -> None:
    labels = {p.label for p in nn.MLP([2, 11, 1]).parameters()}
    assert {"w^{1}_{21}", "w^{1}_{1,11}", "b_{1,11}", "w^{2}_{11,1}", "b_{21}"} <= labels
    names = [name for name, _ in nn.MLP([2, 11, 1]).named_parameters()]
    assert {"w1_21", "w1_1,11", "b1,11", "w2_11,1", "b21"} <= set(names)
    assert len(set(names)) == len(names) == 2 * 11 + 11 + 11 + 1


def test_wide_outputs_and_softmax() -> None:
    assert [o.label for o in nn.MLP([2, 3])([1.0, 2.0])] == ["o_{11}", "o_{12}", "o_{13}"]
    model = nn.MLP([2, 3], output="softmax", seed=1)
    probabilities = model([1.0, 2.0])
    assert sum(p.data for p in probabilities) == pytest.approx(1.0)
    assert [p.label for p in probabilities] == ["o_{11}", "o_{12}", "o_{13}"]
    assert [z.label for z in probabilities[0].parents] == ["z_{11}", "z_{12}", "z_{13}"]
    assert model.predict([[1.0, 2.0]]) == [[p.data for p in probabilities]]


def test_seeds_make_networks_repeatable() -> None:
    assert nn.MLP([2, 2, 1], seed=4).state_dict() == nn.MLP([2, 2, 1], seed=4).state_dict()
    assert nn.MLP([2, 2, 1], seed=4).state_dict() != nn.MLP([2, 2, 1], seed=5).state_dict()


@pytest.mark.parametrize(
    ("init", "mean", "variance"),
    [("random", 0, 1 / 3), ("glorot", 0, 2 / 150), ("he", 0, 2 / 100), ("ones", 1, 0)],
)
def test_initialisers_have_their_variance(init: str, mean: float, variance: float) -> None:
    assert init in INITIALIZERS
    layer = nn.Layer(100, 50, init=init, seed=1)
    weights = [w.data for w in layer.weights()]
    average = math.fsum(weights) / len(weights)
    spread = math.fsum((w - average) ** 2 for w in weights) / len(weights)
    assert average == pytest.approx(mean, abs=4 * math.sqrt(variance / len(weights)))
    assert spread == pytest.approx(variance, rel=0.1)
    assert all(n.bias is not None and n.bias.data == 0.0 for n in layer.neurons)


def test_numbers_and_values_may_be_mixed_as_inputs_and_gradients_reach_them() -> None:
    x = Value(0.5, "mine")
    nn.MLP([2, 2, 1], seed=1)([x, 2]).backward()
    assert x.grad != 0.0
    assert x.label == "mine"


def test_own_modules_find_their_parameters_and_have_a_way_out_of_equal_labels() -> None:
    class Pair(nn.Module):
        def __init__(self) -> None:
            self.first, self.second = nn.MLP([1, 1]), nn.MLP([1, 1])
            self.extra = {"scale": Value(2.0)}
            self.again = self.first
            self.derived = Value(1.0) * 2  # no leaf, no parameter

        def __call__(self, row: Any) -> Any:
            return self.first(row) + self.extra["scale"] * self.second(row)

    pair = Pair()
    assert [name for name, _ in pair.named_parameters()] == [
        "first.layers.0.neurons.0.weight.0",
        "first.layers.0.neurons.0.bias",
        "second.layers.0.neurons.0.weight.0",
        "second.layers.0.neurons.0.bias",
        "extra.scale",
    ]
    assert len(pair.weights()) == 3
    history = nn.fit(pair, [[1.0], [2.0]], [3.0, 5.0], lr=0.05, epochs=200)
    assert history.loss[-1] < 1e-3 * history.loss[0]


def test_models_can_be_copied_and_pickled() -> None:
    model = nn.MLP([2, 2, 1], seed=1)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.state_dict() == model.state_dict()
        assert not set(twin.parameters()) & set(model.parameters())


def test_no_graph_is_kept_by_predict_nor_under_no_grad() -> None:
    model = nn.MLP([2, 2, 1], seed=1)
    assert isinstance(model.predict([[1.0, 2.0]])[0], float)
    with no_grad():
        assert model([1.0, 2.0]).parents == ()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.MLP([2]), "sizes are"),
        (lambda: nn.MLP("2-2-1"), "sizes are"),
        (lambda: nn.MLP([2, 0, 1]), "size 2"),
        (lambda: nn.MLP([2, 1.5]), "size 2"),
        (lambda: nn.MLP([2, 1], output="sigmod"), "did you mean 'sigmoid'"),
        (lambda: nn.MLP([2, 1], init="glorto"), "did you mean 'glorot'"),
        (lambda: nn.Neuron(2, activation="softmax"), "whole layer"),
        (lambda: nn.MLP([2, 1])([1.0]), "takes rows of 2 numbers, got 1"),
        (lambda: nn.MLP([2, 1]).predict([[1.0, 2.0, 3.0]]), "takes rows of 2 numbers, got 3"),
        (lambda: nn.MLP([2, 1]).predict([[1.0, "2"]]), "row 1, column 2: '2' is not a number"),
        (lambda: nn.MLP([2, 1]).load_state_dict({"w1_11": 1.0}), "has no w1_21, b11"),
        (lambda: nn.MLP([1, 1]).load_state_dict({"w1_11": 1.0, "b11": 0.0, "b12": 0.0}), "did you mean 'b11'"),
        (lambda: nn.MLP([1, 1]).load_state_dict({"w1_11": math.nan, "b11": 0.0}), "w1_11"),
    ],
)
def test_mistakes_are_named(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_a_number_is_no_row() -> None:
    with pytest.raises(TypeError, match="takes a row of 2 numbers, not 3"):
        nn.MLP([2, 1])(3.0)


def test_a_label_that_is_another_parameters_path_does_not_hide_it(tmp_path: Path) -> None:
    class Two(nn.Module):
        def __init__(self, first: float, second: float) -> None:
            self.b, self.c = Value(first), Value(second, "b")

    model = Two(1.0, 2.0)
    assert dict(model.named_parameters()).keys() == {"b", "c"}
    model.save(tmp_path / "two.json")
    other = Two(0.0, 0.0)
    other.load(tmp_path / "two.json")
    assert (other.b.data, other.c.data) == (1.0, 2.0)


def test_parameters_in_an_object_array_are_trained() -> None:
    np = pytest.importorskip("numpy")

    class Line(nn.Module):
        def __init__(self) -> None:
            self.w, self.b = np.array([Value(1.0), Value(2.0)]), Value(0.0)

        def __call__(self, row: Any) -> Any:
            return self.w @ np.array(row) + self.b

    model = Line()
    assert [p.data for p in model.parameters()] == [1.0, 2.0, 0.0]
    nn.fit(model, [[1.0, 2.0]], [0.0], epochs=1, lr=0.1, backend="eager")
    # One step of (5 − 0)²: the slopes are 10·1, 10·2 and 10.
    assert [round(p.data, 12) for p in model.parameters()] == [0.0, 0.0, -1.0]


REFUSED: list[tuple[Any, str]] = [
    (lambda: nn.MLP([2, 1], bias="no"), "bias is True or False, not 'no'"),
    (lambda: nn.Layer(2, 1, bias=None), "bias is True or False, not None"),
    (lambda: nn.Neuron(2, bias=0), "bias is True or False, not 0"),
    (lambda: nn.MLP(None), "sizes are the numbers of inputs, hidden units and outputs"),
    (lambda: nn.MLP([2, "1"]), "size 2 of .* is a whole number of at least 1, not '1'"),
    (lambda: nn.MLP([2, 10**400]), "size 2 of .* is at most 10000000"),
    (lambda: nn.MLP([2, 1], seed=[1]), r"a seed is a whole number, or None .*, not \[1\]"),
    (lambda: nn.Layer(2, 2, number="1"), "a layer's number is a whole number of at least 1, not '1'"),
    (lambda: nn.MLP([2, 1], init=["glorot"]), r"unknown initialiser \['glorot'\]"),
    (lambda: nn.MLP([2, 1], init=lambda rng, inputs, outputs: "w"), "expected a number, got 'w'"),
    (lambda: nn.MLP([2, 1], activation=["tanh"]), r"an activation is a name or a function, not \['tanh'\]"),
    (lambda: nn.MLP([2, 1], output=lambda z: None)([1.0, 2.0]), "gave None: it has to give a Value"),
    (lambda: nn.MLP([2, 1], output=lambda z: z.data)([1.0, 2.0]), r"gave -?[0-9.]+: it has to give a Value"),
    (lambda: nn.Layer(2, 1, "softmax"), "softmax needs at least 2 units"),
    (lambda: nn.MLP([2, 1, 1], activation="softmax"), "softmax needs at least 2 units"),
    (lambda: nn.MLP([2, 1])("ab"), "takes a row of 2 numbers, not 'ab'"),
    (lambda: nn.MLP([2, 1])({0: 1.0, 1: 2.0}), "takes a row of 2 numbers, not {0: 1.0, 1: 2.0}"),
    (lambda: nn.Layer(2, 1)({1.0, 2.0}), "takes a row of 2 numbers, not {1.0, 2.0}"),
    (lambda: nn.Neuron(2)([1.0, None]), "expected a number, got None"),
    (lambda: nn.MLP([2, 1])([1.0, "2"]), "expected a number, got '2'"),
    (lambda: nn.MLP([2, 1])([1.0]), "takes rows of 2 numbers, got 1"),
    (lambda: nn.MLP([2, 1]).predict(None), "should hold one entry a row, not None"),
    (lambda: nn.MLP([2, 1]).predict([[1.0, lambda: 1]]), "column 2: <function .*> is not a number"),
    (lambda: nn.MLP([2, 1]).load_state_dict(None), "a model's state is a dictionary, such as state_dict"),
    (lambda: nn.MLP([2, 1]).load_state_dict([("w1_11", 1.0)]), "a model's state is a dictionary"),
    (lambda: nn.MLP([2, 1]).save(None), "a model file is given by its path, not None"),
    (lambda: nn.MLP([2, 1]).save("model.json", {}), "is the History that fit returned, not {}"),
    (lambda: nn.MLP([2, 1]).load(3), "a model file is given by its path, not 3"),
    (lambda: nn.load(None), "a model file is given by its path, not None"),
    (lambda: nn.load_history([]), r"a model file is given by its path, not \[\]"),
    (lambda: nn.read_csv(None), "a CSV file is given by its path, not None"),
    (lambda: nn.split(10, "0.2", 0), "a fraction to hold out is between 0 and 1, not '0.2'"),
    (lambda: nn.Standardizer.of(None), "the data should hold one entry a row, not None"),
    (lambda: nn.Standardizer.of([[1.0], [2.0]]).transform([[1.0, 2.0]]), "rows of 2 numbers, but there are 1 columns"),
    (lambda: nn.StepDecay("0.1", every=2), "lr is a number of at least 0, not '0.1'"),
    (lambda: nn.StepDecay(0.1, every=0), "every is a whole number of at least 1, not 0"),
    (lambda: nn.ExponentialDecay(0.1, factor=None), "factor is a number of at least 0, not None"),
    (lambda: nn.CosineDecay(0.1, updates=2.5), "updates is a whole number of at least 0, not 2.5"),
    (lambda: nn.CosineDecay(0.1, updates=10)("a"), "the number of updates made so far is a whole number"),
]


@pytest.mark.parametrize(("attempt", "message"), REFUSED, ids=[message[:40] for _, message in REFUSED])
def test_refusals_teach_and_end_at_the_users_line(attempt: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        attempt()
    error = caught.value
    assert traceback.extract_tb(error.__traceback__)[-1].filename == __file__
    assert error.__suppress_context__ or error.__context__ is None
    assert " at 0x" not in str(error)
    assert len(str(error)) < 250


def test_an_error_in_a_users_activation_keeps_the_users_line() -> None:
    def careless(z: Any) -> Any:
        return z + {}["missing"]

    def outside(z: Any) -> Any:
        return autograd.log(z - 100.0)

    with pytest.raises(KeyError):
        nn.MLP([1, 1], output=careless)([1.0])
    for attempt in (nn.MLP([1, 1], output=outside), nn.Layer(1, 1, outside), nn.Neuron(1, outside)):
        with pytest.raises(ValueError, match=r"log\(") as caught:
            attempt([1.0])
        last = traceback.extract_tb(caught.value.__traceback__)[-1]
        assert last.line == "return autograd.log(z - 100.0)"
