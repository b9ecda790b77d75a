"""What machine code does at once: units side by side, sums in strands, products of several vectors of rows."""

import math

import pytest

from autograd import Value, affine, compile, exp, grad, log, sigmoid, sin, tanh, trace, value_and_grad
from autograd.compiler.balancing import balanced
from autograd.compiler.lowering import lower
from autograd.primitives import add

from .back_ends import needs_llvm

np = pytest.importorskip("numpy")

WIDTH = 9
RNG = np.random.default_rng(3)
WEIGHTS = RNG.uniform(-1, 1, (3, WIDTH)).tolist()


def network(w, x):
    """Three units of each kind, of which the last two see each other's results, and results of every sort."""
    first = [tanh(affine(row, x)) for row in w]
    second = [sigmoid(affine(row[:3], first)) for row in w]
    third = [exp(-y) * sin(z) for y, z in zip(second, first, strict=True)]
    return sum(third) + second[0] * second[1]


BOTH = value_and_grad(network, argnums=0)


def everything(w, x):
    """The gradient; a result twice, a square, one of its factors, an input and a constant."""
    value, slopes = BOTH(w, x)
    return [value, value, slopes, value * value, x[0], x[1] * x[2], x[2], 2.5]


def numbers(tree):
    return [y for x in tree for y in numbers(x)] if isinstance(tree, (list, tuple)) else [float(tree)]


@pytest.fixture
def long_programs(monkeypatch):
    """Every program is a long one, so that those of the tests may be short."""
    kernels = pytest.importorskip("autograd.compiler.llvm.kernels")
    monkeypatch.setattr(kernels, "LONG", 4)


@needs_llvm
@pytest.mark.usefixtures("long_programs")
@pytest.mark.parametrize("precise", [True, False])
def test_long_sums_are_sums_whatever_the_results_and_the_number_of_rows(precise):
    compiled = compile(everything, backend="llvm", precise=precise)
    rows = RNG.uniform(-1, 1, (150, WIDTH))
    each = np.array([numbers(everything(WEIGHTS, row.tolist())) for row in rows])
    for count in [1, 7, 8, 9, 63, 64, 65, 72, 128, 150]:
        assert np.allclose(numbers(compiled.sum(WEIGHTS, rows[:count])), each[:count].sum(0), rtol=1e-12, atol=1e-13)
    order = [149, 3, 3, *range(70), 20]
    assert np.allclose(numbers(compiled.sum(WEIGHTS, rows, order=order)), each[order].sum(0), rtol=1e-12, atol=1e-13)
    bound = compiled.summed_over(WEIGHTS, rows)
    assert numbers(bound(WEIGHTS)) == numbers(bound(WEIGHTS)) == numbers(compiled.sum(WEIGHTS, rows))


@needs_llvm
@pytest.mark.usefixtures("long_programs")
def test_a_number_that_is_not_finite_does_not_outlive_its_call():
    """The factors of earlier rows are still in memory when the next call has fewer rows."""
    compiled = compile(lambda a, x: [a * x, x * x, x], backend="llvm", precise=False)
    rows = np.ones(64)
    total = compiled.summed_over(1.0, rows)
    rows[5] = math.inf
    assert total(1.0) == [math.inf, math.inf, math.inf]
    rows[5] = 1.0
    assert total(2.0) == [128.0, 64.0, 64.0]
    assert compiled.sum(3.0, rows[:3]) == [9.0, 3.0, 3.0]


@needs_llvm
@pytest.mark.parametrize("precise", [True, False])
@pytest.mark.parametrize("units", [2, 3, 4, 5, 8, 11])
def test_units_side_by_side_compute_what_each_computes_alone(units, precise):
    """Carried from row to row, so one row at a time."""
    functions = [exp, tanh, sigmoid, sin, lambda x: log(2.0 + x), grad(sigmoid), grad(tanh)]
    for f in functions:
        one = compile(lambda c, x, f=f: (c, f(x)), backend="llvm", precise=precise)
        several = compile(lambda c, row, f=f: (c, [f(x) for x in row]), backend="llvm", precise=precise)
        rows = RNG.uniform(-1, 1, (20, units))
        columns = several.scan(0.0, rows)[1]
        for k in range(units):
            alone = one.scan(0.0, rows[:, k].copy())[1]
            exact = [f(x) for x in rows[:, k].tolist()]
            assert np.allclose(columns[k], exact, rtol=2e-15, atol=0)
            assert not precise or columns[k].tolist() == alone.tolist()


@needs_llvm
@pytest.mark.parametrize("precise", [True, False])
@pytest.mark.parametrize("method", ["scan", "map", "sum"])
def test_one_unit_outside_its_domain_is_found_among_its_neighbours(method, precise):
    def f(carry, row):
        return carry, sum(log(x) for x in row)

    def alone(row):
        return sum(log(x) for x in row)

    rows = RNG.uniform(1, 2, (21, 5))
    for unit in range(5):
        bad = rows.copy()
        bad[13, unit] = -1.0
        call = {
            "scan": lambda: compile(f, backend="llvm", precise=precise).scan(0.0, bad),  # noqa: B023
            "map": lambda: compile(alone, backend="llvm", precise=precise).map(bad),  # noqa: B023
            "sum": lambda: compile(alone, backend="llvm", precise=precise).sum(bad),  # noqa: B023
        }[method]
        with pytest.raises(ValueError, match=rf"log\(row_{unit}=-1"):
            call()


# ---- Strands ---------------------------------------------------------------------------------------------


def written_out(f, *example):
    return lower(trace(f, *example), lambda op: op.expand is None)


@pytest.mark.parametrize("terms", [1, 2, 7, 8, 9, 13, 40])
def test_long_sums_in_strands_have_the_same_terms(terms):
    program = written_out(lambda w, x: affine(w, x, 1.0), [1.0] * terms, [1.0] * terms)
    strands = balanced(program)
    # Whole numbers add up exactly in any order, and powers of four tell every term from every other.
    w, x = [4.0 ** (i % 20) for i in range(terms)], [1.0 + i // 20 for i in range(terms)]
    assert strands(w, x) == program(w, x) == 1.0 + sum(a * b for a, b in zip(w, x, strict=True))
    assert len(strands.instructions) == len(program.instructions)
    if terms < 7:
        assert strands is program
    elif terms > 8:
        assert strands.statistics.depth < program.statistics.depth


def additions(program):
    return sum(line.op is add for line in program.instructions)


def test_a_partial_sum_that_something_else_wants_stays():
    def f(x):
        some = sum(x[:9])
        return some * sum(x[9:], some), some

    program = written_out(f, [1.0] * 20)
    x = [float(3**i) for i in range(20)]
    assert balanced(program)(x) == program(x) == f(x)
    assert additions(balanced(program)) == additions(program)


def test_products_are_written_with_the_sum_that_wants_them():
    program = balanced(written_out(lambda w, x: affine(w, x), [1.0] * 12, [1.0] * 12))
    kinds = [line.op.name for line in program.instructions]
    assert kinds[:4] == ["mul"] * 4 or "add" in kinds[4:7]


def test_captured_leaves_and_constants_keep_their_places():
    w = [Value(0.5 * i) for i in range(10)]
    program = written_out(lambda x: affine(w, [x + i for i in range(10)], 3.0), 1.0)
    assert balanced(program)(2.0) == program(2.0)
