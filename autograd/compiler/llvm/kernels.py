"""A program as machine code: called once, or in a loop over rows.

Every kernel returns 0, or 1 for trouble: somewhere a Python float operation might have raised, or a
result is not finite.  The caller then asks the eager engine.

call   in, out, frame                 one row
map    rows -> rows                   every result of every row
sum    rows -> numbers                every result, added over the rows
scan   numbers, rows -> numbers, rows the first results become the next row's first inputs, the others are kept
blocks the same over blocks of rows: a sum over the block, then a step

Rows are columns of doubles, one for each input that varies; the other inputs are the same for all rows.
Programs beyond a certain length are cut into functions, see long.py.
"""

from __future__ import annotations

from typing import NamedTuple

from ..balancing import balanced
from ..lowering import lower, raised
from ..program import Program
from .code import Code, Module
from .long import Long
from .loop import Kind, Loop, Rows, add_lanes, any_of, at, load, not_finite
from .operations import HEAVY, native
from .packing import emit
from .products import sum_of_products

LONG = 3000  # instructions; longer functions take LLVM more than proportionally longer
LONG_ON_LANES = 600  # … and on vectors, of which few fit the registers, pieces are also faster
_SHORT = 240  # instructions
_INLINED = 200  # calls of exp and its kin; with more of them, a call is cheaper than its copies


def scalar_source(program: Program) -> str:
    """What ``Program.source("llvm")`` shows."""
    return call_kernel(lowered(program), relaxed=False).text


def lowered(program: Program, relaxed: bool = False, by_row: bool = False) -> Program:
    """``program`` in what machine code computes itself.

    ``by_row``: for rows one by one, where 1 + e^x soon is worth more instructions than e^x and then the sum.
    """
    program = lower(program, lambda op: native(op) and (by_row or op is not raised), "machine code", relaxed)
    return balanced(program) if relaxed else program


class Kernel(NamedTuple):
    """The text of a module, and how many doubles of working memory its function wants."""

    text: str
    frame: int = 0


def call_kernel(program: Program, relaxed: bool, most: int = 1) -> Kernel:
    """``call(in, out, frame)``, and for one result and few inputs ``scalar(x, …)``, which gives NaN for trouble.

    ``most``: how much is computed side by side, see ``packing.py``; nothing, where people are to read it.
    """
    module = _module(program, relaxed)
    if is_long(program):
        return Kernel(*Long(module, program, most).call())
    b = Code(module)
    results = emit(b, program, [load(b, "%in", v) for v in range(_inputs(program))], most)
    for k, result in enumerate(results):
        b.line(f"store double {result}, ptr {at(b, '%out', k)}")
    trouble = any_of(b, [*b.troubles, *not_finite(b, results)])
    b.line(f"ret i64 {b.write(f'zext i1 {trouble} to i64')}")
    module.functions.append(f"define i64 @call(ptr noalias %in, ptr noalias %out, ptr noalias %frame) {{\n{b.body}\n}}")
    if is_scalar(program):
        b = Code(module)
        given = [f"%x{v}" for v in range(_inputs(program))]
        (result,) = emit(b, program, given, most)
        b.line(f"ret double {b.select(any_of(b, b.troubles), b.constant(float('nan')), result)}")
        typed = ", ".join(f"double {x}" for x in given)
        module.functions.append(f"define double @scalar({typed}) {{\n{b.body}\n}}")
    return Kernel(str(module))


def is_scalar(program: Program) -> bool:
    return len(program.outputs) == 1 and not program.captured and len(program.names) <= 8 and not is_long(program)


def is_long(program: Program, on_lanes: bool = False) -> bool:
    return len(program.instructions) + len(program.outputs) > (min(LONG, LONG_ON_LANES) if on_lanes else LONG)


def rows_at_once(program: Program, lanes: int) -> int:
    """Two vectors of rows in a short program, where registers suffice for both: neither waits for its own results."""
    return 2 * lanes if _is_short(program) else lanes


def side_by_side(program: Program, lanes: int) -> int:
    """How many vectors of so many rows to compute at once, where a program has them: as many as the registers hold."""
    return 1 if _is_short(program) else 8 if lanes == 8 else 4


def _is_short(program: Program) -> bool:
    return len(program.instructions) + len(program.outputs) <= _SHORT


def map_kernel(program: Program, rows: Rows, lanes: int, relaxed: bool) -> Kernel:
    """``out`` holds a pointer for each result."""
    loop = Loop(_module(program, relaxed), rows, lanes)
    if is_long(program, on_lanes=True):
        return Kernel(*Long(loop.module, program, side_by_side(program, lanes), lanes).map(loop))
    out = [loop.head.write(f"load ptr, ptr {at(loop.head, '%out', k, 'ptr')}") for k in range(_results(program))]
    b = loop.body
    results = emit(b, program, loop.given(), side_by_side(program, lanes))
    for pointer, result in zip(out, results, strict=True):
        loop.store(pointer, result)
    loop.function("map", [*b.troubles, *not_finite(b, results)])
    return Kernel(str(loop.module))


def sum_kernel(program: Program, rows: Rows, lanes: int, relaxed: bool) -> Kernel:
    """``out`` holds sums to add to.

    Precise: from the first row to the last, as Python adds.  Relaxed: each lane on its own, then the lanes.
    """
    module = _module(program, relaxed)
    return Kernel(*_sum(module, program, rows, lanes, relaxed))


