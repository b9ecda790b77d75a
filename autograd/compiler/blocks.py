"""Scans over blocks of rows: a sum over each block, then a step.  Training by batches has this form."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..refusal import refusal
from ..transform import flatten, reshape
from .columns import Rows, indices
from .compiled import each, listed, shape_of
from .python_code import finite, python_function

if TYPE_CHECKING:
    from .compiled import Compiled
    from .program import Program


class Blockwise:
    """A function to add over the rows of a block, and the step to take with the sum; see ``Compiled.blockwise``."""

    def __init__(self, summed: Compiled, step: Compiled) -> None:
        self.summed = summed
        self.step = step

    def scan(self, carry: Any, *args: Any, size: int, order: Any = None, extras: Any = ()) -> tuple[Any, Any]:
        """Carry through all blocks of ``size`` rows, the last of which may have fewer.

        carry, args   as in :meth:`Compiled.fold`
        order         picks rows by number, in that order, before they are cut into blocks
        extras        arrays with a number for each block, which the step is given behind the number of rows

        Returns the last carry and a column for each number that the step returns besides.
        """
        if size < 1:
            raise ValueError(f"a block has at least one row, not {size!r}")
        carry = listed(carry)
        rows = Rows((carry, *args))
        order = None if order is None else indices(order, rows.count)
        count = rows.count if order is None else len(order)
        blocks = -(-count // size)
        columns = [array("d", extra) for extra in extras]
        if any(len(column) != blocks for column in columns):
            raise refusal(f"{blocks} blocks need as many extras, not {[len(column) for column in columns]}")
        add = self.summed.for_rows(rows)
        step = self.step.specialized(carry, add.program.results, 1.0, *[0.0] * len(columns))
        shape = step.program.results
        if not isinstance(shape, tuple) or len(shape) != 2 or shape_of(shape[0]) != shape_of(carry):
            raise refusal("a step returns a pair: what is carried on, in the shape it had, and a result")
        out = array("d", flatten([carry]))
        emitted = [rows.empty(blocks) for _ in range(len(step.program.outputs) - len(out))]
        compute = self._compute(add, step, rows, order, size, count, out, columns, emitted)

        def by_hand(i: int) -> None:
            now = reshape(carry, out)
            total = [0.0] * len(add.program.outputs)
            places = range(i * size, min((i + 1) * size, count))
            for place in places:
                arguments = rows.row(place if order is None else order[place])
                total = [s + x for s, x in zip(total, flatten([add.replay(now, *arguments[1:])]), strict=True)]
            sums = reshape(add.program.results, total)
            results = flatten([step.replay(now, sums, float(len(places)), *[column[i] for column in columns])])
            out[:] = array("d", results[: len(out)])
            for column, x in zip(emitted, results[len(out) :], strict=True):
                column[i] = x

        each(compute, by_hand, 0, blocks, out)
        return reshape(carry, out), reshape(shape[1], emitted)

    def _compute(
        self, add: Any, step: Any, rows: Rows, order: Any, size: int, count: int, out: Any, columns: Any, emitted: Any
    ) -> Callable[[int, int], bool]:
        if add.kind == step.kind == "llvm":
            made: Callable[[int, int], bool] = add.runner.blocks(step.runner, rows, order, size, out, columns, emitted)
            return made
        return _in_python(add.program, step.program, rows, order, size, count, out, columns, emitted)


def _in_python(
    add: Program, step: Program, rows: Rows, order: Any, size: int, count: int, out: Any, columns: Any, emitted: Any
) -> Callable[[int, int], bool]:
    row_of, next_of = python_function(add), python_function(step)
    captured, captured_by_step, width = add.captures(), step.captures(), len(out)

    def block(i: int) -> bool:
        sums = [0.0] * len(add.outputs)
        places = range(i * size, min((i + 1) * size, count))
        for place in places:
            inputs = rows.flat(place if order is None else order[place])
            results = row_of(*out, *inputs[width:], *captured)
            sums = [s + x for s, x in zip(sums, results, strict=True)]
        results = next_of(*out, *sums, float(len(places)), *[column[i] for column in columns], *captured_by_step)
        if not finite(results):
            return False
        out[:] = array("d", results[:width])
        for column, x in zip(emitted, results[width:], strict=True):
            column[i] = x
        return True

    def compute(begin: int, end: int) -> bool:
        try:
            return all(map(block, range(begin, end)))
        except (ArithmeticError, ValueError):
            return False

    return compute
