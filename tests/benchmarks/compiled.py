"""Compiled code against hand-written C, JAX, PyTorch, CasADi, NumPy and micrograd; and against itself.

Contenders that are not installed are left out, and named on standard error.
"""

from __future__ import annotations

import itertools
import random
import sys
from collections.abc import Iterator
from typing import Any

from . import networks as n
from .harness import Goal, Row, at_least, at_most, benchmark, contend, seconds

OURS = "autograd"
NETWORKS = [[2, 2, 1], [4, 3, 2, 1], [4, 16, 16, 1], [16, 32, 32, 1], [32, 64, 64, 1]]
POINTS = 1000

DESCENT = {
    OURS: (n.autograd_descent, ["llvmlite", "numpy"]),
    "C": (n.c_descent, ["gcc", "numpy"]),
    "JAX scan": (n.jax_descent, ["jax"]),
    "CasADi mapaccum": (n.casadi_descent, ["casadi"]),
    "PyTorch": (n.torch_descent, ["torch"]),
}
GRADIENT = {
    OURS: (n.autograd_gradient, ["llvmlite", "numpy"]),
    "C": (n.c_gradient, ["gcc", "numpy"]),
    "JAX jit": (n.jax_gradient, ["jax"]),
    "PyTorch": (n.torch_gradient, ["torch"]),
    "NumPy": (n.numpy_gradient, ["numpy"]),
    "micrograd": (n.micrograd_gradient, ["micrograd"]),
}
GOALS: dict[tuple[str, str, int], Goal] = {
    ("descent 4-3-2-1", "C", 1): at_least(1.0),
    ("descent 4-3-2-1", "JAX scan", 1): at_least(10.0),
    ("descent 4-3-2-1", "CasADi mapaccum", 1): at_least(10.0),
    ("gradient 4-3-2-1", "JAX jit", POINTS): at_least(4.0),
    ("gradient 4-3-2-1", "PyTorch", POINTS): at_least(10.0),
    ("gradient 4-16-16-1", "JAX jit", POINTS): at_least(2.0),
    ("gradient 4-16-16-1", "PyTorch", POINTS): at_least(3.0),
    ("gradient 16-32-32-1", "JAX jit", POINTS): at_least(1.0),
    ("gradient 16-32-32-1", "PyTorch", POINTS): at_least(1.0),
}


def _contest(what: str, contenders: Any, sizes: list[int], points: int, batch: int, small: bool) -> Iterator[Row]:
    here, absent = n.installed(contenders)
    if absent:
        print(f"  not installed: {', '.join(absent)}", file=sys.stderr)
    if OURS not in here:
        return
    large = sizes[0] > 16
    here = {label: f for label, f in here.items() if not (large and label in ("CasADi mapaccum", "micrograd"))}
    # Short runs are repeated more often: a processor takes a while to come up to speed with wide vectors.
    repeats = 2 if small else 30 if sizes[0] > 4 else 500
    medians = contend(here, sizes, points, repeats, rounds=1 if small else 5)
    name = f"{what} {'-'.join(map(str, sizes))}"
    for label in here:
        if label != OURS:
            goal = GOALS.get((name, label, batch))
            shown = {OURS: medians[OURS] / points, label: medians[label] / points}
            yield Row(f"{name}, {points} points", medians[label] / medians[OURS], f"× {label}", goal, shown)


@benchmark("descent", needs=["llvmlite", "numpy"])
def descent(small: bool) -> Iterator[Row]:
    """Stochastic gradient descent, one point an update, whole epochs; times are of one update."""
    for sizes in NETWORKS[:2] if small else NETWORKS[:4]:
        yield from _contest("descent", DESCENT, sizes, 20 if small else POINTS, 1, small)


@benchmark("gradient", needs=["llvmlite", "numpy"])
def gradient(small: bool) -> Iterator[Row]:
    """Value and gradient of a batch of 10, 100 and 1000 points; times are of one point."""
    for sizes in NETWORKS[:1] if small else NETWORKS:
        for points in (10,) if small else (10, 100, POINTS):
            yield from _contest("gradient", GRADIENT, sizes, points, points, small)


# ---- The cheap-gradient principle ------------------------------------------------------------------------


def _speelpenning(x: Any) -> Any:
    product = x[0]
    for factor in x[1:]:
        product = product * factor
    return product


def _rosenbrock(x: Any) -> Any:
    from autograd import total

    return total([100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x)])


def _mixture(x: Any) -> Any:
    """The log-likelihood of a mixture of Gaussians, one mean a variable, at sixteen observations."""
    from autograd import logsumexp

    return sum(logsumexp([-((m - y / 4) ** 2) for m in x]) for y in range(16))


FUNCTIONS = {"speelpenning": _speelpenning, "rosenbrock": _rosenbrock, "mixture": _mixture}


