"""Every primitive against mpmath: values, first and second derivatives, over the whole domain.

**The bound.**  A derivative g at a point is well conditioned if relative errors of the operands are not
magnified: κ = Σ |xᵢ · ∂g/∂xᵢ| / |g|, which mpmath computes as well, is not large.  The bound on the relative
error is 1e-14 wherever κ ≤ 22.  Where κ is larger, rounding the operands by half a unit in the last place
moves the answer itself by κ · 1.1e-16; an algorithm that does no worse than four such roundings,
κ · 4.5e-16, is as good as can be asked.  So the bound is max(1e-14, κ · 4.5e-16).

**The ends of the range.**  A subnormal number has fewer digits than 1e-14 needs: there the bound is four
times the smallest float; a derivative of something subnormal inherits its few digits.  Beyond a
quarter of the largest float an answer may overflow on the way; it then has to be an infinity or an error,
never a wrong number.  (A pair of operands stays within that quarter, too.)
"""

import math
import random
import sys

import pytest
from mpmath import mp, mpf

from autograd import Primitive, Value, grad, jacobian
from autograd.primitives import PRIMITIVES, exponential, leaky, pow_log, power, softmax_at
from tests.oracle import precise

LARGEST, SMALLEST_NORMAL, SMALLEST = sys.float_info.max, sys.float_info.min, 5e-324

_draw = random.Random(2024)

# Tiny, ordinary and huge; around 1 and the multiples of π/2; around where exp, cosh, tanh … saturate.
MAGNITUDES = sorted(
    {0.0, SMALLEST, 2.3e-308, 1e-200, 1e-154, 1e-30, 1.1e-16, 2.3e-16, 1e-12, 1.5e-8, 1e-5}
    | {1e-3, 0.1, 0.3, 0.5, 0.7, 0.99, 1 - 1e-6, 1 - 1e-10, 1 - 2.0**-53, 1.0, 1 + 2.0**-52, 1 + 1e-10, 1 + 1e-6, 1.001}
    | {1.1, math.pi / 2, 2.0, 3.0, math.pi, 4.0, 6.0, 3 * math.pi, 8.0, 15.0, 18.5, 19.06, 26.0, 36.0, 37.5, 50.0}
    | {300.0, 354.0, 372.0, 700.0, 709.7, 710.4, 744.0, 1e3, 1e5, 1e8, 1e16, 1e22, 1e100, 1.3e154, 1.4e154}
    | {1e200, 1.7e308}
    | {10 ** _draw.uniform(-308, 308) for _ in range(3)}
    | {10 ** _draw.uniform(-2, 2) for _ in range(5)}
)
COARSE = [0.0, 1e-300, 1e-160, 1e-154, 1e-20, 1e-8, 0.1, 0.7, 1.0, 1 + 1e-10, 2.0, 2.5, 3.0, 10.0, 40.0, 300.0, 1e8]
COARSE += [1e100, 1.3e154, 1e200, LARGEST / 4]


def points(op: Primitive, arity: int) -> list[tuple[float, ...]]:
    draw = random.Random(arity)
    if op.arity is None:  # apart from each other: where p₁ = p₂, derivatives of a softmax are differences of equals
        return [tuple(draw.uniform(-width, width) for _ in range(arity)) for width in (1, 4, 30, 300) for _ in range(3)]
    if arity == 1:
        return [(s * x,) for x in MAGNITUDES for s in ((1.0, -1.0) if x else (1.0,))]
    signed = [s * x for x in COARSE for s in ((1.0, -1.0) if x else (1.0,))]
    ordinary = [tuple(draw.uniform(-4, 4) for _ in range(arity)) for _ in range(20)]
    return [tuple(draw.choice(signed) for _ in range(arity)) for _ in range(80)] + ordinary


