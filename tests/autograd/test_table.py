"""The table of primitives: forward values bit for bit, taught rules, conventions at kinks, declaration in one line."""

import ast
import inspect
import math
import operator
import pickle
import random

import pytest

import autograd
from autograd import Value, check_gradients, grad, hessian, primitive, value
from autograd.declaration import ATOM
from autograd.primitives import PRIMITIVES, exponential, leaky, pow_log, power, softmax_at

POINTS = [-1e300, -40.0, -3.0, -2.5, -1.0, -0.6, -1e-9, -0.0, 0.0, 1e-9, 0.3, 0.6, 1.0, 2.0, 2.5, 3.0, 9.0, 40.0, 1e300]

# The same operation on floats, where Python has one.
FLOAT_OPERATIONS = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "pow": operator.pow,
    "neg": operator.neg, "identity": operator.pos, "abs": abs,
    **{
        name: getattr(math, name)
        for name in [
            "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "hypot",
            "sin", "cos", "tan", "asin", "acos", "atan", "atan2",
            "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf",
        ]
    },
}  # fmt: skip


def outcome(function, *operands):
    """The bits of the result, or the type of what was raised; a complex result counts as a ValueError."""
    try:
        result = function(*operands)
    except (ArithmeticError, ValueError) as error:
        return type(error)
    return ValueError if isinstance(result, complex) else result.hex()


@pytest.mark.parametrize("name", FLOAT_OPERATIONS)
def test_the_same_bits_or_the_same_exception_as_the_float_operation(name):
    op, on_floats = PRIMITIVES[name], FLOAT_OPERATIONS[name]
    for x in POINTS:
        for y in POINTS if op.arity == 2 else [None]:
            operands = (x,) if y is None else (x, y)
            expected = outcome(on_floats, *operands)
            assert outcome(op, *operands) == expected, operands
            assert outcome(lambda *v: op(*map(Value, v)).data, *operands) == expected, operands


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "**"])
def test_operators_give_the_bits_of_floats_in_every_order(symbol):
    apply = eval(f"lambda a, b: a {symbol} b")
    for x in POINTS:
        for y in POINTS:
            expected = outcome(apply, x, y)
            for a, b in [(Value(x), Value(y)), (Value(x), y), (x, Value(y))]:
                assert outcome(lambda a=a, b=b: apply(a, b).data) == expected, (x, y)


def test_integers_as_exponent_and_base_give_what_they_give_on_floats():
    for x in POINTS:
        for n in (-3, -1, 0, 1, 2, 3, 10):
            assert outcome(lambda x=x, n=n: (Value(x) ** n).data) == outcome(operator.pow, x, n)
            if n > 0:
                assert outcome(lambda x=x, n=n: (n ** Value(x)).data) == outcome(operator.pow, float(n), x)


def test_affine_and_total_run_left_to_right():
    draw = random.Random(1)
    for n in range(1, 9):
        w, x = [[draw.uniform(-1, 1) * 10 ** draw.randint(-9, 9) for _ in range(n)] for _ in range(2)]
        dot = w[0] * x[0]
        running = w[0]
        for a, b in zip(w[1:], x[1:], strict=True):
            dot = dot + a * b
            running = running + a
        assert autograd.affine(w, x) == dot
        assert autograd.affine(w, x, 0.1) == dot + 0.1
        assert autograd.affine([Value(a) for a in w], x, Value(0.1)).data == dot + 0.1
        assert autograd.total(w) == autograd.total(*w) == running
        assert autograd.total([Value(a) for a in w]).data == running


@pytest.mark.parametrize("op", PRIMITIVES.values(), ids=lambda op: op.name)
def test_the_taught_rule_is_the_rule(op):
    draw, compared = random.Random(3), 0
    for _ in range(60):
        operands = [draw.uniform(-1, 1) if draw.random() < 0.5 else draw.uniform(1, 3) for _ in range(op.arity or 4)]
        try:
            z = op.forward(*operands)
            rule, taught = op.partials(*operands, z), op.taught_partials(*operands, z)
        except (ArithmeticError, ValueError):
            continue
        if not all(map(math.isfinite, (z, *rule))):
            continue
        assert taught == pytest.approx(rule, rel=1e-12, abs=1e-15)
        compared += 1
    assert compared >= 8


