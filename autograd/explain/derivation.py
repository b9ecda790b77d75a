r"""The graph as LaTeX: one expression, its definitions, or the whole derivation as a document that compiles."""

from __future__ import annotations

from ..graph import topological_order
from ..notation import distinct_names
from ..value import Value
from .formula import Formula, Formulas, application, equal
from .refusals import ends_at_caller
from .trace_table import Table

_LONGEST = 10_000  # characters of one expression
_MOST_LINES = 1_000

_DOCUMENT = r"""\documentclass{article}
\usepackage{amsmath}
\usepackage[margin=2cm]{geometry}
\allowdisplaybreaks
\begin{document}
%s
\end{document}
"""


class Latex(str):
    """LaTeX that a notebook shows as mathematics."""

    __slots__ = ()

    def _repr_latex_(self) -> str | None:
        return None if self.startswith(r"\documentclass") else f"$${self}$$"


@ends_at_caller
def latex(root: Value, form: str = "expression") -> Latex:
    r"""``root`` in LaTeX.

    form    ``"expression"``: written out in its leaves, as one equation;
            ``"definitions"``: one equation a value, for graphs that are too large for one expression;
            ``"derivation"``: the definitions, and then the adjoint of every value, from the root back;
            ``"document"``: the derivation as a complete LaTeX document (it needs the package amsmath).

    Raises ``ValueError`` for an unknown form and for a graph too large for the form.

    >>> w, x = Value(0.5, "w^{1}_{11}"), Value(2.0, "x_{1}")
    >>> y = (w * x).sigmoid()
    >>> y.label = "ŷ"
    >>> print(latex(y))
    \hat{y} = \sigma(w^{1}_{11} \, x_{1})
    """
    match form:
        case "expression":
            return Latex(_expression(root))
        case "definitions":
            return Latex(_aligned(_definitions(root)))
        case "derivation":
            return Latex(_aligned([*_definitions(root), *_adjoints(root)]))
        case "document":
            lines = [*_definitions(root), *_adjoints(root)]
            return Latex(_DOCUMENT % _aligned(lines, "align*"))
    raise ValueError(f'unknown form {form!r}: choose "expression", "definitions", "derivation" or "document"')


def written_out(root: Value) -> Formula:
    """``root`` in terms of its leaves, as one formula."""
    formulas = Formulas(distinct_names(root))
    whole: dict[Value, Formula] = {}
    for node in topological_order(root):
        if node.op is None:
            whole[node] = formulas.name(node)
            continue
        whole[node] = made = application(node.op, [whole[parent] for parent in node.parents])
        if len(made.latex) > _LONGEST:
            raise ValueError(
                f"{formulas.names[root]} written out in its leaves is longer than {_LONGEST} characters: "
                'use form="definitions", or draw it'
            )
    return whole[root]


def _expression(root: Value) -> str:
    whole = written_out(root)
    return whole.latex if root.label is None else equal(Formulas(distinct_names(root)).name(root), whole).latex


def _definitions(root: Value) -> list[Formula]:
    formulas = Formulas(distinct_names(root))
    nodes = [node for node in topological_order(root) if node.op is not None]
    if len(nodes) > _MOST_LINES:
        raise ValueError(
            f"{len(nodes)} values are too many for a derivation: draw the graph, or take chain(root, leaf)"
        )
    return [equal(formulas.name(node), formulas.value(node)) for node in nodes]


def _adjoints(root: Value) -> list[Formula]:
    return [backward for _, backward in reversed(Table(root).equations)]


def _aligned(lines: list[Formula], environment: str = "aligned") -> str:
    body = " \\\\\n".join(line.latex.replace(" = ", " &= ", 1) for line in lines)
    return f"\\begin{{{environment}}}\n{body}\n\\end{{{environment}}}"
