"""Checking hand calculations: what is right, what is carried forward, what went wrong first, and why."""

import math
import re
import time
import traceback
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from autograd import Value, chain, check_answers
from autograd.explain import MISCONCEPTIONS, Misconception
from autograd.explain.answers import read
from autograd.graph import leaves, topological_order
from tests.explain import planter
from tests.explain.graphs import graphs
from tests.explain.hostile import HOSTILE
from tests.explain.test_lecture_formulas import (
    by_hand,
    by_hand_with_operators,
    four_three_two_one,
    labelled,
    one_neuron,
    regression,
    two_two_one,
    two_two_one_with_operators,
)

LECTURE_4 = {
    "∂e/∂ŷ": "-6.1",
    "∂ŷ/∂w3": "3.8",
    "∂ŷ/∂h1": "0.5",
    "∂e/∂h1": "-3.05",
    "∂h1/∂w1": 5,
    "∂h1/∂w2": 3,
    "w3": "-23.18",
    "w1": "-15.25",
    "w2": -9.15,
}


def test_lecture_4_is_right():
    report = check_answers(by_hand(), LECTURE_4, values={"h1": 3.8, "ŷ": "1.9", "e": "18.605"})
    assert report.correct
    assert report.first_wrong is None
    assert {verdict.status for verdict in report.verdicts.values()} == {"right"}
    assert str(report).startswith("all 12 right\n✓ h1 = 3.8\n")


def test_lecture_4_with_its_slips():
    """18.6 is right to one decimal; 37.82/2 and 16.8 are not."""
    assert check_answers(by_hand(), values={"e": "18.6"}).correct
    assert not check_answers(by_hand(), values={"e": "18.91"}).correct
    assert not check_answers(by_hand(), values={"e": "16.8"}).correct
    assert not check_answers(by_hand(), values={"e": "18.59"}).correct


@pytest.mark.parametrize(("name", "number"), [("e", "16.8"), ("ŷ", "4.3"), ("h1", "11.03")])
def test_a_wrong_value_is_not_blamed_on_a_mistake_in_the_derivatives(name, number):
    """Lecture 4's slips in the forward pass: no gradient that is summed or multiplied wrongly explains a value."""
    report = check_answers(by_hand(), values={name: number})
    assert report.first_wrong.misconception is None
    assert "this step: no known misconception gives this number" in str(report)


# root, answers, values, the first wrong link, the misconception
MISTAKES = [
    (by_hand, {"ŷ": "6.1", "w3": "23.18"}, {}, "∂e/∂ŷ", "flipped sign"),
    (by_hand, {"ŷ": "-6.1", "h1": "3.05"}, {}, "∂ŷ/∂h1", "flipped sign"),
    (by_hand, {"ŷ": "-6.1", "h1": "-3.05", "w1": "-3.05"}, {}, "∂h1/∂w1", "forgotten factor"),
    (by_hand, {"ŷ": "-6.1", "h1": "-3.05", "w1": "5"}, {}, "∂h1/∂w1", "forgotten upstream"),
    (by_hand, {"ŷ": "-12.2", "w3": "-46.36"}, {}, "∂e/∂ŷ", "forgotten factor 2 or ½"),
    (by_hand, {}, {"h1": "3.8", "ŷ": "1.9", "e": "37.21"}, "e", "forgotten factor 2 or ½"),
    (by_hand, {"∂ŷ/∂h1": "-0.5"}, {}, "∂ŷ/∂h1", "flipped sign"),
    (regression, {"ŷ": "-1.0", "m": "-2.0", "b": "-1.0"}, {}, "∂e/∂ŷ", "forgotten factor 2 or ½"),
    (lambda: two_two_one(Value.sigmoid), {}, {"z11": "0.55", "o11": "0.55"}, "z11", "forgotten bias"),
    (lambda: two_two_one(Value.sigmoid), {}, {"z11": "0.65", "o11": "0.65"}, "o11", "forgotten activation"),
    (lambda: two_two_one(Value.sigmoid), {}, {"z11": "0.30"}, "z11", "transposed weights"),
]


@pytest.mark.parametrize(("build", "answers", "values", "link", "misconception"), MISTAKES, ids=lambda x: str(x)[:20])
def test_first_wrong_link(build, answers, values, link, misconception):
    report = check_answers(build(), answers, values=values)
    assert not report.correct
    assert (report.first_wrong.link, report.first_wrong.misconception) == (link, misconception)
    assert f"first wrong link {link}" in str(report)


@pytest.mark.parametrize(
    ("answers", "values", "misconception"),
    [
        ({}, {"z11": "0.55"}, "forgotten bias"),  # 0.3 · 1.5 + 0.2 · 0.5
        ({}, {"z11": "0.30"}, "transposed weights"),  # 0.3 · 1.5 − 0.5 · 0.5 + 0.1
        ({}, {"z11": "0.65", "o11": "0.65"}, "forgotten activation"),
        ({"ŷ": "3.355"}, {"ŷ": "0.3226"}, "flipped sign"),
    ],
)
def test_misconceptions_where_every_operator_is_a_node(answers, values, misconception):
    report = check_answers(two_two_one_with_operators(), answers, values=values)
    assert report.first_wrong.misconception == misconception