@pytest.mark.parametrize("op", [op for op in PRIMITIVES.values() if op.expand], ids=lambda op: op.name)
def test_the_expansion_is_the_primitive(op):
    draw = random.Random(4)
    for _ in range(50):
        operands = [draw.uniform(-3, 3) for _ in range(op.arity or 4)]
        assert op.expand(*operands) == pytest.approx(op.forward(*operands), rel=1e-15)


# ---- Conventions ----------------------------------------------------------------------------------------

AT_KINKS = {
    "abs": [((0.0,), (0.0,))],
    "sign": [((0.0,), (0.0,))],
    "step": [((0.0,), (0.0,))],
    "relu": [((0.0,), (0.0,)), ((-0.0,), (0.0,))],
    "leaky_relu": [((0.0,), (0.01,))],
    "maximum": [((2.0, 2.0), (1.0, 0.0))],
    "minimum": [((2.0, 2.0), (1.0, 0.0))],
    "not_less": [((2.0, 2.0), (0.0, 0.0))],
}


def test_every_kink_has_its_convention_tested():
    assert AT_KINKS.keys() == {name for name, op in PRIMITIVES.items() if op.kink}


@pytest.mark.parametrize("name", AT_KINKS)
def test_conventions_at_kinks(name):
    op = PRIMITIVES[name]
    for point, expected in AT_KINKS[name]:
        assert op.kink(*point)
        assert not op.kink(*[x + 1 + i for i, x in enumerate(point)])
        operands = [Value(x) for x in point]
        op(*operands).backward()
        assert tuple(x.grad for x in operands) == expected


def test_what_is_not_a_number_stays_visible():
    for name in ("relu", "sign", "step", "leaky_relu", "abs", "sigmoid", "softplus", "tanh"):
        assert math.isnan(PRIMITIVES[name](math.nan)), name
    for name in ("maximum", "minimum", "not_less"):
        assert math.isnan(PRIMITIVES[name](math.nan, 1.0)), name
        assert math.isnan(PRIMITIVES[name](1.0, math.nan)), name
    assert math.isnan(autograd.logsumexp([1.0, math.nan]))
    assert math.isnan(autograd.logsumexp([math.nan, 1.0]))
    assert math.isnan(autograd.total([1.0, math.nan]))


def test_saturation_is_finite():
    for x in (1000.0, -1000.0):
        for name in ("sigmoid", "tanh", "softplus", "sigmoid_slope", "tanh_slope", "erf", "atan"):
            v = Value(x)
            PRIMITIVES[name](v).backward()
            assert math.isfinite(v.grad), (name, x)
    assert autograd.softmax([1000.0, 1000.0]) == [0.5, 0.5]
    assert autograd.logsumexp([1000.0, 1000.0]) == 1000.0 + math.log(2.0)
    assert autograd.logsumexp([-1e308, -math.inf]) == -1e308
    assert autograd.logsumexp([-math.inf, -math.inf]) == -math.inf
    assert autograd.logsumexp([0.0, math.inf]) == math.inf


def test_softmax_is_a_distribution_and_its_jacobian_is_the_known_one():
    x = [0.3, -1.2, 2.0]
    p = autograd.softmax(x)
    assert math.fsum(p) == pytest.approx(1.0, rel=1e-15)
    expected = [[p[i] * ((i == j) - p[j]) for j in range(3)] for i in range(3)]
    for row, known in zip(autograd.jacobian(autograd.softmax)(x), expected, strict=True):
        assert row == pytest.approx(known, rel=1e-13)


def test_variadic_primitives_take_a_sequence_or_operands_and_refuse_nothing():
    for op in (autograd.total, autograd.logsumexp, softmax_at(0)):
        assert op([1.0, 2.0]) == op((1.0, 2.0)) == op(1.0, 2.0) == op(x for x in (1.0, 2.0))
        for nothing in ([()], [], [[]]):
            with pytest.raises(TypeError, match="needs at least one operand"):
                op(*nothing)
    assert autograd.softmax([]) == []


def test_affine_refuses_unequal_and_empty():
    with pytest.raises(TypeError, match="one input for each weight: 2 weights, 1 inputs"):
        autograd.affine([1.0, 2.0], [1.0])
    with pytest.raises(TypeError, match="at least one weight"):
        autograd.affine([], [])


# ---- Declaring one -----------------------------------------------------------------------------------


