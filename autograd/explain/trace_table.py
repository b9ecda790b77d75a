"""The textbook table: the forward trace on the left, the adjoints on the right."""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import nan

from ..graph import topological_order
from ..notation import Name
from ..value import Value
from .backward_steps import Step, steps
from .formula import NONE, Formula, Formulas, derivative, ends, equal, negated, of_number, product, total
from .independence import held_fixed, named_with
from .kinks import in_one_line, kinks_below
from .refusals import ends_at_caller

_ROWS = 60  # beyond, the middle of the table is left out
_LARGEST_PAGE = 1000  # rows that a page shows


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One value of the graph: its number and its adjoint, ∂root/∂node, and how each is computed.

    The adjoint of a value that is held fixed is NaN: there is none.
    """

    node: Value
    name: Name
    primal: float
    adjoint: float
    table: Table = field(repr=False)

    @property
    def expression(self) -> Formula:
        """The value in terms of its operands; a leaf's number."""
        return self.table.formulas.value(self.node)

    @property
    def contributions(self) -> Formula:
        """The adjoint in terms of the adjoints of its consumers."""
        return self.table.contributions(self.node)


class Table:
    """The forward and the backward trace of a graph; see :func:`table`."""

    def __init__(self, root: Value, leaves: Sequence[Value] = ()) -> None:
        self.root = root
        self.names = named_with(root, leaves)
        self.formulas = Formulas(self.names)
        self._arriving: dict[Value, list[Step]] = defaultdict(list)
        adjoint: dict[Value, float] = {root: 1.0}
        taken = steps(root, *leaves)
        self.remarks = [*taken.remarks, *in_one_line(kinks_below(root))]
        for step in taken:
            adjoint[step.parent] = step.after
            if not step.held:
                self._arriving[step.parent].append(step)
        self._fixed = held_fixed(root)
        adjoint.update(dict.fromkeys(self._fixed, nan))
        others = [leaf for leaf in dict.fromkeys(leaves) if leaf not in adjoint]
        self.rows = [
            Row(node, self.names[node], node.data, adjoint.get(node, 0.0), self)
            for node in sorted([*others, *topological_order(root)], key=lambda node: node.op is not None)
            if node.op is not None or node.label is not None or node in others
        ]

    def contributions(self, node: Value) -> Formula:
        """The adjoint of a node in terms of the adjoints of its consumers; the root's is 1."""
        if node is self.root:
            return of_number(1.0)
        if node in self._fixed:
            return NONE
        of = self.names[self.root]
        terms = [
            Formula("…", r"\ldots") if step is None else _handed_on(derivative(of, self.names[step.node]), step.formula)
            for step in ends(self._arriving[node])
        ]
        return total(terms) if terms else of_number(0.0)

    @property
    def gradient(self) -> dict[str, float]:
        """∂root/∂leaf for every leaf with a label that is not held fixed, by its name."""
        return {row.name.text: row.adjoint for row in self.rows if row.node.op is None and row.node not in self._fixed}

    @property
    def equations(self) -> list[tuple[Formula, Formula]]:
        """Every row as its two equations, the value's and the adjoint's."""
        return [self._equation(row) for row in self.rows]

    def _equation(self, row: Row) -> tuple[Formula, Formula]:
        name = Formula(row.name.text, row.name.latex)
        figure = of_number(row.primal, 4)
        left = equal(name, figure) if row.node.op is None else equal(name, row.expression, figure)
        slope, contributions = derivative(self.names[self.root], row.name), row.contributions
        if contributions is NONE:
            return left, equal(slope, NONE)
        figure = of_number(row.adjoint, 4)
        plain = contributions.text == figure.text
        return left, equal(slope, figure) if plain else equal(slope, contributions, figure)

    def __str__(self) -> str:
        half = _ROWS // 2
        shown = self.rows if len(self.rows) <= _ROWS else [*self.rows[:half], *self.rows[-half:]]
        cells = [(left.text, right.text) for left, right in map(self._equation, shown)]
        if len(shown) < len(self.rows):
            cells.insert(half, (f"… {len(self.rows) - len(shown)} more values", "…"))
        left_head, right_head = "forward: values ↓", "backward: adjoints ↑"
        width = max(len(left) for left, _ in [*cells, (left_head, "")])
        right_width = max(len(right) for _, right in [*cells, ("", right_head)])
        rule = "─" * (width + 2) + "┼" + "─" * (right_width + 1)
        lines = [f"{left_head:<{width}}  │ {right_head}", rule]
        return "\n".join([*lines, *(f"{left:<{width}}  │ {right}" for left, right in cells), *self.remarks])

    def __repr__(self) -> str:
        return f"<trace table of {self.names[self.root]}: {len(self.rows)} values>"

    @property
    def latex(self) -> str:
        """The table as a LaTeX ``array``, of at most a thousand rows."""
        equations = map(self._equation, self.rows[:_LARGEST_PAGE])
        lines = [rf"\displaystyle {left.latex} & \displaystyle {right.latex} \\[6pt]" for left, right in equations]
        if len(self.rows) > _LARGEST_PAGE:
            lines.append(r"\vdots & \vdots \\")
        head = r"\text{forward: values} \downarrow & \text{backward: adjoints} \uparrow \\ \hline"
        return "\n".join([r"\begin{array}{l|l}", head, *lines, r"\end{array}"])

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td style="text-align:left">{_math(left)}</td><td style="text-align:left">{_math(right)}</td></tr>'
            for left, right in map(self._equation, self.rows[:_LARGEST_PAGE])
        )
        head = "<tr><th>forward: values ↓</th><th>backward: adjoints ↑</th></tr>"
        left_out = [f"… {len(self.rows) - _LARGEST_PAGE} more values"] if len(self.rows) > _LARGEST_PAGE else []
        remarks = "".join(f"<p>{html.escape(remark)}</p>" for remark in [*left_out, *self.remarks])
        return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>{remarks}"


