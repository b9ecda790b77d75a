"""Relaxed sums over the rows of a long program, most of whose results are products, as in a gradient.

A weight's slope is a unit's slope times an input, so a network has many more results than factors.  Adding every
result for each vector of rows would move all of the sums through the caches each time.  Only the factors are
kept, of several vectors of rows; then every sum is brought up to date at once.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

from ...primitives import mul
from ..program import Instruction, Program
from .code import Code, Module
from .long import Long
from .loop import Loop, add_lanes, at

TOGETHER = 8  # vectors of rows


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
    results, groups = _groups(pairs)
    _table(module, "results", results)
    _table(module, "common", [common * lanes for common, _ in groups])
    _table(module, "others", [other * lanes for _, others in groups for other in others])
    _table(module, "starts", [0, *itertools.accumulate(len(others) for _, others in groups)])
    for together in (TOGETHER, 1):
        _collector(module, len(groups), lanes, together, stride)
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


def _groups(pairs: list[tuple[int, int]]) -> tuple[list[int], list[tuple[int, list[int]]]]:
    """Results with a factor in common, next to each other, and for each such group the common factor and the others."""
    uses = Counter(place for pair in pairs for place in pair)
    groups: dict[int, list[int]] = {}
    for k, pair in enumerate(pairs):
        groups.setdefault(max(pair, key=lambda place: uses[place]), []).append(k)
    others = [(common, [sum(pairs[k]) - common for k in members]) for common, members in groups.items()]
    return [k for members in groups.values() for k in members], others


def _table(module: Module, name: str, numbers: Sequence[int]) -> None:
    listed = ", ".join(f"i64 {x}" for x in numbers)
    module.define(name, f"@{name} = internal constant [{len(numbers)} x i64] [{listed}]")


def _collector(module: Module, groups: int, lanes: int, together: int, stride: int) -> None:
    """``collect8(buffer, sums)``: add the products of so many vectors of rows to every sum."""
    outer, inner = Code(module, lanes, prefix="g"), Code(module, lanes)

    def factors(b: Code, table: str, index: str) -> list[str]:
        place = b.write(f"load i64, ptr {at(b, table, index, 'i64')}")
        base = at(b, "%buffer", place)
        return [b.write(f"load {b.number}, ptr {at(b, base, turn * stride)}, align 8") for turn in range(together)]

    common, others = factors(outer, "@common", "%g"), factors(inner, "@others", "%k")
    first, behind = (outer.write(f"load i64, ptr {at(outer, '@starts', g, 'i64')}") for g in ("%g", "%g.next"))
    where = at(inner, "%sums", inner.write(f"mul i64 %k, {lanes}"))
    strands = [inner.write(f"load {inner.number}, ptr {where}, align 8"), inner.constant(0.0)]
    for turn, (x, y) in enumerate(zip(common, others, strict=True)):
        strands[turn % 2] = inner.fma(x, y, strands[turn % 2])
    total = inner.add(*strands) if together > 1 else strands[0]
    inner.line(f"store {inner.number} {total}, ptr {where}, align 8")
    text = _COLLECT.format(
        together=together, groups=groups, outer=outer.body, inner=inner.body, first=first, behind=behind
    )
    module.define(f"collect{together}", text)


def _hand_on(module: Module, count: int, lanes: int) -> None:
    """``hand_on(sums, out)``: add the lanes of every sum to the results."""
    b = Code(module, 1)
    many = Code(module, lanes).number
    x = b.write(f"load {many}, ptr {at(b, '%sums', b.write(f'mul i64 %k, {lanes}'))}, align 8")
    where = at(b, "%out", b.write(f"load i64, ptr {at(b, '@results', '%k', 'i64')}"))
    total = add_lanes(b, b.write(f"load double, ptr {where}"), x, lanes)
    b.line(f"store double {total}, ptr {where}")
    module.define("hand_on", _HAND_ON.format(count=count, body=b.body))


_COLLECT = """define internal void @collect{together}(ptr noalias %buffer, ptr noalias %sums) noinline {{
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
  %again = icmp slt i64 %g.next, {groups}
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
