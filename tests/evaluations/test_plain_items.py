"""Plain items: JSONL, JSON and CSV say the same, and every refusal names its line."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from ft_registry.errors import FtRegistryError, NotFound, Refused
from ft_registry.evaluations.measurement import Measurement
from ft_registry.readers.evaluations import files
from ft_registry.readers.evaluations.names import suite_of
from ft_registry.readers.evaluations.reading import read_evaluation

GOOD = '{"id": "q1", "f1": 1}\n'


def read(folder: Path, content: str | bytes, name: str = "dates.jsonl") -> Measurement:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_evaluation([file])


def table(found: Measurement) -> dict[str, tuple[float, int]]:
    return {score.metric: (score.value, score.n) for score in found.scores}


ROWS = [
    {"id": "q1", "f1": 1, "bleu": 0.25, "prompt": "When?", "tokens": 12, "slices": {"lang": "de"}},
    {"id": "q2", "f1": 0, "bleu": 0.75, "prompt": "Why?", "tokens": 7, "slices": {"lang": "en"}},
]
SHAPES = {
    "dates.jsonl": "".join(json.dumps(row) + "\n" for row in ROWS),
    "dates.json": json.dumps(ROWS, indent=1),
    "dates.doc.json": json.dumps({"suite": "dates", "items": ROWS}),
    "dates.csv": "id,f1,bleu,prompt,tokens,slices.lang\n"
    "q1,1,0.25,When?,12,de\nq2,0,0.75,Why?,7,en\n",
}


@pytest.mark.parametrize("name", SHAPES)
def test_each_shape_says_the_same(tmp_path: Path, name: str) -> None:
    found = read(tmp_path, SHAPES[name], name)
    assert (found.suite, found.harness) == ("dates", "items")
    assert table(found) == {"bleu": (0.5, 2), "f1": (0.5, 2)}
    assert found.items is not None
    assert found.items.ids == ("q1", "q2")
    assert found.items.texts["prompt"] == ("When?", "Why?")
    assert found.items.numbers["tokens"].tolist() == [12, 7]
    assert found.items.slices["lang"] == ("de", "en")
    assert found.prompt_digest


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
def test_what_is_no_fault_is_read(tmp_path: Path, content: str) -> None:
    assert table(read(tmp_path, content)) == {"f1": (1.0, 1)}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (GOOD + GOOD, "each item once"),
        (GOOD + '{"id": "q2"}\n', "line 2"),
        (GOOD + '{"id": "q2", "f2": 1}\n', "difference in"),
        (GOOD + '{"id": "q2", "f1": true}\n', "expected a number as f1"),
        (GOOD + '{"id": "q2", "f1": "1"}\n', "line 2"),
        (GOOD + '{"id": "q2", "f1": NaN}\n', "NaN is not a JSON number"),
        (GOOD + '{"id": "q2", "f1": Infinity}\n', "Infinity"),
        (GOOD + '{"id": "q2", "f1": 1e999}\n', "beyond"),
        (GOOD + '{"id": "q2", "f1": 1' + "0" * 400 + "}\n", "beyond 1.8e308"),
        (GOOD + '{"id": "q2", "f1": -1e300}\n', "expected a number up to 1e"),
        (GOOD + '{"id": "q2", "f1": 1, "f1": 2}\n', "duplicate keys"),
        (GOOD + '{"id": "q2", "f1": 1', "line 2"),
        (GOOD + "[1]\n", "expected an object with an id"),
        (GOOD + '{"id": 2, "f1": 1}\n', "an object with an id"),
        (GOOD + '{"id": "", "f1": 1}\n', "an object with an id"),
        (GOOD + '{"id": "a\\u0000b", "f1": 1}\n', "can be shown"),
        (GOOD + '{"id": "q2", "f1": 1, "x": ' + "[" * 100_000 + "\n", "line 2"),
        (GOOD + '{"id": "q2", "f1": 1, "slices": 7}\n', "slices"),
        (GOOD + '{"id": "q2", "f1": 1, "tokens": "many"}\n', "tokens"),
        ('{"id": "q1", "f1": 1e308}\n{"id": "q2", "f1": 1e308}\n', "expected a number up to 1e"),
        (GOOD.encode() + b'{"id": "\xff", "f1": 1}\n', "strict JSON"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_refused(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(Refused, match=said.replace("(", "\\(")):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id,f1\nq1,1\nq1,1\n", "each item once"),
        ("id,f1\nq1,1\nq2,nan\n", "finite number as f1 in row 2"),
        ("id,f1\nq1,1\nq2,inf\n", "finite number"),
        ("id,f1\nq1,1\nq2,\n", "expected a number as f1 in row 2"),
        ("id,f1\nq1,1\nq2,good\n", "expected a number as f1 in row 2"),
        ("id,f1\nq1,1\nq2\n", "expected 2 cells"),
        ("id,f1,f1\nq1,1,1\n", "each column once"),
        ("id,note\nq1,good\n", "at least one score"),
        ("id,f1\n", "found none"),
        ('id,f1\n"q1,1\n', "CSV"),
        ("id,f1\nq1,1_0\n", "at least one score"),
        (b"id,f1\n\xff,1\n", "UTF-8"),
        ("id,f1\nq1,\0\n", "NUL"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(Refused, match=said):
        read(tmp_path, content, "dates.csv")


def test_totals_may_stand_alone_with_what_is_known_of_them(tmp_path: Path) -> None:
    stated = {
        "scores": {
            "f1": 0.5,
            "ece": {"value": 0.1, "n": 40, "stderr": 0.02, "higher_is_better": False},
        },
        "model": "out/adapter",
        "time": "2026-11-24T09:30:00Z",
    }  # fmt: skip
    found = read(tmp_path, json.dumps(stated), "dates.json")
    assert found.items is None
    assert table(found) == {"f1": (0.5, 0), "ece": (0.1, 40)}
    assert found.scores[1].higher_is_better is False
    assert found.claim.name == "out/adapter"
    assert found.time == "2026-11-24T09:30:00.000000Z"


def test_a_total_beside_its_items_is_their_mean(tmp_path: Path) -> None:
    stated: dict[str, Any] = {"scores": {"f1": 0.5, "corpus_bleu": 0.3}, "items": ROWS}
    found = read(tmp_path, json.dumps(stated), "dates.json")
    assert table(found) == {"f1": (0.5, 2), "corpus_bleu": (0.3, 0), "bleu": (0.5, 2)}
    stated["scores"]["f1"] = 0.6
    with pytest.raises(Refused, match=r"f1=0\.6"):
        read(tmp_path, json.dumps(stated), "dates.json")


OF_TASKS = [
    {"id": "a", "f1": 1, "task": "x"},
    {"id": "b", "f1": 0, "task": "x"},
    {"id": "c", "f1": 1, "task": "y"},
]


@pytest.mark.parametrize(
    ("scores", "total"),
    [
        ({"f1": 2 / 3}, ("", "f1", 2 / 3, 3)),
        ({"f1": {"value": 0.75, "n": 3}}, ("", "f1", 0.75, 3)),
        ({"x.f1": {"value": 0.5, "n": 2, "stderr": 0.1}}, ("x", "f1", 0.5, 2)),
        ({"bleu": {"value": 0.3, "n": 2}}, ("", "bleu", 0.3, 2)),
    ],
    ids=["of all items", "of all tasks", "of one task", "of its own"],
)
def test_a_total_over_tasks_is_held_against_their_items(
    tmp_path: Path, scores: Any, total: tuple[str, str, float, int]
) -> None:
    found = read(tmp_path, json.dumps({"scores": scores, "items": OF_TASKS}), "dates.json")
    told = [(one.task, one.metric, one.value, one.n) for one in found.scores]
    assert sorted({("x", "f1", 0.5, 2), ("y", "f1", 1.0, 1), total}) == sorted(told)


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ({"f1": 0.9}, r"f1=0\.9 as the mean"),
        ({"x.f1": 0.9}, r"x\.f1=0\.9 as the mean of its items, found 0\.5 over 2"),
        ({"f1": {"value": 2 / 3, "n": 4}}, "to be of its 3 items, found n=4"),
        ({"x.f1": {"value": 0.5, "n": 3}}, "to be of its 2 items, found n=3"),
        ({"bleu": {"value": 0.3, "n": 4}}, "to be of its 3 items, found n=4"),
    ],
)
def test_a_total_that_contradicts_its_items_is_refused(
    tmp_path: Path, scores: Any, said: str
) -> None:
    with pytest.raises(Refused, match=said):
        read(tmp_path, json.dumps({"scores": scores, "items": OF_TASKS}), "dates.json")


def test_a_text_among_the_numbers_of_a_column_is_named(tmp_path: Path) -> None:
    row = '{"id": "q%d", "f1": 1, "em": %s}\n'
    with pytest.raises(Refused, match=r"a number as em in .*line 2, .* found 'bad'"):
        read(tmp_path, row % (1, "1") + row % (2, '"bad"'))
    with pytest.raises(Refused, match=r"a number as tokens in row 1 of .* found 'many'"):
        read(tmp_path, "id,f1,tokens\nq1,1,many\nq2,0,3\n", "dates.csv")
    texts = read(tmp_path, row % (1, '"good"') + row % (2, '"bad"'))
    assert table(texts) == {"f1": (1.0, 2)}
    found = read(tmp_path, "id,f1,tokens,note\nq1,1,,a\nq2,0,3,b\n", "dates.csv")
    assert found.items is not None
    assert list(found.items.scores) == ["f1"]
    assert found.items.numbers["tokens"].tolist()[1] == 3


def test_a_line_that_is_too_long_is_told_with_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LINE_BYTES", 1 << 20)
    long = json.dumps({"id": "q1", "f1": 1, "prompt": "a" * (5 << 20)}) + "\n"
    with pytest.raises(Refused, match=r"lines of at most 1,048,576 bytes in .*dates\.jsonl"):
        read(tmp_path, long + GOOD)


@pytest.mark.parametrize(
    "scores",
    [
        {"f1": "high"},
        {"f1": None},
        {"f1": {"value": 1, "colour": 2}},
        {"f1": {"value": 1, "n": -1}},
        {"f1": {"value": 1, "higher_is_better": 1}},
        {"": 1},
        [1],
        {},
    ],
)
def test_totals_that_are_none_are_refused(tmp_path: Path, scores: Any) -> None:
    with pytest.raises(Refused):
        read(tmp_path, json.dumps({"scores": scores}), "dates.json")


def test_items_of_tasks_and_clusters(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "f1": 1, "task": "x", "cluster": "doc-1"},
        {"id": "b", "f1": 0, "task": "x", "cluster": "doc-1"},
        {"id": "c", "f1": 1, "task": "y"},
    ]
    found = read(tmp_path, "".join(json.dumps(row) + "\n" for row in rows))
    assert [(score.task, score.value) for score in found.scores] == [("x", 0.5), ("y", 1.0)]
    assert found.items is not None
    assert found.items.clusters == ("doc-1", "doc-1", "c")


def test_several_files_of_items_are_several_evaluations(tmp_path: Path) -> None:
    read(tmp_path, GOOD, "a.jsonl")
    read(tmp_path, GOOD, "b.jsonl")
    with pytest.raises(Refused, match="one file of items, found 2"):
        read_evaluation([tmp_path])


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jsonl", tmp_path, Path("\0")):
        with pytest.raises(NotFound):
            read_evaluation([path])


def test_means_do_not_round(tmp_path: Path) -> None:
    values = [0.1] * 10
    rows = "".join(json.dumps({"id": str(n), "f1": v}) + "\n" for n, v in enumerate(values))
    assert read(tmp_path, rows).scores[0].value == math.fsum(values) / 10


def test_refusals_are_errors_with_something_to_do(tmp_path: Path) -> None:
    with pytest.raises(FtRegistryError) as caught:
        read(tmp_path, '{"question": "no id"}\n')
    assert caught.value.hints


def test_a_name_of_a_suite_is_kept_whole_or_refused(tmp_path: Path) -> None:
    file = tmp_path / f"{'long-' * 30}name.jsonl"
    file.write_text('{"id": "q1", "acc": 1}\n')
    with pytest.raises(Refused, match=r"at most 100 characters, found one of 154: long-long-") as e:
        read_evaluation([file])
    assert "--suite" in e.value.hints[0]
    assert read_evaluation([file], suite="short").suite == "short"
    assert suite_of(["a" * 60, "b" * 60]) == f"{'a' * 60}-and-1-more"
