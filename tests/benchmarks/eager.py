"""The eager engine against micrograd, and against itself at other sizes.

Op for op means the very same source runs on both: sums of products written out, one node an operation.
"""

from __future__ import annotations

import gc
import itertools
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

from .harness import Command, Row, at_least, at_most, benchmark, contend, seconds

# Python 3.13's collector is cheaper for micrograd's cyclic graphs.
RECENT = sys.version_info >= (3, 13)


def network(value: Any, sizes: list[int]) -> list[list[tuple[list[Any], Any]]]:
    """Layers of neurons, each its weights and its bias; drawn by seed, so that every engine gets the same."""
    draw = random.Random(1)
    return [
        [([value(draw.uniform(-1, 1)) for _ in range(inputs)], value(0.0)) for _ in range(units)]
        for inputs, units in itertools.pairwise(sizes)
    ]


def points(count: int, width: int) -> tuple[list[list[float]], list[float]]:
    draw = random.Random(2)
    return [[draw.uniform(-1, 1) for _ in range(width)] for _ in range(count)], [
        draw.choice([-1.0, 1.0]) for _ in range(count)
    ]


def squared_error(layers: Any, rows: Any, targets: list[float]) -> Any:
    """Σ (ŷ - y)² of a network with ReLU between its layers, one node an operation in either engine."""
    loss: Any = 0.0
    for row, target in zip(rows, targets, strict=True):
        outputs = row
        for layer in layers:
            outputs = [sum((w * x for w, x in zip(weights, outputs, strict=True)), bias) for weights, bias in layer]
            if layer is not layers[-1]:
                outputs = [z.relu() for z in outputs]
        error = outputs[0] + -target
        loss = loss + error * error
    return loss


def step_of(value: Any, count: int, collector: bool, repeats: int) -> tuple[float, list[float]]:
    """One forward and backward pass, the graph's deletion included: the time, and the loss and gradient."""
    sys.setrecursionlimit(1_000_000)  # micrograd's walk is recursive
    if not collector:
        gc.disable()
    layers = network(value, [2, 16, 16, 1])
    parameters = [p for layer in layers for weights, bias in layer for p in (*weights, bias)]
    rows, targets = points(count, 2)
    inputs = [[value(x) for x in row] for row in rows]
    results: list[float] = []

    def step() -> None:
        for p in parameters:
            p.grad = 0.0
        loss = squared_error(layers, inputs, targets)
        loss.backward()
        results[:] = [loss.data, *(p.grad for p in parameters)]

    return seconds(step, repeats), results


def autograd_step(*arguments: Any) -> tuple[float, list[float]]:
    from autograd import Value

    return step_of(Value, *arguments)


def micrograd_step(*arguments: Any) -> tuple[float, list[float]]:
    from micrograd.engine import Value

    return step_of(Value, *arguments)


@benchmark("op-for-op", needs=["micrograd"])
def op_for_op(small: bool) -> Iterator[Row]:
    """The same network, node for node, in both engines: MLP 2-16-16-1, ReLU, 100 points."""
    size, repeats, rounds = (5, 1, 1) if small else (100, 9, 5)
    for collector in (True, False):
        median = contend(
            {"autograd": autograd_step, "micrograd": micrograd_step}, size, collector, repeats, rounds=rounds
        )
        yield Row(
            f"op for op, collector {'on' if collector else 'off'}",
            median["micrograd"] / median["autograd"],
            "× micrograd",
            at_least(4.5 if RECENT else 8) if collector else None,
            median,
        )


# ---- A training step of each library's own network -----------------------------------------------------

RATE = 1e-4


def trained(model: Any, gradients: Callable[[Any, Any], None], count: int, collector: bool, repeats: int) -> Any:
    """Seconds of a step of gradient descent over all points, and the parameters after the last."""
    if not collector:
        gc.disable()
    draw = random.Random(3)
    for p in model.parameters():
        p.data = draw.uniform(-1, 1)
    rows, targets = points(count, 2)

    def step() -> None:
        model.zero_grad()
        gradients(rows, targets)
        for p in model.parameters():
            p.data -= RATE * p.grad

    return seconds(step, repeats), [p.data for p in model.parameters()]


def nn_step(*arguments: Any) -> Any:
    from autograd import total
    from nn import MLP, squared_error

    model = MLP([2, 16, 16, 1], activation="relu")

    def gradients(rows: Any, targets: Any) -> None:
        total([squared_error(model(row), y) for row, y in zip(rows, targets, strict=True)]).backward()

    return trained(model, gradients, *arguments)


