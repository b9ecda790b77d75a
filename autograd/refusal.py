"""Numbers in, and errors that teach: what happened, to which operation and node, what to do."""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from typing import Any

_HINTS = {
    "complex": "the engine differentiates real functions",
    "str": "convert it with float(...) first",
    "Decimal": "convert it with float(...) first, and mind the lost digits",
    "ndarray": "an array holds many numbers; make one Value for each",
    "list": "a list holds many numbers; make one Value for each",
    "tuple": "a tuple holds many numbers; make one Value for each",
    "NoneType": "is a return statement missing?",
}


def refusal(message: str) -> TypeError:
    """A ``TypeError`` whose message already says everything; :func:`refuse` leaves it as it is."""
    error = TypeError(message)
    error._complete = True  # type: ignore[attr-defined]
    return error


def number(value: Any) -> float:
    """The float that a number stands for: Python's and NumPy's scalars, and fractions.

    >>> from fractions import Fraction
    >>> number(Fraction(1, 4))
    0.25

    Raises ``TypeError`` for anything else, and ``OverflowError`` for an integer beyond the floats.
    """
    if isinstance(value, numbers.Real):
        return float(value)
    kind = type(value).__name__
    raise refusal(f"expected a number, got {shown(value)} ({kind}): {_HINTS.get(kind, 'give a float or an int')}")


def refuse(error: BaseException, operation: str, operands: Iterable[Any], domain: str = "") -> None:
    """Make ``error`` name the operation, its operands and their labels, and end at the caller's line.

    The caller then re-raises it with a bare ``raise``, which adds no traceback entry for its own
    frame: the last line that a user sees is the user's.
    """
    if not getattr(error, "_complete", False):
        listed = [shown(operand) for operand in operands]
        if len(listed) > 8:
            listed[7:] = [f"… {len(listed) - 7} more"]
        error.args = (f"{operation}({', '.join(listed)}): {_reason(error, domain)}",)
        error._complete = True  # type: ignore[attr-defined]  # the innermost operation is the precise one
    error.__traceback__ = None
    error.__suppress_context__ = True


def _reason(error: BaseException, domain: str) -> str:
    match error:
        case ZeroDivisionError():
            return "division by zero"
        case OverflowError():
            return "the result is too large for a float"
        case ValueError():
            return f"outside its domain ({domain})" if domain else "outside its domain"
    return str(error)


def shown(operand: Any) -> str:
    """An operand as an error message names it: its label, if it has one, and its number.

    >>> shown(0.5)
    '0.5'
    """
    data, label = getattr(operand, "data", operand), getattr(operand, "label", None)
    text = repr(data)
    text = text if len(text) <= 60 else text[:57] + "..."
    return f"{str(label)[:40]}={text}" if label is not None else text
