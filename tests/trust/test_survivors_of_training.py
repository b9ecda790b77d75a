"""Tests that the mutation check asked for: each kills a mistake in optimisers or losses that all else let live."""

import math
import pickle

import numpy as np
import pytest

import autograd
import nn
from autograd import Value, hessian, jacobian

from .interrupts import CtrlC


def test_the_base_class_says_what_a_rule_has_to_give():
    base = nn.Optimizer([Value(1.0)], lr=0.5)
    assert base.hyperparameters() == {}
    assert base.state == [()]
    with pytest.raises(NotImplementedError):
        base.step()
    assert nn.optimizers.SGD([Value(1.0)], lr=0.5).state == [()]


def test_zero_grad_is_of_every_parameter():
    parameters = [Value(1.0), Value(2.0)]
    for p in parameters:
        p.grad = 5.0
    rule = nn.SGD(parameters, lr=0.1)
    rule.zero_grad()
    assert [p.grad for p in parameters] == [0.0, 0.0]


def test_the_rate_of_an_update_made_or_to_come():
    rule = nn.SGD([Value(1.0)], lr=lambda t: 1.0 / (1 + t))
    rule.step()
    assert (rule.rate(), rule.rate(0), rule.rate(3)) == (0.5, 1.0, 0.25)
    assert nn.SGD([Value(1.0)], lr=0.25).rate(7) == 0.25


def test_ctrl_c_between_two_parameters_is_heard_and_the_step_is_whole():
    def fresh():
        parameters = [Value(1.0), Value(2.0)]
        for p in parameters:
            p.grad = 1.0
        return parameters, nn.SGD(parameters, lr=0.5, momentum=0.5)

    parameters, rule = fresh()
    with CtrlC() as counted:
        rule.step()
    seen = set()
    for line in range(1, counted.lines + 1):
        parameters, rule = fresh()
        with pytest.raises(KeyboardInterrupt), CtrlC(line):
            rule.step()
        seen.add((tuple(p.data for p in parameters), tuple(rule.state), rule.updates))
    assert seen == {((1.0, 2.0), ((0.0,), (0.0,)), 0), ((0.5, 1.5), ((1.0,), (1.0,)), 1)}


@pytest.mark.parametrize("updates", [-1, 1.5, "1", None, True - 2])
def test_a_count_of_updates_is_a_whole_number(updates):
    rule = nn.Adam([Value(1.0)])
    with pytest.raises(ValueError, match="whole number"):
        rule.load_state_dict({"name": "Adam", "updates": updates, "state": [[0.0, 0.0]]})
    assert rule.updates == 0


@pytest.mark.parametrize("state", [[[0.0]], [[0.0, 0.0], [0.0, 0.0]], [], [[0.0, 0.0, 0.0]]])
def test_a_state_of_another_shape_is_refused(state):
    rule = nn.Adam([Value(1.0)])
    with pytest.raises(ValueError, match="shape"):
        rule.load_state_dict({"name": "Adam", "updates": 1, "state": state})


@pytest.mark.parametrize(
    "make",
    [
        lambda p: nn.SGD(p, momentum=1.0),
        lambda p: nn.SGD(p, momentum=-0.1),
        lambda p: nn.SGD(p, nesterov=True),
        lambda p: nn.SGD(p, weight_decay=-1.0),
        lambda p: nn.RMSprop(p, alpha=1.0),
        lambda p: nn.RMSprop(p, eps=-1.0),
        lambda p: nn.Adam(p, betas=(0.9, 1.0)),
        lambda p: nn.Adam(p, betas=(-0.1, 0.9)),
        lambda p: nn.Adam(p, eps=-1.0),
        lambda p: nn.AdamW(p, weight_decay=-1.0),
        lambda p: nn.SGD(p, lr=-1.0),
        lambda p: nn.SGD(p, lr=math.nan),
        lambda p: nn.SGD(p, lr=True),
    ],
)
def test_choices_outside_their_range_are_refused(make):
    with pytest.raises(ValueError, match=r"number|momentum"):
        make([Value(1.0)])


