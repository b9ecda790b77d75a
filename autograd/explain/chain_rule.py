"""The chain rule between two nodes: the paths, counted and listed, and the formula as the lectures write it."""

from __future__ import annotations

import heapq
import html
import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ..notation import Name, find, number
from ..transform import pull_back
from ..value import Value
from . import mathml
from .bypasses import bypassed
from .formula import NONE, Formula, Formulas, Mark, derivative, equal, of_number, product, total
from .independence import held, held_fixed, named_with, on_labels, why_zero
from .preformatted import preformatted
from .refusals import ends_at_caller
from .replay import consistent_order

Item = TypeVar("Item")

_WRITTEN_PATHS = 6  # beyond, a formula abbreviates the sum
_WRITTEN_LINKS = 12  # beyond, it abbreviates the product
_LISTED_PATHS = 20  # beyond, a table of paths is cut short
_TERMS = 4  # of a link that goes through folded nodes; beyond, its number stands for its formula


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """One factor of the chain rule, ∂node/∂parent, with everything between the two folded in.

    ``operand`` says which operand of the node it is; None where it folds several edges.
    """

    node: Value
    parent: Value
    partial: float
    operand: int | None
    chain: Chain = field(repr=False)

    @property
    def formula(self) -> Formula:
        """What the derivative is made of."""
        return self.chain.formula_of(self)

    @property
    def symbol(self) -> Formula:
        """∂node/∂parent, marked where it is not the total derivative: one of several links between the two."""
        return derivative(self.chain.names[self.node], self.chain.names[self.parent], self.mark)

    @property
    def mark(self) -> Mark:
        """What tells the link from the total derivative of the node by the parent."""
        if self.operand is not None and self.node.parents.count(self.parent) > 1:
            return Mark(place=self.node.parents[: self.operand + 1].count(self.parent))
        return Mark(direct=self.chain.is_bypassed(self))

    @property
    def note(self) -> str | None:
        """A remark, if the derivative is a convention here."""
        return self.chain.formulas.kink(self.node)


@dataclass(frozen=True, slots=True)
class Path:
    """One way from the root to the leaf."""

    links: tuple[Link, ...]
    nodes: tuple[Value, ...]

    @property
    def partials(self) -> tuple[float, ...]:
        """The number of every link."""
        return tuple(link.partial for link in self.links)

    @property
    def product(self) -> float:
        """What this path contributes to the derivative."""
        return math.prod(self.partials)


