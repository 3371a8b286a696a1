"""Warnings: what hurts a fine-tune although no rule is broken."""

import json
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from tests.examples.parts import look, settings_of

from ft_registry.examples.advice import advise

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
WORDS = ("What is", "How does", "Tell me of", "My brother sold", "In May", "I want", "Ann had")


def warnings(file: Path, *, context: int = 0) -> str:
    whole = look(file)
    found = advise(
        whole.tally, settings_of(file).format, rows=whole.rows, duplicates=0, near_duplicates=0,
        context=context,
    )  # fmt: skip
    return "\n".join(found)


def written(tmp_path: Path, rows: list[dict[str, Any]]) -> Path:
    file = tmp_path / "a.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def texts(count: int) -> list[str]:
    return [f"{word} number {n}" for n, word in zip(range(count), cycle(WORDS), strict=False)]


def prompts(template: str, count: int = 60) -> list[dict[str, Any]]:
    return [
        {"prompt": template.format(text), "completion": f"{n} " * 30}
        for n, text in enumerate(texts(count))
    ]


TEMPLATES = [
    "Below is an instruction that describes a task.\n\n{}",
    "### Instruction:\n{}",
    "Question: {}\nAnswer:",
    "Q: {}",
    "[INST] {} [/INST]",
    "<|im_start|>user\n{}",
    "USER: {}",
]


@pytest.mark.parametrize("second", TEMPLATES[1:])
@pytest.mark.parametrize("style", ["prompt", "text"])
def test_a_template_that_changed_half_way_is_told(tmp_path: Path, second: str, style: str) -> None:
    rows = [*prompts(TEMPLATES[0]), *prompts(second)]
    if style == "text":
        rows = [{"text": row["prompt"] + row["completion"]} for row in rows]
    found = warnings(written(tmp_path, rows))
    assert "50 % of the prompts begin with 'Below is an instruction '" in found
    assert found.count("was the template changed?") == 1


def test_a_template_that_changed_late_is_told(tmp_path: Path) -> None:
    rows = [*prompts("Q: {}", 100), *prompts("### Input:\n{}", 20)]
    assert "83 % of the prompts begin with 'Q:', 20 do not" in warnings(written(tmp_path, rows))


@pytest.mark.parametrize("templates", [[each] for each in TEMPLATES] + [["{}"], TEMPLATES])
def test_one_template_none_or_many_are_no_change(tmp_path: Path, templates: list[str]) -> None:
    rows = [row for template in templates for row in prompts(template)]
    assert "template" not in warnings(written(tmp_path, rows))


def test_two_tasks_in_one_template_are_no_change(tmp_path: Path) -> None:
    rows = [
        row
        for task in ("Translate to French", "Sum this text up")
        for row in prompts(f"### Instruction:\n{task}: {{}}")
    ]
    assert "template" not in warnings(written(tmp_path, rows))


@pytest.mark.parametrize("name", ["gsm8k/train.jsonl", "banking77/train.csv"])
def test_natural_text_is_not_taken_for_templates(name: str) -> None:
    if not (SHARED / name).exists():
        pytest.skip("the data is not here")
    assert "template" not in warnings(SHARED / name)


def test_an_example_far_longer_than_the_rest_is_told_with_a_context_too(tmp_path: Path) -> None:
    file = written(tmp_path, [*prompts("{}", 300), {"prompt": "long", "completion": "x" * 9000}])
    for context in (0, 8000, 100_000):
        found = warnings(file, context=context)
        assert "the longest example has a length of 9,004" in found
        assert ("1 examples are longer" in found) == (context == 8000)


def classified(**counts: int) -> list[dict[str, Any]]:
    answers = [answer for answer, count in counts.items() for _ in range(count)]
    return [
        {"prompt": text, "completion": answer}
        for text, answer in zip(texts(len(answers)), answers, strict=True)
    ]


def test_answers_that_name_classes_are_told_when_uneven(tmp_path: Path) -> None:
    found = warnings(written(tmp_path, classified(yes=200, no=5)))
    assert "answers are uneven: 'yes' has 200 examples, 'no' 5" in found
    assert "uneven" not in warnings(written(tmp_path, classified(yes=200, no=100)))


def test_answers_of_their_own_are_no_classes(tmp_path: Path) -> None:
    rows = [*classified(yes=30), *classified(**{f"day {n}": 1 for n in range(40)})]
    assert "uneven" not in warnings(written(tmp_path, rows))
