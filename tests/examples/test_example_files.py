"""Whatever file examples lie in and however it is cut, they are the same examples."""

import csv
import gzip
import hashlib
import json
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.examples.parts import look, settings_of
from tests.unit.strategies import law

from ft_registry.errors import NotFound
from ft_registry.examples.formats import Format
from ft_registry.examples.kernel import ROW_BYTES, Settings
from ft_registry.examples.work import Task
from ft_registry.readers import example_files, example_rows, example_streams
from ft_registry.readers.example_files import read_chunks
from ft_registry.readers.example_sources import find_sources, split, survey

Rows = Sequence[Mapping[str, Any]]

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
pairs = st.lists(st.fixed_dictionaries({"prompt": texts, "completion": texts}), min_size=1)
turns = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": texts}),
    min_size=1, max_size=4,
)  # fmt: skip
chats = st.lists(st.fixed_dictionaries({"messages": turns}), min_size=1, max_size=6)
lines = st.one_of(
    st.fixed_dictionaries({"prompt": texts, "completion": texts}).map(
        lambda row: json.dumps(row).encode()
    ),
    st.sampled_from([
        b"", b" ", b"{}", b"[1]", b'{"prompt":"a","completion":"b"}\r', b"\xff", b'{"prompt":',
        b'{"prompt":"a","prompt":"b","completion":"c"}', b'{"prompt":NaN}', b"x" * 70,
        b'{"prompt":"' + b"y" * 90 + b'","completion":"z"}\r',
    ]),
)  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


def write_jsonl(path: Path, rows: Rows) -> None:
    path.write_bytes(b"".join(json.dumps(row).encode() + b"\n" for row in rows))


def write_json(path: Path, rows: Rows) -> None:
    path.write_text(json.dumps(rows, indent=2, ensure_ascii=False), encoding="utf-8", newline="")


def write_csv(path: Path, rows: Rows) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(
            file, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ","
        )
        writer.writeheader()
        writer.writerows(rows)


def write_parquet(path: Path, rows: Rows) -> None:
    pq.write_table(pa.Table.from_pylist(list(rows)), path, row_group_size=2)


def compressed(path: Path) -> list[Path]:
    made = [path.with_name(f"{path.name}.gz"), path.with_name(f"{path.name}.zst")]
    made[0].write_bytes(gzip.compress(path.read_bytes()))
    with pa.CompressedOutputStream(pa.OSFile(str(made[1]), "wb"), "zstd") as stream:
        stream.write(path.read_bytes())
    return made


@law
@given(
    kept=st.lists(lines, max_size=12),
    is_open=st.booleans(),
    part_bytes=st.integers(1, 200),
    block=st.sampled_from([1, 7, 64, 128 << 10]),
    limit=st.sampled_from([60, 16 << 20]),
)
def test_however_a_file_is_cut_its_parts_add_up(
    place: Path, kept: list[bytes], is_open: bool, part_bytes: int, block: int, limit: int
) -> None:
    file = place / "cut.jsonl"
    file.write_bytes(b"\n".join(kept) + (b"" if is_open else b"\n"))
    settings = Settings(Format("prompt-completion"), line_limit=limit)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(example_streams, "CHUNK_BYTES", block)
        assert look(file, settings, part_bytes=part_bytes) == look(file, settings)


@law
@given(rows=pairs)
def test_every_kind_of_file_gives_the_same_hashes(place: Path, rows: Rows) -> None:
    writers: dict[str, Callable[[Path, Rows], None]] = {
        "a.jsonl": write_jsonl, "a.json": write_json, "a.csv": write_csv, "a.tsv": write_csv,
        "a.parquet": write_parquet,
    }  # fmt: skip
    found = {}
    for name, write in writers.items():
        file = place / name
        write(file, rows)
        for one in (file, *(compressed(file) if file.suffix != ".parquet" else ())):
            found[one.name] = look(one)
    wanted = found["a.jsonl"]
    assert len(wanted.hashes) == ROW_BYTES * len(rows) == ROW_BYTES * wanted.rows
    for name, whole in found.items():
        assert (whole.hashes, whole.rows) == (wanted.hashes, wanted.rows), name
        assert (whole.tally, whole.unreadable) == (wanted.tally, {}), name
        assert whole.faults.counts == wanted.faults.counts, name


@law
@given(rows=chats, part_bytes=st.sampled_from([1, 16 << 20]))
def test_conversations_are_the_same_in_arrays_and_columns(
    place: Path, rows: Rows, part_bytes: int
) -> None:
    found = []
    for name, write in (
        ("c.jsonl", write_jsonl), ("c.json", write_json), ("c.parquet", write_parquet)
    ):  # fmt: skip
        write(place / name, rows)
        found.append(look(place / name, part_bytes=part_bytes))
    assert found[0].hashes == found[1].hashes == found[2].hashes
    assert [one.faults.counts for one in found] == [found[0].faults.counts] * 3


