"""lm-evaluation-harness: results and samples are read together, and must tell one story."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.evaluations.outputs import DATE, REAL, lm_eval_samples, write_lines, write_lm_eval

from ft_registry.errors import Refused
from ft_registry.evaluations.measurement import Measurement
from ft_registry.readers.evaluations.reading import read_evaluation

SUMS = {"sums": lm_eval_samples({"acc": [1.0, 0.0, 1.0, 1.0]})}


def real(run: str) -> Measurement:
    folder = REAL / "lm_eval" / run
    if not folder.exists():
        pytest.skip(f"the real outputs are not at {folder}")
    return read_evaluation([folder])


def refusal(*paths: Path, **options: Any) -> str:
    with pytest.raises(Refused) as caught:
        read_evaluation(list(paths), **options)
    return caught.value.message


def test_a_real_run_is_read() -> None:
    found = real("run-1")
    assert (found.suite, found.harness, found.harness_version) == (
        "gsm8k_local",
        "lm-eval",
        "0.4.13",
    )
    assert [(s.metric, s.filter, s.n, s.higher_is_better) for s in found.scores] == [
        ("acc", "", 300, True),
        ("acc_norm", "", 300, True),
    ]
    assert found.items is not None
    assert found.items.scores["acc"].mean() == pytest.approx(found.scores[0].value)
    assert found.scores[0].stderr == pytest.approx(0.0287895)
    assert found.items.texts["prompt"][0].endswith("Is the answer even?")
    assert found.data["gsm8k_local"].startswith("829421b5")
    assert found.time == "2026-11-23T20:18:12.557665Z"


def test_two_real_runs_of_a_suite_name_the_same_items_alike() -> None:
    first, second = real("run-1"), real("run-2")
    assert first.items is not None
    assert second.items is not None
    assert list(first.items.ids) == list(second.items.ids)
    assert len(set(first.items.ids)) == 300
    assert first.prompt_digest == second.prompt_digest != ""


def test_what_the_results_say_is_kept(tmp_path: Path) -> None:
    found = read_evaluation([write_lm_eval(tmp_path, SUMS)])
    assert found.claim.name == "org/base"
    assert found.claim.adapter == "out/adapter"
    assert found.claim.digests == ("a" * 40,)
    assert found.few_shot == {"sums": 5}
    assert found.settings["gen_kwargs"] == {"temperature": 0.0}
    assert found.settings["chat_template_sha"] == "c" * 64
    assert found.seeds == {"random_seed": 1, "fewshot_seed": 1234}
    assert found.task_versions == {"sums": "1.0"}
    assert found.seconds == 35.5
    assert found.scores[0].stderr is None  # "N/A"


def test_the_address_of_a_function_changes_no_digest(tmp_path: Path) -> None:
    def elsewhere(results: dict[str, Any]) -> None:
        results["configs"]["sums"]["fewshot_config"]["sampler"] = "<function f at 0x123>"

    first = read_evaluation([write_lm_eval(tmp_path / "1", SUMS)])
    second = read_evaluation([write_lm_eval(tmp_path / "2", SUMS, edit=elsewhere)])
    assert first.few_shot_digest == second.few_shot_digest != ""


def test_several_filters_are_several_columns_of_the_same_items(tmp_path: Path) -> None:
    samples = lm_eval_samples({"exact_match": [1, 0]}, filters=["strict-match", "flexible-extract"])
    samples[3]["exact_match"] = 1
    found = read_evaluation([write_lm_eval(tmp_path, {"gsm8k": samples})])
    assert found.items is not None
    assert len(found.items) == 2
    assert found.items.scores["exact_match,flexible-extract"].tolist() == [1, 1]
    assert found.items.scores["exact_match,strict-match"].tolist() == [1, 0]
    assert {score.column: score.value for score in found.scores} == {
        "exact_match,flexible-extract": 1.0,
        "exact_match,strict-match": 0.5,
    }


def test_several_tasks_lie_in_one_table_under_their_group(tmp_path: Path) -> None:
    def grouped(results: dict[str, Any]) -> None:
        results["group_subtasks"] = {"both": ["sums", "words"]}
        results["results"]["both"] = {"alias": "both", "acc,none": 0.5, "acc_stderr,none": 0.1}
        results["groups"] = {"both": results["results"]["both"]}

    tasks = {**SUMS, "words": lm_eval_samples({"f1": [0.5, 0.25]}, task="words")}
    found = read_evaluation([write_lm_eval(tmp_path, tasks, edit=grouped)])
    assert found.suite == "both"
    assert [(score.task, score.metric) for score in found.scores] == [
        ("both", "acc"),
        ("sums", "acc"),
        ("words", "f1"),
    ]
    assert found.items is not None
    assert list(found.items.tasks or ()) == ["sums"] * 4 + ["words"] * 2
    assert np.isnan(found.items.scores["f1"][:4]).all()
    assert found.items.scores["acc"][:4].tolist() == [1, 0, 1, 1]


def test_samples_alone_give_the_means_and_say_so(tmp_path: Path) -> None:
    found = read_evaluation([write_lm_eval(tmp_path, SUMS, results=False)])
    assert found.suite == "sums"
    assert found.scores[0].value == 0.75
    assert "no results file" in found.notes[0]


def test_results_alone_have_no_items(tmp_path: Path) -> None:
    found = read_evaluation([write_lm_eval(tmp_path, SUMS, samples=False)])
    assert found.items is None
    assert (found.scores[0].value, found.scores[0].n) == (0.75, 4)


def test_items_of_one_content_stay_apart(tmp_path: Path) -> None:
    samples = lm_eval_samples({"acc": [1.0, 0.0]})
    for name in ("doc_hash", "target_hash", "prompt_hash"):
        samples[1][name] = samples[0][name]
    found = read_evaluation([write_lm_eval(tmp_path, {"sums": samples})])
    assert found.items is not None
    assert found.items.ids[1] == f"{found.items.ids[0]}-2"


def test_a_metric_of_all_items_at_once_has_no_column(tmp_path: Path) -> None:
    samples = lm_eval_samples({"acc": [1.0, 0.0]})
    for sample in samples:
        sample["metrics"] = ["acc", "perplexity"]
        sample["perplexity"] = [-3.5, 7]

    def perplexity(results: dict[str, Any]) -> None:
        results["results"]["sums"] = {
            "acc,none": 0.5, "perplexity,none": 12.5, "perplexity_stderr,none": "N/A",
        }  # fmt: skip
        results["higher_is_better"]["sums"]["perplexity"] = False

    folder = write_lm_eval(
        tmp_path, {"sums": lm_eval_samples({"acc": [1.0, 0.0]})}, edit=perplexity
    )
    write_lines(folder / f"samples_sums_{DATE}.jsonl", samples)
    found = read_evaluation([folder])
    assert found.items is not None
    assert list(found.items.scores) == ["acc"]
    assert {s.metric: s.higher_is_better for s in found.scores} == {
        "acc": True,
        "perplexity": False,
    }
    assert "perplexity of sums" in found.notes[0]


@pytest.mark.parametrize(
    "change",
    [{"config": {"limit": 10}}, {"n-samples": {"sums": {"original": 1319, "effective": 4}}}],
    ids=["limit", "fewer items"],
)
def test_a_part_of_a_suite_is_refused_unless_it_is_meant(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    folder = write_lm_eval(tmp_path, SUMS, edit=lambda results: results.update(change))
    assert "partial" in refusal(folder)
    found = read_evaluation([folder], allow_partial=True)
    assert found.partial in {"limit 10", "4 of 1319 items of sums"}


def test_a_mean_that_is_not_that_of_the_items_is_refused(tmp_path: Path) -> None:
    def better(results: dict[str, Any]) -> None:
        results["results"]["sums"]["acc,none"] = 0.8

    message = refusal(write_lm_eval(tmp_path, SUMS, edit=better))
    assert "acc=0.8" in message
    assert "found 0.75" in message


def test_samples_of_other_questions_are_refused(tmp_path: Path) -> None:
    folder = write_lm_eval(tmp_path, SUMS)
    other = lm_eval_samples({"acc": [1.0, 0.0, 1.0, 1.0]}, task="others")
    write_lines(folder / f"samples_sums_{DATE}.jsonl", other)
    assert "task hash" in refusal(folder)


def test_samples_that_break_off_between_lines_are_refused(tmp_path: Path) -> None:
    folder = write_lm_eval(tmp_path, SUMS)
    file = folder / f"samples_sums_{DATE}.jsonl"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:3]))
    assert "task hash" in refusal(folder)


def test_samples_without_hashes_in_the_results_must_be_as_many(tmp_path: Path) -> None:
    folder = write_lm_eval(tmp_path, SUMS, edit=lambda results: results.pop("task_hashes"))
    file = folder / f"samples_sums_{DATE}.jsonl"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:3]))
    assert "expected 4 samples of sums, found 3" in refusal(folder)


def test_two_runs_are_refused(tmp_path: Path) -> None:
    first = write_lm_eval(tmp_path / "1", SUMS)
    second = write_lm_eval(tmp_path / "2", SUMS)
    assert "the results of one run, found 2" in refusal(first, second)
    (first / f"samples_sums_{DATE}.jsonl").rename(
        first / "samples_sums_2026-11-24T00-00-00.000000.jsonl"
    )
    assert "files of one run" in refusal(first)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        ("1.0", "'1.0'"),
        (10**400, "found"),
        (None, "NoneType"),
    ],
    ids=["NaN", "infinity", "text", "huge", "null"],
)
def test_a_score_that_is_no_finite_number_is_refused(tmp_path: Path, value: Any, said: str) -> None:
    folder = write_lm_eval(tmp_path, SUMS)
    samples = lm_eval_samples({"acc": [1.0, 0.0, value, 1.0]})
    write_lines(folder / f"samples_sums_{DATE}.jsonl", samples)
    assert said in refusal(folder)
    (folder / f"samples_sums_{DATE}.jsonl").unlink()
    file = folder / f"results_{DATE}.json"
    results = json.loads(file.read_text())
    results["results"]["sums"]["acc,none"] = value
    file.write_text(json.dumps(results))
    assert "acc of sums" in refusal(folder)


def test_nan_in_a_document_is_nobodys_score(tmp_path: Path) -> None:
    samples = lm_eval_samples({"acc": [1.0, 0.0]})
    samples[1]["doc"]["rating"] = float("nan")
    found = read_evaluation([write_lm_eval(tmp_path, {"sums": samples})])
    assert found.items is not None
    assert found.items.scores["acc"].tolist() == [1, 0]


def test_an_item_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    samples = lm_eval_samples({"acc": [1.0, 0.0]})
    assert "document 1 again" in refusal(
        write_lm_eval(tmp_path, {"sums": [*samples, samples[1]]}, results=False)
    )


def test_an_item_that_lacks_a_filter_is_refused(tmp_path: Path) -> None:
    samples = lm_eval_samples({"acc": [1.0, 0.0]}, filters=["a", "b"])
    folder = write_lm_eval(tmp_path, {"sums": samples[:3]}, results=False)
    assert "expected all 2 items with filter 'b'" in refusal(folder)


def test_a_line_that_breaks_off_is_named(tmp_path: Path) -> None:
    folder = write_lm_eval(tmp_path, SUMS, results=False)
    file = folder / f"samples_sums_{DATE}.jsonl"
    file.write_text(file.read_text()[:-40])
    assert "line 4" in refusal(folder)


def test_of_a_long_prompt_the_end_is_kept(tmp_path: Path) -> None:
    samples = lm_eval_samples({"acc": [1.0, 0.0]})
    samples[0]["arguments"]["gen_args_0"]["arg_0"] = "x" * 5000 + "And now the question?"
    found = read_evaluation([write_lm_eval(tmp_path, {"sums": samples}, results=False)])
    assert found.items is not None
    assert len(found.items.texts["prompt"][0]) == 2000
    assert found.items.texts["prompt"][0].endswith("the question?")


def test_the_answer_to_a_choice_is_the_likeliest_one(tmp_path: Path) -> None:
    samples = lm_eval_samples({"acc": [1.0, 0.0]})
    samples[0]["filtered_resps"] = [["-3.5", "False"], ["-0.5", "True"]]
    found = read_evaluation([write_lm_eval(tmp_path, {"sums": samples}, results=False)])
    assert found.items is not None
    assert found.items.texts["answer"] == ["1", "answer 1"]
