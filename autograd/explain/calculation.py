"""A hand calculation followed number by number: what each should be, given those written down before it.

Every quantity is an interval.  A number that was written down replaces what it stands for from there on: where it
is right, by all that rounding allows between the exact number and the written one; where it is wrong, by itself,
so that the mistake is carried forward and not counted twice.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..graph import topological_order
from ..notation import names
from ..transform import pull_back
from ..value import Value
from .formula import Formulas
from .intervals import ANYTHING, ONE, ZERO, Interval, image, point
from .misconceptions import Edge, Misconception, Place
from .replay import consistent_order


class Quantity(NamedTuple):
    """A number of the calculation: a value, a gradient ∂root/∂node, or a derivative ∂of/∂node."""

    kind: str  # "value", "gradient" or "derivative"
    node: Value
    of: Value | None = None


class Slip(NamedTuple):
    """A misconception at one place: at a node (its value), or at the edge to one operand; everywhere for None."""

    misconception: Misconception
    node: Value | None
    operand: int | None


@dataclass(frozen=True, slots=True)
class Written:
    """A number as it was written down: every number that rounds to it."""

    text: str
    value: float
    interval: Interval
    digits: int  # significant ones


class Line(NamedTuple):
    """A written number beside what it should have been."""

    quantity: Quantity
    right: bool  # the exact number rounds to it
    fits: bool  # what was written before leads to it
    expected: Interval

    @property
    def passes(self) -> bool:
        """Whether it is no mistake of its own."""
        return self.right or self.fits


class Calculation:
    """The graph, the numbers written down, and the sweep through both."""

    def __init__(self, root: Value, written: Mapping[Quantity, Written]) -> None:
        self.root = root
        self.order = consistent_order(root)
        self.names = names(root)
        self.formulas = Formulas(self.names)
        self.written = written
        self.consumers: dict[Value, list[tuple[Value, int]]] = defaultdict(list)
        for node in reversed(self.order):
            for operand, parent in enumerate(node.parents):
                self.consumers[parent].append((node, operand))
        self._exact_gradient = pull_back({root: 1.0}, self.order)
        self.digits = max((w.digits for w in written.values()), default=17)
        self._between: dict[Quantity, list[tuple[Value, int]]] = {}
        self.derivatives: dict[Value, list[Quantity]] = defaultdict(list)
        for quantity in written:
            if quantity.kind == "derivative":
                self.derivatives[quantity.node].append(quantity)

    def exact(self, quantity: Quantity) -> float:
        """The right number."""
        if quantity.kind == "value":
            return quantity.node.data
        if quantity.kind == "gradient":
            return self._exact_gradient.get(quantity.node, 0.0)
        assert quantity.of is not None
        return pull_back({quantity.of: 1.0}, [quantity.node]).get(quantity.node, 0.0)

    def rounded(self, unwritten: Interval) -> Interval:
        """A number that was not written down: perhaps it was rounded on the way, to as many digits as the others."""
        low, high = unwritten.low, unwritten.high
        if self.digits >= 17:
            return unwritten
        return Interval(
            min(low, _significant(low, self.digits)), max(high, _significant(high, self.digits)), unwritten.slip
        )

    def sweep(self, slips: Sequence[Slip] = (), after: Sweep | None = None) -> Sweep:
        """Every written number in the order of computing, under the assumption of these slips.

        ``after`` is a sweep under all but the last of them, of which the forward pass may be taken over.
        """
        return Sweep(self, slips, after)

    def before(self, quantity: Quantity) -> tuple[list[tuple[Value, int]], list[Value]]:
        """The edges and the nodes whose slip would show first in this quantity.

        They lie between it and what is written down before it; nearest first.
        """
        edges: dict[tuple[Value, int], None] = {}
        values: dict[Value, None] = {}
        pending = [quantity]
        seen = set(pending)

        def ask(kind: str, node: Value) -> None:
            wanted = Quantity(kind, node)
            if wanted not in seen and wanted not in self.written:
                seen.add(wanted)
                pending.append(wanted)

        for asked in pending:  # grows while it is walked: breadth first
            node = asked.node
            if asked.kind == "value":
                if node.op is not None:
                    values[node] = None
                    for parent in node.parents:
                        ask("value", parent)
                continue
            between = self.edges_above(asked)
            for consumer, operand in between:
                edges[consumer, operand] = None
                ask("value", consumer)
                for parent in consumer.parents:
                    ask("value", parent)
                if asked.kind == "gradient":
                    ask("gradient", consumer)
        return list(edges), list(values)

    def edges_above(self, quantity: Quantity) -> list[tuple[Value, int]]:
        """The edges into a gradient's sum; for a derivative ∂of/∂node, all edges between the two, nearest first."""
        if quantity.kind == "gradient":
            return self.consumers[quantity.node]
        if quantity not in self._between:
            self._between[quantity] = self._find_between(quantity)
        return self._between[quantity]

    def _find_between(self, quantity: Quantity) -> list[tuple[Value, int]]:
        assert quantity.of is not None
        below = set(topological_order(quantity.of))
        found: dict[tuple[Value, int], None] = {}
        pending = [quantity.node]
        for node in pending:
            for consumer, operand in self.consumers[node]:
                if consumer in below and (consumer, operand) not in found:
                    found[consumer, operand] = None
                    pending.append(consumer)
        return list(found)


