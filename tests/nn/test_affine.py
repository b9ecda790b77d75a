"""The short way to an affine node, held to the table's own line."""

import math
import random
from fractions import Fraction

import pytest

from autograd import Value, affine, no_grad


@pytest.mark.parametrize("width", [1, 2, 3, 16])
@pytest.mark.parametrize("with_bias", [True, False])
def test_it_records_what_the_table_says_bit_for_bit(width: int, with_bias: bool) -> None:
    rng = random.Random(width)
    for _ in range(50):
        weights = [Value(rng.choice([rng.gauss(0, 1), 0.0, -0.0, 1e200, 1e-310])) for _ in range(width)]
        inputs = [Value(rng.gauss(0, 1)) for _ in range(width)]
        bias = Value(rng.gauss(0, 1)) if with_bias else None
        short, long = Value.affine(weights, inputs, bias), affine(weights, inputs, bias)
        assert short.op is long.op is affine
        assert short.parents == long.parents
        assert [x.hex() for x in (short.data, *short.partials)] == [x.hex() for x in (long.data, *long.partials)]


def test_a_sum_of_negative_zeros_keeps_its_sign() -> None:
    zero = Value.affine([Value(0.0), Value(-0.0)], [Value(-1.0), Value(1.0)])
    assert math.copysign(1.0, zero.data) == -1.0


def test_plain_numbers_and_unequal_lengths_go_the_general_way() -> None:
    assert Value.affine([Value(2.0), Value(1.0)], [3, Fraction(1, 2)], 1.0).data == 7.5
    with pytest.raises(TypeError, match="2 weights, 1 inputs"):
        Value.affine([Value(2.0), Value(1.0)], [Value(1.0)])
    with pytest.raises(TypeError, match="complex"):
        Value.affine([Value(2.0), Value(1.0)], [Value(1.0), 1j])


def test_no_graph_is_recorded_under_no_grad() -> None:
    with no_grad():
        node = Value.affine([Value(2.0), Value(1.0)], [Value(1.0), Value(1.0)], Value(0.5))
    assert (node.data, node.parents, node.op) == (3.5, (), None)
