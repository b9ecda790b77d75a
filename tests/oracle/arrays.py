"""PyTorch and JAX in float64, as oracles: their own derivatives of the same graphs."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any


def _common(m: Any, lift: Callable[[Any], Any]) -> dict[str, Callable[..., Any]]:
    """What both libraries have under the same name, in module ``m``; ``lift`` makes an array of a float."""

    def stack(v: Sequence[Any]) -> Any:
        return m.stack([lift(x) for x in v])

    def affine(*v: Any) -> Any:
        n = len(v) // 2
        return sum((a * b for a, b in zip(v[:n], v[n : 2 * n], strict=True)), v[-1] if len(v) % 2 else 0.0)

    by_name = "exp exp2 expm1 log log2 log10 log1p sqrt sin cos tan sinh cosh tanh abs sign hypot maximum minimum"
    own: dict[str, Callable[..., Any]] = {name: getattr(m, name) for name in by_name.split()}
    own |= {"asin": m.arcsin, "acos": m.arccos, "atan": m.arctan, "atan2": m.arctan2}
    own |= {"asinh": m.arcsinh, "acosh": m.arccosh, "atanh": m.arctanh}
    table: dict[str, Callable[..., Any]] = {
        name: (lambda f: lambda *v: f(*map(lift, v)))(function) for name, function in own.items()
    }
    table |= {name: getattr(operator, name) for name in ("add", "sub", "mul", "neg", "pow")}
    table |= {f"in-place {name}": getattr(operator, name) for name in ("add", "sub", "mul", "pow")}
    return table | {
        "div": operator.truediv,
        "in-place div": operator.truediv,
        "identity": lambda x: x,
        "xlogy": lambda x, y: x * m.log(lift(y)),
        "cbrt": lambda x: m.sign(lift(x)) * m.abs(lift(x)) ** (1 / 3),
        "semicircle": lambda x: m.sqrt((1 - lift(x)) * (1 + x)),
        "sigmoid_slope": lambda x: 1 / (2 + m.exp(lift(x)) + m.exp(-lift(x))),
        "tanh_slope": lambda x: 1 / m.cosh(lift(x)) ** 2,
        "atan_slope": lambda x: 1 / (1 + x * x),
        "hypot_slope": lambda x, y: x / m.hypot(lift(x), lift(y)),
        "step": lambda x: m.where(lift(x) > 0, lift(1.0), lift(0.0)),
        "not_less": lambda x, y: m.where(lift(x) >= lift(y), lift(1.0), lift(0.0)),
        "where": lambda c, x, y: m.where(lift(c) != 0, lift(x), lift(y)),
        "affine": affine,
        "total": lambda *v: functools.reduce(operator.add, v),
        "logsumexp": lambda *v: m.logsumexp(stack(v), 0),
        "softmax": lambda *v: m.softmax(stack(v), 0)[0],
    }


class Torch:
    name = "PyTorch"

    def __init__(self) -> None:
        import torch

        torch.set_num_threads(1)
        self.torch = torch
        f = torch.nn.functional

        def lift(x: Any) -> Any:
            return x if isinstance(x, torch.Tensor) else torch.tensor(x, dtype=torch.float64)

        self.lift = lift
        self.algebra = _common(torch, lift) | {
            "erf": lambda x: torch.erf(lift(x)),
            "sigmoid": lambda x: torch.sigmoid(lift(x)),
            "softplus": lambda x: f.softplus(lift(x), threshold=1e3),
            "relu": lambda x: torch.relu(lift(x)),
            "leaky_relu": lambda x: f.leaky_relu(lift(x), 0.01),
        }

    def __call__(self, graph: Any, at: Sequence[float]) -> list[float]:
        """The value, the gradient and the Hessian, in one list."""
        derivative = functools.partial(self.torch.autograd.grad, allow_unused=True, materialize_grads=True)
        xs = [self.lift(x).requires_grad_() for x in at]
        value = self.lift(graph.run(self.algebra, xs))
        if not value.requires_grad:
            return [value.item()] + [0.0] * (len(xs) + len(xs) ** 2)
        first = derivative(value, xs, create_graph=True)
        rows = [derivative(g, xs, retain_graph=True) if g.requires_grad else [g * 0] * len(xs) for g in first]
        return [value.item(), *(g.item() for g in first), *(h.item() for row in rows for h in row)]


class Jax:
    name = "JAX"

    def __init__(self) -> None:
        import jax

        jax.config.update("jax_enable_x64", True)
        self.jax = jax
        m = jax.numpy
        lift = functools.partial(m.asarray, dtype=m.float64)
        special = jax.scipy.special

        class Names:
            """jax.numpy, and from elsewhere in JAX what PyTorch has at its top."""

            logsumexp, softmax = staticmethod(special.logsumexp), staticmethod(jax.nn.softmax)

            def __getattr__(self, name: str) -> Any:
                return getattr(m, name)

        self.algebra = _common(Names(), lift) | {
            "cbrt": lambda x: m.cbrt(lift(x)),
            "erf": lambda x: special.erf(lift(x)),
            "sigmoid": lambda x: jax.nn.sigmoid(lift(x)),
            "softplus": lambda x: m.logaddexp(lift(x), 0.0),
            "relu": lambda x: jax.nn.relu(lift(x)),
            "leaky_relu": lambda x: jax.nn.leaky_relu(lift(x), 0.01),
        }

    def __call__(self, graph: Any, at: Sequence[float]) -> list[float]:
        def f(v: Any) -> Any:
            return self.jax.numpy.asarray(graph.run(self.algebra, [v[i] for i in range(len(at))]), dtype=float)

        point = self.jax.numpy.array(at)
        with self.jax.disable_jit():
            value, first, second = f(point), self.jax.grad(f)(point), self.jax.jacrev(self.jax.grad(f))(point)
        return [float(value), *map(float, first), *(float(h) for row in second for h in row)]
