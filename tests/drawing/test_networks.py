"""The network view: what it shows, where its labels go, and the report that contains it."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value, draw
from autograd.drawing.labels import Label, crosses, overlap, settle

ROOT = Path(nn.__file__).parent.parent


def texts(svg: str) -> list[str]:
    return ["".join(item.itertext()).replace("\u200b", "") for item in ET.fromstring(svg).iter() if "text" in item.tag]


def model_of_lecture_4() -> nn.MLP:
    model = nn.MLP([2, 1, 1], activation="linear", bias=False, seed=1)
    for parameter, number in zip(model.parameters(), (0.4, 0.6, 0.5), strict=True):
        parameter.data = number
    return model


def test_weights_alone() -> None:
    shown = texts(nn.draw(model_of_lecture_4()).svg)
    assert {"x1", "x2", "o11", "ŷ", "0.4", "0.6", "0.5", "inputs", "hidden 1", "output"} <= set(shown)
    assert "NaN" not in " ".join(shown)


def test_activations_at_a_row() -> None:
    assert {"5", "3", "3.8", "1.9"} <= set(texts(nn.draw(model_of_lecture_4(), [5.0, 3.0]).svg))


def test_gradients_when_there_are_any() -> None:
    model = model_of_lecture_4()
    loss = nn.half_squared_error(model([5.0, 3.0]), 8.0)
    loss.label = "L"
    loss.backward()
    at_loss = set(texts(nn.draw(model, loss).svg))
    assert {"−15.2", "−9.15", "−23.2", "−6.1", "−3.05"} <= at_loss
    assert any("L = 18.6" in text for text in at_loss)
    alone = set(texts(nn.draw(model).svg))  # the parameters keep theirs, the units have none
    assert {"−15.2", "−9.15", "−23.2"} <= alone
    assert "−3.05" not in alone


def test_a_neuron_a_layer_and_a_wide_output() -> None:
    assert "Network 3-1" in repr(nn.draw(nn.Neuron(3, seed=1)))
    assert "Network 3-2" in repr(nn.draw(nn.Layer(3, 2, seed=1)))
    assert "Network 2-3-3" in repr(nn.draw(nn.MLP([2, 3, 3], output="softmax", seed=1)))


def test_a_standardised_model_is_shown_what_it_sees() -> None:
    model = nn.MLP([1, 1], seed=1)
    nn.fit(model, [[100.0], [300.0]], [1.0, 2.0], epochs=1, standardize=True, progress=False)
    assert "−1" in texts(nn.draw(model, [100.0]).svg)


def test_what_cannot_be_drawn() -> None:
    class Line(nn.Module):
        def __init__(self) -> None:
            self.slope = Value(2.0, "m")

        def __call__(self, row: object) -> Value:
            return self.slope * 3.0

    with pytest.raises(ValueError, match="give draw a row"):
        nn.draw(Line())
    with pytest.raises(ValueError, match="has none"):
        nn.draw(Line(), [1.0])
    with pytest.raises(ValueError, match="rows of 2 numbers"):
        nn.draw(model_of_lecture_4(), [1.0])


# ---- Labels on lines that cross ----------------------------------------------------------------------------


def test_the_twenty_weights_of_lecture_5_have_room() -> None:
    left, right = [(0.0, 100.0 * i) for i in range(4)], [(250.0, 50.0 + 100.0 * j) for j in range(3)]
    labels = [Label(a, b, 34, 25) for a in left for b in right]
    boxes = [label.at(t) for label, t in zip(labels, settle(labels, []), strict=True)]
    assert not any(overlap(a, b) for a, b in combinations(boxes, 2))


@given(st.lists(st.tuples(*[st.floats(0, 400) for _ in range(4)]), min_size=1, max_size=8))
def test_settling_is_deterministic_and_stays_on_the_line(ends: list[tuple[float, float, float, float]]) -> None:
    labels = [Label((x1, y1), (x2, y2), 30, 12) for x1, y1, x2, y2 in ends]
    places = settle(labels, [(0, 0, 20, 20)])
    assert places == settle(labels, [(0, 0, 20, 20)])
    assert len(places) == len(labels)
    assert all(0.1 < t < 0.9 for t in places)


@given(*[st.floats(-50, 50) for _ in range(4)])
def test_crossing_agrees_with_walking_along_the_line(x1: float, y1: float, x2: float, y2: float) -> None:
    box = (-10.0, -5.0, 10.0, 5.0)
    walked = any(
        box[0] <= x1 + (x2 - x1) * t / 500 <= box[2] and box[1] <= y1 + (y2 - y1) * t / 500 <= box[3]
        for t in range(501)
    )
    if walked:  # walking may miss a corner, but what it meets is there
        assert crosses((x1, y1), (x2, y2), box)
    wider = (-11.0, -6.0, 11.0, 6.0)
    if crosses((x1, y1), (x2, y2), box):
        assert any(
            wider[0] <= x1 + (x2 - x1) * t / 500 <= wider[2] and wider[1] <= y1 + (y2 - y1) * t / 500 <= wider[3]
            for t in range(501)
        )


# ---- Reports and command lines -----------------------------------------------------------------------------


def test_the_report_is_one_page_that_names_nothing_outside(tmp_path: Path) -> None:
    rows, targets = [[160.0, 60.0], [170.0, 65.0], [180.0, 70.0], [190.0, 71.0]], [21.0, 22.0, 20.0, 18.0]
    model = nn.MLP([2, 2, 1], activation="sigmoid", seed=1)
    history = nn.fit(model, rows, targets, epochs=30, lr=0.05, standardize=True, progress=False)
    model.columns = ("height", "</script><script>alert(1)</script>", "bmi")
    text = nn.write_report(tmp_path / "r.html", model, history, rows, targets, title="<b>").read_text("utf-8")
    for heading in ("Training", "The network", "The first point, step by step", "Parameters"):
        assert f"<h2>{heading}</h2>" in text
    assert text.count("<polyline") == 1
    assert "alert(1)</script>" not in text
    assert "<title>&lt;b&gt;</title>" in text
    assert set(re.findall(r"https?://[^\s\"'<%`]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert all(f"<span>{name}</span>" in text for name in ("w1_11", "b21"))


@pytest.mark.parametrize("losses", [[1.0], [1.0, 1.0], [5.0, 1e-9], [1.0, float("nan"), 0.5], [0.0, 0.0], []])
def test_curves_of_odd_runs(losses: list[float]) -> None:
    from nn.curve import loss_curve

    drawn = loss_curve(nn.History(loss=losses))
    assert "nan" not in drawn.partition("aria-label")[0]
    assert ET.fromstring(drawn) is not None


def test_a_model_too_large_to_step_through_still_gets_its_report(tmp_path: Path) -> None:
    model = nn.MLP([12, 12, 1], seed=1)
    history = nn.fit(model, [[0.1] * 12] * 3, [1.0, 2.0, 3.0], epochs=1, progress=False)
    text = nn.write_report(tmp_path / "r.html", model, history, [[0.1] * 12], [1.0]).read_text("utf-8")
    assert "a stepper shows 120 at most" in text


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=folder, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)}
    )


def test_the_command_lines_write_pictures(tmp_path: Path) -> None:
    done = run("autograd", "x*x + 1", "x=3", "--html", "o.html", "--svg", "o.svg", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "wrote o.html\nwrote o.svg\n")
    assert (tmp_path / "o.svg").read_text("utf-8").startswith("<svg")
    refused = run("autograd", "x*x", "x=3", "--svg", "o.gif", folder=tmp_path)
    assert refused.returncode == 2
    assert "saved as one of .svg" in refused.stderr
    missing = run("autograd", "x*x", "x=3", "--svg", "no/such/o.svg", folder=tmp_path)
    assert missing.returncode == 2
    assert "No such file" in missing.stderr

    table = tmp_path / "d.csv"
    table.write_text("a,b\n" + "".join(f"{i},{2 * i + 1}\n" for i in range(8)))
    done = run("nn", "train", "d.csv", "--target", "b", "--epochs", "3", "--report", "r.html", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "report in r.html" in done.stdout
    assert "<h1>b from a</h1>" in (tmp_path / "r.html").read_text("utf-8")


def test_the_picture_of_a_list_of_roots() -> None:
    a = Value(2.0, "a")
    assert "3 cards, 2 edges" in repr(draw([a.sin(), a.cos()]))
