"""Formulas come from the table's rules: for every primitive they are its derivative, and they are well formed."""

import math
import re
import xml.etree.ElementTree as ET

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value, affine, hypot, leaky, log1p, power, primitive, step, total, xlogy
from autograd.explain.derivation import written_out
from autograd.explain.formula import Formulas
from autograd.explain.mathml import from_latex
from autograd.notation import names
from autograd.primitives import PRIMITIVES, semicircle
from tests.explain.test_names import check_latex

POINT = {"acosh": [1.7], "asin": [0.4], "acos": [0.4], "atanh": [0.4]}
OPS = {**PRIMITIVES, "power(3)": power(3), "power(-2)": power(-2), "power(0.5)": power(0.5), "leaky(0.2)": leaky(0.2)}
_MPMATH = "exp log sin cos tan sinh cosh tanh sqrt sign cbrt hypot atan2 erf asinh acosh expm1 log1p"
FUNCTIONS = {name: getattr(mpmath, name) for name in re.findall(r"\w+", _MPMATH)} | {
    "σ": lambda x: 1 / (1 + mpmath.exp(-x)),
    "where": lambda c, x, y: x if c else y,
    "max": lambda x, y: mpmath.mpf(max(x, y)),
    "root": mpmath.sqrt,
    "holds": lambda condition: mpmath.mpf(condition),
    "softmax1": lambda *v: mpmath.exp(v[0]) / sum(map(mpmath.exp, v)),
    "softmax2": lambda *v: mpmath.exp(v[1]) / sum(map(mpmath.exp, v)),
    "softmax3": lambda *v: mpmath.exp(v[2]) / sum(map(mpmath.exp, v)),
    "tanh_slope": lambda x: mpmath.sech(x) ** 2,
    "hypot_slope": lambda x, y: x / mpmath.hypot(x, y),
    "atan_slope": lambda x: 1 / (1 + x**2),
}


def evaluate(text, **numbers):
    """A printed formula as a number."""
    python = text.replace("−", "-").replace("·", "*").replace("√", "root").replace("^", "**").replace("≥", ">=")
    python = python.replace("tanh′", "tanh_slope")
    python = re.sub(
        "[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda m: "**(" + m[0].translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")) + ")", python
    )
    python = python.replace("[", "holds(").replace("]", ")")
    python = re.sub(r"(?<![A-Za-zσ0-9_])([abcz]|\d)\(", r"\1*(", python)
    return eval(python, {"__builtins__": {}}, {**FUNCTIONS, **numbers})


@pytest.mark.parametrize("name", sorted(set(OPS) - {"affine", "total"}))
def test_the_formula_of_every_local_derivative_is_the_derivative(name):
    op = OPS[name]
    arity = op.arity or 3
    point = POINT.get(name, [0.6, 1.3, 0.9][:arity])
    operands = [Value(x, label) for x, label in zip(point, "abc", strict=False)]
    z = op(*operands)
    z.label = "z"
    formulas = Formulas(names(z))
    assert len(formulas.partials(z)) == arity
    for formula, slope in zip(formulas.partials(z), z.partials, strict=True):
        value = evaluate(formula.text, z=z.data, **{v.label: v.data for v in operands})
        assert float(value) == pytest.approx(slope, rel=1e-5, abs=1e-12)  # constants are printed to six digits
        check_formula(formula)
    check_formula(formulas.value(z))


def check_formula(formula):
    assert set(re.findall(r"\\[A-Za-z]+", formula.latex)) <= KNOWN
    assert formula.latex.count("{") == formula.latex.count("}")
    ET.fromstring(f"<m>{formula.mathml}</m>")


_COMMANDS = """
frac sqrt sin cos tan sinh cosh tanh log max min sign exp arcsin arccos arctan sigma left right ge text mathrm
operatorname cdot ldots infty
"""
KNOWN = {rf"\{name}" for name in re.findall(r"\w+", _COMMANDS)}


