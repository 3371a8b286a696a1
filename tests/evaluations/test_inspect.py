"""Inspect: archives with zstd and JSON logs are read alike; a run that failed is none."""

import io
import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.evaluations.outputs import FIXTURES, REAL

from ft_registry.errors import Refused
from ft_registry.readers.evaluations.reading import read_evaluation
from ft_registry.readers.evaluations.zstd_zip import ZstdZip

ARCHIVE = FIXTURES / "inspect_epochs.eval"
LOG = FIXTURES / "inspect_epochs.json"


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(Refused) as caught:
        read_evaluation([path], **options)
    return caught.value.message


def edited(folder: Path, change: dict[str, Any]) -> Path:
    """A copy of the log in which fields are replaced, by path with dots."""
    log = json.loads(LOG.read_text())
    for path, value in change.items():
        *parents, last = path.split(".")
        inner = log
        for name in parents:
            inner = inner[int(name) if isinstance(inner, list) else name]
        inner[last] = value
    file = folder / "log.json"
    file.write_text(json.dumps(log))
    return file


def entry(name: str, data: bytes, *, size: int | None = None) -> bytes:
    """A zip archive with one entry that is compressed with zstd."""
    packed = pa.compress(data, codec="zstd", asbytes=True)
    stated = len(data) if size is None else size
    head = (20, 0, 93, 0, 33, zlib.crc32(data), len(packed), stated)
    out = io.BytesIO()
    raw = name.encode()
    out.write(struct.pack("<4s5H3I2H", b"PK\x03\x04", *head, len(raw), 0) + raw + packed)
    place = out.tell()
    central = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, *head, len(raw), 0, 0, 0, 0, 0, 0) + raw
    out.write(central + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(central), place, 0))
    return out.getvalue()


@pytest.mark.parametrize("path", [ARCHIVE, LOG], ids=["archive", "JSON"])
def test_a_log_that_inspect_wrote_is_read(path: Path) -> None:
    found = read_evaluation([path])
    assert (found.suite, found.harness, found.harness_version) == ("capitals", "inspect", "0.3.285")
    assert {score.metric: (score.n, score.stderr) for score in found.scores} == {
        "includes/accuracy": (6, pytest.approx(0.0833333)),
        "a/mean": (6, None),
        "b/mean": (6, 0.0),
    }
    assert found.items is not None
    # Two epochs of which one is right are half a point.
    assert found.items.scores["includes/accuracy"].tolist() == [0.5, 0, 0, 0, 0, 0]
    assert found.items.scores["b/mean"].tolist() == [0.25] * 6
    assert found.items.slices["kind"][:2] == ("even", "odd")
    assert found.items.texts["target"][1] == "2"
    assert found.items.numbers["tokens"].tolist() == [1, 1, 1, 1, 1.5, 1.5]
    assert found.claim.name == "model"
    assert found.data == {"capitals": "sums"}
    assert found.settings["epochs"] == 2


def test_two_runs_of_a_task_name_the_same_items_alike() -> None:
    first, second = read_evaluation([ARCHIVE]), read_evaluation([LOG])
    assert first.items is not None
    assert second.items is not None
    assert first.items.ids == second.items.ids
    assert first.prompt_digest == second.prompt_digest != ""


def test_real_logs_are_read() -> None:
    folder = REAL / "inspect"
    if not folder.exists():
        pytest.skip(f"the real logs are not at {folder}")
    found = read_evaluation([folder / "input-task.eval"])
    assert found.scores[0].metric == "model_graded_fact/accuracy"
    assert "limit 3, the run was cancelled" in refusal(folder / "popularity.json")
    partial = read_evaluation([folder / "popularity.json"], allow_partial=True)
    assert partial.items is not None
    assert partial.items.scores["match/accuracy"].tolist() == [1, 1, 0]


