"""Where the cards stand and how the edges run.

Graphviz decides where the cards stand, and ``routing`` how the edges run.  Graphviz is given boxes of fixed size and
no text, so the result does not depend on fonts.  The box of a card includes the *gutter* on its left, where each
operand has a row of its own for the derivative written on its edge: so these labels cannot meet a card, an edge or
each other, whatever the graph.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..notation import number
from . import engine
from .lettering import lettered, width
from .routing import End, Place, Point, route
from .scene import Card, Link, Scene

CELL = 900  # pixels across that a notebook's cell has
LEAST = 0.9  # of its size is a picture shown at; where that is too wide, the cell scrolls
WIDEST = CELL / LEAST

BADGE, HEIGHT, PAD = 23, 62, 4  # of a card
BODY = (66, 96)  # the least and the most that a card's body is wide: as wide as its numbers need
CONSTANT, CONSTANT_TYPE = (46, 24), 11.0  # the least width, the height, the size of type
# In a crowded graph, and in one that would be too wide for a cell, the numbers stand without the words "data" and
# "grad"; in a crowded one leaves are flat besides: the name beside the numbers instead of above them.
NARROW = (54, 80)
FLAT, PANEL = 38, 32  # the height of a flat leaf, and the part with its name
WORD = 26  # the room that "data" and "grad" take
ROW = 28  # of an operand in the gutter
NUMBER, QUOTIENT, NUMERAL = 11.5, 10.0, 10.5  # sizes of type: on a card, and in the gutter
MARGIN = 10
_BETWEEN = 25  # columns
_MANY, _LARGE = 6, 24  # operands of a card, and cards, beyond which a graph is crowded


@dataclass(frozen=True, slots=True)
class Box:
    """A card with its gutter: the left upper corner of the whole, and its parts from left to right."""

    x: float
    y: float
    gutter: float
    badge: float
    body: float
    height: float
    rows: int
    flat: bool = False
    words: bool = True

    @property
    def width(self) -> float:
        return self.gutter + self.badge + self.body

    @property
    def left(self) -> float:
        """Where the card itself begins."""
        return self.x + self.gutter

    @property
    def middle(self) -> float:
        return self.y + self.height / 2

    def row(self, slot: int) -> float:
        """The height at which the edge into a slot runs."""
        return self.y + self.height * (slot + 0.5) / self.rows


@dataclass(frozen=True, slots=True)
class Curve:
    """An edge: its corners from the card it leaves to the gutter, and from there straight to the badge."""

    link: Link
    corners: tuple[Point, ...]
    end: Point


@dataclass(frozen=True, slots=True)
class Layout:
    width: float
    height: float
    boxes: tuple[Box, ...]
    curves: tuple[Curve, ...]


def quotient(scene: Scene, link: Link, size: float = QUOTIENT) -> tuple[str, float]:
    """∂out/∂in as SVG, and its width, with what tells it from the total derivative; see :class:`Link`."""
    out, into = (lettered(scene.cards[i].name, size, 44) for i in (link.target, link.source))
    mark = chr(0x245F + link.twin) if 0 < link.twin < 10 else ""
    extra = width("∂⁺/∂" if link.direct else "∂/∂", size, "italic") + (1.5 + width(mark, size) if mark else 0)
    twin = f'<tspan dx="1.5" font-style="normal">{mark}</tspan>' if mark else ""
    plus = "⁺" if link.direct else ""
    return f"∂{plus}{out.svg}/∂{into.svg}{twin}", out.width + into.width + extra


def arrange(scene: Scene, data: Iterable[float] = (), grads: Iterable[float] = ()) -> Layout:
    """Ask Graphviz; raises ``NoEngineError`` where there is none.

    ``data`` and ``grads`` are numbers besides those of the scene that its cards must have room for.
    """
    cards = [card for card in scene.cards if card.role != "constant"]
    shown = [(number(x), "regular") for x in (*data, *(card.data for card in cards))]
    shown += [(number(x), "bold") for x in (*grads, *(card.grad for card in cards if card.grad is not None))]
    numerals = max((width(text, NUMBER, style) for text, style in shown), default=0.0)
    titles = max((lettered(card.name, 13).width for card in cards), default=0.0)
    sizes = _sizes(scene, numerals, titles)
    return _read(scene, sizes, engine.run(_dot(scene, sizes), "json0"))


def _sizes(scene: Scene, numerals: float, titles: float) -> list[Box]:
    crowded = len(scene.cards) > _LARGE and any(len(card.links) > _MANY for card in scene.cards)
    depths = _depths(scene)
    gutters: dict[int, int] = {}
    for card, depth in zip(scene.cards, depths, strict=True):
        labels = [max(quotient(scene, link)[1], width(number(link.partial), NUMERAL)) for link in card.links]
        gutters[depth] = max(gutters.get(depth, 0), round(max(labels, default=0)) + 9)

    def sizes(words: bool) -> list[Box]:
        least, most = BODY if words else NARROW
        needed = max((WORD if words else 0) + numerals, titles) + 6 + 2 * PAD
        body = min(max(least, math.ceil(needed)), most)
        boxes = zip(scene.cards, depths, strict=True)
        return [_size(card, gutters[depth], body, crowded, words) for card, depth in boxes]

    if crowded:
        return sizes(words=False)
    usual, terse = sizes(words=True), sizes(words=False)
    return terse if _across(usual, depths) > WIDEST >= _across(terse, depths) else usual


def _depths(scene: Scene) -> list[int]:
    """The column of each card, counted from the leaves; the cards of a column have gutters of one width."""
    depths: list[int] = []
    for card in scene.cards:
        depths.append(1 + max((depths[link.source] for link in card.links), default=-1))
    return depths


def _across(sizes: Sequence[Box], depths: Sequence[int]) -> float:
    """About how wide the picture will be."""
    widest: dict[int, float] = {}
    for box, depth in zip(sizes, depths, strict=True):
        widest[depth] = max(widest.get(depth, 0.0), box.width)
    return sum(widest.values()) + _BETWEEN * (len(widest) - 1) + 2 * MARGIN


def _size(card: Card, gutter: int, body: int, crowded: bool, words: bool) -> Box:
    if not card.symbol:
        constant = card.role == "constant"
        across, height = (PANEL + body, FLAT) if crowded else (body, HEIGHT)
        if constant:
            needed = math.ceil(width(number(card.data), CONSTANT_TYPE)) + 12
            across, height = max(CONSTANT[0], needed), CONSTANT[1]
        return Box(0, 0, 0, 0, across, height, 1, flat=crowded and not constant, words=words)
    rows = max(len(card.links), 1)
    # The badge holds the operation's name, turned, so a long name makes a taller card.
    tall = max(HEIGHT, min(round(width(card.symbol, 11.5)) + 14, 160))
    row = max(ROW, -(-tall // rows))
    return Box(0, 0, gutter, BADGE, body, rows * row, rows, words=words)


def _dot(scene: Scene, sizes: Sequence[Box]) -> str:
    lines = [
        "digraph {",
        f"graph [rankdir=LR nodesep=0.13 ranksep={_BETWEEN / 72:.3f}]",
        'node [shape=box fixedsize=true label=""]',
        "edge [arrowhead=none]",
    ]
    for i, box in enumerate(sizes):
        if not box.gutter:
            lines.append(f"v{i} [width={box.width / 72:.4f} height={box.height / 72:.4f}]")
            continue
        row = f'fixedsize="true" width="{box.width:.0f}" height="{box.height / box.rows:.0f}"'
        ports = "".join(f'<tr><td port="i{slot}" {row}></td></tr>' for slot in range(box.rows))
        table = f'<table border="0" cellborder="0" cellspacing="0" cellpadding="0">{ports}</table>'
        lines.append(f"v{i} [shape=plain fixedsize=false label=<{table}>]")
    for e, link in enumerate(scene.links):
        lines.append(f"v{link.source}:e -> v{link.target}:i{link.slot}:w [id=e{e}]")
    return "\n".join([*lines, "}"])


def _read(scene: Scene, sizes: Sequence[Box], output: bytes) -> Layout:
    """Graphviz's answer, in SVG's coordinates: y downwards."""
    answer = json.loads(output)
    total_height = float(answer["bb"].split(",")[3])

    def point(text: str) -> Point:
        x, y = text.split(",")
        return round(float(x) + MARGIN, 1), round(total_height - float(y) + MARGIN, 1)

    placed: dict[int, Box] = {}
    for item in answer["objects"]:
        i = int(item["name"][1:])
        x, y = point(item["pos"])
        box = sizes[i]
        corner = (round(x - box.width / 2, 1), round(y - box.height / 2, 1))
        placed[i] = replace(box, x=corner[0], y=corner[1])
    boxes = [placed[i] for i in range(len(sizes))]
    links = scene.links
    routes = route(
        [Place(box.x, box.x + box.width, box.y, box.y + box.height) for box in boxes],
        [End(link.source, link.target, round(boxes[link.target].row(link.slot), 1)) for link in links],
        MARGIN,
    )
    boxes = [replace(box, x=round(box.x + shift, 1)) for box, shift in zip(boxes, routes.shifts, strict=True)]
    curves = []
    for link, corners in zip(links, routes.corners, strict=True):
        rounded = tuple((round(x, 1), round(y, 1)) for x, y in corners)
        curves.append(Curve(link, rounded, (boxes[link.target].left, rounded[-1][1])))
    return Layout(routes.width, total_height + 2 * MARGIN, tuple(boxes), tuple(curves))
