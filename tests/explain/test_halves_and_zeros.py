"""A ½ too many in a loss's value, and answers that are 0 only at their digits."""

import pytest

import nn
from autograd import Value, check_answers, sigmoid


def scores():
    return [Value(0.0, "z_{1}"), Value(0.0, "z_{2}")]


@pytest.mark.parametrize(
    ("loss", "halved"),
    [
        (lambda z, t: nn.binary_cross_entropy(sigmoid(z), 0.0), "0.3466"),
        (lambda z, t: nn.binary_cross_entropy_with_logits(z, 0.0), "0.3466"),
        (lambda z, t: nn.cross_entropy(scores(), 1), "0.3466"),
        (lambda z, t: nn.squared_error(z, 3.0), "4.5"),
        (lambda z, t: (z - t) ** 2, "4.5"),
    ],
)
def test_a_half_that_the_loss_does_not_have(loss, halved):
    e = loss(Value(0.0, "z"), Value(3.0, "t"))
    e.label = "L"
    verdict = check_answers(e, values={"L": halved}).first_wrong
    assert (verdict.link, verdict.misconception) == ("L", "a factor ½ too many")


def test_a_half_that_the_loss_has_is_none_too_many():
    e = nn.half_squared_error(Value(0.0, "z"), 3.0)
    e.label = "L"
    assert check_answers(e, values={"L": "2.25"}).first_wrong.misconception is None
    assert check_answers(e, values={"L": "9"}).first_wrong.misconception == "forgotten factor 2 or ½"


def saturated():
    """∂e/∂w = 2(ŷ − t) · σ′(−10) · x = 2 · 3.0000454 · 4.53958e-5 · (−20) = −0.0054476."""
    w = Value(0.5, "w")
    z = w * Value(-20.0, "x")
    y = sigmoid(z)
    e = (y - Value(-3.0, "t")) ** 2
    z.label, y.label, e.label = "z", "y", "e"
    return e


def test_what_is_0_only_at_its_digits_names_no_misconception():
    verdict = check_answers(saturated(), {"w": "0.000"}).first_wrong
    assert verdict.misconception is None
    assert verdict.says == "should be −0.005448: small, but not 0 at 3 decimals"


def test_what_is_far_from_0_is_not_called_small():
    assert "small" not in check_answers(saturated(), {"w": "0.0000000"}).first_wrong.says


def test_a_misconception_that_leads_to_exactly_0_is_named():
    w = Value(2.0, "w")
    e = (w * 0.01) + nn.squared_error(w, 2.0)
    e.label = "e"
    assert check_answers(e, {"w": "0"}).first_wrong is None
    assert check_answers(e, {"w": "0.000"}).first_wrong.misconception == "forgotten path"
