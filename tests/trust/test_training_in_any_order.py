"""Losses, backward passes, steps, runs, copies and files in any order, beside a model worked by hand.

The model is lecture 2's with tanh: two inputs, two hidden units, one output.  Its gradient is written out below.
"""

import math
import pickle
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import nn

X = [[0.5, -1.0], [1.5, 0.25], [-0.75, 2.0]]
Y = [0.3, -0.8, 1.1]
RATE, MOMENTUM = 0.05, 0.5


def output_and_slopes(numbers, row):
    """The output, and its derivative by each parameter: w11 w21 b1, w12 w22 b2, v1 v2 c."""
    w11, w21, b1, w12, w22, b2, v1, v2, c = numbers
    x1, x2 = row
    h1 = math.tanh(w11 * x1 + w21 * x2 + b1)
    h2 = math.tanh(w12 * x1 + w22 * x2 + b2)
    d1, d2 = v1 * (1 - h1 * h1), v2 * (1 - h2 * h2)
    return v1 * h1 + v2 * h2 + c, [d1 * x1, d1 * x2, d1, d2 * x1, d2 * x2, d2, h1, h2, 1.0]


def near(numbers):
    return pytest.approx(numbers, rel=1e-9, abs=1e-12)


class Training(RuleBasedStateMachine):
    """What the parameters, gradients and momenta should be stands beside what they are."""

    @initialize(seed=st.integers(0, 9))
    def begin(self, seed):
        self.folder = tempfile.TemporaryDirectory()
        self.file = Path(self.folder.name) / "model.json"
        self.model = nn.MLP([2, 2, 1], activation="tanh", seed=seed)
        self.optimizer = nn.SGD(self.model.parameters(), lr=RATE, momentum=MOMENTUM)
        self.numbers = [p.data for p in self.model.parameters()]
        self.grads, self.momenta = [0.0] * 9, [0.0] * 9
        self.losses = []  # ours, and the gradient that it should hand out whatever happens to the parameters
        self.saved = None

    def teardown(self):
        self.folder.cleanup()

    # ---- Graphs and gradients ----

    @rule(i=st.integers(0, 2))
    def build_a_loss(self, i):
        out, slopes = output_and_slopes(self.numbers, X[i])
        loss = nn.squared_error(self.model(X[i]), Y[i])
        assert loss.data == near((out - Y[i]) ** 2)
        self.losses.append((loss, [2 * (out - Y[i]) * s for s in slopes]))

    @rule(i=st.integers(0, 2))
    def build_two_losses_that_share_the_network(self, i):
        out, slopes = output_and_slopes(self.numbers, X[i])
        prediction = self.model(X[i])
        self.losses.append((prediction * prediction, [2 * out * s for s in slopes]))
        self.losses.append((nn.half_squared_error(prediction, Y[i]), [(out - Y[i]) * s for s in slopes]))

    @precondition(lambda self: self.losses)
    @rule(which=st.integers(0, 100), seed=st.sampled_from([1.0, 1.0, -0.5]))
    def backward(self, which, seed):
        loss, slopes = self.losses[which % len(self.losses)]
        loss.backward(seed)
        self.grads = [g + seed * s for g, s in zip(self.grads, slopes, strict=True)]

    @rule(by_optimizer=st.booleans())
    def zero(self, by_optimizer):
        (self.optimizer if by_optimizer else self.model).zero_grad()
        self.grads = [0.0] * 9

    # ---- Parameters ----

    def descend(self):
        self.momenta = [MOMENTUM * m + g for m, g in zip(self.momenta, self.grads, strict=True)]
        self.numbers = [x - RATE * m for x, m in zip(self.numbers, self.momenta, strict=True)]

    @rule(which=st.integers(0, 8), x=st.floats(-1.0, 1.0))
    def change_a_parameter(self, which, x):
        self.model.parameters()[which].data = self.numbers[which] = x

    @rule()
    def step(self):
        if max(map(abs, self.grads)) < 10.0:  # gradients add up until they are zeroed
            self.optimizer.step()
            self.descend()

    @rule(backend=st.sampled_from([*["eager"] * 4, "python", "llvm"]), epochs=st.integers(1, 2))
    def train(self, backend, epochs):
        try:
            history = nn.fit(
                self.model, X, Y, loss="squared_error", optimizer=self.optimizer, epochs=epochs, batch_size=1,
                shuffle=False, backend=backend, progress=False,
            )  # fmt: skip
        except nn.UnavailableError:
            return
        for of_epoch in history.loss:
            errors = []
            for row, y in zip(X, Y, strict=True):
                out, slopes = output_and_slopes(self.numbers, row)
                errors.append(out - y)
                self.grads = [2 * (out - y) * s for s in slopes]
                self.descend()
            assert of_epoch == near(sum(e * e for e in errors) / 3)
        self.zero(True)  # what a run leaves in `grad` is nobody's to rely on

    # ---- Copies and files ----

    @rule()
    def save(self):
        self.model.save(self.file)
        self.saved = list(self.numbers)

    @precondition(lambda self: self.saved)
    @rule()
    def load(self):
        self.model.load(self.file)
        self.numbers = list(self.saved)
        assert nn.load(self.file).state_dict() == self.model.state_dict()

    @rule()
    def go_on_with_a_copy(self):
        self.model, self.optimizer = pickle.loads(pickle.dumps((self.model, self.optimizer)))
        self.losses = []  # these are the original's

    # ---- What holds at any time ----

    @invariant()
    def parameters_and_gradients_are_those_worked_by_hand(self):
        assert [p.data for p in self.model.parameters()] == near(self.numbers)
        assert [p.grad for p in self.model.parameters()] == near(self.grads)

    @invariant()
    def predictions_are_too(self):
        assert self.model.predict(X) == near([output_and_slopes(self.numbers, row)[0] for row in X])


TestTraining = Training.TestCase
TestTraining.settings = settings(max_examples=40, stateful_step_count=25)
