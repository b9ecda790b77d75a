"""fit by compiled code against fit by the eager engine: the same seed and order, so the same numbers."""

import functools
import os
import random
import signal

import pytest

import nn
from autograd import abs as absolute
from nn import compiled as machine
from nn.activations import FUNCTIONS
from nn.losses import LOSSES
from nn.optimizers import OPTIMIZERS

from .back_ends import BACK_ENDS, needs_llvm

DRAW = random.Random(4)
ROWS = [[DRAW.uniform(-1, 1) for _ in range(3)] for _ in range(20)]
TARGETS = [sum(row) / 2 for row in ROWS]


@pytest.fixture(autouse=True)
def precise(monkeypatch):
    monkeypatch.setattr(machine, "prepare", functools.partial(machine.prepare, precise=True))


def trained(backend, *, targets=TARGETS, sizes=(3, 3, 1), activation="tanh", output="linear", **settings):
    model = nn.MLP(list(sizes), activation=activation, output=output, seed=5)
    settings = {"epochs": 6, "progress": False, "seed": 9, **settings}
    history = nn.fit(model, ROWS, targets, backend=backend, **settings)
    return history, [p.data for p in model.parameters()]


def agree(backend, **settings):
    eager, parameters = trained("eager", **settings)
    history, others = trained(backend, **settings)
    assert history.backend == backend
    for name in ("epochs", "iterations", "iterations_per_epoch", "stopped", "reason", "best_epoch"):
        assert getattr(history, name) == getattr(eager, name)
    for name in ("loss", "iteration_loss", "validation_loss"):
        assert getattr(history, name) == pytest.approx(getattr(eager, name), rel=1e-9, abs=1e-13)
    assert others == pytest.approx(parameters, rel=1e-9, abs=1e-12)
    return eager, history


def kind_of(loss):
    """A model and targets that a loss makes sense of."""
    if loss.wide:
        outputs = {"sizes": (3, 4, 3), "targets": [i % 3 for i in range(len(ROWS))]}
        return outputs | ({"output": "softmax"} if loss.suits == "probability" else {})
    if loss.suits == "probability":
        return {"output": "sigmoid", "targets": [float(t > 0) for t in TARGETS]}
    if loss.suits == "score":
        negative = -1.0 if "hinge" in loss.name else 0.0
        return {"targets": [1.0 if t > 0 else negative for t in TARGETS]}
    return {}


@pytest.mark.parametrize("backend", BACK_ENDS)
@pytest.mark.parametrize("name", LOSSES)
def test_every_loss(name, backend):
    for batch_size in (1, 6):
        agree(backend, loss=name, batch_size=batch_size, **kind_of(LOSSES[name]))


@pytest.mark.parametrize("backend", BACK_ENDS)
@pytest.mark.parametrize("activation", ["linear", *FUNCTIONS])
def test_every_activation(activation, backend):
    agree(backend, activation=activation, lr=0.02)


