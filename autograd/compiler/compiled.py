"""compile: a function that runs its program, and asks the eager engine where floats may raise."""

from __future__ import annotations

import contextlib
import threading
from array import array
from collections.abc import Callable, Sequence
from numbers import Integral, Number
from typing import TYPE_CHECKING, Any, Protocol

from ..refusal import ends_at_caller, number, refusal, shorten, shown
from ..transform import flatten, reshape
from ..value import Value
from .columns import Rows, doubles, indices
from .entry import UnsuitedError
from .program import Program
from .tracing import eagerly, trace

if TYPE_CHECKING:
    from .blocks import Blockwise


class Backend(Protocol):
    """What runs one program.  Every method answers None or False where the eager engine must be asked."""

    def __init__(self, program: Program, precise: bool) -> None: ...

    def entry(self, replay: Callable[..., Any]) -> Callable[..., Any]:
        """The program as a Python function of its arguments."""

    def mapper(self, rows: Rows, order: Any, out: Sequence[Any]) -> Callable[[int, int], bool]:
        """Compute a range of rows into the columns ``out``."""

    def summer(self, rows: Rows, order: Any, out: array[float]) -> Callable[[int, int], bool]:
        """Add the results of a range of rows to ``out``."""

    def scanner(
        self, rows: Rows, order: Any, carried: int, out: array[float], emitted: Sequence[Any]
    ) -> Callable[[int, int], bool]:
        """Carry ``out`` through a range of rows; the other results of each go to ``emitted``."""


@ends_at_caller
def compile(f: Callable[..., Any], *example: Any, backend: str = "auto", precise: bool = True) -> Compiled:
    """``f`` at machine speed: same arguments, same results, same exceptions.

    ``f`` takes and returns numbers, or nested lists and tuples of them, and may be what a transform made:
    ``compile(grad(f))``.  It is traced at the first call, and again for arguments of another shape; give
    an ``example`` of the arguments to have that done at once.  See :func:`trace` for what a traced function may
    look at: its arguments and the leaves it captures; a plain number from elsewhere counts as it was then.
    An argument that is a NumPy array is a list of numbers to ``f``, as for ``grad``.

    backend   ``"llvm"``: machine code, needs llvmlite (``pip install "scalar-autograd[native]"``).
              ``"python"``: generated Python, needs nothing.
              ``"auto"``: machine code where llvmlite is installed and the function's primitives allow it.
    precise   results agree with the eager engine to the last digits.  ``False`` lets LLVM reassociate and
              contract (never assume that there is no NaN or infinity): faster, other last digits.

    Where a float operation would raise, and where a result is not finite, the call is repeated by the
    eager engine, which raises the error that names the operation, or has the result.  Called on Values
    it is ``f`` itself, so compiled functions can be differentiated like any other.

    >>> from autograd import compile, grad, log
    >>> slope = compile(grad(lambda x: x * log(x)), backend="python")
    >>> slope(1.0)
    1.0
    >>> slope(0.0)
    Traceback (most recent call last):
        ...
    ValueError: log(0.0): outside its domain (x > 0)

    Rows of numbers go through :meth:`Compiled.map`, :meth:`Compiled.sum` and :meth:`Compiled.fold`.
    """
    if not callable(f):
        raise refusal(f"compile takes a function and then an example of its arguments, not {shown(f)}")
    compiled = Compiled(f, backend, precise)
    if example:
        compiled.specialized(*example)
    return compiled


