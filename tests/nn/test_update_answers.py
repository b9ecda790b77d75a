"""Checking the numbers of a training step done by hand."""

import math
import traceback

import pytest

import nn
from autograd import Value
from autograd.graph import leaves
from nn import check_update
from tests.explain.test_lecture_formulas import by_hand, by_hand_with_operators, four_three_two_one, labelled

NEW = {"w3": "0.7318", "w1": "0.5525", "w2": "0.6915"}
AFTER = {"h1": "4.837", "ŷ": "3.5397", "e": "9.947"}


def test_lecture_4_after_the_update():
    report = check_update(
        by_hand(), NEW, lr=0.01, after=AFTER, gradients={"w3": "-23.18", "w1": "-15.25", "w2": "-9.15"}
    )
    assert report.correct
    assert report.first_wrong is None
    assert [v.status for v in report.in_order] == ["right"] * 9
    assert report.verdicts["w1"].expected == 0.5525
    assert report.after["e"].expected == pytest.approx(9.94706400415778, rel=1e-14)


# what was written, and what it comes from: every number worked out by hand from lecture 4's
MISTAKES = [
    ({"w3": "0.2682"}, "wrong direction"),  # 0.5 − 0.2318
    ({"w3": "23.68"}, "forgotten learning rate"),  # 0.5 + 23.18
    ({"w3": "2.818"}, "learning rate ten times too large"),  # 0.5 + 2.318
    ({"w3": "0.52318"}, "learning rate ten times too small"),
    ({"w1": "0.6232"}, "weights already updated"),  # 0.4 + 0.01 · 6.1 · 0.7318 · 5, the lecture page's −22.32
    ({"w3": "0.2318"}, "the change instead of the new value"),
    ({"w3": "0.5000"}, "not updated"),
]


@pytest.mark.parametrize(("answers", "misconception"), MISTAKES)
def test_misconceptions_about_the_update(answers, misconception):
    report = check_update(by_hand(), answers, lr=0.01)
    assert not report.correct
    assert report.first_wrong.misconception == misconception
    assert report.first_wrong.link == f"{next(iter(answers))} new"


@pytest.mark.parametrize("graph", [by_hand, by_hand_with_operators], ids=["affine", "operators"])
def test_a_gradient_through_updated_weights(graph):
    report = check_update(graph(), {"w1": "0.6232"}, lr=0.01)
    assert report.first_wrong.misconception == "weights already updated"
    report = check_update(graph(), {"w1": "0.6232"}, lr=0.01, gradients={"w3": "-23.18", "w1": "-22.32"})
    assert report.first_wrong.misconception == "weights already updated"
    assert report.first_wrong.link == "∂ŷ/∂h1"
    assert report.verdicts["w1"].status == "carried"


def test_updated_weights_in_any_operation():
    """ŷ = tanh(v·x)/w: w moves by −η ∂L/∂w first, and the gradient of v then goes through 1/w with the new w."""
    v, x, w, y = Value(0.5, "v"), Value(2.0, "x"), Value(0.8, "w"), Value(1.0, "y")
    h = (v * x).tanh()
    prediction = h / w
    loss = nn.squared_error(prediction, y)
    h.label, prediction.label, loss.label = "h", "ŷ", "L"
    t, eta = math.tanh(1.0), 0.1
    upstream = 2 * (t / 0.8 - 1)
    new_w = 0.8 + eta * upstream * t / 0.8**2
    wrong = upstream / new_w * (1 - t * t) * 2
    report = check_update(loss, {"v": f"{0.5 - eta * wrong:.6f}", "w": f"{new_w:.6f}"}, lr=eta)
    assert report.verdicts["w"].status == "right"
    assert report.first_wrong.misconception == "weights already updated"
    report = check_update(loss, {"w": f"{new_w:.6f}"}, lr=eta, gradients={"v": f"{wrong:.6f}"})
    assert report.first_wrong.link == "∂ŷ/∂h"
    assert report.first_wrong.misconception == "weights already updated"


def test_a_wrong_gradient_is_carried_into_the_update_and_beyond():
    report = check_update(
        by_hand(), {"w3": "0.2682"}, lr=0.01, gradients={"w3": "23.18"}, after={"ŷ": f"{0.2682 * 4.837:.4f}"}
    )
    assert [v.status for v in report.in_order] == ["wrong", "carried", "carried"]
    assert report.first_wrong.misconception == "flipped sign"


def test_a_wrong_parameter_is_carried_into_the_loss():
    report = check_update(by_hand(), {"w3": "0.2682"}, lr=0.01, after={"ŷ": f"{0.2682 * 4.837:.4f}"})
    assert report.after["ŷ"].status == "carried"


