"""Linear regression by least squares: what a network has to beat.  And how good predictions are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from .data import Standardizer

Rows = Sequence[Sequence[float]]


class LinearRegression(NamedTuple):
    """ŷ = intercept + Σ slope · x.

    >>> line = LinearRegression.of([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> [round(y, 9) for y in line.predict([[10.0]])]
    [21.0]
    """

    intercept: float
    slopes: tuple[float, ...]

    @classmethod
    def of(cls, rows: Rows, targets: Sequence[float]) -> LinearRegression:
        """The one with the least sum of squared errors, by Householder's QR decomposition.

        A column that the others determine (a constant one, a sum of others) gets the slope 0.
        """
        scaling = Standardizer.of(rows)
        mean = math.fsum(targets) / len(targets)
        slopes = _least_squares(scaling.transform(rows), [y - mean for y in targets])
        in_units = tuple(b / s for b, s in zip(slopes, scaling.scale, strict=True))
        return cls(mean - math.fsum(b * m for b, m in zip(in_units, scaling.mean, strict=True)), in_units)

    def predict(self, rows: Rows) -> list[float]:
        """The predictions for rows of numbers."""
        return [math.fsum([self.intercept, *(b * x for b, x in zip(self.slopes, row, strict=True))]) for row in rows]


def _least_squares(rows: Rows, targets: Sequence[float]) -> list[float]:
    """The b that makes Σ (row · b − target)² least."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    rest = list(targets)
    pivots: list[int] = []
    for j, column in enumerate(columns):
        k = len(pivots)
        norm = math.sqrt(math.fsum(x * x for x in column[k:]))
        # What is left of a column that earlier ones determine is rounding.
        if norm <= 1e-10 * math.sqrt(len(rest)):
            continue
        mirror = column[k:]
        mirror[0] += math.copysign(norm, mirror[0])
        size = math.fsum(x * x for x in mirror)
        for other in (*columns[j:], rest):
            factor = 2.0 * math.fsum(a * b for a, b in zip(mirror, other[k:], strict=True)) / size
            other[k:] = [b - factor * a for a, b in zip(mirror, other[k:], strict=True)]
        pivots.append(j)
        if len(pivots) == len(rest):
            break
    slopes = [0.0] * len(columns)
    for k, j in reversed(list(enumerate(pivots))):
        known = math.fsum(columns[i][k] * slopes[i] for i in pivots[k + 1 :])
        slopes[j] = (rest[k] - known) / columns[j][k]
    return slopes


class Score(NamedTuple):
    """How good predictions are: the mean squared error, and the share of the targets' variance explained (R²).

    R² is None where the targets do not vary.

    >>> Score.of([1.0, 2.0, 3.0], [1.0, 2.0, 4.0]).mean_squared_error
    0.3333333333333333
    """

    mean_squared_error: float
    r_squared: float | None

    @classmethod
    def of(cls, predictions: Sequence[float], targets: Sequence[float]) -> Score:
        errors = math.fsum((p - y) ** 2 for p, y in zip(predictions, targets, strict=True))
        mean = math.fsum(targets) / len(targets)
        spread = math.fsum((y - mean) ** 2 for y in targets)
        return cls(errors / len(targets), 1.0 - errors / spread if spread else None)
