"""The backward pass as data: one step for every edge, from the root to the leaves."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import overload

from ..notation import distinct_names
from ..value import Value
from . import mathml
from .formula import Formula, Formulas, Mark, derivative, equal, of_number, product, total
from .independence import held, holds, named_with, on_held, on_labels, why_zero
from .refusals import ends_at_caller
from .replay import consistent_order

_LISTED = 200  # steps that a printed list shows


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What one edge does in the backward pass: ``parent.grad += node.grad * ∂node/∂parent``.

    node, parent    the two ends of the edge: the adjoint goes from ``node`` to its operand ``parent``
    upstream        the adjoint of ``node``, complete by now
    partial         the local derivative ∂node/∂parent; ``formula`` is what it is made of
    contribution    upstream · partial
    before, after   the adjoint of ``parent`` around this step
    operand         which operand of ``node`` the edge is, from 0 on
    """

    node: Value
    parent: Value
    upstream: float
    partial: float
    contribution: float
    before: float
    after: float
    operand: int = field(repr=False)
    root: Value = field(repr=False)
    formulas: Formulas = field(repr=False)

    @property
    def formula(self) -> Formula:
        """The local derivative in symbols."""
        return self.formulas.partials(self.node)[self.operand]

    @property
    def held(self) -> str | None:
        """Why there is no derivative to hand on, where the node's operation holds the operand fixed."""
        if self.partial or self.operand not in held(self.node):  # looked up for zeros alone: a sum has many edges
            return None
        assert self.node.op is not None
        return holds(self.node.op.name, [self.formulas.names[self.parent].text])

    @property
    def symbols(self) -> Formula:
        """The step in names: ∂L/∂h1 = ∂L/∂ŷ · ∂ŷ/∂h1."""
        root, node, parent = (self.formulas.names[n] for n in (self.root, self.node, self.parent))
        link = product([derivative(root, node), self._link], spaced=True)
        return equal(derivative(root, parent), self._added_to(link))

    @property
    def numbers(self) -> Formula:
        """The step in numbers: −6.1 · 0.5 = −3.05."""
        link = product([of_number(self.upstream, 4), of_number(self.partial, 4)], spaced=True)
        return equal(self._added_to(link), of_number(self.after, 4))

    def _added_to(self, link: Formula) -> Formula:
        return total([of_number(self.before, 4), link]) if self.before else link

    @property
    def _link(self) -> Formula:
        """∂node/∂parent, along this edge."""
        return self.formulas.edge(self.node, self.operand)

    @property
    def _local(self) -> Formula:
        return equal(self._link, self.formula)

    @property
    def mark(self) -> Mark:
        """How ∂node/∂parent is marked where the total derivative between the two is more than this edge's."""
        return self.formulas.mark(self.node, self.operand)

    @property
    def note(self) -> str | None:
        """What deserves a remark: a kink, one node in two places, other ways beside this edge, an adjoint of zero."""
        return self._note(explained=False)

    def _note(self, explained: bool) -> str | None:
        """The note; the mark of the local derivative is left out where it has been ``explained`` before."""
        remarks = []
        node, parent = self.formulas.names[self.node], self.formulas.names[self.parent]
        if not explained and (says := self.mark.explained(node, parent, "this edge")):
            remarks.append(says)
        places = self.node.parents.count(self.parent)
        if places > 1:
            remarks.append(f"{parent.text} is {places} operands of {node.text}; this is number {self.mark.place}")
        if kink := self.formulas.kink(self.node):
            remarks.append(kink)
        if not self.upstream:
            remarks.append("nothing arrives, so nothing is handed on")
        return "; ".join(remarks) or None

    @property
    def text(self) -> str:
        """The step on one line."""
        return self._text(explained=False)

    def _text(self, explained: bool) -> str:
        note = self._note(explained)
        return f"{equal(self.symbols, self.numbers).text}   with {self._local.text}" + (f"; {note}" if note else "")

    @property
    def latex(self) -> str:
        """The step as a line of mathematics."""
        return rf"{equal(self.symbols, self.numbers).latex} \quad\text{{with}}\quad {self._local.latex}"

    @property
    def mathml(self) -> str:
        """The content of a ``<math>`` element."""
        return mathml.from_latex(self.latex)

    def __str__(self) -> str:
        return self.text


