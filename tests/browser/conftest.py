"""A real browser for the widgets, and eyes on what it asks the network for.

Everything here is skipped, with the reason, where there is no Chromium or no Selenium.
"""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygraphviz", reason="the pictures' layout needs pygraphviz")
pytest.importorskip("selenium", reason='Selenium drives the browser: pip install "scalar-autograd[browser]"')

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1200,1000",
]


class Browser:
    """Chromium with what the tests ask of it."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, address: str, *, dark: bool = False, scripts: bool = True) -> None:
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        for kind in ("performance", "browser"):
            self.driver.get_log(kind)  # what earlier pages asked for and complained of is not this one's
        self.driver.get(address)

    def js(self, program: str, *arguments: Any) -> Any:
        return self.driver.execute_script(program, *arguments)

    def click(self, element: Any) -> None:
        """Click it as soon as the page has stopped scrolling and lets it be clicked."""
        from selenium.common.exceptions import ElementClickInterceptedException
        from selenium.webdriver.support.wait import WebDriverWait

        self.js("arguments[0].scrollIntoView({block: 'center'})", element)
        moving = [ElementClickInterceptedException]
        WebDriverWait(self.driver, 10, ignored_exceptions=moving).until(lambda _: element.click() or True)

    def requests(self) -> list[str]:
        """Every address asked for since the page was opened, but for data within the page itself."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
        return [address for address in asked if not address.startswith(("data:", "blob:", "about:"))]

    def errors(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    chromedriver = shutil.which("chromedriver")
    if not program or not chromedriver:
        pytest.skip("no Chromium with its driver on this machine (.ci/install-browser installs them)")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=chromedriver))
    driver.set_page_load_timeout(60)
    yield Browser(driver)
    driver.quit()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    yield chromium
    chromium.open("about:blank")


class _Handler(http.server.SimpleHTTPRequestHandler):
    policy: str | None = None

    def end_headers(self) -> None:
        if self.policy:
            self.send_header("Content-Security-Policy", self.policy)
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Serve a page on this machine, with a Content-Security-Policy if one is given; returns its address."""
    servers = []

    def start(text: str, policy: str | None = None) -> str:
        (tmp_path / "page.html").write_text(text, encoding="utf-8")
        handler = type("Handler", (_Handler,), {"policy": policy})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=tmp_path))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/page.html"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
