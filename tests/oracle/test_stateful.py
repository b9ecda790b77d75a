"""Any order of building, backward passes, changed leaves and zeroed gradients, beside the naive engine."""

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from autograd import Value, no_grad
from tests.oracle import engine, naive
from tests.oracle.graphs import _evaluate, _step

ALGEBRA = naive.Algebra()


class Engine(RuleBasedStateMachine):
    """Every value exists twice: as the library's node and as the naive engine's."""

    @initialize(count=st.integers(1, 3), draw=st.randoms(use_true_random=False))
    def begin(self, count, draw):
        self.ours, self.naive, self.paths = [], [], []
        self.unrecorded = set()  # computed under no_grad: nothing leads back from them
        self.leaves = {}  # our leaf → what its gradient should be
        self.interior = {}  # our node → what the latest backward pass through it should have left
        for _ in range(count):
            self.leaf(draw.uniform(0.1, 2.0))

    def keep(self, ours, theirs, paths):
        self.ours.append(ours)
        self.naive.append(theirs)
        self.paths.append(paths)

    def leaf(self, x):
        leaf = Value(x)
        self.leaves[leaf] = 0.0
        self.keep(leaf, naive.Node(x), 1)

    @rule(draw=st.randoms(use_true_random=False), cut=st.sampled_from(["", "", "", "no_grad", "detach"]))
    def build(self, draw: random.Random, cut):
        step = _step(draw, self.ours)
        numbers = [v.data for v in self.ours]
        count = sum(self.paths[v] for v in step.operands if isinstance(v, int))
        if _evaluate(step, numbers) is None or not 0 < count < 300:
            return
        operands = [self.ours[v] if isinstance(v, int) else v for v in step.operands]
        beside = [self.naive[v] if isinstance(v, int) else v for v in step.operands]
        theirs = ALGEBRA[step.operation](*beside)
        if cut == "no_grad":
            with no_grad():
                ours = engine.ALGEBRA[step.operation](*operands)
        else:
            ours = engine.ALGEBRA[step.operation](*operands)
        if cut == "detach" and isinstance(ours, Value):
            ours = ours.detach()
        if not isinstance(ours, Value) or ours in self.ours:
            return
        if cut or ours.op is None:
            self.leaves[ours] = 0.0
            theirs, count = naive.Node(theirs.value), 1
        if cut == "no_grad":
            self.unrecorded.add(ours)
        self.keep(ours, theirs, count)

    @rule(which=st.integers(0, 100), seed=st.sampled_from([1.0, 1.0, -2.0, 0.5]))
    def backward(self, which, seed):
        root = which % len(self.ours)
        if self.ours[root] in self.unrecorded:
            with pytest.raises(TypeError, match="computed under no_grad"):
                self.ours[root].backward(seed)
            return
        self.ours[root].backward(seed)
        for ours, theirs in zip(self.ours, self.naive, strict=True):
            slope = complex(naive.derivative(self.naive[root], theirs)).real * seed
            if ours in self.leaves:
                self.leaves[ours] += slope
            elif self.reaches(self.naive[root], theirs):
                self.interior[ours] = slope

    def reaches(self, root, node):
        return root is node or any(self.reaches(operand, node) for operand, _ in root.edges)

    @rule(which=st.integers(0, 100), x=st.floats(0.1, 2.0))
    def change_a_leaf(self, which, x):
        """What was computed stays; what is computed from now on uses the new number."""
        leaf = list(self.leaves)[which % len(self.leaves)]
        at = self.ours.index(leaf)
        leaf.data = x
        self.naive[at].value = x

    @rule()
    def zero(self):
        for leaf in self.leaves:
            leaf.grad = 0.0
            self.leaves[leaf] = 0.0

    @precondition(lambda self: len(self.ours) > 12)
    @rule()
    def forget_the_oldest_interior_node(self):
        """Its users keep what they need of it."""
        for at, node in enumerate(self.ours):
            if node not in self.leaves:
                self.interior.pop(node, None)
                del self.ours[at], self.naive[at], self.paths[at]
                return

    @invariant()
    def gradients_are_the_sums_over_paths(self):
        for node, expected in [*self.leaves.items(), *self.interior.items()]:
            assert abs(node.grad - expected) <= 1e-6 * (1 + abs(expected)), (node, expected)

    @invariant()
    def values_agree(self):
        for ours, theirs in zip(self.ours, self.naive, strict=True):
            assert abs(ours.data - complex(theirs.value).real) <= 1e-9 * (1 + abs(ours.data))


TestEngine = Engine.TestCase
TestEngine.settings = settings(max_examples=60, stateful_step_count=30)
