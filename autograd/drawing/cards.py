"""Cards and edges as SVG: one function a thing drawn, no state."""

from __future__ import annotations

import html

from ..notation import number
from .layout import BADGE, HEIGHT, NUMBER, NUMERAL, PAD, PANEL, QUOTIENT, WORD, Box, Curve, quotient
from .lettering import fitted, lettered, width
from .routing import rounded
from .scene import Card, Scene

CLASSES = {"input": "i", "parameter": "p", "intermediate": "m", "target": "t", "loss": "l", "constant": "c"}
_HEADER = 18
NONE = "\N{EN DASH}"  # where a gradient will stand


def coordinate(x: float) -> str:
    """A coordinate to a tenth, as short as it can be written."""
    return f"{round(x, 1) + 0.0:.1f}".removesuffix(".0")  # + 0.0 makes 0 of -0


def sign(x: float) -> str:
    """The class that colours a gradient."""
    return "pos" if x > 0 else "neg" if x < 0 else "zero"


def place(box: Box) -> str:
    """The transform that puts a card, drawn at the origin, in its place."""
    return f"translate({coordinate(box.left)},{coordinate(box.middle)})"


def frame(card: Card, box: Box) -> str:
    """The parts of a card that do not change: outline, badge, header.  The origin is the middle of its left edge."""
    if card.role == "constant":
        return (
            f'<rect class="k" y="{coordinate(-box.height / 2)}" width="{box.body}" height="{box.height}" rx="7"/>'
            f'<text x="{coordinate(box.body / 2)}" y="4" text-anchor="middle">{number(card.data)}</text>'
        )
    if box.flat:
        name = lettered(card.name, 12, PANEL - 5)
        return (
            f'<rect class="k" y="{coordinate(-box.height / 2)}" width="{box.body}" height="{box.height}" rx="8"/>'
            f'<rect class="f" x="{PAD}" y="{coordinate(PAD - box.height / 2)}" width="{PANEL}" '
            f'height="{box.height - 2 * PAD}" rx="5"/>'
            f'<text class="h" x="{coordinate(PAD + PANEL / 2)}" y="4">{name.svg}</text>'
        )
    top = -HEIGHT / 2
    shapes = [
        f'<rect class="k" y="{coordinate(top)}" width="{coordinate(box.badge + box.body)}" height="{HEIGHT}" rx="8"/>',
    ]
    if box.badge:
        shapes.append(_badge(card, box))
    x = box.badge + PAD
    name = lettered(card.name, 13, box.body - 2 * PAD - 6)
    shapes.append(
        f'<rect class="f" x="{coordinate(x)}" y="{coordinate(top + PAD)}" width="{coordinate(box.body - 2 * PAD)}" '
        f'height="{_HEADER}" rx="5"/>'
        f'<text class="h" x="{coordinate(x + box.body / 2 - PAD)}" y="{coordinate(top + 17)}">{name.svg}</text>'
        + (f'<text class="d" x="{coordinate(x + 3)}" y="{coordinate(top + 35.5)}">data</text>' if box.words else "")
    )
    return "".join(shapes)


def _badge(card: Card, box: Box) -> str:
    """The operation; a long word is turned to read upwards."""
    tall = box.height > HEIGHT  # with many operands the badge is a bar that the card hangs on
    x, across, height = (0, BADGE, box.height) if tall else (PAD, BADGE - PAD, HEIGHT - 2 * PAD)
    y = coordinate(-height / 2)
    shape = f'<rect class="op" x="{x}" y="{y}" width="{across}" height="{coordinate(height)}" rx="5"/>'
    symbol, raised = card.symbol, ""
    if symbol.startswith("^") and len(symbol) > 1:  # a power by a number: the base has no name here
        raised = f'<tspan dy="-4" font-size="9">{html.escape(symbol[1:5])}</tspan>'
        symbol = "x"
    middle = x + across / 2
    if raised or width(symbol, 14) <= BADGE - PAD - 2:
        sized = _sized(12 if raised else 14, 14)
        return f'{shape}<text class="o" x="{coordinate(middle)}" y="5"{sized}>{html.escape(symbol)}{raised}</text>'
    text, size = fitted(symbol, height - 8, 11.5)
    return (
        f'{shape}<text class="o" transform="translate({coordinate(middle + 4)},0)rotate(-90)"{_sized(size, 14)}>'
        f"{html.escape(text)}</text>"
    )


