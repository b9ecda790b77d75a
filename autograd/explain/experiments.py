"""Two experiments on a graph: nudge a value and watch the root; propagate in the wrong order and watch the gradient."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from ..notation import Name, distinct_names, find, number
from ..refusal import number as as_float
from ..transform import pull_back
from ..value import Value
from .independence import held_fixed, named_with, on_held, why_zero
from .preformatted import preformatted
from .refusals import ends_at_caller
from .replay import consistent_order, replay

_MOST_VISITS = 1_000_000


# ---- Nudging -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Nudge:
    """What a small change of one value does to the root.

    predicted    gradient · h: what the derivative says; NaN where there is none, for a value that is held fixed
    actual       the root's change when everything after the value is computed again
    """

    node: Value
    h: float
    gradient: float
    before: float
    after: float
    root_name: Name = field(repr=False)
    name: Name = field(repr=False)
    remark: str | None = None  # why the derivative is 0, where the root does not depend on the value, or why none is

    @property
    def predicted(self) -> float:
        """The change that the derivative predicts."""
        return self.gradient * self.h

    @property
    def actual(self) -> float:
        """The change that happens."""
        return self.after - self.before

    @property
    def error(self) -> float:
        """Predicted minus actual: it shrinks with h² where the root is smooth."""
        return self.predicted - self.actual

    def __str__(self) -> str:
        root, node = self.root_name.text, self.name.text
        data = self.node.data
        nudged = f"{node}: {number(data, 6)} → {number(data + self.h, 6)} (h = {number(self.h)})\n"
        happens = f"actual change of {root}: {number(self.after, 6)} − {number(self.before, 6)} = {number(self.actual)}"
        if self.remark and math.isnan(self.gradient):
            return f"{nudged}{happens}\nnone is predicted: {self.remark}"
        return (
            f"{nudged}predicted change of {root}: ∂{root}/∂{node} · h = {number(self.gradient)} · {number(self.h)}"
            f" = {number(self.predicted)}\n"
            f"{happens}\ndifference: {number(self.error)}" + (f"\n{self.remark}" if self.remark else "")
        )

    def _repr_html_(self) -> str:
        return preformatted(str(self))


@ends_at_caller
def nudge(root: Value, node: Value | str, h: float = 0.01) -> Nudge:
    """Change one value by ``h``, a leaf or an interior one, and compare the root's change with the gradient's.

    An interior value is nudged as it stands: what comes after it is computed again, what it is made of stays.
    The graph is not touched.  A Value that the root does not depend on changes nothing, and the text says why.

    Raises ``ValueError`` for an ``h`` that is no change (0, NaN, an infinity, too small for the value) and where a
    leaf has changed since the graph was computed, and the operation's error where the nudged point is outside a
    domain.

    >>> x = Value(3.0, "x")
    >>> y = x**2
    >>> y.label = "y"
    >>> print(nudge(y, "x", 0.1))
    x: 3 → 3.1 (h = 0.1)
    predicted change of y: ∂y/∂x · h = 6 · 0.1 = 0.6
    actual change of y: 9.61 − 9 = 0.61
    difference: −0.01
    """
    node = node if isinstance(node, Value) else find(root, node)
    try:
        h = as_float(h)
    except OverflowError:  # a whole number beyond the floats
        h = math.inf if h > 0 else -math.inf
    named = named_with(root, [node])
    order = consistent_order(root)
    if not math.isfinite(h) or node.data + h == node.data or math.isfinite(node.data) > math.isfinite(node.data + h):
        why = (
            "it is not finite"
            if not math.isfinite(h)
            else "it is 0"
            if h == 0.0
            else "it is too small for the value"
            if node.data + h == node.data
            else "it is too large: the value would overflow"
        )
        raise ValueError(
            f"a nudge by h = {h!r} does not change {named[node]} = {number(node.data)} by a definite amount: "
            f"{why}; take a small one, such as 0.01"
        )
    if all(node is not other for other in order):
        return Nudge(node, h, 0.0, root.data, root.data, named[root], named[node], why_zero(root, node, named))
    fixed = node in held_fixed(root)
    gradient = math.nan if fixed else pull_back({root: 1.0}, [node]).get(node, 0.0)
    after = replay(order, {node: node.data + h})[root]
    remark = why_zero(root, node, named) if fixed else None
    return Nudge(node, h, gradient, root.data, after, named[root], named[node], remark)


# ---- The wrong order ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class NaiveOrder:
    """What plain recursion computes, beside the right gradient.

    right, naive    the gradient of every node, in topological order and by recursion
    too_early       the first node that recursion sent on before all contributions had reached it, or None
    visits          how often recursion visited a node; the topological walk visits each once
    """

    root: Value
    right: dict[Value, float]
    naive: dict[Value, float]
    too_early: Value | None
    arrived: int
    visits: int
    names: dict[Value, Name] = field(repr=False)

    def __str__(self) -> str:
        root = self.names[self.root].text
        fixed = held_fixed(self.root)
        shown = [n for n in self.right if (n.op is not None or n.label is not None) and n not in fixed]
        lines = [f"{'gradient':<12} {'right':>12} {'recursion':>12}"]
        for node in shown[:60]:
            mark = "" if _same(self.right[node], self.naive[node]) else "  ← wrong"
            slope = f"∂{root}/∂{self.names[node].text}"
            lines.append(f"{slope:<12} {number(self.right[node]):>12} {number(self.naive[node]):>12}{mark}")
        if len(shown) > 60:
            lines.append(f"… {len(shown) - 60} more values")
        uses = Counter(parent for node in self.right for parent in node.parents)
        if self.too_early is None:
            reused = [self.names[node].text for node in self.right if uses[node] > 1]
            only = f"only leaves are used more than once ({_few(reused)}), and a leaf hands nothing on"
            why = only if reused else "no value is used twice on the way"
            lines.append(f"{why}: recursion happens to be right here")
        else:
            name, times = self.names[self.too_early].text, uses[self.too_early]
            lines.append(
                f"{name} is used {times} times; recursion sent its gradient on when {self.arrived} of {times} "
                f"contributions had arrived, and again later, so what was sent first was counted again"
            )
        lines.append(f"recursion made {self.visits} visits to {len(self.right)} values")
        lines += on_held(self.root, named=self.names)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return preformatted(str(self))


@ends_at_caller
def naive_order(root: Value) -> NaiveOrder:
    """The gradient by plain recursion, without a topological order, beside the right one.

    Recursion adds a contribution to an operand and at once goes on from it with whatever gradient it has by
    then.  Where a value is used twice, what was sent on first is sent again: the sums come out too large.
    That is why ``backward`` sorts first.  Raises ``ValueError`` where recursion would take over a million visits, and
    where a leaf has changed since the graph was computed.

    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> c, d = a + b, a * b
    >>> c.label, d.label = "c", "d"
    >>> wrong = naive_order((c + d) + c * d)
    >>> wrong.right[a], wrong.naive[a], wrong.too_early.label
    (25.0, 29.0, 'c')
    """
    named = distinct_names(root)
    order = consistent_order(root)
    visits = dict.fromkeys(order, 0)
    visits[root] = 1
    for node in reversed(order):
        for parent in node.parents:
            visits[parent] += visits[node]
    in_all = sum(visits.values())
    if in_all > _MOST_VISITS:
        size = f"{in_all:,}" if in_all < 10**30 else "an astronomical number of"
        raise ValueError(
            f"plain recursion would make {size} visits to these {len(order)} values, one for every path; "
            "backward visits each value once"
        )
    right = dict.fromkeys(order, 0.0) | pull_back({root: 1.0}, [n for n in order if n.op is None])
    naive = dict.fromkeys(order, 0.0)
    naive[root] = 1.0
    expected = dict.fromkeys(order, 0)
    for node in order:
        for parent in node.parents:
            expected[parent] += 1
    arrivals = dict.fromkeys(order, 0)
    too_early: Value | None = None
    arrived = 0
    stack = [(root, iter(zip(root.parents, root.partials, strict=True)))]  # the frames of the recursion
    while stack:
        node, edges = stack[-1]
        for parent, partial in edges:
            naive[parent] += naive[node] * partial if naive[node] else 0.0
            arrivals[parent] += 1
            if too_early is None and parent.op is not None and arrivals[parent] < expected[parent]:
                too_early, arrived = parent, arrivals[parent]
            stack.append((parent, iter(zip(parent.parents, parent.partials, strict=True))))
            break
        else:
            stack.pop()
    return NaiveOrder(root, right, naive, too_early, arrived, in_all, named)


def _same(a: float, b: float) -> bool:
    """Whether two sums differ at most by the order in which they were added up."""
    return a == b or math.isclose(a, b, rel_tol=1e-9) or (a != a and b != b)


def _few(texts: list[str]) -> str:
    return ", ".join(texts if len(texts) <= 5 else [*texts[:4], "…"])
