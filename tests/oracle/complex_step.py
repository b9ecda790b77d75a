"""The primitives on complex numbers: f(x + ih) = f(x) + ih f′(x), and there is no difference to cancel.

Where ``cmath`` lacks a function, its value at x + ih is written to first order in h, which is exact in
floating point for an h of 1e-100.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from typing import Any

STEP = 1e-100


def _first_order(f: Callable[[float], float], slope: Callable[[float], float]) -> Callable[[Any], complex]:
    def extended(z: Any) -> complex:
        z = complex(z)
        return complex(f(z.real), z.imag * slope(z.real))

    return extended


def _atan2(y: Any, x: Any) -> complex:
    y, x = complex(y), complex(x)
    slope = (x.real * y.imag - y.real * x.imag) / (x.real * x.real + y.real * y.real)
    return complex(math.atan2(y.real, x.real), slope)


def _hypot_slope(x: Any, y: Any) -> complex:
    x, y = complex(x), complex(y)
    h = math.hypot(x.real, y.real)
    return complex(x.real / h, (y.real * x.imag - x.real * y.imag) * y.real / h**3)


def _pow(x: Any, y: Any) -> complex:
    x, y = complex(x), complex(y)
    if not y.imag and y.real.is_integer():
        return x ** int(y.real)
    return cmath.exp(y * cmath.log(x))


def _sigmoid(z: Any) -> complex:
    return 1 / (1 + cmath.exp(-z))


def _affine(*v: Any) -> Any:
    n = len(v) // 2
    return sum((a * b for a, b in zip(v[:n], v[n : 2 * n], strict=True)), v[-1] if len(v) % 2 else 0)


def _real(z: Any) -> float:
    return complex(z).real


def _tangent(z: Any) -> complex:
    return cmath.sin(z) / cmath.cos(z)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "pow": _pow,
    "neg": lambda x: -x,
    "abs": lambda x: x if _real(x) > 0 else -x,
    "identity": lambda x: x,
    "exp": cmath.exp,
    "exp2": lambda x: cmath.exp(x * math.log(2)),
    "expm1": _first_order(math.expm1, math.exp),
    "log": cmath.log,
    "log2": lambda x: cmath.log(x) / math.log(2),
    "log10": lambda x: cmath.log(x) / math.log(10),
    "log1p": _first_order(math.log1p, lambda x: 1 / (1 + x)),
    "xlogy": lambda x, y: x * cmath.log(y),
    "sqrt": cmath.sqrt,
    "cbrt": _first_order(math.cbrt, lambda x: math.cbrt(x) / (3 * x)),
    "semicircle": lambda x: cmath.sqrt(1 - x * x),
    "sin": cmath.sin,
    "cos": cmath.cos,
    "tan": _tangent,
    "asin": cmath.asin,
    "acos": cmath.acos,
    "atan": cmath.atan,
    "atan2": _atan2,
    "sinh": cmath.sinh,
    "cosh": cmath.cosh,
    "tanh": cmath.tanh,
    "asinh": cmath.asinh,
    "acosh": cmath.acosh,
    "atanh": cmath.atanh,
    "erf": _first_order(math.erf, lambda x: 2 / math.sqrt(math.pi) * math.exp(-x * x)),
    "sigmoid": _sigmoid,
    "softplus": lambda x: cmath.log(1 + cmath.exp(x)),
    "sigmoid_slope": lambda x: 1 / (4 * cmath.cosh(x / 2) ** 2),
    "tanh_slope": lambda x: 1 / cmath.cosh(x) ** 2,
    "atan_slope": lambda x: 1 / (1 + x * x),
    "hypot": lambda x, y: cmath.sqrt(x * x + y * y),
    "hypot_slope": _hypot_slope,
    "sign": lambda x: math.copysign(1.0, _real(x)),
    "step": lambda x: float(_real(x) > 0),
    "relu": lambda x: x if _real(x) > 0 else 0.0 * x,
    "leaky_relu": lambda x: x if _real(x) > 0 else 0.01 * x,
    "not_less": lambda x, y: float(_real(x) >= _real(y)),
    "maximum": lambda x, y: x if _real(x) >= _real(y) else y,
    "minimum": lambda x, y: x if _real(x) <= _real(y) else y,
    "where": lambda c, x, y: x if _real(c) else y,
    "affine": _affine,
    "total": lambda *v: sum(v),
    "logsumexp": lambda *v: cmath.log(sum(map(cmath.exp, v))),
    "softmax": lambda *v: 1 / (1 + sum(cmath.exp(x - v[0]) for x in v[1:])),
}
FUNCTIONS |= {f"in-place {name}": FUNCTIONS[name] for name in ("add", "sub", "mul", "div", "pow")}


def gradient(graph: Any, at: Sequence[float]) -> list[float]:
    """∂root/∂input by one complex evaluation an input."""
    return [
        complex(graph.run(FUNCTIONS, [complex(x, STEP) if i == j else x for j, x in enumerate(at)])).imag / STEP
        for i in range(len(at))
    ]
