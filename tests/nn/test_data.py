"""Reading CSV, standardising, splitting."""

from __future__ import annotations

import math
import statistics
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from nn.data import Standardizer, batches, split
from nn.regression import LinearRegression, Score


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "data.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,2\n3,4.5\n",
        "a,b\r\n1,2\r\n3,4.5\r\n",
        "\ufeffa,b\n1,2\n3,4.5",
        '"a","b"\n"1","2"\n3,"4.5"\n',
        "\n a , b \n\n1, 2\n  \n3,4.5e0\n\n",
    ],
    ids=["plain", "CRLF", "BOM, no last newline", "quotes", "blank lines and spaces"],
)
def test_the_same_table_in_several_spellings(tmp_path: Path, content: str) -> None:
    table = nn.read_csv(written(tmp_path, content))
    assert table.columns == ("a", "b")
    assert table.rows == [[1.0, 2.0], [3.0, 4.5]]
    assert table.column("b") == [2.0, 4.5]
    assert table.select(["b", "a"]) == [[2.0, 1.0], [4.5, 3.0]]


def test_columns_can_be_chosen_and_the_others_hold_anything(tmp_path: Path) -> None:
    path = written(tmp_path, 'name,a,b\n"Smith, J.",1,\nJones,3,x\n')
    assert nn.read_csv(path, ["a"]).rows == [[1.0], [3.0]]


@pytest.mark.parametrize("content", [",a,t\n0,1,2\n1,3,4\n", "a,c,c,t\n1,x,y,2\n3,,,4\n", "a,,,t\n1,,,2\n3,,,4\n"])
def test_columns_that_are_not_chosen_need_no_names_of_their_own(tmp_path: Path, content: str) -> None:
    path = written(tmp_path, content)
    assert nn.read_csv(path, ["a", "t"]).rows == [[1.0, 2.0], [3.0, 4.0]]
    with pytest.raises(nn.DataError, match=r"has no name|two columns are named"):
        nn.read_csv(path)


def test_a_chosen_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(nn.DataError, match="two columns are named 'a'"):
        nn.read_csv(written(tmp_path, "a,b,a\n1,2,3\n"), ["b", "a"])
    with pytest.raises(nn.DataError, match="unknown column ''"):
        nn.read_csv(written(tmp_path, "a,\n1,2\n"), [""])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,b\n", "holds no data"),
        ("a,b\n1,2\n3,\n", "line 3, column 'b': the cell is empty"),
        ("a,b\n1,2\n,\n3,4\n", "line 3, column 'a': the cell is empty"),
        ("a,b\n1,2\n , \n3,4\n", "line 3, column 'a': the cell is empty"),
        ('a\n1\n""\n3\n', "line 3, column 'a': the cell is empty"),
        (",\n1,2\n", "column 1 has no name"),
        ("a,b\n1,2\n3,x\n", "line 3, column 'b': 'x' is not a number"),
        ("a,b\n1,2\n\n3,nan\n", "line 4, column 'b': 'nan' is not a finite number"),
        ("a,b\n1,1e999\n", "line 2, column 'b': '1e999' is not a finite number"),
        ("a,b\n1,2,3\n", "line 2: 3 cells, but there are 2 columns"),
        ("a,b\n1\n", "line 2: 1 cells"),
        ("a,a\n1,2\n", "two columns are named 'a'"),
        ("a,\n1,2\n", "column 2 has no name"),
        ("1,2\n3,4\n", "first line holds numbers"),
        ('a,b\n1,"2\n', "not a well-formed CSV file"),
        (b"a,b\n\xff\xfe,2\n", "not a text file in UTF-8"),
    ],
)
def test_what_is_wrong_is_named_by_line_and_column(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(nn.DataError, match=message):
        nn.read_csv(written(tmp_path, content))


def test_absent_columns_suggest_the_nearest(tmp_path: Path) -> None:
    path = written(tmp_path, "height,weight\n1,2\n")
    with pytest.raises(nn.DataError, match="'hight': did you mean 'height'"):
        nn.read_csv(path, ["hight"])
    with pytest.raises(nn.DataError, match="'hight': did you mean 'height'"):
        nn.read_csv(path).column("hight")


@given(st.lists(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=2), min_size=2, max_size=20))
def test_standardised_columns_have_mean_0_and_deviation_1_and_come_back(rows: list[list[float]]) -> None:
    standardizer = Standardizer.of(rows)
    scaled = standardizer.transform(rows)
    for column, mean, scale in zip(zip(*scaled, strict=True), standardizer.mean, standardizer.scale, strict=True):
        if scale > 1e-6 * (1 + abs(mean)):
            assert statistics.fmean(column) == pytest.approx(0.0, abs=1e-6)
            assert statistics.pstdev(column) == pytest.approx(1.0, rel=1e-6) or scale == 1.0
    for row, back in zip(rows, standardizer.inverse(scaled), strict=True):
        assert back == pytest.approx(row, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("constant", [0.0, 5.0, 0.1, 1e17])
def test_a_constant_column_becomes_0(constant: float) -> None:
    assert Standardizer.of([[constant]] * 7).transform([[constant]])[0][0] == pytest.approx(0.0, abs=1e-9)
    assert Standardizer.of([[constant]] * 7).scale == (1.0,)


def test_splits_are_disjoint_complete_and_by_seed() -> None:
    kept, held = split(100, 0.2, seed=3)
    assert sorted(kept + held) == list(range(100))
    assert len(held) == 20
    assert split(100, 0.2, seed=3) == (kept, held) != split(100, 0.2, seed=4)
    with pytest.raises(nn.DataError, match="too few"):
        split(1, 0.5, seed=0)
    assert batches([0, 1, 2, 3, 4], 5) == [[0, 1, 2, 3, 4]]


# ---- Linear regression, the yardstick ------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(st.floats(-100, 100), st.floats(-100, 100), st.floats(-100, 100)),
        min_size=6,
        max_size=25,
        unique=True,
    )
)
def test_least_squares_leaves_residuals_orthogonal_to_every_column(points: list[tuple[float, float, float]]) -> None:
    """What characterises a least-squares fit, whatever computed it: Σ r = 0 and Σ r x = 0."""
    rows, targets = [[a, b] for a, b, _ in points], [c for _, _, c in points]
    line = LinearRegression.of(rows, targets)
    residuals = [y - p for y, p in zip(targets, line.predict(rows), strict=True)]
    assert math.fsum(residuals) == pytest.approx(0.0, abs=1e-6)
    for j in range(2):
        mean = statistics.fmean(row[j] for row in rows)
        centred = [row[j] - mean for row in rows]
        size = math.sqrt(math.fsum(x * x for x in centred)) or 1.0
        assert math.fsum(r * x for r, x in zip(residuals, centred, strict=True)) / size == pytest.approx(0.0, abs=1e-5)


def test_least_squares_where_columns_depend_on_each_other() -> None:
    rows = [[x, 2 * x, 7.0] for x in (1.0, 2.0, 3.0, 5.0)]
    line = LinearRegression.of(rows, [3 * x + 1 for x, _, _ in rows])
    assert line.predict([[10.0, 20.0, 7.0]]) == pytest.approx([31.0])
    assert LinearRegression.of([[1.0, 2.0]], [5.0]).predict([[1.0, 2.0]]) == [5.0]


def test_scores() -> None:
    assert Score.of([2.0, 2.0, 2.0], [1.0, 2.0, 3.0]) == (pytest.approx(2 / 3), pytest.approx(0.0))
    assert Score.of([1.0], [1.0]) == (0.0, None)
