"""Tests that the mutation check asked for: each kills a mistake that everything else let live."""

import gc
import math
import pickle
import random
import re
import weakref

import numpy as np
import pytest
from mpmath import ln, mpf, workdps

import autograd
from autograd import (
    Value,
    affine,
    grad,
    hessian,
    jacobian,
    jvp,
    no_grad,
    primitive,
    provenance,
    sqrt,
    total,
    value_and_grad,
    vjp,
)
from autograd.primitives import PRIMITIVES
from autograd.unseen import UNSEEN

# ---- Values ----------------------------------------------------------------------------------------------


def nodes():
    x, y = Value(0.5), Value(0.25)
    yield from (x.tanh(), x + y, x * 2.0, 3.0 - x, x**2, x**y, 2.0**x, -x, abs(x), autograd.hypot(x, y))
    yield from (affine([x, y], [y, x]), affine([x], [y], 1.0), affine([x, y], [y, x], x), total([x, y, x]), total([x]))
    yield from (Value.affine([x, y], [y, x], x), Value.affine([x, y], [y, x], None), Value.affine([x], [y], None))
    yield from autograd.softmax([x, y, x])


def test_a_new_node_has_no_label_and_no_gradient_yet():
    for node in nodes():
        assert node.grad == 0.0
        assert node.label is None
        assert node.op is not None
        assert len(node.parents) == len(node.partials)


def test_the_short_way_to_an_affine_node_is_the_way_through_the_primitive():
    w, x, b = [Value(2.0), Value(-3.0)], [Value(0.5), Value(7.0)], Value(0.25)
    for bias in (b, None):
        short, long = Value.affine(w, x, bias), affine(w, x, bias)
        assert short.op is long.op
        assert (short.data.hex(), short.parents, short.partials) == (long.data.hex(), long.parents, long.partials)
    assert math.copysign(1.0, Value.affine([Value(0.0)], [Value(-1.0)], None).data) == -1.0
    assert Value.affine([Value(2.0)], [Value(3.0)], None).partials == (3.0, 2.0)


def test_comparisons_compare_numbers():
    for x, y in ((1.0, 2.0), (2.0, 2.0), (3.0, 2.0), (math.nan, 1.0)):
        for other in (Value(y), y):
            assert (Value(x) < other) is (x < y)
            assert (Value(x) <= other) is (x <= y)
            assert (Value(x) > other) is (x > y)
            assert (Value(x) >= other) is (x >= y)
    assert Value(3.0) > 2
    assert Value(1.0) < 2


@pytest.mark.parametrize("other", ["a", None, [1.0], 1j])
def test_what_is_no_number_is_a_type_error_from_both_sides(other):
    for operation in (
        lambda x, y: x + y,
        lambda x, y: x - y,
        lambda x, y: x * y,
        lambda x, y: x / y,
        lambda x, y: x**y,
    ):
        with pytest.raises(TypeError):
            operation(Value(1.0), other)
        with pytest.raises(TypeError):
            operation(other, Value(1.0))


@pytest.mark.parametrize("root", [lambda x: x.sqrt(), sqrt, lambda x: x**0.5])
def test_a_slope_that_does_not_exist_is_recorded_as_infinite(root):
    z = root(Value(0.0))
    assert (z.data, z.partials) == (0.0, (math.inf,))


def test_the_error_of_a_missing_slope_names_eight_operands_and_the_domain():
    norm = primitive(
        "norm",
        lambda *v: math.sqrt(sum(x * x for x in v)),
        lambda *v: tuple(x / v[-1] for x in v[:-1]),
        domain="not all zero",
    )
    z = norm(*[Value(0.0, f"x{i}") for i in range(10)])
    with pytest.raises(ZeroDivisionError) as caught:
        z.backward()
    message = str(caught.value)
    assert "x7=0.0" in message
    assert "x8=0.0" not in message
    assert message.endswith("(norm: not all zero)")
    without = primitive("plain", math.sqrt, lambda x, z: 1 / (2 * z))
    with pytest.raises(ZeroDivisionError) as caught:
        without(Value(0.0)).backward()
    assert str(caught.value).endswith("is inf")


