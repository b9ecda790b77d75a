"""Every primitive that machine code computes itself, and where Python's floats may raise.

Names in scope as in the table of primitives: ``b`` writes instructions, ``x``, ``y`` are operands.  Comparisons
are chosen so that a NaN operand gives what the forward function gives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from typing import Any

from ... import primitives as p
from ...declaration import Primitive
from ..lowering import bounded, capped, decay, product, quotient, raised
from . import mathematics
from .code import Code

_INF, _NAN = math.inf, math.nan


def emit_one(b: Code, op: Primitive, operands: list[str], last: float | None) -> str:
    """Write one instruction; ``last`` is its last operand, if that is a constant."""
    if op is p.div and not last:
        b.trouble(b.compare("oeq", operands[1], b.constant(0.0)))
    write = _operation(op)
    assert write is not None, op
    return write(b, *operands)


def native(op: Primitive) -> bool:
    """Whether the primitive needs no writing out."""
    return _operation(op) is not None


def _operation(op: Primitive) -> Callable[..., str] | None:
    """What writes the instructions of a primitive: known by itself, or by the `math` function that it is."""
    return _OPERATIONS.get(op) or (_LIBRARY.get(op.forward) if isinstance(op.forward, Hashable) else None)


# ---- What can raise ------------------------------------------------------------------------------------


def _outside(relation: str, bound: float) -> Callable[[Code, str], str]:
    return lambda b, x: b.compare(relation, x, b.constant(bound))


def _far(relation: str, bound: float) -> Callable[[Code, str], str]:
    return lambda b, x: b.compare(relation, b.intrinsic("fabs", x), b.constant(bound))


def _raising(write: Callable[..., str], outside: Callable[[Code, str], str]) -> Callable[..., str]:
    """``write``, in trouble where an operand is outside the domain."""

    def written(b: Code, x: str) -> str:
        b.trouble(outside(b, x))
        return write(b, x)

    return written


def _overflowing(write: Callable[..., str]) -> Callable[..., str]:
    """``write``, in trouble where the result is infinite: Python raises, unless an operand was."""

    def written(b: Code, *operands: str) -> str:
        result = write(b, *operands)
        b.trouble(b.compare("oeq", b.intrinsic("fabs", result), b.constant(_INF)))
        return result

    return written


# ---- Mathematics ---------------------------------------------------------------------------------------


def _own(write: Callable[..., str]) -> Callable[..., str]:
    return lambda b, *operands: b.helper(write.__name__, write, *operands)


def _capped(b: Code, x: str) -> str:
    """Where it is used, if that may be: it shares most of its instructions with ``raised``."""
    return b.exactly(mathematics.capped, x) if b.module.inline else b.helper("capped", mathematics.capped, x)


def _raised(b: Code, x: str) -> str:
    return b.exactly(mathematics.raised, x) if b.module.inline else b.exactly(Code.add, b.constant(1.0), _capped(b, x))


def _from_library(name: str) -> Callable[..., str]:
    return lambda b, *operands: b.library(name, *operands)


def _pow(b: Code, x: str, y: str) -> str:
    result = b.library("pow", x, y)
    b.trouble(b.write(f"fcmp uno {b.number} {b.write(f'fsub {b.number} {result}, {result}')}, {b.constant(0.0)}"))
    return result


# ---- Choices -------------------------------------------------------------------------------------------


def _sign(b: Code, x: str) -> str:
    zero = b.constant(0.0)
    other = b.write(f"fmul {b.number} {zero}, {x}")
    negative = b.select(b.compare("olt", x, zero), b.constant(-1.0), other)
    return b.select(b.compare("ogt", x, zero), b.constant(1.0), negative)


def _truth(b: Code, yes: str, no: str) -> str:
    return b.select(yes, b.constant(1.0), b.select(no, b.constant(0.0), b.constant(_NAN)))


def _extreme(relation: str) -> Callable[..., str]:
    """``y`` where it beats ``x`` or is NaN."""
    return lambda b, x, y: b.select(b.either(b.compare(relation, y, x), b.compare("uno", y, y)), y, x)


_OPERATIONS: dict[Primitive, Callable[..., str]] = {
    p.add: Code.add,
    p.sub: Code.sub,
    p.mul: Code.mul,
    p.div: Code.div,
    p.neg: Code.neg,
    p.abs: lambda b, x: b.intrinsic("fabs", x),
    p.sqrt: _raising(lambda b, x: b.intrinsic("sqrt", x), _outside("olt", 0.0)),
    p.exp: _overflowing(_own(mathematics.exp)),
    p.log: _raising(_own(mathematics.log), _outside("ole", 0.0)),
    p.log1p: _raising(_own(mathematics.log1p), _outside("ole", -1.0)),
    p.tanh: _own(mathematics.tanh),
    p.sin: _raising(_own(mathematics.sin), _far("oeq", _INF)),
    p.cos: _raising(_own(mathematics.cos), _far("oeq", _INF)),
    p.pow: _pow,
    p.sign: _sign,
    p.step: lambda b, x: _truth(b, b.compare("ogt", x, b.constant(0.0)), b.compare("ole", x, b.constant(0.0))),
    p.not_less: lambda b, x, y: _truth(b, b.compare("oge", x, y), b.compare("olt", x, y)),
    p.relu: lambda b, x: b.select(b.compare("ole", x, b.constant(0.0)), b.constant(0.0), x),
    p.maximum: _extreme("ogt"),
    p.minimum: _extreme("olt"),
    p.where: lambda b, c, x, y: b.select(b.compare("une", c, b.constant(0.0)), x, y),
    decay: _own(mathematics.decay),
    capped: _capped,
    raised: _raised,
    quotient: Code.div,
    product: lambda b, x, y: b.write(f"fmul {b.number} {x}, {y}"),
    bounded: _overflowing(lambda b, x: x),
}


def _plain(write: Callable[..., str]) -> Callable[..., str]:
    return write


def _raises(outside: Callable[[Code, str], str]) -> Callable[..., Callable[..., str]]:
    return lambda write: _raising(write, outside)


HEAVY = {
    p.exp,
    p.log,
    p.log1p,
    p.tanh,
    p.sin,
    p.cos,
    decay,
    capped,
    raised,
}  # helper functions of their own: see mathematics.py

SCATTERED = {p.sin, p.cos}  # … in which one lane may change what all lanes do

# What the C library computes for `math`: a user's primitive, too, may have any of them as its forward.
_NAMED: dict[str, Callable[..., Callable[..., str]]] = {
    "exp2": _overflowing,
    "expm1": _overflowing,
    "sinh": _overflowing,
    "cosh": _overflowing,
    "hypot": _overflowing,
    "log2": _raises(_outside("ole", 0.0)),
    "log10": _raises(_outside("ole", 0.0)),
    "tan": _raises(_far("oeq", _INF)),
    "asin": _raises(_far("ogt", 1.0)),
    "acos": _raises(_far("ogt", 1.0)),
    "acosh": _raises(_outside("olt", 1.0)),
    "atanh": _raises(_far("oge", 1.0)),
    "atan": _plain,
    "atan2": _plain,
    "asinh": _plain,
    "cbrt": _plain,
    "erf": _plain,
    "erfc": _plain,
}
_LIBRARY: dict[Any, Callable[..., str]] = {
    getattr(math, name): guard(_from_library(name)) for name, guard in _NAMED.items()
}
LIBRARY_NAMES = (*_NAMED, "pow", "sin", "cos")
