"""Programs as machine code, called and looped over from Python."""

from __future__ import annotations

import ctypes
import struct
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
_LOOP = ctypes.CFUNCTYPE(_COUNT, *[_POINTER] * 7, _COUNT, _COUNT)  # releases the interpreter's lock
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

    # ---- One row ---------------------------------------------------------------------------------------

    def entry(self, replay: Callable[..., Any]) -> Callable[..., Any]:
        kernel = kernels.call_kernel(self.lowered, self.relaxed)
        machine = Machine(kernel.text, self._level())
        self._made["call"] = machine
        inputs, outputs = len(self.program.names), len(self.program.outputs)
        if kernels.is_scalar(self.lowered):
            scalar = ctypes.PYFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * inputs)(machine.address("scalar"))
            return entry(
                self.program,
                "native({inputs})",
                ["if given - given != 0.0:", "    return replay({arguments})"],
                "(given,)",
                {"native": scalar, "replay": replay},
            )
        captured = len(self.program.captured)
        return entry(
            self.program,
            "pack({inputs}" + (", *captures())" if captured else ")"),
            [
                "out = results()",
                f"if call(given, out, {'frame()' if kernel.frame else 'None'}):",
                "    return replay({arguments})",
            ],
            "out",
            {
                "pack": struct.Struct(f"{inputs + captured}d").pack,
                "captures": self.program.captures,
                "results": ctypes.c_double * outputs,
                "frame": ctypes.c_double * kernel.frame,
                "call": (_LONG if kernels.is_long(self.lowered) else _SHORT)(machine.address("call")),
                "replay": replay,
            },
        )

    # ---- Many rows -------------------------------------------------------------------------------------

    def mapper(self, rows: Rows, order: Any, out: Sequence[Any]) -> Callable[[int, int], bool]:
        pointers = (_POINTER * len(out))(*map(address_of, out))
        return self._loop("map", rows, order, ctypes.addressof(pointers), keep=pointers)

    def summer(self, rows: Rows, order: Any, out: array[float]) -> Callable[[int, int], bool]:
        return self._loop("sum", rows, order, address_of(out), keep=out)

    def scanner(
        self, rows: Rows, order: Any, carried: int, out: array[float], emitted: Sequence[Any]
    ) -> Callable[[int, int], bool]:
        pointers = (_POINTER * len(emitted))(*map(address_of, emitted))
        keep = (out, pointers)
        return self._loop("scan", rows, order, address_of(out), keep, carried, ctypes.addressof(pointers))

    def _loop(
        self, name: str, rows: Rows, order: Any, out: int, keep: Any, carried: int = 0, emitted: int | None = None
    ) -> Callable[[int, int], bool]:
        captured = self.program.captures()
        kinds = [Kind.CARRIED] * carried
        for x in (*rows.inputs[carried:], *captured):
            kinds.append(Kind.FIXED if not isinstance(x, Column) else Kind.COLUMN if x.stride == 1 else Kind.STRIDED)
        columns = [x for x in rows.inputs if isinstance(x, Column)]
        addresses = (_POINTER * len(columns))(*[column.address for column in columns])
        strides = array("q", [column.stride for column in columns])
        fixed = array("d", [x for x in (*rows.inputs[carried:], *captured) if not isinstance(x, Column)])
        function, size = self._function(name, Layout(tuple(kinds), order is not None))
        frame = (ctypes.c_double * size)()
        given = (
            ctypes.addressof(addresses),
            strides.buffer_info()[0],
            fixed.buffer_info()[0],
            order.buffer_info()[0] if order is not None else None,
            out,
            emitted,
            ctypes.addressof(frame),
        )

        def compute(begin: int, end: int, alive: Any = (addresses, strides, fixed, order, frame, keep)) -> bool:
            return not function(*given, begin, end)

        return compute

    def _function(self, name: str, layout: Layout) -> tuple[Callable[..., int], int]:
        key = (name, layout)
        if key not in self._made:
            if name == "scan":
                kernel = kernels.scan_kernel(self.lowered, layout, self.relaxed)
            else:
                write = kernels.map_kernel if name == "map" else kernels.sum_kernel
                kernel = write(self.lowered, layout, lanes(), self.relaxed)
            machine = Machine(kernel.text, self._level())
            self._made[key] = (_LOOP(machine.address(name)), kernel.frame, machine)
        function, frame, _ = self._made[key]
        return function, frame

    def _level(self) -> int:
        return 1 if kernels.is_long(self.lowered) else 3
