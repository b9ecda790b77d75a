"""exp, log, log1p, tanh, sin and cos in arithmetic, on any number of lanes.

The C library computes one number a call; these compute a vector of rows in straight-line code.  Each
reduces its argument exactly enough and evaluates a polynomial on a small interval.  Errors, against
mpmath: at most 2 units in the last place, 4 for tanh.  Nothing here may be reassociated: the
reductions are right because of the order in which they round.
"""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Callable, Sequence
from decimal import Decimal

from .code import Code

_LN2, _LN2_TAIL = 0.6931471805599453, 2.3190468138462996e-17
_LOG2_E = 1.4426950408889634
_TO_INTEGER = 1.5 * 2.0**52  # adding it rounds to an integer and leaves that integer in the low bits

# (e^r - 1 - r) / r² for |r| ≤ ln 2 / 2, interpolated at Chebyshev points: relative error 2·10⁻¹⁷ of e^r.
_EXP = (
    0.5000000000000001,
    0.16666666666666669,
    0.04166666666662413,
    0.008333333333330062,
    0.0013888888917213717,
    0.00019841269863053618,
    2.4801521295954376e-05,
    2.7557268459997064e-06,
    2.7620088445409746e-07,
    2.510038549551032e-08,
)


Evaluate = Callable[[Code, str, Sequence[float]], str]


def polynomial(b: Code, x: str, coefficients: Sequence[float]) -> str:
    """Σ cᵢ xⁱ by Estrin's scheme: pairs, then pairs of pairs, so that a pipeline has work."""
    terms = [b.constant(c) for c in coefficients]
    while len(terms) > 1:
        pairs = [b.fma(x, terms[i + 1], terms[i]) for i in range(0, len(terms) - 1, 2)]
        terms = pairs + terms[len(pairs) * 2 :]
        x = b.mul(x, x)
    return terms[0]


def horner(b: Code, x: str, coefficients: Sequence[float]) -> str:
    """The same in the fewest instructions, one after the other: for many lanes, where there is other work."""
    result = b.constant(coefficients[-1])
    for c in coefficients[-2::-1]:
        result = b.fma(x, result, b.constant(c))
    return result


def _reduced(b: Code, x: str, evaluate: Evaluate = polynomial) -> tuple[str, str]:
    """``p`` and ``k`` with e^x = (1 + p) · 2^n and n in the low bits of ``k``."""
    k = b.fma(x, b.constant(_LOG2_E), b.constant(_TO_INTEGER))
    n = b.sub(k, b.constant(_TO_INTEGER))
    r = b.fma(n, b.constant(-_LN2), x)
    r = b.fma(n, b.constant(-_LN2_TAIL), r)
    return b.fma(b.mul(r, r), evaluate(b, r, _EXP), r), b.bits(k)


def _power_of_two(b: Code, biased: str) -> str:
    """2^(biased - 1023), for 0 < biased < 2047."""
    return b.from_bits(b.integers("shl", biased, b.whole(52)))


def _exp_within(b: Code, x: str) -> str:
    """e^x for -746 ≤ x ≤ 710: from 0 to infinity, subnormal numbers on the way."""
    p, k = _reduced(b, x)
    # 2^n in two factors, since n may be beyond the exponents that one float can have.
    n = b.integers("sub", k, b.whole(_bits(_TO_INTEGER) - 2046))
    half = b.integers("lshr", n, b.whole(1))
    scale, rest = _power_of_two(b, half), _power_of_two(b, b.integers("sub", n, half))
    return b.mul(b.fma(p, scale, scale), rest)


def _bits(x: float) -> int:
    (bits,) = struct.unpack("<q", struct.pack("<d", x))
    return int(bits)


# Results outside the range are put right at the end, where the choice does not delay the arithmetic.  Comparisons
# are false on NaN, which therefore stays.


def exp(b: Code, x: str) -> str:
    result = b.select(b.compare("olt", x, b.constant(-746.0)), b.constant(0.0), _exp_within(b, x))
    return b.select(b.compare("ogt", x, b.constant(710.0)), b.constant(float("inf")), result)


def decay(b: Code, x: str) -> str:
    """exp(-|x|)"""
    x = b.neg(b.intrinsic("fabs", x))
    return b.select(b.compare("olt", x, b.constant(-746.0)), b.constant(0.0), _exp_within(b, x))


FEW = 4  # lanes for which looking up numbers in a table, one by one, is a short way
_LOW, _HIGH = -708.0, 709.0


def capped(b: Code, x: str) -> str:
    """exp(x) for -708 ≤ x ≤ 709, and what it is at these ends beyond them."""
    if b.lanes > FEW:  # fewest instructions, so the argument is brought into range (NaN stays)
        high, low = b.constant(_HIGH), b.constant(_LOW)
        x = b.select(b.compare("ogt", x, high), high, x)
        return _scaled(b, *_reduced(b, b.select(b.compare("olt", x, low), low, x), horner))
    scale, p, beyond = _tabulated(b, x)
    return b.select(beyond, scale, b.fma(scale, p, scale))


