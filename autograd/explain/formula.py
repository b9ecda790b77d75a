"""Formulas as text and as LaTeX, obtained by evaluating the table's own rules on named placeholders.

A rule is plain arithmetic, so applied to Values that stand for ``o`` and ``z`` it gives a little graph, and
writing that graph out gives the formula: o(1 − o).  There is no simplifier; a few foldings (1·a, (−1)·a, x¹, a
constant first, + 0) leave the lectures' forms.
"""

from __future__ import annotations

import functools
import keyword
import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from contextvars import Context
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from ..declaration import ATOM, LOOSE, POWER, PRODUCT, SIGN, SUM, Notation, Primitive
from ..graph import topological_order
from ..notation import Name, number, number_latex
from ..value import Value
from . import mathml
from .bypasses import bypassed

Item = TypeVar("Item")

_WRITTEN_OUT = 10  # operands of a sum; a longer one is abbreviated
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_SPELLED_OUT = 60  # characters of an expression that may stand for a value without a name


@dataclass(frozen=True, slots=True)
class Formula:
    """One formula in its spellings.

    >>> product([of_number(2.0), of_name(Name.parse("w2_11"))]).text
    '2·w2_11'
    """

    text: str
    latex: str
    binding: int = ATOM
    number: float | None = None

    @property
    def mathml(self) -> str:
        """The content of a ``<math>`` element."""
        return mathml.from_latex(self.latex)

    def __str__(self) -> str:
        return self.text

    @property
    def negative(self) -> bool:
        return self.text.startswith("−")

    def within(self, place: int) -> Formula:
        """The formula in parentheses, unless it binds tightly enough for its place."""
        return self if self.binding >= place else self.in_parentheses()

    def in_parentheses(self) -> Formula:
        """The formula in parentheses, tall ones around fractions."""
        opening, closing = (r"\left(", r"\right)") if r"\frac" in self.latex else ("(", ")")
        return Formula(f"({self.text})", f"{opening}{self.latex}{closing}")


NONE = Formula("none", r"\text{none}")
"""In place of the number where there is no derivative."""


def of_name(name: Name) -> Formula:
    """A name as a formula."""
    return Formula(name.text, name.latex, SIGN if name.text.startswith("−") else ATOM)


def of_number(x: float, digits: int = 6) -> Formula:
    """A number as a formula.

    >>> of_number(-0.5).latex
    '-0.5'
    """
    text = number(x, digits)
    return Formula(text, number_latex(x, digits), SIGN if text.startswith("−") else ATOM, x)


class Mark(NamedTuple):
    """What tells the derivative along one edge from the total derivative between its two ends, ∂of/∂by.

    direct    ``by`` reaches ``of`` by other ways as well: written ∂⁺, as the immediate derivative is in the literature
    place     ``by`` is several operands of ``of``: which of them, from 1 on; 0 where it is one
    """

    direct: bool = False
    place: int = 0

    def explained(self, of: Name, by: Name, link: str) -> str | None:
        """What ∂⁺ means, in a sentence; None where it does not stand."""
        if not self.direct:
            return None
        plain = derivative(of, by).text
        return f"{derivative(of, by, self).text} counts {link} alone, {plain} every way from {by.text} to {of.text}"


def derivative(of: Name, by: Name, mark: Mark = Mark()) -> Formula:  # noqa: B008  # it cannot be changed
    """∂of/∂by.

    >>> derivative(Name("L"), Name("ŷ")).text
    '∂L/∂ŷ'
    >>> derivative(Name("L"), Name("ŷ"), Mark(direct=True)).text, derivative(Name("L"), Name("ŷ"), Mark(place=2)).text
    ('∂⁺L/∂ŷ', '∂L/∂ŷ⁽²⁾')
    """
    plus, latex_plus = ("⁺", "^{+}") if mark.direct else ("", "")
    text, latex = f"∂{plus}{of.text}/∂{by.text}", by.latex
    if mark.place:
        text += f"⁽{str(mark.place).translate(_RAISED)}⁾"
        latex += f"{{}}^{{({mark.place})}}"
    return Formula(text, rf"\frac{{\partial{latex_plus} {of.latex}}}{{\partial {latex}}}")


def equal(*sides: Formula) -> Formula:
    """An equation of several sides."""
    return Formula(" = ".join(s.text for s in sides), " = ".join(s.latex for s in sides), LOOSE)


# ---- Products and sums -----------------------------------------------------------------------------------