def test_what_is_no_parameter_is_refused():
    x = Value(1.0)
    with pytest.raises(ValueError, match="at least one"):
        nn.SGD([])
    with pytest.raises(ValueError, match="twice"):
        nn.SGD([x, x])
    for wrong in (x * 2, 1.0, "x"):
        with pytest.raises(TypeError, match="leaf"):
            nn.SGD([wrong])


def test_hyperparameters_are_all_that_defines_a_rule():
    p = [Value(1.0)]
    assert nn.SGD(p, momentum=0.5, nesterov=True, weight_decay=0.1).hyperparameters() == {
        "momentum": 0.5,
        "nesterov": True,
        "weight_decay": 0.1,
    }
    assert nn.RMSprop(p, alpha=0.5, eps=1e-3).hyperparameters() == {"alpha": 0.5, "eps": 1e-3}
    assert nn.AdamW(p, betas=(0.5, 0.25), eps=1e-3, weight_decay=0.5).hyperparameters() == {
        "betas": (0.5, 0.25),
        "eps": 1e-3,
        "weight_decay": 0.5,
    }


def test_the_defaults_are_pytorchs():
    p = [Value(1.0)]
    assert (nn.SGD(p).lr, nn.RMSprop(p).lr, nn.Adam(p).lr, nn.AdamW(p).lr) == (0.01, 0.01, 0.001, 0.001)
    assert nn.SGD(p).hyperparameters() == {"momentum": 0.0, "nesterov": False, "weight_decay": 0.0}
    assert nn.RMSprop(p).hyperparameters() == {"alpha": 0.99, "eps": 1e-8}
    assert nn.AdamW(p).hyperparameters() == {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01}


def test_clipping():
    assert nn.optimizers.clipped([3.0, 4.0], 5.0) == [3.0, 4.0]
    assert nn.optimizers.clipped([0.0, 0.0], 1.0) == [0.0, 0.0]
    assert nn.optimizers.clipped([-3e200, 4e200], 1.0) == pytest.approx([-0.6, 0.8], rel=1e-15)
    assert nn.optimizers.clipped([1e-200, 0.0], 1.0) == [1e-200, 0.0]
    p = [Value(0.0), Value(0.0)]
    p[0].grad, p[1].grad = 30.0, -40.0
    nn.clip_gradients(iter(p), 5.0)
    assert [x.grad for x in p] == pytest.approx([3.0, -4.0], rel=1e-15)
    with pytest.raises(ValueError, match="limit"):
        nn.clip_gradients(p, -1.0)


@pytest.mark.parametrize("a", [0.3, 0.9])
@pytest.mark.parametrize("y", [0.0, 0.25, 1.0])
def test_the_hessian_of_the_cross_entropy_by_prediction_and_target(a, y):
    """A target that is sure switches a term off, but not what changing the target would bring in."""
    mixed = -1 / a - 1 / (1 - a)
    expected = ((y / a**2 + (1 - y) / (1 - a) ** 2, mixed), (mixed, 0.0))
    for row, right in zip(hessian(nn.losses._binary_cross_entropy)(a, y), expected, strict=True):
        assert row == pytest.approx(right, rel=1e-14)


def test_the_hessian_of_the_categorical_cross_entropy_by_predictions_and_targets():
    a, y = (0.2, 0.5, 0.3), (0.0, 1.0, 0.0)
    rows = hessian(lambda v: nn.losses._categorical_cross_entropy(*v))([*a, *y])
    for i in range(3):
        for j in range(6):
            right = y[i] / a[i] ** 2 if j == i else -1 / a[i] if j == i + 3 else 0.0
            assert rows[i][j] == pytest.approx(right, rel=1e-14)
            assert rows[j][i] == pytest.approx(right, rel=1e-14)


LOSSES = nn.losses


@pytest.mark.parametrize(
    "p",
    [LOSSES._squared_error, LOSSES._half_squared_error, LOSSES._absolute_error, LOSSES._hinge, LOSSES.huber_at(1.0)],
    ids=lambda p: p.name,
)
@pytest.mark.parametrize("prediction", [-2.3, -0.6, 0.4, 1.9])
@pytest.mark.parametrize("target", [-1.2, 0.7])
def test_a_loss_has_a_slope_by_its_target_too(p, prediction, target):
    h = 1e-6
    slopes = jacobian(lambda y: p(prediction, y))(target), jacobian(lambda s: p(s, target))(prediction)
    differences = (
        (p(prediction, target + h) - p(prediction, target - h)) / (2 * h),
        (p(prediction + h, target) - p(prediction - h, target)) / (2 * h),
    )
    assert slopes == pytest.approx(differences, abs=1e-8)
    assert p.expand(Value(prediction), Value(target)).data == pytest.approx(p(prediction, target), rel=1e-15)


