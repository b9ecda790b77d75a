r"""How values are named and numbers written, the same in every view: text, LaTeX, MathML and SVG.

A label is read in any of its spellings (``w^{1}_{11}``, ``w^1_{11}``, ``w1_11``, ``w¹₁₁``) and written in one:
``w1_11`` as text, ``w^{1}_{11}`` as LaTeX.  Whatever does not read as a name is text from a user: it is shown
as it stands, escaped, on one line, and never as a command of TeX or a tag of HTML.
"""

from __future__ import annotations

import difflib
import functools
import html
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .graph import topological_order

if TYPE_CHECKING:
    from .value import Value

_LONGEST = 40  # characters of a label that a view shows

# ---- Numbers -------------------------------------------------------------------------------------------


def number(x: float, digits: int = 4) -> str:
    """``x`` to so many significant digits, with a true minus sign; whole digits are never dropped.

    >>> number(-23.18), number(2 / 3), number(123456.7), number(1.5e-7), number(-0.0)
    ('−23.18', '0.6667', '123457', '1.5e−7', '0')
    """
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    mantissa, exponent = f"{x:.{digits - 1}e}".split("e")
    power = int(exponent)
    if -5 < power < 6:
        text = f"{x:.{max(digits - 1 - power, 0)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        text = f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{power}"
    return ("0" if text == "-0" else text).replace("-", "−")


def number_latex(x: float, digits: int = 4) -> str:
    r"""The same in LaTeX.

    >>> number_latex(-23.18), number_latex(1.5e-7)
    ('-23.18', '1.5 \\cdot 10^{-7}')
    """
    return _numeral_latex(number(x, digits))


def number_mathml(x: float, digits: int = 4) -> str:
    """The same in MathML; the sign stands inside ``<mn>``, where no renderer adds space to it.

    >>> number_mathml(-0.5)
    '<mn>−0.5</mn>'
    """
    return _numeral_mathml(number(x, digits))


def _numeral_latex(numeral: str) -> str:
    if numeral == "NaN":
        return r"\mathrm{NaN}"
    mantissa, _, power = numeral.replace("−", "-").replace("∞", r"\infty").partition("e")
    return rf"{mantissa} \cdot 10^{{{power}}}" if power else mantissa


def _numeral_mathml(numeral: str) -> str:
    mantissa, _, power = numeral.partition("e")
    mantissa = f"<mn>{mantissa}</mn>"
    return f"<mrow>{mantissa}<mo>·</mo><msup><mn>10</mn><mn>{power}</mn></msup></mrow>" if power else mantissa


# ---- Names ---------------------------------------------------------------------------------------------

_VARIANTS = {"epsilon": "varepsilon", "phi": "varphi", "lamda": "lambda"}  # Unicode's word: TeX's
_GREEK = {
    letter: word.capitalize() if letter.isupper() else word
    for letter in "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ"
    for word in [unicodedata.name(letter).split()[-1].lower()]
}
_GREEK = {letter: _VARIANTS.get(word, word.replace("Lamda", "Lambda")) for letter, word in _GREEK.items()}
_HATS = {"ŷ": "y", "â": "a", "ê": "e", "ô": "o", "û": "u", "ĵ": "j", "î": "i", "ŵ": "w"}
_FROM_LATEX = {
    **{rf"\{name}": letter for letter, name in _GREEK.items()},
    r"\epsilon": "ε",
    r"\phi": "φ",
    **{rf"\hat{{{letter}}}": hat for hat, letter in _HATS.items()},
    **{rf"\hat {letter}": hat for hat, letter in _HATS.items()},
    "y_hat": "ŷ",
    "yhat": "ŷ",
}
_FIRST_OF_LATEX = tuple({latex[0] for latex in _FROM_LATEX})
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")

_BASE = r"(?P<base>[^\W\d_]+['′]*)"
_INDEX = r"(?:\{{(?P<{0}>[0-9A-Za-z,]+)\}}|(?P<{0}_>[0-9A-Za-z,]+))"
_SUPER, _SUB = r"\^" + _INDEX.format("sup"), "_" + _INDEX.format("sub")
_SPELLINGS = [
    re.compile(_BASE + pattern)
    for pattern in (
        rf"(?:{_SUPER})?(?:{_SUB})?",  # w^{1}_{11}, w^1_11, x_1, L
        rf"{_SUB}{_SUPER}",  # w_{11}^{1}
        r"(?P<sup>\d+)_\{?(?P<sub>[0-9A-Za-z,]+)\}?",  # w1_11
        r"(?P<sub>\d[\d,]*)",  # x1
    )
]
_NUMERAL = re.compile(r"−?(?:\d[\d.]*(?:e−?\d+)?|∞)|NaN")


