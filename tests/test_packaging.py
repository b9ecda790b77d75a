"""What a stranger installs: a wheel in a fresh virtual environment, away from the checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(python: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, *arguments], cwd=cwd, capture_output=True, text=True, env={"PATH": "", "PYTHONWARNINGS": "error"}
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def fresh_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a virtual environment that holds the wheel and nothing else, not even its dependencies."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    site = run(python, "-c", "import site; print(site.getsitepackages()[0])", cwd=folder).stdout.strip()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return python


def test_the_wheel_holds_the_packages_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"autograd", "nn"}
    assert {"autograd/py.typed", "nn/py.typed"} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_core_needs_no_dependency(fresh_python: Path, tmp_path: Path) -> None:
    program = "from autograd import Value; x = Value(3.0); (x * x).backward(); print(x.grad)"
    assert run(fresh_python, "-c", program, cwd=tmp_path).stdout == "6.0\n"


def test_both_command_lines_start_without_dependencies(fresh_python: Path, tmp_path: Path) -> None:
    for package in ("autograd", "nn"):
        done = run(fresh_python, "-m", package, "--help", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "usage:" in done.stdout


def test_drawing_without_an_engine_says_what_to_install(fresh_python: Path, tmp_path: Path) -> None:
    done = run(fresh_python, "-c", "import autograd; autograd.draw(autograd.Value(1.0).exp()).svg", cwd=tmp_path)
    assert done.returncode != 0
    assert 'pip install "scalar-autograd[draw]"' in done.stderr


def test_mixed_with_the_other_autograd_it_refuses(tmp_path: Path) -> None:
    """Two distributions that unpack into one folder leave a package that is neither."""
    shutil.copytree(ROOT / "autograd", tmp_path / "autograd")
    (tmp_path / "autograd" / "tracer.py").write_text("# a module of the other package\n")
    done = subprocess.run([sys.executable, "-c", "import autograd"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert "ImportError: two packages named autograd" in done.stderr
    assert "pip uninstall" in done.stderr


def test_nn_on_top_of_the_other_autograd_says_so(tmp_path: Path) -> None:
    """Whichever was installed last owns autograd/__init__.py."""
    shutil.copytree(ROOT / "nn", tmp_path / "nn")
    (tmp_path / "autograd").mkdir()
    (tmp_path / "autograd" / "__init__.py").write_text("grad = None\n")
    done = subprocess.run([sys.executable, "-c", "import nn"], cwd=tmp_path, capture_output=True, text=True)
    assert "ImportError: nn stands on scalar-autograd" in done.stderr
