"""Every chain of the five lectures: its numbers, its symbols (by SymPy) and its one printed form."""

import math

import pytest

import nn
from autograd import Value, affine, chain, find, sigmoid, softmax, steps
from tests.explain.reading import read, same


def labelled(value, label):
    value.label = label
    return value


def values(**numbers):
    return {name: Value(x, name) for name, x in numbers.items()}


# ---- The networks, by hand, with the lectures' names ------------------------------------------------------


def two_two_one(hidden):
    """Lectures 1 and 2: a 2-2-1 network, linear or sigmoid in the middle, (ŷ − y)²."""
    v = values(
        x1=1.5, x2=-0.5, y=2.0, w1_11=0.3, w1_21=-0.2, b11=0.1, w1_12=0.5, w1_22=0.4, b12=-0.3, w2_11=0.7, w2_21=-0.6,
        b21=0.2,
    )  # fmt: skip
    o = []
    for j in "12":
        z = affine([v[f"w1_1{j}"], v[f"w1_2{j}"]], [v["x1"], v["x2"]], v[f"b1{j}"])
        o.append(labelled(hidden(labelled(z, f"z1{j}")) if hidden else z, f"o1{j}"))
    prediction = labelled(affine([v["w2_11"], v["w2_21"]], o, v["b21"]), "ŷ")
    return labelled(nn.squared_error(prediction, v["y"]), "L")


def two_two_one_with_operators():
    """Lecture 2's network with * and +, one node an operator."""
    v = values(
        x1=1.5, x2=-0.5, y=2.0, w1_11=0.3, w1_21=-0.2, b11=0.1, w1_12=0.5, w1_22=0.4, b12=-0.3, w2_11=0.7, w2_21=-0.6,
        b21=0.2,
    )  # fmt: skip
    o = []
    for j in "12":
        z = labelled(v[f"w1_1{j}"] * v["x1"] + v[f"w1_2{j}"] * v["x2"] + v[f"b1{j}"], f"z1{j}")
        o.append(labelled(z.sigmoid(), f"o1{j}"))
    prediction = labelled(v["w2_11"] * o[0] + v["w2_21"] * o[1] + v["b21"], "ŷ")
    return labelled((prediction - v["y"]) ** 2, "L")


def one_neuron():
    """Lecture 3: z = w·x + b, a = σ(z), cross-entropy."""
    v = values(x=2.0, w=0.4, b=-0.1, y=1.0)
    a = labelled(sigmoid(labelled(affine([v["w"]], [v["x"]], v["b"]), "z")), "a")
    return labelled(nn.binary_cross_entropy(a, v["y"]), "J")


def one_neuron_from_logits():
    v = values(x=2.0, w=0.4, b=-0.1, y=1.0)
    z = labelled(affine([v["w"]], [v["x"]], v["b"]), "z")
    return labelled(nn.binary_cross_entropy_with_logits(z, v["y"]), "J")


def by_hand():
    """Lecture 4: 2-1-1, linear, (ŷ − y)²/2."""
    v = values(x1=5.0, x2=3.0, w1=0.4, w2=0.6, w3=0.5, y=8.0)
    h = labelled(affine([v["w1"], v["w2"]], [v["x1"], v["x2"]]), "h1")
    return labelled(nn.half_squared_error(labelled(affine([v["w3"]], [h]), "ŷ"), v["y"]), "e")


def by_hand_with_operators():
    """The same with * and +, one node an operator, as the README has it."""
    v = values(x1=5.0, x2=3.0, w1=0.4, w2=0.6, w3=0.5, y=8.0)
    h = labelled(v["x1"] * v["w1"] + v["x2"] * v["w2"], "h1")
    return labelled(nn.half_squared_error(labelled(h * v["w3"], "ŷ"), v["y"]), "e")


def regression():
    """Lecture 4: e = ((mx + b) − y)²."""
    v = values(m=0.5, x=2.0, b=1.0, y=3.0)
    return labelled(nn.squared_error(labelled(affine([v["m"]], [v["x"]], v["b"]), "ŷ"), v["y"]), "e")


