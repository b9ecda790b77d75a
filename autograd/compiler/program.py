"""Program: a graph as a straight line of instructions, with several results.

A program knows nothing about derivatives: a gradient was a graph before it became a program.
Variables are numbered, inputs first, then captured leaves, constants, and one for each instruction.
"""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import primitives as p
from ..declaration import Primitive
from ..primitives import add, div, identity, leaky, mul, neg, power, softmax_at, sub
from ..refusal import number, refusal
from ..transform import flatten, reshape

if TYPE_CHECKING:
    from ..value import Value

_COMMUTATIVE = {add, mul}


class Instruction(NamedTuple):
    """``variable = op(operands)``; the variable's number follows from the instruction's place."""

    op: Primitive
    operands: tuple[int, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Program:
    """Straight-line code: inputs, constants, one primitive a line, results.

    Made by :func:`trace`.  Called on numbers of the traced shape it computes, with the bits and the
    exceptions of the function that was traced.

    >>> from autograd import grad, sin, trace
    >>> program = trace(grad(lambda x: sin(x) * x), 0.5)
    >>> print(program.source())
    def program(x):
        v0 = sin(x)
        v1 = cos(x)
        v2 = x * v1
        v3 = v0 + v2
        return v3
    >>> program(0.0), program.statistics
    (0.0, Statistics(instructions=4, multiplications=1, depth=3))

    names         the inputs' names, from the function's signature
    captured      leaves that are not arguments, such as a model's parameters: read at every call
    constants     numbers
    instructions  the line
    outputs       the variables that are results
    arguments     an example of the arguments; results are shaped like ``results``
    """

    names: tuple[str, ...]
    captured: tuple[Value, ...]
    constants: tuple[float, ...]
    instructions: tuple[Instruction, ...]
    outputs: tuple[int, ...]
    arguments: tuple[Any, ...] = ()
    results: Any = None
    _made: dict[str, Any] = field(default_factory=dict)

    # ---- Numbering -------------------------------------------------------------------------------------

    @property
    def first_constant(self) -> int:
        return len(self.names) + len(self.captured)

    @property
    def first_instruction(self) -> int:
        return self.first_constant + len(self.constants)

    def constant(self, variable: int) -> float | None:
        """The number that a variable stands for, if it is a constant."""
        k = variable - self.first_constant
        return self.constants[k] if 0 <= k < len(self.constants) else None

    # ---- What people look at ---------------------------------------------------------------------------

    @property
    def statistics(self) -> Statistics:
        """How much work it is, with ``affine``, ``total`` and the like written out."""
        plain = self._remember("plain", self._written_out)
        depth = [0] * plain.first_instruction
        for _, operands in plain.instructions:
            depth.append(1 + max((depth[v] for v in operands), default=0))
        products = sum(op in (mul, div) or op.origin == (power, 2) for op, _ in plain.instructions)
        return Statistics(len(plain.instructions), products, max((depth[v] for v in plain.outputs), default=0))

    def source(self, language: str = "python") -> str:
        """The program as ``"python"``, ``"c"`` or ``"llvm"`` code."""
        if language == "python":
            from .python_code import python_source

            return python_source(self)
        if language == "c":
            from .c_code import c_source

            return c_source(self)
        if language == "llvm":
            from .llvm.kernels import scalar_source

            return scalar_source(self)
        raise ValueError(f'no source in {language!r}: choose "python", "c" or "llvm"')

    def to(self, namespace: Any) -> Callable[..., Any]:
        """The same program over an array library: ``numpy``, ``jax.numpy`` or ``torch``.

        The function that comes back takes arrays where the program takes numbers, element by element
        (with broadcasting), and returns arrays.  It is made of that library's functions only, so that
        ``jax.jit``, ``jax.vmap`` or ``torch.compile`` take it.  Captured leaves are read when it is
        called, or traced.  Floating-point errors are the library's: nothing raises, and JAX on a processor takes
        numbers below 2.2e-308 for zero.

        Raises ``TypeError`` for a primitive that the library lacks, by name, and for what is no array library.
        """
        from .arrays import over

        return over(self, namespace)

    def lifted(self, leaves: Sequence[Value]) -> Program:
        """The program with ``leaves``, captured ones, as a list that is its first argument.

        What was read from a model's parameters is then a function of them, which can be differentiated,
        or carried from step to step.

        >>> from autograd import Value, grad, trace
        >>> w = Value(2.0)
        >>> program = trace(lambda x: w * x, 3.0).lifted([w])
        >>> program([5.0], 3.0), grad(program, argnums=0)([5.0], 3.0)
        (15.0, [3.0])
        """
        place = {leaf: i for i, leaf in enumerate(leaves)}
        kept = [leaf for leaf in self.captured if leaf not in place]
        first = len(leaves) + len(self.names)
        captured = [place[leaf] if leaf in place else first + kept.index(leaf) for leaf in self.captured]
        builder = Builder(first, len(kept))
        return builder.program(
            builder.inline(self, [*range(len(leaves), first), *captured]),
            names=(*[f"w_{i}" for i in range(len(leaves))], *self.names),
            captured=tuple(kept),
            arguments=([leaf.data for leaf in leaves], *self.arguments),
            results=self.results,
        )

    def __call__(self, *args: Any) -> Any:
        from .python_code import python_function

        inputs = self.flat(args)
        if any(hasattr(x, "apply") for x in inputs):
            return self.shaped(self._recorded(inputs))
        results = self._remember("python", lambda: python_function(self))(*map(number, inputs), *self.captures())
        return self.shaped(results)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copied and pickled without the code that was made of it, which is made again."""
        return Program, tuple(getattr(self, part.name) for part in fields(self) if part.name != "_made")

    def __repr__(self) -> str:
        s = self.statistics
        captured = f", {len(self.captured)} captured" if self.captured else ""
        return (
            f"<Program: {len(self.names)} input(s){captured}, {len(self.outputs)} output(s), "
            f"{s.instructions} instructions, {s.multiplications} multiplications, depth {s.depth}>"
        )

    # ---- What back ends use ----------------------------------------------------------------------------

    def rewritten(self, instructions: Sequence[Instruction], outputs: Sequence[int]) -> Program:
        """The same inputs and constants, other instructions."""
        return replace(self, instructions=tuple(instructions), outputs=tuple(outputs), _made={})

    def captures(self) -> list[float]:
        """The captured leaves' numbers as they are now."""
        return [leaf.data for leaf in self.captured]

    def flat(self, args: Sequence[Any]) -> list[Any]:
        """The arguments' scalars, one for each input."""
        scalars = flatten(list(args))
        if len(scalars) != len(self.names):
            raise refusal(f"the program takes {len(self.names)} numbers ({', '.join(self.names)}), got {len(scalars)}")
        return scalars

    def shaped(self, results: Iterable[Any]) -> Any:
        """A flat sequence of results in the shape of the traced function's result."""
        return self.shaper(list(results))

    @property
    def shaper(self) -> Callable[[list[Any]], Any]:
        """The function that puts a flat list of results into their shape."""
        if "shaper" not in self._made:
            from .entry import shaper

            self._made["shaper"] = shaper(self.results) or functools.partial(reshape, self.results)
        made: Callable[[list[Any]], Any] = self._made["shaper"]
        return made

    def _recorded(self, inputs: Sequence[Any]) -> list[Any]:
        """On Values: the results as a graph, so that a program can be differentiated like any function."""
        variables = [*inputs, *self.captured, *self.constants]
        for op, operands in self.instructions:
            variables.append(op._dispatch(tuple([variables[v] for v in operands])))
        return [variables[v] for v in self.outputs]

    def _remember(self, key: str, make: Callable[[], Any]) -> Any:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def _written_out(self) -> Program:
        from .lowering import lower

        return lower(self, lambda op: op.expand is None)


class Statistics(NamedTuple):
    """A program's size: ``multiplications`` counts products and quotients, ``depth`` the longest path."""

    instructions: int
    multiplications: int
    depth: int


class Builder:
    """Collects instructions: each computation once, constants computed, factors 1 and identities gone.

    What it leaves out changes no bit: ``x + 0.0`` stays, because it is 0.0 for x = -0.0.
    """

    def __init__(self, inputs: int, captured: int = 0) -> None:
        self.given = inputs + captured
        self.values: list[float | None] = [None] * self.given  # the number of a constant
        self.lines: list[Instruction | None] = [None] * self.given
        self._known: dict[Any, int] = {}

    def constant(self, value: float) -> int:
        key = struct.pack("<d", value)  # 0.0 and -0.0 are two constants, NaN is one
        if key not in self._known:
            self._known[key] = self._new(None, value)
        return self._known[key]

    def _new(self, line: Instruction | None, value: float | None) -> int:
        self.lines.append(line)
        self.values.append(value)
        return len(self.lines) - 1

    def apply(self, op: Primitive, operands: tuple[int, ...]) -> int:
        """The variable that holds ``op(operands)``."""
        values = self.values
        known = [values[v] for v in operands]
        if (same := self._same(op, operands, known)) is not None:
            return same
        key = (op, *(sorted(operands) if op in _COMMUTATIVE else operands))
        variable = self._known.get(key)
        if variable is None:
            result = None if None in known else _computed(op, known)
            variable = self._new(Instruction(op, operands), None) if result is None else self.constant(result)
            self._known[key] = variable
        return variable

    def _same(self, op: Primitive, operands: tuple[int, ...], known: list[float | None]) -> int | None:
        """The operand that the result is, bit for bit."""
        if op is identity or op.origin == (power, 1):
            return operands[0]
        if op is mul:
            return operands[1] if known[0] == 1.0 else operands[0] if known[1] == 1.0 else None
        if op is div and known[1] == 1.0:
            return operands[0]
        if op is sub and known[1] == 0.0 and math.copysign(1.0, known[1]) > 0:
            return operands[0]
        if op is neg and (line := self.lines[operands[0]]) is not None and line.op is neg:
            return line.operands[0]
        return None

    def inline(self, program: Program, operands: Sequence[int]) -> list[int]:
        """The instructions of ``program`` on these operands; the variables of its results."""
        variables = [*operands, *map(self.constant, program.constants)]
        for op, taken in program.instructions:
            variables.append(self.apply(op, tuple([variables[v] for v in taken])))
        return [variables[v] for v in program.outputs]

    def program(self, outputs: Sequence[int], **fields: Any) -> Program:
        """What the outputs need, and what may raise, renumbered."""
        needed = {*outputs, *[v for v, line in enumerate(self.lines) if line is not None and may_raise(line.op)]}
        for variable in range(len(self.lines) - 1, self.given - 1, -1):
            if variable in needed and (line := self.lines[variable]) is not None:
                needed.update(line.operands)
        kept = [v for v in range(self.given, len(self.lines)) if v in needed]
        constants = [v for v in kept if self.lines[v] is None]
        computed = [v for v in kept if self.lines[v] is not None]
        number = {v: i for i, v in enumerate([*range(self.given), *constants, *computed])}
        lines = [line for v in computed if (line := self.lines[v]) is not None]
        return Program(
            constants=tuple([value for v in constants if (value := self.values[v]) is not None]),
            instructions=tuple([Instruction(op, tuple([number[v] for v in taken])) for op, taken in lines]),
            outputs=tuple([number[v] for v in outputs]),
            **fields,
        )


def may_raise(op: Primitive) -> bool:
    """Whether the primitive's float operation raises for some operands; where it is not known, it may."""
    return op not in _TOTAL and op.origin[0] not in (leaky, softmax_at) and op.origin != (power, 1)


_TOTAL = {
    p.abs, p.add, p.affine, p.asinh, p.atan, p.atan2, p.cbrt, p.erf, p.identity, p.logsumexp, p.maximum, p.minimum,
    p.mul, p.neg, p.not_less, p.relu, p.sigmoid, p.sigmoid_slope, p.sign, p.softplus, p.step, p.sub, p.tanh,
    p.tanh_slope, p.total, p.where,
}  # fmt: skip


def declare_total(*ops: Primitive) -> None:
    """Make known that these never raise."""
    _TOTAL.update(ops)


def _computed(op: Primitive, operands: Sequence[Any]) -> float | None:
    """A constant's value, unless computing it raises: then it must do so at run time."""
    try:
        return float(op.forward(*operands))
    except (ArithmeticError, ValueError):
        return None
