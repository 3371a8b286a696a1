"""The command line works inside a git hook of another repository, where git binds every git."""

import json
import sys
from pathlib import Path

import pytest
from tests.ledger.changes import begin, write
from tests.ledger.repositories import commit_file, git, make_repository, open_ledger, write_hook

ROOT = Path(__file__).resolve().parents[2]
MAIN = "from ft_registry_cli.main import main; main()"


@pytest.fixture
def registry(repository: Path) -> Path:
    """A repository with a ledger."""
    ledger = open_ledger(repository)
    begin(ledger)
    write(ledger, "models/dates/note.json", b"1", subject="the last event")
    return repository


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another repository, whose hooks call the command line; it pushes to a third."""
    other = make_repository(tmp_path / "other")
    server = make_repository(tmp_path / "server.git", bare=True)
    git(other, "remote", "add", "origin", str(server))
    git(other, "push", "--quiet", "origin", "main")
    return other


def call(output: Path, *arguments: str) -> str:
    """Returns a shell command that calls the command line and keeps what it prints."""
    command = f"PYTHONPATH='{ROOT}/registry:{ROOT}/cli' '{sys.executable}' -c '{MAIN}'"
    return f"{command} {' '.join(arguments)} >'{output}' 2>&1"


@pytest.mark.parametrize("hook", ["pre-commit", "post-commit", "reference-transaction"])
def test_it_finds_the_registry_it_was_told(
    registry: Path, other: Path, tmp_path: Path, hook: str
) -> None:
    output = tmp_path / "output"
    script = call(output, "status", "--json", "--root", f"'{registry}'")
    write_hook(other / ".git" / "hooks", hook, script)
    commit_file(other, "file", b"1")
    assert json.loads(output.read_text())["last_event"]["subject"] == "the last event"


@pytest.mark.parametrize("options", [["-a"], ["--only", "train.py"], ["--amend"]], ids=str)
def test_it_finds_the_registry_where_git_uses_another_index(
    registry: Path, other: Path, tmp_path: Path, options: list[str]
) -> None:
    output = tmp_path / "output"
    script = call(output, "status", "--json", "--root", f"'{registry}'")
    write_hook(other / ".git" / "hooks", "pre-commit", script)
    (other / "train.py").write_text("changed\n")
    git(other, "--literal-pathspecs", "commit", "--quiet", "-m", "m", *options)
    assert json.loads(output.read_text())["root"] == str(registry)


def test_it_reads_the_history_by_path_inside_a_hook(
    registry: Path, other: Path, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    script = call(output, "log", "dates", "--json", "--root", f"'{registry}'")
    write_hook(other / ".git" / "hooks", "pre-commit", script)
    write(open_ledger(registry), "models/dates/model.json", b"{}", subject="a model")
    (other / "train.py").write_text("changed\n")
    git(other, "--literal-pathspecs", "commit", "--quiet", "-a", "-m", "m")
    assert "a model" in output.read_text()


def test_it_works_on_a_server_before_a_push_is_taken(
    registry: Path, other: Path, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    script = call(output, "status", "--json", "--root", f"'{registry}'")
    write_hook(tmp_path / "server.git" / "hooks", "pre-receive", script)
    commit_file(other, "file", b"1")
    git(other, "push", "--quiet", "origin", "main")
    assert json.loads(output.read_text())["last_event"]["subject"] == "the last event"


@pytest.mark.integration
def test_it_makes_a_registry_inside_a_hook_of_another_repository(
    repository: Path, other: Path, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    write_hook(
        other / ".git" / "hooks", "pre-commit", call(output, "init", "--root", f"'{repository}'")
    )
    (other / "train.py").write_text("changed\n")
    git(other, "commit", "--quiet", "-a", "-m", "m")
    assert open_ledger(repository).head() is not None
    assert open_ledger(other).head() is None
