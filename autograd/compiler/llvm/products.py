"""Relaxed sums over the rows of a long program, most of whose results are products, as in a gradient.

A weight's slope is a unit's slope times an input, so a network has many more results than factors.  Adding every
result for each vector of rows would move all of the sums through the caches each time.  Only the factors are
kept, of several vectors of rows; then every sum is brought up to date at once.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from ...primitives import mul
from ..program import Instruction, Program
from .code import Code, Module
from .long import Long
from .loop import Loop, add_lanes, at

TOGETHER = 6  # vectors of rows: the factors of a layer stay in the nearest cache
_UNITS = 2  # in a block, whose factors stay in registers


def sum_of_products(module: Module, program: Program, loop: Loop, most: int, linkage: str) -> tuple[str, int]:
    """The kernel ``sum``, and how many doubles of working memory it wants; see ``kernels.sum_kernel``."""
    factors, pairs = _factored(program)
    long = Long(module, factors, most, loop.lanes)
    head, body, tail, lanes = loop.head, loop.body, loop.tail, loop.lanes
    stride = (len(factors.outputs) + 1) * lanes  # the last place holds 1
    kept = long.new(TOGETHER * (len(factors.outputs) + 1))
    sums = long.new(len(pairs))

    buffer, start = head.write(_place(kept * lanes)), head.write(_place(sums * lanes))
    head.line(f"call void @llvm.memset.p0.i64(ptr {start}, i8 0, i64 {8 * lanes * len(pairs)}, i1 false)")
    one = Code(module, lanes)
    for place in range(TOGETHER):
        where = at(head, buffer, place * stride + stride - lanes)
        head.line(f"store {one.number} {one.constant(1.0)}, ptr {where}, align 8")

    reader, filled = long.reader(loop), long.filler(loop)
    turn = loop.phi("i64", "0")
    body.line(f"%offset = mul i64 {turn}, {stride}\n  %here = getelementptr double, ptr {buffer}, i64 %offset")
    long.given = "ptr %frame, ptr %fixed, ptr %out, ptr %here, i64 %i"

    def hand(b: Code, k: int, x: str) -> None:
        b.line(f"store {b.number} {filled(b, x)}, ptr {at(b, '%emitted', k * lanes)}, align 8")

    troubles = long.calls(body, lanes, reader, hand)
    body.line(f"%held = add i64 {turn}, 1\n  %all = icmp eq i64 %held, {TOGETHER}")
    body.line("br i1 %all, label %collecting, label %collected")
    body.line("collecting:")
    body.line(f"call void @collect{TOGETHER}(ptr {buffer}, ptr {start})")
    body.line("br label %collected")
    body.line("collected:")
    body.line("%next = select i1 %all, i64 0, i64 %held")
    loop.next[turn] = "%next"

    tail.line(f"call void @collect_rest(ptr {buffer}, i64 {turn}, ptr {start})")
    tail.line(f"call void @hand_on(ptr {start}, ptr %out)")
    results, blocks = _blocks(pairs)
    _table(module, "results", results)
    for together in (TOGETHER, 1):
        _collector(module, blocks, lanes, together, stride)
    module.define("collect_rest", _REST.format(stride=stride))
    _hand_on(module, len(pairs), lanes)
    loop.function("sum", [], [long.not_finite(tail, "%out", len(pairs))], troubles, linkage)
    return str(module), long.size * lanes


def _place(doubles: int) -> str:
    return f"getelementptr inbounds double, ptr %frame, i64 {doubles}"


def _factored(program: Program) -> tuple[Program, list[tuple[int, int]]]:
    """The program of the factors, and which two of its results make each result; the number behind the last is 1."""
    first = program.first_instruction
    used = Counter(v for line in program.instructions for v in line.operands)
    places: dict[int, int] = {}
    pairs: list[tuple[int, ...]] = []
    dropped: set[int] = set()
    for v in program.outputs:
        line = program.instructions[v - first] if v >= first else None
        product = line is not None and line.op is mul and not used[v]
        if product and line is not None:
            dropped.add(v)
            pairs.append(tuple([places.setdefault(x, len(places)) for x in line.operands]))
        else:
            pairs.append((places.setdefault(v, len(places)),))
    number = {v: v for v in range(first)}
    lines: list[Instruction] = []
    for i, line in enumerate(program.instructions):
        if first + i not in dropped:
            number[first + i] = first + len(lines)
            lines.append(line._replace(operands=tuple([number[v] for v in line.operands])))
    factors = program.rewritten(lines, [number[v] for v in places])
    return factors, [(pair[0], pair[1] if len(pair) > 1 else len(places)) for pair in pairs]


class _Block(NamedTuple):
    """Results that are the products of each of ``common`` with each of ``others``, from ``start`` on."""

    common: tuple[int, ...]
    others: tuple[int, ...]
    start: int


def _blocks(pairs: list[tuple[int, int]]) -> tuple[list[int], list[_Block]]:
    """The results in another order, and the blocks that they then form: of one or two units, and all their inputs."""
    uses = Counter(place for pair in pairs for place in pair)
    groups: dict[int, list[int]] = {}
    for k, pair in enumerate(pairs):
        groups.setdefault(max(pair, key=lambda place: uses[place]), []).append(k)
    alike: dict[tuple[int, ...], list[int]] = {}
    for common, members in groups.items():
        alike.setdefault(tuple([sum(pairs[k]) - common for k in members]), []).append(common)
    results: list[int] = []
    blocks: list[_Block] = []
    for others, commons in alike.items():
        for i in range(0, len(commons), _UNITS):
            some = tuple(commons[i : i + _UNITS])
            blocks.append(_Block(some, others, len(results)))
            results += [k for common in some for k in groups[common]]
    return results, blocks


def _table(module: Module, name: str, numbers: Sequence[int]) -> None:
    listed = ", ".join(f"i64 {x}" for x in numbers)
    module.define(name, f"@{name} = internal constant [{len(numbers)} x i64] [{listed}]")


def _collector(module: Module, blocks: list[_Block], lanes: int, together: int, stride: int) -> None:
    """``collect6(buffer, sums)``: add the products of so many vectors of rows to every sum."""
    calls = []
    for units in range(1, _UNITS + 1):
        if some := [block for block in blocks if len(block.common) == units]:
            _collector_of(module, some, units, lanes, together, stride)
            calls.append(f"  call void @collect{together}x{units}(ptr %buffer, ptr %sums)\n")
    text = (
        f"define internal void @collect{together}(ptr %buffer, ptr %sums) noinline {{\n{''.join(calls)}  ret void\n}}"
    )
    module.define(f"collect{together}", text)


def _collector_of(module: Module, blocks: list[_Block], units: int, lanes: int, together: int, stride: int) -> None:
    """``collect6x2``: the same for the blocks of so many units."""
    _table(module, f"common{units}", [common * lanes for block in blocks for common in block.common])
    _table(module, f"others{units}", [other * lanes for block in blocks for other in block.others])
    _table(module, f"ends{units}", [0, *itertools.accumulate(len(block.others) for block in blocks)])
    _table(module, f"starts{units}", [block.start for block in blocks])
    outer, inner = Code(module, lanes, prefix="g"), Code(module, lanes)

    def number(b: Code, table: str, index: str) -> str:
        return b.write(f"load i64, ptr {at(b, f'@{table}{units}', index, 'i64')}")

    def factors(b: Code, place: str) -> list[str]:
        base = at(b, "%buffer", place)
        return [b.write(f"load {b.number}, ptr {at(b, base, turn * stride)}, align 8") for turn in range(together)]

    first, behind = number(outer, "ends", "%g"), number(outer, "ends", "%g.next")
    shift = outer.write(f"sub i64 {number(outer, 'starts', '%g')}, {first}")
    count = outer.write(f"sub i64 {behind}, {first}")
    common = []
    for unit in range(units):
        place = outer.write(f"add i64 {outer.write(f'mul i64 %g, {units}')}, {unit}")
        common.append(factors(outer, number(outer, "common", place)))
    others = factors(inner, number(inner, "others", "%k"))
    k = inner.write(f"add i64 %k, {shift}")
    for unit in range(units):
        where = at(inner, "%sums", inner.write(f"mul i64 {k}, {lanes}"))
        strands = [inner.write(f"load {inner.number}, ptr {where}, align 8"), inner.constant(0.0)]
        for turn, (x, y) in enumerate(zip(common[unit], others, strict=True)):
            strands[turn % 2] = inner.fma(x, y, strands[turn % 2])
        total = inner.add(*strands) if together > 1 else strands[0]
        inner.line(f"store {inner.number} {total}, ptr {where}, align 8")
        k = inner.write(f"add i64 {k}, {count}")
    text = _COLLECT.format(
        name=f"collect{together}x{units}",
        blocks=len(blocks),
        outer=outer.body,
        inner=inner.body,
        first=first,
        behind=behind,
    )
    module.define(f"collect{together}x{units}", text)


def _hand_on(module: Module, count: int, lanes: int) -> None:
    """``hand_on(sums, out)``: add the lanes of every sum to the results."""
    b = Code(module, 1)
    many = Code(module, lanes).number
    x = b.write(f"load {many}, ptr {at(b, '%sums', b.write(f'mul i64 %k, {lanes}'))}, align 8")
    where = at(b, "%out", b.write(f"load i64, ptr {at(b, '@results', '%k', 'i64')}"))
    total = add_lanes(b, b.write(f"load double, ptr {where}"), x, lanes)
    b.line(f"store double {total}, ptr {where}")
    module.define("hand_on", _HAND_ON.format(count=count, body=b.body))


_COLLECT = """define internal void @{name}(ptr noalias %buffer, ptr noalias %sums) noinline {{
entry:
  br label %group
group:
  %g = phi i64 [ 0, %entry ], [ %g.next, %grouped ]
  %g.next = add i64 %g, 1
{outer}
  br label %result
result:
  %k = phi i64 [ {first}, %group ], [ %k.next, %result ]
{inner}
  %k.next = add i64 %k, 1
  %more = icmp slt i64 %k.next, {behind}
  br i1 %more, label %result, label %grouped
grouped:
  %again = icmp slt i64 %g.next, {blocks}
  br i1 %again, label %group, label %done
done:
  ret void
}}"""

_HAND_ON = """define internal void @hand_on(ptr noalias %sums, ptr noalias %out) noinline {{
entry:
  br label %loop
loop:
  %k = phi i64 [ 0, %entry ], [ %next, %loop ]
{body}
  %next = add i64 %k, 1
  %again = icmp slt i64 %next, {count}
  br i1 %again, label %loop, label %done
done:
  ret void
}}"""

_REST = """define internal void @collect_rest(ptr %buffer, i64 %held, ptr %sums) noinline {{
entry:
  br label %test
test:
  %turn = phi i64 [ 0, %entry ], [ %next, %more ]
  %some = icmp slt i64 %turn, %held
  br i1 %some, label %more, label %done
more:
  %offset = mul i64 %turn, {stride}
  %here = getelementptr double, ptr %buffer, i64 %offset
  call void @collect1(ptr %here, ptr %sums)
  %next = add i64 %turn, 1
  br label %test
done:
  ret void
}}"""
