"""Notebooks: executed in a fresh kernel, stripped of what differs from run to run, and read as text."""

from __future__ import annotations

import base64
import html
import io
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "notebooks"
PATHS = sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))

# A cell with this tag prints how long something took: it must run, but no two runs agree on its output.
TIMING = "timing"


def read(path: Path) -> Any:
    """The notebook at ``path``."""
    import nbformat

    return nbformat.read(path, as_version=4)


def execute(notebook: Any) -> None:
    """Run every cell, top to bottom, in a kernel of its own; an error in a cell is raised."""
    from nbclient import NotebookClient

    client = NotebookClient(notebook, timeout=120, record_timing=False, resources={"metadata": {"path": str(FOLDER)}})
    client.execute()
    tidy(notebook)


def made_with() -> dict[str, str]:
    """The versions of what decides where the lines of a picture run."""
    from importlib.metadata import version

    return {package: version(package) for package in ("matplotlib", "pygraphviz")}


def tidy(notebook: Any) -> None:
    """Leave nothing in the notebook that depends on the machine, the day or the number of runs."""
    notebook.metadata = {
        "made_with": made_with(),
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
    }
    for number, cell in enumerate(notebook.cells, 1):
        cell.id = f"cell-{number:02d}"
        cell.metadata = {"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {}
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
            for output in cell.outputs:
                output.pop("transient", None)


def _joined(outputs: list[Any]) -> list[Any]:
    """The outputs, with text that was printed in several pieces in one: how it was cut is chance."""
    kept: list[Any] = []
    for output in outputs:
        if output.output_type == "stream" and kept and kept[-1].get("name") == output.name:
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


def write(notebook: Any, path: Path) -> None:
    """Store the notebook, one line of JSON a line of text, so that a change can be read in a diff."""
    import nbformat

    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                png = base64.b64decode(output.data["image/png"])
                output.data["image/png"] = base64.b64encode(smaller(png)).decode()
    nbformat.validate(notebook)
    nbformat.write(notebook, path)


def smaller(png: bytes) -> bytes:
    """The same pixels in fewer bytes, where that can be.

    Drawings have large plain areas, which compress best as they are; the encoders of the kernel's libraries store
    differences between neighbouring pixels, as suits photographs.  Diagrams lose a third of their size.
    """
    from PIL import Image

    with Image.open(io.BytesIO(png)) as image:
        opaque = image.mode == "RGB" or (image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255))
        if not opaque:
            return png
        (width, height), pixels = image.size, image.convert("RGB").tobytes()
    stride = 3 * width
    rows = b"".join(b"\0" + pixels[i : i + stride] for i in range(0, len(pixels), stride))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = {b"IHDR": header, b"IDAT": zlib.compress(rows, 9), b"IEND": b""}
    made = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts.items()
    )
    return min(png, made, key=len)


def compared(cell: Any, *, exactly: bool = True) -> list[Any]:
    """The outputs of a cell, in a form in which two runs must agree to the byte.

    A PNG is left out: it is a rendering of the SVG beside it, which is compared, and its bytes are the
    compressor's.  So is all that a ``timing`` cell prints.  Other versions of matplotlib or Graphviz place things
    a little differently; not ``exactly`` leaves the numbers out of pictures, but nothing else.
    """
    if TIMING in cell.metadata.get("tags", []):
        return []
    kept: list[Any] = []
    for output in cell.outputs:
        if output.output_type == "stream":
            kept.append(("stream", output.name, output.text))
        elif output.output_type == "error":
            kept.append(("error", output.ename, output.evalue))
        else:
            shown = {kind: data for kind, data in output.data.items() if kind != "image/png"}
            if not exactly:
                shown = {
                    kind: _without_numbers(data) if _is_picture(kind, data) else data for kind, data in shown.items()
                }
            kept.append((output.output_type, shown))
    return kept


def _is_picture(kind: str, data: Any) -> bool:
    return kind == "image/svg+xml" or (kind == "text/html" and "ag-stepper" in data)


def _without_numbers(picture: str) -> str:
    return re.sub(r'data-key="\w+"|-?\d+(\.\d+)?', "#", picture)


def difference(stored: Any, fresh: Any, *, exactly: bool = True) -> str | None:
    """Where the outputs of two runs of a cell part, in a line; None where they agree."""
    old, new = compared(stored, exactly=exactly), compared(fresh, exactly=exactly)
    if old == new:
        return None
    was, now = _parting(repr(old), repr(new))
    return f"it was …{was}… and is now …{now}…"


def _parting(old: str, new: str) -> tuple[str, str]:
    """The neighbourhood of the first character that differs."""
    at = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    begin = max(at - 60, 0)
    return old[begin : at + 60], new[begin : at + 60]


def texts(notebook: Any) -> Iterator[str]:
    """All that a reader sees of a notebook as text: prose, code, and outputs without their markup."""
    for cell in notebook.cells:
        yield cell.source
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                yield output.text
            for kind, data in output.get("data", {}).items():
                if kind in ("text/plain", "text/latex", "text/markdown"):
                    yield data
                elif kind in ("text/html", "image/svg+xml"):
                    yield html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"(?s)<(style|script)\b.*?</\1>", "", data)))