class Steps(Sequence[Step]):
    """The steps of one backward pass, in the order in which it takes them; ``remarks`` on what they do not reach.

    As text, the steps to leaves without a label are left out, unless they were asked for: nobody differentiates by
    the 2 of 2x.  So are those to operands that are held fixed, of which a remark tells.
    """

    def __init__(self, root: Value, listed: list[Step], remarks: list[str], leaves: Sequence[Value] = ()) -> None:
        self.root = root
        self.remarks = remarks
        self._listed = listed
        self._written = [
            s for s in listed if (s.parent.op or s.parent.label is not None or s.parent in leaves) and not s.held
        ]

    def __len__(self) -> int:
        return len(self._listed)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> list[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | list[Step]:
        return self._listed[index]

    @property
    def seed(self) -> Formula:
        """What the pass begins with: ∂L/∂L = 1."""
        name = distinct_names(self.root)[self.root]
        return equal(derivative(name, name), of_number(1.0))

    def _explained(self) -> Iterator[tuple[Step, bool]]:
        """The steps to be listed, each with whether the mark ∂⁺ has been explained before it."""
        explained = False
        for step in self._written[:_LISTED]:
            yield step, explained
            explained = explained or step.mark.direct

    def __str__(self) -> str:
        count = len(self._written)
        digits = len(str(count))
        shown = [f"{i:>{digits}}. {step._text(explained)}" for i, (step, explained) in enumerate(self._explained(), 1)]
        if count > _LISTED:
            shown.append(f"… {count - _LISTED} more steps")
        return "\n".join([f"seed: {self.seed.text}", *shown, *self.remarks])

    def __repr__(self) -> str:
        return f"<{len(self)} steps back from {distinct_names(self.root)[self.root]}>"

    def _repr_html_(self) -> str:
        items = [f"<math><mrow>{self.seed.mathml}</mrow></math>"]
        for step, explained in self._explained():
            told = step._note(explained)
            note = f"<br>{html.escape(told)}" if told else ""
            items.append(f"<math><mrow>{step.mathml}</mrow></math>{note}")
        if len(self._written) > _LISTED:
            items.append(f"… {len(self._written) - _LISTED} more steps")
        remarks = "".join(f"<p>{html.escape(remark)}</p>" for remark in self.remarks)
        return "<ol start=0>" + "".join(f"<li>{item}</li>" for item in items) + "</ol>" + remarks


@ends_at_caller
def steps(root: Value, *leaves: Value) -> Steps:
    """The backward pass from ``root``, one :class:`Step` an edge, without touching any ``grad``.

    Of ``leaves`` that the root does not depend on, the ``remarks`` say why no step leads to them.

    >>> x = Value(3.0, "x")
    >>> y = x * x
    >>> y.label = "y"
    >>> for step in steps(y):
    ...     print(step)
    ∂y/∂x = ∂y/∂y · ∂y/∂x⁽¹⁾ = 1 · 3 = 3   with ∂y/∂x⁽¹⁾ = x; x is 2 operands of y; this is number 1
    ∂y/∂x = 3 + ∂y/∂y · ∂y/∂x⁽²⁾ = 3 + 1 · 3 = 6   with ∂y/∂x⁽²⁾ = x; x is 2 operands of y; this is number 2

    Raises ``ValueError`` where a leaf has changed since the graph was computed.
    """
    named = named_with(root, leaves)
    formulas = Formulas(named)
    order = consistent_order(root)
    adjoint = dict.fromkeys(order, 0.0)
    adjoint[root] = 1.0
    listed = []
    for node in reversed(order):
        upstream = adjoint[node]
        for operand, (parent, partial) in enumerate(zip(node.parents, node.partials, strict=True)):
            contribution = upstream * partial if upstream else 0.0  # as backward does: 0 · ∞ is nothing
            before = adjoint[parent]
            adjoint[parent] = after = before + contribution
            listed.append(Step(node, parent, upstream, partial, contribution, before, after, operand, root, formulas))
    remarks = [why_zero(root, leaf, named) for leaf in leaves if leaf not in adjoint]
    return Steps(root, listed, [*remarks, *on_held(root, named=named), *on_labels(named)], leaves)
