"""Watching a long run: a progress bar, and Ctrl-C that lets the update in progress finish."""

from __future__ import annotations

import signal
import threading
import time
from types import TracebackType
from typing import Any

_PATIENCE = 1.0  # seconds before a bar appears


class Interrupt:
    """Within it, Ctrl-C sets ``pending``; pressed again, it interrupts at once.

    Only in the main thread, and only where Python's own handler is in place; elsewhere it does nothing.
    """

    def __init__(self) -> None:
        self.pending = False
        self._installed = False

    def __enter__(self) -> Interrupt:
        if (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        ):
            signal.signal(signal.SIGINT, self._note)
            self._installed = True
        return self

    def _note(self, *_: Any) -> None:
        if self.pending:
            # Before raising: where it strikes, __exit__ may be past doing so.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            raise KeyboardInterrupt
        self.pending = True

    def __exit__(self, *_: object) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)


class Progress:
    """A progress bar (tqdm) over a number of updates: always (True), never, or (None) on runs that take long."""

    def __init__(self, wanted: bool | None, updates: int, done: int = 0) -> None:
        self._wanted, self._updates, self._done = wanted, updates, done
        self._start = time.monotonic()
        self._bar: Any = None

    def __enter__(self) -> Progress:
        if self._wanted:
            self._show()
        return self

    def advance(self) -> None:
        """One more update is done."""
        self._done += 1
        if self._bar is not None:
            self._bar.update()
        elif self._wanted is None and time.monotonic() - self._start > _PATIENCE:
            self._show()

    def note(self, **figures: str) -> None:
        """Show figures behind the bar."""
        if self._bar is not None:
            self._bar.set_postfix(figures, refresh=False)

    def _show(self) -> None:
        self._wanted = False  # tried once
        from tqdm import tqdm  # costs 40 ms

        # disable=None: no bar where standard error is no terminal.
        self._bar = tqdm(
            total=self._updates, initial=self._done, unit=" updates", leave=False, disable=None, dynamic_ncols=True
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
