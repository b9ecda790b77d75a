"""The check itself: it makes the mistakes it should, and only those; a mistake is found, and what is none survives."""

import ast
import subprocess
import sys

import pytest

from tests.mutation.equivalent import REASONS
from tests.mutation.mutants import mutants
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
    assert len({m.source for m in found}) == len(found)
    for mutant in found[::10]:
        ast.parse(mutant.source)
        assert mutant.source != ast.unparse(ast.parse(source))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "tests.mutation",
        "autograd/graph.py",
        "--stages",
        "1",
        "--workers",
        "1",
        *arguments,
    ]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_mistakes_are_killed_and_the_working_tree_is_untouched():
    before = (ROOT / "autograd/graph.py").read_bytes()
    done = run("--match", "topological_order: 1 ")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "100.0%" in done.stdout
    assert (ROOT / "autograd/graph.py").read_bytes() == before


def test_what_computes_the_same_survives_and_is_explained():
    done = run("--match", "descendants: node not in reached and (not reached.isdisjoint(node.parents)) → not")
    assert done.returncode == 1, done.stdout + done.stderr  # no mutant of one was killed
    assert "1 survivors, 0 of them without a reason" in done.stdout


def test_reasons_are_given():
    assert all(reason.strip() for reason in REASONS.values())
