"""A run is taken up only as what it was: anything else is refused by name."""

from __future__ import annotations

import functools
import json
import re
import sys
from typing import Any

import pytest

import nn

X = [[0.0, 1.0], [1.0, 0.5], [2.0, -1.0], [3.0, 2.0], [4.0, 0.0]]
Y = [1.0, 2.0, 0.5, -1.0, 3.0]


def train(model: nn.MLP, **choices: Any) -> nn.History:
    return nn.fit(model, **{"X": X, "y": Y, "epochs": 3, "lr": 0.01, "standardize": True, **choices})


def other_loss(prediction: Any, target: Any) -> Any:
    return (prediction - target) ** 4


OTHERS: list[tuple[dict[str, Any], str]] = [
    ({"loss": "mean_huber"}, "loss mean_squared_error; this one has loss mean_huber"),
    ({"loss": other_loss}, "this one has loss other_loss"),
    ({"shuffle": False}, "shuffle True; this one has shuffle False"),
    ({"penalty": 0.01 * nn.l2}, r"penalty None; this one has penalty 0.01\*l2"),
    ({"clip": 1.0}, "clip None; this one has clip 1.0"),
    ({"seed": 1}, "seed 0; this one has seed 1"),
    ({"batch_size": 2}, "batch_size 1; this one has batch_size 2"),
    ({"X": X[:4], "y": Y[:4]}, "rows 5; this one has rows 4"),
    ({"X": [*X[:4], [4.0, 0.5]]}, "other rows or targets"),
    ({"y": [*Y[:4], 3.5]}, "other rows or targets"),
    ({"y": [[y] for y in Y[::-1]]}, "other rows or targets"),
    ({"clip": 2.0, "shuffle": False}, "shuffle True, clip None; this one has shuffle False, clip 2.0"),
]


@pytest.mark.parametrize(("choices", "message"), OTHERS, ids=[message[:30] for _, message in OTHERS])
def test_another_run_is_refused_and_changes_nothing(choices: dict[str, Any], message: str) -> None:
    model = nn.MLP([2, 2, 1], seed=1)
    first = train(model)
    before = model.state_dict()
    with pytest.raises(ValueError, match=message):
        train(model, resume=first, **choices)
    assert model.state_dict() == before


def test_a_run_with_other_parameters_or_an_optimiser_of_other_numbers_is_another_run() -> None:
    model = nn.MLP([2, 2, 1], seed=1)
    parameters = model.parameters()

    def run(optimizer: nn.Optimizer, resume: nn.History | None = None) -> nn.History:
        return train(model, optimizer=optimizer, lr=None, resume=resume)

    some = run(nn.Adam(parameters[:4]))
    for others, message in (
        (nn.Adam(parameters[4:8]), r"trained \[0, 1, 2, 3\]; this one has trained \[4, 5, 6, 7\]"),
        (nn.Adam(parameters[3::-1]), r"this one has trained \[3, 2, 1, 0\]"),
        (nn.Adam(parameters[:4], betas=(0.1, 0.2)), r"betas=\(0.1, 0.2\)"),
    ):
        with pytest.raises(ValueError, match=message):
            run(others, json_copy(some))
    assert run(nn.Adam(parameters[:4], lr=0.5), json_copy(some)).stopped == "epochs"
    every = run(nn.SGD(parameters))
    with pytest.raises(ValueError, match="it had trained all parameters"):
        run(nn.SGD(parameters[::-1]), every)


def json_copy(history: nn.History) -> nn.History:
    return nn.History.from_dict(json.loads(json.dumps(history.to_dict())))


def power_of(n: int) -> Any:
    return lambda prediction, target: (prediction - target) ** n


def scaled(n: float) -> Any:
    def penalty(weights: list[Any], strength: float = n) -> Any:
        return strength * nn.l2(weights)

    return penalty


class Raised:
    def __call__(self, prediction: Any, target: Any) -> Any:
        return (prediction - target) ** 2


