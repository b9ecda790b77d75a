"""Notebooks: executed in a fresh kernel, stripped of what differs from run to run, and read as text."""

from __future__ import annotations

import html
import re
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
        for output in cell.get("outputs", []):
            output.pop("transient", None)
            for picture in set(output.get("metadata", {})) - {"tags"}:
                del output.metadata[picture]


def write(notebook: Any, path: Path) -> None:
    """Store the notebook, one line of JSON a line of text, so that a change can be read in a diff."""
    import nbformat

    nbformat.validate(notebook)
    nbformat.write(notebook, path)


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
            if kept and kept[-1][:2] == ("stream", output.name):
                kept[-1] = ("stream", output.name, kept[-1][2] + output.text)  # how it was cut in pieces is chance
            else:
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
