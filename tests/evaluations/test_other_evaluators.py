"""The other evaluators, each in the shape that its source writes."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.evaluations.outputs import (
    deepeval,
    openai_evals,
    promptfoo,
    write_lighteval,
    write_lines,
)

from ft_registry.errors import Refused
from ft_registry.evaluations.measurement import Measurement
from ft_registry.readers.evaluations.reading import read_evaluation


def read(folder: Path, document: Any, name: str = "out.json", **options: Any) -> Measurement:
    file = folder / name
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    return read_evaluation([file], **options)


def table(found: Measurement) -> dict[str, float]:
    return {score.metric: score.value for score in found.scores}


# promptfoo


def test_promptfoo_gives_passes_scores_and_what_they_took(tmp_path: Path) -> None:
    found = read(tmp_path, promptfoo([(True, 1), (False, 0.25)]))
    assert (found.suite, found.harness, found.harness_version) == (
        "tone-of-voice",
        "promptfoo",
        "0.120.4",
    )
    assert table(found) == {"pass": 0.5, "score": 0.625, "tone": 0.5}
    assert found.items is not None
    assert found.items.texts["target"] == ("it is 0", "it is 1")
    assert found.items.numbers["latency"].tolist() == [0.039, 0.039]
    assert found.items.numbers["tokens"].tolist() == [4, 4]
    assert found.cost == pytest.approx(0.002)
    assert found.claim.name == "openai:gpt-4.1"
    again = read(tmp_path, promptfoo([(False, 0), (True, 1)]))
    assert again.items is not None
    assert again.items.ids == found.items.ids


def test_promptfoo_with_two_models_or_prompts_is_refused(tmp_path: Path) -> None:
    def two_models(document: dict[str, Any]) -> None:
        document["results"]["results"][1]["provider"]["id"] = "other"

    def two_prompts(document: dict[str, Any]) -> None:
        document["results"]["results"][1]["prompt"]["label"] = "Tell {{x}}"

    rows = [(True, 1.0), (False, 0.0)]
    with pytest.raises(Refused, match="one provider"):
        read(tmp_path, promptfoo(rows, edit=two_models))
    with pytest.raises(Refused, match="one prompt"):
        read(tmp_path, promptfoo(rows, edit=two_prompts))


def test_promptfoo_whose_stats_differ_is_refused(tmp_path: Path) -> None:
    def shortened(document: dict[str, Any]) -> None:
        document["results"]["results"].pop()

    with pytest.raises(Refused, match="stats"):
        read(tmp_path, promptfoo([(True, 1), (True, 1)], edit=shortened))
    with pytest.raises(Refused, match="found none"):
        read(tmp_path, promptfoo([]))


def test_promptfoo_with_errors_is_partial(tmp_path: Path) -> None:
    def failed(document: dict[str, Any]) -> None:
        document["results"]["results"][1] |= {"failureReason": 2, "error": "429"}
        document["results"]["stats"] |= {"failures": 0, "errors": 1}

    document = promptfoo([(True, 1), (False, 0)], edit=failed)
    with pytest.raises(Refused, match="1 of 2 tests could not be run"):
        read(tmp_path, document)
    found = read(tmp_path, document, allow_partial=True)
    assert table(found)["pass"] == 1.0
    assert found.items is not None
    assert np.isnan(found.items.scores["pass"][1])


# DeepEval


@pytest.mark.parametrize("wrapped", [False, True])
def test_deepeval_gives_metrics_and_success(tmp_path: Path, wrapped: bool) -> None:
    run = deepeval([0.9, 0.3])
    found = read(tmp_path, {"testRunData": run, "testRunLink": "x"} if wrapped else run)
    assert (found.suite, found.harness) == ("faq", "deepeval")
    assert table(found) == {"Correctness [GEval]": pytest.approx(0.6), "success": 0.5}
    assert found.claim.name == "bot-7b"
    assert found.data == {"faq": "faq@3"}
    assert found.cost == 0.004


def test_deepeval_with_errors_is_partial_and_with_other_totals_refused(tmp_path: Path) -> None:
    def failed(run: dict[str, Any]) -> None:
        run["testCases"][0]["metricsData"][0] |= {"error": "timeout", "score": None}
        run["metricsScores"] = []

    def other(run: dict[str, Any]) -> None:
        run["metricsScores"][0]["scores"] = [1.0, 1.0]

    with pytest.raises(Refused, match="1 of 2 test cases have metrics with errors"):
        read(tmp_path, deepeval([0.9, 0.3], edit=failed))
    with pytest.raises(Refused, match="mean of its items"):
        read(tmp_path, deepeval([0.9, 0.3], edit=other))
    with pytest.raises(Refused, match="found none"):
        read(tmp_path, deepeval([]))


def test_deepeval_reads_conversations(tmp_path: Path) -> None:
    def conversed(run: dict[str, Any]) -> None:
        case = run["testCases"].pop()
        turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
        run["conversationalTestCases"] = [
            {"name": "c", "success": True, "metricsData": case["metricsData"], "turns": turns}
        ]

    found = read(tmp_path, deepeval([0.9, 0.3], edit=conversed))
    assert found.items is not None
    assert found.items.texts["prompt"] == ("question 0", "Hi")
    assert found.items.texts["answer"] == ("came", "Hello")


# OpenAI Evals


def test_openai_evals_gives_accuracy_and_its_error(tmp_path: Path) -> None:
    found = read_evaluation([write_lines(tmp_path / "log.jsonl", openai_evals([True, False]))])
    assert (found.suite, found.harness) == ("test-match.s1.simple-v0", "openai-evals")
    score = found.scores[0]
    assert (score.metric, score.value, score.n, score.stderr) == ("accuracy", 0.5, 2, 0.1)
    assert found.items is not None
    assert found.items.texts == {
        "answer": ("George", "George"),
        "prompt": ("Complete 0", "Complete 1"),
        "target": ("George", "George"),
    }
    assert found.claim.name == "gpt-4"
    assert found.seeds == {"seed": 20220722}


def test_openai_evals_that_did_not_end_or_is_two_runs_is_refused(tmp_path: Path) -> None:
    log = openai_evals([True, False])
    with pytest.raises(Refused, match="final report"):
        read_evaluation([write_lines(tmp_path / "log.jsonl", log[:-1])])
    with pytest.raises(Refused, match="another beginning"):
        read_evaluation([write_lines(tmp_path / "log.jsonl", log + log)])
    with pytest.raises(Refused, match=r"accuracy=0\.5"):
        read_evaluation([write_lines(tmp_path / "log.jsonl", log[:3] + log[-1:])])
    log[0]["spec"]["run_config"]["max_samples"] = 2
    with pytest.raises(Refused, match="limit 2"):
        read_evaluation([write_lines(tmp_path / "log.jsonl", log)])


# LightEval


def test_lighteval_gives_results_and_details(tmp_path: Path) -> None:
    found = read_evaluation([write_lighteval(tmp_path, [1.0, 0.0, 1.0, 1.0])])
    assert (found.suite, found.harness, found.harness_version) == ("gsm8k", "lighteval", "abc123")
    assert [(s.metric, s.value, s.n, s.stderr) for s in found.scores] == [
        ("extractive_match", 0.75, 4, 0.1)
    ]
    assert found.few_shot == {"gsm8k|5": 5}
    assert found.data == {"gsm8k|5": "8517d5bf7e880086"}
    assert found.items is not None
    assert found.items.scores["extractive_match"].tolist() == [1, 0, 1, 1]
    assert found.items.texts["target"][0] == " 18"
    assert found.seconds == 12.5


def test_lighteval_of_a_part_or_with_other_details_is_refused(tmp_path: Path) -> None:
    def limited(results: dict[str, Any]) -> None:
        results["config_general"]["max_samples"] = 2

    def better(results: dict[str, Any]) -> None:
        results["results"]["gsm8k|5"]["extractive_match"] = 0.9

    def renamed(results: dict[str, Any]) -> None:
        results["results"]["other|0"] = results["results"].pop("gsm8k|5")

    with pytest.raises(Refused, match="limit 2"):
        read_evaluation([write_lighteval(tmp_path / "1", [1.0, 0.0], edit=limited)])
    with pytest.raises(Refused, match="mean of its items"):
        read_evaluation([write_lighteval(tmp_path / "2", [1.0, 0.0], edit=better)])
    with pytest.raises(Refused, match="details of the tasks"):
        read_evaluation([write_lighteval(tmp_path / "3", [1.0, 0.0], edit=renamed)])


# Ragas

RAGAS = [
    dict(zip(("user_input", "response", "reference", "faithfulness", "recall"), row, strict=True))
    for row in (("Who?", "Ada", "Ada", 1.0, 0.5), ("When?", "now", "1843", None, 0.0))
]


def as_csv(path: Path) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(RAGAS[0]))
        writer.writeheader()
        writer.writerows(RAGAS)


RAGAS_SHAPES = {
    "rag.csv": as_csv,
    "rag.json": lambda path: path.write_text(json.dumps(RAGAS)),
    "rag.jsonl": lambda path: write_lines(path, RAGAS),
    "rag.columns.json": lambda path: path.write_text(
        json.dumps({k: {str(n): row[k] for n, row in enumerate(RAGAS)} for k in RAGAS[0]})
    ),
    "rag.parquet": lambda path: pq.write_table(pa.Table.from_pylist(RAGAS), path),
}


@pytest.mark.parametrize("name", RAGAS_SHAPES)
def test_a_table_of_ragas_is_read_however_pandas_wrote_it(tmp_path: Path, name: str) -> None:
    RAGAS_SHAPES[name](tmp_path / name)
    found = read_evaluation([tmp_path / name])
    assert found.harness == "ragas"
    assert {s.metric: (s.value, s.n) for s in found.scores} == {
        "faithfulness": (1.0, 1),
        "recall": (0.25, 2),
    }
    assert found.notes == ("1 of 2 items were not scored by faithfulness",)
    assert found.items is not None
    assert found.items.texts["target"] == ("Ada", "1843")


def test_a_text_among_scores_of_ragas_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="expected a number as recall in row 2"):
        read(tmp_path, "user_input,response,recall\nWho?,Ada,1\nWhen?,now,high\n", "rag.csv")


# evaluate


def test_evaluate_gives_its_numbers(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {
            "accuracy": 0.9,
            "f1": 0.8,
            "precisions": [1, 2],
            "model": "bert",
            "task": "imdb",
            "seed": 7,
            "total_time_in_seconds": 2.5,
            "_timestamp": "2025-01-02T03:04:05.000006",
            "_git_commit_hash": None,
            "_evaluate_version": "0.4.6",
            "_python_version": "3.11",
            "_interpreter_path": "/usr/bin/python",
        },
    )
    assert (found.suite, found.harness, found.harness_version) == ("imdb", "evaluate", "0.4.6")
    assert table(found) == {"accuracy": 0.9, "f1": 0.8}
    assert (found.claim.name, found.seeds, found.seconds) == ("bert", {"seed": 7}, 2.5)
    assert found.time == "2025-01-02T03:04:05.000006Z"
    with pytest.raises(Refused, match="at least one number"):
        read(tmp_path, {"_evaluate_version": "0.4.6", "accuracy": "0.9"})
    with pytest.raises(Refused, match="finite"):
        read(tmp_path, '{"_evaluate_version": "0.4.6", "accuracy": NaN}')


# MLflow


def write_mlflow(folder: Path, metrics: dict[str, float]) -> Path:
    (folder / "metrics.json").write_text(json.dumps(metrics))
    rows = {
        "columns": ["inputs", "ground_truth", "outputs", "exact_match/v1/score"],
        "data": [["1+1?", "2", "2", 1], ["2+2?", "4", "5", 0]],
    }
    (folder / "eval_results_table.json").write_text(json.dumps(rows))
    return folder


def test_mlflow_evaluate_gives_metrics_and_a_table(tmp_path: Path) -> None:
    metrics = {"exact_match/v1/mean": 0.5, "exact_match/v1/variance": 0.25, "ari/v1/mean": 3.5}
    found = read_evaluation([write_mlflow(tmp_path, metrics)])
    assert found.harness == "mlflow"
    assert table(found) == {"exact_match/v1/mean": 0.5, "ari/v1/mean": 3.5}
    assert found.items is not None
    assert found.items.scores["exact_match/v1/mean"].tolist() == [1, 0]
    assert found.items.texts["target"] == ("2", "4")
    with pytest.raises(Refused, match="mean of its items"):
        read_evaluation([write_mlflow(tmp_path, {"exact_match/v1/mean": 0.9})])


def test_mlflow_metrics_alone_are_totals(tmp_path: Path) -> None:
    found = read(tmp_path, {"exact_match/v1": 0.5}, "metrics.json")
    assert table(found) == {"exact_match/v1": 0.5}
    assert found.items is None


GENAI = [
    {"trace_id": "tr-1", "correctness/value": "yes", "length/value": 3, "request": '{"q": 1}',
     "expected_response/value": "Ada", "response": "Ada", "state": "OK"},
    {"trace_id": "tr-2", "correctness/value": "no", "length/value": 5, "request": '{"q": 2}',
     "expected_response/value": "Bob", "response": "Eve", "state": "OK"},
]  # fmt: skip


@pytest.mark.parametrize("name", ["table.json", "table.parquet", "table.jsonl"])
def test_a_table_of_genai_evaluate_is_read(tmp_path: Path, name: str) -> None:
    if name.endswith("json"):
        (tmp_path / name).write_text(json.dumps(GENAI))
    elif name.endswith("jsonl"):
        write_lines(tmp_path / name, GENAI)
    else:
        pq.write_table(pa.Table.from_pylist(GENAI), tmp_path / name)
    found = read_evaluation([tmp_path / name])
    assert table(found) == {"correctness/mean": 0.5, "length/mean": 4.0}
    assert found.items is not None
    assert found.items.texts["target"] == ("Ada", "Bob")


def test_a_scorer_that_failed_makes_it_partial(tmp_path: Path) -> None:
    rows = [GENAI[0], {**GENAI[1], "correctness/value": None, "correctness/error_message": "429"}]
    with pytest.raises(Refused, match="1 of 2 items could not be scored by correctness"):
        read(tmp_path, rows)


# The hub

CARD = """---
model-index:
- name: my-model
  results:
  - task: {type: text-generation}
    dataset: {name: GSM8K, type: openai/gsm8k, config: main, split: test, revision: abc}
    metrics:
    - {type: exact_match, value: 0.41, name: strict}
