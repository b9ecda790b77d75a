"""A save that fails, at whatever point, leaves the old file whole, and says what happened to which file."""

import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import nn

from .killed import deaths

ROOT = Path(__file__).parents[2]


@pytest.fixture
def model() -> nn.MLP:
    return nn.MLP([2, 2, 1], seed=1)


@pytest.fixture
def saved(tmp_path: Path, model: nn.MLP) -> Path:
    path = tmp_path / "model.json"
    model.save(path)
    return path


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_a_process_killed_while_it_saves_leaves_the_old_file_whole(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.trust.killed", tmp_path, "7"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    count, _, verdict = done.stdout.strip().partition(" deaths, ")
    assert int(count) > 60
    assert verdict == "0 damaged files or surprises"


def test_the_check_for_damage_can_fail(tmp_path, monkeypatch):
    """A save that writes straight into the file is found out."""
    monkeypatch.setattr(nn.storage, "_replace", lambda path, text: path.write_text(text, encoding="utf-8"))
    _, wrong = deaths(tmp_path, byte_stride=50)
    assert any("the old file is no longer whole" in line for line in wrong)


def test_a_disk_that_fills_up_at_any_byte(saved, tmp_path_factory):
    """The kernel refuses the write with EFBIG, as it would with ENOSPC."""
    before, limit = saved.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    other = nn.MLP([2, 2, 1], seed=2)
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "model.json"
    other.save(elsewhere)
    try:
        for byte in range(0, elsewhere.stat().st_size, 7):
            resource.setrlimit(resource.RLIMIT_FSIZE, (byte, limit[1]))
            with pytest.raises(OSError, match=r"model\.json") as caught:
                other.save(saved)
            assert caught.value.errno == errno.EFBIG
            assert saved.read_bytes() == before
            assert os.listdir(saved.parent) == ["model.json"], "a half-written file was left behind"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    other.save(saved)
    assert nn.load(saved).state_dict() == other.state_dict()


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT])
def test_an_error_of_the_system_at_any_step(saved, model, monkeypatch, step, code):
    before = saved.read_bytes()

    def fail(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match=r"model\.json") as caught:
        nn.MLP([2, 2, 1], seed=2).save(saved)
    assert caught.value.errno == code
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == ["model.json"]


FULL_DISK = """
import sys, nn
old, new = nn.MLP([2, 2, 1], seed=1), nn.MLP([40, 40, 1], seed=2)
old.save("disk/model.json")
before = open("disk/model.json").read()
try:
    new.save("disk/model.json")
except OSError as error:
    print(error)
assert open("disk/model.json").read() == before
"""


def test_a_disk_that_is_really_full(tmp_path):
    if not shutil.which("unshare"):
        pytest.skip("needs unshare, to mount a disk of 16 kB")
    (tmp_path / "disk").mkdir()
    mounted = "mount -t tmpfs -o size=16k none disk && "
    inside = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if subprocess.run([*inside, mounted + "true"], cwd=tmp_path, capture_output=True).returncode:
        pytest.skip("mounting a small disk is not permitted here")
    done = subprocess.run(
        [*inside, mounted + '"$0" -c "$1"', sys.executable, FULL_DISK],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "[Errno 28] No space left on device: 'disk/model.json'\n"


READ_ONLY = """
import os, sys, nn
os.chdir(sys.argv[1])
if os.getuid() == 0:
    os.setuid(65534)  # root may write everywhere
try:
    nn.MLP([2, 2, 1], seed=2).save("model.json")
except OSError as error:
    print(error)
"""


def test_a_folder_that_is_read_only(saved):
    for folder in (saved.parent, saved.parent.parent, saved.parent.parent.parent):
        folder.chmod(0o755)
    before = saved.read_bytes()
    saved.parent.chmod(0o555)
    try:
        done = run(READ_ONLY, saved.parent)
    finally:
        saved.parent.chmod(0o755)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "[Errno 13] Permission denied: 'model.json'\n"
    assert saved.read_bytes() == before


def test_a_folder_that_is_not_there(tmp_path, model):
    with pytest.raises(FileNotFoundError) as caught:
        model.save(tmp_path / "nowhere" / "model.json")
    assert caught.value.filename == str(tmp_path / "nowhere" / "model.json")


def test_a_folder_in_the_place_of_the_file(tmp_path, model):
    (tmp_path / "model.json").mkdir()
    with pytest.raises(OSError, match=r"model\.json'$"):
        model.save(tmp_path / "model.json")
    assert os.listdir(tmp_path) == ["model.json"]


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_model_that_is_no_longer_finite_does_not_replace_one_that_is(saved, model, number):
    before = saved.read_bytes()
    model.parameters()[3].data = number
    with pytest.raises(ValueError, match="not saved"):
        model.save(saved)
    assert saved.read_bytes() == before


def test_ctrl_c_while_it_saves(saved, model, monkeypatch):
    before = saved.read_bytes()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        nn.MLP([2, 2, 1], seed=2).save(saved)
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == ["model.json"]