def test_provenance_reaches_every_kind_of_node():
    with provenance():
        made = list(nodes())
    for node in made:
        source = autograd.modes.source_of(node)
        assert source is not None
        assert source.function == "nodes"


# ---- Transforms ------------------------------------------------------------------------------------------


def test_called_on_values_everything_is_a_value_and_can_be_differentiated():
    x = Value(3.0)
    value, slope = value_and_grad(lambda x: x**3)(x)
    value.backward()
    assert x.grad == 27.0
    x.grad = 0.0
    slope.backward()
    assert x.grad == 18.0


@pytest.mark.parametrize("inputs", [([2.0],), (2.0,)])
@pytest.mark.parametrize("directions", [([1.0],), (1.0,)])
def test_a_direction_of_another_shape_is_refused(inputs, directions):
    f = lambda x: x[0] if isinstance(x, list) else x  # noqa: E731
    if isinstance(inputs[0], list) == isinstance(directions[0], list):
        assert jvp(f, inputs, directions) == (2.0, 1.0)
    else:
        with pytest.raises(TypeError, match="must have the shape of what they belong to"):
            jvp(f, inputs, directions)


def test_a_direction_that_is_a_value_makes_all_results_values():
    values, tangents = jvp(lambda x: [x**3, 5.0], (3.0,), (Value(2.0),))
    assert [type(v) for v in (*values, *tangents)] == [Value] * 4
    assert [v.data for v in (*values, *tangents)] == [27.0, 5.0, 54.0, 0.0]


def test_where_a_rule_fails_its_derivative_is_not_taken_for_a_constant():
    by_both = lambda x: x ** (x + 0.5)  # noqa: E731
    with pytest.raises(ZeroDivisionError, match=r"needs the derivative of pow\(0\.0, 0\.5\)"):
        grad(grad(by_both))(0.0)


def test_a_missing_derivative_is_refused_as_the_rule_refuses_it_at_the_result():
    bottom = autograd.primitive("bottom", lambda x: x - 1.0, lambda x, z: 1.0 / z)
    with pytest.raises(ZeroDivisionError, match=r"needs the derivative of bottom\(1\.0\)"):
        bottom(Value(1.0)).backward()


def test_an_infinite_result_may_have_an_infinite_slope():
    pole = primitive("pole", lambda x: math.inf, lambda x, z: math.inf)
    x = Value(1.0)
    pole(x).backward()
    assert x.grad == math.inf


@pytest.mark.parametrize("mode", [no_grad, provenance])
def test_comparisons_and_keywords_within_a_mode(mode):
    with mode():
        assert Value(1.0) < 2.0
        assert grad(lambda x, *, factor: factor * x)(2.0, factor=3.0) == 3.0


@pytest.mark.parametrize("other", ["1", 1j])
def test_a_comparison_with_what_has_no_order_names_a_value(other):
    with pytest.raises(TypeError, match="between instances of 'Value' and"):
        Value(1.0) < other  # noqa: B015


def test_an_array_of_no_dimension_is_a_number_to_a_comparison():
    with pytest.raises(TypeError, match="between Values is identity"):
        Value(1.0) == np.array(1.0)  # noqa: B015


def test_keywords_reach_the_function():
    assert grad(lambda x, *, factor: factor * x)(2.0, factor=3.0) == 3.0
    assert value_and_grad(lambda x, factor=1.0: factor * x)(2.0, factor=3.0) == (6.0, 3.0)


@pytest.mark.parametrize(("primals", "tangents"), [(1.0, (1.0,)), ((1.0,), 1.0), (1.0, 1.0)])
def test_jvp_takes_sequences(primals, tangents):
    with pytest.raises(TypeError, match="lists or tuples"):
        jvp(lambda x: x, primals, tangents)


