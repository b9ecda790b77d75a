"""The backward pass as steps and as the textbook's table, and the LaTeX of both."""

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given

from autograd import Value, chain, latex, log, sigmoid, sin, steps, table
from autograd.primitives import PRIMITIVES
from tests.explain.graphs import graphs
from tests.explain.hostile import HOSTILE
from tests.explain.test_lecture_formulas import by_hand, four_three_two_one, one_neuron, two_two_one


def baydin():
    """Tables 2 and 3 of Baydin et al. 2018 (JMLR 18:153)."""
    x1, x2 = Value(2.0, "x1"), Value(5.0, "x2")
    y = log(x1) + x1 * x2 - sin(x2)
    y.label = "y"
    return y


@given(graphs())
def test_steps_are_what_backward_does(root):
    from autograd.graph import topological_order

    taken = steps(root)
    order = topological_order(root)
    assert len(taken) == sum(len(node.parents) for node in order)
    root.backward()
    adjoint = {root: 1.0}
    for step in taken:
        assert step.upstream == adjoint.get(step.node, 0.0) == step.node.grad
        assert step.contribution == step.upstream * step.partial
        assert step.before == adjoint.get(step.parent, 0.0)
        assert step.after == step.before + step.contribution
        adjoint[step.parent] = step.after
    for leaf in order:
        if leaf.op is None:
            assert leaf.grad == adjoint.get(leaf, 0.0)
    if taken:
        assert taken[0].node is root


def test_the_two_edges_of_a_square():
    x = Value(3.0, "x")
    first, second = steps(x * x)
    assert (first.before, first.contribution, first.after) == (0.0, 3.0, 3.0)
    assert (second.before, second.contribution, second.after) == (3.0, 3.0, 6.0)
    assert second.symbols.text == "∂v1/∂x = 3 + ∂v1/∂v1 · ∂v1/∂x⁽²⁾"
    assert second.numbers.text == "3 + 1 · 3 = 6"
    assert second.formula.text == "x"
    assert "number 2" in second.note
    assert x.grad == 0.0


def test_where_nothing_arrives_nothing_is_handed_on():
    x = Value(0.0, "x")
    y = x.sqrt() * 0.0
    assert [step.contribution for step in steps(y) if step.parent is x] == [0.0]


def test_a_step_in_every_spelling():
    step = steps(baydin())[0]
    assert str(step).startswith("∂y/∂v3 = ∂y/∂y · ∂y/∂v3 = 1 · 1 = 1   with ∂y/∂v3 = 1")
    assert r"\frac{\partial y}{\partial v_{3}}" in step.latex
    ET.fromstring(f"<m>{step.mathml}</m>")


def test_nobody_differentiates_by_a_number_in_the_expression():
    """2x + 1: the edges to 2 and 1 are steps, but none that anybody wants to read."""
    x = Value(3.0, "x")
    taken = steps(2 * x + 1)
    assert len(taken) == 4
    assert str(taken).splitlines() == [
        "seed: ∂v2/∂v2 = 1",
        "1. ∂v2/∂v1 = ∂v2/∂v2 · ∂v2/∂v1 = 1 · 1 = 1   with ∂v2/∂v1 = 1",
        "2. ∂v2/∂x = ∂v2/∂v1 · ∂v1/∂x = 1 · 2 = 2   with ∂v1/∂x = 2",
    ]
    assert taken._repr_html_().count("<li>") == 3
    factor = Value(5.0)
    assert len(str(steps(x * factor)).splitlines()) == 2
    assert len(str(steps(x * factor, factor)).splitlines()) == 3  # asked for


def test_a_list_of_steps():
    taken = steps(baydin())
    assert str(taken).splitlines()[0] == "seed: ∂y/∂y = 1"
    assert len(str(taken).splitlines()) == 1 + len(taken)
    assert repr(taken) == "<8 steps back from y>"
    assert taken[1:3] == list(taken)[1:3]
    ET.fromstring(taken._repr_html_().replace("start=0", 'start="0"').replace("<br>", "<br/>"))


