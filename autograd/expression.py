"""An expression in text, such as ``log(x1) + x1*x2``, as a graph: read by ``ast`` against a whitelist.

Nothing is evaluated as Python.  Numbers are floats from the start, so that ``9**9**9`` overflows at once instead of
filling the memory, and length bounds everything else.
"""

from __future__ import annotations

import ast
import difflib
import math
import operator
import unicodedata
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from .primitives import PRIMITIVES, pow
from .value import Value

_LONGEST = 5_000  # characters

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: PRIMITIVES["div"],
    ast.Pow: lambda x, y: operator.pow(x, y) if isinstance(x, Value) or isinstance(y, Value) else pow(x, y),
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_SIGNS = {
    ast.MatMult: "@",
    ast.Mod: "%",
    ast.FloorDiv: "//",
    ast.BitXor: "^ (for a power write **)",
    ast.BitOr: "|",
    ast.BitAnd: "&",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.Invert: "~",
    ast.Not: "not",
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: primitive
    for name, primitive in PRIMITIVES.items()
    if name not in ("affine", "identity", "semicircle") and not name.endswith("_slope")
}
FUNCTIONS |= {
    "ln": FUNCTIONS["log"],
    "max": FUNCTIONS["maximum"],
    "min": FUNCTIONS["minimum"],
    "sigma": FUNCTIONS["sigmoid"],
}
CONSTANTS = {"pi": math.pi, "e": math.e}


class ExpressionError(ValueError):
    """What is wrong with an expression, in one line."""


def parse(text: str, variables: Mapping[str, Value]) -> Value:
    """The graph of an expression over ``variables``: numbers, names, + - * / **, signs, and the primitives.

    Raises ``ExpressionError`` for anything else, with the place and what to write instead; and what the
    operations raise where a value is outside a domain.

    >>> x = Value(2.0, "x")
    >>> y = parse("x**2 + 3*x", {"x": x})
    >>> y.backward()
    >>> y.data, x.grad
    (10.0, 7.0)
    """
    if len(text) > _LONGEST:
        raise ExpressionError(f"the expression has {len(text)} characters; at most {_LONGEST} are read")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python only warns of, such as 1if, would be printed
            tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        where = f" at character {error.offset}" if error.offset else ""
        raise ExpressionError(f"this does not read as an expression{where}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError(
            f"this is too deeply nested or holds an impossible character or number: {error}"
        ) from None
    result = _build(tree, variables)
    return result if isinstance(result, Value) else Value(result)


def _build(tree: ast.expr, variables: Mapping[str, Value]) -> Any:
    """The value of a syntax tree, bottom up on explicit stacks: depth costs no recursion."""
    pending: list[tuple[ast.expr, bool]] = [(tree, False)]
    made: list[Any] = []
    while pending:
        node, operands_made = pending.pop()
        operation, operands = _read(node, variables)
        if operands and not operands_made:
            pending.append((node, True))
            pending += [(operand, False) for operand in reversed(operands)]
            continue
        arguments = made[len(made) - len(operands) :]
        del made[len(made) - len(operands) :]
        made.append(operation(*arguments))
    (result,) = made
    return result


def _read(node: ast.expr, variables: Mapping[str, Value]) -> tuple[Callable[..., Any], list[ast.expr]]:
    """What a node of the syntax tree does, and to which operands."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return lambda: _float(number), []
        case ast.Name(id=name):
            return lambda: _named(name, variables), []
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)], [operand]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)], [left, right]
        case ast.UnaryOp(op=op) | ast.BinOp(op=op):
            raise ExpressionError(f"the operator {_SIGNS[type(op)]} is not among + - * / ** here")
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if not any(
            isinstance(argument, ast.Starred) for argument in arguments
        ):
            return _function(name, len(arguments)), arguments
    kind = type(node).__name__
    raise ExpressionError(f"{kind} is not allowed here: only numbers, names, + - * / **, and calls of functions")


def _float(number: int | float) -> float:
    try:
        x = float(number)
    except OverflowError:
        x = math.inf
    if math.isinf(x):
        raise ExpressionError("a number in the expression is too large for a float")
    return x


def _named(name: str, variables: Mapping[str, Value]) -> Any:
    if name in variables:
        return variables[name]
    if name in CONSTANTS:
        return CONSTANTS[name]
    if name in FUNCTIONS:
        raise ExpressionError(f"{name} is a function: write {name}(…)")
    raise ExpressionError(f"{_short(name)} has no value: add {_short(name)}=NUMBER{_near(name, variables)}")


def _function(name: str, given: int) -> Callable[..., Any]:
    if name not in FUNCTIONS:
        raise ExpressionError(f"there is no function {_short(name)}{_near(name, FUNCTIONS)}")
    arity = getattr(FUNCTIONS[name], "arity", None)
    if given != arity if arity else not given:
        raise ExpressionError(f"{name} takes {arity or 'at least 1'} argument{'s' * (arity != 1)}, not {given}")
    return FUNCTIONS[name]


def _near(name: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name[:100], known, n=3)
    return f" (did you mean {', '.join(close)}?)" if close else ""


def _short(name: str) -> str:
    return name if len(name) <= 40 else name[:39] + "…"


def identifier(name: str) -> str:
    """A variable's name as the parser will see it; raises ``ExpressionError`` for what is none.

    >>> identifier("x1")
    'x1'
    """
    plain = unicodedata.normalize("NFKC", name)  # as Python does with identifiers
    if not plain.isidentifier():
        raise ExpressionError(f"{_short(ascii(name))} is not a name that an expression can use")
    return plain
