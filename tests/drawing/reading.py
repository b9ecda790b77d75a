"""Reading a picture back: where its texts, cards, circles and lines are, worked out from the SVG and its CSS alone."""

from __future__ import annotations

import functools
import json
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import autograd

_FONTS = Path(autograd.__file__).parent / "drawing" / "fonts"
_TABLE = json.loads((_FONTS / "advances.json").read_text(encoding="utf-8"))
_ADVANCE = {
    style: {c: int(w) / 1000 for w, characters in table.items() for c in characters} for style, table in _TABLE.items()
}
_SVG = "{http://www.w3.org/2000/svg}"

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float
    what: str = ""
    size: float = 0.0  # of type
    turn: int = 0  # what was drawn how early
    steps: frozenset[str] = frozenset()  # the classes that say at which steps of a stepper it shows

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


@dataclass(frozen=True)
class Circle:
    x: float
    y: float
    radius: float

    def holds(self, x: float, y: float, margin: float = 0.0) -> bool:
        return (x - self.x) ** 2 + (y - self.y) ** 2 < (self.radius - margin) ** 2


@dataclass(frozen=True)
class Line:
    points: list[Point]
    turn: int = 0
    thickness: float = 0.0


@dataclass
class Picture:
    width: float
    height: float
    texts: list[Box] = field(default_factory=list)
    rectangles: list[Box] = field(default_factory=list)  # the parts of cards: outlines, badges, headers, pills
    badges: list[Box] = field(default_factory=list)
    pills: list[Box] = field(default_factory=list)
    cards: list[Box] = field(default_factory=list)  # the outlines alone
    circles: list[Circle] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def at(self, step: int) -> Picture:
        """What of a stepper's picture shows at a step."""
        texts = [text for text in self.texts if _shows(text.steps, step)]
        rectangles = [part for part in self.rectangles if _shows(part.steps, step)]
        return replace(self, texts=texts, rectangles=rectangles)

    @property
    def edges(self) -> list[list[Point]]:
        return [line.points for line in self.lines]


def read(svg: str, css: str = "") -> Picture:
    """The picture in an SVG with its own style sheet or ``css``."""
    root = ET.fromstring(svg)
    css += "".join(style.text or "" for style in root.iter(f"{_SVG}style"))
    picture = Picture(float(root.get("width", 0)), float(root.get("viewBox", "").split()[3]))
    _walk(root, 0.0, 0.0, [], _rules(css), picture)
    return picture


# ---- The style sheet, as far as the pictures use it ---------------------------------------------------------

Element = tuple[str, frozenset[str]]  # tag and classes
Rule = tuple[list[Element], dict[str, str]]


@functools.cache
def _rules(css: str) -> list[Rule]:
    """Selectors of tags and classes, without the scope they begin with; least specific first."""
    rules = []
    for selectors, declarations in re.findall(r"([^{}]+){([^{}]*)}", css):
        for selector in selectors.split(","):
            if re.search(r"[:#~@*]", selector):
                continue  # a matter of state, not of how type is set
            compounds = [_compound(part) for part in selector.split()[1:]]
            pairs = [pair.split(":", 1) for pair in declarations.split(";") if ":" in pair]
            rules.append((compounds, {name.strip(): value.strip() for name, value in pairs}))
    return sorted(rules, key=lambda rule: sum(len(classes) for _, classes in rule[0]))


def _compound(text: str) -> Element:
    tag, *classes = text.split(".")
    return tag, frozenset(classes)


def _style(item: ET.Element, lineage: list[Element], rules: list[Rule]) -> dict[str, str]:
    found: dict[str, str] = {}
    for compounds, declarations in rules:
        if compounds and _fits(compounds[-1], lineage[-1]) and _descends(compounds[:-1], lineage[:-1]):
            found |= declarations
            if font := re.match(r"([\d.]+)px", declarations.get("font", "")):
                found |= {"font-size": f"{font[1]}px", "font-style": "normal", "font-weight": "400"}
    inline = [pair.split(":", 1) for pair in (item.get("style") or "").split(";") if ":" in pair]
    attributes = {
        name: item.attrib[name] for name in ("text-anchor", "font-size", "stroke-width") if name in item.attrib
    }
    return attributes | found | {name.strip(): value.strip() for name, value in inline}


def _fits(compound: Element, element: Element) -> bool:
    return compound[0] in ("", element[0]) and compound[1] <= element[1]


def _descends(compounds: list[Element], lineage: list[Element]) -> bool:
    remaining = list(compounds)
    for element in reversed(lineage):
        if remaining and _fits(remaining[-1], element):
            remaining.pop()
    return not remaining


# ---- The picture -----------------------------------------------------------------------------------------------


def _shows(classes: frozenset[str], step: int) -> bool:
    """Whether a part of a stepper shows: from the steps f… on, until the steps t…; y waits for its first f."""
    since = [int(name[1:]) for name in classes if re.fullmatch(r"f\d+", name)]
    until = [int(name[1:]) for name in classes if re.fullmatch(r"t\d+", name)]
    return ("y" not in classes or any(n <= step for n in since)) and not any(n <= step for n in until)


