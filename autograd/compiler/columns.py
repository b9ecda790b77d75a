"""Rows of numbers as machine code reads them: one column an input, where it lies in memory."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from ..refusal import number, refusal
from ..transform import flatten, reshape


@dataclass(frozen=True, slots=True)
class Column:
    """``owner`` keeps the memory alive; ``stride`` counts doubles from row to row.

    ``by_step``: a number for every step of a loop, in the order of the steps, whichever row each takes.
    """

    owner: Any
    address: int
    stride: int
    rows: int
    by_step: bool = False

    def __getitem__(self, row: int) -> float:
        return ctypes.c_double.from_address(self.address + 8 * self.stride * row).value


class Rows:
    """The arguments of a loop, taken apart: columns, and numbers that are the same for every row.

    An argument with rows is a buffer: a NumPy array, ``array.array``, memoryview; its first axis counts the rows, and
    further axes are what the function takes as a list.  Plain numbers, and lists and tuples of
    anything, are taken as they are.  Memory is used where it is if it holds doubles, and copied if not.
    """

    def __init__(self, args: Sequence[Any], by_step: Sequence[Any] = ()) -> None:
        self.numpy = False
        self.tree = [self._taken(argument) for argument in args]
        self.inputs: list[Column | float] = flatten(self.tree)
        counts = {x.rows for x in self.inputs if isinstance(x, Column)}
        for numbers in by_step:
            column = replace(_split(*_from_buffer(memoryview(array("d", numbers)))), by_step=True)
            self.tree.append(column)
            self.inputs.append(column)
        if not counts:
            a_list = "; a list is the same for every row: for one of rows, np.array([…]) or array('d', […])"
            raise refusal(
                "no argument has rows: give a NumPy array or array.array whose first axis counts the rows"
                + (a_list if any(isinstance(argument, (list, tuple)) for argument in args) else "")
            )
        if len(counts) > 1:
            raise refusal(f"the arguments have different numbers of rows: {', '.join(map(str, sorted(counts)))}")
        (self.count,) = counts

    def places_without_rows(self) -> list[int]:
        """The places in ``inputs`` of the arguments in which there is no column."""
        places: list[int] = []
        first = 0
        for tree in self.tree:
            scalars = flatten([tree])
            if not any(isinstance(x, Column) for x in scalars):
                places += range(first, first + len(scalars))
            first += len(scalars)
        return places

    def refill(self, numbers: Sequence[float]) -> None:
        """Other numbers for the arguments in which there is no column."""
        for place, x in zip(self.places_without_rows(), numbers, strict=True):
            self.inputs[place] = x

    def row(self, i: int, step: int = 0) -> list[Any]:
        """The arguments of row ``i``, as the function takes them."""
        shaped: list[Any] = reshape(self.tree, self.flat(i, step))
        return shaped

    def flat(self, i: int, step: int = 0) -> list[float]:
        return [x[step if x.by_step else i] if isinstance(x, Column) else x for x in self.inputs]

    def example(self) -> list[Any]:
        """Arguments to trace with: those of the first row, if there is one."""
        some = [x for x in self.inputs if isinstance(x, Column) and not x.rows]
        return self.row(0) if not some else reshape(self.tree, [0.0] * len(self.inputs))

    def empty(self, count: int) -> Any:
        """Room for ``count`` doubles, of the kind that the arguments are."""
        if self.numpy:
            import numpy as np

            return np.empty(count)
        return array("d", bytes(8 * count))

    def _taken(self, argument: Any) -> Any:
        if argument.__class__ is float:
            return argument
        if isinstance(argument, (list, tuple)):
            return [self._taken(part) for part in argument]
        if hasattr(argument, "__array__") and hasattr(argument, "ndim") and argument.ndim:
            self.numpy = True
            return _split(*_from_numpy(argument))
        if isinstance(argument, (array, memoryview, bytearray, ctypes.Array)):
            return _split(*_from_buffer(memoryview(argument)))
        return number(argument)


def _as_doubles(argument: Any) -> Any:
    import numpy as np

    if isinstance(argument, np.ma.MaskedArray):
        raise refusal("a masked array has rows without a number: give the rows that have one, such as a.compressed()")
    data = np.asarray(argument)
    if data.dtype.kind not in "fiubO":
        raise refusal(f"an array of {data.dtype} is no array of real numbers: make one of what the function is to see")
    if data.dtype.kind == "O":
        data = np.array([number(x) for x in data.flat]).reshape(data.shape)  # NumPy would read text, and None as NaN
    return np.asarray(data, dtype=np.float64)


def _from_numpy(argument: Any) -> tuple[Any, int, tuple[int, ...], tuple[int, ...]]:
    data = _as_doubles(argument)
    if any(stride % 8 for stride in data.strides):
        data = data.copy()
    return data, data.__array_interface__["data"][0], data.shape, tuple(stride // 8 for stride in data.strides)


def _from_buffer(view: memoryview) -> tuple[Any, int, tuple[int, ...], tuple[int, ...]]:
    shape = view.shape or ()
    if not shape:
        raise refusal("a buffer that is one number has no rows: give the number")
    if view.format not in ("d", "@d", "<d") or view.readonly or not view.c_contiguous:
        try:
            flat = flatten(view.tolist())
        except NotImplementedError:
            raise refusal(f"a buffer of {view.format} is not read: give its numbers as array('d', …)") from None
        view = memoryview(array("d", flat or [0.0]))
    owner = (ctypes.c_char * 0).from_buffer(view)
    strides: list[int] = []
    step = 1
    for size in reversed(shape):
        strides.insert(0, step)
        step *= size
    return owner, ctypes.addressof(owner), shape, tuple(strides)


def _split(owner: Any, address: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    """A column for every place in a row."""
    if 0 in shape[1:]:
        raise refusal(f"an array of shape {shape} has rows without numbers: give an empty list, [], in its place")
    if len(shape) == 1:
        return Column(owner, address, strides[0], shape[0])
    rest, steps = (shape[0], *shape[2:]), (strides[0], *strides[2:])
    return [_split(owner, address + 8 * strides[1] * i, rest, steps) for i in range(shape[1])]


def address_of(doubles: Any) -> int:
    """Where an ``array('d')`` or a NumPy array of doubles begins."""
    return int(doubles.buffer_info()[0] if isinstance(doubles, array) else doubles.ctypes.data)


def doubles(args: Sequence[Any]) -> array[float]:
    """All numbers in nested lists, tuples and NumPy arrays, one after the other."""
    numbers = array("d")
    for argument in args:
        try:
            if isinstance(argument, (list, tuple)):
                flat = array("d", argument)
                if not isinstance(sum(argument) + 0.0, float):  # see `entry`
                    raise TypeError
                numbers += flat
            elif hasattr(argument, "__array__"):
                numbers.frombytes(_as_doubles(argument).tobytes())
            else:
                numbers.append(number(argument))
            continue
        except TypeError as error:
            if getattr(error, "_complete", False):
                raise
        numbers += doubles(argument)  # it is nested, or names what is no number
    return numbers


def indices(order: Any, count: int) -> array[int]:
    """Row numbers, checked; machine code does not look."""
    try:
        if isinstance(order, (bytes, bytearray, Mapping, Set)):
            raise TypeError
        if not isinstance(order, array):
            order = list(order)  # once: an iterator has nothing left for a second look
            if any(isinstance(i, bool) or getattr(i, "dtype", None) == "bool" for i in order):
                raise TypeError
        checked = array("q", order)
    except TypeError:
        raise refusal("order is a sequence of row numbers, from 0; for a mask, give those where it is true") from None
    except OverflowError:
        raise IndexError(f"order has a row number outside 0 … {count - 1}") from None
    if any(not 0 <= i < count for i in checked):
        raise IndexError(f"order has a row number outside 0 … {count - 1}")
    return checked