def test_a_run_that_failed_is_refused_with_the_reason() -> None:
    message = refusal(FIXTURES / "inspect_error.eval", allow_partial=True)
    assert "status 'error'" in message
    assert "ConnectionError" in message


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"invalidated": True}, "declared invalid"),
        ({"status": "started", "results": None}, "status 'started'"),
        ({"status": "cancelled", "results": None}, "status 'cancelled'"),
        ({"status": "cancelled"}, "partial one: the run was cancelled"),
        ({"eval.config.limit": 6}, "partial one: limit 6"),
        ({"eval.config.limit": [0, 3]}, "partial one: limit [0, 3]"),
        ({"eval.config.sample_id": [1]}, "chosen samples only"),
        ({"eval.dataset.samples": 9}, "6 of 9 items"),
        ({"results.completed_samples": 11}, "11 of 12 samples completed"),
        ({"results.scores.0.metrics.accuracy.value": 0.5}, "includes/accuracy=0.5"),
        ({"results.scores.0.metrics.accuracy.value": "high"}, "expected a number"),
        ({"results.scores.0.metrics.accuracy.value": float("nan")}, "found nan"),
        ({"samples.0.scores.includes.value": 10**400}, "found inf"),
        ({"samples.1.id": 1, "samples.1.epoch": 1}, "sample"),
        ({"samples.0.id": None}, "$.samples[0].id"),
        ({"samples": {}}, "shape"),
    ],
)
def test_a_log_with_a_flaw_is_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    assert said in refusal(edited(tmp_path, change))


def test_a_score_of_labels_is_left_out_with_a_note(tmp_path: Path) -> None:
    found = read_evaluation([edited(tmp_path, {"samples.0.scores.includes.value": "blue"})])
    assert found.items is not None
    assert "includes/accuracy" not in found.items.scores
    assert any("includes gives labels" in note for note in found.notes)


@pytest.mark.parametrize(
    ("value", "number"),
    [("C", 1.0), ("P", 0.5), ("I", 0.0), ("N", 0.0), (True, 1.0), ("yes", 1.0), ("0.25", 0.25)],
)
def test_a_value_counts_as_inspect_counts_it(tmp_path: Path, value: Any, number: float) -> None:
    log = {f"samples.{index}.scores.includes.value": value for index in range(12)}
    found = read_evaluation(
        [edited(tmp_path, {**log, "results.scores.0.metrics.accuracy.value": number})]
    )
    assert found.items is not None
    assert found.items.scores["includes/accuracy"].tolist() == [number] * 6


def test_messages_are_named_by_what_they_say(tmp_path: Path) -> None:
    def said(identity: str) -> Any:
        return [{"id": identity, "role": "user", "content": "attachment://abc"}]

    ids = []
    for number in ("m1", "m2"):
        change = {
            f"samples.{index}.{name}": value
            for index in (0, 6)
            for name, value in (("input", said(number)), ("attachments", {"abc": "What is it?"}))
        }
        found = read_evaluation([edited(tmp_path, change)])
        assert found.items is not None
        ids.append(found.items.ids[0])
        assert found.items.texts["prompt"][0] == "What is it?"
    assert ids[0] == ids[1]


def test_a_log_without_a_header_did_not_end(tmp_path: Path) -> None:
    file = tmp_path / "log.eval"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("_journal/start.json", "{}")
    assert "without header.json" in refusal(file)


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    data = ARCHIVE.read_bytes()
    file = tmp_path / "log.eval"
    file.write_bytes(data[:-200])
    assert "zip archive" in refusal(file)
    middle = len(data) // 3
    file.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    assert refusal(file)


@pytest.mark.parametrize(
    "name", ["../header.json", "/header.json", "samples/../../x.json", "C:/x", "a\\..\\b"]
)
def test_names_that_leave_the_archive_are_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "log.eval"
    file.write_bytes(entry(name, b"{}"))
    assert "leaves the archive" in refusal(file)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "log.eval"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("header.json", "{}")
        archive.writestr("header.json", "{}")
    assert "an entry twice" in refusal(file)


def test_an_entry_that_unpacks_to_more_than_it_says_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "log.eval"
    file.write_bytes(entry("header.json", b" " * (64 << 20), size=100))
    with ZstdZip(file) as archive, pytest.raises(Refused, match="found others"):
        archive.read("header.json")
    file.write_bytes(entry("header.json", b" ", size=1 << 31))
    with ZstdZip(file) as archive, pytest.raises(Refused, match="at most"):
        archive.read("header.json")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_entries_of_older_methods_are_read(tmp_path: Path, method: int) -> None:
    file = tmp_path / "log.eval"
    with ZstdZip(ARCHIVE) as archive, zipfile.ZipFile(file, "w", method) as copy:
        for name in archive.names:
            copy.writestr(name, archive.read(name))
    assert read_evaluation([file]).scores == read_evaluation([ARCHIVE]).scores
