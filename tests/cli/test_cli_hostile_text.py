"""Nothing that others named makes a terminal or a page obey: it is shown as a sign, or escaped."""

import json
import re
import unicodedata
from pathlib import Path

import pytest
from tests.cli.project import Project

pytestmark = pytest.mark.integration
ESCAPES = "\x1b[31mred\x1b]0;title\x07 \x9b2J \x7f"
TURNING = "\u202egnp.\u2066x\u200f"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
COMMANDS = [
    ("show", "m/1"), ("list",), ("list", "m"), ("log",), ("log", "m"), ("status",),
    ("lineage", "m/1"), ("lineage", "m/1", "--format", "mermaid"),
    ("lineage", "m/1", "--format", "dot"), ("diff", "m/1", "m/2"), ("verify", "m/1"),
    ("sync", "--dry-run"), ("advise", "m"),
]  # fmt: skip


@pytest.fixture(scope="module")
def hostile(fresh_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A registry in which git's author, trainers, configurations and MLflow say hostile things."""
    project = Project.copy(fresh_template, tmp_path_factory.mktemp("hostile") / "project")
    project.git("config", "user.name", f"Eve {TURNING}")
    bad = f"a{TURNING}{ESCAPES}"
    project.write("params.yaml", json.dumps({f"k{TURNING}": bad, "seed": 7}))
    for name, rate in (("ad3", 0.1), ("ad4", 0.2)):
        project.adapter(name, base_model_name_or_path="base")
        lines = [{"step": 1, f"loss{bad}": rate}, {"step": 2, f"loss{bad}": 0.5}]
        project.write(f"{name}/trainer_state.json", json.dumps({"log_history": lines}))
        card = f"---\ntags: [trl, sft]\ndatasets: [{json.dumps(bad)}]\n---\n- TRL: 1.0{TURNING}\n"
        project.write(f"{name}/README.md", card)
        project.done("register", "m", name, "--note", f"look {TURNING}")
    project.done("promote", "m/1", "--to", "champion", "--reason", f"why {TURNING}")
    client = project.client()
    client.set_model_version_tag("m", "1", "ftr.identity", bad)
    client.update_model_version("m", "2", description=bad)
    client.set_registered_model_alias("m", "x\n", "2")
    return project


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["", "json"])
def test_no_command_prints_it(
    hostile: Project, command: tuple[str, ...], form: tuple[str, ...]
) -> None:
    outcome = hostile.cli(*command, *form)
    assert "Traceback" not in outcome.stderr
    assert outcome.code in (0, 3, 4, 5), outcome
    assert not OBEYED.search(outcome.stdout)
    assert not OBEYED.search(outcome.stderr)
    if form:
        json.loads(outcome.stdout)


def test_a_document_has_the_same_values(hostile: Project) -> None:
    record = hostile.done("show", "m/1")["record"]
    assert record["note"] == f"look {TURNING}"


@pytest.mark.parametrize("words", [("show", f"m/{ESCAPES}"), ("show", TURNING), (ESCAPES,)])
def test_an_error_does_not_say_it_back(hostile: Project, words: tuple[str, ...]) -> None:
    outcome = hostile.cli(*(word.replace("\x00", "") for word in words))
    assert outcome.code == 2
    assert not OBEYED.search(outcome.stderr)


def test_no_page_holds_it(hostile: Project, tmp_path: Path) -> None:
    hostile.done("report", "--into", tmp_path / "site")
    # Records lie beside the pages byte for byte: those are data.
    pages = list((tmp_path / "site").rglob("*.html"))
    assert pages
    description = hostile.client().get_model_version("m", "1").description
    for text in (description, *(file.read_text() for file in pages)):
        held = OBEYED.search(text)
        assert not held, unicodedata.name(held.group(), repr(held.group()))
