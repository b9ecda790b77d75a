"""Numbers in, and errors that teach: what happened, to which operation and node, what to do."""

from __future__ import annotations

import functools
import numbers
from collections.abc import Callable, Iterable

from .modes import LIBRARY
from .type_checking import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])
    E = TypeVar("E", bound=BaseException)

_HINTS = {
    "complex": "the engine differentiates real functions",
    "str": "convert it with float(...) first",
    "Decimal": "convert it with float(...) first, and mind the lost digits",
    "ndarray": "an array holds many numbers; make one Value for each, or give it as a list: x.tolist()",
    "list": "a list holds many numbers; make one Value for each",
    "tuple": "a tuple holds many numbers; make one Value for each",
    "NoneType": "is a return statement missing?",
}


def refusal(message: str) -> TypeError:
    """A ``TypeError`` whose message already says everything; :func:`refuse` leaves it as it is."""
    return complete(TypeError(message))


def complete(error: E) -> E:
    """Mark an error as one whose message already says everything."""
    error._complete = True  # type: ignore[attr-defined]
    return error


def ends_at_caller(function: F) -> F:
    """Let the traceback of an error that says everything end at the last line that is not the library's.

    >>> import traceback
    >>> @ends_at_caller
    ... def reject():
    ...     number("one")
    >>> try:
    ...     reject()
    ... except TypeError as error:
    ...     traceback.extract_tb(error.__traceback__)[-1].name  # no deeper, into `number`
    'reject'
    """

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (ArithmeticError, ValueError, TypeError, AssertionError) as error:
            if getattr(error, "_complete", False) or _before_the_first_line(error):
                shorten(error)
            raise

    return guarded  # type: ignore[return-value]  # it has the signature of what it wraps


def _before_the_first_line(error: BaseException) -> bool:
    """Whether it is Python's own error about the arguments of a call: too many, too few, an unknown name."""
    return error.__traceback__ is not None and error.__traceback__.tb_next is None


def shorten(error: BaseException) -> None:
    """Leave the library's own lines out of the end of a traceback; the caller then re-raises with a bare ``raise``."""
    entry, last = error.__traceback__, None
    while entry is not None:
        if not entry.tb_frame.f_code.co_filename.startswith(LIBRARY):
            last = entry
        entry = entry.tb_next
    if last is None:
        error.__traceback__ = None
    else:
        last.tb_next = None


def number(value: Any) -> float:
    """The float that a number stands for: Python's and NumPy's scalars, and fractions.

    >>> from fractions import Fraction
    >>> number(Fraction(1, 4))
    0.25

    Raises ``TypeError`` for anything else, and ``OverflowError`` for an integer beyond the floats.
    """
    if isinstance(value, numbers.Real) or _is_truth_value(value):
        try:
            return float(value)
        except OverflowError:
            raise OverflowError(f"{shown(value)} is too large for a float") from None
    kind = type(value).__name__
    raise refusal(f"expected a number, got {shown(value)} ({kind}): {_HINTS.get(kind, 'give a float or an int')}")


def _is_truth_value(value: Any) -> bool:
    """NumPy's, which are not registered as numbers as its other scalars are."""
    return getattr(getattr(value, "dtype", None), "kind", "") == "b" and value.shape == ()


def refuse(
    error: BaseException, operation: str | Callable[[list[str]], str], operands: Iterable[Any], domain: str = ""
) -> None:
    """Make ``error`` name the operation, its operands and their labels, and end at the caller's line.

    ``operation`` is a name, or what writes the operands into an application.

    The caller then re-raises it with a bare ``raise``, which adds no traceback entry for its own
    frame: the last line that a user sees is the user's.
    """
    if not getattr(error, "_complete", False):
        listed = [shown(operand) for operand in operands]
        if len(listed) > 8:
            listed[7:] = [f"… {len(listed) - 7} more"]
        applied = operation(listed) if callable(operation) else f"{operation}({', '.join(listed)})"
        error.args = (f"{applied}: {_reason(error, domain)}",)
        complete(error)  # the innermost operation is the precise one
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
    data, label = getattr(operand, "data", None), getattr(operand, "label", None)
    if data.__class__ is not float:  # no Value; NumPy's arrays have a .data as well
        data, label = operand, None
    import re  # for messages only

    text = re.sub(r" at 0x[0-9a-fA-F]+", "", repr(data))
    text = text if len(text) <= 60 else text[:57] + "..."
    return f"{str(label)[:40]}={text}" if label is not None else text
