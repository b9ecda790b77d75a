"""Transforms: worked examples from the literature, composition, structures, modes around them."""

import math
from collections import namedtuple

import pytest

import autograd
from autograd import Value, cos, exp, grad, hessian, hvp, jacobian, jvp, log, no_grad, sin, total, value_and_grad, vjp

# ---- Worked examples ------------------------------------------------------------------------------------


def readme_of_micrograd(a, b):
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


def rosenbrock(x, y):
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def baydin(x1, x2):
    return log(x1) + x1 * x2 - sin(x2)


WORKED = {
    "micrograd": (readme_of_micrograd, (-4.0, 2.0), 24.70408163265306, (138.83381924198252, 645.5772594752186)),
    "cs231n product": (lambda x, y, z: (x + y) * z, (-2.0, 5.0, -4.0), -12.0, (-4.0, -4.0, 3.0)),
    "cs231n sigmoid": (
        lambda w0, x0, w1, x1, w2: autograd.sigmoid(w0 * x0 + w1 * x1 + w2),
        (2.0, -1.0, -3.0, -2.0, -3.0),
        0.7310585786300049,
        (-0.19661193324148185, 0.3932238664829637, -0.3932238664829637, -0.5898357997244456, 0.19661193324148185),
    ),
    "cs231n max": (
        lambda x, y, z, w: 2 * (x * y + autograd.maximum(z, w)),
        (3.0, -4.0, 2.0, -1.0),
        -20.0,
        (-8.0, 6.0, 2.0, 0.0),
    ),
    "baydin": (baydin, (2.0, 5.0), 11.652071455223084, (5.5, 1.7163378145367738)),
    "rosenbrock": (rosenbrock, (-1.2, 1.0), 24.2, (-215.6, -88.0)),
    "topological order": (lambda a, b: (a + b + a * b) + (a + b) * (a * b), (2.0, 3.0), 41.0, (25.0, 19.0)),
    "tanh": (autograd.tanh, (1.0,), math.tanh(1.0), (0.41997434161402603,)),
}


@pytest.mark.parametrize("name", WORKED)
def test_worked_examples(name):
    f, point, value, gradient = WORKED[name]
    everything = tuple(range(len(point)))
    got_value, got_gradient = value_and_grad(f, argnums=everything)(*point)
    assert got_value == pytest.approx(value, rel=1e-15)
    assert got_gradient == pytest.approx(gradient, rel=1e-14)
    leaves = [Value(x) for x in point]
    f(*leaves).backward()
    assert [x.grad for x in leaves] == pytest.approx(gradient, rel=1e-14)


def test_worked_hessians():
    assert hessian(rosenbrock)(-1.2, 1.0) == (pytest.approx((1330.0, 480.0)), pytest.approx((480.0, 200.0)))
    assert hessian(baydin)(2.0, 5.0) == (pytest.approx((-0.25, 1.0)), pytest.approx((1.0, -0.9589242746631385)))


def test_speelpennings_product():
    n = 20
    x = [(i + 1) / (i + 2) for i in range(n)]

    def product(v):
        y = v[0]
        for factor in v[1:]:
            y = y * factor
        return y

    y, g = value_and_grad(product)(x)
    assert y == pytest.approx(1 / (n + 1), rel=1e-14)
    assert g == pytest.approx([(i + 2) / ((i + 1) * (n + 1)) for i in range(n)], rel=1e-14)


# ---- Composition -----------------------------------------------------------------------------------------


def test_higher_derivatives():
    f = sin
    for expected in (math.cos(0.7), -math.sin(0.7), -math.cos(0.7), math.sin(0.7), math.cos(0.7)):
        f = grad(f)
        assert f(0.7) == pytest.approx(expected, rel=1e-15)


def test_perturbation_confusion():
    """The inner derivative must not see the outer variable: Siskind and Pearlmutter's example, and its kin."""
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0) == 6.0
    assert grad(lambda x: x * grad(lambda y: x * y * y)(x))(3.0) == 54.0  # x · 2x · x = 2x³; 6x²
    assert grad(lambda x: grad(lambda y: y * y)(x))(3.0) == 2.0
    assert grad(lambda x: grad(lambda x: x * x)(x) * x)(3.0) == 12.0
    assert grad(lambda x: jvp(lambda y: x * y * y, (x,), (1.0,))[1])(3.0) == 12.0  # 2x²
    assert grad(lambda x: jvp(lambda y: y * y, (3.0,), (x,))[1])(2.0) == 6.0
    assert jvp(lambda x: x * grad(lambda y: x + y)(1.0), (1.0,), (1.0,)) == (1.0, 1.0)
    assert grad(lambda x: vjp(lambda y: y**3, x)[1](1.0)[0])(2.0) == 12.0
    assert grad(lambda x: vjp(lambda y: y**3, 2.0)[1](x)[0])(5.0) == 12.0