def cost_of_function(name: str, size: int, derivative: bool, repeats: int) -> float:
    from autograd import compile, value_and_grad

    f = FUNCTIONS[name]
    compiled = compile(value_and_grad(f) if derivative else f)
    draw = random.Random(1)
    x = [draw.uniform(0.9, 1.1) for _ in range(size)]
    # In rows, so that the time is the machine code's and not that of a call.
    import numpy as np

    rows = np.array([x] * 4096)
    total = compiled.summed_over(rows)
    return seconds(total, repeats) / len(rows)


def function_value(name: str, size: int, repeats: int) -> float:
    return cost_of_function(name, size, False, repeats)


def function_gradient(name: str, size: int, repeats: int) -> float:
    return cost_of_function(name, size, True, repeats)


@benchmark("cheap gradients", needs=["llvmlite", "numpy"])
def cheap_gradients(small: bool) -> Iterator[Row]:
    """Value and gradient together, in units of the value alone: Griewank's bound is 5."""
    for sizes in NETWORKS[:1] if small else NETWORKS[1:4]:
        both = {"value and gradient": n.autograd_gradient, "value": n.autograd_value}
        # They answer different questions, so each is timed on its own; they still take turns.
        medians = _in_turns(both, sizes, 16 if small else POINTS, 2 if small else 30, rounds=1 if small else 5)
        name = "-".join(map(str, sizes))
        yield Row(
            f"network {name}", medians["value and gradient"] / medians["value"], "× the value", at_most(2.5), medians
        )
    for name in FUNCTIONS:
        size = 5 if small else 50
        functions = {"value and gradient": function_gradient, "value": function_value}
        medians = contend(functions, name, size, 2 if small else 30, rounds=1 if small else 5)
        figure = medians["value and gradient"] / medians["value"]
        yield Row(f"{name} in {size} variables", figure, "× the value", at_most(5.0), medians)


def _in_turns(contenders: Any, *arguments: Any, rounds: int) -> dict[str, float]:
    return {label: contend({label: f}, *arguments, rounds=rounds)[label] for label, f in contenders.items()}


# ---- Compiling and calling -----------------------------------------------------------------------------------


def compile_time(sizes: list[int]) -> list[Any]:
    """Trace and compile a network's gradient: seconds, and seconds an instruction."""
    import time

    import llvmlite.binding  # noqa: F401  # its import is not counted

    from autograd import compile, value_and_grad

    parameters, rows, targets = n.problem(sizes, 1)
    both = value_and_grad(n.autograd_loss(sizes), argnums=0)
    compile(lambda x: x * x)(1.0)  # LLVM's own start
    start = time.perf_counter()
    compiled = compile(both)
    compiled(parameters, rows[0], targets[0])
    elapsed = time.perf_counter() - start
    return [elapsed, [elapsed / compiled.program.statistics.instructions]]


def compiled_call(repeats: int) -> float:
    from autograd import compile, sin

    f = compile(lambda x: sin(x) * x)
    f(0.5)
    return seconds(lambda: [f(0.5) for _ in range(1000)], repeats) / 1000


def empty_call(repeats: int) -> float:
    """A C function that does nothing, through the same kind of binding."""
    import ctypes

    from autograd.compiler.llvm.engine import Machine

    machine = Machine("define double @empty(double %x) {\n  ret double %x\n}")
    f = ctypes.PYFUNCTYPE(ctypes.c_double, ctypes.c_double)(machine.address("empty"))
    return seconds(lambda: [f(0.5) for _ in range(1000)], repeats) / 1000


@benchmark("compiling", needs=["llvmlite"])
def compiling(small: bool) -> Iterator[Row]:
    """Trace and compile; call a compiled scalar function."""
    import statistics

    from .harness import _run

    rounds = 1 if small else 5
    for sizes, goal in ([[4, 3, 2, 1], at_most(100)], *([] if small else [([64, 128, 128, 1], None)])):
        runs = [_run("compile", compile_time, (sizes,)) for _ in range(rounds if sizes[0] < 64 else 1)]
        total = statistics.median(run[0] for run in runs)
        each = statistics.median(run[1][0] for run in runs)
        name = "-".join(map(str, sizes))
        yield Row(f"trace and compile {name}", total * 1e3, "ms", goal, {"whole": total})
        yield Row("the same, an instruction", each * 1e6, "µs", at_most(120) if goal is None else None, {"each": each})
    calls = contend({"compiled": compiled_call, "empty": empty_call}, 3 if small else 50, rounds=rounds)
    over = calls["compiled"] - calls["empty"]
    yield Row("a call, over an empty C function", max(over, 1e-9) * 1e6, "µs", at_most(1.0), calls)
