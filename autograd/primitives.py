"""The table of primitives: everything the engine knows about calculus, each operation declared once.

A line says how to compute an operation and how to differentiate it.  In scope:

    x, y      the operands, in order (``*v`` where there may be any number)
    z         the result of the forward pass
    rule      the local derivatives in ordinary arithmetic over the primitives: one expression for one
              operand, a tuple for several
    taught    the form that lectures write, where the careful one differs from it; for display only

A rule is plain Python, so the same line runs on floats (``backward``), on Values (gradients of
gradients, compiled gradients) and on labelled Values (the formulas shown to a learner).  Two habits
keep it so: a rule uses only primitives, and it never branches on a number, because a traced branch
would be frozen into the compiled program; ``step``, ``sign``, ``not_less`` and ``where`` decide instead.
The plain number 0.0 in a rule says that no derivative flows along the edge.

Derivatives are written in the form that keeps its digits everywhere, and so do *their* derivatives:
``tanh_slope`` and its kin exist because 1 - z*z has no correct digit left at x = 20, because
differentiating a product of two sigmoids cancels near 0, and x / hypot(x, y) for a small y.

Outside its domain, or where the result overflows, a primitive raises what Python's own float operation
raises.  At a kink the derivative is a convention, the one of PyTorch and JAX: 0 for ``relu`` and
``abs``, the first operand for ``maximum`` and ``minimum``.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from math import copysign, fabs, inf, nan

from .declaration import ATOM, LOOSE, POWER, PRODUCT, SIGN, SUM, Notation, Primitive, primitive
from .refusal import ends_at_caller, number, refusal, refuse, shown
from .type_checking import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

# ---- Forward functions that neither `math` nor `operator` has ----------------------------------------


def _pow(x: float, y: float) -> float:
    z: Any = x**y
    if z.__class__ is complex:
        raise ValueError("complex result")
    result: float = z
    return result


def _pow_ieee(x: float, y: float) -> float:
    """Where ``x ** y`` raises: a pole at 0, an overflow, or (NaN) a complex result."""
    if x < 0.0 and not y.is_integer():
        return nan
    return -inf if copysign(1.0, x) < 0.0 and y % 2.0 == 1.0 else inf


def _div_ieee(x: float, y: float) -> float:
    return nan if x == 0.0 or x != x else copysign(inf, x) * copysign(1.0, y)


def _xlogy(x: float, y: float) -> float:
    return 0.0 if x == 0.0 and y >= 0.0 else x * math.log(y)


def _semicircle(x: float) -> float:
    return math.sqrt((1.0 - x) * (1.0 + x))


def _hypot_slope(x: float, y: float) -> float:
    largest = max(fabs(x), fabs(y))
    if largest > 1e300 or 0.0 < largest < 1e-290:  # hypot would overflow, or have few digits
        scale = 2.0**-4 if largest > 1.0 else 2.0**600
        x, y = x * scale, y * scale
    return x / math.hypot(x, y)


def _atan_slope(x: float) -> float:
    return 1.0 / (1.0 + x * x) if fabs(x) < 1e9 else 1.0 / x / x  # x * x may overflow where its inverse is a float


def _sigmoid(x: float) -> float:
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


def _sigmoid_slope(x: float) -> float:
    e = math.exp(-fabs(x))
    return e / ((1.0 + e) * (1.0 + e))


def _tanh_slope(x: float) -> float:
    e = math.exp(-2.0 * fabs(x))
    return 4.0 * e / ((1.0 + e) * (1.0 + e))


def _softplus(x: float) -> float:
    return (x if x > 0.0 else 0.0) + math.log1p(math.exp(-fabs(x)))


# Comparisons are written so that a NaN operand gives NaN, never a number that hides it.
def _sign(x: float) -> float:
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0 * x


def _step(x: float) -> float:
    return 1.0 if x > 0.0 else 0.0 if x <= 0.0 else nan


def _not_less(x: float, y: float) -> float:
    return 1.0 if x >= y else 0.0 if x < y else nan


def _relu(x: float) -> float:
    return 0.0 if x <= 0.0 else x


def _maximum(x: float, y: float) -> float:
    return y if x < y or y != y else x


def _minimum(x: float, y: float) -> float:
    return y if y < x or y != y else x


def _where(condition: float, x: float, y: float) -> float:
    return x if condition else y


# ---- The table ---------------------------------------------------------------------------------------


def _infix(name: str, sign: str, forward: Any, rule: Any, binding: int, right: int, **shown: Any) -> Primitive:
    """An operator between two operands; ``right`` is how tightly the second must bind."""
    notation = Notation(f"{{0}} {sign} {{1}}", binding, (binding, right))
    shown = {"symbol": sign, "text": notation, "latex": notation, **shown}
    return primitive(name, forward, rule, origin=(__name__, name), **shown)


def _function(name: str, forward: Any, rule: Any, **shown: Any) -> Primitive:
    """A function written by its name; in LaTeX by the command of its name, unless ``shown`` says otherwise."""
    shown = {"latex": rf"\{name}({{0}})", **shown}
    return primitive(name, forward, rule, origin=(__name__, name), **shown)


def _upright(word: str) -> str:
    return rf"\operatorname{{{{{word}}}}}({{0}})"


_TWO_OVER_SQRT_PI = 2.0 / math.sqrt(math.pi)
_LN2, _LN10 = math.log(2.0), math.log(10.0)


def _lowered(x: Any, y: Any) -> Any:
    """``x ** (y - 1)``, with the digits of y that ``y - 1`` rounds away (1e-8 - 1 loses half of them)."""
    return x ** (y - 1) * x ** (y - ((y - 1) + 1))


def _by_exponent(x: Any, y: Any) -> Any:
    """``x ** y * log(x)``, which is 0 at x = 0 as long as y > 0, and so are its derivatives by y."""
    return pow_log(1)(x, y)


def _hypot_slope_written_out(x: Any, y: Any) -> Any:
    largest = maximum(abs(x), abs(y))
    scale = where(step(largest - 1e300), 2.0**-4, where(step(1e-290 - largest), 2.0**600, 1.0))
    return x * scale / hypot(x * scale, y * scale)


def _atan_slope_written_out(x: Any) -> Any:
    """1 / (1 + x²), both divided by |x| where that is above 1."""
    size = abs(x)
    inverse = 1 / maximum(size, 1.0)
    return inverse / (inverse + size * minimum(size, 1.0))


# What several lines share: kinks, the value where the result overflows, the pole of a logarithm.
_AT_ZERO: Any = {"kink": lambda x: x == 0.0}
_AT_TIE: Any = {"kink": lambda x, y: x == y}
_OVERFLOW: Any = {"ieee": lambda x: inf}
_POSITIVE: Any = {"domain": "x > 0", "ieee": lambda x: -inf if x == 0.0 else nan}
_UNIT: Any = {"domain": "-1 ≤ x ≤ 1; no derivative at the ends"}

# Used by rules above their own lines.
atan_slope: Primitive
cos: Primitive
cosh: Primitive
hypot_slope: Primitive
log: Primitive
sigmoid_slope: Primitive
sign: Primitive
tanh_slope: Primitive
where: Primitive
xlogy: Primitive

# One primitive, one entry, with the mathematics on its first line: name, forward, rule.
# fmt: off
add = _infix("add", "+", operator.add,     lambda x, y, z: (1.0, 1.0),      SUM, SUM)
sub = _infix("sub", "-", operator.sub,     lambda x, y, z: (1.0, -1.0),     SUM, PRODUCT, symbol="−")
mul = _infix("mul", "*", operator.mul,     lambda x, y, z: (y, x),          PRODUCT, PRODUCT, symbol="×",
             latex=Notation(r"{0} \, {1}", PRODUCT, (PRODUCT, PRODUCT)))
div = _infix("div", "/", operator.truediv, lambda x, y, z: (1 / y, -z / y), PRODUCT, SIGN,
             taught=lambda x, y, z: (1 / y, -x / y**2),
             latex=r"\frac{{{0}}}{{{1}}}", domain="y ≠ 0", ieee=_div_ieee)
pow = _infix("pow", "**", _pow,            lambda x, y, z: (y * _lowered(x, y), _by_exponent(x, y)), POWER, SIGN,
             taught=lambda x, y, z: (y * x ** (y - 1), z * log(x)), symbol="xʸ",
             text=Notation("{0}**{1}", POWER, (ATOM, SIGN)), latex=Notation("{0}^{{{1}}}", POWER, (ATOM, LOOSE)),
             domain="x > 0; x < 0 with a whole y, and no derivative by y; x = 0 with y ≥ 0, and none for y < 1",
             ieee=_pow_ieee)
neg = _function("neg", operator.neg,       lambda x, z: -1.0, symbol="−",
                text=Notation("-{0}", SIGN, (SIGN,)), latex=Notation("-{0}", SIGN, (SIGN,)))
identity = _function("identity", operator.pos, lambda x, z: 1.0, symbol="=", text="{0}", latex="{0}")

exp   = _function("exp",   math.exp,   lambda x, z: z,               latex="e^{{{0}}}", **_OVERFLOW)
exp2  = _function("exp2",  math.exp2,  lambda x, z: z * _LN2,        latex="2^{{{0}}}", **_OVERFLOW)
expm1 = _function("expm1", math.expm1, lambda x, z: exp(x),          latex=_upright("expm1"), **_OVERFLOW)
log   = _function("log",   math.log,   lambda x, z: 1 / x,           **_POSITIVE)
log2  = _function("log2",  math.log2,  lambda x, z: (1 / _LN2) / x,  latex=r"\log_2({0})", **_POSITIVE)
log10 = _function("log10", math.log10, lambda x, z: (1 / _LN10) / x, latex=r"\log_{{10}}({0})", **_POSITIVE)
log1p = _function("log1p", math.log1p, lambda x, z: 1 / (1 + x),     latex=Notation(r"\log(1 + {0})", ATOM, (PRODUCT,)),
                  domain="x > -1", ieee=lambda x: -inf if x == -1.0 else nan)
xlogy = primitive("xlogy", _xlogy,     lambda x, y, z: (log(y), x / y), symbol="x log y",
                  latex=Notation(r"{0} \log({1})", PRODUCT, (PRODUCT, LOOSE)), origin=(__name__, "xlogy"),
                  domain="y > 0, or y = 0 with x = 0", ieee=lambda x, y: x * -inf if y == 0.0 else nan)

sqrt  = _function("sqrt",  math.sqrt,  lambda x, z: 1 / (2 * z),     latex=r"\sqrt{{{0}}}", symbol="√",
                  domain="x ≥ 0; no derivative at 0")
cbrt  = _function("cbrt",  math.cbrt,  lambda x, z: 1 / (3 * z**2),  latex=r"\sqrt[3]{{{0}}}", symbol="∛",
                  domain="every x; no derivative at 0")
hypot = _function("hypot", math.hypot, lambda x, y, z: (hypot_slope(x, y), hypot_slope(y, x)),
                  taught=lambda x, y, z: (x / z, y / z), latex=Notation(r"\sqrt{{{0}^2 + {1}^2}}", ATOM, (ATOM, ATOM)),
                  domain="every x and y; no derivative at 0, 0", ieee=lambda x, y: inf)
hypot_slope = _function("hypot_slope", _hypot_slope,
                        lambda x, y, z: (hypot_slope(y, x) ** 2 / hypot(x, y), -z * hypot_slope(y, x) / hypot(x, y)),
                        symbol="hypot′", latex=None, expand=_hypot_slope_written_out,
                        domain="every x and y but 0, 0")
semicircle = _function("semicircle", _semicircle, lambda x, z: -x / z, symbol="√(1−x²)",
                       latex=Notation(r"\sqrt{{1 - {0}^2}}", ATOM, (ATOM,)), **_UNIT)

sin   = _function("sin",   math.sin,   lambda x, z: cos(x),             domain="finite x")
cos   = _function("cos",   math.cos,   lambda x, z: -sin(x),            domain="finite x")
tan   = _function("tan",   math.tan,   lambda x, z: 1 + z**2,           domain="finite x")
asin  = _function("asin",  math.asin,  lambda x, z: 1 / semicircle(x),  latex=r"\arcsin({0})", **_UNIT)
acos  = _function("acos",  math.acos,  lambda x, z: -1 / semicircle(x), latex=r"\arccos({0})", **_UNIT)
atan  = _function("atan",  math.atan,  lambda x, z: atan_slope(x),      taught=lambda x, z: 1 / (1 + x**2),
                  latex=r"\arctan({0})")
atan_slope = _function("atan_slope", _atan_slope, lambda x, z: -2 * (x * z) * z, symbol="arctan′", latex=None,
                       expand=_atan_slope_written_out)
atan2 = _function("atan2", math.atan2, lambda x, y, z: (y / hypot(x, y) / hypot(x, y), -x / hypot(x, y) / hypot(x, y)),
                  taught=lambda x, y, z: (y / (x**2 + y**2), -x / (x**2 + y**2)),
                  latex=r"\operatorname{{atan2}}({0}, {1})", domain="every x and y; no derivative at 0, 0")
sinh  = _function("sinh",  math.sinh,  lambda x, z: cosh(x),            ieee=lambda x: copysign(inf, x))
cosh  = _function("cosh",  math.cosh,  lambda x, z: sinh(x),            **_OVERFLOW)
tanh  = _function("tanh",  math.tanh,  lambda x, z: tanh_slope(x),      taught=lambda x, z: 1 - z**2)
asinh = _function("asinh", math.asinh, lambda x, z: 1 / hypot(x, 1.0),  taught=lambda x, z: 1 / sqrt(x**2 + 1),
                  latex=_upright("arsinh"))
acosh = _function("acosh", math.acosh, lambda x, z: 1 / (sqrt(x - 1) * sqrt(x + 1)),
                  taught=lambda x, z: 1 / sqrt(x**2 - 1), latex=_upright("arcosh"),
                  domain="x ≥ 1; no derivative at 1")
atanh = _function("atanh", math.atanh, lambda x, z: 1 / semicircle(x) ** 2, taught=lambda x, z: 1 / (1 - x**2),
                  latex=_upright("artanh"), domain="-1 < x < 1",
                  ieee=lambda x: copysign(inf, x) if fabs(x) == 1.0 else nan)
erf   = _function("erf",   math.erf,   lambda x, z: _TWO_OVER_SQRT_PI * exp(-x * x),
                  taught=lambda x, z: _TWO_OVER_SQRT_PI * exp(-(x**2)), latex=_upright("erf"))

sigmoid  = _function("sigmoid",  _sigmoid,  lambda x, z: sigmoid_slope(x), taught=lambda x, z: z * (1 - z),
                     symbol="σ", latex=r"\sigma({0})")
softplus = _function("softplus", _softplus, lambda x, z: sigmoid(x),       latex=_upright("softplus"))
sigmoid_slope = _function("sigmoid_slope", _sigmoid_slope, lambda x, z: -z * tanh(x / 2),
                          symbol="σ′", latex=r"\sigma'({0})")
tanh_slope    = _function("tanh_slope",    _tanh_slope,    lambda x, z: -2 * z * tanh(x),
                          symbol="tanh′", latex=r"\tanh'({0})")

abs      = _function("abs",  math.fabs, lambda x, z: sign(x), latex=r"\left|{0}\right|", symbol="|x|", **_AT_ZERO)
sign     = _function("sign", _sign,     lambda x, z: 0.0,     latex=_upright("sign"), **_AT_ZERO)
step     = _function("step", _step,     lambda x, z: 0.0,     latex="[{0} > 0]", symbol="x > 0", **_AT_ZERO)
relu     = _function("relu", _relu,     lambda x, z: step(x), latex=r"\max(0, {0})", symbol="ReLU", **_AT_ZERO)
not_less = _function("not_less", _not_less, lambda x, y, z: (0.0, 0.0), latex=r"[{0} \ge {1}]", symbol="x ≥ y",
                     **_AT_TIE)
maximum  = _function("maximum",  _maximum,  lambda x, y, z: (not_less(x, y), 1 - not_less(x, y)),
                     latex=r"\max({0}, {1})", symbol="max", **_AT_TIE)
minimum  = _function("minimum",  _minimum,  lambda x, y, z: (not_less(y, x), 1 - not_less(y, x)),
                     latex=r"\min({0}, {1})", symbol="min", **_AT_TIE)
where    = _function("where",    _where,    lambda c, x, y, z: (0.0, where(c, 1.0, 0.0), where(c, 0.0, 1.0)),
                     latex=r"({1} \text{{ if }} {0} \text{{ else }} {2})", symbol="if")
# fmt: on


# ---- Families: a number that is no operand picks the primitive --------------------------------------


def _demand_number(family: str, n: Any) -> None:
    """Refuse what is no number to pick a primitive by."""
    try:
        number(n)
    except (TypeError, OverflowError) as error:
        refuse(error, family, (n,))
        raise


def _family(make: Callable[[float], Primitive]) -> Callable[[float], Primitive]:
    """Every member made once; what a cache cannot look up is no number either."""
    known = functools.lru_cache(maxsize=4096)(make)

    @ends_at_caller
    @functools.wraps(make)
    def member(n: float) -> Primitive:
        try:
            return known(n)
        except TypeError:
            _demand_number(make.__name__, n)
            raise

    return member


@_family
def power(n: float) -> Primitive:
    """``x ** n`` for a number n: needs no logarithm, and so works for a negative x where floats do.

    >>> power(3)(-2.0)
    -8.0
    """
    _demand_number("power", n)
    n += 0  # -0.0 is 0 here
    rules: dict[float, Any] = {0: lambda x, z: 0.0, 1: lambda x, z: 1.0, 2: lambda x, z: 2 * x}
    taught = rules.get(n, lambda x, z: n * x ** (n - 1))
    exact = (n - 1) + 1 == n  # otherwise n - 1 has lost digits of n, which z still has
    bases = "x ≠ 0" if n < 0 else "every x"
    if not float(n).is_integer():
        bases = "x > 0" if n < 0 else "x ≥ 0" if n > 1 else "x ≥ 0; no derivative at 0"
    shown = _shortest(n)
    return primitive(
        f"power({shown})",
        lambda x: _pow(x, n),
        taught if exact else lambda x, z: n * z / x,
        taught=taught,
        symbol=f"^{shown}",
        text=Notation(f"{{0}}**{_as_operand(n)}", POWER, (ATOM,)),
        latex=Notation(f"{{0}}^{{{{{shown}}}}}", POWER, (ATOM,)),
        domain=bases,
        ieee=lambda x: _pow_ieee(x, float(n)),
        origin=(power, n),
    )


@ends_at_caller
def exponential(base: float) -> Primitive:
    """``base ** x`` for a number base.

    >>> exponential(2)(10.0)
    1024.0
    """
    try:
        return _exponential(base, copysign(1.0, base))
    except (TypeError, OverflowError):
        _demand_number("exponential", base)
        raise


@functools.lru_cache(maxsize=4096)
def _exponential(base: float, sign: float) -> Primitive:
    """A cache takes 0.0 and -0.0 for the same base, which they are not; hence the sign."""
    shown = _as_operand(base)
    return primitive(
        f"exponential({_shortest(base)})",
        lambda x: _pow(base, x),
        lambda x, z: pow_log(1)(float(base), x),
        taught=lambda x, z: z * log(float(base)),
        symbol=f"{shown}ˣ",
        text=Notation(f"{shown}**{{0}}", POWER, (SIGN,)),
        latex=Notation(f"{shown}^{{{{{{0}}}}}}", POWER, (LOOSE,)),
        domain="every x" if base > 0 else "x ≥ 0; no derivative at 0" if base == 0 else "a whole x; no derivative",
        ieee=lambda x: _pow_ieee(float(base), x),
        origin=(exponential, base),
    )


@functools.lru_cache(maxsize=4096)
def pow_log(k: int) -> Primitive:
    """``x ** y * log(x) ** k``, the k-th derivative of ``x ** y`` by y, for k > 0; 0 at x = 0, as long as y > 0.

    >>> pow_log(1)(0.0, 0.5)
    0.0
    """

    def written_out(x: Any, y: Any) -> Any:
        return functools.reduce(lambda z, _: xlogy(z, x), range(k), pow(x, y))

    def rule(x: Any, y: Any, z: Any) -> tuple[Any, Any]:
        lower = pow_log(k - 1) if k > 1 else pow
        # In terms of y - 1, since z / x has no value at 0; the second factor as in _lowered.
        return (y * pow_log(k)(x, y - 1) + k * lower(x, y - 1)) * x ** (y - ((y - 1) + 1)), pow_log(k + 1)(x, y)

    log_k, raised = (f"log^{k}", f"**{k}") if k > 1 else ("log", "")
    return primitive(
        f"pow_log({k})",
        lambda x, y: functools.reduce(lambda z, _: _xlogy(z, x), range(k), _pow(x, y)),
        rule,
        symbol=f"xʸ {log_k} x",
        text=Notation(f"{{0}}**{{1}} * log({{0}}){raised}", PRODUCT, (ATOM, SIGN)),
        latex=Notation(rf"{{0}}^{{{{{{1}}}}}} \{log_k} {{0}}", PRODUCT, (ATOM, LOOSE)),
        domain="x > 0, or x = 0 with y > 0",
        ieee=lambda x, y: nan if x < 0.0 else copysign(inf, math.log(x) if x else -1.0) ** k,
        expand=written_out,
        origin=(pow_log, k),
    )


def _shortest(n: float) -> str:
    """A number as a formula prints it: 2, not 2.0."""
    return f"{n:g}" if float(f"{n:g}") == n else repr(n)


def _as_operand(n: float) -> str:
    """The same beside an operator, which a minus sign would be taken for: (-2)."""
    shown = _shortest(n)
    return f"({shown})" if shown.startswith("-") else shown


@_family
def leaky(slope: float) -> Primitive:
    """The leaky rectifier: x for x > 0, ``slope`` · x otherwise; its derivative at 0 is ``slope``.

    >>> leaky(0.2)(-5.0)
    -1.0
    """
    _demand_number("leaky", slope)
    return primitive(
        "leaky_relu" if slope == 0.01 else f"leaky({slope:g})",
        lambda x: slope * x if x <= 0.0 else x,
        lambda x, z: where(step(x), 1.0, slope),
        symbol="leaky ReLU",
        latex=Notation(rf"\max({slope:g} \cdot {{0}}, {{0}})", ATOM, (PRODUCT,)),
        origin=(leaky, slope),
        **_AT_ZERO,
    )


leaky_relu = leaky(0.01)


# ---- Any number of operands --------------------------------------------------------------------------


def _left_to_right(terms: Iterable[float]) -> float:
    """The sum in the order written: ``sum`` and ``math.sumprod`` compensate from Python 3.12 on."""
    return functools.reduce(operator.add, terms)


def _many(x: Any) -> bool:
    """Whether ``x`` holds operands, instead of being one."""
    return hasattr(x, "__iter__") and not isinstance(x, str) and getattr(x, "shape", None) != ()


def _pair(weights: Sequence[Any], inputs: Sequence[Any], bias: Any = None) -> tuple[Any, ...]:
    for given in (weights, inputs):
        if not _many(given) or not hasattr(given, "__len__"):
            raise refusal(f"affine takes a list of weights and a list of inputs, not {shown(given)}")
    if len(weights) != len(inputs):
        raise refusal(f"affine needs one input for each weight: {len(weights)} weights, {len(inputs)} inputs")
    if not len(weights):
        raise refusal("affine needs at least one weight and one input")
    return (*weights, *inputs) if bias is None else (*weights, *inputs, bias)


def _affine(*v: float) -> float:
    n = len(v) // 2
    z = _left_to_right(map(operator.mul, v[:n], v[n : 2 * n]))
    return z + v[-1] if len(v) % 2 else z


def _affine_rule(*v_and_z: Any) -> tuple[Any, ...]:
    v = v_and_z[:-1]
    n = len(v) // 2
    return (*v[n : 2 * n], *v[:n], 1.0) if len(v) % 2 else (*v[n:], *v[:n])


def _affine_written_out(*v: Any) -> Any:
    n = len(v) // 2
    z = functools.reduce(operator.add, map(operator.mul, v[:n], v[n : 2 * n]))
    return z + v[-1] if len(v) % 2 else z


def _several(name: str) -> Any:
    """Arrange ``f([a, b, c])`` and ``f(a, b, c)`` alike."""

    def arrange(*operands: Any) -> tuple[Any, ...]:
        if len(operands) == 1 and _many(operands[0]):
            operands = tuple(operands[0])
        if not operands:
            raise refusal(f"{name} needs at least one operand")
        return operands

    return arrange


def _logsumexp(*v: float) -> float:
    top = max(v)
    if not math.isfinite(top):
        return _left_to_right(v) if any(x != x for x in v) else top
    # Of the largest term, which is 1, log1p takes care: added to the others it would swallow their digits.
    rest = _left_to_right([0.0 if x == top else math.exp(x - top) for x in v])
    return top + math.log1p(rest + (v.count(top) - 1.0))


def _softmax(*v: float) -> list[float]:
    top = max(v)
    e = [math.exp(x - top) for x in v]
    s = _left_to_right(e)
    return [x / s for x in e]


def _softmax_written_out(*v: Any) -> list[Any]:
    top = functools.reduce(maximum, v)
    e = [exp(x - top) for x in v]
    s = total(e)
    return [x / s for x in e]


def _logsumexp_written_out(*v: Any) -> Any:
    top = functools.reduce(maximum, v)
    rest = total([where(not_less(x, top), 0.0, exp(x - top)) for x in v])
    return top + log1p(rest + (total([not_less(x, top) for x in v]) - 1.0))


affine = primitive(
    "affine",
    _affine,
    _affine_rule,
    symbol="w·x+b",
    expand=_affine_written_out,
    arrange=_pair,
)
"""``affine(weights, inputs, bias=None)``: w₁x₁ + w₂x₂ + … + b as one node, with the bits of that expression."""

total = primitive(
    "total",
    lambda *v: _left_to_right(v),
    lambda *v_and_z: (1.0,) * (len(v_and_z) - 1),
    symbol="Σ",
    expand=lambda *v: functools.reduce(operator.add, v),
    arrange=_several("total"),
)
"""``total([a, b, …])`` or ``total(a, b, …)``: the sum of many as one node, added from left to right."""

logsumexp = primitive(
    "logsumexp",
    _logsumexp,
    lambda *v_and_z: tuple(softmax(v_and_z[:-1])),
    symbol="log Σ exp",
    expand=_logsumexp_written_out,
    arrange=_several("logsumexp"),
)
"""``logsumexp([a, b, …])``: log(eᵃ + eᵇ + …) without overflow; its gradient is the softmax."""


@functools.lru_cache(maxsize=4096)
def softmax_at(i: int) -> Primitive:
    """Component i of the softmax of its operands.

    >>> softmax_at(0)(1000.0, 1000.0)
    0.5
    """

    def rule(*v_and_z: Any) -> tuple[Any, ...]:
        p, z = softmax(v_and_z[:-1]), v_and_z[-1]
        others = p[:i] + p[i + 1 :]
        # 1 - p[i] would cancel where p[i] is nearly 1; the sum of the others does not.
        return tuple(-z * p[j] if j != i else z * total(others) if others else 0.0 for j in range(len(p)))

    def taught(*v_and_z: Any) -> tuple[Any, ...]:
        p, z = softmax(v_and_z[:-1]), v_and_z[-1]
        return tuple(-z * p[j] if j != i else z * (1 - z) for j in range(len(p)))

    return primitive(
        f"softmax_at({i})",
        lambda *v: _softmax(*v)[i],
        rule,
        taught=taught,
        symbol=f"softmax{i + 1}",
        expand=lambda *v: _softmax_written_out(*v)[i],
        arrange=_several("softmax"),
        origin=(softmax_at, i),
    )


@ends_at_caller
def softmax(values: Iterable[Any]) -> list[Any]:
    """e^{x_i} / Σ e^{x_j} for every i, on floats or Values, without overflow.

    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    if not _many(values):
        raise refusal(f"softmax takes a list of numbers, not {shown(values)}")
    values = list(values)
    if all(x.__class__ is float for x in values) and values:
        return _softmax(*values)
    return [softmax_at(i)(values) for i in range(len(values))]


PRIMITIVES: dict[str, Primitive] = {name: p for name, p in globals().items() if isinstance(p, Primitive)}
