"""What a primitive is, and how one is declared."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence

from .refusal import ends_at_caller, number, refusal, refuse, shown
from .type_checking import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

# How tightly a written form binds.  An operand is put in parentheses where it binds more loosely than
# its place asks for.
LOOSE, SUM, PRODUCT, SIGN, POWER, ATOM = 0, 1, 2, 3, 4, 9


class Notation:
    """How an application is written: a template over the operands ``{0}``, ``{1}``, …

    ``operands`` says how tightly each operand must bind to stand without parentheses; one entry
    serves them all.
    """

    __slots__ = ("binding", "operands", "template")

    def __init__(self, template: str, binding: int = ATOM, operands: tuple[int, ...] = (LOOSE,)) -> None:
        self.template, self.binding, self.operands = template, binding, operands

    def write(self, operands: Sequence[tuple[str, int]]) -> str:
        """The template filled in; an operand comes as its text and how tightly that binds.

        >>> Notation("{0} * {1}", PRODUCT, (PRODUCT, PRODUCT)).write([("a + b", SUM), ("c", ATOM)])
        '(a + b) * c'
        """
        places = self.operands * len(operands) if len(self.operands) == 1 else self.operands
        return self.template.format(
            *(
                text if binding >= place else f"({text})"
                for (text, binding), place in zip(operands, places, strict=True)
            )
        )


class Primitive:
    """An operation that is differentiated by a rule, not by decomposition; see :func:`primitive`.

    Called on numbers it computes; called on Values it records the application in their graph.

    >>> from autograd import sqrt
    >>> sqrt(2.25)
    1.5
    """

    name: str
    arity: int | None  # None: any number of operands
    forward: Callable[..., float]
    rule: Callable[..., Any]
    taught: Callable[..., Any]
    symbol: str  # on a card of a diagram
    text: Notation | None  # as Python writes it; None: written out as `expand` says
    latex: Notation | None
    domain: str
    kink: Callable[..., bool] | None
    ieee: Callable[..., float] | None
    expand: Callable[..., Any] | None
    arrange: Callable[..., tuple[Any, ...]] | None
    origin: tuple[Any, ...]  # (module, name), or (family, *parameters): how a pickle finds it again

    # Not a dataclass: importing that module would take as long as importing the engine.
    __slots__ = tuple(__annotations__)

    def __init__(self, **fields: Any) -> None:
        for name in self.__slots__:
            object.__setattr__(self, name, fields[name])

    def __setattr__(self, name: str, _: object) -> None:
        raise AttributeError(f"{self!r} is declared once and for all: declare another primitive")

    def __delattr__(self, name: str) -> None:
        self.__setattr__(name, None)

    def __call__(self, *operands: Any) -> Any:
        try:
            if self.arrange is not None:
                operands = self.arrange(*operands)
            for operand in operands:
                if operand.__class__ is not float:
                    return self._dispatch(operands)
            if len(operands) != self.arity and self.arity is not None:
                return self._dispatch(operands)
            return self.forward(*operands)
        except (ArithmeticError, ValueError, TypeError) as error:
            refuse(error, self.applied, operands, self.domain)
            raise

    def _dispatch(self, operands: tuple[Any, ...]) -> Any:
        """Let the first operand that can record the application do so; otherwise compute."""
        if self.arity is not None and len(operands) != self.arity:
            raise refusal(f"{self.name} takes {self.arity} operand(s), got {len(operands)}")
        for operand in operands:
            if hasattr(operand, "apply") and not isinstance(operand, type):
                return operand.apply(self, *operands)
        return self.forward(*[number(operand) for operand in operands])

    def partials(self, *operands_and_result: Any) -> tuple[Any, ...]:
        """The local derivatives, one for each operand.

        >>> from autograd import sin
        >>> sin.partials(0.0, 0.0)
        (1.0,)
        """
        return _as_tuple(self.rule(*operands_and_result))

    def taught_partials(self, *operands_and_result: Any) -> tuple[Any, ...]:
        """The local derivatives in the form that lectures write, one for each operand."""
        return _as_tuple(self.taught(*operands_and_result))

    def applied(self, operands: Sequence[str]) -> str:
        """How an error names an application: a family's member as it is written, anything else by its name.

        >>> from autograd import log, power
        >>> log.applied(["0.0"]), power(0.5).applied(["x=-1.0"])
        ('log(0.0)', '(x=-1.0)**0.5')
        """
        if callable(self.origin[0]) and self.text is not None and len(operands) == self.arity:
            return self.text.write([(operand, LOOSE) for operand in operands])
        return f"{self.name}({', '.join(operands)})"

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        if _find(*self.origin) is not self:
            raise TypeError(f"{self!r} cannot be pickled: only a primitive bound to its name in a module can")
        return _find, self.origin


def _as_tuple(partials: Any) -> tuple[Any, ...]:
    return partials if isinstance(partials, tuple) else (partials,)


def _find(place: Any, *key: Any) -> Any:
    return getattr(importlib.import_module(place), key[0], None) if isinstance(place, str) else place(*key)


@ends_at_caller
def primitive(
    name: str,
    forward: Callable[..., Any],
    rule: Callable[..., Any],
    *,
    taught: Callable[..., Any] | None = None,
    symbol: str | None = None,
    text: Notation | str | None = None,
    latex: Notation | str | None = None,
    domain: str = "",
    kink: Callable[..., bool] | None = None,
    ieee: Callable[..., float] | None = None,
    expand: Callable[..., Any] | None = None,
    arrange: Callable[..., tuple[Any, ...]] | None = None,
    origin: tuple[Any, ...] | None = None,
) -> Primitive:
    """Declare a primitive; from then on everything works for it.

    name      what errors, diagrams and formulas call it
    forward   the value: takes one float an operand, returns a float
    rule      the local derivatives: takes the operands and then the result; returns one expression
              for one operand, a tuple for several.  Written in arithmetic and primitives, without
              branching on numbers, it serves floats, gradients of gradients, formulas and compilers.
              A plain 0.0 means that no derivative flows along that edge.
    taught    the rule as lectures write it, where ``rule`` is a more careful form of it
    symbol    what a diagram shows on the card; the name by default
    text      how it is written in plain text, a template such as ``"swish({0})"``
    latex     the same in LaTeX
    domain    where it is defined; part of the error message outside it
    kink      a predicate on the operands: is the derivative there a convention?
    ieee      the value by IEEE 754 where ``forward`` raises; NaN by default
    expand    the same value in simpler primitives, for printing it and for back ends without it
    arrange   turns the arguments of a call into a flat sequence of operands

    >>> from autograd import Value, grad, primitive, sigmoid
    >>> swish = primitive("swish", lambda x: x * sigmoid(x), lambda x, z: z + sigmoid(x) * (1 - z))
    >>> x = Value(0.0)
    >>> swish(x).backward()
    >>> x.grad, grad(grad(swish))(0.0)
    (0.5, 0.5)
    """
    if not isinstance(name, str) or not name:
        raise refusal(f"the name of a primitive is text, such as 'swish', not {shown(name)}")
    functions = {"forward": forward, "rule": rule, "taught": taught, "kink": kink, "ieee": ieee, "expand": expand}
    for what, given in {**functions, "arrange": arrange}.items():
        if not callable(given) and (given is not None or what in ("forward", "rule")):
            raise refusal(f"the {what} of the primitive {name} is a function, not {shown(given)}")
    texts = {"symbol": symbol, "domain": domain, "text": text, "latex": latex}
    for what, written in texts.items():
        if not isinstance(written, (str, Notation) if what in ("text", "latex") else str) and written is not None:
            raise refusal(f"the {what} of the primitive {name} is text, not {shown(written)}")
    arity = _arity(rule)
    if arity == 0:
        raise refusal(f"the rule of {name!r} takes the operands and then the result, such as lambda x, z: …")
    places = ", ".join(f"{{{i}}}" for i in range(arity or 0))
    if text is None and expand is None:
        text = f"{name}({places})"
    if latex is None and expand is None:
        latex = rf"\operatorname{{{{{_latex_word(name)}}}}}({places})"
    return Primitive(
        name=name,
        arity=arity,
        forward=forward,
        rule=rule,
        taught=taught or rule,
        symbol=symbol or name,
        text=Notation(text) if isinstance(text, str) else text,
        latex=Notation(latex) if isinstance(latex, str) else latex,
        domain=domain,
        kink=kink,
        ieee=ieee,
        expand=expand,
        arrange=arrange,
        origin=origin or (sys._getframe(2).f_globals.get("__name__", "__main__"), name),
    )


_VARARGS = 4  # inspect.CO_VARARGS


def _arity(rule: Callable[..., Any]) -> int | None:
    """How many operands a rule takes before the result; None for any number (``*operands``)."""
    if rule.__class__ is _arity.__class__ and not hasattr(rule, "__wrapped__"):
        return None if rule.__code__.co_flags & _VARARGS else rule.__code__.co_argcount - 1
    import inspect  # for any other callable; importing it takes longer than all of this package

    try:
        parameters = inspect.signature(rule).parameters.values()
    except ValueError:
        raise refusal(f"how many operands {shown(rule)} takes is not known: give the rule as a lambda") from None
    return None if any(p.kind is p.VAR_POSITIONAL for p in parameters) else len(parameters) - 1


def _latex_word(name: str) -> str:
    """``name`` as upright text in a formula; whatever TeX would read as a command is taken literally."""
    return "".join(f"\\{c}" if c in "_%&#$" else "" if c in "\\{}^~" else c for c in name)
