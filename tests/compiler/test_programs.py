"""Programs: what is left of a graph, what tracing refuses, what can be read."""

import contextlib
import copy
import gc
import math
import pickle
import random
import subprocess
import sys
import textwrap
import threading
import time
import warnings
import weakref
from array import array
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest

import autograd
from autograd import (
    Value,
    affine,
    compile,
    exp,
    grad,
    hessian,
    jacobian,
    log,
    maximum,
    modes,
    no_grad,
    primitive,
    provenance,
    sigmoid,
    sin,
    sqrt,
    step,
    trace,
    value_and_grad,
    where,
)

from .back_ends import BACK_ENDS, needs_llvm, outcome

with contextlib.suppress(ImportError):
    import numpy


def operations(program):
    return [line.op.name for line in program.instructions]


# ---- What is left ----------------------------------------------------------------------------------------


def test_equal_subexpressions_are_computed_once():
    assert operations(trace(lambda x, y: sin(x * y) + sin(y * x), 1.0, 2.0)) == ["mul", "sin", "add"]
    assert operations(trace(lambda x, y: (x - y) * (y - x), 1.0, 2.0)) == ["sub", "sub", "mul"]


def test_constants_are_computed_and_factors_of_one_dropped():
    program = trace(lambda x: (Value(2.0) * Value(3.0)) * x * 1.0 / 1.0 - 0.0, 1.0)
    assert (operations(program), program.constants) == (["mul"], (6.0,))


def test_what_would_change_a_bit_stays():
    program = trace(lambda x: (x + 0.0) * 0.0, 1.0)
    assert operations(program) == ["add", "mul"]
    assert math.copysign(1.0, compile(lambda x: x + 0.0)(-0.0)) == 1.0
    assert math.copysign(1.0, compile(lambda x: x * -0.0)(2.0)) == -1.0


def test_what_is_not_used_goes_unless_it_may_raise():
    assert operations(trace(grad(lambda x: sigmoid(x) * 0 + x), 1.0)) == ["sigmoid_slope", "mul", "add"]
    slope = trace(grad(lambda x: log(x)), 1.0)
    assert operations(slope) == ["log", "div"]
    with pytest.raises(ValueError, match="domain"):
        slope(-1.0)


def test_a_constant_that_raises_does_so_at_the_call():
    program = trace(lambda x: where(x, x, sqrt(Value(0.0)) + 1), 1.0)
    assert program(0.0) == 1.0


def test_gradients_are_cheap():
    """Baur and Strassen: all derivatives for a few times the multiplications of the value."""

    def product(x):
        result = x[0]
        for factor in x[1:]:
            result = result * factor
        return result

    for n in (4, 32):
        value, gradient = trace(product, [1.1] * n), trace(value_and_grad(product), [1.1] * n)
        assert value.statistics == (n - 1, n - 1, n - 1)
        assert gradient.statistics.multiplications <= 3 * (n - 1)


def test_statistics_count_what_is_inside_affine():
    assert trace(lambda w, x: affine(w, x, 1.0), [1.0] * 3, [2.0] * 3).statistics == (6, 3, 4)


# ---- Captured leaves ---------------------------------------------------------------------------------------


def test_leaves_that_others_hold_are_captured_and_others_are_constants():
    w = Value(3.0, "w^{1}_{11}")
    program = trace(lambda x: w * x + Value(1.0, "not held"), 2.0)
    assert (program.captured, program.constants) == ((w,), (1.0,))
    w.data = 5.0
    assert program(2.0) == 11.0


def test_captured_leaves_become_an_argument():
    w, b = Value(3.0), Value(0.5)
    program = trace(lambda x: w * x + b, 2.0).lifted([w])
    assert program.captured == (b,)
    assert program([4.0], 2.0) == 8.5
    with no_grad():
        assert grad(program, argnums=(0, 1))([4.0], 2.0) == ([2.0], 4.0)


def test_tracing_leaves_nothing_behind():
    kept = []

    def f(x):
        y = sin(x)
        kept.append(weakref.ref(y))
        return y * y

    gc.disable()
    try:
        trace(hessian(f), 1.0)
        assert all(ref() is None for ref in kept)
    finally:
        gc.enable()
    assert not modes.active


