"""What other engines get wrong, or cannot do, as their users reported it: each a test by name.

The numbers are issues and pull requests of the repositories named.
"""

import math

import pytest

import autograd
from autograd import Value, grad, hessian, jacobian


def test_second_backward_on_the_same_graph():
    """karpathy/micrograd #25 #53: stale interior gradients make the second call wrong (96 where 64 is right)."""
    x = Value(2.0)
    y = (x * x) * (x * x)
    y.backward()
    y.backward()
    assert x.grad == 64.0


def test_two_losses_sharing_a_node():
    """karpathy/micrograd #54 #63 #102."""
    x = Value(3.0)
    h = x * x
    (h * 2).backward()
    (h + x).backward()
    assert x.grad == 12.0 + 7.0


def test_contributions_arrive_before_a_node_hands_on():
    """karpathy/micrograd #2 #21 #23 #34: plain recursion gives 29 and 22."""
    a, b = Value(2.0), Value(3.0)
    c, d = a + b, a * b
    y = (c + d) + c * d
    y.backward()
    assert (y.data, a.grad, b.grad) == (41.0, 25.0, 19.0)


def test_the_same_operand_twice():
    """micrograd keeps operands in a set: x * x loses an edge in drawings; += matters (#72 #57)."""
    x = Value(3.0)
    y = x * x
    y.backward()
    assert (y.parents, x.grad) == ((x, x), 6.0)


def test_the_sign_of_a_subtraction():
    """karpathy/micrograd #58 #77."""
    a, b = Value(5.0), Value(3.0)
    for y, expected in [(a - b, (1.0, -1.0)), (10 - a - b, (-1.0, -1.0)), (a - 1, (1.0, 0.0))]:
        a.grad = b.grad = 0.0
        y.backward()
        assert (a.grad, b.grad) == expected


def test_deep_graphs():
    """karpathy/micrograd #90: RecursionError beyond a thousand nodes."""
    x = y = Value(1.0)
    for _ in range(5000):
        y = y + x
    y.backward()
    assert x.grad == 5001.0


def test_sum_and_reflected_operators():
    """karpathy/micrograd #22 #76."""
    x = Value(2.0)
    y = sum([x, 2 * x, 1 - x, 4 / x, 2**x])
    y.backward()
    assert (y.data, x.grad) == (11.0, 1 + 2 - 1 - 1 + 4 * math.log(2))


def test_powers_of_every_kind():
    """karpathy/micrograd #17 #35 #36 #41 #42 #70 #122: Value ** Value, negative bases, c ** x."""
    assert grad(lambda x: x**3)(-2.0) == 12.0
    assert grad(lambda x: x**-2)(-2.0) == 0.25
    assert grad(lambda x: 2**x)(3.0) == 8 * math.log(2)
    assert grad(lambda x, y: x**y)(2.0, 3.0) == (12.0, 8 * math.log(2))
    with pytest.raises(ValueError, match="domain"):
        _ = Value(-2.0) ** 0.5


def test_overflow_at_a_thousand():
    """karpathy/micrograd #29 #74 #119: tanh and sigmoid through exp overflow, and give NaN."""
    for f in (autograd.tanh, autograd.sigmoid):
        for x in (1000.0, -1000.0):
            assert abs(f(x)) <= 1.0
            assert grad(f)(x) == 0.0
    assert grad(autograd.softplus)(1000.0) == 1.0
    assert jacobian(autograd.softmax)([1000.0, 0.0]) == [[0.0, 0.0], [0.0, 0.0]]
    assert grad(autograd.logsumexp)([1000.0, 1000.0]) == [0.5, 0.5]


def test_saturated_units_still_have_a_slope():
    """1 - z² and z(1 - z) have no digit left at 20 and 40; the true slopes are small, not 0."""
    assert grad(autograd.tanh)(20.0) == pytest.approx(4 * math.exp(-40), rel=1e-14)
    assert grad(autograd.sigmoid)(40.0) == pytest.approx(math.exp(-40), rel=1e-14)


