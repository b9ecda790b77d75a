"""No text on another, no edge through a card or a text, everything inside the picture; and tests of these tests."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import pytest

pytest.importorskip("pygraphviz", reason="the pictures' layout needs pygraphviz")

from autograd import draw

from .graphs import AWKWARD, LECTURES
from .reading import Box, Picture, read

GRAPHS = {**LECTURES, **AWKWARD}


@pytest.fixture(params=[(name, detail) for name in GRAPHS for detail in ("values", "neurons")], ids=str)
def picture(request: pytest.FixtureRequest) -> Picture:
    return picture_of(*request.param)


@cache
def picture_of(name: str, detail: str) -> Picture:
    root = GRAPHS[name]()
    root.backward()
    return read(draw(root, detail=detail).svg)  # type: ignore[arg-type]


def overlaps(picture: Picture) -> list[tuple[str, str]]:
    return [(a.what, b.what) for a, b in combinations(picture.texts, 2) if a.overlaps(b, slack=0.5)]


def test_no_text_overlaps_another(picture: Picture) -> None:
    assert overlaps(picture) == []


def test_no_card_overlaps_another(picture: Picture) -> None:
    assert [(a, b) for a, b in combinations(picture.cards, 2) if a.overlaps(b)] == []


def test_no_edge_runs_through_a_card(picture: Picture) -> None:
    for points in picture.edges:
        for x, y in points:
            assert not any(card.holds(x, y, margin=1.5) for card in picture.rectangles), (x, y)


def test_no_edge_runs_through_a_text(picture: Picture) -> None:
    for points in picture.edges:
        for x, y in points:
            struck = [text for text in picture.texts if text.holds(x, y, margin=0.5)]
            assert not struck, (struck, x, y)


def test_every_text_is_within_its_card_or_beside_all_cards(picture: Picture) -> None:
    for text in picture.texts:
        if any(text.within(badge) for badge in picture.badges):
            continue  # a badge lies on its card, and may be taller
        for part in picture.rectangles:
            assert not text.overlaps(part, slack=0.6) or text.within(part, slack=0.6), (text, part)


def test_everything_is_within_the_picture(picture: Picture) -> None:
    page = Box(0, 0, picture.width, picture.height)
    assert all(box.within(page) for box in [*picture.texts, *picture.rectangles])
    assert all(page.holds(x, y) for points in picture.edges for x, y in points)


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


@pytest.mark.parametrize("name", LECTURES)
def test_legible_at_the_width_of_a_notebook_cell(name: str) -> None:
    """At 900 pixels the numbers of a lecture's picture are set in more than 7.5 pixels."""
    svg = draw(LECTURES[name]()).svg
    assert 11 * min(1.0, 900 / read(svg).width) > 7.5


# ---- Do these tests see what they should? ----------------------------------------------------------------


def test_the_reader_sees_a_text_on_another() -> None:
    svg = draw(LECTURES["lecture 3"]()).svg
    spoiled = svg.replace(">data</text>", "><tspan>data on and on and on</tspan></text>", 1)
    assert overlaps(read(svg)) == []
    assert overlaps(read(spoiled))


def test_the_reader_finds_everything() -> None:
    root = LECTURES["lecture 4"]()
    picture = read(draw(root).svg)
    assert (len(picture.cards), len(picture.edges)) == (14, 13)
    assert sum(text.what == "data" for text in picture.texts) == 13
    assert len(picture.badges) == 7
