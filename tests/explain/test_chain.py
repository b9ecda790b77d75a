"""The chain rule over paths: counted, listed, folded to units, and what it says where there is nothing to say."""

import itertools
import math
import time
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value, chain, check_answers, latex, locate, naive_order, no_grad, nudge, steps, table, total
from tests.explain.graphs import graphs
from tests.explain.hostile import HOSTILE


def all_paths(root, leaf):
    """Every path as its partials, by recursion: nothing of the library's but parents and partials."""
    if root is leaf:
        return [()]
    return [
        (partial, *rest)
        for parent, partial in zip(root.parents, root.partials, strict=True)
        for rest in all_paths(parent, leaf)
    ]


@given(graphs())
def test_paths_are_counted_listed_and_add_up(root):
    found = chain(root, "x1")
    expected = all_paths(root, found.leaf)
    assert found.count == len(expected)
    assert sorted(path.partials for path in found.paths) == sorted(expected)
    root.backward()
    scale = math.fsum(abs(math.prod(p)) for p in expected)
    assert found.total == pytest.approx(found.leaf.grad, rel=1e-12, abs=1e-12 * scale)
    assert math.fsum(p.product for p in found.paths) == pytest.approx(found.total, rel=1e-12, abs=1e-12 * scale)


@given(graphs(), st.data())
def test_folding_keeps_the_sum(root, data):
    from autograd.graph import topological_order

    interior = [node for node in topological_order(root) if node.parents]
    stations = data.draw(st.lists(st.sampled_from(interior), unique=True))
    for through in (stations, "units"):
        folded = chain(root, "x2", through=through)
        plain = chain(root, "x2")
        assert folded.total == plain.total
        scale = math.fsum(abs(p.product) for p in plain.paths)
        assert math.fsum(p.product for p in folded.paths) == pytest.approx(folded.total, rel=1e-9, abs=1e-9 * scale)
        for path in itertools.islice(folded.paths, 20):
            assert set(path.nodes) <= {root, folded.leaf, *(stations if through is stations else ())}
        str(folded)
        ET.fromstring(folded.mathml)


@given(graphs())
def test_a_path_is_found_by_its_number(root):
    paths = chain(root, "x1").paths
    listed = list(paths)
    assert [paths[i].nodes for i in range(len(paths))] == [path.nodes for path in listed]
    assert paths[-1].nodes == listed[-1].nodes
    with pytest.raises(IndexError, match="there are"):
        paths[len(paths)]


def test_paths_that_explode():
    x = Value(1.0, "x")
    y = x
    for _ in range(30):
        y = y + y
    found = chain(y, "x")
    assert found.count == 2**30
    assert found.total == 2.0**30
    assert found.paths[2**29].product == 1.0
    text = str(found)
    assert "1\u202f073\u202f741\u202f824 paths lead from v30 to x, over 31 nodes" in text
    assert "60 steps" in text
    assert len(text) < 5000
    assert chain(y, "x", through="units").count == 1


def test_a_count_beyond_printing():
    x = Value(0.5, "x")
    y = x
    for _ in range(5000):
        y = (y + y) * 0.5
    found = chain(y, "x")
    assert found.count == 2**5000
    assert "about 10^1505 paths" in str(found)


def test_a_long_chain_needs_no_recursion():
    x = Value(0.5, "x")
    y = x
    for _ in range(20_000):
        y = y * 1.0
    found = chain(y, "x")
    assert (found.count, found.total) == (1, 1.0)
    assert len(found.paths[0].nodes) == 20_001
    assert len(str(found)) < 2000


def test_by_itself():
    x = Value(3.0, "x")
    assert (chain(x, x).count, chain(x, x).total) == (1, 1.0)
    assert str(chain(x, x)) == "∂x/∂x = 1"


def test_a_value_the_root_does_not_depend_on():
    x, q = Value(3.0, "x"), Value(4.0, "q")
    with no_grad():
        lost = q * 2
    y = x * lost
    y.label = "y"
    found = chain(y, q)
    assert (found.count, found.total, list(found.paths)) == (0, 0.0, [])
    assert str(found) == (
        "∂y/∂q = 0\ny does not depend on q, so the derivative is 0: q is not in the graph below y: "
        "perhaps it was computed under no_grad, detached, or replaced"
    )
    assert "does not depend" in found._repr_html_()
    with pytest.raises(LookupError, match="q is no label"):
        chain(y, "q")


