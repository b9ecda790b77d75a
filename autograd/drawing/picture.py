"""A scene and its layout as one SVG."""

from __future__ import annotations

import html
from collections.abc import Iterator

from ..explain.kinks import in_one_line
from . import cards
from .cards import coordinate
from .document import document
from .highlight import Highlight
from .layout import MARGIN, Layout
from .lettering import wrapped
from .scene import Scene

NOT_YET = "No gradients yet: call .backward() on the root first. The numbers on the edges are the local derivatives."
OUTDATED = "A leaf has changed since the forward pass; all other numbers are from before."
DIRECT = "∂⁺ counts one edge alone; other ways lead from the one value to the other as well."
LEGEND = "On each card: its value, and below that, tinted, its gradient."
_LINE, _NARROWEST = 17, 240


def svg(scene: Scene, layout: Layout, theme: str, highlight: Highlight) -> str:
    """The picture, complete and self-contained."""
    notes = {
        LEGEND: not all(box.words for box in layout.boxes),
        NOT_YET: not scene.reached,
        OUTDATED: scene.outdated,
        DIRECT: any(link.direct for link in scene.links),
        **{f"{remark}.": True for remark in (*scene.held, *in_one_line(scene.kinks))},
    }
    note = " ".join(part for part, holds in notes.items() if holds)
    width = max(layout.width, _NARROWEST)
    lines = wrapped(note, width - 2 * MARGIN, 12)
    height = layout.height + _LINE * len(lines)
    body = "".join([*edges(scene, layout, highlight), *_cards(scene, layout, highlight)])
    for i, line in enumerate(lines):
        y = coordinate(layout.height + _LINE * i + 8)
        body += f'<text class="note" x="{MARGIN}" y="{y}">{html.escape(line)}</text>'
    return document(body, width, height, theme, describe(scene))


def describe(scene: Scene) -> str:
    """The picture in words, for those who cannot see it."""
    roots = ", ".join(card.name.text for card in scene.cards if card.node in scene.roots)
    return f"Computation graph of {roots}: {len(scene.cards)} cards, {len(scene.links)} edges"


def edges(scene: Scene, layout: Layout, highlight: Highlight) -> Iterator[str]:
    for curve in layout.curves:
        link = curve.link
        source, target = scene.cards[link.source], scene.cards[link.target]
        constant = source.role == "constant"
        classes, written = "e", not constant and not link.held
        if not constant:
            flow = link.contribution(target.grad)
            classes += f" on {cards.sign(flow)}" if flow else ""
        if highlight.link(link):
            classes += " hl"
        yield f'<g class="{classes}">{cards.edge(scene, curve, layout.boxes[link.target], written)}</g>'


def _cards(scene: Scene, layout: Layout, highlight: Highlight) -> Iterator[str]:
    for i, (card, box) in enumerate(zip(scene.cards, layout.boxes, strict=True)):
        classes = cards.CLASSES[card.role] + (" hl" if highlight.card(i) else "")
        shapes = cards.title(scene, card) + cards.frame(card, box)
        if card.role != "constant":
            shapes += cards.datum(box, card.data)
            shapes += cards.pill(box, card.grad)
        yield f'<g class="{classes}" transform="{cards.place(box)}">{shapes}</g>'
