"""Models as plain JSON: written whole or not at all, and believed only after every part has been checked."""

from __future__ import annotations

import contextlib
import json
import math
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from .activations import ACTIVATIONS
from .data import Scaling, Standardizer
from .history import History
from .refusal import ends_at_caller, file_path, shown

if TYPE_CHECKING:
    from .module import Module

_FORMAT, _VERSION = "scalar-autograd model", 1
_LARGEST = 10_000_000  # parameters


class ModelFileError(ValueError):
    """A file that holds no usable model; nothing has been changed."""


@dataclass(frozen=True)
class Stored:
    """What a model file holds, checked."""

    config: dict[str, Any] | None  # the arguments of MLP; None for other modules
    parameters: dict[str, float]
    scaling: Scaling | None
    columns: tuple[str, ...]
    history: History | None


# ---- Writing -----------------------------------------------------------------------------------------


def write(path: str | PathLike[str], model: Module, config: Mapping[str, Any] | None, history: History | None) -> None:
    """Write ``model`` to ``path``, replacing what was there only once the new file is complete on disk."""
    path = file_path("a model file", path)
    if history is not None and not isinstance(history, History):
        raise TypeError(f"the history saved with a model is the History that fit returned, not {shown(history)}")
    content = {
        "format": _FORMAT,
        "version": _VERSION,
        "model": config,
        "parameters": model.state_dict(),
        "scaling": None if model.scaling is None else _scaling_to_json(model.scaling),
        "columns": list(model.columns),
        "history": None if history is None else history.to_dict(),
    }
    try:
        text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    except ValueError:
        raise ValueError("the model or its history holds an infinite number or NaN, and is not saved") from None
    _replace(Path(path), text)


def _replace(path: Path, text: str) -> None:
    try:
        _write_whole(path, text)
    except OSError as error:
        # Name the file that was to be written; the temporary one is nobody's concern.
        raise OSError(error.errno, error.strerror, str(path)) from None


