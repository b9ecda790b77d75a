"""The stepper and the diagram where people meet them: JupyterLab, Notebook 7, and pages made by nbconvert."""

from __future__ import annotations

import functools
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

import autograd
from autograd import draw, stepper
from autograd.drawing import files
from autograd.drawing.layout import LEAST
from tests.drawing.graphs import lecture_3, lecture_5

from . import attack
from .conftest import Browser
from .widget import Widget

nbformat = pytest.importorskip("nbformat", reason="notebooks need nbformat")
pytest.importorskip("nbformat.sign")

Serve = Callable[..., str]
ROOT = Path(autograd.__file__).parent.parent
_CELLS = ["from tests.browser import attack\nfrom tests.drawing.graphs import lecture_3, lecture_5\n"]
_CELLS[0] += "from autograd import draw, stepper\nroot = lecture_3()\n"
_CELLS += ["root.backward()\nstepper(root)", "draw(lecture_5())", "attack.show()", "1 + 1"]


@functools.cache
def results() -> dict[int, tuple[dict[str, str], Any]]:
    """What the cells that end in an expression show, by number."""
    root = lecture_3()
    root.backward()
    widget, (picture, metadata) = stepper(root), draw(lecture_5())._repr_mimebundle_()
    steps = {"text/html": widget._repr_html_(), "text/plain": repr(widget)}
    return {2: (steps, {}), 3: (picture, metadata), 5: ({"text/plain": "2"}, {})}


def notebook(outputs: bool) -> Any:
    """A notebook whose cells draw; with ``outputs`` as it is after it was run."""
    cells = []
    for number, source in enumerate(_CELLS, 1):
        cell = nbformat.v4.new_code_cell(source, id=f"cell-{number}")
        if outputs:
            cell.execution_count = number
            if number in results():
                bundle, about = results()[number]
                made = nbformat.v4.new_output("execute_result", bundle, metadata=about, execution_count=number)
                cell.outputs = [made]
            elif "attack.show" in source:
                cell.outputs = [nbformat.v4.new_output("display_data", bundle) for bundle in attack.outputs()]
        cells.append(cell)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


# ---- nbconvert ---------------------------------------------------------------------------------------------


@functools.cache
def exported(theme: str) -> str:
    exporters = pytest.importorskip("nbconvert.exporters", reason="exports need nbconvert")
    # nbconvert's own scripts come from the network; here the question is what ours asks for.
    none = {"require_js_url": "", "mathjax_url": "", "jquery_url": "", "mermaid_js_url": ""}
    exporter = exporters.HTMLExporter(template_name="lab", theme=theme, **none)
    text: str = exporter.from_notebook_node(notebook(outputs=True))[0]
    return text


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_export_is_live_and_follows_its_theme(browser: Browser, serve: Serve, theme: str) -> None:
    browser.open(serve(exported(theme)))
    page = Widget(browser)
    WebDriverWait(browser.driver, 10).until(lambda _: page.live)
    assert page.dark is (theme == "dark")
    page.click(".nav label:last-of-type")
    assert page.step == 1
    assert not browser.driver.find_element(By.CSS_SELECTOR, ".ag-stepper details").is_displayed()
    assert_unharmed(browser)
    assert_legible(browser)
    assert [a for a in browser.requests() if not a.endswith(("page.html", "favicon.ico"))] == []


@pytest.mark.parametrize("way", ["scripts off", "forbidden by policy"])
def test_an_export_without_scripts_keeps_picture_and_list(browser: Browser, serve: Serve, way: str) -> None:
    policy = "script-src 'none'; img-src data:" if way == "forbidden by policy" else None
    browser.open(serve(exported("light"), policy), scripts=way != "scripts off")
    assert_fallback(browser)


def assert_unharmed(browser: Browser) -> None:
    """Of the labels that attack, none has become an element or a title."""
    assert "owned" not in browser.driver.title
    assert browser.js("return document.querySelectorAll('img[onerror], [onload], img[src=x]').length") == 0
    text = browser.js("return document.body.textContent")
    assert "document.title='owned'" in text  # they are there, as text


