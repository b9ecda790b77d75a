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
from .kernels import Kind

_POINTER, _COUNT = ctypes.c_void_p, ctypes.c_int64
_LOOP = ctypes.CFUNCTYPE(_COUNT, *[_POINTER] * 5, _COUNT, _COUNT)  # releases the interpreter's lock
_SINGLE = ctypes.PYFUNCTYPE(_COUNT, ctypes.c_char_p, _POINTER)  # keeps it: letting go costs more than the call


class LLVMBackend:
    """Runs a program as machine code; each loop is compiled when it is first used."""

    def __init__(self, program: Program, precise: bool) -> None:
        self.program = program
        self.relaxed = not precise
        self.lowered = kernels.lowered(program)
        self._made: dict[Any, Any] = {}

    # ---- One row ---------------------------------------------------------------------------------------

    def entry(self, replay: Callable[..., Any]) -> Callable[..., Any]:
        machine = Machine(kernels.call_kernel(self.lowered, self.relaxed))
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
            ["out = results()", "if call(given, out):", "    return replay({arguments})"],
            "out",
            {
                "pack": struct.Struct(f"{inputs + captured}d").pack,
                "captures": self.program.captures,
                "results": ctypes.c_double * outputs,
                "call": _SINGLE(machine.address("call")),
                "replay": replay,
            },
        )

    # ---- Many rows -------------------------------------------------------------------------------------

    def mapper(self, rows: Rows, order: Any, out: Sequence[Any]) -> Callable[[int, int], bool]:
        pointers = (_POINTER * len(out))(*map(address_of, out))
        return self._loop("map", rows, order, ctypes.addressof(pointers), keep=pointers)

    def summer(self, rows: Rows, order: Any, out: array[float]) -> Callable[[int, int], bool]:
        return self._loop("sum", rows, order, address_of(out), keep=out)

    def folder(self, rows: Rows, order: Any, carried: int, out: array[float]) -> Callable[[int, int], bool]:
        return self._loop("fold", rows, order, address_of(out), keep=out, carried=carried)

    def _loop(
        self, name: str, rows: Rows, order: Any, out: int, keep: Any, carried: int = 0
    ) -> Callable[[int, int], bool]:
        captured = self.program.captures()
        kinds = [Kind.CARRIED] * carried
        for x in (*rows.inputs[carried:], *captured):
            kinds.append(Kind.FIXED if not isinstance(x, Column) else Kind.COLUMN if x.stride == 1 else Kind.STRIDED)
        columns = [x for x in rows.inputs if isinstance(x, Column)]
        addresses = (_POINTER * len(columns))(*[column.address for column in columns])
        strides = array("q", [column.stride for column in columns])
        fixed = array("d", [x for x in (*rows.inputs[carried:], *captured) if not isinstance(x, Column)])
        function = self._function(name, kernels.Rows(tuple(kinds), order is not None))
        given = (
            ctypes.addressof(addresses),
            strides.buffer_info()[0],
            fixed.buffer_info()[0],
            order.buffer_info()[0] if order is not None else None,
            out,
        )

        def compute(begin: int, end: int, alive: Any = (addresses, strides, fixed, order, keep)) -> bool:
            return not function(*given, begin, end)

        return compute

    def _function(self, name: str, rows: kernels.Rows) -> Callable[..., int]:
        key = (name, rows)
        if key not in self._made:
            if name == "fold":
                text = kernels.fold_kernel(self.lowered, rows, self.relaxed)
            else:
                write = kernels.map_kernel if name == "map" else kernels.sum_kernel
                text = write(self.lowered, rows, self._width(), self.relaxed)
            machine = Machine(text)
            self._made[key] = (machine, _LOOP(machine.address(name)))
        function: Callable[..., int] = self._made[key][1]
        return function

    def _width(self) -> int:
        return lanes()
