"""What is refused, how the message teaches, and that the traceback ends at the user's line."""

import math
import traceback

import numpy as np
import pytest

import autograd
from autograd import Value, check_gradients, grad, hessian, hvp, jacobian, jvp, primitive, vjp


def x(data=0.0):
    return Value(data, "x")


def with_grad(grad):
    leaf = x()
    leaf.grad = grad
    return leaf * 2


HUGE = 10**400


def without_graph(compute):
    with autograd.no_grad():
        return compute()


def affine_without_graph():
    y = without_graph(lambda: Value.affine([x(), x()], [x(), x()]))
    y.label = "y"
    return y


def with_data(data):
    w = Value(1.0, "w")
    w.data = data
    return w


REFUSED = [
    (lambda: autograd.log(x(-1.0)), ValueError, "log(x=-1.0): outside its domain (x > 0)"),
    (lambda: x(-1.0).log(), ValueError, "log(x=-1.0): outside its domain (x > 0)"),
    (lambda: autograd.log(-1.0), ValueError, "log(-1.0): outside its domain (x > 0)"),
    (lambda: 1 / x(), ZeroDivisionError, "div(1.0, x=0.0): division by zero"),
    (lambda: x() / 0, ZeroDivisionError, "div(x=0.0, 0.0): division by zero"),
    (lambda: x() ** -1, ZeroDivisionError, "(x=0.0)**(-1): division by zero"),
    (lambda: x(-1.0) ** 0.5, ValueError, "(x=-1.0)**0.5: outside its domain (x ≥ 0; no derivative at 0)"),
    (lambda: (-2) ** x(0.5), ValueError, "(-2)**(x=0.5): outside its domain"),
    (lambda: autograd.power(0.5)(-1.0), ValueError, "(-1.0)**0.5: outside its domain (x ≥ 0; no derivative at 0)"),
    (lambda: (x() ** 0.5).backward(), ZeroDivisionError, "the derivative of (x=0.0)**0.5 with respect to x=0.0, which"),
    (lambda: (x() ** 0.5).backward(), ZeroDivisionError, "which is inf (x ≥ 0; no derivative at 0)"),
    (lambda: x(-2.0) ** x(0.5), ValueError, "pow(x=-2.0, x=0.5): outside its domain"),
    (lambda: x(1000.0) ** 1000, OverflowError, "(x=1000.0)**1000: the result is too large for a float"),
    (lambda: x(710.0).exp(), OverflowError, "exp(x=710.0): the result is too large for a float"),
    (lambda: autograd.exp(710), OverflowError, "exp(710): the result is too large for a float"),
    (lambda: x(math.inf).sin(), ValueError, "sin(x=inf): outside its domain (finite x)"),
    (lambda: Value("1"), TypeError, "expected a number, got '1' (str): convert it with float(...) first"),
    (lambda: Value(None), TypeError, "expected a number, got None (NoneType): is a return statement missing?"),
    (lambda: Value(1j), TypeError, "expected a number, got 1j (complex): the engine differentiates real functions"),
    (lambda: Value([1.0]), TypeError, "a list holds many numbers; make one Value for each"),
    (lambda: Value(x()), TypeError, "expected a number, got x=0.0 (Value)"),
    (lambda: Value(HUGE), OverflowError, "the result is too large for a float"),
    (lambda: x() + HUGE, OverflowError, "the result is too large for a float"),
    (lambda: HUGE - x(), OverflowError, "the result is too large for a float"),
    (lambda: x() ** HUGE, OverflowError, "the result is too large for a float"),
    (lambda: HUGE**x(), OverflowError, "the result is too large for a float"),
    (lambda: x() + "1", TypeError, "unsupported operand type(s) for +: 'Value' and 'str'"),
    (lambda: None * x(), TypeError, "unsupported operand type(s) for *: 'NoneType' and 'Value'"),
    (lambda: x() - 1j, TypeError, "unsupported operand type(s) for -: 'Value' and 'complex'"),
    (lambda: x() ** "2", TypeError, "unsupported operand type(s) for ** or pow(): 'Value' and 'str'"),
    (lambda: [1] / x(1.0), TypeError, "unsupported operand type(s) for /: 'list' and 'Value'"),
    (lambda: autograd.sin("1"), TypeError, "expected a number, got '1' (str)"),
    (lambda: autograd.sin(Value), TypeError, "expected a number, got <class 'autograd.value.Value'> (type)"),
    (lambda: autograd.maximum(x(), "b"), TypeError, "expected a number, got 'b' (str)"),
    (lambda: x().hypot("b"), TypeError, "expected a number, got 'b' (str)"),
    (lambda: x().arctan2(None), TypeError, "expected a number, got None"),
    (lambda: autograd.total([1.0, None]), TypeError, "expected a number, got None"),
    (lambda: autograd.affine([x()], ["a"]), TypeError, "expected a number, got 'a' (str)"),
    (lambda: autograd.softmax(["a", 1]), TypeError, "expected a number, got 'a' (str)"),
    (lambda: autograd.sin(x(), 2), TypeError, "sin takes 1 operand(s), got 2"),
    (lambda: autograd.sin(1.0, 2.0), TypeError, "sin takes 1 operand(s), got 2"),
    (lambda: autograd.log(8.0, 2.0), TypeError, "log takes 1 operand(s), got 2"),
    (lambda: autograd.hypot(3.0), TypeError, "hypot takes 2 operand(s), got 1"),
    (lambda: (x(-2.0) ** x(3.0)).backward(), ValueError, "(pow: x > 0; x < 0 with a whole y, and no derivative by y;"),
    (lambda: (x() ** x(0.5)).backward(), ZeroDivisionError, "x = 0 with y ≥ 0, and none for y < 1)"),
    (lambda: (0 ** x()).backward(), ValueError, "0**(x=0.0) with respect to x=0.0, which is -inf (x ≥ 0; no d"),
    (lambda: autograd.sqrt(x()).backward(), ZeroDivisionError, "the gradient needs the derivative of sqrt(x=0.0)"),
    (lambda: x().backward("1"), TypeError, "expected a number, got '1' (str)"),
    (lambda: grad(autograd.sqrt)(0.0), ZeroDivisionError, "the gradient needs the derivative of sqrt(0.0)"),
    (lambda: hessian(autograd.sqrt)(0.0), ZeroDivisionError, "the gradient needs the derivative of sqrt(0.0)"),
    (lambda: grad(lambda v: [v])(1.0), TypeError, "this one returned a list of 1: use jacobian"),
    (lambda: grad(lambda v: None)(1.0), TypeError, "expected a number, got None (NoneType): is a return"),
    (lambda: grad(lambda v: v)("a"), TypeError, "expected a number, got 'a' (str)"),
    (lambda: grad(lambda v: v)({"a": 1.0}), TypeError, "expected a number, got {'a': 1.0} (dict)"),
    (lambda: grad(lambda v: v)(), TypeError, "over positional arguments, and this call has none: grad(f)(1.0), not"),
    (lambda: grad(abs, argnums=0)(x=1.0), TypeError, "over positional arguments, and this call has none"),
    (lambda: check_gradients(abs), TypeError, "check_gradients takes a function and then the point"),
    (lambda: without_graph(lambda: x() * x()).backward(), TypeError, "0.0 was computed under no_grad, which rec"),
    (lambda: without_graph(lambda: x().exp()).backward(), TypeError, "1.0 was computed under no_grad, which rec"),
    (lambda: affine_without_graph().backward(), TypeError, "y=0.0 was computed under no_grad, which records no graph"),
    (lambda: with_data("abc").backward(), TypeError, "the data of w is 'abc' (str), no float: set it to float(...)"),
    (lambda: (with_data(np.float32(3)) * 2).backward(), TypeError, "the data of w is np.float32(3.0) (float32), no f"),
    (lambda: autograd.affine([with_data(np.float32(3))], [x()]).backward(), TypeError, "the data of w is np.float32(3"),
    (lambda: grad(lambda v: v * with_data(np.float32(3)))(1.0), TypeError, "the data of w is np.float32(3.0) (flo"),
    (lambda: jvp(lambda v: v * with_data(1j), (1.0,), (1.0,)), TypeError, "the data of w is 1j (complex), no float"),
    (lambda: int(x(1.5)), TypeError, "int(x=1.5) would silently drop its gradient: use int(v.data)"),
    (lambda: round(x(1.5), 1), TypeError, "round(x=1.5) would silently drop its gradient: use round(v.data, digits)"),
    (lambda: autograd.trace(lambda v: v * int(v), 1.0), TypeError, "the whole part of a Value's .data while its funct"),
    (lambda: autograd.trace(lambda v: v * round(v), 1.0), TypeError, "the whole part of a Value's .data while its f"),
    (lambda: autograd.trace(lambda v: v * math.sin(v), 1.0), TypeError, "the number of a Value's .data while its func"),
    (lambda: (with_data(x(1.0)) * 2 + x()).backward(), TypeError, "the data of w is x=1.0 (Value), no float: set it"),
    (lambda: Value(1.0, x()), TypeError, "the label of a Value is text, such as 'x', not x=0.0"),
    (lambda: Value(1.0, 2.0), TypeError, "the label of a Value is text, such as 'x', not 2.0"),
    (lambda: jacobian(lambda v: ["a"])(1.0), TypeError, "expected a number, got 'a' (str)"),
    (lambda: jvp(lambda v: v, (1.0,), (1.0, 2.0)), TypeError, "tangents must have the shape of what they belong to"),
    (lambda: jvp(lambda v: v, 1.0, 1.0), TypeError, "primals and tangents are lists or tuples"),
    (lambda: jvp(lambda v: v, (1.0,), ("a",)), TypeError, "expected a number, got 'a' (str)"),
    (lambda: hvp(lambda v: v, (1.0,), (None,)), TypeError, "expected a number, got None"),
    (lambda: vjp(lambda v: v, 1.0)[1]("a"), TypeError, "expected a number, got 'a' (str)"),
    (lambda: vjp(lambda v: [v, v], 1.0)[1]([1.0]), TypeError, "adjoints must have the shape"),
    (lambda: grad("f"), TypeError, "grad differentiates a function, not 'f': grad(f)(x), not grad(f(x))"),
    (lambda: grad(x()), TypeError, "grad differentiates a function, not x=0.0"),
    (lambda: jacobian(None), TypeError, "jacobian differentiates a function, not None"),
    (lambda: hessian(1.0), TypeError, "hessian differentiates a function, not 1.0"),
    (lambda: jvp("f", (1.0,), (1.0,)), TypeError, "jvp differentiates a function, not 'f'"),
    (lambda: hvp("f", (1.0,), (1.0,)), TypeError, "hvp differentiates a function, not 'f'"),
    (lambda: vjp("f", 1.0), TypeError, "vjp differentiates a function, not 'f'"),
    (lambda: grad(abs, argnums="0"), TypeError, "argnums is the place of an argument, from 0, or a tuple of places"),
    (lambda: grad(abs, argnums=0.0), TypeError, "or a tuple of places, not 0.0"),
    (lambda: jacobian(abs, argnums=True), TypeError, "or a tuple of places, not True"),
    (lambda: hessian(abs, argnums=[None]), TypeError, "or a tuple of places, not [None]"),
    (lambda: check_gradients("f", 1.0), TypeError, "check_gradients takes a function and then the point, not 'f'"),
    (lambda: check_gradients(abs, None), TypeError, "expected a number, got None"),
    (lambda: check_gradients(abs, 1.0, order="2"), TypeError, "order is a whole number of at least 1, not '2'"),
    (lambda: check_gradients(abs, 1.0, tolerance=None), TypeError, "tolerance is a number above 0, not None"),
    (lambda: check_gradients(autograd.relu, 0.0), AssertionError, "the rules give 0, differences give 0.5"),
    (lambda: autograd.affine(x(), x()), TypeError, "affine takes a list of weights and a list of inputs, not x=0.0"),
    (lambda: autograd.affine(None, [1.0]), TypeError, "affine takes a list of weights and a list of inputs, not None"),
    (lambda: Value.affine([x()], [x()], "b"), TypeError, "expected a number, got 'b' (str)"),
    (lambda: autograd.softmax(None), TypeError, "softmax takes a list of numbers, not None"),
    (lambda: autograd.softmax(x()), TypeError, "softmax takes a list of numbers, not x=0.0"),
    (lambda: autograd.power("2"), TypeError, "expected a number, got '2' (str)"),
    (lambda: autograd.power(HUGE), OverflowError, "the result is too large for a float"),
    (lambda: autograd.power([1]), TypeError, "expected a number, got [1] (list)"),
    (lambda: autograd.leaky({}), TypeError, "expected a number, got {} (dict)"),
    (lambda: autograd.exponential([1]), TypeError, "expected a number, got [1] (list)"),
    (lambda: autograd.exponential(None), TypeError, "expected a number, got None"),
    (lambda: autograd.exponential(HUGE), OverflowError, "the result is too large for a float"),
    (lambda: autograd.leaky("a"), TypeError, "expected a number, got 'a' (str)"),
    (lambda: primitive(None, abs, abs), TypeError, "the name of a primitive is text, such as 'swish', not None"),
    (lambda: primitive("f", None, abs), TypeError, "the forward of the primitive f is a function, not None"),
    (lambda: primitive("f", abs, "x"), TypeError, "the rule of the primitive f is a function, not 'x'"),
    (lambda: primitive("f", abs, max), TypeError, "how many operands <built-in function max> takes is not known"),
    (lambda: primitive("f", abs, lambda z: 1.0), TypeError, "takes the operands and then the result"),
    (lambda: primitive("f", abs, lambda x, z: 1.0, ieee=0.0), TypeError, "the ieee of the primitive f is a function"),
    (lambda: primitive("f", abs, lambda x, z: 1.0, symbol=3), TypeError, "the symbol of the primitive f is text"),
    (lambda: primitive("f", abs, lambda x, z: None)(x()).backward(), TypeError, "the rule of f gave None for a local"),
    (lambda: grad(primitive("f", abs, lambda x, z: "1"))(1.0), TypeError, "the rule of f gave '1' for a local"),
    (lambda: with_grad(None).backward(), TypeError, "the grad of x=0.0 is None, and backward adds to it: set it to"),
    (lambda: with_grad(HUGE).backward(), TypeError, "the grad of x=0.0 is 10000000"),
    (lambda: with_grad("0").parents[0].backward(), TypeError, "the grad of x=0.0 is '0', and backward adds to it"),
]  # fmt: skip


