"""A hand calculation followed number by number: what each should be, given those written down before it.

Every quantity is a number as far as it is known; see ``rounding``.  A number that was written down replaces what it
stands for from there on: where it is right, by all that rounding allows between the exact number and the written
one; where it is wrong, by itself, so that the mistake is carried forward and not counted twice.
"""

from __future__ import annotations

import functools
import operator
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from ..declaration import Primitive
from ..graph import topological_order
from ..primitives import add, affine, mul, neg, sub, total
from ..transform import pull_back
from ..value import Value
from .formula import Formulas
from .independence import named_with, why_zero
from .misconceptions import Edge, Misconception, Place
from .replay import consistent_order
from .rounding import CALCULATIONS, ONE, ZERO, Uncertain, Written, image, point

# Sums and products: their forward functions and their rules serve uncertain numbers as they stand.
_LINEAR = frozenset((add, sub, mul, neg, affine, total))

_CLOSE, _CLOSE_UNITS, _VERY_CLOSE_UNITS = 0.03, 10, 3  # relative; in units of the last digit


class Quantity(NamedTuple):
    """A number of the calculation: a value, a gradient ∂root/∂node, or a derivative ∂of/∂node."""

    kind: str  # "value", "gradient" or "derivative"
    node: Value
    of: Value | None = None


class Slip(NamedTuple):
    """A misconception at one place: at a node (its value), or at the edge to one operand; everywhere for None.

    also     further places, where it is made at several
    whole    the gradient or derivative that went wrong as a whole, in place of ``node``
    says     in words, where the misconception's own do not fit
    is_kind  whether the places are all of a kind
    """

    misconception: Misconception
    node: Value | None
    operand: int | None
    also: tuple[tuple[Value, int | None], ...] = ()
    whole: Quantity | None = None
    says: str | None = None
    is_kind: bool = False

    @property
    def places(self) -> frozenset[tuple[Value, int | None]]:
        """Where it is made, other than everywhere."""
        return frozenset() if self.node is None else frozenset(((self.node, self.operand), *self.also))


class Line(NamedTuple):
    """A written number beside what it should have been."""

    quantity: Quantity
    right: bool  # the exact number rounds to it
    fits: bool  # what was written before leads to it
    expected: Uncertain

    @property
    def passes(self) -> bool:
        """Whether it is no mistake of its own."""
        return self.right or self.fits


