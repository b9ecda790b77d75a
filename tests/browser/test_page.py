"""The stepper as a page of its own: by script, and by CSS alone where scripts are off or forbidden."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

import nn
from autograd import draw, stepper
from autograd.drawing.views import Detail
from tests.drawing.graphs import LECTURES, hostile, lecture_4, lecture_5, network

from .conftest import Browser
from .widget import Widget

Serve = Callable[..., str]
NO_SCRIPTS = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@pytest.fixture
def page(browser: Browser, serve: Serve) -> Widget:
    browser.open(serve(stepper(lecture_4()).html))
    return Widget(browser)


def press(page: Widget, *keys: str) -> None:
    for key in keys:
        ActionChains(page.browser.driver).send_keys(key).perform()


def test_nothing_but_the_page_is_asked_for_and_nothing_fails(page: Widget) -> None:
    for n in range(page.last + 1):
        page.js(f"root.querySelector('#s{n}').click()")
    (address, *others) = [url for url in page.browser.requests() if not url.endswith("favicon.ico")]
    assert address.endswith("page.html")
    assert others == []
    assert [error for error in page.browser.errors() if "favicon" not in error] == []


def test_the_buttons(page: Widget) -> None:
    assert (page.step, page.last) == (0, 13)
    page.click(".nav label:last-of-type")
    page.click(".nav label:last-of-type")
    assert page.step == 2
    page.click(".nav label:first-of-type")
    assert page.step == 1
    page.click(".nav label:first-of-type")
    page.click(".nav label:first-of-type")
    assert page.step == 0


def test_every_dot(page: Widget) -> None:
    for n, dot in enumerate(page.elements(".w input")):
        dot.click()
        assert page.step == n
        assert page.visible(".pa b")[0].text == f"step {n} of 13"


def test_play_and_pause(page: Widget) -> None:
    page.js("root.querySelector('#s11').click()")
    page.click(".js button")
    assert page.visible(".js button")[0].text == "❚❚ Pause"
    WebDriverWait(page.browser.driver, 20).until(lambda _: page.step == 13)
    assert page.visible(".js button")[0].text == "▶ Play"
    page.click(".js button")  # at the end it begins again
    assert page.step == 0
    page.click(".js button")
    assert page.visible(".js button")[0].text == "▶ Play"


def test_the_keys(page: Widget) -> None:
    page.elements(".w input")[0].click()
    expected = [
        (Keys.ARROW_RIGHT, 1),
        (Keys.ARROW_DOWN, 2),
        (Keys.ARROW_LEFT, 1),
        (Keys.ARROW_UP, 0),
        (Keys.ARROW_LEFT, 0),
        (Keys.END, 13),
        (Keys.ARROW_RIGHT, 13),
        (Keys.HOME, 0),
    ]
    for key, step in expected:
        press(page, key)
        assert page.step == step
    press(page, " ")
    assert page.visible(".js button")[0].text == "❚❚ Pause"
    press(page, " ")
    assert page.visible(".js button")[0].text == "▶ Play"


def test_every_card_leads_to_its_own_step(page: Widget) -> None:
    root = lecture_4()
    frames = stepper(root).frames
    for node in {frame.receiver for frame in frames if frame.receiver is not None}:
        name = node.label or ""
        if not name:
            continue
        title = {"x_{1}": "x1", "x_{2}": "x2", "w^{1}_{11}": "w1_11", "w^{1}_{21}": "w1_21", "w^{2}_{11}": "w2_11"}
        page.card(title.get(name, "o11" if name == "o_{11}" else name)).click()
        assert frames[page.step].receiver.label == name  # type: ignore[union-attr]


def test_cards_are_reached_and_pressed_from_the_keyboard(page: Widget) -> None:
    card = page.card("w1_11")
    page.browser.js("arguments[0].focus()", card)
    press(page, Keys.ENTER)
    assert page.gradient("w1_11") == "−15.25"
    page.browser.js("arguments[0].focus()", page.card("ŷ"))
    press(page, " ")
    assert (page.gradient("ŷ"), page.gradient("w1_11")) == ("−6.1", "–")


def test_buttons_are_pressed_from_the_keyboard(page: Widget) -> None:
    for key in (Keys.ENTER, " "):
        page.browser.js("arguments[0].focus()", page.visible(".nav label:last-of-type")[0])
        press(page, key)
    assert page.step == 2
    page.browser.js("arguments[0].focus()", page.visible(".nav label:first-of-type")[0])
    press(page, Keys.ENTER)
    assert page.step == 1
    page.browser.js("arguments[0].focus()", page.visible(".js button")[0])
    press(page, Keys.ENTER)
    assert page.visible(".js button")[0].text == "❚❚ Pause"


def test_the_stage_scrolls_to_what_happens(browser: Browser, serve: Serve) -> None:
    browser.open(serve(stepper(lecture_5()).html))
    page = Widget(browser)
    hidden = "const r = c.getBoundingClientRect(); return r.left < v.left - 1 || r.right > v.right + 1"
    assert page.js("root.querySelector('.st').scrollWidth > root.querySelector('.st').clientWidth")
    at_the_start = (
        "const v = document.querySelector('.st').getBoundingClientRect();"
        f"return [...document.querySelectorAll('.st .i1')].filter(c => {{ {hidden} }}).length"
    )
    assert browser.js(at_the_start) == 0
    press(page, Keys.TAB)
    for n in range(1, page.last + 1):
        press(page, Keys.ARROW_RIGHT)
        outside = browser.js(
            "const v = document.querySelector('.st').getBoundingClientRect();"
            f"return [...document.querySelectorAll('.st .i{n}, .st .o{n}')].filter(c => {{ {hidden} }}).length"
        )
        assert (page.step, outside) == (n, 0)


def test_the_gradients_appear_step_by_step(page: Widget) -> None:
    assert {page.gradient(name) for name in ("ŷ", "o11", "w1_11", "w2_11")} == {"–"}
    page.js("root.querySelector('#s13').click()")
    assert [page.gradient(name) for name in ("ŷ", "o11", "w1_11", "w1_21", "w2_11")] == [
        "−6.1",
        "−3.05",
        "−15.25",
        "−9.15",
        "−23.18",
    ]


@pytest.mark.parametrize("dark", [False, True])
def test_light_and_dark(browser: Browser, serve: Serve, dark: bool) -> None:
    browser.open(serve(stepper(lecture_4()).html), dark=dark)
    assert Widget(browser).dark is dark


@pytest.mark.parametrize("way", ["scripts off", "forbidden by policy"])
def test_it_steps_by_css_alone(browser: Browser, serve: Serve, way: str) -> None:
    address = serve(stepper(lecture_4()).html, NO_SCRIPTS if way == "forbidden by policy" else None)
    browser.open(address, scripts=way != "scripts off")
    page = Widget(browser)
    assert page.elements(".js button") == []  # the script did not run
    page.click(".nav label:last-of-type")
    page.click(".nav label:last-of-type")
    assert page.step == 2
    page.elements(".w input")[13].click()
    assert page.gradient("w1_11") == "−15.25"
    assert len(page.visible(".pa")) == 1


def test_a_training_step(browser: Browser, serve: Serve) -> None:
    model = nn.MLP([2, 1, 1], activation="linear", bias=False, seed=1)
    for parameter, number in zip(model.parameters(), (0.4, 0.6, 0.5), strict=True):
        parameter.data = number
    widget = nn.stepper(model, [5.0, 3.0], 8.0, loss="half_squared_error", lr=0.01)
    browser.open(serve(widget.html))
    page = Widget(browser)

    def shown(name: str) -> str:
        return str(
            page.browser.js(
                "return [...arguments[0].querySelectorAll(':scope > .v')]"
                ".filter(t => getComputedStyle(t).display !== 'none').map(t => t.textContent).join('|')",
                page.card(name),
            )
        )

    assert [shown(name) for name in ("w1_11", "x1", "o11", "ŷ", "L")] == ["0.4", "5", "", "", ""]
    page.elements(".w input")[-1].click()
    assert [shown(name) for name in ("w1_11", "w1_21", "w2_11")] == ["0.5525", "0.6915", "0.7318"]
    assert [shown(name) for name in ("x1", "o11", "ŷ", "L")] == ["5", "4.837", "3.54", "9.947"]
    assert [parameter.data for parameter in model.parameters()] == [0.4, 0.6, 0.5]


def test_hostile_labels_are_shown_and_do_nothing(browser: Browser, serve: Serve) -> None:
    root = hostile()
    root.backward()
    for text in (stepper(root).html, f"<title>safe</title>{stepper(root)._repr_html_()}", _diagram_page(root)):
        browser.open(serve(text))
        assert browser.driver.title != "owned"
        assert browser.js("return document.querySelectorAll('img[onerror], [onload]').length") == 0
        assert [url for url in browser.requests() if not url.endswith(("page.html", "favicon.ico"))] == []


def _diagram_page(root: object) -> str:
    return f"<title>safe</title>{draw(root).svg}"  # type: ignore[arg-type]


@pytest.mark.parametrize("dark", [False, True])
def test_the_page_of_a_diagram_is_light_or_dark(browser: Browser, tmp_path: Path, dark: bool) -> None:
    browser.open(draw(lecture_4()).save(tmp_path / "g.html").as_uri(), dark=dark)
    shown = [d.is_displayed() for d in browser.driver.find_elements(By.CSS_SELECTOR, ".light > svg, .dark > svg")]
    assert shown == [not dark, dark]


def test_the_report_is_live_and_asks_for_nothing(browser: Browser, serve: Serve, tmp_path: Path) -> None:
    rows, targets = [[1.0, 2.0], [2.0, 1.0]], [1.0, 0.0]
    model = nn.MLP([2, 2, 1], seed=1)
    history = nn.fit(model, rows, targets, epochs=3, progress=False)
    browser.open(
        serve(nn.write_report(tmp_path / "r.html", model, history, rows, targets).read_text("utf-8")), dark=True
    )
    page = Widget(browser)
    WebDriverWait(browser.driver, 10).until(lambda _: page.live)
    assert page.dark
    page.click(".nav label:last-of-type")
    assert page.step == 1
    assert [url for url in browser.requests() if not url.endswith(("page.html", "favicon.ico"))] == []


# ---- What the browser really draws -------------------------------------------------------------------------

_OVERLAPS = """
const boxes = [...document.querySelectorAll('svg text')].filter(t => t.getClientRects().length)
  .map(t => [t.textContent, t.getBoundingClientRect()]);