---
# My model
"""
RESULTS = """- dataset: {id: cais/hle, task_id: default, revision: 5503434}
  value: 20.90
  date: "2025-01-15T10:30:00Z"
- dataset: {id: Idavidrein/gpqa, task_id: gpqa_diamond}
  value: 0.412
"""


def test_a_card_gives_published_totals(tmp_path: Path) -> None:
    found = read(tmp_path, CARD, "README.md")
    assert (found.suite, found.harness, found.claim.name) == (
        "gsm8k-main-test",
        "hub",
        "my-model",
    )
    assert [(s.metric, s.filter, s.value) for s in found.scores] == [
        ("exact_match", "strict", 0.41)
    ]
    assert found.data == {"gsm8k/main/test": "openai/gsm8k@abc"}
    assert found.items is None


def test_eval_results_give_published_totals(tmp_path: Path) -> None:
    (tmp_path / ".eval_results").mkdir()
    found = read(tmp_path / ".eval_results", RESULTS, "all.yaml")
    assert [(s.task, s.value) for s in found.scores] == [
        ("hle", 20.9),
        ("gpqa/gpqa_diamond", 0.412),
    ]
    assert found.time == "2025-01-15T10:30:00.000000Z"
    (tmp_path / "README.md").write_text(CARD)
    assert read_evaluation([tmp_path]).scores == found.scores


@pytest.mark.parametrize("value", ["high", ".nan", ".inf", "[1]", "true", "null"])
def test_a_published_value_that_is_no_number_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(Refused):
        read(tmp_path, RESULTS.replace("0.412", value), "all.yaml")
    with pytest.raises(Refused):
        read(tmp_path, CARD.replace("0.41", value), "README.md")