class Paths(Iterable[Path]):
    """All paths, in order, each made when it is asked for: there may be more than anybody can list."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    def __iter__(self) -> Iterator[Path]:
        return (self[i] for i in range(self._chain.count))

    def __len__(self) -> int:
        return self._chain.count

    def __getitem__(self, index: int) -> Path:
        """Path number ``index``, found by counting instead of listing."""
        chain = self._chain
        if not -chain.count <= index < chain.count:
            raise IndexError(f"there are {chain.count} paths")
        index %= chain.count
        node, links = chain.root, []
        while node is not chain.leaf:
            for link in chain.links_of(node):
                if index < chain.counts[link.parent]:
                    break
                index -= chain.counts[link.parent]
            links.append(link)
            node = link.parent
        return Path(tuple(links), (chain.root, *(link.parent for link in links)))


class Chain:
    """The derivative of ``root`` by ``leaf`` as a sum over paths; see :func:`chain`.

    count    how many paths there are, counted without listing them
    paths    the paths, lazily: iterate, or index
    total    ∂root/∂leaf, by the backward recurrence: what the products of all paths add up to
    """

    def __init__(self, root: Value, leaf: Value, through: str | Iterable[Value | str]) -> None:
        self.root, self.leaf = root, leaf
        self.names = named_with(root, [leaf])
        self._order = order = consistent_order(root)
        self._between = {leaf}
        for node in order:
            if any(parent in self._between for _, parent, _ in self._edges(node)):
                self._between.add(node)
        self._position = {node: i for i, node in enumerate(order)}
        self._stations = _stations(root, leaf, through, self.names)
        folded = {node for node in order if node.label is None and node.op and node not in self._stations}
        self.formulas = Formulas(self.names, spelled_out=folded)
        self._links: dict[Value, list[Link]] = {}
        self._bypassed: dict[Value, set[Value]] = {}
        self._uses = Counter(parent for node in self._between for parent in node.parents)
        self.counts: dict[Value, int] = {leaf: 1}
        for node in order:
            if node in self._between and node is not leaf and node in self._stations:
                self.counts[node] = sum(self.counts[parent] for parent, _ in self._reached(node))
        self.count = self.counts.get(root, 0)
        self.total = pull_back({root: 1.0}, [leaf]).get(leaf, 0.0)

    # ---- Links ----

    def _edges(self, node: Value) -> Iterator[tuple[int, Value, float]]:
        """The operands of ``node`` through which the leaf is reached, but for those that are held fixed."""
        if node is not self.leaf:
            fixed = held(node)
            for operand, (parent, partial) in enumerate(zip(node.parents, node.partials, strict=True)):
                if parent in self._between and operand not in fixed:
                    yield operand, parent, partial

    def _reached(self, node: Value) -> list[tuple[Value, float]]:
        """The stations that follow ``node``, each with the derivative by it; parallel edges apart."""
        if not self._folding(node):
            return [(parent, partial) for _, parent, partial in self._edges(node)]
        # The backward recurrence inside the folded region: linear, however many ways there are.
        adjoint, waiting = {node: 1.0}, [-self._position[node]]  # a heap: the latest in the order comes first
        stations: dict[Value, float] = {}
        while waiting:
            latest = self._order[-heapq.heappop(waiting)]
            for _, parent, partial in self._edges(latest):
                term = adjoint[latest] * partial if adjoint[latest] else 0.0
                if parent in self._stations:
                    stations[parent] = stations.get(parent, 0.0) + term
                else:
                    if parent not in adjoint:
                        heapq.heappush(waiting, -self._position[parent])
                    adjoint[parent] = adjoint.get(parent, 0.0) + term
        return list(stations.items())

    def _folding(self, node: Value) -> bool:
        return any(parent not in self._stations for _, parent, _ in self._edges(node))

    def links_of(self, node: Value) -> list[Link]:
        """The links that leave ``node`` towards the leaf."""
        if node not in self._links:
            self._links[node] = self._make_links(node)
        return self._links[node]

    def _make_links(self, node: Value) -> list[Link]:
        if self._folding(node):
            return [Link(node, parent, partial, None, self) for parent, partial in self._reached(node)]
        return [Link(node, parent, partial, operand, self) for operand, parent, partial in self._edges(node)]

    def is_bypassed(self, link: Link) -> bool:
        """Whether the node reaches the parent by way of other stations as well."""
        if link.node not in self._bypassed:
            stations = {other.parent for other in self.links_of(link.node)}
            shared = {station for station in stations if self._uses[station] > 1}  # any other has no second way to it
            first = min(map(self._position.__getitem__, shared), default=0)  # nothing before depends on any of them

            def onward(value: Value) -> Iterator[Value]:
                return (p for _, p, _ in self._edges(value) if self._position[p] >= first)

            self._bypassed[link.node] = bypassed(shared, stations, onward)
        return link.parent in self._bypassed[link.node]

    def formula_of(self, link: Link) -> Formula:
        """The formula of a link: that of its edge, or the sum over the ways inside a folded region."""
        if link.operand is None:
            return self._folded_formula(link.node, link.parent, link.partial)
        return self.formulas.partials(link.node)[link.operand]

    def _folded_formula(self, node: Value, station: Value, partial: float) -> Formula:
        """The sum over the ways from ``node`` to ``station`` inside the folded region."""
        terms = list(itertools.islice(self._ways(node, station), _TERMS + 1))
        return total([product(factors) for factors in terms]) if len(terms) <= _TERMS else of_number(partial, 4)

    def _ways(self, node: Value, station: Value) -> Iterator[list[Formula]]:
        stack: list[tuple[Value, list[Formula]]] = [(node, [])]
        for _ in range(1000):  # a region in which this finds too little is shown by its number
            if not stack:
                return
            current, factors = stack.pop()
            if current is station:
                yield factors
            elif current is node or current not in self._stations:
                onward = [
                    (parent, [*factors, self.formulas.partials(current)[operand]])
                    for operand, parent, _ in self._edges(current)
                ]
                stack += reversed(onward)
        yield from ([] for _ in range(_TERMS + 1))

    # ---- What it says ----

    @property
    def paths(self) -> Paths:
        """All paths, lazily."""
        return Paths(self)

    @property
    def links(self) -> list[Link]:
        """The links of the paths that are written out, each once, from the root on."""
        written = itertools.islice(self.paths, self._shown)
        used = dict.fromkeys(link for path in written for link in path.links)
        return sorted(used, key=lambda link: -self._position[link.node])

    @property
    def _shown(self) -> int:
        """How many paths a formula writes out."""
        return self.count if self.count <= _WRITTEN_PATHS else 2

    @property
    def derivative(self) -> Formula:
        """∂root/∂leaf."""
        return derivative(self.names[self.root], self.names[self.leaf])

    @property
    def symbols(self) -> Formula:
        """The chain rule in names, the links that all paths share in front of the bracket."""
        return self._written(lambda link: link.symbol)

    @property
    def local_formulas(self) -> Formula:
        """The chain rule with every link's formula in its place."""
        return self._written(lambda link: link.formula)

    @property
    def numbers(self) -> Formula:
        """The chain rule with every link's number in its place."""
        return self._written(lambda link: of_number(link.partial, 4))

    @property
    def result(self) -> Formula:
        """∂root/∂leaf as a number; none where the leaf is held fixed."""
        return NONE if not self.count and self.leaf in held_fixed(self.root) else of_number(self.total, 4)

    def _written(self, write: Callable[[Link], Formula]) -> Formula:
        if not self.count:
            return of_number(0.0)
        shared: list[Link] = []
        node = self.root
        while node is not self.leaf and len(links := self.links_of(node)) == 1:
            shared += links
            node = links[0].parent
        factors = _written_links(shared, write)
        if node is not self.leaf:
            ways = [
                product(_written_links(path.links[len(shared) :], write), spaced=True)
                for path in itertools.islice(self.paths, self._shown)
            ]
            if self.count > self._shown:
                ways.append(Formula("…", r"\cdots"))
            factors.append(total(ways))
        return product(factors, spaced=True) if factors else of_number(1.0)

    @property
    def remarks(self) -> list[str]:
        """What deserves a sentence: no path, too many paths, kinks."""
        root, leaf = self.names[self.root].text, self.names[self.leaf].text
        if not self.count:
            return [why_zero(self.root, self.leaf, self.names)]
        links = self.links
        met = {node: name for node, name in self.names.items() if node in self._between}
        said = [note for note in dict.fromkeys(link.note for link in links) if note]
        if marked := next((link for link in _ends(links) if link and link.mark.direct), None):
            of, by = self.names[marked.node], self.names[marked.parent]
            said += filter(None, [marked.mark.explained(of, by, "the direct link")])
        said += on_labels(met)
        if self.count > _WRITTEN_PATHS:
            edges = sum(1 for node in self._between for _ in self._edges(node))
            said.append(
                f"{_grouped(self.count)} paths lead from {root} to {leaf}, over {len(self._between)} nodes; "
                f"backward needs no list of them: it adds them all up in {_grouped(edges)} steps, one an edge"
            )
        return said

    def _right_sides(self) -> list[Formula]:
        """What ∂root/∂leaf is equal to: in names, in formulas, in numbers, as a number; each said once."""
        sides: dict[str, Formula] = {}
        if self.count:
            for side in (self.symbols, self.local_formulas, self.numbers):
                sides.setdefault(side.text, side)
        sides.pop(self.derivative.text, None)
        sides.pop(self.result.text, None)
        return [*sides.values(), self.result]

    def __str__(self) -> str:
        left = self.derivative.text
        sides = [side.text for side in self._right_sides()]
        lines = [f"{left if not i else '':{len(left)}} = {text}" for i, text in enumerate(sides)]
        links = self.links
        if len(links) > 1:
            lines.append("where")
            lines += [f"  {equal(link.symbol, *_sides(link)).text}" if link else "  …" for link in _ends(links)]
        if self.count > 1:
            lines += self._table()
        return "\n".join([*lines, *self.remarks])

    def _table(self) -> list[str]:
        listed = list(itertools.islice(self.paths, _LISTED_PATHS if self.count <= _LISTED_PATHS else 3))
        rows = [(self._trail(path), number(path.product)) for path in listed]
        if self.count > len(listed):
            rows.append((f"… {_grouped(self.count - len(listed))} more", "…"))
        rows.append((f"sum over {_grouped(self.count)} paths", number(self.total)))
        width = max(len(trail) for trail, _ in rows)
        figures = max(len(figure) for _, figure in rows)
        return ["paths", *(f"  {trail:<{width}}  {figure:>{figures}}" for trail, figure in rows)]

    def _trail(self, path: Path) -> str:
        return " → ".join("…" if node is None else self.names[node].text for node in _ends(path.nodes[::-1]))

    @property
    def latex(self) -> str:
        """The chain rule as an ``aligned`` block."""
        lines = [f"&= {side.latex}" for side in self._right_sides()]
        return rf"\begin{{aligned}} {self.derivative.latex} " + r" \\ ".join(lines) + r" \end{aligned}"

    @property
    def mathml(self) -> str:
        """The chain rule as a whole ``<math>`` element."""
        return mathml.block(
            [
                (self.derivative.mathml if not i else "", f"<mrow><mo>=</mo>{side.mathml}</mrow>")
                for i, side in enumerate(self._right_sides())
            ]
        )

    def _repr_latex_(self) -> str:
        return f"$${self.latex}$$"

    def _repr_html_(self) -> str:
        local = [
            f"<li><math><mrow>{equal(link.symbol, *_sides(link)).mathml}</mrow></math></li>"
            for link in self.links[:_WRITTEN_LINKS]
        ]
        where = f"<details><summary>links</summary><ul>{''.join(local)}</ul></details>" if local else ""
        trails = preformatted("\n".join(self._table())) if self.count > 1 else ""
        remarks = "".join(f"<p>{html.escape(remark)}</p>" for remark in self.remarks)
        return f"<div>{self.mathml}{where}{trails}{remarks}</div>"

    def __repr__(self) -> str:
        return f"<{self.derivative.text} = {self.result.text}, {_grouped(self.count)} path{'s' * (self.count != 1)}>"


