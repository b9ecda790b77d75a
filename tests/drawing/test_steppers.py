"""Steppers: what the frames say, and the markup they become."""

from __future__ import annotations

import html.parser
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

pytest.importorskip("pygraphviz", reason="the pictures' layout needs pygraphviz")

import nn
from autograd import Frame, Value, stepper

from .graphs import HOSTILE, LECTURES, hostile, lecture_4, lecture_5, many_consumers, skip, square
from .reading import read


def final_gradients(frames: list[Frame]) -> dict[Value, float]:
    return {node: grad for frame in frames for node, grad in frame.grads.items()}


@pytest.mark.parametrize("name", LECTURES)
def test_the_frames_end_with_the_gradients_of_backward(name: str) -> None:
    root = LECTURES[name]()
    reached = final_gradients(stepper(root).frames)
    assert all(node.grad == 0.0 for node in reached)  # a stepper touches nothing
    root.backward()
    assert reached == {node: node.grad for node in reached}
    assert {node for node in reached if not node.parents} >= {leaf for leaf in _leaves(root) if leaf.label}


def _leaves(root: Value) -> set[Value]:
    found, stack = set(), [root]
    while stack:
        node = stack.pop()
        stack.extend(node.parents)
        if not node.parents:
            found.add(node)
    return found


def test_each_frame_says_what_lecture_4_says() -> None:
    told = [frame.summary for frame in stepper(lecture_4()).frames]
    assert told[0] == "L = 18.6"
    assert "∂L/∂L = 1" in told[1]
    assert any(line.startswith("∂L/∂w2_11 = ∂L/∂ŷ · ∂ŷ/∂w2_11 = −6.1 · 3.8 = −23.18") for line in told)


def test_a_value_used_twice_receives_twice_and_adds() -> None:
    frames = stepper(square()).frames
    assert len(frames) == 4
    first, second = frames[2:]
    assert "<mo>=</mo>" in first.formula
    assert "<mo>+=</mo>" in second.formula
    assert "added to the −3 that is already there" in second.caption


def test_a_link_is_told_from_the_total_derivative() -> None:
    frames = {(frame.sender, frame.receiver): frame for frame in stepper(skip()).frames}
    (direct,) = [f for f in frames.values() if f.caption.startswith("v hands its gradient back to s")]
    assert "<msup><mo>∂</mo><mo>+</mo></msup><mi>v</mi></mrow>" in direct.formula
    assert "Note: ∂⁺v/∂s counts this edge alone, ∂v/∂s every way from s to v." in direct.caption
    assert sum("<mo>+</mo></msup>" in frame.formula for frame in frames.values()) == 1
    first, second = stepper(square()).frames[2:]
    assert "<mo>(</mo><mn>1</mn><mo>)</mo>" in first.formula
    assert "<mo>(</mo><mn>2</mn><mo>)</mo>" in second.formula


def test_constants_receive_nothing() -> None:
    captions = " ".join(frame.caption for frame in stepper(many_consumers()).frames)
    assert "back to 2:" not in captions
    assert "back to a:" in captions


def test_forward_frames_come_first_and_know_only_the_leaves() -> None:
    root = lecture_4()
    frames = stepper(root, forward=True).frames
    computed = [frame.receiver for frame in frames if frame.data]
    assert computed[-1] is root
    assert all(node is not None and node.parents for node in computed)


def test_frames_of_ones_own() -> None:
    root = lecture_4()
    mine = Frame(caption="That was it.", latex=r"\frac{1}{2}", data={root: 9.0})
    widget = stepper(root, then=[mine], title="Mine")
    assert repr(widget) == "<Stepper: Mine, 14 values, 14 steps>"
    assert "<mfrac><mn>1</mn><mn>2</mn></mfrac>" in widget.html
    assert len(widget) == 14


def test_lecture_4_as_a_training_step() -> None:
    model = nn.MLP([2, 1, 1], activation="linear", bias=False, seed=1)
    for parameter, number in zip(model.parameters(), (0.4, 0.6, 0.5), strict=True):
        parameter.data = number
    widget = nn.stepper(model, [5.0, 3.0], 8.0, loss="half_squared_error", lr=0.01)
    last: dict[str | None, float] = {
        node.label: number for frame in widget.frames for node, number in frame.data.items()
    }
    # The lecture's own numbers.
    expected = {"w^{1}_{11}": 0.5525, "w^{1}_{21}": 0.6915, "w^{2}_{11}": 0.7318, "o_{11}": 4.837, "ŷ": 3.5397166}
    assert {label: last[label] for label in expected} == pytest.approx(expected, rel=1e-12)
    assert last["L"] == pytest.approx(9.94706400415778, rel=1e-12)
    assert "18.6 before the step, 9.947 after it, smaller" in widget.frames[-1].caption
    assert [parameter.data for parameter in model.parameters()] == [0.4, 0.6, 0.5]
    assert [parameter.grad for parameter in model.parameters()] == [0.0, 0.0, 0.0]


