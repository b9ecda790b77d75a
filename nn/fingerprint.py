"""What tells a function from another one, of the same name perhaps."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from types import CodeType, FunctionType, MethodType
from typing import Any

_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...))


def fingerprint(*functions: Any) -> list[str]:
    """The version of Python, and a few letters that other functions do not give under the same version.

    They tell a function's module, name and code, and the plain numbers and texts, and the functions, that are its
    defaults, its partial arguments or what it closes over.  Of any other object they tell the type.

    >>> first, same, other = lambda x: x**2, lambda x: x**2, lambda x: x**4
    >>> fingerprint(first) == fingerprint(same) != fingerprint(other)
    True
    """
    import hashlib  # not in ``import nn``

    digest = hashlib.blake2b(digest_size=16)
    for part in _parts(functions, {}):
        digest.update(f"{len(part)} {part}".encode("utf-8", "surrogatepass"))
    return [f"{sys.version_info[0]}.{sys.version_info[1]}", digest.hexdigest()]


def _parts(x: Any, seen: dict[int, Any]) -> Iterator[str]:
    if isinstance(x, _PLAIN):
        yield repr(x)
        return
    yield f"{type(x).__module__}.{type(x).__qualname__}"
    if id(x) not in seen:  # a function may close over itself
        seen[id(x)] = x
        for part in _made_of(x):
            yield from _parts(part, seen)


def _made_of(x: Any) -> Any:
    """What an object is made of, as far as it makes a difference."""
    match x:
        case FunctionType():
            return x.__module__, x.__qualname__, x.__code__, x.__defaults__, x.__kwdefaults__, _closed_over(x)
        case CodeType():
            return x.co_code, x.co_names, x.co_consts
        case MethodType():
            return x.__func__, x.__self__
        case functools.partial():
            return x.func, x.args, x.keywords
        case tuple() | list():
            return x
        case frozenset():
            return sorted(map(repr, x))
        case dict():
            return [*x.items()]
    return [getattr(x, part.name) for part in fields(x)] if is_dataclass(x) and not isinstance(x, type) else ()


def _closed_over(function: FunctionType) -> list[Any]:
    contents = []
    for cell in function.__closure__ or ():
        try:
            contents.append(cell.cell_contents)
        except ValueError:  # nothing in it yet
            contents.append(None)
    return contents
