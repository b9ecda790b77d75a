"""What is recorded while Values are computed: everything, nothing (``no_grad``), or source lines too.

A mode holds for the running thread or task only.  Operations look at ``active``, an ordinary list that
is empty while no thread has a mode on, so that the common path pays for one truth test.
"""

from __future__ import annotations

import os.path
import sys
import weakref
from collections import namedtuple
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar

from .type_checking import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

active: list[object] = []

_recording: ContextVar[bool] = ContextVar("recording", default=True)
_sources: ContextVar[bool] = ContextVar("sources", default=False)
_traced: ContextVar[list[Any] | None] = ContextVar("traced", default=None)
_lines: weakref.WeakKeyDictionary[Any, SourceLine] = weakref.WeakKeyDictionary()
_HERE = os.path.dirname(os.path.abspath(__file__))
LIBRARY = (_HERE + os.sep, os.path.join(os.path.dirname(_HERE), "nn") + os.sep)


class SourceLine(namedtuple("SourceLine", ("file", "line", "function"))):
    """Where a node was made."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"{os.path.basename(self.file)}:{self.line} in {self.function}"


@contextmanager
def _mode(variable: ContextVar[Any], value: Any) -> Iterator[Any]:
    mark = object()
    active.append(mark)
    token = variable.set(value)
    try:
        yield value
    finally:
        variable.reset(token)
        active.remove(mark)


def no_grad() -> Any:
    """Within it, operations compute values without recording a graph; a decorator as well.

    >>> from autograd import Value
    >>> x = Value(2.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.parents
    (4.0, ())
    """
    return _mode(_recording, False)


def recorded() -> Any:
    """Within it, operations record a graph whatever is around it."""
    return _mode(_recording, True)


def provenance() -> Any:
    """Within it, every new node remembers the source line that made it; ``source_of`` tells it.

    >>> from autograd import Value
    >>> with provenance():
    ...     y = Value(2.0) * 3.0
    >>> source_of(y).line
    2
    """
    return _mode(_sources, True)


def source_of(node: Any) -> SourceLine | None:
    """The source line that made ``node``, if it was recorded."""
    return _lines.get(node)


def tracing() -> Any:
    """Within it, for the compiler: new nodes are listed, and comparing Values is an error.

    The branch taken would be frozen into the program.  The list is what ``with`` binds; it holds what a
    function computes and then does not use, too, because that may raise.
    """
    return _mode(_traced, [])


def aside() -> Any:
    """Within it, nothing is listed: derivative rules compute more than is wanted of them."""
    return _mode(_traced, []) if is_tracing() else nullcontext()


def is_tracing() -> bool:
    """Whether the running thread or task is tracing a function for the compiler."""
    return _traced.get() is not None


def recording() -> bool:
    """Whether the running thread or task records graphs."""
    return _recording.get()


def note(node: Any) -> None:
    """List a new node, or remember the first line outside the library, if the running thread asks for it."""
    traced = _traced.get()
    if traced is not None:
        traced.append(node)
    if not _sources.get():
        return
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(LIBRARY):
        frame = frame.f_back
    _lines[node] = SourceLine(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
