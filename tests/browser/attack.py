"""What a notebook shows of a graph whose labels attack it, in every form that explanations come in."""

from __future__ import annotations

from autograd import Value, chain, steps, table
from autograd.notation import Name
from tests.drawing.graphs import HOSTILE, hostile


def outputs() -> list[dict[str, str]]:
    """Bundles, as a kernel sends them: HTML, LaTeX and Markdown."""
    root = hostile()
    root.backward()
    leaf = root.parents[0].parents[0]
    shown = chain(root, leaf)
    bundles = [{"text/html": part._repr_html_()} for part in (table(root), steps(root), shown)]
    bundles += [{"text/latex": shown._repr_latex_()}]
    bundles += [{"text/latex": chain(one(label), "x")._repr_latex_()} for label in HOSTILE]
    return [*bundles, {"text/markdown": "\n\n".join(Name.parse(label).markdown for label in HOSTILE)}]


def one(label: str) -> Value:
    """A graph with one label that attacks."""
    root = Value(2.0, label) * Value(3.0, "x")
    root.label = "f"
    return root


def show() -> None:
    """Display all of them in the notebook that runs."""
    from IPython.display import display

    for bundle in outputs():
        display(bundle, raw=True)  # type: ignore[no-untyped-call]