def test_one_line_declares_a_primitive_and_everything_works_for_it():
    gauss = primitive("gauss", lambda x: math.exp(-x * x), lambda x, z: -2 * x * z)
    x = Value(0.7, "x")
    y = gauss(x)
    y.backward()
    bell = math.exp(-0.49)
    assert gauss(0.7) == y.data == bell
    assert x.grad == pytest.approx(-1.4 * bell, rel=1e-15)
    assert grad(grad(gauss))(0.7) == pytest.approx((4 * 0.49 - 2) * bell, rel=1e-14)
    assert hessian(lambda a, b: gauss(a * b))(0.7, 1.0)[0][0] == pytest.approx((4 * 0.49 - 2) * bell, rel=1e-14)
    check_gradients(gauss, 0.7)
    assert repr(gauss) == "<primitive gauss>"
    assert "gauss" in autograd.latex(y)


def test_the_rule_must_take_the_result_too():
    with pytest.raises(TypeError, match=r"the rule of 'bad' takes the operands and then the result"):
        primitive("bad", math.sin, lambda z: 1.0)


def test_a_primitive_counts_its_operands():
    two = primitive("two", lambda x, y: x * y, lambda x, y, z: (y, x))
    with pytest.raises(TypeError, match=r"two takes 2 operand\(s\), got 3"):
        two(Value(1.0), 2.0, 3.0)


MEMBERS = [power(2.5), exponential(3), leaky(0.3), softmax_at(1), pow_log(2)]


@pytest.mark.parametrize("op", [*PRIMITIVES.values(), *MEMBERS], ids=str)
def test_primitives_survive_pickling_as_themselves(op):
    assert pickle.loads(pickle.dumps(op)) is op


def test_a_primitive_without_a_name_in_a_module_refuses_to_be_pickled():
    local = primitive("local", math.sin, lambda x, z: autograd.cos(x))
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(local)


def test_type_checkers_know_every_method():
    """The table makes the methods at run time; the class lists their names for type checkers."""
    tree = ast.parse(inspect.getsource(value))
    (methods,) = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Value"]
    guard = next(n for n in methods.body if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.dump(n.test))
    listed = {n.name for n in guard.body if isinstance(n, ast.FunctionDef)}
    one_operand = {name for name, op in PRIMITIVES.items() if op.arity == 1 and name != "identity"}
    assert one_operand <= listed
    assert set(value._NUMPY_NAMES.values()) <= listed
    assert all(hasattr(Value, name) for name in listed)


def test_every_primitive_is_public_or_a_helper():
    helpers = {"add", "sub", "mul", "div", "pow", "neg", "identity", "semicircle"}
    helpers |= {name for name in PRIMITIVES if name.endswith("_slope")}
    assert {name for name in PRIMITIVES if not hasattr(autograd, name)} <= helpers


@pytest.mark.parametrize("arguments", [(1.0,), (1.0, 2.0), (1.0, 2.0, 3.0)])
def test_a_rule_that_forgets_an_operand_is_refused_before_a_gradient_is_lost(arguments):
    rules = {1: lambda x, z: (1.0, 1.0), 2: lambda x, y, z: y, 3: lambda x, y, w, z: (y * w,)}
    broken = primitive("broken", lambda *v: sum(v), rules[len(arguments)])
    with pytest.raises(TypeError, match=r"the rule of broken gave \d local derivative"):
        broken(*map(Value, arguments))


def test_a_forward_function_gives_a_float():
    with pytest.raises(TypeError, match="expected a number, got None"):
        primitive("nothing", lambda x: None, lambda x, z: 1.0)(Value(1.0))
    assert type(primitive("one", lambda x: 1, lambda x, z: 0.0)(Value(1.0)).data) is float


def test_a_negative_number_stands_in_parentheses_in_the_formula_of_its_power():
    """-0.0 is a number of its own as a base, and 0 as an exponent."""
    x = Value(2.0, "x")
    texts = {"3**x": 3**x, "(-3)**x": (-3) ** x, "(-0)**x": (-0.0) ** x, "x**(-3)": x**-3, "x**0": x**-0.0}
    for text, node in texts.items():
        assert node.op.text.write([("x", ATOM)]) == text
        assert node.op.name.startswith(("exponential(", "power("))
    assert (autograd.exponential(-0.0).symbol, autograd.power(-0.0).symbol) == ("(-0)ˣ", "^0")
    assert autograd.exponential(-0.0).latex.write([("x", ATOM)]) == "(-0)^{x}"
