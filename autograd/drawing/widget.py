"""The stepper as HTML: markup that steps by CSS alone, a script that adds comfort, and a fallback without either.

In a notebook cell stands the fallback: a picture of the finished graph and the steps as a list.  A script replaces
it by the live widget in a shadow root, where neither side's styles reach the other.  Whatever strips or forbids
the script leaves the fallback.  As a page of its own the widget stands in the open and needs no script.
"""

from __future__ import annotations

import functools
import hashlib
import html
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from ..value import Value
from . import cards
from .cards import coordinate
from .files import width
from .frames import Frame
from .layout import LEAST, Layout
from .scene import Scene
from .themes import DARK, LIGHT, stylesheet, variables

_HERE = Path(__file__).parent


@functools.cache
def _source(name: str) -> str:
    """A file beside this one without its indentation and line ends."""
    text = (_HERE / name).read_text(encoding="utf-8")
    return re.sub(r"\s*\n\s*", "\n" if name.endswith(".js") else "", text).strip()


# ---- The live widget -------------------------------------------------------------------------------------


def live(title: str, scene: Scene, layout: Layout, frames: Sequence[Frame]) -> str:
    """Style and markup.  The radio buttons are the state; rules on ``:checked`` show what belongs to it."""
    dots = "".join(
        f'<input type="radio" name="s" id="s{n}" aria-label="step {n} of {len(frames) - 1}"'
        f"{' checked' if n == 0 else ''}>"
        for n in range(len(frames))
    )
    panels = "".join(_panel(n, frame, len(frames) - 1) for n, frame in enumerate(frames))
    return (
        f"<style>{_style(layout, frames)}</style>"
        f'<div class="w" role="group" aria-label="{html.escape(title)}">{dots}'
        f'<div class="pn" aria-live="polite">{panels}</div>'
        f'<div class="st">{_graph(title, scene, layout, frames)}</div></div>'
    )


def _panel(n: int, frame: Frame, last: int) -> str:
    shown = f'<math display="block"><mrow>{formula}</mrow></math>' if (formula := frame.mathml) else ""
    return (
        f'<div class="pa p{n}"><div class="nav"><label class="bt" for="s{max(n - 1, 0)}">← Back</label>'
        f'<b>step {n} of {last}</b><label class="bt" for="s{min(n + 1, last)}">Next →</label>'
        '<span class="js"></span></div>'
        f'<div class="tx">{html.escape(frame.caption)}</div>{shown}</div>'
    )


def _style(layout: Layout, frames: Sequence[Frame]) -> str:
    """The rules of every frame: what shows from it on, what shows at it only."""
    rules = [
        f".w{{{variables(LIGHT)}}}.w.dark{{{variables(DARK)};color-scheme:dark}}",
        stylesheet(".w"),
        _source("widget.css"),
        f".st svg{{min-width:{LEAST * layout.width:.0f}px}}",
    ]
    for n, frame in enumerate(frames):
        since, at = f":is(#s{n},#s{n}~*):checked~.st", f"#s{n}:checked~"
        if frame.data or frame.grads or frame.links:
            rules.append(f"{since} .f{n}{{display:inline;--paint:var(--sign);--heavy:2}}{since} .t{n}{{display:none}}")
        if frame.links:
            way = "back" if frame.flow is not None else "forth"
            rules.append(f"{at}.st .h{n}{{--heavy:3.2;--dash:7 5;--flow:{way}}}")
        if frame.sender is not None:
            rules.append(f"{at}.st .o{n}{{--ring:var(--upstream);--thick:3.5}}")
        if frame.receiver is not None:
            rules.append(f"{at}.st .i{n}{{--ring:var(--receiver);--thick:3.5}}")
        rules.append(f"{at}.pn .p{n}{{display:block}}")
    return "".join(rules)


def _graph(title: str, scene: Scene, layout: Layout, frames: Sequence[Frame]) -> str:
    w, h = coordinate(layout.width), coordinate(layout.height)
    body = "".join([*_edges(scene, layout, frames), *_cards(scene, layout, frames)])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" role="group" '
        f'aria-label="{html.escape(title)}">{body}</svg>'
    )


def _edges(scene: Scene, layout: Layout, frames: Sequence[Frame]) -> list[str]:
    lit: dict[tuple[Value, int], list[int]] = {}
    for n, frame in enumerate(frames):
        for edge in frame.links:
            lit.setdefault(edge, []).append(n)
    drawn = []
    for curve in layout.curves:
        link = curve.link
        at = lit.get((scene.cards[link.target].node, link.slot), [])
        flows = [n for n in at if frames[n].flow is not None]
        classes = ["e", *(f"h{n}" for n in at)]
        if flows and (flow := frames[flows[-1]].flow):
            classes += [cards.sign(flow), f"f{flows[0]}"]
        written = scene.cards[link.source].role != "constant" and not link.held
        computed = next((n for n, frame in enumerate(frames) if scene.cards[link.target].node in frame.data), 0)
        known = f"y f{computed}" if computed else ""
        shapes = cards.edge(scene, curve, layout.boxes[link.target], written, known)
        drawn.append(f'<g class="{" ".join(classes)}">{shapes}</g>')
    return drawn


