"""NumPy: functions on Values, object arrays of them, NumPy's numbers on either side of an operator."""

import math
import operator

import pytest

from autograd import Value, grad, where
from autograd.primitives import PRIMITIVES

np = pytest.importorskip("numpy")

# Every NumPy function of one operand that has a primitive, under NumPy's name and at a point inside both domains.
UFUNCS = {
    "exp": "exp", "exp2": "exp2", "expm1": "expm1", "log": "log", "log2": "log2", "log10": "log10", "log1p": "log1p",
    "sqrt": "sqrt", "cbrt": "cbrt", "sin": "sin", "cos": "cos", "tan": "tan", "arcsin": "asin", "arccos": "acos",
    "arctan": "atan", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "arcsinh": "asinh", "arccosh": "acosh",
    "arctanh": "atanh", "absolute": "abs", "negative": "neg",
}  # fmt: skip


@pytest.mark.parametrize("ufunc", UFUNCS)
def test_numpy_functions_give_values_with_right_gradients(ufunc):
    op = PRIMITIVES[UFUNCS[ufunc]]
    point = 1.7 if ufunc == "arccosh" else 0.3
    x = Value(point)
    y = getattr(np, ufunc)(x)
    assert isinstance(y, Value)
    assert y.op is op
    assert y.data == pytest.approx(float(getattr(np, ufunc)(point)), rel=1e-15)
    y.backward()
    assert x.grad == grad(op)(point)
    array = np.array([Value(point), Value(point)])
    result = getattr(np, ufunc)(array)
    assert result.dtype == object
    assert [v.data for v in result] == [y.data, y.data]


@pytest.mark.parametrize(("ufunc", "operands"), [("hypot", (3.0, 4.0)), ("arctan2", (1.0, 2.0)), ("power", (2.0, 3.0))])
def test_numpy_functions_of_two_operands(ufunc, operands):
    x, y = map(Value, operands)
    z = getattr(np, ufunc)(x, y)
    z.backward()
    expected = {"hypot": (0.6, 0.8), "arctan2": (0.4, -0.2), "power": (12.0, 8 * math.log(2))}[ufunc]
    assert (x.grad, y.grad) == pytest.approx(expected, rel=1e-15)
    assert getattr(np, ufunc)(x, operands[1]).data == z.data


def test_reciprocal_and_square():
    for ufunc, slope in [(np.reciprocal, -0.25), (np.square, 4.0)]:
        x = Value(2.0)
        ufunc(x).backward()
        assert x.grad == slope


@pytest.mark.parametrize("kind", ["float64", "float32", "int64", "int32", "bool_"])
def test_numpys_numbers_on_either_side_of_every_operator(kind):
    number = getattr(np, kind)(1)
    x = Value(3.0)
    both = [
        (number + x, x + number, 1.0, 1.0),
        (number * x, x * number, 1.0, 1.0),
        (number - x, x - number, -1.0, 1.0),
        (number / x, x / number, -1 / 9, 1.0),
        (number**x, x**number, 0.0, 1.0),
    ]
    for left, right, left_slope, right_slope in both:
        for y, slope in ((left, left_slope), (right, right_slope)):
            assert type(y) is Value
            assert type(y.data) is float
            x.grad = 0.0
            y.backward()
            assert x.grad == pytest.approx(slope)


def test_object_arrays_under_matrix_products_and_sums():
    w = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]])
    x = np.array([Value(5.0), Value(6.0)])
    y = w @ x
    assert [v.data for v in y] == [17.0, 39.0]
    (y @ y).backward()  # |Wx|²: gradient 2 y xᵀ with respect to W, 2 Wᵀ y with respect to x
    assert [[v.grad for v in row] for row in w] == [[170.0, 204.0], [390.0, 468.0]]
    assert [v.grad for v in x] == [2 * (17 + 3 * 39), 2 * (2 * 17 + 4 * 39)]
    assert np.sum(w).data == 10.0
    assert np.mean(x).data == 5.5
    assert (w * np.array([1.0, 10.0]))[1, 1].data == 40.0
    assert (np.array([[1.0, 2.0]]) @ x)[0].data == 17.0
    assert np.dot(x, [1.0, 1.0]).data == 11.0


def test_arrays_of_floats_broadcast_against_a_value():
    x = Value(2.0)
    for array in (x * np.array([1.0, 2.0]), np.array([1.0, 2.0]) * x):
        assert [v.data for v in array] == [2.0, 4.0]
        assert all(isinstance(v, Value) for v in array)


def test_a_whole_network_in_numpy_notation_equals_the_same_in_plain_python():
    draw = np.random.default_rng(0)
    w1, w2, x = draw.normal(size=(3, 4)), draw.normal(size=3), draw.normal(size=4)
    weights = np.array([[Value(v) for v in row] for row in w1])
    np.tanh(weights @ x).dot(w2).backward()
    hidden = np.tanh(w1 @ x)
    expected = np.outer(w2 * (1 - hidden**2), x)
    assert np.array([[v.grad for v in row] for row in weights]) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "convert", [lambda a: a.astype(float), lambda a: np.array(a, dtype=float), lambda a: np.float64(a[0])]
)
def test_no_conversion_drops_the_gradient_silently(convert):
    with pytest.raises(TypeError, match="silently drop its gradient"):
        convert(np.array([Value(1.0)]))


def test_an_array_where_a_number_belongs_is_refused():
    for array in (np.array([1.0, 2.0]), np.array([1.0]), np.array(1.0)):
        with pytest.raises(TypeError, match="an array holds many numbers; make one Value for each"):
            Value(array)


def test_a_comparison_of_numpys_chooses_between_values():
    a, b = Value(1.0), Value(2.0)
    scores = np.array([0.5, -0.5])
    for i, (chosen, other) in enumerate([(a, b), (b, a)]):
        a.grad = b.grad = 0.0
        z = where(scores[i] > 0.0, a, b)
        z.backward()
        assert (z.data, chosen.grad, other.grad) == (chosen.data, 1.0, 0.0)
    assert where(np.bool_(False), 1.0, 2.0) == 2.0
    assert Value(np.bool_(True)).data == 1.0
    with pytest.raises(TypeError, match="an array holds many numbers"):
        where(scores > 0.0, a, b)


@pytest.mark.parametrize("three", [np.int64(3), np.float32(3.0), np.float64(3.0), np.bool_(True), np.array(3.0)])
def test_comparing_a_value_with_a_number_of_numpys(three):
    x = Value(3.0)
    for equality in (lambda: x == three, lambda: three == x, lambda: x != three):
        with pytest.raises(TypeError, match="== between Values is identity"):
            equality()
    if three.dtype.kind != "b" and isinstance(three, np.generic):
        assert [x < three, x <= three, x > three, x >= three] == [False, True, False, True]
        assert type(x < three) is bool


def test_an_array_compares_its_elements_with_a_value():
    x, y = Value(1.0), Value(2.0)
    assert (np.array([x, y]) == x).tolist() == [True, False]
    assert (x == np.array([x, y])).tolist() == [True, False]
    with pytest.raises(TypeError, match="== between Values is identity"):
        operator.eq(x, np.array([1.0, 2.0]))
