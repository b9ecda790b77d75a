"""Tables of numbers: reading them from CSV, standardising, splitting, and the order in which training draws them."""

from __future__ import annotations

import csv
import itertools
import math
import numbers
import random
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

from .naming import unknown
from .refusal import ends_at_caller, file_path, listed, shown

# ---- Reading -----------------------------------------------------------------------------------------


class DataError(ValueError):
    """Data that cannot be used; the message names the row and the column."""


@dataclass(frozen=True)
class Table:
    """Columns of numbers: their names, the rows, and the lines of the file that these stood in, if it was one."""

    columns: tuple[str, ...]
    rows: list[list[float]]
    lines: list[int] = field(default_factory=list, compare=False, repr=False)

    @ends_at_caller
    def column(self, name: str) -> list[float]:
        """The numbers of one column."""
        i = self._index(name)
        return [row[i] for row in self.rows]

    @ends_at_caller
    def select(self, names: Iterable[str]) -> list[list[float]]:
        """The rows with only the columns named, in that order."""
        indices = [self._index(name) for name in _names(names)]
        return [[row[i] for i in indices] for row in self.rows]

    def _index(self, name: str) -> int:
        if not isinstance(name, str) or name not in self.columns:
            raise DataError(str(unknown("column", name, self.columns)))
        return self.columns.index(name)


@ends_at_caller
def read_csv(path: str | PathLike[str], columns: Sequence[str] | None = None) -> Table:
    """The numbers of a CSV file whose first line names the columns.

    ``columns`` selects some; the others may then hold anything, under any names or none.  Blank lines are skipped.
    Raises ``DataError`` for a file that is empty, or not text in UTF-8; for columns that are absent, unnamed or named
    twice; for a row of another width; and for a cell that is empty, no number, infinite or NaN.
    """
    path = file_path("a CSV file", path)
    columns = None if columns is None else _names(columns)
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            return _table(str(path), reader, columns)
    except UnicodeDecodeError:
        raise DataError(f"{path} is not a text file in UTF-8") from None
    except csv.Error as error:
        raise DataError(f"{path} is not a well-formed CSV file: {error}") from None


def _names(names: Iterable[str]) -> list[str]:
    return listed("the names of columns", names)


def _table(path: str, reader: Any, wanted: Sequence[str] | None) -> Table:
    # A line of commas is a row of empty cells, not a blank line: leaving it out would shift all rows after it.
    filled = ((reader.line_num, [cell.strip() for cell in line]) for line in reader if not _is_blank(line))
    _, names = next(filled, (0, []))
    if not names:
        raise DataError(f"{path} is empty: its first line should name the columns")
    if wanted is None and "" in names:
        raise DataError(f"{path}: column {names.index('') + 1} has no name; the first line should name every column")
    if all(map(_is_number, names)):
        raise DataError(
            f"{path}: the first line holds numbers ({', '.join(names[:4]):.60}); it should name the columns"
        )
    for name in wanted or names:
        if not name or name not in names:
            raise DataError(f"{path}: {unknown('column', name, [name for name in names if name])}")
        if names.count(name) > 1:
            raise DataError(f"{path}: two columns are named {name[:40]!r}")
    chosen = [names.index(name) for name in wanted or names]
    rows, lines = [], []
    for line, cells in filled:
        if len(cells) != len(names):
            raise DataError(f"{path}, line {line}: {len(cells)} cells, but there are {len(names)} columns")
        rows.append([_cell(path, line, names[i], cells[i]) for i in chosen])
        lines.append(line)
    if not rows:
        raise DataError(f"{path} holds no data: there is no line after the names of the columns")
    return Table(tuple(names[i] for i in chosen), rows, lines)


def _is_blank(line: list[str]) -> bool:
    return not line or (len(line) == 1 and line[0].isspace())  # not [""]: that is a cell, written ""


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _cell(path: str, line: int, column: str, cell: str) -> float:
    where = f"{path}, line {line}, column {column[:40]!r}"
    if not cell:
        raise DataError(f"{where}: the cell is empty; fill it in, or leave the line out")
    try:
        x = float(cell)
    except ValueError:
        raise DataError(f"{where}: {cell[:40]!r} is not a number") from None
    if not math.isfinite(x):
        raise DataError(f"{where}: {cell[:40]!r} is not a finite number")
    return x


