"""Everyone who can differentiate the same graph, and a count of who disagrees."""

from __future__ import annotations

import functools
import importlib.util
import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from . import complex_step, engine, precise, symbolic
from .arrays import Jax, Torch
from .compare import Reference
from .graphs import grow

Oracle = Callable[[Any, Any], list[float]]


@dataclass(frozen=True)
class Contender:
    """Someone's derivatives; ``every`` says how many graphs there are to one that it is asked about."""

    name: str
    make: Callable[[], Oracle]
    every: int = 1
    needs: str = "autograd"
    lossy: bool = False

    @property
    def present(self) -> bool:
        return importlib.util.find_spec(self.needs) is not None


def _complex_step(graph: Any, at: Any) -> list[float]:
    return [complex(graph.run(complex_step.FUNCTIONS, at)).real, *complex_step.gradient(graph, at)]


# PyTorch and JAX use forms that cancel (1 - z² for tanh, z(1 - z) for the sigmoid); allowance is made for that, which
# leaves seven digits in nine graphs of ten.
CONTENDERS = [
    Contender("backward", lambda: engine.by_backward),
    Contender("transforms", lambda: engine.by_transforms),
    Contender("complex step", lambda: _complex_step),
    Contender("PyTorch", Torch, needs="torch", lossy=True),
    Contender("mpmath", lambda: precise.everything, every=100),
    Contender("SymPy", lambda: symbolic.everything, every=100, needs="sympy"),
    Contender("JAX", Jax, every=1000, needs="jax", lossy=True),
    Contender("compiled, Python", functools.partial(engine.compiled, "python"), every=10),
    Contender("compiled, LLVM", functools.partial(engine.compiled, "llvm"), every=100, needs="llvmlite"),
]


@dataclass
class Result:
    """How many graphs each was asked about, and every disagreement with the naive engine."""

    asked: Counter[str] = field(default_factory=Counter)
    disagreements: list[str] = field(default_factory=list)
    digits: Counter[int] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)

    def __iadd__(self, other: Result) -> Result:
        self.asked += other.asked
        self.disagreements += other.disagreements
        self.digits += other.digits
        self.operations += other.operations
        return self


@functools.lru_cache(4096)  # the tests ask many about the same graphs
def _grown(seed: int, steps: int) -> Reference:
    return Reference.of(grow(random.Random(seed), steps))


def contest(seeds: Iterable[int], steps: int = 12, contenders: Iterable[Contender] = CONTENDERS) -> Result:
    """Grow a graph from every seed, and ask all contenders about it."""
    result = Result()
    oracles = [(c, c.make()) for c in contenders if c.present]
    for seed in seeds:
        reference = _grown(seed, steps)
        graph = reference.graph
        result.digits[int(reference.digits)] += 1
        result.operations.update(step.operation for step in graph.steps)
        for contender, oracle in oracles:
            if seed % contender.every == 0:
                result.asked[contender.name] += 1
                try:
                    problem = reference.disagreement(contender.name, oracle(graph, graph.inputs), contender.lossy)
                except Exception as error:  # whatever it is, it is an answer that is not there
                    problem = f"{contender.name}: {type(error).__name__}: {error} in\n{graph}"
                if problem:
                    result.disagreements.append(f"seed {seed}: {problem}")
    return result