@dataclass(frozen=True, slots=True)
class Name:
    """A name in its parts; two spellings of one name are equal.

    >>> Name.parse("w^{1}_{11}") == Name.parse("w1_11") == Name.parse("w¹₁₁")
    True
    >>> Name.parse("w1_11").latex, Name.parse(r"\\hat{y}").text
    ('w^{1}_{11}', 'ŷ')
    """

    base: str
    superscript: str | None = None
    subscript: str | None = None

    @classmethod
    def parse(cls, label: str) -> Name:
        r"""The name that a label spells; a label that spells none is its own base, to be shown as text.

        >>> Name.parse(r"\input{x}")
        Name(base='\\input{x}', superscript=None, subscript=None)
        """
        return _parsed(str(label))

    @property
    def text(self) -> str:
        """The name on one line of plain text.

        >>> [Name.parse(label).text for label in ("w^{1}_{11}", "b_{11}", "x_max", "w^{1}_{1,11}", "a^2")]
        ['w1_11', 'b11', 'x_max', 'w1_1,11', 'a^2']
        """
        base = _one_line(self.base)
        up, down = self.superscript, self.subscript
        if up and down:
            return f"{base}{up}_{down}" if up.isdigit() else f"{base}^{up}_{down}"
        if down:
            return f"{base}{down}" if down[0].isdigit() or down[0] == "[" else f"{base}_{down}"
        return f"{base}^{up}" if up else base

    @property
    def latex(self) -> str:
        """The name in LaTeX's mathematics."""
        up = "" if self.superscript is None else f"^{{{_index_latex(self.superscript)}}}"
        down = "" if self.subscript is None else f"_{{{_index_latex(self.subscript)}}}"
        return _word_latex(self.base) + up + down

    @property
    def mathml(self) -> str:
        """The name as an element of MathML.

        >>> Name.parse("w1_11").mathml
        '<msubsup><mi>w</mi><mn>11</mn><mn>1</mn></msubsup>'
        """
        base = _one_line(self.base)
        if _NUMERAL.fullmatch(base):
            return _numeral_mathml(base)
        tag = "mi" if _is_word(self.base) else "mtext"
        core = f"<{tag}>{html.escape(base)}</{tag}>"
        up, down = _index_mathml(self.superscript), _index_mathml(self.subscript)
        if up and down:
            return f"<msubsup>{core}{down}{up}</msubsup>"
        return f"<msub>{core}{down}</msub>" if down else f"<msup>{core}{up}</msup>" if up else core

    @property
    def svg(self) -> str:
        """The name as the content of an SVG ``<text>``; what follows it stands on the base line again."""
        parts, shift = [html.escape(_one_line(self.base))], 0.0
        for index, level in ((self.superscript, -0.5), (self.subscript, 0.3)):
            if index:
                # dy is in the small type's own em; the levels are in it too.
                parts.append(f'<tspan dy="{level - shift:.2g}em" font-size="70%">{html.escape(index)}</tspan>')
                shift = level
        if shift:
            parts.append(f'<tspan dy="{-shift * 0.7:.2g}em">\u200b</tspan>')
        return "".join(parts)

    @property
    def markdown(self) -> str:
        r"""The name as text in Markdown.

        >>> Name.parse("w1_11").markdown
        'w1\\_11'
        """
        return re.sub(r"([\\`*_{}\[\]()<>#+!|$~&])", r"\\\1", self.text)

    def __str__(self) -> str:
        return self.text


