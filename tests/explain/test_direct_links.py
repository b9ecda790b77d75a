"""A derivative along one edge is marked where the total derivative between the same two values is another number."""

import itertools
import re
import shutil
import subprocess
import time
import xml.etree.ElementTree as ET
from collections import Counter

import pytest
from hypothesis import given

from autograd import Value, chain, check_answers, latex, steps
from autograd.graph import topological_order
from autograd.notation import names
from tests.explain.graphs import graphs
from tests.explain.hostile import HOSTILE
from tests.explain.test_lecture_formulas import by_hand, four_three_two_one, one_neuron, two_two_one


def skip():
    """v = s + s², s = a·b: ∂v/∂s is 1 along the edge, 1 + 2s = 13 in all."""
    a, b = Value(2.0, "a"), Value(3.0, "b")
    s = a * b
    q = s**2
    v = s + q
    root = v * 2
    s.label, q.label, v.label, root.label = "s", "q", "v", "y"
    return root


def recurrent():
    """h₂ = tanh(w·h₁ + x), h₁ = tanh(w·x): w reaches z₂ along its own edge and through h₁."""
    w, x = Value(0.5, "w"), Value(2.0, "x")
    h1 = (w * x).tanh()
    z2 = w * h1 + x
    h1.label, z2.label = "h_{1}", "z_{2}"
    root = z2.tanh()
    root.label = "h_{2}"
    return root


def test_the_steps_tell_the_edge_from_the_sum_over_all_ways():
    told = str(steps(skip())).splitlines()
    assert told[2].startswith("2. ∂y/∂s = ∂y/∂v · ∂⁺v/∂s = 2 · 1 = 2   with ∂⁺v/∂s = 1")
    assert told[3].startswith("3. ∂y/∂q = ∂y/∂v · ∂v/∂q = 2 · 1 = 2   with ∂v/∂q = 1")
    assert told[4].startswith("4. ∂y/∂s = 2 + ∂y/∂q · ∂q/∂s = 2 + 2 · 12 = 26   with ∂q/∂s = 2·s")
    assert sum("∂⁺" in line for line in told) == 1


def test_the_mark_is_explained_once_beside_the_formula():
    says = "∂⁺v/∂s counts this edge alone, ∂v/∂s every way from s to v"
    taken = steps(skip())
    assert [step.note for step in taken if step.note] == [says]
    assert str(taken).count("alone") == taken._repr_html_().count("alone") == 1
    z = a = Value(2.0, "a")
    for _ in range(4):
        z = z * z + a
    assert str(steps(z)).count("alone") == 1
    assert str(steps(z)).count("with ∂⁺") == 4
    told = str(chain(skip(), "s"))
    assert told.splitlines()[0] == "∂y/∂s = ∂y/∂v · (∂⁺v/∂s + ∂v/∂q · ∂q/∂s)"
    assert told.count("∂⁺v/∂s counts the direct link alone, ∂v/∂s every way from s to v") == 1
    assert "  ∂⁺v/∂s = 1" in told


def test_where_there_is_one_way_nothing_is_marked():
    assert "∂⁺" not in str(chain(skip(), "q")) + str(chain(skip().parents[0], "v"))
    for root in (two_two_one(None), one_neuron(), by_hand(), four_three_two_one()):
        assert "∂⁺" not in str(steps(root)) + latex(root, "derivation")
        for leaf in topological_order(root):
            for through in ("nodes", "units"):
                assert "∂⁺" not in str(chain(root, leaf, through))


def test_links_between_units_are_marked_as_well():
    told = str(chain(recurrent(), "w", through=["z2", "h1"]))
    assert told.splitlines()[0] == "∂h2/∂w = ∂h2/∂z2 · (∂⁺z2/∂w + ∂z2/∂h1 · ∂h1/∂w)"
    assert "∂⁺z2/∂w counts the direct link alone, ∂z2/∂w every way from w to z2" in told
    folded = str(chain(recurrent(), "w", through=["z2"]))
    assert folded.splitlines()[0] == "∂h2/∂w = ∂h2/∂z2 · ∂z2/∂w"  # the link folds every way: it is the total
    assert "∂⁺" not in folded