def product(factors: Sequence[Formula], *, spaced: bool = False) -> Formula:
    """A product with the foldings; ``spaced`` writes every dot, as between the links of a chain.

    >>> a, b = of_name(Name("a")), of_name(Name("b"))
    >>> product([a, difference(of_number(1.0), a)]).text
    'a(1 − a)'
    >>> product([of_number(-1.0), a, b, of_number(1.0)]).text
    '−a·b'
    """
    if spaced:
        return _join(factors, " · ", r" \cdot ")
    constants = [f for f in factors if f.number is not None]
    others = [f for f in factors if f.number is None]
    written = [*(f for f in constants if f.number not in (1.0, -1.0)), *others]
    whole = _join(written, "·", r" \, ") if written else of_number(1.0)
    return negated(whole) if sum(f.number == -1.0 for f in constants) % 2 else whole


def _join(factors: Sequence[Formula], dot: str, latex_dot: str) -> Formula:
    if len(factors) == 1:
        return factors[0]
    text, latex = "", ""
    for i, factor in enumerate(factors):
        shown = factor.within(PRODUCT)
        if i and shown.negative:
            shown = factor.in_parentheses()
        if not i:
            text, latex = shown.text, shown.latex
        else:
            juxtaposed = dot == "·" and shown.text.startswith("(")
            digits = factor.number is not None or shown.latex[0].isdigit()
            text += shown.text if juxtaposed else dot + shown.text
            latex += (r" \cdot " if digits else latex_dot) + shown.latex
    return Formula(text, latex, PRODUCT)


def total(terms: Sequence[Formula]) -> Formula:
    """A sum; a negative term is subtracted, a zero left out.

    >>> a, b = of_name(Name("a")), of_name(Name("b"))
    >>> total([a, negated(b), of_number(0.0)]).text
    'a − b'
    """
    terms = [t for t in terms if t.number != 0.0] or list(terms[:1])
    if len(terms) == 1:
        return terms[0]
    text, latex = terms[0].text, terms[0].latex
    for term in terms[1:]:
        if term.negative and term.binding >= PRODUCT:
            text, latex = f"{text} − {term.text[1:]}", f"{latex} - {term.latex.lstrip('-').lstrip()}"
        else:
            shown = term.within(SUM)
            text, latex = f"{text} + {shown.text}", f"{latex} + {shown.latex}"
    return Formula(text, latex, SUM)


def difference(a: Formula, b: Formula) -> Formula:
    """a − b."""
    if b.number == 0.0:
        return a
    if b.negative:
        b = b.in_parentheses()
    b = b.within(PRODUCT)
    return negated(b) if a.number == 0.0 else Formula(f"{a.text} − {b.text}", f"{a.latex} - {b.latex}", SUM)


def negated(a: Formula) -> Formula:
    """−a."""
    if a.number is not None:
        return of_number(-a.number)
    if a.negative and a.binding >= PRODUCT:
        return Formula(a.text[1:], a.latex.removeprefix("-").lstrip(), a.binding)
    a = a.within(PRODUCT)
    return Formula(f"−{a.text}", f"-{a.latex}", min(a.binding, SIGN))


def quotient(a: Formula, b: Formula) -> Formula:
    """a / b; a fraction in LaTeX."""
    if b.number == 1.0:
        return a
    if a.negative and a.binding >= PRODUCT:
        return negated(quotient(negated(a), b))
    return Formula(f"{a.within(PRODUCT).text}/{b.within(SIGN).text}", rf"\frac{{{a.latex}}}{{{b.latex}}}", PRODUCT)


# ---- Applications of primitives --------------------------------------------------------------------------

_FOLDED: dict[str, Callable[..., Formula]] = {
    "mul": lambda a, b: product([a, b]),
    "add": lambda a, b: total([a, b]),
    "sub": difference,
    "neg": negated,
    "div": quotient,
    "total": lambda *terms: total(abbreviated(terms)),
    "identity": lambda a: a,
    "power(1)": lambda a: a,
    "power(0)": lambda a: of_number(1.0),
}