@functools.lru_cache(maxsize=1 << 16)  # the labels of a network of 300-150-1: a view asks for each several times
def _parsed(label: str) -> Name:
    plain = label.strip()
    if not plain.isascii():
        plain = unicodedata.normalize("NFC", plain)
        plain = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda run: "^" + run[0].translate(_RAISED), plain)
        plain = re.sub("[₀₁₂₃₄₅₆₇₈₉]+", lambda run: "_" + run[0].translate(_LOWERED), plain)
    plain = re.sub(r"\\(?:mathrm|text|operatorname)\{([^\W_]+)\}", r"\1", plain)
    if plain.startswith(_FIRST_OF_LATEX):
        for latex, letter in _FROM_LATEX.items():
            if plain.startswith(latex) and not plain[len(latex) : len(latex) + 1].isalpha():
                plain = letter + plain[len(latex) :]
                break
    for spelling in _SPELLINGS:
        if len(plain) <= _LONGEST and (found := spelling.fullmatch(plain)):
            parts = found.groupdict()
            return Name(
                parts["base"].replace("'", "′"),
                parts.get("sup") or parts.get("sup_"),
                _index(parts.get("sub") or parts.get("sub_")),
            )
    return Name(label)


def _index(index: str | None) -> str | None:
    """``1,1`` says no more than ``11``; a comma counts where an index has two digits."""
    return index.replace(",", "") if index and re.fullmatch(r"\d(,\d)+", index) else index


def _is_word(base: str) -> bool:
    return any(spelling.fullmatch(base) for spelling in _SPELLINGS[:1]) and len(base) <= _LONGEST


def _one_line(text: str) -> str:
    """Text as a view may show it: one line, of bounded length, nothing invisible that reorders it."""
    # A few characters more than are shown, so that a label of megabytes costs nothing.
    shown = "".join(
        " " if c.isspace() else "�" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co") or c in "\ufffe\uffff" else c
        for c in text[: _LONGEST + 1]
    )
    if not shown.strip():
        return "␣"  # a blank that can be seen
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


_IN_MATH = {
    "\\": r"\backslash ",
    "^": r"\hat{\ }",
    "~": r"{\sim}",
    "…": r"\ldots ",
    "′": "'",
    "−": "-",
    "�": r"{?}",
    "␣": r"\_",
    **{c: rf"\{c}" for c in "_%&#${}"},
    **{c: f"{{{c}}}" for c in "<>|=+*/"},
}


def _word_latex(base: str) -> str:
    """A base in LaTeX: a letter, a word, a numeral, or a user's text, of which nothing is a command."""
    base = _one_line(base)
    if _NUMERAL.fullmatch(base):
        return _numeral_latex(base)
    primes = len(base) - len(base.rstrip("′"))
    letter = base.rstrip("′")
    if len(letter) == 1 and letter.isalpha():
        letter = (
            rf"\{_GREEK[letter]}" if letter in _GREEK else rf"\hat{{{_HATS[letter]}}}" if letter in _HATS else letter
        )
        return letter + "'" * primes
    return text_latex(base)


def text_latex(text: str) -> str:
    r"""Text inside a formula, with nothing in it that TeX would obey.

    Letters and digits of every script stay; a symbol that TeX's fonts lack is spelled by its number.

    >>> text_latex(r"\input{x}")
    '\\backslash \\mathrm{input}\\{\\mathrm{x}\\}'
    """
    pieces: list[str] = []
    for run in re.findall(r"[^\W_]+|.", _one_line(text), flags=re.DOTALL):
        if run in _IN_MATH:
            pieces.append(_IN_MATH[run])
        elif run in _GREEK:
            pieces.append(rf"\{_GREEK[run]} ")
        elif run.isascii():
            pieces.append(rf"\mathrm{{{run}}}" if run.isalnum() else rf"\text{{{run}}}")
        elif run[0].isalnum():
            pieces.append(rf"\text{{{run}}}")
        else:
            pieces.append(rf"\mathrm{{U{ord(run):X}}}")
    return "".join(pieces).strip()


def _index_latex(index: str) -> str:
    return index if len(index) == 1 or not any(c.isalpha() for c in index) else rf"\mathrm{{{index}}}"


def _index_mathml(index: str | None) -> str:
    if not index:
        return ""
    return f"<mn>{index}</mn>" if index.replace(",", "").isdigit() else f"<mi>{html.escape(index)}</mi>"


# ---- The names of a graph ------------------------------------------------------------------------------


