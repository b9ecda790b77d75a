"""A program as machine code: called once, or in a loop over rows.

Every kernel returns 0, or 1 for trouble: somewhere a Python float operation might have raised, or a
result is not finite.  The caller then asks the eager engine.

call   in, out                       one row
map    rows -> rows                  every result of every row
sum    rows -> numbers               every result, added over the rows
fold   numbers, rows -> numbers      results become the next row's first inputs

Rows are columns of doubles, one for each input that varies; the other inputs are the same for all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from ..lowering import lower
from ..program import Program
from .code import Code, Module
from .operations import HEAVY, emit, native


class Kind(Enum):
    """Where an input's number comes from."""

    FIXED = "the same for all rows"
    COLUMN = "contiguous"
    STRIDED = "every so many doubles"
    CARRIED = "the previous row's result"


class Rows(NamedTuple):
    """What a loop is generated for: the kind of each input, and whether an index array gives the order."""

    kinds: tuple[Kind, ...]
    ordered: bool = False

    def places(self, *kinds: Kind) -> dict[int, int]:
        """Input → its place among the inputs of these kinds."""
        return {v: i for i, v in enumerate(v for v, kind in enumerate(self.kinds) if kind in kinds)}


def scalar_source(program: Program) -> str:
    """What ``Program.source("llvm")`` shows."""
    return call_kernel(lowered(program), relaxed=False)


def lowered(program: Program) -> Program:
    return lower(program, native, "machine code")


def call_kernel(program: Program, relaxed: bool) -> str:
    """``call(in, out)``, and for one result and few inputs ``scalar(x, …)``, which gives NaN for trouble."""
    module = _module(program, relaxed)
    b = Code(module)
    given = [_load(b, "%in", v) for v in range(_inputs(program))]
    results = _outputs(b, program, given)
    for k, result in enumerate(results):
        b.line(f"store double {result}, ptr {_place(b, '%out', k)}")
    trouble = _or(b, [*b.troubles, *_not_finite(b, results)])
    b.line(f"ret i64 {b.write(f'zext i1 {trouble} to i64')}")
    module.functions.append(f"define i64 @call(ptr noalias %in, ptr noalias %out) {{\n{b.body}\n}}")
    if is_scalar(program):
        b = Code(module)
        given = [f"%x{v}" for v in range(_inputs(program))]
        (result,) = _outputs(b, program, given)
        b.line(f"ret double {b.select(_or(b, b.troubles), b.constant(float('nan')), result)}")
        typed = ", ".join(f"double {x}" for x in given)
        module.functions.append(f"define double @scalar({typed}) {{\n{b.body}\n}}")
    return str(module)


def is_scalar(program: Program) -> bool:
    return len(program.outputs) == 1 and not program.captured and len(program.names) <= 8


def map_kernel(program: Program, rows: Rows, lanes: int, relaxed: bool) -> str:
    """``map(columns, strides, fixed, order, out, begin, end)``; ``out`` holds a pointer for each result."""
    loop = _Loop(_module(program, relaxed), rows, lanes)
    out = [loop.head.write(f"load ptr, ptr {_place(loop.head, '%out', k, 'ptr')}") for k in range(_results(program))]
    b = loop.body
    results = _outputs(b, program, loop.given())
    for pointer, result in zip(out, results, strict=True):
        loop.store(pointer, result)
    return loop.function("map", [*b.troubles, *_not_finite(b, results)])


def sum_kernel(program: Program, rows: Rows, lanes: int, relaxed: bool) -> str:
    """``sum(columns, strides, fixed, order, out, begin, end)``; ``out`` holds sums to add to.

    Precise: from the first row to the last, as Python adds.  Relaxed: each lane on its own, then the lanes.
    """
    loop = _Loop(_module(program, relaxed), rows, lanes)
    b, tail = loop.body, loop.tail
    wide = Code(loop.module, lanes if relaxed else 1)
    before = [_load(loop.head, "%out", k) for k in range(_results(program))]
    nothing = wide.constant(-0.0)  # x + (-0.0) is x
    sums = [loop.phi(wide.number, nothing if relaxed else x) for x in before]
    for total, result in zip(sums, _outputs(b, program, loop.given()), strict=True):
        added = loop.filled(result)
        loop.next[total] = b.add(total, added) if relaxed else _add_lanes(b, total, added)
    finals = [_add_lanes(tail, x, y, wide.lanes) for x, y in zip(before, sums, strict=True)] if relaxed else sums
    for k, total in enumerate(finals):
        tail.line(f"store double {total}, ptr {_place(tail, '%out', k)}")
    return loop.function("sum", b.troubles, _not_finite(tail, finals))