const hits = [];
for (let i = 0; i < boxes.length; i++) for (let j = 0; j < i; j++) {
  const [s, a] = boxes[i], [t, b] = boxes[j];
  // The box of a text is as high as its font; the letters fill the middle two thirds of it.
  const pa = a.height * .18, pb = b.height * .18;
  const across = a.left < b.right && b.left < a.right;
  if (across && a.top + pa < b.bottom - pb && b.top + pb < a.bottom - pa) hits.push([s, t]);
}
return hits;
"""


@pytest.mark.parametrize("name", LECTURES)
def test_no_text_overlaps_another_in_the_browser(browser: Browser, serve: Serve, name: str) -> None:
    root = LECTURES[name]()
    root.backward()
    pictures = [draw(root, detail=detail).svg for detail in get_args(Detail)]
    for picture in pictures:
        browser.open(serve(f"<!doctype html><meta charset=utf-8>{picture}"))
        assert browser.js(f"return (() => {{{_OVERLAPS}}})()") == []


def test_no_text_overlaps_another_at_any_step_in_the_browser(browser: Browser, serve: Serve) -> None:
    model = network([2, 2, 1], scale=-1.234567)
    for widget in (stepper(lecture_5()), nn.stepper(model, [1.5, -0.7], 2.0, lr=0.01)):
        browser.open(serve(widget.html))
        hits = browser.js(
            f"const overlaps = () => {{{_OVERLAPS}}};"
            "return [...document.querySelectorAll('.w input')].flatMap((d, n) => {"
            " d.checked = true; return overlaps().map(h => [n, ...h]); })"
        )
        assert hits == []


def test_the_browser_would_see_an_overlap(browser: Browser, serve: Serve) -> None:
    text = stepper(lecture_4()).html
    browser.open(serve(re.sub(r"\.t\d+\{display:none\}", ".none{}", text)))  # so that what a step replaces stays
    browser.js("document.querySelector('#s13').checked = true")
    assert browser.js(f"return (() => {{{_OVERLAPS}}})()")
