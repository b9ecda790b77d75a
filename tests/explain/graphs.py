"""Random small graphs for Hypothesis."""

from hypothesis import strategies as st

from autograd import Value, affine, maximum, sigmoid, sin, tanh, total

OPERATIONS = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a * a + b,
    lambda a, b: tanh(a) + 0 * b,
    lambda a, b: sigmoid(a - b),
    lambda a, b: sin(a) * b,
    lambda a, b: affine([a, b], [b, a], 1.0),
    lambda a, b: total([a, b, a]),
    lambda a, b: maximum(a, b),
    lambda a, b: a / (b * b + 1),
]


@st.composite
def graphs(draw, most=8):
    """A root that depends on x1 and x2, and shares nodes."""
    nodes = [Value(draw(st.floats(-2, 2)), "x1"), Value(draw(st.floats(-2, 2)), "x2")]
    for _ in range(draw(st.integers(1, most))):
        a, b = (nodes[draw(st.integers(0, len(nodes) - 1))] for _ in "ab")
        nodes.append(draw(st.sampled_from(OPERATIONS))(a, b))
    return nodes[-1] + nodes[0] * nodes[1]
