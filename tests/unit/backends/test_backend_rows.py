"""Rows are counted as anybody would count them, however the bytes arrive."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import law

from ft_registry.backends.rows import LineCounter, count_rows
from ft_registry.errors import Refused
from ft_registry.model.document import Unknown

chunks = st.lists(st.text("a{ \t\r\n\x0b\x0c\u2028\x85", max_size=6).map(str.encode), max_size=8)
long_chunks = st.lists(
    st.lists(
        st.sampled_from([b"\n", b"\n", b"\r\n", b" ", b"{}", b"\x01", b"x" * 700, b" " * 700]),
        max_size=12,
    ).map(b"".join),
    max_size=4,
)
"""Chunks of which some are so long that lines are found one by one, then cut."""
cells = st.text('ab",\n\r; \u2028', max_size=5)


def lines_in(data: bytes) -> int:
    return sum(1 for line in data.split(b"\n") if line.strip())


@given(chunks | long_chunks)
@law
def test_lines_that_hold_something_are_counted_under_any_chunking(parts: list[bytes]) -> None:
    counter = LineCounter()
    for part in parts:
        counter(part)
    assert counter.rows == lines_in(b"".join(parts))


@given(chunks | long_chunks)
@law
def test_the_count_is_right_at_any_moment(parts: list[bytes]) -> None:
    counter = LineCounter()
    for number, part in enumerate(parts, start=1):
        counter(part)
        assert counter.rows == lines_in(b"".join(parts[:number]))


@given(rows=st.lists(st.lists(cells, min_size=1, max_size=3), max_size=5))
@law
def test_a_csv_has_as_many_records_as_were_written_below_its_header(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    file = tmp_path_factory.getbasetemp() / "rows.csv"
    file.write_text(text.getvalue(), encoding="utf-8", newline="")
    assert count_rows(file, ".csv") == max(len(rows) - 1, 0)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", 0),
        ("a,b", 0),
        ("a,b\n1,2", 1),
        ("a,b\r\n1,2\r\n", 1),
        ('a,b\n"one\ntwo",2\n', 1),
        ("a,b\n\n1,2\n\n", 1),
        ("a\n" + "x" * 200_000, 1),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_records_of_csv(tmp_path: Path, content: str, expected: int) -> None:
    file = tmp_path / "f"
    file.write_bytes(content.encode())
    assert count_rows(file, ".csv") == expected


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_rows_of_parquet(tmp_path: Path, count: int) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table({"text": [f"row {number}" for number in range(count)]})
    parquet.write_table(table, tmp_path / "f", row_group_size=100)
    assert count_rows(tmp_path / "f", ".parquet") == count


def broken_parquet(folder: Path) -> bytes:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"n": list(range(100))}), folder / "whole")
    return (folder / "whole").read_bytes()[:-20]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" * 20, b"a,b\n1,2\n"], ids=ascii)
def test_what_is_no_parquet_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(Refused, match=r"readable \.parquet"):
        count_rows(tmp_path / "f", ".parquet")


def test_a_parquet_that_was_cut_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(broken_parquet(tmp_path))
    with pytest.raises(Refused, match=r"readable \.parquet"):
        count_rows(tmp_path / "f", ".parquet")


def test_a_csv_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"a,b\n\xff,1\n")
    with pytest.raises(Refused, match=r"readable \.csv"):
        count_rows(tmp_path / "f", ".csv")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_file_that_is_not_there_is_refused(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(Refused):
        count_rows(tmp_path / "missing", suffix)


@pytest.mark.parametrize(
    ("suffix", "named"), [(".txt", ".txt"), (".json", ".json"), ("", "without an ending")]
)
def test_rows_of_anything_else_are_unknown_with_a_reason(
    tmp_path: Path, suffix: str, named: str
) -> None:
    found = count_rows(tmp_path / "f", suffix)
    assert isinstance(found, Unknown)
    assert named in found.unknown