def test_a_number_that_is_close_may_have_been_rounded_unseen():
    report = check_answers(by_hand(), {"w3": "-23.1"})
    assert "no known misconception gives this number, but it is close: was a number on the way rounded" in str(report)
    assert "close" not in str(check_answers(by_hand(), {"w3": "-22.1"}))
    assert "close" not in str(check_answers(by_hand(), {"w3": "23.18"}))
    assert "close" not in str(check_answers(by_hand(), {"w3": "-23.018"}))  # 162 units of its last digit
    everything = {"ŷ": "-6.1", "w3": "-23.1"}
    assert "close" not in str(check_answers(by_hand(), everything, values={"h1": "3.8", "ŷ": "1.9", "e": "18.605"}))


def exact(root, **chosen):
    root.backward()
    return {leaf.label: leaf.grad for leaf in leaves(root)}


def test_derivative_at_the_output():
    """σ′(o) = σ(o)(1 − σ(o)) where o(1 − o) belongs; and z(1 − z)."""
    root = one_neuron()
    z, o = 0.7, 1 / (1 + math.exp(-0.7))
    upstream = -1 / o
    s = 1 / (1 + math.exp(-o))
    report = check_answers(root, {"a": f"{upstream:.4f}", "z": f"{upstream * s * (1 - s):.4f}"})
    assert report.first_wrong.misconception == "derivative at the output"
    report = check_answers(root, {"a": f"{upstream:.4f}", "z": f"{upstream * z * (1 - z):.4f}"})
    assert report.first_wrong.misconception == "derivative at the pre-activation"
    report = check_answers(root, {"a": f"{upstream:.4f}", "z": f"{upstream * o:.4f}"})
    assert report.first_wrong.misconception == "function instead of derivative"
    assert report.first_wrong.link == "∂a/∂z"


def test_a_forgotten_path():
    root = four_three_two_one()
    from autograd import chain

    paths = chain(root, "o11", through="units").paths
    report = check_answers(
        root,
        {
            "o21": f"{chain(root, 'o21').total:.6f}",
            "o22": f"{chain(root, 'o22').total:.6f}",
            "o11": f"{paths[0].product:.8f}",
        },
    )
    assert report.first_wrong.misconception == "forgotten path"
    assert report.first_wrong.link == "∂z22/∂o11"
    assert report.verdicts["o21"].status == "right"


def test_a_forgotten_mean():
    v, y = Value(0.5, "w"), Value(3.0, "y")
    rows = [1.0, 2.0, 4.0, 5.0]
    root = labelled(nn.mean_squared_error([v * x for x in rows], [y] * 4), "L")
    total = sum(2 * (0.5 * x - 3.0) * x for x in rows)
    report = check_answers(root, {"w": f"{total:.2f}"})
    assert report.first_wrong.misconception == "forgotten 1/n"
    assert check_answers(root, {"w": f"{total / 4:.2f}"}).correct


def of_a_square(make):
    """L made of s = (ŷ − y)², the lecture's 2-1-1 network below it."""
    root = by_hand_with_operators()
    (prediction,) = [node for node in topological_order(root) if node.label == "ŷ"]
    s = labelled(nn.squared_error(prediction, 8.0), "s")
    return labelled(make(s), "L")


@pytest.mark.parametrize("make", [lambda s: s / 2, lambda s: 0.5 * s, lambda s: s * 0.5], ids=["s/2", "0.5s", "s0.5"])
def test_a_half_is_not_a_mean_of_two(make):
    report = check_answers(of_a_square(make), {"s": "1.0", "ŷ": "-12.2", "w3": "-46.36"})
    assert (report.first_wrong.link, report.first_wrong.misconception) == ("∂L/∂s", "forgotten factor 2 or ½")
    assert "1/n" not in str(report)
    report = check_answers(of_a_square(make), values={"s": "37.21", "L": "37.21"})
    assert (report.first_wrong.link, report.first_wrong.misconception) == ("L", "forgotten factor 2 or ½")


@pytest.mark.parametrize("make", [lambda s: s / 3, lambda s: s / Value(4.0, "n"), lambda s: 0.25 * s])
def test_a_mean_over_another_n_is_no_half(make):
    report = check_answers(of_a_square(make), {"s": "1.0"})
    assert (report.first_wrong.link, report.first_wrong.misconception) == ("∂L/∂s", "forgotten 1/n")
    assert "½" not in str(report)
    report = check_answers(of_a_square(make), values={"L": "37.21"})
    assert report.first_wrong.misconception == "forgotten 1/n"