def _write_whole(path: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".tmp")
    try:
        with open(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files that only their owner may read; a model is an ordinary file.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _scaling_to_json(scaling: Scaling) -> dict[str, Any]:
    def columns(s: Standardizer | None) -> Any:
        return None if s is None else {"mean": s.mean, "scale": s.scale}

    return {"inputs": columns(scaling.inputs), "targets": columns(scaling.targets)}


# ---- Reading -----------------------------------------------------------------------------------------


def read(path: str | PathLike[str]) -> Stored:
    """What the model file at ``path`` holds; ``ModelFileError`` if any of it is not as it should be."""
    path = file_path("a model file", path)
    try:
        text = Path(path).read_text(encoding="utf-8")
        content = json.loads(
            text, parse_float=_finite, parse_int=_whole, parse_constant=_no_constant, object_pairs_hook=_unique
        )
        if "\\ud" in text.lower():
            _demand_characters(content)
        return _checked(content)
    except UnicodeDecodeError:
        raise ModelFileError(f"{path} is no model file: it is not text in UTF-8") from None
    except RecursionError:
        raise ModelFileError(f"{path} is no model file: it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ModelFileError(f"{path} is no complete JSON file (truncated?): {error}") from None
    except (ValueError, OverflowError) as error:
        raise ModelFileError(f"{path} is no usable model file: {error}") from None


def _checked(content: Any) -> Stored:
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ValueError("it is not marked as one")
    if content.get("version") != _VERSION:
        raise ValueError(f"its version is {_brief(content.get('version'))}, this library reads version {_VERSION}")
    expected = {"format", "version", "model", "parameters", "scaling", "columns", "history"}
    if set(content) != expected:
        raise ValueError(f"its parts should be {', '.join(sorted(expected))}, not {_brief(sorted(content))}")
    parameters = content["parameters"]
    if not isinstance(parameters, dict) or not parameters:
        raise ValueError("it holds no parameters")
    numbers = {name: _number(x, f"the parameter {_brief(name)}") for name, x in parameters.items()}
    config = content["model"]
    if config is not None:
        _check_config(config, len(numbers))
    columns = content["columns"]
    if not isinstance(columns, list) or not all(isinstance(name, str) and name for name in columns):
        raise ValueError("its columns should be a list of names")
    if len(set(columns)) < len(columns):
        raise ValueError("its columns should have different names")
    scaling = _scaling_from_json(content["scaling"])
    if config is not None:
        _check_fit(config["sizes"], scaling, columns)
    history = content["history"]
    return Stored(config, numbers, scaling, tuple(columns), None if history is None else History.from_dict(history))


def _check_config(config: Any, parameters: int) -> None:
    if not isinstance(config, dict) or set(config) != {"sizes", "activation", "output", "bias"}:
        raise ValueError("its model should say sizes, activation, output and bias")
    sizes = config["sizes"]
    if not isinstance(sizes, list) or len(sizes) < 2 or not all(type(n) is int and 0 < n <= _LARGEST for n in sizes):
        raise ValueError(f"the sizes of its layers should be whole numbers, at least two, not {_brief(sizes)}")
    if type(config["bias"]) is not bool:
        raise ValueError("its bias should be true or false")
    for which in ("activation", "output"):
        if config[which] not in ACTIVATIONS:
            raise ValueError(f"its {which} is {_brief(config[which])}, which is none of {', '.join(ACTIVATIONS)}")
    of_softmax = [*(sizes[1:-1] if config["activation"] == "softmax" else []),
                  *(sizes[-1:] if config["output"] == "softmax" else [])]  # fmt: skip
    if 1 in of_softmax:
        raise ValueError("a softmax layer of one unit is constant")
    # Before anything of that size is built.
    if sum((n + config["bias"]) * m for n, m in pairwise(sizes)) != parameters:
        raise ValueError(f"a network of sizes {sizes} does not have {parameters} parameters")


def _check_fit(sizes: list[int], scaling: Scaling | None, columns: list[str]) -> None:
    if scaling and len(scaling.inputs.mean) != sizes[0]:
        raise ValueError(f"its scaling is of {len(scaling.inputs.mean)} inputs, the network has {sizes[0]}")
    if scaling and scaling.targets and len(scaling.targets.mean) != sizes[-1]:
        raise ValueError(f"its scaling is of {len(scaling.targets.mean)} outputs, the network has {sizes[-1]}")
    if columns and len(columns) != sizes[0] + 1:
        raise ValueError(
            f"it names {len(columns)} columns; a network of {sizes[0]} inputs and a target has {sizes[0] + 1}"
        )


def _scaling_from_json(scaling: Any) -> Scaling | None:
    if scaling is None:
        return None
    if not isinstance(scaling, dict) or set(scaling) != {"inputs", "targets"}:
        raise ValueError("its scaling should be of inputs and targets")
    inputs = _standardizer(scaling["inputs"])
    return Scaling(inputs, None if scaling["targets"] is None else _standardizer(scaling["targets"]))


def _standardizer(columns: Any) -> Standardizer:
    if not isinstance(columns, dict) or set(columns) != {"mean", "scale"}:
        raise ValueError("its scaling should give a mean and a scale")
    mean, scale = columns["mean"], columns["scale"]
    if not isinstance(mean, list) or not isinstance(scale, list) or len(mean) != len(scale):
        raise ValueError("its scaling should give one mean and one scale a column")
    scales = tuple(_number(x, "a scale") for x in scale)
    if not all(s > 0.0 for s in scales):
        raise ValueError("its scales should be above 0")
    return Standardizer(tuple(_number(x, "a mean") for x in mean), scales)


def _number(x: Any, what: str) -> float:
    if type(x) not in (int, float) or not math.isfinite(x):
        raise ValueError(f"{what} should be a finite number, not {_brief(x)}")
    return float(x)


def _finite(numeral: str) -> float:
    x = float(numeral)
    if not math.isfinite(x):
        raise ValueError(f"it holds {numeral[:40]}, which is too large for a float")
    return x


def _whole(numeral: str) -> int | float:
    return int(numeral) if len(numeral) < 19 else _finite(numeral)


def _demand_characters(content: Any) -> None:
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half of a surrogate pair, which is no character") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"it holds {name}, which is no number in JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("it holds an entry twice")
    return found


def _brief(x: Any) -> str:
    text = repr(x)
    return text if len(text) <= 60 else text[:57] + "..."


@ends_at_caller
def load(path: str | PathLike[str]) -> Module:
    """The network that ``model.save(path)`` stored, built anew.

    Raises ``ModelFileError`` for a file that holds none.  A module of one's own class is built by its class and
    then filled by ``module.load(path)``.
    """
    from .layers import MLP

    stored = read(path)
    if stored.config is None:
        raise ModelFileError(f"{path} holds a module of another class than MLP: build it, then module.load(path)")
    model = MLP(**stored.config, init="ones")
    _fill(model, stored, path)
    return model


def fill(model: Module, path: str | PathLike[str]) -> None:
    """Give ``model`` the parameters stored at ``path``; ``ModelFileError``, and no change, if they are another's."""
    stored = read(path)
    mine = model._config()
    if mine != stored.config:
        raise ModelFileError(f"{path} holds another model: {_brief(stored.config)}, while this one is {_brief(mine)}")
    _fill(model, stored, path)


def _fill(model: Module, stored: Stored, path: str | PathLike[str]) -> None:
    try:
        model.load_state_dict(stored.parameters)
    except ValueError as error:
        raise ModelFileError(f"{path} holds another model: {error}") from None
    model.scaling, model.columns = stored.scaling, stored.columns


@ends_at_caller
def load_history(path: str | PathLike[str]) -> History | None:
    """The record of the training run saved with a model, to ``fit(resume=…)``; None if none was."""
    return read(path).history
