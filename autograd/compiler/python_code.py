"""The Python back end: a program as the source of a Python function, and as the function."""

from __future__ import annotations

import keyword
import math
import re
from array import array
from collections.abc import Callable, Sequence
from typing import Any

from ..declaration import Primitive
from ..primitives import add, affine, div, mul, neg, power, sub, total
from ..refusal import number
from .columns import Rows
from .entry import entry
from .program import Program

_OPERATORS = {add: "{} + {}", sub: "{} - {}", mul: "{} * {}", div: "{} / {}", neg: "-{}"}
_WRITTEN_OUT = 64  # terms; a longer sum calls the primitive, because Python's parser recurses


def python_source(program: Program) -> str:
    """The program as readable Python: one primitive a line, operators written as operators."""
    return _Writer(program).source(", ".join)


def python_function(program: Program) -> Callable[..., tuple[float, ...]]:
    """The program as a function from its inputs and captured numbers to a tuple of results.

    Primitives are called through their own forward functions, so that bits and exceptions are theirs.
    """
    writer = _Writer(program)
    text = writer.source(lambda results: f"({''.join(f'{r}, ' for r in results)})")
    # The text is ours alone: variables, floats, and names that are plain identifiers.
    exec(compile(text, "<program>", "exec"), writer.scope)
    function: Callable[..., tuple[float, ...]] = writer.scope["program"]
    return function


class _Writer:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.scope: dict[str, Any] = {"inf": math.inf, "nan": math.nan}
        self.called: dict[Primitive, str] = {}
        taken = {"program", "inf", "nan"}
        given = [_identifier(name, taken, "x") for name in program.names]
        given += [_identifier(leaf.label or "", taken, "w") for leaf in program.captured]
        self.given = given
        self.taken = taken
        count = len(program.instructions)
        self.names = [*given, *map(repr, program.constants), *[f"v{i}" for i in range(count)]]

    def source(self, returned: Callable[[list[str]], str]) -> str:
        first = self.program.first_instruction
        lines = [f"def program({', '.join(self.given)}):"]
        for i, (op, operands) in enumerate(self.program.instructions):
            lines.append(f"    {self.names[first + i]} = {self.expression(op, [self.names[v] for v in operands])}")
        lines.append(f"    return {returned([self.names[v] for v in self.program.outputs])}")
        return "\n".join(lines)

    def expression(self, op: Primitive, operands: list[str]) -> str:
        if op in _OPERATORS:
            return _OPERATORS[op].format(*operands)
        if op.origin[0] is power and float(op.origin[1]).is_integer() and operands[0].isidentifier():
            return f"{operands[0]}**{op.origin[1]}"
        if op is affine and len(operands) <= 2 * _WRITTEN_OUT:
            n = len(operands) // 2
            products = [f"{w} * {x}" for w, x in zip(operands[:n], operands[n : 2 * n], strict=True)]
            return " + ".join(products + operands[2 * n :])
        if op is total and len(operands) <= _WRITTEN_OUT:
            return " + ".join(operands)
        return f"{self._name(op)}({', '.join(operands)})"

    def _name(self, op: Primitive) -> str:
        if op not in self.called:
            self.called[op] = name = _identifier(op.name, self.taken, "f")
            ours = callable(op.origin[0]) or op.origin[0].partition(".")[0] in ("autograd", "nn")
            self.scope[name] = op.forward if ours else _to_floats(op.forward)
        return self.called[op]


def _to_floats(forward: Callable[..., Any]) -> Callable[..., float]:
    """A user's function as the eager engine takes it: what it returns becomes a float."""

    def forward_in_floats(*operands: float) -> float:
        z = forward(*operands)
        return z if z.__class__ is float else number(z)

    return forward_in_floats


def _identifier(text: str, taken: set[str], otherwise: str) -> str:
    """``text`` as a name that generated code can use: w^{1}_{11} is w1_11; numbered where it is taken."""
    plain = re.sub(r"[^0-9A-Za-z_]", "", re.sub(r"[(,. -]+", "_", text)).strip("_")
    if not re.match(r"[A-Za-z]", plain) or keyword.iskeyword(plain) or re.fullmatch(r"v\d+", plain):
        plain = otherwise
    name, i = plain, 0
    while name in taken:
        name, i = f"{plain}_{i}", i + 1
    taken.add(name)
    return name


class PythonBackend:
    """Runs a program as generated Python."""

    def __init__(self, program: Program, precise: bool) -> None:
        self.program = program
        self.function = python_function(program)  # always precise: there is nothing to gain

    def entry(self, replay: Callable[..., Any]) -> Callable[..., Any]:
        captures = ", *captures()" if self.program.captured else ""
        return entry(
            self.program,
            "pack({inputs})",
            [
                "try:",
                f"    out = function(*given{captures})",
                "except failures:",
                "    return replay({arguments})",
                "if not finite(out):",
                "    return replay({arguments})",
            ],
            "list(out)",
            {
                "pack": _floats,
                "function": self.function,
                "captures": self.program.captures,
                "failures": _FAILURES,
                "finite": finite,
                "replay": replay,
            },
        )

    def mapper(self, rows: Rows, order: Any, out: Sequence[Any]) -> Callable[[int, int], bool]:
        def write(i: int, results: tuple[float, ...]) -> None:
            for column, x in zip(out, results, strict=True):
                column[i] = x

        return self._loop(rows, order, write)

    def summer(self, rows: Rows, order: Any, out: array[float]) -> Callable[[int, int], bool]:
        def add(i: int, results: tuple[float, ...]) -> None:
            for k, x in enumerate(results):
                out[k] += x

        return self._loop(rows, order, add)

    def scanner(
        self, rows: Rows, order: Any, carried: int, out: array[float], emitted: Sequence[Any]
    ) -> Callable[[int, int], bool]:
        def keep(i: int, results: tuple[float, ...]) -> None:
            out[:] = array("d", results[:carried])
            for column, x in zip(emitted, results[carried:], strict=True):
                column[i] = x

        return self._loop(rows, order, keep, out)

    def _loop(
        self,
        rows: Rows,
        order: Any,
        take: Callable[[int, tuple[float, ...]], None],
        carried: array[float] | None = None,
    ) -> Callable[[int, int], bool]:
        captured = self.program.captures()
        skipped = len(carried) if carried is not None else 0

        def compute(begin: int, end: int) -> bool:
            for i in range(begin, end):
                inputs = rows.flat(i if order is None else order[i], i)
                try:
                    results = self.function(*(carried or ()), *inputs[skipped:], *captured)
                except _FAILURES:
                    return False
                if not finite(results):
                    return False
                take(i, results)
            return True

        def refresh(numbers: array[float]) -> None:
            rows.refill(numbers)
            captured[:] = self.program.captures()

        compute.refresh = refresh  # type: ignore[attr-defined]  # see Compiled.summed_over
        return compute


_FAILURES = (ArithmeticError, ValueError)


def _floats(*inputs: float) -> tuple[float, ...]:
    """The inputs as floats; TypeError for what is no number."""
    return inputs if all(x.__class__ is float for x in inputs) else tuple(array("d", inputs))


def finite(results: Sequence[float]) -> bool:
    return all(map(math.isfinite, results))