@pytest.mark.parametrize(
    ("build", "text", "latex"),
    [
        (lambda x, w: 1 * x, "x", "x"),
        (lambda x, w: -1 * x, "−x", "-x"),
        (lambda x, w: x * 2, "2·x", r"2 \, x"),
        (lambda x, w: x + 0, "x", "x"),
        (lambda x, w: x**1, "x", "x"),
        (lambda x, w: w**2, "w1_11²", r"(w^{1}_{11})^{2}"),
        (lambda x, w: x.exp() ** 2, "exp(x)²", r"(e^{x})^{2}"),
        (lambda x, w: (x * w) ** 2, "(x·w1_11)²", r"(x \, w^{1}_{11})^{2}"),
        (lambda x, w: (x / w) ** 2, "(x/w1_11)²", r"\left(\frac{x}{w^{1}_{11}}\right)^{2}"),
        (lambda x, w: (x**2) ** 3, "(x²)³", "(x^{2})^{3}"),
        (lambda x, w: x - (w - 1), "x − (w1_11 − 1)", "x - (w^{1}_{11} - 1)"),
        (lambda x, w: x - -w, "x − (−w1_11)", "x - (-w^{1}_{11})"),
        (lambda x, w: x + -w, "x − w1_11", "x - w^{1}_{11}"),
        (lambda x, w: x * -w, "x(−w1_11)", r"x \, (-w^{1}_{11})"),
        (lambda x, w: -(x + w), "−(x + w1_11)", "-(x + w^{1}_{11})"),
        (lambda x, w: x / (w / 2), "x/(w1_11/2)", r"\frac{x}{\frac{w^{1}_{11}}{2}}"),
        (lambda x, w: -x / w, "−x/w1_11", r"-\frac{x}{w^{1}_{11}}"),
        (lambda x, w: 2**x, "2^x", "2^{x}"),
        (lambda x, w: x**0.5, "x^0.5", "x^{0.5}"),
        (lambda x, w: affine([w], [x], 1.0), "w1_11·x + 1", r"w^{1}_{11} \, x + 1"),
        (lambda x, w: affine([w, -2.0], [x, x]), "w1_11·x − 2·x", r"w^{1}_{11} \, x - 2 \, x"),
        # A template's own operators around an operand that is a sum, or bears a superscript.
        (lambda x, w: hypot(x + w, w), "hypot(x + w1_11, w1_11)", r"\sqrt{(x + w^{1}_{11})^2 + (w^{1}_{11})^2}"),
        (lambda x, w: semicircle(x + w), "√(1 − (x + w1_11)²)", r"\sqrt{1 - (x + w^{1}_{11})^2}"),
        (lambda x, w: log1p(x - w), "log1p(x − w1_11)", r"\log(1 + (x - w^{1}_{11}))"),
        (
            nn.binary_cross_entropy,
            "−(w1_11·log(x) + (1 − w1_11)·log(1 − x))",
            r"-\left(w^{1}_{11} \log(x) + (1 - w^{1}_{11}) \log(1 - x)\right)",
        ),
        (
            lambda x, w: leaky(0.5)(x + w),
            "leaky(0.5)(x + w1_11)",
            r"\max(0.5 \cdot (x + w^{1}_{11}), (x + w^{1}_{11}))",
        ),
        (lambda x, w: xlogy(x + w, w), "(x + w1_11) log w1_11", r"(x + w^{1}_{11}) \log(w^{1}_{11})"),
        (lambda x, w: abs(x + w) ** 2, "|x + w1_11|²", r"\left|x + w^{1}_{11}\right|^{2}"),
        (lambda x, w: step(x + w), "[x + w1_11 > 0]", "[x + w^{1}_{11} > 0]"),
        (lambda x, w: total([x, w, x]), "x + w1_11 + x", "x + w^{1}_{11} + x"),
    ],
)
def test_foldings_and_parentheses(build, text, latex):
    from autograd.explain.derivation import written_out

    formula = written_out(build(Value(0.3, "x"), Value(0.7, "w^{1}_{11}")))
    assert (formula.text, formula.latex) == (text, latex)


def test_a_rule_that_needs_numbers_is_shown_by_its_number():
    branching = primitive("branching", lambda x: x, lambda x, z: math.floor(x + 1.0))
    y = branching(Value(2.5, "x"))
    assert Formulas(names(y)).partials(y)[0].text == "3"


def test_formulas_do_not_need_the_recording_mode():
    from autograd import no_grad

    y = Value(2.5, "x").sigmoid()
    with no_grad():
        assert Formulas(names(y)).partials(y)[0].text == "v1(1 − v1)"


def test_a_primitive_declared_at_run_time_has_its_formula():
    cube = primitive("cube", lambda x: x**3, lambda x, z: 3 * x**2, latex="{0}^3")
    y = cube(Value(2.0, "x"))
    assert Formulas(names(y)).partials(y)[0].latex == r"3 \, x^{2}"


@given(st.text(alphabet=r"\{}^_ab12+-$&<>'\"frac sqrt[]()", max_size=40))
def test_mathml_of_any_latex_is_well_formed(latex):
    ET.fromstring(f"<m>{from_latex(latex)}</m>".replace("&#160;", " "))


@pytest.mark.parametrize("before", ["", "x = ", r"2 \cdot ", r"\text{before: }"])
def test_in_mathml_the_sign_of_a_number_stands_in_the_number(before):
    assert from_latex(f"{before}-0.5").endswith("<mn>−0.5</mn>")


def test_mathml_of_deep_nesting_is_text():
    assert from_latex(r"\sqrt{" * 300 + "x" + "}" * 300).startswith("<mtext>")


def test_names_in_formulas_are_escaped():
    y = Value(1.0, r"\input{x}</math>") * 2
    formula = Formulas(names(y)).value(y)
    check_latex(formula.latex.replace(r"\,", ""))
    assert "</math>" not in formula.mathml


def test_a_power_is_raised_wherever_it_stands():
    ŷ, y = Value(1.9, "ŷ"), Value(8.0, "y")
    assert str(written_out(nn.half_squared_error(ŷ, y))) == "(ŷ − y)²/2"
    assert str(written_out(nn.squared_error(ŷ, y) ** 0.5)) == "((ŷ − y)²)^0.5"
    assert str(written_out((ŷ + y) ** -12)) == "(ŷ + y)⁻¹²"