# ---- Rows given by a program -------------------------------------------------------------------------


def matrix(rows: Any, what: str = "X") -> list[list[float]]:
    """Rows of finite numbers, all of one width; ``DataError`` names the row and the column of what is not.

    >>> matrix([[1, 2], [3, None]])
    Traceback (most recent call last):
        ...
    nn.data.DataError: X, row 2, column 2: None is not a number
    """
    checked = [_row(row, f"{what}, row {i}") for i, row in enumerate(entries(rows, what), 1)]
    for i, row in enumerate(checked, 1):
        if len(row) != len(checked[0]):
            raise DataError(f"{what}, row {i}: {len(row)} numbers, but row 1 has {len(checked[0])}")
    return checked


def vector(numbers_: Any, what: str = "y") -> list[float]:
    """Finite numbers; ``DataError`` names the place of what is not one."""
    return [finite(x, f"{what}, row {i}") for i, x in enumerate(entries(numbers_, what), 1)]


def entries(items: Any, what: str) -> list[Any]:
    """One entry a row, at least one; ``DataError`` otherwise."""
    if isinstance(items, (str, bytes, dict)) or not hasattr(items, "__iter__"):
        raise DataError(f"{what} should hold one entry a row, not {shown(items)}")
    listed = list(items)
    if not listed:
        raise DataError(f"{what} is empty: it takes at least one row")
    return listed


def _row(row: Any, where: str) -> list[float]:
    if isinstance(row, (str, bytes, dict)) or not hasattr(row, "__iter__"):
        raise DataError(f"{where} is {shown(row)}: a row is a list of numbers, also where it has only one")
    numbers_ = [finite(x, f"{where}, column {j}") for j, x in enumerate(row, 1)]
    if not numbers_:
        raise DataError(f"{where} is empty")
    return numbers_


def finite(x: Any, where: str) -> float:
    """``x`` as a finite float; ``DataError`` otherwise."""
    if not isinstance(x, numbers.Real):
        raise DataError(f"{where}: {shown(x)} is not a number")
    try:
        as_float = float(x)
    except OverflowError:
        as_float = math.inf
    if not math.isfinite(as_float):
        raise DataError(f"{where}: {shown(x)} is not a finite number")
    return as_float


def digest(rows: Sequence[Sequence[float]], targets: Sequence[Any]) -> str:
    """What tells these rows and targets, in this order, from others, in a few letters.

    >>> digest([[1.0, 2.0]], [3.0]) == digest([[1.0, 2.0]], [3]) != digest([[1.0, 2.0]], [4.0])
    True
    """
    import hashlib  # not in ``import nn``

    seen = hashlib.blake2b(digest_size=16)
    for row in itertools.chain(rows, (y if isinstance(y, list) else (y,) for y in targets)):
        seen.update(struct.pack(f"<q{len(row)}d", len(row), *row))
    return seen.hexdigest()


