"""One notation: every spelling of a name is read, one is written; hostile text stays text."""

import html
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value
from autograd.notation import Name, find, names, number, number_latex, number_mathml
from tests.explain.hostile import HOSTILE

SPELLINGS = {
    ("w1_11", "w^{1}_{11}"): ["w^{1}_{11}", "w^1_{11}", "w^1_11", "w1_11", "w¹₁₁", "w_{11}^{1}", "w1_{11}", " w1_11 "],
    ("w1_1,11", "w^{1}_{1,11}"): ["w^{1}_{1,11}", "w1_1,11"],
    ("w2_11", "w^{2}_{11}"): ["w^{2}_{1,1}", "w2_11"],
    ("b21", "b_{21}"): ["b_{21}", "b21", "b_21", "b₂₁"],
    ("x1", "x_{1}"): ["x_{1}", "x_1", "x1", "x₁"],
    ("ŷ", r"\hat{y}"): ["ŷ", r"\hat{y}", r"\hat y", "yhat", "y_hat", "y\u0302"],
    ("σ", r"\sigma"): ["σ", r"\sigma"],
    ("η", r"\eta"): ["η", r"\eta"],
    ("L", "L"): ["L"],
    ("loss", r"\mathrm{loss}"): ["loss"],
    ("x_max", r"x_{\mathrm{max}}"): ["x_max", "x_{max}"],
    ("a^2", "a^{2}"): ["a^2", "a^{2}", "a²"],
    ("w′11", "w'_{11}"): ["w'11", "w′_{11}"],
}


@pytest.mark.parametrize(("written", "spelling"), [(w, s) for w, all_ in SPELLINGS.items() for s in all_])
def test_every_spelling_is_read_and_one_is_written(written, spelling):
    name = Name.parse(spelling)
    assert (name.text, name.latex) == written
    assert name == Name.parse(written[0]) == Name.parse(written[1])
    assert hash(name) == hash(Name.parse(written[1]))


@given(
    st.sampled_from(["w", "b", "o", "z", "ŷ", "η", "loss"]),
    st.none() | st.integers(0, 30).map(str),
    st.none()
    | st.integers(0, 99).map(str)
    | st.tuples(st.integers(1, 40), st.integers(10, 40)).map("{0[0]},{0[1]}".format),
)
def test_what_is_written_reads_back(base, superscript, subscript):
    name = Name(base, superscript, subscript)
    assert Name.parse(name.latex.replace(r"\mathrm{loss}", "loss")) == name
    if superscript is None or subscript is not None:
        assert Name.parse(name.text) == name


def test_different_names_differ():
    assert len({Name.parse(s) for s in ("w1_11", "w11", "w_1", "w1_1,11", "w1_111", "W1_11", "v")}) == 7


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (5.0, "5"),
        (-6.1, "−6.1"),
        (2 / 3, "0.6667"),
        (12345.678, "12346"),
        (-123456.0, "−123456"),
        (1234567.0, "1.235e6"),
        (0.00012345, "0.0001234"),
        (1.5e-7, "1.5e−7"),
        (-1e300, "−1e300"),
        (0.99999, "1"),
        (999999.9, "1e6"),
        (float("nan"), "NaN"),
        (float("-inf"), "−∞"),
    ],
)
def test_numbers(x, text):
    assert number(x) == text
    assert "−" not in number_latex(x)
    ET.fromstring(number_mathml(x))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_the_significant_digits(x):
    assert float(number(x, 17).replace("−", "-")) == pytest.approx(x, rel=1e-15, abs=0)


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_labels_stay_text(label):
    name = Name.parse(label)
    assert "\n" not in name.text
    assert len(name.text) <= 40
    assert not re.search("[\u202a-\u202e\x00]", name.text)
    element = ET.fromstring(f"<m>{name.mathml}</m>")
    assert {e.tag for e in element.iter()} <= {"m", "mi", "mn", "mtext", "msub", "msup", "msubsup"}
    assert {e.tag for e in ET.fromstring(f"<text>{name.svg}</text>").iter()} <= {"text", "tspan"}
    assert html.unescape("".join(element.itertext())).split() == name.text.split()
    check_latex(name.latex)


@given(st.text(max_size=50))
def test_any_text_is_safe_in_every_spelling(label):
    name = Name.parse(label)
    ET.fromstring(f"<m>{name.mathml}</m>")
    ET.fromstring(f"<text>{name.svg}</text>")
    check_latex(name.latex)
    # Every character of Markdown's that is not escaped is none.
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_{}\[\]<>#|$]", name.markdown)


_COMMANDS = """
mathrm text hat backslash sim ldots infty cdot alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu
nu xi pi rho sigma tau upsilon varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega
"""
COMMANDS = set(re.findall(r"\w+", _COMMANDS))


def check_latex(latex):
    """Nothing but known commands, balanced groups, and no character that TeX treats specially."""
    assert set(re.findall(r"\\([A-Za-z]+)", latex)) <= COMMANDS
    bare = re.sub(r"\\[A-Za-z]+|\\.", "", latex)
    assert not re.search(r"[$%&#~\\]", bare)
    depth = 0
    for c in bare:
        depth += (c == "{") - (c == "}")
        assert depth >= 0
    assert depth == 0


def test_automatic_names_avoid_labels():
    x, taken = Value(2.0, "x"), Value(1.0, "v1")
    y = x * x + taken + 3.0
    assert [name.text for name in names(y).values()] == ["x", "v2", "v1", "v3", "3", "v4"]


def test_find():
    w, x = Value(0.5, "w^{1}_{11}"), Value(2.0, "x_{1}")
    o = w * x
    o.label = "o_{11}"
    loss = o * 2
    assert find(loss, "w1_11") is w
    assert find(loss, x) is x
    assert find(loss, "ŷ") is o
    assert find(loss, "v1") is loss
    o.label = "ŷ"
    assert find(loss, "o11") is o


def test_find_suggests_and_refuses():
    w, x = Value(0.5, "w^{1}_{11}"), Value(2.0, "x_{1}")
    y = w * x + Value(1.0, "x_1")
    with pytest.raises(LookupError, match=r"w1_12 is no label .* did you mean w1_11"):
        find(y, "w1_12")
    with pytest.raises(LookupError, match=r"x1 is ambiguous: 2 nodes .* pass the Value"):
        find(y, "x1")
    with pytest.raises(LookupError, match="does not depend on it"):
        find(y, Value(1.0))
