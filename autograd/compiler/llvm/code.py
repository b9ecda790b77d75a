"""The text of an LLVM function, written instruction by instruction."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

RELAXED = "reassoc nsz arcp contract afn "  # what `fast` has, except assuming that NaN and infinity never occur

_STRANDS = 4  # sums side by side, so that none waits for the one before


class Module:
    """An LLVM module in the making: its functions, and what they call."""

    def __init__(self, relaxed: bool = False, inline: bool = True) -> None:
        self.flags = RELAXED if relaxed else ""
        self.inline = inline
        self.functions: list[str] = []
        self._declared: dict[str, str] = {}
        self._helpers: set[str] = set()

    def declare(self, name: str, result: str, operands: str) -> None:
        pure = "" if name.startswith("llvm.") else " nounwind willreturn memory(none)"
        self._declared[name] = f"declare {result} @{name}({operands}){pure}"

    def define(self, name: str, text: str) -> None:
        """A function written out in full, once."""
        if name not in self._helpers:
            self._helpers.add(name)
            self.functions.append(text)

    def helper(self, name: str, lanes: int, operands: int, write: Callable[..., str]) -> str:
        """The name of a function of ``operands`` numbers whose body ``write(code, *operands)`` writes, once."""
        full = f"{name}.{lanes}"
        if full not in self._helpers:
            self._helpers.add(full)
            code = Code(self, lanes, flags="")
            given = [f"%x{i}" for i in range(operands)]
            result = write(code, *given)
            typed = ", ".join(f"{code.number} {x}" for x in given)
            attributes = "alwaysinline" if self.inline and not name.endswith("slow") else "noinline"
            self.functions.append(
                f"define internal {code.number} @{full}({typed}) {attributes} nounwind willreturn memory(none) {{\n"
                f"{code.body}\n  ret {code.number} {result}\n}}"
            )
        return full

    def __str__(self) -> str:
        return "\n\n".join([*self._declared.values(), *self.functions]) + "\n"


class Code:
    """The body of a function on ``lanes`` rows at once; one lane is an ordinary scalar.

    Every method writes an instruction and returns the name of its result.  The same instruction on the
    same operands is written once: everything here is free of side effects.
    """

    def __init__(self, module: Module, lanes: int = 1, flags: str | None = None, prefix: str = "v") -> None:
        self.module = module
        self.prefix = prefix
        self.lanes = lanes
        self.flags = module.flags if flags is None else flags
        self.number = self._many("double")
        self.integer = self._many("i64")
        self.truth = self._many("i1")
        self.lines: list[str] = []
        self.troubles: list[str] = []  # masks: rows for which the eager engine must be asked
        self._known: dict[str, str] = {}
        self._watched: list[str] = []

    def _many(self, kind: str) -> str:
        return kind if self.lanes == 1 else f"<{self.lanes} x {kind}>"

    @property
    def body(self) -> str:
        return "\n".join(self.lines)

    def write(self, instruction: str) -> str:
        if instruction not in self._known:
            self._known[instruction] = name = f"%{self.prefix}{len(self._known)}"
            self.lines.append(f"  {name} = {instruction}")
        return self._known[instruction]

    def line(self, text: str) -> None:
        """An instruction without a result, or a label."""
        self.lines.append(text if text.endswith(":") else f"  {text}")

    def forget(self) -> None:
        """What follows a label cannot reuse what was computed on another path."""
        self._known = {f"; {i}": name for i, name in enumerate(self._known.values())}

    # ---- Constants -------------------------------------------------------------------------------------

    def constant(self, value: float) -> str:
        text = f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
        return text if self.lanes == 1 else f"splat (double {text})"

    def whole(self, value: int) -> str:
        return str(value) if self.lanes == 1 else f"splat (i64 {value})"

    # ---- Numbers ---------------------------------------------------------------------------------------

    def add(self, x: str, y: str) -> str:
        return self.write(f"fadd {self.flags}{self.number} {x}, {y}")

    def sub(self, x: str, y: str) -> str:
        return self.write(f"fsub {self.flags}{self.number} {x}, {y}")

    def mul(self, x: str, y: str) -> str:
        return self.write(f"fmul {self.flags}{self.number} {x}, {y}")

    def div(self, x: str, y: str) -> str:
        return self.write(f"fdiv {self.flags}{self.number} {x}, {y}")

    def neg(self, x: str) -> str:
        return self.write(f"fneg {self.flags}{self.number} {x}")

    def intrinsic(self, name: str, *operands: str) -> str:
        """An LLVM intrinsic: fabs, sqrt, fma, copysign."""
        suffix = "f64" if self.lanes == 1 else f"v{self.lanes}f64"
        full = f"llvm.{name}.{suffix}"
        self.module.declare(full, self.number, ", ".join([self.number] * len(operands)))
        return self.write(f"call {self.number} @{full}({', '.join(f'{self.number} {x}' for x in operands)})")

    def fma(self, x: str, y: str, z: str) -> str:
        return self.intrinsic("fma", x, y, z)

    def library(self, name: str, *operands: str) -> str:
        """A function of the C library, lane by lane."""
        self.module.declare(name, "double", ", ".join(["double"] * len(operands)))
        if self.lanes == 1:
            return self.write(f"call double @{name}({', '.join(f'double {x}' for x in operands)})")
        result = "poison"
        for lane in range(self.lanes):
            parts = [self.write(f"extractelement {self.number} {x}, i64 {lane}") for x in operands]
            one = self.write(f"call double @{name}({', '.join(f'double {x}' for x in parts)})")
            result = self.write(f"insertelement {self.number} {result}, double {one}, i64 {lane}")
        return result

    def looked_up(self, name: str, numbers: Sequence[int], index: str) -> str:
        """The numbers at these places of a table, whose name is ``name``."""
        table = ", ".join(f"i64 {x}" for x in numbers)
        self.module.define(name, f"@{name} = internal constant [{len(numbers)} x i64] [{table}]")
        if self.lanes == 1:
            return self.write(f"load i64, ptr {self.write(f'getelementptr inbounds i64, ptr @{name}, i64 {index}')}")
        result = "poison"
        for lane in range(self.lanes):
            place = self.write(f"extractelement {self.integer} {index}, i64 {lane}")
            one = self.write(f"load i64, ptr {self.write(f'getelementptr inbounds i64, ptr @{name}, i64 {place}')}")
            result = self.write(f"insertelement {self.integer} {result}, i64 {one}, i64 {lane}")
        return result

    def exactly(self, write: Callable[..., str], *operands: str) -> str:
        """What ``write`` writes, here, without reassociation or contraction."""
        flags, self.flags = self.flags, ""
        result = write(self, *operands)
        self.flags = flags
        return result

    def helper(self, name: str, write: Callable[..., str], *operands: str) -> str:
        full = self.module.helper(name, self.lanes, len(operands), write)
        return self.write(f"call {self.number} @{full}({', '.join(f'{self.number} {x}' for x in operands)})")

    # ---- Truths and choices ----------------------------------------------------------------------------

    def compare(self, relation: str, x: str, y: str) -> str:
        """``olt ole oeq oge ogt`` are false on NaN, ``une`` and ``uno`` true."""
        return self.write(f"fcmp {relation} {self.number} {x}, {y}")

    def either(self, a: str, b: str) -> str:
        return self.write(f"or {self.truth} {a}, {b}")

    def select(self, condition: str, x: str, y: str) -> str:
        return self.write(f"select {self.truth} {condition}, {self.number} {x}, {self.number} {y}")

    def trouble(self, condition: str) -> None:
        """Where ``condition`` holds, Python's float operation may raise."""
        self.troubles.append(condition)

    def watch(self, x: str) -> None:
        """Be in trouble where ``x`` is infinite or NaN: then 0 times it is NaN, and stays so when it is added."""
        nothing = self.write(f"fmul {self.number} {x}, {self.constant(0.0)}")
        if len(self._watched) == _STRANDS:
            nothing = self.write(f"fadd {self.number} {self._watched.pop(0)}, {nothing}")
        self._watched.append(nothing)

    def not_finite(self) -> list[str]:
        """Conditions that hold where something that was watched is not finite."""
        while len(self._watched) > 1:
            self._watched.append(self.write(f"fadd {self.number} {self._watched.pop(0)}, {self._watched.pop(0)}"))
        return [self.compare("uno", x, self.constant(0.0)) for x in self._watched]

    def any(self, condition: str) -> str:
        """Whether it holds in some lane."""
        if self.lanes == 1:
            return condition
        bits = self.write(f"bitcast {self.truth} {condition} to i{self.lanes}")
        return self.write(f"icmp ne i{self.lanes} {bits}, 0")

    # ---- Bits ------------------------------------------------------------------------------------------

    def bits(self, x: str) -> str:
        return self.write(f"bitcast {self.number} {x} to {self.integer}")

    def from_bits(self, i: str) -> str:
        return self.write(f"bitcast {self.integer} {i} to {self.number}")

    def integers(self, operation: str, i: str, j: str) -> str:
        return self.write(f"{operation} {self.integer} {i}, {j}")
