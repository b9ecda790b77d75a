"""Programs over array libraries: the same instructions on arrays, for GPUs, clusters and their own compilers."""

from __future__ import annotations

import importlib
import operator
from collections.abc import Callable
from typing import Any

from .. import primitives as p
from ..declaration import Primitive
from ..refusal import refusal, shown
from ..transform import flatten
from .lowering import bounded, decay, lower, quotient
from .program import Program

# Where a library spells a function as NumPy does, under that name; most have none but this.
_NAMES: dict[Primitive, str] = {
    p.abs: "abs",
    p.acos: "arccos",
    p.acosh: "arccosh",
    p.asin: "arcsin",
    p.asinh: "arcsinh",
    p.atan: "arctan",
    p.atan2: "arctan2",
    p.atanh: "arctanh",
    p.cbrt: "cbrt",
    p.cos: "cos",
    p.cosh: "cosh",
    p.erf: "erf",
    p.exp: "exp",
    p.exp2: "exp2",
    p.expm1: "expm1",
    p.hypot: "hypot",
    p.log: "log",
    p.log10: "log10",
    p.log1p: "log1p",
    p.log2: "log2",
    p.maximum: "maximum",
    p.minimum: "minimum",
    p.sin: "sin",
    p.sinh: "sinh",
    p.sqrt: "sqrt",
    p.tan: "tan",
    p.tanh: "tanh",
}

# Arithmetic is the arrays' own; the library is ``a``.
_FORMS: dict[Primitive, Callable[..., Any]] = {
    p.add: lambda a, x, y: x + y,
    p.sub: lambda a, x, y: x - y,
    p.mul: lambda a, x, y: x * y,
    p.div: lambda a, x, y: x / y,
    p.neg: lambda a, x: -x,
    p.pow: lambda a, x, y: x**y,
    p.sign: lambda a, x: a.where(x == x, a.sign(x), x),  # torch's sign of NaN is 0
    p.step: lambda a, x: _truth(a, x > 0.0, x <= 0.0),
    p.not_less: lambda a, x, y: _truth(a, x >= y, x < y),
    p.relu: lambda a, x: a.where(x <= 0.0, 0.0, x),
    p.where: lambda a, c, x, y: a.where(c != 0.0, x, y),
    quotient: lambda a, x, y: operator.truediv(x, y),
    decay: lambda a, x: a.exp(-a.abs(x)),
    bounded: lambda a, x: x,
}

_MORE = {"jax.numpy": ("jax.scipy.special",), "torch": ("torch.special",)}  # where a library keeps special functions


def _truth(a: Any, yes: Any, no: Any) -> Any:
    return a.where(yes, 1.0, a.where(no, 0.0, float("nan")))


def over(program: Program, namespace: Any) -> Callable[..., Any]:
    """See :meth:`Program.to`."""
    library = getattr(namespace, "__name__", shown(namespace))
    if not (hasattr(namespace, "where") and hasattr(namespace, "asarray")):
        raise refusal(f"to takes an array library itself, numpy, jax.numpy or torch, not {library}")
    places = [namespace, *map(importlib.import_module, _MORE.get(library, ()))]

    def function(op: Primitive) -> Callable[..., Any] | None:
        if op in _FORMS:
            return lambda *x: _FORMS[op](namespace, *x)
        return next((getattr(place, _NAMES[op]) for place in places if hasattr(place, _NAMES[op])), None)

    lowered = lower(program, lambda op: op in _FORMS or op in _NAMES, library)
    calls = []
    for op, operands in lowered.instructions:
        call = function(op)
        if call is None:
            raise refusal(f"{library} has no function for the primitive {op.name}")
        calls.append((call, operands))
    lift = _lifter(namespace, library)

    def run(*args: Any) -> Any:
        scalars = flatten(list(args))
        if len(scalars) != len(program.names):
            raise refusal(f"the program takes {len(program.names)} arrays, got {len(scalars)}")
        variables = [lift(x) for x in (*scalars, *lowered.captures(), *lowered.constants)]
        for call, operands in calls:
            variables.append(call(*[variables[v] for v in operands]))
        return program.shaped([variables[v] for v in lowered.outputs])

    run.__name__ = run.__qualname__ = f"program over {library}"
    return run


def _lifter(namespace: Any, library: str) -> Callable[[Any], Any]:
    """What makes an array of a number: torch's functions take nothing else, and its default is single precision."""
    if library == "torch":
        return lambda x: x if isinstance(x, namespace.Tensor) else namespace.as_tensor(x, dtype=namespace.float64)
    return lambda x: namespace.asarray(x)
