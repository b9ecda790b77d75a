"""Derivatives of functions: gradients as numbers, and as graphs that can be differentiated again.

Called on floats, a transformed function returns floats; called with a Value among its arguments it
returns Values, because the rules of the table are evaluated on the nodes themselves.  So transforms
nest: ``grad(grad(f))``, ``jacobian(grad(f))``.  It returns Values, too, where the function looked up
Values made before the call, such as a model's parameters: no gradient with respect to them is lost.
Within ``no_grad`` there is none to lose, and floats give floats.

Arguments are scalars, or lists and tuples of scalars nested to any depth; gradients come back in the
same shape.
"""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import nan
from numbers import Integral

from . import modes
from .declaration import Primitive, primitive
from .graph import descendants, topological_order
from .primitives import identity
from .refusal import ends_at_caller, number, refusal, shown
from .type_checking import TYPE_CHECKING
from .unseen import UNSEEN
from .value import Value, first_that_is_no_float, missing_derivative, moment, no_number, older_leaf

if TYPE_CHECKING:
    from typing import Any, TypeVar

    Scalar = TypeVar("Scalar", float, Value)
    Function = Callable[..., Any]

# ---- Walks: the same recurrences on floats and on Values ---------------------------------------------


def pull_back(
    seeds: dict[Value, Scalar], sources: Iterable[Value], order: Sequence[Value] | None = None
) -> dict[Value, Scalar]:
    """Reverse mode: the adjoint of every node between the seeded roots and the sources.

    With float seeds it computes numbers from the recorded local derivatives; with Values it builds a
    graph, by applying the derivative rules to the nodes.  ``order`` is the topological order, where it is known.
    """
    order = order or topological_order(*seeds)
    between = descendants(order, *sources)
    adjoint = {root: seed for root, seed in seeds.items() if root in between}
    for node in reversed(order):
        if node in adjoint:
            upstream = adjoint[node]
            for parent, partial in _edges(node, isinstance(upstream, Value)):
                if parent in between:
                    try:
                        term = _contribution(upstream, partial, node, parent)
                    except (ArithmeticError, ValueError):
                        # What is behind a branch not taken depends on the sources by the choice only, which has no
                        # derivative: none flows on from there, so none is missed.
                        between = _without_structural_zeros(order, sources)
                        if parent in between:
                            raise
                        continue
                    adjoint[parent] = adjoint[parent] + term if parent in adjoint else term
    return adjoint


def push_forward(seeds: dict[Value, Scalar], roots: Iterable[Value]) -> dict[Value, Scalar]:
    """Forward mode: the tangent of every node between the seeded sources and the roots."""
    tangent = dict(seeds)
    symbolic = any(isinstance(seed, Value) for seed in seeds.values())
    for node in topological_order(*roots):
        if node in seeds or tangent.keys().isdisjoint(node.parents):
            continue
        for parent, partial in _edges(node, symbolic):
            if parent in tangent:
                term = _contribution(tangent[parent], partial, node, parent)
                tangent[node] = tangent[node] + term if node in tangent else term
    return tangent


def _edges(node: Value, symbolic: bool) -> Iterator[tuple[Value, Any]]:
    """The operands of ``node``, each with the local derivative: a graph, if ``symbolic``; NaN where the rule fails.

    Edges that the rule declares to be none, by a plain 0.0, are left out.  A zero that it has computed is a factor
    like any other: the product has a sign, and is NaN where the other factor has overflowed.
    """
    local: Sequence[Any] = node.partials
    declared = local
    if symbolic and node.op is not None:
        declared = local = _symbolic_partials(node, node.op)
    elif any(partial.__class__ is float and partial == 0.0 for partial in local):
        _, declared = _formal_partials(node.op, len(local)) or ([], local)
    for parent, partial, by_rule in zip(node.parents, local, declared, strict=True):
        if by_rule.__class__ is not float or by_rule != 0.0:
            yield parent, partial


