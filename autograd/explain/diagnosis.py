"""Where a number went bad, or a gradient was lost: the first place, its operands and its source line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import overload

from ..graph import topological_order
from ..modes import SourceLine, source_of
from ..notation import Name, distinct_names, number
from ..value import Value
from .formula import Formulas
from .preformatted import preformatted
from .refusals import ends_at_caller

_FLAT = 1e-4  # a slope below this passes on next to nothing


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """One thing that is wrong at one node.

    kind      ``"nan"``, ``"infinite"``, ``"infinite slope"``, ``"dead"``, ``"saturated"``, ``"kink"`` or ``"tie"``
    says      what happened there, in words and numbers
    source    the line that made the node, if the graph was built under ``with provenance():``
    """

    node: Value
    kind: str
    says: str
    source: SourceLine | None
    name: Name = field(repr=False)

    def __str__(self) -> str:
        return f"{self.says} (made at {self.source})" if self.source else self.says


class Diagnosis(Sequence[Finding]):
    """What :func:`locate` found: empty, and false, where nothing is wrong."""

    def __init__(self, root: Name, findings: list[Finding]) -> None:
        self._root = root
        self._findings = findings

    def __len__(self) -> int:
        return len(self._findings)

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> list[Finding]: ...
    def __getitem__(self, index: int | slice) -> Finding | list[Finding]:
        return self._findings[index]

    @property
    def first(self) -> Finding | None:
        """The first thing that went wrong, from which others may only follow."""
        return self._findings[0] if self._findings else None

    def __str__(self) -> str:
        if not self._findings:
            return f"{self._root}: every value and every slope is finite, and no gradient is lost on the way"
        lines = [str(self._findings[0])]
        if len(self) > 1:
            lines += ["also:", *(f"  {finding}" for finding in self._findings[1:20])]
        if len(self) > 20:
            lines.append(f"  … {len(self) - 20} more")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<{len(self)} finding{'s' * (len(self) != 1)} below {self._root}>"

    def _repr_html_(self) -> str:
        return preformatted(str(self))


@ends_at_caller
def locate(root: Value) -> Diagnosis:
    """Where the graph below ``root`` went bad.

    First of all the first value, in the order of computation, that is NaN or infinite; then local derivatives
    that are; then, from the root back, where a gradient is lost on the way: an inactive rectifier, a
    saturated sigmoid, a value on a kink, a tie.  Source lines are known for graphs built under
    ``with provenance():``.

    >>> x = Value(-800.0, "x")
    >>> print(locate(x.sigmoid()))
    v1 = sigmoid(x = −800) = 0 is saturated: its slope there is 0, so next to no gradient passes
    """
    named = distinct_names(root)
    order = topological_order(root)
    findings = [*_bad_numbers(order, named), *_lost_gradients(root, order, named)]
    return Diagnosis(named[root], findings)


def _bad_numbers(order: list[Value], named: dict[Value, Name]) -> Iterator[Finding]:
    """Values that went bad at their own operation; those that only inherit it are left out."""
    for node in order:
        kind = _kind(node.data)
        # A NaN made of infinities (∞ − ∞) is news again; an infinity made of one is not.
        if kind == "finite" or any(_kind(parent.data) in (kind, "nan") for parent in node.parents):
            continue
        word = "NaN" if kind == "nan" else "infinite"
        if node.op is None:
            says = f"the leaf {named[node]} is {word}: it came in so"
        else:
            says = f"{_written(node, named).rpartition(' = ')[0]} became {word}"
        yield Finding(node, kind, says, source_of(node), named[node])


def _lost_gradients(root: Value, order: list[Value], named: dict[Value, Name]) -> Iterator[Finding]:
    formulas = Formulas(named)
    reached = {root}
    for node in reversed(order):
        if node not in reached or node.op is None:
            continue
        for parent, partial in zip(node.parents, node.partials, strict=True):
            if partial != 0.0:
                reached.add(parent)
        finite = all(math.isfinite(v.data) for v in (node, *node.parents))
        if not finite:
            continue
        written = _written(node, named)
        if not all(map(math.isfinite, node.partials)):
            says = f"{written} has no finite slope there: {', '.join(map(number, node.partials))}"
            yield Finding(node, "infinite slope", says, source_of(node), named[node])
        elif kink := formulas.kink(node):
            yield Finding(node, "tie" if len(node.parents) > 1 else "kink", kink, source_of(node), named[node])
        elif len(node.parents) == 1 and abs(node.partials[0]) < _FLAT:
            (x,), (slope,) = node.parents, node.partials
            if slope == 0.0 and node.op.kink is not None and x.data:
                says = f"{written} is inactive (dead): its slope there is 0, so no gradient passes"
                yield Finding(node, "dead", says, source_of(node), named[node])
            elif abs(x.data) >= 1.0:
                says = f"{written} is saturated: its slope there is {number(slope)}, so next to no gradient passes"
                yield Finding(node, "saturated", says, source_of(node), named[node])


def _kind(x: float) -> str:
    return "nan" if math.isnan(x) else "finite" if math.isfinite(x) else "infinite"


def _written(node: Value, named: dict[Value, Name]) -> str:
    """The node as a computation: o = sigmoid(z = 41) = 1."""
    assert node.op is not None
    operands = [
        number(p.data) if p.op is None and p.label is None else f"{named[p]} = {number(p.data)}" for p in node.parents
    ]
    if len(operands) > 8:
        operands[7:] = [f"… {len(operands) - 7} more"]
    return f"{named[node]} = {node.op.name}({', '.join(operands)}) = {number(node.data)}"
