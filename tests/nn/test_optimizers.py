"""Optimisers against straightforward implementations of PyTorch's definitions, on many steps."""

from __future__ import annotations

import math
import random
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import nn
from autograd import Value
from nn.optimizers import clipped

# Each oracle yields the parameter after every step, given the gradients; written from the algorithm boxes of
# PyTorch's documentation, one number at a time.


def sgd(p: float, gs: list[float], lr: float, momentum: float = 0, nesterov: bool = False, decay: float = 0) -> Any:
    b = None
    for g in gs:
        g = g + decay * p
        if momentum:
            b = g if b is None else momentum * b + g
            g = g + momentum * b if nesterov else b
        p = p - lr * g
        yield p


def rmsprop(p: float, gs: list[float], lr: float, alpha: float = 0.99, eps: float = 1e-8) -> Iterator[float]:
    v = 0.0
    for g in gs:
        v = alpha * v + (1 - alpha) * g**2
        p = p - lr * g / (math.sqrt(v) + eps)
        yield p


def adam(
    p: float, gs: list[float], lr: float, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8, decay: float = 0
) -> Iterator[float]:
    m = v = 0.0
    for t, g in enumerate(gs, 1):
        p = p - lr * decay * p
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)
        p = p - lr * m_hat / (math.sqrt(v_hat) + eps)
        yield p


CASES: list[tuple[str, Callable[[list[Value]], nn.Optimizer], Callable[[float, list[float]], Iterator[float]]]] = [
    ("SGD", lambda ps: nn.SGD(ps, lr=0.1), lambda p, g: sgd(p, g, 0.1)),
    ("momentum", lambda ps: nn.SGD(ps, lr=0.1, momentum=0.9), lambda p, g: sgd(p, g, 0.1, 0.9)),
    ("Nesterov", lambda ps: nn.SGD(ps, 0.1, momentum=0.9, nesterov=True), lambda p, g: sgd(p, g, 0.1, 0.9, True)),
    ("SGD, decay", lambda ps: nn.SGD(ps, 0.1, 0.5, weight_decay=0.2), lambda p, g: sgd(p, g, 0.1, 0.5, decay=0.2)),
    ("RMSprop", lambda ps: nn.RMSprop(ps, lr=0.02), lambda p, g: rmsprop(p, g, 0.02)),
    ("RMSprop, alpha", lambda ps: nn.RMSprop(ps, 0.02, alpha=0.5), lambda p, g: rmsprop(p, g, 0.02, 0.5)),
    ("Adam", lambda ps: nn.Adam(ps), lambda p, g: adam(p, g, 0.001)),
    ("Adam, betas", lambda ps: nn.Adam(ps, 0.1, (0.5, 0.9)), lambda p, g: adam(p, g, 0.1, 0.5, 0.9)),
    ("AdamW", lambda ps: nn.AdamW(ps, lr=0.1), lambda p, g: adam(p, g, 0.1, decay=0.01)),
    ("AdamW, decay", lambda ps: nn.AdamW(ps, 0.1, weight_decay=0.3), lambda p, g: adam(p, g, 0.1, decay=0.3)),
]


@pytest.mark.parametrize(("name", "make", "oracle"), CASES, ids=[case[0] for case in CASES])
def test_every_step_is_pytorchs(name: str, make: Any, oracle: Any) -> None:
    rng = random.Random(name)
    starts = [rng.gauss(0, 1) for _ in range(3)]
    gradients = [[rng.gauss(0, 10.0**k) for _ in range(40)] for k in (-3, 0, 3)]
    gradients[1][7] = 0.0
    parameters = [Value(p) for p in starts]
    optimizer = make(parameters)
    for step in zip(*(oracle(p, g) for p, g in zip(starts, gradients, strict=True)), strict=True):
        for p, g in zip(parameters, gradients, strict=True):
            p.grad = g[optimizer.updates]
        optimizer.step()
        assert [p.data for p in parameters] == pytest.approx(step, rel=1e-12)
    assert optimizer.updates == 40


