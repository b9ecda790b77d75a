"""How weights are drawn before training; biases start at 0.

An initialiser takes a random generator and a layer's numbers of inputs and outputs, and returns one weight.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import TypeAlias

from .naming import unknown

Initializer: TypeAlias = Callable[[random.Random, int, int], float]


def uniform(rng: random.Random, inputs: int, outputs: int) -> float:
    """Between −1 and 1, whatever the size of the layer: the lectures' "at random"."""
    return rng.uniform(-1.0, 1.0)


def glorot(rng: random.Random, inputs: int, outputs: int) -> float:
    """Uniform with variance 2/(inputs + outputs) (Glorot and Bengio 2010); suits tanh and sigmoid."""
    limit = math.sqrt(6.0 / (inputs + outputs))
    return rng.uniform(-limit, limit)


def he(rng: random.Random, inputs: int, outputs: int) -> float:
    """Normal with variance 2/inputs (He et al. 2015); suits rectifiers."""
    return rng.gauss(0.0, math.sqrt(2.0 / inputs))


def ones(rng: random.Random, inputs: int, outputs: int) -> float:
    """Every weight 1, as lecture 1 starts by hand: the units of a layer stay equal for ever."""
    return 1.0


INITIALIZERS: dict[str, Initializer] = {"random": uniform, "glorot": glorot, "he": he, "ones": ones}
_SUITED = {"relu": "he", "leaky_relu": "he", "softplus": "he"}


def find_initializer(init: str | Initializer, activation: str = "linear") -> Initializer:
    """The initialiser of that name; ``"auto"`` is the one that suits the activation.

    >>> find_initializer("auto", "relu").__name__
    'he'
    """
    if callable(init):
        return init
    if isinstance(init, str) and init == "auto":
        init = _SUITED.get(activation, "glorot")
    if not isinstance(init, str) or init not in INITIALIZERS:
        raise unknown("initialiser", init, ["auto", *INITIALIZERS])
    return INITIALIZERS[init]
