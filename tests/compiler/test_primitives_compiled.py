"""Every primitive on every back end, at ordinary points and at all that is special: the eager engine's results."""

import itertools
import math

import pytest

import autograd
from autograd import Value, compile, grad, primitive, sigmoid, trace, value_and_grad
from autograd.primitives import PRIMITIVES, exponential, leaky, pow_log, power, softmax_at

from .back_ends import BACK_ENDS, outcome, same

inf, nan = math.inf, math.nan
POSITIVE = [
    *(0.0, 5e-324, 1e-320, 1e-300, 1e-9, 0.3, 0.6, 1.0, 1.7, 2.0, 3.0, 9.0, 22.0, 40.0, 709.9, 1e7, 1e155, 1e300),
    *(inf, nan),
]
POINTS = [-inf, -1e300, -710.0, -40.0, -2.5, -1.0, -0.6, -1e-9, -5e-324, -0.0, *POSITIVE]
FEWER = [-inf, -1e300, -2.5, -1.0, -0.0, 0.0, 1e-320, 1e-300, 0.6, 1.0, 2.0, 3.0, 1e300, inf, nan]
FEW = [-1e300, -1.5, -0.0, 0.0, 0.7, 2.0, inf, nan]

FAMILIES = [
    *map(power, (-3, -2, -1, -0.5, 0, 0.5, 1, 2, 2.5, 3, 4, 7)),
    *map(exponential, (-2.0, 0.0, 0.5, 2.0, 10.0)),
    *map(leaky, (0.01, 0.2)),
    *map(softmax_at, (0, 1)),
    *map(pow_log, (1, 2)),
]
EVERY = [*PRIMITIVES.values(), *FAMILIES]
IDS = [op.name for op in EVERY]


def applications(op):
    """Functions of some floats that apply ``op``, with points to try them at."""
    if op.arity is not None:
        points = {1: POINTS, 2: FEWER, 3: FEW}[op.arity]
        return [(lambda *v: Value.apply(op, *v), op.arity, points)]
    counts = {"affine": (2, 3), "softmax_at(1)": (2, 3)}.get(op.name, (1, 3))
    return [(lambda *v: Value.apply(op, *v), count, FEW) for count in counts]


def names(count):
    return ", ".join(f"x{i}" for i in range(count))


@pytest.mark.parametrize("backend", BACK_ENDS)
@pytest.mark.parametrize("op", EVERY, ids=IDS)
def test_values_are_those_of_the_eager_engine(op, backend):
    for f, count, points in applications(op):
        compiled = compile(f, backend=backend)
        for x in itertools.product(points, repeat=count):
            eager = outcome(lambda *v, f=f: f(*map(Value, v)).data, *x)
            assert same(outcome(compiled, *x), eager, 0 if backend == "python" else 4), (op, x, compiled(*x), eager)


@pytest.mark.parametrize("backend", BACK_ENDS)
@pytest.mark.parametrize("op", EVERY, ids=IDS)
def test_gradients_are_those_of_the_eager_engine(op, backend):
    """A gradient is a few operations, so a few times 4 ulp; a zero has its sign."""
    for f, count, points in applications(op):
        gradient = grad(f, argnums=tuple(range(count)))
        compiled = compile(gradient, backend=backend)
        for x in itertools.product(points, repeat=count):
            eager, result = outcome(gradient, *x), outcome(compiled, *x)
            if isinstance(eager, type) or isinstance(result, type):
                assert result is eager, (op, x)
                continue
            for a, b in zip(result, eager, strict=True):
                assert same(a, b, 0 if backend == "python" else 16), (op, x, a, b)


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_a_primitive_declared_in_primitives_needs_nothing_else(backend):
    swish = primitive("swish", lambda x: x * sigmoid(x), lambda x, z: z + sigmoid(x) * (1 - z))
    compiled = compile(grad(swish), backend=backend)
    assert compiled(0.7) == pytest.approx(grad(swish)(0.7), rel=1e-15)
    assert compiled.backend == backend


def test_a_primitive_that_machine_code_cannot_have_is_named():
    pytest.importorskip("llvmlite")
    stair = primitive("stair", lambda x: float(math.floor(x)), lambda x, z: 0.0)
    with pytest.raises(TypeError, match=r"stair cannot be compiled for machine code.*backend=\"python\""):
        compile(stair, 1.5, backend="llvm")
    fallback = compile(stair, 1.5)
    assert (fallback.backend, fallback(2.5)) == ("python", 2.0)


def test_the_c_source_of_every_primitive_computes_the_same(tmp_path):
    """Compiled by the machine's C compiler: where nothing raises, C's numbers are Python's."""
    import ctypes
    import shutil
    import subprocess

    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    cases, functions = [], []
    for op in EVERY:
        for f, count, points in applications(op):
            name = f"program{len(cases)}"
            source = trace(f, *[0.5] * count).source("c")
            functions.append(source.replace("void program(", f"void {name}("))
            cases.append((op, name, f, count, points))
    (tmp_path / "all.c").write_text("\n".join(functions))
    library = tmp_path / "all.so"
    subprocess.run(
        [compiler, "-O1", "-ffp-contract=off", "-shared", "-fPIC", tmp_path / "all.c", "-o", library, "-lm"], check=True
    )
    loaded = ctypes.CDLL(str(library))
    for op, name, f, count, points in cases:
        function = getattr(loaded, name)
        for x in itertools.product(points, repeat=count):
            eager = outcome(lambda *v, f=f: f(*map(Value, v)).data, *x)
            if isinstance(eager, type) or not all(map(math.isfinite, (*x, eager))):
                continue
            out = (ctypes.c_double * 1)()
            function((ctypes.c_double * count)(*x), out)
            assert same(out[0], eager, 4), (op, x, out[0], eager)


BEHIND_A_ZERO = {
    "a power": lambda y: autograd.step(y) ** 0.5 + y**3,
    "a root": lambda y: autograd.sqrt(autograd.step(y)) + y * y,
    "a root that is reached, too": lambda y: autograd.sqrt(autograd.step(y) * y) + y * y,
    "a hypotenuse": lambda y: autograd.hypot(autograd.sign(y) + 1, 0.0) + y,
    "a logarithm": lambda y: autograd.xlogy(autograd.sign(y) + 1, autograd.step(y)) + y * y,
    "a choice": lambda y: autograd.sqrt(autograd.where(autograd.step(y), 1.0, 0.0)) + y * y,
}


@pytest.mark.parametrize("backend", BACK_ENDS)
@pytest.mark.parametrize("f", BEHIND_A_ZERO.values(), ids=BEHIND_A_ZERO)
def test_a_derivative_that_is_missing_behind_a_plain_zero(f, backend):
    for derived in (grad(f), grad(grad(f)), value_and_grad(f)):
        compiled = compile(derived, backend=backend)
        for y in (-1.5, -0.0, 0.0, 2.0):
            assert repr(outcome(compiled, y)) == repr(outcome(derived, y))