def application(op: Primitive, operands: Sequence[Formula]) -> Formula:
    """``op`` applied to formulas.

    >>> from autograd import power, sigmoid
    >>> z = of_name(Name.parse("z11"))
    >>> application(sigmoid, [z]).text, application(power(2), [z]).latex
    ('σ(z11)', 'z_{11}^{2}')
    """
    if op.name in _FOLDED:
        return _FOLDED[op.name](*operands)
    if op.name == "affine":
        return _affine(operands)
    shown = _shown(op)
    if shown is None:
        listed = abbreviated(operands)
        name = Name.parse(op.symbol if op.symbol.isalnum() else op.name)
        return Formula(
            f"{name.text}({', '.join(f.text for f in listed)})", f"{name.latex}({', '.join(f.latex for f in listed)})"
        )
    text, latex = shown
    return Formula(
        text.write([(f.text, f.binding) for f in operands]),
        latex.write([(f.latex, ATOM) for f in _placed(operands, latex)]),
        min(text.binding, latex.binding),
    )


def _placed(operands: Sequence[Formula], notation: Notation) -> list[Formula]:
    """The operands of a LaTeX template, in parentheses where its places ask for them."""
    places = notation.operands * len(operands) if len(notation.operands) == 1 else notation.operands
    return [
        f if _binding_in_latex(f) >= place else f.in_parentheses() for f, place in zip(operands, places, strict=True)
    ]


def _binding_in_latex(f: Formula) -> int:
    """What bears a superscript already cannot take another: TeX refuses it, and it would misread."""
    bare, shorter = "", f.latex
    while shorter != bare:
        bare, shorter = shorter, re.sub(r"[({\[|][^(){}\[\]|]*[)}\]|]", "", shorter)
    return min(f.binding, POWER) if "^" in bare else f.binding


def _affine(v: Sequence[Formula]) -> Formula:
    n = len(v) // 2
    terms: list[Formula] = [product([w, x]) for w, x in zip(v[:n], v[n : 2 * n], strict=True)]
    return total(abbreviated(terms + list(v[2 * n :])))


def abbreviated(terms: Sequence[Formula]) -> list[Formula]:
    """A long list by its ends."""
    return [Formula("…", r"\ldots") if term is None else term for term in ends(terms)]


def ends(items: Sequence[Item]) -> list[Item | None]:
    """The items; of a long list the first and the last, with None for those between."""
    return list(items) if len(items) <= _WRITTEN_OUT else [*items[:3], None, *items[-2:]]


@functools.lru_cache(maxsize=4096)
def _shown(op: Primitive) -> tuple[Notation, Notation] | None:
    """How ``op`` is written for people: as Python writes it, with the signs and letters of mathematics."""
    text, latex = op.text, op.latex
    if text is None or latex is None:
        return None
    template, binding, places = text.template, text.binding, text.operands
    if template.startswith(f"{op.name}("):
        if re.search(r"(?<![A-Za-z])x(?![A-Za-z])", op.symbol) and op.symbol != "x":
            # The symbol is a pattern in x and y: √(1−x²), |x|, x > 0.
            template = re.sub(r"(?<![A-Za-z])[xy](?![A-Za-z])", lambda m: "{" + str("xy".index(m[0])) + "}", op.symbol)
            template = template.replace("−", " − ")
            places = (LOOSE,) if template.startswith("|") else (ATOM,)
            binding = ATOM if template[0] in "|√" else PRODUCT
            if re.search("[<>≥≤]", template):
                template, binding, places = f"[{template}]", ATOM, (SUM,)
        elif op.symbol.rstrip("′").isalpha() and not keyword.iskeyword(op.symbol):
            template = template.replace(op.name, op.symbol, 1)
    template = re.sub(r"\*\*\(?(-?\d+)\)?(?![\d.])", lambda m: m[1].translate(_RAISED), template).replace("**", "^")
    template = (
        template.replace(" * ", "·").replace("*", "·").replace(" / ", "/").replace(" - ", " − ").replace("-{", "−{")
    )
    template = re.sub(r"^-(?=\()|(?<=\()-(?=\d)", "−", template)
    return Notation(template, binding, places), latex


# ---- Formulas of a graph ---------------------------------------------------------------------------------


def written(expression: Value | float, meaning: dict[Value, Formula]) -> Formula:
    """A little graph over placeholders, written out.

    >>> a = Value(math.nan)
    >>> written(a * (1 - a), {a: of_name(Name("a"))}).text
    'a(1 − a)'
    """
    if not isinstance(expression, Value):
        return of_number(float(expression))
    for node in topological_order(expression):
        if node not in meaning:
            operands = [meaning[parent] for parent in node.parents]
            meaning[node] = of_number(node.data) if node.op is None else application(node.op, operands)
    return meaning[expression]


