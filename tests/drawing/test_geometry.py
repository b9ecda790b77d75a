"""No text on another, no line through a card, a circle or a text, all inside the picture; and tests of these tests.

The boxes of texts come from the advances of the bundled font; tests/browser asks a browser for them.
"""

from __future__ import annotations

import math
import re
from functools import cache
from itertools import combinations
from typing import Any

import pytest

pytest.importorskip("pygraphviz", reason="the pictures' layout needs pygraphviz")

import nn
from autograd import Diagram, Stepper, draw, stepper

from .graphs import AWKWARD, HOSTILE, LECTURES, hostile, lecture_4, lecture_5, many_digits, network
from .reading import Box, Circle, Picture, Point, read

GRAPHS = {**LECTURES, **AWKWARD, "hostile labels": hostile}
CELL = 900  # pixels that a notebook's cell is wide


# ---- What must hold of every picture -------------------------------------------------------------------------


def overlaps(picture: Picture) -> list[tuple[str, str]]:
    found, open_ = [], []
    for text in sorted(picture.texts, key=lambda text: text.top):
        open_ = [other for other in open_ if other.bottom > text.top]
        found += [(other.what, text.what) for other in open_ if other.overlaps(text, slack=0.5)]
        open_.append(text)
    return found


def struck(picture: Picture) -> list[str]:
    """Texts, indices and all, that a line's stroke touches and the tint on which the text stands does not cover."""
    found = []
    spans = [(min(y for _, y in line.points), max(y for _, y in line.points), line) for line in picture.lines]
    for text in picture.texts:
        tint = next((pill for pill in picture.pills if text.within(pill, slack=1.0)), None)
        in_circle = any(c.holds((text.left + text.right) / 2, (text.top + text.bottom) / 2) for c in picture.circles)
        for top, bottom, line in spans:
            reach = -0.5 if in_circle else line.thickness / 2 - 0.5  # a circle covers what reaches over its rim
            if bottom < text.top - reach or top > text.bottom + reach or (tint and line.turn < tint.turn):
                continue
            if any(text.holds(x, y, margin=-reach) for x, y in line.points):
                found.append(text.what)
    return found


def outside(picture: Picture) -> list[Any]:
    page = Box(0, 0, picture.width, picture.height)
    parts: list[Any] = [box for box in [*picture.texts, *picture.rectangles] if not box.within(page)]
    parts += [
        c
        for c in picture.circles
        if not Box(c.x - c.radius, c.y - c.radius, c.x + c.radius, c.y + c.radius).within(page)
    ]
    return parts + [point for points in picture.edges for point in points if not page.holds(*point)]


def astray(picture: Picture) -> list[tuple[str, Box]]:
    """Texts that are neither within a part of a card nor clear of it."""
    found = []
    for text in picture.texts:
        if any(text.within(badge) for badge in picture.badges):
            continue  # a badge lies on its card, and may be taller
        for part in picture.rectangles:
            if text.overlaps(part, slack=0.6) and not text.within(part, slack=0.6):
                found.append((text.what, part))
    return found