def test_the_inner_function_may_ignore_its_argument_or_close_over_the_outer_one():
    assert grad(lambda x: grad(lambda y: x * x)(1.0) + x)(3.0) == 1.0
    assert grad(lambda x: grad(lambda y: x * x * y)(1.0))(3.0) == 6.0
    assert grad(lambda x: 5.0)(1.0) == 0.0


def test_called_on_values_it_returns_values_of_the_same_graph():
    x = Value(2.0, "x")
    slope = grad(lambda v: v**3)(x)
    assert isinstance(slope, Value)
    (slope * x).backward()  # 3x² · x; its derivative 9x²
    assert (slope.data, x.grad) == (12.0, 36.0)


def test_the_leaf_gradients_of_the_caller_are_not_touched():
    x = Value(2.0)
    x.grad = 7.0
    grad(lambda v: v * v)(x)
    hessian(lambda v: v * v)(x)
    assert x.grad == 7.0


def mixed(x, y, z):
    return exp(x * y) * sin(z) + x / z + autograd.logsumexp([x, y, z])


POINT = (0.3, -0.7, 1.9)


def test_every_way_to_the_same_derivatives():
    gradient = grad(mixed)(*POINT)
    matrix = hessian(mixed)(*POINT)
    unit = [tuple(float(i == j) for j in range(3)) for i in range(3)]
    assert jacobian(mixed)(*POINT) == pytest.approx(gradient, rel=1e-15)
    assert vjp(mixed, *POINT)[1](1.0) == gradient
    assert [jvp(mixed, POINT, e)[1] for e in unit] == pytest.approx(gradient, rel=1e-14)
    for row, e in zip(matrix, unit, strict=True):
        assert hvp(mixed, POINT, e) == pytest.approx(row, rel=1e-13)
        assert grad(lambda *v, e=e: jvp(mixed, v, e)[1])(*POINT) == pytest.approx(row, rel=1e-13)
        assert jacobian(lambda *v, e=e: jvp(mixed, v, e)[1])(*POINT) == pytest.approx(row, rel=1e-13)
    for i in range(3):
        for j in range(3):
            assert matrix[i][j] == pytest.approx(matrix[j][i], rel=1e-13)
    direction = (0.5, -1.0, 2.0)
    expected = [sum(a * b for a, b in zip(row, direction, strict=True)) for row in matrix]
    assert hvp(mixed, POINT, direction) == pytest.approx(expected, rel=1e-13)


# ---- Arguments and results --------------------------------------------------------------------------------


def test_argnums():
    def f(x, y, z):
        return x * y**2 * z**3

    assert grad(f)(1.0, 2.0, 3.0) == (108.0, 108.0, 108.0)
    assert grad(f, argnums=1)(1.0, 2.0, 3.0) == 108.0
    assert grad(f, argnums=-1)(1.0, 2.0, 3.0) == 108.0
    assert grad(f, argnums=(0, 2))(1.0, 2.0, 3.0) == (108.0, 108.0)
    assert grad(f, argnums=[1])(1.0, 2.0, 3.0) == (108.0,)
    assert hessian(f, argnums=1)(1.0, 2.0, 3.0) == 54.0
    assert grad(lambda x, *, power: x**power)(2.0, power=3) == 12.0
    for wrong in (3, -4, (), (0, 7)):
        with pytest.raises(TypeError, match="selects no argument"):
            grad(f, argnums=wrong)(1.0, 2.0, 3.0)


Layer = namedtuple("Layer", "weights bias")


def test_structures_come_back_in_their_own_shape():
    def f(layer, extra):
        return total([w * w for w in layer.weights]) * layer.bias + extra[0][1]

    first, second = grad(f)(Layer([1.0, 2.0], 3.0), ((4.0, 5.0), []))
    assert first == Layer([6.0, 12.0], 5.0)
    assert type(first) is Layer
    assert second == ((0.0, 1.0), [])
    assert jacobian(lambda v: {"a": 1} and (v[0] * v[1], [v[0]]))([2.0, 3.0]) == ([3.0, 2.0], [[1.0, 0.0]])