# Two functions of one name, and whether they are the same function.
NAMESAKES: list[tuple[str, Any, Any, bool]] = [
    ("loss", lambda p, y: (p - y) ** 2, lambda p, y: (p - y) ** 4, False),
    ("loss", lambda p, y: (p - y) ** 2, lambda p, y: (y - p) ** 2, False),
    ("loss", lambda p, y: nn.huber(p, y), lambda p, y: nn.squared_error(p, y), False),
    ("loss", power_of(2), power_of(4), False),
    ("loss", power_of(4), power_of(4), True),
    ("loss", functools.partial(nn.huber, delta=1.0), functools.partial(nn.huber, delta=2.0), False),
    ("loss", functools.partial(nn.huber, delta=1.0), functools.partial(nn.huber, delta=1.0), True),
    ("loss", Raised(), Raised(), True),
    ("penalty", scaled(0.1), scaled(0.2), False),
    ("penalty", scaled(0.1), scaled(0.1), True),
    ("penalty", 0.1 * nn.l2, 0.1 * nn.l2, True),
]


@pytest.mark.parametrize(("what", "one", "other", "same"), NAMESAKES)
def test_functions_of_one_name_are_told_apart(what: str, one: Any, other: Any, same: bool) -> None:
    model = nn.MLP([2, 2, 1], seed=1)
    first = json_copy(train(model, **{what: one}, backend="eager"))
    if same:
        assert train(model, **{what: other}, resume=first, epochs=4, backend="eager").epochs == 4
        return
    with pytest.raises(ValueError, match=r"cannot be resumed as another one: (its loss or its penalty|it had loss)"):
        train(model, **{what: other}, resume=first, epochs=4, backend="eager")


def test_functions_of_another_python_are_told_apart_by_their_names_only() -> None:
    """Python compiles the same lines to other code in every version."""
    model = nn.MLP([2, 2, 1], seed=1)
    first = train(model, loss=power_of(2))
    version, code = first.state["of"]["functions"]
    first.state["of"]["functions"] = ["3.10", code[::-1]]
    assert version == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert train(model, loss=power_of(4), resume=first, epochs=4).epochs == 4


def test_scaling_that_comes_or_goes_is_refused() -> None:
    first = train(nn.MLP([2, 2, 1], seed=1))
    with pytest.raises(ValueError, match="standardize True; this one has standardize False"):
        train(nn.MLP([2, 2, 1], seed=1), standardize=False, resume=first)


def test_a_penalty_is_compared_with_all_its_digits() -> None:
    model = nn.MLP([2, 2, 1], seed=1)
    first = train(model, penalty=0.1 * nn.l2 + 0.2 * nn.l1)
    train(model, penalty=nn.l2(0.1) + nn.l1(0.2), resume=first, epochs=4)
    with pytest.raises(ValueError, match="penalty"):
        train(model, penalty=0.1000000001 * nn.l2 + 0.2 * nn.l1, resume=first)


def test_what_may_change() -> None:
    """The rate, and what only says when to stop."""
    model = nn.MLP([2, 2, 1], seed=1)
    first = nn.History.from_dict(json.loads(json.dumps(train(model).to_dict())))
    again = train(model, resume=first, epochs=5, lr=0.001, tolerance=1e-9, backend="eager", progress=False)
    assert (again.epochs, again.reason) == (5, "all 5 epochs are done")
    last = train(model, resume=again, epochs=2)
    assert (last.epochs, last.stopped) == (5, "epochs")
    assert last.reason == "5 epochs were done before, and epochs=2 asks for no more"


def test_a_record_without_what_is_to_be_compared_is_refused() -> None:
    model = nn.MLP([2, 2, 1], seed=1)
    first = train(model)
    del first.state["of"]["data"]
    with pytest.raises(ValueError, match=re.escape("cannot be resumed ('data')")):
        train(model, resume=first)
