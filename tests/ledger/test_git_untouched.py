"""The ledger never touches what is the user's: work tree, index, HEAD, branches, hooks."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.ledger.changes import begin, make_change, write
from tests.ledger.repositories import (
    clone,
    commit_file,
    git,
    make_repository,
    open_ledger,
    refs,
    rev,
    work_state,
    write_hook,
)

from ft_registry.ports.ledger import RequirementFailed

PATH = "models/dates/aliases/champion.json"


@pytest.fixture
def busy(repository: Path) -> Path:
    """A work tree in the middle of work: every kind of change at once."""
    for name in ("modified", "staged", "deleted", "renamed", "both"):
        commit_file(repository, f"{name}.txt", f"{name}\n".encode())
    (repository / "modified.txt").write_text("changed\n")
    (repository / "staged.txt").write_text("changed\n")
    (repository / "both.txt").write_text("changed\n")
    git(repository, "add", "staged.txt", "both.txt")
    (repository / "both.txt").write_text("changed again\n")
    (repository / "deleted.txt").unlink()
    git(repository, "mv", "renamed.txt", "moved.txt")
    (repository / "untracked.txt").write_text("new\n")
    (repository / "event.json").write_text("the user's own\n")
    return repository


def test_appending_leaves_work_tree_index_and_head_as_they_are(busy: Path) -> None:
    before = work_state(busy)
    ledger = open_ledger(busy)
    begin(ledger)
    write(ledger, PATH, b"1")
    assert work_state(busy) == before


def test_reading_leaves_work_tree_index_and_head_as_they_are(busy: Path) -> None:
    begin(open_ledger(busy))
    before = work_state(busy)
    ledger = open_ledger(busy)
    list(ledger.events(PATH))
    ledger.paths("models")
    dict(ledger.changes("models", since=None, until=ledger.head()))
    assert work_state(busy) == before


def test_a_refused_append_leaves_no_ref_behind(busy: Path) -> None:
    ledger = open_ledger(busy)
    begin(ledger)
    before = git(busy, "for-each-ref")
    with pytest.raises(RequirementFailed):
        ledger.append(make_change({}, requires={PATH: b"1"}, pins=(rev(busy, "HEAD"),)))
    assert git(busy, "for-each-ref") == before


def test_a_merge_in_progress_stays_in_progress(repository: Path) -> None:
    git(repository, "switch", "--quiet", "-c", "other")
    commit_file(repository, "train.py", b"theirs\n")
    git(repository, "switch", "--quiet", "main")
    commit_file(repository, "train.py", b"ours\n")
    with pytest.raises(AssertionError, match="merge"):
        git(repository, "merge", "other")
    assert (repository / ".git" / "MERGE_HEAD").exists()
    before = work_state(repository)
    begin(open_ledger(repository))
    assert work_state(repository) == before


def test_a_locked_index_does_not_matter(repository: Path) -> None:
    (repository / ".git" / "index.lock").touch()
    ledger = open_ledger(repository)
    begin(ledger)
    assert write(ledger, PATH, b"1").id == ledger.head()


def test_the_only_refs_written_are_the_branch_and_the_pins(repository: Path) -> None:
    before, commit = set(refs(repository)), rev(repository, "HEAD")
    ledger = open_ledger(repository)
    begin(ledger)
    ledger.append(make_change({PATH: b"1"}, pins=(commit,)))
    assert set(refs(repository)) - before == {
        "refs/heads/ft-registry",
        f"refs/ft-registry/pins/{commit}",
    }


def test_the_branch_may_be_checked_out_and_keeps_its_files(repository: Path) -> None:
    ledger = open_ledger(repository)
    begin(ledger)
    git(repository, "switch", "--quiet", "ft-registry")
    before = (repository / "event.json").read_bytes()
    write(ledger, PATH, b"1")
    assert (repository / "event.json").read_bytes() == before


HOOKS = (
    "reference-transaction", "pre-push", "commit-msg", "pre-commit", "prepare-commit-msg",
    "post-commit", "post-checkout", "post-rewrite", "pre-auto-gc", "fsmonitor-watchman",
)  # fmt: skip


def make_hooks(folder: Path, *, ran: Path) -> None:
    """Fills a folder with every hook; each notes that it ran, and refuses."""
    for name in HOOKS:
        write_hook(folder, name, f"echo {name} >> '{ran}'; exit 1")


@pytest.fixture(params=["in .git/hooks", "by core.hooksPath"])
def hooked(request: pytest.FixtureRequest, repository: Path, tmp_path: Path) -> Path:
    """A repository whose every hook notes that it ran, and refuses."""
    folder = repository / ".git" / "hooks"
    if request.param == "by core.hooksPath":
        folder = tmp_path / "hooks"
        git(repository, "config", "core.hooksPath", str(folder))
    make_hooks(folder, ran=tmp_path / "hooks-ran")
    return repository


def test_the_hooks_of_a_repository_do_not_run(hooked: Path, tmp_path: Path) -> None:
    ledger = open_ledger(hooked)
    begin(ledger)
    logged = write(ledger, PATH, b"1")
    assert ledger.head() == logged.id
    assert not (tmp_path / "hooks-ran").exists()


def test_the_hooks_of_a_user_do_not_run(
    repository: Path, tmp_path: Path, git_config: Callable[[str], None]
) -> None:
    make_hooks(tmp_path / "hooks", ran=tmp_path / "hooks-ran")
    git_config(f"[core]\n\thooksPath = {tmp_path}/hooks\n")
    begin(open_ledger(repository))
    assert not (tmp_path / "hooks-ran").exists()


def test_the_hooks_of_the_pusher_do_not_run(hooked: Path, tmp_path: Path) -> None:
    server = make_repository(tmp_path / "server.git", bare=True)
    git(hooked, "remote", "add", "team", str(server))
    ledger = open_ledger(hooked, remote="team")
    begin(ledger)
    ledger.refresh()
    assert rev(server, "ft-registry") == ledger.head()
    assert not (tmp_path / "hooks-ran").exists()


def test_a_file_system_monitor_is_not_started(repository: Path, tmp_path: Path) -> None:
    monitor = write_hook(tmp_path, "monitor", f"touch '{tmp_path}/monitor-ran'; exit 1")
    git(repository, "config", "core.fsmonitor", str(monitor))
    begin(open_ledger(repository))
    assert not (tmp_path / "monitor-ran").exists()


def test_a_remote_that_is_a_program_is_not_run(repository: Path, tmp_path: Path) -> None:
    git(repository, "remote", "add", "team", f"ext::sh -c touch% {tmp_path}/program-ran")
    with pytest.raises(Exception, match="transport 'ext' not allowed"):
        begin(open_ledger(repository, remote="team"))
    assert not (tmp_path / "program-ran").exists()


def test_a_clone_for_a_reader_needs_no_branch_of_the_ledger(
    repository: Path, tmp_path: Path
) -> None:
    begin(open_ledger(repository))
    fresh = clone(repository, tmp_path / "fresh")
    before = work_state(fresh)
    open_ledger(fresh).refresh()
    assert work_state(fresh) == before