# ---- What tracing refuses ------------------------------------------------------------------------------------


@pytest.mark.parametrize("branch", [lambda x: x > 0, lambda x: x >= 0, lambda x: x < x + 1, lambda x: max(x, 2 * x)])
def test_a_branch_on_a_value_is_an_error_that_says_what_to_write(branch):
    with pytest.raises(TypeError, match=r"while their function is being traced.*where\(step"):
        trace(lambda x: x if branch(x) else -x, 1.0)
    assert Value(2.0) > 1.0  # and allowed again


@pytest.mark.parametrize(
    "looks",
    [
        lambda x: x if x.data > 0 else -x,
        lambda x: x if not x.data < 0 else -x,
        lambda x: abs(x) - 0.5 if abs((x * x).data - 3) > 100 else x * x / 2,
        lambda x: x * int(x.data),
        lambda x: x * round(x.data, 1),
        lambda x: x * math.floor(x.data),
        lambda x: x * math.exp(x.data),
        lambda x: x * (x.data // 2),
        lambda x: x * (2 if x.data else 3),
        lambda x: x * {1.0: 2.0}.get(x.data, 5.0),
        lambda x: [10.0, 20.0, 30.0][int(x.data)] * x,
    ],
)
@pytest.mark.parametrize("example", [1.0, -2.0])
@pytest.mark.parametrize("derived", [lambda f: f, grad, hessian])
def test_nothing_is_decided_by_data_whatever_the_example(looks, example, derived):
    with pytest.raises(TypeError, match=r"\.data while its function is being traced.*where\(step"):
        trace(derived(looks), example)


def test_data_that_leads_back_into_the_graph_is_a_constant_of_each_call():
    for f in (lambda x: x * x.data, lambda x: x * x.detach(), lambda x: x * (2 * x.data + 1), lambda x: x**3 + x.data):
        compiled, slope = compile(f), compile(grad(f))
        for x in (3.0, 5.0):
            assert compiled(x) == f(Value(x)).data
            assert slope(x) == grad(f)(x)


def test_forward_functions_of_users_may_branch():
    hinge = primitive("hinge", lambda x: x - 1.0 if x > 1.0 else 0.0, lambda x, z: step(z))
    slope = compile(grad(lambda x: hinge(x) * x))
    assert [slope(x) for x in (0.5, 3.0)] == [0.0, 5.0]


def test_randomness_shows_too():
    with pytest.raises(TypeError, match="keep random numbers outside"):
        compile(lambda x: x * random.random())(1.0)


def test_text_is_no_number():
    with pytest.raises(TypeError, match="expected a number"):
        compile(lambda x: x)("1")


# ---- Calls -----------------------------------------------------------------------------------------------------


class Pair(NamedTuple):
    first: float
    second: list


SHAPES = [
    (lambda x: x, (2.0,), 2.0),
    (lambda x: [x], (2.0,), [2.0]),
    (lambda x: (x,), (2.0,), (2.0,)),
    (lambda x: [], (2.0,), []),
    (lambda: 3.0, (), 3.0),
    (lambda v: [v[1], (v[0][0], [v[0][1]])], ([(1.0, 2.0), 3.0],), [3.0, (1.0, [2.0])]),
    (lambda x: Pair(x, [x, 1.0]), (2.0,), Pair(2.0, [2.0, 1.0])),
    (lambda *x: sum(x), tuple(range(12)), 66.0),
]


@pytest.mark.parametrize("backend", BACK_ENDS)
@pytest.mark.parametrize(("f", "args", "expected"), SHAPES)
def test_arguments_and_results_of_every_shape(backend, f, args, expected):
    compiled = compile(f, backend=backend)
    for _ in range(2):
        result = compiled(*args)
        assert (result, type(result)) == (expected, type(expected))
    assert trace(f, *args)(*args) == expected


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_arguments_of_another_shape_are_another_program(backend):
    total = compile(lambda v: sum(v, 0.0), backend=backend)
    assert [total([1.0] * n) for n in (1, 3, 2, 3)] == [1.0, 3.0, 2.0, 3.0]
    assert total((1, True, 2.5)) == 4.5
    with pytest.raises(TypeError):
        total()


def test_numpy_scalars_and_vectors_are_numbers_and_lists():
    np = pytest.importorskip("numpy")
    f = compile(lambda a, v: a * v[0] + v[1])
    assert f(np.float32(2.0), np.array([3.0, 1.0])) == f(2.0, [3.0, 1.0]) == 7.0


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_compiled_functions_can_be_differentiated_and_take_settings(backend):
    f = compile(lambda x, power=2: x**power, backend=backend)
    assert (f(3.0), f(3.0, power=3), f(3.0)) == (9.0, 27.0, 9.0)
    assert grad(f)(3.0) == 6.0
    assert compile(grad(f), backend=backend)(3.0) == 6.0
    assert isinstance(f(Value(3.0)), Value)


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_transforms_of_transforms(backend):
    def f(v):
        return sin(v[0]) * v[1] ** 3 + exp(v[0] * v[1])

    for transform in (grad, hessian, lambda f: jacobian(grad(f)), value_and_grad):
        eager, compiled = transform(f), compile(transform(f), backend=backend)
        assert autograd.transform.flatten([compiled([0.3, 1.2])]) == pytest.approx(
            autograd.transform.flatten([eager([0.3, 1.2])]), rel=1e-13
        )


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_what_raises_names_the_operation_and_with_provenance_the_node_its_line(backend):
    def f(x):
        return log(x) * 2

    compiled = compile(f, 1.0, backend=backend)
    with pytest.raises(ValueError, match=r"log\(.*-1\.0\): outside its domain \(x > 0\)") as caught:
        compiled(-1.0)
    assert caught.traceback[-1].name == "f"  # it ends at the user's line
    with provenance():
        node = compile(f, backend=backend)(Value(2.0))
    assert modes.source_of(node).function == "f"


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_masked_trouble_is_trouble_as_it_is_eagerly(backend):
    for f in (lambda x: where(x, x, log(x)), lambda x: 1 / (1 + exp(x)), lambda x: maximum(x**2, 1.0) * 0.0):
        for x in (0.0, 800.0, 1e200, -3.0):
            assert outcome(compile(f, backend=backend), x) == outcome(f, x)


@pytest.mark.parametrize("backend", BACK_ENDS)
@pytest.mark.parametrize(
    ("f", "args", "message"),
    [
        (lambda x: abs(x**0.5), (-1.0,), r"-1\.0"),  # as a float: the absolute value of a complex number
        (lambda x, y: abs(x**y), (-1.0, 0.5), r"-1\.0"),
        (lambda x: x**0.5, (-1.0,), r"-1\.0"),
        (lambda x: numpy.log(x), (-1.0,), r"log\(.*outside its domain"),  # as a float: a NaN and a warning
        (lambda x: numpy.exp(x), (1000.0,), r"exp\(.*too large"),
        (lambda x: numpy.divide(1.0, x), (0.0,), "division by zero"),
    ],
)
def test_the_call_is_repeated_on_values_whose_rules_floats_do_not_share(backend, f, args, message):
    pytest.importorskip("numpy")
    with pytest.raises((ValueError, ArithmeticError), match=message) as eager:
        f(*map(Value, args))
    compiled = compile(f, *[1.0] * len(args), backend=backend)
    with pytest.raises(eager.type, match=message):
        compiled(*args)
    with pytest.raises(eager.type, match=message):
        compiled.map(*[array("d", [1.0, x]) for x in args])
    with pytest.raises(eager.type, match=message):
        compile(f, backend=backend)(*args)


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_the_builtin_sum_adds_as_it_adds_values(backend):
    """Of floats, Python 3.12 and later add more precisely: what nobody's graph does."""
    tenths = [0.1] * 10
    assert compile(lambda v: sum(v), backend=backend)(tenths) == sum(map(Value, tenths)).data
    f = compile(lambda v: [sum(v), v[0] * 1e308 * 100], backend=backend)
    assert f(tenths) == [sum(map(Value, tenths)).data, math.inf]


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_settings_that_are_equal_but_not_the_same_are_other_programs(backend):
    signed = compile(lambda x, n: x * math.copysign(1.0, n[0] if isinstance(n, tuple) else n), backend=backend)
    assert [signed(3.0, n=n) for n in (0.0, -0.0, (0.0,), (-0.0,), 0.0)] == [3.0, -3.0, 3.0, -3.0, 3.0]
    doubled = compile(lambda x, n: x * 2 if n is True else x, backend=backend)
    assert [doubled(3.0, n=n) for n in (1, True, 1.0)] == [3.0, 6.0, 3.0]
    with pytest.raises(TypeError, match=r"^the setting n=\[1\] .*tuple"):
        doubled(3.0, n=[1])


# ---- What can be read ------------------------------------------------------------------------------------------


def test_sources():
    program = trace(lambda x, w: sigmoid(affine(w, [x, 1.0])), 0.5, [1.0, 2.0])
    assert (
        program.source()
        == "def program(x, w_0, w_1):\n    v0 = w_0 * x + w_1 * 1.0\n    v1 = sigmoid(v0)\n    return v1"
    )
    assert "void program(const double *in, double *out)" in program.source("c")
    assert "define i64 @call(ptr" in program.source("llvm")
    with pytest.raises(ValueError, match="no source in 'fortran'"):
        program.source("fortran")
    assert repr(program) == "<Program: 3 input(s), 1 output(s), 3 instructions, 1 multiplications, depth 3>"


def test_names_from_users_cannot_become_code():
    evil = autograd.primitive("x\n    import os #", lambda x: x + 1.0, lambda x, z: 1.0)
    w = Value(1.0, "w); import os; (")
    program = trace(lambda v0: evil(v0) * w, 2.0)
    assert program(2.0) == 3.0
    assert "import os" not in program.source()
    compiled = compile(lambda lambda_: evil(lambda_), backend="python")
    assert compiled(1.0) == 2.0


def test_the_same_function_gives_the_same_source():
    def source():
        return trace(hessian(lambda v: sin(v[0]) * v[1] ** 2), [1.0, 2.0]).source("c")

    assert source() == source()


def test_compiled_functions_say_what_they_are():
    f = compile(lambda x: 2 * x, backend="python")
    assert repr(f) == "<compiled <lambda>: python>"
    with pytest.raises(TypeError, match="has not been traced yet"):
        _ = f.program
    with pytest.raises(ValueError, match="no back end 'fast'"):
        compile(lambda x: x, backend="fast")
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps(f)  # a lambda


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_copies_and_pickles_compute_the_same(backend):
    f = compile(autograd.hypot, backend=backend)
    program = trace(autograd.hypot, 3.0, 4.0)
    assert f(3.0, 4.0) == program(3.0, 4.0) == 5.0  # code has been made
    for again in (copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))):
        assert again(f)(6.0, 8.0) == again(program)(6.0, 8.0) == 10.0
    w = Value(2.0)
    line = compile(lambda x: w * x, backend=backend)
    assert line(3.0) == copy.deepcopy(line)(3.0) == 6.0


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_an_error_in_a_loop_has_a_note_of_the_row(backend):
    with pytest.raises(ValueError, match=r"log\(.*-3\.0\)") as error:
        compile(lambda x: log(x), backend=backend).map(array("d", [1.0, 2.0, -3.0, 4.0]))
    assert error.value.__notes__ == ["in row 2, counted from 0, of the rows in the order taken"]


