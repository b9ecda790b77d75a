"""Loops over rows: the results of a Python loop, whatever the layout, the number of rows and the back end."""

import ctypes
import itertools
import math
import threading
from array import array

import pytest

from autograd import Value, affine, compile, grad, log, sigmoid, tanh, value_and_grad

from .back_ends import BACK_ENDS, needs_llvm

np = pytest.importorskip("numpy")


TOTAL = compile(lambda a, x: a * x).summed_over(1.0, array("d", [1.0, 2.0]))


def error(w, x, y):
    return (tanh(affine(w, x)) - y) ** 2


BOTH = value_and_grad(error, argnums=0)
WEIGHTS = [0.3, -0.2, 0.1]


def rows(count):
    rng = np.random.default_rng(count)
    return rng.uniform(-1, 1, (count, 3)), rng.uniform(-1, 1, count)


def step(w, x, y):
    loss, slope = BOTH(w, x, y)
    return [p - 0.1 * g for p, g in zip(w, slope, strict=True)], loss


def flat(result):
    loss, slope = result
    return np.array([loss, *slope])


@pytest.fixture(params=["whole", "cut"])
def pieces(request, monkeypatch):
    """The same with programs cut into pieces of a few instructions."""
    if request.param == "cut":
        pytest.importorskip("llvmlite")
        from autograd.compiler.llvm import kernels, long

        monkeypatch.setattr(kernels, "LONG", 4)
        monkeypatch.setattr(long, "PIECE", 3)


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize("precise", [True, False])
@pytest.mark.parametrize("backend", BACK_ENDS)
def test_every_number_of_rows(backend, precise):
    compiled = compile(BOTH, backend=backend, precise=precise)
    stepped = compile(step, backend=backend, precise=precise)
    blocks = compiled.blockwise(
        lambda w, sums, n: ([p - 0.1 * g / n for p, g in zip(w, sums[1], strict=True)], sums[0])
    )
    for count in [1, 2, 3, 7, 8, 9, 16, 19, 64, 131]:
        x, y = rows(count)
        each = [flat(BOTH(WEIGHTS, a.tolist(), float(b))) for a, b in zip(x, y, strict=True)]
        mapped = compiled.map(WEIGHTS, x, y)
        assert np.allclose(flat(mapped), np.array(each).T, rtol=1e-13, atol=0)
        assert np.allclose(flat(compiled.sum(WEIGHTS, x, y)), sum(each), rtol=1e-12, atol=1e-15)
        w, losses = WEIGHTS, []
        for a, b in zip(x, y, strict=True):
            w, loss = step(w, a.tolist(), float(b))
            losses.append(loss)
        carried, kept = stepped.scan(WEIGHTS, x, y)
        assert np.allclose(carried, w, rtol=1e-12, atol=0)
        assert np.allclose(kept, losses, rtol=1e-11, atol=0)
        for size in (1, 3, 8, 100):
            w, losses = WEIGHTS, []
            for start in range(0, count, size):
                some = [
                    flat(BOTH(w, a.tolist(), float(b)))
                    for a, b in zip(x[start : start + size], y[start:], strict=False)
                ]
                total = sum(some)
                losses.append(total[0])
                w = [p - 0.1 * g / len(some) for p, g in zip(w, total[1:], strict=True)]
            carried, kept = blocks.scan(WEIGHTS, x, y, size=size)
            assert np.allclose(carried, w, rtol=1e-11, atol=1e-14)
            assert np.allclose(kept, losses, rtol=1e-10, atol=1e-14)


@needs_llvm
def test_precise_sums_have_the_bits_of_a_sum_from_left_to_right():
    square = compile(lambda x: x * x, backend="llvm")
    x = np.random.default_rng(1).uniform(-1e8, 1e-8, 1003)
    expected = 0.0
    for one in x:
        expected += one * one
    assert square.sum(x) == expected


