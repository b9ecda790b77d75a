"""What a stepper shows, frame by frame: the backward pass as pictures that change a little each time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..explain import steps
from ..explain.backward_steps import Step
from ..explain.formula import Formulas, Mark
from ..explain.mathml import from_latex
from ..graph import topological_order
from ..notation import Name, distinct_names, number, number_mathml
from ..value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    r"""One step: what it says, and what changes in the picture from here on.

    caption    a sentence
    formula    the content of a MathML ``<math>`` element, put into the page as it stands
    latex      the formula in LaTeX, instead; escaped
    summary    the step on one line of text, for where no formula can be shown
    data       numbers that values take on
    grads      gradients that values take on
    sender     the value that hands something on, ringed in the upstream colour
    receiver   the value that something happens to, ringed in the receiver's colour
    links      the edges along which it happens: a value, and which of its operands
    flow       what flows along them; its sign colours them from here on (nothing for a forward pass)

    >>> Frame(caption="Half of it.", latex=r"\frac{1}{2}").mathml
    '<mfrac><mn>1</mn><mn>2</mn></mfrac>'
    """

    caption: str
    formula: str = ""
    latex: str = ""
    summary: str = ""
    data: Mapping[Value, float] = field(default_factory=dict)
    grads: Mapping[Value, float] = field(default_factory=dict)
    sender: Value | None = None
    receiver: Value | None = None
    links: Sequence[tuple[Value, int]] = ()
    flow: float | None = None

    @property
    def mathml(self) -> str:
        """The formula as MathML, whichever way it was given."""
        return self.formula or (from_latex(self.latex) if self.latex else "")


def is_constant(node: Value) -> bool:
    """A plain number of the formula: it gets no gradient in a picture."""
    return node.op is None and node.label is None


def backward_frames(root: Value, opening: str = "The forward pass is done: every value is known.") -> Iterator[Frame]:
    """A frame for the start, one for the seed, and one for every edge to something that is not a constant."""
    name = distinct_names(root)[root]
    value = f"{name.mathml}<mo>=</mo>{number_mathml(root.data)}"
    yield Frame(caption=opening, formula=value, summary=f"{name.text} = {number(root.data)}")
    yield Frame(
        caption=f"Seed: {name.text} changes one for one with itself.",
        formula=f"{_quotient(name, name, 're')}<mo>=</mo>{_number(1.0, 're')}",
        summary=f"∂{name.text}/∂{name.text} = 1",
        grads={root: 1.0},
        receiver=root,
    )
    backward = steps(root)
    variables = any(not is_constant(node) for node in topological_order(root) if node.op is None)
    for step in backward:
        if variables and is_constant(step.parent):
            continue
        yield _backward_frame(step)


def _backward_frame(step: Step) -> Frame:
    node, parent = (step.formulas.names[n] for n in (step.node, step.parent))
    if step.held:
        told = f"{node.text} hands nothing back to {parent.text}: {step.held}."
        return Frame(caption=told, summary=told, sender=step.node, receiver=step.parent)
    again = step.before != 0.0 or step.node.parents[: step.operand].count(step.parent) > 0
    caption = f"{node.text} hands its gradient back to {parent.text}: upstream × local derivative"
    caption += f", added to the {number(step.before)} that is already there." if step.before else "."
    if step.note:
        caption += f" Note: {step.note}."
    return Frame(
        caption=caption,
        formula=_backward_formula(step, node, parent, again),
        summary=step.text,
        grads={step.parent: step.after},
        sender=step.node,
        receiver=step.parent,
        links=[(step.node, step.operand)],
        flow=step.contribution,
    )


def _backward_formula(step: Step, node: Name, parent: Name, again: bool) -> str:
    root = step.formulas.names[step.root]
    before = f"{number_mathml(step.before)}<mo>+</mo>" if step.before else ""
    formula = (
        f"{_quotient(root, parent, 're')}<mo>{'+=' if again else '='}</mo>"
        f"{_quotient(root, node, 'up')}<mo>·</mo>{_quotient(node, parent, 'lo', step.mark)}<mo>=</mo>"
        f"{before}{_number(step.upstream, 'up')}<mo>·</mo>{_number(step.partial, 'lo')}"
        f"<mo>=</mo>{_number(step.after, 're')}"
    )
    if step.formula.number is None:
        local = f"{_quotient(node, parent, '', step.mark)}<mo>=</mo>{step.formula.mathml}"
        formula += f'<mspace width="2em"/><mrow class="lo">{local}</mrow>'
    return formula


def forward_frames(root: Value) -> Iterator[Frame]:
    """A frame for every operation, in the order in which they are computed."""
    named = distinct_names(root)
    formulas = Formulas(named)
    for node in topological_order(root):
        if node.op is None:
            continue
        name = named[node]
        formula = formulas.value(node)
        operands = dict.fromkeys(parent for parent in node.parents if not is_constant(parent))
        yield Frame(
            caption=f"Forward: {name.text} is computed from {_listed([named[p].text for p in operands])}.",
            formula=f"{name.mathml}<mo>=</mo>{formula.mathml}<mo>=</mo>{_number(node.data, 're')}",
            summary=f"{name.text} = {formula.text} = {number(node.data)}",
            data={node: node.data},
            receiver=node,
            links=[(node, i) for i in range(len(node.parents))],
        )


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "numbers"


def _quotient(of: Name, by: Name, style: str, mark: Mark = Mark()) -> str:  # noqa: B008  # it cannot be changed
    kind = f' class="{style}"' if style else ""
    sign = "<msup><mo>∂</mo><mo>+</mo></msup>" if mark.direct else "<mo>∂</mo>"
    place = f"<msup><mrow></mrow><mrow><mo>(</mo><mn>{mark.place}</mn><mo>)</mo></mrow></msup>" if mark.place else ""
    return f"<mfrac{kind}><mrow>{sign}{of.mathml}</mrow><mrow><mo>∂</mo>{by.mathml}{place}</mrow></mfrac>"


def _number(x: float, style: str) -> str:
    """A number in its colour; a negative one in parentheses, for it may be a factor."""
    shown = number_mathml(x)
    if x < 0 and style != "re":
        shown = f'<mo stretchy="false">(</mo>{shown}<mo stretchy="false">)</mo>'  # stretchy ones stand apart
    return f'<mrow class="{style}">{shown}</mrow>'
