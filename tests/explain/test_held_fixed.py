"""A cross-entropy holds a target that is a plain number fixed: no view says that the derivative by it is 0."""

import math
import traceback

import pytest
from hypothesis import given

import nn
from autograd import (
    Value,
    affine,
    chain,
    check_answers,
    latex,
    naive_order,
    nudge,
    primitive,
    softmax,
    step,
    stepper,
    steps,
    table,
    where,
)
from autograd.explain.independence import held, held_fixed, holds
from tests.explain.graphs import graphs

SAYS = "binary_cross_entropy holds y fixed: no derivative flows to it"


def loss(target=1.0):
    w, x = Value(0.5, "w"), Value(2.0, "x")
    z = w * x
    a = z.sigmoid()
    root = nn.binary_cross_entropy(a, target)
    z.label, a.label, root.label = "z", "a", "L"
    return root


def test_the_table_has_no_adjoint_for_it():
    found = table(root := loss())
    (row,) = [row for row in found.rows if row.name.text == "y"]
    assert math.isnan(row.adjoint)
    assert list(found.gradient) == ["w", "x"]
    assert "y = 1" in str(found)
    assert "│ ∂L/∂y = none" in str(found)
    assert str(found).splitlines()[-1] == SAYS
    assert r"\frac{\partial L}{\partial y} = \text{none}" in found.latex
    assert r"\frac{\partial L}{\partial y} &= \text{none}" in latex(root, "derivation")
    assert f"<p>{SAYS}</p>" in found._repr_html_()


def test_the_written_steps_leave_it_out_and_say_why():
    found = steps(loss())
    assert "∂L/∂y" not in str(found)
    assert str(found).splitlines()[-1] == SAYS
    assert found._repr_html_().endswith(f"<p>{SAYS}</p>")
    assert len(found) == 5  # as data every edge is there
    assert [step.held for step in found].count(SAYS) == 1


def test_the_chain_rule_to_it_is_none():
    found = chain(loss(), "y")
    assert str(found) == f"∂L/∂y = none\n{SAYS}"
    assert repr(found) == "<∂L/∂y = none, 0 paths>"
    assert r"\text{none}" in found.latex
    assert (found.count, list(found.paths)) == (0, [])


def test_a_nudge_of_it_predicts_nothing():
    found = nudge(loss(), "y", -0.1)
    assert found.actual == pytest.approx(0.1)  # −log a + log(1 − a) = −z = −1 is what y's derivative would be
    assert math.isnan(found.gradient)
    assert math.isnan(found.predicted)
    assert str(found).splitlines() == [
        "y: 1 → 0.9 (h = −0.1)",
        "actual change of L: 0.413262 − 0.313262 = 0.1",
        f"none is predicted: {SAYS}",
    ]


def test_recursion_has_no_row_for_it():
    text = str(naive_order(loss()))
    assert "∂L/∂y" not in text
    assert text.splitlines()[-1] == SAYS


@pytest.mark.parametrize("key", ["y", "∂L/∂y", "∂a2/∂y"])
def test_an_answer_for_it_is_no_mistake_but_refused(key):
    root = loss()
    scaled = root * 2.0
    root.label, scaled.label = "a2", "L"
    with pytest.raises(ValueError, match=rf"^the answer for {key} cannot be checked, leave it out: {SAYS}$") as told:
        check_answers(scaled, {key: "-1", "w": "1"})
    assert traceback.extract_tb(told.value.__traceback__)[-1].filename == __file__
    assert check_answers(scaled, {"a": "-2.7358"}, values={"y": "1"}).correct  # −2/a


def test_a_stepper_says_it_in_a_frame_of_its_own():
    frames = stepper(loss()).frames
    told = f"L hands nothing back to y: {SAYS}."
    assert [frame.caption for frame in frames].count(told) == 1
    assert not any("∂y" in frame.mathml or "∂L/∂y" in frame.summary for frame in frames)
    assert not any(node.label == "y" for frame in frames for node in frame.grads)


def test_a_target_that_is_a_value_has_its_derivative():
    root = loss(Value(1.0, "y"))
    assert held_fixed(root) == set()
    assert chain(root, "y").total == pytest.approx(-1.0)
    assert check_answers(root, {"y": "-1.0"}).correct
    assert "fixed" not in f"{table(root)}{steps(root)}{naive_order(root)}"


def test_several_targets_in_one_sentence():
    scores = [Value(float(i), f"s_{{{i}}}") for i in (1, 2, 3)]
    found = steps(nn.categorical_cross_entropy(softmax(scores), 1))
    assert found.remarks == ["categorical_cross_entropy holds y1, y2 and y3 fixed: no derivative flows to them"]
    assert holds("f", list("abcdefgh")) == "f holds a, b, c and 5 more fixed: no derivative flows to them"


def test_what_is_0_by_its_formula_is_not_held_fixed():
    """A step, a choice, a softmax of one: their derivatives are 0, and so is what flows."""
    x, y = Value(1.0, "x"), Value(0.0, "y")
    for root in (step(x), where(y, x, y), softmax([x])[0], affine([y], [x]), x.relu(), x * y, nn.hinge(x * 5.0, 1.0)):
        assert not held(root), root
        assert not held_fixed(root)


def test_only_what_is_held_everywhere_has_no_gradient():
    gap = primitive("gap", lambda p, y: p - y, lambda p, y, z: (1.0, 0.0), expand=lambda p, y: p - y)
    x = Value(3.0, "x")
    y = x * x
    root = gap(x, y) + 0.0
    y.label, root.label = "y", "L"
    root.backward()
    assert held_fixed(root) == {y}
    assert (x.grad, table(root).gradient, chain(root, "x").total, chain(root, "x").count) == (1.0, {"x": 1.0}, 1.0, 1)
    assert str(chain(root, "y")) == "∂L/∂y = none\ngap holds y fixed: no derivative flows to it"


@given(graphs())
def test_nothing_else_is_called_fixed(root):
    assert held_fixed(root) == set()