def test_a_tangent_given_as_a_value_can_be_differentiated():
    t = Value(2.0)
    value, tangent = jvp(lambda x: x**3, (3.0,), (t,))
    tangent.backward()
    assert (value.data if isinstance(value, Value) else value) == 27.0
    assert (tangent.data, t.grad) == (54.0, 27.0)


def test_an_output_that_depends_on_nothing_has_the_tangent_0():
    assert jvp(lambda x: [x * x, 5.0], (3.0,), (1.0,)) == ([9.0, 5.0], [6.0, 0.0])


def test_an_adjoint_given_as_a_value_can_be_differentiated():
    a = Value(2.0)
    _, pull = vjp(lambda x: x**3, 3.0)
    (slope,) = pull(a)
    slope.backward()
    assert (slope.data, a.grad) == (54.0, 27.0)


def test_a_result_given_twice_counts_twice():
    def twice(x):
        y = x * x
        return [y, y]

    _, pull = vjp(twice, 3.0)
    assert pull([1.0, 10.0]) == (66.0,)


# ---- Primitives ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRIMITIVES)
def test_called_on_values_and_on_floats_it_is_the_same_number(name):
    op = PRIMITIVES[name]
    draws = [0.3, 0.7, 0.45, 0.6, 0.2] if name != "acosh" else [1.5]
    operands = draws[: op.arity] if op.arity else draws
    call = (lambda v: op(v[:2], v[2:4], v[4])) if name == "affine" else (lambda v: op(*v))
    plain, recorded = call(operands), call([Value(x) for x in operands])
    assert recorded.data.hex() == float(plain).hex()


def test_what_has_no_notation_of_its_own_can_be_written_out():
    for op in PRIMITIVES.values():
        assert (op.text and op.latex) or op.expand, op.name


def test_nan_is_never_hidden():
    nan = math.nan
    for name in ("sign", "step", "relu", "abs", "sigmoid", "softplus", "tanh", "leaky_relu"):
        assert math.isnan(getattr(autograd, name)(nan)), name
    for f in (autograd.not_less, autograd.maximum, autograd.minimum):
        assert math.isnan(f(nan, 1.0))
        assert math.isnan(f(1.0, nan))


@pytest.mark.parametrize("f", [autograd.maximum, autograd.minimum])
def test_a_tie_gives_the_first_operand_down_to_the_sign_of_zero(f):
    assert [math.copysign(1.0, f(x, -x)) for x in (0.0, -0.0)] == [1.0, -1.0]


@pytest.mark.parametrize("x", [1e300, 1e-300])
def test_the_slope_of_a_power_keeps_the_digits_of_a_tiny_exponent(x):
    y = 1e-8
    z = Value(x) ** Value(y)
    with workdps(40):
        assert abs(z.partials[0] / (y * mpf(x) ** (mpf(y) - 1)) - 1) < 1e-14


def test_relu_of_a_negative_zero_is_the_zero_of_the_other_negatives():
    assert math.copysign(1.0, autograd.relu(-0.0)) == math.copysign(1.0, autograd.relu(-1.0)) == 1.0


def test_a_leaky_rectifier_may_turn_upwards_on_the_left():
    assert grad(autograd.primitives.leaky(-0.5))(-2.0) == -0.5


@pytest.mark.parametrize(
    ("n", "domain"),
    [
        *[(n, "x ≠ 0") for n in (-2, -1)],
        *[(n, "every x") for n in (0, 1, 2, 3)],
        (-0.5, "x > 0"),
        (0.5, "x ≥ 0; no derivative at 0"),
        (1.5, "x ≥ 0"),
    ],
)
def test_where_a_power_is_defined(n, domain):
    assert autograd.primitives.power(n).domain == domain


