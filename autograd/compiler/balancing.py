"""Long sums in several strands, so that no term waits for the one before it; for relaxed programs only.

A sum of n terms one after the other takes n times as long as one addition takes to come through, however many
additions the machine could do at once.
"""

from __future__ import annotations

from collections import Counter

from ..primitives import add, mul
from .program import Instruction, Program

_STRANDS = 4
_LONG = 2 * _STRANDS  # terms from which on it pays


def balanced(program: Program) -> Program:
    """The same program with its long sums in strands, and their products where they are added."""
    lines, first = program.instructions, program.first_instruction
    uses = Counter(program.outputs)
    for line in lines:
        uses.update(line.operands)
    inner = {v for line in lines if line.op is add for v in line.operands if uses[v] == 1 and _op(program, v) is add}
    sums: dict[int, list[int]] = {}
    late: set[int] = set()  # what is written with the sum that alone wants it
    for i, line in enumerate(lines):
        if line.op is add and first + i not in inner:
            terms, parts = _terms(program, first + i, inner)
            if len(terms) >= _LONG:
                sums[first + i] = terms
                late |= parts | {v for v in terms if uses[v] == 1 and _op(program, v) is mul}
    if not sums:
        return program

    made: list[Instruction] = []
    number = {v: v for v in range(first)}

    def write(line: Instruction) -> int:
        made.append(Instruction(line.op, tuple([number[v] for v in line.operands])))
        return first + len(made) - 1

    def added(x: int, y: int) -> int:
        made.append(Instruction(add, (x, y)))
        return first + len(made) - 1

    for i, line in enumerate(lines):
        variable = first + i
        if variable in sums:
            strands: list[int] = []
            for k, term in enumerate(sums[variable]):
                if term in late:
                    number[term] = write(lines[term - first])
                if k < _STRANDS:
                    strands.append(number[term])
                else:
                    strands[k % _STRANDS] = added(strands[k % _STRANDS], number[term])
            while len(strands) > 1:
                strands = [added(x, y) for x, y in zip(strands[::2], strands[1::2], strict=True)]
            (number[variable],) = strands
        elif variable not in late:
            number[variable] = write(line)
    return program.rewritten(made, [number[v] for v in program.outputs])


def _op(program: Program, variable: int) -> object:
    place = variable - program.first_instruction
    return program.instructions[place].op if place >= 0 else None


def _terms(program: Program, root: int, inner: set[int]) -> tuple[list[int], set[int]]:
    """The terms of a sum, from the first to the last, and the partial sums between them."""
    first = program.first_instruction
    terms, parts, waiting = [], set(), list(reversed(program.instructions[root - first].operands))
    while waiting:
        v = waiting.pop()
        if v in inner:
            parts.add(v)
            waiting += reversed(program.instructions[v - first].operands)
        else:
            terms.append(v)
    return terms, parts
