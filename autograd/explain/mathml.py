"""The LaTeX that this project writes, as MathML, which browsers show without any script.

Not a LaTeX processor: it knows the few commands that formulas here are made of, and shows any other by its name.
"""

from __future__ import annotations

import html
import re

from ..notation import _FROM_LATEX

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|[^\W\d_]+|\s+|.", re.DOTALL)
_DEEPEST = 100  # nested groups; beyond, the source is shown as text

_OPERATORS = {
    r"\cdot": "·",
    r"\ge": "≥",
    r"\le": "≤",
    r"\sim": "~",
    r"\ldots": "…",
    r"\cdots": "⋯",
    r"\to": "→",
    r"\backslash": "\\",
    r"\partial": "∂",
    "-": "−",
    "'": "′",
}
_ROW = "padding-block:.3em"  # else the fractions of two rows touch
_SPACES = {r"\,": "0.17em", r"\;": "0.28em", r"\ ": "0.33em", r"\quad": "1em", r"\qquad": "2em", "~": "0.33em"}


def from_latex(latex: str) -> str:
    r"""The content of a ``<math>`` element for a formula.

    >>> from_latex(r"\frac{a - 1}{x_{1}}")
    '<mfrac><mrow><mi>a</mi><mo>−</mo><mn>1</mn></mrow><msub><mi>x</mi><mn>1</mn></msub></mfrac>'
    >>> from_latex("w^{1}_{11}")
    '<msubsup><mi>w</mi><mn>11</mn><mn>1</mn></msubsup>'
    """
    try:
        return "".join(_Reader(latex).until(""))
    except (RecursionError, IndexError):
        return f"<mtext>{html.escape(latex)}</mtext>"


def block(rows: list[tuple[str, str]]) -> str:
    """A ``<math>`` element of equations, each a left and a right side, aligned where these meet."""
    cells = "".join(
        f'<mtr><mtd style="{_ROW};text-align:right">{left}</mtd><mtd style="{_ROW};text-align:left">{right}</mtd></mtr>'
        for left, right in rows
    )
    return f'<math display="block"><mtable displaystyle="true">{cells}</mtable></math>'


class _Reader:
    """A recursive-descent reader: every method takes what it reads off ``tokens``."""

    def __init__(self, latex: str) -> None:
        self.tokens = _TOKEN.findall(latex)[::-1]
        self.depth = 0

    def until(self, end: str) -> list[str]:
        """The elements up to the closing token, which is taken as well."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise RecursionError
        elements: list[str] = []
        while self.tokens:
            token = self.tokens.pop()
            if token == end:
                break
            if token in "^_" and token:
                base = elements.pop() if elements else "<mrow></mrow>"
                elements.append(self.scripts(base, token))
            elif not token.isspace():
                elements.append(self.element(token, first=not elements or elements[-1].startswith(("<mo", "<mtext"))))
        self.depth -= 1
        return elements

    def group(self) -> str:
        """One argument: a braced group, or a single token."""
        while self.tokens[-1].isspace():
            self.tokens.pop()
        token = self.tokens.pop()
        return _row(self.until("}")) if token == "{" else self.element(token, first=True)

    def raw(self) -> str:
        """A braced argument as it stands."""
        text = ""
        if self.tokens and self.tokens[-1] == "{":
            self.tokens.pop()
            while self.tokens and (token := self.tokens.pop()) != "}":
                text += token
        return text

    def scripts(self, base: str, sign: str) -> str:
        found = {sign: self.group()}
        if self.tokens and self.tokens[-1] in ("^", "_") and self.tokens[-1] != sign:
            other = self.tokens.pop()  # first: an assignment evaluates its right side before its target
            found[other] = self.group()
        match found:
            case {"^": up, "_": down}:
                return f"<msubsup>{base}{down}{up}</msubsup>"
            case {"^": up}:
                return f"<msup>{base}{up}</msup>"
        return f"<msub>{base}{found['_']}</msub>"

    def element(self, token: str, first: bool) -> str:
        if token == "{":
            return _row(self.until("}"))
        if token[0] != "\\":
            return self.symbol(token, first)
        match token:
            case r"\frac":
                return f"<mfrac>{self.group()}{self.group()}</mfrac>"
            case r"\sqrt":
                if self.tokens and self.tokens[-1] == "[":
                    self.tokens.pop()
                    degree = _row(self.until("]"))
                    return f"<mroot>{self.group()}{degree}</mroot>"
                return f"<msqrt>{self.group()}</msqrt>"
            case r"\hat":
                return f'<mover accent="true">{self.group()}<mo>^</mo></mover>'
            case r"\mathrm" | r"\operatorname":
                word = self.raw().replace("\\", "")
                upright = ' mathvariant="normal"' if len(word) == 1 else ""
                return f"<mi{upright}>{html.escape(word)}</mi>"
            case r"\text":
                return f"<mtext>{html.escape(self.raw()).replace(' ', '&#160;')}</mtext>"
            case r"\left" | r"\right":
                return f"<mo>{html.escape(self.tokens.pop())}</mo>"
            case r"\infty":
                return "<mn>∞</mn>"
        if token in _SPACES:
            return f'<mspace width="{_SPACES[token]}"/>'
        if token in _OPERATORS:
            return f"<mo>{_OPERATORS[token]}</mo>"
        if token in _FROM_LATEX:
            return f"<mi>{_FROM_LATEX[token]}</mi>"
        return f"<mi>{html.escape(token[1:])}</mi>"

    def symbol(self, token: str, first: bool) -> str:
        if token[0].isdigit():
            return f"<mn>{token}</mn>"
        if token[0].isalpha():
            return "".join(f"<mi>{html.escape(letter)}</mi>" for letter in token)
        if token == "-" and first and self.tokens and self.tokens[-1][0].isdigit():
            return f"<mn>−{self.tokens.pop()}</mn>"  # inside <mn>: no renderer adds space to the sign
        stretch = ' stretchy="false"' if token in "()[]|" else ""
        return f"<mo{stretch}>{html.escape(_OPERATORS.get(token, token))}</mo>"


def _row(elements: list[str]) -> str:
    return elements[0] if len(elements) == 1 else f"<mrow>{''.join(elements)}</mrow>"
