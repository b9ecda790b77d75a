"""Losses against their formulas with 50 digits, and against differences."""

from __future__ import annotations

import importlib.util
import itertools
import math
import pickle
import traceback
from array import array
from collections.abc import Callable
from typing import Any

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Primitive, Value, check_gradients, compile, grad, hessian
from nn import losses

mp = mpmath.mp


def logistic(z: Any) -> Any:
    return 1 / (1 + mpmath.exp(-z))


# name: the loss of a point by its definition, predictions to try it at, targets
POINTWISE: dict[str, tuple[Callable[[Any, Any], Any], list[float], list[float]]] = {
    "squared_error": (lambda p, y: (p - y) ** 2, [-3.0, 0.5, 1e6], [-1.0, 0.25]),
    "half_squared_error": (lambda p, y: (p - y) ** 2 / 2, [-3.0, 0.5, 1e6], [-1.0, 0.25]),
    "absolute_error": (lambda p, y: abs(p - y), [-3.0, 0.5, 1e6], [-1.0, 0.25]),
    "huber": (
        lambda p, y: (p - y) ** 2 / 2 if abs(p - y) <= 1 else abs(p - y) - mpmath.mpf(1) / 2,
        [-3.0, 0.5, 0.9, 1e6],
        [-1.0, 0.25],
    ),
    "binary_cross_entropy": (
        lambda a, y: -(y * mpmath.log(a) + (1 - y) * mpmath.log(1 - a)),
        [1e-300, 1e-9, 0.1, 0.5, 0.999, 1 - 2**-53],
        [0.0, 1.0, 0.3],
    ),
    "binary_cross_entropy_with_logits": (
        lambda s, y: -(y * mpmath.log(logistic(s)) + (1 - y) * mpmath.log(logistic(-s))),
        [-700.0, -40.0, -1.0, 0.0, 0.3, 40.0, 700.0],
        [0.0, 1.0, 0.3],
    ),
    "hinge": (lambda s, y: max(mpmath.mpf(0), 1 - y * s), [-2.0, 0.5, 3.0], [-1.0, 1.0]),
}
CASES = [(name, p, y) for name, (_, ps, ys) in POINTWISE.items() for p, y in itertools.product(ps, ys)]


@pytest.mark.parametrize(("name", "p", "y"), CASES)
def test_value_and_derivatives_agree_with_the_definition(name: str, p: float, y: float) -> None:
    definition = POINTWISE[name][0]
    with mpmath.workdps(400):  # the naive formulas cancel
        p_, y_ = mpmath.mpf(p), mpmath.mpf(y)
        value = definition(p_, y_)
        slope = mpmath.diff(lambda v: definition(v, y_), p_, h=mpmath.mpf(10) ** -330)
    loss = losses.LOSSES[name]
    assert loss(p, y) == pytest.approx(float(value), rel=1e-14)
    prediction = Value(p)
    node = loss(prediction, y)
    node.backward()
    assert node.data == loss(p, y)
    assert prediction.grad == pytest.approx(float(slope), rel=1e-14)


WELL_INSIDE = {
    "squared_error": (0.7, -0.4),
    "half_squared_error": (0.7, -0.4),
    "absolute_error": (0.7, -0.4),
    "huber": (0.7, 0.1),
    "binary_cross_entropy": (0.3, 0.6),
    "binary_cross_entropy_with_logits": (0.8, 0.6),
    "hinge": (0.4, 0.9),
}


@pytest.mark.parametrize("name", WELL_INSIDE)
def test_differences_agree_to_second_order_in_prediction_and_target(name: str) -> None:
    point = losses._huber_point if name == "huber" else losses.LOSSES[name].point
    check_gradients(point, *WELL_INSIDE[name])


def test_huber_beyond_delta_and_with_another_delta() -> None:
    check_gradients(lambda p: nn.huber(p, 0.0, delta=2.0), 1.5)
    check_gradients(lambda p: nn.huber(p, 0.0, delta=2.0), -3.5)
    assert nn.huber(5.0, 0.0, delta=2.0) == 2.0 * (5.0 - 1.0)
    with pytest.raises(ValueError, match=r"huber's delta is a number above 0, not 0\.0"):
        nn.huber(1.0, 0.0, delta=0.0)


def test_kinks_follow_the_convention() -> None:
    assert grad(lambda p: nn.absolute_error(p, 2.0))(2.0) == 0.0
    assert grad(lambda s: nn.hinge(s, 1.0))(1.0) == 0.0
    assert grad(lambda p: nn.huber(p, 0.0))(1.0) == 1.0
    assert hessian(lambda v: nn.huber(v[0], 0.0))([1.0]) == [[1.0]]  # the parabola's, as everywhere at |p − y| = δ
    assert losses._hinge.kink is not None
    assert losses._hinge.kink(1.0, 1.0)
    assert losses._absolute_error.kink is not None
    assert losses._absolute_error.kink(2.0, 2.0)