def _symbolic_partials(node: Value, op: Primitive) -> Sequence[Any]:
    """The rule of ``node`` on its operands; where it fails for some of them, a number that is none for those alone."""
    nodes = (*node.parents, node)
    with modes.aside():
        try:
            return op.partials(*nodes)
        except (ArithmeticError, ValueError):
            missing = [nan if p is UNSEEN or math.isfinite(p) else p for p in node.partials]
        formal = _formal_partials(op, len(missing))
        if formal is None:
            return missing
        given = dict(zip(formal[0], nodes, strict=True))
        return [_replayed(graph, given, instead) for graph, instead in zip(formal[1], missing, strict=True)]


@functools.lru_cache(maxsize=256)
def _formal_partials(op: Any, count: int) -> tuple[list[Value], Sequence[Any]] | None:
    """The rule on ``count`` operands and a result that nobody knows, where nothing fails: these, and the partials.

    None for a rule that looks at its numbers, such as one that only floats go through.
    """
    unknowns = [Value(UNSEEN) for _ in range(count + 1)]
    try:
        with modes.aside(), modes.recorded():
            return unknowns, op.partials(*unknowns)
    except Exception:
        return None


def _replayed(graph: Any, given: dict[Value, Value], instead: float) -> Any:
    """One of the formal partials on the nodes ``given``; ``instead``, where it does not exist there."""
    if not isinstance(graph, Value):
        return graph
    known = dict(given)
    try:
        for node in topological_order(graph):
            if node not in known:  # constants are made anew: a leaf's age tells what it belongs to
                operands = [known[parent] for parent in node.parents]
                known[node] = Value.apply(node.op, *operands) if node.op else Value(node.data)
    except (ArithmeticError, ValueError):
        return instead
    return known[graph]


def _contribution(upstream: Any, partial: Any, node: Value, parent: Value) -> Any:
    """``upstream · partial``, without the product where a rule says that the factor is 1."""
    if partial.__class__ is float and partial == 1.0:
        return upstream
    if _data(partial) is UNSEEN:  # while tracing, no factor is special
        return upstream * partial
    try:
        finite = math.isfinite(_data(partial))
    except (TypeError, OverflowError):
        raise no_number(node, partial) from None
    if not finite:
        missing = missing_derivative(node, parent, _data(partial))
        nothing = _data(upstream) is not UNSEEN and _data(upstream) == 0.0
        if nothing and (missing or not modes.is_tracing()):
            kind: Any = type(missing) if missing else ValueError
            unknown = _unknown_slope(kind, node.op.name if node.op else "")
            return unknown(upstream) if isinstance(upstream, Value) else 0.0
        if missing:
            raise missing
    return upstream * partial


def _data(x: Any) -> float:
    return x.data if isinstance(x, Value) else x


@functools.lru_cache(maxsize=256)
def _unknown_slope(kind: Any, operation: str) -> Primitive:
    """0 · ∞ in a gradient: it counts as 0, for nothing flowed, but what it is a little further on is not known.

    Differentiating it again must be an error, of this kind, and so must compiling it.
    """
    return primitive(
        "unknown_slope",
        lambda x: 0.0,
        lambda x, z: nan,
        domain=f"a derivative of {operation} does not exist at this point; in the gradient 0 times it counted as 0, "
        "but a second derivative needs to know what it is a little further on: choose another point",
        origin=(_unknown_slope, kind, operation),
    )


def _without_structural_zeros(order: Iterable[Value], sources: Iterable[Value]) -> set[Value]:
    """The nodes that depend on the sources by edges that carry a derivative."""
    reached = set(sources)
    for node in order:
        if not reached.isdisjoint(node.parents) and any(p in reached for p, _ in _edges(node, symbolic=True)):
            reached.add(node)
    return reached


# ---- Arguments: scalars in lists and tuples ------------------------------------------------------------


