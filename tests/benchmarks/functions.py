"""Functions that are no networks, with their gradients, by everyone: contenders of the benchmarks in compiled.py.

Speelpenning's product of all variables, Rosenbrock's valley, and the log-likelihood of a mixture of Gaussians, one
mean a variable, at sixteen observations.  Every contender is given (name, number of variables, repeats) and returns
the seconds of one evaluation of value and gradient, called from Python, and what it computed.
"""

from __future__ import annotations

import ctypes
import itertools
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .harness import seconds
from .networks import Answer, built, jax_on_one_thread

NAMES = ("speelpenning", "rosenbrock", "mixture")
OBSERVATIONS = [y / 4 for y in range(16)]
CALLS = 100


def point(size: int) -> list[float]:
    draw = random.Random(1)
    return [draw.uniform(0.9, 1.1) for _ in range(size)]


def a_call(f: Callable[[Any], Any], x: Any, repeats: int) -> float:
    """Seconds of one call among many."""
    return seconds(lambda: [f(x) for _ in range(CALLS)], repeats) / CALLS


def scalar(name: str, exp: Any, log: Any, zero: Any = 0.0) -> Callable[[Any], Any]:
    """The function in terms of scalars, for libraries of scalars."""

    def speelpenning(x: Any) -> Any:
        product = x[0]
        for factor in x[1:]:
            product = product * factor
        return product

    def rosenbrock(x: Any) -> Any:
        return sum((100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x)), zero)

    def mixture(x: Any) -> Any:
        return sum((log(sum((exp(-((m - y) ** 2)) for m in x), zero)) for y in OBSERVATIONS), zero)

    return {"speelpenning": speelpenning, "rosenbrock": rosenbrock, "mixture": mixture}[name]


def array(name: str, prod: Any, logsumexp: Any, observations: Any) -> Callable[[Any], Any]:
    """The function in terms of arrays."""
    functions: dict[str, Callable[[Any], Any]] = {
        "speelpenning": prod,
        "rosenbrock": lambda x: (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum(),
        "mixture": lambda x: logsumexp(-((x - observations[:, None]) ** 2)).sum(),
    }
    return functions[name]


# ---- Contenders ------------------------------------------------------------------------------------------


def autograd_function(name: str) -> Callable[[Any], Any]:
    from autograd import logsumexp, total

    functions: dict[str, Callable[[Any], Any]] = {
        "speelpenning": scalar("speelpenning", None, None),
        "rosenbrock": lambda x: total([100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x)]),
        "mixture": lambda x: sum(logsumexp([-((m - y) ** 2) for m in x]) for y in OBSERVATIONS),
    }
    return functions[name]


def autograd(name: str, size: int, repeats: int) -> Answer:
    from autograd import compile, value_and_grad

    both = compile(value_and_grad(autograd_function(name)))
    x = point(size)
    value, gradient = both(x)
    return a_call(both, x, repeats), [value, *gradient]


def c(name: str, size: int, repeats: int) -> Answer:
    library = built(Path(__file__).with_name("functions.c"), {"N": size})
    f = getattr(library, name)
    f.restype, f.argtypes = ctypes.c_double, [ctypes.c_void_p, ctypes.c_void_p]
    x, gradient = (ctypes.c_double * size)(*point(size)), (ctypes.c_double * size)()
    value = f(ctypes.addressof(x), ctypes.addressof(gradient))
    given = ctypes.addressof(x), ctypes.addressof(gradient)
    return a_call(lambda _: f(*given), None, repeats), [value, *gradient]


def jax(name: str, size: int, repeats: int) -> Answer:
    library = jax_on_one_thread()
    numpy = library.numpy
    f = array(name, numpy.prod, lambda e: library.nn.logsumexp(e, axis=1), numpy.array(OBSERVATIONS))
    both = library.jit(library.value_and_grad(f))
    x = numpy.array(point(size))
    value, gradient = both(x)
    return a_call(lambda x: library.block_until_ready(both(x)), x, repeats), [float(value), *gradient.tolist()]


