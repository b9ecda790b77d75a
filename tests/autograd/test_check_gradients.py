"""The checker is checked: a rule that is wrong by a little is caught, at first and at second order."""

import math

import pytest

import autograd
from autograd import check_gradients, primitive, sin
from autograd.primitives import PRIMITIVES


def wrong_by(relative):
    return primitive("cube", lambda x: x**3, lambda x, z: 3 * (1 + relative) * x**2)


def wrong_slope_of_slope(relative):
    """Its first derivative is right, the rule of that derivative is not."""
    slope = primitive("slope", math.cos, lambda x, z: -(1 + relative) * sin(x))
    return primitive("sine", math.sin, lambda x, z: slope(x))


@pytest.mark.parametrize("relative", [0.001, 0.0005, -0.0005, 0.0001])
@pytest.mark.parametrize("point", [1.5, -0.3, 40.0])
def test_a_rule_slightly_wrong_is_caught(relative, point):
    with pytest.raises(AssertionError, match=r"∂f/∂argument 0 at .*: the rules give .*, differences give") as caught:
        check_gradients(wrong_by(relative), point)
    stated = float(str(caught.value).rpartition(" ")[2].rstrip(")"))
    assert stated == pytest.approx(abs(relative), rel=0.1)


@pytest.mark.parametrize("relative", [0.001, 0.0005, -0.0005, 0.0001])
def test_a_rule_slightly_wrong_at_second_order_is_caught(relative):
    check_gradients(wrong_slope_of_slope(relative), 0.7, order=1)
    with pytest.raises(AssertionError, match=r"∂\(∂f/∂argument 0\)/∂argument 0"):
        check_gradients(wrong_slope_of_slope(relative), 0.7)


def test_the_operand_with_the_wrong_derivative_is_named():
    product = primitive("product", lambda x, y: x * y, lambda x, y, z: (y, x * 1.001))
    with pytest.raises(AssertionError, match=r"∂f/∂argument 1 at 2, 3: the rules give 2\.002, differences give 2"):
        check_gradients(product, 2.0, 3.0)
    with pytest.raises(AssertionError, match="argument 2"):
        check_gradients(lambda v, w: v[0] + product(v[1], w), [1.0, 2.0], 3.0)


@pytest.mark.parametrize("sign", [-1, 0, 2])
def test_a_rule_grossly_wrong_is_caught(sign):
    with pytest.raises(AssertionError):
        check_gradients(primitive("bad", math.exp, lambda x, z: sign * z), 0.3)


def test_a_missing_derivative_is_caught():
    with pytest.raises(AssertionError, match="the rules give 0, differences give 1"):
        check_gradients(lambda x: x.detach() * 1.0, 0.7)


def test_differences_that_check_nothing_are_an_error_of_their_own():
    with pytest.raises(AssertionError, match="checks nothing"):
        check_gradients(lambda x: 1e-8 * x + 1e8, 0.7)


@pytest.mark.parametrize("order", [1, 2])
def test_a_kink_is_told(order):
    told = "the rules give 0, differences give 0.5 .*kink .the slope is 0 on the left and 1 on the right.*convention"
    with pytest.raises(AssertionError, match=told):
        check_gradients(autograd.relu, 0.0, order=order)
    with pytest.raises(AssertionError, match=r"kink .*the slope is -1 on the left and 0 on the right"):
        check_gradients(lambda x: autograd.relu(1.5 - x), 1.5, order=order)


def test_a_jump_is_told():
    with pytest.raises(AssertionError, match=r"kink .there is a jump.*convention"):
        check_gradients(autograd.step, 0.0)


@pytest.mark.parametrize("relative", [0.0, 0.001, -0.001])
def test_beside_a_kink_differences_see_one_side_of_it(relative):
    relu = primitive("bent", autograd.relu.forward, lambda x, z: (1 + relative) * autograd.step(x))
    for f, x in [(relu, 1e-9), (lambda x: relu(x - 1), 1 + 1e-6)]:
        if relative:
            with pytest.raises(AssertionError, match=r"relative difference 1\.0e-03"):
                check_gradients(f, x)
        else:
            check_gradients(f, x)


HARD = {
    "sin at 1000": (sin, 1000.0),
    "sin at 1e4": (sin, 1e4),
    "sin at 1e6": (sin, 1e6),
    "sin of a multiple": (lambda x: sin(1e4 * x), 1.0),
    "whole periods": (lambda x: sin(2048 * math.pi * x), 0.5),
    "inverse near its pole": (lambda x: 1 / x, 1e-7),
    "small square": (lambda x: x * x, 1e-20),
    "tiny square": (lambda x: x * x, 1e-150),
    "log near its end": (autograd.log, 1e-6),
    "log of a difference": (lambda x: autograd.log(x - 1), 1 + 1e-6),
    "sqrt near its end": (autograd.sqrt, 1e-7),
    "asin near its end": (autograd.asin, 1 - 1e-6),
    "cos near its top": (autograd.cos, 1e-7),
    "exp at its largest": (autograd.exp, 709.0),
    "steep sigmoid": (lambda x: autograd.sigmoid(1e6 * (x - 1)), 1 + 1e-7),
}


@pytest.mark.parametrize("name", HARD)
def test_a_right_rule_is_not_blamed_where_one_step_for_all_would_do_so(name):
    check_gradients(*HARD[name])


@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize("relative", [0.001, -0.001])
def test_and_a_wrong_rule_is_caught_there(name, relative):
    f, x = HARD[name]
    off = primitive("off", lambda x: x, lambda x, z: 1 + relative)
    with pytest.raises(AssertionError, match=r"the rules give .* \(relative difference 1\.0e-03\)$"):
        check_gradients(lambda x: off(f(x)), x, order=1)


@pytest.mark.parametrize("f", [lambda x: x**1.5, lambda x: x * autograd.xlogy(x, x)])
def test_where_differences_have_no_value_it_is_said(f):
    with pytest.raises(AssertionError, match="check nothing, for there is no value on both sides"):
        check_gradients(f, 0.0, order=1)


@pytest.mark.parametrize("op", [op for op in PRIMITIVES.values() if op.arity], ids=lambda op: op.name)
def test_every_primitive_passes(op):
    for point in ((0.3, 0.8, -0.4), (0.71, 1.9, 0.2), (1.7, 2.2, 3.1)):
        try:
            op(*point[: op.arity])
        except ValueError:
            continue
        check_gradients(op, *point[: op.arity])


def test_structures_and_numbers_of_every_kind():
    check_gradients(lambda v, w: v[0][0] * sin(w) + v[1], [[1], 2.0], True)
