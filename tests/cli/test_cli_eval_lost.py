"""Scored items that MLflow lost: told, and put back by whoever gives the same files again."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.cli.project import Project
from tests.cli.test_cli_eval import write_items

pytestmark = pytest.mark.integration


def lose(project: Project) -> Path:
    """Deletes the items of `sums` in MLflow and here; returns where they lay."""
    (file,) = project.root.rglob("ftr/evaluations/sums-*.parquet")
    file.unlink()
    shutil.rmtree(project.root / ".git" / "ft-registry" / "items", ignore_errors=True)
    return file


def few(file: Path) -> Sequence[str | Path]:
    return ("baseline", "add", "m", "--label", "few", "--base", "b", "--eval", file)


def test_items_that_are_gone_are_put_back_from_the_same_files(seeded: Project) -> None:
    own = write_items(seeded.root / "one.jsonl", range(20))
    adding = ("eval", "add", "m/1", own, "--suite", "sums")
    seeded.done(*adding)
    seeded.done("eval", "add", "m/2", write_items(seeded.root / "two.jsonl", range(9)),
                "--suite", "other")  # fmt: skip
    file = lose(seeded)
    assert file.name in seeded.cli("verify", "m/1").stdout
    compared = seeded.cli("eval", "compare", "m/1", "m/1", "--suite", "sums")
    assert compared.code == 4
    assert "eval add of the same files (one.jsonl) puts them back" in " ".join(
        (compared.stdout + compared.stderr).split()
    )
    head = seeded.head()
    planned = seeded.done(*adding, "--dry-run")
    assert (planned["created"], planned["dry_run"], file.exists()) == (False, True, False)
    told = seeded.done(*adding)
    assert (told["created"], told["put_back"]) == (False, True)
    assert told["notices"] == ["MLflow has lost its scored items: these files hold them"]
    assert seeded.head() == head
    assert seeded.done("verify", "m/1")["ok"]
    assert seeded.cli("eval", "compare", "m/1", "m/1", "--suite", "sums").code == 0
    again = seeded.done(*adding)
    assert (again["put_back"], again["notices"]) == (False, [])


def test_items_with_other_bytes_are_put_back_too(seeded: Project) -> None:
    adding = ("eval", "add", "m/1", write_items(seeded.root / "one.jsonl", range(20)),
              "--suite", "sums")  # fmt: skip
    seeded.done(*adding)
    (file,) = seeded.root.rglob("ftr/evaluations/sums-*.parquet")
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert seeded.cli(*adding).stdout.startswith("put back sums of m/1")
    assert seeded.done("verify", "m/1")["ok"]


def test_a_store_that_lost_the_whole_model_is_told(seeded: Project) -> None:
    adding = ("eval", "add", "m/1", write_items(seeded.root / "one.jsonl", range(20)))
    seeded.done(*adding)
    (seeded.root / "mlflow.db").unlink()
    shutil.rmtree(seeded.root / "mlartifacts")
    told = seeded.done(*adding)
    assert not told["created"]
    assert told["notices"][0].startswith("its scored items are gone: expected models:/m-")


def test_the_items_of_a_baseline_are_put_back_too(seeded: Project) -> None:
    own = write_items(seeded.root / "sums.jsonl", range(20))
    seeded.done(*few(own))
    lose(seeded)
    assert seeded.cli("verify", "m:few").code == 4
    told = seeded.done(*few(own))
    assert (told["created"], len(told["put_back"])) == (False, 1)
    assert seeded.done("verify", "m:few")["ok"]
    assert seeded.done(*few(own))["put_back"] == []


def test_a_baseline_that_mlflow_lost_is_told_and_stored_again(seeded: Project) -> None:
    own = write_items(seeded.root / "sums.jsonl", range(20))
    first = seeded.done(*few(own))["baseline"]
    assert seeded.done("status")["drift"] == []
    seeded.client().delete_logged_model(first["run"]["logged_model_id"])
    assert seeded.done("status")["drift"] == [
        {
            "kind": "logged_model_gone", "name": "m:few",
            "expected": f"its logged model {first['uri']}", "found": "no such logged model",
        }
    ]  # fmt: skip
    assert seeded.cli("sync").code == 5
    (step,) = seeded.done("sync", "--restore")["steps"]
    assert (step["do"], step["name"]) == ("recreate_baseline", "m:few")
    assert seeded.done("status")["drift"] == []
    assert seeded.events()[-1].startswith("relocate m:few: it is stored anew, as models:/m-")
    assert seeded.done("verify")["ok"]
    shutil.rmtree(seeded.root / ".git" / "ft-registry" / "items", ignore_errors=True)
    assert seeded.cli("eval", "compare", "m:few", "m:few").code == 0