def test_the_forward_pass_on_old_parameters():
    report = check_update(by_hand(), {}, lr=0.01, after={"h1": "3.8"})
    assert report.first_wrong.misconception == "old parameters"


def batch(loss):
    w, y = Value(0.5, "w"), Value(3.0, "y")
    return loss([w * x for x in (1.0, 2.0, 4.0)], [y] * 3)


def test_sums_and_means_over_a_batch():
    total = sum(2 * (0.5 * x - 3.0) * x for x in (1.0, 2.0, 4.0))
    mean, added = batch(nn.mean_squared_error), batch(nn.squared_error)
    assert check_update(mean, {"w": f"{0.5 - 0.01 * total / 3:.5f}"}, lr=0.01).correct
    report = check_update(mean, {"w": f"{0.5 - 0.01 * total:.5f}"}, lr=0.01)
    assert report.first_wrong.misconception == "sum instead of mean"
    assert check_update(added, {"w": f"{0.5 - 0.01 * total:.5f}"}, lr=0.01).correct
    report = check_update(added, {"w": f"{0.5 - 0.01 * total / 3:.5f}"}, lr=0.01)
    assert report.first_wrong.misconception == "mean instead of sum"


@pytest.mark.parametrize("make", [nn.SGD, nn.Adam, nn.RMSprop, nn.AdamW])
def test_any_optimiser(make):
    model = nn.MLP([2, 2, 1], activation="sigmoid", seed=1)
    optimizer = make(model.parameters(), lr=0.1)
    for _ in range(2):
        loss = nn.squared_error(model([0.5, -1.0]), Value(1.0, "y"))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    loss = nn.squared_error(model([0.5, -1.0]), Value(1.0, "y"))
    loss.label = "L"
    before = {name: p.data for name, p in model.named_parameters()}
    report_on = [check_update(loss, {"w2_11": 1.0}, optimizer=optimizer)]
    assert {name: p.data for name, p in model.named_parameters()} == before  # nothing has moved
    loss.backward()
    optimizer.step()
    expected = {name: p.data for name, p in model.named_parameters()}
    assert report_on[0].verdicts["w2_11"].expected == expected["w2_11"]


def test_every_parameter_of_a_network():
    root = four_three_two_one()
    root.backward()
    weights = [leaf for leaf in leaves(root) if leaf.label.startswith("w")]
    assert len(weights) == 20
    new = {w.label: w.data - 0.5 * w.grad for w in weights}
    assert check_update(root, {name: f"{x:.4f}" for name, x in new.items()}, lr=0.5).correct


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"answers": {"w1": 1}}, ValueError, "give the learning rate"),
        ({"lr": 0.1}, ValueError, "no numbers to check"),
        ({"answers": {"w9": 1}, "lr": 0.1}, LookupError, "w9 is no label"),
        ({"answers": {"w1": "x"}, "lr": 0.1}, ValueError, "not a number"),
        ({"after": {"q": 1}, "lr": 0.1}, LookupError, "q is no label"),
        ({"answers": {"h1": 1}, "lr": 0.1}, ValueError, "h1 is no parameter of this update"),
        ({"answers": ["w1"], "lr": 0.1}, TypeError, "answers must be a dictionary"),
        ({"answers": {3: 1}, "lr": 0.1}, TypeError, "keys of answers are labels or Values, not int"),
        ({"answers": {"w1": 1, "w_1": 2}, "lr": 0.1}, ValueError, "w1 is given twice, under two spellings"),
        ({"answers": {"w1": 1}, "after": {"w1": 2}, "lr": 0.1}, ValueError, "given twice, in answers and in after"),
        ({"answers": {"w1": 1}, "optimizer": 3}, TypeError, "optimizer is one of nn's"),
        ({"answers": {"w1": 1}, "lr": float("nan")}, ValueError, "a learning rate is a number"),
        ({"answers": {Value(1.0, "k"): 1}, "lr": 0.1}, LookupError, "the root does not depend on it"),
    ],
)
def test_what_is_refused(arguments, error, says):
    with pytest.raises(error, match=says) as caught:
        check_update(by_hand(), **arguments)
    assert len(traceback.extract_tb(caught.value.__traceback__)) == 1


def test_it_is_shown_as_the_table_of_check_answers():
    w = Value(0.5, "<script>")
    loss = labelled((w - 2.0) ** 2, "L")
    shown = check_update(loss, {w: "3"}, lr=0.1)._repr_html_()
    assert shown.startswith("<table>")
    assert ">&lt;script&gt; new</td><td>3</td><td>0.8</td>" in shown


def test_a_loss_without_parameters():
    x = Value(1.0, "x")
    with pytest.raises(ValueError, match="the loss depends on no parameter: name those that move in answers"):
        check_update(labelled(x * 2, "e"), after={"e": "2"}, lr=0.1)
