"""Each notebook, executed in a fresh kernel, prints and draws what is stored in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from . import running

for module in ("nbclient", "nbformat", "ipykernel", "matplotlib", "pygraphviz", "resvg_py", "llvmlite"):
    pytest.importorskip(module, reason=f'{module} is missing: pip install "scalar-autograd[notebooks]"')

notebooks = pytest.mark.parametrize("path", running.PATHS, ids=lambda path: path.stem)


def test_there_are_ten() -> None:
    assert [path.name[:2] for path in running.PATHS] == [f"{number:02d}" for number in range(1, 11)]


# Jupyter's own libraries warn, of each other's deprecations and of the transport between them.
@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:(jupyter_client|nbclient|zmq|traitlets|tornado)")
@pytest.mark.filterwarnings("ignore:.*without encryption.*")
@notebooks
def test_a_fresh_kernel_gives_the_stored_outputs(path: Path) -> None:
    stored = running.read(path)
    fresh = running.read(path)
    running.execute(fresh)
    same_makers = stored.metadata.get("made_with") == running.made_with()
    for number, (old, new) in enumerate(zip(stored.cells, fresh.cells, strict=True), 1):
        if old.cell_type == "code" and (change := running.difference(old, new, exactly=same_makers)):
            pytest.fail(
                f"{path.name}, cell {number}: {change}\n"
                f"If it should be so: `python -m tests.notebooks {path.name[:2]}` stores it",
                pytrace=False,
            )


@notebooks
def test_nothing_stored_is_an_error_a_warning_or_empty(path: Path) -> None:
    for number, cell in enumerate(running.read(path).cells, 1):
        assert cell.source.strip(), f"cell {number} is empty"
        for output in cell.get("outputs", []):
            assert output.output_type != "error", f"cell {number}: {output.get('evalue')}"
            assert output.get("name") != "stderr", f"cell {number} writes to stderr: {output.get('text')}"
            assert "Warning" not in output.get("text", ""), f"cell {number} warns"


@notebooks
def test_nothing_stored_tells_of_a_machine(path: Path) -> None:
    """No path, no address of an object, no date: a notebook that two people run is the same file."""
    text = "\n".join(running.texts(running.read(path)))
    for trace in (*(f"/{folder}/" for folder in ("home", "root", "work", "tmp")), "0x7f", "site-packages"):
        assert trace not in text


@notebooks
def test_every_notebook_ends_in_exercises(path: Path) -> None:
    cells = running.read(path).cells
    begin = next(
        i
        for i, cell in enumerate(cells)
        if cell.source.lstrip().startswith(("## Exercises",)) or "\n## Exercises" in cell.source
    )
    exercises = "\n".join(cell.source for cell in cells[begin:])
    assert all(f"**{number}.**" in exercises for number in (1, 2, 3))
    assert exercises.count("check_answers(") >= 2


@notebooks
def test_steppers_are_small(path: Path) -> None:
    sizes = [
        len(output.data["text/html"])
        for cell in running.read(path).cells
        for output in cell.get("outputs", [])
        if "ag-stepper" in output.get("data", {}).get("text/html", "")
    ]
    assert all(size <= 250_000 for size in sizes), sizes


def changed(cell: Any, **data: str) -> Any:
    """The cell with something else in its first picture."""
    import copy

    other = copy.deepcopy(cell)
    other.outputs[0].data.update(data)
    return other


def test_the_comparison_notices_what_it_should() -> None:
    """Other text, SVG or HTML counts as a change; another PNG, or the output of a timing cell, does not."""
    import nbformat.v4 as v4

    picture = {"image/svg+xml": "<svg/>", "image/png": "aa", "text/html": "<b>1</b>", "text/plain": "1"}
    cell = v4.new_code_cell("draw()", outputs=[v4.new_output("display_data", data=picture)])
    for kind in ("image/svg+xml", "text/html", "text/plain"):
        for exactly in (True, False):
            assert "other" in str(running.difference(cell, changed(cell, **{kind: "other"}), exactly=exactly))
    assert running.compared(changed(cell, **{"image/png": "other"})) == running.compared(cell)
    moved = changed(cell, **{"image/svg+xml": '<svg width="8.5"/>'})
    assert running.difference(changed(cell, **{"image/svg+xml": '<svg width="9"/>'}), moved) is not None
    assert running.difference(changed(cell, **{"image/svg+xml": '<svg width="9"/>'}), moved, exactly=False) is None
    cell.metadata.tags = [running.TIMING]
    assert running.compared(changed(cell, **{"text/plain": "other"})) == running.compared(cell)


def test_storing_loses_nothing_of_a_picture() -> None:
    """Its pixels are the same, its width in the notebook stays known, and text printed in pieces is in one."""
    import base64
    import io

    import nbformat.v4 as v4
    from PIL import Image

    image = Image.new("RGBA", (60, 40), "white")
    for x in range(60):
        image.putpixel((x, x // 2), (0, 4 * x, 255, 255))
    stored = io.BytesIO()
    image.save(stored, "PNG", compress_level=1)
    small = running.smaller(stored.getvalue())
    assert len(small) < len(stored.getvalue())
    with Image.open(io.BytesIO(small)) as again:
        assert again.convert("RGBA").tobytes() == image.tobytes()
    image.putpixel((0, 0), (0, 0, 0, 0))  # what shows through stays as it is
    stored = io.BytesIO()
    image.save(stored, "PNG")
    assert running.smaller(stored.getvalue()) == stored.getvalue()

    picture = {"image/png": base64.b64encode(small).decode()}
    outputs = [v4.new_output("stream", name="stdout", text=text) for text in ("one, ", "two")]
    outputs.append(v4.new_output("display_data", data=picture, metadata={"image/png": {"width": 30}}))
    notebook = v4.new_notebook(cells=[v4.new_code_cell("", outputs=outputs), v4.new_markdown_cell("")])
    running.tidy(notebook)
    text, shown = notebook.cells[0].outputs
    assert text.text == "one, two"
    assert shown.metadata == {"image/png": {"width": 30}}


def test_refreshing_what_is_not_there_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    from .__main__ import main

    assert main(["no such notebook"]) == 1
    assert "no notebook in notebooks/ is called no such notebook" in capsys.readouterr().err
