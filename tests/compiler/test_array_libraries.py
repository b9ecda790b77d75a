"""Programs over NumPy, JAX and PyTorch: the eager engine's numbers, through those libraries' own transformations."""

import itertools
import math
import subprocess
import sys
import textwrap

import pytest

from autograd import Value, affine, cbrt, erf, grad, log, sigmoid, sign, softplus, tanh, trace, value_and_grad
from autograd.primitives import PRIMITIVES, leaky, pow_log, power, softmax_at

np = pytest.importorskip("numpy")

MISSING = {("numpy", "erf"), ("torch", "cbrt")}
POINTS = [-2.5, -1.0, -0.5, -0.0, 0.0, 0.3, 1.0, 2.0]


def library(name):
    module = pytest.importorskip(name)
    if name == "jax":
        module.config.update("jax_enable_x64", True)
        return module.numpy
    return module


def loss(w, x, y):
    return (softplus(tanh(affine(w, x, 0.5))) - y) ** 2


BOTH = value_and_grad(loss, argnums=0)
WEIGHTS = [0.3, -0.4]


@pytest.mark.parametrize("name", ["numpy", "jax", "torch"])
def test_the_sign_of_nan_is_nan(name):
    namespace = library(name)
    result = trace(sign, 1.0).to(namespace)(namespace.asarray([math.nan, -2.0, 0.0, 3.0]))
    assert [str(float(x)) for x in result] == ["nan", "-1.0", "0.0", "1.0"]


@pytest.mark.parametrize("no_library", ["numpy", math, None])
def test_what_is_no_array_library_is_named(no_library):
    with pytest.raises(TypeError, match=r"to takes an array library itself, numpy, jax\.numpy or torch, not"):
        trace(log, 1.0).to(no_library)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's own, where a domain is left
@pytest.mark.parametrize(
    "op", [*PRIMITIVES.values(), power(2), power(0.5), power(-1), leaky(0.2), softmax_at(1), pow_log(2)], ids=str
)
@pytest.mark.parametrize("name", ["numpy", "jax", "torch"])
def test_every_primitive_and_its_gradient(name, op):
    namespace = library(name)
    count = op.arity or 3

    def f(*v):
        return Value.apply(op, *v)

    program = trace(value_and_grad(f), *[0.5] * count)
    called = {line.op.name for line in program.instructions}
    if lacking := [lacks for where, lacks in MISSING if where == namespace.__name__ and lacks in called]:
        with pytest.raises(TypeError, match=f"{namespace.__name__} has no function for the primitive {lacking[0]}"):
            program.to(namespace)
        return
    points = list(itertools.product(POINTS[:: 1 if count < 3 else 2], repeat=count))
    arrays = [np.array(column) for column in zip(*points, strict=True)]
    result = program.to(namespace)(*(map(namespace.as_tensor, arrays) if name == "torch" else arrays))
    columns = [np.broadcast_to(np.asarray(x), len(points)) for x in (result[0], *_many(result[1]))]
    for i, point in enumerate(points):
        try:
            value, slope = value_and_grad(f)(*point)
        except (ArithmeticError, ValueError):
            continue
        for column, expected in zip(columns, (value, *_many(slope)), strict=True):
            if math.isfinite(column[i]):  # a library has its own conventions for 0 · ∞
                assert column[i] == pytest.approx(expected, rel=1e-12, abs=1e-14), point


def _many(x):
    return x if isinstance(x, tuple) else (x,)


def test_jax_transformations_take_it():
    jnp = library("jax")
    import jax

    program = trace(BOTH, WEIGHTS, [0.1, 0.2], 0.3).to(jnp)
    x, y = jnp.linspace(-1, 1, 14).reshape(7, 2), jnp.linspace(0, 1, 7)
    batched = jax.jit(jax.vmap(lambda x, y: program(WEIGHTS, [x[0], x[1]], y)))(x, y)
    eager = [BOTH(WEIGHTS, a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    assert batched[0].tolist() == pytest.approx([value for value, _ in eager], rel=1e-13)
    assert batched[1][1].tolist() == pytest.approx([slope[1] for _, slope in eager], rel=1e-13)
    value = trace(loss, WEIGHTS, [0.1, 0.2], 0.3).to(jnp)
    by_jax = jax.grad(lambda w: value([w[0], w[1]], [0.1, 0.2], 0.3))(jnp.array(WEIGHTS))
    assert by_jax.tolist() == pytest.approx(grad(loss, argnums=0)(WEIGHTS, [0.1, 0.2], 0.3), rel=1e-13)


def test_torch_differentiates_it_too():
    torch = library("torch")
    w = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in WEIGHTS]
    trace(loss, WEIGHTS, [0.1, 0.2], 0.3).to(torch)(w, [0.1, 0.2], 0.3).backward()
    assert [float(v.grad) for v in w] == pytest.approx(grad(loss, argnums=0)(WEIGHTS, [0.1, 0.2], 0.3), rel=1e-13)


def test_captured_leaves_are_read_at_the_call():
    w = Value(2.0)
    program = trace(lambda x: w * sigmoid(x), 1.0).to(np)
    before = program(np.zeros(2))
    w.data = 4.0
    assert program(np.zeros(2)).tolist() == (2 * before).tolist() == [2.0, 2.0]


def test_what_a_library_lacks_is_named():
    with pytest.raises(TypeError, match="numpy has no function for the primitive erf"):
        trace(lambda x: erf(x) + cbrt(x), 1.0).to(np)
    with pytest.raises(TypeError, match="takes 1 arrays, got 2"):
        trace(log, 1.0).to(np)(1.0, 2.0)


def test_data_parallel_gradients_over_eight_devices():
    """Each device has an eighth of the rows; the sum over devices is the single machine's sum."""
    pytest.importorskip("jax")
    program = textwrap.dedent("""
        import os
        os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"
        import jax, numpy as np
        import jax.numpy as jnp
        from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
        jax.config.update("jax_enable_x64", True)
        from autograd import compile, trace
        from tests.compiler.test_array_libraries import BOTH, WEIGHTS

        assert len(jax.devices()) == 8
        program = trace(BOTH, WEIGHTS, [0.1, 0.2], 0.3).to(jnp)
        rng = np.random.default_rng(0)
        x, y = rng.uniform(-1, 1, (64, 2)), rng.uniform(0, 1, 64)

        def total(w, x, y):
            value, slope = program([w[0], w[1]], [x[:, 0], x[:, 1]], y)
            return value.sum(), jnp.stack([g.sum() for g in slope])

        rows = NamedSharding(Mesh(np.array(jax.devices()), ("rows",)), P("rows"))
        shared = jax.device_put(x, rows), jax.device_put(y, rows)
        assert len(shared[0].addressable_shards) == 8
        w = jnp.array(WEIGHTS)
        many, one = jax.jit(total)(w, *shared), jax.jit(total)(w, jnp.array(x), jnp.array(y))
        here = compile(BOTH).sum(WEIGHTS, x, y)
        assert np.allclose(many[0], one[0], rtol=1e-14) and np.allclose(many[1], one[1], rtol=1e-13)
        assert np.allclose(many[0], here[0], rtol=1e-13) and np.allclose(many[1], here[1], rtol=1e-12)
        print("equal")
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=_root())
    assert done.stdout.strip() == "equal", done.stderr


def _root():
    from pathlib import Path

    return Path(__file__).resolve().parents[2]