def flatten(tree: Any) -> list[Any]:
    """The scalars of a nested list or tuple, from left to right.

    >>> flatten([1.0, (2.0, [3.0])])
    [1.0, 2.0, 3.0]
    """
    if not isinstance(tree, (list, tuple)):
        return [tree]
    scalars: list[Any] = []
    for branch in tree:
        if isinstance(branch, (list, tuple)):
            scalars += flatten(branch)
        else:
            scalars.append(branch)
    return scalars


def reshape(tree: Any, scalars: Iterable[Any]) -> Any:
    """The scalars in the shape of ``tree``; the inverse of :func:`flatten`.

    >>> reshape([0, (0, [0])], [1.0, 2.0, 3.0])
    [1.0, (2.0, [3.0])]
    """
    return _reshape(tree, iter(scalars))


def _reshape(tree: Any, supply: Iterator[Any]) -> Any:
    # Not a closure: one that calls itself is a reference cycle, and would keep the whole graph alive.
    if not isinstance(tree, (list, tuple)):
        return next(supply)
    branches = [_reshape(branch, supply) for branch in tree]
    return type(tree)(*branches) if hasattr(tree, "_fields") else type(tree)(branches)


class _Call:
    """One call of a function under a transform: its inputs as fresh nodes, its output.

    Every input is a node of its own, an ``identity`` of the Value given.  Otherwise a Value that is
    both an argument and used by the function's surroundings would be differentiated in both places
    (perturbation confusion).
    """

    def __init__(self, f: Function, args: Sequence[Any], argnums: int | Sequence[int] | None, kwargs: Any) -> None:
        self.chosen = _positions(argnums, len(args))
        self.single = len(self.chosen) == 1 and not isinstance(argnums, (list, tuple))
        self.args = list(args)
        began = moment()
        for i in self.chosen:
            nodes = [identity(x) if isinstance(x, Value) else Value(x) for x in flatten(args[i])]
            self.args[i] = reshape(args[i], nodes)
        self.inputs = [node for i in self.chosen for node in flatten(self.args[i])]
        self.result = f(*self.args, **kwargs)
        self.outputs = [x if isinstance(x, Value) else Value(x) for x in flatten(self.result)]
        # A function called on floats may depend on Values all the same: a model's parameters, the inputs of
        # another function that is being differentiated around it.  Then its derivative has to be a graph too.
        self.order = topological_order(*self.outputs)
        if error := first_that_is_no_float(self.order):
            raise error
        self.symbolic = _hold_values([*args, *kwargs.values()]) or older_leaf(began, self.order)

    def scalar(self, transform: str) -> Value:
        if isinstance(self.result, (list, tuple)):
            raise refusal(
                f"{transform} differentiates a function with one number as its result; this one returned a "
                f"{type(self.result).__name__} of {len(self.outputs)}: use jacobian"
            )
        return self.outputs[0]

    def seed(self, x: float) -> Any:
        return Value(x) if self.symbolic else x

    def plain(self, x: Any) -> Any:
        """A result as the caller wants it: a float, where nothing that the caller has depends on it."""
        return x if self.symbolic else _data(x)

    def gradient(self, adjoint: dict[Value, Any]) -> Any:
        """The adjoints of the inputs in the shape of the arguments."""
        shaped: list[Any] = [
            reshape(self.args[i], [adjoint[x] if x in adjoint else self.seed(0.0) for x in flatten(self.args[i])])
            for i in self.chosen
        ]
        return shaped[0] if self.single else tuple(shaped)


def _hold_values(tree: Sequence[Any]) -> bool:
    return any(isinstance(x, Value) for x in flatten(tree))


def _demand(transform: str, f: Function, argnums: int | Sequence[int] | None = None) -> None:
    """Refuse what is no function, and what selects no arguments of any."""
    if not callable(f):
        curried = "" if transform in ("jvp", "vjp", "hvp") else f": {transform}(f)(x), not {transform}(f(x))"
        raise refusal(f"{transform} differentiates a function, not {shown(f)}{curried}")
    chosen: Any = [] if argnums is None else argnums if isinstance(argnums, (list, tuple)) else [argnums]
    if not all(isinstance(i, Integral) and not isinstance(i, bool) for i in chosen):
        raise refusal(f"argnums is the place of an argument, from 0, or a tuple of places, not {shown(argnums)}")