def test_half_a_sum_of_two_may_be_either():
    """The mean of two points, or ½ of a sum: the report names both, the mean first."""
    w, y = Value(0.5, "w"), Value(3.0, "y")
    root = labelled(nn.mean_squared_error([w * x for x in (1.0, 2.0)], [y] * 2), "L")
    total = sum(2 * (0.5 * x - 3.0) * x for x in (1.0, 2.0))
    report = check_answers(root, {"w": f"{total:.2f}"})
    assert report.first_wrong.misconception == "forgotten 1/n"
    assert "the 1/n of the mean was forgotten; or at ∂L/∂v5 the constant factor was forgotten" in str(report)


def test_a_slip_is_carried_forward():
    report = check_answers(by_hand(), {"h1": "-3.5", "w1": "-17.5", "w2": "-10.5", "w3": "-23.18"})
    assert [report.verdicts[k].status for k in ("h1", "w1", "w2", "w3")] == ["wrong", "carried", "carried", "right"]
    assert report.first_wrong.link == "∂e/∂h1"
    assert report.first_wrong.misconception is None
    assert "no known misconception gives this number" in str(report)
    assert "→ ∂e/∂w1 = -17.5: right, given the slip before; without it −15.25" in str(report)


def test_a_slip_in_the_forward_pass_is_carried_into_the_gradients():
    report = check_answers(by_hand(), {"ŷ": "-3.7", "w3": "-14.06"}, values={"h1": "3.8", "ŷ": "4.3"})
    assert [v.status for v in report.in_order] == ["right", "wrong", "carried", "carried"]
    assert report.first_wrong is report.values["ŷ"]


def test_a_second_mistake_is_found_too():
    report = check_answers(by_hand(), {"ŷ": "6.1", "h1": "3.05", "w1": "-15.25", "w2": "-9.15"})
    assert report.verdicts["ŷ"].status == "wrong"
    assert report.verdicts["h1"].status == "carried"
    assert report.verdicts["w1"].status == "right"  # the right number, whatever led to it


def test_a_link_from_unit_to_unit_is_carried():
    root = four_three_two_one()
    from autograd import chain

    link = chain(root, "o21", through="units").paths[0].links[1].partial
    upstream = chain(root, "ŷ").total
    wrong = 2 * link + 1
    report = check_answers(
        root, {"∂L/∂ŷ": f"{upstream:.6f}", "∂ŷ/∂o21": f"{wrong:.6f}", "o21": f"{upstream * wrong:.6f}"}
    )
    assert report.verdicts["∂ŷ/∂o21"].status == "wrong"
    assert report.verdicts["o21"].status == "carried"


def test_intermediate_rounding_is_not_a_mistake():
    """1.9 · 2.3 worked out with rounded numbers on the way."""
    x, w, v = Value(1.0, "x"), Value(0.6666, "w"), Value(0.7777, "v")
    a = labelled((w * x).exp(), "a")
    b = labelled(a * v, "b")
    root = labelled(b.exp(), "L")
    a_written, b_written = "1.9", "1.5"  # exactly 1.9476, 1.5146; 1.9 · 0.7777 is 1.478
    assert check_answers(root, {}, values={"a": a_written, "b": b_written, "L": "4.5"}).correct


# ---- Which roundings are right ------------------------------------------------------------------------------


def nearly_equal():
    """y = (a − b)·k with a − b = 0.2."""
    a, b, k = Value(2.04, "a"), Value(1.84, "b"), Value(3.0, "k")
    return labelled((a - b) * k, "y")


@pytest.mark.parametrize("answer", ["0.2", "0.20", "0.200", 0.2])
def test_a_difference_of_nearly_equal_numbers(answer):
    assert check_answers(nearly_equal(), {"k": answer}).correct


@pytest.mark.parametrize("answer", ["0.1", "0.3", "0.19", "0.21", "1", "-0.2"])
def test_a_cancellation_excuses_nothing(answer):
    assert not check_answers(nearly_equal(), {"k": answer}).correct


@pytest.mark.parametrize(
    ("answer", "right"),
    [("0.5", True), ("0.50", True), ("1", False), ("0", False), (1, False), ("0.6", False), ("0.4", False)],
)
def test_a_half_is_neither_0_nor_1(answer, right):
    assert check_answers(by_hand(), {"∂ŷ/∂h1": answer}).correct is right


@pytest.mark.parametrize("answer", ["18.60", "18.61", "18.6", "19", "18.605"])
def test_a_tie_may_go_either_way(answer):
    assert check_answers(by_hand(), values={"e": answer}).correct


@pytest.mark.parametrize(
    ("x", "written", "right"),
    [
        (2.5, "3", True),
        (2.5, "2", True),
        (1.5, "2", True),
        (1.5, "1", False),
        (-1.5, "-2", True),
        (-1.5, "-1", False),
        (-0.5, "-1", False),
        (-0.5, "0", False),
        (0.75, "0.8", True),
        (0.05, "0.1", True),
        (2.675, "2.67", True),  # as Python rounds the float
        (2.675, "2.68", True),
    ],
)
def test_ties(x, written, right):
    assert read(written, "x").rounds(x) is right