def names(*roots: Value) -> dict[Value, Name]:
    """The name of every node that the roots depend on.

    A labelled node goes by its label, a leaf without one by its number; interior nodes without a label are
    numbered v1, v2, … in topological order, leaving out what labels already use.

    >>> from autograd import Value
    >>> x = Value(3.0, "x")
    >>> y = x * x + 1
    >>> [str(name) for name in names(y).values()]
    ['x', 'v1', '1', 'v2']
    """
    for root in roots:
        if not hasattr(root, "parents"):
            many = " (one at a time, where there are several)" if isinstance(root, (list, tuple)) else ""
            raise TypeError(f"this needs a Value that was computed, not {type(root).__name__}{many}")
    order = topological_order(*roots)
    named = {node: Name.parse(node.label) for node in order if node.label is not None}
    taken = set(named.values())
    serial = 0
    for node in order:
        if node in named:
            continue
        if node.op is None:
            named[node] = Name(number(node.data, 6))
            continue
        while True:
            serial += 1
            if (name := Name("v", None, str(serial))) not in taken:
                break
        named[node] = name
    return {node: named[node] for node in order}


def distinct_names(*roots: Value) -> dict[Value, Name]:
    """The same, with values whose labels are written alike numbered in topological order.

    >>> from autograd import Value
    >>> y = Value(3.0, "x") * Value(4.0, "x")
    >>> [str(name) for name in distinct_names(y).values()]
    ['x[1]', 'x[2]', 'v1']
    """
    return told_apart(names(*roots))


def told_apart(named: Mapping[Value, Name]) -> dict[Value, Name]:
    """Names with a number in brackets behind those that several labelled nodes bear."""
    bearers: dict[str, list[Value]] = {}
    for node, name in named.items():
        if node.label is not None or node.op is not None:
            bearers.setdefault(name.text, []).append(node)
    made = dict(named)
    for nodes in bearers.values():
        serial = 0
        for node in nodes if len(nodes) > 1 else ():
            name, taken = named[node], True
            while taken:
                serial += 1
                numbered = Name(name.base, name.superscript, f"{name.subscript or ''}[{serial}]")
                taken = numbered.text in bearers
            made[node] = numbered
    return made


def find(root: Value, which: Value | str) -> Value:
    """The node of ``root``'s graph that a label, an automatic name or a Value designates.

    ``ŷ`` and the last unit's own name (``o_{31}``) designate the same node; ``h[2]`` is the second of several with
    the label ``h``.  Raises ``LookupError`` for a name
    that the graph does not have (with those it has that look like it) and for one that several nodes bear.

    >>> from autograd import Value
    >>> w = Value(0.5, "w^{1}_{11}")
    >>> find(w * 2, "w1_11") is w
    True
    """
    named = names(root)
    if not isinstance(which, str):
        if which not in named:
            raise LookupError(f"{which!r} is no node of the graph below {named[root]}: the root does not depend on it")
        return which
    wanted = Name.parse(which)
    bearers = [node for node, name in named.items() if name == wanted] or _last_unit(named, wanted)
    if not bearers and "[" in wanted.text:
        bearers = [node for node, name in told_apart(named).items() if name.text == wanted.text]
    if len(bearers) == 1:
        return bearers[0]
    if bearers:
        raise LookupError(
            f"{wanted} is ambiguous: {len(bearers)} nodes below {named[root]} bear that label "
            f"(their values: {', '.join(number(node.data) for node in bearers[:6])}); "
            f"write {told_apart(named)[bearers[0]]} for the first of them, or pass the Value itself"
        )
    known = [name.text for name in dict.fromkeys(named.values()) if not _NUMERAL.fullmatch(name.base)]
    near = difflib.get_close_matches(wanted.text, known, n=3, cutoff=0.5) or known[:6]
    raise LookupError(f"{wanted} is no label in the graph below {named[root]}; did you mean {', '.join(near)}?")


_PREDICTION = Name("ŷ")


def _last_unit(named: dict[Value, Name], wanted: Name) -> list[Value]:
    """The output unit by its other name: ŷ for o_{kj} of the last layer, and the reverse."""

    def layer(name: Name) -> int:
        digits = (name.subscript or "").split(",")[0]
        if name.base != "o" or name.superscript or not digits.isdigit():
            return 0
        return int(digits[:-1] if "," not in (name.subscript or "") and len(digits) > 1 else digits)

    layers = {node: layer(name) for node, name in named.items()}
    last = max(layers.values(), default=0)
    if wanted == _PREDICTION:
        return [node for node, k in layers.items() if k == last and k]
    if layer(wanted) == last + 1 and wanted.subscript == f"{last + 1}1":
        return [node for node, name in named.items() if name == _PREDICTION]
    return []