def test_the_textbook_table():
    found = table(baydin())
    by_name = {row.name.text: row for row in found.rows}
    # Baydin's v₄, v₅ are v₃, y here; the numbers of the two tables, recomputed with math.
    primal = {"x1": 2, "x2": 5, "v1": 0.6931471805599453, "v2": 10, "v4": -0.9589242746631385, "v3": 10.693147180559945}
    for name, value in primal.items():
        assert by_name[name].primal == pytest.approx(value, rel=1e-15)
    assert by_name["y"].primal == pytest.approx(11.652071455223084, rel=1e-15)
    adjoint = {"y": 1, "v3": 1, "v4": -1, "v1": 1, "v2": 1, "x1": 5.5, "x2": 1.7163378145367738}
    for name, value in adjoint.items():
        assert by_name[name].adjoint == pytest.approx(value, rel=1e-15)
    assert found.gradient == {"x1": 5.5, "x2": pytest.approx(1.7163378145367738, rel=1e-15)}


def test_the_columns_are_aligned():
    lines = str(table(baydin())).splitlines()
    assert {re.search("[│┼]", line).start() for line in lines} == {24}
    assert len(lines) == 9


@pytest.mark.parametrize(
    "explain",
    [table, steps, lambda y: chain(y, "x1"), lambda y: latex(y, "derivation")],
    ids=["table", "steps", "chain", "latex"],
)
def test_a_leaf_that_has_changed_since(explain):
    y = baydin()
    (x1,) = [row.node for row in table(y).rows if row.name.text == "x1"]
    x1.data = 3.0
    with pytest.raises(ValueError, match=r"v1 was 0\.6931 when the graph was computed and would be 1\.099 now"):
        explain(y)
    for gone in (-3.0, 0.0):
        x1.data = gone
        with pytest.raises(
            ValueError, match=r"v1 was 0\.6931 .* and could not be computed now: a leaf's data has changed"
        ):
            explain(y)
    x1.data = float("nan")
    with pytest.raises(ValueError, match=r"v1 was 0\.6931 .* and would be NaN now"):
        explain(y)
    x1.data = 2.0
    explain(y)


def test_a_nan_that_was_there_from_the_start_is_no_change():
    x = Value(float("nan"), "x")
    assert len(steps(x * 2)) == 2


def test_a_leaf_that_the_root_does_not_depend_on():
    y, w = baydin(), Value(3.0, "w")
    why = (
        "y does not depend on w, so the derivative is 0: w is not in the graph below y: "
        "perhaps it was computed under no_grad, detached, or replaced"
    )
    taken = steps(y, w)
    assert len(taken) == len(steps(y))
    assert taken.remarks == [why]
    assert str(taken).splitlines()[-1] == why
    assert f"<p>{why}</p>" in taken._repr_html_()
    found = table(y, w)
    assert found.gradient == {"w": 0.0, **table(y).gradient}
    assert re.search(r"w = 3 +│ ∂y/∂w = 0\n", str(found))
    assert str(found).splitlines()[-1] == why
    assert f"<p>{why}</p>" in found._repr_html_()
    assert r"\frac{\partial y}{\partial w} = 0" in found.latex
    for leaf in (row.node for row in table(y).rows):  # the others need no remark
        assert steps(y, leaf).remarks == table(y, leaf).remarks == []


def test_a_long_table_shows_its_ends():
    x = Value(1.0, "x")
    y = x
    for _ in range(5000):
        y = y + x
    text = str(table(y))
    assert "… 4941 more values" in text
    assert len(text.splitlines()) < 70
    assert max(map(len, text.splitlines())) < 200
    assert "<p>… 4001 more values</p>" in table(y)._repr_html_()
    assert table(y).latex.count("\\\\[6pt]") == 1000
    assert r"\vdots & \vdots" in table(y).latex


@given(graphs())
def test_latex_is_well_formed(root):
    for form in ("expression", "definitions", "derivation", "document"):
        check_structure(latex(root, form))


