"""The derivatives of a graph that are conventions, because an operand sits on a kink."""

from __future__ import annotations

from collections.abc import Iterable

from ..graph import topological_order
from ..notation import distinct_names
from ..value import Value
from .formula import Formulas

_NAMED = 2  # beyond, the others are counted


def kinks_below(*roots: Value) -> tuple[str, ...]:
    """A sentence for each such derivative in the graphs of ``roots``, in the order of computing.

    >>> kinks_below(Value(0.0, "x").relu())
    ('x = 0 sits on a kink of relu: the derivative there is 0 by convention',)
    """
    formulas = Formulas(distinct_names(*roots))
    return tuple(dict.fromkeys(kink for node in topological_order(*roots) if (kink := formulas.kink(node))))


def in_one_line(kinks: Iterable[str]) -> list[str]:
    """The first of them, and how many more there are, as one remark; none where there are none."""
    told = list(kinks)
    if not told:
        return []
    left = len(told) - _NAMED
    more = [f"and {left} more such derivative{'s' * (left > 1)}"] if left > 0 else []
    return ["; ".join([*told[:_NAMED], *more])]