def micrograd_nn_step(*arguments: Any) -> Any:
    from micrograd.nn import MLP

    sys.setrecursionlimit(1_000_000)
    model = MLP(2, [16, 16, 1])

    def gradients(rows: Any, targets: Any) -> None:
        sum((model(row) - y) ** 2 for row, y in zip(rows, targets, strict=True)).backward()

    return trained(model, gradients, *arguments)


@benchmark("training-step", needs=["micrograd"])
def training_step(small: bool) -> Iterator[Row]:
    """nn.MLP against micrograd's own MLP: 2-16-16-1, ReLU, one step over 100 points."""
    size, repeats, rounds = (5, 1, 1) if small else (100, 9, 5)
    for collector in (True, False):
        median = contend({"nn": nn_step, "micrograd": micrograd_nn_step}, size, collector, repeats, rounds=rounds)
        yield Row(
            f"training step, collector {'on' if collector else 'off'}",
            median["micrograd"] / median["nn"],
            "× micrograd",
            at_least(25 if RECENT else 45) if collector else None,
            median,
        )


# ---- Memory ------------------------------------------------------------------------------------------


def memory_of(value: Any, operands: str, count: int) -> float:
    """Bytes a node of the network's graph, after the backward pass."""
    import tracemalloc

    sys.setrecursionlimit(1_000_000)
    layers = network(value, [2, 16, 16, 1])
    rows, targets = points(count, 2)
    inputs = [[value(x) for x in row] for row in rows]
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    loss = squared_error(layers, inputs, targets)
    loss.backward()
    gc.collect()
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    old = {id(p) for layer in layers for weights, bias in layer for p in (*weights, bias)} | {
        id(x) for row in inputs for x in row
    }
    seen, stack = set(old), [loss]
    while stack:
        node = stack.pop()
        if id(node) not in seen:
            seen.add(id(node))
            stack.extend(getattr(node, operands))
    return used / (len(seen) - len(old))


def autograd_memory(count: int) -> float:
    from autograd import Value

    return memory_of(Value, "parents", count)


def micrograd_memory(count: int) -> float:
    from micrograd.engine import Value

    return memory_of(Value, "_prev", count)


@benchmark("memory", needs=["micrograd"])
def memory(small: bool) -> Iterator[Row]:
    """Bytes a node, of the same graph."""
    median = contend({"autograd": autograd_memory, "micrograd": micrograd_memory}, 3 if small else 30, rounds=1)
    yield Row("memory", median["autograd"], "B a node", at_most(260), median, "B")


# ---- Scale -------------------------------------------------------------------------------------------


def chain(length: int, nodes: int) -> float:
    """Seconds a node for ``y = y + x``: forward, backward and deletion, ``nodes`` nodes in all."""
    from autograd import Value

    def run() -> None:
        for _ in range(max(1, nodes // length)):
            x = y = Value(1.0)
            for _ in range(length):
                y = y + x
            y.backward()
            assert x.grad == length + 1.0

    return seconds(run, 3) / (max(1, nodes // length) * length)


def chain_1_000(nodes: int) -> float:
    return chain(1_000, nodes)


def chain_10_000(nodes: int) -> float:
    return chain(10_000, nodes)


def chain_100_000(nodes: int) -> float:
    return chain(100_000, nodes)


def chain_1_000_000(nodes: int) -> float:
    return chain(1_000_000, nodes)


@benchmark("scale")
def scale(small: bool) -> Iterator[Row]:
    """Time a node from a thousand to a million nodes."""
    lengths = {"1000": chain_1_000, "10⁴": chain_10_000, "10⁵": chain_100_000, "10⁶": chain_1_000_000}
    if small:
        del lengths["10⁵"], lengths["10⁶"]
    median = contend(lengths, 10_000 if small else 1_000_000, rounds=1 if small else 3)
    for label in list(median)[1:]:
        part = {"1000": median["1000"], label: median[label]}
        yield Row(f"a node of {label}", median[label] / median["1000"], "× of 1000", at_most(3), part)


# ---- Import ------------------------------------------------------------------------------------------


@benchmark("import")
def import_time(small: bool) -> Iterator[Row]:
    """What ``import autograd`` adds to starting Python."""
    bare = Command([sys.executable, "-c", "pass"], wall=True)
    ours = Command([sys.executable, "-c", "import autograd"], wall=True)
    median = contend({"bare Python": bare, "import autograd": ours}, rounds=1 if small else 25)
    yield Row("import", 1e3 * (median["import autograd"] - median["bare Python"]), "ms", at_most(40), median)
