"""The tests against one mutant, each time in a process of its own, the likeliest to notice first.

A worker owns a copy of the tree, and a process that has the library imported and the tests collected.  For a mistake
inside a function, that process forks, gives the function the mutant's code (`exchange`) and runs the tests that reach
the line (`reaching`): those that lately killed its neighbours, then the quickest.  A mistake in what happens at
import needs a process that imports everything anew.

Children write no bytecode, and the mutated file's is removed, so no child can meet another one's mistake.  Their limits
are in seconds of the processor, so that neither other work nor a pause kills a mutant.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import multiprocessing
import os
import pickle
import resource
import select
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import Phase, settings

from .exchange import change, exchange, functions, key
from .mutants import Mutant, plain
from .reaching import Reach, Recorder

ROOT = Path(__file__).parents[2]
FOLDERS = ("autograd", "nn", "tests", "notebooks")
TARGETS = (
    *("autograd/primitives.py", "autograd/value.py", "autograd/graph.py", "autograd/transform.py"),
    *("nn/losses.py", "nn/optimizers.py"),
)
MEMORY = 4 << 30  # bytes that a mutant may take
PASSED = "passed"
_FAILED, _NOT_EXCHANGED = 1, 97

Say = Callable[[str], object]

_DERIVATIVES = "tests/autograd/test_derivatives.py"

TESTS = (
    *(f"tests/autograd/test_{name}.py" for name in ("value", "table", "transforms", "singular", "refusals")),
    *(f"tests/autograd/test_{name}.py" for name in ("check_gradients", "neighbours", "with_numpy")),
    *(f"autograd/{name}.py" for name in ("primitives", "value", "transform", "declaration", "ieee", "check")),
    *(f"tests/nn/test_{name}.py" for name in ("losses", "optimizers", "affine", "fit", "layers", "storage")),
    *("nn/losses.py", "nn/optimizers.py"),
    *("tests/trust/test_survivors.py", "tests/trust/test_survivors_of_training.py"),
    *("tests/trust/test_ieee_special_values.py", "tests/explain/test_locate.py"),
    *("tests/lectures", "tests/oracle", "tests/compiler/test_programs.py", _DERIVATIVES),
)
"""Only mutants of the table meet `_DERIVATIVES`: two minutes about the table's rules."""

ABOUT_THE_TESTS = (
    *("test_a_rule_slightly_wrong_is_found", "test_a_lost_edge_is_found", "test_the_command_reports_and_judges"),
    *("test_compile_time_grows", "test_without_llvmlite"),
)
"""Slow tests of the tests themselves or of time: mutants do without them."""


@dataclass(frozen=True)
class Verdict:
    mutant: Mutant
    killed: bool
    how: str = ""  # "tests", "time" for one that ran out of it, or how else its process ended
    by: str = ""  # the test that noticed, or "import"


