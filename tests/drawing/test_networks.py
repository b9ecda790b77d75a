"""The network view: what it shows, and the report that contains it."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import nn
from autograd import Value, draw

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
    assert {"−15.25", "−9.15", "−23.18", "−6.1", "−3.05"} <= at_loss
    assert any("L = 18.6" in text for text in at_loss)
    alone = set(texts(nn.draw(model).svg))  # the parameters keep theirs, the units have none
    assert {"−15.25", "−9.15", "−23.18"} <= alone
    assert "−3.05" not in alone


def test_before_backward_a_network_says_so() -> None:
    model = model_of_lecture_4()
    loss = nn.half_squared_error(model([5.0, 3.0]), 8.0)
    said = "Forward pass only: no gradients yet."
    assert any(said in text for text in texts(nn.draw(model, loss).svg))
    assert said not in texts(nn.draw(model).svg)  # nothing has been computed, so nothing is missing
    loss.backward()
    assert not any(said in text for text in texts(nn.draw(model, loss).svg))


def test_every_weight_and_bias_is_named() -> None:
    shown = texts(nn.draw(nn.MLP([4, 3, 2, 1], seed=1)).svg)
    assert len([text for text in shown if re.fullmatch(r"w\d\d\d", text)]) == 20
    assert {"b11", "b12", "b13", "b21", "b22", "b31"} <= set(shown)


def test_where_the_weights_are_too_many_the_picture_says_so() -> None:
    crowded, roomy = (nn.draw(nn.MLP(sizes, seed=1)).svg for sizes in ([8, 16, 1], [2, 2, 1]))
    assert any("at most 26 edges lead to a column" in text for text in texts(crowded))
    assert not any("at most" in text for text in texts(roomy))
    assert crowded.count("<title>w1_11 = ") == 1  # told by the pointer, though not written


def test_weights_that_are_no_numbers_have_a_picture() -> None:
    model = model_of_lecture_4()
    for parameter, number in zip(model.parameters(), (float("inf"), float("nan"), -1e300), strict=True):
        parameter.data = number
    svg = nn.draw(model).svg
    assert {"∞", "NaN", "−1e300"} <= set(texts(svg))
    assert "nan" not in svg


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


@pytest.mark.parametrize("name", ["r.pdf", "r", "r.html.txt", ".html"])
def test_a_report_is_a_page(tmp_path: Path, name: str) -> None:
    model = nn.MLP([1, 1], seed=1)
    history = nn.fit(model, [[1.0]], [1.0], epochs=1, progress=False)
    with pytest.raises(ValueError, match=r"a report is saved as a page, such as report\.html"):
        nn.write_report(tmp_path / name, model, history, [[1.0]], [1.0])
    assert not (tmp_path / name).exists()


def test_the_command_refuses_another_type_of_report_before_it_trains(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a,b\n1,2\n2,3\n")
    refused = run("nn", "train", "d.csv", "--target", "b", "--report", "r.pdf", folder=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == (
        "python -m nn train: cannot write 'r.pdf': a report is saved as a page, such as report.html\n"
    )
    assert not (tmp_path / "r.pdf").exists()


def test_a_model_too_large_to_step_through_still_gets_its_report(tmp_path: Path) -> None:
    model = nn.MLP([12, 12, 1], seed=1)
    history = nn.fit(model, [[0.1] * 12] * 3, [1.0, 2.0, 3.0], epochs=1, progress=False)
    text = nn.write_report(tmp_path / "r.html", model, history, [[0.1] * 12], [1.0]).read_text("utf-8")
    assert "a stepper shows 120 at most" in text
    with pytest.raises(ValueError, match=r"this model has \d+ values.*nn\.draw\(model, row\)"):
        nn.stepper(model, [0.1] * 12, 1.0)


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
    for page, diagram in (("p.html", "p.gif"), ("p.png", "p.svg"), ("p.html", "no/such/p.svg")):
        assert run("autograd", "x*x", "x=3", "--html", page, "--svg", diagram, folder=tmp_path).returncode == 2
        assert not list(tmp_path.glob("p.*")), (page, diagram)  # nothing is written where one of the two cannot be
    for option, name in (("--svg", "o.png"), ("--html", "o.html")):
        missing = run("autograd", "x*x", "x=3", option, f"no/such/{name}", folder=tmp_path)
        assert (missing.returncode, missing.stdout) == (2, "")
        assert missing.stderr == f"python -m autograd: there is no folder 'no/such' to save {name!r} in\n"

    table = tmp_path / "d.csv"
    table.write_text("a,b\n" + "".join(f"{i},{2 * i + 1}\n" for i in range(8)))
    done = run("nn", "train", "d.csv", "--target", "b", "--epochs", "3", "--report", "r.html", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "report in r.html" in done.stdout
    assert "<h1>b from a</h1>" in (tmp_path / "r.html").read_text("utf-8")


def test_the_picture_of_a_list_of_roots() -> None:
    a = Value(2.0, "a")
    assert "3 cards, 2 edges" in repr(draw([a.sin(), a.cos()]))
