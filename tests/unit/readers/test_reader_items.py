"""An evaluation is a JSONL file of scored items; every refusal names its line."""

import contextlib
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import law

from ft_registry.errors import FtRegistryError, InvalidInput, NotFound, Refused
from ft_registry.model.canonical import digest_bytes
from ft_registry.readers.items import ScoredItems, read_items

GOOD = '{"id": "q1", "f1": 1}\n'


def read(folder: Path, content: str | bytes, name: str = "dates.jsonl") -> ScoredItems:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_items(file)


def table(items: ScoredItems) -> dict[str, tuple[float, int]]:
    return {score.metric: (score.value, score.n) for score in items.scores}


def test_each_metric_is_the_mean_over_all_items(tmp_path: Path) -> None:
    items = read(
        tmp_path,
        '{"id": "q1", "f1": 1, "bleu": 0.25, "prompt": "When?"}\n'
        '{"id": "q2", "f1": 0, "bleu": 0.75, "prompt": "Why?"}\n',
    )
    assert table(items) == {"bleu": (0.5, 2), "f1": (0.5, 2)}


def test_the_file_names_the_suite_and_is_kept_byte_for_byte(tmp_path: Path) -> None:
    items = read(tmp_path, GOOD)
    assert items.suite == "dates"
    assert items.content == GOOD.encode()
    assert items.digest == digest_bytes(GOOD.encode())
    assert items.rows == 1


@pytest.mark.parametrize(
    "content",
    [
        GOOD.rstrip("\n"),
        GOOD.replace("\n", "\r\n"),
        "\n\n" + GOOD + "\n   \n\t\n",
        "\ufeff" + GOOD,
        '{"id": "q1", "f1": 1, "text": "one\u2028line\u2029\x85"}\n',
        '{"id": "q1", "f1": 1, "text": "one\\nline"}\n',
        '{"id": "q1", "f1": 1.0, "nested": {"f2": true}, "list": [1], "nothing": null}\n',
    ],
    ids=["no last feed", "CRLF", "blank lines", "BOM", "U+2028", "escaped feed", "other fields"],
)
def test_this_is_one_item(tmp_path: Path, content: str) -> None:
    assert table(read(tmp_path, content)) == {"f1": (1.0, 1)}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "to be strict JSON"),
        ("{} {}", "to be strict JSON"),
        ('{"id": "q2", "f1": 1, "f1": 0}', "duplicate keys 'f1'"),
        ('{"id": "q2", "f1": NaN}', "NaN is not a JSON number"),
        ('{"id": "q2", "f1": Infinity}', "Infinity is not a JSON number"),
        ('{"id": "q2", "f1": 1e999}', "1e999 is beyond"),
        ('{"id": "q2", "f1": ' + "9" * 400 + "}", "expected a finite number, found f1"),
        ('{"id": "q2", "f1": ' + "9" * 5000 + "}", "to be strict JSON"),
        ('{"id": "q\\ud800", "f1": 1}', "to be strict JSON"),
        ("7", "expected an object with an id"),
        ("[]", "expected an object with an id"),
        ("null", "expected an object with an id"),
        ('{"f1": 1}', "expected an object with an id"),
        ('{"id": "", "f1": 1}', "expected an object with an id"),
        ('{"id": 7, "f1": 1}', "expected an object with an id"),
        ('{"id": null, "f1": 1}', "expected an object with an id"),
        ('{"id": "q1", "f1": 1}', "each id once, found 'q1' again"),
        ('{"id": "q2", "f1": true}', "expected numbers as scores, found f1=true"),
        ('{"id": "q2", "f1": 1, "ok": false}', "expected numbers as scores, found ok=false"),
        ('{"id": "q2"}', "at least one score"),
        ('{"id": "q2", "f1": "1"}', "at least one score"),
        ('{"id": "q2", "f1": null}', "at least one score"),
        ('{"id": "q2", "bleu": 1}', "found a difference .*: bleu, f1"),
        ('{"id": "q2", "f1": 1, "bleu": 1}', "found a difference .*: bleu"),
    ],
    ids=lambda text: text[:36],
)
def test_a_line_that_is_no_item_is_refused_with_its_number(
    tmp_path: Path, line: str, message: str
) -> None:
    with pytest.raises(Refused, match=message) as caught:
        read(tmp_path, f"{GOOD}\n{line}\n")
    assert "dates.jsonl, line 3" in caught.value.message


def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"dates\.jsonl, line 2"):
        read(tmp_path, GOOD.encode() + b'{"id": "\xff", "f1": 1}')


@pytest.mark.parametrize("content", ["", "\n", "  \r\n\n"], ids=ascii)
def test_a_file_without_items_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(Refused, match="found none"):
        read(tmp_path, content)


def test_scores_whose_sum_is_beyond_all_numbers_are_refused(tmp_path: Path) -> None:
    lines = [f'{{"id": "q{number}", "loss": 1.7e308}}' for number in range(2)]
    with pytest.raises(Refused, match="expected scores with a finite sum, found loss"):
        read(tmp_path, "\n".join(lines))


@pytest.mark.parametrize("name", ["dates.json", "dates.csv", "dates", "dates.JSONL"])
def test_only_jsonl_is_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match=r"\.jsonl"):
        read(tmp_path, GOOD, name)


@pytest.mark.parametrize("name", ["a b.jsonl", "-x.jsonl", "ä.jsonl", "a..b.jsonl"])
def test_a_suite_is_named_as_a_dataset_is(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="expected a dataset name"):
        read(tmp_path, GOOD, name)


def test_a_file_that_cannot_be_read_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    for name in ("missing.jsonl", "folder.jsonl"):
        with pytest.raises(NotFound, match="expected an evaluation, found none"):
            read_items(tmp_path / name)


@given(
    values=st.lists(
        st.integers(-(10**20), 10**20) | st.floats(-1e300, 1e300), min_size=1, max_size=5
    )
)
@law
def test_a_score_is_the_exact_mean(
    tmp_path_factory: pytest.TempPathFactory, values: list[float]
) -> None:
    lines = [json.dumps({"id": f"q{n}", "m": value}) for n, value in enumerate(values)]
    items = read(tmp_path_factory.getbasetemp(), "\n".join(lines))
    assert table(items)["m"] == (math.fsum(values) / len(values), len(values))


lines = st.text('{}":, idqm019.eE-+trufalsn\n\r\\', max_size=40) | st.binary(max_size=20)


@given(content=lines)
@law
def test_whatever_the_file_holds_is_read_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, content: Any
) -> None:
    with contextlib.suppress(FtRegistryError):
        read(tmp_path_factory.getbasetemp(), content)


def test_every_score_is_kept_by_metric_and_item(tmp_path: Path) -> None:
    file = tmp_path / "dates.jsonl"
    file.write_text('{"id": "b", "em": 1, "f1": 0.5, "text": "x"}\n{"id": "a", "em": 0, "f1": 1}\n')
    assert read_items(file).values == {"em": {"b": 1.0, "a": 0.0}, "f1": {"b": 0.5, "a": 1.0}}