@pytest.mark.parametrize(("attempt", "kind", "message"), REFUSED, ids=[message[:40] for _, _, message in REFUSED])
def test_refusals_teach_and_end_at_the_users_line(attempt, kind, message):
    with pytest.raises(kind) as caught:
        attempt()
    error = caught.value
    assert type(error) is kind
    assert message in str(error)
    assert " at 0x" not in str(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    assert last.filename == __file__, f"the traceback ends in {last.filename}:{last.lineno}"
    assert error.__suppress_context__ or error.__context__ is None


def test_an_error_inside_the_users_function_keeps_the_users_line():
    def f(v):
        w = v - 1
        return autograd.log(w)  # the line that the traceback must end at

    for attempt in (f, grad(f), hessian(f), jacobian(f), lambda v: jvp(f, (v,), (1.0,))):
        with pytest.raises(ValueError, match=r"log\(") as caught:
            attempt(Value(0.5))
        assert traceback.extract_tb(caught.value.__traceback__)[-1].line.startswith("return autograd.log(w)")


def test_an_error_of_the_users_own_is_left_as_it_is():
    def f(v):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        grad(f)(1.0)

    def g(v):
        return v + {}["missing"]

    with pytest.raises(KeyError):
        grad(g)(1.0)


def test_a_users_primitive_names_itself_and_its_domain():
    root = primitive("root4", lambda v: math.sqrt(math.sqrt(v)), lambda v, z: z / (4 * v), domain="x ≥ 0")
    with pytest.raises(ValueError, match=r"root4\(x=-1\.0\): outside its domain \(x ≥ 0\)"):
        root(x(-1.0))


def test_long_operands_and_labels_are_cut_short():
    with pytest.raises(OverflowError) as caught:
        Value(10**999)
    assert len(str(caught.value)) < 200
    with pytest.raises(ValueError, match="outside") as caught:
        Value(-1.0, "x" * 1000).log()
    assert len(str(caught.value)) < 200
    with pytest.raises(TypeError) as caught:
        autograd.total([Value(1.0)] * 100 + [None])
    assert len(str(caught.value)) < 600


def test_nothing_is_half_changed_by_a_refused_operation():
    a = Value(2.0, "a")
    b = a * a
    for attempt in (lambda: b + "x", lambda: b.log() + None, lambda: (b - 4).log()):
        with pytest.raises((TypeError, ValueError)):
            attempt()
    for partial in (None, "1", 1j, Value(1.0), HUGE):
        bad = primitive("bad", abs, lambda *_, partial=partial: (partial,))
        with pytest.raises(TypeError, match=r"the rule of bad gave .* for a local derivative: it has to give numbers"):
            (bad(a) + b).backward()
        assert (type(a.grad), a.grad) == (float, 0.0)
    b.backward()
    assert (a.data, a.grad, b.data) == (2.0, 4.0, 4.0)