def test_numbers_of_every_kind_and_constants_as_results():
    assert grad(lambda x: x * x)(3) == 6.0
    assert type(grad(lambda x: x * x)(3)) is float
    assert value_and_grad(lambda x: 2)(3.0) == (2.0, 0.0)
    assert jacobian(lambda x: [1, x, 2.5])(3.0) == [0.0, 1.0, 0.0]


def test_the_same_value_twice_as_argument_is_two_arguments():
    x = Value(3.0)
    by_first, by_second = grad(lambda a, b: a * a * b)(x, x)
    assert (by_first.data, by_second.data) == (18.0, 9.0)


def test_vjp_pulls_as_often_as_asked_and_remembers_nothing():
    value, pull = vjp(lambda x, y: [x * y, x + y], 3.0, 4.0)
    assert value == [12.0, 7.0]
    assert pull([1.0, 0.0]) == (4.0, 3.0)
    assert all(isinstance(g, Value) for g in pull([Value(1.0), 0.0]))
    assert pull([0.0, 1.0]) == (1.0, 1.0)
    assert type(pull([0.0, 1.0])[0]) is float


def test_an_output_that_another_output_depends_on():
    def f(x):
        y = x * x
        return [y, y * x]

    assert jacobian(f)(2.0) == [4.0, 12.0]
    assert vjp(f, 2.0)[1]([1.0, 1.0]) == (16.0,)
    assert jvp(f, (2.0,), (1.0,)) == ([4.0, 8.0], [4.0, 12.0])


def test_names_and_documentation():
    assert grad(rosenbrock).__name__ == "grad(rosenbrock)"
    assert hessian(rosenbrock).__name__ == "hessian(rosenbrock)"
    assert "rosenbrock" in grad(rosenbrock).__doc__


# ---- Modes around a transform ------------------------------------------------------------------------------


def test_within_no_grad_a_gradient_is_still_a_gradient():
    with no_grad():
        assert grad(lambda x: x**3)(2.0) == 12.0
        assert hessian(lambda x: x**3)(2.0) == 12.0
        assert jvp(lambda x: x**3, (2.0,), (1.0,)) == (8.0, 12.0)
        assert hvp(lambda x: x**3, (2.0,), (1.0,)) == 12.0
        value, pull = vjp(lambda x: x**3, 2.0)
        assert (value, pull(1.0)) == (8.0, (12.0,))
        slope = grad(lambda x: x**3)(Value(2.0))
    assert (slope.data, slope.parents) == (12.0, ())


def test_no_grad_inside_the_function_makes_constants():
    def f(x):
        with no_grad():
            c = x * x
        return c * x

    assert grad(f)(3.0) == 9.0
    assert grad(lambda x: x.detach() * x)(3.0) == 3.0


def test_a_loop_and_a_branch_on_data_are_differentiated_as_taken():
    def newton(a):
        x = a
        for _ in range(60):
            x = 0.5 * (x + a / x)
        return x

    assert grad(newton)(2.0) == pytest.approx(0.5 / math.sqrt(2), rel=1e-14)
    assert grad(lambda x: sin(x) if x > 0 else cos(x))(-1.0) == math.sin(1.0)


@pytest.mark.parametrize(
    "gradient",
    [
        lambda w: grad(lambda x, w: w * x * x, argnums=0)(2.0, w),
        lambda w: grad(lambda x, w: w * x * x, argnums=0)(2.0, w=w),
        lambda w: grad(lambda x, v: v[0] * x * x, argnums=0)(2.0, [w]),
    ],
)
def test_a_gradient_depends_on_values_that_are_arguments_it_is_not_taken_over(gradient):
    """g = 4w, so d(g² + w)/dw = 32w + 1 = 97 at w = 3."""
    w = Value(3.0)
    g = gradient(w)
    (g * g + w).backward()
    assert w.grad == 97.0


def test_directions_and_adjoints_have_the_shape_of_what_they_belong_to():
    with pytest.raises(TypeError, match="tangents must have the shape"):
        jvp(lambda x, y: x * y[0] + y[1], (1.0, [2.0, 3.0]), ([1.0, 0.0], 0.0))
    with pytest.raises(TypeError, match="adjoints must have the shape"):
        vjp(lambda x: [x, [x * x]], 2.0)[1]([[1.0], 1.0])


