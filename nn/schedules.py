"""Learning rates that change as training goes on: functions of the number of updates made so far.

Any function of one integer will do; these have a readable repr.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from .refusal import count, demand, ends_at_caller

Schedule: TypeAlias = Callable[[int], float]

_UPDATES = "the number of updates made so far"


@dataclass(frozen=True)
class StepDecay:
    """``lr``, multiplied by ``factor`` after every ``every`` updates.

    >>> [StepDecay(0.1, every=10, factor=0.5)(t) for t in (0, 9, 10, 25)]
    [0.1, 0.1, 0.05, 0.025]
    """

    lr: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        demand("lr", self.lr, 0.0)
        count("every", self.every, 1)
        demand("factor", self.factor, 0.0)

    @ends_at_caller
    def __call__(self, t: int) -> float:
        count(_UPDATES, t)
        return self.lr * self.factor ** (t // self.every)


@dataclass(frozen=True)
class ExponentialDecay:
    """``lr · factorᵗ``.

    >>> ExponentialDecay(0.1, factor=0.5)(2)
    0.025
    """

    lr: float
    factor: float

    def __post_init__(self) -> None:
        demand("lr", self.lr, 0.0)
        demand("factor", self.factor, 0.0)

    @ends_at_caller
    def __call__(self, t: int) -> float:
        count(_UPDATES, t)
        return self.lr * self.factor**t


@dataclass(frozen=True)
class CosineDecay:
    """From ``lr`` down to ``end`` along half a cosine over ``updates`` updates, after a linear ``warmup``.

    >>> schedule = CosineDecay(0.1, updates=100)
    >>> [round(schedule(t), 3) for t in (0, 50, 100, 1000)]
    [0.1, 0.05, 0.0, 0.0]
    """

    lr: float
    updates: int
    end: float = 0.0
    warmup: int = 0

    def __post_init__(self) -> None:
        demand("lr", self.lr, 0.0)
        count("updates", self.updates)
        demand("end", self.end, 0.0)
        count("warmup", self.warmup)

    @ends_at_caller
    def __call__(self, t: int) -> float:
        count(_UPDATES, t)
        if t < self.warmup:
            return self.lr * (t + 1) / self.warmup
        done = min(1.0, (t - self.warmup) / max(1, self.updates - self.warmup))
        return self.end + (self.lr - self.end) * (1.0 + math.cos(math.pi * done)) / 2.0


for _schedule in (StepDecay, ExponentialDecay, CosineDecay):
    _schedule.__init__ = ends_at_caller(_schedule.__init__)  # type: ignore[method-assign]  # what @dataclass has written
