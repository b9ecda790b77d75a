"""The loss over the epochs as a picture: SVG that takes its colours from the page it stands on."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .history import History

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 720, 300, 64, 40, 14, 16
_MOST_POINTS = 1000


def loss_curve(history: History) -> str:
    """The loss of every epoch, and the validation loss dashed; logarithmic where it falls far.

    >>> loss_curve(History(loss=[4.0, 2.0, 1.0])).count("<polyline")
    1
    """
    series = {"loss": history.loss, "validation": history.validation_loss}
    every = [x for values in series.values() for x in values if math.isfinite(x)]
    if not every:
        return "<p>No epoch was completed.</p>"
    low, high = min(every), max(every)
    logarithmic = low > 0.0 and high / low > 20.0
    epochs = max(map(len, series.values()))
    low_place, high_place = (math.log10(x) if logarithmic else x for x in (low, high))
    span = (high_place - low_place) or 1.0

    def x(epoch: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * ((epoch - 1) / (epochs - 1) if epochs > 1 else 0.5)

    def y(loss: float) -> float:
        place = math.log10(loss) if logarithmic else loss
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high_place - place) / span

    grid = "".join(
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(t):.1f}" y2="{y(t):.1f}"/>'
        f'<text x="{_LEFT - 8}" y="{y(t) + 4:.1f}" text-anchor="end">{t:g}</text>'
        for t in _ticks(low, high, logarithmic)
    )
    ticks = "".join(
        f'<text x="{x(e):.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{e}</text>'
        for e in sorted({1, *(max(1, round(epochs * i / 5)) for i in range(1, 6))})
    )
    lines = "".join(
        f'<polyline class="{name}" points="{_points(values, x, y)}"/>' for name, values in series.items() if values
    )
    scale = " (logarithmic scale)" if logarithmic else ""
    legend = "; dashed: validation" if history.validation_loss else ""
    return (
        f'<svg class="curve" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" role="img" '
        f'aria-label="Loss over {epochs} epochs, from {history.loss[0]:.4g} to {history.loss[-1]:.4g}">'
        f'{grid}{ticks}{lines}<text x="{_LEFT}" y="{_HEIGHT - 4}">epoch; loss{scale}{legend}</text></svg>'
    )


def _points(values: Sequence[float], x: object, y: object) -> str:
    """At most so many points as a screen can show; the last one is always there."""
    assert callable(x)
    assert callable(y)
    stride = max(1, -(-len(values) // _MOST_POINTS))
    chosen = sorted({*range(0, len(values), stride), len(values) - 1})
    return " ".join(f"{x(i + 1):.1f},{y(values[i]):.1f}" for i in chosen if math.isfinite(values[i]))


def _ticks(low: float, high: float, logarithmic: bool) -> list[float]:
    """Round numbers between two numbers: powers of ten, or multiples of 1, 2 or 5 times one."""
    if logarithmic:
        first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
        return [10.0**k for k in range(first, last + 1, max(1, (last - first + 6) // 6))] or [low, high]
    if low == high:
        return [low]
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough)
    return [round(k * step, 12) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
