"""Value: a number that remembers the operation and the operands it came from, and can walk back."""

from __future__ import annotations

import math
import numbers
import operator
from _thread import allocate_lock  # importing threading for it would take 1.6 ms
from collections.abc import Callable, Iterable, Sequence

from . import modes, primitives
from .declaration import Primitive
from .graph import topological_order
from .ieee import limits
from .primitives import PRIMITIVES, exponential, power
from .refusal import complete, ends_at_caller, number, refusal, refuse, shown
from .type_checking import TYPE_CHECKING
from .unseen import UNSEEN

if TYPE_CHECKING:
    from typing import Any, NoReturn, TypeAlias

_RAISED_BY_FLOATS = (ArithmeticError, ValueError, TypeError)
_FLOATS = {float}


class Value:
    """A node of the graph: a float, the operation that made it, and how it depends on its operands.

    >>> x = Value(3.0, "x")
    >>> y = x * x + 1
    >>> y.backward()
    >>> y.data, x.grad
    (10.0, 6.0)

    data      the primal: a float.  A leaf's may be set, to a float again: operations take it as it is, and whatever
              else it has become, such as a NumPy float32, is refused where a gradient is asked for
    grad      the adjoint, ∂root/∂self; filled by ``root.backward()``
    label     a name for diagrams, formulas and error messages, such as ``"w^{1}_{11}"``
    op        the primitive that made it; None for a leaf
    parents   the operands, in order; an operand used twice stands there twice
    partials  the local derivatives ∂self/∂parents[i], recorded when the value was computed, so that
              changing a leaf's ``data`` afterwards cannot corrupt a gradient
    """

    # A node with one or two operands keeps them in its own slots, x with ∂self/∂x and y with ∂self/∂y:
    # no tuples, a third less memory, half as much work for the garbage collector.  With any other
    # number of operands, _x and _dx hold tuples.  In a leaf _x is None, and _dx the moment it was made at (see
    # `moment`); _y is None but for two operands.  In what no_grad has cut off, _dy is _CUT.
    __slots__ = ("__weakref__", "_dx", "_dy", "_x", "_y", "data", "grad", "label", "op")

    data: float
    grad: float
    label: str | None
    op: Primitive | None
    _x: Any
    _y: Any
    _dx: Any
    _dy: Any

    def __init__(self, data: float, label: str | None = None) -> None:
        if data.__class__ is not float:
            try:
                data = _datum(data)
            except (TypeError, OverflowError) as error:
                refuse(error, "Value", (data,))
                raise
        if label is not None and not isinstance(label, str):
            try:
                raise refusal(f"the label of a Value is text, such as 'x', not {shown(label)}")
            except TypeError as error:
                error.__traceback__ = None
                raise
        self.data = data
        self.grad = 0.0
        self.label = label
        self.op = self._x = self._y = None
        self._dx = _now

    @property
    def parents(self) -> tuple[Value, ...]:
        """The operands, in order."""
        x, y = self._x, self._y
        if y is not None:
            return (x, y)
        if x is None:
            return ()
        return x if x.__class__ is tuple else (x,)

    @property
    def partials(self) -> tuple[float, ...]:
        """The local derivatives ∂self/∂parents[i] at the recorded point."""
        if self._y is not None:
            return (self._dx, self._dy)
        if self._x is None:
            return ()
        return self._dx if self._x.__class__ is tuple else (self._dx,)

    # ---- The backward pass ----

    @ends_at_caller
    def backward(self, seed: float = 1.0) -> None:
        """Compute the gradient of ``self`` with respect to every node it depends on.

        The walk goes from the root to the leaves in reverse topological order, so that a node hands
        its adjoint on only when all contributions to it have arrived:
        ``parent.grad += node.grad * ∂node/∂parent``, for every edge once.

        The ``grad`` of leaves accumulates over calls (set it to 0.0 in between, as ``zero_grad`` does);
        the ``grad`` of interior nodes is that of the latest call.  They begin at 0.0, so a zero among them is
        never -0.0; what ``grad`` returns is the product itself.

        Raises the error of the float operation (``ZeroDivisionError`` and so on) where the gradient
        needs a local derivative that does not exist; no ``grad`` of a leaf has then changed.
        """
        if seed.__class__ is not float:
            seed = number(seed)
        if self._x is None and getattr(self, "_dy", None) is _CUT:
            raise refusal(
                f"{shown(self)} was computed under no_grad, which records no graph, so there is nothing to walk back "
                "through: compute it outside no_grad"
            )
        order = topological_order(self)
        leaves = []
        for node in order:
            if node._x is None:
                leaves.append(node)
            else:
                node.grad = 0.0
        # A datum that the user has set shows here, and computing costs nothing for it.
        if {node.data.__class__ for node in (self, *leaves)} != _FLOATS and (error := first_that_is_no_float(order)):
            raise error
        before = [leaf.grad for leaf in leaves]
        order.reverse()
        trouble: Exception | None = None
        try:
            if self._x is None:
                self.grad += seed
            else:
                self.grad = seed
            for node in order:
                adjoint = node.grad
                x = node._x
                # No adjoint, nothing to hand on: ∞ · 0 would make a NaN of it.
                if x is None or not adjoint:
                    continue
                y = node._y
                if y is not None:
                    x.grad += adjoint * node._dx
                    y.grad += adjoint * node._dy
                elif x.__class__ is tuple:
                    for parent, partial in zip(x, node._dx):  # noqa: B905  # made of equal length; strict costs
                        parent.grad += adjoint * partial
                else:
                    x.grad += adjoint * node._dx
            # An infinity or NaN anywhere reaches a leaf, so the leaves tell whether to look closer.
            if not all(map(math.isfinite, [leaf.grad for leaf in leaves])):
                trouble = _first_missing(order)
        except (TypeError, ValueError, OverflowError) as error:
            trouble = _first_that_is_no_number(order, leaves, before) or error
        if trouble:
            for leaf, grad in zip(leaves, before, strict=True):
                leaf.grad = grad
            try:
                raise trouble
            finally:
                del trouble  # it holds this frame, which would hold it

    # ---- Operators, made from the table (below) ----

    if TYPE_CHECKING:

        def __add__(self, other: Number) -> Value: ...
        def __radd__(self, other: Number) -> Value: ...
        def __sub__(self, other: Number) -> Value: ...
        def __rsub__(self, other: Number) -> Value: ...
        def __mul__(self, other: Number) -> Value: ...
        def __rmul__(self, other: Number) -> Value: ...
        def __truediv__(self, other: Number) -> Value: ...
        def __rtruediv__(self, other: Number) -> Value: ...
        def __neg__(self) -> Value: ...
        def __abs__(self) -> Value: ...
        def exp(self) -> Value: ...
        def exp2(self) -> Value: ...
        def expm1(self) -> Value: ...
        def log(self) -> Value: ...
        def log2(self) -> Value: ...
        def log10(self) -> Value: ...
        def log1p(self) -> Value: ...
        def sqrt(self) -> Value: ...
        def cbrt(self) -> Value: ...
        def semicircle(self) -> Value: ...
        def sin(self) -> Value: ...
        def cos(self) -> Value: ...
        def tan(self) -> Value: ...
        def asin(self) -> Value: ...
        def acos(self) -> Value: ...
        def atan(self) -> Value: ...
        def atan_slope(self) -> Value: ...
        def sinh(self) -> Value: ...
        def cosh(self) -> Value: ...
        def tanh(self) -> Value: ...
        def asinh(self) -> Value: ...
        def acosh(self) -> Value: ...
        def atanh(self) -> Value: ...
        def erf(self) -> Value: ...
        def sigmoid(self) -> Value: ...
        def sigmoid_slope(self) -> Value: ...
        def tanh_slope(self) -> Value: ...
        def softplus(self) -> Value: ...
        def abs(self) -> Value: ...
        def sign(self) -> Value: ...
        def step(self) -> Value: ...
        def relu(self) -> Value: ...
        def leaky_relu(self) -> Value: ...
        def neg(self) -> Value: ...
        def hypot(self, other: Number) -> Value: ...
        def arcsin(self) -> Value: ...
        def arccos(self) -> Value: ...
        def arctan(self) -> Value: ...
        def arctan2(self, other: Number) -> Value: ...
        def arcsinh(self) -> Value: ...
        def arccosh(self) -> Value: ...
        def arctanh(self) -> Value: ...

    def __pow__(self, exponent: Number) -> Value:
        try:
            if isinstance(exponent, Value):
                return Value.apply(primitives.pow, self, exponent)
            n = _constant(exponent)
            return NotImplemented if n is NotImplemented else Value.apply(power(_plain(n)), self)
        except _RAISED_BY_FLOATS as error:
            error.__traceback__ = None
            raise

    def __rpow__(self, base: Number) -> Value:
        try:
            b = _constant(base)
            return NotImplemented if b is NotImplemented else Value.apply(exponential(_plain(b)), self)
        except _RAISED_BY_FLOATS as error:
            error.__traceback__ = None
            raise

    def __pos__(self) -> Value:
        return self

    @staticmethod
    def apply(op: Primitive, *operands: Number) -> Value:
        """Apply a primitive to Values and numbers, and record it."""
        nodes: Any = operands
        data = [v.data for v in nodes if v.__class__ is Value]
        if len(data) < len(nodes):
            nodes = tuple([v if v.__class__ is Value else Value(v) for v in nodes])
            data = [v.data for v in nodes]
        try:
            result = op.forward(*data)
            partials = op.rule(*data, result)
        except _RAISED_BY_FLOATS as error:
            rescued = _rescue(error, op, *nodes)
            if rescued is None:
                raise
            result, partials = rescued
        count = len(nodes)
        if partials.__class__ is not tuple:
            partials = (partials,)
        if len(partials) != count:
            raise refusal(
                f"the rule of {op.name} gave {len(partials)} local derivative(s) for {count} operand(s): "
                "it has to give one for each, as a tuple"
            )
        node: Value = _new(Value)
        node.data = result if result.__class__ is float else _datum(result)
        node.grad = 0.0
        node.label = None
        node.op = op
        node._y = None
        if count == 1:
            (node._x,), (node._dx,) = nodes, partials
        elif count == 2:
            node._x, node._y = nodes
            node._dx, node._dy = partials
        else:
            node._x, node._dx = nodes, partials
        return _observed(node) if modes.active else node

    @staticmethod
    def affine(weights: Sequence[Value], inputs: Sequence[Value], bias: Value | None = None) -> Value:
        """``autograd.affine`` on Values by the shortest way, which is where the time of a network goes.

        It records what the table's line says, bit for bit; a test holds it to that.
        """
        try:
            w = [v.data for v in weights]
            x = [v.data for v in inputs]
            z = -0.0
            for a, b in zip(w, x, strict=True):
                z += a * b
            if bias is None:
                parents, partials = (*weights, *inputs), (*x, *w)
            else:
                z += bias.data
                parents, partials = (*weights, *inputs, bias), (*x, *w, 1.0)
        except (AttributeError, TypeError, ValueError):
            parents, z = (), 0.0
        # Plain numbers among them, unequal lengths, a single product: the general way.
        if len(parents) < 3 or z.__class__ is not float:
            try:
                result: Value = primitives.affine(weights, inputs, bias)
            except _RAISED_BY_FLOATS as error:
                error.__traceback__ = None
                raise
            return result
        node: Value = _new(Value)
        node.data = z
        node.grad = 0.0
        node.label = None
        node.op = primitives.affine
        node._x = parents
        node._y = None
        node._dx = partials
        return _observed(node) if modes.active else node

    # ---- What a graph node is and is not ----

    def detach(self) -> Value:
        """A leaf with the same number and label: gradients stop here."""
        return Value(self.data, self.label)

    def __eq__(self, other: object) -> bool:
        if other.__class__ is Value:
            return self is other
        if isinstance(other, numbers.Number) or getattr(other, "shape", None) == ():
            raise TypeError(
                f"== between Values is identity, and {shown(self)} is not the number {shown(other)}: compare .data"
            )
        return NotImplemented  # Python, too, then compares identities; an array compares its elements

    __hash__ = object.__hash__

    def __lt__(self, other: Number) -> bool:
        return _compare(operator.lt, self, other)

    def __le__(self, other: Number) -> bool:
        return _compare(operator.le, self, other)

    def __gt__(self, other: Number) -> bool:
        return _compare(operator.gt, self, other)

    def __ge__(self, other: Number) -> bool:
        return _compare(operator.ge, self, other)

    def __bool__(self) -> bool:
        raise TypeError(
            f"a Value has no truth value ({shown(self)}): compare it, as in v > 0, or look at v.data; "
            "to choose between two expressions use where(condition, x, y)"
        )

    if not TYPE_CHECKING:  # it exists only to teach; a type checker should go on refusing math.sin(v)

        @ends_at_caller
        def __float__(self) -> NoReturn:
            _drop(self, float, "v.data for the number, and v.sin() or autograd.sin(v) instead of math.sin(v)")

        @ends_at_caller
        def __int__(self) -> NoReturn:
            _drop(self, int, "int(v.data)")

        @ends_at_caller
        def __round__(self, digits: int | None = None) -> NoReturn:
            _drop(self, round, "round(v.data, digits), or f'{v:.3f}' to print it")

    def __repr__(self) -> str:
        label = "" if self.label is None else f", label={self.label!r}"
        op = "" if self.op is None else f", op={self.op.name}"
        return f"Value({self.data!r}{label}{op}, grad={self.grad!r})"

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Leaves can be copied and pickled, and so can models, which hold leaves only."""
        if self._x is not None:
            raise TypeError(
                f"{self!r} is an interior node, and copying it would copy the graph below it: "
                "copy or pickle the leaves (a model's parameters), or v.detach()"
            )
        return _leaf, (self.data, self.label, self.grad)


Number: TypeAlias = "Value | float"

_new: Any = object.__new__  # a third of the cost of Value(...), which validates

# ---- When a leaf was made ------------------------------------------------------------------------------

_now = 0
_CUT: Any = object()  # in the place of a local derivative: no leaf, but a result under no_grad
_clock = allocate_lock()


def moment() -> int:
    """Now, later than whatever has been made so far: what tells a leaf that a function makes from one it looks up."""
    global _now
    with _clock:
        _now += 1
        return _now


def older_leaf(since: int, nodes: Iterable[Value]) -> bool:
    """Whether one of the leaves among ``nodes`` was made before the moment ``since``."""
    return any(node._dx < since for node in nodes if node._x is None)


def _datum(x: Any) -> Any:
    """What a node holds: a float, or what stands for one while a function is traced."""
    return x if x is UNSEEN else number(x)


def _leaf(data: float, label: str | None, grad: float) -> Value:
    leaf = Value(data, label)
    leaf.grad = grad
    return leaf


def _constant(other: Any) -> Any:
    """A number as a leaf; NotImplemented for what is no number, so that Python asks the other operand."""
    try:
        return Value(other)
    except TypeError:
        return NotImplemented


def _plain(constant: Value) -> float:
    """A constant as formulas print it: 2, not 2.0."""
    n = constant.data
    return int(n) if n.is_integer() and 0 < abs(n) < 1e15 else n


def _compare(relation: Callable[[Any, Any], bool], x: Value, y: Any) -> bool:
    if modes.active and modes.is_tracing():
        raise refusal(
            "a comparison of Values while their function is being traced: a program has "
            "no branches, so the one taken now would be taken for every input. Write where(step(x - y), a, b) to "
            "choose between two expressions, or maximum, minimum, relu, sign, step, not_less"
        )
    other = y.data if isinstance(y, Value) else y
    return bool(relation(x.data, other)) if isinstance(other, numbers.Real) else NotImplemented


def _drop(x: Value, convert: Callable[[float], float], instead: str) -> NoReturn:
    """Refuse to make a plain number of a Value without saying so."""
    if x.data is UNSEEN:
        convert(x.data)  # refuses in its own words
    raise refusal(f"{convert.__name__}({shown(x)}) would silently drop its gradient: use {instead}")


# ---- When floats raise -----------------------------------------------------------------------------


def _rescue(error: Exception, op: Primitive, *nodes: Any) -> tuple[float, Any] | None:
    """After ``error``: the result and the local derivatives by IEEE 754, if there is a result.

    Otherwise None, and ``error`` has been made to name the operation; the caller re-raises it.
    """
    data = [node.data for node in nodes]
    if any(x is UNSEEN for x in data):  # the program will know
        return UNSEEN, (UNSEEN,) * len(data) if len(data) > 1 else UNSEEN
    try:
        result = op.forward(*data)
        partials = limits(op, *data)
    except _RAISED_BY_FLOATS:
        refuse(error, op.applied, nodes, op.domain)
        return None
    return result, partials if len(partials) > 1 else partials[0]


def missing_derivative(node: Value, parent: Value, partial: float) -> Exception | None:
    """The error for an edge whose local derivative does not exist, although the value at it does."""
    op, operands = node.op, node.parents
    data = [operand.data for operand in operands]
    known = [x for x in (node.data, *data) if x is not UNSEEN]
    if op is None or math.isfinite(partial) or len(known) <= len(data) or not all(map(math.isfinite, known)):
        return None
    kind: type[Exception] = OverflowError
    if op.name == "unknown_slope" and callable(op.origin[0]):  # of a transform: it carries its own error
        _, kind, _ = op.origin
        return complete(kind(op.domain))
    try:
        op.partials(*data, node.data)
    except (ArithmeticError, ValueError) as error:
        kind = type(error)
    applied = op.applied([shown(operand) for operand in operands[:8]])
    where = op.domain if callable(op.origin[0]) else f"{op.name}: {op.domain}"
    return complete(
        kind(
            f"the gradient needs the derivative of {applied} with respect to {shown(parent)}, "
            f"which is {partial}" + (f" ({where})" if op.domain else "")
        )
    )


def no_number(node: Value, partial: object) -> Exception:
    """The error for a local derivative that a rule gives and that is no number."""
    name = node.op.name if node.op else ""
    return refusal(f"the rule of {name} gave {shown(partial)} for a local derivative: it has to give numbers")


def _first_that_is_no_number(order: list[Value], leaves: list[Value], before: list[float]) -> Exception | None:
    """A local derivative by a user's rule, or a gradient that the user has set."""
    for leaf, grad in zip(leaves, before, strict=True):
        try:
            number(grad)
        except (TypeError, OverflowError):
            return refusal(f"the grad of {shown(leaf)} is {shown(grad)}, and backward adds to it: set it to 0.0")
    for node in order:
        for partial in node.partials:
            try:
                number(partial)
            except (TypeError, OverflowError):
                return no_number(node, partial)
    return None


