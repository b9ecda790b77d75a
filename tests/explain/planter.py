"""Mistakes planted in hand calculations, to see whether the checker finds them.

    python -m tests.explain.planter            the full size: every mistake at every link, 2 to 6 digits
    python -m tests.explain.planter --small    a sample, as the test suite runs it

The calculations come from a naive engine of this file's own, on plain floats and dictionaries: it shares no code with
the checker or the library, and computes its wrong numbers by doing the wrong thing.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

# ---- A naive engine ------------------------------------------------------------------------------------

Edge = tuple[str, str]  # (consumer, operand)


@dataclass
class Unit:
    """One value of a network: its kind, its operands' names, and for sums the weights' names."""

    kind: str
    inputs: list[str]
    weights: list[str] = field(default_factory=list)
    bias: str | None = None

    def operands(self) -> list[str]:
        return [*self.inputs, *self.weights, *([self.bias] if self.bias else [])]


@dataclass
class Network:
    """Named numbers, and units in the order of computing; the last one is the loss."""

    title: str
    given: dict[str, float]
    units: dict[str, Unit]

    @property
    def loss(self) -> str:
        return list(self.units)[-1]

    def consumers(self, name: str) -> list[str]:
        return [unit for unit, what in self.units.items() if name in what.operands()]


def sigma(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-z))


FORWARD: dict[str, Callable[[list[float]], float]] = {
    "sigmoid": lambda v: sigma(v[0]),
    "tanh": lambda v: math.tanh(v[0]),
    "squared": lambda v: (v[0] - v[1]) ** 2,
    "half": lambda v: (v[0] - v[1]) ** 2 / 2,
    "entropy": lambda v: -(v[1] * math.log(v[0]) + (1 - v[1]) * math.log(1 - v[0])),
    "mean of 4": lambda v: v[0] / 4,
}
SLOPE: dict[str, Callable[[float, float, float], float]] = {  # of (first operand, second operand or 0, result)
    "sigmoid": lambda z, _, o: o * (1 - o),
    "tanh": lambda z, _, o: 1 - o * o,
    "squared": lambda p, y, _: 2 * (p - y),
    "half": lambda p, y, _: p - y,
    "entropy": lambda a, y, _: (a - y) / (a * (1 - a)),
    "mean of 4": lambda s, _, __: 1 / 4,
}


@dataclass(frozen=True)
class Mistake:
    """What is done wrong, and where: at an edge of the backward pass, or (no operand) at a value."""

    kind: str
    unit: str
    operand: str | None = None


Rounding = Callable[[str, str], bool]  # ("value" or "gradient", name): does the calculation go on with it as written?


class Hand:
    """The calculation done by hand, with one mistake or none.

    A number for which ``as_written`` holds is rounded before the calculation goes on with it; the others are kept as
    they are, in the calculator.
    """

    def __init__(self, network: Network, mistake: Mistake | None, digits: int, as_written: Rounding) -> None:
        self.network, self.mistake = network, mistake
        self.value = dict(network.given)
        for name in network.units:
            x = self.forward(name)
            self.value[name] = rounded(x, digits) if as_written("value", name) else x
        self.gradient = {network.loss: 1.0}
        for name in reversed([*network.given, *network.units]):
            if name != network.loss:
                x = sum(self.share(unit, name) for unit in network.consumers(name))
                self.gradient[name] = rounded(x, digits) if as_written("gradient", name) else x

    def forward(self, name: str) -> float:
        unit, v = self.network.units[name], self.value
        wrong = self.mistake.kind if self.mistake and (self.mistake.unit, self.mistake.operand) == (name, None) else ""
        if unit.kind == "sum":
            weights = unit.weights
            if wrong == "transposed weights":
                weights = [transpose(w) if transpose(w) in v else w for w in weights]
            z = sum(v[w] * v[x] for w, x in zip(weights, unit.inputs, strict=True))
            z += v[unit.bias] if unit.bias and wrong != "forgotten bias" else 0.0
        elif wrong == "forgotten activation":
            z = v[unit.inputs[0]]
        else:
            z = FORWARD[unit.kind]([v[x] for x in unit.inputs])
        if wrong == "forgotten factor 2 or ½":
            z *= 2
        if wrong == "forgotten 1/n":
            z *= 4
        return -z if wrong == "flipped sign" else z

    def slope(self, name: str, operand: str, wrong: str) -> float:
        unit, v = self.network.units[name], self.value
        if unit.kind == "sum":
            if operand == unit.bias:
                return 1.0
            if operand in unit.weights:
                return v[unit.inputs[unit.weights.index(operand)]]
            weight = unit.weights[unit.inputs.index(operand)]
            return v[transpose(weight)] if wrong == "transposed weights" else v[weight]
        first, result = v[unit.inputs[0]], v[name]
        second = v[unit.inputs[1]] if len(unit.inputs) > 1 else 0.0
        if wrong == "derivative at the output":
            first, result = result, FORWARD[unit.kind]([result])
        if wrong == "derivative at the pre-activation":
            result = first
        d = SLOPE[unit.kind](first, second, result)
        if wrong == "forgotten factor 2 or ½":
            d = d / 2 if unit.kind == "squared" else d * 2
        if wrong == "forgotten 1/n":
            d *= 4
        return d

    def share(self, name: str, operand: str) -> float:
        m = self.mistake
        wrong = m.kind if m and (m.unit, m.operand) == (name, operand) else ""
        upstream, slope = self.gradient[name], self.slope(name, operand, wrong)
        match wrong:
            case "forgotten path":
                return 0.0
            case "forgotten factor":
                return upstream
            case "forgotten upstream":
                return slope
            case "flipped sign":
                return -upstream * slope
        return upstream * slope


def transpose(weight: str) -> str:
    """w1_21 for w1_12."""
    layer, index = weight.split("_")
    return f"{layer}_{index[::-1]}"


def rounded(x: float, digits: int) -> float:
    return float(f"{x:.{digits - 1}e}")


def written(x: float, digits: int) -> str:
    """To so many significant digits, as people write it: trailing zeros show the precision."""
    if x == 0.0:
        return "0"
    decimals = digits - 1 - int(f"{x:.{digits - 1}e}".split("e")[1])
    return f"{x:.{max(decimals, 0)}f}" if decimals >= 0 else f"{x:.{digits - 1}e}"


# ---- The lectures' networks ------------------------------------------------------------------------------


def perceptron(
    title: str, sizes: list[int], hidden: str, output: str, loss: str, bias: bool, rng: random.Random
) -> Network:
    def draw(scale: float) -> float:
        return round(rng.choice((-1, 1)) * rng.uniform(0.15, scale), 2)

    given = {f"x{i}": draw(2.0) for i in range(1, sizes[0] + 1)}
    units: dict[str, Unit] = {}
    below = list(given)
    for k in range(1, len(sizes)):
        kind = output if k == len(sizes) - 1 else hidden
        here = []
        for j in range(1, sizes[k] + 1):
            weights = [f"w{k}_{i}{j}" for i in range(1, len(below) + 1)]
            given |= {w: draw(1.0) for w in weights}
            if bias:
                given[f"b{k}{j}"] = draw(0.6)
            o, z = f"o{k}{j}", f"z{k}{j}" if kind != "linear" else f"o{k}{j}"
            units[z] = Unit("sum", list(below), weights, f"b{k}{j}" if bias else None)
            if kind != "linear":
                units[o] = Unit(kind, [z])
            here.append(o)
        below = here
    given["y"] = round(rng.uniform(0.5, 3.0), 1) if loss != "entropy" else float(rng.random() < 0.5)
    mean = loss == "mean"
    units["S" if mean else "L"] = Unit("squared" if mean else loss, [below[0], "y"])
    if mean:
        units["L"] = Unit("mean of 4", ["S"])
    return Network(title, given, units)


def networks(seed: int) -> list[Network]:
    rng = random.Random(seed)
    return [
        perceptron("lecture 1: 2-2-1 linear", [2, 2, 1], "linear", "linear", "squared", True, rng),
        perceptron("lecture 2: 2-2-1 sigmoid", [2, 2, 1], "sigmoid", "linear", "squared", True, rng),
        perceptron("lecture 3: one neuron", [2, 1], "sigmoid", "sigmoid", "entropy", True, rng),
        perceptron("lecture 4: 2-1-1 by hand", [2, 1, 1], "linear", "linear", "half", False, rng),
        perceptron("lecture 4: regression, 1/n", [1, 1], "linear", "linear", "mean", True, rng),
        perceptron("lecture 5: 4-3-2-1", [4, 3, 2, 1], "tanh", "sigmoid", "squared", False, rng),
    ]


def mistakes(network: Network) -> Iterator[Mistake]:
    """Every misconception at every place where it can happen."""
    for name, unit in network.units.items():
        yield Mistake("flipped sign", name)
        if unit.kind == "sum":
            if unit.bias:
                yield Mistake("forgotten bias", name)
            if any(transpose(w) in network.given and transpose(w) != w for w in unit.weights):
                yield Mistake("transposed weights", name)
        elif unit.kind in ("sigmoid", "tanh"):
            yield Mistake("forgotten activation", name)
        elif unit.kind == "half":
            yield Mistake("forgotten factor 2 or ½", name)
        elif unit.kind == "mean of 4":
            yield Mistake("forgotten 1/n", name)
        for operand in unit.operands():
            if operand.startswith(("x", "y")):
                continue  # nobody asks for the gradient of data
            for kind in ("flipped sign", "forgotten factor", "forgotten upstream"):
                yield Mistake(kind, name, operand)
            if len(network.consumers(operand)) > 1:
                yield Mistake("forgotten path", name, operand)
            if unit.kind in ("sigmoid", "tanh"):
                yield Mistake("derivative at the output", name, operand)
                yield Mistake("derivative at the pre-activation", name, operand)
            if unit.kind in ("squared", "half"):
                yield Mistake("forgotten factor 2 or ½", name, operand)
            if unit.kind == "mean of 4":
                yield Mistake("forgotten 1/n", name, operand)
            if unit.kind == "sum" and operand in unit.inputs:
                weight = unit.weights[unit.inputs.index(operand)]
                if transpose(weight) != weight and transpose(weight) in network.given:
                    yield Mistake("transposed weights", name, operand)


# ---- Sheets: what is written down ------------------------------------------------------------------------

SHEETS = ("everything", "gradients", "units", "parameters")


def on_sheet(network: Network, kind: str) -> tuple[list[str], list[str]]:
    """Of which values the gradient is written down, and which are written down themselves."""
    parameters = [name for name in network.given if name[0] in "wb"]
    interior = [name for name in network.units if name != network.loss]
    if kind == "units":
        interior = [name for name in interior if name[0] != "z"]
    gradients = parameters if kind == "parameters" else [*interior, *parameters]
    values = [*interior, network.loss] if kind in ("everything", "units") else []
    return gradients, values


def sheet(hand: Hand, kind: str, digits: int) -> tuple[dict[str, str], dict[str, str]]:
    """Gradients and values as they stand on paper."""
    gradients, values = on_sheet(hand.network, kind)
    return (
        {name: written(hand.gradient[name], digits) for name in gradients},
        {name: written(hand.value[name], digits) for name in values},
    )


def roundings(network: Network, kind: str, rng: random.Random | None = None) -> dict[str, Rounding]:
    """The ways to round: only when writing down; everything that is written down; some of it, as chance has it.

    What is not written down is not rounded: nobody could tell that from a mistake.
    """
    gradients, values = on_sheet(network, kind)
    on_paper = {*(("gradient", name) for name in gradients), *(("value", name) for name in values)}
    ways: dict[str, Rounding] = {
        "at the end": lambda *number: False,
        "as it goes": lambda *number: number in on_paper,
    }
    if rng is not None:
        some = {number for number in sorted(on_paper) if rng.random() < 0.5}
        ways["here and there"] = lambda *number: number in some
    return ways


# ---- Both sides meet -------------------------------------------------------------------------------------


def graph(network: Network):
    """The same network in the library, for the checker."""
    from autograd import Value, affine, sigmoid, tanh
    from nn import binary_cross_entropy, half_squared_error, squared_error

    make = {
        "sigmoid": sigmoid,
        "tanh": tanh,
        "squared": squared_error,
        "half": half_squared_error,
        "entropy": binary_cross_entropy,
        "mean of 4": lambda s: s / 4,
    }
    nodes = {name: Value(x, name) for name, x in network.given.items()}
    for name, unit in network.units.items():
        operands = [nodes[x] for x in unit.inputs]
        if unit.kind == "sum":
            bias = nodes[unit.bias] if unit.bias else None
            nodes[name] = affine([nodes[w] for w in unit.weights], operands, bias)
        else:
            nodes[name] = make[unit.kind](*operands)
        nodes[name].label = name
    return nodes[network.loss]


@dataclass
class Tally:
    """How many planted mistakes there were, and what became of them."""

    planted: int = 0
    visible: int = 0
    first: int = 0  # the first wrong number is the first that the mistake changed
    link: int = 0  # and the link named is the one, or one that gives the very same digits
    exact: int = 0  # and it is the very one
    named: int = 0  # and a misconception is named
    blamed: int = 0  # right numbers called wrong
    right_sheets: int = 0
    missed: Counter[str] = field(default_factory=Counter)

    def line(self) -> str:
        def share(count: int) -> str:
            return f"{100 * count / self.visible if self.visible else math.nan:5.1f} %"

        return (
            f"{self.visible:>7} visible   {share(self.link)} links found   {share(self.exact)} unambiguous   "
            f"{share(self.named)} explained  {self.blamed} right answers called wrong; {self.right_sheets} clean sheets"
        )


def run(
    seeds: range, digits: tuple[int, ...], sheets: tuple[str, ...], every: int = 1, progress: bool = False
) -> dict[tuple[str, str], Tally]:
    from autograd import check_answers

    tallies: dict[tuple[str, str], Tally] = {}
    serial = 0
    for seed in seeds:
        for network in networks(seed):
            root = graph(network)
            possible = list(mistakes(network))
            for kind in sheets:
                tally = tallies.setdefault((network.title, kind), Tally())
                for places in digits:
                    some = random.Random(f"{seed} {network.title} {kind} {places}")
                    for way in roundings(network, kind, some).values():
                        clean = sheet(Hand(network, None, places, way), kind, places)
                        report = check_answers(root, clean[0], values=clean[1])
                        tally.right_sheets += 1
                        tally.blamed += sum(v.status == "wrong" for v in report.in_order)
                        sheets_of = {}
                        for m in possible:
                            # The logarithm of a negative number: whoever does it by hand stops there.
                            with contextlib.suppress(ValueError, ZeroDivisionError):
                                sheets_of[m] = sheet(Hand(network, m, places, way), kind, places)
                        twins: dict[str, set[str]] = {}
                        for m, (gradients, values) in sheets_of.items():
                            twins.setdefault(repr((gradients, values)), set()).add(link_of(m))
                        for m in sheets_of:
                            serial += 1
                            if serial % every:
                                continue
                            tally.planted += 1
                            planted = sheets_of[m]
                            if planted == clean:
                                continue
                            tally.visible += 1
                            report = check_answers(root, planted[0], values=planted[1])
                            judge(tally, network, m, clean, planted, report, twins[repr(planted)])
        if progress:
            print(f"network set {seed} done", file=sys.stderr)
    return tallies


def judge(tally: Tally, network: Network, m: Mistake, clean, planted, report, twins: set[str]) -> None:
    unchanged_gradients = {k for k, text in planted[0].items() if clean[0][k] == text}
    unchanged_values = {k for k, text in planted[1].items() if clean[1][k] == text}
    tally.blamed += sum(report.verdicts[k].status == "wrong" for k in unchanged_gradients)
    tally.blamed += sum(report.values[k].status == "wrong" for k in unchanged_values)
    wrong = report.first_wrong
    if wrong is None:
        tally.missed[m.kind] += 1
        return
    tally.first += 1
    tally.link += wrong.link in twins
    tally.exact += wrong.link == link_of(m)
    tally.named += wrong.misconception is not None
    if wrong.link not in twins:
        tally.missed[m.kind] += 1


def link_of(m: Mistake) -> str:
    return m.unit if m.operand is None else f"∂{m.unit}/∂{m.operand}"


def together(tallies: dict[tuple[str, str], Tally]) -> Tally:
    whole = Tally()
    for tally in tallies.values():
        for name in ("planted", "visible", "first", "link", "exact", "named", "blamed", "right_sheets"):
            setattr(whole, name, getattr(whole, name) + getattr(tally, name))
        whole.missed += tally.missed
    return whole


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="one set of networks and a sample of the mistakes")
    parser.add_argument("--seeds", type=int, default=3, help="how many sets of networks (default 3)")
    options = parser.parse_args()
    start = time.perf_counter()
    if options.small:
        tallies = run(range(1), (3,), SHEETS, every=5)
    else:
        tallies = run(range(options.seeds), (2, 3, 4, 5, 6), SHEETS, progress=True)
    for (title, kind), tally in tallies.items():
        print(f"{title:<28} {kind:<11} {tally.line()}")
    whole = together(tallies)
    print(f"{'all':<40} {whole.line()}")
    print(f"planted {whole.planted}; missed by kind: {dict(whole.missed)}; {time.perf_counter() - start:.0f} s")
    return 0 if whole.link >= 0.95 * whole.visible and not whole.blamed else 1


if __name__ == "__main__":
    sys.exit(main())