def check_structure(text):
    assert text.replace(r"\{", "").replace(r"\}", "").count("{") == text.replace(r"\{", "").replace(r"\}", "").count(
        "}"
    )
    opened = re.findall(r"\\begin\{(\w+\*?)\}", text)
    closed = re.findall(r"\\end\{(\w+\*?)\}", text)
    assert sorted(opened) == sorted(closed)
    assert text.count(r"\left") == text.count(r"\right")
    # A superscript on a superscript is what TeX refuses.
    bare = text
    while bare != (bare := re.sub(r"\{[^{}]*\}", "", bare)):
        pass
    assert not re.search(r"\^\^|\^[^\s]?\^", bare)


def test_the_expression():
    assert latex(baydin()) == r"y = \log(x_{1}) + x_{1} \, x_{2} - \sin(x_{2})"
    assert latex(baydin())._repr_latex_() == f"$${latex(baydin())}$$"


def test_a_derivation_in_a_document():
    text = latex(baydin(), "document")
    assert text.startswith(r"\documentclass{article}")
    assert text._repr_latex_() is None
    assert r"\usepackage{amsmath}" in text
    assert r"\frac{\partial y}{\partial x_{1}} &= " in text
    assert text.rstrip().endswith(r"\end{document}")


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_labels(label):
    x = Value(2.0, label)
    y = x.exp() * x
    for form in ("expression", "definitions", "derivation", "document"):
        text = latex(y, form)
        check_structure(text)
        assert "\\input" not in text
        assert "\\write" not in text
        assert "\\newpage" not in text
    markup = table(y)._repr_html_() + steps(y)._repr_html_()
    assert "<script" not in markup
    assert "<img" not in markup
    for line in str(table(y)).splitlines() + str(steps(y)).splitlines():
        assert not re.search("[\x00\u202a-\u202e]", line)
        assert len(line) < 1000
    assert len(str(table(y)).splitlines()) == 5


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex here")
def test_documents_compile(tmp_path):
    """Lecture networks, every primitive, every view, and labels that somebody passes to see what happens."""
    shown = []
    for label in HOSTILE:
        x = Value(2.0, label)
        y = x.exp() * x
        shown += [
            latex(y),
            latex(y, "derivation"),
            chain(y, x).latex,
            table(y).latex,
            *(step.latex for step in steps(y)),
        ]
    for op in PRIMITIVES.values():
        if op.name != "affine":
            operands = [Value(0.5 if op.name != "acosh" else 1.5, label) for label in ("w^{1}_{11}", "b_{2}", "c")]
            y = op(*operands[: op.arity or 3])
            shown += [latex(y), latex(y**2), latex(y, "derivation"), chain(y**2, operands[0]).latex]
    page = "\n".join(f"\\[{formula}\\]" for formula in shown)
    head = r"\documentclass{article}\usepackage{amsmath}\begin{document}"
    documents = {"views": f"{head}\n{page}\n\\end{{document}}", "document": latex(baydin(), "document")}
    lectures = [lambda: two_two_one(None), lambda: two_two_one(sigmoid), one_neuron, by_hand, four_three_two_one]
    documents |= {f"lecture_{i}": latex(graph(), "document") for i, graph in enumerate(lectures, 1)}
    for name, text in documents.items():
        (tmp_path / f"{name}.tex").write_text(text, encoding="utf-8")
        done = subprocess.run(
            ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"],
            cwd=tmp_path,
            capture_output=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout[-2000:]


def test_too_large_for_one_expression():
    x = Value(1.0, "x")
    y = x
    for _ in range(30):
        y = y * y
    with pytest.raises(ValueError, match='longer than 10000 characters: use form="definitions"'):
        latex(y)
    assert latex(y, "definitions").count("\\\\") == 29
    for _ in range(1000):
        y = y + 1
    with pytest.raises(ValueError, match=r"1030 values are too many .* chain\(root, leaf\)"):
        latex(y, "derivation")


def test_an_unknown_form():
    with pytest.raises(ValueError, match="unknown form 'svg'"):
        latex(baydin(), "svg")