def test_two_edges_to_one_operand_are_told_apart_in_the_steps_as_in_the_chain():
    x = Value(3.0, "x")
    y = x * x
    y.label = "y"
    first, second = steps(y)
    assert first.symbols.text == "∂y/∂x = ∂y/∂y · ∂y/∂x⁽¹⁾"
    assert second.text.startswith("∂y/∂x = 3 + ∂y/∂y · ∂y/∂x⁽²⁾ = 3 + 1 · 3 = 6   with ∂y/∂x⁽²⁾ = x")
    assert r"\frac{\partial y}{\partial x{}^{(2)}}" in second.latex


def test_the_checker_names_the_edge():
    v = skip().parents[0]
    report = check_answers(v, {"s": "1"})
    assert report.first_wrong.name == "∂v/∂s"
    assert "∂⁺v/∂s is only the direct link; the paths through q are missing" in str(report)
    assert "counts" not in str(report)


@pytest.mark.parametrize("given", ["12", "0.77", "11"])
def test_the_checker_says_what_the_mark_means(given):
    told = str(check_answers(skip().parents[0], {"s": given, "q": "1"}))
    assert "∂⁺v/∂s = 1: " in told or "hangs on ∂q/∂s and ∂⁺v/∂s" in told
    assert told.count("∂⁺v/∂s counts the direct link alone, ∂v/∂s every way from s to v") == 1
    assert "∂⁺" not in str(check_answers(skip(), {"v": "3"}))


def ways(node, parent):
    """How many ways there are, by recursion."""
    return sum(1 if p is parent else ways(p, parent) for p in node.parents)


@given(graphs(most=6))
def test_every_edge_is_marked_just_where_it_is_not_the_only_way(root):
    named = names(root)
    for step in steps(root):
        edges = Counter(step.node.parents)[step.parent]
        several = ways(step.node, step.parent) > edges
        link = step.text.partition(" with ")[2].partition(" = ")[0].strip()
        plain = f"∂{named[step.node].text}/∂{named[step.parent].text}"
        if edges > 1:
            assert re.fullmatch(re.escape(plain) + "⁽[¹²³⁴]⁾", link)
        else:
            assert link == (plain.replace("∂", "∂⁺", 1) if several else plain)


@given(graphs(most=6))
def test_no_symbol_of_a_chain_stands_for_two_numbers(root):
    """What is not marked is the total derivative, and what is marked is not called so elsewhere."""
    named = names(root)
    for leaf in [node for node in topological_order(root) if node.label is not None]:
        for through in ("nodes", "units"):
            rule = chain(root, leaf, through)
            for link in {link for path in itertools.islice(rule.paths, 50) for link in path.links}:
                plain = f"∂{named[link.node].text}/∂{named[link.parent].text}"
                if link.symbol.text == plain:
                    whole = chain(link.node, link.parent).total
                    assert link.partial == pytest.approx(whole, rel=1e-9, abs=1e-9)


def test_in_latex_and_in_mathml():
    step = steps(skip())[2]
    assert r"\frac{\partial^{+} v}{\partial s}" in step.latex
    plus = "<mfrac><mrow><msup><mo>∂</mo><mo>+</mo></msup><mi>v</mi></mrow><mrow><mo>∂</mo><mi>s</mi></mrow></mfrac>"
    assert plus in step.mathml
    assert plus in chain(skip(), "s").mathml
    assert r"\frac{\partial^{+} v}{\partial s}" in chain(skip(), "s").latex
    ET.fromstring(f"<m>{step.mathml}</m>")


def test_a_long_graph_is_marked_in_time():
    x = Value(0.5, "x")
    y = x
    for _ in range(2000):
        y = (y + y) * 0.5 + x
    begin = time.process_time()
    text = str(steps(y))
    assert text.count("∂⁺") > 10
    assert len(text) < 40_000
    str(chain(y, "x"))
    assert time.process_time() - begin < 5  # a walk from every node to the leaves would take a minute


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex here")
def test_the_marks_compile(tmp_path):
    shown = []
    for label in ("s", "w^{1}_{11}", "ŷ", *HOSTILE):
        root = skip()
        s = root.parents[0].parents[0]
        s.label = label
        shown += [chain(root, s).latex, *(step.latex for step in steps(root)), latex(root, "derivation")]
    page = "\n".join(f"\\[{formula}\\]" for formula in shown)
    head = r"\documentclass{article}\usepackage{amsmath}\begin{document}"
    (tmp_path / "marks.tex").write_text(f"{head}\n{page}\n\\end{{document}}", encoding="utf-8")
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "marks.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout[-2000:]
