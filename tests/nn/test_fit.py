"""fit: what it counts, what it computes, when it stops, and what it refuses."""

from __future__ import annotations

import importlib.util
import math
import random
import traceback
from typing import Any

import pytest

import nn
from autograd import grad, hessian, provenance
from nn import data

COMPILED = ["python", "llvm"] if importlib.util.find_spec("llvmlite") else ["python"]

RNG = random.Random(11)
X = [[RNG.uniform(-1, 1), RNG.uniform(-1, 1)] for _ in range(20)]
Y = [a * b + 0.5 * a for a, b in X]


def model(seed: int = 1) -> nn.MLP:
    return nn.MLP([2, 3, 1], seed=seed)


@pytest.mark.parametrize(
    ("count", "size", "epochs", "per_epoch"),
    [(20, 1, 3, 20), (20, 8, 3, 3), (20, 20, 4, 1), (20, 100, 4, 1), (20, "all", 4, 1), (20, None, 4, 1)],
)
def test_counts(count: int, size: Any, epochs: int, per_epoch: int) -> None:
    history = nn.fit(model(), X[:count], Y[:count], batch_size=size, epochs=epochs)
    assert (history.epochs, history.iterations_per_epoch, history.iterations) == (epochs, per_epoch, epochs * per_epoch)
    assert (len(history.loss), len(history.change), len(history.iteration_loss)) == (epochs, epochs, epochs * per_epoch)
    assert history.stopped == "epochs"


@pytest.mark.parametrize("loss", ["squared_error", "mean_squared_error"])
def test_it_is_gradient_descent_as_written_by_hand(loss: str) -> None:
    """Three batches an epoch, the last one smaller, with a penalty: against a loop of its own over the same order."""
    mine, theirs = model(), model()
    history = nn.fit(theirs, X, Y, loss=loss, lr=0.05, batch_size=8, epochs=4, seed=3, penalty=0.01 * nn.l2)
    losses = []
    for epoch in range(1, 5):
        order = data.order(20, 3, epoch)
        seen = 0.0
        for batch in (order[:8], order[8:16], order[16:]):
            mine.zero_grad()
            objective, points = 0.0, 0.0
            for i in batch:
                point = (mine(X[i]) - Y[i]) ** 2
                points += point.data
                objective = objective + point
            if loss.startswith("mean"):
                objective = objective / len(batch)
            for w in mine.weights():
                objective = objective + 0.01 * w**2
            objective.backward()
            for p in mine.parameters():
                p.data -= 0.05 * p.grad
            losses.append(points / len(batch))
            seen += points
        assert history.loss[epoch - 1] == pytest.approx(seen / 20, rel=1e-12)  # the running mean, without the penalty
    assert history.iteration_loss == pytest.approx(losses, rel=1e-12)
    assert theirs.state_dict() == pytest.approx(mine.state_dict(), rel=1e-11)


def test_the_same_seed_gives_the_same_run_bit_for_bit_and_another_does_not() -> None:
    runs = [nn.fit(model(), X, Y, epochs=3, seed=seed, optimizer="adam", lr=0.01) for seed in (5, 5, 6)]
    assert runs[0].iteration_loss == runs[1].iteration_loss != runs[2].iteration_loss


def test_an_epoch_visits_every_point_once_in_an_order_of_its_own() -> None:
    orders = [data.order(50, 0, epoch) for epoch in range(1, 6)]
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert len({tuple(order) for order in orders}) == 5
    assert data.order(50, 0, 1, shuffle=False) == list(range(50))
    first_places = [data.order(4, seed, 1)[0] for seed in range(4000)]
    assert all(900 < first_places.count(i) < 1100 for i in range(4))  # uniform: 1000 ± 3.6 deviations


def test_tolerance_is_the_largest_change_of_a_parameter_over_an_epoch() -> None:
    network = model()
    before: list[dict[str, float]] = [network.state_dict()]
    history = nn.fit(
        network, X, Y, lr=0.05, epochs=30, batch_size="all", callback=lambda _: before.append(network.state_dict())
    )
    for change, old, new in zip(history.change, before, before[1:], strict=False):
        assert change == max(abs(new[name] - old[name]) for name in old)
    again = nn.fit(model(), X, Y, lr=0.05, epochs=30, batch_size="all", tolerance=history.change[9])
    assert (again.stopped, again.epochs) == (
        "converged",
        1 + [c <= history.change[9] for c in history.change].index(True),
    )


