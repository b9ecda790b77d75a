"""Diagram: a picture that notebooks show and files hold; draw makes one of a graph."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from ..explain.refusals import ends_at_caller
from ..refusal import refusal
from ..value import Value
from . import files, network_picture, picture
from .highlight import Wanted, resolve
from .layout import WIDEST, arrange
from .network import Network
from .scene import neurons
from .themes import THEMES
from .views import Detail, choose
from .written import written

if TYPE_CHECKING:
    import graphviz  # type: ignore[import-untyped]  # it has no type information

Theme = Literal["light", "dark"]


class Diagram:
    """A picture, ready for a notebook, a file or a page.

    svg    the picture as SVG, which is also what every other form is made from
    dot    the graph as a ``graphviz.Source``, for those who want its text or a layout of their own

    A notebook shows it where it is the last expression of a cell.

    >>> from autograd import Value
    >>> picture = draw(Value(2.0, "a") * 3)
    >>> picture.svg[:5], picture.dot.source[:9]
    ('<svg ', 'digraph {')
    """

    def __init__(self, title: str, dot: str, svg: Callable[[str], str], theme: str = "light") -> None:
        self._title, self._dot, self._svg, self._theme = title, dot, svg, theme
        self._drawn: dict[str, str] = {}

    @property
    def svg(self) -> str:
        """The picture as an SVG document."""
        return self._in(self._theme)

    @property
    def dot(self) -> graphviz.Source:
        """The graph as a ``graphviz.Source``: names, numbers and derivatives as Graphviz would letter them."""
        import graphviz

        return graphviz.Source(self._dot)

    @ends_at_caller
    def save(self, path: str | Path) -> Path:
        """Write the picture; the end of the name says how: .svg, .png, .pdf, .dot or .html.

        A PNG is set in a bundled font, the same on every machine; letters outside Latin, Greek and Cyrillic are
        taken from the machine's own fonts, as far as it has them.  Raises ``ValueError`` for any other name, and
        ``FileNotFoundError`` for one in a folder that is missing.
        """
        path = files.picture_path(path)
        makers: dict[str, Callable[[], bytes]] = {
            ".svg": lambda: self.svg.encode(),
            ".png": lambda: files.png(self.svg),
            ".pdf": lambda: files.pdf(self._dot),
            ".dot": lambda: self._dot.encode(),
            ".html": lambda: files.page(self._title, self._in("light"), self._in("dark")).encode(),
        }
        return files.write(path, makers[path.suffix.lower()]())

    def _in(self, theme: str) -> str:
        if theme not in self._drawn:
            self._drawn[theme] = self._svg(theme)
        return self._drawn[theme]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, str], dict[str, Any]]:
        # An untrusted notebook drops the SVG and shows the PNG.
        bundle = {"text/plain": repr(self), "image/svg+xml": self.svg}
        with suppress(files.NoRasterError):
            bundle["image/png"] = base64.b64encode(files.png(self.svg)).decode()
        width = files.width(self.svg)
        metadata: dict[str, Any] = {"image/png": {"width": round(width)}} if "image/png" in bundle else {}
        if width > WIDEST:
            # Too wide to be read when it is fitted to a cell: let the cell scroll instead.
            for kind in ("image/svg+xml", "image/png"):
                metadata[kind] = {**metadata.get(kind, {}), "unconfined": True}
        return bundle, metadata

    def __repr__(self) -> str:
        return f"<Diagram: {self._title}>"


@ends_at_caller
def draw(
    root: Value | Sequence[Value],
    *,
    detail: Detail | None = None,
    highlight: Wanted = None,
    theme: Theme = "light",
) -> Diagram:
    """A picture of the graph below ``root``: each value with its operation, number and gradient.

    detail     ``"values"``: a card for every value; ``"neurons"``: a card for every neuron; ``"network"``:
               circles in columns, weights on the edges.  By default the first of these that the graph is
               small enough for.
    highlight  a value (or its label) to be emphasised; or several, and all between one and the next; or a path
               of ``chain``; not in the network view
    theme      ``"light"`` or ``"dark"``

    >>> from autograd import Value
    >>> a, b = Value(2.0, "a"), Value(-3.0, "b")
    >>> draw(a * b + a)
    <Diagram: Computation graph of v2: 4 cards, 4 edges>

    Raises ``ValueError`` for a graph too large for the view (and says which view fits), ``LookupError``
    for a highlight that is not in the graph, and ``NoEngineError`` where Graphviz is missing.
    """
    roots = (root,) if isinstance(root, Value) else tuple(root) if isinstance(root, Iterable) else ()
    if not roots or not all(isinstance(one, Value) for one in roots):
        raise refusal(f"draw takes a Value, or several, not {root!r:.60}")
    if theme not in THEMES:
        raise ValueError(f"theme={theme!r}: the themes are {', '.join(THEMES)}")
    if detail is not None and detail not in get_args(Detail):
        raise ValueError(f"detail={detail!r}: the views are {', '.join(get_args(Detail))}")
    view = choose(roots, detail)
    if isinstance(view, Network):
        if highlight is not None:
            raise ValueError(
                "the network view highlights nothing: "
                "choose detail='values' or 'neurons', or draw a part of the graph, draw(node)"
            )
        plan = view
        return Diagram(plan.description, written(neurons(roots)), lambda theme: network_picture.svg(plan, theme), theme)
    shown, lit, layout = view, resolve(view, highlight), arrange(view)
    title = picture.describe(shown)
    return Diagram(title, written(shown), lambda theme: picture.svg(shown, layout, theme, lit), theme)