def _cards(scene: Scene, layout: Layout, frames: Sequence[Frame]) -> list[str]:
    drawn = []
    for card, box in zip(scene.cards, layout.boxes, strict=True):
        node = card.node
        receives = [n for n, frame in enumerate(frames) if frame.receiver is node]
        sends = [n for n, frame in enumerate(frames) if frame.sender is node]
        classes = ["n", cards.CLASSES[card.role], *(f"i{n}" for n in receives), *(f"o{n}" for n in sends)]
        visit = f' data-at="{" ".join(map(str, receives or sends))}"' if receives or sends else ""
        shapes = f"<title>{html.escape(card.name.text)}</title>{cards.frame(card, box)}"
        if card.role != "constant":
            numbers = [(n, frame.data[node]) for n, frame in enumerate(frames) if node in frame.data]
            grads = [(n, frame.grads[node]) for n, frame in enumerate(frames) if node in frame.grads]
            if not numbers or (numbers[0][0] > 0 and node.op is None):
                numbers.insert(0, (0, card.data))
            for since, value in _spans(numbers):
                shapes += cards.datum(box, value, since)
            shapes += cards.pill(box, None, f" t{grads[0][0]}" if grads else "")
            for since, value in _spans(grads):
                shapes += cards.pill(box, value, since)
        drawn.append(f'<g class="{" ".join(classes)}" transform="{cards.place(box)}"{visit}>{shapes}</g>')
    return drawn


def _spans(states: Sequence[tuple[int, float]]) -> list[tuple[str, float]]:
    """Successive values with the classes that show each from its frame to the next one's."""
    spans = []
    for k, (n, value) in enumerate(states):
        until = f" t{states[k + 1][0]}" if k + 1 < len(states) else ""
        spans.append(((f" y f{n}" if n else "") + until, value))
    return spans


# ---- Where it is shown -----------------------------------------------------------------------------------


def page(title: str, widget: str) -> str:
    """A page of its own, which steps even where scripts are forbidden; light or dark as the reader's system is."""
    dark = f"@media(prefers-color-scheme:dark){{.w{{{variables(DARK)};color-scheme:dark}}}}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{html.escape(title)}</title></head><body style="margin:0">{widget}'
        f"<style>{dark}.w{{min-height:100vh;box-sizing:border-box;padding:16px}}</style>"
        f"<script>({_source('widget.js')})(document,null)</script></body></html>\n"
    )


def cell(title: str, widget: str, finished: str, frames: Sequence[Frame]) -> str:
    """For a notebook cell: the fallback, and the script that puts the live widget in its place."""
    rows = "".join(f"<li><code>{html.escape(frame.summary)}</code></li>" for frame in frames if frame.summary)
    payload = _script_text(widget)
    key = hashlib.sha256(payload.encode()).hexdigest()[:12]
    alt = html.escape(title)
    shown = f"max-width:100%;min-width:{LEAST * width(finished):.0f}px"
    return (
        f'<div class="ag-stepper" data-key="{key}"><div style="overflow-x:auto">'
        f'<img alt="{alt}, all gradients" src="{_data_address(finished)}" style="{shown}">'
        f"<details><summary>{alt}, step by step ({len(frames) - 1} steps)</summary><ol>{rows}</ol></details></div>"
        f"<script>(()=>{{const markup={payload},start={_source('widget.js')},{_MOUNT.format(key=key)}}})()"
        "</script></div>"
    )


def _data_address(svg: str) -> str:
    """An SVG as the address of an image, with nothing left in it that HTML or an address would trip over."""
    # Both kinds of quotes are entities inside text, so what is left of them delimits attributes.
    return "data:image/svg+xml," + quote(svg.replace('"', "'"), safe=" =:/;,()'.!*-_~@$+[]{}|^∂−·′σŷ①②")


def _script_text(markup: str) -> str:
    """Markup as a string in a script: quotes stand as they are, and nothing in it can end the script."""
    for mark in ("\\", "`", "${"):
        markup = markup.replace(mark, "\\" + mark)
    for start in ("</", "<!"):
        markup = markup.replace(start, f"<\\{start[1]}")
    return f"`{markup}`"


# Notebooks run a cell's script before or after they attach its output, so the script looks for its place a few
# times.  data-lm-suppress-shortcuts must be on the shadow host: there JupyterLab looks when it sees a key.
_MOUNT = (
    "mount=()=>document.querySelectorAll('.ag-stepper[data-key=\"{key}\"]:not([data-live])').forEach(place=>{{"
    "place.dataset.live='1';const host=document.createElement('div');"
    "host.setAttribute('data-lm-suppress-shortcuts','true');"
    "const root=host.attachShadow({{mode:'open'}});root.innerHTML=markup;"
    "place.firstElementChild.style.display='none';place.append(host);start(root,host)}});"
    "mount();setTimeout(mount,50);setTimeout(mount,500)"
)