def four_three_two_one():
    """Lecture 5: 4-3-2-1 with 20 weights."""
    model = nn.MLP([4, 3, 2, 1], activation="sigmoid", output="sigmoid", bias=False, seed=3)
    return labelled(nn.squared_error(model([0.5, -1.0, 2.0, 1.0]), Value(0.3, "y")), "L")


def below(graph, name):
    """A part of a lecture's graph: chains may begin at any value."""
    return lambda: find(graph(), name)


def slope(f):
    """Lectures 1, 3 and 4: a derivative as a slope, of a formula in x (and y)."""
    return lambda: labelled(f(Value(3.0, "x"), Value(2.0, "y")), "f")


def expanded():
    """Lecture 4 without the chain rule: e = ((x1 w1 w3 + x2 w2 w3)² + y² − 2y(x1 w1 w3 + x2 w2 w3))/2."""
    v = values(x1=5.0, x2=3.0, w1=0.4, w2=0.6, w3=0.5, y=8.0)
    p = v["x1"] * v["w1"] * v["w3"] + v["x2"] * v["w2"] * v["w3"]
    return labelled((p**2 + v["y"] ** 2 - 2 * v["y"] * p) / 2, "e")


def regression_over_n():
    """Lecture 4: e = ((mx + b) − y)²/n."""
    return labelled(regression() / Value(4.0, "n"), "E")


