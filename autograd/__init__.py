"""Scalar reverse-mode automatic differentiation that explains itself.

>>> from autograd import Value
>>> x = Value(3.0, "x")
>>> y = x**2 + 2 * x
>>> y.backward()
>>> x.grad
8.0
"""

import os as _os
from importlib import import_module as _import_module

from . import type_checking as _type_checking

if _os.path.exists(_os.path.join(__path__[0], "tracer.py")):
    raise ImportError(
        "two packages named autograd are installed into one folder: this one (scalar-autograd) and HIPS/autograd, "
        "whose files are mixed now. Keep one: pip uninstall -y autograd scalar-autograd, then install the one you "
        "want, or give each its own virtual environment"
    )

from .check import check_gradients as check_gradients
from .declaration import Notation as Notation
from .declaration import Primitive as Primitive
from .declaration import primitive as primitive
from .modes import no_grad as no_grad
from .modes import provenance as provenance
from .primitives import abs as abs
from .primitives import acos as acos
from .primitives import acosh as acosh
from .primitives import affine as affine
from .primitives import asin as asin
from .primitives import asinh as asinh
from .primitives import atan as atan
from .primitives import atan2 as atan2
from .primitives import atanh as atanh
from .primitives import cbrt as cbrt
from .primitives import cos as cos
from .primitives import cosh as cosh
from .primitives import erf as erf
from .primitives import exp as exp
from .primitives import exp2 as exp2
from .primitives import expm1 as expm1
from .primitives import exponential as exponential
from .primitives import hypot as hypot
from .primitives import leaky as leaky
from .primitives import leaky_relu as leaky_relu
from .primitives import log as log
from .primitives import log1p as log1p
from .primitives import log2 as log2
from .primitives import log10 as log10
from .primitives import logsumexp as logsumexp
from .primitives import maximum as maximum
from .primitives import minimum as minimum
from .primitives import not_less as not_less
from .primitives import power as power
from .primitives import relu as relu
from .primitives import sigmoid as sigmoid
from .primitives import sign as sign
from .primitives import sin as sin
from .primitives import sinh as sinh
from .primitives import softmax as softmax
from .primitives import softplus as softplus
from .primitives import sqrt as sqrt
from .primitives import step as step
from .primitives import tan as tan
from .primitives import tanh as tanh
from .primitives import total as total
from .primitives import where as where
from .primitives import xlogy as xlogy
from .transform import grad as grad
from .transform import hessian as hessian
from .transform import hvp as hvp
from .transform import jacobian as jacobian
from .transform import jvp as jvp
from .transform import value_and_grad as value_and_grad
from .transform import vjp as vjp
from .value import Value as Value

# Loaded when first used, so that `import autograd` costs the engine and nothing else.
_ON_USE: dict[str, str] = {
    "Diagram": ".drawing",
    "Frame": ".drawing",
    "MISCONCEPTIONS": ".explain",
    "Misconception": ".explain",
    "Program": ".compiler",
    "Stepper": ".drawing",
    "chain": ".explain",
    "check_answers": ".explain",
    "compile": ".compiler",
    "draw": ".drawing",
    "find": ".notation",
    "latex": ".explain",
    "locate": ".explain",
    "naive_order": ".explain",
    "nudge": ".explain",
    "stepper": ".drawing",
    "steps": ".explain",
    "table": ".explain",
    "trace": ".compiler",
}

if _type_checking.TYPE_CHECKING:
    from typing import Any as _Any

    from .compiler import Program as Program
    from .compiler import compile as compile
    from .compiler import trace as trace
    from .drawing import Diagram as Diagram
    from .drawing import Frame as Frame
    from .drawing import Stepper as Stepper
    from .drawing import draw as draw
    from .drawing import stepper as stepper
    from .explain import MISCONCEPTIONS as MISCONCEPTIONS
    from .explain import Misconception as Misconception
    from .explain import chain as chain
    from .explain import check_answers as check_answers
    from .explain import latex as latex
    from .explain import locate as locate
    from .explain import naive_order as naive_order
    from .explain import nudge as nudge
    from .explain import steps as steps
    from .explain import table as table
    from .notation import find as find

# `from autograd import *` brings every public name, except those that would hide Python's own.
__all__ = sorted(
    name
    for name, thing in (globals() | _ON_USE).items()
    if not name.startswith("_") and not isinstance(thing, type(_os)) and name not in ("abs", "compile")
)


def __getattr__(name: str) -> "_Any":
    if name not in _ON_USE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_import_module(_ON_USE[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_ON_USE})
