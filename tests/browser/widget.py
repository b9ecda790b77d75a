"""Looking at a live stepper, whether it stands in the open or in a shadow root."""

from __future__ import annotations

from typing import Any

from .conftest import Browser

_PLACE = "const host = document.querySelector('.ag-stepper[data-live] [data-lm-suppress-shortcuts]');" + (
    "const root = host ? host.shadowRoot : document;"
)


class Widget:
    """The stepper on the page."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    def js(self, expression: str, *arguments: Any) -> Any:
        return self.browser.js(f"{_PLACE} return {expression};", *arguments)

    @property
    def live(self) -> bool:
        return bool(self.js("!!root.querySelector('.w input')"))

    @property
    def step(self) -> int:
        return int(self.js("[...root.querySelectorAll('.w input')].findIndex(d => d.checked)"))

    @property
    def last(self) -> int:
        return int(self.js("root.querySelectorAll('.w input').length")) - 1

    @property
    def dark(self) -> bool:
        """Whether it stands on a dark ground."""
        colour = self.js("getComputedStyle(root.querySelector('.w')).backgroundColor")
        return sum(int(c) for c in colour[colour.index("(") + 1 : -1].split(",")[:3]) < 200

    def elements(self, selector: str) -> list[Any]:
        return list(self.js(f"[...root.querySelectorAll({selector!r})]"))

    def visible(self, selector: str) -> list[Any]:
        return [element for element in self.elements(selector) if element.is_displayed()]

    def click(self, selector: str) -> None:
        (element,) = self.visible(selector)
        self.browser.click(element)

    def gradient(self, name: str) -> str:
        """What the card of that name shows as its gradient now."""
        return str(
            self.js(
                "[...root.querySelectorAll('.n')].filter(n => n.querySelector('title').textContent === arguments[0])"
                ".flatMap(n => [...n.querySelectorAll('.g')]).filter(g => getComputedStyle(g).display !== 'none')"
                ".map(g => g.querySelector('.v').textContent).join('|')",
                name,
            )
        )

    def card(self, name: str) -> Any:
        return self.js(
            "[...root.querySelectorAll('.n')].find(n => n.querySelector('title').textContent === arguments[0])", name
        )
