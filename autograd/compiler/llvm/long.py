"""Programs that are too long for one function: LLVM's time grows faster than a function's length.

Such a program is cut into functions of bounded size.  What one computes and another uses goes through the
frame, working memory that the caller brings; inputs are read, and results handed on, where they belong.
"""

from __future__ import annotations

from collections.abc import Callable

from ..program import Program
from .code import Code, Module
from .loop import Kind, Loop, add_lanes, aligned, any_of, at, load, splat
from .packing import Packs, Writer

PIECE = 100  # instructions a function: LLVM takes less time for shorter ones, and they run as fast …
PIECE_ON_LANES = 300  # … except on vectors, which go through memory from piece to piece

_PARAMETERS = "ptr noalias %frame, ptr noalias %fixed, ptr noalias %out, ptr noalias %emitted, i64 %i"

Read = Callable[[Code, int], str]  # an input, by its number
Hand = Callable[[Code, int, str], None]  # a result, by its number


class Long:
    """A lowered program, cut into pieces."""

    def __init__(self, module: Module, program: Program, most: int = 1, lanes: int = 1, name: str = "piece") -> None:
        """``most``: how much is computed side by side, see ``packing.py``."""
        self.module = module
        self.name = name
        self.packs = Packs(program, most, whole=lanes > 1)
        self.program = program = self.packs.program
        count, size = len(program.instructions), PIECE_ON_LANES if lanes > 1 else PIECE
        self.pieces = [range(start, min(start + size, count)) for start in range(0, max(count, 1), size)]
        self.slots: dict[int, int] = {}  # variable -> its place in the frame
        self.size = 0
        self.given = "ptr %frame, ptr %fixed, ptr %out, ptr %emitted, i64 %i"
        self._assign()

    def _assign(self) -> None:
        """Places in the frame for what crosses from piece to piece; a place is free again after its last use."""
        first, last = self.program.first_instruction, {}
        for number, piece in enumerate(self.pieces):
            for i in piece:
                last.update(dict.fromkeys(self.program.instructions[i].operands, number))
        unneeded: list[list[int]] = [[] for _ in self.pieces]
        for variable, number in last.items():
            unneeded[number].append(variable)
        free: list[int] = []
        for number, piece in enumerate(self.pieces):
            for variable in range(first + piece.start, first + piece.stop):
                if last.get(variable, number) > number:
                    self.slots[variable] = free.pop() if free else self.new()
            free += [self.slots[v] for v in unneeded[number] if v in self.slots]

    def new(self, count: int = 1) -> int:
        self.size += count
        return self.size - count

    # ---- Kernels ---------------------------------------------------------------------------------------

    def call(self) -> tuple[str, int]:
        def hand(b: Code, k: int, x: str) -> None:
            b.line(f"store double {x}, ptr {at(b, '%out', k)}")
            b.watch(x)

        b = Code(self.module)
        self.given = "ptr %frame, ptr %in, ptr %out, ptr null, i64 0"
        troubles = self.calls(b, 1, lambda c, v: load(c, "%fixed", v), hand)
        b.line(f"ret i64 {b.write(f'zext i1 {any_of(b, troubles)} to i64')}")
        signature = "i64 @call(ptr noalias %in, ptr noalias %out, ptr noalias %frame)"
        self.module.functions.append(f"define {signature} {{\n{b.body}\n}}")
        return str(self.module), self.size

    def map(self, loop: Loop) -> tuple[str, int]:
        def hand(b: Code, k: int, x: str) -> None:
            pointer = b.write(f"load ptr, ptr {at(b, '%out', k, 'ptr')}")
            b.line(f"store {b.number} {x}, ptr {at(b, pointer, '%i')}, align 8")
            b.watch(x)

        loop.function("map", [], anywhere=self.calls(loop.body, loop.lanes, self.reader(loop), hand))
        return str(self.module), self.size * loop.lanes

    def sum(self, loop: Loop, linkage: str) -> tuple[str, int]:
        """From the first row to the last; see ``products.py`` for relaxed sums."""

        def hand(b: Code, k: int, x: str) -> None:
            where = at(b, "%out", k)
            before = b.write(f"load double, ptr {where}")
            b.line(f"store double {add_lanes(b, before, filled(b, x))}, ptr {where}")

        reader = self.reader(loop)
        filled = self.filler(loop)
        troubles = self.calls(loop.body, loop.lanes, reader, hand)
        wrong = [self.not_finite(loop.tail, "%out", len(self.program.outputs))]
        loop.function("sum", [], wrong, troubles, linkage)
        return str(self.module), self.size * loop.lanes

    def filler(self, loop: Loop) -> Callable[[Code, str], str]:
        """What a piece does to a result so that lanes without a row have nothing to add."""
        mask, b = self.new(), loop.body
        lanes_with_rows = b.select(loop.mask, b.constant(1.0), b.constant(0.0))
        b.line(f"store {b.number} {lanes_with_rows}, ptr {self.slot(b, mask)}, align 8")

        def filled(b: Code, x: str) -> str:
            if b.lanes == 1:
                return x
            held = b.compare("ogt", b.write(f"load {b.number}, ptr {self.slot(b, mask)}, align 8"), b.constant(0.5))
            return b.select(held, x, b.constant(-0.0))

        return filled

    def scan(self, loop: Loop) -> tuple[str, int]:
        """What is carried on is kept in the frame until the row is done with what was carried here."""
        reader = self.reader(loop)
        count = len(loop.rows.places(Kind.CARRIED))
        kept = self.new(count)

        def hand(b: Code, k: int, x: str) -> None:
            if k < count:
                b.line(f"store double {x}, ptr {self.slot(b, kept + k)}")
            else:
                pointer = b.write(f"load ptr, ptr {at(b, '%emitted', k - count, 'ptr')}")
                b.line(f"store double {x}, ptr {at(b, pointer, '%i')}")

        troubles = self.calls(loop.body, 1, reader, hand)
        start = self.slot(loop.body, kept)
        loop.body.line(f"call void @llvm.memcpy.p0.p0.i64(ptr %out, ptr {start}, i64 {8 * count}, i1 false)")
        loop.function("scan", [], [self.not_finite(loop.tail, "%out", count)], troubles)
        return str(self.module), self.size

    def step(self, b: Code, carried: int, sums: str, extras: int, base: int) -> tuple[list[str], int]:
        """The step of a scan over blocks, as part of the loop over these; see ``kernels.blocks_kernel``.

        ``sums`` points to the block's sums and, behind them, its number of rows; ``base`` doubles of the frame are
        taken.
        """
        self.size = base + self.size
        self.slots = {v: base + slot for v, slot in self.slots.items()}
        summed = len(self.program.names) + len(self.program.captured) - carried - 1 - extras
        kept = self.new(carried)

        def read(c: Code, v: int) -> str:
            if v < carried:
                return load(c, "%fixed", v)
            if v <= carried + summed:
                return load(c, c.write(sums), v - carried)
            pointer = c.write(f"load ptr, ptr {at(c, '%out', v - carried - summed - 1, 'ptr')}")
            return load(c, pointer, "%i")

        def hand(c: Code, k: int, x: str) -> None:
            if k < carried:
                c.line(f"store double {x}, ptr {self.slot(c, kept + k)}")
            else:
                pointer = c.write(f"load ptr, ptr {at(c, '%emitted', k - carried, 'ptr')}")
                c.line(f"store double {x}, ptr {at(c, pointer, '%i')}")

        troubles = self.calls(b, 1, read, hand)
        start = self.slot(b, kept)
        b.line(f"call void @llvm.memcpy.p0.p0.i64(ptr %fixed, ptr {start}, i64 {8 * carried}, i1 false)")
        return troubles, self.size

    def not_finite(self, b: Code, pointer: str, count: int) -> str:
        """A call that tells whether one of ``count`` doubles is infinite or NaN."""
        self.module.define("not_finite", _NOT_FINITE)
        return b.write(f"call i1 @not_finite(ptr {pointer}, i64 {count})")

    # ---- Pieces ----------------------------------------------------------------------------------------

    def calls(self, caller: Code, lanes: int, read: Read, hand: Hand) -> list[str]:
        """Write the pieces, and in ``caller`` the calls of them; what tells of trouble."""
        results: dict[int, list[int]] = {}
        for k, variable in enumerate(self.program.outputs):
            results.setdefault(variable, []).append(k)
        trouble = ""
        for number, piece in enumerate(self.pieces):
            self._piece(number, piece, lanes, read, hand, results)
            name = f"%{self.name}{number}"
            caller.line(f"{name} = call i1 @{self.name}{number}({self.given})")
            trouble = caller.write(f"or i1 {trouble}, {name}") if trouble else name
        return [trouble]

    def _piece(
        self, number: int, piece: range, lanes: int, read: Read, hand: Hand, results: dict[int, list[int]]
    ) -> None:
        program, b = self.program, Code(self.module, lanes)
        given, first = program.first_constant, program.first_instruction
        names: dict[int, str] = {}

        def name(v: int) -> str:
            if v not in names:
                constant = program.constant(v)
                if constant is not None:
                    names[v] = b.constant(constant)
                elif v < given:
                    names[v] = read(b, v)
                else:
                    names[v] = b.write(f"load {b.number}, ptr {self.slot(b, self.slots[v])}, align 8")
            return names[v]

        if number == 0:  # results that nothing computes: inputs and constants
            for v in [v for v in results if v < first]:
                for k in results[v]:
                    hand(b, k, name(v))
        writer = Writer(b, program, name)
        for pack in self.packs.within(piece):
            for i, x in zip(pack, writer.write(pack), strict=True):
                names[first + i] = x
                if first + i in self.slots:
                    b.line(f"store {b.number} {x}, ptr {self.slot(b, self.slots[first + i])}, align 8")
                for k in results.get(first + i, ()):
                    hand(b, k, x)
        b.line(f"ret i1 {b.any(any_of(b, [*b.troubles, *b.not_finite()]))}")
        self.module.functions.append(
            f"define internal i1 @{self.name}{number}({_PARAMETERS}) noinline {aligned(lanes)}{{\n{b.body}\n}}"
        )

    def reader(self, loop: Loop) -> Read:
        """Inputs: what is the same for all rows where the caller has it, the others through the frame."""
        fixed, carried = loop.rows.places(Kind.FIXED), loop.rows.places(Kind.CARRIED)
        slots: dict[int, int] = {}
        for v, x in loop.columns().items():
            slots[v] = self.new()
            loop.body.line(f"store {loop.body.number} {x}, ptr {self.slot(loop.body, slots[v])}, align 8")

        def read(b: Code, v: int) -> str:
            if v in fixed:
                return splat(b, load(b, "%fixed", fixed[v]), b.lanes)
            if v in carried:
                return load(b, "%out", carried[v])
            return b.write(f"load {b.number}, ptr {self.slot(b, slots[v])}, align 8")

        return read

    def slot(self, b: Code, slot: int, lanes: int = 0) -> str:
        return at(b, "%frame", slot * (lanes or b.lanes))


_NOT_FINITE = """define internal i1 @not_finite(ptr %x, i64 %n) noinline {
entry:
  br label %loop
loop:
  %k = phi i64 [ 0, %entry ], [ %next, %loop ]
  %sum = phi double [ 0.0, %entry ], [ %more, %loop ]
  %where = getelementptr inbounds double, ptr %x, i64 %k
  %one = load double, ptr %where
  %product = fmul double %one, 0.0
  %more = fadd double %sum, %product
  %next = add i64 %k, 1
  %again = icmp slt i64 %next, %n
  br i1 %again, label %loop, label %done
done:
  %result = fcmp uno double %more, 0.0
  ret i1 %result
}"""
