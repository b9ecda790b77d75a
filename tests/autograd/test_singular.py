"""Where a derivative does not exist although the value does: recorded, and refused only when needed."""

import math
import re

import pytest

import autograd
from autograd import Value, grad, hessian, hvp, jvp, primitive, sqrt
from autograd.ieee import IEEE
from autograd.primitives import pow_log

# function, point, exception that the float rule raises there
SINGULAR = [
    (sqrt, (0.0,), ZeroDivisionError),
    (autograd.cbrt, (0.0,), ZeroDivisionError),
    (autograd.asin, (1.0,), ZeroDivisionError),
    (autograd.acos, (-1.0,), ZeroDivisionError),
    (autograd.acosh, (1.0,), ZeroDivisionError),
    (autograd.hypot, (0.0, 0.0), ZeroDivisionError),
    (autograd.atan2, (0.0, 0.0), ZeroDivisionError),
    (lambda x: x**0.5, (0.0,), ZeroDivisionError),
    (lambda x: x**0.1, (0.0,), ZeroDivisionError),
    (lambda x: 0**x, (0.0,), ValueError),
    (lambda x, y: x**y, (-2.0, 2.0), ValueError),
]


@pytest.mark.parametrize(("f", "point", "kind"), SINGULAR)
def test_recorded_refused_when_needed_and_nothing_half_changed(f, point, kind):
    xs = [Value(x, f"x_{i}") for i, x in enumerate(point)]
    node = f(*xs)
    assert not all(map(math.isfinite, node.partials))
    for x in xs:
        x.grad = 0.25
    with pytest.raises(kind, match=r"the gradient needs the derivative of .*x_\d=") as caught:
        node.backward()
    assert [x.grad for x in xs] == [0.25] * len(xs)
    with pytest.raises(kind) as by_grad:
        grad(f)(*point)
    with pytest.raises(kind):
        grad(f)(*map(Value, point))
    for error in (caught, by_grad):
        assert len(error.traceback) == 1, "the traceback ends at this file's line"


@pytest.mark.parametrize(("f", "point", "kind"), SINGULAR)
def test_no_harm_where_no_adjoint_meets_it(f, point, kind):
    xs = [Value(x) for x in point]
    extra = Value(3.0)
    (f(*xs) * 0.0 + extra * 2).backward()
    assert [x.grad for x in xs] == [0.0] * len(xs)
    assert extra.grad == 2.0
    gradient = grad(lambda *v: f(*v) * 0.0 + v[0])(*point)
    assert (gradient if isinstance(gradient, tuple) else (gradient,)) == (1.0,) + (0.0,) * (len(point) - 1)
    on_values = grad(lambda *v: f(*v) * 0.0 + v[0])(*map(Value, point))
    assert (on_values if isinstance(on_values, tuple) else (on_values,))[0].data == 1.0


def test_differentiating_an_unknown_slope_again_is_an_error():
    """0 · ∞ counted as 0; what it is a little further on is not known, so the Hessian cannot be told."""
    for attempt in (hessian, lambda f: grad(grad(f)), lambda f: lambda x: hvp(f, (x,), (1.0,))):
        with pytest.raises((ValueError, ArithmeticError)):
            attempt(lambda x: sqrt(x) * sqrt(x))(0.0)
    with pytest.raises((ValueError, ArithmeticError)):
        hessian(lambda x, y: sqrt(x) * y)(0.0, 0.0)


@pytest.mark.parametrize(("f", "point", "kind"), SINGULAR)
def test_every_way_says_the_same_of_it(f, point, kind):
    """Eager, on Values, compiled and in a Hessian: an infinite slope is called infinite."""
    with pytest.raises(kind) as by_floats:
        grad(f)(*point)
    said = str(by_floats.value).partition("which is ")[2]
    assert said
    slope = grad(f)
    for attempt in (hessian(f), autograd.compile(slope, backend="python"), lambda *v: slope(*map(Value, v))):
        with pytest.raises(kind, match=f"which is {re.escape(said)}$"):
            attempt(*point)


def test_a_second_derivative_that_needs_an_unknown_slope_names_the_operation():
    told = r"derivative of sqrt does not exist.*0 times it counted as 0.*second derivative"
    slope = grad(lambda x: sqrt(x) * sqrt(x))
    for attempt in (hessian(lambda x: sqrt(x) * sqrt(x)), grad(slope), lambda x: slope(Value(x)).backward()):
        with pytest.raises(ZeroDivisionError, match=told):
            attempt(0.0)
    with pytest.raises(ValueError, match="derivative of xlogy does not exist"):
        hessian(lambda x, y: autograd.xlogy(x, x) * y)(0.0, 0.0)


def test_a_branch_not_taken_leaves_the_second_derivative_of_the_other_one():
    where, step = autograd.where, autograd.step
    for f, at_zero in [
        (lambda x: where(step(x), sqrt(x), 2 * x * x), 4.0),
        (lambda x: where(step(x), autograd.acosh(1 + x), x**3 - x * x), -2.0),
        (
            lambda x: autograd.relu(x) * 0 + where(autograd.not_less(0.0, x), x * x, 1 / sqrt(x) if x.data else x**0.5),
            2.0,
        ),
    ]:
        assert hessian(f)(0.0) == grad(grad(f))(0.0) == hvp(f, (0.0,), (1.0,)) == at_zero
    assert grad(grad(grad(lambda x: where(step(x), sqrt(x), 2 * x**3))))(0.0) == 12.0
    assert hessian(lambda x, y: where(step(x), sqrt(x), x * y * y))(0.0, 3.0) == ((0.0, 6.0), (6.0, 0.0))