def raised(b: Code, x: str) -> str:
    """1 + capped(x), sooner than by adding."""
    if b.lanes > FEW:
        return b.add(b.constant(1.0), capped(b, x))
    scale, p, beyond = _tabulated(b, x)
    more = b.add(b.constant(1.0), scale)
    return b.select(beyond, more, b.fma(scale, p, more))


_STEPS_IN_BITS = 6
# (e^r - 1 - r) / r² for |r| ≤ ln 2 / 128, interpolated at Chebyshev points: relative error 5·10⁻¹⁸ of e^r.
_EXP_NEAR_0 = (0.49999999999985073, 0.16666666666664534, 0.04166670739519196, 0.008333339151693497)


def _tabulated(b: Code, x: str) -> tuple[str, str, str]:
    """``s`` and ``p`` with e^x = s + s·p, in the shortest way through; and whether x is beyond -708 or 709.

    There s is what it is at the end, and p is nothing: choosing this late does not delay the arithmetic.
    """
    steps = 1 << _STEPS_IN_BITS
    k = b.fma(x, b.constant(steps * _LOG2_E), b.constant(_TO_INTEGER))
    n = b.sub(k, b.constant(_TO_INTEGER))
    r = b.fma(n, b.constant(-_LN2 / steps), x)
    exact = b.fma(n, b.constant(-_LN2_TAIL / steps), r)  # the terms of higher order do without
    square = b.mul(r, r)
    c = [b.constant(c) for c in _EXP_NEAR_0]
    p = b.fma(square, b.fma(square, b.fma(r, c[3], c[2]), b.fma(r, c[1], c[0])), exact)

    index = b.integers("and", b.bits(k), b.whole(steps - 1))
    power = b.integers("shl", b.bits(k), b.whole(52 - _STEPS_IN_BITS))
    scale = b.from_bits(b.integers("add", b.looked_up("powers_of_two", _powers_of_two(), index), power))
    off_centre = b.intrinsic("fabs", b.sub(x, b.constant((_HIGH + _LOW) / 2)))
    far = b.compare("oge", off_centre, b.constant((_HIGH - _LOW) / 2))
    end = b.select(b.compare("olt", x, b.constant(0.0)), b.constant(math.exp(_LOW)), b.constant(math.exp(_HIGH)))
    return b.select(far, end, scale), p, far


@functools.cache
def _powers_of_two() -> tuple[int, ...]:
    """The bits of 2^(j/64), less what j adds to them where n = 64 q + j is shifted to the exponent."""
    steps = 1 << _STEPS_IN_BITS
    powers = [float(Decimal(2) ** (Decimal(j) / steps)) for j in range(steps)]
    return tuple([_bits(x) - (j << 52 - _STEPS_IN_BITS) for j, x in enumerate(powers)])


def _scaled(b: Code, p: str, k: str) -> str:
    """(1 + p) · 2^n, where that is a normal number: n is added to the exponent."""
    y = b.add(b.constant(1.0), p)
    return b.from_bits(b.integers("add", b.bits(y), b.integers("shl", k, b.whole(52))))


def tanh(b: Code, x: str) -> str:
    """-m / (2 + m) with m = exp(-2|x|) - 1, which keeps its digits near 0."""
    low = b.constant(-44.0)  # tanh(22) rounds to 1
    y = b.mul(b.constant(-2.0), b.intrinsic("fabs", x))
    y = b.select(b.compare("olt", y, low), low, y)
    p, k = _reduced(b, y)
    s = _power_of_two(b, b.integers("sub", k, b.whole(_bits(_TO_INTEGER) - 1023)))
    m = b.fma(s, p, b.sub(s, b.constant(1.0)))
    return b.intrinsic("copysign", b.div(m, b.add(b.constant(2.0), m)), x)


# log(1 + f) = 2s + s·R(s²), s = f / (2 + f): the coefficients of R are those of FreeBSD's msun, e_log.c.
_LOG = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)
_SQRT_HALF_BITS = 0x3FE6A09E00000000


