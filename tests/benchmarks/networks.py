"""The same small networks, trained on the same points, by everyone: contenders of the benchmarks in compiled.py.

Sigmoid hidden layers, a linear output, the squared error, double precision, one thread.  Every contender is given
(sizes, points, repeats) and returns the seconds of one pass over the points and what it computed:
after ``descent`` the parameters after one epoch of stochastic gradient descent, one point an update; of
``gradient`` the sum of the losses and its gradient.  Parameters lie unit by unit: its weights, then its bias.
"""

from __future__ import annotations

import ctypes
import importlib.util
import itertools
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .harness import seconds

RATE = 0.05
Answer = tuple[float, list[float]]


def problem(sizes: list[int], points: int) -> tuple[list[float], list[list[float]], list[float]]:
    """Parameters, rows, targets."""
    draw = random.Random(0)
    count = sum((i + 1) * o for i, o in itertools.pairwise(sizes))
    scale = sizes[1] ** -0.5
    parameters = [draw.uniform(-scale, scale) for _ in range(count)]
    rows = [[draw.uniform(-1, 1) for _ in range(sizes[0])] for _ in range(points)]
    return parameters, rows, [sum(row) / len(row) for row in rows]


def units(sizes: list[int], parameters: Any) -> list[list[tuple[Any, Any]]]:
    """The parameters as layers of (weights, bias)."""
    place, layers = 0, []
    for inputs, outputs in itertools.pairwise(sizes):
        layer = []
        for _ in range(outputs):
            layer.append((parameters[place : place + inputs], parameters[place + inputs]))
            place += inputs + 1
        layers.append(layer)
    return layers


def matrices(sizes: list[int], parameters: list[float]) -> list[tuple[Any, Any]]:
    """The parameters as NumPy matrices (a column a unit) and biases."""
    import numpy as np

    return [
        (np.array([w for w, _ in layer]).T.copy(), np.array([b for _, b in layer]))
        for layer in units(sizes, parameters)
    ]


def flat(matrices: Any) -> list[float]:
    """Matrices and biases, of any library, in the order of the units again."""
    import numpy as np

    return [
        float(x)
        for w, b in matrices
        for column, bias in zip(np.asarray(w).T, np.asarray(b), strict=True)
        for x in (*column, bias)
    ]


# ---- This library ------------------------------------------------------------------------------------


def autograd_loss(sizes: list[int]) -> Callable[..., Any]:
    from autograd import affine, sigmoid

    def loss(parameters: Any, row: Any, target: Any) -> Any:
        *hidden, last = units(sizes, parameters)
        for layer in hidden:
            row = [sigmoid(affine(w, row, b)) for w, b in layer]
        ((w, b),) = last
        error = affine(w, row, b) - target
        return error * error

    return loss


def autograd_descent(sizes: list[int], points: int, repeats: int) -> Answer:
    import numpy as np

    from autograd import compile, grad

    slope = grad(autograd_loss(sizes), argnums=0)

    def step(parameters: Any, row: Any, target: Any) -> Any:
        return [p - RATE * g for p, g in zip(parameters, slope(parameters, row, target), strict=True)]

    parameters, rows, targets = problem(sizes, points)
    data = np.array(rows), np.array(targets)
    epoch = compile(step, precise=False)
    answer = epoch.fold(parameters, *data)
    epochs = 20
    return seconds(lambda: epoch.fold(parameters, *data, times=epochs), min(repeats, 100)) / epochs, answer


def autograd_gradient(sizes: list[int], points: int, repeats: int) -> Answer:
    import numpy as np

    from autograd import compile, value_and_grad

    parameters, rows, targets = problem(sizes, points)
    both = compile(value_and_grad(autograd_loss(sizes), argnums=0), precise=False)
    # Column after column: every contender may lay the rows out as suits it.
    total = both.summed_over(parameters, np.asfortranarray(rows), np.array(targets))
    value, gradient = total(parameters)
    return seconds(lambda: total(parameters), repeats), [value, *gradient]


def cost_of_gradient(sizes: list[int], points: int, repeats: int) -> float:
    return autograd_gradient(sizes, points, repeats)[0]


def cost_of_value(sizes: list[int], points: int, repeats: int) -> float:
    return autograd_value(sizes, points, repeats)[0]


def autograd_value(sizes: list[int], points: int, repeats: int) -> Answer:
    import numpy as np

    from autograd import compile

    parameters, rows, targets = problem(sizes, points)
    total = compile(autograd_loss(sizes), precise=False).summed_over(
        parameters, np.asfortranarray(rows), np.array(targets)
    )
    return seconds(lambda: total(parameters), repeats), [total(parameters)]


# ---- C -------------------------------------------------------------------------------------------------


