"""The checks of facts on a registry as commands make it: real DVC, git and MLflow."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.cli.project import Project, items

from ft_registry.actions.checks.approval import check_approval
from ft_registry.actions.checks.artifact import check_artifact
from ft_registry.actions.checks.case import Case, Tools
from ft_registry.actions.checks.command import check_command
from ft_registry.actions.checks.cost import check_cost
from ft_registry.actions.checks.data import check_data
from ft_registry.actions.checks.freshness import check_freshness
from ft_registry.actions.checks.integrity import check_integrity
from ft_registry.actions.checks.lineage import check_lineage
from ft_registry.actions.item_tables import ItemTables
from ft_registry.model.policy_checks import (
    ApprovalCheck,
    ArtifactCheck,
    CommandCheck,
    CostCheck,
    DataCheck,
    FreshnessCheck,
    IntegrityCheck,
    LineageCheck,
)
from ft_registry.model.reference import VersionReference

pytestmark = pytest.mark.integration


def case_of(project: Project, number: int) -> Case:
    workspace = project.workspace()
    tools = Tools(
        tables=lambda: ItemTables(workspace.private / "items", workspace.artifacts),
        shelves=lambda: workspace.shelves,
        evidence=lambda: workspace.evidence,
        artifacts=lambda: workspace.artifacts,
        runner=lambda: workspace.runner,
        scratch=workspace.private / "gate",
        allow_commands=True,
    )
    now = datetime.now(UTC) + timedelta(minutes=1)
    return Case(workspace.ledger, VersionReference("m", number), "champion", now, tools)


def examples(start: int, stop: int) -> str:
    rows = [{"prompt": f"p{n}", "completion": f"c{n}"} for n in range(start, stop)]
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def chain(project: Project, tmp_path: Path) -> Project:
    """m/2 tuned from m/1, which saw two examples of the test set."""
    project.dvc("remote", "add", "-d", "store", str(tmp_path / "store"))
    for name, text in {
        "data/old.jsonl": examples(0, 120), "data/new.jsonl": examples(200, 300),
        "data/test.jsonl": examples(118, 128),
    }.items():  # fmt: skip
        project.write(name, text)
        project.done("data", "snapshot", name)
    project.write("ad1/README.md", "---\nlicense: apache-2.0\n---\n")
    project.write("ad2/README.md", "---\nlicense: apache-2.0\n---\n")
    scored = [{**json.loads(line), "latency": 0.5} for line in items().splitlines()]
    project.write("dates.jsonl", "".join(json.dumps(row) + "\n" for row in scored))
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", "data")
    project.done("register", "m", "ad1", "--data", "data/old.jsonl", "--method", "sft")
    project.done("register", "m", "ad2", "--data", "data/new.jsonl", "--method", "sft",
                 "--base", "m/1")  # fmt: skip
    project.done("eval", "add", "m/2", "dates.jsonl", "--suite", "dates", "--data", "test")
    return project


def test_each_says_what_is_so(chain: Project) -> None:
    case = case_of(chain, 2)

    data = check_data(DataCheck(min_examples=100, max_faults=0, max_duplicates=0), case)
    assert data.outcome == "pass", data.found
    assert check_data(DataCheck(min_examples=101), case).outcome == "fail"
    leak = check_data(DataCheck(overlap_with_evaluation=1), case)
    assert leak.outcome == "fail"
    assert "2 of 10 of test@" in leak.found
    assert "data/old.jsonl of m/1" in leak.found
    assert check_data(DataCheck(overlap_with_evaluation=2), case).outcome == "pass"

    whole = check_lineage(LineageCheck(complete=True, clean=True, base_pinned=True), case)
    assert whole.outcome == "pass", whole.found
    # A folder that is not there may be a disk that is not mounted: nobody can say what is on it.
    assert check_lineage(LineageCheck(pushed=True), case).outcome == "inconclusive"
    (chain.root.parent / "store").mkdir()
    assert check_lineage(LineageCheck(pushed=True), case_of(chain, 2)).outcome == "fail"
    chain.dvc("push")
    pushed = check_lineage(LineageCheck(pushed=True), case_of(chain, 2))
    assert pushed.outcome == "pass", pushed.found

    made = check_artifact(
        ArtifactCheck(format="safetensors", max_size=9999, licences=("apache-2.0",)), case
    )
    assert made.outcome == "pass", made.found
    verified = check_integrity(IntegrityCheck(verified=True), case)
    assert verified.outcome == "pass", verified.found
    fresh = check_freshness(FreshnessCheck(suite="dates", within_days=1, on="test"), case)
    assert fresh.outcome == "pass", fresh.found
    cost = check_cost(CostCheck(suite="dates", measure="latency", at_most=0.5), case)
    assert cost.outcome == "pass", cost.found
    ran = check_command(CommandCheck(run="test -f params.yaml && echo {ref}"), case)
    assert (ran.outcome, ran.found) == ("pass", "it ended with 0: m/2")


def test_weights_that_were_damaged_are_found(chain: Project) -> None:
    for file in (chain.root / "mlartifacts").rglob("adapter_model.safetensors"):
        file.write_bytes(b"x" * file.stat().st_size)
    answer = check_integrity(IntegrityCheck(verified=True), case_of(chain, 2))
    assert answer.outcome == "fail"
    assert "adapter_model.safetensors" in answer.found


def test_approvals_that_a_shallow_clone_cannot_judge_are_open(
    seeded: Project, tmp_path: Path
) -> None:
    bob = {"FT_REGISTRY_ACTOR": "Bob <bob@example.org>"}
    seeded.done("approve", "m/2", env=bob)
    seeded.done("promote", "m/1", "--to", "candidate")
    clone = tmp_path / "clone"
    seeded.git("clone", "--quiet", "--depth", "1", "--branch", "ft-registry",
               f"file://{seeded.root}", str(clone))  # fmt: skip
    shallow = replace(case_of(seeded, 2), ledger=Project(clone).workspace().ledger)
    answer = check_approval(ApprovalCheck(), shallow)
    assert answer.outcome == "inconclusive"
    assert "git fetch --unshallow" in answer.found
    assert shallow.uses.approvals == {}
    assert check_approval(ApprovalCheck(count=2), shallow).outcome == "fail"
    assert check_approval(ApprovalCheck(), case_of(seeded, 2)).outcome == "pass"