@ends_at_caller
def table(root: Value, *leaves: Value) -> Table:
    """The textbook trace table of ``root``: values downwards on the left, adjoints upwards on the right.

    ``leaves`` that the root does not depend on get a row with the adjoint 0, and a remark that says why.

    Raises ``ValueError`` where a leaf has changed since the graph was computed: its row would contradict the others.

    >>> from autograd import log, sin
    >>> x1, x2 = Value(2.0, "x1"), Value(5.0, "x2")
    >>> y = log(x1) + x1 * x2 - sin(x2)
    >>> y.label = "y"
    >>> print(table(y))
    forward: values ↓       │ backward: adjoints ↑
    ────────────────────────┼────────────────────────────────────────────────
    x1 = 2                  │ ∂y/∂x1 = ∂y/∂v2 · x2 + ∂y/∂v1 · 1/x1 = 5.5
    x2 = 5                  │ ∂y/∂x2 = ∂y/∂v4 · cos(x2) + ∂y/∂v2 · x1 = 1.716
    v1 = log(x1) = 0.6931   │ ∂y/∂v1 = ∂y/∂v3 = 1
    v2 = x1·x2 = 10         │ ∂y/∂v2 = ∂y/∂v3 = 1
    v3 = v1 + v2 = 10.69    │ ∂y/∂v3 = ∂y/∂y = 1
    v4 = sin(x2) = −0.9589  │ ∂y/∂v4 = −∂y/∂y = −1
    y = v3 − v4 = 11.65     │ ∂y/∂y = 1
    """
    return Table(root, leaves)


def _handed_on(upstream: Formula, local: Formula) -> Formula:
    """upstream · local, without a factor 1."""
    if local.number == 1.0:
        return upstream
    return negated(upstream) if local.number == -1.0 else product([upstream, local], spaced=True)


def _math(formula: Formula) -> str:
    return f'<math displaystyle="true"><mrow>{formula.mathml}</mrow></math>'