def primitives() -> list[Primitive]:
    return [p for p in vars(losses).values() if isinstance(p, Primitive) and p.origin[0] == "nn.losses"]


def operands_for(p: Primitive) -> list[tuple[float, ...]]:
    if p.arity == 2:
        return (
            [(0.3, 1.0), (0.6, 0.0), (0.45, 0.25), (0.9, -1.0)] if "cross" not in p.name else [(0.3, 1.0), (0.6, 0.0)]
        )
    return [(0.2, 0.3, 0.5, 0.0, 1.0, 0.0), (0.7, 0.3, 0.25, 0.75)]


@pytest.mark.parametrize("p", primitives(), ids=lambda p: p.origin[1])
def test_the_taught_rule_and_the_expansion_say_the_same(p: Primitive) -> None:
    assert p.expand is not None
    for operands in operands_for(p):
        z = p(*operands)
        assert p.expand(*operands) == z
        assert p.taught_partials(*operands, z) == pytest.approx(p.partials(*operands, z), rel=1e-12)
    assert pickle.loads(pickle.dumps(p)) is p


def test_declared_primitives_are_found_and_none_is_forgotten() -> None:
    assert {p.name for p in primitives()} | {"huber"} == {n for n, loss in losses.LOSSES.items() if not loss.mean}


# ---- Many classes ------------------------------------------------------------------------------------

SCORES = [[0.5, -1.0, 2.0], [40.0, 0.0, -3.0], [-800.0, 0.0, 800.0], [1.0, 1.0], [3.0, 3.5, -2.0, 0.1]]


@pytest.mark.parametrize("scores", SCORES, ids=str)
def test_cross_entropy_agrees_with_its_definition_for_every_class(scores: list[float]) -> None:
    for target in range(len(scores)):
        with mpmath.workdps(800):
            e = [mpmath.exp(mpmath.mpf(s)) for s in scores]
            value = -mpmath.log(e[target] / mpmath.fsum(e))
            slopes = [e_i / mpmath.fsum(e) - (i == target) for i, e_i in enumerate(e)]
        v = [Value(s) for s in scores]
        loss = nn.cross_entropy(v, target)
        loss.backward()
        assert loss.data == pytest.approx(float(value), rel=1e-14)
        assert [x.grad for x in v] == pytest.approx([float(s) for s in slopes], rel=1e-13)


def test_cross_entropies_of_distributions_agree_with_differences() -> None:
    y = [0.2, 0.5, 0.3]
    check_gradients(lambda v: nn.cross_entropy(v, y), [0.5, -1.0, 0.8])
    check_gradients(lambda v: nn.categorical_cross_entropy(v, y), [0.3, 0.2, 0.5])
    check_gradients(lambda v, t: losses._cross_entropy(*v, *t), [0.5, -1.0, 0.8], y)
    check_gradients(lambda v, t: losses._categorical_cross_entropy(*v, *t), [0.5, 0.1, 0.8], y)


# ---- Saturation, domains, targets --------------------------------------------------------------------


@pytest.mark.parametrize(("a", "y", "slope"), [(1.0, 1.0, -1.0), (0.0, 0.0, 1.0)])
def test_a_saturated_sigmoid_that_is_right_has_loss_0_and_a_finite_slope(a: float, y: float, slope: float) -> None:
    p = Value(a)
    loss = nn.binary_cross_entropy(p, y)
    loss.backward()
    assert math.copysign(1.0, loss.data) == 1.0  # no negative zero to print
    assert (loss.data, p.grad) == (0.0, slope)


@pytest.mark.parametrize(("a", "y"), [(0.0, 1.0), (1.0, 0.0), (0.0, 0.5), (-0.5, 1.0), (2.0, 0.0)])
def test_outside_its_domain_it_names_itself_and_the_domain(a: float, y: float) -> None:
    with pytest.raises(ValueError, match=r"binary_cross_entropy\(ŷ=.*a probability"):
        nn.binary_cross_entropy(Value(a, "ŷ"), y)