def test_early_stopping_keeps_the_best_epochs_parameters() -> None:
    rows, targets = X[:6], [y + RNG.gauss(0, 1) for y in Y[:6]]  # few and noisy: it will overfit
    held = X[6:], Y[6:]
    network = nn.MLP([2, 8, 1], seed=2)
    kept: dict[int, dict[str, float]] = {}
    history = nn.fit(
        network, rows, targets, lr=0.1, epochs=3000, validation=held, patience=20,
        callback=lambda h: kept.update({h.epochs: network.state_dict()}),
    )  # fmt: skip
    assert history.stopped == "early stopping"
    assert history.best_epoch == history.epochs - 20
    assert history.validation_loss[history.best_epoch - 1] == min(history.validation_loss)
    assert network.state_dict() == kept[history.best_epoch]
    predictions = network.predict(held[0])
    errors = math.fsum((p - y) ** 2 for p, y in zip(predictions, held[1], strict=True)) / len(predictions)
    assert errors == pytest.approx(min(history.validation_loss), rel=1e-12)


def test_validation_on_a_fraction_holds_those_rows_out() -> None:
    history = nn.fit(model(), X, Y, validation=0.25, epochs=2, batch_size=5)
    assert (history.iterations_per_epoch, len(history.validation_loss)) == (3, 2)


def test_ctrl_c_keeps_the_last_complete_step() -> None:
    def press(history: nn.History) -> None:
        if history.epochs == 3:
            raise KeyboardInterrupt

    stopped, whole = model(), model()
    history = nn.fit(stopped, X, Y, epochs=10, callback=press)
    nn.fit(whole, X, Y, epochs=3)
    assert (history.stopped, history.epochs, history.iterations) == ("interrupted", 3, 60)
    assert "interrupted" in history.reason
    assert stopped.state_dict() == whole.state_dict()


def test_divergence_says_where_and_what_to_try_and_changes_nothing() -> None:
    network = nn.MLP([2, 3, 1], activation="linear", seed=1)
    before = network.state_dict()
    with pytest.raises(
        nn.DivergenceError, match=r"epoch \d+, iteration \d+ of 20, at learning rate 30: .*lr=3,"
    ) as error:
        nn.fit(network, X, Y, lr=30.0, epochs=1000)
    assert network.state_dict() == before
    assert error.value.history.iterations > 0


def test_advice_on_divergence_is_sensible() -> None:
    network = nn.MLP([2, 3, 1], activation="linear", seed=1)
    with pytest.raises(nn.DivergenceError, match=r"such as lr=0\.1, standardised data \(standardize=True\), or a"):
        nn.fit(network, X, Y, lr=1e300)
    with pytest.raises(nn.DivergenceError, match=r"such as lr=3, or a limit on the gradient \(clip=1\.0\)"):
        nn.fit(network, X, Y, lr=30.0, epochs=1000, standardize=True)
    with pytest.raises(nn.DivergenceError, match=r"such as lr=0\.1\. The model"):
        nn.fit(network, X, Y, lr=1e300, epochs=1000, standardize=True, clip=1e300)


@pytest.mark.parametrize("backend", ["eager", "auto"])
def test_divergence_names_the_first_node_that_went_bad(backend: str) -> None:
    network = nn.MLP([1, 1, 1], activation="linear", seed=1)
    network.load_state_dict({"w1_11": 1e200, "b11": 0.0, "w2_11": 1e200, "b21": 0.0})
    bad = r"the loss is inf: ŷ = affine\(w2_11 = 1e200, o11 = 1e200, b21 = 0\) became infinite\. Try"
    with pytest.raises(nn.DivergenceError, match=bad):
        nn.fit(network, [[1.0]], [1.0], backend=backend)
    with provenance(), pytest.raises(nn.DivergenceError, match=r"infinite \(made at test_fit\.py:\d+ in"):
        nn.fit(network, [[1.0]], [1.0], backend=backend)


