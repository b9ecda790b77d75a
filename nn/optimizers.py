"""Optimisers: how a parameter moves, given its gradient.

Each is one pure function in arithmetic over numbers or Values, ``update``; the eager loop runs it on floats,
and a compiler traces it.  Names, defaults and definitions are PyTorch's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Real
from typing import Any, ClassVar

from autograd import Value, maximum, sqrt, total
from autograd import abs as absolute

from .naming import unknown
from .refusal import demand, ends_at_caller, flag, listed, positive, shown
from .schedules import Schedule

State = tuple[Any, ...]


class Optimizer:
    """The base class of optimisers: it holds the parameters, the learning rate and a state for every parameter.

    parameters  the Values to move, such as ``model.parameters()``
    lr          the learning rate: a number, or a function of the number of updates made so far

    A subclass gives ``update`` and says how many numbers of state it keeps a parameter.
    """

    state_size: ClassVar[int] = 0

    @ends_at_caller
    def __init__(self, parameters: Iterable[Value], lr: float | Schedule) -> None:
        self.parameters = listed("parameters, such as model.parameters() gives,", parameters)
        if not self.parameters:
            raise ValueError("an optimiser needs at least one parameter")
        for p in self.parameters:
            if not isinstance(p, Value) or p.parents:
                raise TypeError(f"parameters are leaf Values, such as model.parameters() gives; this is {shown(p)}")
        if len(set(self.parameters)) < len(self.parameters):
            raise ValueError("a parameter is listed twice")
        if not callable(lr):
            demand("a learning rate", lr, 0.0)
        self.lr = lr
        self.updates = 0
        self.state: list[State] = [(0.0,) * self.state_size for _ in self.parameters]

    def update(self, p: Any, g: Any, state: State, rate: Any, t: Any) -> tuple[Any, State]:
        """A parameter and its state after update number ``t`` (from 1), given its gradient ``g``."""
        raise NotImplementedError(f"{type(self).__name__} does not say how a parameter moves: give it an update(…)")

    def hyperparameters(self) -> dict[str, Any]:
        """The numbers that define the optimiser, but for the learning rate."""
        return {}

    def rate(self, updates: int | None = None) -> float:
        """The learning rate of the update after so many (by default, of the next one).

        Raises ``ValueError`` if the schedule gives no finite number of at least 0.
        """
        if not callable(self.lr):
            return self.lr
        updates = self.updates if updates is None else updates
        rate = self.lr(updates)
        demand(f"the learning rate that {_named(self.lr)} gives for update {updates + 1}", rate, 0.0)
        return float(rate)

    @ends_at_caller
    def step(self) -> None:
        """Move every parameter once, by its ``grad``.

        Raises :class:`NotFiniteError`, and changes nothing, where a parameter would become infinite or NaN.
        """
        self.move([p.grad for p in self.parameters])

    @ends_at_caller
    def move(self, gradients: Sequence[float]) -> None:
        """The same with the gradients given.

        Everything is computed before anything is changed, so an interrupt leaves a complete step behind.
        """
        rate, t, update = self.rate(), self.updates + 1, self.update
        try:
            moved = [
                update(p.data, g, state, rate, t)
                for p, g, state in zip(self.parameters, gradients, self.state, strict=True)
            ]
            for p, (data, _) in zip(self.parameters, moved, strict=True):
                if not math.isfinite(data):
                    raise NotFiniteError(f"update {t} would make {p.label or 'a parameter'} {data}")
        except ZeroDivisionError:
            raise NotFiniteError(f"update {t} divides by zero, which an eps above 0 prevents: {self!r}") from None
        except (TypeError, ValueError, OverflowError) as error:
            raise self._unsuitable(gradients) or error from None
        state = [state for _, state in moved]

        def commit() -> None:
            for p, (data, _) in zip(self.parameters, moved, strict=True):
                p.data = data
            self.state, self.updates = state, t

        try:
            commit()
        except KeyboardInterrupt:
            commit()
            raise

    def _unsuitable(self, gradients: Any) -> Exception | None:
        """What is wrong with gradients that no update can be made from; None, if it is not they."""
        try:
            gradients = listed("the gradients", gradients)
        except TypeError as error:
            return error
        if len(gradients) != len(self.parameters):
            return ValueError(f"{len(gradients)} gradients for {len(self.parameters)} parameters")
        for p, g in zip(self.parameters, gradients, strict=True):
            if not isinstance(g, Real):
                return TypeError(f"the gradient of {p.label or 'a parameter'} is {shown(g)}, no number: set it to 0.0")
        return None

    def zero_grad(self) -> None:
        """Set every parameter's gradient to 0."""
        for p in self.parameters:
            p.grad = 0.0

    def state_dict(self) -> dict[str, Any]:
        """What it takes to go on exactly where this optimiser is: plain numbers, lists and dictionaries."""
        return {
            "name": type(self).__name__,
            "updates": self.updates,
            "state": [list(state) for state in self.state],
        }

    @ends_at_caller
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another optimiser of the same kind was; ``ValueError``, and no change, for anything else."""
        if not isinstance(state, Mapping):
            raise ValueError(f"an optimiser's state is a dictionary, such as state_dict() gives, not {shown(state)}")
        if missing := [key for key in ("name", "updates", "state") if key not in state]:
            raise ValueError(f"this is no optimiser's state: it has no {missing[0]!r}")
        name, updates, states = state["name"], state["updates"], state["state"]
        try:
            numbers = [tuple(map(_real, listed("a parameter's numbers", one))) for one in listed("the states", states)]
        except (TypeError, ValueError) as error:
            raise ValueError(f"this is no optimiser's state: {error}") from None
        if not isinstance(name, str) or name != type(self).__name__:
            raise ValueError(f"this is the state of {shown(name)}, not of {type(self).__name__}")
        if not isinstance(updates, int) or isinstance(updates, bool) or updates < 0:
            raise ValueError(f"the number of updates made is a whole number of at least 0, not {shown(updates)}")
        if len(numbers) != len(self.parameters) or any(len(one) != self.state_size for one in numbers):
            raise ValueError(
                f"the state has another shape: {type(self).__name__} keeps {self.state_size} number(s) for each of "
                f"{len(self.parameters)} parameters"
            )
        self.updates, self.state = updates, numbers

    def __repr__(self) -> str:
        chosen = "".join(f", {name}={value!r}" for name, value in self.hyperparameters().items())
        return f"{type(self).__name__}(lr={_named(self.lr)}{chosen})"


def _named(lr: float | Schedule) -> str:
    """A learning rate for people; a function by its name, because its repr tells where in memory it is."""
    return str(getattr(lr, "__name__", repr(lr)))


def _real(x: Any) -> float:
    if not isinstance(x, Real):
        raise TypeError(f"{shown(x)} is not a number")
    return float(x)


class NotFiniteError(ArithmeticError):
    """A number of the training run became infinite or NaN."""


class SGD(Optimizer):
    """Gradient descent, p − η g; with momentum, p − η v where v ← momentum · v + g.

    >>> w = Value(2.0)
    >>> optimizer = SGD([w], lr=0.1)
    >>> (w * w).backward()
    >>> optimizer.step()
    >>> w.data
    1.6
    """

    @ends_at_caller
    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Schedule = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        demand("momentum", momentum, 0.0, 1.0)
        demand("weight_decay", weight_decay, 0.0)
        if flag("nesterov", nesterov) and not momentum:
            raise ValueError("nesterov needs a momentum")
        self.momentum, self.nesterov, self.weight_decay = momentum, nesterov, weight_decay
        self.state_size = 1 if momentum else 0  # type: ignore[misc]  # plain descent keeps none
        super().__init__(parameters, lr)

    def update(self, p: Any, g: Any, state: State, rate: Any, t: Any) -> tuple[Any, State]:
        if self.weight_decay:
            g = g + self.weight_decay * p
        if not self.momentum:
            return p - rate * g, state
        velocity = self.momentum * state[0] + g
        step = g + self.momentum * velocity if self.nesterov else velocity
        return p - rate * step, (velocity,)

    def hyperparameters(self) -> dict[str, Any]:
        return {"momentum": self.momentum, "nesterov": self.nesterov, "weight_decay": self.weight_decay}


class RMSprop(Optimizer):
    """Each gradient is divided by the root of a running mean of its square (Tieleman and Hinton 2012)."""

    state_size = 1

    @ends_at_caller
    def __init__(
        self, parameters: Iterable[Value], lr: float | Schedule = 0.01, alpha: float = 0.99, eps: float = 1e-8
    ) -> None:
        demand("alpha", alpha, 0.0, 1.0)
        demand("eps", eps, 0.0)
        self.alpha, self.eps = alpha, eps
        super().__init__(parameters, lr)

    def update(self, p: Any, g: Any, state: State, rate: Any, t: Any) -> tuple[Any, State]:
        square = self.alpha * state[0] + (1.0 - self.alpha) * g * g
        return p - rate * g / (sqrt(square) + self.eps), (square,)

    def hyperparameters(self) -> dict[str, Any]:
        return {"alpha": self.alpha, "eps": self.eps}


class Adam(Optimizer):
    """Running means of the gradient and of its square, both corrected for having started at 0 (Kingma and Ba 2015)."""

    state_size = 2

    @ends_at_caller
    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Schedule = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise ValueError(f"betas are two numbers, such as (0.9, 0.999), not {shown(betas)}")
        for beta in betas:
            demand("each of betas", beta, 0.0, 1.0)
        demand("eps", eps, 0.0)
        self.betas, self.eps = (float(betas[0]), float(betas[1])), eps
        super().__init__(parameters, lr)

    def update(self, p: Any, g: Any, state: State, rate: Any, t: Any) -> tuple[Any, State]:
        (beta1, beta2), (mean, square) = self.betas, state
        mean = beta1 * mean + (1.0 - beta1) * g
        square = beta2 * square + (1.0 - beta2) * g * g
        root = sqrt(square) / sqrt(1.0 - beta2**t)
        return p - rate / (1.0 - beta1**t) * mean / (root + self.eps), (mean, square)

    def hyperparameters(self) -> dict[str, Any]:
        return {"betas": self.betas, "eps": self.eps}


class AdamW(Adam):
    """Adam, with every parameter shrunk by the factor 1 − η · weight_decay first (Loshchilov and Hutter 2019)."""

    @ends_at_caller
    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Schedule = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        demand("weight_decay", weight_decay, 0.0)
        self.weight_decay = weight_decay
        super().__init__(parameters, lr, betas, eps)

    def update(self, p: Any, g: Any, state: State, rate: Any, t: Any) -> tuple[Any, State]:
        return super().update(p * (1.0 - rate * self.weight_decay), g, state, rate, t)

    def hyperparameters(self) -> dict[str, Any]:
        return {**super().hyperparameters(), "weight_decay": self.weight_decay}


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {"sgd": SGD, "rmsprop": RMSprop, "adam": Adam, "adamw": AdamW}


def find_optimizer(name: str) -> Callable[..., Optimizer]:
    """The optimiser of that name.

    >>> find_optimizer("Adam").__name__
    'Adam'
    """
    if str(name).lower() not in OPTIMIZERS:
        raise unknown("optimiser", name, OPTIMIZERS)
    return OPTIMIZERS[name.lower()]


def clipped(gradients: Sequence[Any], limit: float) -> list[Any]:
    """The gradients, scaled down together so that their Euclidean norm is at most ``limit``; numbers or Values.

    >>> clipped([3.0, 4.0], 1.0)
    [0.6000000000000001, 0.8]
    >>> clipped([3.0, 4.0], 10.0)
    [3.0, 4.0]
    """
    largest = gradients[0] * 0.0 + 1e-300
    for g in gradients:
        largest = maximum(largest, absolute(g))
    # Squares of g/largest cannot overflow, squares of g can.
    norm = largest * sqrt(total([(g / largest) * (g / largest) for g in gradients]))
    scale = limit / maximum(norm, limit)
    return [g * scale for g in gradients]


@ends_at_caller
def clip_gradients(parameters: Iterable[Value], limit: float) -> None:
    """Scale the parameters' gradients down together so that their norm is at most ``limit``.

    Raises ``TypeError`` for what is no Value, and ``ValueError`` where there is no parameter or no limit above 0.
    """
    limit = positive("the limit of gradient clipping", limit)
    parameters = listed("parameters, such as model.parameters() gives,", parameters)
    if not parameters:
        raise ValueError("gradient clipping needs at least one parameter")
    for p in parameters:
        if not isinstance(p, Value):
            raise TypeError(f"parameters are Values, such as model.parameters() gives; this is {shown(p)}")
    for p, g in zip(parameters, clipped([p.grad for p in parameters], limit), strict=True):
        p.grad = g