# ---- Standardising -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standardizer:
    """(x − mean)/scale for every column; scale is the standard deviation, or 1 for a column that is constant.

    >>> heights = Standardizer.of([[160.0], [170.0], [180.0], [190.0]])
    >>> heights.mean, heights.transform([[175.0]]), heights.inverse([[0.0]])
    ((175.0,), [[0.0]], [[175.0]])
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]

    @classmethod
    @ends_at_caller
    def of(cls, rows: Sequence[Sequence[float]]) -> Standardizer:
        """The one that gives these rows mean 0 and standard deviation 1 in every column."""
        rows = matrix(rows, "the data")
        columns = list(zip(*rows, strict=True))
        mean = tuple(math.fsum(column) / len(column) for column in columns)
        deviation = (
            math.sqrt(math.fsum((x - m) ** 2 for x in column) / len(column))
            for column, m in zip(columns, mean, strict=True)
        )
        # A constant column's deviation is 0 but for rounding.
        scale = tuple(s if s > 1e-12 * abs(m) else 1.0 for s, m in zip(deviation, mean, strict=True))
        return cls(mean, scale)

    @ends_at_caller
    def transform(self, rows: Iterable[Sequence[float]]) -> list[list[float]]:
        """Rows in the units of the columns, standardised; ``DataError`` for what are no such rows."""
        return self._transform(self._checked(rows))

    @ends_at_caller
    def inverse(self, rows: Iterable[Sequence[float]]) -> list[list[float]]:
        """Standardised rows, in the units of the columns again; ``DataError`` for what are no such rows."""
        return self._inverse(self._checked(rows))

    def _transform(self, rows: Iterable[Sequence[float]]) -> list[list[float]]:
        return [[(x - m) / s for x, m, s in zip(row, self.mean, self.scale, strict=True)] for row in rows]

    def _inverse(self, rows: Iterable[Sequence[float]]) -> list[list[float]]:
        return [[x * s + m for x, m, s in zip(row, self.mean, self.scale, strict=True)] for row in rows]

    def _checked(self, rows: Iterable[Sequence[float]]) -> list[list[float]]:
        checked = matrix(rows, "the data")
        if len(checked[0]) != len(self.mean):
            raise DataError(f"the data: rows of {len(checked[0])} numbers, but there are {len(self.mean)} columns")
        return checked


@dataclass(frozen=True)
class Scaling:
    """What stands between a model and the world: how its inputs, and its targets if they are, are standardised."""

    inputs: Standardizer
    targets: Standardizer | None = None

    def scale_rows(self, rows: Sequence[Sequence[float]]) -> list[list[float]]:
        """Rows in the world's units, in the model's."""
        for i, row in enumerate(rows, 1):
            if len(row) != len(self.inputs.mean):
                raise DataError(f"row {i}: {len(row)} numbers, but the model was trained on {len(self.inputs.mean)}")
        return self.inputs._transform(rows)

    def scale_targets(self, targets: Sequence[Any]) -> list[Any]:
        """Targets in the world's units, in the model's."""
        return targets if self.targets is None else _through(self.targets._transform, targets)  # type: ignore[return-value]

    def unscale(self, predictions: Sequence[Any]) -> list[Any]:
        """Predictions in the model's units, in the world's."""
        return predictions if self.targets is None else _through(self.targets._inverse, predictions)  # type: ignore[return-value]


def _through(transform: Any, targets: Sequence[Any]) -> list[Any]:
    """Numbers or rows of them through a transform of rows."""
    if isinstance(targets[0], list):
        return list(transform(targets))
    return [y for (y,) in transform([[y] for y in targets])]


# ---- Drawing -----------------------------------------------------------------------------------------


def order(count: int, seed: int | str, epoch: int, shuffle: bool = True) -> list[int]:
    """The order in which an epoch (from 1) visits ``count`` points.

    It is a function of the seed and the epoch alone, so every back end, and a run that is taken up again, draws
    the same.

    >>> order(5, seed=1, epoch=1) == order(5, seed=1, epoch=1) != order(5, seed=1, epoch=2)
    True
    """
    indices = list(range(count))
    if shuffle:
        random.Random(f"{seed}/{epoch}").shuffle(indices)
    return indices


def batches(indices: Sequence[int], size: int) -> list[Sequence[int]]:
    """Cut an order into batches; the last takes what is left.

    >>> batches([3, 1, 2, 0, 4], 2)
    [[3, 1], [2, 0], [4]]
    """
    return [indices[i : i + size] for i in range(0, len(indices), size)]


@ends_at_caller
def split(count: int, fraction: float, seed: int | str) -> tuple[list[int], list[int]]:
    """The points to train on, and a ``fraction`` of them held out, both in their original order.

    >>> split(10, 0.2, seed=0)
    ([0, 2, 3, 4, 6, 7, 8, 9], [1, 5])
    """
    if not isinstance(count, numbers.Integral) or count < 1:
        raise ValueError(f"the number of points is a whole number of at least 1, not {shown(count)}")
    if isinstance(fraction, bool) or not isinstance(fraction, numbers.Real) or not 0.0 < fraction < 1.0:
        raise ValueError(f"a fraction to hold out is between 0 and 1, not {shown(fraction)}")
    held = max(1, round(fraction * count))
    if held >= count:
        raise DataError(f"{count} row(s) are too few to hold out a fraction of {fraction:g} and train on the rest")
    drawn = order(count, f"split {seed}", 0)
    return sorted(drawn[held:]), sorted(drawn[:held])
