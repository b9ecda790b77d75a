"""Value: what a node of the graph is, records, accumulates and refuses."""

import copy
import math
import pickle
from fractions import Fraction

import pytest

from autograd import Value, affine, hypot, maximum, no_grad, sin, total
from autograd.graph import leaves, topological_order


def test_a_leaf():
    x = Value(2, "x")
    assert (x.data, x.grad, x.label, x.op, x.parents, x.partials) == (2.0, 0.0, "x", None, (), ())
    assert type(x.data) is float


def test_a_node_records_operation_operands_and_local_derivatives():
    x, y = Value(3.0, "x"), Value(4.0, "y")
    z = x * y
    assert (z.data, z.op.name, z.parents, z.partials) == (12.0, "mul", (x, y), (4.0, 3.0))
    assert (sin(x).parents, (x * x).parents) == ((x,), (x, x))
    dot = affine([x, y], [y, x], 1.0)
    assert dot.parents[:4] == (x, y, y, x)
    assert dot.partials == (4.0, 3.0, 3.0, 4.0, 1.0)


@pytest.mark.parametrize("n", range(1, 6))
def test_every_number_of_operands_is_walked(n):
    xs = [Value(float(i + 1)) for i in range(n)]
    y = total(xs) * total(xs)
    y.backward()
    assert [x.grad for x in xs] == [2.0 * sum(range(1, n + 1))] * n
    assert set(leaves(y)) == set(xs)


def test_numbers_of_every_kind_become_floats():
    numpy = pytest.importorskip("numpy")
    for number in (1, True, 0.5, Fraction(1, 4), numpy.float64(0.1), numpy.float32(0.5), numpy.int64(3)):
        assert Value(number).data == float(number)
        assert type(Value(number).data) is float


# ---- The backward pass ---------------------------------------------------------------------------------


def test_leaves_accumulate_and_interior_nodes_do_not():
    x = Value(3.0)
    square = x * x
    y = square + x
    y.backward()
    assert (x.grad, square.grad, y.grad) == (7.0, 1.0, 1.0)
    y.backward()
    assert (x.grad, square.grad, y.grad) == (14.0, 1.0, 1.0)
    x.grad = 0.0
    y.backward(seed=2)
    assert (x.grad, square.grad, y.grad) == (14.0, 2.0, 2.0)


def test_two_losses_that_share_nodes():
    x = Value(2.0)
    shared = x * x
    first, second = shared * 3, shared * shared
    first.backward()
    second.backward()
    assert x.grad == 12.0 + 32.0
    assert shared.grad == 8.0  # of the latest call


def test_backward_from_a_leaf_accumulates_its_seed():
    x = Value(2.0)
    x.backward()
    x.backward(0.5)
    assert x.grad == 1.5


def test_an_operand_used_twice_keeps_both_edges():
    x = Value(3.0)
    for y, expected in [(x * x, 6.0), (x + x, 2.0), (x - x, 0.0), (x / x, 0.0), (hypot(x, x), math.sqrt(2))]:
        x.grad = 0.0
        y.backward()
        assert x.grad == pytest.approx(expected)


def test_a_leaf_changed_after_the_forward_pass_does_not_corrupt_the_gradient():
    x, y = Value(3.0), Value(4.0)
    z = x * y
    x.data = y.data = 100.0
    z.backward()
    assert (x.grad, y.grad) == (4.0, 3.0)


def test_in_place_operators_make_new_nodes():
    x = y = Value(2.0)
    y += 1
    y *= y
    y -= x
    y /= 2
    y **= 2
    y.backward()
    # ((x + 1)² - x)² / 4 at 2: 49/4; its derivative ((x+1)² - x)(2(x+1) - 1)/2
    assert (x.data, y.data, x.grad) == (2.0, 12.25, 17.5)


def test_every_operator_and_order():
    x = Value(2.0)
    cases = [
        (x + 3, 5, 1), (3 + x, 5, 1), (x - 3, -1, 1), (3 - x, 1, -1), (x * 3, 6, 3), (3 * x, 6, 3), (x / 4, 0.5, 0.25),
        (4 / x, 2, -1), (x**3, 8, 12), (3**x, 9, 9 * math.log(3)), (-x, -2, -1), (+x, 2, 1), (abs(x), 2, 1),
        (x**x, 4, 4 + 4 * math.log(2)), (Value(-3.0) ** 2 * x, 18, 9), (sum([x, x, x]), 6, 3),
        (x**-1, 0.5, -0.25), (x**0.5, math.sqrt(2), 0.5 / math.sqrt(2)), (x**0, 1, 0), (x**1, 2, 1),
        (x * True, 2, 1), (Fraction(1, 2) * x, 1, 0.5),
    ]  # fmt: skip
    for y, data, slope in cases:
        x.grad = 0.0
        y.backward()
        assert (y.data, x.grad) == (pytest.approx(data, rel=1e-15), pytest.approx(slope, rel=1e-15)), y


