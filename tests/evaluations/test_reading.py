"""What holds for every evaluator: one at a time, whole, believable, and never a traceback."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.evaluations.outputs import (
    DATE,
    FIXTURES,
    deepeval,
    lm_eval_samples,
    openai_evals,
    promptfoo,
    write_lines,
    write_lm_eval,
)

from ft_registry.errors import InvalidInput, NotFound, Refused
from ft_registry.readers.evaluations.reading import READERS, read_evaluation

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
SUMS = {"sums": lm_eval_samples({"acc": [1.0, 0.0]})}


def refusal(*paths: Path, **options: Any) -> str:
    with pytest.raises(Refused) as caught:
        read_evaluation(list(paths), **options)
    assert caught.value.hints or "expected" in caught.value.message
    return caught.value.message


def test_the_suite_may_be_named(tmp_path: Path) -> None:
    folder = write_lm_eval(tmp_path, SUMS)
    assert read_evaluation([folder], suite="nightly").suite == "nightly"
    with pytest.raises(InvalidInput):
        read_evaluation([folder], suite="../up")


def test_nothing_given_is_invalid_and_nothing_there_not_found(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        read_evaluation([])
    with pytest.raises(NotFound, match="an empty folder"):
        read_evaluation([tmp_path])
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "settings.json").write_text('{"lr": 0.1}')
    with pytest.raises(NotFound, match="found none"):
        read_evaluation([tmp_path])


def test_two_evaluators_are_refused(tmp_path: Path) -> None:
    folder = write_lm_eval(tmp_path, SUMS)
    (tmp_path / "other.json").write_text(json.dumps(promptfoo([(True, 1)])))
    message = refusal(folder)
    assert "of lm-eval" in message
    assert "of promptfoo" in message


def test_what_lies_beside_an_output_does_not_matter(tmp_path: Path) -> None:
    folder = write_lm_eval(tmp_path, SUMS)
    (folder / "config.json").write_text('{"scores": {"a": 1}}')
    (folder / "README.md").write_text("# Notes\n")
    (folder / "broken.yaml").write_text("\0")
    assert read_evaluation([folder]).harness == "lm-eval"


def test_a_damaged_file_in_a_folder_is_not_passed_over(tmp_path: Path) -> None:
    folder = write_lm_eval(tmp_path, SUMS)
    results = folder / f"results_{DATE}.json"
    results.write_text(results.read_text()[:-50])
    assert "results_" in refusal(folder)


def test_the_name_of_a_file_decides_nothing(tmp_path: Path) -> None:
    folder = write_lm_eval(tmp_path, SUMS)
    (folder / f"results_{DATE}.json").rename(folder / "a.json")
    (folder / f"samples_sums_{DATE}.jsonl").rename(folder / "b.json")
    found = read_evaluation([folder])
    assert found.suite == "sums"
    assert found.items is not None


def test_a_file_that_is_given_twice_is_read_once(tmp_path: Path) -> None:
    folder = write_lm_eval(tmp_path, SUMS)
    file = folder / f"results_{DATE}.json"
    assert read_evaluation([folder, file, file]).scores[0].n == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty file"),
        (b"  \n", "empty file"),
        (b"hello", "neither JSON"),
        (b"\x80\x81,\n", "UTF-8"),
        (b"\0\0\0\0", "NUL"),
        (b"{", "JSON"),
        (b'{"results": {', "JSON"),
        (b"[" * 200_000, "JSON"),
        (b'{"a": ' * 200_000, "JSON"),
        (b"PK\x03\x04", "zip archive"),
        (b"PAR1PAR1", "Parquet"),
        (b'{"lr": 1}', "another shape"),
        (b"[]", "another shape"),
        (b"[1, 2]", "another shape"),
        (b"null", "neither JSON"),
    ],
)
def test_what_is_no_output_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "out.json"
    file.write_bytes(content)
    assert said in refusal(file)


def test_a_time_in_the_future_is_not_believed(tmp_path: Path) -> None:
    ahead = (NOW + timedelta(days=2)).timestamp()
    folder = write_lm_eval(tmp_path, SUMS, edit=lambda results: results.update(date=ahead))
    found = read_evaluation([folder], now=NOW)
    assert found.time == ""
    assert "in the future" in found.notes[-1]
    assert read_evaluation([folder], now=NOW + timedelta(days=1, minutes=1)).time


@pytest.mark.parametrize("date", [1e300, -1e300, 1e18])
def test_an_impossible_time_is_none(tmp_path: Path, date: float) -> None:
    folder = write_lm_eval(tmp_path, SUMS, edit=lambda results: results.update(date=date))
    assert read_evaluation([folder]).time == ""


def test_no_items_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    for document in (deepeval([]), promptfoo([]), [], {"items": []}):
        file.write_text(json.dumps(document))
        refusal(file)


def test_a_name_that_cannot_be_shown_is_refused(tmp_path: Path) -> None:
    for metric in ("a\nb", "a\ud800", "x" * 300, " "):
        samples = lm_eval_samples({metric: [1.0, 0.0]})
        file = write_lines(tmp_path / "samples.jsonl", samples)
        refusal(file)


def test_each_evaluator_has_a_name_of_its_own() -> None:
    assert len({reader.HARNESS for reader in READERS}) == len(READERS)


def test_no_two_evaluators_claim_one_file(tmp_path: Path) -> None:
    from ft_registry.readers.evaluations.files import gather

    write_lm_eval(tmp_path, SUMS)
    write_lines(tmp_path / "log.jsonl", openai_evals([True]))
    (tmp_path / "promptfoo.json").write_text(json.dumps(promptfoo([(True, 1)])))
    (tmp_path / "deepeval.json").write_text(json.dumps(deepeval([1.0])))
    _, files = gather([tmp_path, FIXTURES])
    assert len(files) >= 6
    for file in files:
        assert len([one.HARNESS for one in READERS if one.claims(file)]) == 1, file.path


def test_a_link_to_nothing_and_a_pipe_are_refused(tmp_path: Path) -> None:
    import os

    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "nothing")
    with pytest.raises(NotFound):
        read_evaluation([link])
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    assert "a pipe or device" in refusal(pipe)
