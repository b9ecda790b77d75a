"""The tests against one mutant: a child process that has everything imported but the engine.

A worker owns a copy of the tree.  Starting Python, pytest and the oracles' libraries takes longer than most mutants
live, so the worker imports these once and forks; the child imports the engine, mutated, and the tests.  Children
write no bytecode, and the mutated file's is removed, so no child can meet another one's mistake.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from .mutants import Mutant

ROOT = Path(__file__).parents[2]
FOLDERS = ("autograd", "nn", "tests", "notebooks")
MEMORY = 4 << 30  # bytes that a mutant may take

_ENGINE_QUICK = [
    *(f"tests/autograd/test_{name}.py" for name in ("value", "table", "transforms", "singular", "refusals")),
    *(f"tests/autograd/test_{name}.py" for name in ("check_gradients", "neighbours", "with_numpy")),
    *(f"autograd/{name}.py" for name in ("primitives", "value", "transform", "declaration", "ieee", "check")),
]
_ENGINE_DEEP = [
    *("tests/trust/test_survivors.py", "tests/trust/test_ieee_special_values.py", "tests/nn/test_affine.py"),
    *("tests/explain/test_locate.py", "tests/lectures", "tests/oracle", "tests/compiler/test_programs.py"),
]
_NN_DEEP = [
    *(f"tests/nn/test_{name}.py" for name in ("optimizers", "fit", "layers", "losses", "storage")),
    *("tests/lectures", "tests/trust/test_survivors_of_training.py"),
]
_EVERY_DERIVATIVE = "tests/autograd/test_derivatives.py"

TARGETS: dict[str, list[list[str]]] = {
    "autograd/primitives.py": [_ENGINE_QUICK, _ENGINE_DEEP],
    "autograd/value.py": [_ENGINE_QUICK, _ENGINE_DEEP],
    "autograd/graph.py": [_ENGINE_QUICK, _ENGINE_DEEP],
    "autograd/transform.py": [_ENGINE_QUICK, _ENGINE_DEEP],
    "nn/losses.py": [["tests/nn/test_losses.py", "nn/losses.py"], _NN_DEEP],
    "nn/optimizers.py": [["tests/nn/test_optimizers.py", "nn/optimizers.py"], _NN_DEEP],
}
"""The tests for each file: first those that are quick, then, for what survives these, more."""


@dataclass(frozen=True)
class Verdict:
    mutant: Mutant
    killed: bool
    how: str  # "tests", "timeout", or "" for a survivor
    stage: int


class Bench:
    """A copy of the tree, and the tests run on it."""

    def __init__(self, folder: Path, only_stages: int | None = None) -> None:
        self.tree = folder
        self.only_stages = only_stages
        for name in FOLDERS:
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb*"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        self.limits: dict[tuple[str, int], float] = {}
        for module in ("pytest", "hypothesis", "mpmath", "numpy", "sympy", "_pytest.doctest", "hypothesis.extra.numpy"):
            with contextlib.suppress(ImportError):
                importlib.import_module(module)

    def stages(self, file: str) -> list[list[str]]:
        found = [[path for path in stage if (self.tree / path).exists()] for stage in TARGETS[file]]
        return [stage for stage in found if stage][: self.only_stages]

    def prove(self, file: str) -> None:
        """The tests pass without a mutant, and how long they take; ``RuntimeError`` if they do not."""
        for i, stage in enumerate(self.stages(file)):
            if (file, i) in self.limits:
                continue
            start = time.monotonic()
            status = self._child(stage, 1200.0, bytecode=True)
            if status != 0:
                log = (self.tree / "log.txt").read_text(errors="replace")[-3000:]
                raise RuntimeError(f"without any mutant, {' '.join(stage)} ends with {status}:\n{log}")
            self.limits[file, i] = 10.0 + 5.0 * (time.monotonic() - start)

    def targeted(self, mutant: Mutant) -> list[str]:
        """The derivatives of the one primitive that the mutant is in, to many digits: if it is in one."""
        name = mutant.place.split(".")[0].strip("_").removesuffix("_ieee").removesuffix("_rule")
        if mutant.file != "autograd/primitives.py" or name.isupper():
            return []
        return [_EVERY_DERIVATIVE, "-k", f"whole_domain and ({name})"]

    def judge(self, mutant: Mutant) -> Verdict:
        self.prove(mutant.file)
        path = self.tree / mutant.file
        original = path.read_text(encoding="utf-8")
        for cached in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
            cached.unlink()
        path.write_text(mutant.source, encoding="utf-8")
        try:
            for i, stage in enumerate(self.stages(mutant.file)):
                status = self._child(stage, self.limits[mutant.file, i])
                if status == 99:
                    raise RuntimeError("the tests imported another copy of the library")
                if status == 0 and i == 0 and (tests := self.targeted(mutant)):
                    status = self._child(tests, 120.0)
                    status = 0 if status == 5 else status  # 5: no such primitive
                if status != 0:
                    return Verdict(mutant, True, "timeout" if status == -signal.SIGKILL else "tests", i)
        finally:
            path.write_text(original, encoding="utf-8")
        return Verdict(mutant, False, "", i)

    def _child(self, tests: list[str], seconds: float, bytecode: bool = False) -> int:
        child = os.fork()
        if not child:
            self._run(tests, bytecode)
        deadline = time.monotonic() + seconds
        while not (ended := os.waitpid(child, os.WNOHANG))[0]:
            if time.monotonic() > deadline:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child, signal.SIGKILL)
                ended = os.waitpid(child, 0)
                break
            time.sleep(0.01)
        return os.waitstatus_to_exitcode(ended[1])

    def _run(self, tests: list[str], bytecode: bool) -> None:
        try:
            os.setsid()
            log = os.open(self.tree / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            for stream in (1, 2):
                os.dup2(log, stream)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            os.chdir(self.tree)
            for name in [m for m in sys.modules if m.partition(".")[0] in FOLDERS]:
                del sys.modules[name]
            sys.path[:] = [str(self.tree), *(p for p in sys.path if p not in ("", str(ROOT)))]
            os.environ["PYTHONPATH"] = str(self.tree)
            sys.dont_write_bytecode = not bytecode
            import pytest

            options = ["-x", "-q", "--tb=short", "--no-header", "-p", "no:cacheprovider"]
            options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
            status = int(pytest.main([*options, f"--rootdir={self.tree}", *tests]))
            engine = sys.modules.get("autograd")
            if engine is not None and not str(getattr(engine, "__file__", "")).startswith(str(self.tree)):
                status = 99
            sys.stdout.flush()
            os._exit(status)
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(98)