class Formulas:
    """The formulas of one graph, under the names of its nodes.

    >>> from autograd.notation import names
    >>> a = Value(0.5, "a")
    >>> o = a.sigmoid()
    >>> formulas = Formulas(names(o))
    >>> formulas.value(o).text, formulas.partials(o)[0].text
    ('σ(a)', 'v1(1 − v1)')
    """

    def __init__(self, names: dict[Value, Name], spelled_out: Collection[Value] = ()) -> None:
        self.names = names
        self._spelled_out = spelled_out
        self._partials: dict[Value, tuple[Formula, ...]] = {}
        self._names: dict[Value, Formula] = {}
        self._bypassed: dict[Value, set[Value]] = {}

    def name(self, node: Value) -> Formula:
        """The name of a node; a constant's number; for one to be spelled out, its expression, if that is short."""
        if node.op is None and node.label is None:
            return of_number(node.data)
        if node in self._spelled_out and node not in self._names:
            self._spell_out(node)
        return self._names.get(node) or of_name(self.names[node])

    def _spell_out(self, node: Value) -> None:
        """The expression of ``node`` in place of its name, and before it those that it contains; no recursion."""
        pending = [node]
        while pending:
            node = pending.pop()
            if node in self._names:
                continue
            below = [p for p in node.parents if p in self._spelled_out and p not in self._names]
            if below:
                pending += [node, *below]
                continue
            whole = self.value(node)
            self._names[node] = whole if len(whole.text) <= _SPELLED_OUT else of_name(self.names[node])

    def value(self, node: Value) -> Formula:
        """The node in terms of its operands; a leaf by its number."""
        if node.op is None:
            return of_number(node.data)
        return application(node.op, [self.name(parent) for parent in node.parents])

    def partials(self, node: Value) -> tuple[Formula, ...]:
        """The local derivatives of the node by its operands, in the form that is taught."""
        if node not in self._partials:
            self._partials[node] = self._evaluate(node)
        return self._partials[node]

    def _evaluate(self, node: Value) -> tuple[Formula, ...]:
        op = node.op
        if op is None:
            return ()
        stands_for: dict[Value, Formula] = {}
        placeholders = []
        for operand in (*node.parents, node):
            constant = operand.op is None and operand.label is None
            placeholder = Value(operand.data if constant else math.nan)
            stands_for[placeholder] = self.name(operand)
            placeholders.append(placeholder)
        try:
            # A fresh context: the caller may be inside no_grad.
            local: Iterable[Any] = Context().run(op.taught_partials, *placeholders)
            return tuple(written(partial, stands_for) for partial in local)
        except (ArithmeticError, ValueError, TypeError):
            # A rule that needs numbers, declared by a user: then the number is all there is to show.
            return tuple(of_number(partial, 4) for partial in node.partials)

    def mark(self, node: Value, operand: int) -> Mark:
        """How the derivative along one edge is told from the total derivative of the node by its operand."""
        parents = node.parents
        parent = parents[operand]
        if parents.count(parent) > 1:
            return Mark(place=parents[: operand + 1].count(parent))
        if node not in self._bypassed:
            shared = {p for p in parents if self._uses[p] > 1}  # any other has no second way to it
            self._bypassed[node] = bypassed(shared, parents, lambda value: value.parents)
        return Mark(direct=parent in self._bypassed[node])

    @functools.cached_property
    def _uses(self) -> Counter[Value]:
        return Counter(parent for node in self.names for parent in node.parents)

    def edge(self, node: Value, operand: int) -> Formula:
        """∂node/∂parent along the edge to one operand, marked where the total derivative may be another number."""
        return derivative(self.names[node], self.names[node.parents[operand]], self.mark(node, operand))

    def kink(self, node: Value) -> str | None:
        """A sentence, if the node's derivative is a convention because an operand sits on a kink."""
        op = node.op
        if op is None or op.kink is None or not op.kink(*[parent.data for parent in node.parents]):
            return None
        operands = node.parents
        slopes = " and ".join(number(partial) for partial in node.partials)
        if len(operands) == 2:
            a, b = (self.names[p].text for p in operands)
            return f"{a} and {b} tie: {op.name} has no derivative there; by convention its slopes are {slopes}"
        (x,) = operands
        return (
            f"{self.names[x].text} = {number(x.data)} sits on a kink of {op.name}: "
            f"the derivative there is {slopes} by convention"
        )