def _positions(argnums: int | Sequence[int] | None, count: int) -> list[int]:
    if not count:
        raise refusal(
            "a derivative is taken over positional arguments, and this call has none: grad(f)(1.0), not grad(f)(x=1.0)"
        )
    chosen: Any = range(count) if argnums is None else argnums if isinstance(argnums, (list, tuple)) else [argnums]
    if not chosen or any(not -count <= i < count for i in chosen):
        raise refusal(f"argnums={shown(argnums)} selects no argument of a call with {count} positional argument(s)")
    return [i % count for i in chosen]


# ---- The transforms ------------------------------------------------------------------------------------


def _differentiating(function: Function, symbolic: bool = False) -> Function:
    """A transform, or what it returns: it records graphs, and its own errors end at the caller's line.

    Within ``no_grad`` it differentiates all the same; only its result is cut off from what is around it, and is
    in floats unless there are Values among the arguments, or it is ``symbolic`` whatever they are.
    """

    @ends_at_caller
    @functools.wraps(function)
    def transformed(*args: Any, **kwargs: Any) -> Any:
        if modes.recording():
            return function(*args, **kwargs)
        with modes.recorded():
            result = function(*args, **kwargs)
        cut = Value.detach if symbolic or _hold_values([*args, *kwargs.values()]) else _data
        return reshape(result, [cut(x) if isinstance(x, Value) else x for x in flatten(result)])

    return transformed