def datum(box: Box, data: float, classes: str = "") -> str:
    """The number in the row ``data``."""
    right = box.badge + box.body - PAD - 4
    if box.flat:
        text, size = fitted(number(data), box.body - PANEL - 3 * PAD, NUMBER)
        y = "-4.5"
    else:
        text, size = fitted(number(data), box.body - 2 * PAD - 4 - (WORD if box.words else 0), NUMBER)
        y = coordinate(-HEIGHT / 2 + 36)
    return f'<text class="v{classes}" x="{coordinate(right)}" y="{y}"{_sized(size, NUMBER)}>{text}</text>'


def pill(box: Box, grad: float | None, classes: str = "") -> str:
    """The gradient on its tint; None before a backward pass has reached the value."""
    left = box.badge + PAD + (PANEL + 2 if box.flat else 0)
    right = box.badge + box.body - PAD
    height, y = (15, 0.0) if box.flat else (17, HEIGHT / 2 - PAD - 17)
    word = f'<text class="d" x="{coordinate(left + 3)}" y="{coordinate(y + 12)}">grad</text>' if box.words else ""
    room = right - left - 6 - (WORD if box.words else 0)
    text, size = (NONE, NUMBER) if grad is None else fitted(number(grad), room, NUMBER, "bold")
    kind = "none" if grad is None else sign(grad)
    return (
        f'<g class="g {kind}{classes}"><rect x="{coordinate(left)}" y="{coordinate(y)}" '
        f'width="{coordinate(right - left)}" height="{height}" rx="5"/>{word}'
        f'<text class="v b" x="{coordinate(right - 4)}" y="{coordinate(y + height - 4.3)}"'
        f"{_sized(size, NUMBER)}>{text}</text></g>"
    )


def title(scene: Scene, card: Card) -> str:
    """What a pointer resting on the card is told."""
    text = f"{card.name.text} = {number(card.data, 10)}"
    if card.grad is not None and card.role != "constant" and len(scene.roots) == 1:
        root = next(other.name.text for other in scene.cards if other.node is scene.roots[0])
        text += f"; ∂{root}/∂{card.name.text} = {number(card.grad, 10)}"
    return f"<title>{html.escape(text)}</title>"


def path(curve: Curve) -> str:
    """The line of an edge: by its corners to the gutter, then straight through it."""
    x, y = curve.end
    parts = rounded([*curve.corners[:-1], (x - 4, y)])
    return "".join(command + " ".join(f"{coordinate(a)},{coordinate(b)}" for a, b in at) for command, at in parts)


def edge(scene: Scene, curve: Curve, box: Box, labelled: bool = True, classes: str = "") -> str:
    """An edge with its arrow head and, above and below it in the gutter, its local derivative.

    ``classes`` are those of the number, which a stepper shows when the forward pass has computed it.
    """
    link = curve.link
    x, y = curve.end
    middle = coordinate(x - box.gutter / 2 - 2)
    shapes = f'<path d="{path(curve)}"/><path class="a" d="M{coordinate(x)},{coordinate(y)}l-6,-3v6z"/>'
    if labelled:
        text, size = fitted(number(link.partial), box.gutter - 4, NUMERAL)
        styled = f' class="{classes}"' if classes else ""
        shapes += (
            f'<text class="q" x="{middle}" y="{coordinate(y - 5.6)}">{quotient(scene, link, QUOTIENT)[0]}</text>'
            f'<text{styled} x="{middle}" y="{coordinate(y + 11)}"{_sized(size, NUMERAL)}>{text}</text>'
        )
    return shapes


def _sized(size: float, usual: float) -> str:
    return "" if size == usual else f' style="font-size:{size:g}px"'
