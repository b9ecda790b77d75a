"""The way into a program from Python: arguments apart, results in shape, as generated code.

Taking nested lists apart by generic code costs more than most programs; a function written for
one shape of arguments costs next to nothing.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..modes import LIBRARY
from .program import Program


class UnsuitedError(Exception):
    """These arguments are not of the shape that an entry was made for."""


_MANY = 4  # numbers that are cheaper to move together than one by one
_WRONG = (TypeError, ValueError, OverflowError, struct.error, ctypes.ArgumentError)


def entry(
    program: Program, prepare: str, compute: Sequence[str], results: str, scope: dict[str, Any]
) -> Callable[..., Any]:
    """A function of the program's arguments.

    ``prepare``   an expression over the flat inputs, written ``{inputs}``: refuses what has no float
    ``compute``   lines that leave the results, or ``return replay({arguments})``
    ``results``   an expression for the flat results, as many as there are outputs
    """
    arguments = [f"a{i}" for i in range(len(program.arguments))]
    supply = iter(range(len(program.names)))
    inputs: list[str] = []
    unpack: list[str] = []
    for name, tree in zip(arguments, program.arguments, strict=True):
        inputs += _taken_apart(name, tree, supply, unpack)
    words = {"inputs": ", ".join(inputs), "arguments": ", ".join(arguments)}
    added = " + ".join([f"sum({x[1:]})" if x[0] == "*" else x for x in inputs])
    outputs = [f"r{i}" for i in range(len(program.outputs))]
    unpacked, shaped = f"[{', '.join(outputs)}] = {results}", _literal(program.results, iter(outputs))
    if shaped is None or len(outputs) >= _MANY:
        unpacked, shaped = f"r = {results}", _sliced(program.results, 0)[0] or "shaped(r)"
    lines = [
        f"def entry({words['arguments']}):",
        "    try:",
        *[f"        {line}" for line in unpack],
        f"        given = {prepare.format(**words)}",
        # What turns into a float by __float__ alone, such as a Decimal, is no number to the eager engine either.
        *([f"        if not isinstance({added} + 0.0, float):", "            raise unsuited"] if inputs else []),
        "    except wrong:",
        "        raise unsuited from None",
        *[f"    {line.format(**words)}" for line in compute],
        f"    {unpacked}",
        f"    return {shaped}",
    ]
    scope = {**scope, "wrong": _WRONG, "unsuited": UnsuitedError, "shaped": program.shaped}
    exec(compile("\n".join(lines), f"{LIBRARY[0]}<entry>", "exec"), scope)  # made of our own names only
    made: Callable[..., Any] = scope["entry"]
    return made


def shaper(tree: Any) -> Callable[[list[Any]], Any] | None:
    """A function that puts a flat list into the shape of ``tree``; None for kinds that it cannot write down."""
    code, _ = _sliced(tree, 0)
    if code is None:
        return None
    made: Callable[[list[Any]], Any] = eval(compile(f"lambda r: {code}", "<shape>", "eval"), {})
    return made


def _sliced(tree: Any, place: int) -> tuple[str | None, int]:
    """The code of ``tree`` with its scalars taken from the list ``r``, from ``place`` on; and the place behind them."""
    if not isinstance(tree, (list, tuple)):
        return f"r[{place}]", place + 1
    if type(tree) is list and not any(isinstance(branch, (list, tuple)) for branch in tree):
        return f"r[{place}:{place + len(tree)}]", place + len(tree)
    branches = []
    for branch in tree:
        code, place = _sliced(branch, place)
        branches.append(code)
    if type(tree) not in (list, tuple) or None in branches:
        return None, place
    inside = ", ".join(map(str, branches))
    return (f"[{inside}]" if isinstance(tree, list) else f"({inside}{',' if len(branches) == 1 else ''})"), place


def _taken_apart(name: str, tree: Any, supply: Iterator[int], unpack: list[str]) -> list[str]:
    """What the scalars of ``tree`` are in a list of arguments, and the lines that take it apart."""
    if not isinstance(tree, (list, tuple)):
        return [name]
    # What else can be taken apart, such as a dictionary or a set, is something else to the function.
    unpack += [f"if not isinstance({name}, (list, tuple)) and not hasattr({name}, 'dtype'):", "    raise unsuited"]
    if len(tree) >= _MANY and not any(isinstance(part, (list, tuple)) for part in tree):
        unpack += [f"if len({name}) != {len(tree)}:", "    raise unsuited"]
        return [f"*{name}"]
    parts = [
        f"x{next(supply)}" if not isinstance(part, (list, tuple)) else f"{name}_{i}" for i, part in enumerate(tree)
    ]
    unpack.append(f"{''.join(f'{part}, ' for part in parts) or '()'} = {name}")
    return [x for part, branch in zip(parts, tree, strict=True) for x in _taken_apart(part, branch, supply, unpack)]


def _literal(tree: Any, supply: Iterator[str]) -> str | None:
    """The code of a nested list or tuple; None for other kinds, such as named tuples."""
    if not isinstance(tree, (list, tuple)):
        return next(supply)
    branches = [_literal(branch, supply) for branch in tree]
    if type(tree) not in (list, tuple) or None in branches:
        return None
    inside = ", ".join(map(str, branches))
    return f"[{inside}]" if isinstance(tree, list) else f"({inside}{',' if len(branches) == 1 else ''})"
