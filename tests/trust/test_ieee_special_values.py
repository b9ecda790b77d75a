"""What stands for a result where Python raises, at the special values of IEEE 754.

The oracle is NumPy, which follows C there.
"""

import ctypes
import itertools
import math

import pytest

from autograd.ieee import IEEE
from autograd.primitives import PRIMITIVES

np = pytest.importorskip("numpy")

# NumPy's own power takes a short cut to sqrt that has other values at -0 and -∞.
_pow = ctypes.CDLL(None).pow
_pow.argtypes, _pow.restype = [ctypes.c_double, ctypes.c_double], ctypes.c_double

INF, NAN, TINY, HUGE = math.inf, math.nan, 5e-324, 1.7e308
SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 0.5, -0.5, 2.5, -2.5, 800.0, -800.0, TINY, -TINY, HUGE, -HUGE]
SPECIAL += [INF, -INF, NAN]

ORACLE = {
    **{name: getattr(np, name) for name in ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt")},
    **{name: getattr(np, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "hypot")},
    **{
        name: getattr(np, f"arc{name.removeprefix('a')}")
        for name in ("asin", "acos", "atan", "asinh", "acosh", "atanh")
    },
    "atan2": np.arctan2,
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "pow": _pow,
    "neg": np.negative,
    "abs": np.abs,
}


def same(x: float, y: float) -> bool:
    if math.isnan(x) or math.isnan(y):
        return math.isnan(x) and math.isnan(y)
    if x == 0.0 or y == 0.0 or math.isinf(x) or math.isinf(y):
        return x == y and math.copysign(1.0, x) == math.copysign(1.0, y)
    return math.isclose(x, y, rel_tol=4e-16)


@pytest.mark.parametrize("name", ORACLE)
def test_special_values_follow_ieee_754(name):
    op = PRIMITIVES[name]
    assert op.arity is not None
    wrong = []
    with np.errstate(all="ignore"):
        for operands in itertools.product(SPECIAL, repeat=op.arity):
            expected, got = float(ORACLE[name](*map(np.float64, operands))), float(IEEE.apply(op, *operands))
            if not same(got, expected):
                wrong.append(f"{name}{operands} is {got}, should be {expected}")
    assert wrong == []


@pytest.mark.parametrize(("x", "y"), list(itertools.product(SPECIAL, SPECIAL)))
def test_x_log_y_is_0_where_x_is(x, y):
    """As SciPy and PyTorch have it: 0 · log y is 0 also at the pole, and NaN where y is none of its numbers."""
    got = float(IEEE.apply(PRIMITIVES["xlogy"], x, y))
    if x == 0.0 and not math.isnan(y):
        assert same(abs(got), 0.0) or (y < 0.0 and math.isnan(got))
    else:
        with np.errstate(all="ignore"):
            assert same(got, float(np.float64(x) * np.log(np.float64(y))))
