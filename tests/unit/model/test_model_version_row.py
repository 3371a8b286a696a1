"""A row says of a version what its record says; every hash of a record leads back to it."""

from typing import Any

import pytest
from hypothesis import given
from tests.unit.strategies import law, records
from tests.unit.values import CHAIN, FOLDER, HUB, NOON, WHY, make_dataset, make_record, sha

from ft_registry.model.record import VersionRecord
from ft_registry.model.version_row import VersionRow, base_label, hashes_of, known, row_of


def row(**changes: Any) -> dict[str, Any]:
    return row_of(make_record(**changes).as_json(), digest=sha("3"))


def test_a_row_tells_the_record_in_short() -> None:
    assert row() == {
        "digest": sha("3"),
        "kind": "adapter",
        "method": "sft",
        "base": "acme/tiny@c0ffee1",
        "data": [
            {
                "role": "train",
                "name": "train",
                "path": "data/train.jsonl",
                "dvc": "1" * 32,
                "sha256": sha("1"),
                "rows": 3,
            }
        ],
        "artifact": sha("a"),
        "size": 7,
        "commit": "d" * 40,
        "registered_at": NOON,
        "registered_by": "Ada",
        "note": "",
    }


def test_what_is_unknown_is_told_as_unknown() -> None:
    found = row(method=WHY, base=WHY, data=(make_dataset(rows=WHY),))
    assert (found["method"], found["base"], found["data"][0]["rows"]) == (
        "unknown", "unknown", None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("base", "label"),
    [
        (HUB, "acme/tiny@c0ffee1"),
        (HUB.model_copy(update={"revision": WHY}), "acme/tiny"),
        (FOLDER, "base"),
        (CHAIN, "support/1"),
        (WHY, "unknown"),
    ],
)
def test_a_base_is_called_as_one_names_it(base: Any, label: str) -> None:
    assert base_label(base.model_dump(mode="json")) == label


@pytest.mark.parametrize(
    ("value", "text"), [("x", "x"), ({"unknown": "x"}, "unknown"), (1, "unknown")]
)
def test_only_text_is_known_text(value: object, text: str) -> None:
    assert known(value) == text


def test_each_hash_is_found_by_what_it_names() -> None:
    record = make_record(base=CHAIN, parents=(sha("c"),))
    assert set(hashes_of(record.as_json(), sha("3"))) == {
        (sha("3"), "record"),
        (sha("2"), "identity"),
        (sha("a"), "artifact"),
        (sha("f"), "config"),
        ("d" * 40, "commit"),
        ("5" * 32, "run"),
        (sha("1"), "data"),
        ("1" * 32, "data"),
        (sha("c"), "parent"),
        (sha("c"), "base"),
    }


def test_a_base_in_a_folder_is_found_by_its_bytes() -> None:
    found = hashes_of(make_record(base=FOLDER).as_json(), sha("3"))
    assert (sha("b"), "base") in found


@given(records)
@law
def test_every_record_has_a_row_and_hashes(record: VersionRecord) -> None:
    value = record.as_json()
    found = VersionRow(model=record.model, version=record.version, **row_of(value, digest=sha("3")))
    assert found.digest == sha("3")
    assert all(isinstance(named, str) for named, _ in hashes_of(value, sha("3")))