@pytest.mark.parametrize("graph", [by_hand, by_hand_with_operators], ids=["affine", "operators"])
def test_a_misconception_is_named_only_where_it_gives_the_digits(graph):
    for zero in ("0", "0.0", "0.00", "0.000"):
        for values in ({}, {"h1": "3.8", "ŷ": "1.9"}, {"h1": "4", "ŷ": "2"}):
            report = check_answers(graph(), {"w3": zero}, values=values)
            assert report.first_wrong is report.verdicts["w3"]
            assert report.first_wrong.misconception is None


def test_one_rounded_number_used_twice_is_one_number():
    """a² − 2a with a = 1.96, written as 2.0: −0.0784 or 0, but nothing that takes a twice differently."""
    p = Value(1.4, "p")
    a = labelled(p * p, "a")
    root = labelled(a * a - 2 * a, "y")
    for answer in ("-0.0784", "-0.08", "-0.1", "0", "0.00"):
        assert check_answers(root, values={"a": "2.0", "y": answer}).correct
    for answer in ("0.05", "0.08", "-0.12", "-0.16", "1"):
        assert not check_answers(root, values={"a": "2.0", "y": answer}).correct


def test_where_rounding_leaves_nothing_only_whole_calculations_count():
    """1/(a − b) with both rounded to 2: from the written numbers it does not exist, and not everything is right."""
    p = Value(1.0, "p")
    a, b = labelled(p * 2.04, "a"), labelled(p * 1.84, "b")
    root = labelled(1 / (a - b), "y")
    for answer, right in (("5", True), ("5.0", True), ("7", False), ("3", False), ("-5", False), ("1000", False)):
        assert check_answers(root, values={"a": "2", "b": "2", "y": answer}).correct is right
    root = labelled(3 * (a - b), "y")
    for answer, right in (("0.6", True), ("0", True), ("0.00", True), ("0.3", False), ("-0.3", False)):
        assert check_answers(root, values={"a": "2", "b": "2", "y": answer}).correct is right


def test_what_is_not_written_down_was_not_rounded():
    """σ(0.7)·w with σ(0.7) = 0.668 not written down: nobody rounds it to 0.7 unseen."""
    w = Value(2.04, "w")
    root = labelled(Value(0.7, "x").sigmoid() * w, "y")
    assert check_answers(root, {"w": "0.7"}, values={"y": "1.4"}).correct
    assert not check_answers(root, values={"y": "1.43"}).correct


def test_all_three_ways_to_go_on_from_a_rounded_number():
    """o = σ(0.7) = 0.66819 written as 0.67: o·w unrounded, as written, and with a digit more."""
    w = Value(3.0, "w")
    o = labelled(Value(0.7, "x").sigmoid(), "o")
    root = labelled(o * w, "y")
    for answer, right in (("2.0046", True), ("2.01", True), ("2.004", False), ("2.0055", True), ("2.02", False)):
        assert check_answers(root, values={"o": "0.67", "y": answer}).correct is right


@settings(max_examples=200)
@given(graphs(), st.integers(1, 6), st.sampled_from([True, False]))
def test_a_calculation_on_rounded_numbers_is_right(root, digits, gradients_too):
    """Whoever rounds every value (and every gradient), and goes on with it, is never called wrong."""
    order = topological_order(root)
    value, written = {}, {}
    try:
        for node in order:
            if node.op is None:
                value[node] = node.data
                continue
            written[node] = planter.written(node.op.forward(*[value[p] for p in node.parents]), digits)
            value[node] = float(written[node])
        gradient, answers = dict.fromkeys(order, 0.0) | {root: 1.0}, {}
        for node in reversed(order):
            if node is not root:
                answers[node] = planter.written(gradient[node], digits)
                gradient[node] = float(answers[node]) if gradients_too else gradient[node]
            if node.op is not None:
                slopes = node.op.taught_partials(*[value[p] for p in node.parents], value[node])
                for parent, slope in zip(node.parents, slopes, strict=True):
                    gradient[parent] += gradient[node] * slope
    except (ArithmeticError, ValueError):
        return
    assert "wrong" not in {verdict.status for verdict in check_answers(root, answers, values=written).in_order}


@given(graphs(), st.integers(2, 6))
def test_right_numbers_are_right(root, digits):
    root.backward()
    right = {leaf: planter.written(leaf.grad, digits) for leaf in leaves(root) if leaf.label}
    report = check_answers(root, right, values={root: planter.written(root.data, digits)})
    assert report.correct


@settings(max_examples=30)
@given(graphs(), st.floats(0.7, 10) | st.floats(-10, -1.5), st.data())
def test_wrong_numbers_are_wrong(root, factor, data):
    root.backward()
    leaf = data.draw(st.sampled_from([leaf for leaf in leaves(root) if leaf.label]))
    if abs(factor - 1) < 0.05 or abs(leaf.grad) < 1e-6:
        return
    assert not check_answers(root, {leaf: f"{leaf.grad * factor:.6e}"}).correct


