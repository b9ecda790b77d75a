"""``python -m tests.trust.interrupts``: Ctrl-C at every moment of ``fit``.

A trace function counts the lines that the library executes and, at the one chosen, sends the process the signal
that Ctrl-C sends.  The same training run is so interrupted again and again, each time one line later.  After each:

* ``fit`` has returned a History, or raised ``KeyboardInterrupt`` and nothing else;
* a History can be resumed, and the run then ends bit for bit where the uninterrupted one does: parameters, state
  of the optimiser, losses.  A model with half an update in it could not;
* after a ``KeyboardInterrupt``, model, scaling and optimiser are together where they began or where the run ends;
* Python's own handler of Ctrl-C is in place again, and no mode is left on.
"""

from __future__ import annotations

import argparse
import functools
import random
import signal
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import autograd
import nn
from autograd import modes

LIBRARY = tuple(str(Path(package.__file__).parent) for package in (autograd, nn))

HANDLERS = {
    "one": "Ctrl-C once",
    "two": "Ctrl-C twice, a few lines apart",
    "raised": "under a handler of the caller's own, which raises KeyboardInterrupt at once",
}


class CtrlC:
    """Within it, the lines of the library are counted, and the process is interrupted at those chosen."""

    def __init__(self, *chosen: int) -> None:
        self.chosen = frozenset(chosen)
        self.lines = 0

    def _trace(self, frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(LIBRARY):
            return None
        if event == "line":
            self.lines += 1
            if self.lines in self.chosen:
                try:
                    signal.raise_signal(signal.SIGINT)
                except KeyboardInterrupt:
                    sys.settrace(self._trace)  # an exception would end the tracing
                    raise
        return self._trace

    def __enter__(self) -> CtrlC:
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a process that a shell runs in the background
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self._outer = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._outer)


@dataclass
class Run:
    """A training run that is small and has everything: batches, shuffling, scaling, a penalty, early stopping."""

    backend: str
    optimizer: str = "adam"
    epochs: int = 3

    def __post_init__(self) -> None:
        self.model = nn.MLP([2, 2, 1], seed=3)
        self.rule = nn.optimizers.OPTIMIZERS[self.optimizer](self.model.parameters(), lr=0.05)

    def fit(self, resume: nn.History | None = None) -> nn.History:
        x = [[0.0, 1.0], [1.0, 0.5], [2.0, -1.0], [3.0, 2.0], [4.0, 0.0]]
        y = [1.0, 2.0, 0.5, -1.0, 3.0]
        return nn.fit(
            self.model,
            x,
            y,
            optimizer=self.rule,
            epochs=self.epochs,
            batch_size=2,
            seed=7,
            penalty=0.01 * nn.l2,
            clip=1.0,
            validation=([[1.5, 0.5], [2.5, 0.1]], [1.0, 0.0]),
            patience=50,
            standardize=True,
            backend=self.backend,
            progress=False,
            resume=resume,
        )

    def where(self) -> tuple[Any, ...]:
        """All that training changes."""
        numbers = [p.data.hex() for p in self.model.parameters()]
        return numbers, self.rule.updates, [tuple(map(float.hex, s)) for s in self.rule.state], self.model.scaling


@functools.cache
def uninterrupted(backend: str, optimizer: str = "adam") -> tuple[tuple[Any, ...], tuple[Any, ...], nn.History, int]:
    """Where the run begins, where it ends, its record, and how many lines it takes."""
    run = Run(backend, optimizer)
    before = run.where()
    run.fit()  # whatever is made once a process, is made
    run = Run(backend, optimizer)
    with CtrlC() as counted:
        history = run.fit()
    return before, run.where(), history, counted.lines


def interrupted(backend: str, lines: Iterable[int], how: str, optimizer: str = "adam") -> Iterator[str]:
    """What is wrong after an interrupt at each of the lines."""
    before, after, record, _ = uninterrupted(backend, optimizer)
    draw = random.Random(1)
    for line in lines:
        run = Run(backend, optimizer)
        second = [line + draw.choice([1, 2, 3, 5, 8, 13, 21, 40])] if how == "two" else []
        handler = signal.default_int_handler if how != "raised" else _raise
        usual = signal.signal(signal.SIGINT, handler)
        history = None
        try:
            with CtrlC(line, *second):
                history = run.fit()
        except KeyboardInterrupt:
            if run.where() not in (before, after):
                yield f"line {line}, {how}: KeyboardInterrupt, and the model is neither as before nor as at the end"
        except BaseException as error:
            yield f"line {line}, {how}: {type(error).__name__}: {error}"
        finally:
            if signal.signal(signal.SIGINT, usual) is not handler:
                yield f"line {line}, {how}: the handler of Ctrl-C is not what it was"
            if modes.active:
                yield f"line {line}, {how}: a mode is left on"
                modes.active.clear()
        if history is not None:
            try:
                resumed = run.fit(resume=history)
            except ValueError as error:
                yield f"line {line}, {how}: cannot be resumed: {error}"
                continue
            if run.where() != after:
                yield f"line {line}, {how}: resumed, it ends elsewhere"
            if (resumed.loss, resumed.iteration_loss) != (record.loss, record.iteration_loss):
                yield f"line {line}, {how}: resumed, its record is another one"


def _raise(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.trust.interrupts",
        description="Ctrl-C at every line that fit executes, on every back end; exit code 1 if a model is damaged.",
    )
    parser.add_argument("--stride", type=int, default=1, help="every how many lines (default: every line)")
    options = parser.parse_args()
    damaged = 0
    for backend in ("eager", "python", "llvm"):
        try:
            *_, count = uninterrupted(backend)
        except nn.UnavailableError as error:
            print(f"{backend:7} skipped: {error}")
            continue
        for how, meaning in HANDLERS.items():
            lines = range(1, count + 1, options.stride)
            wrong = list(interrupted(backend, lines, how))
            damaged += len(wrong)
            print(f"{backend:7} {len(lines):6} interrupts, {len(wrong)} wrong: {meaning}", flush=True)
            print(*(f"    {line}" for line in wrong[:10]), sep="\n", end="\n" if wrong else "")
    return int(damaged > 0)


if __name__ == "__main__":
    sys.exit(main())
