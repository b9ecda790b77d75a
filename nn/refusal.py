"""Errors that end at the user's line, and the words for a number that is none."""

from __future__ import annotations

import functools
import math
import os
import re
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from types import FrameType
from typing import Any, TypeVar

import autograd

_LIBRARY = tuple(os.path.dirname(os.path.abspath(module)) + os.sep for module in (__file__, autograd.__file__))

F = TypeVar("F", bound=Callable[..., Any])


def ends_at_caller(function: F) -> F:
    """Let the traceback of an error end at the last line that is not the library's, the caller's or a callback's.

    >>> import traceback
    >>> from nn import squared_error
    >>> try:
    ...     squared_error([1.0], [2.0, 3.0])
    ... except ValueError as error:
    ...     len(traceback.extract_tb(error.__traceback__))
    1
    """

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (ArithmeticError, LookupError, OSError, RuntimeError, ValueError, TypeError) as error:
            if not isinstance(error, RecursionError):  # a fault of ours
                shorten(error)
            raise  # a bare one adds no entry for this frame

    return guarded  # type: ignore[return-value]  # it has the signature of what it wraps


def shorten(error: BaseException) -> None:
    """Leave the library's own lines out of the end of a traceback; the caller then re-raises with a bare ``raise``."""
    entry, last = error.__traceback__, None
    while entry is not None:
        if not _is_ours(entry.tb_frame):
            last = entry
        entry = entry.tb_next
    if last is None:
        error.__traceback__ = None
    else:
        last.tb_next = None


def _is_ours(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    # What @dataclass writes has no file, but the globals of the module it is written for.
    return file.startswith(_LIBRARY) or (file == "<string>" and frame.f_globals.get("__package__") == __package__)


def shown(x: Any) -> str:
    """Anything as an error message shows it, on one line of bounded length.

    >>> shown(None), shown("a" * 100)
    ('None', "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...")
    """
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", " ".join(repr(x).split()))
    return text if len(text) <= 60 else f"{text[:57]}..."


def positive(what: str, x: Any) -> float:
    """``x`` as a float, if it is a number above 0; ``ValueError`` otherwise."""
    number = _float(x)
    if number is None or not 0.0 < number < math.inf:
        raise ValueError(f"{what} is a number above 0, not {shown(x)}")
    return number


def demand(what: str, x: Any, least: float, below: float = math.inf) -> float:
    """``x`` as a float, if it is a number from ``least`` on and below ``below``; ``ValueError`` otherwise.

    >>> demand("momentum", 2, 0.0, 1.0)
    Traceback (most recent call last):
        ...
    ValueError: momentum is a number of at least 0 and below 1, not 2
    """
    number = _float(x)
    if number is None or not least <= number < below:
        bound = f" and below {below:g}" if below < math.inf else ""
        raise ValueError(f"{what} is a number of at least {least:g}{bound}, not {shown(x)}")
    return number


def _float(x: Any) -> float | None:
    """``x`` as a float; None for what is no number, and for one beyond the floats."""
    if not isinstance(x, Real) or isinstance(x, bool):
        return None
    try:
        return float(x)
    except OverflowError:
        return None


def count(what: str, n: Any, least: int = 0, hint: str = "") -> int:
    """``n``, if it is a whole number from ``least`` on; ``ValueError`` otherwise.

    >>> count("epochs", 0.5)
    Traceback (most recent call last):
        ...
    ValueError: epochs is a whole number of at least 0, not 0.5
    """
    if not isinstance(n, Integral) or isinstance(n, bool) or n < least:
        raise ValueError(f"{what} is a whole number of at least {least}{hint}, not {shown(n)}")
    return int(n)


def flag(what: str, x: Any) -> bool:
    """``x``, if it is True or False; ``ValueError`` otherwise: the text "no" would count as true.

    >>> flag("bias", "no")
    Traceback (most recent call last):
        ...
    ValueError: bias is True or False, not 'no'
    """
    if isinstance(x, bool) or type(x).__name__ in ("bool_", "bool"):  # NumPy's, too
        return bool(x)
    raise ValueError(f"{what} is True or False, not {shown(x)}")


def file_path(what: str, path: Any) -> Any:
    """``path``, if it can be one; ``TypeError`` otherwise.

    >>> file_path("a model file", None)
    Traceback (most recent call last):
        ...
    TypeError: a model file is given by its path, not None
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{what} is given by its path, not {shown(path)}")
    return path


def listed(what: str, x: Any) -> list[Any]:
    """The entries of ``x``; ``TypeError`` for what has none, and for text.

    >>> listed("the weights", None)
    Traceback (most recent call last):
        ...
    TypeError: the weights come as a list, not as None
    """
    if isinstance(x, (str, bytes, Mapping)) or not hasattr(x, "__iter__") or getattr(x, "shape", None) == ():
        raise TypeError(f"{what} come as a list, not as {shown(x)}")
    return list(x)