@pytest.mark.parametrize(
    ("op", "x", "limit"),
    [
        (autograd.power(-1), 0.0, math.inf),
        (autograd.power(-1), -0.0, -math.inf),
        (autograd.power(-2), -0.0, math.inf),
        (autograd.power(3), -1e200, -math.inf),
        (autograd.power(0.5), -1.0, math.nan),
        (autograd.exponential(2), 2000.0, math.inf),
        (autograd.exponential(-2), 2001.0, -math.inf),
        (autograd.exponential(0), -1.0, math.inf),
    ],
    ids=lambda v: getattr(v, "name", None),
)
def test_where_a_member_of_a_family_raises_it_has_the_value_of_ieee(op, x, limit):
    with pytest.raises((ArithmeticError, ValueError)):
        op(x)
    assert op.ieee(x) == limit or math.isnan(op.ieee(x)) == math.isnan(limit) is True


@pytest.mark.parametrize(("base", "text"), [(2, "2**{0}"), (0, "0**{0}"), (0.5, "0.5**{0}"), (-2, "(-2)**{0}")])
def test_how_an_exponential_is_written(base, text):
    assert autograd.primitives.exponential(base).text.template == text


@pytest.mark.parametrize("name", ["asin", "acos", "semicircle"])
def test_outside_the_unit_interval_the_error_says_so(name):
    with pytest.raises(ValueError, match=r"-1 ≤ x ≤ 1; no derivative at the ends"):
        PRIMITIVES[name](2.0)


@pytest.mark.parametrize("one", ["12", np.array(2.0)], ids=["text", "array of no dimension"])
def test_what_only_looks_like_many_operands_is_one_that_is_no_number(one):
    with pytest.raises(TypeError, match=f"expected a number, got {re.escape(repr(one))}"):
        total(one)


def test_affine_takes_lists_and_no_generators():
    with pytest.raises(TypeError, match="affine takes a list of weights and a list of inputs, not"):
        affine((w for w in [1.0]), [2.0])
    with pytest.raises(TypeError, match="affine takes a list of weights and a list of inputs, not"):
        affine([1.0], (x for x in [2.0]))


@pytest.mark.parametrize("scale", [5e-324, 2.5e-322, 1e-310, 1e-300, 1e-290, 1e-3, 1.0, 1e290, 1e300, 2.0**1022])
def test_the_slope_of_hypot_keeps_its_digits_at_both_ends(scale):
    slope = PRIMITIVES["hypot_slope"]
    for a, b in ((1.0, 2.0), (3.0, 1.0), (3.0, -3.0), (0.0, 2.0), (-1.0, 0.0), (3.5, 3.5)):
        x, y = a * scale, b * scale
        if scale < 1e-300 and 3.5 in (a, b):
            continue  # rounded to a whole number of the smallest float
        assert slope(x, y) == pytest.approx(a / math.sqrt(a * a + b * b), rel=1e-15, abs=0.0)


@pytest.mark.parametrize("form", ["forward", "expand"])
@pytest.mark.parametrize("power", [2.0**1004, 2.0**-990, 2.0**-1074])
def test_a_power_of_two_in_both_operands_changes_no_bit_of_the_slope_of_hypot(power, form):
    slope, draw = getattr(PRIMITIVES["hypot_slope"], form), random.Random(1)
    for _ in range(50):
        x, y = (draw.choice([-1.0, 1.0]) * draw.randrange(1, 2**20) for _ in range(2))
        assert slope(x * power, y * power) == slope(x, y)
    assert slope(-1e200, 1e-320) == -1.0


FAMILIES = [(autograd.primitives.softmax_at(i), (0.3, -0.2, 0.9)) for i in range(3)]
FAMILIES += [(autograd.power(n), (0.7,)) for n in (0, 1, 2, 3, -1, 0.5, 1e-8)]
FAMILIES += [(autograd.exponential(b), (0.7,)) for b in (2, 0.5, 1, 10)]
FAMILIES += [(autograd.primitives.pow_log(k), (0.7, 1.3)) for k in (1, 2, 3)]
FAMILIES += [(autograd.leaky(a), (x,)) for a in (0.2, 0.0) for x in (-1.0, 2.0)]


