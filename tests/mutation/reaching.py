"""Which tests execute which lines of the files that are mutated: only those can notice a mistake there."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

from .exchange import Key, key

Spot = tuple[Key, int]
"""A line of a function: the lambdas of one line of the table are told apart."""

_OUT_OF_SIGHT = ("subprocess.Popen", "os.fork", "os.posix_spawn", "sys.settrace")


@dataclass
class Reach:
    """What each test, by its node id, does without any mistake."""

    number: dict[Spot, int] = field(default_factory=dict)
    spots: dict[str, frozenset[int]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)  # of the processor
    blind: set[str] = field(default_factory=set)  # tests that start processes, where they cannot be followed
    at_import: frozenset[int] = frozenset()  # what runs while the library and the tests are imported, and is kept

    def add(self, test: str, spots: Iterable[Spot], out_of_sight: bool) -> None:
        self.spots[test] = self.numbers(spots)
        if out_of_sight:
            self.blind.add(test)

    def numbers(self, spots: Iterable[Spot]) -> frozenset[int]:
        return frozenset(self.number.setdefault(spot, len(self.number)) for spot in spots)

    def tests(self, spots: Iterable[int] | None = None) -> list[str]:
        """Those that reach one of the spots (default: all tests), the quickest first."""
        found = (
            self.spots if spots is None else {t for t, s in self.spots.items() if not s.isdisjoint(spots)} | self.blind
        )
        return sorted(found, key=self.seconds.__getitem__)


class Recorder:
    """Follows the execution of the files in ``paths``, a map from where they lie to their names."""

    def __init__(self, paths: dict[str, str]) -> None:
        self._paths = paths
        self._codes: dict[int, CodeType] = {}  # by identity, which is quick; kept alive, so that it stays their own
        self._missed: dict[int, set[int]] = {}  # the lines of each that have not been executed
        self.out_of_sight = False
        sys.addaudithook(self._audit)

    def _audit(self, event: str, _: object) -> None:
        if event in _OUT_OF_SIGHT:
            self.out_of_sight = True

    def _call(self, frame: FrameType, event: str, _: object) -> Callable[..., Any] | None:
        code = frame.f_code
        if code.co_filename not in self._paths:
            return None
        missed = self._missed.get(id(code))
        if missed is None:
            self._codes[id(code)] = code
            missed = self._missed[id(code)] = _lines(code)
        missed.discard(frame.f_lineno)  # of its head
        if not missed:
            return None

        def line(frame: FrameType, event: str, _: object) -> Callable[..., Any] | None:
            missed.discard(frame.f_lineno)
            return line if missed else None

        return line

    @contextmanager
    def following(self) -> Iterator[None]:
        self._missed.clear()
        threading.settrace(self._call)
        sys.settrace(self._call)
        self.out_of_sight = False
        try:
            yield
        finally:
            out_of_sight = self.out_of_sight
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]
            self.out_of_sight = out_of_sight

    def spots(self) -> set[Spot]:
        """The lines executed in the latest block of ``following``."""
        spots = set()
        for number, missed in self._missed.items():
            code = self._codes[number]
            of = key(code, self._paths[code.co_filename])
            spots |= {(of, line) for line in _lines(code) - missed}
        return spots


def _lines(code: CodeType) -> set[int]:
    return {line for *_, line in code.co_lines() if line is not None}
