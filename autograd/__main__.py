"""``python -m autograd "log(x1) + x1*x2 - sin(x2)" x1=2 x2=5``: the textbook table and the gradient."""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from .expression import FUNCTIONS, ExpressionError, identifier, parse
from .notation import Name
from .primitives import identity
from .value import Value

if TYPE_CHECKING:
    from .explain import Table

_FORMS = ("expression", "definitions", "derivation", "document")


class _Parser(argparse.ArgumentParser):
    """Refuses in one line, as everything else here does."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, _refusal(message))


def _refusal(message: str) -> str:
    line = "".join(c if c.isprintable() else "�" for c in " ".join(message.split()))
    return f"python -m autograd: {line[:500]}\n"


def _arguments() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m autograd",
        description="Evaluate an expression, show the forward trace and the adjoints side by side, and its gradient.",
        epilog=(
            "example: python -m autograd 'log(x1) + x1*x2 - sin(x2)' x1=2 x2=5      "
            f"functions: {' '.join(sorted(FUNCTIONS))}"
        ),
    )
    parser.add_argument("expression", help="numbers, names, + - * / **, parentheses, functions; pi and e are known")
    parser.add_argument("variables", nargs="*", metavar="NAME=NUMBER", help="a number for every name")
    parser.add_argument(
        "--chain",
        action="append",
        default=[],
        metavar="NAME",
        help="also the chain rule for this name, in symbols and numbers (may be repeated)",
    )
    parser.add_argument("--steps", action="store_true", help="also the backward pass, one line an edge")
    parser.add_argument(
        "--latex",
        nargs="?",
        const="derivation",
        choices=_FORMS,
        metavar="FORM",
        help=f"print LaTeX instead: {', '.join(_FORMS)} (default: derivation)",
    )
    parser.add_argument("--html", metavar="FILE", help="also write a page that steps through the backward pass")
    parser.add_argument("--svg", metavar="FILE", help="also write the diagram (or .png, .pdf, .dot)")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    The exit status is 2 where the input is wrong, with one line that says how, and 141 if nobody reads on.
    """
    try:
        try:
            return _main(argv)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # as by `| head`: nothing more to say, and nothing left to flush
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # 128 + SIGPIPE


def _main(argv: Sequence[str] | None) -> int:
    given = list(sys.argv[1:] if argv is None else argv)
    # An expression may begin with a minus sign: a space before it tells argparse that it is no option.
    given = [f" {word}" if re.match(r"-(?!h$|-$|-[a-z]{2,}(=|$))", word) else word for word in given]
    options = _arguments().parse_intermixed_args(given)
    try:
        return _run(options)
    except BrokenPipeError:
        raise
    except (ArithmeticError, LookupError, OSError, RuntimeError, TypeError, ValueError) as error:
        told = error.args[0] if error.args and not isinstance(error, OSError) else error
        sys.stderr.write(_refusal(str(told)))
        return 2


def _run(options: argparse.Namespace) -> int:
    from . import explain

    variables = _variables(options.variables)
    followed = [_chosen(name, variables) for name in options.chain]
    root = parse(options.expression, variables)
    if root.op is None:
        root = identity(root)  # a number or a variable alone: the result is a value of its own
    root.label = next(label for label in ("y", "f", "g", "root") if label not in variables)
    _write_pictures(root, options.html, options.svg)
    root.backward()  # raises the named error where the gradient does not exist
    if options.latex:
        print(explain.latex(root, options.latex))
        return 0
    table = explain.table(root)
    print(f"{root.label} = {_shown(root)}{root.data!r}", table, _gradient(table, variables), sep="\n\n")
    for leaf in followed:
        print(f"\n{explain.chain(root, leaf)}")
    if options.steps:
        print(f"\nbackward pass\n{explain.steps(root)}")
    return 0


def _write_pictures(root: Value, page: str | None, diagram: str | None) -> None:
    """The pictures asked for; what was written is told on standard error, for standard output may be LaTeX."""
    if not page and not diagram:
        return
    from .drawing import draw, stepper
    from .drawing.files import page_path, picture_path

    # What can be refused comes before the first file: the types of both, then what may lack an engine or a folder.
    pages = [page_path(page)] if page else []
    pictures = [picture_path(diagram)] if diagram else []
    root.backward()
    steps = [stepper(root) for _ in pages]
    pictures = [draw(root).save(path) for path in pictures]
    pages = [widget.save(path) for widget, path in zip(steps, pages, strict=True)]
    for path in [*pages, *pictures]:
        print(f"wrote {path}", file=sys.stderr)


def _shown(root: Value) -> str:
    """The whole formula, where it is short enough to be read."""
    from .explain.derivation import written_out

    try:
        text = written_out(root).text
    except ValueError:
        return ""
    return f"{text} = " if len(text) <= 200 else ""


def _gradient(table: Table, variables: dict[str, Value]) -> str:
    adjoint = {row.node: row.adjoint for row in table.rows}
    root = table.root.label
    lines = [
        f"  ∂{root}/∂{name} = {adjoint[leaf]!r}"
        if leaf in adjoint
        else f"  ∂{root}/∂{name} = 0.0   ({name} is not used)"
        for name, leaf in variables.items()
    ]
    return "\n".join(["gradient", *lines]) if lines else "gradient: there is no variable"


def _variables(settings: Sequence[str]) -> dict[str, Value]:
    """The leaves that ``x1=2 x2=5`` asks for."""
    variables: dict[str, Value] = {}
    for setting in settings:
        name, equals, text = (part.strip() for part in setting.partition("="))
        if not equals:
            raise ExpressionError(f"{setting[:40]!r} sets no variable: write NAME=NUMBER, and the expression in quotes")
        name = identifier(name)
        if name in variables:
            raise ExpressionError(f"{name} is given twice")
        variables[name] = Value(_number(name, text), name)
    written: dict[str, str] = {}
    for name in variables:
        text = Name.parse(name).text
        if (other := written.setdefault(text, name)) != name:
            raise ExpressionError(
                f"{name[:40]} and {other[:40]} are both written {text} in the results: give one of them another name"
            )
    return variables


def _number(name: str, text: str) -> float:
    try:
        x = float(text)
    except ValueError:
        raise ExpressionError(f"{name}={text[:40]!r}: not a number") from None
    if math.isinf(x) and "inf" not in text.lower():
        raise ExpressionError(f"{name}={text[:40]!r}: too large for a float")
    return x


def _chosen(name: str, variables: dict[str, Value]) -> Value:
    if name not in variables:
        known = ", ".join(variables) or "none"
        raise ExpressionError(f"--chain {name[:40]!r}: no variable has that name (known: {known})")
    return variables[name]


if __name__ == "__main__":
    sys.exit(main())