def test_new_numbers_beside_old_gradients_are_said_to_be_so() -> None:
    model = nn.MLP([2, 2, 1], seed=1)
    widget = nn.stepper(model, [0.5, -1.0], 2.0, lr=0.01)
    last = max(i for i, frame in enumerate(widget.frames) if frame.grads)
    after = widget.frames[last + 1 :]
    assert len(after) == 9 + 6  # the parameters; z and o of two units, the prediction and the loss
    for frame in after:
        assert frame.data
        assert "at the old" in frame.caption, frame.caption
    assert not any("at the old" in frame.caption for frame in widget.frames[: last + 1])


def test_where_no_script_runs_the_gradients_stand_beside_the_numbers_they_belong_to() -> None:
    model = nn.MLP([2, 1, 1], activation="linear", bias=False, seed=1)
    for parameter, number in zip(model.parameters(), (0.4, 0.6, 0.5), strict=True):
        parameter.data = number
    text = nn.stepper(model, [5.0, 3.0], 8.0, loss="half_squared_error", lr=0.01)._repr_html_()
    (address,) = re.findall(r'src="data:image/svg\+xml,([^"]*)"', text)
    shown = [part.what for part in read(unquote(address)).texts]
    assert {"0.4", "−15.25", "18.6", "3.8"} <= {*shown}  # the lecture's weight, gradient, loss and hidden unit
    assert not {"0.5525", "9.947", "4.837"} & {*shown}  # and none of those after the update


def test_the_training_step_is_the_one_that_the_optimizer_takes() -> None:
    model = nn.MLP([2, 2, 1], seed=1)
    optimizer = nn.Adam(model.parameters(), lr=0.1)
    for _ in range(3):  # so that its state counts
        optimizer.zero_grad()
        nn.squared_error(model([0.5, -1.0]), 2.0).backward()
        optimizer.step()
    frames = nn.stepper(model, [0.5, -1.0], 2.0, optimizer=optimizer).frames
    shown = {node: number for frame in frames for node, number in frame.data.items()}
    optimizer.zero_grad()
    nn.squared_error(model([0.5, -1.0]), 2.0).backward()
    optimizer.step()
    assert [shown[parameter] for parameter in model.parameters()] == [p.data for p in model.parameters()]


# ---- Markup ----------------------------------------------------------------------------------------------


class Tags(html.parser.HTMLParser):
    """Every element opened, with its attributes; elements must close in order."""

    VOID = frozenset(("meta", "input", "img", "rect", "path", "mspace"))

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


@pytest.mark.parametrize("make", [lecture_5, hostile, many_consumers])
def test_the_page_is_well_formed_and_names_nothing_outside(make: Any) -> None:
    text = stepper(make()).html
    tags = Tags(text)
    assert tags.open in ([], ["html"])
    for tag, attributes in tags.found:
        assert tag not in ("iframe", "object", "embed", "link", "base", "form", "a")
        assert not any(name.startswith("on") or name in ("src", "href", "xlink:href") for name in attributes), tag
    outside = set(re.findall(r"https?://[^\s\"'<]+", text)) - {"http://www.w3.org/2000/svg"}
    assert outside == set()
    assert "url(" not in text
    assert "@import" not in text


def test_hostile_labels_do_not_leave_the_script_of_a_cell() -> None:
    text = stepper(hostile())._repr_html_()
    tags = Tags(text)
    assert tags.open == []
    assert [tag for tag, _ in tags.found].count("script") == 1
    assert not any(name.startswith("on") for _, attributes in tags.found for name in attributes)
    assert max(map(len, HOSTILE)) > 1000 > max(len(label) for label in re.findall("x+", text))


def test_sizes() -> None:
    """60 steps: at most 250 KB, for the page and for the cell with its fallback."""
    widget = stepper(lecture_5())
    assert len(widget) == 55
    assert len(widget.html.encode()) * 60 / 55 < 250_000
    assert len(widget._repr_html_().encode()) * 60 / 55 < 250_000


def test_every_step_shows_exactly_one_panel_and_one_dot() -> None:
    widget = stepper(lecture_4())
    text = widget.html
    for n in range(len(widget) + 1):
        assert text.count(f'id="s{n}"') == 1
        assert text.count(f'class="pa p{n}"') == 1
    assert f'id="s{len(widget) + 1}"' not in text


# ---- What is refused ---------------------------------------------------------------------------------------


def test_what_is_no_page_is_not_written(tmp_path: Path) -> None:
    widget = stepper(lecture_4())
    assert widget.save(tmp_path / "steps.html").read_text(encoding="utf-8") == widget.html
    with pytest.raises(ValueError, match=r"cannot write 'steps\.png'"):
        widget.save(tmp_path / "steps.png")


def test_a_graph_too_large_to_follow() -> None:
    x = Value(1.0, "x")
    for _ in range(130):
        x = x.sin()
    with pytest.raises(ValueError, match=r"131 values.*120 at most.*stepper\(node\)"):
        stepper(x)


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(TypeError, match="stepper takes a Value"):
        stepper(3.0)  # type: ignore[arg-type]


def test_a_point_that_the_loss_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="class 0 or 1"):
        nn.stepper(nn.MLP([2, 1], output="sigmoid", seed=1), [0.5, 1.0], 7.0, loss="binary_cross_entropy")