def first_that_is_no_float(order: list[Value]) -> Exception | None:
    """The first node whose ``data`` the user has set to what floats do not turn into; whole numbers do."""
    for node in order:
        if not isinstance(node.data, (float, int)) and node.data is not UNSEEN:
            name, kind = "a leaf" if node.label is None else str(node.label)[:40], type(node.data).__name__
            return refusal(f"the data of {name} is {shown(node.data)} ({kind}), no float: set it to float(...)")
    return None


def _first_missing(order: list[Value]) -> Exception | None:
    """The first edge, seen from the root, over which an adjoint met a derivative that does not exist."""
    for node in order:
        if node.grad:
            for parent, partial in zip(node.parents, node.partials, strict=True):
                if error := missing_derivative(node, parent, partial):
                    return error
    return None


def _observed(node: Value) -> Value:
    """``node`` as the modes of this thread want it: cut off from its operands, or with its source line."""
    if not modes.recording():
        node.op = node._x = node._y = None
        node._dx, node._dy = _now, _CUT
    else:
        modes.note(node)
    return node


# ---- Methods made from the table -----------------------------------------------------------------------
# One frame a call, the forward function and the rule bound once: a generic apply costs twice as much.


def _unary(op: Primitive) -> Callable[[Value], Value]:
    forward, rule, active = op.forward, op.rule, modes.active

    def method(self: Value) -> Value:
        x = self.data
        try:
            z = forward(x)
            dx = rule(x, z)
        except _RAISED_BY_FLOATS as error:
            rescued = _rescue(error, op, self)
            if rescued is None:
                raise
            z, dx = rescued
        node: Value = _new(Value)
        node.data = z
        node.grad = 0.0
        node.label = None
        node.op = op
        node._x = self
        node._y = None
        node._dx = dx
        return _observed(node) if active else node

    method.__name__ = op.name
    method.__qualname__ = f"Value.{op.name}"  # where a pickle, such as a model's, finds it again
    return method