# primitive, definition, number of operands
CASES = [(op, precise.DEFINITIONS[name], op.arity) for name, op in PRIMITIVES.items() if op.arity is not None]
CASES += [
    (power(n), precise.power(n), 1)
    for n in (0, 1, 2, 3, 7, -1, -2, 0.5, 1.5, -0.5, 0.1, 1 / 3, -0.3, -7.3, 1e-8, 2.7, 100, -31)
]
CASES += [(exponential(b), precise.exponential(b), 1) for b in (2, 10, 0.5, 1, 1e-300, 1.0001, 1e200)]
CASES += [(pow_log(k), lambda x, y, k=k: x**y * mp.log(x) ** k if x else 0**y, 2) for k in (1, 2, 3)]
CASES += [(leaky(a), lambda x, a=a: x if x > 0 else mpf(a) * x, 1) for a in (0.2, 0.0, 1.5)]
CASES += [(softmax_at(i), precise.softmax_at(i), 3) for i in range(3)]
CASES += [(PRIMITIVES["logsumexp"], precise.DEFINITIONS["logsumexp"], n) for n in (1, 2, 3)]
CASES += [(PRIMITIVES["total"], precise.DEFINITIONS["total"], n) for n in (1, 2, 3)]


def test_every_primitive_has_an_independent_definition():
    assert PRIMITIVES.keys() == precise.DEFINITIONS.keys()


def verdict(got: float, f: precise.Function, point: tuple[float, ...], *variables: int) -> str | None:
    """What is wrong with ``got`` as that derivative of ``f`` (the value, if there are no variables)."""
    exact = precise.derivative(f, point, *variables) if variables else precise.value(f, point)
    if exact is None or mp.isinf(exact):
        return None  # it does not exist; what happens then is tested in test_singular.py
    if abs(exact) > LARGEST / 4:
        return None if abs(got) >= LARGEST / 5 else f"{got}, which overflows: {mp.nstr(exact, 5)}"
    if math.isnan(got):
        return f"NaN, should be {mp.nstr(exact, 17)}"
    error = abs(mpf(got) - exact)
    allowed = 1e-14 * abs(exact)
    if abs(exact) < SMALLEST_NORMAL:
        allowed += 4 * SMALLEST
    for lower in ((), variables[:1], variables[1:])[: len(variables) + (len(variables) > 1)]:
        source = precise.derivative(f, point, *lower) if lower else precise.value(f, point)
        if source and abs(source) < SMALLEST_NORMAL:
            allowed += 4 * SMALLEST * abs(exact / source)
    if error <= allowed or error <= allowed + 4.5e-16 * precise.sensitivity(f, point, *variables):
        return None
    return f"{got!r}, should be {mp.nstr(exact, 17)}"


def label(case) -> str:
    op, _, arity = case
    return op.name if op.arity else f"{op.name} of {arity}"


@pytest.mark.parametrize("case", CASES, ids=label)
def test_values_and_derivatives_over_the_whole_domain(case):
    op, f, arity = case
    everything = tuple(range(arity))
    second = jacobian(grad(op, argnums=everything), argnums=everything)
    wrong, checked = [], 0
    for point in points(op, arity):
        try:
            node = op(*map(Value, point))
        except (ArithmeticError, ValueError):
            continue  # outside the domain, or the value overflows; see test_singular.py
        wrong.append((point, "value", verdict(node.data, f, point)))
        if op.kink is not None and op.kink(*point):
            continue  # a convention; see test_kinks
        for i in everything:
            wrong.append((point, f"∂{i}", verdict(node.partials[i], f, point, i)))
        try:
            rows = second(*point)
        except (ArithmeticError, ValueError) as error:
            if beyond_floats(f, point):
                continue
            wrong.append((point, "second derivatives", f"refused: {error}"))
            continue
        for i in everything:
            for j in everything:
                wrong.append((point, f"∂{i}∂{j}", verdict(rows[i][j], f, point, i, j)))
        checked += 1
    assert not [w for w in wrong if w[2]]
    assert checked >= 10


def beyond_floats(f: precise.Function, point: tuple[float, ...]) -> bool:
    """Is there a first or second derivative that no float holds?"""
    variables = range(len(point))
    for which in [(i,) for i in variables] + [(i, j) for i in variables for j in variables]:
        exact = precise.derivative(f, point, *which)
        if exact is None or mp.isinf(exact) or abs(exact) > LARGEST / 4:
            return True
    return False