class Calculation:
    """The graph, the numbers written down, and the sweep through both."""

    def __init__(self, root: Value, written: Mapping[Quantity, Written]) -> None:
        self.root = root
        outside = [quantity.node for quantity in written if quantity.of is None]
        self.order = consistent_order(root, *outside)
        self.names = named_with(root, outside)
        self.below = set(topological_order(root))
        self.formulas = Formulas(self.names)
        self.written = written
        self.consumers: dict[Value, list[tuple[Value, int]]] = defaultdict(list)
        for node in reversed(self.order):
            for operand, parent in enumerate(node.parents):
                self.consumers[parent].append((node, operand))
        self._exact_gradient = pull_back({root: 1.0}, self.order)
        self._between: dict[Quantity, list[tuple[Value, int]]] = {}
        self.derivatives: dict[Value, list[Quantity]] = defaultdict(list)
        self.right = {quantity: number.rounds(self.exact(quantity)) for quantity, number in written.items()}
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

    def is_close(self, line: Line, very: bool = False) -> bool:
        """Whether a wrong number is so nearly right that numbers on the way may have been rounded unseen.

        Right is the exact number, or what follows from the slips before.  ``very``: within a few units of the last
        digit, which is rather rounding than a misconception that happens to lead there.
        """
        written = self.written[line.quantity]
        units = _VERY_CLOSE_UNITS if very else _CLOSE_UNITS
        edges, values = self.before(line.quantity)
        return len(edges) + len(values) > 1 and any(
            abs(written.value - right) < min(_CLOSE * abs(right), units * 2 * written.half)
            for right in (self.exact(line.quantity), line.expected.value)
        )

    def why_zero(self, quantity: Quantity) -> str | None:
        """Why a derivative is 0 without any calculation: the one value does not depend on the other."""
        of = self.root if quantity.of is None else quantity.of
        if quantity.kind == "value" or quantity.node in (self.below if of is self.root else topological_order(of)):
            return None
        if quantity.node in self.below:
            return f"{self.names[of]} does not depend on {self.names[quantity.node]}"
        return why_zero(of, quantity.node, self.names)

    def sweep(
        self, slips: Sequence[Slip] = (), after: Sweep | None = None, explaining: Quantity | None = None
    ) -> Sweep:
        """Every written number in the order of computing, under the assumption of these slips.

        ``after`` is a sweep under all but the last of them, of which the forward pass may be taken over; where the
        slips do not lead to the number ``explaining``, the sweep ends there.
        """
        return Sweep(self, slips, after, explaining)

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

    def __init__(
        self, calculation: Calculation, slips: Sequence[Slip], after: Sweep | None, explaining: Quantity | None
    ) -> None:
        self.c = calculation
        self.explaining = explaining
        self.in_vain = False  # the number to be explained is not
        places = [(*place, s.misconception) for s in slips for place in s.places]
        self.at_nodes = {node: m for node, operand, m in places if operand is None}
        self.at_edges = {(node, operand): m for node, operand, m in places if operand is not None}
        self.everywhere = [s.misconception for s in slips if s.node is None and s.whole is None]
        self.wholes = {s.whole: s.misconception for s in slips if s.whole is not None}
        self.left_out: set[tuple[Value, int]] = set()  # edges of which nothing is added
        self.lines: list[Line] = []
        self.value: dict[Value, Uncertain] = {}
        self.slopes: dict[Value, list[Uncertain]] = {}  # by the values, before any slip in a derivative
        self.slope: dict[tuple[Value, int], Uncertain] = {}
        self.gradient: dict[Value, Uncertain] = {}
        if after is not None and (slips[-1].operand is not None or slips[-1].misconception.value is None):
            self.lines += [line for line in after.lines if line.quantity.kind == "value"]
            self.value, self.slopes = after.value, after.slopes
            self.in_vain = explaining is not None and explaining.kind == "value"  # it is as it was
        else:
            self._values()
        if not self.in_vain:
            self._gradients()

    def _judged(self, quantity: Quantity, expected: Uncertain) -> Uncertain:
        """The quantity as the calculation goes on with it: as it was written, if it was."""
        written = self.c.written.get(quantity)
        if written is None:
            return expected
        misconception = self.wholes.get(quantity)
        if misconception and misconception.whole:
            expected = misconception.whole(expected).with_slip()
        right, fits = self.c.right[quantity], expected.reaches(written)
        self.lines.append(Line(quantity, right, fits, expected))
        self.in_vain |= quantity == self.explaining and not (fits and expected.slip)
        if not fits:  # the right number, whatever led to it; or a wrong one
            expected = point(self.c.exact(quantity) if right else written.value)
        used = [values if quantity.kind == "value" else derivatives for values, derivatives in CALCULATIONS]
        if fits or right:
            return expected.written_as(written, quantity, used)
        return Uncertain(expected.points, written.value, {quantity: written.half}, 0.0, slip=True)

    def _place(self, node: Value) -> Place:
        assert node.op is not None
        operands = [self.value[parent] for parent in node.parents]
        return Place(node, node.op, operands, self.value[node], (), self.c.names)

    def _values(self) -> None:
        for node in self.c.order:
            if self.in_vain:
                return
            if node.op is None:
                self.value[node] = self._judged(Quantity("value", node), point(node.data))
                continue
            operands = [self.value[parent] for parent in node.parents]
            exact = all(x.is_certain and x.value == p.data for x, p in zip(operands, node.parents, strict=True))
            self.value[node] = point(node.data) if exact else _computed(node.op, operands)
            slips = [m for m in (self.at_nodes.get(node), *self.everywhere) if m and m.value]
            for misconception in slips:
                assert misconception.value is not None
                if (wrong := misconception.value(self._place(node))) is not None:
                    self.value[node] = wrong.with_slip()
            self.value[node] = self._judged(Quantity("value", node), self.value[node])

    def _slopes(self, node: Value) -> list[Uncertain]:
        """The local derivatives at the numbers of the calculation, by the rule or in the form that is taught."""
        op = node.op
        assert op is not None
        operands = [self.value[parent] for parent in node.parents]
        if op in _LINEAR:
            return [x if isinstance(x, Uncertain) else point(x) for x in op.partials(*operands, self.value[node])]
        arguments = [*operands, self.value[node]]
        if all(x.is_certain and x.value == v.data for x, v in zip(arguments, [*node.parents, node], strict=True)):
            return [point(partial) for partial in node.partials]
        taught = image(op.taught_partials, arguments, len(operands))
        if op.taught is op.rule:
            return taught
        by_rule = image(op.partials, arguments, len(operands))
        return [a.or_else(b, (node, operand)) for operand, (a, b) in enumerate(zip(taught, by_rule, strict=True))]

    def _gradients(self) -> None:
        shares: dict[Value, dict[tuple[Value, int], Uncertain]] = defaultdict(dict)
        for node in reversed(self.c.order):
            if self.in_vain:
                return
            for asked in self.c.derivatives[node]:
                self._derivative(asked, shares[node])
            arrived = [*([ONE] if node is self.c.root else []), *shares[node].values()]
            total = functools.reduce(operator.add, arrived) if arrived else ZERO
            self.gradient[node] = upstream = self._judged(Quantity("gradient", node), total)
            if node.op is not None:
                if node not in self.slopes:
                    self.slopes[node] = self._slopes(node)
                for operand, (parent, slope) in enumerate(zip(node.parents, self.slopes[node], strict=True)):
                    shares[parent][node, operand] = self._share(node, operand, upstream, slope)

    def _share(self, node: Value, operand: int, upstream: Uncertain, slope: Uncertain) -> Uncertain:
        """What one edge contributes to its operand's gradient, by the rules or by a misconception."""
        slips = [m for m in (self.at_edges.get((node, operand)), *self.everywhere) if m]
        share: Uncertain | None = None
        for misconception in slips:
            edge = self.edge(node, operand, upstream, slope)
            if misconception.slope and (wrong := misconception.slope(edge)) is not None:
                slope = wrong.with_slip()
            if misconception.share and (wrong := misconception.share(edge)) is not None:
                share = wrong.with_slip()
                if misconception.is_path:
                    self.left_out.add((node, operand))
        self.slope[node, operand] = slope
        return upstream * slope if share is None else share

    def edge(self, node: Value, operand: int, upstream: Uncertain, slope: Uncertain) -> Edge:
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

    def admits(self, slip: Slip) -> bool:
        """Whether the misconception can be made there at all; for a complete sweep."""
        m, node, operand = slip.misconception, slip.node, slip.operand
        assert node is not None
        if operand is None:
            return m.value is not None and m.value(self._place(node)) is not None
        edge = self.edge(node, operand, self.gradient[node], self.slope[node, operand])
        return any(f is not None and f(edge) is not None for f in (m.slope, m.share))

    def _derivative(self, asked: Quantity, shares: dict[tuple[Value, int], Uncertain]) -> None:
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
                        left_out = (upper, operand) in self.left_out
                        term = ZERO.with_slip() if left_out else adjoint[upper] * self.slope[upper, operand]
                        adjoint[parent] = adjoint[parent] + term if parent in adjoint else term
        link = self._judged(asked, adjoint.get(asked.node, ZERO))
        last = edges[0] if edges else None  # the edge next to the node
        if last and len(edges) == len(uppers) and last not in self.at_edges:
            shares[last] = self.gradient[asked.of] * link
            if len(edges) == 1:
                self.slope[last] = link


def _computed(op: Primitive, operands: Sequence[Uncertain]) -> Uncertain:
    if op in _LINEAR:
        made: Any = op.forward(*operands)
        return cast(Uncertain, made)
    return image(lambda *v: (op.forward(*v),), operands)[0]
