"""The mistakes: every place in a file where one token could have been another.

The table of primitives is made of lambdas and keyword arguments, so these are mutated like any other code.

What is not mutated, because no test of numbers could or should notice it:

* text (messages, docstrings) and the keywords that only say how a primitive is written (``DISPLAY``);
* annotations, imports, ``if TYPE_CHECKING``;
* ``assert``, ``strict=``, the arguments of ``raise`` and the size of caches: they guard or speed up, and compute
  nothing;
* functions that make text for people (``DISPLAY_FUNCTIONS``), names that functions bear (``__name__``);
* type aliases and protocols, and the order of the classes in ``isinstance`` and ``except``, or of a loop over names.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

DISPLAY = {"symbol", "text", "latex", "domain", "about", "strict"}
KEPT = DISPLAY | {"taught"}  # without it, the rule itself is what is taught
DISPLAY_FUNCTIONS = {"__repr__", "__format__", "_shortest", "_upright", "_latex_word", "shown", "_demand", "_named"}
DISPLAY_CALLS = {"Notation", "lru_cache", "refuse", "refusal", "TypeVar"}


@dataclass(frozen=True)
class Mutant:
    """A file with one mistake in it."""

    file: str
    line: int
    place: str  # the function or the assignment that it is in
    before: str
    after: str
    source: str
    nth: int = 1  # of those that read the same, since one place may hold several equal tokens

    @property
    def key(self) -> str:
        """What it is called in the list of mutants that cannot be killed: independent of line numbers."""
        return f"{self.file} {self._what}"

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self._what}"

    @property
    def _what(self) -> str:
        which = f" ({self.nth})" if self.nth > 1 else ""
        return f"{self.place}: {self.before} → {self.after}{which}"


_ARITHMETIC: dict[type[ast.operator], list[type[ast.operator]]] = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div],
    ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Mult],
    ast.Mod: [ast.Mult],
    ast.Pow: [ast.Mult],
    ast.BitOr: [ast.BitAnd],
    ast.BitAnd: [ast.BitOr],
}
_COMPARISONS: dict[type[ast.cmpop], list[type[ast.cmpop]]] = {
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}
_REMOVABLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.Raise, ast.Delete, ast.Continue, ast.Break)


def plain(source: str) -> str:
    """``source`` as mutants are written: without comments, a simple statement on one line."""
    return "\n".join(map(ast.unparse, ast.parse(source).body))


def mutants(file: str, source: str) -> list[Mutant]:
    """Every mutant of a file, in the order of its lines."""
    body = ast.parse(source).body
    parts = [ast.unparse(statement) for statement in body]
    found: list[Mutant] = []
    seen, alike = {"\n".join(parts)}, Counter[tuple[str, str, str]]()
    for i, statement in enumerate(body):
        for node, place, parameters in _places(statement):
            for replacement in _mistakes(node, parameters):
                original = node.__dict__, node.__class__
                before = _brief(node)
                node.__dict__, node.__class__ = replacement.__dict__, replacement.__class__
                changed = "\n".join([*parts[:i], ast.unparse(ast.fix_missing_locations(statement)), *parts[i + 1 :]])
                after = _brief(node)
                node.__dict__, node.__class__ = original
                if changed not in seen:
                    seen.add(changed)
                    alike[place, before, after] += 1
                    nth = alike[place, before, after]
                    found.append(Mutant(file, node.lineno, place, before, after, changed, nth))
    return found


def _brief(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 90 else text[:87] + "..."


# ---- Where ---------------------------------------------------------------------------------------------


def _places(statement: ast.stmt) -> Iterator[tuple[ast.stmt | ast.expr, str, list[str]]]:
    """Every node that may be mutated, what it is in, and the names of the parameters there."""

    def walk(node: ast.AST, place: str, parameters: list[str]) -> Iterator[tuple[ast.stmt | ast.expr, str, list[str]]]:
        match node:
            case ast.Import() | ast.ImportFrom() | ast.AnnAssign(value=None) | ast.Assert() | ast.JoinedStr():
                return
            case ast.Constant(value=str()) | ast.Expr(value=ast.Constant(value=str())):
                return
            case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.If(test=ast.UnaryOp(operand=ast.Name())):
                return
            case ast.FunctionDef(name=name) if name in DISPLAY_FUNCTIONS:
                return
            case ast.Assign(targets=[ast.Attribute(attr="__name__" | "__qualname__" | "__doc__"), *_]):
                return
            case ast.Assign(targets=[ast.Name(id="__slots__" | "State" | "Function" | "Schedule")]):
                return
            case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar"))):
                return
            case ast.Assign(targets=[ast.Tuple(elts=[ast.Name(id="_SUM"), *_])]):  # how tightly notations bind
                return
            case ast.ClassDef(bases=[ast.Name(id="Protocol")]):
                return
            case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)) if name in DISPLAY_CALLS:
                return
            case ast.keyword(arg=name) if name in DISPLAY:
                return
            case ast.Dict(keys=keys) if keys and all(
                isinstance(key, ast.Constant) and key.value in DISPLAY for key in keys
            ):
                return
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                place = f"{place}.{name}" if place else name
                if isinstance(node, ast.FunctionDef):
                    parameters = [a.arg for a in node.args.args if a.arg not in ("self", "cls")]
            case ast.Lambda():
                parameters = [a.arg for a in node.args.args]
            case ast.Assign(targets=[ast.Name(id=name), *_]) if not place:
                place = name
        if isinstance(node, (ast.stmt, ast.expr)):
            yield node, place or "module", parameters
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list", "bases") or (
                field in ("exc", "cause") and isinstance(node, ast.Raise)
            ):
                continue
            if isinstance(node, ast.arguments) and field not in ("defaults", "kw_defaults"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from walk(child, place, parameters)

    return walk(statement, "", [])


# ---- What ----------------------------------------------------------------------------------------------


def _mistakes(node: ast.stmt | ast.expr, parameters: list[str]) -> Iterator[ast.AST]:
    """What could have been written instead of ``node``."""

    def like(**fields: object) -> ast.AST:
        changed = copy.copy(node)
        for name, value in fields.items():
            setattr(changed, name, value)
        return changed

    match node:
        case ast.BinOp(left=left, op=op, right=right):
            for other in _ARITHMETIC.get(type(op), []):
                yield like(op=other())
            if isinstance(op, (ast.Sub, ast.Div, ast.Pow, ast.FloorDiv, ast.Mod)):
                yield like(left=right, right=left)
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            yield copy.copy(operand)
        case ast.Compare(ops=[op], left=left, comparators=[right]):
            for other_relation in _COMPARISONS[type(op)]:
                yield like(ops=[other_relation()])
        case ast.BoolOp(op=op, values=values):
            yield like(op=ast.And() if isinstance(op, ast.Or) else ast.Or())
            for i in range(len(values)):
                rest = values[:i] + values[i + 1 :]
                yield like(values=rest) if len(rest) > 1 else copy.copy(rest[0])
        case ast.Constant(value=bool() as truth):
            yield like(value=not truth)
        case ast.Constant(value=int() | float() as number):
            yield like(value=number + 1)
            if number not in (0, 1):
                yield like(value=-number if isinstance(number, float) else number - 1)
            elif number == 1:
                yield like(value=type(number)(0))
        case ast.IfExp(body=body, orelse=orelse):
            yield copy.copy(body)
            yield copy.copy(orelse)
        case ast.If(test=test) | ast.While(test=test):
            yield like(test=ast.UnaryOp(ast.Not(), test))
        case ast.Return(value=ast.expr() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            yield like(value=ast.Constant(None))
        case ast.Tuple(elts=elements, ctx=ast.Load()) if len(elements) > 1 and not all(map(_is_name, elements)):
            yield like(elts=[elements[1], elements[0], *elements[2:]])
        case ast.Name(id=name, ctx=ast.Load()) if name in parameters:
            other_name = parameters[(parameters.index(name) + 1) % len(parameters)]
            if other_name != name:
                yield like(id=other_name)
        case ast.Call(args=arguments, keywords=keywords):
            if len(arguments) > 1 and not any(isinstance(a, ast.Starred) for a in arguments[:2]):
                yield like(args=[arguments[1], arguments[0], *arguments[2:]])
            for i, keyword in enumerate(keywords):
                if keyword.arg not in KEPT:
                    yield like(keywords=keywords[:i] + keywords[i + 1 :])
        case ast.Subscript(slice=ast.Slice(lower=lower, upper=upper, step=step)):
            for kept in ((None, upper, step), (lower, None, step), (lower, upper, None)):
                yield like(slice=ast.Slice(*kept))
    if isinstance(node, _REMOVABLE):
        yield ast.copy_location(ast.Pass(), node)
    if isinstance(node, (ast.Continue, ast.Break)):
        yield ast.copy_location(ast.Break() if isinstance(node, ast.Continue) else ast.Continue(), node)


def _is_name(node: ast.expr) -> bool:
    """A class, or a name in quotes: what stands in a tuple to be looked for, in whatever order."""
    match node:
        case ast.Name(id=name):
            return name in ("int", "float", "list", "tuple", "str", "bytes", "dict", "bool") or name.endswith("Error")
        case ast.Constant(value=str()):
            return True
    return False
