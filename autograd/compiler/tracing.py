"""trace: run a function once on placeholders, and keep what it did."""

from __future__ import annotations

import inspect
import keyword
import math
import re
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .. import modes
from ..graph import topological_order
from ..refusal import ends_at_caller, number, refusal, shown
from ..transform import flatten, reshape
from ..unseen import UNSEEN
from ..value import Value
from .program import Builder, Program, may_raise

_RAISED_BY_FLOATS = (ArithmeticError, ValueError)


@ends_at_caller
def trace(f: Callable[..., Any], *example: Any, **settings: Any) -> Program:
    """The program of ``f``: what it computes for arguments of the shape of ``example``.

    ``f`` takes and returns numbers, or nested lists and tuples of them, such as what ``grad`` and the
    other transforms make.  It runs once, on placeholders whose numbers nobody can see, so the program is right
    for every input: a branch on a Value or its ``.data`` is an error that says what to write instead.  Leaves that
    are not arguments, such as a model's parameters, are captured and read at each call.  Everything else that ``f``
    looks up (a plain number, an attribute, a random number, a parameter's ``.data``) is looked up this once.
    ``settings`` are passed on to ``f`` as they are.

    >>> program = trace(lambda x, w: w[0] * x + w[1], 1.0, [2.0, 3.0])
    >>> program(5.0, [2.0, 3.0])
    13.0

    Raises ``TypeError`` where ``f`` branches on a Value, where its result at the example is not the
    program's (it depends on something that tracing cannot see), and where the example is a point at
    which a derivative in it does not exist.
    """
    if not callable(f):
        raise refusal(f"trace takes a function and then an example of its arguments, not {shown(f)}")
    scalars = [number(x.data if isinstance(x, Value) else x) for x in flatten(list(example))]
    try:
        program = _traced(f, example, scalars, settings)
    except _RAISED_BY_FLOATS:  # of constants; at the example another operation may be the first to raise
        eagerly(f, reshape(list(example), scalars), **settings)
        raise
    _check(f, program, reshape(list(example), scalars), settings)
    return program


def eagerly(f: Callable[..., Any], args: Sequence[Any], names: Sequence[str] = (), **settings: Any) -> Any:
    """``f`` on numbers as the engine computes it, node by node: the results, or the named error.

    Always on Values: floats have other rules.  A power of a negative one may be complex, NumPy's functions warn
    and go on, and from Python 3.12 ``sum`` adds them more precisely.  A program's numbers are the engine's own.
    """
    scalars = flatten(list(args))
    if isinstance(f, Program):
        try:
            return f(*args)
        except _RAISED_BY_FLOATS:
            pass  # without a name
    labels: Sequence[str | None] = names or [None] * len(scalars)  # so that an error names the input
    nodes = [Value(x, label) for x, label in zip(scalars, labels, strict=True)]
    result = f(*reshape(list(args), nodes), **settings)
    return reshape(result, [x.data if isinstance(x, Value) else number(x) for x in flatten(result)])


def _traced(f: Callable[..., Any], example: Sequence[Any], scalars: Sequence[float], settings: Any) -> Program:
    inputs = [Value(UNSEEN) for _ in scalars]
    with modes.tracing() as made:
        result = f(*reshape(list(example), inputs), **settings)
    outputs = [_value(x) for x in flatten(result)]
    shape = reshape(result, [0.0] * len(outputs))
    graph = _Record(inputs, outputs, made)
    made.clear()
    del inputs, result, outputs
    captured = graph.held()
    return graph.program(
        captured,
        names=tuple(_names(f, example)),
        arguments=tuple(reshape(list(example), scalars)),
        results=shape,
    )


def record(f: Callable[..., Any], inputs: Sequence[Value]) -> Program:
    """The program of a function with one result, on the inputs given; no check, no captured names."""
    with modes.tracing() as made:
        output = _value(f(*inputs))
    graph = _Record(inputs, [output], made)
    made.clear()
    del output
    return graph.program(graph.held(), names=tuple(f"x{i}" for i in range(len(inputs))), results=0.0)


