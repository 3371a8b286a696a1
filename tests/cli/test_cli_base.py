"""The base on the command line: from the cache of a hub, refused, on trust; and chains."""

from pathlib import Path

import pytest
from tests.cli.project import Project, weights

pytestmark = pytest.mark.integration

COMMIT = "c0ffee1" + "0" * 33


def cached(folder: Path) -> None:
    """Makes a cache of the hub's client with org/tiny in it."""
    home = folder / "models--org--tiny"
    snapshot = home / "snapshots" / COMMIT
    for place in (home / "blobs", home / "refs", snapshot):
        place.mkdir(parents=True)
    (home / "refs" / "main").write_text(COMMIT)
    (home / "blobs" / "weights").write_bytes(weights(500))
    (snapshot / "model.safetensors").symlink_to("../../blobs/weights")


def test_a_base_is_pinned_held_and_built_upon(project: Project, tmp_path: Path) -> None:
    cached(tmp_path / "cache")
    env = {"HF_HUB_CACHE": str(tmp_path / "cache")}
    project.adapter("sft", base_model_name_or_path="org/tiny")
    plan = project.done("register", "sft", "sft", "--method", "sft", "--dry-run", env=env)
    assert (plan["base"]["id"], plan["base"]["revision"]) == ("org/tiny", COMMIT)
    refused = project.cli(
        "--json", "register", "sft", "sft", "--base", f"org/other@{COMMIT}", env=env
    )
    assert (refused.code, refused.error["kind"]) == (1, "refused")
    assert "adapter_config.json names the base 'org/tiny'" in refused.error["message"]
    project.done("register", "sft", "sft", "--method", "sft", env=env)
    again = project.done("register", "sft", "sft", "--base", f"org/tiny@{COMMIT}")
    assert (again["version"], again["created"]) == (1, False), "no cache, and the same version"

    project.write("whole/config.json", '{"model_type": "tiny"}')
    project.write("whole/model.safetensors", weights(900))
    project.done("register", "whole", "whole", "--base", "sft/1")
    shown = project.done("show", "whole/1")
    record = shown["record"]
    assert (record["kind"], record["method"]) == ("merged", "merge")
    assert [(one["version"], one["method"]) for one in shown["chain"]] == [("sft/1", "sft")]
    assert shown["chain_broken"] is None
    text = project.cli("show", "whole/1").stdout
    assert "made of     sft/1 sft -> adapter" in text
    assert f"org/tiny@{COMMIT}" in text
    assert "the cache of the hub had it as main" in project.cli("show", "sft/1").stdout
    tree = project.cli("lineage", "whole/1").stdout
    assert "merged from: sft/1 sft adapter" in tree
    assert project.cli("verify", "whole/1").stdout.startswith("whole/1  ok  2 files, ")

    project.done("register", "odd", "sft", "--base", f"org/other@{COMMIT}", "--trust")
    assert "on trust: adapter_config.json names" in project.cli("show", "odd/1").stdout


@pytest.mark.parametrize(
    "damage", [weights(900)[:-5], (1 << 40).to_bytes(8, "little") + b"{}"], ids=["cut", "header"]
)
def test_damaged_weights_are_told_and_nothing_is_written(project: Project, damage: bytes) -> None:
    project.write("ad1/adapter_model.safetensors", damage)
    before = project.state()
    outcome = project.cli("--json", "register", "m", "ad1")
    assert (outcome.code, outcome.error["kind"]) == (4, "integrity")
    assert "Traceback" not in outcome.stderr
    assert project.state() == before