OUTSIDE = [
    ("_binary_cross_entropy", (-0.5, 0.0)),
    ("_binary_cross_entropy", (1.5, 1.0)),
    ("_binary_cross_entropy", (math.inf, 1.0)),
    ("_binary_cross_entropy", (-5e-324, 0.0)),
    ("_binary_cross_entropy", (1 + 2**-52, 1.0)),
    ("_binary_cross_entropy", (0.5, -0.25)),
    ("_binary_cross_entropy", (0.5, 2.0)),
    ("_binary_cross_entropy_fixed", (-0.5, 0.0)),
    ("_binary_cross_entropy_fixed", (1.5, 1.0)),
    ("_binary_cross_entropy_with_logits", (0.5, -0.25)),
    ("_binary_cross_entropy_with_logits", (0.5, 1.25)),
    ("_cross_entropy", (0.5, 0.5, 1.5, -0.5)),
    ("_categorical_cross_entropy", (1.5, 0.5, 0.0, 1.0)),
    ("_categorical_cross_entropy", (0.5, -0.5, 1.0, 0.0)),
    ("_categorical_cross_entropy", (0.5, 0.5, 1.5, -0.5)),
    ("_categorical_cross_entropy_fixed", (1.5, 0.5, 1.0, 0.0)),
]


@pytest.mark.parametrize(("name", "operands"), OUTSIDE, ids=str)
def test_a_cross_entropy_is_refused_outside_its_domain_on_every_path(name: str, operands: tuple[float, ...]) -> None:
    p = getattr(losses, name)
    inside = [0.5] * len(operands)
    functions = {
        "floats": p,
        "Values": lambda *v: p(*map(Value, v)).data,
        "gradient": grad(p),
        **{f"compiled for {kind}": compile(p, *inside, backend=kind) for kind in back_ends()},
        **{f"relaxed for {kind}": compile(p, *inside, backend=kind, precise=False) for kind in back_ends()},
        **{f"gradient for {kind}": compile(grad(p), *inside, backend=kind) for kind in back_ends()},
        **{f"rows for {kind}": of_rows(compile(p, *inside, backend=kind)) for kind in back_ends()},
    }
    for path, function in functions.items():
        assert function(*inside) is not None, path
        with pytest.raises(ValueError, match=rf"^{p.name}\(.*: outside its domain \("):
            pytest.fail(f"{path}: {function(*operands)}")


def back_ends() -> list[str]:
    return ["python", "llvm"] if importlib.util.find_spec("llvmlite") else ["python"]


def of_rows(compiled: Any) -> Callable[..., float]:
    """On nine rows, so that vectors and what is left of them have their turn."""
    return lambda *v: float(compiled.sum(*[array("d", [x] * 9) for x in v]))


@pytest.mark.parametrize("target", [Value(-0.5, "t"), Value(1.5, "t")])
def test_a_target_that_is_a_value_is_no_way_round_the_domain(target: Value) -> None:
    for loss in (nn.binary_cross_entropy, nn.binary_cross_entropy_with_logits):
        with pytest.raises(ValueError, match=rf"^{loss.name}\(0\.5, t=.*: outside its domain \(.*target 0 ≤ y ≤ 1"):
            loss(0.5, target)


def test_a_probability_that_is_nan_gives_nan() -> None:
    assert math.isnan(nn.binary_cross_entropy(math.nan, 1.0))
    assert math.isnan(nn.categorical_cross_entropy([math.nan, 0.5], 0))


