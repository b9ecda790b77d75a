"""Functions of one's own, called on floats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd import Value, no_grad


def on_floats(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` where its first argument may be a float, also if it uses methods of Values, such as z.tanh().

    >>> on_floats(lambda z: z.relu())(-1.0)
    0.0
    """

    def called(x: Any, *more: Any) -> Any:
        try:
            return function(x, *more)
        except (AttributeError, TypeError):
            if not isinstance(x, float):
                raise
        with no_grad():
            result = function(Value(x), *more)
        return result.data if isinstance(result, Value) else result

    return called