LAYOUTS = {
    "row after row": lambda x: x,
    "column after column": np.asfortranarray,
    "every second row": lambda x: np.repeat(x, 2, axis=0)[::2],
    "backwards in memory": lambda x: x[::-1].copy()[::-1],
    "a part of wider rows": lambda x: np.hstack([x, x])[:, 3:],
    "a list of columns": lambda x: [x[:, i] for i in range(3)],
    "a list of arrays": lambda x: [array("d", x[:, i]) for i in range(3)],
    "a memoryview": lambda x: memoryview(np.ascontiguousarray(x)),
    "read only": lambda x: _frozen(x),
    "bytes": lambda x: memoryview(x.tobytes()).cast("d", x.shape),
    "another byte order": lambda x: x.astype(">f8"),
}


def _frozen(x):
    x = x.copy()
    x.flags.writeable = False
    return x


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("backend", BACK_ENDS)
def test_every_layout(backend, layout):
    compiled = compile(BOTH, backend=backend)
    x, y = rows(21)
    expected, order = compiled.sum(WEIGHTS, x, y), [3, 3, 20, 0]
    assert compiled.sum(WEIGHTS, LAYOUTS[layout](x), y) == expected
    in_order = compiled.sum(WEIGHTS, LAYOUTS[layout](x), array("d", y), order=order)
    assert in_order == compiled.sum(WEIGHTS, x[order], y[order])


@pytest.mark.parametrize("kind", [np.float32, np.int64, np.uint8, bool])
def test_other_kinds_of_numbers_are_converted(kind):
    x = np.array([0, 1, 1, 0, 1]).astype(kind)
    assert compile(lambda x: 2 * x + 1).map(x).tolist() == [1.0, 3.0, 3.0, 1.0, 3.0]


def test_memory_is_used_where_it_is():
    x = np.arange(8.0)
    total = compile(lambda a, x: a * x).summed_over(0.0, x)
    assert total(1.0) == 28.0
    x[0] = 100.0
    assert total(0.5) == 64.0


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_results_come_as_the_arguments_do(backend):
    double = compile(lambda x: [2 * x, 3.0], backend=backend)
    assert double.map(array("d", [1.0, 2.0])) == [array("d", [2.0, 4.0]), array("d", [3.0, 3.0])]
    assert [type(column) for column in double.map(np.ones(2))] == [np.ndarray, np.ndarray]


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_no_rows(backend):
    compiled, nothing = compile(lambda a, x: a * x, backend=backend), array("d")
    assert compiled.map(1.0, nothing) == nothing
    assert compiled.sum(1.0, nothing) == 0.0
    assert compiled.fold(1.0, nothing) == 1.0


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_the_row_where_floats_raise_raises_and_others_are_computed(backend):
    compiled = compile(lambda x: log(x), backend=backend)
    x = np.arange(1.0, 40.0)
    assert np.allclose(compiled.map(x), np.log(x), rtol=1e-15)
    x[30] = -5.0
    for loop in (compiled.map, compiled.sum):
        with pytest.raises(ValueError, match=r"log\(.*-5\.0\): outside its domain"):
            loop(x)
    with pytest.raises(ValueError, match="outside its domain"):
        compile(lambda s, x: s + log(x), backend=backend).fold(0.0, x)


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_infinities_and_nan_in_some_rows_are_results(backend):
    x = np.arange(1.0, 30.0)
    x[[3, 17]] = math.inf, math.nan
    result = compile(lambda x: 1 / x + x, backend=backend).map(x)
    assert [i for i, value in enumerate(result) if not math.isfinite(value)] == [3, 17]
    assert result[3] == math.inf
    assert compile(lambda s, x: s + 1 / x, backend=backend).fold(0.0, x[:10]) == sum(1 / v for v in x[:10].tolist())


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_errors_of_use_say_what_to_do(backend):
    compiled = compile(lambda a, x: a * x, backend=backend)
    listed = r"no argument has rows.*a list is the same for every row: for one of rows, np\.array\(\[…\]\) or array\("
    with pytest.raises(TypeError, match=listed):
        compile(lambda x: x * 2, backend="python").map([1.0, 2.0])
    with pytest.raises(TypeError, match=r"first axis counts the rows$"):
        compiled.map(1.0, 2.0)
    with pytest.raises(TypeError, match=r"an array of shape \(3, 0\) has rows without numbers"):
        compiled.map(np.ones((3, 0)), np.ones(3))
    with pytest.raises(TypeError, match="different numbers of rows: 2, 3"):
        compiled.map(np.ones(2), np.ones(3))
    with pytest.raises(IndexError, match="outside 0 … 2"):
        compiled.sum(1.0, np.ones(3), order=[0, 3])
    with pytest.raises(TypeError, match=r"what it carries, a number, in its shape, but \[a number, a number\]$"):
        compile(lambda s, x: [s, x], backend="python").fold(0.0, np.ones(3))
    with pytest.raises(TypeError, match=r"carries, \[a number, \[\], \(a number\)\], in its shape, but a number$"):
        compile(lambda s, x: x, backend="python").fold([0.0, [], (1.0,)], np.ones(3))
    with pytest.raises(TypeError, match=r"carries, \[a number, a number, a number, … 97 more\], in its shape, but a"):
        compile(lambda s, x: x, backend="python").fold([0.0] * 100, np.ones(3))
    with pytest.raises(TypeError, match="does not return what it carries"):
        compile(lambda c, x: [c, x], backend=backend).fold(1.0, np.ones(3))
    with pytest.raises(TypeError, match="returns a pair"):
        compiled.scan(1.0, np.ones(3))
    with pytest.raises(TypeError, match="hold 1 numbers, not 2"):
        compiled.summed_over(1.0, np.ones(3))(1.0, 2.0)


