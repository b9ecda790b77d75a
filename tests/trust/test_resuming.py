"""A run stopped, saved to a file and taken up by another process ends bit for bit where it would have ended anyway."""

import dataclasses
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

import nn

from .interrupts import CtrlC

ROOT = Path(__file__).parents[2]

_draw = random.Random(5)
X = [[_draw.uniform(-2.0, 2.0), _draw.uniform(0.0, 50.0)] for _ in range(13)]
Y = [a * a - b / 10.0 for a, b in X]

OPTIMIZERS = {
    "SGD": lambda p: nn.SGD(p, lr=0.02),
    "SGD with momentum": lambda p: nn.SGD(p, lr=0.02, momentum=0.9),
    "SGD, Nesterov, decay": lambda p: nn.SGD(p, lr=0.02, momentum=0.8, nesterov=True, weight_decay=0.01),
    "RMSprop": lambda p: nn.RMSprop(p, lr=0.01),
    "Adam": lambda p: nn.Adam(p, lr=0.01),
    "AdamW": lambda p: nn.AdamW(p, lr=0.01, weight_decay=0.1),
    "a schedule": lambda p: nn.Adam(p, lr=nn.StepDecay(0.05, every=7, factor=0.5)),
}
EPOCHS = 6


def test_every_optimizer_is_here():
    tried = {type(make(nn.MLP([1, 1]).parameters())) for make in OPTIMIZERS.values()}
    assert tried == set(nn.optimizers.OPTIMIZERS.values())


def train(model, name, backend, epochs=EPOCHS, resume=None, **choices):
    rule = OPTIMIZERS[name](model.parameters())
    choices = {"validation": 0.25, "standardize": True, "batch_size": 3, "seed": 4, **choices}
    try:
        history = nn.fit(
            model, X, Y, optimizer=rule, epochs=epochs, backend=backend, resume=resume, progress=False, **choices
        )
    except nn.UnavailableError as error:
        pytest.skip(str(error))
    return rule, history


def everything(model, rule, history):
    """All that a run leaves behind, in hexadecimal: parameters, the optimiser's state, the record."""
    record = dataclasses.asdict(history)
    return repr(
        (
            [p.data.hex() for p in model.parameters()],
            rule.updates,
            [tuple(map(float.hex, state)) for state in rule.state],
            {key: [x.hex() for x in value] if isinstance(value, list) else value for key, value in record.items()},
        )
    )


def mlp():
    return nn.MLP([2, 3, 1], seed=6)


@pytest.mark.parametrize("backend", ["eager", "python", "llvm"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_stopped_after_any_epoch(tmp_path, name, backend):
    straight = mlp()
    expected = everything(straight, *train(straight, name, backend))
    for stop in range(EPOCHS + 1) if backend == "eager" else (0, 3):  # compiling takes a while
        model = mlp()
        _, history = train(model, name, backend, epochs=stop)
        model.save(tmp_path / "model.json", history)
        model, history = nn.load(tmp_path / "model.json"), nn.load_history(tmp_path / "model.json")
        assert everything(model, *train(model, name, backend, resume=history)) == expected, f"stopped after {stop}"


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_interrupted_within_an_epoch_again_and_again(tmp_path, name):
    straight = mlp()
    expected = everything(straight, *train(straight, name, "eager"))
    model, history, stops = mlp(), None, []
    while history is None or history.stopped == "interrupted":
        with CtrlC(9001):
            rule, history = train(model, name, "eager", resume=history)
        stops.append(history.iterations)
        if history.stopped == "interrupted":
            model.save(tmp_path / "model.json", history)
            model, history = nn.load(tmp_path / "model.json"), nn.load_history(tmp_path / "model.json")
    assert everything(model, rule, history) == expected
    assert len(stops) > 3
    assert stops[:-1] == sorted(set(stops[:-1]))
    assert any(stop % history.iterations_per_epoch for stop in stops), "no stop was within an epoch"


def test_early_stopping_still_knows_the_best_epoch():
    choices = {"patience": 2, "epochs": 40, "batch_size": 1}
    straight = mlp()
    expected = everything(straight, *train(straight, "SGD with momentum", "eager", **choices))
    assert "early stopping" in expected
    model = mlp()
    _, first = train(model, "SGD with momentum", "eager", **{**choices, "epochs": 3})
    # What was best is put back when a run is over; the record knows the parameters to go on with.
    assert everything(model, *train(model, "SGD with momentum", "eager", resume=first, **choices)) == expected


def test_going_on_changes_nothing_in_the_earlier_record():
    model = mlp()
    _, first = train(model, "Adam", "eager", epochs=2)
    before = repr(dataclasses.asdict(first))
    train(model, "Adam", "eager", resume=first)
    assert repr(dataclasses.asdict(first)) == before


PROCESS = """
import sys
from pathlib import Path
import nn
from tests.trust.test_resuming import everything, mlp, train
backend, start, stop = sys.argv[1:]
path = Path(start)
model, history = (nn.load(path), nn.load_history(path)) if path.exists() else (mlp(), None)
rule, history = train(model, "Adam", backend, epochs=int(stop), resume=history)
model.save(path, history)
print(everything(model, rule, history))
"""


@pytest.mark.parametrize("backend", ["eager", "python", "llvm"])
def test_a_chain_of_processes_with_other_hash_seeds(tmp_path, backend):
    model = mlp()
    expected = everything(model, *train(model, "Adam", backend))
    last = ""
    for seed, stop in (("1", 1), ("2", 4), ("random", EPOCHS)):
        done = subprocess.run(
            [sys.executable, "-c", PROCESS, backend, tmp_path / "model.json", str(stop)],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr) == (0, "")
        last = done.stdout.strip()
    assert last == expected
