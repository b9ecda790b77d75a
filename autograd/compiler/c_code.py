"""Programs as C, to read and to take elsewhere: standard C99 with <math.h>, no loops, no branches but choices."""

from __future__ import annotations

import math

from .. import primitives as p
from ..declaration import Primitive
from .lowering import bounded, decay, lower, quotient
from .program import Program

_FORMS: dict[Primitive, str] = {
    p.add: "{0} + {1}",
    p.sub: "{0} - {1}",
    p.mul: "{0} * {1}",
    p.div: "{0} / {1}",
    p.neg: "-{0}",
    p.abs: "fabs({0})",
    p.sign: "{0} > 0 ? 1 : {0} < 0 ? -1 : 0 * {0}",
    p.step: "{0} > 0 ? 1 : {0} <= 0 ? 0 : NAN",
    p.not_less: "{0} >= {1} ? 1 : {0} < {1} ? 0 : NAN",
    p.relu: "{0} <= 0 ? 0 : {0}",
    p.maximum: "{0} < {1} || isnan({1}) ? {1} : {0}",
    p.minimum: "{1} < {0} || isnan({1}) ? {1} : {0}",
    p.where: "{0} != 0 ? {1} : {2}",
    quotient: "{0} / {1}",
    decay: "exp(-fabs({0}))",
    bounded: "{0}",
}
_SAME = (
    p.acos, p.acosh, p.asin, p.asinh, p.atan, p.atan2, p.atanh, p.cbrt, p.cos, p.cosh, p.erf, p.exp, p.exp2, p.expm1,
    p.hypot, p.log, p.log10, p.log1p, p.log2, p.pow, p.sin, p.sinh, p.sqrt, p.tan, p.tanh,
)  # fmt: skip
_FORMS |= {op: f"{op.name}({', '.join(f'{{{i}}}' for i in range(op.arity or 0))})" for op in _SAME}


def c_source(program: Program) -> str:
    """A function ``program(in, out)``: the inputs and then the captured numbers, the results.

    Where a Python float operation would raise, C has an infinity or NaN.
    """
    code = lower(program, _FORMS.__contains__, "C")
    given = [f"in[{i}]" for i in range(len(code.names) + len(code.captured))]
    names = [*given, *map(_literal, code.constants), *[f"v{i}" for i in range(len(code.instructions))]]
    first = code.first_instruction
    lines = ["#include <math.h>", "", "void program(const double *in, double *out)", "{"]
    for i, (op, operands) in enumerate(code.instructions):
        lines.append(f"    const double {names[first + i]} = {_FORMS[op].format(*[names[v] for v in operands])};")
    lines += [f"    out[{k}] = {names[v]};" for k, v in enumerate(code.outputs)]
    return "\n".join([*lines, "}"])


def _literal(x: float) -> str:
    if math.isfinite(x):
        return repr(x) if x >= 0 and math.copysign(1.0, x) > 0 else f"({x!r})"
    return "NAN" if math.isnan(x) else "INFINITY" if x > 0 else "(-INFINITY)"
