"""The backward pass to step through, in a notebook or as a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from ..explain.refusals import ends_at_caller
from ..explain.replay import consistent_order
from ..graph import topological_order
from ..notation import distinct_names
from ..refusal import refusal
from ..value import Value
from . import picture, widget
from .files import page_path, write
from .frames import Frame, backward_frames, forward_frames
from .highlight import Highlight
from .layout import arrange
from .scene import every_value


class Stepper:
    """Frames over the picture of a graph; the last expression of a notebook cell shows it.

    html      the page that ``save`` writes
    frames    what is shown, step by step
    most      how many values it can show; more cannot be followed one edge at a time

    :func:`stepper` makes one.

    >>> from autograd import Value
    >>> widget = stepper(Value(2.0, "a") * 3)
    >>> len(widget), widget.frames[-1].caption
    (2, 'v1 hands its gradient back to a: upstream × local derivative.')
    """

    most: ClassVar[int] = 120

    def __init__(self, root: Value, frames: Sequence[Frame], title: str) -> None:
        _demand_small(root)
        self._title, self._frames, self._scene = title, list(frames), every_value([root])
        data = [x for frame in self._frames for x in frame.data.values()]
        grads = [x for frame in self._frames for x in frame.grads.values()]
        self._layout = arrange(self._scene, data, grads)
        self._live: str | None = None

    def __len__(self) -> int:
        """The number of steps."""
        return len(self._frames) - 1

    @property
    def frames(self) -> list[Frame]:
        """What is shown, step by step; the first is the start."""
        return list(self._frames)

    @property
    def html(self) -> str:
        """A self-contained page, which steps even where scripts are forbidden."""
        return widget.page(self._title, self._widget())

    @ends_at_caller
    def save(self, path: str | Path) -> Path:
        """Write the page.

        Raises ``ValueError`` unless the name ends in .html, and ``FileNotFoundError`` where its folder is missing.
        """
        return write(page_path(path), self.html.encode())

    def _widget(self) -> str:
        if self._live is None:
            self._live = widget.live(self._title, self._scene, self._layout, self._frames)
        return self._live

    def _repr_html_(self) -> str:
        grads = {node: grad for frame in self._frames for node, grad in frame.grads.items()}
        last = max((i for i, frame in enumerate(self._frames) if frame.grads), default=0)
        data = {node: x for frame in self._frames[: last + 1] for node, x in frame.data.items()}  # theirs
        finished = picture.svg(self._scene.with_numbers(data, grads), self._layout, "light", Highlight())
        return widget.cell(self._title, self._widget(), finished, self._frames)

    def __repr__(self) -> str:
        return f"<Stepper: {self._title}, {len(self._scene.cards)} values, {len(self)} steps>"


def _demand_small(root: Value) -> None:
    count = len(topological_order(root))
    if count > Stepper.most:
        raise ValueError(
            f"the graph has {count} values, and a stepper shows {Stepper.most} at most: "
            "step through a part of it, stepper(node) for an inner node, or draw it"
        )


@ends_at_caller
def stepper(root: Value, *, forward: bool = False, then: Iterable[Frame] = (), title: str | None = None) -> Stepper:
    """The backward pass from ``root``, edge by edge, to step through by buttons, keys or clicks on cards.

    forward    begin with the forward pass, operation by operation
    then       further frames behind the backward pass
    title      what the page is called

    It shows the pass as it would be; no ``grad`` is read or changed.

    >>> from autograd import Value
    >>> a, b = Value(2.0, "a"), Value(-3.0, "b")
    >>> stepper(a * b + a)
    <Stepper: Backward pass from v2, 4 values, 5 steps>

    Raises ``ValueError`` for a graph too large to follow, and for one of which a leaf has changed since it was
    computed; ``NoEngineError`` where Graphviz is missing.
    """
    if not isinstance(root, Value):
        raise refusal(f"stepper takes a Value, not {root!r:.60}")
    further = list(then) if isinstance(then, Iterable) else [then]
    if wrong := [frame for frame in further if not isinstance(frame, Frame)]:
        raise refusal(f"then= takes a list of Frame, not {wrong[0]!r:.60}")
    _demand_small(root)
    consistent_order(root)
    name = distinct_names(root)[root].text
    begin = list(forward_frames(root)) if forward else []
    start = [Frame(caption="The inputs and parameters are given.", summary="start")] if forward else []
    frames = [*start, *begin, *backward_frames(root), *further]
    what = f"Forward and backward pass of {name}" if forward else f"Backward pass from {name}"
    return Stepper(root, frames, title or what)
