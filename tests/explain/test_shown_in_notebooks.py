"""How text and formulas reach a notebook's page, whose own style would break words and change the font."""

import ast
from pathlib import Path

import pytest

import autograd
from autograd import Value, chain, locate, naive_order, nudge, table
from autograd.explain.mathml import block


def of_two_paths():
    x = Value(0.5, "x")
    u = x.exp()
    y = u * u + x
    y.label = "y"
    return y, x


@pytest.mark.parametrize(
    "view", [lambda y, x: locate(y), lambda y, x: nudge(y, x), lambda y, x: naive_order(y), lambda y, x: chain(y, x)]
)
def test_text_keeps_its_columns_and_its_words(view):
    shown = view(*of_two_paths())._repr_html_()
    opening = shown[shown.index("<pre") : shown.index(">", shown.index("<pre"))]
    assert "monospace" in opening
    assert "word-break:normal" in opening


def test_no_view_writes_such_an_element_itself():
    package = Path(autograd.__file__).parent
    sources = [*package.rglob("*.py"), *(package.parent / "nn").rglob("*.py")]
    writers = [
        path.name
        for path in sources
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("<pre")
    ]
    assert writers == ["preformatted.py"]


def test_fractions_are_large_in_a_table_and_do_not_touch():
    assert table(of_two_paths()[0])._repr_html_().count("<math>") == 0
    assert block([("a", "b")]).count("padding-block") == 2
