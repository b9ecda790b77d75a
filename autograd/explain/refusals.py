"""What a view refuses ends at the line that asked for it: the message says everything."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from ..refusal import shorten

F = TypeVar("F", bound=Callable[..., Any])


def ends_at_caller(function: F) -> F:
    """Let the traceback of a refusal end at the last line that is not the library's.

    >>> import traceback
    >>> from autograd import Value, nudge
    >>> try:
    ...     nudge(Value(1.0, "x"), "y")
    ... except LookupError as error:
    ...     len(traceback.extract_tb(error.__traceback__))
    1
    """

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (ArithmeticError, LookupError, OSError, RuntimeError, TypeError, ValueError) as error:
            # Those are no refusals but faults of ours.
            if not isinstance(error, (KeyError, IndexError, RecursionError, NotImplementedError)):
                shorten(error)
            raise  # a bare one adds no entry for this frame

    return guarded  # type: ignore[return-value]  # it has the signature of what it wraps