def test_higher_order_gradients():
    """karpathy/micrograd #3 #8; rsokl/MyGrad #442."""
    assert grad(grad(grad(lambda x: x**4)))(2.0) == 48.0
    assert hessian(lambda x, y: x * x * y)(3.0, 5.0) == ((10.0, 6.0), (6.0, 0.0))


def test_powers_at_zero():
    """HIPS/autograd #116 #370: 0 * inf and 0 ** (n - 1) give NaN at 0."""
    for n, slope, curvature in [(0, 0.0, 0.0), (1, 1.0, 0.0), (2, 0.0, 2.0), (3, 0.0, 0.0), (2.5, 0.0, 0.0)]:
        assert grad(lambda x, n=n: x**n)(0.0) == slope
        assert grad(grad(lambda x, n=n: x**n))(0.0) == curvature
    assert grad(lambda x, y: x**y)(0.0, 2.0) == (0.0, 0.0)


def test_the_unused_branch_does_not_poison_the_used_one():
    """pytorch #2421 #6394 (sqrt at 0), JAX's double-where problem: 0 · ∞ from a branch not taken."""
    safe = lambda x: autograd.where(autograd.step(x), autograd.sqrt(x), 0.0)  # noqa: E731
    assert grad(safe)(0.0) == 0.0
    assert grad(lambda x: autograd.sqrt(x) * 0.0)(0.0) == 0.0
    assert grad(lambda x: autograd.maximum(autograd.sqrt(x), 1.0))(0.0) == 0.0


def test_integer_inputs():
    """HIPS/autograd #581: integer arrays give wrong or no gradients."""
    assert grad(lambda x: x**2)(3) == 6.0
    assert grad(lambda v: v[0] * v[1])([2, 3]) == [3.0, 2.0]
    x = Value(3)
    (x / 2).backward()
    assert (x.data, x.grad) == (3.0, 0.5)


def test_in_place_edits_after_the_forward_pass():
    """HIPS/autograd #586, and every engine that reads operands in the backward pass."""
    x = Value(3.0)
    y = x * x
    x.data = 100.0
    y.backward()
    assert x.grad == 6.0


def test_conversions_that_drop_the_gradient():
    """HIPS/autograd #58 #515: float() and math functions silently cut the graph, or fail without saying why."""
    for drop in (float, math.exp, math.sqrt):
        with pytest.raises(TypeError, match="silently drop its gradient"):
            drop(Value(1.0))


def test_interior_gradients_stay_readable():
    """pytorch #2677 #30531: the gradient of what is no leaf is None there."""
    x = Value(2.0)
    h = x * 3
    (h * h).backward()
    assert h.grad == 12.0


def test_comparison_does_not_confuse_nodes_of_equal_data():
    """An == by value makes two different nodes the same dictionary key, and topological orders drop one."""
    a, b = Value(1.0), Value(1.0)
    y = a * 2 + b * 3
    y.backward()
    assert (a.grad, b.grad) == (2.0, 3.0)


def test_a_derivative_that_does_not_exist_is_an_error_and_not_a_nan():
    """Everyone gives inf or nan for the slope of sqrt at 0, and it surfaces three layers later."""
    x = Value(0.0, "x")
    with pytest.raises(ZeroDivisionError, match=r"derivative of sqrt\(x=0\.0\)"):
        (autograd.sqrt(x) * 3).backward()
    assert x.grad == 0.0


def test_ties_and_kinks_follow_one_convention():
    """HIPS/autograd splits ties of max in halves, PyTorch's amax too; here as stated in the docstring."""
    assert grad(autograd.maximum)(2.0, 2.0) == (1.0, 0.0)
    assert grad(autograd.relu)(0.0) == 0.0
    assert grad(abs)(0.0) == 0.0