@pytest.mark.parametrize("backend", BACK_ENDS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch_size", [1, 7, "all"])
def test_every_optimizer(optimizer, batch_size, backend):
    agree(backend, optimizer=optimizer, batch_size=batch_size, epochs=10)


@needs_llvm
@pytest.mark.parametrize("batch_size", [1, 7])
@pytest.mark.parametrize("penalty", [0.01 * nn.l1, 0.01 * nn.l2 + 0.1 * nn.l1, lambda w: absolute(w[0] * w[1])])
def test_penalties_clipping_schedules_and_momentum(penalty, batch_size):
    agree("llvm", penalty=penalty, clip=0.5, batch_size=batch_size, lr=nn.StepDecay(0.1, every=20))


@needs_llvm
def test_sgd_in_all_its_forms():
    for settings in ({"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"weight_decay": 0.01}):
        results = []
        for backend in ("eager", "llvm"):
            model = nn.MLP([3, 3, 1], seed=5)
            nn.fit(model, ROWS, TARGETS, optimizer=nn.SGD(model.parameters(), lr=0.01, **settings), backend=backend)
            results.append([p.data for p in model.parameters()])
        assert results[1] == pytest.approx(results[0], rel=1e-9)


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_a_thousand_steps(backend):
    agree(backend, epochs=50, activation="sigmoid", sizes=(3, 3, 2, 1))


@needs_llvm
def test_what_relaxed_mode_changes(monkeypatch):
    """A thousand steps of stochastic descent: reassociated sums change the last digits only."""
    monkeypatch.setattr(machine, "prepare", functools.partial(machine.prepare.func, precise=False))
    settings = {"epochs": 50, "activation": "sigmoid", "sizes": (3, 3, 2, 1)}
    _, expected = trained("eager", **settings)
    _, relaxed = trained("llvm", **settings)
    assert relaxed == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_convergence_validation_and_early_stopping(backend):
    agree(backend, epochs=300, tolerance=2e-3, batch_size="all")
    eager, _ = agree(backend, epochs=60, validation=0.25, patience=2, lr=0.3)
    assert eager.stopped == "early stopping"


@pytest.mark.parametrize("backend", BACK_ENDS)
@pytest.mark.parametrize("batch_size", [1, 5])
def test_divergence_is_the_same_error_and_leaves_the_model_alone(backend, batch_size):
    caught = {}
    for name in ("eager", backend):
        model = nn.MLP([3, 3, 1], activation="relu", seed=5)
        before = [p.data for p in model.parameters()]
        with pytest.raises(ArithmeticError, match="training diverged") as error:
            nn.fit(model, ROWS, TARGETS, lr=1e150, backend=name, batch_size=batch_size, shuffle=False)
        assert [p.data for p in model.parameters()] == before
        caught[name] = type(error.value), str(error.value)
    assert caught[backend] == caught["eager"]


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_interrupted_and_resumed_it_is_the_uninterrupted_run(backend):
    def interrupt(history):
        if history.epochs == 3:
            os.kill(os.getpid(), signal.SIGINT)

    model = nn.MLP([3, 3, 1], seed=5)
    settings = {"epochs": 6, "seed": 9, "optimizer": "adam", "backend": backend}
    history = nn.fit(model, ROWS, TARGETS, callback=interrupt, **settings)
    assert (history.stopped, history.epochs) == ("interrupted", 3)
    again = nn.fit(model, ROWS, TARGETS, resume=history, **settings)
    whole, parameters = trained(backend, sizes=(3, 3, 1), optimizer="adam")
    assert again.iteration_loss == whole.iteration_loss
    assert [p.data for p in model.parameters()] == parameters


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_a_loss_that_branches_is_refused_by_name_and_trained_eagerly_by_auto(backend):
    def hard(prediction, target):
        return (prediction - target) ** 2 if prediction > target else target - prediction

    with pytest.raises(nn.UnavailableError, match=r"cannot be compiled.*where\(step"):
        trained(backend, loss=hard)
    assert trained("auto", loss=hard)[0].backend == "eager"


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_a_model_of_ones_own(backend):
    class Twin(nn.Module):
        """Two lines that share a slope; one of them is not trained."""

        def __init__(self):
            self.first, self.second = nn.Neuron(3, "linear", seed=1), nn.Neuron(3, "sigmoid", seed=2)

        def __call__(self, row):
            return self.first(row) + 2 * self.second(row)

    results = []
    for name in ("eager", backend):
        model = Twin()
        optimizer = nn.Adam(model.first.parameters())
        history = nn.fit(model, ROWS, TARGETS, optimizer=optimizer, epochs=5, batch_size=4, backend=name)
        results.append([*history.iteration_loss, *[p.data for p in model.parameters()]])
    assert results[1] == pytest.approx(results[0], rel=1e-9)


@pytest.mark.parametrize("backend", BACK_ENDS)
@pytest.mark.parametrize("size", [1, 4])
def test_parameters_that_are_not_trained_stay_and_are_penalised(backend, size):
    """The update reads them, as it reads any other leaf that the penalty captures."""

    def run(name):
        model = nn.MLP([3, 2, 2, 1], activation="tanh", seed=2)
        optimizer = nn.Adam(model.parameters()[5:])
        nn.fit(
            model, ROWS, TARGETS, optimizer=optimizer, epochs=2, batch_size=size, backend=name,
            penalty=lambda weights: 0.1 * weights[0] * weights[-1] ** 2 + 0.01 * nn.l2(weights),
        )  # fmt: skip
        return [p.data for p in model.parameters()]

    parameters, eager = run(backend), run("eager")
    assert parameters[:5] == eager[:5] == [p.data for p in nn.MLP([3, 2, 2, 1], seed=2).parameters()][:5]
    assert parameters == pytest.approx(eager, rel=1e-9)


@pytest.mark.parametrize("backend", ["auto", *BACK_ENDS])
def test_what_a_callback_changes_is_noticed_before_the_next_epoch(backend):
    def run(name):
        factor = [1.0]

        def halve(_):
            factor[0] /= 2

        return trained(name, loss=lambda p, t: factor[0] * (p - t) ** 2, callback=halve)

    eager = run("eager")
    with pytest.warns(UserWarning, match="no longer what was compiled"):
        history, parameters = run(backend)
    assert parameters == pytest.approx(eager[1], rel=1e-9)
    assert history.iteration_loss == pytest.approx(eager[0].iteration_loss, rel=1e-9)


class Counted(nn.SGD):
    """A rule that looks at how many updates were made, without being given it."""

    def update(self, p, g, state, rate, t):
        return super().update(p, g / (1 + self.updates // 4), state, rate, t)


CHANGES = [
    (functools.partial(nn.SGD, lr=0.05, momentum=0.9), lambda optimizer: setattr(optimizer, "momentum", 0.0)),
    (functools.partial(nn.SGD, lr=0.05), lambda optimizer: setattr(optimizer, "weight_decay", 0.1)),
    (functools.partial(nn.Adam, lr=0.05), lambda optimizer: setattr(optimizer, "betas", (0.5, 0.9))),
    (functools.partial(nn.RMSprop, lr=0.05), lambda optimizer: setattr(optimizer, "eps", 0.1)),
    (functools.partial(nn.AdamW, lr=0.05), lambda optimizer: setattr(optimizer, "weight_decay", 0.5)),
    (functools.partial(Counted, lr=0.05), lambda optimizer: None),
]


@pytest.mark.parametrize("backend", ["auto", *BACK_ENDS])
@pytest.mark.parametrize(("make", "change"), CHANGES, ids=[make.func.__name__ for make, _ in CHANGES])
def test_an_optimiser_that_a_callback_changes_is_noticed_before_the_next_epoch(make, change, backend):
    def run(name):
        model = nn.MLP([3, 2, 1], seed=2)
        optimizer = make(model.parameters())

        def after(history):
            if history.epochs == 2:
                change(optimizer)

        nn.fit(model, ROWS, TARGETS, optimizer=optimizer, epochs=6, batch_size="all", backend=name, callback=after)
        return [p.data for p in model.parameters()]

    with pytest.warns(UserWarning, match="no longer what was compiled"):
        parameters = run(backend)
    assert parameters == pytest.approx(run("eager"), rel=1e-9)


@needs_llvm
@pytest.mark.parametrize("size", [2, 3, 5, 19])
def test_the_last_digits_do_not_depend_on_how_much_is_done_at_a_time(monkeypatch, size):
    def run(at_once):
        monkeypatch.setattr(machine, "_FIRST", at_once)
        monkeypatch.setattr(machine, "_PATIENCE", 1e-9)
        model = nn.MLP([3, 3, 1], activation="sigmoid", seed=6)
        nn.fit(model, ROWS, TARGETS, epochs=5, lr=0.05, batch_size=size, backend="llvm", progress=False)
        return [p.data for p in model.parameters()]

    monkeypatch.setattr(machine, "prepare", functools.partial(machine.prepare, precise=False))
    assert run(1) == run(2) == run(3) == run(64)


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_a_mask_drawn_by_the_model_is_not_frozen(backend):
    class Dropped(nn.Module):
        def __init__(self):
            self.line, self.draw, self.calls = nn.Neuron(3, "linear", seed=1), random.Random(3), 0

        def __call__(self, row):
            self.calls += 1
            return self.line(row) * (0.0 if self.draw.random() < 0.02 else 1 / 0.98)

    model = Dropped()
    with pytest.warns(UserWarning, match="no longer what was compiled"):
        nn.fit(model, ROWS, TARGETS, epochs=200, batch_size="all", backend=backend)
    assert model.calls > 1000


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_a_penalty_that_branches_on_parameters_is_noticed_when_the_branch_changes(backend):
    def distance(weights):
        return 2.0 * sum(w if w.data > 0 else -w for w in weights)

    with pytest.warns(UserWarning, match="no longer what was compiled"):
        trained(backend, penalty=distance, lr=0.1)


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_a_loss_that_branches_on_data_is_refused_by_name_and_trained_eagerly_by_auto(backend):
    def rare(prediction, target):
        error = prediction - target
        return abs(error) - 0.5 if abs(error.data) > 1 else error * error / 2

    targets = [*TARGETS[:-1], 30.0]
    with pytest.raises(nn.UnavailableError, match=r"cannot be compiled.*\.data.*where\(step"):
        trained(backend, loss=rare, targets=targets)
    assert trained("auto", loss=rare, targets=targets)[1] == trained("eager", loss=rare, targets=targets)[1]
