"""Graphviz, wherever it is: in the wheel of pygraphviz, run in a process of its own, or installed on the system.

pygraphviz comes first, because it is the same on every machine.  It runs in a worker process: Graphviz writes to
the C-level standard error, which a notebook would show, and a crash in C must not take the notebook along.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping

_WORKER = """
import sys, pygraphviz
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
sys.stdout.buffer.write(graph.draw(format=sys.argv[1], prog="dot"))
"""
_SECONDS = 120


class NoEngineError(RuntimeError):
    """Neither pygraphviz nor the program ``dot`` is installed."""


def available() -> tuple[str, ...]:
    """The engines on this machine, the preferred one first."""
    found = []
    if importlib.util.find_spec("pygraphviz") is not None:
        found.append("pygraphviz")
    if shutil.which("dot") is not None:
        found.append("dot")
    return tuple(found)


def run(dot: str, output: str, environment: Mapping[str, str] | None = None) -> bytes:
    """What Graphviz makes of a DOT text: ``output`` is one of its formats, such as ``json0`` or ``pdf``.

    ``environment`` is added to that of the process.  Raises ``NoEngineError`` where there is no engine,
    ``RuntimeError`` where it fails.
    """
    problem = ""
    surroundings = {**os.environ, **(environment or {})}
    for engine in available():
        # -P: a module of the user's in the working directory must not stand in for one of the library.
        worker = [sys.executable, "-P", "-c", _WORKER, output]
        command = worker if engine == "pygraphviz" else ["dot", f"-T{output}"]
        try:
            done = subprocess.run(
                command, input=dot.encode(), capture_output=True, timeout=_SECONDS, check=False, env=surroundings
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            problem = f"{engine}: {error}"
            continue
        if done.returncode == 0 and done.stdout:
            return done.stdout
        problem = f"{engine}: {done.stderr.decode(errors='replace').strip()[-500:] or f'exit code {done.returncode}'}"
    if problem:
        raise RuntimeError(f"Graphviz could not lay out the graph ({problem})")
    raise NoEngineError(
        'drawing a graph needs Graphviz to place the cards: pip install "scalar-autograd[draw]" brings it along '
        "(or install Graphviz itself, so that the program dot is on the PATH)"
    )