PREDICTION = "(x1·w1·w3 + x2·w2·w3)"  # lecture 4's, expanded
O31 = "ŷ(1 − ŷ)"  # the derivative of the last unit, whose output is called ŷ
CASES = [
    # graph, by, through, ∂/∂ in names, in formulas, the lecture's formula
    (slope(lambda x, y: x**2), "x", "units", "∂f/∂x", "2·x", "2·x"),
    (slope(lambda x, y: x**2 + x), "x", "units", "∂f/∂x", "2·x + 1", "2·x + 1"),
    (slope(lambda x, y: x**2 + 2 * x), "x", "units", "∂f/∂x", "2·x + 2", "2·x + 2"),
    (slope(lambda x, y: x**2 + y**2), "x", "units", "∂f/∂x", "2·x", "2·x"),
    (slope(lambda x, y: x**2 + y**2), "y", "units", "∂f/∂y", "2·y", "2·y"),
    (slope(lambda x, y: (x - 2) ** 2), "x", "units", "∂f/∂x", "2(x − 2)", "2(x − 2)"),
    (slope(lambda x, y: x**4), "x", "units", "∂f/∂x", "4·x³", "4·x³"),
    (slope(lambda x, y: x.log()), "x", "units", "∂f/∂x", "1/x", "1/x"),
    (slope(lambda x, y: 1 / x), "x", "units", "∂f/∂x", "−1/x²", "−1/x²"),
    (slope(lambda x, y: x.sigmoid()), "x", "units", "∂f/∂x", "f(1 − f)", "f(1 − f)"),
    (
        slope(lambda x, y: 1 / (1 + (-x).exp())), "x", "units", "∂f/∂x",
        "1/(1 + exp(−x))²·exp(−x)", "exp(−x)/(1 + exp(−x))²",
    ),
    (lambda: two_two_one(None), "ŷ", "units", "∂L/∂ŷ", "2(ŷ − y)", "−2(y − ŷ)"),
    (lambda: two_two_one(None), "o11", "units", "∂L/∂ŷ · ∂ŷ/∂o11", "2(ŷ − y) · w2_11", "−2(y − ŷ)·w2_11"),
    (below(lambda: two_two_one(sigmoid), "o11"), "z11", "nodes", "∂o11/∂z11", "o11(1 − o11)", "o11(1 − o11)"),
    (below(one_neuron, "a"), "z", "nodes", "∂a/∂z", "a(1 − a)", "a(1 − a)"),
    (below(one_neuron, "z"), "w", "nodes", "∂z/∂w", "x", "x"),
    (below(one_neuron, "z"), "b", "nodes", "∂z/∂b", "1", "1"),
    (one_neuron_from_logits, "z", "nodes", "∂J/∂z", "σ(z) − y", "σ(z) − y"),
    (by_hand, "ŷ", "nodes", "∂e/∂ŷ", "ŷ − y", "ŷ − y"),
    (by_hand, "h1", "nodes", "∂e/∂ŷ · ∂ŷ/∂h1", "(ŷ − y) · w3", "(ŷ − y)·w3"),
    (below(by_hand, "ŷ"), "w3", "nodes", "∂ŷ/∂w3", "h1", "h1"),
    (below(by_hand, "ŷ"), "h1", "nodes", "∂ŷ/∂h1", "w3", "w3"),
    (below(by_hand, "h1"), "w1", "nodes", "∂h1/∂w1", "x1", "x1"),
    (below(by_hand, "h1"), "w2", "nodes", "∂h1/∂w2", "x2", "x2"),
    *[
        (
            expanded, f"w{i}", "units", f"∂e/∂w{i}",
            f"1/2·2{PREDICTION}·w3·x{i} − 1/2·2·y·w3·x{i}", f"({PREDICTION} − y)·w3·x{i}",
        )
        for i in "12"
    ],
    (
        expanded, "w3", "units", "∂e/∂w3",
        f"1/2·2{PREDICTION}·x1·w1 + 1/2·2{PREDICTION}·x2·w2 − 1/2·2·y·x1·w1 − 1/2·2·y·x2·w2",
        f"({PREDICTION} − y)(x1·w1 + x2·w2)",
    ),
    (regression_over_n, "m", "units", "∂E/∂e · ∂e/∂ŷ · ∂ŷ/∂m", "1/n · 2(ŷ − y) · x", "2(ŷ − y)·x/n"),
    (regression_over_n, "b", "units", "∂E/∂e · ∂e/∂ŷ · ∂ŷ/∂b", "1/n · 2(ŷ − y) · 1", "2(ŷ − y)/n"),
    (lambda: two_two_one(None), "w2_11", "units", "∂L/∂ŷ · ∂ŷ/∂w2_11", "2(ŷ − y) · o11", "−2(y − ŷ)·o11"),
    (lambda: two_two_one(None), "w2_21", "units", "∂L/∂ŷ · ∂ŷ/∂w2_21", "2(ŷ − y) · o12", "−2(y − ŷ)·o12"),
    (lambda: two_two_one(None), "b21", "units", "∂L/∂ŷ · ∂ŷ/∂b21", "2(ŷ − y) · 1", "−2(y − ŷ)"),
    *[
        (
            lambda: two_two_one(None),
            f"{p}1{i}{j}" if p == "b" else f"w1_{i}{j}",
            "units",
            f"∂L/∂ŷ · ∂ŷ/∂o1{j} · ∂o1{j}/∂{leaf}",
            f"2(ŷ − y) · w2_{j}1 · {last}",
            f"−2(y − ŷ)·w2_{j}1·{last}",
        )
        for j in "12"
        for p, i, leaf, last in (("w", "1", f"w1_1{j}", "x1"), ("w", "2", f"w1_2{j}", "x2"), ("b", "", f"b1{j}", "1"))
    ],
    (lambda: two_two_one(sigmoid), "ŷ", "units", "∂L/∂ŷ", "2(ŷ − y)", "2(ŷ − y)"),
    (lambda: two_two_one(sigmoid), "w2_11", "units", "∂L/∂ŷ · ∂ŷ/∂w2_11", "2(ŷ − y) · o11", "2(ŷ − y)·o11"),
    (lambda: two_two_one(sigmoid), "w2_21", "units", "∂L/∂ŷ · ∂ŷ/∂w2_21", "2(ŷ − y) · o12", "2(ŷ − y)·o12"),
    (lambda: two_two_one(sigmoid), "b21", "units", "∂L/∂ŷ · ∂ŷ/∂b21", "2(ŷ − y) · 1", "2(ŷ − y)"),
    (lambda: two_two_one(sigmoid), "o11", "units", "∂L/∂ŷ · ∂ŷ/∂o11", "2(ŷ − y) · w2_11", "2(ŷ − y)·w2_11"),
    (lambda: two_two_one(sigmoid), "o12", "units", "∂L/∂ŷ · ∂ŷ/∂o12", "2(ŷ − y) · w2_21", "2(ŷ − y)·w2_21"),
    *[
        (
            lambda: two_two_one(sigmoid),
            leaf,
            "units",
            f"∂L/∂ŷ · ∂ŷ/∂o1{j} · ∂o1{j}/∂{leaf}",
            f"2(ŷ − y) · w2_{j}1 · o1{j}(1 − o1{j}){last}",
            f"2(ŷ − y)·w2_{j}1·o1{j}·(1 − o1{j}){last}",
        )
        for j in "12"
        for leaf, last in ((f"w1_1{j}", "·x1"), (f"w1_2{j}", "·x2"), (f"b1{j}", ""))
    ],
    (one_neuron, "a", "nodes", "∂J/∂a", "(a − y)/(a(1 − a))", "−y/a + (1 − y)/(1 − a)"),
    (one_neuron, "z", "nodes", "∂J/∂a · ∂a/∂z", "(a − y)/(a(1 − a)) · a(1 − a)", "a − y"),
    (one_neuron, "w", "nodes", "∂J/∂a · ∂a/∂z · ∂z/∂w", "(a − y)/(a(1 − a)) · a(1 − a) · x", "(a − y)·x"),
    (one_neuron, "b", "nodes", "∂J/∂a · ∂a/∂z · ∂z/∂b", "(a − y)/(a(1 − a)) · a(1 − a) · 1", "a − y"),
    (one_neuron_from_logits, "w", "nodes", "∂J/∂z · ∂z/∂w", "(σ(z) − y) · x", "(σ(z) − y)·x"),
    (by_hand, "w3", "nodes", "∂e/∂ŷ · ∂ŷ/∂w3", "(ŷ − y) · h1", "(ŷ − y)·h1"),
    (by_hand, "w1", "nodes", "∂e/∂ŷ · ∂ŷ/∂h1 · ∂h1/∂w1", "(ŷ − y) · w3 · x1", "(ŷ − y)·w3·x1"),
    (by_hand, "w2", "nodes", "∂e/∂ŷ · ∂ŷ/∂h1 · ∂h1/∂w2", "(ŷ − y) · w3 · x2", "(ŷ − y)·w3·x2"),
    (regression, "m", "nodes", "∂e/∂ŷ · ∂ŷ/∂m", "2(ŷ − y) · x", "2(ŷ − y)·x"),
    (regression, "b", "nodes", "∂e/∂ŷ · ∂ŷ/∂b", "2(ŷ − y) · 1", "2(ŷ − y)"),
    *[
        (
            four_three_two_one,
            f"w3_{i}1",
            "units",
            f"∂L/∂ŷ · ∂ŷ/∂w3_{i}1",
            f"2(ŷ − y) · {O31}·o2{i}",
            f"2(ŷ − y)·{O31}·o2{i}",
        )
        for i in "12"
    ],
    *[
        (
            four_three_two_one,
            f"w2_{i}{j}",
            "units",
            f"∂L/∂ŷ · ∂ŷ/∂o2{j} · ∂o2{j}/∂w2_{i}{j}",
            f"2(ŷ − y) · {O31}·w3_{j}1 · o2{j}(1 − o2{j})·o1{i}",
            f"2(ŷ − y)·{O31}·w3_{j}1·o2{j}·(1 − o2{j})·o1{i}",
        )
        for i in "123"
        for j in "12"
    ],
    *[
        (
            four_three_two_one,
            f"w1_{i}{j}",
            "units",
            f"∂L/∂ŷ · (∂ŷ/∂o21 · ∂o21/∂o1{j} · ∂o1{j}/∂w1_{i}{j} + ∂ŷ/∂o22 · ∂o22/∂o1{j} · ∂o1{j}/∂w1_{i}{j})",
            "2(ŷ − y) · ("
            + " + ".join(
                f"{O31}·w3_{k}1 · o2{k}(1 − o2{k})·w2_{j}{k} · o1{j}(1 − o1{j})·x{i}" for k in "12"
            )
            + ")",
            f"2(ŷ − y)·{O31}·(w3_11·o21·(1 − o21)·w2_{j}1 + w3_21·o22·(1 − o22)·w2_{j}2)·o1{j}·(1 − o1{j})·x{i}",
        )
        for i in "1234"
        for j in "123"
    ],
]  # fmt: skip


