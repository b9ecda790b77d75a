"""Compiled code against hand-written C, JAX, PyTorch, CasADi, NumPy and micrograd; and against itself.

Contenders that are not installed are left out, and named on standard error.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from typing import Any

from . import functions as f
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
    "torch.compile": (n.torch_compiled_gradient, ["torch", "g++"]),
    "NumPy": (n.numpy_gradient, ["numpy"]),
    "micrograd": (n.micrograd_gradient, ["micrograd"]),
}
FUNCTION = {
    OURS: (f.autograd, ["llvmlite"]),
    "C": (f.c, ["gcc"]),
    "JAX jit": (f.jax, ["jax"]),
    "PyTorch": (f.torch, ["torch"]),
    "CasADi": (f.casadi, ["casadi"]),
    "NumPy": (f.numpy, ["numpy"]),
    "micrograd": (f.micrograd, ["micrograd"]),
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
    name = f"{what} {'-'.join(map(str, sizes))}"
    here = _installed(contenders, _too_slow(sizes, points, small))
    if OURS not in here:
        return
    goals = {label: goal for (row, label, size), goal in GOALS.items() if (row, size) == (name, batch)}
    # Short runs are repeated more often: a processor takes a while to come up to speed with wide vectors.
    repeats = 2 if small else 30 if sizes[0] > 4 else 500
    rounds = 1 if small else 5 if goals else 3 if points == POINTS else 2
    medians = contend(here, sizes, points, repeats, rounds=rounds)
    for label in here:
        if label != OURS:
            shown = {OURS: medians[OURS] / points, label: medians[label] / points}
            yield Row(f"{name}, {points} points", medians[label] / medians[OURS], f"× {label}", goals.get(label), shown)


def _too_slow(sizes: list[int], points: int, small: bool) -> set[str]:
    """Contenders that would take minutes: to build graphs of 10⁵ nodes and more, to compile again in every process."""
    slow = {"CasADi mapaccum", "micrograd"} if sizes[0] > 16 else set()
    return slow if points == POINTS and sizes[0] in (4, 16) and not small else slow | {"torch.compile"}


def _installed(contenders: Any, without: Collection[str] = ()) -> dict[str, Any]:
    here, absent = n.installed(contenders)
    for label in sorted(set(absent) - _named):
        print(f"  left out, since it is not installed: {label}", file=sys.stderr)
    _named.update(absent)
    return {label: contender for label, contender in here.items() if label not in without}


_named: set[str] = set()  # contenders whose absence has been told


@benchmark("descent", needs=["llvmlite", "numpy"])
def descent(small: bool) -> Iterator[Row]:
    """Stochastic gradient descent, one point an update, whole epochs; times are of one update."""
    for sizes in NETWORKS[:2] if small else NETWORKS:
        yield from _contest("descent", DESCENT, sizes, 20 if small else POINTS, 1, small)


@benchmark("gradient", needs=["llvmlite", "numpy"])
def gradient(small: bool) -> Iterator[Row]:
    """Value and gradient of a batch of 10, 100 and 1000 points; times are of one point."""
    for sizes in NETWORKS[:1] if small else NETWORKS:
        for points in (10,) if small else (10, 100, POINTS):
            yield from _contest("gradient", GRADIENT, sizes, points, points, small)


@benchmark("functions", needs=["llvmlite"])
def functions(small: bool) -> Iterator[Row]:
    """Value and gradient of functions that are no networks, called from Python; times are of one call."""
    for name in f.NAMES:
        for size in (4,) if small else (10, 100):
            here = _installed(FUNCTION)
            medians = contend(here, name, size, 1 if small else 100, rounds=1 if small else 3)
            for label in here:
                if label != OURS:
                    shown = {OURS: medians[OURS], label: medians[label]}
                    yield Row(f"{name} in {size} variables", medians[label] / medians[OURS], f"× {label}", None, shown)


@benchmark("cheap gradients", needs=["llvmlite", "numpy"])
def cheap_gradients(small: bool) -> Iterator[Row]:
    """Value and gradient together, in units of the value alone: Griewank's bound is 5."""
    rounds = 1 if small else 5
    for sizes in NETWORKS[:1] if small else NETWORKS:
        both = {"value and gradient": n.cost_of_gradient, "value": n.cost_of_value}
        medians = contend(both, sizes, 16 if small else 10 * POINTS, 2 if small else 30, rounds=rounds)
        yield _cost(f"network {'-'.join(map(str, sizes))}", medians, at_most(2.5))
    for name in f.NAMES:
        for size in (5,) if small else (10, 100):
            both = {"value and gradient": f.value_and_gradient, "value": f.value}
            medians = contend(both, name, size, 2 if small else 30, rounds=rounds)
            yield _cost(f"{name} in {size} variables", medians, at_most(5.0))


def _cost(name: str, medians: dict[str, float], goal: Goal) -> Row:
    return Row(name, medians["value and gradient"] / medians["value"], "× the value", goal, medians)


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