@ends_at_caller
def chain(root: Value, leaf: Value | str, through: str | Iterable[Value | str] = "nodes") -> Chain:
    """The chain rule from ``root`` to ``leaf``: names, local formulas, numbers and result.

    ``leaf`` is any node that the root depends on, or its label; ``through`` says where the links end:

    - ``"nodes"``: at every value;
    - ``"units"``: at the outputs of units, as lectures write ∂o₃₁/∂o₂₁: at every value with a label but
      pre-activations (z);
    - Values or labels: at these.

    >>> x, w, y = Value(2.0, "x"), Value(0.5, "w"), Value(3.0, "y")
    >>> o = (w * x).tanh()
    >>> L = (o - y) ** 2
    >>> o.label, L.label = "o", "L"
    >>> print(chain(L, "w", through="units"))
    ∂L/∂w = ∂L/∂o · ∂o/∂w
          = 2(o − y) · (1 − o²)·x
          = −4.477 · 0.8399
          = −3.76
    where
      ∂L/∂o = 2(o − y) = −4.477
      ∂o/∂w = (1 − o²)·x = 0.8399

    Raises ``LookupError`` for a label that the graph does not have or that several nodes bear; a Value that
    the root does not depend on is no error: the derivative is 0, and the text says why, as it does where there is
    none because an operation holds the leaf fixed.  ``ValueError`` where a leaf has changed since the graph was
    computed.
    """
    return Chain(root, leaf if isinstance(leaf, Value) else find(root, leaf), through)