def _binary(op: Primitive) -> tuple[Callable[[Value, Any], Value], Callable[[Value, Any], Value]]:
    """The pair __op__, __rop__."""
    forward, rule, active = op.forward, op.rule, modes.active

    def method(self: Value, other: Any) -> Any:
        if other.__class__ is not Value:
            try:
                other = _constant(other)
            except OverflowError as error:
                error.__traceback__ = None
                raise
            if other is NotImplemented:
                return NotImplemented
        x = self.data
        y = other.data
        try:
            z = forward(x, y)
            dx, dy = rule(x, y, z)
        except _RAISED_BY_FLOATS as error:
            rescued = _rescue(error, op, self, other)
            if rescued is None:
                raise
            z, (dx, dy) = rescued
        node: Value = _new(Value)
        node.data = z
        node.grad = 0.0
        node.label = None
        node.op = op
        node._x = self
        node._y = other
        node._dx = dx
        node._dy = dy
        return _observed(node) if active else node

    def reflected(self: Value, other: Any) -> Any:
        try:
            left = _constant(other)
            return NotImplemented if left is NotImplemented else method(left, self)
        except _RAISED_BY_FLOATS as error:
            error.__traceback__ = None
            raise

    method.__name__ = method.__qualname__ = reflected.__name__ = op.name
    return method, reflected