@pytest.mark.parametrize(("name", "make", "oracle"), CASES, ids=[case[0] for case in CASES])
def test_the_rule_on_values_gives_the_bits_of_the_rule_on_floats(name: str, make: Any, oracle: Any) -> None:
    optimizer = make([Value(0.5)])
    state = tuple(0.25 for _ in range(optimizer.state_size))
    on_floats, new_state = optimizer.update(0.5, -0.75, state, 0.1, 3.0)
    nodes = [Value(x) for x in (0.5, -0.75, 0.1, 3.0)]
    on_values, node_state = optimizer.update(nodes[0], nodes[1], tuple(Value(x) for x in state), nodes[2], nodes[3])
    assert on_values.data == on_floats
    assert tuple(v.data for v in node_state) == new_state


@pytest.mark.parametrize(("name", "make", "oracle"), CASES, ids=[case[0] for case in CASES])
def test_its_state_goes_on_bit_for_bit(name: str, make: Any, oracle: Any) -> None:
    rng = random.Random(3)
    gradients = [rng.gauss(0, 1) for _ in range(20)]
    whole = make([Value(1.0)])
    for g in gradients:
        whole.move([g])
    first = make([Value(1.0)])
    for g in gradients[:9]:
        first.move([g])
    second = make([Value(first.parameters[0].data)])
    second.load_state_dict(first.state_dict())
    for g in gradients[9:]:
        second.move([g])
    assert second.parameters[0].data == whole.parameters[0].data
    assert second.state_dict() == whole.state_dict()


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"name": "SGD", "updates": 1, "state": [[0.0, 0.0]]},
        {"name": "Adam", "updates": 1, "state": [[0.0]]},
        {"name": "Adam", "updates": 1, "state": [[0.0, 0.0], [0.0, 0.0]]},
        {"name": "Adam", "updates": -1, "state": [[0.0, 0.0]]},
        {"name": "Adam", "updates": 1, "state": [["x", 0.0]]},
        {"name": "Adam", "updates": 1, "state": 7},
        {"name": "Adam", "updates": True, "state": [[0.0, 0.0]]},
        {"name": "Adam", "updates": 1, "state": [["1.0", 0.0]]},
        None,
        "state",
        [1],
    ],
    ids=str,
)
def test_another_optimisers_state_is_refused_and_changes_nothing(state: Any) -> None:
    optimizer = nn.Adam([Value(1.0)])
    optimizer.move([0.5])
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match=r"state|updates"):
        optimizer.load_state_dict(state)
    assert optimizer.state_dict() == before


def test_a_step_that_would_not_be_finite_changes_nothing() -> None:
    parameters = [Value(1.0, "a"), Value(2.0, "b")]
    optimizer = nn.SGD(parameters, lr=0.1, momentum=0.5)
    with pytest.raises(ArithmeticError, match=r"make b -?inf"):
        optimizer.move([1.0, math.inf])
    assert ([p.data for p in parameters], optimizer.updates) == ([1.0, 2.0], 0)
    assert optimizer.state == [(0.0,), (0.0,)]


def test_schedules_see_the_number_of_updates_made() -> None:
    seen: list[int] = []

    def schedule(t: int) -> float:
        seen.append(t)
        return 1.0 / (t + 1)

    p = Value(0.0)
    optimizer = nn.SGD([p], lr=schedule)
    for _ in range(3):
        optimizer.move([1.0])
    assert seen == [0, 1, 2]
    assert p.data == pytest.approx(-(1 + 1 / 2 + 1 / 3))
    with pytest.raises(ValueError, match=r"learning rate that .* for update 1 is a number of at least 0, not -1"):
        nn.SGD([Value(0.0)], lr=lambda t: -1.0).step()
    warm = nn.CosineDecay(1.0, updates=20, warmup=4)
    assert [warm(t) for t in range(4)] == [0.25, 0.5, 0.75, 1.0]
    assert warm(12) == pytest.approx(0.5)