@needs_llvm
@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        (np.ma.array([1.0, 2.0], mask=[0, 1]), "masked array"),
        (np.array(["2020-01-01"], dtype="M8[D]"), "datetime64"),
        (np.array(["1", "2"]), "<U1"),
        (np.array([1 + 2j]), "complex128"),
    ],
)
def test_arrays_of_no_real_numbers_are_refused(numbers, message):
    with pytest.raises(TypeError, match=message):
        compile(lambda x: x * 2, backend="python").map(numbers)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: compile(lambda x: x).map(np.array([1.0, None])), "expected a number, got None"),
        (lambda: compile(lambda x: x).map(np.array([1.0, "2"], dtype=object)), "expected a number, got '2'"),
        (lambda: compile(lambda x: x).map(memoryview(np.array(3.0))), "no rows"),
        (lambda: compile(lambda x: x).map((ctypes.c_int * 3)(1, 2, 3)), r"a buffer of <i .*array\('d'"),
        (lambda: TOTAL("a"), "expected a number, got 'a'"),
        (lambda: TOTAL([None]), "expected a number, got None"),
        (lambda: TOTAL(np.array("3")), "an array of <U1"),
        (lambda: compile(lambda s, x, e: (s + e, x)).scan(0.0, np.ones(3), extras=3), "extras are arrays"),
        (lambda: compile(lambda s, x, e: (s + e, x)).scan(0.0, np.ones(3), extras=[["a"] * 3]), "extras are arrays"),
    ],
)
def test_what_holds_no_numbers_is_refused_by_name_at_the_users_line(attempt, message):
    with pytest.raises(TypeError, match=message) as caught:
        attempt()
    assert caught.traceback[-1].name == "<lambda>"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_objects_that_are_numbers_and_extras_that_can_be_read_once_are_taken():
    assert compile(lambda x: 2 * x).map(np.array([1, 0.5], dtype=object)).tolist() == [2.0, 1.0]
    assert compile(lambda s, x, e: (s + e, x)).scan(0.0, np.ones(3), extras=[iter([1.0, 2.0, 3.0])])[0] == 6.0


