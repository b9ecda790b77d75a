"""The graph as DOT that a person can read, change and lay out with any Graphviz: cards as tables of text."""

from __future__ import annotations

import html

from ..notation import Name, number
from .cards import NONE
from .scene import Card, Link, Scene
from .themes import LIGHT

_TABLE = (
    '<table border="1" style="rounded" cellborder="0" cellspacing="2" cellpadding="3" color="{line}">{rows}</table>'
)


def written(scene: Scene) -> str:
    """A scene as DOT.  Labels stand in it as escaped text, never as markup or as a command of Graphviz."""
    colours = LIGHT
    lines = [
        "digraph {",
        "  rankdir=LR; nodesep=0.2; ranksep=0.6; ordering=in;",
        '  node [shape=plain fontname="Helvetica,Arial,sans-serif" fontsize=11];',
        f'  edge [fontname="Helvetica,Arial,sans-serif" fontsize=9 arrowsize=0.6 color="{colours["line"]}"];',
    ]
    lines += [f"  v{i} [label=<{_card(card)}>];" for i, card in enumerate(scene.cards)]
    lines += [f"  v{link.source}:e -> v{link.target}:w [{_edge(scene, link)}];" for link in scene.links]
    return "\n".join([*lines, "}\n"])


def _card(card: Card) -> str:
    data = number(card.data)
    if card.role == "constant":
        return _TABLE.format(line=LIGHT["line"], rows=f"<tr><td>{data}</td></tr>")
    line = LIGHT.get(f"{card.role}-line", LIGHT["line"])
    head = LIGHT.get(card.role, LIGHT["plain"])
    grad = card.grad
    tone = "plain" if not grad else "positive-tint" if grad > 0 else "negative-tint"
    ink = "muted" if not grad else "positive" if grad > 0 else "negative"
    shown = NONE if grad is None else number(grad)
    badge = ""
    if card.symbol:
        symbol = html.escape(f"x{card.symbol}" if card.symbol.startswith("^") else card.symbol)
        badge = f'<td rowspan="3" bgcolor="{LIGHT["badge"]}"><font color="#ffffff">{symbol}</font></td>'
    rows = (
        f'<tr>{badge}<td colspan="2" bgcolor="{head}">{_name(card.name)}</td></tr>'
        f'<tr><td align="left"><font color="{LIGHT["muted"]}">data</font></td><td align="right">{data}</td></tr>'
        f'<tr><td align="left" bgcolor="{LIGHT[tone]}"><font color="{LIGHT["muted"]}">grad</font></td>'
        f'<td align="right" bgcolor="{LIGHT[tone]}"><font color="{LIGHT[ink]}"><b>{shown}</b></font></td></tr>'
    )
    return _TABLE.format(line=line, rows=rows)


def _edge(scene: Scene, link: Link) -> str:
    source, target = scene.cards[link.source], scene.cards[link.target]
    if source.role == "constant":
        return ""
    quotient = f"∂{_name(target.name)}/∂{_name(source.name)}"
    label = f"{quotient}<br/>{number(link.partial)}"
    flow = link.contribution(target.grad)
    colour = f' color="{LIGHT["positive" if flow > 0 else "negative"]}"' if flow else ""
    return f"label=<{label}>{colour}"


def _name(name: Name) -> str:
    """A name in Graphviz's own markup."""
    parts = f"<i>{html.escape(Name(name.base).text)}</i>"
    if name.superscript:
        parts += f"<sup>{html.escape(name.superscript)}</sup>"
    return parts + (f"<sub>{html.escape(name.subscript)}</sub>" if name.subscript else "")