class Compiled:
    """A compiled function; see :func:`compile`."""

    def __init__(self, f: Callable[..., Any], backend: str, precise: bool) -> None:
        if backend not in ("auto", "llvm", "python"):
            raise ValueError(f'no back end {backend!r}: choose "auto", "llvm" or "python"')
        if backend == "llvm":
            _llvm(required=True)
        self.__wrapped__ = f
        self.__name__ = getattr(f, "__name__", type(f).__name__)
        self.__doc__ = getattr(f, "__doc__", None)
        self._backend = backend
        self._precise = precise
        self._variants: dict[Any, _Variant] = {}
        self._latest: Callable[..., Any] = self._dispatch
        self._lock = threading.RLock()

    def __call__(self, *args: Any, **settings: Any) -> Any:
        try:
            if not settings:
                try:
                    return self._latest(*args)
                except (UnsuitedError, TypeError):
                    pass
            return self._dispatch(*args, **settings)
        except (ArithmeticError, ValueError, TypeError) as error:
            if getattr(error, "_complete", False):  # as ends_at_caller does, without a call more
                shorten(error)
            raise

    @property
    def program(self) -> Program:
        """The program of the latest shape of arguments."""
        if not self._variants:
            raise refusal(f"{self.__name__} has not been traced yet: call it, or give compile(f, …) example arguments")
        return next(reversed(self._variants.values())).program

    @property
    def backend(self) -> str:
        """``"llvm"`` or ``"python"``: what runs the latest program."""
        return next(reversed(self._variants.values())).kind if self._variants else self._backend

    def __reduce__(self) -> tuple[Any, ...]:
        """Copied and pickled with its function, if that can be; the code is made again."""
        return Compiled, (self.__wrapped__, self._backend, self._precise)

    def __repr__(self) -> str:
        return f"<compiled {self.__name__}: {self.backend}>"

    # ---- One row ---------------------------------------------------------------------------------------

    def specialized(self, *args: Any, **settings: Any) -> _Variant:
        """The program for arguments of this shape, traced and compiled if it is new."""
        key = (shape_of(args), *[(name, _exactly(name, settings[name])) for name in sorted(settings)])
        with self._lock:
            if key not in self._variants:
                self._variants[key] = _Variant(self.__wrapped__, args, settings, self._backend, self._precise)
            return self._variants[key]

    @ends_at_caller
    def _dispatch(self, *args: Any, **settings: Any) -> Any:
        args = tuple(map(listed, args))
        if any(isinstance(x, Value) for x in flatten(args)):
            return self.__wrapped__(*args, **settings)
        variant = self.specialized(*args, **settings)
        if not settings:
            self._latest = variant.entry
        with contextlib.suppress(UnsuitedError):
            return variant.entry(*args)
        for x in flatten(args):
            number(x)  # names what is no number
        return variant.replay(*args)

    # ---- Many rows -------------------------------------------------------------------------------------

    @ends_at_caller
    def map(self, *args: Any) -> Any:
        """The function on every row: its result with a column in the place of each number.

        Arguments with rows are NumPy arrays or other buffers, rows along the first axis, and what the
        function takes as a list along the second; numbers, and lists of numbers, are the same for every
        row.  Columns come back as NumPy arrays if one was given, as ``array.array`` otherwise.

        >>> from array import array
        >>> from autograd import compile
        >>> compile(lambda x, a: x * x + a, backend="python").map(array("d", [1.0, 2.0, 3.0]), 0.5)
        array('d', [1.5, 4.5, 9.5])
        """
        rows = Rows(args)
        variant = self.for_rows(rows)
        width = len(variant.program.outputs)
        padded = [rows.empty(rows.count + 16) for _ in range(width)]  # whole vectors are written, two at a time
        compute = variant.runner.mapper(rows, None, padded)

        def by_hand(i: int) -> None:
            for column, x in zip(padded, flatten([variant.replay(*rows.row(i))]), strict=True):
                column[i] = x

        each(compute, by_hand, 0, rows.count)
        return variant.program.shaped([column[: rows.count] for column in padded])

    @ends_at_caller
    def sum(self, *args: Any, order: Any = None) -> Any:
        """The function's results added over the rows, from the first to the last.

        Arguments as in :meth:`map`.  ``order`` picks rows by number, in that order.

        >>> from array import array
        >>> from autograd import compile, value_and_grad
        >>> loss = value_and_grad(lambda w, x, y: (w * x - y) ** 2, argnums=0)
        >>> compile(loss, backend="python").sum(2.0, array("d", [1.0, 2.0]), array("d", [1.0, 1.0]))
        (10.0, 14.0)
        """
        return self._summed(Rows(args), order)()

    @ends_at_caller
    def summed_over(self, *args: Any, order: Any = None) -> Callable[..., Any]:
        """:meth:`sum` over these rows as a function of the arguments that have no rows, for many calls.

        Arrays are bound, not copied: what is written into them later is seen.

        >>> from array import array
        >>> from autograd import compile, value_and_grad
        >>> loss = value_and_grad(lambda w, x, y: (w * x - y) ** 2, argnums=0)
        >>> rows = array("d", [1.0, 2.0]), array("d", [1.0, 1.0])
        >>> total = compile(loss, backend="python").summed_over(0.0, *rows)
        >>> total(2.0), total(0.5)
        ((10.0, 14.0), (0.25, -1.0))
        """
        rows = Rows(args)
        count = len(rows.places_without_rows())
        summed, lock = self._summed(rows, order), threading.Lock()

        def total(*fixed: Any) -> Any:
            try:
                numbers = doubles(fixed)
                if len(numbers) != count:
                    raise refusal(f"the arguments without rows hold {count} numbers, not {len(numbers)}")
                with lock:
                    return summed(numbers)
            except (ArithmeticError, ValueError, TypeError) as error:
                if getattr(error, "_complete", False):
                    shorten(error)
                raise

        return total

    def _summed(self, rows: Rows, order: Any) -> Callable[..., Any]:
        variant = self.for_rows(rows)
        program = variant.program
        order = None if order is None else indices(order, rows.count)
        nothing = array("d", [-0.0]) * len(program.outputs)  # x + (-0.0) is x, for 0.0 too
        out = nothing[:]
        compute: Any = variant.runner.summer(rows, order, out)
        count = rows.count if order is None else len(order)
        shaped = program.shaper

        def by_hand(i: int) -> None:
            for k, x in enumerate(flatten([variant.replay(*rows.row(i if order is None else order[i]))])):
                out[k] += x

        def summed(numbers: array[float] | None = None) -> Any:
            out[:] = nothing
            if numbers is not None:
                compute.refresh(numbers)
            if count and not compute(0, count):
                if numbers is not None:
                    rows.refill(numbers)
                out[:] = nothing
                each(compute, by_hand, 0, count, out)
            return shaped(out.tolist() if count else [0.0] * len(out))

        return summed

    @ends_at_caller
    def fold(self, carry: Any, *args: Any, order: Any = None, times: int = 1) -> Any:
        """``f(carry, *row)`` is the next carry, from the first row to the last: a loop that remembers.

        The function takes what is carried as its first argument and returns it in the same shape.
        Other arguments as in :meth:`map`.  ``order`` picks rows by number, in that order; ``times`` goes through
        all of them so many times.

        >>> from array import array
        >>> from autograd import compile
        >>> mean = compile(lambda m, x: [m[0] + (x - m[0]) / m[1], m[1] + 1.0], backend="python")
        >>> mean.fold([0.0, 1.0], array("d", [2.0, 4.0, 9.0]))
        [5.0, 4.0]
        """
        if not isinstance(times, Integral) or times < 0:
            raise refusal(f"times is a whole number of at least 0, not {shown(times)}")
        carry, (out, _) = self._carried(carry, args, order, (), emits=False, times=int(times))
        return reshape(carry, out)

    @ends_at_caller
    def scan(self, carry: Any, *args: Any, order: Any = None, extras: Any = ()) -> tuple[Any, Any]:
        """``f(carry, *row)`` is the next carry and a result of this row: the last carry, and columns of results.

        Otherwise as :meth:`fold`.  ``extras`` are arrays with a number for each step, whichever row it takes; the
        function is given them as its last arguments.

        >>> from array import array
        >>> from autograd import compile
        >>> running = compile(lambda s, x: (s + x, s * x), backend="python")
        >>> running.scan(0.0, array("d", [1.0, 2.0, 3.0]))
        (6.0, array('d', [0.0, 2.0, 9.0]))
        """
        carry, (out, emitted) = self._carried(carry, args, order, extras, emits=True)
        return reshape(carry, out), emitted

    def blockwise(self, step: Callable[..., Any]) -> Blockwise:
        """A scan over blocks of rows: this function is added over a block, then ``step`` is taken.

        This function takes what is carried and a row; ``step(carry, sums, rows)`` is given what is carried,
        the sums of this function's results over the block, in their shape, and the block's number of
        rows.  It returns the next carry and a result of the block, and is compiled as this function is.

        >>> from array import array
        >>> from autograd import compile
        >>> error = compile(lambda m, x: (m - x) ** 2, backend="python")
        >>> descent = error.blockwise(lambda m, error, rows: (m / 2, error / rows))
        >>> descent.scan(8.0, array("d", [1.0, 2.0, 3.0, 4.0]), size=2)
        (2.0, array('d', [42.5, 0.5]))
        """
        from .blocks import Blockwise

        return Blockwise(self, Compiled(step, self._backend, self._precise))

    def _carried(
        self, carry: Any, args: Any, order: Any, extras: Any, emits: bool, times: int = 1
    ) -> tuple[Any, tuple[array[float], Any]]:
        carry = listed(carry)
        try:
            # Once: they may be iterators.
            extras = [array("d", extra if isinstance(extra, array) else map(number, extra)) for extra in extras]
        except TypeError:
            raise refusal(f"extras are arrays with a number for each step, not {shown(extras)}") from None
        rows = Rows((carry, *args), extras)
        variant = self.for_rows(rows)
        shape = variant.program.results
        if emits and not (isinstance(shape, tuple) and len(shape) == 2):
            raise refusal(f"scan needs a function that returns a pair, the next carry and a result: {self.__name__}")
        if shape_of(shape[0] if emits else shape) != shape_of(carry):
            raise refusal(
                f"{self.__name__} does not return what it carries, {_in_words(carry):.200}, in its shape, "
                f"but {_in_words(shape[0] if emits else shape):.200}"
            )
        out = array("d", map(number, flatten([carry])))
        order = None if order is None else indices(order, rows.count)
        count = rows.count if order is None else len(order)
        if any(len(extra) != count for extra in extras):
            raise refusal(f"{count} steps need as many extras, not {[len(extra) for extra in extras]}")
        width = len(variant.program.outputs) - len(out)
        emitted = [rows.empty(count) for _ in range(width)]
        compute = variant.runner.scanner(rows, order, len(out), out, emitted)

        def by_hand(i: int) -> None:
            arguments = rows.row(i if order is None else order[i], i)
            results = flatten([variant.replay(reshape(carry, out), *arguments[1:])])
            out[:] = array("d", results[: len(out)])
            for column, x in zip(emitted, results[len(out) :], strict=True):
                column[i] = x

        for _ in range(times):
            each(compute, by_hand, 0, count, out)
        return carry, (out, reshape(shape[1], emitted) if emits else None)

    def for_rows(self, rows: Rows) -> _Variant:
        """The program for these rows; the example is only made where there is something to trace."""
        variant = self._variants.get((shape_of(tuple(rows.tree)),))
        return variant or self.specialized(*rows.example())