class Sweep:
    """One pass through values, then gradients from the root back, judging what is written on the way."""

    def __init__(self, calculation: Calculation, slips: Sequence[Slip], after: Sweep | None = None) -> None:
        self.c = calculation
        self.at_nodes = {s.node: s.misconception for s in slips if s.operand is None and s.node is not None}
        self.at_edges = {(s.node, s.operand): s.misconception for s in slips if s.operand is not None}
        self.everywhere = [s.misconception for s in slips if s.node is None]
        self.lines: list[Line] = []
        self.value: dict[Value, Interval] = {}
        self.slopes: dict[Value, list[Interval]] = {}  # by the values, before any slip in a derivative
        self.slope: dict[tuple[Value, int], Interval] = {}
        self.gradient: dict[Value, Interval] = {}
        if after is not None and (slips[-1].operand is not None or slips[-1].misconception.value is None):
            self.lines += [line for line in after.lines if line.quantity.kind == "value"]
            self.value, self.slopes = after.value, after.slopes
        else:
            self._values()
        self._gradients()

    def _judged(self, quantity: Quantity, expected: Interval) -> Interval:
        """The quantity as the calculation goes on with it: what was written, if anything was."""
        written = self.c.written.get(quantity)
        if written is None:
            return self.c.rounded(expected)
        right = written.interval.meets(point(self.c.exact(quantity)))
        fits = written.interval.meets(expected)
        self.lines.append(Line(quantity, right, fits, expected))
        if fits:
            return expected.hull(point(written.value))
        return point(written.value) if right else replace(written.interval, slip=True)

    def _place(self, node: Value) -> Place:
        assert node.op is not None
        operands = [self.value[parent] for parent in node.parents]
        return Place(node, node.op, operands, self.value[node], (), self.c.names)

    def _values(self) -> None:
        for node in self.c.order:
            if node.op is None:
                self.value[node] = self._judged(Quantity("value", node), point(node.data))
                continue
            operands = [self.value[parent] for parent in node.parents]
            exact = all(x.low == x.high and x.low == p.data for x, p in zip(operands, node.parents, strict=True))
            (computed,) = [point(node.data)] if exact else image(_as_tuple(node.op.forward), operands)
            self.value[node] = computed
            slips = [m for m in (self.at_nodes.get(node), *self.everywhere) if m and m.value]
            for misconception in slips:
                assert misconception.value is not None
                if (wrong := misconception.value(self._place(node))) is not None:
                    self.value[node] = replace(wrong, slip=True)
            self.value[node] = self._judged(Quantity("value", node), self.value[node])

    def _slopes(self, node: Value) -> list[Interval]:
        """The local derivatives at the numbers of the calculation."""
        op = node.op
        assert op is not None
        operands = [self.value[parent] for parent in node.parents]
        if all(
            x.low == x.high == v.data for x, v in zip([*operands, self.value[node]], [*node.parents, node], strict=True)
        ):
            return [point(partial) for partial in node.partials]
        arguments = [*operands, self.value[node]]
        by_rule = image(op.partials, arguments, len(operands))
        if op.taught is op.rule:
            return by_rule
        taught = image(op.taught_partials, arguments, len(operands))
        return [a if b == ANYTHING else b if a == ANYTHING else a.hull(b) for a, b in zip(by_rule, taught, strict=True)]

    def _gradients(self) -> None:
        shares: dict[Value, dict[tuple[Value, int], Interval]] = defaultdict(dict)
        for node in reversed(self.c.order):
            for asked in self.c.derivatives[node]:
                self._derivative(asked, shares[node])
            total = ONE if node is self.c.root else ZERO
            for share in shares[node].values():
                total = total + share
            self.gradient[node] = upstream = self._judged(Quantity("gradient", node), total)
            if node.op is not None:
                if node not in self.slopes:
                    self.slopes[node] = self._slopes(node)
                for operand, (parent, slope) in enumerate(zip(node.parents, self.slopes[node], strict=True)):
                    shares[parent][node, operand] = self._share(node, operand, upstream, slope)

    def _share(self, node: Value, operand: int, upstream: Interval, slope: Interval) -> Interval:
        """What one edge contributes to its operand's gradient, by the rules or by a misconception."""
        slips = [m for m in (self.at_edges.get((node, operand)), *self.everywhere) if m and (m.slope or m.share)]
        share: Interval | None = None
        for misconception in slips:
            edge = self.edge(node, operand, upstream, slope)
            if misconception.slope and (wrong := misconception.slope(edge)) is not None:
                slope = replace(wrong, slip=True)
            if misconception.share and (wrong := misconception.share(edge)) is not None:
                share = replace(wrong, slip=True)
        self.slope[node, operand] = slope = self.c.rounded(slope)
        return upstream * slope if share is None else share

    def edge(self, node: Value, operand: int, upstream: Interval, slope: Interval) -> Edge:
        """The edge as a misconception sees it."""
        place = self._place(node)
        return Edge(
            node,
            place.op,
            place.operands,
            place.result,
            self.c.formulas.partials(node),
            self.c.names,
            operand,
            upstream,
            slope,
            len(self.c.consumers[node.parents[operand]]),
        )

    def _derivative(self, asked: Quantity, shares: dict[tuple[Value, int], Interval]) -> None:
        """Judge a written ∂of/∂node; where only one way leads from one to the other, go on with it."""
        assert asked.of is not None
        edges = self.c.edges_above(asked)
        inside = set(edges)
        uppers = {upper for upper, _ in edges}
        adjoint = {asked.of: ONE}
        for upper in reversed(self.c.order):
            if upper in adjoint and upper in uppers:
                for operand, parent in enumerate(upper.parents):
                    if (upper, operand) in inside:
                        term = adjoint[upper] * self.slope[upper, operand]
                        adjoint[parent] = adjoint[parent] + term if parent in adjoint else term
        link = self._judged(asked, adjoint.get(asked.node, ZERO))
        last = edges[0] if edges else None  # the edge next to the node
        if last and len(edges) == len(uppers) and last not in self.at_edges:
            shares[last] = self.gradient[asked.of] * link
            if len(edges) == 1:
                self.slope[last] = link


@functools.lru_cache(maxsize=100_000)
def _significant(x: float, digits: int) -> float:
    return float(f"{x:.{digits - 1}e}")


def _as_tuple(forward: Callable[..., float]) -> Callable[..., tuple[float]]:
    return lambda *operands: (forward(*operands),)