@pytest.mark.parametrize(
    ("given", "low", "high"),
    [
        ("-23.18", -23.185, -23.175),
        ("-23.10", -23.105, -23.095),
        ("\u221223.1", -23.15, -23.05),
        (-23.1, -23.15, -23.05),
        (5, 4.5, 5.5),
        ("1.2e-5", 1.15e-5, 1.25e-5),
        ("+0.50", 0.495, 0.505),
        ("0e999", -0.5, 0.5),
        (Value(0.25), 0.245, 0.255),
    ],
)
def test_how_numbers_are_read(given, low, high):
    found = read(given, "w")
    assert (found.low, found.high) == (pytest.approx(low, rel=1e-12), pytest.approx(high, rel=1e-12))


@pytest.mark.parametrize(
    "label", ["w1_11", "w^{1}_{11}", "w^1_{11}", "w¹₁₁", "∂L/∂w1_11", "dL/dw1_11", "d L / d w^1_11"]
)
def test_labels_in_every_spelling(label):
    root = two_two_one(None)
    root.backward()
    (w,) = [leaf for leaf in leaves(root) if leaf.label == "w1_11"]
    report = check_answers(root, {label: f"{w.grad:.4f}"})
    assert report.correct
    assert report.verdicts[label].name == "∂L/∂w1_11"


def test_a_value_given_as_a_gradient_is_recognised():
    report = check_answers(by_hand(), {"h1": "3.8"})
    assert "it is h1 itself: numbers of the forward pass go into values={…}" in str(report)


def test_values_as_keys():
    root = by_hand()
    (w,) = [leaf for leaf in leaves(root) if leaf.label == "w1"]
    assert check_answers(root, {w: "-15.25"}).verdicts[w].status == "right"


def test_a_root_without_a_label_is_called_as_people_call_it():
    w = Value(3.0, "w")
    assert check_answers(w * w, {"dL/dw": 6.0}).correct


def test_a_derivative_that_does_not_exist_is_zero():
    root = by_hand()
    assert check_answers(root, {"∂h1/∂w3": "0"}).correct
    assert not check_answers(root, {"∂h1/∂w3": "0.5"}).correct


def test_a_value_that_the_root_does_not_depend_on():
    root, w = by_hand(), Value(3.0, "w9")
    why = (
        "e does not depend on w9, so the derivative is 0: w9 is not in the graph below e: "
        "perhaps it was computed under no_grad, detached, or replaced"
    )
    report = check_answers(root, {w: "0", "w1": "-15.25"})
    assert report.correct
    assert f"✓ ∂e/∂w9 = 0: {why}" in str(report)
    report = check_answers(root, {w: "3", w.exp(): "0", "w1": "-15.25"})
    assert [verdict.status for verdict in report.verdicts.values()] == ["wrong", "right", "right"]
    assert f"✗ ∂e/∂w9 = 3: should be 0: {why}" in str(report)
    assert report.first_wrong.link == "∂e/∂w9"
    assert "should be 0: h1 does not depend on w3" in str(check_answers(root, {"∂h1/∂w3": "0.5"}))


@pytest.mark.parametrize(
    ("answers", "values", "error", "says"),
    [
        ({"w9": 1}, {}, LookupError, "w9 is no label in the graph below e; did you mean"),
        ({"∂e/∂w9": 1}, {}, LookupError, "w9 is no label"),
        ({"w1": "abc"}, {}, ValueError, "the answer for w1 is not a number: 'abc'"),
        ({"w1": "1,5"}, {}, ValueError, "not a number: '1,5': write a decimal point"),
        ({"w1": None}, {}, ValueError, "not a number: 'None'"),
        ({"w1": True}, {}, ValueError, "not a number"),
        ({"w1": "nan"}, {}, ValueError, "must be a finite number"),
        ({"w1": float("inf")}, {}, ValueError, "must be a finite number"),
        ({"w1": "1e999999"}, {}, ValueError, "must be a finite number"),
        ({"w1": "9" * 10_000}, {}, ValueError, "not a number"),
        ({"w1": 10**5000}, {}, ValueError, "not a number"),
        ({"w1": "1e400"}, {}, ValueError, "must be a finite number"),
        ({"w1": "-1e400"}, {}, ValueError, "must be a finite number"),
        ({"w1": 1 + 2j}, {}, ValueError, "not a number"),
        ({"w1": "1/2"}, {}, ValueError, "not a number: '1/2': work it out as a decimal number"),
        ({"w1": Fraction(1, 2)}, {}, ValueError, "not a number: '1/2': work it out as a decimal number"),
        ({"w1": "snan"}, {}, ValueError, "not a number"),
        ({"w1": "0x10"}, {}, ValueError, "not a number"),
        ({"w1": ""}, {}, ValueError, "not a number: ''"),
        ({"w1": object()}, {}, ValueError, "not a number: '<object object>'"),
        ({"w1": "1_000"}, {}, ValueError, "not a number"),
        ({"w1": [1.0]}, {}, ValueError, "not a number"),
        ({}, {"h1": "x"}, ValueError, "not a number: 'x'"),
        ({}, {}, ValueError, "no answers to check"),
        ({"w1": 1, "∂e/∂w1": 2}, {}, ValueError, "given twice, under two spellings"),
        ([1.0], {}, TypeError, "must be a dictionary"),
        ({1: 2}, {}, TypeError, "labels or Values, not int"),
    ],
)
def test_what_is_refused(answers, values, error, says):
    with pytest.raises(error, match=says.replace("(", r"\(")) as caught:
        check_answers(by_hand(), answers, values=values)
    assert len(traceback.extract_tb(caught.value.__traceback__)) == 1
    assert len(str(caught.value)) < 300