def _method_of_two(op: Primitive) -> Callable[[Value, Any], Value]:
    """``x.hypot(y)``: unlike an operator it has nobody to pass an unsuitable operand on to."""

    @ends_at_caller
    def method(self: Value, other: Any) -> Any:
        return op(self, other)

    method.__name__ = method.__qualname__ = op.name
    return method


# NumPy asks an object array's elements for methods by its own names: np.arcsin(v) calls v.arcsin().
_NUMPY_NAMES = {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "hypot": "hypot",
}

for _dunder in ("add", "sub", "mul", "truediv"):
    _method, _reflected = _binary(PRIMITIVES[_dunder.removeprefix("true")])
    setattr(Value, f"__{_dunder}__", _method)
    setattr(Value, f"__r{_dunder}__", _reflected)
for _name, _op in PRIMITIVES.items():
    if _op.arity == 1:
        setattr(Value, _name, _unary(_op))
for _name, _alias in _NUMPY_NAMES.items():
    _op = PRIMITIVES[_name]
    setattr(Value, _alias, _unary(_op) if _op.arity == 1 else _method_of_two(_op))
Value.__neg__ = _unary(PRIMITIVES["neg"])  # type: ignore[method-assign]
Value.__abs__ = _unary(PRIMITIVES["abs"])  # type: ignore[method-assign]