@pytest.mark.parametrize(("op", "operands"), FAMILIES, ids=lambda x: getattr(x, "name", None))
def test_what_is_taught_of_a_family_is_what_is_computed(op, operands):
    result = op(*operands)
    assert op.taught_partials(*operands, result) == pytest.approx(op.partials(*operands, result), rel=1e-14)
    if op.expand:
        assert op.expand(*operands) == pytest.approx(result, rel=1e-14)


def test_logsumexp_written_out_counts_the_largest_terms():
    assert PRIMITIVES["logsumexp"].expand(1.0, 1.0, 1.0, -800.0) == pytest.approx(1.0 + math.log(3.0), rel=1e-15)


def test_logsumexp_of_infinities():
    logsumexp = autograd.logsumexp
    assert logsumexp([math.inf, -math.inf]) == math.inf
    assert logsumexp([-math.inf, -math.inf]) == -math.inf
    assert math.isnan(logsumexp([math.inf, math.nan]))


# ---- Found by a later run -----------------------------------------------------------------------------


def test_the_common_leaky_rectifier_has_a_name_of_its_own():
    assert autograd.leaky(0.01) is autograd.leaky_relu
    assert (autograd.leaky_relu.name, autograd.leaky(0.2).name) == ("leaky_relu", "leaky(0.2)")


@pytest.mark.parametrize(
    ("weights", "inputs", "named"),
    [(3.0, 4.0, "3.0"), ([1.0], 4.0, "4.0"), ("ab", [1.0, 2.0], "'ab'"), ([1.0], np.array(2.5), "array(2.5)")],
)
def test_affine_names_the_first_of_its_two_lists_that_is_none(weights, inputs, named):
    with pytest.raises(TypeError, match=f"a list of weights and a list of inputs, not {re.escape(named)}"):
        affine(weights, inputs)


def test_a_softmax_written_out_does_not_overflow():
    for i, right in enumerate((1 / (1 + math.exp(-1.0)), 1 / (1 + math.exp(1.0)))):
        assert autograd.primitives.softmax_at(i).expand(800.0, 799.0) == pytest.approx(right, rel=1e-14)


def test_softmax_takes_what_can_be_read_once():
    assert autograd.softmax(x for x in (1000.0, 1000.0)) == [0.5, 0.5]


@pytest.mark.parametrize("name", ["atan_slope", "total"])
def test_what_only_floats_go_through_has_a_form_that_can_be_traced(name):
    op = PRIMITIVES[name]
    operands = [0.75, -2.0][: op.arity or 2]
    assert op.expand(*map(Value, operands)).data == pytest.approx(op(*operands), rel=1e-15)


def test_a_slope_that_is_missing_matters_where_a_derivative_flows_on_from_it():
    """``backward`` walks every edge; a transform knows the arguments, and none of them is behind a plain 0.0."""
    x = Value(-1.0)
    with pytest.raises(ZeroDivisionError):
        sqrt(autograd.step(x)).backward()
    assert grad(lambda x: sqrt(autograd.step(x)))(-1.0) == 0.0
    assert grad(lambda x: sqrt(autograd.step(x)) + x * x)(-1.0) == -2.0
    beside = primitive("beside", lambda a, b: b, lambda a, b, z: (1.0 / a, 1.0))
    assert grad(lambda x: beside(autograd.step(x), 3.0 * x))(-1.0) == 3.0
    for reached in (lambda x: sqrt(autograd.step(x) * x), lambda x: sqrt(autograd.step(x)) + sqrt(x + 1.0)):
        with pytest.raises(ZeroDivisionError, match="needs the derivative of sqrt"):
            grad(reached)(-1.0)


def test_behind_an_unknown_slope_a_derivative_that_is_0_only_here_is_not_lost():
    def slope(x, z):
        assert x > -1.0  # it looks at its number
        return 2.0 * x

    square = primitive("square", lambda x: x * x, slope)
    third = grad(grad(grad(lambda x: x * square(x) + autograd.where(autograd.step(x - 1.0), sqrt(x), 0.0))))
    assert third(0.0) == 6.0