def torch(name: str, size: int, repeats: int) -> Answer:
    import torch as library

    library.set_num_threads(1)
    observations = library.tensor(OBSERVATIONS, dtype=library.float64)
    f = array(name, library.prod, lambda e: library.logsumexp(e, 1), observations)
    x = library.tensor(point(size), dtype=library.float64, requires_grad=True)

    def both(x: Any) -> Any:
        value = f(x)
        return value, *library.autograd.grad(value, [x])

    value, gradient = both(x)
    return a_call(both, x, min(repeats, 30)), [float(value.detach()), *gradient.tolist()]


def casadi(name: str, size: int, repeats: int) -> Answer:
    import casadi as library

    x = library.SX.sym("x", size)
    value = scalar(name, library.exp, library.log)(library.vertsplit(x))
    both = library.Function("both", [x], [value, library.gradient(value, x)])
    given = library.DM(point(size))
    result, gradient = both(given)
    answer = [float(result), *map(float, library.vertsplit(gradient))]
    return a_call(both, given, repeats), answer


def numpy(name: str, size: int, repeats: int) -> Answer:
    import numpy as np

    observations = np.array(OBSERVATIONS)[:, None]

    def speelpenning(x: Any) -> Any:
        value = x.prod()
        return value, value / x

    def rosenbrock(x: Any) -> Any:
        a, b = x[1:] - x[:-1] ** 2, 1 - x[:-1]
        gradient = np.zeros_like(x)
        gradient[:-1] = -400 * a * x[:-1] - 2 * b
        gradient[1:] += 200 * a
        return 100 * a @ a + b @ b, gradient

    def mixture(x: Any) -> Any:
        difference = x - observations
        e = -(difference**2)
        largest = e.max(1, keepdims=True)
        e = np.exp(e - largest)
        total = e.sum(1, keepdims=True)
        return (largest + np.log(total)).sum(), (-2 * difference * e / total).sum(0)

    both: Callable[[Any], Any] = {"speelpenning": speelpenning, "rosenbrock": rosenbrock, "mixture": mixture}[name]
    x = np.array(point(size))
    value, gradient = both(x)
    return a_call(both, x, repeats), [float(value), *gradient.tolist()]


def micrograd(name: str, size: int, repeats: int) -> Answer:
    """With an exponential and a logarithm in its style, since it has none."""
    from micrograd.engine import Value

    def unary(f: Callable[[float], float], slope: Callable[[float, float], float]) -> Callable[[Any], Any]:
        def applied(x: Any) -> Any:
            out = Value(f(x.data), (x,))

            def backward() -> None:
                x.grad += slope(x.data, out.data) * out.grad

            out._backward = backward
            return out

        return applied

    f = scalar(name, unary(math.exp, lambda x, z: z), unary(math.log, lambda x, z: 1 / x))

    def both(x: list[float]) -> Any:
        nodes = [Value(one) for one in x]
        value = f(nodes)
        value.backward()
        return value.data, [node.grad for node in nodes]

    value, gradient = both(point(size))
    return seconds(lambda: both(point(size)), min(repeats, 5)), [value, *gradient]


# ---- Value and gradient against the value alone ------------------------------------------------------------


def cost(name: str, size: int, derivative: bool, repeats: int) -> float:
    """Seconds of one evaluation among many rows, so that the time is the machine code's and not that of a call."""
    import numpy as np

    from autograd import compile, value_and_grad

    f = autograd_function(name)
    total = compile(value_and_grad(f) if derivative else f).summed_over(np.array([point(size)] * 4096))
    return seconds(total, repeats) / 4096


def value(name: str, size: int, repeats: int) -> float:
    return cost(name, size, False, repeats)


def value_and_gradient(name: str, size: int, repeats: int) -> float:
    return cost(name, size, True, repeats)
