"""Module: what owns parameters, and can be trained, saved and loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Real
from os import PathLike
from typing import Any

from autograd import Value, no_grad

from . import storage
from .data import Scaling, finite, matrix
from .history import History
from .naming import as_text, unknown
from .refusal import ends_at_caller, shown


class Module:
    """The base class of models: an object whose attributes hold parameters and other modules.

    Every leaf Value among the object's own attributes is a parameter, also inside lists, tuples, dictionaries and
    NumPy arrays, and so are the parameters of modules there.  Nothing else is: no Value computed from others, of the
    class, in a set, in an object that is no module; ``fit`` refuses or warns where the loss depends on one.  A
    subclass says what it computes in ``__call__``.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.intercept = Value(2.0), Value(1.0)
    ...
    ...     def __call__(self, row):
    ...         return self.slope * row[0] + self.intercept
    >>> line = Line()
    >>> dict(line.named_parameters())
    {'slope': Value(2.0, grad=0.0), 'intercept': Value(1.0, grad=0.0)}
    >>> line.predict([[3.0]])
    [7.0]
    """

    def __call__(self, row: Any) -> Any:
        """What the model makes of one row: a Value, or a list of Values."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it computes: give it a __call__(self, row)")

    # ---- Parameters ----

    def _paths(self) -> Iterator[tuple[str, Value]]:
        """Every parameter, once, with the attributes that lead to it."""
        return ((path, value) for path, value in _walk("", self, set()) if not value.parents)

    def parameters(self) -> list[Value]:
        """Every parameter, once, in the order of the attributes; see the class for what is one."""
        return [parameter for _, parameter in self._paths()]

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Pairs of a name and a parameter, as in PyTorch.

        The name is the label as text (``w1_11``); where a label is missing, or what it says could be taken for
        another parameter, the attributes that lead to the parameter (``layers.0.scale``).
        """
        found = list(self._paths())
        texts = [path if parameter.label is None else as_text(parameter.label) for path, parameter in found]
        bearers = Counter(texts)
        bearers.update(path for (path, _), text in zip(found, texts, strict=True) if path != text)
        for (path, parameter), text in zip(found, texts, strict=True):
            yield (text if bearers[text] == 1 else path), parameter

    def weights(self) -> list[Value]:
        """The parameters that penalties count: all but those held by an attribute called ``bias`` or ``biases``."""
        return [p for path, p in self._paths() if not {"bias", "biases"} & set(path.split("."))]

    def zero_grad(self) -> None:
        """Set every parameter's gradient to 0, which ``backward`` adds to."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    # ---- Numbers in and out ----

    scaling: Scaling | None = None
    """How inputs and targets are standardised, if ``fit(standardize=True)`` did; saved with the model."""

    columns: tuple[str, ...] = ()
    """The names of the inputs' columns and, last, the target's, where the data had names; saved with the model."""

    @ends_at_caller
    def predict(self, rows: Iterable[Any]) -> list[Any]:
        """The predictions for rows of numbers, as floats: one a row, or a list a row where the output is wide.

        Rows and predictions are in the units of the data that the model was trained on.
        """
        checked = matrix(rows, "the data")
        if self.scaling is None:
            return self._forward(checked)
        return self.scaling.unscale(self._forward(self.scaling.scale_rows(checked)))

    def _forward(self, rows: Sequence[list[float]]) -> list[Any]:
        """The predictions as floats, in the model's own units."""
        with no_grad():
            return [_plain(self(row)) for row in rows]

    def state_dict(self) -> dict[str, float]:
        """The number of every parameter under its name."""
        return {name: parameter.data for name, parameter in self.named_parameters()}

    def _config(self) -> dict[str, Any] | None:
        """The arguments that build the same model again, where a file can say them."""
        return None

    @ends_at_caller
    def save(self, path: str | PathLike[str], history: History | None = None) -> None:
        """Write the model to a JSON file, with its scaling and column names, and the record of its training.

        The file is replaced only once the new one is complete.  Raises ``ValueError`` for a model with functions
        of one's own for activations, which a file cannot hold, and for parameters that are not finite.
        """
        storage.write(path, self, self._config(), history)

    @ends_at_caller
    def load(self, path: str | PathLike[str]) -> None:
        """Take the parameters from a file that a model of the same shape was saved to.

        Raises ``ModelFileError``, and changes nothing, for any other file.  ``nn.load(path)`` builds the model, too.
        """
        storage.fill(self, path)

    @ends_at_caller
    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Set every parameter from ``state``.

        Raises ``ValueError``, and changes nothing, if a parameter is missing, if a name is none of the model's,
        or if what belongs to it is no finite number.
        """
        if not isinstance(state, Mapping):
            raise ValueError(f"a model's state is a dictionary, such as state_dict() gives, not {shown(state)}")
        parameters = dict(self.named_parameters())
        if strangers := [name for name in state if name not in parameters]:
            raise unknown("parameter", strangers[0], parameters)
        if missing := [name for name in parameters if name not in state]:
            raise ValueError(f"the state has no {', '.join(missing[:5])}{', …' if len(missing) > 5 else ''}")
        numbers = {name: finite(state[name], name) for name in parameters}
        for name, parameter in parameters.items():
            parameter.data = numbers[name]


def computed(model: Module) -> Iterator[tuple[str, Value]]:
    """Every Value that ``model`` holds where a parameter could be, but that is computed from others; and where."""
    return ((path, value) for path, value in _walk("", model, set()) if value.parents)


# Not a closure: one that calls itself is a reference cycle, work for the garbage collector in every training step.
def _walk(path: str, held: Any, seen: set[int]) -> Iterator[tuple[str, Value]]:
    if id(held) in seen:
        return
    if isinstance(held, Value):
        seen.add(id(held))
        yield path, held
    elif getattr(getattr(held, "dtype", None), "kind", "") == "O":  # a NumPy array of Values
        yield from _walk(path, held.tolist(), seen)
    elif isinstance(held, (Module, dict, list, tuple)):
        seen.add(id(held))
        parts: Iterable[tuple[Any, Any]] = (
            vars(held).items() if isinstance(held, Module) else
            held.items() if isinstance(held, dict) else enumerate(held)
        )  # fmt: skip
        for name, part in parts:
            yield from _walk(f"{path}.{name}" if path else str(name), part, seen)


def _plain(output: Any) -> Any:
    if isinstance(output, (list, tuple)):
        return [_plain(part) for part in output]
    if isinstance(output, Value):
        return output.data
    if not isinstance(output, Real):
        raise TypeError(
            f"the model gave {shown(output)} for a row, not a Value or a number: is a return statement missing?"
        )
    return float(output)
