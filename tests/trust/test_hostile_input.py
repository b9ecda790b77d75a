"""Hostile input: a small run of the fuzzer, what it has found before, and the same through the real command lines."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nn
from tests.trust import fuzz

ROOT = Path(__file__).parents[2]

# ---- The fuzzer, small -------------------------------------------------------------------------------------

SMALL = {"model": 250, "csv": 400, "expression": 250, "command": 25, "label": 400}


@pytest.mark.parametrize("name", fuzz.SURFACES)
def test_no_spoiled_input_is_mishandled(name):
    if name == "label":
        pytest.importorskip("pygraphviz")
    seed = os.environ.get("FUZZ_SEED", "small")
    tally = fuzz.batch((name, seed, 0, SMALL[name]))
    assert tally.wrong == {}
    assert tally.counts.total() == SMALL[name]
    assert tally.counts[f"{name} accepted"] > 0
    assert tally.counts[f"{name} refused"] > 0 or name == "label"


def test_what_is_neither_accepted_nor_refused_is_wrong(tmp_path):
    def judge(given, folder):
        raise KeyError(given)

    tally = fuzz.Tally()
    fuzz.attempt(fuzz.Surface("csv", 1, fuzz.draw_csv, judge), "1", tmp_path, tally)
    assert tally.counts == {"csv wrong": 1}
    assert "KeyError" in next(iter(tally.wrong))


@pytest.mark.parametrize(
    ("renderer", "spoil"),
    [
        ("svg", lambda text, label: text.replace("</svg>", "<script>alert(1)</script></svg>")),
        ("html", lambda text, label: text + "<img src=x onerror=alert(1)>"),
        ("mathml", lambda text, label: text.replace("<mi>", "<mi onclick='x'>", 1)),
        ("dot", lambda text, label: text.replace("digraph {", "digraph { image=x;")),
        ("latex", lambda text, label: text + r"\input{x}"),
        ("latex", lambda text, label: text + "}"),
        ("chain", lambda text, label: text + "%"),
        ("markdown", lambda text, label: text + "<b>"),
        ("text", lambda text, label: text + "\x1b[31m"),
        ("text", lambda text, label: text + "\n"),
    ],
)
def test_smuggled_markup_is_found(monkeypatch, tmp_path, renderer, spoil):
    pytest.importorskip("pygraphviz")
    make, structure = fuzz.RENDERERS[renderer]
    fuzz.allowed(renderer)
    monkeypatch.setitem(fuzz.RENDERERS, renderer, (lambda y: spoil(make(y), "w"), structure))
    place = list(fuzz.RENDERERS).index(renderer)
    given = ("w", place) if place < 6 else ("w" * (3 + place - 6), 0)  # as judge_label chooses
    with pytest.raises(fuzz.WrongError):
        fuzz.judge_label(given, tmp_path)


# ---- Hypothesis, which shrinks what it finds ---------------------------------------------------------------

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(data=st.binary(max_size=200))
def test_any_bytes_as_a_model_file(tmp_path, data):
    assert fuzz.judge_model(data, tmp_path) == "refused"


@quick
@given(
    data=st.one_of(st.binary(max_size=100), st.text(alphabet='0123456789.,;-e"\n\r x', max_size=100).map(str.encode))
)
def test_any_bytes_as_a_table(tmp_path, data):
    fuzz.judge_csv(data, tmp_path)


@quick
@given(text=st.one_of(st.text(max_size=60), st.text(alphabet="x+-*/()., 019e_[]'lambdif", max_size=40)))
def test_any_text_as_an_expression(tmp_path, text):
    fuzz.judge_expression([text, "x=2"], tmp_path)


@quick
@given(label=st.text(max_size=60), which=st.integers(1, 7))
def test_any_text_as_a_label(tmp_path, label, which):
    fuzz.judge_label((label, which), tmp_path)


# ---- What the fuzzer has found before ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"loss": [', '"loss": [1e400,', "too large for a float"),
        ('"loss": [', f'"loss": [{"9" * 400},', "too large for a float"),
        ('"stopped": "epochs"', r'"stopped": "\ud800"', "surrogate"),
    ],
)
def test_a_model_file_that_could_not_be_saved_again_is_refused(tmp_path, old, new, says):
    model = nn.MLP([1, 1], seed=1)
    history = nn.fit(model, [[1.0], [2.0]], [1.0, 2.0], epochs=1, backend="eager")
    path = tmp_path / "model.json"
    model.save(path, history)
    text = " ".join(path.read_text(encoding="utf-8").split())
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(nn.ModelFileError, match=says):
        nn.load(path)


# ---- The real command lines, in processes of their own -----------------------------------------------------

LIMITS = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
sys.argv[:] = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def shell(module, *arguments):
    """A command line that may take 20 seconds of the processor and 2 GB, and is killed beyond."""
    return subprocess.run(
        [sys.executable, "-c", LIMITS, module, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True
    )


def refused(done):
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert done.stderr.startswith("python -m ")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("9**9**9", "too large"),
        ("9.0**9**9**9**9", "too large"),
        ("(" * 3000 + "1" + ")" * 1900, "expression"),
        ("-" * 4990 + "1", "nested"),
        ("sin(" * 900 + "1" + ")" * 900, "nested"),
        ("9" * 4900, "digits"),
        ("1" * 6000, "characters"),
        ("__import__('os').system('touch hacked')", "not allowed"),
        ("().__class__.__bases__[0].__subclasses__()", "not allowed"),
        ("(lambda: 0)()", "not allowed"),
        ("[1 for _ in range(9)]", "not allowed"),
        ("1/0", "division by zero"),
        ("log(0)", "domain"),
        ("x", "x=NUMBER"),
        ("'a'*9**9", "not allowed"),
        ("\x1b[31m", "expression"),
        ("1if 2 else 3", "decimal literal"),
        ("", "expression"),
    ],
    ids=lambda text: text[:20] if text.isprintable() else "control characters",
)
def test_an_expression_refused_by_the_command(expression, says):
    assert says in refused(shell("autograd", expression))


def test_nothing_of_an_expression_is_evaluated(tmp_path):
    done = shell("autograd", f"open('{tmp_path}/hacked', 'w')")
    refused(done)
    assert list(tmp_path.iterdir()) == []


def test_options_and_settings_refused_by_the_command():
    for arguments in (
        ["x", "x"],
        ["x", "x=1", "x=2"],
        ["x", "x=abc"],
        ["x", "x=1", "--latex", "no"],
        ["x", "--foo"],
        [],
    ):
        refused(shell("autograd", *arguments))


@pytest.mark.parametrize("number", range(6))
def test_spoiled_expressions_through_the_real_command(number):
    arguments = fuzz.draw_expression(random.Random(f"shell/{number}"))
    arguments = [a.replace("\x00", "").encode("utf-8", "ignore").decode() for a in arguments]
    done = shell("autograd", *arguments)
    if done.returncode:
        refused(done)
    else:
        assert done.stdout.strip()
        assert done.stderr == ""


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02", ""),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"x,y\n1,\n", "empty"),
        (b"x,y\n1,nan\n", "finite"),
        (b"x,y\n1,2,3\n", "cells"),
        (b'x,y\n"1,2\n', ""),
        (b"x,x\n1,2\n", "two columns"),
        (b"x,y\n1,=1+1\n", "not a number"),
        (b"x" * 200_000 + b",y\n1,2\n", ""),
        (b"x" * 2_000 + b",x\n1,nan\n", "finite"),
        (b"x" * 2_000 + b",y\nnan,1\n", "finite"),
        (b"a\x1bb\x00,c\n1,2\n", "unknown column"),
    ],
)
def test_a_table_refused_by_the_command(tmp_path, content, says):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    assert says in refused(shell("nn", "train", path, "--target", "y", "--epochs", "1"))


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[" * 100_000, b'{"format": "scalar-autograd model"}', b"\x80\x04K\x01."]
)
def test_a_model_file_refused_by_the_command(tmp_path, content):
    (tmp_path / "model.json").write_bytes(content)
    (tmp_path / "table.csv").write_text("x\n1\n")
    assert "model" in refused(shell("nn", "predict", tmp_path / "model.json", tmp_path / "table.csv"))
