"""Checking a hand calculation: which numbers are right, and which link was the first to go wrong."""

from __future__ import annotations

import html
import math
import re
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from ..graph import topological_order
from ..notation import Name, find, names, number
from ..value import Value
from .calculation import Calculation, Line, Quantity, Slip, Sweep
from .formula import derivative
from .independence import held_fixed, why_zero
from .misconceptions import MISCONCEPTIONS, Misconception
from .refusals import ends_at_caller
from .rounding import Written

_MOST_ALIKE = 50  # values of one kind at which a mistake is tried at once
_LARGEST_GRAPH = 2_000  # values; hand calculations are smaller
_MOST_DIAGNOSES = 12  # mistakes looked into, one after the other
_MOST_VISITS = 10_000  # links and values tried for one mistake, times the values of the graph: about 2 s
_SMALL = 100  # times half a unit of the last digit, up to which a number written as 0 may be called small
_LARGE = 1e6  # from here on the zeros at the end of a float or an int are no digits, but for the first three digits
_CALLED = {  # functions in words, where their names are none
    "power(2)": "square",
    "power(3)": "cube",
    "exp": "exponential",
    "log": "logarithm",
    "sqrt": "square root",
    "abs": "absolute value",
}
_MARKS = {"right": "✓", "carried": "→", "wrong": "✗"}