def assert_legible(browser: Browser) -> None:
    """The wide picture is not shrunk to its cell: the cell scrolls."""
    (shown,) = browser.js(
        "return [...document.querySelectorAll('.jp-RenderedSVG img, .jp-RenderedSVG svg, .jp-RenderedImage img')]"
        ".map(i => [i.getBoundingClientRect().width, i.closest('.jp-OutputArea-output').clientWidth])"
    )
    width = files.width(results()[3][0]["image/svg+xml"])
    assert shown[0] >= LEAST * width > shown[1]


def assert_fallback(browser: Browser) -> None:
    """The picture is there and has really been decoded; the list opens; there is no live widget."""
    image = browser.driver.find_element(By.CSS_SELECTOR, "img[alt^='Backward pass from L']")
    assert image.is_displayed()
    assert browser.js("return arguments[0].naturalWidth", image) > 300
    summary = next(
        s for s in browser.driver.find_elements(By.CSS_SELECTOR, "details summary") if "step by step" in s.text
    )
    browser.click(summary)
    listed = summary.find_elements(By.XPATH, "../ol/li")
    assert len(listed) == len(stepper(lecture_3()).frames)
    assert listed[-1].is_displayed()
    assert browser.js("return document.querySelectorAll('.ag-stepper[data-live]').length") == 0