def test_ambiguous_labels_are_refused():
    a, b = Value(1.0, "w"), Value(2.0, "w")
    with pytest.raises(LookupError, match="w is ambiguous: 2 nodes"):
        check_answers(a * b, {"w": 2})


def test_a_graph_that_nobody_calculated_by_hand():
    x = Value(1.0, "x")
    y = x
    for _ in range(3000):
        y = y + 1.0
    with pytest.raises(ValueError, match="6001 values was not calculated by hand"):
        check_answers(y, {"x": 1})


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_labels_and_answers(label):
    x = Value(2.0, label)
    report = check_answers(labelled(x * x, "y"), {x: "5.0"})
    assert not report.correct
    assert "<script" not in report._repr_html_()
    assert "<img" not in report._repr_html_()
    assert len(str(report)) < 1000
    assert len(str(report).splitlines()) == 2
    with pytest.raises((ValueError, LookupError)) as error:
        check_answers(x * x, {x: label})
    assert len(str(error.value)) < 500
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("misconceptions", [3, ["flipped sign"], None])
def test_what_is_no_list_of_misconceptions(misconceptions):
    with pytest.raises(TypeError, match="misconceptions is a list of Misconception"):
        check_answers(by_hand(), {"w1": 1}, misconceptions=misconceptions)


def test_a_mistake_in_a_large_graph_is_looked_for_where_it_is_near():
    """200 sigmoids in a row, and one wrong number: bounded time, and the nearest link is still found."""
    x = Value(1.1, "x")
    root = x
    for _ in range(400):
        root = root.sigmoid() + 0.1
    root.label = "y"
    right = chain(root, "x").total
    start = time.process_time()
    report = check_answers(root, {"x": f"{-right:.4e}"})
    assert report.first_wrong.misconception == "flipped sign"
    assert time.process_time() - start < 30  # 3 s; all links of 1200 values took a quarter of an hour


def test_adding_a_misconception_is_one_entry():
    halved = Misconception("halved", "half of it was lost", slope=lambda e: e.slope.scaled(0.5))
    report = check_answers(by_hand(), {"ŷ": "-3.05"}, misconceptions=[*MISCONCEPTIONS, halved])
    assert report.first_wrong.misconception == "halved"
    assert "half of it was lost" in str(report)


def test_html_and_repr():
    report = check_answers(by_hand(), {"w1": "15.25"})
    assert report._repr_html_().count("<tr>") == 2
    assert repr(report).startswith("<report: first wrong link ")


# ---- What a misconception must not explain ------------------------------------------------------------------


@pytest.mark.parametrize("x", [7.0, 20.0])
@pytest.mark.parametrize("answer", ["-0.001", "0", "3e300"])
def test_what_overflows_gives_no_digits(x, answer):
    """exp(exp(7)) is infinite: the derivative at the output is no number that anybody wrote down."""
    report = check_answers(labelled(Value(x, "x").exp(), "y"), {"x": answer})
    assert report.first_wrong.misconception is None


@pytest.mark.parametrize("x", [math.inf, -math.inf, math.nan])
def test_nothing_rounds_from_what_is_not_finite(x):
    assert not read("1.5", "x").rounds(x)
    assert not read("1.5", "x").meets(x, x)


def two_samples():
    """The mean squared error of one tanh neuron over two samples, every operator a node."""
    w1, w2, b = Value(0.4, "w1"), Value(-0.3, "w2"), Value(0.1, "b")
    errors = [((w1 * p + w2 * q + b).tanh() - t) ** 2 for p, q, t in ((1, 2, 1), (3, -1, 0))]
    return labelled((errors[0] + errors[1]) / 2, "L")


@pytest.mark.parametrize("answer", ["-0.9501", "-0.9499", "-0.9502"])
def test_what_is_close_is_no_misconception_that_happens_to_fit(answer):
    """∂L/∂b = −0.950008, a last digit off; at the output of one of the neurons it would be −0.95006."""
    report = check_answers(two_samples(), {"b": answer})
    assert report.first_wrong.misconception is None
    assert "but it is close" in str(report)


