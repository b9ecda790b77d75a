"""A mistake put into a process that has the library imported already: functions get other code.

Importing the library and collecting the tests takes a hundred times as long as most mutants live.  A mistake
inside a function needs neither: the functions made from the original's code are given the mutant's.
What happened at import happened without the mistake: where the line is one that ran then, only a process that
imports everything anew can tell that a mutant survives.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType

Key = tuple[str, str, tuple[tuple[int, int], tuple[int, int]]]
"""A code object, wherever the same source is compiled: its file, its qualified name, where it begins and ends."""


@dataclass(frozen=True)
class Change:
    """What differs between the code of a file and the code of a mutant of it."""

    chain: tuple[tuple[CodeType, CodeType], ...]  # from the module inwards: original and mutant
    lines: frozenset[int]  # of the original

    @property
    def at_import(self) -> bool:
        """Whether the mistake is outside any function."""
        return len(self.chain) == 1


@functools.lru_cache(1)
def _compiled(source: str, path: str) -> CodeType:
    return compile(source, path, "exec", dont_inherit=True)


def key(code: CodeType, file: str) -> Key:
    spans = [(a, c, b, d) for a, b, c, d in code.co_positions() if None not in (a, b, c, d)]
    return file, code.co_qualname, (min(s[:2] for s in spans), max(s[2:] for s in spans))


def change(original: str, mutant: str, path: str) -> Change:
    """``path`` is where the file lies: a traceback that passes through the mutant has to look like the original's."""
    before, after = original.split("\n"), mutant.split("\n")
    first = next(i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b)
    last = next(i for i, (a, b) in enumerate(zip(before[::-1], after[::-1], strict=False)) if a != b)
    lines = frozenset(range(first + 1, max(first + 1, len(before) - last) + 1))
    return Change(tuple(_chain(_compiled(original, path), compile(mutant, path, "exec", dont_inherit=True))), lines)


def _chain(a: CodeType, b: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """The code objects around the mistake, the one that it is in last."""
    yield a, b
    inside = list(zip(_inner(a), _inner(b), strict=False))
    changed = [pair for pair in inside if not _same(*pair)]
    if len(changed) == 1 and len(inside) == len(_inner(a)) == len(_inner(b)):
        yield from _chain(*changed[0])


def _same(a: CodeType, b: CodeType) -> bool:
    return _own(a) == _own(b) and all(map(_same, _inner(a), _inner(b)))


def _inner(code: CodeType) -> list[CodeType]:
    return [c for c in code.co_consts if isinstance(c, CodeType)]


def _own(code: CodeType) -> tuple[object, ...]:
    """What a code object does, but for those inside it."""
    # As text: 0.0 and -0.0, or 1 and True, are equal and not the same.
    constants = repr([None if isinstance(c, CodeType) else c for c in code.co_consts])
    names = code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    return code.co_code, constants, names, code.co_flags, code.co_exceptiontable, len(_inner(code))


def functions(paths: dict[str, str]) -> dict[Key, list[FunctionType]]:
    """Every function that there is of the files in ``paths``, a map from where they lie to their names."""
    found: dict[Key, list[FunctionType]] = {}
    for thing in gc.get_objects():
        if type(thing) is FunctionType and (file := paths.get(thing.__code__.co_filename)):
            found.setdefault(key(thing.__code__, file), []).append(thing)
    return found


def exchange(change: Change, file: str, existing: dict[Key, list[FunctionType]]) -> bool:
    """Give the functions around the mistake the mutant's code; whether that was possible."""
    done = False
    for original, mutant in change.chain[1:]:
        for function in existing.get(key(original, file), []):
            try:
                function.__code__ = mutant
            except ValueError:  # it would need other variables of the function around it
                return False
            done = True
    return done
