"""The steps of the action and the script of the GitLab job, run in a shell as their hosts run them.

A clone of one commit is given to them, and a remote with the ledger on it. What installs is
replaced: ft-registry is the one of this checkout.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from ruamel.yaml import YAML
from tests.cli.project import COMMAND, Project, environment, run_cli

ROOT = Path(__file__).resolve().parents[2]
ACTION = YAML(typ="safe").load(ROOT / "action.yml")
JOB = YAML(typ="safe").load(ROOT / "ci" / "gitlab" / "gate.yml")[".ft-registry-gate"]
HAS_GATE = subprocess.run(
    [*COMMAND, "gate", "--help"], env=environment(), capture_output=True, check=False
).returncode == 0  # fmt: skip
POLICY = """\
aliases:
  champion:
    all:
      - score: {suite: dates, metric: exact_match, at_least: 0.4}
  strict:
    all:
      - score: {suite: dates, metric: exact_match, at_least: 0.9}
"""

pytestmark = pytest.mark.integration
needs_gate = pytest.mark.skipif(not HAS_GATE, reason="needs the command gate")


@dataclass
class Host:
    """A machine on which a job runs: a shallow clone, and files that the runner reads."""

    folder: Path
    remote: str
    said: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, project: Project, folder: Path) -> "Host":
        """Publishes a project, and clones one commit of it."""
        remote = folder / "remote.git"
        git(project.root, "init", "--quiet", "--bare", str(remote))
        git(project.root, "remote", "add", "origin", str(remote))
        git(project.root, "push", "--quiet", "origin", "HEAD", "ft-registry")
        url = f"file://{remote}"
        git(folder, "clone", "--quiet", "--depth=1", url, "job")
        programs = folder / "programs"
        programs.mkdir()
        program(programs / "ft-registry", f"exec {sys.executable} -c '{COMMAND[-1]}' \"$@\"")
        # Makes an environment whose Python writes down what it should install.
        program(
            programs / "python3",
            'if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; '
            f"else printf '%s\\n' \"$*\" >> {folder}/installed; fi",
        )
        for name in ("output", "summary", "path"):
            (folder / name).touch()
        return cls(
            folder, url, environment={
                "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
                "RUNNER_TEMP": str(folder / "temp"),
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_ACTOR": "ada",
                "GITHUB_OUTPUT": str(folder / "output"),
                "GITHUB_STEP_SUMMARY": str(folder / "summary"),
                "GITHUB_PATH": str(folder / "path"),
                "FT_REGISTRY_MLFLOW_URI": f"sqlite:///{project.root}/mlflow.db",
            },
        )  # fmt: skip

    @property
    def job(self) -> Path:
        return self.folder / "job"

    def bash(self, script: str, **more: str) -> int:
        """Runs a script as GitHub's runner runs steps and GitLab's runs jobs."""
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.job, env={**environment(), **self.environment, **more}, check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
        )  # fmt: skip
        self.said += done.stdout
        return done.returncode

    def act(self, *names: str, **inputs: str) -> int:
        """Runs steps of the action until one of them fails."""
        given = {name: one.get("default") for name, one in ACTION["inputs"].items()} | {
            name.replace("_", "-"): value for name, value in inputs.items()
        }
        for step in ACTION["runs"]["steps"]:
            if names and step["name"] not in names:
                continue
            made = {name: filled(value, given) for name, value in step["env"].items()}
            if code := self.bash(step["run"], **made):
                return code
        return 0

    def outputs(self) -> dict[str, str]:
        text = (self.folder / "output").read_text()
        found = re.findall(r"^([a-z]+)<<(\S+)\n(.*?)\n?^\2$", text, re.MULTILINE | re.DOTALL)
        return {name: value for name, _, value in found}


def filled(text: str, inputs: dict[str, str | None]) -> str:
    """Returns a value of a step with its expressions filled in."""

    def value(expression: re.Match[str]) -> str:
        found = inputs[expression[1]]
        assert found is not None, f"the input {expression[1]} is required"
        return found

    return re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", value, text)


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def program(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.fixture
def host(seeded: Project, tmp_path: Path) -> Host:
    """A host on which m/1 scores 0.5, m/2 was not measured, and no policy is in force."""
    return Host.of(seeded, tmp_path)


@pytest.fixture
def ruled(seeded: Project, tmp_path: Path) -> Host:
    """The same, with a policy in force."""
    (seeded.root / "policy.yaml").write_text(POLICY)
    done = run_cli("policy", "apply", "policy.yaml", "--reason", "the first", cwd=seeded.root)
    assert done.code == 0, done.stderr
    return Host.of(seeded, tmp_path)


def test_what_the_action_installs_is_its_own_checkout(host: Host) -> None:
    assert host.act("Install ft-registry", version="m/1", alias="champion") == 0, host.said
    installed = (host.folder / "installed").read_text()
    assert installed.split() == [
        "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--constraint", f"{ROOT}/requirements.lock", str(ROOT),
    ]  # fmt: skip
    (added,) = (host.folder / "path").read_text().splitlines()
    assert Path(added, "python").exists()


def test_one_commit_of_the_ledger_is_fetched_and_enough_to_read(host: Host) -> None:
    assert host.act("Fetch the ledger", version="m/1", alias="champion") == 0, host.said
    assert git(host.job, "rev-list", "--count", "origin/ft-registry").strip() == "1"
    setting = {"FT_REGISTRY_LEDGER_REMOTE": "origin"}
    shown = run_cli("--json", "show", "m@champion", cwd=host.job, env=setting)
    assert shown.document["record"]["version"] == 2
    # History is not: it says so, and how to get it.
    past = run_cli("log", "m@champion", cwd=host.job, env=setting)
    assert past.code == 1
    assert "git fetch --unshallow origin ft-registry" in past.stderr


def test_a_clone_that_has_the_ledger_keeps_its_history(host: Host) -> None:
    git(host.job, "fetch", "--quiet", "origin", "+ft-registry:refs/remotes/origin/ft-registry")
    before = git(host.job, "rev-list", "--count", "origin/ft-registry")
    assert host.act("Fetch the ledger", version="m/1", alias="champion") == 0, host.said
    assert git(host.job, "rev-list", "--count", "origin/ft-registry") == before
    assert int(before) > 1


def test_the_whole_ledger_is_fetched_where_it_is_wanted(host: Host) -> None:
    inputs = {"version": "m/1", "alias": "champion", "ledger_depth": ""}
    assert host.act("Fetch the ledger", **inputs) == 0, host.said
    fetched = git(host.job, "rev-list", "--count", "origin/ft-registry")
    assert fetched == git(host.folder / "remote.git", "rev-list", "--count", "ft-registry")
    setting = {"FT_REGISTRY_LEDGER_REMOTE": "origin"}
    assert run_cli("log", "m@champion", cwd=host.job, env=setting).code == 0


def test_a_remote_without_a_ledger_ends_the_job(host: Host) -> None:
    git(host.folder / "remote.git", "update-ref", "-d", "refs/heads/ft-registry")
    assert host.act("Fetch the ledger", version="m/1", alias="champion") != 0
    assert "refs/heads/ft-registry" in host.said


@needs_gate
@pytest.mark.parametrize(
    ("alias", "outcome", "code"), [("champion", "pass", 0), ("strict", "fail", 3)]
)
def test_the_action_decides(ruled: Host, alias: str, outcome: str, code: int) -> None:
    assert ruled.act(version="m/1", alias=alias) == code, ruled.said
    assert ruled.outputs() == {
        "outcome": outcome, "passes": str(code == 0).lower(), "version": "m/1", "alias": alias,
        "report": "",
    }  # fmt: skip
    assert f"::{'notice' if code == 0 else 'error'} title=Gate of @{alias}%3A " in ruled.said
    assert (ruled.folder / "summary").read_text().startswith(f"### {outcome.upper()}: ")
    assert git(ruled.job, "rev-list", "--count", "origin/ft-registry").strip() == "1"


@needs_gate
def test_a_report_is_written_where_it_is_wanted(ruled: Host) -> None:
    ruled.act(version="m/1", alias="champion", report="out gate.html")
    assert (ruled.job / "out gate.html").stat().st_size > 0
    assert ruled.outputs()["report"] == "out gate.html"


@needs_gate
@pytest.mark.parametrize("name", ["--help", "$(touch hit)", "m/1; touch hit", '"; touch hit; "'])
def test_what_is_no_version_is_refused_and_never_run(ruled: Host, name: str) -> None:
    assert ruled.act(version=name, alias="champion") == 2, ruled.said
    assert not (ruled.job / "hit").exists()


@needs_gate
@pytest.mark.parametrize(
    ("alias", "tag", "code"), [("champion", None, 0), ("strict", "failure", 3)]
)
def test_the_job_of_gitlab_decides(ruled: Host, alias: str, tag: str | None, code: int) -> None:
    variables = {
        **JOB["variables"], "GATE_VERSION": "m/1", "GATE_ALIAS": alias,
        "FT_REGISTRY_ACTOR": "Ada <ada@example.org>",
    }  # fmt: skip
    assert ruled.bash("\n".join(JOB["script"]), **variables) == code, ruled.said
    (case,) = ET.parse(ruled.job / JOB["artifacts"]["reports"]["junit"]).iter("testcase")
    assert (case.find("failure") is not None) == (tag == "failure")
