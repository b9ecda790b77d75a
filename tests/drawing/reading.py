"""Reading a picture back: where its texts, cards and edges are, worked out from the SVG alone."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import autograd

_FONTS = Path(autograd.__file__).parent / "drawing" / "fonts"
_TABLE = json.loads((_FONTS / "advances.json").read_text(encoding="utf-8"))
_ADVANCE = {
    style: {c: int(w) / 1000 for w, characters in table.items() for c in characters} for style, table in _TABLE.items()
}
_SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float
    what: str = ""

    def overlaps(self, other: Box, slack: float = 0.0) -> bool:
        return (
            self.left < other.right - slack
            and other.left < self.right - slack
            and self.top < other.bottom - slack
            and other.top < self.bottom - slack
        )

    def holds(self, x: float, y: float, margin: float = 0.0) -> bool:
        return self.left + margin < x < self.right - margin and self.top + margin < y < self.bottom - margin

    def within(self, other: Box, slack: float = 0.0) -> bool:
        return (
            self.left >= other.left - slack
            and self.right <= other.right + slack
            and self.top >= other.top - slack
            and self.bottom <= other.bottom + slack
        )


@dataclass
class Picture:
    width: float
    height: float
    texts: list[Box] = field(default_factory=list)
    rectangles: list[Box] = field(default_factory=list)  # the parts of cards: outlines, badges, headers, pills
    badges: list[Box] = field(default_factory=list)
    cards: list[Box] = field(default_factory=list)  # the outlines alone
    edges: list[list[tuple[float, float]]] = field(default_factory=list)


def read(svg: str) -> Picture:
    root = ET.fromstring(svg)
    sizes = _font_sizes("".join(style.text or "" for style in root.iter(f"{_SVG}style")))
    picture = Picture(float(root.get("width", 0)), float(root.get("height", 0)))
    _walk(root, 0.0, 0.0, [], sizes, picture)
    return picture


def _walk(item: ET.Element, x: float, y: float, above: list[str], sizes: dict[str, float], out: Picture) -> None:
    for child in item:
        classes = (child.get("class") or "").split()
        moved = re.match(r"translate\(([-\d.]+),([-\d.]+)\)", child.get("transform") or "")
        dx, dy = (float(moved[1]), float(moved[2])) if moved else (0.0, 0.0)
        if child.tag == f"{_SVG}g":
            _walk(child, x + dx, y + dy, above + classes, sizes, out)
        elif child.tag == f"{_SVG}rect" and "page" not in classes:
            left, top = x + float(child.get("x", 0)), y + float(child.get("y", 0))
            box = Box(left, top, left + float(child.get("width", 0)), top + float(child.get("height", 0)))
            out.rectangles.append(box)
            if "k" in classes:
                out.cards.append(box)
            if "op" in classes:
                out.badges.append(box)
        elif child.tag == f"{_SVG}text":
            turned = "rotate(-90)" in (child.get("transform") or "")
            out.texts.append(_text(child, x + dx, y + dy, above + classes, sizes, turned))
        elif child.tag == f"{_SVG}path" and "a" not in classes:
            out.edges.append(list(_points(child.get("d", ""))))


def _font_sizes(css: str) -> dict[str, float]:
    return {
        m[1].split(" ")[-1].removeprefix("."): float(m[2])
        for m in re.finditer(r"([^{}]+){[^{}]*?font-size:([\d.]+)px", css)
    }


def _text(item: ET.Element, x: float, y: float, classes: list[str], sizes: dict[str, float], turned: bool) -> Box:
    size = 10.0 if classes[:1] == ["e"] else 11.0
    for name in classes:
        if name in ("d", "h", "o", "q", "note"):
            size = sizes[name]
    if styled := re.search(r"font-size:([\d.]+)px", item.get("style") or ""):
        size = float(styled[1])
    style = "bold" if "b" in classes else "italic" if {"h", "q"} & set(classes) else "regular"
    pen = furthest = _advance(item.text, size, style)
    for run in item.iter(f"{_SVG}tspan"):
        inner = float(run.get("font-size", size))
        pen += float(run.get("dx", 0)) + _advance(run.text, inner, style)
        furthest = max(furthest, pen)
        pen += _advance(run.tail, size, style)
        furthest = max(furthest, pen)
    anchor = item.get("text-anchor") or (
        "end" if "v" in classes else "middle" if {"h", "o"} & set(classes) or classes[:1] == ["e"] else "start"
    )
    shift = {"start": 0.0, "middle": furthest / 2, "end": furthest}[anchor]
    what = "".join(item.itertext()).replace("\u200b", "")
    if turned:  # upwards: the pen moves to smaller y
        return Box(x - 0.74 * size, y - furthest + shift, x + 0.2 * size, y + shift, what)
    left, base = x + float(item.get("x", 0)) - shift, y + float(item.get("y", 0))
    return Box(left, base - 0.74 * size, left + furthest, base + 0.2 * size, what)


def _advance(text: str | None, size: float, style: str) -> float:
    return size * sum(_ADVANCE[style].get(c, 1.0) for c in text or "")


def _points(path: str) -> Iterator[tuple[float, float]]:
    """Points along an edge, a few to a unit of length."""
    start, curves, level = re.fullmatch(r"M([^C]+)C([^H]+)H([-\d.]+)", path).groups()  # type: ignore[union-attr]
    here = _pair(start)
    stops = [_pair(p) for p in curves.split()]
    assert len(stops) % 3 == 0
    yield here
    for k in range(0, len(stops), 3):
        a, b, c = stops[k : k + 3]
        for i in range(1, 101):
            t = i / 100
            yield tuple(  # type: ignore[misc]
                (1 - t) ** 3 * here[d] + 3 * (1 - t) ** 2 * t * a[d] + 3 * (1 - t) * t**2 * b[d] + t**3 * c[d]
                for d in (0, 1)
            )
        here = c
    for i in range(1, 51):
        yield here[0] + (float(level) - here[0]) * i / 50, here[1]


def _pair(text: str) -> tuple[float, float]:
    x, y = text.split(",")
    return float(x), float(y)