def test_totals_do_not_read_grad():
    x = Value(3.0, "x")
    y = x * x
    for _ in range(3):
        y.backward()
    assert (x.grad, chain(y, x).total, x.grad) == (18.0, 6.0, 18.0)


def test_parallel_edges_are_told_apart():
    x = Value(3.0, "x")
    y = x * x
    y.label = "y"
    found = chain(y, x)
    assert found.symbols.text == "∂y/∂x⁽¹⁾ + ∂y/∂x⁽²⁾"
    assert found.symbols.latex == r"\frac{\partial y}{\partial x{}^{(1)}} + \frac{\partial y}{\partial x{}^{(2)}}"


def test_a_kink_is_mentioned():
    z = Value(0.0, "z")
    assert "z = 0 sits on a kink of relu: the derivative there is 0 by convention" in str(chain(z.relu(), z))


def test_unit_to_unit_is_one_link():
    model = nn.MLP([4, 3, 2, 1], activation="sigmoid", output="sigmoid", bias=False, seed=3)
    prediction = model([0.5, -1.0, 2.0, 1.0])
    found = chain(prediction, "o11", through="units")
    assert found.count == 2
    link = found.paths[0].links[0]
    z = prediction.parents[0]
    assert link.symbol.text == "∂ŷ/∂o21"
    assert link.partial == pytest.approx(prediction.partials[0] * z.parents[0].data, rel=1e-15)


def test_chosen_stations():
    model = nn.MLP([2, 2, 1], activation="sigmoid", seed=1)
    prediction = model([0.5, -1.0])
    assert chain(prediction, "w1_11", through=["o11"]).symbols.text == "∂ŷ/∂o11 · ∂o11/∂w1_11"
    assert chain(prediction, "w1_11", through=[]).symbols.text == "∂ŷ/∂w1_11"
    with pytest.raises(LookupError, match="o12"):
        chain(prediction, "w1_11", through=["o13"])
    with pytest.raises(ValueError, match='say "nodes", "units"'):
        chain(prediction, "w1_11", through="layers")


VIEWS = [
    lambda root: chain(root, "x"),
    lambda root: check_answers(root, {"x": 1}),
    lambda root: naive_order(root),
    lambda root: nudge(root, "x"),
    latex,
    locate,
    steps,
    table,
]


@pytest.mark.parametrize("view", VIEWS)
def test_a_root_that_is_no_value(view):
    with pytest.raises(TypeError, match="this needs a Value that was computed, not float"):
        view(3.0)
    with pytest.raises(TypeError, match="one at a time"):
        view([Value(1.0), Value(2.0)])


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_labels(label):
    x = Value(2.0, label)
    y = x * x + 1
    found = chain(y, x)
    for text in (str(found), repr(found)):
        assert len(text) < 3000
    ET.fromstring(found.mathml)
    markup = found._repr_html_()
    assert "<script" not in markup
    assert "<img" not in markup
    assert "\\input" not in found.latex
    assert "\\write" not in found.latex
    assert found.latex.count(r"\end{aligned}") == 1


def test_units_of_a_long_sum_without_labels():
    """No recursion: expressions inside a link may be as deep as the graph."""
    x, w = Value(1.0, "x"), Value(0.5, "w")
    y = x
    for i in range(20_000):
        y = y + (w if i % 2 else x)
    found = chain(y, "x", through="units")
    assert (found.count, found.total) == (1, 10_001.0)
    assert str(found) == "∂v20000/∂x = 10001"


def test_time_grows_with_the_graph_and_not_with_its_square():
    """total(x·½, …), products without names: each is taken up once, not searched for."""

    def seconds(n):
        x = Value(2.0, "x")
        root = total([x * 0.5 for _ in range(n)])
        root.label = "y"
        start = time.process_time()
        assert chain(root, "x", through="units").total == n / 2
        assert steps(root)[n - 1].formula.text == "1"
        return time.process_time() - start

    few, many = (min(seconds(n) for _ in range(2)) for n in (1000, 8000))
    assert many < 24 * few  # 8 times, if it grows with n; 64 with n²
