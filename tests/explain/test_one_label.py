"""Values that bear one label are told apart in every view: o11[1], o11[2]."""

import re

import pytest

import nn
from autograd import Value, chain, check_answers, draw, find, latex, naive_order, steps, table
from autograd.graph import topological_order
from autograd.notation import distinct_names


def twins():
    """y = h·h′ with both called h."""
    x = Value(2.0, "x")
    first, second = x.exp(), x * 3
    y = first * second
    first.label = second.label = "h"
    y.label = "y"
    return y


def batch():
    model = nn.MLP([2, 2, 1], activation="sigmoid", seed=1)
    loss = nn.squared_error([model([1.0, 2.0]), model([3.0, 4.0])], [1.0, 2.0])
    loss.label = "L"
    return loss


def test_the_table_and_the_chain_name_them_apart():
    text = str(table(twins()))
    assert re.search(r"h\[1\] = exp\(x\) = 7\.389 +│ ∂y/∂h\[1\] = ∂y/∂y · h\[2\] = 6", text)
    assert re.search(r"h\[2\] = 3·?x = 6 +│ ∂y/∂h\[2\] = ∂y/∂y · h\[1\] = 7\.389", text)
    rule = chain(twins(), "x")
    assert str(rule).splitlines()[0] == "∂y/∂x = ∂y/∂h[1] · ∂h[1]/∂x + ∂y/∂h[2] · ∂h[2]/∂x"
    assert "x → h[1] → y" in str(rule)
    assert r"\frac{\partial y}{\partial h_{[1]}} \cdot \frac{\partial h_{[1]}}{\partial x}" in rule.latex
    assert "<msub><mi>h</mi>" in rule.mathml
    assert "∂y/∂h[2] = ∂y/∂y · ∂y/∂h[2] = 1 · 7.389 = 7.389" in str(steps(twins()))
    assert "∂y/∂h[2]" in str(naive_order(twins()))
    assert r"h_{[1]} &= e^{x}" in latex(twins(), "definitions")


def test_a_remark_says_what_the_numbers_in_brackets_are():
    says = "h[1] is the first of 2 values with the label h"
    for view in (table(twins()), steps(twins()), chain(twins(), "x")):
        assert view.remarks == [says]
        assert str(view).splitlines()[-1] == says
        assert view._repr_html_().count(says) == 1
    assert table(batch()).remarks == ["x1[1] is the first of 2 values with the label x1, and so on for other labels"]
    # A chain that meets none of them has nothing to remark.
    root = twins() * Value(1.0, "k")
    assert chain(root, "k").remarks == []


@pytest.mark.parametrize("make", [twins, batch])
def test_no_two_values_have_one_name(make):
    root = make()
    named = distinct_names(root)
    nodes = [node for node in topological_order(root) if node.op or node.label is not None]
    for spelling in ("text", "latex", "mathml", "svg"):
        assert len({getattr(named[node], spelling) for node in nodes}) == len(nodes)
    assert all(find(root, named[node].text) is node for node in nodes)


def test_labels_that_are_alike_only_as_they_are_shown():
    a, b, c = Value(1.0, "x" * 50), Value(2.0, "x" * 50 + "y"), Value(3.0, "h[1]")
    d, e = Value(4.0, "h"), Value(5.0, "h")
    named = distinct_names(a * b + c * d + e)
    assert len({named[node].text for node in (a, b, c, d, e)}) == 5
    assert named[c].text == "h[1]"


def test_one_value_in_several_places_keeps_its_label():
    x = Value(3.0, "x")
    assert "[" not in str(table(x * x + x))


def test_the_label_alone_is_ambiguous_and_the_name_is_not():
    with pytest.raises(LookupError, match=r"h is ambiguous: 2 nodes .* write h\[1\] for the first .* the Value itself"):
        chain(twins(), "h")
    assert chain(twins(), "h[2]").total == pytest.approx(7.38905609893065)
    report = check_answers(twins(), {"h[1]": "6", "∂h[2]/∂x": "3.1"})
    assert report.verdicts["h[1]"].status == "right"
    assert report.first_wrong.name == "∂h[2]/∂x"
    with pytest.raises(LookupError, match=r"h\[3\] is no label .* did you mean"):
        find(twins(), "h[3]")


def test_pictures_and_steppers_use_the_same_names():
    pytest.importorskip("pygraphviz", reason="the pictures' layout needs pygraphviz")
    from autograd import stepper

    root = twins()
    assert "<title>h[2] = 6" in draw(root).svg
    summaries = " ".join(frame.summary for frame in stepper(root, forward=True).frames)
    captions = " ".join(frame.caption for frame in stepper(root, forward=True).frames)
    assert not re.search(r"h(?!\[|\w|′)", re.sub(r"\b[a-zA-Z]{2,}\b", "", captions + summaries))