def bundled(picture: Picture) -> list[tuple[Point, Point]]:
    """Where lines from different places run on top of one another, so that neither can be followed."""
    owners: dict[tuple[int, int], set[int]] = {}
    for i, line in enumerate(picture.lines):
        for x, y in line.points:
            owners.setdefault((int(x // 4), int(y // 4)), set()).add(i)
    found = []
    for i, line in enumerate(picture.lines):
        together: dict[int, float] = {}
        before = line.points[0]
        for x, y in line.points:
            near = {
                j
                for dx in (-1, 0, 1)
                for dy in (-1, 0, 1)
                for j in owners.get((int(x // 4) + dx, int(y // 4) + dy), ())
                if j > i and math.dist(picture.lines[j].points[0], line.points[0]) > 20
            }
            close = {j for j in near if any(math.dist((x, y), p) < 2.5 for p in picture.lines[j].points)}
            together = {j: together[j] + math.dist(before, (x, y)) if j in together else 0.0 for j in close}
            found += [(line.points[0], (x, y)) for length in together.values() if length > 14]
            before = x, y
    return found


# ---- Cards -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[(name, detail) for name in GRAPHS for detail in ("values", "neurons")], ids=str)
def picture(request: pytest.FixtureRequest) -> Picture:
    return picture_of(*request.param)


@cache
def picture_of(name: str, detail: str) -> Picture:
    root = GRAPHS[name]()
    root.backward()
    return read(draw(root, detail=detail).svg)  # type: ignore[arg-type]


def test_no_text_overlaps_another(picture: Picture) -> None:
    assert overlaps(picture) == []


def test_no_card_overlaps_another(picture: Picture) -> None:
    assert [(a, b) for a, b in combinations(picture.cards, 2) if a.overlaps(b)] == []


def test_no_edge_runs_through_a_card(picture: Picture) -> None:
    for points in picture.edges:
        for x, y in points:
            assert not any(card.holds(x, y, margin=1.5) for card in picture.rectangles), (x, y)


def test_every_edge_can_be_followed_from_its_source(picture: Picture) -> None:
    assert bundled(picture) == []


def test_no_edge_runs_through_a_text(picture: Picture) -> None:
    assert struck(picture) == []


def test_every_text_is_within_its_card_or_beside_all_cards(picture: Picture) -> None:
    assert astray(picture) == []


def test_everything_is_within_the_picture(picture: Picture) -> None:
    assert outside(picture) == []


def test_two_edges_between_the_same_cards_are_two() -> None:
    picture = read(draw(AWKWARD["a * a"]()).svg)
    first, second = picture.edges
    assert first[0] == second[0]
    assert abs(first[-1][1] - second[-1][1]) > 20
    labels = [text.what for text in picture.texts if text.what.startswith("∂")]
    assert labels == ["∂v1/∂a①", "∂v1/∂a②"]


def test_operands_arrive_from_top_to_bottom() -> None:
    svg = draw(LECTURES["lecture 3"]()).svg
    quotients = [text for text in read(svg).texts if text.what.startswith("∂z/")]
    assert [text.what for text in sorted(quotients, key=lambda text: text.top)] == ["∂z/∂w", "∂z/∂x", "∂z/∂b"]


@pytest.mark.parametrize("detail", ["values", "neurons"])
@pytest.mark.parametrize("name", GRAPHS)
def test_an_emphasised_edge_runs_through_no_text_either(name: str, detail: str) -> None:
    root = GRAPHS[name]()
    root.backward()
    plain = draw(root, detail=detail).svg  # type: ignore[arg-type]
    emphasised = re.sub(r'<g class="e( on \w+|)"', r'<g class="e\1 hl"', plain)
    assert emphasised.count(' hl"') == len(read(plain).lines)
    assert {line.thickness for line in read(emphasised).lines} == {3.6}
    assert struck(read(emphasised)) == []


# ---- Networks --------------------------------------------------------------------------------------------------

SIZES = [[2, 2, 1], [4, 3, 2, 1], [8, 16, 16, 1], [1, 100, 1], [3, 3, 3, 3, 3], [1, 1], [10, 10, 2], [26, 1]]
LONG = ["w^{1}_{11}", "w_{height,in,centimetres}", "W^{hidden}_{1234567,89}", "w^{abcdefghijklmnopqrstuvwxyz}_{1}"]


@cache
def network_of(sizes: tuple[int, ...], state: str) -> Picture:
    """A network drawn by itself, at a row, with its gradients, or with long numbers and labels."""
    options = {"labels": LONG, "scale": -1.23456789e-4} if state == "awkward" else {}
    model = network(sizes, **options)  # type: ignore[arg-type]
    if state == "alone":
        return read(nn.draw(model).svg)
    row = [(-1) ** i * 0.123456 * (i + 1) for i in range(sizes[0])]
    if state == "at a row":
        return read(nn.draw(model, row).svg)
    loss = nn.squared_error(model(row), 8.0 if sizes[-1] == 1 else [1.0] * sizes[-1])
    loss.label = HOSTILE[7] if state == "awkward" else "L"
    loss.backward()
    return read(nn.draw(model, loss).svg)


@pytest.fixture(
    scope="module",
    params=[(tuple(sizes), state) for sizes in SIZES for state in ("alone", "at a row", "gradients", "awkward")],
    ids=str,
)
def drawn(request: pytest.FixtureRequest) -> Picture:
    return network_of(*request.param)


def test_no_label_of_a_network_overlaps_another(drawn: Picture) -> None:
    assert overlaps(drawn) == []


def test_no_wire_runs_through_a_label(drawn: Picture) -> None:
    assert struck(drawn) == []


def test_no_wire_runs_through_a_circle(drawn: Picture) -> None:
    for line in drawn.lines:
        points = line.points[::3]
        left, right = min(x for x, _ in points), max(x for x, _ in points)
        near = [c for c in drawn.circles if c.x + c.radius > left and c.x - c.radius < right]
        assert not [p for p in points if any(c.holds(*p, margin=1.0) for c in near)]


def test_labels_are_inside_a_circle_or_clear_of_it(drawn: Picture) -> None:
    def clear(text: Box, circle: Circle) -> bool:
        x = min(max(circle.x, text.left), text.right)
        y = min(max(circle.y, text.top), text.bottom)
        return not circle.holds(x, y, margin=0.5)

    def inside(text: Box, circle: Circle) -> bool:
        return all(circle.holds(x, y) for x in (text.left, text.right) for y in (text.top, text.bottom))

    for text in drawn.texts:
        if any(text.within(pill, slack=1.0) for pill in drawn.pills):
            continue  # a gradient hangs on its circle's rim, on a tint of its own
        assert all(clear(text, circle) or inside(text, circle) for circle in drawn.circles), text


def test_gradients_of_a_network_are_clear_of_all_else(drawn: Picture) -> None:
    for pill in drawn.pills:
        assert not any(pill.overlaps(text, slack=-0.8) for text in drawn.texts if not text.within(pill, slack=1.0))
        assert not any(pill.overlaps(other) for other in drawn.pills if other is not pill)


def test_circles_of_a_network_are_apart(drawn: Picture) -> None:
    for a, b in combinations(drawn.circles, 2):
        assert math.hypot(a.x - b.x, a.y - b.y) > a.radius + b.radius + 10


def test_a_network_is_within_its_picture(drawn: Picture) -> None:
    assert outside(drawn) == []


def test_every_weight_of_lecture_5_is_written_beside_its_wire() -> None:
    """The weight stands just above the line that it belongs to, and its gradient just below; no other is as near."""
    picture = network_of((4, 3, 2, 1), "gradients")
    names = [text for text in picture.texts if re.fullmatch(r"w\d\d\d", text.what)]
    assert len(names) == 20
    for name in names:
        below = [line for line in picture.lines if any(name.left < x < name.right for x, _ in line.points)]
        distances = sorted(
            min(abs(y - name.bottom) for x, y in line.points if name.left < x < name.right) for line in below
        )
        assert distances[0] < 6
        assert distances[1] > 12


# ---- Steppers, at every step ----------------------------------------------------------------------------------


def training_step() -> Stepper:
    model = network([4, 3, 2, 1], activation="sigmoid", output="sigmoid")
    return nn.stepper(model, [0.5, -1.0, 2.0, 0.1], 0.7, lr=0.1)


STEPPERS = {
    "lecture 4": lambda: stepper(lecture_4(), forward=True),
    "lecture 5": lambda: stepper(lecture_5()),
    "many digits": lambda: stepper(many_digits(), forward=True),
    "hostile labels": lambda: stepper(hostile()),
    "training step": training_step,
}


@pytest.mark.parametrize("name", STEPPERS)
def test_every_step_of_a_stepper(name: str) -> None:
    widget = STEPPERS[name]()
    (svg,) = re.findall(r"<svg .*?</svg>", widget.html, re.DOTALL)
    css = "".join(re.findall(r"<style>(.*?)</style>", widget.html, re.DOTALL))
    everything = read(svg, css)
    for step in range(len(widget) + 1):
        assert overlaps(everything.at(step)) == [], step
        assert astray(everything.at(step)) == [], step
    assert struck(everything) == []
    assert bundled(everything) == []
    assert outside(everything) == []
    assert [(a, b) for a, b in combinations(everything.cards, 2) if a.overlaps(b)] == []


# ---- Legible at the width of a notebook's cell ------------------------------------------------------------------


def smallest_type(diagram: Diagram) -> float:
    """The size of the smallest text as a cell shows it: fitted to the cell, or at its own size and scrolled."""
    _, metadata = diagram._repr_mimebundle_()
    picture = read(diagram.svg)
    scrolled = metadata.get("image/svg+xml", {}).get("unconfined")
    scale = 1.0 if scrolled else min(1.0, CELL / picture.width)
    # A page that shows the SVG itself shrinks it to this share of its size.
    least = float(re.search(r"min-width:(\d+)px", diagram.svg)[1]) / picture.width  # type: ignore[index]
    return min(scale, max(least, CELL / picture.width)) * min(text.size for text in picture.texts)


@pytest.mark.parametrize("detail", ["values", "neurons", "network"])
@pytest.mark.parametrize("name", LECTURES)
def test_legible_at_the_width_of_a_notebook_cell(name: str, detail: str) -> None:
    root = LECTURES[name]()
    root.backward()
    assert smallest_type(draw(root, detail=detail)) >= 8.5  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [f"lecture {k}" for k in range(1, 5)])
def test_the_small_lectures_need_no_scrolling(name: str) -> None:
    root = LECTURES[name]()
    root.backward()
    assert "unconfined" not in str(draw(root)._repr_mimebundle_()[1])


# ---- Do these tests see what they should? ----------------------------------------------------------------


def test_the_reader_sees_a_text_on_another() -> None:
    svg = draw(LECTURES["lecture 3"]()).svg
    spoiled = svg.replace(">data</text>", "><tspan>data on and on and on</tspan></text>", 1)
    assert overlaps(read(svg)) == []
    assert overlaps(read(spoiled))


def test_the_reader_sees_a_wire_through_a_label_and_a_circle() -> None:
    svg = nn.draw(network([2, 2, 1])).svg
    spoiled = svg.replace("</svg>", '<g class="e pos"><path d="M10,40L560,150"/></g></svg>')
    assert spoiled != svg
    assert struck(read(svg)) == []
    assert struck(read(spoiled))
    assert any(c.holds(*p) for points in read(spoiled).edges for p in points for c in read(spoiled).circles)


def test_the_reader_sees_an_edge_on_top_of_another() -> None:
    svg = draw(LECTURES["lecture 3"]()).svg
    edge = re.search(r'<g class="e"><path d="([^"]*)"/>', svg)
    assert edge is not None
    shifted = re.sub(r"M([\d.]+),([\d.]+)", lambda m: f"M{float(m[1])},{float(m[2]) + 40}L{m[1]},{m[2]}", edge[1])
    assert bundled(read(svg)) == []
    assert bundled(read(svg.replace("</svg>", f'<g class="e"><path d="{shifted}"/></g></svg>')))


def test_the_reader_sees_indices_and_the_thickness_of_a_line() -> None:
    svg = draw(LECTURES["lecture 5"]()).svg
    quotient = next(text for text in read(svg).texts if text.what.startswith("∂z11/∂w"))
    assert quotient.top < quotient.bottom - 0.94 * quotient.size - 2  # the superscript stands out above it
    assert {line.thickness for line in read(svg).lines} == {1.4}


def test_the_reader_sees_a_step_whose_numbers_overlap() -> None:
    widget = stepper(lecture_4())
    (svg,) = re.findall(r"<svg .*?</svg>", widget.html, re.DOTALL)
    css = "".join(re.findall(r"<style>(.*?)</style>", widget.html, re.DOTALL))
    assert re.search(r" t\d+", svg)
    never_hidden = re.sub(r" t\d+", "", svg)  # so that what a step replaces stays
    assert overlaps(read(svg, css).at(len(widget))) == []
    assert overlaps(read(never_hidden, css).at(len(widget)))


def test_the_reader_finds_everything() -> None:
    root = LECTURES["lecture 3"]()
    picture = read(draw(root).svg)
    assert (len(picture.cards), len(picture.edges)) == (7, 6)
    assert sum(text.what == "data" for text in picture.texts) == 7
    assert len(picture.badges) == 3
    assert len(picture.pills) == 7
    assert {text.size for text in picture.texts if text.what == "data"} == {9.5}
    seen = network_of((4, 3, 2, 1), "gradients")
    assert (len(seen.circles), len(seen.lines), len(seen.pills)) == (10, 20 + 6, 10 + 20 + 6)
