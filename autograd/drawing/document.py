"""An SVG document around what was drawn."""

from __future__ import annotations

import html
import math

from .layout import LEAST
from .themes import RULES, THEMES, stylesheet


def document(body: str, width: float, height: float, theme: str, label: str, rules: str = RULES) -> str:
    """A complete SVG, on a page of the theme's colour; it fits itself to the column it is shown in.

    ``label`` says in words what it shows.  The style sheet is below a class of its own, because notebooks put
    several pictures into one page.
    """
    w, h = math.ceil(width), math.ceil(height)  # whole pixels: a PNG has no others
    scope = f"ag-{theme}" if rules is RULES else f"ag-network-{theme}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{scope}" viewBox="0 0 {w} {h}" width="{w}" height="{h}" '
        f'style="max-width:100%;min-width:{LEAST * w:.0f}px;height:auto" role="img" '
        f'aria-label="{html.escape(label)}">'
        f"<style>{stylesheet(f'.{scope}', THEMES[theme], rules)}</style>"
        f'<rect class="page" width="{w}" height="{h}"/>{body}</svg>'
    )