def test_an_error_of_the_callers_own_changes_nothing() -> None:
    network = model()
    before = network.state_dict()

    def fail(_: nn.History) -> None:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        nn.fit(network, X, Y, callback=fail, standardize=True)
    assert network.state_dict() == before
    assert network.scaling is None


@pytest.mark.parametrize("backend", ["eager", "python"])
def test_a_run_does_not_go_on_with_other_parameters(backend: str) -> None:
    network = model()
    before = network.state_dict()
    optimizer = nn.Adam(network.parameters())
    with pytest.raises(ValueError, match="parameters are no longer those that the run began with"):
        nn.fit(network, X, Y, optimizer=optimizer, callback=lambda _: optimizer.parameters.pop(), backend=backend)
    assert network.state_dict() == before
    assert optimizer.parameters == network.parameters()


def test_standardising_stays_with_the_model() -> None:
    rows, targets = [[100 * a + 500, b] for a, b in X], [1000 * y for y in Y]
    network = model()
    nn.fit(network, rows, targets, lr=0.1, epochs=100, standardize=True)
    assert network.scaling is not None
    assert network.scaling.targets is not None
    errors = [abs(p - y) for p, y in zip(network.predict(rows), targets, strict=True)]
    assert max(errors) < 300
    before = network.scaling
    nn.fit(network, rows[:5], targets[:5], epochs=1)  # the scaling is not made anew
    assert network.scaling is before


def test_clipping_bounds_every_update() -> None:
    network = model()
    start = network.state_dict()
    nn.fit(network, X, [1000 * y for y in Y], lr=0.5, clip=0.1, epochs=1, batch_size="all")
    moved = math.sqrt(math.fsum((network.state_dict()[name] - start[name]) ** 2 for name in start))
    assert moved == pytest.approx(0.5 * 0.1, rel=1e-12)


def test_classification_of_two_and_of_many_classes() -> None:
    two = [1 if a + b > 0 else 0 for a, b in X]
    network = nn.MLP([2, 1], output="sigmoid", seed=1)
    nn.fit(network, X, two, loss="binary_cross_entropy", lr=1.0, epochs=60)
    assert [round(p) for p in network.predict(X)] == two
    clear = [(a, b) for a, b in X if min(abs(a), abs(b)) > 0.1]
    four = [(a > 0) + 2 * (b > 0) for a, b in clear]
    wide = nn.MLP([2, 4], seed=1)
    nn.fit(wide, clear, four, loss="mean_cross_entropy", lr=1.0, epochs=200)
    assert [p.index(max(p)) for p in wide.predict(clear)] == four


def test_several_outputs() -> None:
    network = nn.MLP([2, 2], output="linear", seed=1)
    nn.fit(network, X, [[a + b, a - b] for a, b in X], lr=0.2, epochs=100, standardize=True)
    assert network.predict([[0.5, 0.25]])[0] == pytest.approx([0.75, 0.25], abs=1e-3)


def test_a_function_as_loss_activation_and_penalty() -> None:
    network = nn.MLP([2, 2, 1], activation=lambda z: z.tanh() if hasattr(z, "tanh") else math.tanh(z), seed=1)
    twin = nn.MLP([2, 2, 1], activation="tanh", seed=1, init="glorot")
    nn.fit(network, X, Y, loss=lambda p, y: (p - y) ** 2, penalty=lambda w: 0.1 * nn.l2(w), epochs=3, backend="eager")
    nn.fit(twin, X, Y, loss="mean_squared_error", penalty=("l2", 0.1), epochs=3, backend="eager")
    assert network.state_dict() == pytest.approx(twin.state_dict(), rel=1e-12)