def test_a_misconception_that_explains_more_than_one_number_is_believed_though_they_are_close():
    """One neuron's derivative at its output, in all three gradients: each is a last digit off."""
    o1, o2 = math.tanh(-0.1), math.tanh(1.6)
    d1 = (o1 - 1) * (1 - math.tanh(o1) ** 2)
    d2 = o2 * (1 - o2 * o2)
    wrong = {"b": d1 + d2, "w1": d1 + 3 * d2, "w2": 2 * d1 - d2}
    report = check_answers(two_samples(), {name: f"{x:.4f}" for name, x in wrong.items()})
    assert report.first_wrong.misconception == "derivative at the output"


def test_close_is_close_to_what_follows_from_the_slip_before():
    """∂y/∂o = 2 for 0.5 is carried, and ∂y/∂w is close to what follows from the 2."""
    x, w, v = Value(5.0, "x"), Value(0.7, "w"), Value(0.5, "v")
    root = labelled(labelled(labelled(x * w, "h").sin(), "o") * v, "y")
    carried = 2.0 * math.cos(3.5) * 5.0
    report = check_answers(root, {"o": "2.00", "w": f"{carried * 1.006:.2f}"})
    assert [v.status for v in report.in_order] == ["wrong", "wrong"]
    assert "but it is close" in str(report.verdicts["w"])


@pytest.mark.parametrize("given", [4.85e8, "4.85e8", 485_000_000, -4.85e8])
def test_a_number_of_python_claims_no_more_digits_than_it_has(given):
    sign = math.copysign(1.0, float(given))
    x = Value(242_612_345.0, "x")
    assert check_answers(labelled(sign * x * x, "y"), {"x": given}).correct


def test_zeros_before_the_point_of_a_small_number_are_digits():
    x = Value(51.0, "x")
    root = labelled(x * x, "y")
    for answer in (100, 100.0, "100"):
        assert not check_answers(root, {"x": answer}).correct
    root = labelled(Value(1_234_567.0, "x") * 2.0, "y")
    assert not check_answers(root, values={"y": 2_000_000}).correct


def test_zeros_that_claim_too_many_digits_are_pointed_out():
    x = Value(242_612_345.0, "x")
    report = check_answers(labelled(x * x, "y"), {"x": "485000000"})
    assert not report.correct
    assert "it is right to 3 digits: 4.85e8 says so, zeros before the point are digits as well" in str(report)
    assert "digits as well" not in str(check_answers(labelled(x * x, "y"), {"x": "486000000"}))


# ---- Several links at once ----------------------------------------------------------------------------------


def direct_and_through(square=lambda s: s * s):
    """v = u + s with u = s²: ∂v/∂s is 1 as a link, and 13 in all."""
    s = labelled(Value(2.0, "a") * 3, "s")
    return labelled(labelled(square(s), "u") + s, "v")


@pytest.mark.parametrize("square", [lambda s: s * s, lambda s: s**2], ids=["s·s", "s²"])
@pytest.mark.parametrize(("key", "answer"), [("∂v/∂s", "1"), ("s", "1"), ("a", "3")])
def test_the_direct_link_alone_is_a_forgotten_path(square, key, answer):
    report = check_answers(direct_and_through(square), {key: answer})
    assert (report.first_wrong.link, report.first_wrong.misconception) == ("∂u/∂s", "forgotten path")
    assert "∂⁺v/∂s is only the direct link; the paths through u are missing: " in str(report)


def test_all_paths_through_one_node_are_forgotten():
    """v = u + s + s: 2 is neither of the direct links alone."""
    s = labelled(Value(2.0, "a") * 3, "s")
    u = labelled(s * s, "u")
    root = labelled(u + labelled(s * 2, "r") + labelled(s * 5, "q"), "v")
    report = check_answers(root, {"s": "7"})
    assert (report.first_wrong.link, report.first_wrong.misconception) == ("∂u/∂s", "forgotten path")
    assert "the paths through u were left out of the sum" in str(report)


def test_a_direct_link_within_the_graph():
    s = labelled(Value(2.0, "a") * 3, "s")
    v = labelled(labelled(s * s, "u") + s, "v")
    report = check_answers(labelled(v.sin(), "y"), {"∂v/∂s": "1"})
    assert (report.first_wrong.link, report.first_wrong.misconception) == ("∂u/∂s", "forgotten path")


def halved_everywhere():
    """The mean of two squares; w·x and c in each."""
    w, c = Value(0.5, "w"), Value(0.21, "c")
    squares = [labelled((w * x + c - t) ** 2, f"e{i}") for i, x, t in ((1, 1.5, 2.0), (2, -0.7, 1.3))]
    return labelled((squares[0] + squares[1]) / 2, "L")


@pytest.mark.parametrize("keys", [("c", "w"), ("w", "c"), ("w",), ("c",)])
def test_one_mistake_at_every_sample_is_one_mistake(keys):
    root = halved_everywhere()
    right = exact(root)
    report = check_answers(root, {key: f"{right[key] / 2:.6g}" for key in keys})
    assert [verdict.status for verdict in report.in_order] == ["wrong", "carried"][: len(keys)]
    assert report.first_wrong.misconception == "forgotten factor 2 or ½"
    assert "and at every link of this kind" in str(report)