@ends_at_caller
def value_and_grad(f: Function, argnums: int | Sequence[int] | None = None) -> Function:
    """``f``'s value and its gradient from one forward and one backward pass.

    The gradient is taken over all positional arguments, or those that ``argnums`` selects.  It has the
    shape of the argument, and is a tuple of these for several arguments.

    >>> value_and_grad(lambda x, y: x * y)(3.0, 4.0)
    (12.0, (4.0, 3.0))
    """
    _demand("value_and_grad", f, argnums)

    def transformed(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        call = _Call(f, args, argnums, kwargs)
        root = call.scalar("grad")
        adjoint = pull_back({root: call.seed(1.0)}, call.inputs, call.order)
        return call.plain(root), call.gradient(adjoint)

    return _named(transformed, f, "value_and_grad")


@ends_at_caller
def grad(f: Function, argnums: int | Sequence[int] | None = None) -> Function:
    """The gradient of a function with one number as its result.

    >>> grad(lambda x: x**3)(2.0), grad(grad(lambda x: x**3))(2.0)
    (12.0, 12.0)
    >>> grad(lambda w: w[0] * w[1])([3.0, 4.0])
    [4.0, 3.0]
    """
    _demand("grad", f, argnums)
    both = value_and_grad(f, argnums)
    return _named(lambda *args, **kwargs: both(*args, **kwargs)[1], f, "grad")


@ends_at_caller
def jacobian(f: Function, argnums: int | Sequence[int] | None = None) -> Function:
    """The derivative of every result with respect to every input, one backward pass a result.

    >>> jacobian(lambda v: [v[0] * v[1], v[0] + v[1]])([3.0, 4.0])
    [[4.0, 3.0], [1.0, 1.0]]
    """
    _demand("jacobian", f, argnums)

    def transformed(*args: Any, **kwargs: Any) -> Any:
        call = _Call(f, args, argnums, kwargs)
        rows = [call.gradient(pull_back({root: call.seed(1.0)}, call.inputs)) for root in call.outputs]
        return reshape(call.result, rows)

    return _named(transformed, f, "jacobian")


@ends_at_caller
def hessian(f: Function, argnums: int | Sequence[int] | None = None) -> Function:
    """The second derivatives: the Jacobian of the gradient.

    >>> hessian(lambda v: v[0] ** 2 * v[1])([3.0, 5.0])
    [[10.0, 6.0], [6.0, 0.0]]
    """
    _demand("hessian", f, argnums)
    return _named(jacobian(grad(f, argnums), argnums), f, "hessian")


@_differentiating
def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Forward mode: ``f``'s value and its derivative along ``tangents``, as in JAX.

    ``primals`` holds the arguments and ``tangents`` a direction for each, in the same shape.

    >>> jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 0.0))
    (12.0, 4.0)
    """
    _demand("jvp", f)
    if not isinstance(primals, (list, tuple)) or not isinstance(tangents, (list, tuple)):
        raise refusal(
            "primals and tangents are lists or tuples, with one entry for each argument: (x,) for a single one"
        )
    directions = [d if isinstance(d, Value) else number(d) for d in _matching(primals, tangents, "tangents")]
    call = _Call(f, primals, None, {})
    call.symbolic = call.symbolic or any(isinstance(d, Value) for d in directions)
    seeds = {x: d if isinstance(d, Value) else call.seed(d) for x, d in zip(call.inputs, directions, strict=True)}
    tangent = push_forward(seeds, call.outputs)
    return (
        reshape(call.result, map(call.plain, call.outputs)),
        reshape(call.result, [tangent[y] if y in tangent else call.seed(0.0) for y in call.outputs]),
    )


@_differentiating
def vjp(f: Function, *primals: Any) -> tuple[Any, Function]:
    """``f``'s value, and the function that pulls adjoints of the results back to the arguments.

    >>> value, pull = vjp(lambda x, y: [x * y, x + y], 3.0, 4.0)
    >>> value, pull([1.0, 0.0])
    ([12.0, 7.0], (4.0, 3.0))
    """
    _demand("vjp", f)
    call = _Call(f, primals, None, {})
    call.single = False

    def pull(adjoints: Any) -> Any:
        given = _matching([call.result], [adjoints], "adjoints")
        this = copy.copy(call)
        this.symbolic = call.symbolic or any(isinstance(a, Value) for a in given)
        seeds: dict[Value, Any] = {}
        for root, a in zip(call.outputs, given, strict=True):
            a = a if isinstance(a, Value) else this.seed(number(a))
            seeds[root] = seeds[root] + a if root in seeds else a
        return this.gradient(pull_back(seeds, call.inputs))

    return reshape(call.result, map(call.plain, call.outputs)), _differentiating(pull, _hold_values(primals))


@_differentiating
def hvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Hessian times a vector, without the Hessian: forward mode over reverse mode.

    >>> hvp(lambda x, y: x**2 * y, (3.0, 5.0), (1.0, 0.0))
    (10.0, 6.0)
    """
    _demand("hvp", f)
    return jvp(grad(f), primals, tangents)[1]


def _matching(like: Sequence[Any], given: Sequence[Any], what: str) -> list[Any]:
    if not _same_shape(list(given), list(like)):
        shapes = f"{list(like)!r:.200}, not {list(given)!r:.200}"
        raise refusal(f"{what} must have the shape of what they belong to: {shapes}")
    return flatten(list(given))


def _same_shape(tree: Any, other: Any) -> bool:
    if not isinstance(tree, (list, tuple)) or not isinstance(other, (list, tuple)):
        return not isinstance(tree, (list, tuple)) and not isinstance(other, (list, tuple))
    return len(tree) == len(other) and all(map(_same_shape, tree, other))


def _named(transformed: Function, f: Function, transform: str) -> Function:
    transformed = _differentiating(transformed)
    name = getattr(f, "__name__", type(f).__name__)
    transformed.__name__ = f"{transform}({name})"
    transformed.__qualname__ = transformed.__name__
    transformed.__doc__ = f"The {transform} of {name}: {f.__doc__ or 'no documentation'}"
    return transformed
