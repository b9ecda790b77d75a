"""Programs in fewer primitives: what a back end does not have is written out in what it has.

A back end says which primitives it computes itself.  Everything else comes, in this order, from the
careful forms below, from the primitive's own ``expand``, or from its ``forward`` run on Values, which is
how a primitive that a user declared in terms of others reaches machine code without a further word.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from ..declaration import Primitive, primitive
from ..primitives import (
    abs,
    exponential,
    leaky,
    log,
    log1p,
    not_less,
    pow,
    power,
    relu,
    semicircle,
    sigmoid,
    sigmoid_slope,
    sign,
    softplus,
    sqrt,
    step,
    tanh_slope,
    where,
    xlogy,
)
from ..refusal import refusal
from ..unseen import UNSEEN
from ..value import Value
from .program import Builder, Program, declare_total

# These exist for back ends only.  The first four cannot raise, so they do not set the flag that sends a
# call back to the eager engine; ``product`` is never reassociated; ``bounded`` is the identity, and
# raises where a power overflows.
decay = primitive("decay", lambda x: math.exp(-math.fabs(x)), lambda x, z: -z * sign(x), origin=(__name__, "decay"))
capped = primitive("capped", lambda x: _capped(x), lambda x, z: z, origin=(__name__, "capped"))
raised = primitive(
    "raised",
    lambda x: 1.0 + _capped(x),
    lambda x, z: capped(x),
    expand=lambda x: 1.0 + capped(x),
    origin=(__name__, "raised"),
)
quotient = primitive("quotient", operator.truediv, lambda x, y, z: (1 / y, -z / y), origin=(__name__, "quotient"))
product = primitive("product", operator.mul, lambda x, y, z: (y, x), origin=(__name__, "product"))
bounded = primitive("bounded", lambda x: _bounded(x), lambda x, z: 1.0, origin=(__name__, "bounded"))


declare_total(decay, capped, raised, quotient, product)


def _capped(x: float) -> float:
    return math.exp(min(max(x, -708.0), 709.0))


def _bounded(x: float) -> float:
    if math.isinf(x):
        raise OverflowError
    return x


def _sigmoid(x: Any) -> Any:
    t = decay(x)
    big = quotient(1.0, 1.0 + t)
    return where(not_less(x, 0.0), big, t * big)


def _sigmoid_slope(x: Any) -> Any:
    t = decay(x)
    return quotient(t, (1.0 + t) * (1.0 + t))


def _sigmoid_relaxed(x: Any) -> Any:
    return quotient(1.0, raised(-x))


def _sigmoid_slope_relaxed(x: Any) -> Any:
    e = capped(-x)
    z = quotient(1.0, raised(-x))  # shared with the sigmoid: one division less, one more rounding
    return product(product(e, z), z)  # e (z z) could underflow


def _tanh_slope(x: Any) -> Any:
    t = decay(2.0 * x)
    return quotient(4.0 * t, (1.0 + t) * (1.0 + t))


def _xlogy(x: Any, y: Any) -> Any:
    some = step(abs(x)) + (1.0 - not_less(y, 0.0))  # 0 where x = 0 and y ≥ 0: there the product is 0
    return where(some, x * log(where(some, y, 1.0)), 0.0)


def _power(n: float) -> Callable[[Any], Any]:
    """Small whole powers by multiplication; each factor rounds once, as ``pow`` does."""
    forms: dict[float, Callable[[Any], Any]] = {
        0: lambda x: 1.0,
        2: lambda x: bounded(x * x),
        3: lambda x: bounded(x * x * x),
        -1: lambda x: bounded(1.0 / x),
        -2: lambda x: bounded((1.0 / x) * (1.0 / x)),
    }
    return forms.get(n, lambda x: pow(x, float(n)))


_CAREFUL: dict[Primitive, Callable[..., Any]] = {
    sigmoid: _sigmoid,
    sigmoid_slope: _sigmoid_slope,
    tanh_slope: _tanh_slope,
    softplus: lambda x: relu(x) + log1p(decay(x)),
    semicircle: lambda x: sqrt((1.0 - x) * (1.0 + x)),
    xlogy: _xlogy,
}

_RELAXED = {**_CAREFUL, sigmoid: _sigmoid_relaxed, sigmoid_slope: _sigmoid_slope_relaxed}

_FAMILIES: dict[Any, Callable[[Any], Callable[..., Any]]] = {
    power: _power,
    exponential: lambda base: lambda x: pow(float(base), x),
    leaky: lambda slope: lambda x: where(step(x), x, slope * x),
}


def lower(
    program: Program, native: Callable[[Primitive], bool], target: str = "this back end", relaxed: bool = False
) -> Program:
    """``program`` in primitives for which ``native`` holds; ``relaxed`` prefers speed to the last digit.

    Raises ``TypeError`` that names a primitive which cannot be written out.
    """
    builder = Builder(len(program.names), len(program.captured))
    variables = [*range(builder.given), *map(builder.constant, program.constants)]
    forms: dict[tuple[Primitive, int], Program] = {}
    for op, operands in program.instructions:
        taken = tuple([variables[v] for v in operands])
        if native(op):
            variables.append(builder.apply(op, taken))
            continue
        key = (op, len(taken))
        if key not in forms:
            forms[key] = lower(_form(op, len(taken), target, relaxed), native, target, relaxed)
        variables.extend(builder.inline(forms[key], taken))
    return builder.program(
        [variables[v] for v in program.outputs],
        names=program.names,
        captured=program.captured,
        arguments=program.arguments,
        results=program.results,
    )


def _form(op: Primitive, count: int, target: str, relaxed: bool) -> Program:
    """One application of ``op`` as a program of other primitives."""
    from .tracing import record

    family = _FAMILIES.get(op.origin[0])
    form = (
        (_RELAXED if relaxed else _CAREFUL).get(op)
        or (family(op.origin[1]) if family else None)
        or op.expand
        or op.forward
    )
    try:
        program = record(form, [Value(UNSEEN) for _ in range(count)])
    except Exception as error:
        raise refusal(
            f"the primitive {op.name} cannot be compiled for {target}: its forward function is not made of "
            f'primitives ({error}). Write it in primitives, give it `expand`, or use backend="python"'
        ) from error
    if program.captured or any(line.op is op for line in program.instructions):
        raise refusal(
            f"the primitive {op.name} cannot be compiled for {target}: write its forward function in other primitives"
        )
    return program
