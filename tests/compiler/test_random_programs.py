"""Random graphs over all primitives: every instruction of the compiled program, held to the float operation itself.

A whole graph cannot be compared digit by digit, since a step may lose all of them.  So all intermediate
values are results, and each is compared with its own operation on the operands as the compiled code had them.
"""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value, compile, value_and_grad
from autograd.primitives import PRIMITIVES, exponential, leaky, pow_log, power, softmax_at
from autograd.transform import flatten

from .back_ends import BACK_ENDS, outcome, same

OPERATIONS = [
    *PRIMITIVES.values(),
    power(2),
    power(3),
    power(-1),
    power(0.5),
    exponential(2.0),
    leaky(0.1),
    softmax_at(0),
    pow_log(1),
]
NUMBERS = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 2.0, math.inf, -math.inf, math.nan, 1e-310, 1e308, 710.0]),
    st.floats(-3.0, 3.0),
    st.floats(),
)


@st.composite
def recipes(draw):
    """Operations, each on earlier nodes; the inputs are nodes 0, 1 and 2, and node 3 is a constant."""
    steps = []
    for _ in range(draw(st.integers(1, 12))):
        op = draw(st.sampled_from(OPERATIONS))
        count = op.arity or draw(st.sampled_from([2, 3, 4] if op.name == "affine" else [1, 2, 3]))
        steps.append((op, draw(st.lists(st.integers(0, 3 + len(steps)), min_size=count, max_size=count))))
    return steps, draw(st.floats(-3.0, 3.0))


def nodes_of(recipe, x, y, z):
    steps, constant = recipe
    nodes = [x, y, z, Value(constant)]
    for op, places in steps:
        nodes.append(Value.apply(op, *[nodes[place] for place in places]))
    return nodes


@pytest.mark.parametrize("backend", BACK_ENDS)
@settings(max_examples=100)
@given(recipe=recipes(), point=st.tuples(NUMBERS, NUMBERS, NUMBERS))
def test_every_instruction_computes_its_operation(backend, recipe, point):
    def f(x, y, z):
        return nodes_of(recipe, x, y, z)[4:]

    compiled = compile(f, backend=backend)
    eager = outcome(lambda *v: [node.data for node in f(*map(Value, v))], *point)
    results = outcome(compiled, *point)
    if isinstance(eager, type):
        assert results is eager
        return
    assert not isinstance(results, type)
    program = compiled.program
    known = dict(zip(program.outputs, results, strict=True))
    known |= dict(enumerate(point)) | {program.first_constant + k: c for k, c in enumerate(program.constants)}
    for i, (op, operands) in enumerate(program.instructions):
        computed = known[program.first_instruction + i]
        expected = op.forward(*[known[v] for v in operands])
        assert same(computed, expected, 4 * _roundings(op, operands)), (op, [known[v] for v in operands])


def _roundings(op, operands):
    """How many operations an instruction stands for; a sum may cancel, but then it is exact."""
    return len(operands) if op.expand else 1


@pytest.mark.parametrize("backend", BACK_ENDS)
@settings(max_examples=100)
@given(recipe=recipes(), point=st.tuples(NUMBERS, NUMBERS, NUMBERS))
def test_gradients_agree_or_raise_alike(backend, recipe, point):
    """Python's back end has the eager engine's bits; machine code its exceptions, its NaN and its infinities."""

    def f(x, y, z):
        return nodes_of(recipe, x, y, z)[-1]

    transformed = value_and_grad(f, argnums=(0, 1, 2))
    eager = outcome(lambda *v: flatten(transformed(*v)), *point)
    compiled = compile(transformed, backend=backend)
    try:
        results = outcome(lambda *v: flatten(compiled(*v)), *point)
    except TypeError as error:
        if "derivative does not exist" not in str(error):
            raise
        return
    if isinstance(eager, type):
        assert results is eager
        return
    for a, b in zip(results, eager, strict=True):
        if backend == "python":
            assert same(a, b, 0)
        else:
            assert math.isnan(a) == math.isnan(b)
            assert math.isinf(a) == math.isinf(b) or not (abs(a) < 1e300 and abs(b) < 1e300)
