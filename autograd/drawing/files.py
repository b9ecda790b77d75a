"""Pictures as files: SVG, PNG, PDF and a page, all from the one SVG."""

from __future__ import annotations

import html
import os
import re
import shutil
import tempfile
from pathlib import Path

from ..refusal import refusal
from . import engine
from .lettering import FONTS, covered
from .themes import DARK, LIGHT

PICTURES = (".svg", ".png", ".pdf", ".dot", ".html")

# PNG pixels a unit: two, which is sharp on today's screens, but not more pixels across than such a screen has.
_SCALE, _WIDEST = 2.0, 1800.0


class NoRasterError(RuntimeError):
    """resvg_py, which turns SVG into pixels, is not installed."""


def picture_path(path: object) -> Path:
    """The path to save a picture to.

    Raises ``TypeError`` for what is none, ``FileNotFoundError`` where its folder is missing, and ``ValueError`` for
    another type of file.
    """
    named = _path(path, "a picture is saved under a name, such as g.svg")
    if named.suffix.lower() not in PICTURES:
        raise ValueError(f"cannot write {named.name!r}: a picture is saved as one of {', '.join(PICTURES)}")
    return named


def page_path(path: object) -> Path:
    """The same for a stepper, which is saved as a page."""
    named = _path(path, "a stepper is saved under a name, such as steps.html")
    if named.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"cannot write {named.name!r}: a stepper is saved as a page, such as steps.html")
    return named


def _path(path: object, otherwise: str) -> Path:
    if not isinstance(path, (str, os.PathLike)):
        raise refusal(f"{otherwise}, not {path!r:.60}")
    named = Path(path)
    if not os.path.isdir(named.parent):
        raise FileNotFoundError(f"there is no folder {str(named.parent)!r:.300} to save {named.name!r:.60} in")
    return named


def write(path: Path, content: bytes) -> Path:
    """Write a file; an error of the system's names it."""
    with open(path, "wb") as file:  # by path.write_bytes the traceback would end in pathlib
        file.write(content)
    return path


def png(svg: str) -> bytes:
    """The picture in pixels, set in the bundled font, so that every machine makes the same bytes.

    Only where a label has letters that the font lacks (Latin, Greek and Cyrillic it has) do the machine's own fonts
    help out, those of them that there are; without any, such a letter is an empty box.
    """
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise NoRasterError('a PNG needs resvg_py: pip install "scalar-autograd[draw]" brings it along') from None
    family = "DejaVu Sans Condensed"
    data = svg_to_bytes(
        svg_string=svg,
        zoom=round(max(1.0, min(_SCALE, _WIDEST / width(svg))), 2),
        skip_system_fonts=covered(svg),
        font_files=[str(FONTS / f"{style}.ttf") for style in ("regular", "italic", "bold")],
        font_family=family,
        sans_serif_family=family,
    )
    return bytes(data)


def width(svg: str) -> float:
    """How wide a picture is."""
    found = re.match(r'<svg [^>]*?\bwidth="([\d.]+)"', svg)
    assert found is not None
    return float(found[1])


def pdf(dot: str) -> bytes:
    """The graph as a vector PDF: Graphviz's own rendering of the DOT text."""
    # Only the bundled fonts, and no date: the same bytes on every machine, and text on one without fonts.
    with tempfile.TemporaryDirectory() as folder:
        for font in FONTS.glob("*.ttf"):  # a copy: fontconfig leaves a file of its own beside the fonts
            shutil.copy(font, folder)
        settings = Path(folder) / "fonts.conf"
        settings.write_text(_FONT_SETTINGS.format(folder=html.escape(folder)))
        made = engine.run(dot, "pdf", {"FONTCONFIG_FILE": str(settings)})
    return re.sub(rb"/CreationDate \(D:\d{14}", b"/CreationDate (D:20000101000000", made)


_FONT_SETTINGS = (
    '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">'
    "<fontconfig><dir>{folder}</dir><cachedir>{folder}</cachedir></fontconfig>"
)


def page(title: str, light: str, dark: str) -> str:
    """A page that needs nothing else; it follows the reader's choice of light or dark."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>"
        f"body{{margin:16px;background:{LIGHT['page']};color-scheme:light dark}}"
        ".dark{display:none}"
        f"@media(prefers-color-scheme:dark){{body{{background:{DARK['page']}}}.light{{display:none}}.dark{{display:block}}}}"
        f'</style></head><body><div class="light">{light}</div><div class="dark">{dark}</div></body></html>\n'
    )
