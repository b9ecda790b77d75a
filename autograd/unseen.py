"""The number of a Value that is being traced: nobody can see it, so nothing can be decided by it.

A traced function runs once, and its program then serves every input.  Whatever the function makes of a number outside
the graph (a branch, an index, a whole number, a call of ``math``) would be frozen into the program; here it is an error
that says so.  Arithmetic goes on, as far as it leads back into the graph.
"""

from __future__ import annotations

from collections.abc import Callable

from .refusal import refusal
from .type_checking import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


class Unseen:
    """A number that is not known while a function is traced; ``UNSEEN`` is the only one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "a number not known while tracing"

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> str:
        return "UNSEEN"


def _unseen(*operands: Any) -> Any:
    """Arithmetic with it gives it; what is no plain number is asked in its turn."""
    return UNSEEN if all(isinstance(x, (Unseen, int, float)) for x in operands) else NotImplemented


def _refusing(what: str) -> Callable[..., Any]:
    def refuse(*operands: Any) -> Any:
        raise refusal(
            f"{what} of a Value's .data while its function is being traced: the program has to serve every input, "
            "and this would be decided once, for all of them. Choose with where(step(x - y), a, b), maximum, minimum, "
            "relu, sign or step, compute with autograd's functions on the Value itself, and pass what is fixed as a "
            "number"
        )

    return refuse


for _name in ("add", "sub", "mul", "truediv", "pow"):
    setattr(Unseen, f"__{_name}__", _unseen)
    setattr(Unseen, f"__r{_name}__", _unseen)
for _name in ("neg", "pos", "abs"):
    setattr(Unseen, f"__{_name}__", _unseen)
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Unseen, f"__{_name}__", _refusing("a comparison"))
for _name in ("floordiv", "mod", "divmod"):
    setattr(Unseen, f"__{_name}__", _refusing("the whole part"))
    setattr(Unseen, f"__r{_name}__", _refusing("the whole part"))
for _name in ("int", "index", "round", "floor", "ceil", "trunc"):
    setattr(Unseen, f"__{_name}__", _refusing("the whole part"))
for _name, _what in {"float": "the number", "bool": "the truth value", "hash": "a look-up"}.items():
    setattr(Unseen, f"__{_name}__", _refusing(_what))

UNSEEN: Any = Unseen()