def fold_kernel(program: Program, rows: Rows, relaxed: bool) -> str:
    """``fold(columns, strides, fixed, order, out, begin, end)``; ``out`` holds what is carried, before and after."""
    loop = _Loop(_module(program, relaxed), rows, 1)
    carried = [loop.phi("double", _load(loop.head, "%out", k)) for k in range(_results(program))]
    for old, new in zip(carried, _outputs(loop.body, program, loop.given(carried)), strict=True):
        loop.next[old] = new
    for k, x in enumerate(carried):
        loop.tail.line(f"store double {x}, ptr {_place(loop.tail, '%out', k)}")
    return loop.function("fold", loop.body.troubles, _not_finite(loop.tail, carried))


class _Loop:
    """The loop around a row's code: where its numbers come from, the last rows, trouble.

    Rows come ``lanes`` at a time.  The last block may have fewer; its empty lanes repeat the last row,
    so that they compute nothing new, and are left out of sums.
    """

    def __init__(self, module: Module, rows: Rows, lanes: int) -> None:
        self.module, self.rows, self.lanes = module, rows, lanes
        self.head = Code(module, 1, prefix="h")
        self.body = Code(module, lanes)
        self.tail = Code(module, 1, prefix="t")
        self.next: dict[str, str] = {}
        self._phis: list[tuple[str, str, str]] = []
        self._whole, self._part = Code(module, 1, prefix="w"), Code(module, 1, prefix="p")

    def given(self, carried: Sequence[str] = ()) -> list[str]:
        """The names of the inputs in the body."""
        columns = self.rows.places(Kind.COLUMN, Kind.STRIDED)
        fixed = self.rows.places(Kind.FIXED)
        numbers = {v: _splat(self.head, _load(self.head, "%fixed", i), self.lanes) for v, i in fixed.items()}
        numbers |= dict(zip(self.rows.places(Kind.CARRIED), carried, strict=True))
        if self.lanes == 1:
            places = self._places(self.body, clamped=False)
            numbers |= {v: self._column(self.body, v, i, places) for v, i in columns.items()}
        else:
            whole, part = self._places(self._whole, clamped=False), self._places(self._part, clamped=True)
            for v, i in columns.items():
                a, c = self._column(self._whole, v, i, whole), self._column(self._part, v, i, part)
                numbers[v] = self.body.write(f"phi {self.body.number} [ {a}, %whole ], [ {c}, %part ]")
            self._filled = self.body.write(
                f"phi {self.body.truth} [ splat (i1 true), %whole ], [ {self._lanes_filled()}, %part ]"
            )
        return [numbers[v] for v in range(len(self.rows.kinds))]

    def phi(self, kind: str, start: str) -> str:
        """A variable of the loop; ``next[name]`` is its value for the next rows."""
        name = f"%loop{len(self._phis)}"
        self._phis.append((name, kind, start))
        return name

    def filled(self, x: str) -> str:
        """``x``, and nothing to add in lanes that hold no row."""
        return x if self.lanes == 1 else self.body.select(self._filled, x, self.body.constant(-0.0))

    def store(self, pointer: str, x: str) -> None:
        """Write a result of every row; the memory must have room for whole vectors."""
        b = self.body
        b.line(f"store {b.number} {x}, ptr {_place(b, pointer, '%i')}, align 8")

    # ---- Loads -----------------------------------------------------------------------------------------

    def _places(self, b: Code, clamped: bool) -> list[str]:
        """The row number of each lane: the loop's, not beyond the last, through the index array."""
        places = [b.write(f"add i64 %i, {lane}") if lane else "%i" for lane in range(self.lanes)]
        if clamped:
            last = b.write("sub i64 %end, 1")
            beyond = [b.write(f"icmp sgt i64 {place}, {last}") for place in places]
            places = [b.write(f"select i1 {c}, i64 {last}, i64 {p}") for c, p in zip(beyond, places, strict=True)]
        if self.rows.ordered:
            places = [b.write(f"load i64, ptr {_place(b, '%order', place, 'i64')}") for place in places]
        return places

    def _column(self, b: Code, v: int, i: int, places: list[str]) -> str:
        """The numbers of input ``v`` in these rows."""
        h = self.head
        base = h.write(f"load ptr, ptr {_place(h, '%columns', i, 'ptr')}")
        kind = self.rows.kinds[v]
        if kind is Kind.COLUMN and b is self._whole and not self.rows.ordered:
            return b.write(f"load {self.body.number}, ptr {_place(b, base, '%i')}, align 8")
        if kind is Kind.STRIDED:
            stride = h.write(f"load i64, ptr {_place(h, '%strides', i, 'i64')}")
            places = [b.write(f"mul i64 {place}, {stride}") for place in places]
        numbers = [b.write(f"load double, ptr {_place(b, base, place)}") for place in places]
        return numbers[0] if self.lanes == 1 else _gathered(b, numbers)

    def _lanes_filled(self) -> str:
        b, n = self._part, self.lanes
        left = b.write("sub i64 %end, %i")
        first = b.write(f"insertelement <{n} x i64> poison, i64 {left}, i64 0")
        lefts = b.write(f"shufflevector <{n} x i64> {first}, <{n} x i64> poison, <{n} x i32> zeroinitializer")
        lanes = ", ".join(f"i64 {lane}" for lane in range(n))
        return b.write(f"icmp slt <{n} x i64> <{lanes}>, {lefts}")

    # ---- The whole -------------------------------------------------------------------------------------

    def function(self, name: str, troubles: Sequence[str], at_the_end: Sequence[str] = ()) -> str:
        """The module with the loop as its function ``name``."""
        b = self.body
        trouble = b.any(_or(b, troubles))
        phis = [
            "  %i = phi i64 [ %begin, %entry ], [ %i.next, %latch ]",
            "  %bad = phi i1 [ false, %entry ], [ %bad.next, %latch ]",
            *[f"  {n} = phi {kind} [ {start}, %entry ], [ {self.next[n]}, %latch ]" for n, kind, start in self._phis],
        ]
        split = [
            "  %full = icmp sle i64 %i.next, %end",
            "  br i1 %full, label %whole, label %part",
            "whole:",
            self._whole.body,
            "  br label %body",
            "part:",
            self._part.body,
            "  br label %body",
        ]
        end = self.tail
        wrong = _or(end, ["%bad", *at_the_end])
        lines = [
            f"define i64 @{name}(ptr noalias %columns, ptr noalias %strides, ptr noalias %fixed, ptr noalias %order, "
            "ptr noalias %out, i64 %begin, i64 %end) {",
            "entry:",
            self.head.body,
            "  br label %test",
            "test:",
            *phis,
            "  %more = icmp slt i64 %i, %end",
            "  br i1 %more, label %rows, label %exit",
            "rows:",
            f"  %i.next = add i64 %i, {self.lanes}",
            *(split if self.lanes > 1 else ["  br label %body"]),
            "body:",
            b.body,
            "  br label %latch",
            "latch:",
            f"  %bad.next = or i1 %bad, {trouble}",
            "  br label %test",
            "exit:",
            end.body,
            f"  %wrong = zext i1 {wrong} to i64",
            "  ret i64 %wrong",
            "}",
        ]
        self.module.functions.append("\n".join(line for line in lines if line))
        return str(self.module)


