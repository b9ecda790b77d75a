"""Nudging a value, and propagating in the wrong order."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, naive_order, nudge, total
from tests.explain.graphs import graphs


def field_example():
    """The example of the field page: 25 and 19 by topological order, 29 and 22 by plain recursion."""
    a, b = Value(2.0, "a"), Value(3.0, "b")
    c, d = a + b, a * b
    c.label, d.label = "c", "d"
    y = (c + d) + c * d
    y.label = "y"
    return y, a, b, c


@given(graphs(), st.sampled_from([1e-6, -1e-6]))
def test_a_small_nudge_does_what_the_gradient_says(root, h):
    from autograd.graph import topological_order

    for node in topological_order(root):
        found = nudge(root, node, h)
        assert found.predicted == found.gradient * h
        if not any(n.op and n.op.kink and n.op.kink(*[p.data for p in n.parents]) for n in topological_order(root)):
            assert found.actual == pytest.approx(found.predicted, rel=0.05, abs=1e-8)
        assert found.before == root.data
    assert all(node.grad == 0.0 for node in topological_order(root))


def test_an_interior_value_is_nudged_as_it_stands():
    y, a, _, c = field_example()
    found = nudge(y, "c", 1.0)  # y = (c + d) + c d with c = 5, d = 6
    assert (found.gradient, found.actual) == (7.0, 7.0)
    assert (c.data, a.data) == (5.0, 2.0)
    assert nudge(y, y, 0.5).actual == 0.5
    assert nudge(y, a, 1e-4).error == pytest.approx(-3e-8, rel=1e-3)  # −½ y″ h², y″ = 2 b = 6


def test_what_nudging_refuses():
    y, a, *_ = field_example()
    with pytest.raises(LookupError, match="q is no label"):
        nudge(y, "q")
    with pytest.raises(TypeError, match="expected a number"):
        nudge(y, a, "0.1")
    with pytest.raises(ValueError, match=r"log.*domain"):
        nudge(Value(1.0, "x").log(), "x", -2.0)
    a.data = 7.0
    with pytest.raises(ValueError, match="a leaf's data has changed since; compute the graph again first"):
        nudge(y, a)


@pytest.mark.parametrize(
    ("h", "why"),
    [
        (0, "it is 0"),
        (-0.0, "it is 0"),
        (math.nan, "it is not finite"),
        (math.inf, "it is not finite"),
        (-math.inf, "it is not finite"),
        (1e-30, "it is too small for the value"),
    ],
)
def test_a_nudge_that_is_none(h, why):
    y, a, *_ = field_example()
    with pytest.raises(ValueError, match=rf"a nudge by h = .* does not change a = 2 by a definite amount: {why}; take"):
        nudge(y, a, h)
    large = Value(1e308, "x")
    with pytest.raises(ValueError, match=r"does not change x = 1e308 by a definite amount: it is too large: the value"):
        nudge(large * 0.5, large, 1e308)


def test_nudging_what_the_root_does_not_depend_on():
    y, *_ = field_example()
    w = Value(3.0, "w")
    for node in (w, w.exp()):
        found = nudge(y, node, 0.5)
        assert (found.gradient, found.predicted, found.actual, found.before) == (0.0, 0.0, 0.0, 41.0)
    assert str(nudge(y, w, 0.5)).splitlines() == [
        "w: 3 → 3.5 (h = 0.5)",
        "predicted change of y: ∂y/∂w · h = 0 · 0.5 = 0",
        "actual change of y: 41 − 41 = 0",
        "difference: 0",
        "y does not depend on w, so the derivative is 0: w is not in the graph below y: "
        "perhaps it was computed under no_grad, detached, or replaced",
    ]


def test_recursion_without_an_order_is_wrong():
    y, a, b, c = field_example()
    found = naive_order(y)
    assert (found.right[a], found.right[b]) == (25.0, 19.0)
    assert (found.naive[a], found.naive[b]) == (29.0, 22.0)
    assert found.too_early is c
    assert found.visits == 15
    text = str(found)
    assert "∂y/∂a                  25           29  ← wrong" in text
    assert "c is used 2 times; recursion sent its gradient on when 1 of 2 contributions had arrived" in text
    assert a.grad == 0.0


def recursive(root):
    """micrograd without the sort, as people first write it."""
    naive = {}

    def back(node):
        for parent, partial in zip(node.parents, node.partials, strict=True):
            naive[parent] = naive.get(parent, 0.0) + naive[node] * partial
            back(parent)

    naive[root] = 1.0
    back(root)
    return naive


@given(graphs(6))
def test_it_is_what_plain_recursion_computes(root):
    found = naive_order(root)
    for node, gradient in recursive(root).items():
        assert found.naive[node] == pytest.approx(gradient, rel=1e-12, abs=1e-300)
    if found.too_early is None:
        assert found.naive == pytest.approx(found.right, rel=1e-9)


def test_a_tree_is_right_by_luck():
    found = naive_order(Value(2.0, "a") * Value(3.0, "b") + 1)
    assert found.too_early is None
    assert "recursion happens to be right here" in str(found)


def test_a_leaf_that_is_used_twice_does_no_harm():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    found = naive_order(w * x + x * x)
    assert found.right == found.naive
    assert found.too_early is None
    assert (
        "only leaves are used more than once (x), and a leaf hands nothing on: recursion happens to be right here"
    ) in str(found)
    many = [Value(1.0, f"x{i}") for i in range(9)]
    assert "(x0, x1, x2, x3, …)" in str(naive_order(total([*many, *many])))


def test_sums_that_differ_in_the_last_bit_are_not_called_wrong():
    """0.1 + 0.2 + 0.3 in another order is another float, and no mistake."""
    x = Value(1.0, "x")
    root = 0.3 * x + (0.2 * x + 0.1 * x)
    found = naive_order(root)
    assert found.right[x] != found.naive[x]
    assert "← wrong" not in str(found)


def test_recursion_over_a_graph_that_has_changed_since():
    y, a, *_ = field_example()
    a.data = 7.0
    with pytest.raises(ValueError, match="a leaf's data has changed since; compute the graph again first"):
        naive_order(y)


@pytest.mark.parametrize(
    ("doublings", "visits"),
    [(30, "2,147,483,647 visits to these 31"), (100, "an astronomical number of visits to these 101")],
)
def test_recursion_over_too_many_paths_is_refused_with_their_number(doublings, visits):
    y = Value(1.0, "x")
    for _ in range(doublings):
        y = y + y
    with pytest.raises(ValueError, match=rf"^plain recursion would make {visits} values, one for every path; backward"):
        naive_order(y)


def test_a_deep_chain():
    y = Value(1.0, "x")
    for _ in range(5000):
        y = y * 1.0
    assert naive_order(y).visits == 10_001


@pytest.mark.parametrize(("h", "shown"), [(10**400, "inf"), (-(10**400), "-inf")])
def test_a_nudge_beyond_the_floats_is_refused_as_an_infinite_one(h, shown):
    x = Value(3.0, "x")
    with pytest.raises(ValueError, match=f"a nudge by h = {shown} does not change x = 3 .*it is not finite"):
        nudge(x * x, "x", h)
