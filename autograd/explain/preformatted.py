"""Text of a terminal as HTML: in the font of code, whatever a notebook page does to ``<pre>``."""

from __future__ import annotations

import html

# nbconvert and JupyterLab give a <pre> inside HTML output the font of prose, and break its words anywhere.
_STYLE = "font-family:var(--jp-code-font-family,monospace);word-break:normal;overflow-wrap:anywhere"


def preformatted(text: str) -> str:
    """A ``<pre>`` element that keeps columns aligned and words whole.

    >>> preformatted("a < b").endswith(">a &lt; b</pre>")
    True
    """
    return f'<pre style="{_STYLE}">{html.escape(text)}</pre>'
