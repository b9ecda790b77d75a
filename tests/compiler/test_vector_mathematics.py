"""The compiler's own exp, log, tanh, sin, cos against mpmath, in vector lanes and one by one."""

import math

import pytest

from autograd import compile, cos, exp, log, log1p, sigmoid, sin, softplus, tanh
from autograd.primitives import sigmoid_slope, tanh_slope

from .back_ends import needs_llvm

np = pytest.importorskip("numpy")
mp = pytest.importorskip("mpmath")

pytestmark = needs_llvm
RNG = np.random.default_rng(7)
COUNT = 600


def uniform(low, high, count=COUNT):
    return RNG.uniform(low, high, count)


def decay(x):
    return mp.exp(-abs(x))


EVERYWHERE = [uniform(-1, 1), uniform(-20, 20), uniform(-1e-4, 1e-4)]
TURNS = np.array([math.pi / 2 * k for k in range(-400, 400)])
CASES = {
    "exp": (exp, mp.exp, 2, [*EVERYWHERE, uniform(-745, 709.7)]),
    "log": (
        log,
        mp.log,
        2,
        [uniform(0.5, 2), np.exp(uniform(-700, 700)), 1 + uniform(-1e-6, 1e-6), uniform(0, 1e-309)],
    ),
    "log1p": (log1p, mp.log1p, 2, [uniform(-0.9, 3), uniform(-1e-6, 1e-6), np.exp(uniform(-300, 300))]),
    "sin": (sin, mp.sin, 2, [*EVERYWHERE, uniform(-1e6, 1e6), uniform(-1e15, 1e15), TURNS]),
    "cos": (cos, mp.cos, 2, [*EVERYWHERE, uniform(-1e6, 1e6), uniform(-1e15, 1e15), TURNS]),
    "tanh": (tanh, mp.tanh, 4, EVERYWHERE),
    "sigmoid": (sigmoid, lambda x: 1 / (1 + mp.exp(-x)), 4, [*EVERYWHERE, uniform(-708, 40)]),
    "softplus": (softplus, lambda x: mp.log1p(mp.exp(x)), 4, [*EVERYWHERE, uniform(-700, 700)]),
    "sigmoid_slope": (sigmoid_slope, lambda x: decay(x) / (1 + decay(x)) ** 2, 4, [*EVERYWHERE, uniform(-700, 700)]),
    "tanh_slope": (
        tanh_slope,
        lambda x: 4 * decay(2 * x) / (1 + decay(2 * x)) ** 2,
        4,
        [*EVERYWHERE, uniform(-350, 350)],
    ),
}


@pytest.mark.parametrize("precise", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_units_in_the_last_place(name, precise):
    f, reference, limit, ranges = CASES[name]
    if name == "sigmoid_slope" and not precise:
        limit += 1  # it shares the sigmoid's division, for one more rounding
    compiled = compile(f, 0.5, backend="llvm", precise=precise)
    with mp.workprec(160):
        for x in map(np.ascontiguousarray, ranges):
            for one, result in zip(x.tolist(), compiled.map(x).tolist(), strict=True):
                exact = reference(mp.mpf(one))
                error = abs(mp.mpf(result) - exact) / math.ulp(float(exact))
                assert error <= limit, (name, one, result, float(error))


@pytest.mark.parametrize("units", [1, 3, 4, 7])
@pytest.mark.parametrize("precise", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_units_in_the_last_place_side_by_side(name, precise, units):
    """Row by row, where the same function of several numbers is computed in the lanes of a vector."""
    f, reference, limit, ranges = CASES[name]
    if name == "sigmoid_slope" and not precise:
        limit += 2  # … and 1 + e⁻ˣ is made sooner, for another
    step = compile(lambda carry, row: (carry, [f(x) for x in row]), backend="llvm", precise=precise)
    with mp.workprec(160):
        for x in ranges:
            rows = x[: len(x) // units * units].reshape(-1, units)
            for column, results in zip(rows.T.tolist(), step.scan(0.0, rows)[1], strict=True):
                for one, result in zip(column, results.tolist(), strict=True):
                    exact = reference(mp.mpf(one))
                    error = abs(mp.mpf(result) - exact) / math.ulp(float(exact))
                    assert error <= limit, (name, one, result, float(error))


@pytest.mark.parametrize("lanes", ["one", "few", "many"])
def test_the_relaxed_sigmoid_at_its_ends(lanes):
    ends = [-math.inf, -1e300, -709.5, -708.5, -700.0, 700.0, 708.5, 709.5, 1e300, math.inf, math.nan]
    if lanes == "many":
        results = compile(sigmoid, backend="llvm", precise=False).map(np.array(ends)).tolist()
    else:
        units = {"one": 1, "few": 3}[lanes]
        step = compile(lambda c, x: (c, [sigmoid(x + i) - 0.0 for i in range(units)]), backend="llvm", precise=False)
        results = step.scan(0.0, np.array(ends))[1][0].tolist()
    for x, result in zip(ends, results, strict=True):
        exact = sigmoid(x)
        assert math.isnan(result) if math.isnan(x) else abs(result - exact) <= max(1e-307, 4 * math.ulp(exact)), x


@pytest.mark.parametrize("name", CASES)
def test_lanes_and_single_calls_have_the_same_bits(name):
    f, _, _, ranges = CASES[name]
    compiled = compile(f, 0.5, backend="llvm")
    for x in ranges:
        assert [compiled(one) for one in x.tolist()] == compiled.map(np.ascontiguousarray(x)).tolist()


def test_what_relaxed_mode_gives_up_of_the_sigmoid():
    """Precise, it goes down to the smallest of floats; relaxed, no further than 10⁻³⁰⁸."""
    assert compile(sigmoid, backend="llvm")(-740.0) == sigmoid(-740.0) > 0.0
    assert 0.0 < compile(sigmoid, backend="llvm", precise=False)(-740.0) < 1.3e-308