# ---- Values that a function looks up ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "slope",
    [
        lambda w: grad(lambda x: w * x * x)(2.0),
        lambda w: value_and_grad(lambda x: w * x * x)(2.0)[1],
        lambda w: jacobian(lambda x: [w * x * x])(2.0)[0],
        lambda w: hessian(lambda x: w * x**3)(2.0) / 3.0,
        lambda w: jvp(lambda x: w * x * x, (2.0,), (1.0,))[1],
        lambda w: vjp(lambda x: w * x * x, 2.0)[1](1.0)[0],
        lambda w: hvp(lambda x: w * x**3 / 3.0, (2.0,), (1.0,)),
    ],
    ids=["grad", "value_and_grad", "jacobian", "hessian", "jvp", "vjp", "hvp"],
)
def test_a_derivative_at_floats_remembers_the_values_that_its_function_looked_up(slope):
    """It is 4w: its square has the derivative 32w."""
    w = Value(3.0, "w")
    g = slope(w)
    (g * g).backward()
    assert (g.data, w.grad) == (12.0, 96.0)
    outer = grad(lambda v: slope(v) * slope(v))
    assert outer(3.0) == 96.0
    assert type(outer(3.0)) is float


def test_so_it_does_what_was_computed_from_them_before():
    w = Value(3.0, "w")
    doubled = 2.0 * w
    grad(lambda x: doubled * x)(5.0).backward()
    assert w.grad == 2.0
    with no_grad():
        frozen = 2.0 * w  # a leaf of its own
    grad(lambda x: frozen * x * x)(5.0).backward()
    assert (frozen.grad, w.grad) == (10.0, 2.0)


def test_what_the_function_makes_itself_leaves_it_a_function_of_floats():
    def f(x):
        with no_grad():
            frozen = 2 * Value(1.5)
        return x * Value(4.0, "constant") + 7 * x * frozen + Value(x.data) * x + autograd.softmax([x, 1.0])[0]

    def nested(x):
        two = Value(2.0)
        return grad(lambda y: two * y * y)(1.0) * x

    for function, argument in ((f, 1.0), (nested, 3.0)):
        value, slope = value_and_grad(function)(argument)
        assert (type(value), type(slope)) == (float, float)
    assert grad(nested)(3.0) == 4.0


def test_without_a_graph_to_keep_it_returns_floats():
    w = Value(3.0, "w")
    with no_grad():
        assert grad(lambda x: w * x)(5.0) == 3.0
        assert type(grad(lambda x: w * x)(5.0)) is float
        value, pull = vjp(lambda x: w * x, 5.0)
        assert [type(x) for x in (value, *pull(1.0))] == [float, float]
        assert isinstance(vjp(lambda x: w * x, Value(5.0))[1](1.0)[0], Value)


# ---- Zeros ----------------------------------------------------------------------------------------------

# For floats only: it cannot be asked about operands that nobody knows, so its 0.0 is taken at its word.
plateau = autograd.primitive("plateau", lambda x: max(x, 1.0), lambda x, z: 1.0 if x > 1.0 else 0.0)


@pytest.mark.parametrize("f", [cos, lambda x: -x * x, lambda x: cos(x) + autograd.step(x)])
def test_a_zero_gradient_has_the_sign_of_its_product_in_every_way(f):
    """A computed zero is a factor like any other; an edge that the rule declares to be none adds nothing, not +0.0."""
    slopes = [grad(f)(0.0), grad(f)(Value(0.0)).data, jvp(f, (0.0,), (1.0,))[1]]
    slopes += [autograd.compile(grad(f), 0.0, backend="python")(0.0)]
    assert [repr(slope) for slope in slopes] == ["-0.0"] * len(slopes)


def test_the_zero_of_a_rule_for_floats_only_is_taken_at_its_word():
    assert repr(grad(lambda x: cos(x) + plateau(x))(0.0)) == "-0.0"
    assert grad(lambda x: cos(x) + plateau(x))(2.0) == 1 - math.sin(2.0)


def test_a_computed_zero_after_an_overflow_is_nan_as_backward_has_it():
    def f(x):
        return autograd.relu(x) * 1e200 * 1e200

    x = Value(-1.0)
    f(x).backward()
    assert math.isnan(x.grad)
    assert math.isnan(grad(f)(-1.0))
    assert math.isnan(grad(f)(Value(-1.0)).data)
    none = grad(lambda x: autograd.sign(x) * 1e200 * 1e200)
    assert [none(-1.0), none(Value(-1.0)).data] == [0.0, 0.0]
