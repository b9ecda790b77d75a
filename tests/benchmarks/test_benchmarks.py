"""The benchmarks run, small; and the harness refuses what would make a comparison worthless."""

import dataclasses

import pytest

from tests.benchmarks import __main__ as runner
from tests.benchmarks.harness import BENCHMARKS, Command, Row, at_least, at_most, contend, seconds, table

runner.collect()


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_runs(name):
    if missing := BENCHMARKS[name].missing():
        pytest.skip(f"needs {', '.join(missing)}")
    rows = list(BENCHMARKS[name].rows(True))
    assert rows
    assert all(row.figure > 0 for row in rows if row.unit != "ms")  # a difference of times may be anything
    assert all(row.medians for row in rows if row.unit != "KB")  # a size is counted, not measured


def slow() -> tuple[float, list[float]]:
    return 2.0, [1.0, 0.0]


def fast() -> tuple[float, list[float]]:
    return 1.0, [1.0, 1e-12]


def wrong() -> tuple[float, list[float]]:
    return 0.5, [1.0, 0.001]


def broken() -> float:
    raise ValueError("no luck")


def test_contenders_run_in_processes_of_their_own_and_give_medians():
    assert contend({"slow": slow, "fast": fast}, rounds=1) == {"slow": 2.0, "fast": 1.0}


def test_contenders_that_disagree_are_not_compared():
    with pytest.raises(RuntimeError, match=r"'wrong' and 'slow' disagree about number 1: 0.001 and 0.0"):
        contend({"slow": slow, "wrong": wrong}, rounds=1)


def test_a_contender_that_fails_says_why():
    with pytest.raises(RuntimeError, match=r"(?s)the contender 'broken' failed:.*ValueError: no luck"):
        contend({"broken": broken}, rounds=1)


def test_any_program_can_contend():
    assert contend({"echo": Command(["echo", "3.5"])}, rounds=1) == {"echo": 3.5}
    assert contend({"true": Command(["true"], wall=True)}, rounds=1)["true"] > 0


def test_a_warm_up_run_is_not_measured():
    runs = []
    seconds(lambda: runs.append(1), repeats=4)
    assert len(runs) == 5


def test_the_table_is_aligned_and_judges():
    rows = [
        Row("a", 9.0, "×", at_least(8), {"ours": 0.001, "theirs": 9e-6}),
        Row("longer", 41.0, "ms", at_most(40)),
    ]
    assert table(rows).splitlines() == [
        "benchmark  figure  goal          medians",
        "a          9 ×     ≥ 8   met     ours 1 ms, theirs 9 µs",
        "longer     41 ms   ≤ 40  MISSED",
    ]


def test_names_select_and_unknown_names_are_refused(capsys):
    assert runner.main(["--small", "memory"]) == 0
    assert "memory" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        runner.main(["memry"])
    assert "no benchmark is named memry" in capsys.readouterr().err


def test_the_name_of_a_module_stands_for_its_benchmarks(monkeypatch, capsys):
    run = []
    for name, contest in BENCHMARKS.items():
        quick = dataclasses.replace(contest, rows=_recorder(run, name, contest.rows), needs=())
        monkeypatch.setitem(runner.BENCHMARKS, name, quick)
    assert runner.main(["compiled", "memory", "descent", "--small"]) == 0
    assert run == ["descent", "gradient", "functions", "cheap gradients", "compiling", "memory"]
    assert run[0] in capsys.readouterr().out


def _recorder(run, name, original):
    def rows(small):
        run.append(name)
        yield Row(name, 1.0, "×")

    rows.__module__ = original.__module__
    return rows


def test_the_picture_has_a_line_for_every_contest_and_a_mark_for_every_contender(tmp_path):
    pytest.importorskip("matplotlib")
    from tests.benchmarks.plot import draw

    rows = [Row("a", 2.0, "× C"), Row("a", 30.0, "× PyTorch"), Row("b", 5.0, "× C"), Row("a call", 1.0, "µs")]
    draw(rows, str(tmp_path / "picture.svg"))
    drawn = (tmp_path / "picture.svg").read_text()
    for text in (">a<", ">b<", ">C<", ">PyTorch<"):
        assert text in drawn
    assert "a call" not in drawn
    assert "JAX" not in drawn
    draw(rows, str(tmp_path / "again.svg"))
    assert (tmp_path / "again.svg").read_text() == drawn


def test_contenders_that_are_missing_are_left_out_and_named_once(monkeypatch, capsys):
    from tests.benchmarks import compiled

    monkeypatch.setattr(compiled, "_named", set())
    contenders = {"here": (slow, ["sys"]), "elsewhere": (fast, ["a_package_of_nobody"])}
    assert compiled._installed(contenders) == compiled._installed(contenders) == {"here": slow}
    assert capsys.readouterr().err.splitlines() == ["  left out, since it is not installed: elsewhere"]
