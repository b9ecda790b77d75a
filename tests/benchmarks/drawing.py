"""How long pictures take, and how large they are; budgets, not contests, since no neighbour draws the like."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from .harness import Row, at_most, benchmark, contend


def forty_values() -> Any:
    """A network whose graph has 40 values: 3-3-2-1 with biases and sigmoids."""
    import nn
    from autograd import Value

    model = nn.MLP([3, 3, 2, 1], activation="sigmoid", output="sigmoid", seed=1)
    loss = nn.squared_error(model([0.5, -1.0, 2.0]), Value(0.7, "y"))
    loss.label = "L"
    loss.backward()
    return loss


def sixty_steps() -> Any:
    """A graph of more than 60 steps: the lectures' 4-3-2-1 has 55, so one more hidden unit."""
    import nn
    from autograd import Value

    model = nn.MLP([4, 3, 3, 1], activation="sigmoid", output="sigmoid", seed=1)
    loss = nn.squared_error(model([0.5, -1.0, 2.0, 0.1]), Value(0.7, "y"))
    loss.label = "L"
    loss.backward()
    return loss


def first_diagram() -> float:
    """Milliseconds from the library imported to the SVG, in a process that has drawn nothing yet."""
    import autograd
    import autograd.drawing  # "the library imported" includes what a drawing needs

    root = forty_values()
    start = time.perf_counter()
    svg = autograd.draw(root, detail="values").svg
    elapsed = time.perf_counter() - start
    assert svg.count('<rect class="k"') >= 35
    return 1000 * elapsed


def first_picture_file() -> float:
    """The same to a PNG."""
    import autograd
    import autograd.drawing
    from autograd.drawing import files

    root = forty_values()
    start = time.perf_counter()
    files.png(autograd.draw(root, detail="values").svg)
    return 1000 * (time.perf_counter() - start)


def page_after_layout() -> float:
    """Milliseconds to build the page of a stepper whose layout is done."""
    from autograd import stepper

    widget = stepper(sixty_steps())
    start = time.perf_counter()
    widget.html  # noqa: B018  # a property that builds it
    return 1000 * (time.perf_counter() - start)


def cell_after_layout() -> float:
    """The same for a notebook cell, fallback and live widget."""
    from autograd import stepper

    widget = stepper(sixty_steps())
    start = time.perf_counter()
    widget._repr_html_()
    return 1000 * (time.perf_counter() - start)


@benchmark("drawing", needs=["pygraphviz", "resvg_py"])
def drawing(small: bool) -> Iterator[Row]:
    """Diagrams and steppers within their budgets of time and size."""
    from autograd import stepper

    rounds = 1 if small else 7
    median = contend(
        {
            "diagram": first_diagram,
            "PNG": first_picture_file,
            "page": page_after_layout,
            "cell": cell_after_layout,
        },
        rounds=rounds,
    )
    yield Row("a diagram of 40 values, new process", median["diagram"], "ms", at_most(200), median, "ms")
    yield Row("the same as a PNG", median["PNG"], "ms", None, median, "ms")
    yield Row("the page of 60 steps, after the layout", median["page"], "ms", at_most(300), median, "ms")
    yield Row("the notebook cell of 60 steps, after the layout", median["cell"], "ms", at_most(300), median, "ms")
    widget = stepper(sixty_steps())
    for name, text in (("page", widget.html), ("cell", widget._repr_html_())):
        size = len(text.encode()) / 1000
        yield Row(f"60 of the {len(widget)} steps of a {name}", size * 60 / len(widget), "KB", at_most(250))
