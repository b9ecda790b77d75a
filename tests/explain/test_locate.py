"""Where a number went bad, or a gradient was lost."""

import sys

import pytest

from autograd import Value, exp, locate, maximum, provenance, relu, sigmoid, sqrt, tanh


def product(a, b):
    return Value(a, "a") * Value(b, "b")


def labelled(value, label):
    value.label = label
    return value


@pytest.mark.parametrize(
    ("build", "kind", "says"),
    [
        (lambda: product(1e200, 1e200) + 1, "infinite", "v1 = mul(a = 1e200, b = 1e200) became infinite"),
        (
            lambda: (product(1e200, 1e200) - product(1e200, 1e200)) * 2,
            "infinite",
            "v1 = mul(a[1] = 1e200, b[1] = 1e200) became infinite",
        ),
        (lambda: Value(float("nan"), "q") * 2, "nan", "the leaf q is NaN: it came in so"),
        (lambda: Value(float("inf"), "q") * 2, "infinite", "the leaf q is infinite: it came in so"),
        (
            lambda: sigmoid(Value(40.0, "z")) * 3,
            "saturated",
            "v1 = sigmoid(z = 40) = 1 is saturated: its slope there is 4.248e−18, so next to no gradient passes",
        ),
        (
            lambda: tanh(Value(-30.0, "z")) * 3,
            "saturated",
            "v1 = tanh(z = −30) = −1 is saturated: its slope there is 3.503e−26, so next to no gradient passes",
        ),
        (
            lambda: labelled(relu(Value(-2.0, "z")), "o") * 3,
            "dead",
            "o = relu(z = −2) = 0 is inactive (dead): its slope there is 0, so no gradient passes",
        ),
        (
            lambda: relu(Value(0.0, "z")) * 3,
            "kink",
            "z = 0 sits on a kink of relu: the derivative there is 0 by convention",
        ),
        (
            lambda: maximum(Value(1.0, "a"), Value(1.0, "b")),
            "tie",
            "a and b tie: maximum has no derivative there; by convention its slopes are 1 and 0",
        ),
        (lambda: sqrt(Value(0.0, "a")) + 1, "infinite slope", "v1 = sqrt(a = 0) = 0 has no finite slope there: ∞"),
    ],
)
def test_the_first_bad_place(build, kind, says):
    found = locate(build())
    assert found
    assert (found.first.kind, found.first.says) == (kind, says)
    assert str(found).startswith(says)


def test_the_nan_that_infinities_make_is_told_too():
    a = Value(1e200, "a")
    square = a * a
    found = locate((square - square) * 2)
    assert [finding.kind for finding in found] == ["infinite", "nan"]
    assert "also:" in str(found)


@pytest.mark.parametrize(
    "build",
    [
        lambda: sigmoid(Value(2.0, "z")) * 3,
        lambda: relu(Value(2.0, "z")) * 0.0,
        lambda: (Value(3.0, "p") - 3.0) ** 2,  # a minimum is no lost gradient
        lambda: exp(Value(0.0, "z")),
        lambda: maximum(Value(1.0, "a"), Value(2.0, "b")),
    ],
)
def test_nothing_wrong(build):
    found = locate(build())
    assert not found
    assert found.first is None
    assert "no gradient is lost" in str(found)


def test_what_the_root_does_not_need_is_not_blamed():
    """A saturated unit behind a weight of zero loses nothing that would have arrived."""
    found = locate(sigmoid(Value(40.0, "z")) * 0.0)
    assert not found


def test_the_source_line():
    with provenance():
        a = Value(1e200, "a")
        b, here = a * a, sys._getframe().f_lineno
    first = locate(b + 1).first
    assert first.source.line == here
    assert str(first).endswith(f"(made at test_locate.py:{here} in test_the_source_line)")


def test_a_network_of_dead_units_is_listed():
    units = [relu(Value(-1.0 - i, f"z{i}")) for i in range(30)]
    root = units[0]
    for unit in units[1:]:
        root = root + unit
    found = locate(root)
    assert len(found) == 30
    assert "… 10 more" in str(found)
    assert repr(found) == "<30 findings below v59>"
