"""A hosted service keeps the weights: its finished job is what can be known of them."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.trainers.jobs import BEDROCK, DPO, OPENAI, RESULTS, STEPS, VALIDATION
from tests.trainers.samples import put

from ft_registry.errors import Refused
from ft_registry.model.document import Unknown
from ft_registry.model.record import HostedBase, base_identity
from ft_registry.model.training import Cost, Training
from ft_registry.readers.files import hash_path
from ft_registry.readers.trainers.hosted import HostedTraining, read_hosted


def read(path: Path) -> HostedTraining:
    found = read_hosted(path, hash_path(path))
    assert found is not None
    return found


def training_of(path: Path) -> Training:
    training = read(path).trained.training
    assert isinstance(training, Training)
    return training


def test_a_job_of_openai(tmp_path: Path) -> None:
    found = read(put(tmp_path, "job.json", OPENAI))
    assert found.hosted.model_dump() == {
        "service": "openai", "model": OPENAI["fine_tuned_model"], "job": "ftjob-abc123"
    }  # fmt: skip
    assert (found.base.service, found.base.id) == ("openai", "gpt-4o-mini-2024-07-18")
    assert found.base.digest.unknown == "openai keeps these weights: nobody else can hash them"
    training, cost = found.trained.training, found.trained.cost
    assert isinstance(training, Training)
    assert isinstance(cost, Cost)
    assert (training.trainer, training.method) == ("openai", "sft")
    assert training.hyperparameters == {
        "batch_size": 1, "learning_rate_multiplier": 1.8, "n_epochs": 3, "seed": 42,
        "suffix": "dates",
    }  # fmt: skip
    assert training.seeds == {"seed": 42}
    assert training.epochs == 3
    assert training.datasets == ("file-train1", "file-valid1")
    assert [file.path for file in training.files] == ["job.json"]
    assert cost.tokens == 5768
    assert isinstance(cost.amount, Unknown)


def test_the_settings_of_a_method_count(tmp_path: Path) -> None:
    training = training_of(put(tmp_path, "job.json", DPO))
    assert training.method == "dpo"
    assert training.hyperparameters["beta"] == 0.1
    assert training.epochs == 2


def test_a_job_that_was_graded_keeps_its_grader(tmp_path: Path) -> None:
    method = {
        "type": "reinforcement",
        "reinforcement": {
            "grader": {"type": "string_check", "operation": "eq"},
            "hyperparameters": {"reasoning_effort": "medium"},
        },
    }
    training = training_of(put(tmp_path, "job.json", {**OPENAI, "method": method}))
    assert training.method == "rft"
    assert training.hyperparameters["grader"] == {"type": "string_check", "operation": "eq"}
    assert training.hyperparameters["reasoning_effort"] == "medium"


@pytest.mark.parametrize(
    ("method", "settings", "expected"),
    [(None, OPENAI["hyperparameters"], "sft"), (None, {}, None), ({"type": "new"}, {"a": 1}, None)],
)
def test_the_method_is_told_where_the_job_tells_it(
    tmp_path: Path, method: Any, settings: Any, expected: str | None
) -> None:
    job = {**OPENAI, "method": method, "hyperparameters": settings}
    told = training_of(put(tmp_path, "job.json", job)).method
    assert (told if isinstance(told, str) else None) == expected


def test_a_job_of_bedrock(tmp_path: Path) -> None:
    found = read(put(tmp_path, "job.json", {**BEDROCK, "ResponseMetadata": {"RetryAttempts": 0}}))
    assert found.hosted.service == "bedrock"
    assert found.hosted.model == BEDROCK["outputModelArn"]
    assert found.hosted.job == BEDROCK["jobArn"]
    assert found.base.id == "amazon.titan-text-lite-v1:0:4k"
    training = found.trained.training
    assert isinstance(training, Training)
    assert (training.trainer, training.method) == ("bedrock", "sft")
    assert training.hyperparameters == BEDROCK["hyperParameters"]
    assert training.epochs == 2
    assert training.results == {"trainingLoss": 0.9, "validationLoss": 1.1}
    assert training.datasets == ("s3://acme/train.jsonl", "s3://acme/valid.jsonl")


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("CONTINUED_PRE_TRAINING", "cpt"), ("DISTILLATION", "sft"),
        ("REINFORCEMENT_FINE_TUNING", "rft"), ("IMPORTED", None),
    ],
)  # fmt: skip
def test_methods_of_bedrock(tmp_path: Path, kind: str, method: str | None) -> None:
    told = training_of(put(tmp_path, "job.json", {**BEDROCK, "customizationType": kind})).method
    assert (told if isinstance(told, str) else None) == method


def test_a_base_that_an_account_made_is_named_whole(tmp_path: Path) -> None:
    job = {**BEDROCK, "baseModelArn": BEDROCK["outputModelArn"]}
    assert read(put(tmp_path, "job.json", job)).base.id == BEDROCK["outputModelArn"]


def test_tables_beside_the_job_are_its_curves(tmp_path: Path) -> None:
    put(tmp_path, "job.json", OPENAI)
    put(tmp_path, "results.csv", "\N{ZERO WIDTH NO-BREAK SPACE}" + RESULTS)
    training = training_of(tmp_path)
    curves = {curve.name: curve.points for curve in training.curves}
    assert curves["train_loss"] == ((1, 2.0), (2, 1.5), (3, 1.0))
    assert curves["valid_loss"] == ((1, 1.9), (3, 1.2))
    assert training.steps == 3
    assert [file.path for file in training.files] == ["job.json", "results.csv"]


def test_tables_lie_where_bedrock_puts_them(tmp_path: Path) -> None:
    put(tmp_path, "job.json", BEDROCK)
    put(tmp_path, "training_artifacts/step_wise_training_metrics.csv", STEPS)
    put(tmp_path, "validation_artifacts/post/validation_metrics.csv", VALIDATION)
    training = training_of(tmp_path)
    curves = {curve.name: curve.points for curve in training.curves}
    assert set(curves) == {
        "training_loss", "perplexity", "validation_loss", "validation_metrics/perplexity"
    }  # fmt: skip
    assert training.epochs == 2


@pytest.mark.parametrize(
    ("table", "note"),
    [
        ("c3RlcCx0cmFpbl9sb3Nz\n", "it has no column step or step_number"),
        ("", "it has no column step or step_number"),
        (
            "step,loss\n1," + "9" * 200_000,
            "it is no table (field larger than field limit (131072))",
        ),
        ("step" + ",a" * 300, "301 columns (200 at most)"),
    ],
)
def test_what_is_no_table_is_told(tmp_path: Path, table: str, note: str) -> None:
    csv.field_size_limit(131_072)  # Python's own: readers of examples raise it for the process
    put(tmp_path, "job.json", OPENAI)
    put(tmp_path, "results.csv", table)
    training = training_of(tmp_path)
    assert training.left_out == (f"results.csv: {note}",)
    assert training.curves == ()


def test_cells_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    put(tmp_path, "job.json", OPENAI)
    put(tmp_path, "results.csv", "step,loss\n1,nan\n2,x\n3,1.5\nx,2\n,\n")
    training = training_of(tmp_path)
    assert training.curves[0].points == ((3, 1.5),)
    assert training.left_out == (
        "results.csv: loss has cells that are no finite numbers, first at step 1",
    )


@pytest.mark.parametrize("status", ["validating_files", "queued", "running", "cancelled", None, 3])
def test_a_job_that_is_not_done_is_refused(tmp_path: Path, status: Any) -> None:
    file = put(tmp_path, "job.json", {**OPENAI, "status": status, "fine_tuned_model": None})
    found = repr(status) if isinstance(status, str) else "none"
    with pytest.raises(Refused, match=f"with status 'succeeded' in .*job.json, found {found}$"):
        read(file)


def test_why_a_job_failed_is_told(tmp_path: Path) -> None:
    error = {"code": "invalid_file", "message": "too few examples", "param": "training_file"}
    file = put(tmp_path, "job.json", {**OPENAI, "status": "failed", "error": error})
    with pytest.raises(Refused, match="found 'failed': too few examples"):
        read(file)
    job = {**BEDROCK, "status": "Failed", "failureMessage": "no access to s3://acme"}
    with pytest.raises(Refused, match=r"'Completed' in .*, found 'Failed': no access"):
        read(put(tmp_path, "other.json", job))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fine_tuned_model": None}, "expected fine_tuned_model of a finished .*, found none"),
        ({"id": 7}, "expected id of a finished .*, found int"),
        ({"model": ""}, "expected model of a finished .*, found none"),
    ],
)
def test_a_job_without_its_names_is_refused(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(Refused, match=message):
        read(put(tmp_path, "job.json", {**OPENAI, **change}))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "a file that is no JSON (Expecting value"),
        (b'{"object": "fine_tuning.job", ', "a file that is no JSON"),
        (b"[" * 100_000, "a file that is no JSON"),
        (b"\x00\xff", "a file that is no JSON"),
        ([OPENAI], "other JSON"),
        ({"object": "list", "data": [OPENAI]}, "other JSON with object 'list'"),
        (b" " * ((4 << 20) + 1), "not read, for it has 4194305 bytes (4194304 at most)"),
    ],
)
def test_a_file_that_is_no_job_is_refused(tmp_path: Path, content: Any, found: str) -> None:
    with pytest.raises(Refused, match=re.escape(found)) as caught:
        read(put(tmp_path, "job.json", content))
    assert str(caught.value).startswith("expected a folder with weights, or a fine-tuning job")
    assert "weights are named by their folder" in caught.value.hints


def test_two_jobs_in_a_folder_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "a.json", OPENAI)
    put(tmp_path, "b.json", DPO)
    with pytest.raises(Refused, match=r"expected one fine-tuning job in .*, found 2: a.json, b"):
        read(tmp_path)


def test_a_folder_without_a_job_is_none(tmp_path: Path) -> None:
    put(tmp_path, "notes.json", {"object": "list"})
    put(tmp_path, "cut.json", b"{")
    assert read_hosted(tmp_path, hash_path(tmp_path)) is None


def test_secrets_and_control_characters_are_not_kept(tmp_path: Path) -> None:
    special = {"api_key": "x", "note": "a\x1bb sk-" + "a" * 30}
    job = {**OPENAI, "method": {"type": "supervised", "supervised": special}}
    settings = training_of(put(tmp_path, "job.json", job)).hyperparameters
    assert settings["api_key"] == "***"
    assert settings["note"] == "a\N{REPLACEMENT CHARACTER}b ***"
    assert "org-123" not in json.dumps(settings)


def test_why_there_is_no_digest_does_not_name_the_base() -> None:
    one, other = (
        HostedBase(service="openai", id="gpt-4o", digest=Unknown(unknown=why)) for why in "ab"
    )
    assert base_identity(one) == base_identity(other)
    assert base_identity(one) == {"source": "hosted", "service": "openai", "id": "gpt-4o"}
