"""``python -m tests.trust.killed FOLDER``: saving a model, killed at every byte it writes and at every step between.

The kernel does the killing: a process that has set RLIMIT_FSIZE to k and not ignored SIGXFSZ dies when it
writes byte k + 1.  Every death is that of a forked child; the parent then reads what is left.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import nn

STEPS = ("fsync", "chmod", "replace")  # of `os`, in the order in which a save takes them


def model(seed: int) -> nn.MLP:
    return nn.MLP([2, 2, 1], seed=seed)


def in_child(work: Callable[[], object]) -> int:
    """What became of a forked child that does ``work``: 0, or minus the signal that killed it."""
    child = os.fork()
    if not child:
        try:
            work()
            os._exit(0)
        except BaseException:
            os._exit(70)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def save_killed_at_byte(path: Path, new: nn.MLP, byte: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (byte, byte))
    new.save(path)


def save_killed_before(path: Path, new: nn.MLP, step: str) -> None:
    setattr(os, step, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    new.save(path)


def deaths(folder: Path, byte_stride: int = 1) -> tuple[int, list[str]]:
    """How often saving was killed, and what was wrong afterwards."""
    path, old, new = folder / "model.json", model(1), model(2)
    new.save(path)
    after = path.read_bytes()
    old.save(path)
    before = path.read_bytes()
    wrong: list[str] = []
    killed = 0

    def judge(where: str, status: int, signal_expected: int) -> None:
        nonlocal killed
        killed += status < 0
        if status != -signal_expected:
            wrong.append(f"{where}: the child ended with {status}, not by signal {signal_expected}")
        if path.read_bytes() != before:
            wrong.append(f"{where}: the old file is no longer whole")
        elif nn.load(path).state_dict() != old.state_dict():
            wrong.append(f"{where}: the old file holds another model")

    for byte in range(0, len(after), byte_stride):
        judge(f"byte {byte}", in_child(lambda: save_killed_at_byte(path, new, byte)), signal.SIGXFSZ)  # noqa: B023
    for step in STEPS:
        judge(f"before os.{step}", in_child(lambda: save_killed_before(path, new, step)), signal.SIGKILL)  # noqa: B023
    # What the dead left behind is in nobody's way.
    if in_child(lambda: new.save(path)) or path.read_bytes() != after:
        wrong.append("a later save does not work")
    return killed, wrong


def main() -> int:
    killed, wrong = deaths(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    print(f"{killed} deaths, {len(wrong)} damaged files or surprises", *wrong[:20], sep="\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
