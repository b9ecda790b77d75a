"""Agreement up to conditioning: what rounding may do to an answer is measured, not guessed.

The naive engine computes an answer, then again with every operand, result and local derivative disturbed by
up to four units in the last place (4 · 2⁻⁵²), several times with different disturbances.  The largest
movement, times ``MARGIN``, plus ``FLOOR`` relative, plus a unit in the last place of the largest number of the
answer, is what two correct programs may differ by; anything more is a disagreement.  Well-conditioned answers must
so agree to about 1e-14, ill-conditioned ones to what they are worth, and a rule wrong by 0.1 % is found wherever
the answer is worth four digits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from . import naive

NOISE = 4 * 2.0**-52
MARGIN = 16
FLOOR = 1e-14
NEGLIGIBLE = 1e-150  # smaller answers underflow in complex steps


@dataclass(frozen=True)
class Reference:
    """Value, gradient and Hessian in one list, with what each may be off by."""

    graph: Any
    answer: Sequence[float]
    allowed: Sequence[float]

    @classmethod
    def of(cls, graph: Any, disturbances: int = 4) -> Reference:
        answer = naive.everything(graph, graph.inputs)
        moved = [0.0] * len(answer)
        for seed in range(1, disturbances + 1):
            for i, x in enumerate(naive.everything(graph, graph.inputs, NOISE, seed)):
                moved[i] = max(moved[i], abs(x - answer[i]))
        # What cancels to exactly 0 in one program leaves a rounding error of its terms in another.
        least = NEGLIGIBLE + 2.0**-52 * max(map(abs, answer))
        return cls(graph, answer, [MARGIN * m + FLOOR * abs(a) + least for m, a in zip(moved, answer, strict=True)])

    @property
    def digits(self) -> float:
        """How many digits the least certain of the answers that are not 0 is checked to."""
        worst = max(
            (d / abs(a) for a, d in zip(self.answer, self.allowed, strict=True) if abs(a) > 1e-14), default=1e-16
        )
        return max(0.0, -math.log10(worst))

    def disagreement(self, who: str, got: Sequence[float], lossy: bool = False) -> str | None:
        """None, or which number of ``got`` (the value, the gradient, the Hessian: as far as it goes) is off.

        ``lossy`` makes allowance for forms that cancel: 1e5 times as much, and 1e-12 of the largest number.
        """
        slack = 1e-12 * max(map(abs, self.answer)) if lossy else 0.0
        for i, (x, a, d) in enumerate(zip(got, self.answer, self.allowed, strict=False)):
            d = 1e5 * d + slack if lossy else d
            if not abs(x - a) <= d:
                return f"{who}: {self._name(i)} is {x!r}, should be {a!r} ± {d:.1g} in\n{self.graph}"
        return None

    def _name(self, i: int) -> str:
        n = len(self.graph.inputs)
        if i == 0:
            return "the value"
        if i <= n:
            return f"∂/∂v{i - 1}"
        return f"∂²/∂v{(i - n - 1) // n}∂v{(i - n - 1) % n}"
