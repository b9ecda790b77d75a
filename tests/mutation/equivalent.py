"""The mutants that no test can kill, each with the reason: they compute the same."""

from __future__ import annotations

from .mutants import Mutant

_FASTER = "the same result; the original takes a shorter way"
_UNREACHABLE = "no operation comes here: where one of the four raises, it has no result either"
_BOTH = "at 1e9 both forms keep all digits"
_SCALE = "another power of two keeps as many digits"
_WRITTEN = "only how it is written; tests/explain and tests/drawing look at that"
_SHORTER = "map stops where the shorter of the two ends"
_LENGTH = "the same length"
_MAXIMUM = "the same maximum"
_MODULE = "the default names the same module"
_OPERATION = "a node with a local derivative has an operation"
_DISTANCE = "the same distance"
_WIDTH = "what checks a number ignores the width"
_WORDS = "only the wording of an error or a name in a formula"
_GENERAL = "the general way, which records the same"

REASONS: dict[str, str] = {
    "autograd/graph.py descendants: node not in reached and (not reached.isdisjoint(node.parents)) → "
    "not reached.isdisjoint(node.parents)": "adding a node to a set twice",
    "autograd/transform.py push_forward: node in seeds or tangent.keys().isdisjoint(node.parents) → "
    "tangent.keys().isdisjoint(node.parents)": "a seeded node is an input, and no input is made of another",
    "autograd/transform.py push_forward: node in seeds or tangent.keys().isdisjoint(node.parents) → "
    "node in seeds": _FASTER,
    "autograd/transform.py push_forward: node in seeds or tangent.keys().isdisjoint(node.parents) → "
    "node in seeds and tangent.keys().isdisjoint(node.parents)": _FASTER,
    "autograd/transform.py push_forward: continue → pass": _FASTER,
    "autograd/transform.py pull_back: order or topological_order(*seeds) → topological_order(*seeds)": _FASTER,
    "autograd/transform.py pull_back: sources → order": _FASTER,
    "autograd/transform.py _without_structural_zeros: not reached.isdisjoint(node.parents) and any((p in reached for "
    "p, _ in _edges(node, sym... → any((p in reached for p, _ in _edges(node, symbolic=True)))": _FASTER,
    "autograd/transform.py _matching: _same_shape(list(given), list(like)) → _same_shape(list(like), list(given))": (
        "the same in either order"
    ),
    "autograd/transform.py _edges: partial.__class__ is float and partial == 0.0 → partial == 0.0": (
        "a zero that is no float is an edge either way"
    ),
    "autograd/transform.py _edges: partial.__class__ is float and partial == 0.0 → partial.__class__ is float or "
    "partial == 0.0": _FASTER,
    "autograd/transform.py _edges: partial.__class__ is float and partial == 0.0 → partial.__class__ is float": _FASTER,
    "autograd/transform.py _contribution: partial → node": "a product with 1 instead of none",
    "autograd/transform.py _contribution: 1.0 → 0.0": "a product with 1 instead of none; edges of 0 are not walked",
    "autograd/primitives.py _family.member: raise → pass": "every number can be looked up",
    "autograd/primitives.py _pow_ieee: copysign(1.0, x) < 0.0 → copysign(1.0, x) <= 0.0": "it is 1 or −1",
    "autograd/primitives.py _pow_ieee: 1.0 → 2.0": "only its sign is looked at",
    "autograd/primitives.py _pow_ieee: 0.0 → 1.0 (2)": "it is 1 or −1",
    "autograd/primitives.py _div_ieee: copysign(inf, x) * copysign(1.0, y) → copysign(inf, x) / copysign(1.0, y)": (
        "times ±1 or divided by it"
    ),
    "autograd/primitives.py _div_ieee: 1.0 → 2.0": "twice an infinity",
    "autograd/primitives.py _hypot_slope: 1e+300 → -1e+300": "scaled also where it need not be, without loss",
    "autograd/primitives.py _hypot_slope: 1e-290 → 1.0": "scaled also where it need not be, without loss",
    "autograd/primitives.py _hypot_slope: y → x": "where only y is huge or tiny, hypot keeps its digits unscaled",
    "autograd/primitives.py _hypot_slope: largest > 1.0 → largest >= 1.0": "here it is above 1e300 or below 1e-290",
    "autograd/primitives.py _hypot_slope: 1.0 → 2.0": "here it is above 1e300 or below 1e-290",
    "autograd/primitives.py _hypot_slope: largest > 1e+300 → largest >= 1e+300": "at 1e300 both ways keep all digits",
    "autograd/primitives.py _hypot_slope: 4 → 5": _SCALE,
    "autograd/primitives.py _hypot_slope: 4 → 3": _SCALE,
    "autograd/primitives.py _hypot_slope: 600 → 601": _SCALE,
    "autograd/primitives.py _hypot_slope: 600 → 599": _SCALE,
    "autograd/primitives.py _hypot_slope: max(fabs(x), fabs(y)) → max(fabs(y), fabs(x))": _MAXIMUM,
    "autograd/primitives.py _hypot_slope: math.hypot(x, y) → math.hypot(y, x)": _LENGTH,
    "autograd/primitives.py _hypot_slope_written_out: maximum(abs(x), abs(y)) → maximum(abs(y), abs(x))": _MAXIMUM,
    "autograd/primitives.py _hypot_slope_written_out: y → x": "where only y is huge or tiny, it is 0 or ±1 anyway",
    "autograd/primitives.py _hypot_slope_written_out: 1e-290 → 1.0": "scaled also where it need not be, without loss",
    **{
        f"autograd/primitives.py _hypot_slope_written_out: {change}": _SCALE
        for change in ("4 → 5", "4 → 3", "600 → 601", "600 → 599", "1.0 → 2.0")
    },
    "autograd/primitives.py _hypot_slope_written_out: hypot(x * scale, y * scale) → hypot(y * scale, x * scale)": (
        _LENGTH
    ),
    "autograd/primitives.py _atan_slope_written_out: maximum(size, 1.0) → maximum(1.0, size)": _MAXIMUM,
    "autograd/primitives.py _atan_slope_written_out: minimum(size, 1.0) → minimum(1.0, size)": "the same minimum",
    **{
        f"autograd/primitives.py atan2: hypot(x, y) → hypot(y, x){n}": "the same length"
        for n in ("", " (2)", " (3)", " (4)")
    },
    "autograd/primitives.py _atan_slope: fabs(x) < 1000000000.0 → fabs(x) <= 1000000000.0": _BOTH,
    "autograd/primitives.py _atan_slope: 1000000000.0 → 1000000001.0": _BOTH,
    "autograd/primitives.py _sigmoid: 0.0 → 1.0": "below 1 both branches keep all digits",
    "autograd/primitives.py _sigmoid: x >= 0.0 → x > 0.0": "at 0 both branches give 0.5",
    r"autograd/primitives.py _function: shown = {'latex': f'\\{name}({{0}})', **shown} → pass": _WRITTEN,
    "autograd/primitives.py _function: primitive(name, forward, rule, origin=(__name__, name), **shown) → "
    "primitive(name, forward, rule, **shown)": _MODULE,
    "autograd/primitives.py _not_less: x < y → x <= y": "here x = y has been answered",
    "autograd/primitives.py _softplus: x > 0.0 → x >= 0.0": "at 0 both branches give log 2",
    "autograd/primitives.py _infix: shown = {'symbol': sign, 'text': notation, 'latex': notation, **shown} → "
    "pass": _WRITTEN,
    "autograd/primitives.py _infix: primitive(name, forward, rule, origin=(__name__, name), **shown) → "
    "primitive(name, forward, rule, **shown)": _MODULE,
    "nn/losses.py _absolute_error: p - y → y - p": _DISTANCE,
    "nn/losses.py huber_at.forward: p - y → y - p": _DISTANCE,
    "nn/losses.py huber_at.forward: minimum(distance, delta) → minimum(delta, distance)": "the same minimum",
    "nn/losses.py huber_at.rule: maximum(minimum(p - y, delta), -delta) → maximum(-delta, minimum(p - y, delta))": (
        "the same maximum"
    ),
    **{
        f"nn/losses.py {place}: _demand_probabilities(a, y) → _demand_probabilities(y, a)": "refused in either order"
        for place in ("_cross_entropy_of_floats", "_cross_entropy_written_out")
    },
    "nn/losses.py _cross_entropy_written_out: 1 - y → y - 1 (2)": "only whether it is 0 is looked at",
    "nn/losses.py _cross_entropy_taught: v_and_z[:-1] → v_and_z[:]": _SHORTER,
    **{
        f"nn/losses.py _categorical_cross_entropy: v[:-1] → v[:]{n}": "the first half is the same"
        for n in (" (2)", " (4)")
    },
    "nn/losses.py _share: 1.0 → 2.0": "it divides a 0",
    "nn/losses.py _any_number: y.__class__ is not float and (not isinstance(y, Real)) → "
    "not isinstance(y, Real)": _FASTER,
    "nn/losses.py _any_number: y → width": _FASTER,
    "nn/losses.py _probability: width → y": _WIDTH,
    "nn/losses.py _side: width → y": _WIDTH,
    "nn/losses.py Loss._of_point: 1 → 0": _WIDTH,
    "nn/losses.py Loss._of_point: 1 → 2": _WIDTH,
    "nn/losses.py _distribution: width → y (2)": _WIDTH,
    "nn/losses.py _distribution: width → y (6)": _WIDTH,
    "nn/losses.py _side: (-1, 1) → (1, -1)": "looked for in either order",
    "nn/losses.py _is_sequence: (str, bytes, Mapping, Set) → (bytes, str, Mapping, Set)": "looked for in either order",
    "nn/losses.py _distribution: abs(math.fsum(plain) - 1.0) > 1e-09 → abs(math.fsum(plain) - 1.0) >= 1e-09": (
        "no float differs from 1 by just that"
    ),
    "nn/losses.py _distribution: math.fsum(plain) - 1.0 → 1.0 - math.fsum(plain)": "the size of the difference",
    "nn/optimizers.py Optimizer.load_state_dict: not isinstance(name, str) or name != type(self).__name__ → "
    "name != type(self).__name__": "what is no text is not the name, either",
    "nn/optimizers.py clipped: 0.0 → 1.0": "the size of the first gradient is among those compared",
    "nn/optimizers.py clipped: maximum(largest, absolute(g)) → maximum(absolute(g), largest)": "the same maximum",
    "nn/optimizers.py clipped: maximum(norm, limit) → maximum(limit, norm)": "the same maximum",
    "autograd/value.py Value.__init__: data → label": _FASTER,
    **{
        f"autograd/value.py Value.affine: {mutant}": _GENERAL
        for mutant in (
            *("inputs → bias", "inputs → bias (2)", "inputs → bias (3)", "bias → weights", "bias → weights (2)"),
            *("len(parents) < 3 → len(parents) <= 3", "3 → 4"),
        )
    },
    "autograd/value.py Value.affine: 3 → 2": "a single product by the short way, its operands kept as a tuple",
    "autograd/value.py Value.affine: zip(w, x, strict=True) → zip(x, w, strict=True)": "the same products",
    "autograd/value.py Value.affine: 0.0 → 1.0": "only that it is a float is looked at",
    "autograd/value.py Value.affine: 0.0 → 1.0 (2)": "only that it is a float is looked at",
    "autograd/value.py Value.backward: self._x is None and getattr(self, '_dy', None) is _CUT → "
    "getattr(self, '_dy', None) is _CUT": "only what is cut off, and has no operands, has this mark",
    "autograd/value.py _now: 0 → 1": "moments are only compared",
    "autograd/value.py moment: 1 → 2": "moments are only compared",
    "autograd/value.py missing_derivative: op is None or math.isfinite(partial) or len(known) <= len(data) or (not "
    "all(map(math.is... → math.isfinite(partial) or len(known) <= len(data) or (not all(map(math.isfinite, known)))": (
        _OPERATION
    ),
    "autograd/value.py Value.backward: {node.data.__class__ for node in (self, *leaves)} != _FLOATS and (error := "
    "first_that_i... → (error := first_that_is_no_float(order))": _FASTER,
    "autograd/value.py Value.backward: (self, *leaves) → (*leaves, self)": "the same set",
    "autograd/value.py first_that_is_no_float: 40 → 41": _WORDS,
    "autograd/value.py first_that_is_no_float: 40 → 39": _WORDS,
    "autograd/value.py missing_derivative: (node.data, *data) → (*data, node.data)": "counted in any order",
    "autograd/value.py missing_derivative: 0 → 1": (
        "of a slope that a transform does not know both can be called, of a user's primitive neither"
    ),
    "autograd/value.py no_number: node.op.name if node.op else '' → node.op.name": _OPERATION,
    "autograd/value.py Value.apply: len(data) < len(nodes) → len(data) <= len(nodes)": _FASTER,
    "autograd/value.py Value.apply: result if result.__class__ is float else _datum(result) → _datum(result)": _FASTER,
    "autograd/value.py Value.apply: 1 → 0": "one operand is kept as a tuple instead of in a slot of its own",
    "autograd/value.py Value.apply: 2 → 1": "two operands are kept as a tuple instead of in slots of their own",
    "autograd/value.py Value.apply: _observed(node) if modes.active else node → _observed(node)": _FASTER,
    "autograd/value.py Value.affine: _observed(node) if modes.active else node → _observed(node)": _FASTER,
    "autograd/value.py _unary.method: _observed(node) if active else node → _observed(node)": _FASTER,
    "autograd/value.py _binary.method: _observed(node) if active else node → _observed(node)": _FASTER,
    "autograd/value.py _binary.method: z, (dx, dy) = rescued → pass": _UNREACHABLE,
    "autograd/value.py _plain: 0 → 1": _WORDS,
    "autograd/value.py _plain: 1000000000000000.0 → 1000000000000001.0": _WORDS,
    "autograd/value.py _plain: 1000000000000000.0 → -1000000000000000.0": _WORDS,
    "autograd/value.py _plain: int(n) if n.is_integer() and 0 < abs(n) < 1000000000000000.0 else n → n": _WORDS,
    "autograd/value.py _compare: modes.active and modes.is_tracing() → modes.is_tracing()": _FASTER,
    "autograd/value.py missing_derivative: f' ({where})' if op.domain else '' → f' ({where})'": _WORDS,
    **{
        f"autograd/primitives.py {place}: {mutant}": _SHORTER
        for place in ("_affine", "_affine_written_out")
        for mutant in ("v[:n] → v[:]", "v[n:2 * n] → v[n:]", "2 → 3 (2)")
    },
    "autograd/primitives.py _pair: weights → inputs (3)": "here both are of one length",
    "autograd/primitives.py _sign: 0.0 → 1.0 (3)": "here x is 0 or NaN",
    "autograd/primitives.py _step: 0.0 → 1.0 (2)": "here x > 0 has been answered",
    **{f"autograd/primitives.py hypot_slope: hypot(x, y) → hypot(y, x){n}": _LENGTH for n in ("", " (2)", " (3)")},
    "autograd/primitives.py xlogy: primitive('xlogy', _xlogy, lambda x, y, z: (log(y), x / y), symbol='x log y', "
    "latex=Not... → primitive('xlogy', _xlogy, lambda x, y, z: (log(y), x / y), symbol='x log y', "
    "latex=Not...": _MODULE,
    "autograd/primitives.py hypot: _function('hypot', math.hypot, lambda x, y, z: (hypot_slope(x, y), "
    "hypot_slope(y, x)), ... → _function('hypot', math.hypot, lambda x, y, z: (hypot_slope(x, y), hypot_slope(y, x)), "
    "...": "math.hypot never raises: its overflow is an infinity",
    "autograd/primitives.py relu: x → z": "x > 0 where its maximum with 0 is",
    "autograd/primitives.py maximum: y → z": "x ≥ y where x is the maximum",
    "autograd/primitives.py maximum: y → z (2)": "x ≥ y where x is the maximum",
    "autograd/primitives.py minimum: y → z": "y ≥ x where x is the minimum",
    "autograd/primitives.py minimum: y → z (2)": "y ≥ x where x is the minimum",
    "autograd/primitives.py leaky: x <= 0.0 → x < 0.0": "at 0 both branches give 0",
    "autograd/primitives.py asinh: hypot(x, 1.0) → hypot(1.0, x)": _LENGTH,
    "autograd/primitives.py power: 1 → 2": "x ** 1 has the general rule then, and its numbers",
    "autograd/primitives.py power: n < 0 → n <= 0 (2)": "0 is a whole number, and has been answered",
    "autograd/primitives.py power: n > 1 → n >= 1": "1 is a whole number, and has been answered",
    **{
        f"autograd/primitives.py pow_log.rule: {mutant}": "pow_log(0) computes what pow does"
        for mutant in ("pow_log(k - 1) if k > 1 else pow → pow_log(k - 1)", "k > 1 → k >= 1", "1 → 0")
    },
    **{
        f"autograd/primitives.py pow_log: {mutant}": _WRITTEN
        for mutant in (
            "(f'log^{k}', f'**{k}') if k > 1 else ('log', '') → (f'log^{k}', f'**{k}')",
            "(f'log^{k}', f'**{k}') if k > 1 else ('log', '') → ('log', '')",
            *("k > 1 → k >= 1", "k > 1 → k <= 1", "1 → 2", "1 → 0"),
            "(f'log^{k}', f'**{k}') → (f'**{k}', f'log^{k}')",
        )
    },
    "autograd/primitives.py pow_log: 1.0 → 2.0": "only its sign is looked at",
    "autograd/primitives.py pow_log: 1.0 → 0.0": "only its sign is looked at",
    "autograd/primitives.py exponential: raise → pass": "what fails there is no number, and was refused",
    "autograd/primitives.py _exponential: base → sign": "they differ at −0.0, and only how it is written",
}


def reason(mutant: Mutant) -> str:
    """Why nothing notices this mutant; empty if no reason is known."""
    return REASONS.get(mutant.key, "")
