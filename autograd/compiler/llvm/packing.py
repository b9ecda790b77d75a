"""One row at a time, and still vectors: the same operation on independent operands, side by side.

The units of a layer each want an exponential and a division, which take long and wait for nothing but their own
operand.  They are computed in the lanes of one vector, and so is what follows, as long as all of its operands
are in the same lanes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...declaration import Primitive
from ..program import Program
from .code import Code
from .loop import any_of, gathered
from .operations import HEAVY, SCATTERED, emit_one

Pack = tuple[int, ...]  # the instructions whose results are the lanes, by their places in the program


def emit_packed(b: Code, program: Program, given: list[str], most: int) -> list[str]:
    """Write the instructions of a lowered program, with packs of at most ``most`` lanes; the names of its outputs."""
    return _Writer(b, program, given, most).outputs()


class _Writer:
    def __init__(self, b: Code, program: Program, given: list[str], most: int) -> None:
        self.b, self.program = b, program
        self.first = program.first_instruction
        self.names: dict[int, str] = dict(enumerate([*given, *map(b.constant, program.constants)]))
        self.pack_of, self.lane_of = _packs(program, most)
        self.vectors: dict[Pack, str] = {}
        self.wide: dict[int, Code] = {}

    def outputs(self) -> list[str]:
        for pack in self._in_order():
            if len(pack) == 1:
                (i,) = pack
                op, operands = self.program.instructions[i]
                last = self.program.constant(operands[-1])
                self.names[self.first + i] = emit_one(self.b, op, [self._name(v) for v in operands], last)
            else:
                self.vectors[pack] = self._vector(pack)
        return [self._name(v) for v in self.program.outputs]

    def _in_order(self) -> Iterator[Pack]:
        """Packs, and instructions on their own, each behind what it needs; else as in the program."""
        lines, first = self.program.instructions, self.first
        done: set[int] = set()
        for start in range(len(lines)):
            waiting = [start]
            while waiting:
                i = waiting[-1]
                if i in done:
                    waiting.pop()
                    continue
                pack = self.pack_of.get(i, (i,))
                needed = [v - first for j in pack for v in lines[j].operands if v >= first and v - first not in done]
                if needed:
                    waiting += reversed(needed)
                else:
                    done.update(pack)
                    yield pack

    def _vector(self, pack: Pack) -> str:
        lines, many = self.program.instructions, self._code(len(pack))
        op = lines[pack[0]].op
        columns = [[lines[i].operands[k] for i in pack] for k in range(len(lines[pack[0]].operands))]
        operands = [self._column(many, column) for column in columns]
        result = emit_one(many, op, operands, self.program.constant(columns[-1][0]))
        if many.troubles:
            self.b.trouble(many.any(any_of(many, many.troubles)))
            many.troubles.clear()
        return result

    def _column(self, many: Code, column: list[int]) -> str:
        """One operand for all lanes: a vector that there is, a constant, or numbers gathered."""
        if (constant := self.program.constant(column[0])) is not None and len(set(column)) == 1:
            return many.constant(constant)
        pack = self.pack_of.get(column[0] - self.first)
        if pack is not None and column == [self.first + i for i in pack]:
            return self.vectors[pack]
        names = [self._name(v) for v in column]
        return gathered(many, [*names, *names[:1] * (many.lanes - len(names))])

    def _name(self, v: int) -> str:
        if v not in self.names:
            pack, lane = self.pack_of[v - self.first], self.lane_of[v - self.first]
            vector = self.vectors[pack]
            kind = self._code(len(pack)).number
            self.names[v] = self.b.write(f"extractelement {kind} {vector}, i64 {lane}")
        return self.names[v]

    def _code(self, count: int) -> Code:
        """What writes vectors of so many lanes, or of the next power of two, between the lines of ``b``."""
        lanes = 1 << (count - 1).bit_length()
        if lanes not in self.wide:
            self.wide[lanes] = Code(self.b.module, lanes, prefix=f"s{lanes}_")
            self.wide[lanes].lines = self.b.lines
        return self.wide[lanes]


def _packs(program: Program, most: int) -> tuple[dict[int, Pack], dict[int, int]]:
    """The pack and the lane of each instruction that has one.

    What is in a pack has the same depth, so that none waits for another, nor a pack for itself.
    """
    first = program.first_instruction
    depths = [0] * first
    groups: dict[tuple[int, Primitive], list[int]] = {}
    for i, (op, operands) in enumerate(program.instructions):
        depths.append(1 + max((depths[v] for v in operands), default=0))
        groups.setdefault((depths[-1], op), []).append(i)
    pack_of: dict[int, Pack] = {}
    lane_of: dict[int, int] = {}

    def keep(pack: Sequence[int]) -> None:
        for lane, i in enumerate(pack):
            pack_of[i], lane_of[i] = tuple(pack), lane

    for (_, op), members in sorted(groups.items(), key=lambda group: group[0][0]):
        if op in HEAVY - SCATTERED:
            members.sort(key=lambda i: program.instructions[i].operands)  # two of one operand get the same lane
            for start in range(0, len(members) - 1, most):
                if len(chunk := members[start : start + most]) > 1:
                    keep(chunk)
            continue
        followers: dict[tuple[Pack | int, ...], dict[int, int]] = {}
        for i in members:
            operands = program.instructions[i].operands
            lanes = {lane_of[v - first] for v in operands if v - first in lane_of}
            fixed = all(v - first in lane_of or program.constant(v) is not None for v in operands)
            if len(lanes) == 1 and fixed:
                sources = tuple([pack_of.get(v - first, v) for v in operands])
                followers.setdefault(sources, {})[lanes.pop()] = i
        for sources, by_lane in followers.items():
            pack = next(source for source in sources if isinstance(source, tuple))
            if len(by_lane) == len(pack):
                keep([by_lane[lane] for lane in range(len(pack))])
    return pack_of, lane_of
