"""Diagrams: views, highlights, files, bundles for notebooks, determinism, and what is refused."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
import traceback
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

pytest.importorskip("pygraphviz", reason="the pictures' layout needs pygraphviz")

import autograd
import nn
from autograd import Value, draw
from autograd.drawing import engine, files
from autograd.drawing.themes import DARK, LIGHT

from .graphs import (
    HOSTILE,
    LECTURES,
    deep,
    hostile,
    kinks,
    lecture_3,
    lecture_4,
    many_consumers,
    skip,
    square,
    twenty_weights,
)
from .reading import read

ROOT = Path(autograd.__file__).parent.parent


def batch(rows: int) -> Value:
    model = nn.MLP([4, 3, 2, 1], seed=1)
    data = [[0.1 * i, 0.2, -0.3 * i, 1.0] for i in range(rows)]
    loss: Value = nn.squared_error([model(row) for row in data], [0.5] * rows)
    loss.label = "L"
    return loss


# ---- Numbers and notes -----------------------------------------------------------------------------------


def test_lecture_4_shows_its_numbers() -> None:
    root = lecture_4()
    root.backward()
    texts = [text.what for text in read(draw(root).svg).texts]
    for number in ("−15.25", "−9.15", "−23.18", "−6.1", "−3.05", "3.8", "1.9"):
        assert number in texts


def test_before_backward_the_picture_says_so_and_shows_no_zeros() -> None:
    root = lecture_4()
    svg = draw(root).svg
    assert "No gradients yet" in svg
    assert " on " not in " ".join(re.findall(r'class="(e[^"]*)"', svg))
    pills = [text.what for text in read(svg).texts if text.what == "–"]  # an en dash stands for none
    assert len(pills) == 13
    root.backward()
    assert "No gradients yet" not in draw(root).svg


def test_a_picture_is_of_the_moment_it_was_made() -> None:
    a, b = Value(2.0, "a"), Value(3.0, "b")
    root = a * b
    root.backward()
    picture, untouched = draw(root), draw(root).svg
    a.data, a.grad = 77.0, 55.0
    assert picture.svg == untouched


def test_a_graph_whose_leaves_have_changed_says_so() -> None:
    root = twenty_weights()
    root.backward()
    assert "has changed" not in draw(root).svg
    leaf = next(node for node in autograd.drawing.scene.topological_order(root) if node.label == "w^{1}_{11}")
    leaf.data += 1.0
    for detail in ("values", "neurons"):
        assert "A leaf has changed since the forward pass" in draw(root, detail=detail).svg  # type: ignore[arg-type]
    assert "before the parameters changed" in draw(root, detail="network").svg
    with pytest.raises(ValueError, match="a leaf's data has changed"):
        autograd.stepper(root)


def test_a_gradient_that_does_not_flow_leaves_the_edge_grey() -> None:
    a = Value(-1.0, "a")
    root = a.relu()
    root.backward()
    assert 'class="e"' in draw(root).svg
    assert "on neg" not in draw(root).svg


def test_an_edge_that_is_not_the_only_way_is_marked_and_the_mark_explained() -> None:
    root = skip()
    for detail in ("values", "neurons"):
        svg = draw(root, detail=detail).svg  # type: ignore[arg-type]
        quotients = [text.what for text in read(svg).texts if text.what.startswith("∂") and "/" in text.what]
        assert quotients == ["∂s/∂a", "∂s/∂b", "∂q/∂s", "∂⁺v/∂s", "∂v/∂q"]
        assert svg.count("∂⁺ counts one edge alone") == 1
    assert "∂<sup>+</sup><i>v</i>/∂<i>s</i>" in draw(root).dot.source
    for name, make in {**LECTURES, "a * a": square}.items():
        assert "∂⁺" not in draw(make(), detail="values").svg, name


def test_derivatives_that_are_conventions_are_named_below_the_picture() -> None:
    root = kinks()
    for detail in ("values", "neurons"):
        (tree,) = [ET.fromstring(draw(root, detail=detail).svg)]  # type: ignore[arg-type]
        note = " ".join(item.text or "" for item in tree.iter() if item.get("class") == "note")
        assert "x = 0 sits on a kink of relu: the derivative there is 0 by convention" in note
        assert "</svg><script> = 0 sits on a kink of abs" in note
        assert note.endswith("and 1 more such derivative.")
    for name, make in LECTURES.items():
        assert "kink" not in draw(make(), detail="values").svg, name


@pytest.mark.parametrize("detail", ["values", "neurons"])
def test_what_an_operation_holds_fixed_has_no_gradient_in_a_picture(detail: Any) -> None:
    a = Value(1.0, "z").sigmoid()
    a.label = "a"
    root = nn.binary_cross_entropy(a, 1.0)
    root.label = "L"
    root.backward()
    says = "binary_cross_entropy holds y fixed: no derivative flows to it."
    stepped = autograd.stepper(root)._repr_html_()
    finished = unquote(stepped.partition('src="data:image/svg+xml,')[2].partition('"')[0])
    for svg in (draw(root, detail=detail).svg, finished):
        shown = [text.what for text in read(svg).texts]
        assert shown.count("–") == 1  # the gradient of y
        assert "∂L/∂a" in shown
        assert "∂L/∂y" not in shown
        assert "0" not in shown
        assert says in svg
    dot = draw(root, detail=detail).dot.source
    assert "∂<i>L</i>/∂<i>y</i>" not in dot
    assert "<b>–</b>" in dot
    assert "∂L/∂y" not in unquote(stepped)
    assert autograd.draw(nn.binary_cross_entropy(a, Value(1.0, "y"))).svg.count("fixed") == 0


def test_leaves_without_labels_are_constants_only_beside_labelled_ones() -> None:
    assert draw(Value(2.0) * Value(3.0)).svg.count('class="c"') == 0
    assert draw(Value(2.0, "a") * 3.0).svg.count('class="c"') == 1


def test_a_constant_is_written_in_full() -> None:
    shown = [text.what for text in read(draw(Value(2.0, "a") * -0.00098765).svg).texts]
    assert shown.count("−0.0009877") == 2  # on its own card, and as the derivative by a


# ---- Views -----------------------------------------------------------------------------------------------


def test_the_view_follows_the_size() -> None:
    assert "44 cards" in repr(draw(LECTURES["lecture 5"]()))
    assert "cards" in repr(draw(batch(3)))
    assert "Network 4-3-2-1: 20 weights" in repr(draw(batch(30)))


def test_neurons_hide_their_parameters_and_keep_the_derivative() -> None:
    root = twenty_weights()
    root.backward()
    svg = draw(root, detail="neurons").svg
    texts = [text.what for text in read(svg).texts]
    assert "w1_11" not in svg
    assert "σ(w·x)" in texts
    by_name = {node.label: node for node in autograd.drawing.scene.topological_order(root)}
    z, o = by_name["z_{21}"], by_name["o_{21}"]
    expected = o.partials[0] * z.partials[3]  # ∂o21/∂o11 = σ′(z21) · w2_11
    assert f"{expected:.4g}".replace("-", "−") in texts


def test_a_neuron_written_out_with_operators_collapses_too() -> None:
    w1, w2, b, x1, x2 = (Value(0.5 * i, label) for i, label in enumerate(["w1", "w2", "b", "x1", "x2"], 1))
    o = (w1 * x1 + w2 * x2 + b).tanh()
    o.label = "o"
    assert repr(draw(o, detail="neurons")) == "<Diagram: Computation graph of o: 3 cards, 2 edges>"
    assert repr(draw(o, detail="network")) == "<Diagram: Network 2-1: 2 weights>"


def test_a_parameter_that_a_penalty_uses_too_keeps_a_card() -> None:
    model = nn.MLP([2, 2, 1], seed=1)
    penalty = autograd.total([w * w for w in model.weights()])
    loss = nn.squared_error(model([0.5, 1.0]), 1.0) + 0.01 * penalty
    svg = draw(loss, detail="neurons").svg
    assert svg.count('class="p"') == len(model.weights())
    assert "Network 2-2-1" in repr(draw(loss, detail="network"))


def test_the_network_view_refuses_a_highlight() -> None:
    with pytest.raises(ValueError, match="highlights nothing"):
        draw(batch(2), detail="network", highlight="w1_11")


def test_a_batch_is_one_network() -> None:
    svg = draw(batch(5), detail="network").svg
    picture = read(svg)
    assert len(picture.circles) == 10
    assert len(picture.lines) == 20 + 6  # a wire a weight, and one a bias


def test_large_layers_are_elided() -> None:
    svg = nn.draw(nn.MLP([30, 40, 1], seed=1)).svg
    assert "21 more" in svg
    assert "31 more" in svg
    assert len(svg) < 60_000


@pytest.mark.parametrize(
    ("detail", "fits"), [("values", "detail='network' fits"), ("neurons", "detail='network' fits")]
)
def test_a_graph_too_large_for_its_view_says_which_fits(detail: str, fits: str) -> None:
    with pytest.raises(ValueError, match=re.escape(fits)):
        draw(batch(60), detail=detail)  # type: ignore[arg-type]


def test_a_large_graph_without_neurons_is_refused_with_advice() -> None:
    x = Value(1.0, "x")
    for _ in range(400):
        x = x * 1.5
    with pytest.raises(ValueError, match=r"801 values.*draw\(node\)"):
        draw(x)
    with pytest.raises(ValueError, match="needs neurons"):
        draw(Value(1.0, "x") * 2, detail="network")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"detail": "everything"}, "the views are values, neurons, network"),
        ({"theme": "neon"}, "the themes are light, dark"),
    ],
)
def test_unknown_choices_are_refused(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw(Value(1.0), **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("root", [3.0, [], None, "x"])
def test_what_is_no_value_is_refused(root: object) -> None:
    with pytest.raises(TypeError, match="draw takes a Value"):
        draw(root)  # type: ignore[arg-type]


def test_a_huge_graph_is_refused_quickly_and_without_recursion() -> None:
    x = Value(1.0, "x")
    for _ in range(20_000):
        x = -x
    with pytest.raises(ValueError, match="20001 values"):
        draw(x)
    with pytest.raises(ValueError, match="20001 values"):
        autograd.stepper(x)


@pytest.mark.parametrize("number", [0.0, -0.0, float("inf"), float("-inf"), float("nan"), 1e308, 5e-324, -1.23456e-7])
def test_every_number_has_a_picture(number: float) -> None:
    root = Value(number, "x") + Value(number, "y")
    root.grad = number
    for picture in (draw(root), draw(root, theme="dark"), draw(Value(number)), draw(Value(number, "x"))):
        assert read(picture.svg).cards
    assert autograd.stepper(Value(number, "x")).html


def test_every_refusal_is_one_line_and_ends_at_the_line_that_asked(tmp_path: Path) -> None:
    x = Value(2.0, "x")
    model = nn.MLP([2, 1], seed=1)
    asked: list[Any] = [
        lambda: draw(3.0),
        lambda: draw(x, theme="neon"),
        lambda: draw(x, highlight="z"),
        lambda: draw(x * 2).save(tmp_path / "g.gif"),
        lambda: draw(x * 2).save(3),
        lambda: autograd.stepper(3.0),
        lambda: autograd.stepper(x * 2, then=[3]),
        lambda: autograd.stepper(x * 2, then=3),
        lambda: autograd.stepper(x * 2).save(None),
        lambda: nn.draw(3),
        lambda: nn.draw(model, [1.0]),
        lambda: nn.stepper(3, [1.0], 2.0),
        lambda: nn.stepper(model, [1.0, 2.0], None),
        lambda: nn.write_report(3, model, nn.History(), [[1.0, 2.0]], [1.0]),
    ]
    for ask in asked:
        with pytest.raises((TypeError, ValueError, LookupError)) as told:
            ask()
        message = str(told.value)
        assert "\n" not in message
        assert 10 < len(message) < 500
        assert traceback.extract_tb(told.value.__traceback__)[-1].filename == __file__, message


# ---- Highlights ------------------------------------------------------------------------------------------


def test_highlighting_a_node_a_path_and_a_label() -> None:
    root = lecture_4()
    assert draw(root, highlight="w1_11").svg.count(" hl") - draw(root).svg.count(" hl") == 1
    path = next(iter(autograd.chain(root, "w1_11").paths))
    lit = re.findall(r'<g class="([^"]* hl)"', draw(root, highlight=path).svg)
    assert sum(not classes.startswith("e") for classes in lit) == len(path.nodes)
    assert sum(classes.startswith("e") for classes in lit) == len(path.nodes) - 1
    with pytest.raises(LookupError, match="did you mean"):
        draw(root, highlight="w1_12")


@pytest.mark.parametrize("highlight", [3.0, [], object()])
def test_what_cannot_be_highlighted_is_refused(highlight: object) -> None:
    with pytest.raises(TypeError, match="highlight takes a value, a label, or several of them"):
        draw(lecture_4(), highlight=highlight)  # type: ignore[arg-type]


def lit(root: Value, highlight: list[str]) -> tuple[set[str], int]:
    """The names of the cards that stand out, and the number of edges that do."""
    svg = draw(root, highlight=highlight).svg
    cards = re.findall(r'<g class="[^e ] hl" transform="[^"]*"><title>(\S+) =', svg)
    return set(cards), len(re.findall(r'<g class="e[^"]* hl"', svg))


def test_milestones_mark_the_whole_path_between_them() -> None:
    root = lecture_4()  # L = v4/2, v4 = v3², v3 = ŷ − y, ŷ = o11·w2_11, o11 = v1 + v2, v1 = x1·w1_11
    whole = {"L", "v4", "v3", "ŷ", "o11", "v1", "w1_11"}
    assert lit(root, ["w1_11", "L"]) == (whole, 6)
    assert lit(root, ["L", "w1_11"]) == (whole, 6)
    assert lit(root, ["w1_11", "o11"]) == ({"w1_11", "v1", "o11"}, 2)
    assert lit(root, ["w1_11", "ŷ", "L"]) == (whole, 6)
    assert lit(root, ["w1_11", "w1_21"]) == ({"w1_11", "w1_21"}, 0)  # no path leads from one to the other


def test_milestones_mark_every_path_where_there_are_several() -> None:
    a, b = Value(2.0, "a"), Value(3.0, "b")
    left, right = a.sin(), a * b
    left.label, right.label = "l", "r"
    root = left + right
    root.label = "f"
    assert lit(root, ["a", "f"]) == ({"a", "l", "r", "f"}, 4)
    assert lit(root, ["a", "r", "f"]) == ({"a", "r", "f"}, 2)
    assert lit(a * a, ["a", "v1"]) == ({"a", "v1"}, 2)


def test_an_edge_of_its_own_is_the_path_between_two_values() -> None:
    a = Value(2.0, "a")
    inner = a.exp()
    inner.label = "e1"
    root = inner + a
    root.label = "f"
    assert lit(root, ["a", "f"]) == ({"a", "f"}, 1)
    assert lit(root, ["a", "e1", "f"]) == ({"a", "e1", "f"}, 2)


# ---- Files -----------------------------------------------------------------------------------------------


def test_every_file_type(tmp_path: Path) -> None:
    picture = draw(lecture_3())
    begin = {".svg": b"<svg ", ".png": b"\x89PNG", ".pdf": b"%PDF-", ".dot": b"digraph", ".html": b"<!doctype html>"}
    for suffix, magic in begin.items():
        assert picture.save(tmp_path / f"g{suffix}").read_bytes().startswith(magic)
    with pytest.raises(ValueError, match=r"g\.gif.*\.svg, \.png, \.pdf, \.dot, \.html"):
        picture.save(tmp_path / "g.gif")
    assert not (tmp_path / "g.gif").exists()


def test_what_cannot_be_written_is_told_at_the_line_that_asked(tmp_path: Path) -> None:
    model = nn.MLP([1, 1], seed=1)
    history = nn.fit(model, [[1.0]], [1.0], epochs=1, progress=False)
    saved: list[tuple[str, Any]] = [
        ("g.svg", draw(lecture_3()).save),
        ("g.html", autograd.stepper(lecture_3()).save),
        ("r.html", lambda path: nn.write_report(path, model, history, [[1.0]], [1.0])),
    ]
    (tmp_path / "file").write_text("")
    for name, save in saved:
        (tmp_path / name).mkdir(exist_ok=True)
        missing = f"there is no folder {str(tmp_path / 'no' / 'such')!r} to save {name!r} in"
        for path, kind, message in (
            (tmp_path / "no" / "such" / name, FileNotFoundError, missing),
            (tmp_path / "file" / name, FileNotFoundError, f"there is no folder {str(tmp_path / 'file')!r} to save"),
            (tmp_path / name, OSError, str(tmp_path / name)),  # a folder of that name
        ):
            with pytest.raises(kind) as told:
                save(path)
            assert message in str(told.value)
            assert traceback.extract_tb(told.value.__traceback__)[-1].filename == __file__, path
    assert not (tmp_path / "no").exists()


def test_writing_files_leaves_the_package_as_it_is(tmp_path: Path) -> None:
    before = sorted(path.name for path in files.FONTS.iterdir() if path.name != "__pycache__")
    draw(lecture_3()).save(tmp_path / "g.pdf")
    draw(lecture_3()).save(tmp_path / "g.png")
    assert sorted(path.name for path in files.FONTS.iterdir() if path.name != "__pycache__") == before
    assert before == ["LICENSE", "advances.json", "bold.ttf", "italic.ttf", "make.py", "regular.ttf"]


def test_the_png_is_the_picture_at_twice_its_size() -> None:
    picture = draw(lecture_3())
    data = files.png(picture.svg)
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    page = read(picture.svg)
    assert abs(width - 2 * page.width) <= 2
    assert abs(height - 2 * page.height) <= 2
    assert len(data) > 10_000  # and there is something on it: the bundled font was found


def test_the_bundle_for_notebooks() -> None:
    picture = draw(lecture_3())
    bundle, metadata = picture._repr_mimebundle_()
    assert metadata == {"image/png": {"width": round(read(picture.svg).width)}}
    assert set(bundle) == {"text/plain", "image/svg+xml", "image/png"}
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")


def test_the_dot_text_is_a_source() -> None:
    source = draw(lecture_3()).dot
    assert type(source).__module__.startswith("graphviz")
    assert "∂<i>z</i>/∂<i>w</i>" in source.source


def test_a_very_wide_picture_scrolls_in_its_cell() -> None:
    _, metadata = draw(deep())._repr_mimebundle_()
    assert metadata["image/svg+xml"] == {"unconfined": True}


# ---- Engines ---------------------------------------------------------------------------------------------


def test_without_an_engine_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "available", lambda: ())
    with pytest.raises(engine.NoEngineError, match=r'pip install "scalar-autograd\[draw\]"'):
        draw(lecture_3())


def test_what_is_missing_is_told_at_the_line_that_needed_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    picture, steps, model = draw(lecture_3()), autograd.stepper(lecture_3()), nn.MLP([2, 1], seed=1)
    monkeypatch.setattr(engine, "available", lambda: ())
    monkeypatch.setattr(engine, "run", engine.run.__wrapped__)  # the tests wrap it
    monkeypatch.setitem(sys.modules, "resvg_py", None)  # as where it is not installed
    asked: list[tuple[Any, str]] = [
        (lambda: draw(lecture_3()), "needs Graphviz"),
        (lambda: autograd.stepper(lecture_3()), "needs Graphviz"),
        (lambda: nn.stepper(model, [1.0, 2.0], 3.0), "needs Graphviz"),
        (lambda: picture.save(tmp_path / "g.pdf"), "needs Graphviz"),
        (lambda: picture.save(tmp_path / "g.png"), "a PNG needs resvg_py"),
        (lambda: nn.draw(model).save(tmp_path / "g.png"), "a PNG needs resvg_py"),
    ]
    for ask, message in asked:
        with pytest.raises(RuntimeError, match=message) as told:
            ask()
        assert traceback.extract_tb(told.value.__traceback__)[-1].filename == __file__, message
        assert 'pip install "scalar-autograd[draw]"' in str(told.value)
    assert picture.svg
    assert steps.html
    assert list(tmp_path.iterdir()) == []


def test_a_fault_of_ours_keeps_its_whole_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr(engine, "run", endless)
    with pytest.raises(RecursionError) as told:
        nn.stepper(nn.MLP([2, 1], seed=1), [1.0, 2.0], 3.0)
    assert len(traceback.extract_tb(told.value.__traceback__)) > 3


def test_the_network_view_needs_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "available", lambda: ())
    assert draw(twenty_weights(), detail="network").svg.startswith("<svg")


def test_a_failing_engine_is_reported_with_its_own_words() -> None:
    with pytest.raises(RuntimeError, match=r"could not lay out the graph \(pygraphviz: "):
        engine.run("digraph { this is no dot", "json0")


def test_system_dot_is_the_alternative(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A stand-in for ``dot`` that hands its work to the bundled engine: the command line is what is tested."""
    stand_in = tmp_path / "dot"
    stand_in.write_text(
        f"#!{sys.executable}\nimport sys, pygraphviz\n"
        "sys.stdout.buffer.write(pygraphviz.AGraph(string=sys.stdin.read())"
        ".draw(format=sys.argv[1].removeprefix('-T'), prog='dot'))\n"
    )
    stand_in.chmod(0o755)
    usual = draw(lecture_3()).svg
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(engine, "available", lambda: ("dot",))
    assert draw(lecture_3()).svg == usual


