"""What a diagram shows: cards, and the links between them; nothing about where they stand or how they look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..explain.independence import held, held_fixed, on_held
from ..explain.kinks import kinks_below
from ..explain.replay import changed
from ..graph import topological_order
from ..notation import Name, distinct_names, names
from ..value import Value
from .roles import Role, roles


@dataclass(frozen=True, slots=True)
class Link:
    """An edge of the graph: the operand in one slot of a card, and the local derivative there."""

    source: int
    target: int
    slot: int
    partial: float
    twin: int = 0  # 1, 2, …: which of several links between the same two cards
    direct: bool = False  # the target depends on the source by way of other cards as well
    held: bool = False  # the target's operation holds the source fixed: there is no derivative to be written

    def contribution(self, adjoint: float | None) -> float:
        """What flows back along it; nothing where no adjoint arrives, as in ``backward``."""
        return adjoint * self.partial if adjoint else 0.0


@dataclass(frozen=True, slots=True)
class Card:
    """A value as it is drawn: its name, its part in the graph, its operation (empty for a leaf) and its operands.

    The numbers are those of the moment when the picture was made: a training step afterwards does not change it.
    ``grad`` is None before a backward pass, and always for what is held ``fixed``.
    """

    node: Value
    data: float
    grad: float | None
    name: Name
    role: Role
    symbol: str
    links: tuple[Link, ...]
    members: tuple[Value, ...]  # the values that this card stands for, itself first
    fixed: bool = False  # there is no gradient to wait for


@dataclass(frozen=True, slots=True)
class Scene:
    """The cards in topological order, and the roots of the graph.

    ``outdated`` says that a leaf has changed since the forward pass, so that the numbers do not belong together;
    ``kinks`` says which derivatives are conventions, because a value sits on a kink; ``held``, which values an
    operation holds fixed.
    """

    cards: tuple[Card, ...]
    roots: tuple[Value, ...]
    detail: str
    outdated: bool = False
    kinks: tuple[str, ...] = ()
    held: tuple[str, ...] = ()

    @property
    def links(self) -> list[Link]:
        """Every link, in the order of the cards they lead to."""
        return [link for card in self.cards for link in card.links]

    @property
    def reached(self) -> bool:
        """Whether there are gradients to show."""
        return any(card.grad is not None for card in self.cards)

    def with_numbers(self, data: Mapping[Value, float], grads: Mapping[Value, float]) -> Scene:
        """The same picture with other numbers; a gradient not given is 0."""
        return replace(
            self,
            cards=tuple(
                replace(
                    card,
                    data=data.get(card.node, card.data),
                    grad=None if card.fixed else grads.get(card.node, 0.0),
                )
                for card in self.cards
            ),
        )

    def index(self, node: Value) -> int | None:
        """The card that stands for a value; None for one that stands inside several."""
        found = [i for i, card in enumerate(self.cards) if node in card.members]
        return found[0] if len(found) == 1 else None


def reached(roots: Sequence[Value]) -> bool:
    """Whether ``backward`` has been called on a root: then its own gradient is its seed."""
    return any(root.grad != 0.0 for root in roots)


def outdated(roots: Sequence[Value]) -> bool:
    """Whether a leaf's number has changed since the graph was computed, by an optimiser's step for instance."""
    return changed(topological_order(*roots)) is not None


def every_value(roots: Sequence[Value]) -> Scene:
    """One card a value."""
    groups: dict[Value, tuple[Value, ...]] = {node: (node,) for node in topological_order(*roots)}
    return _scene(roots, groups, "values")


def neurons(roots: Sequence[Value]) -> Scene:
    """One card a neuron: a weighted sum with its parameters, and the activation behind it."""
    return _scene(roots, neuron_groups(roots), "neurons")


def _scene(roots: Sequence[Value], groups: dict[Value, tuple[Value, ...]], detail: str) -> Scene:
    cards = tuple(_cards(roots, groups))
    fixed = dict.fromkeys(on_held(*roots, named=distinct_names(*roots)))
    return Scene(cards, tuple(roots), detail, outdated(roots), kinks_below(*roots), tuple(fixed))


_SUMS = frozenset(("affine", "add", "total"))


def neuron_groups(roots: Sequence[Value]) -> dict[Value, tuple[Value, ...]]:
    """The values of a graph in groups, a neuron or a single value each, by their heads in topological order.

    A neuron is a sum of products with parameters in it, written as one ``affine`` or with + and *, and the
    activation that alone consumes it.  Its inner values have one consumer each; its parameters may be
    shared, as they are between the rows of a batch.
    """
    order = topological_order(*roots)
    named = names(*roots)
    parts = roles({node: named[node] for node in order}, roots)
    consumers = Counter(parent for node in order for parent in node.parents)

    def inner(node: Value) -> bool:
        return consumers[node] == 1 and node not in roots

    groups: dict[Value, tuple[Value, ...]] = {}
    absorbed: set[Value] = set()
    for node in reversed(order):
        if node in absorbed or node.op is None:
            continue
        top = node.parents[0] if len(node.parents) == 1 and inner(node.parents[0]) else node
        if top.op is None or top.op.name not in _SUMS:
            continue
        members, stack, pure = [node] if top is not node else [], [top], True
        while stack and pure:
            member = stack.pop()
            members.append(member)
            fixed = [parent for parent in member.parents if parts[parent] == "parameter"]
            members.extend(fixed)
            if member.op is None or member.op.name not in ("affine", "mul"):
                within = [parent for parent in member.parents if parts[parent] != "parameter"]
                pure = all(map(inner, within)) and all(_sums_or_weighs(parent, parts) for parent in within)
                stack.extend(reversed(within))
        if pure and any(parts[member] == "parameter" for member in members):
            groups[node] = tuple(dict.fromkeys(members))
            absorbed.update(groups[node])
    kept = {node: groups.get(node, (node,)) for node in order if node in groups or node not in absorbed}
    # A parameter that something else uses too, a penalty for instance, has a card of its own as well.
    shared = {p for head, members in kept.items() for p, _ in _operands(head, frozenset(members)) if p not in kept}
    return {node: kept.get(node, (node,)) for node in order if node in kept or node in shared}


def _sums_or_weighs(node: Value, parts: dict[Value, Role]) -> bool:
    """Whether a term of a sum is itself a sum, or a product of one parameter and one other value."""
    if node.op is None or node.op.name != "mul":
        return node.op is not None and node.op.name in _SUMS
    return sum(parts[parent] == "parameter" for parent in node.parents) == 1


def _cards(roots: Sequence[Value], groups: dict[Value, tuple[Value, ...]]) -> Iterable[Card]:
    """The cards of a graph whose values stand in groups."""
    named = distinct_names(*roots)
    parts = roles(named, roots)
    if all(node.label is None for node in named if node.op is None):
        # Where no leaf has a label, leaves are the variables, not constants of the formula.
        parts.update({node: "input" for node, part in parts.items() if part == "constant"})
    position = {head: i for i, head in enumerate(groups)}
    below: list[int] = []  # for every card those that it depends on, as bits
    after = reached(roots)
    without = held_fixed(*roots)
    for head, members in groups.items():
        operands = _operands(head, frozenset(members))
        times = Counter(parent for parent, _ in operands)
        seen: Counter[Value] = Counter()
        links = []
        fixed = held(head)  # an operation that holds operands fixed is no part of a neuron: they are the slots
        indirect = 0
        for parent in times:
            indirect |= below[position[parent]]
        below.append(indirect | sum(1 << position[parent] for parent in times))
        for slot, (parent, partial) in enumerate(operands):
            seen[parent] += 1
            twin = seen[parent] if times[parent] > 1 else 0
            direct = not twin and bool(indirect >> position[parent] & 1)
            links.append(Link(position[parent], position[head], slot, partial, twin, direct, slot in fixed))
        none = head in without
        grad = head.grad if after and not none else None
        symbol = _symbol(head, members)
        yield Card(head, head.data, grad, named[head], parts[head], symbol, tuple(links), members, none)


def _operands(head: Value, members: frozenset[Value]) -> list[tuple[Value, float]]:
    """What a group takes in, in order, each with the derivative of its head with respect to it.

    Within a group every value has one consumer, so that derivative is a product along one path.
    """
    found = []
    stack = [(parent, partial) for parent, partial in zip(head.parents, head.partials, strict=True)][::-1]
    while stack:
        node, product = stack.pop()
        if node not in members:
            found.append((node, product))
        else:
            inner = zip(node.parents, node.partials, strict=True)
            stack.extend([(parent, product * partial) for parent, partial in inner][::-1])
    return found


def _symbol(head: Value, members: tuple[Value, ...]) -> str:
    """What the badge of a card says."""
    if head.op is None:
        return ""
    if len(members) == 1:
        without_bias = head.op.name == "affine" and len(head.parents) % 2 == 0
        return head.op.symbol.removesuffix("+b") if without_bias else head.op.symbol
    body = head.parents[0] if len(head.parents) == 1 else head
    # Written out with + and *, a bias is a parameter that is added and not multiplied.
    bias = len(body.parents) % 2 if body.op and body.op.name == "affine" else _adds_parameter(body, members)
    weighted = "w·x+b" if bias else "w·x"
    return f"{head.op.symbol}({weighted})" if body is not head else weighted


def _adds_parameter(body: Value, members: tuple[Value, ...]) -> bool:
    return any(not p.parents and p in members for p in body.parents) or any(
        _adds_parameter(p, members) for p in body.parents if p in members and p.op and p.op.name in _SUMS
    )
