"""The lectures' names: w^{k}_{ij}, b_{kj}, z_{kj}, o_{kj}, x_{i}; and the nearest one to a name mistyped."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from .refusal import shown


def _indices(*indices: int) -> str:
    """``11``, and ``1,11`` where an index has two digits."""
    return ("" if max(indices) < 10 else ",").join(map(str, indices))


def weight(layer: int, source: int, unit: int) -> str:
    """The weight of ``layer`` from unit ``source`` of the layer before, or from that input, to ``unit``.

    >>> weight(1, 2, 1), weight(1, 1, 11)
    ('w^{1}_{21}', 'w^{1}_{1,11}')
    """
    return f"w^{{{layer}}}_{{{_indices(source, unit)}}}"


def indexed(letter: str, *indices: int) -> str:
    """A letter with its indices below.

    >>> indexed("b", 2, 1), indexed("x", 4)
    ('b_{21}', 'x_{4}')
    """
    return f"{letter}_{{{_indices(*indices)}}}"


def as_text(label: str) -> str:
    """A label of this module on one line of plain text.

    >>> as_text("w^{1}_{1,11}"), as_text("b_{11}")
    ('w1_1,11', 'b11')
    """
    return re.sub(r"_(?=\d)" if "^" not in label else r"\^", "", re.sub("[{}]", "", label))


def unknown(what: str, name: object, known: Iterable[str]) -> ValueError:
    """The error for a name that is none of ``known``; the nearest ones are suggested.

    >>> unknown("loss", "hubr", ["squared_error", "huber"])
    ValueError("unknown loss 'hubr': did you mean 'huber'?")
    """
    known = [name if len(name) <= 40 else f"{name[:39]}…" for name in known]
    near = difflib.get_close_matches(str(name).lower(), known, n=3, cutoff=0.6)
    listed = [*known[:20], *(["…"] if len(known) > 20 else [])]
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are {', '.join(listed)}"
    return ValueError(f"unknown {what} {shown(name)}: {hint}")