class Bench:
    """A copy of the tree, and the tests run on it."""

    def __init__(self, folder: Path, tests: Sequence[str]) -> None:
        self.tree = folder
        self.reach = Reach()
        self._killers: dict[str, list[str]] = {}
        for name in FOLDERS:
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb*"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        self.tests = tests
        self.paths = {str(self.tree / file): file for file in TARGETS}
        self.originals = {file: plain((folder / file).read_text(encoding="utf-8")) for file in TARGETS}
        for file, source in self.originals.items():  # as the mutants are written: a statement a line
            (folder / file).write_text(source, encoding="utf-8")
        for module in ("mpmath", "numpy", "sympy", "_pytest.doctest", "hypothesis.extra.numpy", "hypothesis.stateful"):
            with contextlib.suppress(ImportError):
                importlib.import_module(module)

    # ---- Without a mistake ----

    def record(self) -> Reach:
        """What every test reaches, and how long it takes; ``RuntimeError`` if one fails without any mutant."""
        result = self.tree / "reach.pickle"

        def body(say: Say) -> None:
            say("import")
            _enter(self.tree)
            recorder, reach = Recorder(self.paths), Reach()
            importing = contextlib.ExitStack()
            importing.enter_context(recorder.following())

            def follow(plugin: _Tests, say: Say) -> None:
                for test in plugin.items:
                    with recorder.following():
                        plugin.run([test], say)
                    reach.add(test, recorder.spots(), recorder.out_of_sight)
                    reach.seconds[test] = plugin.seconds[test]
                result.write_bytes(pickle.dumps(reach))

            def loop(plugin: _Tests) -> None:
                importing.close()
                reach.at_import = reach.numbers(recorder.spots())
                if (ended := self._child(lambda say: follow(plugin, say), 1200.0)) != (PASSED, 0):
                    raise RuntimeError(ended)
                followed = pickle.loads(result.read_bytes())
                # Once more, not slowed down, and in another order, such as mutants will meet.
                plugin.run(followed.tests(), say)
                followed.seconds = plugin.seconds
                result.write_bytes(pickle.dumps(followed))

            _session(self.tests, loop)

        if (ended := self._child(body, 1200.0)) != (PASSED, 0):
            raise RuntimeError(f"without any mutant, the tests end with {ended}:\n{self._log()}")
        return pickle.loads(result.read_bytes())

    def _log(self) -> str:
        return (self.tree / "log.txt").read_text(errors="replace")[-3000:]

    # ---- With one ----

    def start(self, reach: Reach) -> None:
        """Import and collect everything, once, in a process that waits for mutants."""
        self.reach = reach
        self._in_place, there = multiprocessing.Pipe()
        if not os.fork():
            self._in_place.close()
            _leave(lambda: (_enter(self.tree), _session(self.tests, lambda plugin: self._serve(plugin, there))))
        there.close()
        try:
            self._in_place.recv()
        except EOFError:
            raise RuntimeError(f"the tests cannot be collected:\n{self._log()}") from None

    def judge(self, mutant: Mutant) -> Verdict:
        path = self.tree / mutant.file
        for cached in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
            cached.unlink()
        path.write_text(mutant.source, encoding="utf-8")
        try:
            said, status = self._judge(mutant)
        finally:
            path.write_text(self.originals[mutant.file], encoding="utf-8")
        if said == PASSED:
            return Verdict(mutant, False)
        for place in (mutant.file, f"{mutant.file} {mutant.place}"):
            killers = [said, *(test for test in self._killers.get(place, []) if test != said)]
            self._killers[place] = killers[:8]
        how = {_FAILED: "tests", -signal.SIGXCPU: "time", -signal.SIGKILL: "time"}.get(status, f"exit code {status}")
        return Verdict(mutant, True, how, said)

    def _judge(self, mutant: Mutant) -> tuple[str, int]:
        """The last test that began, or ``PASSED``, and how its process ended."""
        changed = change(self.originals[mutant.file], mutant.source, str(self.tree / mutant.file))
        at_import = changed.at_import
        if not at_import:
            # A variable that inner functions share changes these, too: the line may be of any function around them.
            codes = [original for original, _ in changed.chain[1:]]
            spots = self.reach.numbers((key(code, mutant.file), line) for code in codes for line in changed.lines)
            self._in_place.send((mutant, self._likeliest_first(mutant, self.reach.tests(spots))))
            exchanged, said, status = self._in_place.recv()
            if exchanged and said != PASSED:
                return said, status
            at_import = not exchanged or not self.reach.at_import.isdisjoint(spots)
        if at_import:
            tests = self._likeliest_first(mutant, self.reach.tests())
            for some in (tests[:4], tests):
                said, status = self._child(lambda say, some=some: self._anew(some, say), 60.0)
                if said != PASSED:
                    return said, status
        return PASSED, 0

    def _likeliest_first(self, mutant: Mutant, tests: list[str]) -> list[str]:
        if mutant.file != "autograd/primitives.py":
            tests = [test for test in tests if not test.startswith(_DERIVATIVES)]
        recent = [*self._killers.get(f"{mutant.file} {mutant.place}", []), *self._killers.get(mutant.file, [])]
        known = set(tests)
        return list(dict.fromkeys([*(test for test in recent if test in known), *tests]))

    def _serve(self, plugin: _Tests, there: Connection) -> None:
        """Judge the mutants that come, each in a fork of this process."""
        existing = functions(self.paths)
        sys.dont_write_bytecode = True
        gc.freeze()
        there.send("ready")
        while True:
            try:
                mutant, tests = there.recv()
            except EOFError:
                return

            def body(say: Say, mutant: Mutant = mutant, tests: list[str] = tests) -> None:
                changed = change(self.originals[mutant.file], mutant.source, str(self.tree / mutant.file))
                if not exchange(changed, mutant.file, existing):
                    os._exit(_NOT_EXCHANGED)
                plugin.run(tests, say, self.reach.seconds)

            said, status = self._child(body, 60.0)
            there.send((status != _NOT_EXCHANGED, said, status))

    def _anew(self, tests: list[str], say: Say) -> None:
        """Import the library, with the mistake, and the tests, and run these."""
        say("import")
        sys.dont_write_bytecode = True
        _limit_processor(60.0)
        _enter(self.tree)
        files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
        # A mistake in a table may also be one test less: that alone is no failure.
        _session(files, lambda plugin: plugin.run([t for t in tests if t in plugin.items], say, self.reach.seconds))

    def _child(self, body: Callable[[Say], object], patience: float) -> tuple[str, int]:
        """Run ``body`` in a process of its own: the last thing that it said there, and the exit code."""
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.setsid()
            _leave(lambda: body(lambda said: os.write(writing, f"{said}\n".encode())))
        os.close(writing)
        heard, idle = b"\n", 0
        with open(reading, "rb", buffering=0) as pipe:
            # A wait counts as one second, however long this process, too, was stopped.
            while idle < patience + 30.0 * self.reach.seconds.get(_last_line(heard), 0.0):
                if not select.select([pipe], [], [], 1.0)[0]:
                    idle += 1
                elif more := pipe.read(1 << 16):
                    heard, idle = heard[-1000:] + more, 0
                else:
                    break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        return _last_line(heard), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _last_line(heard: bytes) -> str:
    return heard.decode(errors="replace").split("\n")[-2]


