"""The house: who may import whom, and what `import autograd` costs."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
VIEWS = {"explain", "drawing", "notation", "__main__", "expression"}

# The engine, from the ground up: a module imports only from its own set.
ALLOWED = {
    "type_checking": set(),
    "modes": set(),
    "graph": set(),
    "refusal": {"modes"},
    "declaration": {"refusal"},
    "primitives": {"declaration", "refusal"},
    "ieee": {"declaration", "primitives"},
    "unseen": {"refusal"},
    "value": {"modes", "graph", "refusal", "declaration", "primitives", "ieee", "unseen"},
    "transform": {"modes", "graph", "refusal", "declaration", "primitives", "unseen", "value"},
    "check": {"modes", "refusal", "value", "transform"},
}


def modules(package):
    return sorted((ROOT / package).rglob("*.py"))


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def imports(path):
    """What a module imports, as absolute dotted names, `from a import b` giving both a and a.b."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            base += node.module.split(".") if node.module else []
            yield ".".join(base)
            yield from (".".join([*base, alias.name]) for alias in node.names)


def engine_imports(path):
    return {name.split(".")[1] for name in imports(path) if name.startswith("autograd.") and name.count(".") >= 1}


@pytest.mark.parametrize("module", ALLOWED)
def test_imports_within_the_engine_point_one_way(module):
    existing = {path.stem for path in (ROOT / "autograd").glob("*.py")} | {"explain", "drawing", "compiler"}
    assert engine_imports(ROOT / "autograd" / f"{module}.py") & existing <= ALLOWED[module] | {"type_checking"}


@pytest.mark.parametrize("path", modules("autograd"), ids=lambda p: "/".join(name_of(p)))
def test_autograd_never_imports_nn(path):
    assert not [name for name in imports(path) if name.partition(".")[0] == "nn"]


@pytest.mark.parametrize("path", sorted((ROOT / "autograd" / "compiler").rglob("*.py")), ids=lambda p: p.stem)
def test_the_compiler_does_not_see_the_views(path):
    assert not engine_imports(path) & VIEWS


@pytest.mark.parametrize("path", modules("nn"), ids=lambda p: "/".join(name_of(p)))
def test_nn_uses_the_public_names_only(path):
    import autograd

    used = {name for name in imports(path) if name.startswith("autograd.")}
    private = {name for name in used if name.count(".") > 1 or name.split(".")[1] not in dir(autograd)}
    assert not private
    assert not [name for name in used if name.split(".")[1].startswith("_")]


STARTED = """
import sys
before = set(sys.modules)
import autograd
from autograd import Value, grad, sin
x = Value(1.0); (sin(x) * x + x ** 2).backward(); grad(grad(sin))(1.0)
loaded = {m.partition(".")[0] for m in set(sys.modules) - before} - {"autograd"}
slow = {"dataclasses", "enum", "inspect", "re", "typing"}  # each would take a good part of the time
print(*sorted(loaded - set(sys.stdlib_module_names) | loaded & slow))
"""


def test_importing_and_using_the_engine_loads_the_standard_library_only_and_nothing_slow_of_it():
    done = subprocess.run(
        [sys.executable, "-c", STARTED],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []


HEAVY = {"numpy", "llvmlite", "pygraphviz", "graphviz", "tqdm", "resvg_py", "jax", "torch", "matplotlib", "IPython"}


@pytest.mark.parametrize("path", [*modules("autograd"), *modules("nn")], ids=lambda p: "/".join(name_of(p)))
def test_heavy_packages_are_imported_where_they_are_used(path):
    """Not at the top of a module, where importing ours would import them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = {alias.name for node in top if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in top if isinstance(node, ast.ImportFrom) and not node.level}
    assert not {name.partition(".")[0] for name in names} & HEAVY