def _id(part):
    """The same in every process, as pytest-xdist needs: a function's text holds its address."""
    return part.__name__ if callable(part) else part[:30]


@pytest.mark.parametrize(("graph", "by", "through", "symbols", "formulas", "lecture"), CASES, ids=_id)
def test_chain(graph, by, through, symbols, formulas, lecture):
    root = graph()
    found = chain(root, by, through)
    assert found.symbols.text == symbols
    assert found.local_formulas.text == formulas
    assert same(found.local_formulas.text, lecture)
    numbers = {name.text: node.data for node, name in found.names.items()}
    assert found.total == pytest.approx(float(read(lecture).subs(numbers)), rel=1e-12)
    root.backward()
    assert found.total == pytest.approx(found.leaf.grad, rel=1e-14)
    assert math.fsum(path.product for path in found.paths) == pytest.approx(found.total, rel=1e-12)
    left = f"∂{root.label}/∂{by}"
    assert str(found).splitlines()[0] == f"{left} = {formulas if symbols == left else symbols}"


def test_lecture_4_in_full():
    assert str(chain(by_hand(), "w1")).splitlines() == [
        "∂e/∂w1 = ∂e/∂ŷ · ∂ŷ/∂h1 · ∂h1/∂w1",
        "       = (ŷ − y) · w3 · x1",
        "       = −6.1 · 0.5 · 5",
        "       = −15.25",
        "where",
        "  ∂e/∂ŷ = ŷ − y = −6.1",
        "  ∂ŷ/∂h1 = w3 = 0.5",
        "  ∂h1/∂w1 = x1 = 5",
    ]