def test_a_mask_is_no_order_and_times_is_a_count():
    half = compile(lambda s, x: s / 2 + x, backend="python")
    column = array("d", [1.0, 2.0, 3.0])
    for order in ([True, False, True], np.array([True, False, True]), [0.5]):
        with pytest.raises(TypeError, match="row numbers"):
            half.fold(0.0, column, order=order)
    for times in (-1, 1.5):
        with pytest.raises(TypeError, match="times"):
            half.fold(0.0, column, times=times)
    assert half.fold(0.0, column, order=np.array([2, 0])) == 2.5
    assert half.fold(8.0, column, times=0) == 8.0


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_an_order_that_can_be_read_once_is_an_order(backend):
    square, x = compile(lambda x: x * x, backend=backend), np.arange(5.0)
    assert square.sum(x, order=reversed([1, 2])) == 5.0
    assert square.sum(x, order=(i for i in (3, 3))) == 18.0
    assert compile(lambda s, x: s + x, backend=backend).fold(0.0, x, order=iter([0, 1])) == 1.0
    for order in (b"\1\0\0\0\0\0\0\0", bytearray(8), {1: 2}, {1, 2}, "12", 3):
        with pytest.raises(TypeError, match="order is a sequence of row numbers"):
            square.sum(x, order=order)
    with pytest.raises(IndexError, match="outside 0 … 4"):
        square.sum(x, order=[10**30])


def test_threads_share_a_compiled_function():
    compiled = compile(BOTH, backend="llvm")
    total = compiled.summed_over(WEIGHTS, *rows(500))
    expected = {k: total([k, 0.1, 0.2]) for k in range(8)}
    wrong = []

    def work(k):
        for _ in range(50):
            if total([k, 0.1, 0.2]) != expected[k] or compiled.sum([k, 0.1, 0.2], *rows(500)) != expected[k]:
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@needs_llvm
def test_captured_leaves_are_read_at_every_call():
    w = Value(2.0)
    compiled = compile(lambda x: w * sigmoid(x), backend="llvm")
    total = compiled.summed_over(np.ones(9))
    before = compiled(1.0), compiled.map(np.ones(9))[0], total()
    w.data = 4.0
    assert (compiled(1.0), compiled.map(np.ones(9))[0], total()) == tuple(2 * x for x in before)


@needs_llvm
def test_functions_of_functions_loop_too():
    second = compile(grad(grad(lambda x: tanh(x) ** 3)), backend="llvm")
    x = np.linspace(-2, 2, 13)
    assert np.allclose(second.map(x), [grad(grad(lambda x: tanh(x) ** 3))(v) for v in x.tolist()], rtol=1e-12)


def test_every_prefix_of_an_order_is_carried_alike():
    add = compile(lambda s, x: 2 * s + x)
    x = np.arange(5.0)
    for order in itertools.permutations(range(5), 3):
        s = 1.0
        for i in order:
            s = 2 * s + x[i]
        assert add.fold(1.0, x, order=order) == s


@pytest.mark.parametrize("backend", BACK_ENDS)
@pytest.mark.parametrize("length", [1, 1200], ids=["short", "cut into pieces"])
def test_the_step_of_a_scan_over_blocks_reads_what_it_has_captured(length, backend):
    w = Value(3.0, "w")

    def step(c, sums, count):
        for i in range(length):
            c = c * 0.999 + w * (0.001 + i * 1e-7)
        return c - 0.1 * sums / count, sums

    scan = compile(lambda m, x: (m - x) ** 2, backend=backend).blockwise(step).scan
    for captured in (3.0, -2.0):
        w.data = captured
        last, emitted = scan(8.0, array("d", [1.0, 2.0, 3.0, 4.0, 5.0]), size=2, order=[4, 0, 1, 3, 2])
        c, losses = 8.0, []
        for block in ([5.0, 1.0], [2.0, 4.0], [3.0]):
            losses.append(sum((c - x) ** 2 for x in block))
            c = step(c, losses[-1], len(block))[0].data
        assert last == pytest.approx(c, rel=1e-12)
        assert list(emitted) == pytest.approx(losses, rel=1e-12)
