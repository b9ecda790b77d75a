"""The check itself: it makes the mistakes it should, and only those; a mistake is found, and what is none survives."""

import ast
import subprocess
import sys
from typing import Any

import pytest

from tests.mutation.equivalent import REASONS
from tests.mutation.exchange import Change, change, exchange, functions
from tests.mutation.mutants import mutants, plain
from tests.mutation.reaching import Recorder
from tests.mutation.running import ROOT, TARGETS

TABLE = """
log = _function("log", math.log, lambda x, z: 1 / x, symbol="log", domain="x > 0", ieee=lambda x: -inf)
"""


def descriptions(source: str) -> set[str]:
    return {f"{m.before} → {m.after}" for m in mutants("file.py", source)}


def test_the_lambdas_of_the_table_are_mutated_and_what_is_displayed_is_not():
    found = descriptions(TABLE)
    assert {"1 / x → 1 * x", "1 / x → x / 1", "1 → 2", "1 → 0", "x → z", "-inf → inf"} <= found
    assert not any("domain" not in what.partition(" → ")[2] for what in found if what.startswith("_function"))
    assert len([what for what in found if what.startswith("_function")]) == 2  # without ieee; two arguments swapped


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("y = a + b", {"a + b → a - b"}),
        ("y = a - b", {"a - b → a + b", "a - b → b - a"}),
        ("y = a < b", {"a < b → a <= b", "a < b → a >= b"}),
        ("y = a and b", {"a and b → a or b", "a and b → a", "a and b → b"}),
        ("y = f(a, b, key=c)", {"f(a, b, key=c) → f(b, a, key=c)", "f(a, b, key=c) → f(a, b)"}),
        ("y = a[b:c]", {"a[b:c] → a[:c]", "a[b:c] → a[b:]"}),
        ("y = -a", {"-a → a"}),
        ("y = True", {"True → False"}),
        ("y = (a, b)", {"(a, b) → (b, a)"}),
    ],
)
def test_the_mistakes(source, expected):
    assert descriptions(source) - {f"{source} → pass"} == expected


@pytest.mark.parametrize(
    "source", ['"text"', 'raise ValueError("text", 1 + 1)', "def f(x: a - b) -> c - d: ...", "import a"]
)
def test_what_is_no_mistake_of_computing(source):
    assert {what.partition(" → ")[2] for what in descriptions(source)} <= {"pass"}


@pytest.mark.parametrize("file", TARGETS)
def test_every_mutant_is_a_program_and_no_two_are_the_same(file):
    source = (ROOT / file).read_text(encoding="utf-8")
    if file == "autograd/primitives.py":
        source = source[: source.index("# ---- The table")]  # all of it takes 20 s
    found = mutants(file, source)
    assert len(found) > 20
    assert len({plain(source), *(m.source for m in found)}) == len(found) + 1
    for mutant in found[::20]:
        ast.parse(mutant.source)


# ---- A mistake put into a process that has imported the original ----------------------------------------------

FILE = """
def scaled(factor):
    def method(x):
        return x * factor
    return method

def above(least):
    def method(x):
        return x if x > least else least
    return method

twice, natural = scaled(2.0), above(0.0)
pair = (lambda x: x + 1.0, lambda x: x + 1.0)
LIMIT = 3 * 4
"""


def imported(file: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(plain(FILE), file, "exec"), names)
    return names


def with_mistake(after: str, nth: int = 0) -> tuple[dict[str, Any], bool, Change]:
    mutant = [m for m in mutants("file.py", FILE) if m.after == after][nth]
    names = imported("/where/it/lies/file.py")
    what = change(plain(FILE), mutant.source, "/where/it/lies/file.py")
    done = exchange(what, "file.py", functions({"/where/it/lies/file.py": "file.py"}))
    return names, done, what


def test_functions_made_before_the_mistake_have_it():
    names, done, what = with_mistake("x / factor")
    assert done
    assert names["twice"](3.0) == 1.5
    assert names["scaled"](4.0)(2.0) == 0.5
    assert names["twice"].__code__.co_filename == "/where/it/lies/file.py"
    assert [original.co_name for original, _ in what.chain] == ["<module>", "scaled", "method"]
    assert what.lines == {4}


def test_one_lambda_of_a_line_has_it():
    names, done, what = with_mistake("x - 1.0", nth=1)
    assert done
    assert [f(1.0) for f in names["pair"]] == [2.0, 0.0]
    assert what.lines == {12}


def test_what_happens_at_import_cannot_be_exchanged():
    _, done, what = with_mistake("3 / 4")
    assert not done
    assert what.at_import


def test_nor_can_a_function_that_would_need_another_variable_around_it():
    names, done, what = with_mistake("x")  # `least`, of the function around it, is gone
    assert not what.at_import
    assert not done
    assert names["natural"](-3.0) == 0.0


def test_the_lines_that_are_reached():
    names = imported("/where/it/lies/file.py")
    recorder = Recorder({"/where/it/lies/file.py": "file.py"})
    with recorder.following():
        names["twice"](1.0)
    (((file, name, _), line),) = recorder.spots() - {(k, 3) for k, _ in recorder.spots()}
    assert (file, name, line) == ("file.py", "scaled.<locals>.method", 4)
    with recorder.following():
        names["pair"][1](1.0)
    assert len(recorder.spots()) == 1


# ---- The whole ---------------------------------------------------------------------------------------


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.mutation", *arguments]
    command += ["--workers", "1", "--tests", "tests/autograd/test_value.py"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_mistakes_are_killed_what_computes_the_same_survives_and_the_working_tree_is_untouched():
    before = (ROOT / "autograd/graph.py").read_bytes()
    in_a_function, at_import = "topological_order: 1 → ", "_now: _now = 0 → pass"
    the_same = ("descendants: node not in reached and (not reached.isdisjoint(node.parents)) → not", "_now: 0 → 1")
    done = run("--explained", *(x for text in (in_a_function, at_import, *the_same) for x in ("--match", text)))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "3 of     5 killed   60.0%   (0 by running out of time)" in done.stdout
    assert "adding a node to a set twice" in done.stdout
    assert (ROOT / "autograd/graph.py").read_bytes() == before


def test_reasons_are_given():
    assert all(reason.strip() for reason in REASONS.values())


def test_equal_tokens_of_one_place_are_told_apart():
    found = mutants("file.py", "y = x[1] + x[1] + x[1]")
    assert [m.key for m in found if m.after == "2"] == [f"file.py y: 1 → 2{which}" for which in ("", " (2)", " (3)")]
