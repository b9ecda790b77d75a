"""Contests between programs: side by side, each in its own process, in turns, medians.

A benchmark is a generator of rows, in any module of this folder:

    @benchmark("sums", needs=["micrograd"])
    def sums(small: bool) -> Iterator[Row]:
        median = contend({"autograd": ours, "micrograd": theirs}, rounds=1 if small else 7)
        yield Row("a million sums", median["micrograd"] / median["autograd"], "× faster", at_least(8), median)

A contender is a function at the top level of its module (or a :class:`Command`).  It runs in a fresh
interpreter, so it imports what it needs itself.  It returns the number measured, or that and the
numbers it computed: contenders that disagree about the result are not compared, they are an error.

Contenders take turns, so that whatever else the machine does meets all of them alike; a row is a ratio
of medians, which survives a noisy machine where seconds do not.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


# ---- Contenders --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Command:
    """A contender that is any program: timed from outside, or printing its figure as its last line."""

    arguments: Sequence[str]
    wall: bool = False


Contender = Callable[..., Any] | Command

# What NumPy and PyTorch calculate with would otherwise take all processors, and wait for those that are busy.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

_CALL = """\
import importlib, json, sys
module, function, arguments = sys.argv[1:]
print(json.dumps(getattr(importlib.import_module(module), function)(*json.loads(arguments))))
"""


def contend(
    contenders: Mapping[str, Contender], *arguments: Any, rounds: int = 5, agreement: float = 1e-9
) -> dict[str, float]:
    """The median figure of every contender over ``rounds`` rounds, in each of which all take their turn.

    ``arguments`` (numbers, texts, lists) are handed to every contender that is a function.  The results
    that contenders return beside their figures must agree to ``agreement``, relative to the largest.
    """
    figures: dict[str, list[float]] = {label: [] for label in contenders}
    answers: dict[str, list[float]] = {}
    for _ in range(rounds):
        for label, contender in contenders.items():
            figure, answer = _run(label, contender, arguments)
            figures[label].append(figure)
            if answer:
                answers[label] = answer
    _demand_agreement(answers, agreement)
    return {label: statistics.median(measured) for label, measured in figures.items()}


def _run(label: str, contender: Contender, arguments: Sequence[Any]) -> tuple[float, list[float]]:
    command = contender if isinstance(contender, Command) else None
    call = (
        list(command.arguments)
        if command
        else [sys.executable, "-c", _CALL, contender.__module__, contender.__name__, json.dumps(arguments)]
    )
    search_path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    start = time.perf_counter()
    environment = {**os.environ, **_ONE_THREAD, "PYTHONPATH": search_path}
    done = subprocess.run(call, capture_output=True, text=True, env=environment, check=False)
    elapsed = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"the contender {label!r} failed:\n{done.stderr.strip()}")
    if command and command.wall:
        return elapsed, []
    answer = json.loads(done.stdout.splitlines()[-1])
    return (answer, []) if isinstance(answer, (int, float)) else (answer[0], answer[1])


def _demand_agreement(answers: Mapping[str, Sequence[float]], agreement: float) -> None:
    (first, expected), *others = answers.items() or [("", [])]
    scale = max(map(abs, expected), default=0.0)
    for label, answer in others:
        if len(answer) != len(expected):
            raise RuntimeError(f"{label!r} computed {len(answer)} numbers, {first!r} {len(expected)}")
        for i, (a, b) in enumerate(zip(answer, expected, strict=True)):
            if not math.isclose(a, b, rel_tol=agreement, abs_tol=agreement * scale):
                raise RuntimeError(f"{label!r} and {first!r} disagree about number {i}: {a} and {b}")


def seconds(action: Callable[[], Any], repeats: int) -> float:
    """The median time of ``action``, after one run to warm up: what a contender usually measures."""
    action()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


# ---- Rows --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Goal:
    """What a figure should be; see :func:`at_least` and :func:`at_most`."""

    sign: str
    limit: float

    def met(self, figure: float) -> bool:
        return figure >= self.limit if self.sign == "≥" else figure <= self.limit

    def __str__(self) -> str:
        return f"{self.sign} {self.limit:g}"


def at_least(limit: float) -> Goal:
    return Goal("≥", limit)


def at_most(limit: float) -> Goal:
    return Goal("≤", limit)


@dataclass(frozen=True)
class Row:
    """One line of the report: a figure, what it should be, and the medians it was made from."""

    name: str
    figure: float
    unit: str
    goal: Goal | None = None
    medians: Mapping[str, float] = field(default_factory=dict)
    measure: str = "s"  # the unit of the medians

    def details(self) -> str:
        return ", ".join(f"{label} {_engineering(x, self.measure)}" for label, x in self.medians.items())


def _engineering(x: float, unit: str) -> str:
    """
    >>> _engineering(0.0215, "s"), _engineering(262.0, "B")
    ('21.5 ms', '262 B')
    """
    if unit != "s":
        return f"{x:.3g} {unit}"
    for prefix, scale in {"": 1.0, "m": 1e-3, "µ": 1e-6, "n": 1e-9}.items():
        if x >= scale:
            return f"{x / scale:.3g} {prefix}s"
    return f"{x:.3g} s"


def table(rows: Iterable[Row], verdicts: bool = True) -> str:
    """The rows as text, aligned."""
    lines = [("benchmark", "figure", "goal", "", "medians")]
    for row in rows:
        verdict = "" if not (verdicts and row.goal) else "met" if row.goal.met(row.figure) else "MISSED"
        lines.append((row.name, f"{row.figure:.3g} {row.unit}", str(row.goal or ""), verdict, row.details()))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines)


# ---- The register ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Benchmark:
    name: str
    rows: Callable[[bool], Iterator[Row]]
    needs: Sequence[str]

    def missing(self) -> list[str]:
        """The packages it needs and this Python does not have."""
        return [package for package in self.needs if importlib.util.find_spec(package) is None]

    @property
    def summary(self) -> str:
        return (self.rows.__doc__ or "").partition("\n")[0]

    @property
    def module(self) -> str:
        """The name of the module that it is in, which stands for all of that module's benchmarks."""
        return self.rows.__module__.rpartition(".")[2]


BENCHMARKS: dict[str, Benchmark] = {}


def benchmark(name: str, needs: Sequence[str] = ()) -> Callable[[Any], Any]:
    """Register a generator of rows under ``name``; it is told whether a small, quick run is wanted."""

    def register(rows: Callable[[bool], Iterator[Row]]) -> Callable[[bool], Iterator[Row]]:
        assert name not in BENCHMARKS, f"two benchmarks are named {name!r}"
        BENCHMARKS[name] = Benchmark(name, rows, needs)
        return rows

    return register
