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


def test_a_kink_is_told():
    with pytest.raises(AssertionError):
        check_gradients(autograd.relu, 0.0, order=1)


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