def each(
    compute: Callable[[int, int], bool],
    by_hand: Callable[[int], None],
    begin: int,
    end: int,
    out: array[float] | None = None,
) -> None:
    """Rows ``begin`` to ``end``: by machine, and where that is in trouble by halves, down to a row by hand."""
    if begin >= end:
        return
    before = out[:] if out is not None else None
    if compute(begin, end):
        return
    if out is not None and before is not None:
        out[:] = before
    if end - begin == 1:
        try:
            by_hand(begin)
        except (ArithmeticError, ValueError) as error:
            error.add_note(f"in row {begin}, counted from 0, of the rows in the order taken")
            raise
        return
    middle = (begin + end) // 2
    each(compute, by_hand, begin, middle, out)
    each(compute, by_hand, middle, end, out)


class _Variant:
    """One shape of arguments: the program, what runs it, and the eager function behind it."""

    def __init__(self, f: Callable[..., Any], args: Any, settings: Any, backend: str, precise: bool) -> None:
        self.program = program = f if isinstance(f, Program) else trace(f, *args, **settings)
        self._f, self._settings = f, settings
        self.kind, self.runner = _chosen(program, backend, precise)
        self._entry: Callable[..., Any] | None = None
        self._lock = threading.Lock()

    @property
    def entry(self) -> Callable[..., Any]:
        """What calls the program: compiled when it is first called, not for loops, and by one thread."""
        with self._lock:
            if self._entry is None:
                self._entry = self.runner.entry(self.replay)
            return self._entry

    @ends_at_caller
    def replay(self, *args: Any) -> Any:
        """The function by the eager engine: the result, or the named error."""
        return eagerly(self._f, args, self.program.names, **self._settings)