# ---- In a process of the tests -----------------------------------------------------------------------------


def _leave(body: Callable[[], object]) -> NoReturn:
    status = 98
    try:
        body()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _enter(tree: Path) -> None:
    """Make this process one that imports the library and the tests from ``tree``."""
    log = os.open(tree / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.chdir(tree)
    for name in [m for m in sys.modules if m.partition(".")[0] in FOLDERS and not m.startswith("tests.mutation")]:
        del sys.modules[name]
    sys.path[:] = [str(tree), *(p for p in sys.path if p not in ("", str(ROOT)))]
    os.environ.update(PYTHONPATH=str(tree), PYTHONDONTWRITEBYTECODE="1")


def _session(tests: Sequence[str], loop: Callable[[_Tests], None]) -> None:
    """Collect ``tests`` with pytest, and run ``loop`` on them."""
    tree = Path.cwd()
    options = ["-q", "-s", "--tb=short", "--no-header", "-p", "no:cacheprovider", f"--rootdir={tree}"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning", f"--basetemp={tree / 'scratch'}"]
    status = pytest.main([*options, *tests], plugins=[_Tests(loop)])
    if status:
        sys.stdout.flush()
        os._exit(status)


def _limit_processor(seconds: float) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


class _Tests:
    """The tests that pytest has collected, as a plugin of pytest that leaves the running to ``loop``."""

    def __init__(self, loop: Callable[[_Tests], None]) -> None:
        self._loop = loop
        self._failed = False
        self.items: dict[str, pytest.Item] = {}
        self.seconds: dict[str, float] = {}  # of the processor, that the tests took

    def pytest_collection(self) -> None:
        # A failure is enough: to look for the smallest one takes minutes.
        phases = (Phase.explicit, Phase.generate, Phase.target)
        settings.register_profile("mutation", settings.get_profile("default"), phases=phases)
        settings.load_profile("mutation")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:  # at import
            os._exit(_FAILED)
        self.items = {i.nodeid: i for i in session.items if not any(name in i.nodeid for name in ABOUT_THE_TESTS)}
        for name in ("autograd", "nn"):
            try:
                module = importlib.import_module(name)
            except Exception:
                traceback.print_exc()
                os._exit(_FAILED)
            if not str(module.__file__).startswith(os.getcwd()):
                raise RuntimeError(f"{name} is that of another folder")
        self._loop(self)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed = True
            print(report.longreprtext)

    def run(self, tests: list[str], say: Say, seconds: dict[str, float] | None = None) -> None:
        """Run the tests in this order, up to the first that fails, where the process ends; say which, each time."""
        items = [self.items[test] for test in tests]
        for i, item in enumerate(items):
            say(item.nodeid)
            if seconds is not None:
                _limit_processor(5.0 + 10.0 * seconds[item.nodeid])
            start = time.process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=items[i + 1] if i + 1 < len(items) else None)
            self.seconds[item.nodeid] = time.process_time() - start
            if self._failed:
                sys.stdout.flush()
                os._exit(_FAILED)
        say(PASSED)
