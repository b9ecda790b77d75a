"""The textbook table: the forward trace on the left, the adjoints on the right."""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ..graph import topological_order
from ..notation import Name
from ..value import Value
from .backward_steps import steps
from .formula import Formula, Formulas, abbreviated, derivative, equal, negated, of_number, product, total
from .independence import named_with

_ROWS = 60  # beyond, the middle of the table is left out


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One value of the graph: how it is computed, and how its adjoint is.

    expression   the value in terms of its operands; a leaf's number
    adjoint      ∂root/∂node as a float, and in ``contributions`` in terms of the adjoints of its consumers
    """

    node: Value
    name: Name
    expression: Formula
    primal: float
    contributions: Formula
    adjoint: float


class Table:
    """The forward and the backward trace of a graph; see :func:`table`."""

    def __init__(self, root: Value, leaves: Sequence[Value] = ()) -> None:
        self.root = root
        self.names = named_with(root, leaves)
        formulas = Formulas(self.names)
        terms: dict[Value, list[Formula]] = defaultdict(list)
        adjoint: dict[Value, float] = {root: 1.0}
        taken = steps(root, *leaves)
        self.remarks = taken.remarks
        for step in taken:
            adjoint[step.parent] = step.after
            terms[step.parent].append(_handed_on(derivative(self.names[root], self.names[step.node]), step.formula))
        self.rows = [
            Row(
                node,
                self.names[node],
                formulas.value(node),
                node.data,
                of_number(1.0) if node is root else total(abbreviated(terms[node])),
                adjoint[node],
            )
            for node in sorted(topological_order(root), key=lambda node: node.op is not None)
            if node.op is not None or node.label is not None
        ]
        others = [leaf for leaf in dict.fromkeys(leaves) if leaf not in adjoint]
        self.rows[:0] = [
            Row(leaf, self.names[leaf], of_number(leaf.data), leaf.data, of_number(0.0), 0.0) for leaf in others
        ]

    @property
    def gradient(self) -> dict[str, float]:
        """∂root/∂leaf for every leaf with a label, by its name."""
        return {row.name.text: row.adjoint for row in self.rows if row.node.op is None}

    @property
    def equations(self) -> list[tuple[Formula, Formula]]:
        """Every row as its two equations, the value's and the adjoint's."""
        cells = []
        for row in self.rows:
            name = Formula(row.name.text, row.name.latex)
            figure = of_number(row.primal, 4)
            left = equal(name, figure) if row.node.op is None else equal(name, row.expression, figure)
            slope, figure = derivative(self.names[self.root], row.name), of_number(row.adjoint, 4)
            plain = row.contributions.text == figure.text
            cells.append((left, equal(slope, figure) if plain else equal(slope, row.contributions, figure)))
        return cells

    def __str__(self) -> str:
        cells = [(left.text, right.text) for left, right in self.equations]
        if len(cells) > _ROWS:
            half = _ROWS // 2
            cells = [*cells[:half], (f"… {len(cells) - 2 * half} more values", "…"), *cells[-half:]]
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
        """The table as a LaTeX ``array``."""
        lines = [rf"\displaystyle {left.latex} & \displaystyle {right.latex} \\[6pt]" for left, right in self.equations]
        head = r"\text{forward: values} \downarrow & \text{backward: adjoints} \uparrow \\ \hline"
        return "\n".join([r"\begin{array}{l|l}", head, *lines, r"\end{array}"])

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td style="text-align:left">{_math(left)}</td><td style="text-align:left">{_math(right)}</td></tr>'
            for left, right in self.equations[:1000]
        )
        head = "<tr><th>forward: values ↓</th><th>backward: adjoints ↑</th></tr>"
        remarks = "".join(f"<p>{html.escape(remark)}</p>" for remark in self.remarks)
        return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>{remarks}"


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
    return f"<math><mrow>{formula.mathml}</mrow></math>"