def test_parquet_is_cut_by_row_groups_and_its_rows_keep_their_numbers(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    rows = [{"text": "a"}, {"text": "b"}, {"text": "c"}, {"text": "d"}, {"text": ""}]
    write_parquet(file, rows)
    assert len(split(find_sources(file), part_bytes=1)) == 3
    assert look(file, part_bytes=1) == look(file)
    assert [fault.line for fault in look(file, part_bytes=1).faults.first] == [5]


def test_shards_are_read_by_name_and_what_is_no_data_is_left_out(tmp_path: Path) -> None:
    rows = [{"text": f"row {number}"} for number in range(9)]
    whole, shards = tmp_path / "whole.jsonl", tmp_path / "shards"
    write_jsonl(whole, rows)
    (shards / "deep").mkdir(parents=True)
    write_parquet(shards / "b.parquet", rows[3:6])
    write_jsonl(shards / "a.JSONL", rows[:3])
    write_csv(shards / "deep" / "c.v1.csv", rows[6:])
    (shards / ".cache").mkdir()
    for name in ("README.md", "LICENSE", ".hidden.jsonl", ".cache/x.json", "dataset_info.json"):
        (shards / name).write_text("{}")
    assert [source.name for source in find_sources(shards)] == [
        "a.JSONL", "b.parquet", "deep/c.v1.csv"
    ]  # fmt: skip
    assert look(shards).hashes == look(whole).hashes
    assert find_sources(shards / "README.md") == []
    with pytest.raises(NotFound):
        find_sources(tmp_path / "nothing")


def test_a_row_of_csv_has_the_number_of_its_first_line(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(b'text,label\r\n"two\r\nlines",x\r\n\r\n,x\r\n"more\nlines",y,z\r\nlast,y\r\n')
    found = look(file)
    assert [(one.line, one.rule) for one in found.faults.first] == [
        (5, "missing-key"), (6, "not-an-object")
    ]  # fmt: skip
    assert found.rows == 4
    assert found.unreadable == {}


@pytest.mark.parametrize("word", ["true", "True"])
def test_a_label_of_csv_is_a_boolean_where_its_format_asks_for_one(
    tmp_path: Path, word: str
) -> None:
    columns, lines_ = tmp_path / "t.csv", tmp_path / "t.jsonl"
    columns.write_text(f"prompt,completion,label\na,b,{word}\nc,d,false\n")
    write_jsonl(
        lines_,
        [{"prompt": "a", "completion": "b", "label": True},
         {"prompt": "c", "completion": "d", "label": False}],
    )  # fmt: skip
    assert look(columns).hashes == look(lines_).hashes
    assert look(columns).faults.total == 0
    columns.write_text("text,label\na,true\n")
    write_jsonl(lines_, [{"text": "a", "label": "true"}])
    assert look(columns).hashes == look(lines_).hashes


FAULTY = {
    "nan.json": (b'[{"text": "a"}, {"text": "b", "x": NaN}, {"text": "c"}]', "nan", 2),
    "half.json": (b'[{"text":"\\ud800"}]', "lone-surrogate", 1),
    "break.json": (b'[{"text":"a"},{"text":"b\nc"}]', "not-json", 2),
    "bytes.json": (b'[{"text":"a"},{"text":"\xff"}]', "not-utf8", 2),
    "bom.json": (b'\xef\xbb\xbf\n[{"text":"a"}]', "bom", 1),
    "twice.json": (b'[{"text":"a","text":"b"}]', "duplicate-key", 1),
    "twice.csv": (b"text,text\na,b\n", "duplicate-key", 2),
    "bytes.csv": (b"text,label\na,b\n\xffa,b\n", "not-utf8", 3),
}


@pytest.mark.parametrize("name", FAULTY)
def test_one_faulty_row_is_one_fault_and_the_rest_is_read(tmp_path: Path, name: str) -> None:
    data, rule, line = FAULTY[name]
    (tmp_path / name).write_bytes(data)
    found = look(tmp_path / name)
    assert [(one.rule, one.line) for one in found.faults.first] == [(rule, line)]
    assert found.unreadable == {}


def test_what_is_no_number_in_a_column_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    pq.write_table(pa.table({"text": ["a", "b"], "x": [1.0, float("nan")]}), file)
    assert [(one.rule, one.line) for one in look(file).faults.first] == [("nan", 2)]


ROWS = [{"text": f"row {number}"} for number in range(100)]
DAMAGED: dict[str, bytes] = {
    "cut.jsonl.gz": gzip.compress(json.dumps(ROWS).encode())[:-9],
    "text.jsonl.gz": b'{"text": "a"}\n',
    "text.jsonl.zst": b'{"text": "a"}\n',
    "rot.jsonl.gz": gzip.compress(b'{"text": "a"}\n')[:-8] + b"\0" * 8,
    "cut.parquet": b"PAR1" + b"\0" * 50,
    "empty.parquet": b"",
    "cut.json": b'[{"text": "a"}, {"te',
    "more.json": b'[{"text": NaN}] 1',
    "deep.json": b"[" * 100_000,
    "nul.csv": b"text,label\na\0,b\n",
    "quote.csv": b'text,label\n"a,b\nc,d\n',
    "wide.csv": b"text,label\n" + b"a" * (17 << 20) + b",b\n",
    "utf16.csv": "text,label\na,b\n".encode("utf-16"),
}


def test_json_files_hold_an_array_lines_or_one_example_and_settings_lie_beside_them(
    tmp_path: Path,
) -> None:
    write_jsonl(tmp_path / "lines.json", ROWS)
    (tmp_path / "one.json").write_text('{"text": "a"}')
    (tmp_path / "more.json").write_text('{\n  "text": "a",\n  "id": 7\n}\n')
    (tmp_path / "settings.json").write_text('{"seed": 7}')
    found = look(tmp_path)
    assert (found.rows, found.faults.total) == (len(ROWS) + 2, 0)
    assert survey(tmp_path).left_out == ("settings.json",)
    for name in ("one.json", "more.json"):
        alone = look(tmp_path / name)
        assert (alone.rows, alone.faults.total) == (1, 0)
    assert list(look(tmp_path / "settings.json").unreadable) == [""]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_json_with_an_object_a_line_is_read_however_it_is_packed(
    tmp_path: Path, suffix: str
) -> None:
    file = tmp_path / "a.json"
    write_jsonl(file, ROWS)
    compressed(file)
    (tmp_path / "b").mkdir()
    file.with_name(f"a.json{suffix}").rename(tmp_path / "b" / f"a.json{suffix}")
    found = look(tmp_path / "b")
    assert (found.rows, found.faults.total) == (len(ROWS), 0)
    assert look(tmp_path / "b" / f"a.json{suffix}").hashes == found.hashes


@pytest.mark.parametrize("first", ['{"text": ', '{"text": "' + "a" * (1 << 20) + '"}'])
def test_a_first_line_that_is_broken_or_long_is_a_line_all_the_same(
    tmp_path: Path, first: str
) -> None:
    (tmp_path / "a.json").write_text(f'{first}\n{{"text": "b"}}\n{{"text": "c"}}\n')
    found = look(tmp_path)
    assert found.rows == 3
    assert [one.line for one in found.faults.first] == [1] * (not first.endswith("}"))


def test_what_is_not_read_is_told_and_what_is_no_data_is_not(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", ROWS)
    (tmp_path / "deep").mkdir()
    for name in ("notes.txt", "deep/part-0000", "b.json", "c.arrow"):
        (tmp_path / name).write_text('{"x": "y"}')
    for name in ("train.jsonl.bz2", "d.parquet.gz", "e.CSV.xz"):
        (tmp_path / name).write_bytes(b"packed")
    for name in ("README.md", "LICENSE", "readme.txt", ".gitignore", "a.jsonl.dvc", "state.json",
                 "a.jsonl.examples.arrow", "dataset_info.json", "SHA256SUMS"):  # fmt: skip
        (tmp_path / name).write_text("{}")
    (tmp_path / "_SUCCESS").touch()
    found = survey(tmp_path)
    assert [one.name for one in found.files] == ["a.jsonl"]
    assert found.left_out == ("b.json", "c.arrow", "deep/part-0000", "notes.txt")
    assert found.packed == ("d.parquet.gz", "e.CSV.xz", "train.jsonl.bz2")


@pytest.mark.parametrize("name", DAMAGED)
def test_a_file_that_is_not_what_its_name_says_is_unreadable(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(DAMAGED[name])
    write_jsonl(tmp_path / "z.jsonl", ROWS)
    found = look(tmp_path)
    assert list(found.unreadable) == [name]
    assert len(found.unreadable[name]) < 300
    assert found.rows >= len(ROWS)


def as_jsonl(rows: Rows) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def as_zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def in_two(pack: Callable[[bytes], bytes], first: bytes, second: bytes) -> bytes:
    """Returns both, packed one behind the other, the second broken off."""
    return pack(first) + pack(second)[:-6]


COLUMNS = b"text,label\n" + b"".join(b"row %d,x\n" % number for number in range(100))
BROKEN: dict[str, tuple[bytes, int, int]] = {
    "quote.csv": (COLUMNS.replace(b"row 60,", b'"row" 60,'), 60, 62),
    "nul.tsv": (COLUMNS.replace(b",", b"\t").replace(b"row 60", b"row\0"), 60, 62),
    "rest.json": (json.dumps(ROWS).encode()[:-8], 99, 100),
    "cut.jsonl.gz": (in_two(gzip.compress, as_jsonl(ROWS[:60]), as_jsonl(ROWS[60:])), 100, 101),
    "cut.jsonl.zst": (in_two(as_zstd, as_jsonl(ROWS[:60]), as_jsonl(ROWS[60:])), 60, 61),
    "cut.csv.gz": (gzip.compress(COLUMNS)[:-8], 100, 102),
    "cut.json.gz": (gzip.compress(json.dumps(ROWS).encode())[:-8], 100, 101),
    "open.jsonl.gz": (gzip.compress(as_jsonl(ROWS)[:-1])[:-8], 100, 100),
    "rot.jsonl.gz": (gzip.compress(as_jsonl(ROWS[:60])) + b"\x1f\x8b\x08\0rotten", 60, 61),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_stands_before_the_damage_is_examined_and_the_damage_told_with_its_line(
    tmp_path: Path, name: str
) -> None:
    data, rows, line = BROKEN[name]
    (tmp_path / name).write_bytes(data)
    found = look(tmp_path / name)
    assert len(found.hashes) == rows * ROW_BYTES
    assert [(one.rule, one.line) for one in found.faults.first] == [("unreadable", line)]


@pytest.mark.parametrize("pack", [gzip.compress, as_zstd])
def test_a_large_file_is_unpacked_to_the_byte_at_which_it_breaks_off(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    rows = [{"text": hashlib.sha256(b"%d" % number).hexdigest()} for number in range(30_000)]
    whole = as_jsonl(rows)
    file = tmp_path / ("a.jsonl.gz" if pack is gzip.compress else "a.jsonl.zst")
    # What comes behind the rows is there in part only, and must not take any of them away.
    file.write_bytes(in_two(pack, whole, b"x" * 1_000_000))
    found = look(file)
    write_jsonl(tmp_path / "b.jsonl", rows)
    assert found.hashes == look(tmp_path / "b.jsonl").hashes
    assert list(found.unreadable) == [""]


@pytest.mark.parametrize(
    "name", ["e.jsonl", "e.json", "e.csv", "e.tsv", "e.jsonl.gz", "e.json.zst"]
)
def test_an_empty_file_is_read_and_holds_nothing(tmp_path: Path, name: str) -> None:
    file = tmp_path / name.removesuffix(".gz").removesuffix(".zst")
    file.write_bytes(b"")
    if file.name != name:
        compressed(file)
    found = look(tmp_path / name, Settings(Format("unknown")))
    assert (found.rows, found.hashes, found.unreadable) == (0, b"", {})


def test_an_array_that_memory_cannot_hold_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_json(tmp_path / "a.json", ROWS)
    compressed(tmp_path / "a.json")
    monkeypatch.setattr(example_rows, "ARRAY_BYTES", 1000)
    found = look(tmp_path, Settings(Format("unknown"))).unreadable
    assert found.keys() == {"a.json", "a.json.gz", "a.json.zst"}
    assert all(".jsonl" in reason for reason in found.values())


@pytest.mark.parametrize("name", ["long.jsonl", "long.jsonl.gz"])
def test_memory_stays_bounded_however_long_a_line_is(tmp_path: Path, name: str) -> None:
    size, limit = 64 << 20, 1 << 20
    opener: Any = gzip.open if name.endswith(".gz") else Path.open
    with opener(tmp_path / name, "wb") as file:
        file.write(b'{"text":"a"}\n')
        for _ in range(size >> 20):
            file.write(b"x" * (1 << 20))
        file.write(b'\n{"text":"b"}\n')
    settings = settings_of(tmp_path / name)
    tracemalloc.start()
    found = look(tmp_path / name, Settings(settings.format, line_limit=limit))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (found.rows, found.lines, dict(found.faults.counts)) == (3, 3, {"too-long": 1})
    assert found.faults.first[0].message == "expected at most 1,048,576 bytes, found more"
    assert peak < 16 * limit


def test_what_is_read_is_cut_into_chunks_that_say_where_they_stand(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    write_csv(file, [{"text": "x" * 1000}] * 1000)
    chunks = list(read_chunks(Task(find_sources(file)[0])))
    assert [chunk.starts_file for chunk in chunks] == [True] + [False] * (len(chunks) - 1)
    assert [chunk.ends_file for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert all(len(chunk.data) < 2 * example_files.CHUNK_BYTES for chunk in chunks)
    numbers = [number for chunk in chunks for number in chunk.numbers or ()]
    assert numbers == list(range(2, 1002))
