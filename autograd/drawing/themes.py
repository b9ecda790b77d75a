"""The colours, light and dark, and the style sheet that cards, edges and networks share.

A picture is styled by classes, so that the same drawing serves both themes, the live stepper (where the
colours are CSS variables that follow the notebook) and the PNG (where they are plain colours).
"""

from __future__ import annotations

import re

from .lettering import FAMILY

# Every text stands on `page`, `card`, or the tint named beside it, at a contrast of 4.5 : 1 or more (tested).
LIGHT = {
    "page": "#ffffff",
    "card": "#ffffff",
    "ink": "#1f2937",
    "muted": "#566273",
    "line": "#97a2b0",
    "badge": "#3a4556",
    "badge-ink": "#ffffff",
    "plain": "#eff1f5",  # the header of an intermediate value, a gradient of zero
    "positive": "#00598c",
    "positive-tint": "#d9eaf7",
    "negative": "#a34400",
    "negative-tint": "#fce3d4",
    "input": "#e2e9f2",
    "input-line": "#6f8096",
    "parameter": "#d3eedf",
    "parameter-line": "#1b8a66",
    "target": "#fff0c7",
    "target-line": "#b58900",
    "loss": "#eadcf2",
    "loss-line": "#7f4e9c",
    "upstream": "#7b3fa0",
    "local": "#0b6b63",
    "receiver": "#b83c08",
    "mark": "#f5b301",
}
DARK = {
    "page": "#12161d",
    "card": "#1b212c",
    "ink": "#e8edf4",
    "muted": "#a5b1c1",
    "line": "#67748a",
    "badge": "#4a586e",
    "badge-ink": "#ffffff",
    "plain": "#2a3140",
    "positive": "#7cc4f5",
    "positive-tint": "#10344d",
    "negative": "#ffb08a",
    "negative-tint": "#4d2410",
    "input": "#2c3a4d",
    "input-line": "#7f93ad",
    "parameter": "#174a37",
    "parameter-line": "#3fb68b",
    "target": "#4d3d08",
    "target-line": "#d9ac2b",
    "loss": "#45295a",
    "loss-line": "#b98ad6",
    "upstream": "#d3a6ee",
    "local": "#5eead4",
    "receiver": "#fb923c",
    "mark": "#ffd24a",
}
THEMES = {"light": LIGHT, "dark": DARK}

# One rule a line; $name is a colour of the theme.
RULES = """
text { font: 11px $family; fill: $ink }
.d { font-size: 9.5px; fill: $muted }
.v { text-anchor: end; font-size: 11.5px }
.b { font-weight: 700 }
.h { text-anchor: middle; font-size: 13px; font-style: italic }
.o { text-anchor: middle; font-size: 14px; fill: $badge-ink }
.k { fill: $card; stroke: $line; stroke-width: 1.3 }
.f { fill: $plain }
.op { fill: $badge }
.i .k { stroke: $input-line }
.i .f { fill: $input }
.p .k { stroke: $parameter-line }
.p .f { fill: $parameter }
.t .k { stroke: $target-line }
.t .f { fill: $target }
.l .k { stroke: $loss-line }
.l .f { fill: $loss }
.g rect { fill: $plain }
.g text { fill: $muted }
.g.pos rect { fill: $positive-tint }
.g.pos text { fill: $positive }
.g.neg rect { fill: $negative-tint }
.g.neg text { fill: $negative }
.e path { fill: none; stroke: $line; stroke-width: 1.4 }
.e .a { fill: $line; stroke: none }
.e text { font-size: 10.5px; text-anchor: middle }
.e .q { font-size: 10px; font-style: italic; fill: $muted }
.on.pos path { stroke: $positive; stroke-width: 2 }
.on.neg path { stroke: $negative; stroke-width: 2 }
.on.pos .a { fill: $positive; stroke: none }
.on.neg .a { fill: $negative; stroke: none }
.hl .k { stroke: $mark; stroke-width: 4 }
.e.hl path { stroke-width: 3.6 }
.note { font-size: 12px; fill: $muted }
.page { fill: $page }
""".strip()


def stylesheet(scope: str, colours: dict[str, str] | None = None, rules: str = RULES) -> str:
    """The rules with every selector below ``scope``; the colours plain, or CSS variables if none are given.

    >>> stylesheet(".x", {"ink": "#000"}, rules=".d { fill: $ink }")
    '.x .d{fill:#000}'
    """

    def colour(match: re.Match[str]) -> str:
        name = match[1]
        return FAMILY if name == "family" else colours[name] if colours else f"var(--{name})"

    sheet = []
    for rule in rules.splitlines():
        selector, _, declarations = rule.partition("{")
        declarations = re.sub(r"\$([a-z-]+)", colour, declarations.rstrip("} ").strip())
        sheet.append(f"{scope} {selector.strip()}{{{declarations.replace(': ', ':').replace('; ', ';')}}}")
    return "".join(sheet)


def variables(colours: dict[str, str]) -> str:
    """The colours as declarations of CSS variables."""
    return ";".join(f"--{name}:{value}" for name, value in colours.items())
