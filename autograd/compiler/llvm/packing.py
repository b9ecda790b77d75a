"""The same operation on independent operands, side by side in one vector.

The units of a layer each want an exponential and a division, which take long and wait for nothing but their own
operand.  They are computed in the lanes of one vector, and so is what follows, as long as all of its operands
are in the same lanes.  Where a number is a vector of rows already, several of them are one longer vector: the
machine then has the next unit's arithmetic to do while it waits for the first one's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ...declaration import Primitive
from ..program import Program
from .code import Code
from .loop import any_of, gathered
from .operations import HEAVY, SCATTERED, emit_one

Name = Callable[[int], str]  # of a variable


class Packs:
    """A program in an order in which what is computed side by side is next to each other."""

    def __init__(self, program: Program, most: int, whole: bool) -> None:
        """At most ``most`` in a pack; ``whole``: powers of two only."""
        self.program = program
        self._stop: dict[int, int] = {}  # an instruction in a pack → where the pack stops
        pack_of = _packs(program, most, whole) if most > 1 else {}
        if pack_of:
            self._arrange(pack_of)

    def _arrange(self, pack_of: dict[int, tuple[int, ...]]) -> None:
        program = self.program
        first = program.first_instruction
        order: list[int] = []
        for pack in _in_order(program, pack_of):
            stop = len(order) + len(pack)
            if len(pack) > 1:
                self._stop.update(dict.fromkeys(range(len(order), stop), stop))
            order += pack
        number = {v: v for v in range(first)} | {first + i: first + place for place, i in enumerate(order)}
        lines = [program.instructions[i] for i in order]
        self.program = program.rewritten(
            [line._replace(operands=tuple([number[v] for v in line.operands])) for line in lines],
            [number[v] for v in program.outputs],
        )

    def within(self, piece: range) -> Iterator[range]:
        """The packs of a part of the program, and instructions that are alone; cut where the part ends."""
        place = piece.start
        while place < piece.stop:
            stop = min(self._stop.get(place, place + 1), piece.stop)
            yield range(place, stop)
            place = stop


class Writer:
    """Writes packs between the lines of ``b``, and remembers which vectors there are."""

    def __init__(self, b: Code, program: Program, name: Name) -> None:
        self.b, self.program, self.name = b, program, name
        self._vectors: dict[tuple[int, ...], str] = {}
        self._wide: dict[int, Code] = {}

    def write(self, pack: range) -> list[str]:
        """The names of the results of these instructions."""
        lines = [self.program.instructions[i] for i in pack]
        op, last = lines[0].op, self.program.constant(lines[0].operands[-1])
        if len(pack) == 1:
            return [emit_one(self.b, op, [self.name(v) for v in lines[0].operands], last)]
        many = self._code(len(pack))
        operands = [self._column(many, column) for column in zip(*[line.operands for line in lines], strict=True)]
        result = emit_one(many, op, operands, last)
        for k in range(len(pack) if many.troubles else 0):
            self.b.trouble(self._lane(many, any_of(many, many.troubles), k, "i1"))
        many.troubles.clear()
        self._vectors[tuple([self.program.first_instruction + i for i in pack])] = result
        return [self._lane(many, result, k) for k in range(len(pack))]

    def _column(self, many: Code, column: tuple[int, ...]) -> str:
        """One operand of all: a vector that there is, a constant, or gathered."""
        if (constant := self.program.constant(column[0])) is not None and len(set(column)) == 1:
            return many.constant(constant)
        if column in self._vectors:
            return self._vectors[column]
        names = [self.name(v) for v in column]
        names += names[:1] * (many.lanes // self.b.lanes - len(names))
        if self.b.lanes == 1:
            return gathered(many, names)
        while len(names) > 1:
            names = [self._joined(x, y, many.lanes // len(names)) for x, y in zip(names[::2], names[1::2], strict=True)]
        return names[0]

    def _joined(self, x: str, y: str, lanes: int) -> str:
        kind, places = f"<{lanes} x double>", ", ".join(f"i32 {i}" for i in range(2 * lanes))
        return self.b.write(f"shufflevector {kind} {x}, {kind} {y}, <{2 * lanes} x i32> <{places}>")

    def _lane(self, many: Code, vector: str, k: int, kind: str = "double") -> str:
        lanes, wide = self.b.lanes, f"<{many.lanes} x {kind}>"
        if lanes == 1:
            return self.b.write(f"extractelement {wide} {vector}, i64 {k}")
        places = ", ".join(f"i32 {k * lanes + i}" for i in range(lanes))
        return self.b.write(f"shufflevector {wide} {vector}, {wide} poison, <{lanes} x i32> <{places}>")

    def _code(self, count: int) -> Code:
        """What writes vectors for so many numbers, or the next power of two."""
        lanes = self.b.lanes << (count - 1).bit_length()
        if lanes not in self._wide:
            self._wide[lanes] = Code(self.b.module, lanes, prefix=f"{self.b.prefix}{lanes}_")
            self._wide[lanes].lines = self.b.lines
        return self._wide[lanes]


def emit(b: Code, program: Program, given: list[str], most: int = 1) -> list[str]:
    """Write the instructions of a lowered program, at most so many side by side; the names of its results."""
    packs = Packs(program, most, whole=b.lanes > 1)
    names = [*given, *map(b.constant, program.constants)]
    writer = Writer(b, packs.program, names.__getitem__)
    for pack in packs.within(range(len(program.instructions))):
        names += writer.write(pack)
    return [names[v] for v in packs.program.outputs]


def _in_order(program: Program, pack_of: dict[int, tuple[int, ...]]) -> Iterator[tuple[int, ...]]:
    """Packs, and instructions on their own, each behind what it needs; else as in the program."""
    lines, first = program.instructions, program.first_instruction
    done: set[int] = set()
    for start in range(len(lines)):
        waiting = [start]
        while waiting:
            i = waiting[-1]
            if i in done:
                waiting.pop()
                continue
            pack = pack_of.get(i, (i,))
            needed = [v - first for j in pack for v in lines[j].operands if v >= first and v - first not in done]
            if needed:
                waiting += reversed(needed)
            else:
                done.update(pack)
                yield pack


def _packs(program: Program, most: int, whole: bool) -> dict[int, tuple[int, ...]]:
    """The pack of each instruction that has one.

    What is in a pack has the same depth, so that none waits for another, nor a pack for itself.
    """
    first = program.first_instruction
    depths = [0] * first
    groups: dict[tuple[int, Primitive], list[int]] = {}
    for i, (op, operands) in enumerate(program.instructions):
        depths.append(1 + max((depths[v] for v in operands), default=0))
        groups.setdefault((depths[-1], op), []).append(i)
    pack_of: dict[int, tuple[int, ...]] = {}
    for (_, op), members in sorted(groups.items(), key=lambda group: group[0][0]):
        if op in HEAVY - SCATTERED:
            members.sort(key=lambda i: program.instructions[i].operands)  # two of one operand get the same lane
            packs = _cut(members, most, whole)
        else:
            packs = _followers(program, members, pack_of)
        pack_of.update({i: pack for pack in packs for i in pack})
    return pack_of


def _cut(members: Sequence[int], most: int, whole: bool) -> Iterator[tuple[int, ...]]:
    place = 0
    while len(members) - place > 1:
        count = min(most, len(members) - place)
        count = 1 << count.bit_length() - 1 if whole else count
        yield tuple(members[place : place + count])
        place += count


def _followers(
    program: Program, members: Sequence[int], pack_of: dict[int, tuple[int, ...]]
) -> Iterator[tuple[int, ...]]:
    """The packs of instructions whose operands are constants, or lane by lane in packs."""
    first = program.first_instruction
    found: dict[tuple[tuple[int, ...] | int, ...], dict[int, int]] = {}
    for i in members:
        operands = program.instructions[i].operands
        packs = [pack_of.get(v - first) for v in operands]
        lanes = {pack.index(v - first) for v, pack in zip(operands, packs, strict=True) if pack}
        fixed = all(pack or program.constant(v) is not None for v, pack in zip(operands, packs, strict=True))
        if len(lanes) == 1 and fixed:
            sources = tuple([pack or v for v, pack in zip(operands, packs, strict=True)])
            found.setdefault(sources, {})[lanes.pop()] = i
    for sources, by_lane in found.items():
        pack = next(source for source in sources if isinstance(source, tuple))
        if len(by_lane) == len(pack):
            yield tuple([by_lane[lane] for lane in range(len(pack))])
