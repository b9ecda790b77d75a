"""Programs as machine code, called and looped over from Python."""

from __future__ import annotations

import ctypes
import struct
import threading
from array import array
from collections.abc import Callable, Sequence
from typing import Any

from ..columns import Column, Rows, address_of
from ..entry import entry
from ..program import Program
from . import kernels
from .engine import Machine, lanes
from .loop import Kind
from .loop import Rows as Layout

_POINTER, _COUNT = ctypes.c_void_p, ctypes.c_int64
_LOOP = ctypes.CFUNCTYPE(_COUNT, _POINTER, _COUNT, _COUNT)  # releases the interpreter's lock
_CALL = (_COUNT, ctypes.c_char_p, _POINTER, _POINTER)
_SHORT = ctypes.PYFUNCTYPE(*_CALL)  # keeps it: letting go costs more than the call
_LONG = ctypes.CFUNCTYPE(*_CALL)


class LLVMBackend:
    """Runs a program as machine code; each loop is compiled when it is first used."""

    def __init__(self, program: Program, precise: bool) -> None:
        self.program = program
        self.relaxed = not precise
        self.lowered = kernels.lowered(program, self.relaxed)
        self._made: dict[Any, Any] = {}
        self._lock = threading.Lock()

    # ---- One row ---------------------------------------------------------------------------------------

    def entry(self, replay: Callable[..., Any]) -> Callable[..., Any]:
        long = kernels.is_long(self.lowered)
        kernel = kernels.call_kernel(self.lowered, self.relaxed, lanes() if long else 1)
        machine = Machine(kernel.text, 2 if not long else 1 if self.relaxed else 0)  # 0 would not contract
        inputs, outputs = len(self.program.names), len(self.program.outputs)
        if kernels.is_scalar(self.lowered):
            scalar = ctypes.PYFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * inputs)(machine.address("scalar"))
            return entry(
                self.program,
                "native({inputs})",
                ["if given - given != 0.0:", "    return replay({arguments})"],
                "(given,)",
                {"native": scalar, "replay": replay, "machine": machine},  # the code that is called must live
            )
        captured = len(self.program.captured)
        return entry(
            self.program,
            "pack({inputs}" + (", " if inputs and captured else "") + ("*captures())" if captured else ")"),
            [
                "out = results()",
                f"if call(given, out, {'frame()' if kernel.frame else 'None'}):",
                "    return replay({arguments})",
            ],
            "out[:]",
            {
                "pack": struct.Struct(f"{inputs + captured}d").pack,
                "captures": self.program.captures,
                "results": ctypes.c_double * outputs,
                "frame": ctypes.c_double * kernel.frame,
                "call": (_LONG if long else _SHORT)(machine.address("call")),
                "replay": replay,
                "machine": machine,
            },
        )

    # ---- Many rows -------------------------------------------------------------------------------------

    def mapper(self, rows: Rows, order: Any, out: Sequence[Any]) -> Callable[[int, int], bool]:
        pointers = _pointers(out)
        return self._loop("map", rows, order, ctypes.addressof(pointers), keep=(pointers, out))

    def summer(self, rows: Rows, order: Any, out: array[float]) -> Callable[[int, int], bool]:
        return self._loop("sum", rows, order, address_of(out), keep=out)

    def scanner(
        self, rows: Rows, order: Any, carried: int, out: array[float], emitted: Sequence[Any]
    ) -> Callable[[int, int], bool]:
        pointers = _pointers(emitted)
        keep = (out, emitted, pointers)
        return self._loop("scan", rows, order, address_of(out), keep, carried, ctypes.addressof(pointers))

    def blocks(
        self,
        step: LLVMBackend,
        rows: Rows,
        order: Any,
        size: int,
        carry: array[float],
        extras: Sequence[Any],
        emitted: Sequence[Any],
    ) -> Callable[[int, int], bool]:
        """Scan over blocks of ``size`` rows: the sum of this program's results over each, then a ``step``."""
        count = rows.count if order is None else len(order)
        # What the step has captured is read like an extra, the same for every block.
        extras = [*extras, *[array("d", [x]) * -(-count // size) for x in step.program.captures()]]
        memory = self._memory(rows, order, len(carry))
        memory.fixed[:0] = carry  # the first of what is the same for all rows of a block
        extra, pointers = _pointers(extras), _pointers(emitted)
        width = 1 << max(0, (min(size, kernels.rows_at_once(self.lowered, lanes())) - 1)).bit_length()
        layout = Layout((*[Kind.FIXED] * len(carry), *memory.kinds[len(carry) :]), order is not None)
        function, frame = self._function(
            ("blocks", layout, step.program, len(extras), width),
            lambda: kernels.blocks_kernel(self.lowered, step.lowered, layout, width, self.relaxed, len(extras)),
            long=kernels.is_long(self.lowered, on_lanes=True) or kernels.is_long(step.lowered),
        )
        given = memory.block(ctypes.addressof(extra), ctypes.addressof(pointers), frame, count, size)
        fixed = memory.fixed

        def compute(begin: int, end: int, alive: Any = (memory, extra, pointers, extras, emitted)) -> bool:
            fixed[: len(carry)] = carry
            trouble = function(given, begin, end)
            carry[:] = fixed[: len(carry)]
            return not trouble

        return compute

    def _loop(
        self, name: str, rows: Rows, order: Any, out: int, keep: Any, carried: int = 0, emitted: int | None = None
    ) -> Callable[[int, int], bool]:
        memory = self._memory(rows, order, carried)
        layout = Layout(memory.kinds, order is not None)
        long = kernels.is_long(self.lowered, on_lanes=name != "scan")
        function, frame = self._function((name, layout), lambda: self._kernel(name, layout), long)
        given = memory.block(out, emitted, frame)

        def compute(begin: int, end: int, alive: Any = (memory, keep)) -> bool:
            return not function(given, begin, end)

        places = [i for i, x in enumerate(rows.inputs[carried:]) if not isinstance(x, Column)]
        inputs, captures = len(places), self.program.captures
        whole = places == rows.places_without_rows() and not carried

        def refresh(numbers: array[float]) -> None:
            if whole and not self.program.captured:
                memory.fixed[:inputs] = numbers
            else:
                rows.refill(numbers)
                memory.fixed[:] = array("d", _fixed((*rows.inputs[carried:], *captures())))

        compute.refresh = refresh  # type: ignore[attr-defined]  # see Compiled.summed_over
        return compute

    def _kernel(self, name: str, layout: Layout) -> kernels.Kernel:
        write = {"scan": kernels.scan_kernel, "map": kernels.map_kernel, "sum": kernels.sum_kernel}[name]
        if name == "scan":
            program = kernels.lowered(self.program, self.relaxed, by_row=not kernels.is_long(self.lowered))
            return write(program, layout, lanes(), self.relaxed)
        return write(self.lowered, layout, kernels.rows_at_once(self.lowered, lanes()), self.relaxed)

    def _function(self, key: Any, write: Callable[[], kernels.Kernel], long: bool) -> tuple[Callable[..., int], int]:
        with self._lock:
            if key not in self._made:
                kernel = write()
                machine = Machine(kernel.text, 1 if long else 2)
                function = _LOOP(machine.address("enter"))
                function.machine = machine  # type: ignore[attr-defined]  # an address keeps no code alive
                self._made[key] = (function, kernel.frame)
            made: tuple[Callable[..., int], int] = self._made[key]
        return made

    def _memory(self, rows: Rows, order: Any, carried: int) -> _Memory:
        return _Memory((*rows.inputs[carried:], *self.program.captures()), order, carried)


class _Memory:
    """What a kernel reads, at addresses that stay as long as this object."""

    def __init__(self, inputs: Sequence[Any], order: Any, carried: int) -> None:
        columns = [x for x in inputs if isinstance(x, Column)]
        self.kinds = (*[Kind.CARRIED] * carried, *map(_kind, inputs))
        self.columns = columns
        self.addresses = (_POINTER * len(columns))(*[column.address for column in columns])
        self.strides = array("q", [column.stride for column in columns])
        self.fixed = array("d", _fixed(inputs))
        self.order = order

    def block(self, out: int, emitted: int | None, frame: int, count: int = 0, size: int = 0) -> int:
        """The address of the block that a kernel is given: see ``loop.POINTERS``."""
        self.frame = (ctypes.c_double * (frame + 7))()
        working = ctypes.addressof(self.frame)
        self.given = array(
            "Q",
            [
                ctypes.addressof(self.addresses),
                address_of(self.strides),
                address_of(self.fixed),
                0 if self.order is None else address_of(self.order),
                out,
                emitted or 0,
                working + -working % 64,  # whole cache lines: a vector across two of them takes twice as long
                count,
                size,
            ],
        )
        return address_of(self.given)


def _fixed(inputs: Sequence[Any]) -> list[float]:
    return [x for x in inputs if x.__class__ is not Column]


def _kind(x: Any) -> Kind:
    if not isinstance(x, Column):
        return Kind.FIXED
    return Kind.BY_STEP if x.by_step else Kind.COLUMN if x.stride == 1 else Kind.STRIDED


def _pointers(columns: Sequence[Any]) -> Any:
    return (_POINTER * len(columns))(*map(address_of, columns))
