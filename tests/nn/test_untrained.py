"""What the loss depends on and training would leave alone is said, not passed over."""

from __future__ import annotations

import collections
import types
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import nn
from autograd import Value, tanh

X, Y = [[1.0], [2.0], [3.0]], [2.0, 4.0, 6.0]


class Scaled(nn.Module):
    """w · x, its factor wherever ``hold`` puts it."""

    holder: Any

    def __init__(self, hold: Callable[[Scaled, Value], Callable[[], Any]]) -> None:
        self.offset = Value(0.5, "b")
        self.find = hold(self, Value(0.1, "w"))

    def __call__(self, row: Any) -> Any:
        return self.find() * row[0] + self.offset


class Slots:
    __slots__ = ("w",)

    def __init__(self, w: Value) -> None:
        self.w = w


def in_attribute(holder: Callable[[Value], Any], of: Callable[[Any], Any]) -> Any:
    def hold(model: Scaled, w: Value) -> Callable[[], Any]:
        model.holder = holder(w)
        return lambda: of(model.holder)

    return hold


HIDDEN = {
    "set": in_attribute(lambda w: {w}, lambda h: next(iter(h))),
    "deque": in_attribute(lambda w: collections.deque([w]), lambda h: h[0]),
    "namespace": in_attribute(lambda w: types.SimpleNamespace(w=w), lambda h: h.w),
    "slots": in_attribute(Slots, lambda h: h.w),
    "closure": lambda model, w: lambda: w,
}


@pytest.mark.parametrize("place", HIDDEN)
def test_a_leaf_that_is_no_parameter_is_warned_of_once(place: str) -> None:
    model = Scaled(HIDDEN[place])
    with pytest.warns(UserWarning, match=r"does not train 1 Value .*: w = 0\.1\. .*attribute of the model") as caught:
        nn.fit(model, X, Y, epochs=2, lr=0.01)
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_a_leaf_of_the_class_is_warned_of() -> None:
    class Line(nn.Module):
        scale = Value(1.0)

        def __init__(self) -> None:
            self.w = Value(0.1)

        def __call__(self, row: Any) -> Any:
            return self.scale * self.w * row[0]

    with pytest.warns(UserWarning, match=r"does not train 1 Value"):
        nn.fit(Line(), X, Y, epochs=1, lr=0.01)


@pytest.mark.parametrize("hold", [lambda w: w * 0.1, lambda w: [w * 0.1], lambda w: {"k": tanh(w)}])
def test_an_attribute_computed_once_is_refused(hold: Any) -> None:
    class Line(nn.Module):
        def __init__(self) -> None:
            self.b = Value(0.0)
            self.w = hold(Value(3.0))

        def __call__(self, row: Any) -> Any:
            w = self.w if isinstance(self.w, Value) else next(iter(self.w.values() if "k" in self.w else self.w))
            return w * row[0] + self.b

    line = Line()
    with pytest.raises(TypeError, match=r"w.* is no parameter.*computed once.*Value\(0\.1 \* g\)"):
        nn.fit(line, X, Y, epochs=1)
    assert line.b.data == 0.0


def test_a_model_without_parameters_is_told_what_one_is() -> None:
    class Line(nn.Module):
        def __init__(self) -> None:
            self.w = Value(3.0) * 0.1

        def __call__(self, row: Any) -> Any:
            return self.w * row[0]

    with pytest.raises(ValueError, match=r"the model has no parameters: one is an attribute .*Value\(0\.1 \* g\)"):
        nn.fit(Line(), X, Y)


def test_what_the_call_makes_and_constants_of_the_loss_raise_no_alarm() -> None:
    class Keeper(nn.Module):
        """It keeps its outputs, and with them their graphs, for someone to look at."""

        def __init__(self) -> None:
            self.network = nn.MLP([1, 2, 1], seed=1)
            self.seen: collections.deque[Value] = collections.deque(maxlen=9)

        def __call__(self, row: Any) -> Any:
            self.last = self.network(row) * Value(2.0, "c")
            self.seen.append(self.last)
            return self.last

    two = Value(2.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.fit(Keeper(), X, Y, epochs=1, loss=lambda p, y: two * (p - y) ** 2, penalty=lambda w: two * w[0] ** 2)
        frozen = nn.MLP([1, 2, 1], seed=1)
        nn.fit(frozen, X, Y, epochs=1, optimizer=nn.SGD(frozen.layers[1].parameters()))


def test_a_labelled_leaf_of_the_loss_is_warned_of() -> None:
    deviation = Value(2.0, "σ")
    with pytest.warns(UserWarning, match=r"does not train 1 Value .*: σ = 2\."):
        nn.fit(nn.MLP([1, 1], seed=1), X, Y, epochs=1, loss=lambda p, y: ((p - y) / deviation) ** 2)


@pytest.mark.parametrize("backend", ["eager", "auto"])
def test_functions_written_with_methods_of_values_train_and_predict(backend: str) -> None:
    model = nn.MLP([1, 2, 1], activation=lambda z: z.tanh(), output=lambda z: z.sigmoid(), seed=1)
    twin = nn.MLP([1, 2, 1], activation="tanh", output="sigmoid", seed=1)
    twin.load_state_dict(model.state_dict())
    history = nn.fit(
        model, X, Y, epochs=2, validation=(X, Y), loss=lambda p, y: (p - y).tanh() ** 2, lr=0.1, backend=backend
    )
    again = nn.fit(twin, X, Y, epochs=2, validation=(X, Y), loss=lambda p, y: tanh(p - y) ** 2, lr=0.1, backend=backend)
    assert history.validation_loss == pytest.approx(again.validation_loss, rel=1e-14)
    assert model.predict(X) == pytest.approx(twin.predict(X), rel=1e-14)
    assert all(isinstance(p, float) for p in model.predict(X))


def test_a_function_that_fails_on_both_says_so_itself() -> None:
    with pytest.raises(AttributeError, match="tahn"):
        nn.MLP([1, 1, 1], activation=lambda z: z.tahn(), seed=1).predict(X)
