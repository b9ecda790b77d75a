"""Where the cards stand and how the edges run.

Graphviz decides.  It is given boxes of fixed size and no text, so the result does not depend on fonts.  The box
of a card includes the *gutter* on its left, where each operand has a row of its own for the derivative written
on its edge: so these labels cannot meet a card, an edge or each other, whatever the graph.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..notation import number
from . import engine
from .lettering import lettered, width
from .scene import Card, Link, Scene

BODY, BADGE, HEIGHT = 92, 23, 62  # of a card
CONSTANT = (46, 24)
# In a crowded graph the numbers stand without the words "data" and "grad", and leaves are flat: the name
# beside the numbers instead of above them.
NARROW, FLAT = 70, (98, 38)
ROW = 25  # of an operand in the gutter
QUOTIENT, NUMERAL = 9.0, 10.0  # the sizes of type there
MARGIN = 10
_MANY, _LARGE = 6, 24  # operands of a card, and cards, beyond which a graph is crowded

Point = tuple[float, float]


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
    """An edge: a cubic spline up to the gutter, and from there straight to the badge."""

    link: Link
    points: tuple[Point, ...]
    end: Point


@dataclass(frozen=True, slots=True)
class Layout:
    width: float
    height: float
    boxes: tuple[Box, ...]
    curves: tuple[Curve, ...]


def quotient(scene: Scene, link: Link, size: float = QUOTIENT) -> tuple[str, float]:
    """∂out/∂in as SVG, and its width; which operand it is where one stands in two slots."""
    out, into = (lettered(scene.cards[i].name, size, 44) for i in (link.target, link.source))
    mark = chr(0x245F + link.twin) if 0 < link.twin < 10 else ""
    extra = width("∂/∂", size, "italic") + (1.5 + width(mark, size) if mark else 0)
    twin = f'<tspan dx="1.5" font-style="normal">{mark}</tspan>' if mark else ""
    return f"∂{out.svg}/∂{into.svg}{twin}", out.width + into.width + extra


def arrange(scene: Scene) -> Layout:
    """Ask Graphviz; raises ``NoEngineError`` where there is none."""
    crowded = len(scene.cards) > _LARGE and any(len(card.links) > _MANY for card in scene.cards)
    sizes = [_size(scene, card, crowded) for card in scene.cards]
    return _read(scene, sizes, engine.run(_dot(scene, sizes), "json0"))


def _size(scene: Scene, card: Card, crowded: bool) -> Box:
    if not card.symbol:
        constant = card.role == "constant"
        body, height = CONSTANT if constant else FLAT if crowded else (BODY, HEIGHT)
        return Box(0, 0, 0, 0, body, height, 1, flat=crowded and not constant, words=not crowded)
    rows = max(len(card.links), 1)
    body = NARROW if crowded else BODY
    labels = [max(quotient(scene, link)[1], width(number(link.partial), NUMERAL)) for link in card.links]
    # The badge holds the operation's name, turned, so a long name makes a taller card.
    tall = max(HEIGHT, min(round(width(card.symbol, 11.5)) + 14, 160))
    row = max(ROW, -(-tall // rows))
    return Box(0, 0, round(max(labels, default=0)) + 9, BADGE, body, rows * row, rows, words=not crowded)


def _dot(scene: Scene, sizes: Sequence[Box]) -> str:
    lines = [
        "digraph {",
        "graph [rankdir=LR nodesep=0.13 ranksep=0.38]",
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
    total_width, total_height = (float(part) for part in answer["bb"].split(",")[2:])

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
    curves: dict[int, Curve] = {}
    links = scene.links
    for item in answer.get("edges", ()):
        e = int(item["id"][1:])
        link = links[e]
        box = placed[link.target]
        curves[e] = Curve(link, tuple(map(point, item["pos"].split())), (box.left, round(box.row(link.slot), 1)))
    return Layout(
        total_width + 2 * MARGIN,
        total_height + 2 * MARGIN,
        tuple(placed[i] for i in range(len(sizes))),
        tuple(curves[e] for e in range(len(links))),
    )