def built(source: Path, defined: dict[str, int]) -> Any:
    """A file of C, compiled with these constants and loaded."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "built.so"
        flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
        constants = [f"-D{name}={value}" for name, value in defined.items()]
        compiler = shutil.which("gcc") or "cc"
        subprocess.run([compiler, *flags, *constants, str(source), "-o", str(library), "-lm"], check=True)
        return ctypes.CDLL(str(library))


def _hand_written(sizes: list[int]) -> Any:
    inputs, first, *second = sizes[:-1]
    constants = {"I": inputs, "H": first, "K": second[0] if second else 0}
    loaded = built(Path(__file__).with_name("hand_written.c"), constants)
    pointer = ctypes.c_void_p
    loaded.descend.argtypes = [pointer, pointer, pointer, ctypes.c_int64, ctypes.c_double]
    loaded.gradient.argtypes = [pointer, pointer, pointer, ctypes.c_int64, pointer]
    loaded.descend.restype = loaded.gradient.restype = ctypes.c_double
    return loaded


def c_descent(sizes: list[int], points: int, repeats: int) -> Answer:
    import numpy as np

    library = _hand_written(sizes)
    parameters, rows, targets = map(np.array, problem(sizes, points))
    data = rows.ctypes.data, targets.ctypes.data, points, RATE
    answer = parameters.copy()
    library.descend(answer.ctypes.data, *data)
    epochs = 20

    def run() -> None:
        for _ in range(epochs):
            library.descend(parameters.ctypes.data, *data)

    return seconds(run, min(repeats, 100)) / epochs, answer.tolist()


def c_gradient(sizes: list[int], points: int, repeats: int) -> Answer:
    import numpy as np

    library = _hand_written(sizes)
    parameters, rows, targets = map(np.array, problem(sizes, points))
    out = np.zeros_like(parameters)
    given = parameters.ctypes.data, rows.ctypes.data, targets.ctypes.data, points, out.ctypes.data
    value = library.gradient(*given)
    return seconds(lambda: library.gradient(*given), repeats), [value, *out.tolist()]


# ---- JAX -----------------------------------------------------------------------------------------------


def jax_on_one_thread() -> Any:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax


def _jax_loss(jax: Any) -> Callable[..., Any]:
    def loss(layers: Any, rows: Any, targets: Any) -> Any:
        for w, b in layers[:-1]:
            rows = jax.nn.sigmoid(rows @ w + b)
        w, b = layers[-1]
        return jax.numpy.sum(((rows @ w + b)[..., 0] - targets) ** 2)

    return loss


def jax_descent(sizes: list[int], points: int, repeats: int) -> Answer:
    jax = jax_on_one_thread()
    slope = jax.grad(_jax_loss(jax))

    @jax.jit
    def epoch(layers: Any, rows: Any, targets: Any) -> Any:
        def step(layers: Any, point: Any) -> Any:
            return jax.tree.map(lambda p, g: p - RATE * g, layers, slope(layers, *point)), None

        return jax.lax.scan(step, layers, (rows, targets))[0]

    parameters, rows, targets = problem(sizes, points)
    given = matrices(sizes, parameters), jax.numpy.array(rows), jax.numpy.array(targets)
    answer = epoch(*given)
    return seconds(lambda: jax.block_until_ready(epoch(*given)), min(repeats, 30)), flat(answer)


def jax_gradient(sizes: list[int], points: int, repeats: int) -> Answer:
    jax = jax_on_one_thread()
    both = jax.jit(jax.value_and_grad(_jax_loss(jax)))
    parameters, rows, targets = problem(sizes, points)
    layers = jax.tree.map(jax.numpy.array, matrices(sizes, parameters))
    given = layers, jax.numpy.array(rows), jax.numpy.array(targets)
    value, gradient = both(*given)
    return seconds(lambda: jax.block_until_ready(both(*given)), repeats), [float(value), *flat(gradient)]


# ---- PyTorch -------------------------------------------------------------------------------------------


def _torch(sizes: list[int], points: int) -> Any:
    import torch

    torch.set_num_threads(1)
    parameters, rows, targets = problem(sizes, points)
    layers = [
        (torch.tensor(w, requires_grad=True), torch.tensor(b, requires_grad=True))
        for w, b in matrices(sizes, parameters)
    ]
    data = torch.tensor(rows, dtype=torch.float64), torch.tensor(targets, dtype=torch.float64)

    def loss(rows: Any, targets: Any) -> Any:
        for w, b in layers[:-1]:
            rows = torch.sigmoid(rows @ w + b)
        w, b = layers[-1]
        return (((rows @ w + b)[..., 0] - targets) ** 2).sum()

    return torch, layers, data, loss


def torch_descent(sizes: list[int], points: int, repeats: int) -> Answer:
    torch, layers, (rows, targets), loss = _torch(sizes, points)
    optimizer = torch.optim.SGD([p for layer in layers for p in layer], lr=RATE)
    answers: list[list[float]] = []

    def epoch() -> None:
        for i in range(points):
            optimizer.zero_grad()
            loss(rows[i], targets[i]).backward()
            optimizer.step()
        answers.append(flat([(w.detach(), b.detach()) for w, b in layers]))

    return seconds(epoch, min(repeats, 2)), answers[0]


def torch_gradient(sizes: list[int], points: int, repeats: int, compiled: bool = False) -> Answer:
    torch, layers, data, loss = _torch(sizes, points)
    if compiled:
        loss = torch.compile(loss)
    parameters = [p for layer in layers for p in layer]

    def both() -> Any:
        value = loss(*data)
        return value, torch.autograd.grad(value, parameters)

    value, gradient = both()
    return seconds(both, repeats), [float(value.detach()), *flat(zip(gradient[::2], gradient[1::2], strict=True))]


def torch_compiled_gradient(sizes: list[int], points: int, repeats: int) -> Answer:
    return torch_gradient(sizes, points, repeats, compiled=True)


# ---- CasADi, NumPy, micrograd ------------------------------------------------------------------------------


def casadi_descent(sizes: list[int], points: int, repeats: int) -> Answer:
    import casadi
    import numpy as np

    parameters, rows, targets = problem(sizes, points)
    p = casadi.SX.sym("p", len(parameters))
    x = casadi.SX.sym("x", sizes[0] + 1)
    *hidden, last = units(sizes, casadi.vertsplit(p))
    row: Any = casadi.vertsplit(x)[:-1]
    for layer in hidden:
        row = [1 / (1 + casadi.exp(-sum((a * c for a, c in zip(w, row, strict=True)), b))) for w, b in layer]
    ((w, b),) = last
    error = sum((a * c for a, c in zip(w, row, strict=True)), b) - x[sizes[0]]
    step = casadi.Function("step", [p, x], [p - RATE * casadi.gradient(error * error, p)])
    epoch = step.mapaccum("epoch", points)
    data = np.column_stack([np.array(rows), targets]).T
    answer = np.array(epoch(parameters, data))[:, -1]
    return seconds(lambda: epoch(parameters, data), min(repeats, 5)), answer.tolist()


def numpy_gradient(sizes: list[int], points: int, repeats: int) -> Answer:
    import numpy as np

    parameters, given, given_targets = problem(sizes, points)
    layers, rows, targets = matrices(sizes, parameters), np.array(given), np.array(given_targets)

    def both() -> Any:
        outputs = [rows]
        for w, b in layers[:-1]:
            outputs.append(1.0 / (1.0 + np.exp(-(outputs[-1] @ w + b))))
        w, b = layers[-1]
        error = (outputs[-1] @ w + b)[:, 0] - targets
        delta = 2.0 * error[:, None]
        gradient = []
        for i in range(len(layers) - 1, -1, -1):
            gradient.append((outputs[i].T @ delta, delta.sum(0)))
            if i:
                delta = (delta @ layers[i][0].T) * outputs[i] * (1.0 - outputs[i])
        return error @ error, gradient[::-1]

    value, gradient = both()
    return seconds(both, min(repeats, 30)), [float(value), *flat(gradient)]


def micrograd_gradient(sizes: list[int], points: int, repeats: int) -> Answer:
    """On a hundredth of the points, scaled up, since it takes long; with a sigmoid in its style, since it has none."""
    import math

    from micrograd.engine import Value

    def sigmoid(x: Any) -> Any:
        z = 1.0 / (1.0 + math.exp(-x.data))
        out = Value(z, (x,), "sigmoid")

        def backward() -> None:
            x.grad += z * (1.0 - z) * out.grad

        out._backward = backward
        return out

    parameters, rows, targets = problem(sizes, points)
    some = max(1, points // 100)
    nodes = [Value(p) for p in parameters]

    def both() -> None:
        *hidden, ((w, b),) = units(sizes, nodes)
        value = Value(0.0)
        for given, target in zip(rows[:some], targets[:some], strict=True):
            row: Any = given
            for layer in hidden:
                row = [sigmoid(sum((a * c for a, c in zip(u, row, strict=True)), v)) for u, v in layer]
            error = sum((a * c for a, c in zip(w, row, strict=True)), b) - target
            value = value + error * error
        value.backward()

    return seconds(both, 1) * points / some, []


def installed(contenders: dict[str, tuple[Callable[..., Any], list[str]]]) -> tuple[dict[str, Any], list[str]]:
    """The contenders whose packages are installed, and the names of the others."""
    here, absent = {}, []
    for label, (contender, needs) in contenders.items():
        present = all(shutil.which(n) if n in ("gcc", "g++") else importlib.util.find_spec(n) for n in needs)
        here.update({label: contender} if present else {})
        absent += [] if present else [label]
    return here, absent