def test_thirty_doublings():
    x = y = Value(1.0)
    for _ in range(30):
        y = y + y
    y.backward()
    assert x.grad == 2.0**30
    assert len(topological_order(y)) == 31


def test_order_is_parents_first_and_first_operand_first():
    a, b = Value(1.0), Value(2.0)
    c = a + b
    d = c * a
    assert topological_order(d) == [a, b, c, d]
    assert topological_order(c, d) == [a, b, c, d]
    assert topological_order(d, c, d) == [a, b, c, d]


# ---- Cutting the graph ---------------------------------------------------------------------------------


def test_detach_stops_the_gradient_and_keeps_number_and_label():
    x = Value(3.0, "x")
    y = x * x.detach()
    y.backward()
    assert x.grad == 3.0
    assert (x.detach().data, x.detach().label, x.detach().parents) == (3.0, "x", ())


def test_no_grad_records_nothing():
    x = Value(3.0)
    with no_grad():
        for y in (x * x, sin(x), affine([x], [2.0], x), maximum(x, 2.0), 2**x, x**2):
            assert (y.op, y.parents, y.partials) == (None, (), ())
    assert (x * x).parents == (x, x)


def test_no_grad_is_a_decorator_nests_and_ends_with_an_exception():
    x = Value(3.0)

    @no_grad()
    def evaluate():
        return x * x

    assert evaluate().parents == evaluate().parents == ()
    with no_grad():
        with no_grad():
            pass
        assert (x * x).parents == ()
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert (x * x).parents == (x, x)


# ---- What a Value is not ---------------------------------------------------------------------------------


def test_equality_is_identity():
    x, y = Value(1.0), Value(1.0)
    assert x == x
    assert x != y
    assert x in [y, x]
    assert {x: "x", y: "y"}[y] == "y"
    assert len({x, y, x}) == 2
    assert (x == "1.0") is False
    assert (x == None) is False  # noqa: E711  # the comparison itself is meant
    for compare in (lambda: x == 1.0, lambda: x == 1, lambda: x != 1, lambda: x == Fraction(1), lambda: x == 1j):
        with pytest.raises(TypeError, match=r"== between Values is identity.*compare \.data"):
            compare()


def test_order_compares_data():
    x, y = Value(1.0), Value(2.0)
    assert x < y
    assert x <= 1
    assert y > 1.5
    assert 2 >= y  # noqa: SIM300  # the reflected comparison is meant
    assert not x > y
    assert max(x, y) is y
    assert sorted([y, x]) == [x, y]
    with pytest.raises(TypeError):
        _ = x < "2"


def test_no_truth_value():
    for ask in (bool, lambda v: 1 if v else 2, lambda v: not v, lambda v: v and 1):
        with pytest.raises(TypeError, match=r"no truth value \(x=3\.0\).*where\("):
            ask(Value(3.0, "x"))


@pytest.mark.parametrize("function", [math.sin, float, math.sqrt, "{:d}".format, int, round, complex])
def test_nothing_drops_the_gradient_silently(function):
    with pytest.raises((TypeError, ValueError)) as caught:
        function(Value(1.0, "x"))
    if function in (math.sin, float, math.sqrt):
        assert "x=1.0" in str(caught.value)
        assert ".data" in str(caught.value)


def test_format_and_repr():
    x = Value(1 / 3, "x")
    y = x * 2
    assert f"{x:.3f}|{x:8.2e}" == "0.333|3.33e-01"
    assert str(x) == f"{x}" == repr(x) == "Value(0.3333333333333333, label='x', grad=0.0)"
    assert repr(y) == "Value(0.6666666666666666, op=mul, grad=0.0)"


# ---- Copies ----------------------------------------------------------------------------------------------


def test_leaves_and_structures_of_leaves_are_copied_and_pickled():
    x = Value(2.0, "w^{1}_{11}")
    x.grad = 5.0
    for again in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert again is not x
        assert (again.data, again.label, again.grad, again.parents) == (2.0, "w^{1}_{11}", 5.0, ())
    first, second = copy.deepcopy([x, x])
    assert first is second


def test_an_interior_node_refuses_to_be_copied_and_says_what_to_do():
    y = Value(2.0) * 3
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match=r"interior node.*v\.detach\(\)"):
            attempt(y)


def test_no_attribute_is_made_by_a_slip():
    with pytest.raises(AttributeError):
        Value(1.0).gard = 2.0
