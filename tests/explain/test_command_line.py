"""``python -m autograd``: the table, the gradient, and one clear line for whatever is wrong."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value
from autograd.__main__ import main
from autograd.expression import FUNCTIONS, parse

BAYDIN = ["log(x1) + x1*x2 - sin(x2)", "x1=2", "x2=5"]


def test_the_textbook_example():
    done = subprocess.run([sys.executable, "-m", "autograd", *BAYDIN], capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "y = log(x1) + x1·x2 − sin(x2) = 11.652071455223084"
    assert lines[2].startswith("forward: values ↓")
    assert "v1 = log(x1) = 0.6931   │ ∂y/∂v1 = ∂y/∂v3 = 1" in lines
    assert lines[-3:] == ["gradient", "  ∂y/∂x1 = 5.5", "  ∂y/∂x2 = 1.7163378145367738"]


def test_a_derivative_by_convention_is_named_in_one_line(capsys):
    assert main(["relu(x) + abs(y)", "x=0", "y=2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines.count("x = 0 sits on a kink of relu: the derivative there is 0 by convention") == 1
    assert main(["max(x, y) + relu(x - 2) + abs(2 - x)", "x=2", "y=2"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "convention" in line]
    assert line.startswith("x and y tie: maximum has no derivative there; by convention its slopes are 1 and 0; v")
    assert line.endswith("; and 1 more such derivative")
    assert main(["relu(x)", "x=1"]) == 0
    assert "convention" not in capsys.readouterr().out


def test_options(capsys):
    assert main([*BAYDIN, "--chain", "x1", "--steps"]) == 0
    shown = capsys.readouterr().out
    assert "∂y/∂x1 = ∂y/∂v3 · (∂v3/∂v1 · ∂v1/∂x1 + ∂v3/∂v2 · ∂v2/∂x1)" in shown
    assert "seed: ∂y/∂y = 1" in shown
    assert main(["--latex", "expression", *BAYDIN]) == 0
    assert capsys.readouterr().out == "y = \\log(x_{1}) + x_{1} \\, x_{2} - \\sin(x_{2})\n"
    assert main([BAYDIN[0], "--latex=document", *BAYDIN[1:]]) == 0
    assert capsys.readouterr().out.startswith(r"\documentclass")


def test_help(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for word in ("NAME=NUMBER", "--chain", "--steps", "--latex", "logsumexp", "example"):
        assert word in text
    assert "_slope" not in text


@pytest.mark.parametrize(
    ("arguments", "last"),
    [
        (["-x**2", "x=3"], "  ∂y/∂x = -6.0"),
        (["---2*x", "x=3"], "  ∂y/∂x = -2.0"),
        (["x", "x=-3"], "  ∂y/∂x = 1.0"),
        (["x*0 + z", "x=1", "z=2", "k=3"], "  ∂y/∂k = 0.0   (k is not used)"),
        (["2 + 3"], "gradient: there is no variable"),
        (["x * 2", "x=inf"], "  ∂y/∂x = 2.0"),
        (["max(x, 1) + min(x, 0) + ln(x)", "x=2"], "  ∂y/∂x = 1.5"),
        (["y**2", "y=3"], "  ∂f/∂y = 6.0"),
        (["2**3**2 * x", "x=1"], "  ∂y/∂x = 512.0"),
        (["x / 4 + pi", "x=1"], "  ∂y/∂x = 0.25"),
        (["ŷ - 1e-3", "ŷ=1"], "  ∂y/∂ŷ = 1.0"),
        (["sin(" * 90 + "x" + ")" * 90, "x=0"], "  ∂y/∂x = 1.0"),
        (["x" + "+x" * 2400, "x=1"], "  ∂y/∂x = 2401.0"),
    ],
)
def test_expressions(arguments, last, capsys):
    assert main(arguments) == 0
    assert capsys.readouterr().out.splitlines()[-1] == last


HUGE = "9" * 4000
REFUSED = {
    "9**9**9": "pow(9.0, 387420489.0): the result is too large for a float",
    f"x + {HUGE}": "a number in the expression is too large for a float",
    "x + 1" + "0" * 4500: "Exceeds the limit",
    "x" * 6000: "the expression has 6000 characters; at most 5000 are read",
    "x +": "does not read as an expression",
    "": "does not read as an expression",
    "x = 3": "does not read as an expression",
    "x; x": "does not read as an expression",
    "x.__class__": "Attribute is not allowed here",
    "__import__('os').system('true')": "",
    "open('/etc/passwd')": "there is no function open",
    "eval('1')": "there is no function eval",
    "(lambda: 1)()": "",
    "[x for x in (1,)]": "ListComp is not allowed here",
    "f'{x}'": "JoinedStr is not allowed here",
    "'x' * 1000000000": "Constant is not allowed here",
    "True": "Constant is not allowed here",
    "1j * x": "Constant is not allowed here",
    "x if x else 1": "IfExp is not allowed here",
    "x < 1": "Compare is not allowed here",
    "x := 3": "does not read as an expression",
    "(x := 3)": "NamedExpr is not allowed here",
    "x ^ 2": "for a power write **",
    "x % 2": "the operator % is not among",
    "~x": "the operator ~ is not among",
    "sin": "sin is a function: write sin(…)",
    "sin()": "sin takes 1 argument, not 0",
    "max(x)": "max takes 2 arguments, not 1",
    "sin(*x)": "Call is not allowed here",
    "sin(x=1)": "Call is not allowed here",
    "snh(x)": "did you mean sin",
    "x1": "x1 has no value: add x1=NUMBER (did you mean x?)",
    "log(-x)": "log(-2.0): outside its domain (x > 0)",
    "1/(x - 2)": "division by zero",
    "exp(1000*x)": "too large for a float",
    "(-x)**0.5": "outside its domain",
    "sqrt(x - 2)": "the derivative of sqrt",
    "x\x00": "",
    "\ud800": "",
}


@pytest.mark.parametrize("expression", REFUSED, ids=lambda e: ascii(e[:20]))
def test_what_is_refused(expression, capsys):
    assert main([expression, "x=2"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert shown.err.startswith("python -m autograd: ")
    assert len(shown.err) < 600
    assert REFUSED[expression] in shown.err


@pytest.mark.parametrize(
    "expression", ["(" * 2000 + "x" + ")" * 2000, "-" * 4000 + "x", "sin(" * 900 + "x" + ")" * 900, "x" + "**1" * 1600]
)
def test_deep_nesting_is_computed_or_refused(expression, capsys):
    """How deep Python's own parser goes depends on its version; what comes back is an answer or one line."""
    status = main([expression, "x=2"])
    shown = capsys.readouterr()
    assert (status, shown.err) == (0, "") or (status == 2 and len(shown.err.splitlines()) == 1)


