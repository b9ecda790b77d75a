"""The benchmarks run, small; and the harness refuses what would make a comparison worthless."""

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
