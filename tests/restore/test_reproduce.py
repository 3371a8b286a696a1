"""A version is made again, and what came out is judged: bits first, then scores."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import Outcome, Project
from tests.restore.conftest import register

pytestmark = pytest.mark.integration


def reproduce(project: Project, into: Path, *options: str, **env: str) -> Outcome:
    return project.cli("--json", "reproduce", "m/1", "--into", into, *options, env=env)


def steps(outcome: Outcome) -> dict[str, dict[str, Any]]:
    return {step["name"]: step for step in outcome.document["steps"]}


def test_a_steady_training_gives_the_same_weights(restorable: Project, tmp_path: Path) -> None:
    outcome = reproduce(restorable, tmp_path / "again")
    assert (outcome.code, outcome.document["level"]) == (0, "R4"), outcome.stderr
    assert "$ python train.py" in outcome.stderr
    assert "score.py" not in outcome.stderr  # equal weights have equal scores
    found = steps(outcome)
    assert found["weights"]["state"] == found["stage train"]["state"] == "ok"
    assert (tmp_path / "again/code/ran").exists()
    assert not (restorable.root / "ran").exists()
    event = restorable.done("log", "m")["events"][0]
    assert (event["type"], event["version"]) == ("reproduce", 1)
    assert restorable.done("show", "m/1")["proof"]["level"] == "R4"


def test_a_restored_folder_is_taken_up_again_and_again(restorable: Project, tmp_path: Path) -> None:
    into = tmp_path / "back"
    restorable.done("restore", "m/1", "--into", into)
    for _ in range(2):
        (into / "code/ran").unlink(missing_ok=True)
        assert reproduce(restorable, into).document["level"] == "R4"
        assert (into / "code/ran").exists()
    (into / "code/train.py").write_text("print('other')\n")
    outcome = reproduce(restorable, into)
    assert outcome.code == 4
    assert "code/train.py" in outcome.error["message"]


def test_other_weights_with_scores_as_good_are_level_three(
    trained: Project, tmp_path: Path
) -> None:
    register(trained, mood="restless")
    outcome = reproduce(trained, tmp_path / "again")
    assert (outcome.code, outcome.document["level"]) == (0, "R3")
    found = steps(outcome)
    assert found["weights"] == {
        "name": "weights", "state": "differs", "detail": "adapter_model.safetensors",
    }  # fmt: skip
    assert found["scores dates.exact_match"]["detail"].startswith("0.7500; expected 0.53")


def test_worse_scores_are_told_with_the_interval_and_on_record(
    trained: Project, tmp_path: Path
) -> None:
    register(trained, mood="worse")
    outcome = trained.cli("reproduce", "m/1", "--into", tmp_path / "again")
    assert outcome.code == 4
    (line,) = [x for x in outcome.stdout.splitlines() if "scores dates.exact_match  " in x]
    assert "differs" in line
    assert "level R2: data, config and code restored" in outcome.stdout
    event = trained.done("log", "m")["events"][0]
    assert event["subject"].startswith("reproduce m/1: not reproduced: other weights: ")
    assert "scores dates.exact_match: 0." in event["subject"]


def test_files_beside_equal_weights_may_differ_and_are_named(
    trained: Project, tmp_path: Path
) -> None:
    register(trained, mood="beside")
    outcome = reproduce(trained, tmp_path / "again")
    assert outcome.document["level"] == "R4"
    assert "adapter_config.json" in steps(outcome)["weights"]["detail"]


def test_a_command_that_fails_or_hangs_is_told(trained: Project, tmp_path: Path) -> None:
    register(trained, mood="failing")
    outcome = reproduce(trained, tmp_path / "again")
    assert (outcome.code, outcome.document["level"]) == (4, "R2")
    detail = steps(outcome)["stage train"]["detail"]
    assert detail == "python train.py: ended with status 3"
    assert outcome.document["shortfall"] == f"not reproduced: stage train: {detail}"
    assert trained.events()[-1].endswith(outcome.document["shortfall"])
    hung = Project.copy(trained.root, tmp_path / "other")
    slow = hung.root / "params.yaml"
    slow.write_text("mood: slow\nseed: 8\n")
    reference = hung.register("m", "build/adapter", base="build/base").filed.record.reference
    started = time.monotonic()
    outcome = hung.cli(
        "--json", "reproduce", reference, "--into", tmp_path / "hung", "--time-limit", "2"
    )
    assert outcome.code == 4
    assert time.monotonic() - started < 40
    assert steps(outcome)["stage train"]["detail"].endswith("stopped: not done within 2 s")
    time.sleep(6)
    assert not (tmp_path / "hung/code/late").exists()  # what it had started is gone with it


def test_a_foreign_commit_runs_only_when_a_person_says_so(trained: Project, tmp_path: Path) -> None:
    trained.git("switch", "--quiet", "--detach")
    trained.write("elsewhere.txt", "x")
    foreign = trained.commit("elsewhere.txt")
    register(trained)
    trained.git("switch", "--quiet", "main", "--force")
    before = trained.head()
    outcome = reproduce(trained, tmp_path / "again")
    assert outcome.code == 3
    assert foreign in outcome.error["message"]
    assert "it would run: python train.py" in outcome.error["hints"]
    assert not (tmp_path / "again").exists()
    assert trained.head() == before
    plan = reproduce(trained, tmp_path / "again", "--dry-run").document
    assert plan["commands"] == ["python train.py"]
    assert len(plan["foreign"]) == 1
    outcome = reproduce(trained, tmp_path / "again", "--allow-commands")
    assert outcome.document["level"] == "R4"


def test_a_record_of_another_repository_is_foreign(restorable: Project, tmp_path: Path) -> None:
    assert reproduce(restorable, tmp_path / "a", "--dry-run").document["foreign"] == []
    register_from = "https://github.com/somebody/else"
    restorable.git("remote", "add", "origin", register_from)
    (restorable.root / "params.yaml").write_text("mood: steady\nseed: 9\n")
    restorable.register("m", "build/adapter", base="build/base")
    restorable.git("remote", "set-url", "origin", "git@github.com:Team/repo.git")
    plan = restorable.done("reproduce", "m/2", "--into", tmp_path / "a", "--dry-run")
    assert plan["foreign"] == [
        f"it was made in {register_from}, this repository's origin is git@github.com:Team/repo.git"
    ]


def test_secrets_of_the_environment_are_not_seen(restorable: Project, tmp_path: Path) -> None:
    names = (
        "AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "MLFLOW_TRACKING_TOKEN", "GIT_ASKPASS",
        "PIP_INDEX_URL", "FT_REGISTRY_ACTOR", "MY_SETTING", "WANTED",
    )  # fmt: skip
    secrets = dict.fromkeys(names, "canary <c@example.org>")
    outcome = reproduce(
        restorable, tmp_path / "again", "--pass-env", "WANTED", PYTHONHASHSEED="7", **secrets
    )
    assert outcome.document["level"] == "R4"
    seen = json.loads((tmp_path / "again/code/environment.json").read_text())
    assert {name for name, value in seen.items() if "canary" in value} == {"WANTED"}
    assert not {"PYTHONHASHSEED", "PYTHONPATH"} & set(seen)
    assert seen["HOME"] == str(tmp_path / "again/home")
    assert "canary" not in outcome.stdout + outcome.stderr


def test_without_a_stage_on_record_there_is_nothing_to_run(seeded: Project, tmp_path: Path) -> None:
    outcome = seeded.cli("reproduce", "m/1", "--into", tmp_path / "again")
    assert outcome.code == 1
    assert "pipeline stage" in outcome.stderr
    assert "hint: ft-registry restore m/1 --into DIR" in outcome.stderr
    assert not (tmp_path / "again").exists()


def test_what_is_not_all_there_is_not_run(restorable: Project, tmp_path: Path) -> None:
    shutil.rmtree(restorable.root / ".dvc/cache")
    (tmp_path / "empty").mkdir()
    restorable.dvc("remote", "modify", "store", "url", str(tmp_path / "empty"))
    outcome = reproduce(restorable, tmp_path / "again")
    assert (outcome.code, outcome.document["level"]) == (4, "R1")
    assert steps(outcome)["stage train"]["state"] == "unknown"
    assert not (tmp_path / "again/code/ran").exists()


def test_other_packages_than_recorded_bring_a_fresh_python(
    restorable: Project, tmp_path: Path
) -> None:
    """No index here has the record's gigabyte: that is told. The runner's own tests install."""
    env = {"PIP_NO_INDEX": "1", "HOME": str(tmp_path)}  # pip asks rustc, which writes to HOME
    outcome = reproduce(restorable, tmp_path / "new", "--environment", "recorded", **env)
    assert outcome.code == 6
    error = json.loads(outcome.stderr.splitlines()[-1])["error"]  # pip has spoken before
    assert "recorded packages to install" in error["message"]
    assert (tmp_path / "new/restored.json").exists()
    outcome = reproduce(restorable, tmp_path / "new", "--environment", "here", **env)
    assert outcome.document["level"] == "R4"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_ends_us_ends_the_command_too(trained: Project, tmp_path: Path, number: int) -> None:
    register(trained, mood="slow")
    process = trained.start("reproduce", "m/1", "--into", str(tmp_path / "again"))
    ran = tmp_path / "again/code/ran"
    deadline = time.monotonic() + 60
    while not ran.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    time.sleep(6)
    assert not (tmp_path / "again/code/late").exists()


def test_a_folder_inside_another_repository_is_no_part_of_it(
    restorable: Project, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    subprocess.run(["git", "init", "--quiet", str(other)], check=True)
    outcome = reproduce(restorable, other / "again")
    assert outcome.document["level"] == "R4"
    seen = json.loads((other / "again/code/environment.json").read_text())
    found = subprocess.run(
        ["git", "rev-parse", "--show-toplevel"], cwd=other / "again/code", env=seen,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode != 0
    assert seen["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