GREEDY = ["9**9**9", "9.0**9**9**9", "x" + "**9" * 1600, f"x + {HUGE}", "((((" * 1000, "x" + "*x" * 2400, "9" * 4900]


def within_a_gigabyte():
    resource = pytest.importorskip("resource", reason="memory is limited by POSIX's setrlimit")
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited by Linux's RLIMIT_AS")
@pytest.mark.parametrize("expression", GREEDY, ids=range(len(GREEDY)))
def test_greedy_expressions_stay_within_bounds(expression):
    """Within a gigabyte and, or the run is killed and the test fails, two minutes of a busy machine."""
    done = subprocess.run(
        [sys.executable, "-m", "autograd", expression, "x=1"],
        capture_output=True,
        encoding="utf-8",
        preexec_fn=within_a_gigabyte,
        timeout=120,
    )
    assert done.returncode in (0, 2)
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == (1 if done.returncode else 0)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["x"], "sets no variable: write NAME=NUMBER"),
        (["x=abc"], "x='abc': not a number"),
        (["x="], "x='': not a number"),
        (["x=1", "x=2"], "x is given twice"),
        (["x1=2", "x_1=3"], "x_1 and x1 are both written x1 in the results: give one of them another name"),
        (["x=1", "v11=2", "v1_1=3", "v_11=4"], "v_11 and v11 are both written v11"),
        (["x=1e400"], "x='1e400': too large for a float"),
        (["x=-1e400"], "x='-1e400': too large for a float"),
        (["2x=1"], "is not a name that an expression can use"),
        (["=1"], "is not a name"),
        (["x y=1"], "is not a name"),
        (["\u202ex=1"], "is not a name"),
        (["x=1", "--chain", "z"], "no variable has that name (known: x)"),
    ],
)
def test_bad_settings(settings, says, capsys):
    assert main(["x + 1", *settings]) == 2
    shown = capsys.readouterr()
    assert says in shown.err
    assert len(shown.err.splitlines()) == 1


ALPHABET = "xyz019.+-*/()** ,esincolgmaxpwhrtu_\"'[]{}=<>%^&|~@:;\\\n\t\u2212ŷ"


@given(st.text(ALPHABET, max_size=60) | st.text(max_size=40))
def test_any_text_is_an_expression_or_refused_in_one_line(text):
    variables = {name: Value(0.5, name) for name in "xyz"}
    said = ""
    try:
        result = parse(text, variables)
    except (ArithmeticError, ValueError, TypeError) as error:
        said, result = str(error), Value(0.0)
    assert isinstance(result, Value)
    assert len(said) < 400


NUMBERS = st.floats(0.1, 3).map(lambda x: f"{x:.3f}") | st.integers(0, 5).map(str) | st.sampled_from(["x", "y", "pi"])
EXPRESSIONS = st.recursive(
    NUMBERS,
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*/"), inner).map("({0[0]} {0[1]} {0[2]})".format)
        | st.tuples(st.sampled_from(["sin", "exp", "tanh", "sigmoid", "-", "abs"]), inner).map("{0[0]}({0[1]})".format)
        | inner.map("({}) ** 2".format)
    ),
    max_leaves=10,
)


@given(EXPRESSIONS)
def test_values_are_pythons_own(text):
    names = {name: getattr(f, "forward", f) for name, f in FUNCTIONS.items()}
    try:
        expected = eval(text, {"__builtins__": {}}, {**names, "x": 0.7, "y": -1.3, "pi": 3.141592653589793})
    except (ArithmeticError, ValueError) as error:
        with pytest.raises(type(error)):
            parse(text, {"x": Value(0.7), "y": Value(-1.3)})
        return
    assert parse(text, {"x": Value(0.7), "y": Value(-1.3)}).data == expected