Key = Value | str


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What the check says of one number.

    status         ``"right"``; ``"carried"``: right given an earlier slip; ``"wrong"``
    given          the number as it was written
    expected       the right number
    link           where it went wrong: ``"∂o11/∂z11"`` for a derivative, ``"o11"`` for a value; None where it did not
    misconception  the name of the one that reproduces the number, if any does
    says           all this in a sentence
    """

    quantity: Quantity
    name: str
    status: str
    given: str
    expected: float
    link: str | None
    misconception: str | None
    says: str

    def __str__(self) -> str:
        return f"{_MARKS[self.status]} {self.name} = {self.given}{': ' if self.says else ''}{self.says}"

    @staticmethod
    def table(verdicts: Iterable[Verdict]) -> str:
        """Verdicts as an HTML table."""
        rows = "".join(
            f'<tr><td>{_MARKS[v.status]}</td><td style="white-space:nowrap">{html.escape(v.name)}</td>'
            f"<td>{html.escape(v.given)}</td>"
            f'<td>{html.escape(number(v.expected, 6))}</td><td style="text-align:left">{html.escape(v.says)}</td></tr>'
            for v in verdicts
        )
        head = "<tr><th></th><th>number</th><th>given</th><th>right</th><th></th></tr>"
        return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


class Report:
    """The verdicts on a calculation, in the order of computing; see :func:`check_answers`.

    correct      whether every number is right
    first_wrong  the verdict on the first number that is wrong by itself, or None
    verdicts     the verdicts by the keys of ``answers``; ``values`` by those of ``values``
    """

    def __init__(
        self, verdicts: Mapping[Quantity, Verdict], answers: Mapping[Key, Quantity], values: Mapping[Key, Quantity]
    ) -> None:
        self.in_order = list(verdicts.values())
        self.verdicts = {key: verdicts[quantity] for key, quantity in answers.items()}
        self.values = {key: verdicts[quantity] for key, quantity in values.items()}

    @property
    def correct(self) -> bool:
        return all(verdict.status == "right" for verdict in self.in_order)

    @property
    def first_wrong(self) -> Verdict | None:
        return next((verdict for verdict in self.in_order if verdict.status == "wrong"), None)

    def __str__(self) -> str:
        counts = {s: sum(v.status == s for v in self.in_order) for s in _MARKS}
        if self.correct:
            head = f"all {counts['right']} right" if counts["right"] > 1 else "right"
        else:
            words = {"right": "right", "carried": "right given an earlier slip", "wrong": "wrong"}
            head = ", ".join(f"{counts[status]} {word}" for status, word in words.items() if counts[status])
        return "\n".join([head, *map(str, self.in_order)])

    def __repr__(self) -> str:
        wrong = self.first_wrong
        return f"<report: {'correct' if self.correct else f'first wrong link {wrong.link}' if wrong else 'a slip'}>"

    def _repr_html_(self) -> str:
        return Verdict.table(self.in_order)


@ends_at_caller
def check_answers(
    root: Value,
    answers: Mapping[Key, Any] | None = None,
    *,
    values: Mapping[Key, Any] | None = None,
    misconceptions: Sequence[Misconception] = tuple(MISCONCEPTIONS),
) -> Report:
    """Check the numbers of a hand calculation of ``root``'s gradient, and find the first wrong link.

    answers  gradients and derivatives.  A label or a Value stands for ∂root/∂it: ``"w1"`` is ``"∂L/∂w1"``;
             ``"∂ŷ/∂h1"`` (or ``"dŷ/dh1"``) for that derivative, of one link or several.
    values   numbers of the forward pass, by label or Value: ``{"h1": 3.8}``

    Numbers may be strings, which show how they were rounded: ``"-23.10"`` has two decimals, ``"4.85e8"`` three digits
    (as 4.85e8 has without quotes: from a million on, zeros at the end of a float or an int are none).  A number counts
    as right if the exact one rounds to it, or if the rounded numbers written down before it lead to it (what was not
    written down was not rounded; ``autograd.explain.rounding`` has the rule in full).  What follows from a wrong
    number by right steps is not wrong again: the mistake is carried forward.  For a number that is wrong by itself
    every misconception is tried at every link that leads to it (in graphs of hundreds of values, at the nearest) and at
    all links of one kind, and named where it reproduces the digits; not where it explains nothing but one number that
    is a few units of its last digit off and hangs on numbers not written down, which may have been rounded.

    A Value that the root does not depend on has gradient 0, and the verdict says why.

    Raises ``LookupError`` for labels that the graph does not have or that are ambiguous, ``ValueError`` for what
    is no number, for a derivative by what is held fixed, for a graph too large to have been calculated by hand, and
    for one of which a leaf has changed.

    >>> w, x, y = Value(0.5, "w"), Value(2.0, "x"), Value(3.0, "y")
    >>> z = w * x
    >>> L = (z - y) ** 2
    >>> z.label, L.label = "z", "L"
    >>> report = check_answers(L, {"z": "-4", "w": "8"})
    >>> report.first_wrong.link, report.first_wrong.misconception
    ('∂z/∂w', 'flipped sign')
    >>> print(report)
    1 right, 1 wrong
    ✓ ∂L/∂z = -4
    ✗ ∂L/∂w = 8: should be −8; first wrong link ∂z/∂w = x = 2: its sign was flipped
    """
    named = names(root)
    _demand_small(len(named))
    asked = {key: _quantity(root, named, key) for key in _keys(answers, "answers")}
    forward = {key: Quantity("value", find(root, key)) for key in _keys(values, "values")}
    _demand_small(len(topological_order(root, *(quantity.node for quantity in asked.values()))))
    for key, quantity in asked.items():
        of = root if quantity.of is None else quantity.of
        if quantity.node in held_fixed(of):
            why = why_zero(of, quantity.node, named)
            raise ValueError(f"the answer for {_key_text(key)} cannot be checked, leave it out: {why}")
    written: dict[Quantity, Written] = {}
    for given, quantities in ((answers, asked), (values, forward)):
        for key, quantity in quantities.items():
            assert given is not None
            if quantity in written:
                raise ValueError(f"{_key_text(key)} is given twice, under two spellings")
            written[quantity] = read(given[key], _key_text(key))
    if not written:
        raise ValueError("there are no answers to check")
    if not isinstance(misconceptions, Sequence) or not all(isinstance(m, Misconception) for m in misconceptions):
        raise TypeError("misconceptions is a list of Misconception, such as [*MISCONCEPTIONS, one_more]")
    return Report(_judge(Calculation(root, written), misconceptions), asked, forward)


# ---- Reading what was given --------------------------------------------------------------------------------

_DERIVATIVE = re.compile(r"\s*(?:∂|d|\\partial\s*)(?P<of>.+?)\s*/\s*(?:∂|d|\\partial\s*)(?P<by>.+?)\s*", re.DOTALL)


def _keys(given: Mapping[Key, Any] | None, what: str) -> Iterable[Key]:
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(f'{what} must be a dictionary such as {{"w1": "-15.25"}}, not {type(given).__name__}')
    for key in given or ():
        if not isinstance(key, (str, Value)):
            raise TypeError(f"the keys of {what} are labels or Values, not {type(key).__name__}")
    return given or ()


def _demand_small(size: int) -> None:
    if size > _LARGEST_GRAPH:
        raise ValueError(f"a graph of {size} values was not calculated by hand; at most {_LARGEST_GRAPH} are checked")


def _quantity(root: Value, named: Mapping[Value, Name], key: Key) -> Quantity:
    """What a key of ``answers`` asks for: ∂root/∂node, or ∂of/∂by."""
    if isinstance(key, Value):
        return Quantity("gradient", key)  # of any Value: where the root does not depend on it, the gradient is 0
    if not (split := _DERIVATIVE.fullmatch(key)) or Name.parse(key) in named.values():
        return Quantity("gradient", find(root, key))
    by = find(root, split["by"])
    of = root if root.label is None and split["of"] in ("L", "J", "E", "e", "loss") else find(root, split["of"])
    return Quantity("gradient", by) if of is root else Quantity("derivative", by, of)


def _key_text(key: Key) -> str:
    text = key if isinstance(key, str) else key.label or repr(key)
    return Name(text).text


def read(given: Any, key: str) -> Written:
    """A number as written, and half a unit of its last digit.

    >>> read("-23.10", "w3")
    Written(text='-23.10', value=-23.1, half=0.005)
    """
    try:
        text = str(given.data if isinstance(given, Value) else given).strip()
    except ValueError:  # an integer of more digits than Python writes
        text = "a number of thousands of digits"
    plain = text.replace("−", "-").replace("\u202f", "").removeprefix("+")
    try:
        if isinstance(given, bool) or len(plain) > 400 or "_" in plain:
            raise InvalidOperation
        decimal = Decimal(plain)
        value = float(decimal)
    except (InvalidOperation, ValueError, OverflowError):
        wanted = ": write a decimal point" if re.fullmatch(r"-?\d+,\d+", plain) else ""
        wanted = ": work it out as a decimal number" if re.fullmatch(r"-?[\d.]+/[\d.]+", plain) else wanted
        text = re.sub(r" at 0x[0-9a-fA-F]+", "", text)
        raise ValueError(f"the answer for {key} is not a number: {text[:40]!a}{wanted}") from None
    if not math.isfinite(value):
        raise ValueError(f"the answer for {key} must be a finite number, not {text[:40]}")
    large = not isinstance(given, str) and abs(value) >= _LARGE
    exponent = (decimal.normalize() if large else decimal).as_tuple().exponent
    assert isinstance(exponent, int)
    last = min(exponent, decimal.adjusted() - 2) if large else exponent  # 4.85e8 is 485000000.0 to Python
    places = max(last, -300) if decimal else min(max(last, -300), 0)  # 0e9 is no coarser than 0
    half = 0.5 * 10.0**places
    return Written(text if len(text) < 40 else text[:39] + "…", value, half)


# ---- Judging ---------------------------------------------------------------------------------------------


def _judge(calculation: Calculation, misconceptions: Sequence[Misconception]) -> dict[Quantity, Verdict]:
    """The verdict on every written number, in the order of computing."""
    slips: list[Slip] = []
    wrong: dict[Quantity, list[Slip]] = {}
    known: set[Misconception] = set()  # made already
    first: dict[Quantity, Line] = {}  # as it stood when it was found
    sweep = calculation.sweep()
    while len(wrong) < _MOST_DIAGNOSES:
        new = next(
            (line for line in sweep.lines if not line.right and not line.fits and line.quantity not in wrong), None
        )
        if new is None:
            break
        first[new.quantity] = new
        wrong[new.quantity], spreads = _diagnose(calculation, slips, sweep, new, misconceptions, known)
        known |= {slip.misconception for slip in wrong[new.quantity][:1]}
        if spreads:
            slips.append(wrong[new.quantity][0])
            sweep = calculation.sweep(slips)
    verdicts = {}
    for line in sweep.lines:
        quantity = line.quantity
        if quantity in wrong or not line.passes:
            verdicts[quantity] = _wrong(calculation, first.get(quantity, line), wrong.get(quantity, []))
        else:
            carried = not line.right and line.expected.slip
            says = f"right, given the slip before; without it {_figure(calculation, quantity)}" if carried else ""
            says = says or calculation.why_zero(quantity) or ""
            verdicts[quantity] = _verdict(calculation, quantity, "carried" if carried else "right", says)
    return verdicts


def _diagnose(
    calculation: Calculation,
    slips: Sequence[Slip],
    sweep: Sweep,
    new: Line,
    misconceptions: Sequence[Misconception],
    known: Collection[Misconception],
) -> tuple[list[Slip], bool]:
    """The slips that reproduce the number and explain as many of the others as any, and whether they spread.

    One that contradicts what is right before it was made in this number only: whoever writes every gradient out
    as a product of its own can forget a factor in one of them.
    """
    edges, values = calculation.before(new.quantity)
    nearest = max(10, _MOST_VISITS // len(calculation.order))
    kinds = {(node.op, operand): (node, operand) for node, operand in reversed(edges)}  # the nearest of each kind
    value_kinds = {node.op: node for node in reversed(values)}
    alike = [Slip(m, *edge) for edge in [*kinds.values()][-nearest:] for m in misconceptions if m.slope or m.share]
    alike += [Slip(m, node, None) for node in value_kinds.values() for m in misconceptions if m.value]
    edges, values = edges[:nearest], values[:nearest]
    candidates = [*_paths(calculation, new.quantity, edges, misconceptions)]
    singles = [Slip(m, *edge) for edge in edges for m in misconceptions if m.slope or m.share]
    singles += [Slip(m, node, None) for node in values for m in misconceptions if m.value]
    singles = [slip for slip in singles if sweep.admits(slip)]
    candidates += singles
    candidates.sort(key=lambda slip: slip.misconception not in known)  # whoever makes a mistake makes it again
    if new.quantity.kind != "value":
        candidates += [Slip(m, None, None, whole=new.quantity) for m in misconceptions if m.whole]
    candidates += _kinds(calculation, [slip for slip in alike if sweep.admits(slip)])
    candidates += [Slip(m, None, None) for m in misconceptions]
    lines = sweep.lines
    position = next(i for i, line in enumerate(lines) if line.quantity == new.quantity)
    written = calculation.written[new.quantity].value
    best: tuple[tuple[int, bool], list[Slip], bool] = (len(lines) + 1, True), [], False
    seen: set[Hashable] = set()
    for slip in candidates:
        outcome = calculation.sweep([*slips, slip], after=sweep, explaining=new.quantity)
        if outcome.in_vain:
            continue
        spreads = not any(was.fits and not now.fits for was, now in zip(lines[:position], outcome.lines, strict=False))
        unexplained = sum(not line.passes for line in (outcome.lines if spreads else lines))
        made = outcome.lines[position].expected.value
        rank = unexplained, not math.isclose(made, written, rel_tol=1e-9)
        if rank < best[0]:  # of equals the first: the nearest link, the likelier mistake
            best, seen = (rank, [slip], spreads), {(slip.misconception, slip.places)}
        elif rank == best[0] and slip.node is not None and not slip.is_kind:
            if (slip.misconception, slip.places) not in seen:
                best[1].append(slip)
            seen.add((slip.misconception, slip.places))
    others = sum(not line.passes for line in lines) - 1
    vanishes = written == 0.0 and best[0][1]  # not 0, but so small that it is written so, as nearly any slip may be
    if best[0][0] >= others and (vanishes or calculation.is_close(new, very=True)):  # it explains but this number
        return [], False
    return best[1:]


def _paths(
    calculation: Calculation,
    quantity: Quantity,
    edges: Sequence[tuple[Value, int]],
    misconceptions: Sequence[Misconception],
) -> Iterator[Slip]:
    """Whole groups of the paths that lead to one value left out of its sum: all through one consumer, or all others."""
    of = calculation.root if quantity.of is None else quantity.of
    near = set(edges)
    for m in misconceptions:
        for node in dict.fromkeys(consumer.parents[operand] for consumer, operand in edges) if m.is_path else ():
            here = [edge for edge in calculation.consumers[node] if edge in near]
            direct = [edge for edge in here if edge[0] is of]
            rest = [edge for edge in here if edge[0] is not of]
            if len(direct) == 1 and rest:
                link, names = _edge(calculation, *direct[0])[0], dict.fromkeys(consumer for consumer, _ in rest)
                through = _listed([calculation.names[consumer].text for consumer in names])
                says = f"{link} is only the direct link; the paths through {through} are missing: {m.why}"
                yield Slip(m, *rest[0], (*rest[1:],), says=says)
            for consumer in dict.fromkeys(consumer for consumer, _ in here):
                through = calculation.names[consumer].text
                group = [edge for edge in here if edge[0] is consumer]
                if 1 < len(group) < len(here):
                    says = f"the paths through {through} were left out of the sum: {m.why}"
                    yield Slip(m, *group[0], (*group[1:],), says=says)


def _kinds(calculation: Calculation, singles: Sequence[Slip]) -> Iterator[Slip]:
    """The same mistake at every link, or in every value, of one kind: at each sample of a batch, say."""
    every: dict[str, list[Value]] = defaultdict(list)
    for node in calculation.order:
        if node.op is not None:
            every[node.op.name].append(node)
    seen: set[tuple[Misconception, str, bool]] = set()
    for slip in singles:
        if slip.node is None or slip.node.op is None or slip.also or slip.misconception.is_path:
            continue
        name, at_edge = slip.node.op.name, slip.operand is not None
        if (slip.misconception, name, at_edge) in seen or not 1 < len(every[name]) <= _MOST_ALIKE:
            continue
        seen.add((slip.misconception, name, at_edge))
        alike = [(node, i) for node in every[name] for i in (range(len(node.parents)) if at_edge else (None,))]
        others = tuple(place for place in alike if place != (slip.node, slip.operand))
        says = f"{slip.misconception.says}, here and {'at every link' if at_edge else 'in every value'} of this kind"
        yield slip._replace(also=others, says=says, is_kind=True)


def _reason(slip: Slip) -> str:
    """What went wrong, in words."""
    says = slip.says or slip.misconception.says
    if not slip.misconception.named or slip.node is None or slip.node.op is None:
        return says
    name = _CALLED.get(slip.node.op.name, slip.node.op.name).partition("(")[0]
    return says.replace("the function", f"the {name}")


def _wrong(calculation: Calculation, line: Line, slips: Sequence[Slip]) -> Verdict:
    quantity = line.quantity
    if why := calculation.why_zero(quantity):
        return _verdict(calculation, quantity, "wrong", f"should be 0: {why}", _name(calculation, quantity))
    slip = slips[0] if slips else None
    link, shown = _link(calculation, quantity, slip)
    reason = _reason(slip) if slip else "no known misconception gives this number"
    if slip is None and (digits := _zeros_aside(calculation, quantity)):
        reason += f"; it is right to {digits}"
    elif slip is None and (small := _too_coarse(calculation, quantity)):
        return _verdict(
            calculation, quantity, "wrong", f"should be {_figure(calculation, quantity)}: {small}", link, None
        )
    elif slip is None and calculation.is_close(line):
        reason += ", but it is close: was a number on the way rounded and not written down?"
    where = f"first wrong link {shown}" if quantity.kind != "value" or slip else "this step"
    if quantity.kind == "gradient" and calculation.written[quantity].rounds(quantity.node.data):
        name = calculation.names[quantity.node].text
        reason += f"; it is {name} itself: numbers of the forward pass go into values={{…}}"
    others = [f"or at {_link(calculation, quantity, other)[0]} {_reason(other)}" for other in slips[1:3]]
    explained = filter(None, [_explained_mark(calculation, quantity, slips[:3])])
    return _verdict(
        calculation,
        quantity,
        "wrong",
        "; ".join([f"should be {_figure(calculation, quantity)}", f"{where}: {reason}", *others, *explained]),
        link,
        slip.misconception.name if slip else None,
    )


def _zeros_aside(calculation: Calculation, quantity: Quantity) -> str | None:
    """To how many digits a whole number is right whose zeros at the end were not meant as digits; and how to say so."""
    found = re.fullmatch(r"([-−+]?)([1-9]\d*?)(0+)", calculation.written[quantity].text)
    if found is None or len(digits := found[2]) < 2:
        return None
    shown = f"{found[1]}{digits[0]}.{digits[1:]}e{len(digits) + len(found[3]) - 1}"
    if not read(shown, "").rounds(calculation.exact(quantity)):
        return None
    return f"{len(digits)} digits: {shown} says so, zeros before the point are digits as well"


def _too_coarse(calculation: Calculation, quantity: Quantity) -> str | None:
    """What to say of an answer that is 0 at its digits where the right number is small, but not 0."""
    written = calculation.written[quantity]
    if written.value != 0.0 or not 0.0 < abs(calculation.exact(quantity)) < min(_SMALL * written.half, 1.0):
        return None
    decimals = round(-math.log10(2.0 * written.half))
    return "small, but not 0" + (f" at {decimals} decimal{'s' * (decimals > 1)}" if decimals > 0 else "")


def _link(calculation: Calculation, quantity: Quantity, slip: Slip | None) -> tuple[str, str]:
    """The name of the wrong link, and the link as an equation."""
    names, formulas = calculation.names, calculation.formulas
    if slip is not None and slip.node is not None:
        if slip.operand is not None:
            others = {(slip.node, i) for i, p in enumerate(slip.node.parents) if p is slip.node.parents[slip.operand]}
            return _edge(calculation, slip.node, slip.operand, placed=not others <= {*slip.places})
        shown = f"{names[slip.node].text} = {formulas.value(slip.node).text} = {number(slip.node.data)}"
        return names[slip.node].text, shown
    edges, _ = calculation.before(quantity)
    if quantity.kind != "value" and len(edges) == 1:
        return _edge(calculation, *edges[0])
    name = _name(calculation, quantity)
    if quantity.kind == "value" or not edges:
        return name, name
    return name, f"{name}, which hangs on {_listed([_edge(calculation, *edge)[0] for edge in reversed(edges)])}"


def _explained_mark(calculation: Calculation, quantity: Quantity, slips: Sequence[Slip]) -> str | None:
    """What the mark ∂⁺ means, where a verdict with these slips, or with none, writes it."""
    named = [(slip.node, slip.operand) for slip in slips] or calculation.before(quantity)[0]
    for node, operand in named:
        if node is not None and operand is not None:
            of, by = calculation.names[node], calculation.names[node.parents[operand]]
            if says := calculation.formulas.mark(node, operand).explained(of, by, "the direct link"):
                return says
    return None


def _edge(calculation: Calculation, node: Value, operand: int, placed: bool = True) -> tuple[str, str]:
    """∂node/∂operand, ``placed`` or not among several edges between the two, and the link as an equation."""
    of, by, mark = (
        calculation.names[node],
        calculation.names[node.parents[operand]],
        calculation.formulas.mark(node, operand),
    )
    text = derivative(of, by, mark if placed else mark._replace(place=0)).text
    formula, figure = calculation.formulas.partials(node)[operand].text, number(node.partials[operand])
    return text, f"{text} = {formula}" + ("" if formula == figure else f" = {figure}")


def _listed(texts: Sequence[str]) -> str:
    """So many of them that a sentence can bear it."""
    shown = [*texts[:2], "…", texts[-1]] if len(texts) > 4 else texts
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def _verdict(
    calculation: Calculation,
    quantity: Quantity,
    status: str,
    says: str,
    link: str | None = None,
    misconception: str | None = None,
) -> Verdict:
    written, expected = calculation.written[quantity], calculation.exact(quantity)
    return Verdict(quantity, _name(calculation, quantity), status, written.text, expected, link, misconception, says)


def _name(calculation: Calculation, quantity: Quantity) -> str:
    names = calculation.names
    if quantity.kind == "value":
        return names[quantity.node].text
    return derivative(names[calculation.root if quantity.of is None else quantity.of], names[quantity.node]).text


def _figure(calculation: Calculation, quantity: Quantity) -> str:
    """The right number with a digit more than was given."""
    digits = len(re.sub(r"[^0-9]|[eE].*", "", calculation.written[quantity].text).lstrip("0"))
    return number(calculation.exact(quantity), min(max(digits + 1, 4), 15))