def test_one_epoch_more_or_none() -> None:
    network = model()
    before = network.state_dict()
    history = nn.fit(network, X, Y, epochs=0)
    assert (history.epochs, history.loss, history.stopped) == (0, [], "epochs")
    assert network.state_dict() == before
    assert "no epoch" in history.curve()


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"loss": "squared_eror"}, "did you mean 'squared_error'"),
    ({"optimizer": "adem"}, "did you mean 'adam'"),
    ({"backend": "lvm"}, "did you mean 'llvm'"),
    ({"penalty": "l2"}, "needs a strength"),
    ({"penalty": ("l3", 0.1)}, "unknown penalty 'l3'"),
    ({"batch_size": 0}, "batch_size is a whole number of at least 1"),
    ({"batch_size": 2.5}, "batch_size"),
    ({"epochs": -1}, "epochs is a whole number"),
    ({"epochs": True}, "epochs is a whole number"),
    ({"lr": -0.1}, "a learning rate"),
    ({"clip": 0.0}, "clip is a number above 0"),
    ({"tolerance": -1e-3}, "tolerance"),
    ({"patience": 5}, "something to validate on"),
    ({"validation": 1.5}, "between 0 and 1"),
    ({"loss": "hinge"}, "row 1: hinge: the target must be −1 or 1"),
    ({"loss": "binary_cross_entropy"}, "output is linear"),
    ({"loss": "cross_entropy"}, "at least 2"),
    ({"y": Y[:-1]}, "X has 20 rows, but y has 19 targets"),
    ({"y": [*Y[:-1], math.nan]}, "y, row 20: nan is not a finite number"),
    ({"y": [*Y[:-1], None]}, "y, row 20: None is not a number"),
    ({"y": [*Y[:-1], [1.0, 2.0]]}, "y, row 20"),
    ({"y": [[y, y] for y in Y]}, r"row 1: the model gives 1 number\(s\)"),
    ({"X": []}, "X is empty"),
    ({"X": "rows"}, "X should hold one entry a row"),
    ({"X": [1.0] * 20}, "X, row 1 is 1.0: a row is a list of numbers"),
    ({"X": [*X[:-1], [1.0]]}, "X, row 20: 1 numbers, but row 1 has 2"),
    ({"X": [*X[:-1], [1.0, "2"]]}, "X, row 20, column 2: '2' is not a number"),
    ({"X": [*X[:-1], [1.0, 1j]]}, "X, row 20, column 2"),
    ({"X": [[*row, 1.0] for row in X]}, "takes rows of 2 numbers, got 3"),
    ({"X": [*X[:-1], [math.inf, 0.0]]}, "X, row 20, column 1: inf is not a finite number"),
    ({"resume": nn.History()}, "cannot be resumed"),
    ({"resume": "history.json"}, "resume takes the History of an earlier fit, not 'history.json'"),
    ({"validation": "a"}, "a fraction to hold out is between 0 and 1, not 'a'"),
    ({"validation": True}, "between 0 and 1, not True"),
    ({"validation": (X,)}, "a fraction, or a pair of rows and targets"),
    ({"validation": (X, None)}, "validation y should hold one entry a row, not None"),
    ({"callback": 3}, "a callback is a function of the History, not 3"),
    ({"shuffle": "no"}, "shuffle is True or False, not 'no'"),
    ({"standardize": "no"}, "standardize is True or False, not 'no'"),
    ({"progress": "no"}, "progress is True or False, not 'no'"),
    ({"seed": None}, "a seed is a whole number, not None"),
    ({"seed": "a"}, "a seed is a whole number, not 'a'"),
    ({"y": ["cat"] * 20}, "y, row 1: 'cat' is not a number; a class is given by its number"),
    ({"y": [0.0, *["cat"] * 19]}, "y, row 2: 'cat' is not a number; a class is given by its number"),
    ({"seed": 0.5}, "a seed is a whole number, not 0.5"),
    ({"backend": None}, "unknown backend None"),
    ({"loss": 3}, "a loss is a name or a function of a prediction and its target, not 3"),
    ({"optimizer": None}, "an optimiser is a name, or one of nn's"),
    ({"lr": "0.1"}, "a learning rate is a number of at least 0, not '0.1'"),
    ({"penalty": ("l2", "0.1")}, "the strength of a penalty is a number of at least 0, not '0.1'"),
    ({"penalty": lambda w: None, "backend": "eager"}, "the penalty gave None: it has to give a Value"),
    ({"penalty": 0.1}, "a penalty is nn.l1 or nn.l2 times a strength"),
    ({"clip": "1"}, "clip is a number above 0, not '1'"),
    ({"tolerance": "1"}, "tolerance is a number of at least 0, not '1'"),
    ({"batch_size": "none"}, 'a whole number of at least 1, or "all", not'),
    ({"model": None}, r"fit trains a Module, such as nn.MLP\(\[2, 2, 1\]\), not None"),
    ({"model": nn.MLP}, "fit trains a Module"),
]


