"""The library, as one more algebra for the graphs: every way of writing an operation, in turn."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from autograd import Value, affine, grad, jacobian, logsumexp, softmax, total, value_and_grad
from autograd.primitives import PRIMITIVES


def _affine(*v: Any) -> Any:
    n = len(v) // 2
    return affine(v[:n], v[n : 2 * n], v[-1] if len(v) % 2 else None)


def _any_spelling(name: str) -> Callable[..., Any]:
    """``sin(x)`` and ``x.sin()`` by turns."""
    turn = [0]

    def apply(*operands: Any) -> Any:
        turn[0] += 1
        first, *rest = operands
        method = getattr(first, name, None) if turn[0] % 2 and isinstance(first, Value) and not rest else None
        return method() if method else PRIMITIVES[name](*operands)

    return apply


ALGEBRA: dict[str, Callable[..., Any]] = {name: _any_spelling(name) for name, op in PRIMITIVES.items() if op.arity}
ALGEBRA |= {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "neg": operator.neg,
    "abs": abs,
    "in-place add": operator.iadd,
    "in-place sub": operator.isub,
    "in-place mul": operator.imul,
    "in-place div": operator.itruediv,
    "in-place pow": operator.ipow,
    "affine": _affine,
    "total": total,
    "logsumexp": lambda *v: logsumexp(v),
    "softmax": lambda *v: softmax(v)[0],
}


def by_backward(graph: Any, at: Sequence[float]) -> list[float]:
    """The value and the gradient, by ``backward``."""
    leaves = [Value(x) for x in at]
    root = graph.run(ALGEBRA, leaves)
    root.backward()
    return [root.data, *(leaf.grad for leaf in leaves)]


def _everything(graph: Any) -> Callable[..., list[Any]]:
    def f(v: Any) -> Any:
        return graph.run(ALGEBRA, v)

    def everything(v: Any) -> list[Any]:
        value, gradient = value_and_grad(f)(v)
        return [value, *gradient, *(h for row in jacobian(grad(f))(v) for h in row)]

    return everything


def by_transforms(graph: Any, at: Sequence[float]) -> list[float]:
    """The value, the gradient and the Hessian, by the transforms."""
    return _everything(graph)(list(at))


def compiled(backend: str) -> Callable[..., list[float]]:
    """The value, the gradient and the Hessian, by a compiled program."""
    from autograd import compile

    def by_program(graph: Any, at: Sequence[float]) -> list[float]:
        result: list[float] = compile(_everything(graph), backend=backend)(list(at))
        return result

    return by_program
