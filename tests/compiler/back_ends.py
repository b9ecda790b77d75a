"""What the tests of the compiler share: the back ends, and eager results to hold them to."""

import importlib.util
import math

import pytest

HAVE_LLVM = importlib.util.find_spec("llvmlite") is not None
LLVM = pytest.param("llvm", marks=pytest.mark.skipif(not HAVE_LLVM, reason="llvmlite is not installed"))
BACK_ENDS = ["python", LLVM]

needs_llvm = pytest.mark.skipif(not HAVE_LLVM, reason="llvmlite is not installed")


def outcome(f, *args):
    """What ``f`` returns, or the type of the exception that it raises."""
    try:
        return f(*args)
    except (ArithmeticError, ValueError) as error:
        return type(error)


def ulps(x: float, y: float) -> float:
    """How many units in the last place lie between two floats; infinite between what is not comparable.

    NaN is NaN, infinities have a sign, and so do zeros.
    """
    if math.isnan(x) or math.isnan(y):
        return 0.0 if math.isnan(x) and math.isnan(y) else math.inf
    if x == y:
        return 0.0 if math.copysign(1.0, x) == math.copysign(1.0, y) else math.inf
    if math.isinf(x) or math.isinf(y):
        return math.inf
    return abs(x - y) / math.ulp(y)


def same(compiled, eager, limit: float, signed_zero: bool = True) -> bool:
    """Whether two outcomes agree to ``limit`` ulp, or are the same exception."""
    if isinstance(compiled, type) or isinstance(eager, type):
        return compiled is eager
    return ulps(compiled, eager) <= limit or (compiled == eager and not signed_zero)