@pytest.mark.parametrize("gradients", [[3.0, 4.0], [1e200, -1e200], [1e-200, 1e-200], [0.0, 0.0], [0.3, 0.4]])
def test_clipping_bounds_the_norm_and_keeps_the_direction(gradients: list[float]) -> None:
    norm = math.hypot(*gradients)
    result = clipped(gradients, 1.0)
    assert result == pytest.approx([g / max(norm, 1.0) for g in gradients], rel=1e-14)
    assert [v.data for v in clipped([Value(g) for g in gradients], 1.0)] == result
    parameters = [Value(0.0), Value(0.0)]
    for p, g in zip(parameters, gradients, strict=True):
        p.grad = g
    nn.clip_gradients(parameters, 1.0)
    assert [p.grad for p in parameters] == result


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.SGD([]),
        lambda: nn.SGD([Value(1.0)], lr=-1.0),
        lambda: nn.SGD([Value(1.0)], lr=math.nan),
        lambda: nn.SGD([Value(1.0)], momentum=1.0),
        lambda: nn.SGD([Value(1.0)], nesterov=True),
        lambda: nn.Adam([Value(1.0)], betas=(0.9, 1.0)),
        lambda: nn.SGD([Value(1.0) * 2]),
        lambda: nn.SGD([1.0]),
        lambda: nn.SGD([Value(1.0)] * 2),
        lambda: nn.SGD(None),
        lambda: nn.SGD("parameters"),
        lambda: nn.SGD(Value(1.0)),
        lambda: nn.SGD(nn.MLP([1, 1])),
        lambda: nn.SGD([Value(1.0)], lr=10**400),
        lambda: nn.SGD([Value(1.0)], lr="0.1"),
        lambda: nn.SGD([Value(1.0)], momentum=0.9, nesterov="no"),
        lambda: nn.Adam([Value(1.0)], betas=0.9),
        lambda: nn.Adam([Value(1.0)], betas=(0.9, 0.99, 0.999)),
        lambda: nn.Adam([Value(1.0)], betas=None),
        lambda: nn.SGD([Value(1.0)]).move([]),
        lambda: nn.SGD([Value(1.0)]).move(None),
        lambda: nn.SGD([Value(1.0)]).move([None]),
        lambda: without_gradient(nn.Adam([Value(1.0, "w")])).step(),
        lambda: nn.clip_gradients([], 1.0),
        lambda: nn.clip_gradients(None, 1.0),
        lambda: nn.clip_gradients([1.0], 1.0),
        lambda: nn.clip_gradients([Value(1.0)], 0.0),
        lambda: nn.clip_gradients([Value(1.0)], "1"),
    ],
)
def test_unusable_choices_are_refused(make: Any) -> None:
    with pytest.raises((ValueError, TypeError), match=r"optimiser|number|nesterov|parameter|gradients") as caught:
        make()
    assert traceback.extract_tb(caught.value.__traceback__)[-1].filename == __file__


def without_gradient(optimizer: nn.Optimizer) -> nn.Optimizer:
    optimizer.parameters[0].grad = None  # type: ignore[assignment]  # PyTorch's habit
    return optimizer


def test_a_division_by_zero_is_named_and_changes_nothing() -> None:
    p = Value(1.0)
    optimizer = nn.RMSprop([p], eps=0.0)
    with pytest.raises(ArithmeticError, match="update 1 divides by zero, which an eps above 0 prevents"):
        optimizer.step()
    assert (p.data, optimizer.updates) == (1.0, 0)


def test_a_schedule_is_shown_by_its_name() -> None:
    def halving(t: int) -> float:
        return -(0.5**t)

    optimizer = nn.SGD([Value(1.0)], lr=halving)
    assert repr(optimizer) == "SGD(lr=halving, momentum=0.0, nesterov=False, weight_decay=0.0)"
    with pytest.raises(ValueError, match="the learning rate that halving gives for update 1"):
        optimizer.step()
