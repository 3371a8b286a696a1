"""`eval compare` and `diff` of several suites: what cannot be compared keeps nothing from it."""

import json

import pytest
from tests.cli.project import Project, items, jsonl

from ft_registry_cli.columns import width

pytestmark = pytest.mark.integration

LONG = "an-evaluation-suite-whose-name-goes-on-and-on-for-sixty-letters"


@pytest.fixture
def unlike(seeded: Project) -> Project:
    """m/1 and m/2 measured on `sums`, with items, and on `totals`, without any."""
    for number, good in ((1, 3), (2, 9)):
        seeded.write("sums.jsonl", items(good=good))
        seeded.write("totals.json", json.dumps({"scores": {"bleu": good / 10}}))
        for name in ("sums.jsonl", "totals.json"):
            seeded.done("eval", "add", f"m/{number}", name)
    return seeded


def test_a_suite_that_cannot_be_paired_keeps_no_other_from_it(unlike: Project) -> None:
    found = unlike.done("eval", "compare", "m/1", "m/2")
    assert [suite["suite"] for suite in found["suites"]] == ["sums"]
    (metric,) = found["suites"][0]["metrics"]
    assert (metric["higher_is_better"], metric["gained"]) == (None, 6)
    (left,) = found["not_compared"]
    assert left["suite"] == "totals"
    assert "hold totals only" in left["why"]
    text = unlike.cli("eval", "compare", "m/1", "m/2").stdout
    assert "6 items higher, 0 lower" in text
    assert "totals: not compared: expected the scored items" in text
    differing = unlike.done("diff", "m/1", "m/2")
    assert (differing["changed"]["scores"], differing["not_compared"]) == (True, [left])
    outcome = unlike.cli("--json", "eval", "compare", "m/1", "m/2", "--suite", "totals")
    assert (outcome.code, outcome.stdout, outcome.error["kind"]) == (1, "", "not_found")


def test_items_that_are_damaged_end_with_an_integrity_error_after_the_rest(
    unlike: Project,
) -> None:
    for number in (1, 2):
        unlike.write("more.jsonl", items(good=number))
        unlike.done("eval", "add", f"m/{number}", "more.jsonl")
    for file in unlike.root.rglob("ftr/evaluations/more-*.parquet"):
        file.write_bytes(file.read_bytes()[:-1] + b"x")
    outcome = unlike.cli("--json", "eval", "compare", "m/1", "m/2")
    assert (outcome.code, outcome.error["kind"]) == (4, "integrity")
    assert [suite["suite"] for suite in outcome.document["suites"]] == ["sums"]
    assert {one["suite"] for one in outcome.document["not_compared"]} == {"totals", "more"}


def test_items_that_are_gone_end_with_an_integrity_error_after_the_rest(unlike: Project) -> None:
    for number in (1, 2):
        unlike.write("more.jsonl", items(good=number))
        unlike.done("eval", "add", f"m/{number}", "more.jsonl")
    for file in unlike.root.rglob("ftr/evaluations/more-*.parquet"):
        file.unlink()
    outcome = unlike.cli("--json", "eval", "compare", "m/1", "m/2")
    assert (outcome.code, outcome.error["kind"]) == (4, "integrity")
    assert "found it gone" in outcome.error["message"]
    assert [suite["suite"] for suite in outcome.document["suites"]] == ["sums"]


def test_a_score_without_a_known_direction_is_higher_or_lower(unlike: Project) -> None:
    unlike.write(
        "ft-registry.toml", "[suites.sums]\nmetric = 'exact_match'\nhigher_is_better = true\n"
    )
    unlike.write("sums.jsonl", items(good=8))
    unlike.done("eval", "add", "m/2", "sums.jsonl")
    (suite,) = unlike.done("eval", "compare", "m/1", "m/2")["suites"]
    assert suite["metrics"][0]["higher_is_better"] is True
    assert "5 items better, 0 worse" in unlike.cli("eval", "compare", "m/1", "m/2").stdout


def test_data_that_was_renamed_is_compared_with_what_it_was(seeded: Project) -> None:
    seeded.write("data/more.jsonl", jsonl(10, word="more"))
    seeded.write("data/newer.jsonl", jsonl(12, word="more"))
    train = ("--data", "data/train.jsonl", "--method", "sft")
    for number, name in ((3, "more"), (4, "newer")):
        seeded.adapter(f"ad{number}")
        seeded.done("data", "snapshot", f"data/{name}.jsonl")
        seeded.done("register", "m", f"ad{number}", *train, "--data", f"data/{name}.jsonl")
    found = seeded.done("diff", "m/3", "m/4")
    assert {(one["same"], one["added"], one["removed"]) for one in found["data"]} == {
        (True, None, None), (False, 2, 0)
    }  # fmt: skip
    assert "2 added of 12 examples of data/more.jsonl -> data/newer.jsonl" in found["conclusion"]


def test_no_line_is_wider_than_a_terminal(seeded: Project) -> None:
    model = "m" * 60
    metric = "the-share-of-answers-that-are-equal-to-the-target-in-all-words-" + "日本" * 20
    for number, name in ((1, "ad1"), (2, "ad2")):
        seeded.done("register", model, name, "--data", "data/train.jsonl")
        rows = [
            {
                "id": f"{'問' * 50}{n}", metric: int(n < 5 * number), "prompt": "日本語 " * 40,
                "answer": "字" * 200, "slices": {"a-slice-" + "s" * 80: "v" * 80},
            }
            for n in range(12)
        ]  # fmt: skip
        seeded.write("long.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        seeded.write("totals.json", json.dumps({"scores": {metric: 0.5}}))
        for file, suite in (("long.jsonl", LONG), ("totals.json", f"{LONG}-2")):
            seeded.done("eval", "add", f"{model}/{number}", file, "--suite", suite)
    for command in (("eval", "compare"), ("diff",)):
        outcome = seeded.cli(*command, f"{model}/1", f"{model}/2", env={"COLUMNS": "80"})
        assert outcome.code == 0, outcome.stderr
        assert [line for line in outcome.stdout.splitlines() if width(line) > 80] == []
        assert LONG in outcome.stdout