def _stations(root: Value, leaf: Value, through: Any, named: dict[Value, Name]) -> set[Value]:
    if isinstance(through, str):
        if through == "nodes":
            return {*named, leaf}
        if through != "units":
            raise ValueError(f'through={through!r}: say "nodes", "units", or list the values that links end at')
        labelled = {node for node, name in named.items() if node.label is not None and name.base != "z"}
        return {root, leaf, *labelled}
    if not isinstance(through, Iterable):
        raise TypeError(f'through is "nodes", "units", or a list of values or labels, not {type(through).__name__}')
    return {root, leaf, *(find(root, which) for which in through)}


def _written_links(links: Sequence[Link], write: Callable[[Link], Formula]) -> list[Formula]:
    return [write(link) if link else Formula("…", r"\cdots") for link in _ends(links)]


def _ends(items: Sequence[Item]) -> list[Item | None]:
    """The items, or the first and last few with None for those between."""
    if len(items) <= _WRITTEN_LINKS:
        return list(items)
    return [*items[: _WRITTEN_LINKS - 3], None, *items[-2:]]


def _sides(link: Link) -> list[Formula]:
    figure = of_number(link.partial, 4)
    return [link.formula] if link.formula.text == figure.text else [link.formula, figure]


def _grouped(count: int) -> str:
    """A count with its digits in groups; one of astronomical size by its power of ten.

    >>> _grouped(2**200)
    'about 10^60'
    """
    if count.bit_length() > 100:
        return f"about 10^{int((count.bit_length() - 1) * math.log10(2))}"
    return f"{count:,}".replace(",", "\u202f")  # a narrow space that does not break
