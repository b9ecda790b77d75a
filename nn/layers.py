"""Neurons, layers and multilayer perceptrons, under the lectures' names."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any, TypeAlias

from autograd import Value, affine

from .activations import ACTIVATIONS, Activation, find_activation
from .initializers import Initializer, find_initializer
from .module import Module
from .naming import indexed, weight
from .refusal import count, ends_at_caller, flag, shorten, shown

ActivationLike: TypeAlias = str | Callable[[Any], Any]


class Neuron(Module):
    """One unit: z = w·x + b as one node, and its activation as another (none for ``"linear"``).

    inputs      how many numbers it takes
    activation  a name, or a function of one number
    bias        whether it has one
    init        an initialiser of the weights: "auto" (what suits the activation), "random", "glorot", "he",
                "ones", or a function
    seed        of the random weights

    >>> neuron = Neuron(2, activation="sigmoid", init="ones")
    >>> neuron([1.0, -1.0])
    Value(0.5, label='a', op=sigmoid, grad=0.0)
    >>> [name for name, _ in neuron.named_parameters()]
    ['w1', 'w2', 'b']
    """

    weight: list[Value]
    bias: Value | None

    @ends_at_caller
    def __init__(
        self,
        inputs: int,
        activation: ActivationLike = "tanh",
        bias: bool = True,
        init: str | Initializer = "auto",
        seed: int | None = None,
    ) -> None:
        self.activation = find_activation(activation)
        if self.activation.of_layer:
            raise ValueError(f"{self.activation.name} is an activation of a whole layer, not of one neuron")
        draw = find_initializer(init, self.activation.name)
        rng = _generator(seed)
        inputs = _size("a neuron's number of inputs", inputs)
        self.weight = [Value(draw(rng, inputs, 1), indexed("w", i)) for i in range(1, inputs + 1)]
        self.bias = Value(0.0, "b") if flag("bias", bias) else None
        self._labels = "z", "a"

    @classmethod
    def _of_layer(cls, k: int, j: int, weights: Iterable[float], activation: Activation, bias: bool) -> Neuron:
        """Unit j of layer k, which applies a softmax itself."""
        neuron = cls.__new__(cls)
        neuron.activation = find_activation("linear") if activation.of_layer else activation
        neuron.weight = [Value(w, weight(k, i, j)) for i, w in enumerate(weights, 1)]
        neuron.bias = Value(0.0, indexed("b", k, j)) if bias else None
        neuron._labels = indexed("z", k, j), indexed("o", k, j)
        return neuron

    @ends_at_caller
    def __call__(self, row: Sequence[Any]) -> Any:
        """The unit's output for a row of numbers or Values.

        Raises ``ValueError`` for a row of another width, ``TypeError`` for what is no row of numbers.
        """
        return self._output(_lift(row, len(self.weight), "this neuron"))

    def _output(self, inputs: Sequence[Value]) -> Value:
        z = Value.affine(self.weight, inputs, self.bias)
        pre_activation, output = self._labels
        activate = self.activation.on_values
        if activate is None:
            z.label = output
            return z
        z.label = pre_activation
        o: Value = activate(z)
        try:
            o.label = output
        except AttributeError:
            raise TypeError(
                f"the activation {self.activation.name} gave {shown(o)}: it has to give a Value, computed from the one "
                "it is called on"
            ) from None
        return o

    def __repr__(self) -> str:
        return f"Neuron({len(self.weight)}, {self.activation.name!r}{_without_bias(self.bias is None)})"


class Layer(Module):
    """Neurons side by side, all fed by the same inputs.

    ``number`` is the layer's place in its network, the k of ``w^{k}_{ij}``.  The activation ``"softmax"`` couples
    the neurons: their outputs are probabilities that add up to 1.

    >>> layer = Layer(2, 3, seed=1)
    >>> [o.label for o in layer([1.0, 2.0])]
    ['o_{11}', 'o_{12}', 'o_{13}']
    """

    @ends_at_caller
    def __init__(
        self,
        inputs: int,
        outputs: int,
        activation: ActivationLike = "tanh",
        bias: bool = True,
        init: str | Initializer = "auto",
        seed: int | random.Random | None = None,
        number: int = 1,
    ) -> None:
        self.inputs = inputs = _size("a layer's number of inputs", inputs)
        self.outputs = outputs = _size("a layer's number of outputs", outputs)
        self.activation = find_activation(activation)
        if self.activation.of_layer and outputs == 1:
            raise ValueError("softmax needs at least 2 units in its layer: the share of a single one is always 1")
        self._number = number = count("a layer's number", number, 1)
        bias = flag("bias", bias)
        rng = _generator(seed)
        draw = find_initializer(init, self.activation.name)
        self.neurons = [
            Neuron._of_layer(number, j, [draw(rng, inputs, outputs) for _ in range(inputs)], self.activation, bias)
            for j in range(1, outputs + 1)
        ]
        if self.activation.of_layer:
            for j, neuron in enumerate(self.neurons, 1):
                neuron._labels = "", indexed("z", number, j)

    @ends_at_caller
    def __call__(self, row: Sequence[Any]) -> list[Value]:
        """The outputs for a row of numbers or Values, one a neuron.

        Raises ``ValueError`` for a row of another width, ``TypeError`` for what is no row of numbers.
        """
        return self._outputs(_lift(row, self.inputs, "this layer"))

    def _outputs(self, inputs: Sequence[Value]) -> list[Value]:
        outputs = [neuron._output(inputs) for neuron in self.neurons]
        if self.activation.of_layer:
            outputs = self.activation.function(outputs)
            for j, output in enumerate(outputs, 1):
                output.label = indexed("o", self._number, j)
        return outputs

    def _on_floats(self) -> Callable[[Sequence[float]], list[float]]:
        """The layer with its parameters as they are now, as a function of floats."""
        units = [([w.data for w in n.weight], None if n.bias is None else n.bias.data) for n in self.neurons]
        function, of_layer, linear = self.activation.function, self.activation.of_layer, not self.activation.on_values

        def outputs(row: Sequence[float]) -> list[float]:
            z = [affine(w, row, b) for w, b in units]
            return z if linear else function(z) if of_layer else [function(x) for x in z]

        return outputs

    def __repr__(self) -> str:
        return (
            f"Layer({self.inputs}, {self.outputs}, {self.activation.name!r}"
            f"{_without_bias(self.neurons[0].bias is None)})"
        )


class MLP(Module):
    """A multilayer perceptron: layers in a row, the last with an activation of its own.

    sizes       the numbers of inputs, of units in every hidden layer, and of outputs, such as [4, 3, 2, 1]
    activation  of the hidden layers: a name or a function of one number
    output      of the last layer; "linear" adds no node
    bias        whether neurons have one
    init, seed  see :class:`Neuron`; the same seed draws the same weights

    Weights are labelled ``w^{k}_{ij}``, from unit i of the layer before to unit j of layer k, biases ``b_{kj}``,
    pre-activations ``z_{kj}``, outputs ``o_{kj}``; a single last output is ``ŷ``.

    >>> model = MLP([2, 2, 1], seed=1)
    >>> model
    MLP([2, 2, 1], activation='tanh', output='linear'): 9 parameters
    >>> [name for name, _ in model.named_parameters()]
    ['w1_11', 'w1_21', 'b11', 'w1_12', 'w1_22', 'b12', 'w2_11', 'w2_21', 'b21']
    >>> y = model([0.5, -1.0])
    >>> y.label
    'ŷ'
    """

    @ends_at_caller
    def __init__(
        self,
        sizes: Sequence[int],
        activation: ActivationLike = "tanh",
        output: ActivationLike = "linear",
        bias: bool = True,
        init: str | Initializer = "auto",
        seed: int | None = None,
    ) -> None:
        if not isinstance(sizes, Sequence) or isinstance(sizes, (str, bytes)) or len(sizes) < 2:
            raise ValueError(
                f"sizes are the numbers of inputs, hidden units and outputs, such as [2, 2, 1], not {shown(sizes)}"
            )
        self.sizes = [_size(f"size {i} of {shown(list(sizes))}", size) for i, size in enumerate(sizes, 1)]
        bias = flag("bias", bias)
        rng = _generator(seed)
        last = len(self.sizes) - 1
        self.layers = [
            Layer(inputs, outputs, output if k == last else activation, bias, init, rng, k)
            for k, (inputs, outputs) in enumerate(zip(self.sizes, self.sizes[1:], strict=False), 1)
        ]
        self._hidden = find_activation(activation)
        self._bias = bias
        if self.sizes[-1] == 1:
            (unit,) = self.layers[-1].neurons
            unit._labels = unit._labels[0], "ŷ"

    @property
    def activation(self) -> Activation:
        """What the hidden units do."""
        return self._hidden

    @property
    def output(self) -> Activation:
        """What the last layer does."""
        return self.layers[-1].activation

    def __call__(self, row: Sequence[Any]) -> Any:
        """The prediction for a row of numbers or Values: a Value, or a list of them where the output is wide.

        Raises ``ValueError`` for a row of another width, ``TypeError`` for what is no row of numbers.
        """
        try:
            values: Sequence[Value] = _lift(row, self.sizes[0], "this network")
            for layer in self.layers:
                values = layer._outputs(values)
        except (ArithmeticError, ValueError, TypeError) as error:
            shorten(error)
            raise
        return values[0] if len(values) == 1 else values

    def _forward(self, rows: Sequence[list[float]]) -> list[Any]:
        layers = [layer._on_floats() for layer in self.layers]
        predictions: list[Any] = []
        for row in rows:
            values = _of_width(row, self.sizes[0], "this network")
            for layer in layers:
                values = layer(values)
            predictions.append(values[0] if len(values) == 1 else values)
        return predictions

    def _config(self) -> dict[str, Any]:
        for activation in (self.activation, self.output):
            if activation.name not in ACTIVATIONS or find_activation(activation.name) != activation:
                raise ValueError(
                    f"the activation {activation.name} is a function of one's own, which a file cannot hold: "
                    f"use one of {', '.join(ACTIVATIONS)}, or save model.state_dict()"
                )
        return {
            "sizes": list(self.sizes),
            "activation": self.activation.name,
            "output": self.output.name,
            "bias": self._bias,
        }

    def __repr__(self) -> str:
        parameters = sum((n + self._bias) * m for n, m in zip(self.sizes, self.sizes[1:], strict=False))
        return (
            f"MLP({self.sizes}, activation={self.activation.name!r}, output={self.output.name!r}"
            f"{_without_bias(not self._bias)}): {parameters} parameters"
        )


def _lift(row: Sequence[Any], width: int, taker: str) -> list[Value]:
    """A row as Values, plain numbers as leaves labelled ``x_{i}``."""
    labelled = zip(_of_width(row, width, taker), _input_labels(width), strict=True)
    return [x if x.__class__ is Value else Value(x, label) for x, label in labelled]


def _of_width(row: Sequence[Any], width: int, taker: str) -> Sequence[Any]:
    try:
        found = len(row)
    except TypeError:
        found = None
    if row.__class__ is not list and (found is None or isinstance(row, (str, bytes, Mapping, Set))):
        raise TypeError(f"{taker} takes a row of {width} numbers, not {shown(row)}")
    if found != width:
        raise ValueError(f"{taker} takes rows of {width} numbers, got {found}: {shown(row)}")
    return row


_labels_of_inputs: dict[int, list[str]] = {}


def _input_labels(width: int) -> list[str]:
    if width not in _labels_of_inputs:
        _labels_of_inputs[width] = [indexed("x", i) for i in range(1, width + 1)]
    return _labels_of_inputs[width]


_LARGEST = 10_000_000


def _size(what: str, size: Any) -> int:
    if count(what, size, 1) > _LARGEST:
        raise ValueError(f"{what} is at most {_LARGEST}, not {shown(size)}")
    return int(size)


def _generator(seed: int | str | random.Random | None) -> random.Random:
    if isinstance(seed, random.Random):
        return seed
    if seed is not None and not isinstance(seed, (int, str)):
        raise ValueError(f"a seed is a whole number, or None for weights that nobody can draw again, not {shown(seed)}")
    return random.Random(seed)


def _without_bias(without: bool) -> str:
    return ", bias=False" if without else ""