def _value(x: Any) -> Value:
    return x if isinstance(x, Value) else Value(x)


class _Record:
    """A graph written down, so that the graph itself can go."""

    def __init__(self, inputs: Sequence[Value], outputs: Sequence[Value], made: Sequence[Value]) -> None:
        # What may raise is part of the function, even where nothing uses its result.
        raising = [node for node in made if node.op is not None and may_raise(node.op)]
        order = topological_order(*inputs, *raising, *outputs)
        place = {node: i for i, node in enumerate(order)}
        self.inputs = [place[node] for node in inputs]
        self.outputs = [place[node] for node in outputs]
        self.lines = [(node.op, tuple([place[parent] for parent in node.parents])) for node in order]
        # What detach() or .data has cut off is NaN: so are the results then, and the eager engine is asked.
        self.leaves = {
            i: (weakref.ref(node), math.nan if node.data is UNSEEN else node.data)
            for i, node in enumerate(order)
            if node.op is None
        }
        if any(op is not None and op.name == "unknown_slope" for op, _ in self.lines):
            raise refusal("traced at a point where a derivative does not exist; pick another example")

    def held(self) -> dict[int, Value]:
        """The leaves that somebody else holds.  The others can never change: they are constants."""
        leaves = {i: leaf for i, (ref, _) in self.leaves.items() if (leaf := ref()) is not None}
        return {i: leaf for i, leaf in leaves.items() if i not in set(self.inputs)}

    def program(self, captured: dict[int, Value], **fields: Any) -> Program:
        builder = Builder(len(self.inputs), len(captured))
        variable = {place: i for i, place in enumerate((*self.inputs, *captured))}
        for place, (op, operands) in enumerate(self.lines):
            if place not in variable:
                variable[place] = (
                    builder.constant(self.leaves[place][1])
                    if op is None
                    else builder.apply(op, tuple([variable[operand] for operand in operands]))
                )
        return builder.program([variable[place] for place in self.outputs], captured=tuple(captured.values()), **fields)


def _check(f: Callable[..., Any], program: Program, example: Sequence[Any], settings: Any) -> None:
    """The program at the example against ``f`` itself: what tracing could not see shows here."""
    try:
        expected = flatten(eagerly(f, example, **settings))
        results = flatten(program(*example))
    except (*_RAISED_BY_FLOATS, RuntimeWarning):
        return
    for result, by_f in zip(results, expected, strict=True):
        if math.isfinite(result) and result != by_f and not math.isnan(by_f):
            raise refusal(
                f"the traced program gives {result!r} at the example, the function itself {by_f!r}: it depends on "
                "something else than its arguments, or branches on a .data while it is traced; write where(step(x), "
                "a, b) instead, and keep random numbers outside"
            )


def _names(f: Callable[..., Any], example: Sequence[Any]) -> Iterator[str]:
    """A name for every input: x, or w_0, w_1_0 for what is nested."""
    for name, argument in zip(_parameters(f, len(example)), example, strict=True):
        yield from _spelled(name, argument)


def _spelled(name: str, tree: Any) -> Iterator[str]:
    if not isinstance(tree, (list, tuple)):
        yield name
        return
    for i, branch in enumerate(tree):
        yield from _spelled(f"{name}_{i}", branch)


def _parameters(f: Callable[..., Any], count: int) -> list[str]:
    """The names of ``f``'s parameters, where they can serve as names in generated code."""
    plain = [f"x{i}" for i in range(count)] if count > 1 else ["x"][:count]
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        return plain
    kinds = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    names = [p.name for p in parameters if p.kind in kinds and p.name.isascii()]
    taken = {"v", *keyword.kwlist}
    clash = any(name in taken or re.fullmatch(r"[cvw]\d+|_.*|program", name) for name in names[:count])
    return plain if len(names) < count or clash else names[:count]