def test_what_is_not_known_of_a_slope_is_found_again_by_a_pickle():
    autograd.transform._unknown_slope.cache_clear()
    op = autograd.transform._unknown_slope(ZeroDivisionError, "sqrt")
    again = pickle.loads(pickle.dumps(op))
    assert again is op
    assert again.domain.startswith("a derivative of sqrt does not exist")


def test_with_a_value_among_the_arguments_the_results_are_values_whatever_they_depend_on():
    for slope in (grad(lambda x: 5.0)(Value(2.0)), grad(lambda x, *, c: 5.0 * x)(2.0, c=Value(1.0))):
        assert isinstance(slope, Value)
    assert isinstance(grad(lambda x, y: 5.0 * x, 0)(2.0, Value(1.0)), Value)


def test_an_adjoint_that_is_a_value_makes_all_slopes_values():
    _, pull = vjp(lambda x, y: [x * x, 3.0 * x], 3.0, 4.0)
    for adjoints, right in (([Value(2.0), 1.0], [15.0, 0.0]), ([1.0, Value(2.0)], [12.0, 0.0])):
        slopes = pull(adjoints)
        assert [type(slope) for slope in slopes] == [Value, Value]
        assert [slope.data for slope in slopes] == right
    assert pull([2.0, 1.0]) == (15.0, 0.0)


@pytest.mark.parametrize("transform", [grad, value_and_grad, jacobian, hessian])
def test_a_transform_bears_the_name_of_its_function_and_refuses_what_is_none_at_once(transform):
    def square(x):
        return x * x

    assert transform(square).__name__ == f"{transform.__name__}(square)"
    with pytest.raises(TypeError, match=f"^{transform.__name__} differentiates a function, not 3.0"):
        transform(3.0)


class Stubborn(float):
    """A float by its class and its number, and by nothing else."""

    def __add__(self, other):
        raise OverflowError("no")


STUBBORN = Stubborn(1.0)


def test_a_gradient_that_floats_cannot_be_added_to_is_an_error_and_stays():
    x = Value(3.0)
    x.grad = STUBBORN
    with pytest.raises(OverflowError, match="no"):
        (x * 2.0).backward()
    assert x.grad is STUBBORN


@pytest.mark.parametrize("grad", [0.0, STUBBORN])
def test_an_error_of_the_backward_pass_keeps_no_node_alive(grad):
    x = Value(0.0)
    x.grad = grad
    root = x * 2.0 if grad else sqrt(x)
    alive = weakref.ref(root)
    gc.disable()
    try:
        try:
            root.backward()
        except ArithmeticError:
            del root
        assert alive() is None
    finally:
        gc.enable()


def test_an_affine_node_of_other_floats_holds_one_of_pythons():
    w, x, b = [Value(2.0), Value(3.0)], [Value(5.0), Value(7.0)], Value(1.0)
    w[0].data = np.float64(2.0)
    node = Value.affine(w, x, b)
    assert (type(node.data), node.data) == (float, 32.0)


def test_a_scalar_array_of_any_library_is_a_number_to_a_comparison():
    class Scalar:
        shape = ()

    with pytest.raises(TypeError, match="between Values is identity"):
        Value(1.0) == Scalar()  # noqa: B015


@pytest.mark.parametrize("name", ["log", "sqrt", "sin", "exp", "tanh"])
def test_one_operand_that_is_not_known_yet_has_one_partial_that_is_not(name):
    (partial,) = getattr(Value(UNSEEN), name)().partials
    assert partial is UNSEEN


def test_while_an_operand_is_not_known_no_derivative_is_missing():
    second = primitive("second", lambda x, y: y, lambda x, y, z: (math.inf, 1.0))
    both = primitive("both", lambda x, y: x + y, lambda x, y, z: (math.inf, 1.0))
    for op in (second, both):
        node = op(Value(UNSEEN), Value(1.0))
        assert autograd.value.missing_derivative(node, node.parents[0], math.inf) is None
        known = op(Value(2.0), Value(1.0))
        assert autograd.value.missing_derivative(known, known.parents[0], math.inf) is not None