@pytest.mark.parametrize(("choices", "message"), REFUSED, ids=[repr(c).partition(" at 0x")[0][:40] for c, _ in REFUSED])
def test_what_makes_no_sense_is_refused_before_anything_changes(choices: dict[str, Any], message: str) -> None:
    network = model()
    before = network.state_dict()
    arguments = {"model": network, "X": X, "y": Y, "standardize": "y" not in choices, **choices}
    if "loss" in choices:
        arguments["standardize"] = False
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        nn.fit(**arguments)
    assert traceback.extract_tb(caught.value.__traceback__)[-1].filename == __file__
    assert network.state_dict() == before
    assert network.scaling is None


def test_an_optimiser_of_another_model_or_with_a_second_rate_is_refused() -> None:
    network = model()
    with pytest.raises(ValueError, match="not this model's"):
        nn.fit(network, X, Y, optimizer=nn.SGD(model().parameters()))
    with pytest.raises(ValueError, match="has a learning rate already"):
        nn.fit(network, X, Y, optimizer=nn.SGD(network.parameters()), lr=0.1)
    with pytest.raises(TypeError, match="an optimiser is a name"):
        nn.fit(network, X, Y, optimizer=nn.SGD)  # type: ignore[arg-type]


def test_scores_squashed_twice_are_refused() -> None:
    with pytest.raises(ValueError, match=r"takes scores.*squashed by sigmoid.*binary_cross_entropy"):
        nn.fit(nn.MLP([2, 1], output="sigmoid"), X, [1] * 20, loss="binary_cross_entropy_with_logits")
    with pytest.raises(ValueError, match=r"takes scores.*squashed by softmax"):
        nn.fit(nn.MLP([2, 2], output="softmax"), X, [1] * 20, loss="cross_entropy")


class Bent(nn.Module):
    """Its output is made of derivatives of a network: at the row, and at a fixed point, as a boundary condition is."""

    def __init__(self) -> None:
        self.network = nn.MLP([1, 3, 1], seed=4)

    def __call__(self, row: Any) -> Any:
        slope = grad(lambda x: self.network([x]))
        return slope(row[0]) + 0.5 * slope(0.25) + hessian(lambda x: self.network([x]))(row[1])


@pytest.mark.parametrize("backend", ["eager", *COMPILED])
@pytest.mark.parametrize("batch_size", [1, 7])
def test_a_model_that_differentiates_within_itself_loses_no_gradient(backend: str, batch_size: int) -> None:
    """Against gradients of the loss by central differences, which know nothing of either."""
    bent, twin = Bent(), Bent()
    history = nn.fit(bent, X, Y, batch_size=batch_size, epochs=1, lr=0.05, shuffle=False, backend=backend)
    assert history.backend == backend
    parameters = twin.parameters()

    def loss(batch: range) -> float:
        return math.fsum((p - Y[i]) ** 2 for i, p in zip(batch, twin.predict([X[i] for i in batch]), strict=True))

    for start in range(0, len(X), batch_size):
        batch = range(start, min(start + batch_size, len(X)))
        slopes = []
        for p in parameters:
            at, h = p.data, 1e-5
            p.data = at + h
            above = loss(batch)
            p.data = at - h
            slopes.append((above - loss(batch)) / (2 * h) / len(batch))
            p.data = at
        for p, slope in zip(parameters, slopes, strict=True):
            p.data -= 0.05 * slope
    assert [p.data for p in bent.parameters()] == pytest.approx([p.data for p in parameters], rel=1e-7, abs=1e-8)


def test_after_an_error_gradients_are_as_they_were_too() -> None:
    mlp = model()
    for i, p in enumerate(mlp.parameters()):
        p.grad = float(i)
    with pytest.raises(nn.DivergenceError):
        nn.fit(mlp, X, Y, lr=1e6, epochs=50, backend="eager")
    with pytest.raises(KeyError):
        nn.fit(mlp, X, Y, epochs=2, callback=lambda history: {}["missing"])
    assert [p.grad for p in mlp.parameters()] == [float(i) for i in range(len(mlp.parameters()))]
