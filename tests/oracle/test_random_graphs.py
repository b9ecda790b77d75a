"""Random graphs over all primitives: the library against independent references; and the references checked."""

import math
import operator
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value, primitive
from autograd.primitives import PRIMITIVES
from tests.oracle import __main__ as command
from tests.oracle import complex_step, engine, naive, precise
from tests.oracle.compare import Reference
from tests.oracle.contest import CONTENDERS, contest
from tests.oracle.graphs import OPERATIONS, Graph, Step, grow

BY_NAME = {contender.name: contender for contender in CONTENDERS}


def test_every_primitive_is_grown_and_every_table_is_complete():
    spelled = {name.removeprefix("in-place ") for name in OPERATIONS} - {"softmax"}
    assert spelled == PRIMITIVES.keys()
    assert OPERATIONS.keys() == naive.RULES.keys() == complex_step.FUNCTIONS.keys() == engine.ALGEBRA.keys()
    assert precise.ALGEBRA.keys() >= OPERATIONS.keys()
    grown = contest(range(1500), contenders=[]).operations
    assert grown.keys() == OPERATIONS.keys()


SMALL = {"backward": 1000, "transforms": 1000, "complex step": 1000, "PyTorch": 150, "mpmath": 60, "SymPy": 40}
SMALL |= {"JAX": 6, "compiled, Python": 40, "compiled, LLVM": 8}


@pytest.mark.parametrize("name", BY_NAME)
def test_everyone_agrees(name):
    contender, graphs = BY_NAME[name], SMALL[name]
    if not contender.present:
        pytest.skip(f"{name} is an optional oracle: pip install {contender.needs}")
    step = contender.every
    result = contest(range(0, graphs * step, step), contenders=[contender])
    assert result.asked[name] == graphs
    assert not result.disagreements, result.disagreements[0]
    well = sum(n for digits, n in result.digits.items() if digits >= 10)
    assert well >= 0.9 * graphs  # the comparison means something: ten digits and more in nine graphs of ten


@settings(max_examples=150)
@given(st.randoms(use_true_random=False))
def test_graphs_that_hypothesis_grows(draw):
    """The same, with Hypothesis choosing, which shrinks a failure to its core."""
    graph = grow(draw, steps=8)
    reference = Reference.of(graph)
    for name in ("backward", "transforms"):
        assert not (problem := reference.disagreement(name, BY_NAME[name].make()(graph, graph.inputs))), problem


# ---- The referees are checked --------------------------------------------------------------------------


@pytest.mark.parametrize("relative", [1e-3, 5e-4, 1e-9])
@pytest.mark.parametrize("name", ["sin", "softplus", "div"])
def test_a_rule_slightly_wrong_is_found(name, relative, monkeypatch):
    op = PRIMITIVES[name]

    def rule(*v):
        first, *rest = op.partials(*v)
        return (first * (1 + relative), *rest)

    wrong = primitive(name, op.forward, (lambda x, z: rule(x, z)) if op.arity == 1 else (lambda x, y, z: rule(x, y, z)))
    monkeypatch.setitem(engine.ALGEBRA, name, wrong)
    for contender in ("backward", "transforms"):
        result = contest(range(400), contenders=[BY_NAME[contender]])
        affected = sum(f" {name}(" in d or f"= {name}(" in d for d in result.disagreements)
        assert affected == len(result.disagreements) >= 3


def test_a_lost_edge_is_found(monkeypatch):
    monkeypatch.setitem(engine.ALGEBRA, "mul", lambda x, y: x * (y.detach() if isinstance(y, Value) and x is y else y))
    assert contest(range(2000), contenders=[BY_NAME["backward"]]).disagreements


def test_the_naive_engine_on_an_example_worked_by_hand():
    # f = x y + x², at (3, 4): value 21, gradient (y + 2x, x), Hessian ((2, 1), (1, 0))
    graph = Graph((3.0, 4.0), (Step("mul", (0, 1)), Step("mul", (0, 0)), Step("add", (2, 3))))
    assert naive.everything(graph, graph.inputs) == pytest.approx([21, 10, 3, 2, 1, 1, 0])
    assert precise.everything(graph, graph.inputs) == [21, 10, 3, 2, 1, 1, 0]
    assert complex_step.gradient(graph, graph.inputs) == pytest.approx([10, 3])


def test_the_naive_rules_are_the_derivatives_of_the_naive_functions():
    """The two tables check each other: each rule by complex steps of the function, no library in sight."""
    draw = random.Random(5)
    for name, arity in OPERATIONS.items():
        checked = 0
        for _ in range(300):
            operands = [draw.uniform(-2, 2) for _ in range(arity or 4)]
            graph = Graph(tuple(operands), (Step(name, tuple(range(len(operands)))),))
            try:
                value, rule = naive.gradient(graph, list(map(complex, operands)), naive.Algebra())
                steps = complex_step.gradient(graph, operands)
            except (ValueError, ArithmeticError):
                continue
            if abs(complex(value).imag) < 1e-9 and all(abs(complex(d).imag) < 1e-9 for d in rule):
                assert [complex(d).real for d in rule] == pytest.approx(steps, rel=1e-10, abs=1e-12), (name, operands)
                checked += 1
        assert checked > 20, name


def test_the_command_reports_and_judges(capsys):
    assert command.main(["--graphs", "40", "--jobs", "1"]) == 0
    report = capsys.readouterr().out
    assert report.startswith("40 graphs, ")
    assert "backward               40 graphs, 0 disagreements" in report
    with pytest.raises(SystemExit):
        command.main(["--graphs", "0"])


def test_in_place_operators_leave_the_operand_alone():
    for apply in (operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow):
        x = Value(3.0)
        y = apply(x, 2.0)
        assert x.data == 3.0
        assert y is not x
    assert math.isfinite(y.data)
