"""The loop around a row's code, and the loads, stores and checks that every kernel is made of."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from .code import Code, Module

POINTERS = ("columns", "strides", "fixed", "order", "out", "emitted", "frame")
PARAMETERS = ", ".join([*[f"ptr noalias %{name}" for name in POINTERS], "i64 %begin, i64 %end, i64 %count, i64 %size"])


class Kind(Enum):
    """Where an input's number comes from."""

    FIXED = "the same for all rows"
    COLUMN = "contiguous"
    STRIDED = "every so many doubles"
    BY_STEP = "contiguous, by the number of the step"
    CARRIED = "the previous row's result"


class Rows(NamedTuple):
    """What a loop is generated for: the kind of each input, and whether an index array gives the order."""

    kinds: tuple[Kind, ...]
    ordered: bool = False

    def places(self, *kinds: Kind) -> dict[int, int]:
        """Input → its place among the inputs of these kinds."""
        return {v: i for i, v in enumerate(v for v, kind in enumerate(self.kinds) if kind in kinds)}


class Loop:
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
        self.mask = "true"  # which lanes hold a row
        self._phis: list[tuple[str, str, str]] = []
        self._whole, self._part = Code(module, 1, prefix="w"), Code(module, 1, prefix="p")

    def given(self, carried: Sequence[str] = ()) -> list[str]:
        """The names of the inputs in the body."""
        fixed = self.rows.places(Kind.FIXED)
        numbers = {v: splat(self.head, load(self.head, "%fixed", i), self.lanes) for v, i in fixed.items()}
        numbers |= dict(zip(self.rows.places(Kind.CARRIED), carried, strict=True))
        numbers |= self.columns()
        return [numbers[v] for v in range(len(self.rows.kinds))]

    def columns(self) -> dict[int, str]:
        """The names of the inputs that are read row by row."""
        columns = self.rows.places(Kind.COLUMN, Kind.STRIDED, Kind.BY_STEP)
        numbers: dict[int, str] = {}
        if self.lanes == 1:
            places = self._places(self.body, clamped=False)
            numbers = {v: self._column(self.body, v, i, places) for v, i in columns.items()}
        else:
            whole, part = self._places(self._whole, clamped=False), self._places(self._part, clamped=True)
            for v, i in columns.items():
                a, c = self._column(self._whole, v, i, whole), self._column(self._part, v, i, part)
                numbers[v] = self.body.write(f"phi {self.body.number} [ {a}, %whole ], [ {c}, %part ]")
            self.mask = self.body.write(
                f"phi {self.body.truth} [ splat (i1 true), %whole ], [ {self._lanes_filled()}, %part ]"
            )
        return numbers

    def phi(self, kind: str, start: str) -> str:
        """A variable of the loop; ``next[name]`` is its value for the next rows."""
        name = f"%loop{len(self._phis)}"
        self._phis.append((name, kind, start))
        return name

    def filled(self, x: str) -> str:
        """``x``, and nothing to add in lanes that hold no row."""
        return x if self.lanes == 1 else self.body.select(self.mask, x, self.body.constant(-0.0))

    def store(self, pointer: str, x: str) -> None:
        """Write a result of every row; the memory must have room for whole vectors."""
        b = self.body
        b.line(f"store {b.number} {x}, ptr {at(b, pointer, '%i')}, align 8")

    # ---- Loads -----------------------------------------------------------------------------------------

    def _places(self, b: Code, clamped: bool) -> list[str]:
        """The row number of each lane: the loop's, not beyond the last, through the index array."""
        places = [b.write(f"add i64 %i, {lane}") if lane else "%i" for lane in range(self.lanes)]
        if clamped:
            last = b.write("sub i64 %end, 1")
            beyond = [b.write(f"icmp sgt i64 {place}, {last}") for place in places]
            places = [b.write(f"select i1 {c}, i64 {last}, i64 {p}") for c, p in zip(beyond, places, strict=True)]
        if self.rows.ordered:
            places = [b.write(f"load i64, ptr {at(b, '%order', place, 'i64')}") for place in places]
        return places

    def _column(self, b: Code, v: int, i: int, places: list[str]) -> str:
        """The numbers of input ``v`` in these rows."""
        h = self.head
        base = h.write(f"load ptr, ptr {at(h, '%columns', i, 'ptr')}")
        kind = self.rows.kinds[v]
        if kind is Kind.COLUMN and b is self._whole and not self.rows.ordered:
            return b.write(f"load {self.body.number}, ptr {at(b, base, '%i')}, align 8")
        if kind is Kind.BY_STEP:
            places = ["%i"]
        if kind is Kind.STRIDED:
            stride = h.write(f"load i64, ptr {at(h, '%strides', i, 'i64')}")
            places = [b.write(f"mul i64 {place}, {stride}") for place in places]
        numbers = [b.write(f"load double, ptr {at(b, base, place)}") for place in places]
        return numbers[0] if self.lanes == 1 else gathered(b, numbers)

    def _lanes_filled(self) -> str:
        b, n = self._part, self.lanes
        left = b.write("sub i64 %end, %i")
        first = b.write(f"insertelement <{n} x i64> poison, i64 {left}, i64 0")
        lefts = b.write(f"shufflevector <{n} x i64> {first}, <{n} x i64> poison, <{n} x i32> zeroinitializer")
        lanes = ", ".join(f"i64 {lane}" for lane in range(n))
        return b.write(f"icmp slt <{n} x i64> <{lanes}>, {lefts}")

    # ---- The whole -------------------------------------------------------------------------------------

    def function(
        self,
        name: str,
        troubles: Sequence[str],
        at_the_end: Sequence[str] = (),
        anywhere: Sequence[str] = (),
        linkage: str = "",
    ) -> None:
        """Add the loop to the module as the function ``name``.

        Trouble comes lane by lane in the body, for all lanes at once (``anywhere``), or when the loop is over.
        """
        b = self.body
        trouble = b.any(any_of(b, troubles))
        for condition in anywhere:
            trouble = b.write(f"or i1 {trouble}, {condition}")
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
        wrong = any_of(end, ["%bad", *at_the_end])
        lines = [
            f"define {linkage}i64 @{name}({PARAMETERS}) {aligned(self.lanes)}{{",
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
        if not linkage:
            self._entry(name)

    def _entry(self, name: str) -> None:
        """``enter(given, begin, end)``: the loop, given in one block what stays the same from call to call."""
        b = Code(self.module)

        def given(kind: str, place: int) -> str:
            return f"{kind} {b.write(f'load {kind}, ptr ' + at(b, '%given', place, kind))}"

        pointers = [given("ptr", i) for i in range(len(POINTERS))]
        counts = [given("i64", len(POINTERS) + i) for i in range(2)]
        arguments = ", ".join([*pointers, "i64 %begin", "i64 %end", *counts])
        b.line(f"%trouble = call i64 @{name}({arguments})")
        b.line("ret i64 %trouble")
        self.module.functions.append(f"define i64 @enter(ptr %given, i64 %begin, i64 %end) {{\n{b.body}\n}}")


# ---- Small pieces ----------------------------------------------------------------------------------------


def aligned(lanes: int) -> str:
    """What a function on vectors is declared with: spilled ones lie in whole cache lines."""
    return '"stackrealign" ' if lanes > 1 else ""


def at(b: Code, base: str, index: int | str, kind: str = "double") -> str:
    return b.write(f"getelementptr inbounds {kind}, ptr {base}, i64 {index}")


def load(b: Code, base: str, index: int | str) -> str:
    return b.write(f"load double, ptr {at(b, base, index)}")


def splat(b: Code, x: str, lanes: int) -> str:
    if lanes == 1:
        return x
    first = b.write(f"insertelement <{lanes} x double> poison, double {x}, i64 0")
    many = f"<{lanes} x double>"
    return b.write(f"shufflevector {many} {first}, {many} poison, <{lanes} x i32> zeroinitializer")


def gathered(b: Code, numbers: Sequence[str]) -> str:
    result = "poison"
    for lane, x in enumerate(numbers):
        result = b.write(f"insertelement <{len(numbers)} x double> {result}, double {x}, i64 {lane}")
    return result


def add_lanes(b: Code, start: str, x: str, lanes: int = 0) -> str:
    """``start`` plus every lane of ``x``: in order, unless the code is relaxed."""
    lanes = lanes or b.lanes
    if lanes == 1:
        return b.write(f"fadd {b.flags}double {start}, {x}")
    name, many = f"llvm.vector.reduce.fadd.v{lanes}f64", f"<{lanes} x double>"
    b.module.declare(name, "double", f"double, {many}")
    return b.write(f"call {b.flags}double @{name}(double {start}, {many} {x})")


def not_finite(b: Code, results: Sequence[str]) -> list[str]:
    """A condition that holds where some result is infinite or NaN."""
    for x in results:
        b.watch(x)
    return b.not_finite()


def any_of(b: Code, conditions: Sequence[str]) -> str:
    result = "false" if b.lanes == 1 else "zeroinitializer"
    for condition in conditions:
        result = condition if result in ("false", "zeroinitializer") else b.either(result, condition)
    return result
