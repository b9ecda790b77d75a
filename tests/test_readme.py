"""Every block of the README is executed: sessions, shell commands with their output, and the files it names."""

from __future__ import annotations

import doctest
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [(kind, body) for kind, body in re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)]


def test_only_kinds_of_blocks_that_are_executed() -> None:
    assert {kind for kind, _ in BLOCKS} <= {"sh", "pycon", "console", "text"}


def test_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python sessions, in order and in one namespace, print what the README shows."""
    monkeypatch.chdir(tmp_path)
    session = "\n".join(body for kind, body in BLOCKS if kind == "pycon")
    test = doctest.DocTestParser().get_doctest(session, {}, "README.md", "README.md", 0)
    assert len(test.examples) >= 8
    report: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(test, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("body", [body for kind, body in BLOCKS if kind == "console"])
def test_commands_with_output(body: str) -> None:
    """A ``$`` line runs with this interpreter and prints what follows it; … stands for any text."""
    for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", body, re.MULTILINE):
        words = shlex.split(command)
        assert words[0] == "python"
        done = subprocess.run([sys.executable, *words[1:]], cwd=ROOT, capture_output=True, text=True, check=True)
        assert doctest.OutputChecker().check_output(expected, done.stdout, doctest.ELLIPSIS), done.stdout


def test_ci_runs_the_commands_for_a_fresh_machine() -> None:
    """The main job and the tests: one line each, with all their own set-up."""
    commands = [line for kind, body in BLOCKS if kind == "sh" for line in body.splitlines()]
    main_job, tests = (next(c for c in commands if word in c) for word in ("nn train", "pytest"))
    for command in (main_job, tests):
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install")
    marked = README.count("<!-- runs in CI -->\n```sh\n")
    assert marked == 2


def test_links_and_pictures_exist() -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)]+)\)|src=\"(?!https?:)([^\"]+)\"", README):
        path = "".join(target).split("#")[0]
        assert (ROOT / path).exists(), path


def test_the_picture_is_what_the_command_beside_it_draws(tmp_path: Path) -> None:
    pytest.importorskip("pygraphviz", reason="the picture needs the bundled layout engine")
    (command,) = re.findall(r"`python (-m autograd [^`]*) --svg gradient.svg`", README)
    subprocess.run([sys.executable, *shlex.split(command), "--svg", str(tmp_path / "g.svg")], cwd=ROOT, check=True)
    assert (tmp_path / "g.svg").read_bytes() == (ROOT / "notebooks/pictures/gradient.svg").read_bytes()
