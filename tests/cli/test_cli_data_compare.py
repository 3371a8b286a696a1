"""Comparing data: from where its words are read, and how what differs is shown."""

import json
import shutil
from typing import Any

import pytest
from tests.cli.project import Project

pytestmark = pytest.mark.integration

Row = dict[str, Any]


def questions(count: int) -> list[Row]:
    return [
        {"prompt": f"Word{n} is a long question about the {n}th day of the year", "completion": "x"}
        for n in range(count)
    ]


def taken(project: Project, path: str, examples: list[Row]) -> None:
    project.write(path, "".join(json.dumps(row) + "\n" for row in examples))
    project.done("data", "snapshot", path)


@pytest.fixture
def pair(project: Project) -> Project:
    """test.jsonl, and train.jsonl with one of its questions in other words."""
    test = questions(5)
    changed = {**test[3], "prompt": test[3]["prompt"].replace("day", "morning")}
    taken(project, "train.jsonl", [changed, *questions(30)[10:]])
    taken(project, "test.jsonl", test)
    return project


def test_words_are_read_from_the_work_tree_when_nothing_else_has_them(pair: Project) -> None:
    shutil.rmtree(pair.root / ".dvc/cache")
    assert pair.done("data", "overlap", "train", "test", "--near")["near"] == 1


def test_words_of_other_bytes_in_the_work_tree_are_not_taken_for_the_snapshots(
    pair: Project,
) -> None:
    before = (pair.root / "train.jsonl").read_text()
    pair.write("train.jsonl", before.replace("morning", "evening"))  # of the same size
    assert pair.done("data", "overlap", "train", "test", "--near")["near"] == 1
    shutil.rmtree(pair.root / ".dvc/cache")
    outcome = pair.cli("data", "overlap", "train", "test", "--near")
    assert outcome.code == 1
    assert "neither in the work tree nor in the cache or a remote" in outcome.stderr
    assert pair.done("data", "overlap", "train", "test")["near"] is None


def test_words_of_a_folder_are_read_from_the_work_tree(project: Project) -> None:
    project.write("set/a.jsonl", json.dumps(questions(1)[0]) + "\n")
    project.done("data", "snapshot", "set")
    taken(project, "test.jsonl", [{**questions(1)[0], "prompt": "Word0 is a long question about "
                                   "the 0th day of this year"}])  # fmt: skip
    shutil.rmtree(project.root / ".dvc/cache")
    assert project.done("data", "overlap", "set", "test", "--near")["near"] == 1


def test_a_threshold_of_nothing_is_refused(pair: Project) -> None:
    outcome = pair.cli("data", "overlap", "train", "test", "--threshold", "0")
    assert outcome.code == 2
    assert "above 0" in outcome.stderr


def test_a_diff_shows_an_edit_wherever_it_is(project: Project) -> None:
    answer = " ".join(f"word{n}" for n in range(150))
    old = {"prompt": "Why?", "completion": answer}
    taken(project, "a.jsonl", [old, *questions(3)])
    new = {**old, "completion": answer.replace("word140", "WORD140")}
    taken(project, "a.jsonl", [new, *questions(3)])
    outcome = project.cli("data", "diff", "a~1", "a")
    lines = outcome.stdout.splitlines()
    assert lines[1] == "  same 3, added 0, removed 0, edited 1"
    assert "word139 word140 word141" in lines[2]
    assert "word139 WORD140 word141" in lines[3]
    assert max(map(len, lines)) <= 80


def test_texts_that_no_terminal_should_see_are_escaped(project: Project) -> None:
    project.write("a.jsonl", '{"prompt": "x\\ud800\\u001b[31m", "completion": "y"}\n')
    project.done("data", "snapshot", "a.jsonl", "--allow-faults")
    project.write("a.jsonl", '{"prompt": "z", "completion": "y"}\n')
    project.done("data", "snapshot", "a.jsonl")
    outcome = project.cli("data", "diff", "a~1", "a")
    assert outcome.code == 0, outcome.stderr
    outcome = project.cli("--json", "data", "diff", "a~1", "a")
    assert outcome.code == 0, outcome.stderr


def test_the_same_prompt_is_closer_than_a_near_one(pair: Project) -> None:
    test = questions(5)
    taken(pair, "more.jsonl", [test[3], {**test[2], "completion": "other"}])
    found = pair.done("data", "overlap", "more", "test", "--near", "--threshold", "1")
    assert {name: found[name] for name in ("exact", "prompt", "near")} == {
        "exact": 1, "prompt": 1, "near": 0,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["", "train@zz", "train~x", "nowhere"])
def test_a_name_that_is_none_is_told_with_how_one_is_written(pair: Project, name: str) -> None:
    outcome = pair.cli("data", "diff", name, "test")
    assert outcome.code == 1
    assert "NAME~1" in outcome.stderr