def test_lecture_4_in_latex():
    rows = chain(by_hand(), "w1").latex
    assert r"\frac{\partial e}{\partial \hat{y}} \cdot \frac{\partial \hat{y}}{\partial h_{1}}" in rows
    assert r"&= (\hat{y} - y) \cdot w_{3} \cdot x_{1}" in rows


@pytest.mark.parametrize(("name", "value"), [("e", 18.605), ("ŷ", 1.9), ("h1", 3.8)], ids=lambda v: str(v))
def test_lecture_4_steps(name, value):
    (arrived,) = {step.node.data for step in steps(by_hand()) if step.node.label == name}
    assert arrived == pytest.approx(value, rel=1e-15)


def test_the_rule_behind_branching_paths():
    """x → f, g → h(f, g) → k: ∂k/∂x = ∂k/∂h · (∂h/∂f · ∂f/∂x + ∂h/∂g · ∂g/∂x)."""
    x = Value(0.7, "x")
    f, g = labelled(x.sin(), "f"), labelled(x.exp(), "g")
    k = labelled(labelled(f * g, "h").tanh(), "k")
    assert chain(k, "x").symbols.text == "∂k/∂h · (∂h/∂f · ∂f/∂x + ∂h/∂g · ∂g/∂x)"


def test_softmax_with_cross_entropy():
    """Lecture 3, many classes: ∂a_i/∂z_i = a_i(1 − a_i), ∂a_i/∂z_j = −a_i a_j; from the scores, a_i − y_i."""
    scores = [Value(x, f"z{i}") for i, x in enumerate((0.5, -1.0, 2.0), 1)]
    first = labelled(softmax(scores)[0], "a1")
    assert chain(first, "z1").local_formulas.text == "a1(1 − a1)"
    assert chain(first, "z2").local_formulas.text == "−a1·softmax2(z1, z2, z3)"
    loss = labelled(nn.cross_entropy(scores, [1.0, 0.0, 0.0]), "J")
    assert chain(loss, "z1").local_formulas.text == "softmax1(z1, z2, z3) − y1"
    assert same("−a1·softmax2(z1, z2, z3)", "−a1·exp(z2)/(exp(z1) + exp(z2) + exp(z3))")
    a = [math.exp(z.data) / math.fsum(math.exp(v.data) for v in scores) for z in scores]
    assert chain(first, "z1").total == pytest.approx(a[0] * (1 - a[0]), rel=1e-14)
    assert chain(first, "z2").total == pytest.approx(-a[0] * a[1], rel=1e-14)
    assert chain(loss, "z1").total == pytest.approx(a[0] - 1, rel=1e-14)