def _walk(item: ET.Element, x: float, y: float, lineage: list[Element], rules: list[Rule], out: Picture) -> None:
    for child in item:
        tag, classes = child.tag.removeprefix(_SVG), frozenset((child.get("class") or "").split())
        line = [*lineage, (tag, classes)]
        moved = re.match(r"translate\(([-\d.]+),([-\d.]+)\)", child.get("transform") or "")
        dx, dy = (float(moved[1]), float(moved[2])) if moved else (0.0, 0.0)
        steps = frozenset(name for _, names in line for name in names if re.fullmatch(r"y|[ft]\d+", name))
        turn = len(out.texts) + len(out.rectangles) + len(out.lines)
        if tag == "g":
            _walk(child, x + dx, y + dy, line, rules, out)
        elif tag == "rect" and "page" not in classes:
            left, top = x + float(child.get("x", 0)), y + float(child.get("y", 0))
            box = Box(
                left,
                top,
                left + float(child.get("width", 0)),
                top + float(child.get("height", 0)),
                turn=turn,
                steps=steps,
            )
            out.rectangles.append(box)
            if "k" in classes:
                out.cards.append(box)
            if "op" in classes:
                out.badges.append(box)
            if lineage and "g" in lineage[-1][1]:
                out.pills.append(box)
        elif tag == "circle" and "b" not in classes:
            out.circles.append(Circle(x, y, float(child.get("r", 0))))
        elif tag == "text":
            turned = "rotate(-90)" in (child.get("transform") or "")
            out.texts.append(_text(child, x + dx, y + dy, _style(child, line, rules), turned, turn, steps))
        elif tag == "path" and "a" not in classes:
            style = _style(child, line, rules)
            told = style.get("stroke-width", "0")  # a stepper's is a variable: the widest that it takes on
            thickness = 3.2 if told.startswith("var(") else float(told)
            out.lines.append(Line([(x + px, y + py) for px, py in _points(child.get("d", ""))], turn, thickness))


def _text(
    item: ET.Element, x: float, y: float, style: dict[str, str], turned: bool, turn: int, steps: frozenset[str]
) -> Box:
    size = float(style["font-size"].removesuffix("px"))
    face = "bold" if style.get("font-weight") == "700" else "regular"
    face = "italic" if style.get("font-style") == "italic" else face
    pen = furthest = _advance(item.text, size, face)
    level = 0.0  # of the baseline: indices stand above and below that of the text
    above, below = -0.74 * size, 0.2 * size
    for run in item.iter(f"{_SVG}tspan"):
        inner = float(run.get("font-size", size))
        pen += float(run.get("dx", 0)) + _advance(run.text, inner, face)
        level += float(run.get("dy", 0))
        if (run.text or "").strip("\u200b "):
            above, below = min(above, level - 0.74 * inner), max(below, level + 0.2 * inner)
        furthest = max(furthest, pen)
        pen += _advance(run.tail, size, face)
        furthest = max(furthest, pen)
    shift = {"start": 0.0, "middle": furthest / 2, "end": furthest}[style.get("text-anchor", "start")]
    what = "".join(item.itertext()).replace("\u200b", "")
    if turned:  # upwards: the pen moves to smaller y
        return Box(x - 0.74 * size, y - furthest + shift, x + 0.2 * size, y + shift, what, size, turn, steps)
    left, base = x + float(item.get("x", 0)) - shift, y + float(item.get("y", 0))
    return Box(left, base + above, left + furthest, base + below, what, size, turn, steps)


def _advance(text: str | None, size: float, face: str) -> float:
    return size * sum(_ADVANCE[face].get(c, 1.0) for c in text or "")


def _points(path: str) -> Iterator[Point]:
    """Points along a path, two units of length apart at most."""
    here = (0.0, 0.0)
    for command, text in re.findall(r"([A-Z])([^A-Z]*)", path):
        if command == "H":
            stops = [(float(text), here[1])]
        else:
            numbers = [float(n) for n in re.findall(r"-?[\d.]+", text)]
            stops = list(zip(numbers[::2], numbers[1::2], strict=True))
        if command == "M":
            here = stops[0]
            yield here
            continue
        assert command in "CLH", path
        assert command != "C" or len(stops) % 3 == 0
        count = 3 if command == "C" else 1
        for k in range(0, len(stops), count):
            a, b, c = (stops[k : k + 3]) if command == "C" else (here, stops[k], stops[k])
            count_of_points = 2 + int(math.dist(here, a) + math.dist(a, b) + math.dist(b, c)) // 2
            for i in range(1, count_of_points + 1):
                t = i / count_of_points
                yield tuple(  # type: ignore[misc]
                    (1 - t) ** 3 * here[d] + 3 * (1 - t) ** 2 * t * a[d] + 3 * (1 - t) * t**2 * b[d] + t**3 * c[d]
                    for d in (0, 1)
                )
            here = c
