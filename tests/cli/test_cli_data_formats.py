"""A snapshot whose format was named is read in that format by everything that looks into it."""

import json
from typing import Any

import pytest
from tests.cli.project import Project

pytestmark = pytest.mark.integration

Row = dict[str, Any]


def write(project: Project, path: str, *examples: Row) -> str:
    project.write(path, "".join(json.dumps(row) + "\n" for row in examples))
    return path


def question(number: int) -> Row:
    return {
        "prompt": f"Word{number} is a long question about the {number}th day of the year",
        "completion": f"answer {number}",
    }


@pytest.fixture
def prompts(project: Project) -> Project:
    """Prompts with completions, taken as prompts alone."""
    path = write(project, "train.jsonl", *map(question, range(30)))
    done = project.done("data", "snapshot", path, "--format", "prompt-only")
    assert done["profile"]["format"] == "prompt-only"
    return project


def test_an_example_is_found_in_the_format_that_its_index_was_made_with(prompts: Project) -> None:
    write(prompts, "one.jsonl", question(7))
    (held,) = prompts.done("data", "trace", "--example", "one.jsonl")["snapshots"]
    assert (held["path"], held["exact"]) == ("train.jsonl", 1)
    write(prompts, "other.jsonl", {**question(7), "prompt": "Another?"})
    assert prompts.done("data", "trace", "--example", "other.jsonl")["snapshots"] == []


def test_what_is_erased_does_not_come_back_in_that_format(prompts: Project) -> None:
    write(prompts, "one.jsonl", question(7))
    prompts.done(
        "data", "erase-plan", "--example", "one.jsonl", "--record", "--reason", "asked for"
    )
    path = write(prompts, "later.jsonl", question(1), question(7))
    for options in ((), ("--format", "prompt-only")):
        outcome = prompts.cli("data", "check", path, *options)
        assert "line 2: erased" in outcome.stdout, options


def test_words_are_compared_and_shown_as_that_format_has_them(prompts: Project) -> None:
    changed = {**question(3), "prompt": question(3)["prompt"].replace("day", "morning")}
    path = write(prompts, "test.jsonl", changed, question(4))
    prompts.done("data", "snapshot", path, "--format", "prompt-only")
    found = prompts.done("data", "overlap", "train", "test", "--near")
    assert (found["exact"], found["near"]) == (1, 1)
    assert len(found["samples"]) == 2