# ---- Small pieces ----------------------------------------------------------------------------------------

_INLINED = 64  # calls of exp and its kin; with more of them, a call is cheaper than its copies


def _module(program: Program, relaxed: bool) -> Module:
    return Module(relaxed, inline=sum(op in HEAVY for op, _ in program.instructions) <= _INLINED)


def _inputs(program: Program) -> int:
    return len(program.names) + len(program.captured)


def _results(program: Program) -> int:
    return len(program.outputs)


def _outputs(b: Code, program: Program, given: list[str]) -> list[str]:
    names = emit(b, program, given)
    return [names[v] for v in program.outputs]


def _place(b: Code, base: str, index: int | str, kind: str = "double") -> str:
    return b.write(f"getelementptr inbounds {kind}, ptr {base}, i64 {index}")


def _load(b: Code, base: str, index: int) -> str:
    return b.write(f"load double, ptr {_place(b, base, index)}")


def _splat(b: Code, x: str, lanes: int) -> str:
    if lanes == 1:
        return x
    first = b.write(f"insertelement <{lanes} x double> poison, double {x}, i64 0")
    many = f"<{lanes} x double>"
    return b.write(f"shufflevector {many} {first}, {many} poison, <{lanes} x i32> zeroinitializer")


def _gathered(b: Code, numbers: Sequence[str]) -> str:
    result = "poison"
    for lane, x in enumerate(numbers):
        result = b.write(f"insertelement <{len(numbers)} x double> {result}, double {x}, i64 {lane}")
    return result


def _add_lanes(b: Code, start: str, x: str, lanes: int = 0) -> str:
    """``start`` plus every lane of ``x``: in order, unless the code is relaxed."""
    lanes = lanes or b.lanes
    if lanes == 1:
        return b.write(f"fadd {b.flags}double {start}, {x}")
    name, many = f"llvm.vector.reduce.fadd.v{lanes}f64", f"<{lanes} x double>"
    b.module.declare(name, "double", f"double, {many}")
    return b.write(f"call {b.flags}double @{name}(double {start}, {many} {x})")


def _not_finite(b: Code, results: Sequence[str]) -> list[str]:
    """A condition that holds where some result is infinite or NaN: then 0 times it is NaN."""
    products = [b.write(f"fmul {b.number} {x}, {b.constant(0.0)}") for x in results]
    while len(products) > 1:
        pairs = [b.write(f"fadd {b.number} {x}, {y}") for x, y in zip(products[::2], products[1::2], strict=False)]
        products = pairs + products[len(pairs) * 2 :]
    return [b.compare("uno", x, b.constant(0.0)) for x in products]


def _or(b: Code, conditions: Sequence[str]) -> str:
    result = "false" if b.lanes == 1 else "zeroinitializer"
    for condition in conditions:
        result = condition if result in ("false", "zeroinitializer") else b.either(result, condition)
    return result