def test_one_mistake_at_every_sample_of_a_batch_of_forty():
    w, c = Value(0.5, "w"), Value(0.21, "c")
    errors = [((w * (0.1 * i - 2) + c).tanh() - (i % 3) * 0.4) ** 2 for i in range(40)]
    root = labelled(sum(errors[1:], errors[0]) / 40, "L")
    right = exact(root)
    report = check_answers(root, {key: f"{right[key] / 2:.6g}" for key in ("w", "c")})
    assert [verdict.status for verdict in report.in_order] == ["wrong", "carried"]
    assert report.first_wrong.misconception == "forgotten factor 2 or ½"


def test_one_mistake_at_every_neuron_is_one_mistake():
    x = Value(0.5, "x")
    z1, z2 = labelled(x * 3.0, "z1"), labelled(x * -2.0, "z2")
    root = labelled(z1.sigmoid() + z2.sigmoid(), "y")
    s1, s2 = (1 / (1 + math.exp(-z)) for z in (1.5, -1.0))
    report = check_answers(root, {"x": f"{3 * s1 - 2 * s2:.6f}"})
    assert report.first_wrong.misconception == "function instead of derivative"
    report = check_answers(root, values={"y": "0.5"})
    assert report.first_wrong.misconception == "forgotten activation"


@pytest.mark.parametrize("square", [lambda a: a**2, lambda a: a * a], ids=["a²", "a·a"])
def test_the_sign_of_the_whole_number(square):
    a = Value(2.0, "a")
    report = check_answers(labelled(square(a) + a, "u"), {"a": "-5"})
    assert report.first_wrong.misconception == "flipped sign"
    assert report.first_wrong.link == "∂u/∂a"


def test_links_to_one_value_in_two_places_are_told_apart():
    a = Value(2.0, "a")
    report = check_answers(labelled(a * a + a, "u"), {"a": "3"})
    said = str(report)
    assert "∂v1/∂a⁽¹⁾" in said
    assert "∂v1/∂a⁽²⁾" in said


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda o: o**2, "square"),
        (lambda o: o**3, "cube"),
        (lambda o: o.exp(), "exponential"),
        (lambda o: o.sin(), "sin"),
        (lambda o: o.tanh(), "activation"),
    ],
)
def test_what_was_not_applied_is_called_by_its_name(make, word):
    report = check_answers(labelled(make(Value(-0.32, "o")), "L"), values={"L": "-0.32"})
    assert f"the {word} was not applied" in str(report)


def test_what_a_misconception_says_reads_well_by_itself():
    assert not [m.name for m in MISCONCEPTIONS if re.search(r"\{(?!ij\})", m.says)]


@pytest.mark.parametrize(
    ("answer", "misconception"),
    [("4", "forgotten exponent"), ("24", "exponent not lowered"), ("6", "lost power"), ("-12", "flipped sign")],
)
def test_the_power_rule(answer, misconception):
    report = check_answers(labelled(Value(2.0, "x") ** 3, "y"), {"x": answer})
    assert report.first_wrong.misconception == misconception


def test_a_square_has_no_pre_activation():
    """2(x − 5)² is twice the output as well, but nobody takes the derivative of a square there."""
    report = check_answers(labelled((Value(2.0, "x") - 5.0) ** 2, "y"), {"x": "18"})
    assert report.first_wrong.misconception == "exponent not lowered"


def test_what_gives_the_very_number_comes_first():
    """0.4 is the old weight; with a tenth of the learning rate it would be 0.394, which is 0.4 as well."""
    w = Value(0.4, "w1")
    e = labelled(nn.half_squared_error(labelled(w * 2.0, "h"), Value(-2.2, "y")), "e")
    said = str(nn.check_update(e, {"w1": "0.4"}, lr=0.01))
    assert said.startswith(
        "✗ w1 new = 0.4: should be 0.34; first wrong link w1 new = w1 − η·∂e/∂w1 = 0.34: it was left"
    )


# ---- Mistakes planted by a program that shares no code with the checker --------------------------------------


def test_the_planter_agrees_with_the_lectures():
    """Its naive engine is right where no mistake is planted."""
    for network in planter.networks(1):
        root = planter.graph(network)
        root.backward()
        hand = planter.Hand(network, None, 17, lambda *number: False)
        for leaf in leaves(root):
            if leaf.label is not None and leaf.label[0] in "wb":
                assert hand.gradient[leaf.label] == pytest.approx(leaf.grad, rel=1e-12)


def test_planted_mistakes_are_found():
    whole = planter.together(planter.run(range(1), (2, 4), planter.SHEETS, every=61))
    assert whole.visible > 50
    assert whole.link >= 0.95 * whole.visible
    assert whole.blamed == 0