@pytest.mark.parametrize(
    ("loss", "prediction", "target", "message"),
    [
        (nn.hinge, 0.5, 0, "−1 or 1, not 0"),
        (nn.binary_cross_entropy, 0.5, 2, "0 or 1, or a probability"),
        (nn.cross_entropy, [0.1, 0.2], 2, "a class from 0 to 1, not 2"),
        (nn.cross_entropy, [0.1, 0.2], 0.5, "a class from 0 to 1"),
        (nn.cross_entropy, [0.1, 0.2], [0.5, 0.6], "add up to 1"),
        (nn.cross_entropy, [0.1, 0.2], [1.5, -0.5], "at least 0"),
        (nn.cross_entropy, [0.1, 0.2], [1.0, 0.0, 0.0], "2 predictions, but a target of 3"),
        (nn.cross_entropy, [0.1], 0, "at least 2, not 1"),
        (nn.cross_entropy, 0.1, 0, "one prediction for each class"),
        (nn.squared_error, 0.1, [1.0, 2.0], "one prediction, but 2 targets"),
        (nn.squared_error, [0.1], [1.0, 2.0], "1 predictions, but targets: 2"),
        (nn.squared_error, [0.1, 0.2], 1.0, "2 predictions, but targets: a single number"),
        (nn.squared_error, [], [], "at least one point"),
    ],
)
def test_what_makes_no_sense_is_refused(loss: nn.Loss, prediction: Any, target: Any, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^{loss.name}: .*{message}"):
        loss(prediction, target)


@pytest.mark.parametrize("loss", [nn.squared_error, nn.hinge, nn.binary_cross_entropy, nn.cross_entropy])
@pytest.mark.parametrize("target", [None, "1", b"1", 1j, {}, {1.0}, object, lambda: 1, iter([1.0])], ids=type)
def test_a_target_that_is_no_number_is_named(loss: nn.Loss, target: Any) -> None:
    for predictions, targets in ((0.5, target), ([0.5, 0.5], [1.0, target])):
        if loss.wide:
            predictions = [[0.5, 0.5]] * 2 if targets is not target else [0.5, 0.5]
        with pytest.raises(TypeError, match=rf"^{loss.name}: the target must be a number, not ") as caught:
            loss(predictions, targets)
        assert " at 0x" not in str(caught.value)


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: nn.squared_error(0.5, None),
        lambda: nn.squared_error(None, 0.5),
        lambda: nn.squared_error("a", 0.5),
        lambda: nn.squared_error([Value(1.0)], [1.0, 2.0]),
        lambda: nn.mean_squared_error([0.5, 1.0], [0.5, "1"]),
        lambda: nn.binary_cross_entropy(Value(2.0), 1),
        lambda: nn.binary_cross_entropy([0.5, 2.0], [1, 1]),
        lambda: nn.cross_entropy([0.5, 0.5], Value(1.0)),
        lambda: nn.cross_entropy([0.5, None], 1),
        lambda: nn.huber(1.0, 2.0, delta="a"),
        lambda: nn.huber(1.0, 2.0, delta=[1.0]),
        lambda: nn.huber(1.0, 2.0, delta=10**400),
        lambda: nn.squared_error(1.0, 2.0, delta=1.0),
        lambda: nn.l2([]),
        lambda: nn.l2(None),
        lambda: nn.l2(["a"]),
        lambda: "a" * nn.l2,
        lambda: 10**400 * nn.l2,
        lambda: math.nan * nn.l2,
    ],
)
def test_the_traceback_ends_at_the_line_that_called_the_loss(attempt: Any) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        attempt()
    error = caught.value
    assert traceback.extract_tb(error.__traceback__)[-1].filename == __file__
    assert error.__suppress_context__ or error.__context__ is None
    assert "\n" not in str(error)
    assert len(str(error)) < 250


# ---- Batches -----------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.floats(-10, 10), st.floats(-10, 10)), min_size=1, max_size=6))
def test_a_batch_adds_and_the_mean_form_averages(points: list[tuple[float, float]]) -> None:
    p, y = zip(*points, strict=True)
    each = [(a - b) * (a - b) for a, b in points]
    assert nn.squared_error(p, y) == pytest.approx(math.fsum(each), rel=1e-12, abs=1e-300)
    assert nn.mean_squared_error(p, y) == pytest.approx(math.fsum(each) / len(each), rel=1e-12, abs=1e-300)


def test_rows_of_several_outputs() -> None:
    assert nn.squared_error([[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]) == 30.0
    assert nn.mean_squared_error([[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]) == 7.5
    logits = [[1.0, 2.0], [0.0, 3.0]]
    by_point = [nn.cross_entropy(row, y) for row, y in zip(logits, [1, 0], strict=True)]
    assert nn.cross_entropy(logits, [1, 0]) == by_point[0] + by_point[1]
    assert nn.mean_cross_entropy(logits, [1, 0]) == (by_point[0] + by_point[1]) / 2


def test_a_point_is_one_node_with_the_target_as_a_labelled_leaf() -> None:
    prediction = Value(2.0, "ŷ")
    loss = nn.squared_error(prediction, 1)
    assert [p.label for p in loss.parents] == ["ŷ", "y"]
    assert loss.op is losses._squared_error
    target = Value(1.0, "t")
    assert nn.squared_error(prediction, target).parents == (prediction, target)


# ---- Penalties ---------------------------------------------------------------------------------------


def test_penalties_are_one_node_and_combine() -> None:
    w = [Value(3.0), Value(-4.0), Value(0.5)]
    check_gradients(lambda v: nn.l2(v) + nn.l1(v), [3.0, -4.0, 0.5])
    assert nn.l2(w).parents == tuple(w)
    assert (0.5 * nn.l2 + 2 * nn.l1)([3.0, -4.0]) == 0.5 * 25.0 + 2 * 7.0
    assert grad(nn.l1)([0.0, -2.0]) == [0.0, -1.0]
    assert repr(0.01 * nn.l2 + nn.l1) == "0.01*l2 + l1"


@pytest.mark.parametrize("strength", [-1.0, math.inf, math.nan])
def test_strengths_are_finite_and_not_negative(strength: float) -> None:
    with pytest.raises(ValueError, match="strength of a penalty"):
        strength * nn.l2