def _sum(module: Module, program: Program, rows: Rows, lanes: int, relaxed: bool, linkage: str = "") -> tuple[str, int]:
    loop = Loop(module, rows, lanes)
    if is_long(program, on_lanes=True):
        if relaxed:
            return sum_of_products(module, program, loop, side_by_side(program, lanes), linkage)
        return Long(module, program, side_by_side(program, lanes), lanes).sum(loop, linkage)
    b, tail = loop.body, loop.tail
    wide = Code(loop.module, lanes if relaxed else 1)
    before = [load(loop.head, "%out", k) for k in range(_results(program))]
    nothing = wide.constant(-0.0)  # x + (-0.0) is x
    sums = [loop.phi(wide.number, nothing if relaxed else x) for x in before]
    for total, result in zip(sums, emit(b, program, loop.given(), side_by_side(program, lanes)), strict=True):
        added = loop.filled(result)
        loop.next[total] = b.add(total, added) if relaxed else add_lanes(b, total, added)
    finals = [add_lanes(tail, x, y, wide.lanes) for x, y in zip(before, sums, strict=True)] if relaxed else sums
    for k, total in enumerate(finals):
        tail.line(f"store double {total}, ptr {at(tail, '%out', k)}")
    loop.function("sum", b.troubles, not_finite(tail, finals), linkage=linkage)
    return str(module), 0


def scan_kernel(program: Program, rows: Rows, lanes: int, relaxed: bool) -> Kernel:
    """``out`` holds what is carried, before and after; ``emitted`` a pointer for each other result."""
    loop = Loop(_module(program, relaxed), rows, 1)
    if is_long(program):
        return Kernel(*Long(loop.module, program, lanes).scan(loop))
    count = len(rows.places(Kind.CARRIED))
    carried = [loop.phi("double", load(loop.head, "%out", k)) for k in range(count)]
    results = emit(loop.body, program, loop.given(carried), lanes)
    loop.next = dict(zip(carried, results[:count], strict=True))
    for k, result in enumerate(results[count:]):
        loop.store(loop.head.write(f"load ptr, ptr {at(loop.head, '%emitted', k, 'ptr')}"), result)
    for k, x in enumerate(carried):
        loop.tail.line(f"store double {x}, ptr {at(loop.tail, '%out', k)}")
    loop.function("scan", loop.body.troubles, not_finite(loop.tail, carried))
    return Kernel(str(loop.module))


def blocks_kernel(program: Program, step: Program, rows: Rows, lanes: int, relaxed: bool, extras: int) -> Kernel:
    """A scan over blocks of ``size`` rows out of ``count``: ``program`` is added over the block, then ``step`` taken.

    The inputs of ``step`` are what is carried, the sums, the number of rows, and ``extras`` columns with a number
    for each block, to which ``out`` has pointers; what it has captured counts among them.  What is carried is the
    beginning of ``fixed``, where ``program`` finds it; results of ``step`` beyond that go to ``emitted``.
    """
    module = _module(program, relaxed)
    _, frame = _sum(module, program, rows, lanes, relaxed, "internal ")
    loop = Loop(module, Rows(()), 1)
    b, tail = loop.body, loop.tail
    summed = len(program.outputs)
    carried = _inputs(step) - summed - 1 - extras
    pointer = f"getelementptr inbounds double, ptr %frame, i64 {frame}"
    sums = b.write(pointer)
    b.line("%first = mul i64 %i, %size\n  %behind = add i64 %first, %size")
    b.line("%cut = icmp slt i64 %behind, %count\n  %stop = select i1 %cut, i64 %behind, i64 %count")
    b.line("%held = sub i64 %stop, %first\n  %many = sitofp i64 %held to double")
    b.line(f"call void @llvm.memset.p0.i64(ptr {sums}, i8 0, i64 {8 * summed}, i1 false)")
    arguments = f"ptr %columns, ptr %strides, ptr %fixed, ptr %order, ptr {sums}, ptr null, ptr %frame"
    b.line(
        f"%summed = call i64 @sum({arguments}, i64 %first, i64 %stop, i64 0, i64 0)\n  %odd = icmp ne i64 %summed, 0"
    )
    b.line(f"store double %many, ptr {at(b, sums, summed)}")
    frame += summed + 1
    anywhere = ["%odd"]
    long = Long(module, step, name="step")
    if is_long(step):
        troubles, frame = long.step(b, carried, pointer, extras, frame)
        anywhere += troubles
    else:
        given = [load(b, "%fixed", k) for k in range(carried)] + [load(b, sums, k) for k in range(summed + 1)]
        given += [load(b, b.write(f"load ptr, ptr {at(b, '%out', k, 'ptr')}"), "%i") for k in range(extras)]
        results = emit(b, step, given)
        for k, x in enumerate(results[:carried]):
            b.line(f"store double {x}, ptr {at(b, '%fixed', k)}")
        for k, x in enumerate(results[carried:]):
            loop.store(b.write(f"load ptr, ptr {at(b, '%emitted', k, 'ptr')}"), x)
    loop.function("blocks", b.troubles, [long.not_finite(tail, "%fixed", carried)], anywhere)
    return Kernel(str(module), frame)


def _module(program: Program, relaxed: bool) -> Module:
    return Module(relaxed, inline=sum(op in HEAVY for op, _ in program.instructions) <= _INLINED)


def _inputs(program: Program) -> int:
    return len(program.names) + len(program.captured)


def _results(program: Program) -> int:
    return len(program.outputs)
