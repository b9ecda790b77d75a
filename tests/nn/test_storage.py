"""Model files: they come back bit for bit, and hostile ones change nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nn

ROWS, TARGETS = [[160.0, 60.0], [170.0, 65.0], [180.0, 70.0], [190.0, 71.0]], [21.0, 22.0, 20.0, 18.0]


@pytest.fixture
def saved(tmp_path: Path) -> tuple[nn.MLP, Path]:
    model = nn.MLP([2, 3, 1], activation="relu", seed=1)
    history = nn.fit(model, ROWS, TARGETS, lr=0.05, epochs=20, standardize=True, optimizer="adam")
    model.columns = ("height", "weight", "bmi")
    path = tmp_path / "model.json"
    model.save(path, history)
    return model, path


def test_it_comes_back_bit_for_bit_with_scaling_columns_and_history(saved: tuple[nn.MLP, Path]) -> None:
    model, path = saved
    twin = nn.load(path)
    assert twin.state_dict() == model.state_dict()
    assert twin.scaling == model.scaling
    assert twin.columns == model.columns
    assert twin.predict(ROWS) == model.predict(ROWS)
    assert repr(twin) == repr(model)
    history = nn.load_history(path)
    assert history is not None
    assert history.epochs == 20

    filled = nn.MLP([2, 3, 1], activation="relu", seed=9)
    filled.load(path)
    assert filled.predict(ROWS) == model.predict(ROWS)


def test_saving_leaves_one_ordinary_file(saved: tuple[nn.MLP, Path]) -> None:
    model, path = saved
    model.save(path)
    assert [p.name for p in path.parent.iterdir()] == ["model.json"]
    assert json.loads(path.read_text(encoding="utf-8"))["format"] == "scalar-autograd model"
    assert nn.load_history(path) is None


def test_own_functions_and_infinite_numbers_are_not_saved(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    with pytest.raises(ValueError, match="function of one's own"):
        nn.MLP([1, 1, 1], activation=lambda z: z * 2).save(path)
    model = nn.MLP([1, 1])
    model.parameters()[0].data = math.inf
    with pytest.raises(ValueError, match="infinite number or NaN"):
        model.save(path)
    assert not list(tmp_path.iterdir())


def test_a_file_is_cut_off_anywhere(saved: tuple[nn.MLP, Path]) -> None:
    model, path = saved
    text = path.read_bytes()
    before = model.state_dict()
    for length in [*range(0, len(text) - 2, 97), len(text) - 3]:
        path.write_bytes(text[:length])
        with pytest.raises(nn.ModelFileError, match=r"model\.json"):
            model.load(path)
        with pytest.raises(nn.ModelFileError):
            nn.load(path)
    assert model.state_dict() == before


def setting(*keys: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        place: Any = content
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = to

    return change


HOSTILE: dict[str, Callable[[dict[str, Any]], None]] = {
    "another format": setting("format", to="something"),
    "a later version": setting("version", to=2),
    "one more part": setting("more", to=1),
    "a part less": lambda c: c.pop("scaling"),
    "no parameters": setting("parameters", to={}),
    "a parameter less": lambda c: c["parameters"].pop("b21"),
    "another name": lambda c: c["parameters"].update(w9_99=c["parameters"].pop("b21")),
    "a text for a number": setting("parameters", "b21", to="1.0"),
    "true for a number": setting("parameters", "b21", to=True),
    "null for a number": setting("parameters", "b21", to=None),
    "a number beyond floats": setting("parameters", "b21", to=10**400),
    "other sizes": setting("model", "sizes", to=[2, 4, 1]),
    "huge sizes": setting("model", "sizes", to=[10**9, 10**9, 1]),
    "sizes that are no list": setting("model", "sizes", to="2-3-1"),
    "negative sizes": setting("model", "sizes", to=[2, -3, 1]),
    "an activation that is none": setting("model", "activation", to="__import__('os')"),
    "an activation that is a list": setting("model", "activation", to=["tanh"]),
    "an argument more": setting("model", "seed", to=1),
    "a bias that is a number": setting("model", "bias", to=1),
    "a scale of 0": setting("scaling", "inputs", "scale", to=[0.0, 1.0]),
    "a scaling of another width": setting("scaling", "inputs", to={"mean": [0.0], "scale": [1.0]}),
    "a scaling of two targets": setting("scaling", "targets", to={"mean": [0.0] * 2, "scale": [1.0] * 2}),
    "a scaling that is text": setting("scaling", to="yes"),
    "columns twice": setting("columns", to=["a", "a", "b"]),
    "too few columns": setting("columns", to=["a"]),
    "columns that are numbers": setting("columns", to=[1, 2, 3]),
    "a history that is text": setting("history", to="long"),
    "a history with text in it": setting("history", "loss", to=["1"]),
    "a history that counts below 0": setting("history", "epochs", to=-1),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_and_changes_nothing(saved: tuple[nn.MLP, Path], name: str) -> None:
    model, path = saved
    content = json.loads(path.read_text(encoding="utf-8"))
    HOSTILE[name](content)
    path.write_text(json.dumps(content), encoding="utf-8")
    before, scaling, columns = model.state_dict(), model.scaling, model.columns
    with pytest.raises(nn.ModelFileError, match=r"model\.json") as error:
        model.load(path)
    assert len(str(error.value)) < 400
    with pytest.raises(nn.ModelFileError):
        nn.load(path)
    assert (model.state_dict(), model.scaling, model.columns) == (before, scaling, columns)


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"null",
        b"[]",
        b'{"format": NaN}',
        b'{"format": 1, "format": 2}',
        b"1" * 5000,
        b'{"format": "scalar-autograd model", "version": 1}',
    ],
    ids=["no text", "deep", "null", "list", "NaN", "twice", "long number", "short"],
)
def test_what_is_no_model_at_all_is_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(text)
    with pytest.raises(nn.ModelFileError, match=r"model\.json"):
        nn.load(path)


def test_a_model_of_another_shape_or_activation_is_refused(saved: tuple[nn.MLP, Path]) -> None:
    _, path = saved
    for other in (nn.MLP([2, 2, 1], activation="relu"), nn.MLP([2, 3, 1]), nn.MLP([2, 3, 1], "relu", bias=False)):
        before = other.state_dict()
        with pytest.raises(nn.ModelFileError, match="another model"):
            other.load(path)
        assert other.state_dict() == before
        assert other.scaling is None


def test_a_module_of_ones_own_is_filled_from_its_file(tmp_path: Path) -> None:
    from autograd import Value

    class Line(nn.Module):
        def __init__(self, slope: float) -> None:
            self.slope = Value(slope)

        def __call__(self, row: Any) -> Any:
            return self.slope * row[0]

    path = tmp_path / "line.json"
    Line(2.5).save(path)
    line = Line(0.0)
    line.load(path)
    assert line.predict([[2.0]]) == [5.0]
    with pytest.raises(nn.ModelFileError, match="another class"):
        nn.load(path)