# ---- Without llvmlite --------------------------------------------------------------------------------------------


def test_without_llvmlite_everything_works_and_nothing_warns():
    program = textwrap.dedent("""
        import sys, warnings
        warnings.simplefilter("error")
        sys.modules["llvmlite"] = None
        from array import array
        import nn
        from autograd import compile, grad, trace
        f = compile(grad(lambda x: x ** 3))
        assert (f(2.0), f.backend) == (12.0, "python")
        assert f.map(array("d", [1.0, 2.0])) == array("d", [3.0, 12.0])
        assert "define" in trace(lambda x: x * x, 1.0).source("llvm")
        model = nn.MLP([2, 2, 1], seed=1)
        history = nn.fit(model, [[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0], epochs=3)
        assert history.backend == "python"
        try:
            compile(lambda x: x, backend="llvm")
        except ImportError as error:
            assert "pip install" in str(error)
        else:
            raise SystemExit("no error")
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_llvm
def test_machine_code_is_what_auto_takes():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        f = compile(lambda x: x * x)
        assert (f(3.0), f.backend) == (9.0, "llvm")


@needs_llvm
def test_compile_time_grows_with_the_program_and_not_faster():
    """In pieces of bounded size; counted, since clocks lie."""
    from autograd.compiler.llvm import kernels

    def chain(n):
        def f(x, y):
            for _ in range(n):
                x, y = x * y + 0.5, y - x * 0.25
            return x

        return kernels.call_kernel(kernels.lowered(trace(f, 0.1, 0.2)), relaxed=False).text

    def longest_piece(text):
        return max(len(function) for function in text.split("define") if "@call(" not in function)

    short, long = chain(2000), chain(8000)
    assert longest_piece(long) < 1.2 * longest_piece(short)
    assert long.count("call i1 @piece") < 8000 * 4 / 50  # all that the function that calls them does
    assert len(long) < 5 * len(short)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: trace(None, 1.0), "trace takes a function and then an example of its arguments, not None"),
        (lambda: compile("f", 1.0), "compile takes a function and then an example of its arguments, not 'f'"),
        (lambda: compile(3), "compile takes a function and then an example of its arguments, not 3"),
        (lambda: trace(sin, "1"), "expected a number, got '1'"),
        (lambda: compile(sin, 1.0, backend="python")(None), "expected a number, got None"),
        (lambda: compile(sin, 1.0, backend="python")("1"), "expected a number, got '1'"),
    ],
)
def test_what_is_no_function_or_no_number_is_named(attempt, message):
    with pytest.raises(TypeError, match=message) as caught:
        attempt()
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


class Half:
    def __float__(self) -> float:
        return 0.5


@pytest.mark.parametrize("backend", BACK_ENDS)
@pytest.mark.parametrize("no_number", [Decimal("0.5"), Half()], ids=["Decimal", "Half"])
def test_what_turns_into_a_float_is_no_number_to_machine_code_either(backend, no_number):
    one, many = compile(sin, 1.0, backend=backend), compile(lambda v: [v, sum(v)], [0.5] * 5, backend=backend)
    rows = array("d", [1.0, 2.0])
    total = compile(lambda w, v, x: w * x + v[1], backend=backend)
    attempts = [
        lambda: one(no_number),
        lambda: many([0.5, 1, no_number, 2.0, 3.0]),
        lambda: total.sum(no_number, [1.0, 1.0], rows),
        lambda: total.summed_over(0.5, [1.0, 1.0], rows)(no_number, [1.0, 1.0]),
        lambda: total.summed_over(0.5, [1.0, 1.0], rows)(0.5, [1.0, no_number]),
        lambda: compile(lambda c, x: c * x, backend=backend).fold(no_number, rows),
        lambda: compile(lambda c, x, e: (c, e), backend=backend).scan(1.0, rows, extras=[[1.0, no_number]]),
    ]
    for attempt in attempts:
        with pytest.raises(TypeError, match=r"expected a number|extras are arrays with a number for each step"):
            attempt()
    assert one(True) == one(Fraction(1)) == one(1.0)
    assert many([0, True, Fraction(1), 2.0, 3]) == [[0.0, 1.0, 1.0, 2.0, 3.0], 7.0]


@pytest.mark.parametrize("backend", BACK_ENDS)
@pytest.mark.parametrize(
    ("f", "line"),
    [
        (lambda x: None, "attempt"),
        (lambda x: {"a": x}, "attempt"),
        (lambda x: x * random.random(), "attempt"),
        (log, "attempt"),
        (lambda x: log(x), "<lambda>"),
    ],
)
def test_an_error_of_the_first_call_and_of_the_next_ends_at_the_users_line(backend, f, line):
    compiled = compile(f, backend=backend)

    def attempt():
        compiled(-1.0)

    for _ in range(2):
        with pytest.raises((TypeError, ValueError)) as caught:
            attempt()
        assert caught.traceback[-1].name == line


@pytest.mark.parametrize("backend", BACK_ENDS)
@pytest.mark.parametrize("count", [2, 5])
def test_what_is_no_list_is_not_taken_for_one_by_a_function_that_has_been_called(backend, count):
    f = compile(lambda v: v[0] - 2 * v[1], backend=backend)
    assert f([1.0] * count) == -1.0
    for no_list in (dict(enumerate(range(10, 10 + count))), set(range(count)), iter([1.0] * count)):
        with pytest.raises(TypeError, match="expected a number, got"):
            f(no_list)
    assert f(tuple(range(count))) == f(np.arange(count)) == -2.0


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_a_function_of_nothing_but_a_captured_leaf(backend):
    w = Value(3.0)
    assert compile(lambda: w * 2, backend=backend)() == 6.0
    assert compile(lambda v: w * 2, backend=backend)([]) == 6.0


def test_what_a_users_forward_returns_becomes_a_float_as_in_the_eager_engine():
    floor = primitive("floor", math.floor, lambda x, z: 0.0)
    f = compile(lambda x: autograd.atan2(-floor(x), -1.0), backend="python")
    assert f(0.5) == f.__wrapped__(Value(0.5)).data == -math.pi  # -0.0, which no whole number is
    single = primitive("single", np.float32, lambda x, z: 1.0)
    result = compile(lambda x: single(x) * 0.1, backend="python")(2.0)
    assert (type(result), result) == (float, 2.0 * 0.1)


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_long_arguments_and_results_of_the_wrong_shape_are_another_program(backend):
    """Lists are taken as a whole, so their lengths must be looked at one by one."""
    f = compile(lambda x, y: [sum(x), sum(y), *x, *y, x], backend=backend)
    x, y = [1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0]
    assert f(x, y) == [15.0, 30.0, *x, *y, x]
    assert f(y, x) == [30.0, 15.0, *y, *x, y]
    assert f(tuple(x), y)[:2] == [15.0, 30.0]
    assert f([*x, 1.0], y)[0] == 16.0
    with pytest.raises(TypeError):
        f(x, [*y[:3], "9"])
    with pytest.raises(TypeError):
        f(x, 3.0)


# ---- Threads -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_threads_that_make_the_first_call_share_one_entry(backend, monkeypatch):
    variant = compile(lambda x: sin(x) * x, backend=backend).specialized(1.0)
    make, made, together = variant.runner.entry, [], threading.Barrier(4)

    def slowly(replay):
        time.sleep(0.05)  # the other threads ask while it is being made
        made.append(make(replay))
        return made[-1]

    def ask():
        together.wait()
        asked.append(variant.entry)

    monkeypatch.setattr(variant.runner, "entry", slowly)
    asked = []
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert asked == made * 4


@needs_llvm
def test_machine_code_is_owned_by_what_calls_it(monkeypatch):
    """Not by the place where it is kept for later: that may be overwritten while the code runs."""
    from autograd.compiler.llvm import backend
    from autograd.compiler.llvm.loop import Kind
    from autograd.compiler.llvm.loop import Rows as Layout

    runner = compile(lambda x: [sin(x), x * x], backend="llvm").specialized(1.0).runner
    layout = Layout((Kind.COLUMN,), ordered=False)
    made = []

    class Kept(backend.Machine):
        def __init__(self, *args):
            super().__init__(*args)
            made.append(weakref.ref(self))

    monkeypatch.setattr(backend, "Machine", Kept)
    first = runner.entry(lambda x: None)
    loop, _ = runner._function("map", lambda: runner._kernel("map", layout), long=False)
    runner._made.clear()
    gc.collect()
    assert [ref() is not None for ref in made] == [True, True]
    assert first(2.0) == [math.sin(2.0), 4.0]
    del first, loop
    gc.collect()
    assert [ref() is None for ref in made] == [True, True]


@needs_llvm
def test_what_is_compiled_and_forgotten_leaves_no_memory_behind():
    """In a process of its own, whose peak tells: LLVM's memory is not Python's.  A machine kept 13 to 27 KB before."""
    pytest.importorskip("resource", reason="how much memory a process holds is asked of Unix")
    program = """if True:
        import resource
        from autograd.compiler.llvm.engine import Machine

        def make(count):
            for i in range(count):
                Machine(f"define double @f(double %x) {{ %y = fadd double %x, {i}.0 ret double %y }}")
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        print(make(50), make(300))
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert (after - before) / 300 < 4.0 * (1 if sys.platform == "linux" else 1024)
