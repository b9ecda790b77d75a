"""How wide text is in the bundled font, so that every text fits the box it stands in.

The browser may have other fonts.  The bundled one is as wide as any of the usual alternatives named in
``FAMILY``, so what fits here fits there.
"""

from __future__ import annotations

import functools
import html
import json
from pathlib import Path
from typing import NamedTuple

from ..notation import Name

FONTS = Path(__file__).parent / "fonts"
FAMILY = '"DejaVu Sans Condensed",Helvetica,Arial,"Liberation Sans",sans-serif'
INDEX_SIZE = 0.72  # of an index, relative to its letter


@functools.cache
def _advances(style: str) -> dict[str, float]:
    table = json.loads((FONTS / "advances.json").read_text(encoding="utf-8"))[style]
    return {character: int(advance) / 1000 for advance, characters in table.items() for character in characters}


def width(text: str, size: float, style: str = "regular") -> float:
    """The width of ``text``; a character that the font lacks counts as a wide one.

    >>> round(width("0.5", 10), 2)
    14.3
    """
    advance = _advances(style)
    return size * sum(advance.get(character, 1.0) for character in text)


def covered(text: str) -> bool:
    """Whether the bundled font has every letter of ``text``.

    >>> covered("ŷ = σ(z)"), covered("身長")
    (True, False)
    """
    return text.isascii() or set(text).issubset(_advances("regular").keys() | set("\n\t"))


def shortened(text: str, room: float, size: float, style: str = "regular") -> str:
    """``text``, or as much of its start as fits into ``room`` with an ellipsis behind it."""
    if width(text[:200], size, style) <= room and len(text) <= 200:
        return text
    used, ellipsis = 0.0, width("…", size, style)
    for i, character in enumerate(text):
        used += width(character, size, style)
        if used > room - ellipsis:
            return text[:i] + "…"
    return text


def wrapped(text: str, room: float, size: float, style: str = "regular") -> list[str]:
    """``text`` in lines of at most ``room``, broken between words.

    >>> wrapped("No gradients yet", 60.0, 11.0)
    ['No', 'gradients', 'yet']
    """
    lines: list[str] = []
    for word in text.split():
        if lines and width(f"{lines[-1]} {word}", size, style) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def fitted(text: str, room: float, size: float, style: str = "regular", smallest: float = 0.72) -> tuple[str, float]:
    """``text`` and the size at which it fits: a little smaller if that is enough, shortened otherwise.

    >>> fitted("−0.006114", 60.0, 10.0)
    ('−0.006114', 10.0)
    >>> fitted("a label of a careless user", 60.0, 10.0)
    ('a label of a care…', 7.2)
    """
    needed = width(text[:200], size, style)
    if needed <= room:
        return text, size
    smaller = size * room / needed
    if smaller >= smallest * size and len(text) <= 200:
        return text, int(smaller * 100) / 100
    smaller = round(smallest * size, 2)
    return shortened(text, room, smaller, style), smaller


class Lettering(NamedTuple):
    """Text as SVG: the content of a ``<text>`` or ``<tspan>``, and how much room it takes."""

    svg: str
    width: float


def lettered(name: Name, size: float, room: float = 1e9, style: str = "italic") -> Lettering:
    """A name with its indices above each other, as it is written by hand."""
    small = size * INDEX_SIZE
    up, down = (shortened(index or "", room - size, small, style) for index in (name.superscript, name.subscript))
    up_width, down_width = width(up, small, style), width(down, small, style)
    taken = max(up_width, down_width)
    base = shortened(Name(name.base).text, max(room - taken, size), size, style)
    svg = html.escape(base)
    drop = 0.0
    if up:
        drop = -0.36 * size
        svg += _index(up, drop, 0.0, small)
    if down:
        svg += _index(down, 0.22 * size - drop, -up_width, small)
        drop = 0.22 * size
        if up_width > down_width:  # leave the pen where the wider of the two ends
            svg += f'<tspan dx="{up_width - down_width:.3g}">\u200b</tspan>'
    if drop:
        svg += f'<tspan dy="{-drop:.3g}">\u200b</tspan>'
    return Lettering(svg, width(base, size, style) + taken)


def _index(text: str, drop: float, back: float, size: float) -> str:
    dx = f' dx="{back:.3g}"' if back else ""
    return f'<tspan{dx} dy="{drop:.3g}" font-size="{size:.3g}">{html.escape(text)}</tspan>'