def test_a_primitive_may_be_called_what_the_engine_calls_one():
    unknown = primitive("unknown_slope", lambda x: 1.0, lambda x, z: math.inf)
    with pytest.raises(OverflowError, match=r"needs the derivative of unknown_slope\(2\.0\)"):
        unknown(Value(2.0)).backward()


def test_a_datum_that_is_no_float_is_refused_by_the_name_of_its_node():
    for label, name in ((None, "a leaf"), ("weight", "weight")):
        x = Value(1.0, label)
        x.data = "1"
        with pytest.raises(TypeError, match=f"the data of {name} is '1'"):
            x.backward()
    x = Value(1.0, "w" * 1000)
    x.data = "1"
    with pytest.raises(TypeError) as caught:
        x.backward()
    assert len(str(caught.value)) < 300


def test_a_result_that_is_known_while_its_slope_is_not_can_be_compiled():
    flat = primitive("flat", lambda x: 5.0, lambda x, z: x)
    slope = autograd.compile(grad(lambda x: flat(x) * x), 3.0, backend="python")
    assert [slope(x) for x in (3.0, 4.0)] == [5.0 + 3.0 * 3.0, 5.0 + 4.0 * 4.0]


@pytest.mark.parametrize("k", [1, 2, 3, 4])
@pytest.mark.parametrize(("x", "y"), [(0.7, 1.3), (2.5, -0.6), (3.0, 1e-8), (1e-3, 2.0)])
def test_the_derivatives_of_a_power_by_its_exponent(k, x, y):
    op = autograd.primitives.pow_log(k)
    node = op(Value(x), Value(y))
    with workdps(40):
        log, z = ln(mpf(x)), mpf(x) ** mpf(y)
        exact = [z * log**k, z / x * (y * log**k + k * log ** (k - 1)), z * log ** (k + 1)]
        for computed, right in zip((node.data, *node.partials), exact, strict=True):
            assert abs(computed / right - 1) < 1e-13


def test_a_power_made_anew_for_a_zero_or_a_tiny_exponent():
    make = autograd.primitives.power.__wrapped__
    assert make(-0.0).text.template == "{0}**0"
    assert make(0).partials(0.0, 1.0) == (0.0,)
    x, n = 1e3, 1e-8
    (slope,) = make(n).partials(x, x**n)
    with workdps(40):
        assert abs(slope / (mpf(n) * mpf(x) ** (mpf(n) - 1)) - 1) < 1e-15


def test_a_power_with_a_logarithm_can_be_written_out():
    for k in (1, 2):
        assert autograd.primitives.pow_log(k).expand(0.7, 1.3) == pytest.approx(
            0.7**1.3 * math.log(0.7) ** k, rel=1e-14
        )


def test_a_rule_that_fails_while_its_number_is_not_known_gives_none():
    op = primitive("unlucky", math.exp, lambda x, z: autograd.log(Value(-1.0)))
    (partial,) = autograd.transform._symbolic_partials(op(Value(UNSEEN)), op)
    assert math.isnan(partial)


@pytest.mark.parametrize("x", [1e300, 1e-300])
def test_the_slopes_of_powers_keep_the_digits_of_a_tiny_exponent(x):
    y = 1e-8
    (by_power,) = autograd.primitives.power.__wrapped__(y).partials(x, x**y)
    with workdps(40):
        lowered, log = mpf(x) ** (mpf(y) - 1), ln(mpf(x))
        assert abs(by_power / (y * lowered) - 1) < 1e-15
        for k in (1, 2):
            slope, _ = autograd.primitives.pow_log(k).partials(x, y, x**y * math.log(x) ** k)
            assert abs(slope / (lowered * (y * log**k + k * log ** (k - 1))) - 1) < 1e-14


def test_a_sum_of_products_hands_on_its_factors():
    w, x = [Value(2.0), Value(3.0)], [Value(5.0), Value(7.0)]
    (2.0 * affine(w, x)).backward()
    assert [v.grad for v in (*w, *x)] == [10.0, 14.0, 4.0, 6.0]
