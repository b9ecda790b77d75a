"""What training takes, it gives back; and what it computes depends on nothing but what it was given."""

import copy
import gc
import os
import pickle
import subprocess
import sys
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import nn
from autograd import Value

ROOT = Path(__file__).parents[2]
X = [[i / 7.0, (3 * i % 7) / 7.0] for i in range(7)]
Y = [a - b * b for a, b in X]
BACKENDS = ["eager", "python", "llvm"]


def fit(model, backend="eager", seed=0, **choices):
    try:
        choices = {"optimizer": "adam", "lr": 0.01, "epochs": 5, "batch_size": 2, **choices}
        return nn.fit(model, X, Y, seed=seed, backend=backend, progress=False, **choices)
    except nn.UnavailableError as error:
        pytest.skip(str(error))


def numbers(model):
    return [p.data.hex() for p in model.parameters()]


@pytest.fixture
def collector_off():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


# ---- Memory ------------------------------------------------------------------------------------------


def values_alive():
    return sum(type(x) is Value for x in gc.get_objects())


def test_a_thousand_steps_leave_nothing_behind(collector_off):
    """A loop of one's own; every graph goes when its step is over, without the collector's help."""
    gc.collect()
    others = values_alive()  # what other tests of this process still hold
    model = nn.MLP([2, 4, 1], seed=1)
    rule = nn.Adam(model.parameters(), lr=0.001)

    def step():
        rule.zero_grad()
        loss = nn.mean_squared_error([model(row) for row in X], Y)
        loss.backward()
        rule.step()

    for _ in range(20):
        step()
    before = values_alive()
    tracemalloc.start()
    try:
        start = tracemalloc.get_traced_memory()[0]
        for _ in range(1000):
            step()
        grown = tracemalloc.get_traced_memory()[0] - start
    finally:
        tracemalloc.stop()
    assert values_alive() == before == others + len(model.parameters())
    assert gc.collect() == 0, "there were reference cycles"
    # Numbers that were counted as old are replaced by new ones: a few hundred bytes a parameter, not a graph a step.
    assert grown < 1000 * len(model.parameters())


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_fit_leaves_no_cycles_and_no_graph(collector_off, backend):
    model = nn.MLP([2, 4, 1], seed=1)
    fit(model, backend)  # imports, caches
    gc.collect()
    before = values_alive()
    history = fit(model, backend, epochs=150, validation=(X, Y), patience=1000)
    assert history.iterations == 600
    assert values_alive() == before
    cycles = gc.collect()
    assert cycles == 0 or backend != "eager", f"{cycles} objects were in reference cycles"
    assert values_alive() == before


@pytest.mark.parametrize("backend", BACKENDS)
def test_fitting_again_and_again_does_not_grow(backend):
    """A thousand runs would be a server's day; the compiled program of the last must not stay."""
    model = nn.MLP([2, 3, 1], seed=1)
    for _ in range(2):
        fit(model, backend, epochs=1)
    gc.collect()
    tracemalloc.start()
    try:
        sizes = []
        for _ in range(3):
            for _ in range(3):
                fit(model, backend, epochs=1)
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert sizes[2] - sizes[1] < 6_000


def test_memory_returns_when_a_model_is_deleted(collector_off):
    before = values_alive()
    model = nn.MLP([10, 50, 50, 1], seed=1)
    loss = nn.mean_squared_error([model([0.1] * 10)], [1.0])
    loss.backward()
    assert values_alive() > before + 3000
    del model, loss
    assert values_alive() == before


# ---- Determinism -------------------------------------------------------------------------------------

PROCESS = """
import sys
from tests.trust.test_training_resources import fit, nn, numbers
for backend in sys.argv[1:]:
    model = nn.MLP([2, 4, 1], activation="sigmoid", seed=1)
    history = fit(model, backend, validation=0.3, standardize=True)
    print(backend, numbers(model), [x.hex() for x in history.iteration_loss + history.validation_loss], repr(history))
    print(model, dict(model.named_parameters()))
"""


def available():
    found = []
    for backend in BACKENDS:
        try:
            nn.fit(nn.MLP([1, 1]), [[1.0]], [1.0], epochs=1, backend=backend, progress=False)
        except nn.UnavailableError:
            continue
        found.append(backend)
    return found


def test_the_same_in_every_process_and_under_every_hash_seed():
    outputs = set()
    for seed in ("0", "1", "4294967295", "random"):
        done = subprocess.run(
            [sys.executable, "-c", PROCESS, *available()],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr) == (0, "")
        outputs.add(done.stdout)
    (output,) = outputs
    assert output.startswith("eager ['")


@pytest.mark.parametrize("backend", BACKENDS)
def test_eight_threads_train_at_once(backend):
    def train(seed):
        model = nn.MLP([2, 3, 1], seed=seed)
        history = fit(model, backend, seed=seed, epochs=8)
        return numbers(model), history.loss

    alone = [train(seed) for seed in range(8)]
    assert len({str(result) for result in alone}) == 8
    ready = threading.Barrier(8)

    def train_together(seed):
        ready.wait()
        return train(seed)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(train_together, range(8)))
    finally:
        sys.setswitchinterval(interval)
    assert together == alone


# ---- Copies ------------------------------------------------------------------------------------------

COPIES = {
    "deepcopy": copy.deepcopy,
    **{f"pickle {p}": lambda m, p=p: pickle.loads(pickle.dumps(m, p)) for p in range(2, pickle.HIGHEST_PROTOCOL + 1)},
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("activation", nn.activations.ACTIVATIONS)
def test_a_copy_is_the_same_model_and_another(activation, how):
    model = nn.MLP([2, 3, 1], activation=activation, seed=1)
    fit(model, standardize=True)
    model.columns = ("a", "b", "y")
    twin = COPIES[how](model)
    assert numbers(twin) == numbers(model)
    assert [p.label for p in twin.parameters()] == [p.label for p in model.parameters()]
    assert (twin.scaling, twin.columns, repr(twin)) == (model.scaling, model.columns, repr(model))
    assert not set(twin.parameters()) & set(model.parameters())
    before = numbers(model)
    fit(twin)
    assert numbers(model) == before != numbers(twin)
    fit(model)
    assert numbers(model) == numbers(twin)


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_keeps_gradients(how):
    model = nn.MLP([2, 2, 1], seed=1)
    nn.squared_error(model([1.0, 2.0]), 3.0).backward()
    assert [p.grad for p in COPIES[how](model).parameters()] == [p.grad for p in model.parameters()]
    assert any(p.grad for p in model.parameters())


@pytest.mark.parametrize("how", COPIES)
def test_model_and_optimizer_copied_together_stay_together(how):
    model = nn.MLP([2, 2, 1], seed=1)
    rule = nn.Adam(model.parameters(), lr=0.1)
    fit(model, optimizer=rule, lr=None)
    twin, twin_rule = COPIES[how]((model, rule))
    assert twin_rule.parameters == twin.parameters()
    fit(twin, optimizer=twin_rule, lr=None)
    fit(model, optimizer=rule, lr=None)
    assert numbers(twin) == numbers(model)
    assert twin_rule.state_dict() == rule.state_dict()


def test_a_history_can_be_copied():
    history = fit(nn.MLP([2, 2, 1], seed=1))
    assert pickle.loads(pickle.dumps(history)) == copy.deepcopy(history) == history