def log(b: Code, x: str) -> str:
    one, half = b.constant(1.0), b.constant(0.5)
    tiny = b.compare("olt", x, b.constant(2.0**-1022))
    scaled = b.select(tiny, b.mul(x, b.constant(2.0**54)), x)
    offset = b.select(tiny, b.constant(-1023.0 - 54.0), b.constant(-1023.0))
    # x = m · 2^k with √½ ≤ m < √2
    shifted = b.integers("add", b.bits(scaled), b.whole(_bits(1.0) - _SQRT_HALF_BITS))
    exponent = b.integers("lshr", shifted, b.whole(52))
    k = b.sub(b.from_bits(b.integers("or", exponent, b.whole(_bits(2.0**52)))), b.constant(2.0**52))
    k = b.add(k, offset)
    mantissa = b.integers("and", shifted, b.whole((1 << 52) - 1))
    m = b.from_bits(b.integers("add", mantissa, b.whole(_SQRT_HALF_BITS)))
    f = b.sub(m, one)
    s = b.div(f, b.add(b.constant(2.0), f))
    z = b.mul(s, s)
    r = b.mul(z, polynomial(b, z, _LOG))
    square = b.mul(half, b.mul(f, f))
    tail = b.fma(k, b.constant(_LN2_TAIL), b.mul(s, b.add(square, r)))
    result = b.fma(k, b.constant(_LN2), b.sub(f, b.sub(square, tail)))
    # 0, negative numbers, infinity, NaN
    outside = b.select(b.compare("olt", x, b.constant(0.0)), b.constant(float("nan")), x)
    outside = b.select(b.compare("oeq", x, b.constant(0.0)), b.constant(float("-inf")), outside)
    inside = b.write(
        f"and {b.truth} {b.compare('ogt', x, b.constant(0.0))}, {b.compare('olt', x, b.constant(float('inf')))}"
    )
    return b.select(inside, result, outside)


def log1p(b: Code, x: str) -> str:
    """log(1 + x): the logarithm of the rounded sum, and what the rounding lost."""
    one = b.constant(1.0)
    u = b.add(one, x)
    lost = b.div(b.sub(x, b.sub(u, one)), u)
    result = b.add(b.helper("log", log, u), lost)
    infinite = b.compare("oeq", x, b.constant(float("inf")))
    return b.select(b.either(infinite, b.compare("oeq", x, b.constant(0.0))), x, result)


_HALF_PI = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33)
_FAR = 1e6  # beyond it the three parts of π/2 do not suffice, and the C library is asked

# Taylor-like minimax polynomials on |r| ≤ π/4, from FreeBSD's msun, k_sin.c and k_cos.c.
_SIN = (
    -1.66666666666666324348e-01,
    8.33333333332248946124e-03,
    -1.98412698298579493134e-04,
    2.75573137070700676789e-06,
    -2.50507602534068634195e-08,
    1.58969099521155010221e-10,
)
_COS = (
    4.16666666666666019037e-02,
    -1.38888888888741095749e-03,
    2.48015872894767294178e-05,
    -2.75573143513906633035e-07,
    2.08757232129817482790e-09,
    -1.13596475577881948265e-11,
)


def sin(b: Code, x: str) -> str:
    return _near_or_far(b, x, "sin", 0)


def cos(b: Code, x: str) -> str:
    return _near_or_far(b, x, "cos", 1)


def _near_or_far(b: Code, x: str, name: str, quarter: int) -> str:
    near = b.compare("olt", b.intrinsic("fabs", x), b.constant(_FAR))
    far = b.any(b.write(f"xor {b.truth} {near}, {'true' if b.lanes == 1 else 'splat (i1 true)'}"))
    b.line(f"br i1 {far}, label %far, label %near")
    b.line("near:")
    b.forget()
    reduced = _sine(b, x, quarter)
    b.line("br label %done")
    b.line("far:")
    b.forget()
    exact = b.helper(f"{name}.slow", lambda c, x: c.library(name, x), x)
    b.line("br label %done")
    b.line("done:")
    b.forget()
    return b.write(f"phi {b.number} [ {reduced}, %near ], [ {exact}, %far ]")


def _sine(b: Code, x: str, quarter: int) -> str:
    """sin(x + quarter · π/2) for |x| < 10⁶."""
    k = b.fma(x, b.constant(1.0 / _HALF_PI[0]), b.constant(_TO_INTEGER))
    n = b.neg(b.sub(k, b.constant(_TO_INTEGER)))
    r = x
    for part in _HALF_PI:
        r = b.fma(n, b.constant(part), r)
    quadrant = b.integers("add", b.bits(k), b.whole(quarter))
    z = b.mul(r, r)
    sine = b.fma(b.mul(z, r), polynomial(b, z, _SIN), r)
    half = b.mul(b.constant(0.5), z)
    w = b.sub(b.constant(1.0), half)
    lost = b.sub(b.sub(b.constant(1.0), w), half)
    cosine = b.add(w, b.fma(b.mul(z, z), polynomial(b, z, _COS), lost))
    odd = b.write(f"trunc {b.integer} {quadrant} to {b.truth}")
    sign = b.integers("shl", b.integers("and", quadrant, b.whole(2)), b.whole(62))
    result = b.from_bits(b.integers("xor", b.bits(b.select(odd, cosine, sine)), sign))
    return result if quarter else b.select(b.compare("oeq", x, b.constant(0.0)), x, result)