# ---- JupyterLab and Notebook 7 -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    """A Jupyter server with both user interfaces, its settings and its record of trust in ``folder``."""
    for package in ("jupyterlab", "notebook", "ipykernel"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = folder / "home"
    home.mkdir()
    environment = {**os.environ, **_jupyter_places(home), "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--IdentityProvider.token=", "--ServerApp.password=", f"--ServerApp.root_dir={folder}"]
    command += ["--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command += ["--ServerApp.port_retries=0", "--ServerApp.disable_check_xsrf=True"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, process, folder / "log")
            yield address
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _jupyter_places(home: Path) -> dict[str, str]:
    places = {"HOME": "", "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime"}
    places |= {
        "IPYTHONDIR": "ipython",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }
    return {name: str(home / place) for name, place in places.items()}


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{address}/api", timeout=5).close()
            return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"the Jupyter server did not start: {log.read_text(errors='replace')[-2000:]}")


def opened(browser: Browser, server: str, folder: Path, interface: str, name: str, *, trusted: bool, run: bool) -> None:
    """Open a stored notebook in a user interface."""
    path = folder / f"{name}-{interface}.ipynb"
    stored = notebook(outputs=not run)
    # Jupyter trusts by content: one that is to be distrusted must not equal one that was trusted.
    stored.metadata["title"] = path.name
    nbformat.write(stored, path)
    if trusted:
        # As `jupyter trust` does.
        nbformat.sign.NotebookNotary(data_dir=_jupyter_places(folder / "home")["JUPYTER_DATA_DIR"]).sign(stored)
    place = f"{server}/doc/tree/{path.name}?reset" if interface == "lab" else f"{server}/notebooks/{path.name}"
    browser.open(place)
    found = WebDriverWait(browser.driver, 60)
    found.until(lambda d: len(d.find_elements(By.CSS_SELECTOR, ".jp-CodeCell")) == len(_CELLS))
    if run:
        found.until(lambda d: d.find_elements(By.CSS_SELECTOR, "[data-status='idle'], .jp-Notebook-ExecutionIndicator"))
        browser.click(browser.driver.find_element(By.CSS_SELECTOR, ".jp-CodeCell .cm-content"))
        for _ in _CELLS:
            ActionChains(browser.driver).key_down(Keys.SHIFT).send_keys(Keys.ENTER).key_up(Keys.SHIFT).perform()
        found.until(lambda d: d.find_elements(By.XPATH, "//pre[text()='2']"))
    found.until(lambda d: d.find_elements(By.CSS_SELECTOR, "img[alt^='Backward pass from L']"))


INTERFACES = pytest.mark.parametrize("interface", ["lab", "notebook"])


@INTERFACES
@pytest.mark.parametrize("state", ["live", "saved and trusted"])
def test_the_widget_is_live(browser: Browser, server: str, folder: Path, interface: str, state: str) -> None:
    live = state == "live"
    opened(browser, server, folder, interface, state.replace(" ", "-"), trusted=not live, run=live)
    page = Widget(browser)
    WebDriverWait(browser.driver, 20).until(lambda _: page.live)
    assert page.dark is False

    def cells() -> list[str]:
        return [cell.get_attribute("class") or "" for cell in browser.driver.find_elements(By.CSS_SELECTOR, ".jp-Cell")]

    # Every button, then every key that a notebook would take for a command of its own.
    page.click(".nav label:last-of-type")
    assert page.step == 1
    page.click(".nav label:first-of-type")
    assert page.step == 0
    page.click(".js button")
    assert page.visible(".js button")[0].text == "❚❚ Pause"
    page.click(".js button")
    browser.click(page.elements(".w input")[0])
    before = cells()
    keys = [(Keys.ARROW_RIGHT, 1), (Keys.ARROW_DOWN, 2), (Keys.ARROW_UP, 1), (Keys.END, page.last), (Keys.HOME, 0)]
    for key, step in keys:
        ActionChains(browser.driver).send_keys(key).perform()
        assert page.step == step
    commands = ("a", "b", "x", "d", "d", "m", "y", "c", "v", "z", "l", "o", "j", "k", "0", "0", Keys.ENTER, Keys.SPACE)
    ActionChains(browser.driver).send_keys(*commands).perform()
    time.sleep(0.3)
    assert cells() == before  # none added, removed, changed in kind, or selected
    assert browser.driver.find_elements(By.CSS_SELECTOR, ".jp-Dialog") == []
    assert page.visible(".js button")[0].text == "❚❚ Pause"  # the space was the widget's
    browser.click(page.elements(".w input")[0])

    browser.click(page.card("w"))
    assert page.gradient("w") != "–"

    # The diagram of the next cell is there too, hostile labels are text, and nothing was asked of any other machine.
    assert_legible(browser)
    assert_unharmed(browser)
    assert {address.split("/")[2] for address in browser.requests() if not address.startswith("chrome")} == {
        server.removeprefix("http://")
    }

    # What both user interfaces do to the page when a dark theme is chosen.
    browser.js("document.body.dataset.jpThemeLight = 'false'")
    WebDriverWait(browser.driver, 5).until(lambda _: page.dark)
    browser.js("document.body.dataset.jpThemeLight = 'true'")
    WebDriverWait(browser.driver, 5).until(lambda _: not page.dark)


@INTERFACES
def test_an_untrusted_notebook_shows_picture_and_list(
    browser: Browser, server: str, folder: Path, interface: str
) -> None:
    opened(browser, server, folder, interface, "untrusted", trusted=False, run=False)
    assert_fallback(browser)
    # Of the diagram's bundle it shows the PNG.
    assert browser.js("return document.querySelectorAll('.jp-RenderedImage img[src^=\"data:image/png\"]').length") == 1
    assert_legible(browser)
    assert_unharmed(browser)


def test_the_stored_outputs_are_what_a_kernel_makes(folder: Path) -> None:
    """The tests above store outputs made here; a kernel makes the same bytes."""
    client = pytest.importorskip("nbclient", reason="running a notebook needs nbclient")
    fresh = notebook(outputs=False)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    client.NotebookClient(fresh, timeout=60, resources={"metadata": {"path": str(ROOT)}}).execute(env=environment)
    stored = notebook(outputs=True)
    for made, kept in zip(fresh.cells, stored.cells, strict=True):
        data = [json.dumps(output.get("data"), sort_keys=True) for output in made.outputs]
        assert data == [json.dumps(output.get("data"), sort_keys=True) for output in kept.outputs]