def _chosen(program: Program, backend: str, precise: bool) -> tuple[str, Backend]:
    from .python_code import PythonBackend

    if backend != "python" and (llvm := _llvm(required=backend == "llvm")):
        try:
            return "llvm", llvm(program, precise)
        except TypeError:  # a primitive that machine code cannot have
            if backend == "llvm":
                raise
    return "python", PythonBackend(program, precise)


def _llvm(required: bool) -> Any:
    from .llvm import engine

    if engine.available():
        from .llvm.backend import LLVMBackend

        return LLVMBackend
    if required:
        raise ImportError('backend="llvm" needs llvmlite (0.45 or later): pip install "scalar-autograd[native]"')
    return None


def listed(argument: Any) -> Any:
    """NumPy arrays and scalars as lists and floats."""
    if isinstance(argument, (list, tuple)):
        scalars = flatten(argument)
        return reshape(argument, map(listed, scalars)) if any(hasattr(x, "tolist") for x in scalars) else argument
    return argument.tolist() if hasattr(argument, "tolist") and hasattr(argument, "dtype") else argument


def shape_of(tree: Any) -> Any:
    """The nesting of lists and tuples; None for a number, or a column of them."""
    if not isinstance(tree, (list, tuple)):
        return None
    return tuple([shape_of(branch) if isinstance(branch, (list, tuple)) else None for branch in tree])


def _exactly(name: str, setting: Any) -> Any:
    """A setting in a key: 0.0 and -0.0 are equal, and so are 1 and True, but a function can tell them apart."""
    if isinstance(setting, tuple):
        return type(setting), tuple([_exactly(name, part) for part in setting])
    try:
        hash(setting)
    except TypeError:
        raise refusal(
            f"the setting {name}={shown(setting)} must be hashable, since each has a program: give a tuple"
        ) from None
    inexact = isinstance(setting, Number) and not isinstance(setting, Integral)
    return type(setting), repr(setting) if inexact else setting


def _in_words(tree: Any) -> str:
    """The shape of a nested list for people.

    >>> _in_words([0.0, (0.0, 0.0)])
    '[a number, (a number, a number)]'
    """
    if not isinstance(tree, (list, tuple)):
        return "a number"
    parts = [_in_words(branch) for branch in tree[:4]]
    if len(tree) > 4:
        parts[3] = f"… {len(tree) - 3} more"
    inside = ", ".join(parts)
    return f"[{inside}]" if isinstance(tree, list) else f"({inside})"
