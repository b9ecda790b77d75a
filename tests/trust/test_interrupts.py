"""Ctrl-C at any moment: what training leaves behind is whole, and can be taken up again."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import nn

from .interrupts import HANDLERS, CtrlC, Run, interrupted, uninterrupted

ROOT = Path(__file__).parents[2]
STRIDE = 251  # of the lines that are interrupted; `python -m tests.trust.interrupts` does them all


def lines_of(backend: str) -> range:
    try:
        *_, count = uninterrupted(backend)
    except nn.UnavailableError as error:
        pytest.skip(str(error))
    # A compiled run is compiled anew each time: three interrupts, spread out, are what the default suite can afford.
    return range(count // 7, count + 1, STRIDE if backend == "eager" else count // 3)


@pytest.mark.parametrize("how", HANDLERS)
@pytest.mark.parametrize("backend", ["eager", "python", "llvm"])
def test_a_run_interrupted_anywhere_can_be_resumed_as_if_nothing_had_happened(backend, how):
    lines = lines_of(backend)
    assert len(lines) >= 3
    assert list(interrupted(backend, lines, how)) == []


@pytest.mark.parametrize(("first", "how"), [*enumerate(HANDLERS)])
def test_interrupted_in_the_last_lines(first, how):
    """Where the record is closed, the best parameters and the handler put back: each line in one of the ways."""
    *_, count = uninterrupted("eager")
    assert list(interrupted("eager", range(count - 60 + first, count + 1, len(HANDLERS)), how)) == []


def test_the_check_finds_half_an_update(monkeypatch):
    def careless(self, gradients):
        rate, t = self.rate(), self.updates + 1
        for i, (p, g) in enumerate(zip(self.parameters, gradients, strict=True)):
            p.data, self.state[i] = self.update(p.data, g, self.state[i], rate, t)
        self.updates = t

    monkeypatch.setattr(nn.Optimizer, "move", careless)
    lines = range(1, uninterrupted("eager")[-1], 101)
    assert any("ends elsewhere" in line for line in interrupted("eager", lines, "raised"))


@pytest.mark.parametrize("name", nn.optimizers.OPTIMIZERS)
def test_a_step_of_an_optimizer_is_taken_whole(name):
    """In a loop of one's own there is no fit that would tidy up."""

    def fresh() -> Run:
        run = Run("eager", name)
        for i, p in enumerate(run.model.parameters()):
            p.grad = float(i + 1)
        return run

    run = fresh()
    before = run.where()
    with CtrlC() as counted:
        run.rule.step()
    after = run.where()
    assert counted.lines > 20
    for line in range(1, counted.lines + 1):
        run = fresh()
        with pytest.raises(KeyboardInterrupt), CtrlC(line):
            run.rule.step()
        assert run.where() in (before, after), f"line {line}"


TRAINING = """
import signal, sys, nn
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background process starts without it
backend = sys.argv[1]
x = [[i / 50, (i * 7 % 50) / 50] for i in range(50)]
y = [a * b for a, b in x]

def run(epochs, resume=None, model=None):
    model = model or nn.MLP([2, 4, 1], seed=1)
    rule = nn.Adam(model.parameters(), lr=0.01)
    if epochs == 1_000_000:
        print("ready", flush=True)
    history = nn.fit(model, x, y, optimizer=rule, epochs=epochs, batch_size=10, seed=2, backend=backend, resume=resume)
    return model, history

model, history = run(1_000_000)
stopped = history.stopped
resumed, whole = run(history.epochs + 2, history, model)
straight, _ = run(whole.epochs)
same = [p.data.hex() for p in resumed.parameters()] == [p.data.hex() for p in straight.parameters()]
print(stopped, same)
"""


@pytest.mark.parametrize("backend", ["eager", "python", "llvm"])
def test_a_real_ctrl_c_at_a_random_time(backend):
    """A process of its own, interrupted from outside while it computes."""
    lines_of(backend)  # skips where there is no such back end
    pause = random.Random(os.urandom(8)).uniform(0.0, 0.25)
    process = subprocess.Popen(
        [sys.executable, "-c", TRAINING, backend], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(pause + 0.3)  # fit installs its handler first
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, ""), f"after {pause} s"
    assert out == "interrupted True\n", f"after {pause} s"