# ---- The same bytes --------------------------------------------------------------------------------------

_PROGRAM = """
import hashlib, sys
from autograd import draw, stepper
import nn
from tests.drawing.graphs import lecture_5, many_consumers
from autograd.drawing import files
for make in (lecture_5, many_consumers):
    root = make(); root.backward()
    for theme in ("light", "dark"):
        svg = draw(root, theme=theme).svg
        print(hashlib.sha256(svg.encode()).hexdigest(), hashlib.sha256(files.png(svg)).hexdigest())
    page = stepper(root)
    print(hashlib.sha256(page.html.encode()).hexdigest(), hashlib.sha256(page._repr_html_().encode()).hexdigest())
    print(hashlib.sha256(draw(root).save(sys.argv[1] + "/g.pdf").read_bytes()).hexdigest())
print(hashlib.sha256(nn.draw(nn.MLP([4, 3, 2, 1], seed=1)).svg.encode()).hexdigest())
"""


def test_two_processes_with_different_hash_seeds_make_the_same_bytes(tmp_path: Path) -> None:
    def run(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", _PROGRAM, str(tmp_path)]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    first = run("1")
    assert len(first.split()) == 15
    assert first == run("2")


def test_no_font_of_the_machine_is_used(tmp_path: Path) -> None:
    """An image set in a font of the machine would change with ``FONTCONFIG_FILE``; ours does not."""
    svg = draw(many_consumers()).svg
    nowhere = {**os.environ, "FONTCONFIG_FILE": str(tmp_path / "none"), "HOME": str(tmp_path)}
    program = "import sys; from autograd.drawing.files import png; sys.stdout.buffer.write(png(sys.stdin.read()))"
    environment = {**nowhere, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", program], input=svg.encode(), env=environment, capture_output=True)
    assert done.stdout == files.png(svg)


def png_of(label: str) -> bytes:
    return files.png(draw(Value(2.0, label)).svg)


def test_letters_that_the_font_lacks_come_from_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two letters that nothing has are one picture, of an empty box."""
    import resvg_py

    searched: list[bool] = []
    original = resvg_py.svg_to_bytes

    def render(**options: Any) -> Any:
        searched.append(not options["skip_system_fonts"])
        return original(**options)

    monkeypatch.setattr(resvg_py, "svg_to_bytes", render)
    for label in ("x", "ŷ", "рост", "λ_{1}", "①⁺"):
        png_of(label)
    assert not any(searched)
    hebrew, tibetan = (png_of("א"), png_of("ב")), (png_of("ཀ"), png_of("ཁ"))
    assert searched[-4:] == [True] * 4
    told = (
        subprocess.run(["fc-list", ":charset=5d0"], capture_output=True, check=False)
        if shutil.which("fc-list")
        else None
    )
    if told and told.stdout:
        assert hebrew[0] != hebrew[1]
    for a, b in (hebrew, tibetan):
        assert a.startswith(b"\x89PNG")
        assert b.startswith(b"\x89PNG")


# ---- Hostile labels --------------------------------------------------------------------------------------


def test_hostile_labels_are_text_in_svg() -> None:
    root = hostile()
    root.backward()
    for detail in ("values", "neurons"):
        tree = ET.fromstring(draw(root, detail=detail).svg)  # type: ignore[arg-type]
        tags = {item.tag.rpartition("}")[2] for item in tree.iter()}
        assert tags <= {"svg", "style", "rect", "g", "text", "tspan", "path", "title"}
        for item in tree.iter():
            assert not any(name.lower().startswith("on") or "href" in name for name in item.attrib)
    whole = draw(root).svg
    assert "\u202e" not in whole
    assert len(whole) < 150_000


def test_hostile_labels_are_text_in_dot(tmp_path: Path) -> None:
    root = hostile()
    dot = draw(root).dot.source
    answer = engine.run(dot, "json0")
    assert len(re.findall(rb'"name": "v\d+"', answer)) == 2 * len(HOSTILE) + 1
    assert draw(root).save(tmp_path / "h.pdf").read_bytes().startswith(b"%PDF")
    assert files.png(draw(root).svg).startswith(b"\x89PNG")


# ---- Contrast --------------------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


PAIRS = [
    *[("ink", ground) for ground in ("page", "card", "plain", "input", "parameter", "target", "loss")],
    *[("muted", ground) for ground in ("page", "card", "plain", "positive-tint", "negative-tint")],
    ("badge-ink", "badge"),
    ("positive", "positive-tint"),
    ("negative", "negative-tint"),
    *[(tone, ground) for tone in ("positive", "negative") for ground in ("page", "card", "input", "loss")],
    *[(tone, "page") for tone in ("upstream", "local", "receiver")],
]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_contrast(theme: dict[str, str], text: str, ground: str) -> None:
    lighter, darker = sorted((luminance(theme[text]), luminance(theme[ground])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5
