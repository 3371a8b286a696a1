"""What pipelines include is what their hosts read: shapes, and nothing to inject into.

The published schemas of GitHub's and GitLab's files come with check-jsonschema: no network needed.
Argo's fills a megabyte, and Jenkins has none: what of them we rely on is looked at by hand.
"""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
ACTION = ROOT / "action.yml"
GITLAB = ROOT / "ci" / "gitlab" / "gate.yml"
ARGO = ROOT / "ci" / "argo" / "gate.yaml"
JENKINS = ROOT / "ci" / "jenkins" / "Jenkinsfile"
HOOKS = ROOT / ".pre-commit-hooks.yaml"


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path)


@pytest.mark.integration
@pytest.mark.skipif(not find_spec("check_jsonschema"), reason="needs check-jsonschema")
@pytest.mark.parametrize(
    ("path", "schema"), [(ACTION, "vendor.github-actions"), (GITLAB, "vendor.gitlab-ci")]
)
def test_a_file_follows_the_schema_of_its_host(path: Path, schema: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.integration
def test_the_hooks_are_what_pre_commit_reads(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", str(HOOKS)],
        env={**os.environ, "PRE_COMMIT_HOME": str(tmp_path)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_the_action_is_a_composite_of_steps_in_a_shell() -> None:
    action = read(ACTION)
    assert action["runs"]["using"] == "composite"
    for step in action["runs"]["steps"]:
        assert step["shell"] == "bash"
    for one in (*action["inputs"].values(), *action["outputs"].values()):
        assert one["description"].strip()
    for one in action["inputs"].values():
        assert one.get("required") is True or isinstance(one["default"], str)


def test_every_input_is_used_and_every_one_used_is_there() -> None:
    named = set(re.findall(r"inputs\.([a-z-]+)", ACTION.read_text()))
    assert named == set(read(ACTION)["inputs"])


def test_outputs_are_those_that_the_gate_writes() -> None:
    from tests.unit.formats.reports import passing

    from ft_registry.formats.verdict_github import step_outputs

    written = re.findall(
        r"^([a-z]+)<<", step_outputs(passing(), report_path="", token="0" * 32), re.MULTILINE
    )
    assert set(written) == set(read(ACTION)["outputs"])


def scripts() -> dict[str, str]:
    steps = {f"action: {step['name']}": step["run"] for step in read(ACTION)["runs"]["steps"]}
    job = read(GITLAB)[".ft-registry-gate"]
    (template,) = read(ARGO)["spec"]["templates"]
    (typed,) = re.findall(r"sh '''(.*?)'''", JENKINS.read_text(), re.DOTALL)
    return {
        **steps,
        "gitlab": "\n".join(job["script"]),
        "argo": template["script"]["source"],
        "jenkins": typed,
    }


@pytest.mark.parametrize("name", list(scripts()))
def test_nothing_is_written_into_a_script(name: str) -> None:
    script = scripts()[name]
    assert "{{" not in script
    # What comes from outside is quoted wherever it stands.
    for line in script.splitlines():
        bare = re.sub(r'"[^"]*"', "", line.strip())
        bare = re.sub(r"\$\{\w+:\+\}", "", bare)  # what stands in for it is quoted
        assert not re.search(r"\$\{?(GATE|FT_REGISTRY|GITHUB|RUNNER)", bare), line


@pytest.mark.parametrize("name", list(scripts()))
def test_a_script_is_one_that_bash_reads(name: str) -> None:
    done = subprocess.run(
        ["bash", "-n"], input=scripts()[name], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["action: Decide", "gitlab", "argo", "jenkins"])
def test_a_version_is_never_taken_for_an_option(name: str) -> None:
    assert '-- "$GATE_VERSION"' in scripts()[name]


def test_the_job_of_gitlab_is_hidden_and_reports_tests_whatever_comes_of_them() -> None:
    job = read(GITLAB)[".ft-registry-gate"]
    assert job["artifacts"]["when"] == "always"
    assert job["artifacts"]["reports"]["junit"] == "gate.xml"
    assert "--output=gate.xml" in job["script"][-1]
    # Set here, the gate would end a pipeline no more.
    assert "allow_failure" not in job


def test_the_template_of_argo_uses_parameters_that_it_has() -> None:
    document = read(ARGO)
    assert document["apiVersion"] == "argoproj.io/v1alpha1"
    assert document["kind"] == "WorkflowTemplate"
    (template,) = document["spec"]["templates"]
    has = {one["name"] for one in template["inputs"]["parameters"]}
    assert set(re.findall(r"\{\{inputs\.parameters\.([a-z-]+)\}\}", ARGO.read_text())) == has
    assert set(template["script"]) <= {"image", "command", "env", "envFrom", "source"}
    (report,) = template["outputs"]["artifacts"]
    assert "--output=report.html" in template["script"]["source"]
    assert report["path"] == "/tmp/gate/report.html"
    assert "cd /tmp/gate\n" in template["script"]["source"]


def test_the_jenkinsfile_is_whole_and_reads_what_the_gate_wrote() -> None:
    text = re.sub(r"//[^\n]*|'''.*?'''", "", JENKINS.read_text(), flags=re.DOTALL)
    assert text.count("{") == text.count("}")
    assert text.count("(") == text.count(")")
    assert "junit testResults: 'gate.xml'" in text
    assert "always {" in text
