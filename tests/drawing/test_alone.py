"""``pip install "scalar-autograd[draw]"`` and nothing else: no ``dot``, no fonts, no other package, and every picture.

The same by hand, on a machine with a network:

    python -m venv fresh && fresh/bin/pip install ".[draw]"
    env -i fresh/bin/python -c "import nn; nn.draw(nn.MLP([4, 3, 2, 1], seed=1)).save('network.png')"
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tomllib
import venv
from importlib import metadata
from pathlib import Path

import pytest

pytest.importorskip("pygraphviz", reason="the pictures' layout needs pygraphviz")
pytest.importorskip("resvg_py", reason="PNGs need resvg_py")

import autograd

ROOT = Path(autograd.__file__).parent.parent

_PROGRAM = """
import hashlib, shutil, sys
from pathlib import Path
from autograd import Value, draw, stepper
import nn

a, b = Value(2.0, "a"), Value(-3.0, "b")
root = (a * b + a).tanh()
root.backward()
folder = Path(sys.argv[1])
written = [draw(root).save(folder / f"g{suffix}") for suffix in (".svg", ".png", ".pdf", ".dot", ".html")]
written += [stepper(root).save(folder / "s.html"), nn.draw(nn.MLP([2, 2, 1], seed=1)).save(folder / "n.png")]
print(*[hashlib.sha256(path.read_bytes()).hexdigest() for path in written])
print(shutil.which("dot"), sorted({name.partition(".")[0] for name in sys.modules} & {"numpy", "IPython", "PIL"}))
"""


def declared() -> list[str]:
    """The distributions that the extra installs, by the project file."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = project["dependencies"] + project["optional-dependencies"]["draw"]
    return [re.match(r"[\w.-]+", line)[0] for line in required]  # type: ignore[index]


@pytest.fixture(scope="module")
def fresh_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds this package and what the extra declares, and no more."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, symlinks=True)
    site = next((folder / "lib").glob("python3.*/site-packages"))
    for name in declared():
        for file in metadata.files(name) or ():
            top = file.parts[0]
            if top != ".." and not (site / top).exists():
                (site / top).symlink_to(Path(str(metadata.distribution(name).locate_file(top))))
    for package in ("autograd", "nn"):
        (site / package).symlink_to(ROOT / package)
    return folder / "bin" / "python"


def test_the_extra_draw_alone_makes_every_picture(fresh_python: Path, tmp_path: Path) -> None:
    def run(python: str, name: str, environment: dict[str, str]) -> list[str]:
        (tmp_path / name).mkdir()
        command = [python, "-c", _PROGRAM, str(tmp_path / name)]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    bare = {"PATH": str(tmp_path / "nothing"), "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    bare |= {"FONTCONFIG_FILE": str(tmp_path / "none"), "FONTCONFIG_PATH": str(tmp_path / "none")}
    alone, surroundings = run(str(fresh_python), "alone", bare)
    assert surroundings == "None []"
    here, _ = run(sys.executable, "here", {**os.environ, "PYTHONPATH": str(ROOT)})
    assert alone == here  # the same bytes as where everything is installed
    assert (tmp_path / "alone" / "g.png").read_bytes().startswith(b"\x89PNG")
    assert len(set(alone.split())) == 7
    assert hashlib.sha256((tmp_path / "alone" / "n.png").read_bytes()).hexdigest() == alone.split()[-1]