PROBABILITIES = [LOSSES._binary_cross_entropy, LOSSES._binary_cross_entropy_fixed]


@pytest.mark.parametrize("p", [*PROBABILITIES, LOSSES._binary_cross_entropy_with_logits], ids=lambda p: p.origin[1])
@pytest.mark.parametrize("y", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("a", [0.3, 0.8])
def test_a_cross_entropy_written_out_is_the_same_number(p, a, y):
    assert p.expand(Value(a), Value(y)).data == pytest.approx(p(a, y), rel=1e-14)


@pytest.mark.parametrize("p", PROBABILITIES, ids=lambda p: p.origin[1])
@pytest.mark.parametrize(("a", "y"), [(-0.1, 0.5), (1.1, 0.5), (0.5, -0.1), (0.5, 1.1)])
def test_a_cross_entropy_written_out_refuses_what_is_no_probability(p, a, y):
    with pytest.raises(ValueError, match="domain"):
        p.expand(Value(a), Value(y))


@pytest.mark.parametrize("p", PROBABILITIES, ids=lambda p: p.origin[1])
def test_a_cross_entropy_written_out_at_the_ends(p):
    assert p.expand(Value(1.0), Value(1.0)).data == p.expand(Value(0.0), Value(0.0)).data == 0.0
    for a, y in [(1.0, 0.5), (1.0, 0.0), (0.0, 0.5), (0.0, 1.0)]:
        with pytest.raises(ValueError, match="domain"):
            p.expand(Value(a), Value(y))


def test_a_share_of_a_prediction_of_0_exists_for_a_target_of_0_only():
    assert LOSSES._share(0.0, 0.0) == 0.0
    with pytest.raises(ZeroDivisionError):
        LOSSES._share(0.5, 0.0)


def test_what_is_sure_and_right_costs_nothing_whatever_the_number_of_classes():
    for p in (LOSSES._categorical_cross_entropy, LOSSES._categorical_cross_entropy_fixed):
        assert p(0.0, 1.0, 0.0, 0.0, 1.0, 0.0) == 0.0
        assert p.expand(*map(Value, (0.2, 0.5, 0.3, 0.1, 0.6, 0.3))).data == pytest.approx(
            p(0.2, 0.5, 0.3, 0.1, 0.6, 0.3), rel=1e-14
        )


def test_where_the_hinge_bends():
    kink = LOSSES._hinge.kink
    assert [kink(2.0, 0.5), kink(0.5, 2.0), kink(0.5, 0.5), kink(2.0, 2.0)] == [True, True, False, False]


@pytest.mark.parametrize(
    "member",
    [
        *(LOSSES._squared_error, LOSSES._binary_cross_entropy_fixed),
        *(LOSSES.huber_at(2.71), autograd.power(2.71), autograd.exponential(2.71)),
        *(autograd.primitives.leaky(0.271), autograd.primitives.softmax_at(27)),
    ],
    ids=lambda p: p.name,
)
def test_a_member_of_a_family_is_found_again_by_a_pickle(member):
    assert pickle.loads(pickle.dumps(member)) is member


def test_targets_of_a_classifier():
    scores = [Value(0.3), Value(-0.2)]
    with pytest.raises(TypeError, match="a plain number, or a list of probabilities, not a Value"):
        nn.cross_entropy(scores, Value(1.0))
    by_value = nn.cross_entropy(scores, [Value(0.25), Value(0.75)])
    assert by_value.data == nn.cross_entropy(scores, [0.25, 0.75]).data
    assert [parent.label for parent in nn.cross_entropy(scores, 1).parents[2:]] == ["y_{1}", "y_{2}"]


@pytest.mark.parametrize(("gradients", "limit", "expected"), [([3.0], 1.0, [1.0]), ([1e-200], 1e-250, [1e-250])])
def test_a_gradient_of_one_number_or_a_tiny_one_is_clipped(gradients, limit, expected):
    assert nn.optimizers.clipped(gradients, limit) == pytest.approx(expected, rel=1e-15, abs=0.0)


def test_the_state_of_no_update_can_be_loaded():
    rule = nn.SGD([Value(1.0)], lr=0.1)
    rule.step()
    rule.load_state_dict(nn.SGD([Value(1.0)], lr=0.1).state_dict())
    assert rule.updates == 0


def test_a_batch_of_one_is_its_point():
    loss = nn.squared_error([Value(0.5)], [0.25])
    assert (loss.op.name, loss.data) == ("squared_error", 0.0625)


def test_an_array_of_no_dimension_is_one_prediction_that_is_no_number():
    with pytest.raises(TypeError, match=r"expected a number, got array\(0\.5\)"):
        nn.squared_error(np.array(0.5), 0.25)


def test_a_sure_and_right_softmax_does_not_stop_the_backward_pass():
    sure = [Value(0.0), Value(1.0)]
    loss = LOSSES.find_loss("categorical_cross_entropy")(sure, 1)
    loss.backward()
    assert (loss.data, [p.grad for p in sure]) == (0.0, [0.0, -1.0])


def test_the_primitive_of_the_fixed_targets_of_many_classes_is_found_again_by_a_pickle():
    for p in (LOSSES._categorical_cross_entropy, LOSSES._categorical_cross_entropy_fixed):
        assert pickle.loads(pickle.dumps(p)) is p


def test_a_target_made_of_the_inputs_can_be_compiled():
    def f(p, y):
        return nn.cross_entropy([p, -p], [y, 1.0 - y])

    assert autograd.compile(f, 0.5, 0.25, backend="python")(0.5, 0.25) == pytest.approx(f(0.5, 0.25), rel=1e-14)


def test_an_option_that_a_loss_does_not_have_is_refused_by_its_name():
    with pytest.raises(TypeError, match="squared_error takes no option 'delta'"):
        nn.squared_error(1.0, 2.0, delta=1.0)


def test_predictions_and_targets_may_be_arrays():
    assert nn.squared_error(np.array([0.5, 1.0]), np.array([0.25, 1.0])) == 0.0625


def test_the_operands_of_huber_are_the_prediction_and_then_the_target():
    prediction = Value(0.5)
    node = nn.huber(prediction, 2.0)
    assert node.parents[0] is prediction
    assert (node.parents[1].label, node.parents[1].data) == ("y", 2.0)


@pytest.mark.parametrize("loss", LOSSES.LOSSES.values(), ids=lambda loss: loss.name)
def test_a_loss_says_in_one_line_what_it_is_and_what_it_suits(loss):
    assert loss.about
    assert "\n" not in loss.about
    kind = loss.name.removeprefix("mean_")
    # A logarithm of the prediction needs a probability; a sigmoid, a softmax or a side to be on take a score.
    scores = ("binary_cross_entropy_with_logits", "cross_entropy", "hinge")
    probabilities = ("binary_cross_entropy", "categorical_cross_entropy")
    assert loss.suits == ("score" if kind in scores else "probability" if kind in probabilities else "any")


@pytest.mark.parametrize("name", ["binary_cross_entropy", "binary_cross_entropy_with_logits"])
def test_a_target_that_is_no_probability_is_refused_before_the_loss_is_computed(name):
    for loss in (LOSSES.find_loss(name), LOSSES.find_loss(f"mean_{name}")):
        with pytest.raises(ValueError, match=f"^{loss.name}: the target must be a class 0 or 1"):
            loss(0.5, 1.5)


def test_gradients_that_are_no_list_are_refused_as_such():
    rule = nn.SGD([Value(1.0)], lr=0.5)
    with pytest.raises(TypeError, match=r"the gradients come as a list, not as 2\.0"):
        rule.move(2.0)
    with pytest.raises(ValueError, match="2 gradients for 1 parameters"):
        rule.move([1.0, 2.0])
    with pytest.raises(TypeError, match="the gradient of a parameter is 'a', no number"):
        rule.move(["a"])
    assert rule.parameters[0].data == 1.0