def test_forward_mode_looks_at_the_tangent_of_the_very_operand():
    """x^0.5-like edges beside ordinary ones: each is judged by the tangent that runs along it."""
    f = autograd.xlogy  # at (0, 0) it is 0; ∂/∂x = log 0 does not exist
    assert jvp(lambda x, y: f(x, y) + y, (0.0, 0.0), (0.0, 0.0)) == (0.0, 0.0)
    with pytest.raises(ValueError, match="the gradient needs the derivative of xlogy"):
        jvp(f, (0.0, 0.0), (1.0, 0.0))
    # atan2 at the origin: both edges are missing, only one tangent is there
    with pytest.raises(ZeroDivisionError, match="derivative of atan2"):
        jvp(autograd.atan2, (0.0, 0.0), (0.0, 1.0))
    with pytest.raises(ZeroDivisionError, match="derivative of atan2"):
        jvp(autograd.atan2, (0.0, 0.0), (1.0, 0.0))
    assert jvp(autograd.atan2, (0.0, 0.0), (0.0, 0.0)) == (0.0, 0.0)


def test_infinities_that_are_operands_flow_as_floats_do():
    x = Value(math.inf)
    y = 1 / x
    y.backward()
    assert (y.data, x.grad) == (0.0, -0.0)
    z = Value(math.inf)
    (z * 2.0).backward()
    assert z.grad == 2.0


def test_an_overflowing_local_derivative_is_refused_as_overflow():
    x = Value(1e-300, "x")
    y = autograd.log(x) * 1e10
    y.backward()  # 1e10 / 1e-300 overflows in the product, as it does on floats
    assert x.grad == math.inf
    tiny = Value(5e-324, "x")
    with pytest.raises(OverflowError, match=r"derivative of log\(x=5e-324\)"):
        autograd.log(tiny).backward()


def test_the_power_of_a_negative_base_to_a_whole_value():
    """∂/∂y of x ** y does not exist for x < 0, ∂/∂x does: asking for x alone is fine."""
    assert grad(lambda x: x ** Value(2.0))(-3.0) == -6.0
    assert grad(lambda x, y: x**y, argnums=0)(-3.0, 2.0) == -6.0


def test_a_derivative_that_exists_is_told_from_one_beside_it_that_does_not():
    """The rule of x ** y fails as a whole; on Values each of its two derivatives is judged alone, as on floats."""
    cube = lambda x: x ** Value(3.0)  # noqa: E731
    slope = grad(cube)(Value(-2.0))
    assert (slope.data, grad(grad(cube))(-2.0), grad(grad(grad(cube)))(-2.0)) == (12.0, -12.0, 6.0)
    assert grad(lambda y: Value(0.0) ** y)(Value(0.5)).data == 0.0
    # Of two that fail, each by itself; and a plain number stays one.
    one = primitive("one", lambda x, y: x, lambda x, y, z: (1.0, 1 / (y - y)))
    assert grad(lambda x: one(x, Value(2.0)) * x)(Value(3.0)).data == 6.0
    with pytest.raises(ZeroDivisionError, match=r"derivative of one\(3\.0, 2\.0\) with respect to 2\.0"):
        grad(lambda y: one(3.0, y))(Value(2.0))


def test_a_rule_that_looks_at_its_numbers_fails_as_a_whole():
    root = primitive("root", lambda x, y: x + sqrt(y), lambda x, y, z: (1.0 if x > 0.0 else 2.0, 1 / (2 * sqrt(y))))
    assert grad(root, argnums=0)(1.0, 0.0) == 1.0
    with pytest.raises(ZeroDivisionError, match=r"derivative of root\(1\.0, 0\.0\) with respect to 1\.0, which is nan"):
        grad(root, argnums=0)(Value(1.0), 0.0)


def test_zero_to_a_power_is_constant_and_its_derivatives_by_the_power_are_0():
    for power in (lambda y: 0.0**y, lambda y: Value(0.0) ** y, lambda y: Value(-0.0) ** y):
        for _ in range(4):
            assert (power(Value(0.5)).data, autograd.compile(power, backend="python")(0.5)) == (0.0, 0.0)
            power = grad(power)
    assert hessian(lambda x, y: x**y)(0.0, 3.0) == ((0.0, 0.0), (0.0, 0.0))
    assert hessian(lambda x, y: x**y)(0.0, 2.0) == ((2.0, 0.0), (0.0, 0.0))
    for point in [(0.0, 1.0), (0.0, 0.5), (0.0, 0.0)]:  # by x and y it is infinite, or by x alone
        with pytest.raises((ArithmeticError, ValueError), match="derivative"):
            hessian(lambda x, y: x**y)(*point)


@pytest.mark.parametrize(
    ("point", "limits"),
    [
        ((0.0, 0.0), [-math.inf, math.inf, -math.inf]),
        ((-0.0, -1.0), [-math.inf, math.inf, -math.inf]),
        ((1e200, 1e10), [math.inf] * 3),
        ((1e-200, -1e10), [-math.inf, math.inf, -math.inf]),
        ((-1.0, 2.0), [math.nan] * 3),
    ],
)
def test_the_derivatives_of_a_power_by_the_power_at_their_ends(point, limits):
    for k, limit in enumerate(limits, start=1):
        with pytest.raises((ArithmeticError, ValueError)):
            pow_log(k)(*point)
        assert repr(float(IEEE.apply(pow_log(k), *point))) == repr(limit)
