"""The graph as DOT that a person can read, change and lay out with any Graphviz: cards as tables of text."""

from __future__ import annotations

import html

from ..notation import Name, number
from .cards import NONE
from .scene import Card, Link, Scene
from .themes import LIGHT


def written(scene: Scene) -> str:
    """A scene as DOT.  Labels stand in it as escaped text, never as markup or as a command of Graphviz."""
    colours = LIGHT
    lines = [
        "digraph {",
        "  rankdir=LR; nodesep=0.1; ranksep=0.4;",
        '  node [shape=plain fontname="Helvetica,Arial,sans-serif" fontsize=11];',
        f'  edge [fontname="Helvetica,Arial,sans-serif" fontsize=9 arrowsize=0.6 color="{colours["line"]}"];',
    ]
    lines += [f"  v{i} [label=<{_card(scene, card)}>];" for i, card in enumerate(scene.cards)]
    lines += [f"  v{link.source}:e -> v{link.target}:i{link.slot}:w{_colour(scene, link)};" for link in scene.links]
    return "\n".join([*lines, "}\n"])


def _card(scene: Scene, card: Card) -> str:
    """A table: on the left a cell for every operand, with the derivative by it, then the card."""
    if card.role == "constant":
        data = f"<tr><td>{number(card.data)}</td></tr>"
        return f'<table color="{LIGHT["line"]}" style="rounded" cellborder="0">{data}</table>'
    line = LIGHT.get(f"{card.role}-line", LIGHT["line"])
    head = LIGHT.get(card.role, LIGHT["plain"])
    grad = card.grad
    tint = "plain" if not grad else "positive-tint" if grad > 0 else "negative-tint"
    ink = "muted" if not grad else "positive" if grad > 0 else "negative"
    badge = ""
    if card.symbol:
        symbol = html.escape(f"x{card.symbol}" if card.symbol.startswith("^") else card.symbol)
        badge = f'<td rowspan="3" bgcolor="{LIGHT["badge"]}"><font color="#ffffff">{symbol}</font></td>'
    body = (
        f'<table border="1" style="rounded" cellborder="0" cellspacing="2" cellpadding="3" color="{line}">'
        f'<tr>{badge}<td colspan="2" bgcolor="{head}">{_name(card.name)}</td></tr>'
        f'<tr><td align="left"><font color="{LIGHT["muted"]}">data</font></td>'
        f'<td align="right">{number(card.data)}</td></tr>'
        f'<tr><td align="left" bgcolor="{LIGHT[tint]}"><font color="{LIGHT["muted"]}">grad</font></td>'
        f'<td align="right" bgcolor="{LIGHT[tint]}">'
        f'<font color="{LIGHT[ink]}"><b>{NONE if grad is None else number(grad)}</b></font></td></tr></table>'
    )
    if not card.links:
        return body
    operands = "".join(f'<tr><td port="i{link.slot}">{_derivative(scene, link)}</td></tr>' for link in card.links)
    gutter = f'<table border="0" cellborder="0" cellspacing="0" cellpadding="2">{operands}</table>'
    return f'<table border="0" cellspacing="0" cellborder="0"><tr><td>{gutter}</td><td>{body}</td></tr></table>'


def _derivative(scene: Scene, link: Link) -> str:
    source, target = scene.cards[link.source], scene.cards[link.target]
    if source.role == "constant" or link.held:
        return " "
    quotient = f"∂{'<sup>+</sup>' if link.direct else ''}{_name(target.name)}/∂{_name(source.name)}"
    return f'<font point-size="8" color="{LIGHT["muted"]}">{quotient}</font><br/>{number(link.partial)}'


def _colour(scene: Scene, link: Link) -> str:
    flow = link.contribution(scene.cards[link.target].grad)
    constant = scene.cards[link.source].role == "constant"
    return f' [color="{LIGHT["positive" if flow > 0 else "negative"]}"]' if flow and not constant else ""


def _name(name: Name) -> str:
    """A name in Graphviz's own markup."""
    parts = f"<i>{html.escape(Name(name.base).text)}</i>"
    if name.superscript:
        parts += f"<sup>{html.escape(name.superscript)}</sup>"
    return parts + (f"<sub>{html.escape(name.subscript)}</sub>" if name.subscript else "")
