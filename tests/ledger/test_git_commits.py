"""What a commit of the ledger looks like to people, to CI services and to git's clean-up."""

import json
from pathlib import Path

import pytest
from tests.ledger.changes import begin, make_change, write
from tests.ledger.repositories import (
    commit_file,
    git,
    git_bytes,
    git_succeeds,
    open_ledger,
    rev,
)

from ft_registry.errors import FtRegistryError

PATH = "models/dates/aliases/champion.json"


def message(repository: Path) -> str:
    return git(repository, "log", "-1", "--format=%B", "ft-registry").rstrip("\n")


def test_the_message_says_what_happened_and_why(repository: Path) -> None:
    ledger = open_ledger(repository)
    begin(ledger)
    write(ledger, PATH, b"1", subject="promote dates/1 to champion", reason="better\n\non all")
    assert message(repository) == "promote dates/1 to champion\n\n[skip ci]\n\nbetter\n\non all"


def test_every_message_tells_ci_services_to_skip_it(repository: Path) -> None:
    ledger = open_ledger(repository)
    begin(ledger)
    write(ledger, PATH, b"1")
    messages = git(repository, "log", "--format=%B%x00", "ft-registry").split("\0")[:-1]
    assert len(messages) == 2
    assert all("[skip ci]" in message for message in messages)


def test_a_reason_may_look_like_a_trailer_or_a_comment(repository: Path) -> None:
    ledger = open_ledger(repository)
    begin(ledger)
    reason = "# no comment\nSigned-off-by: nobody\n--- a\n+++ b\ngrößer 東"
    write(ledger, PATH, b"1", subject="s", reason=reason)
    assert message(repository) == f"s\n\n[skip ci]\n\n{reason}"


def test_the_tree_holds_the_state_and_nothing_a_ci_service_reads(repository: Path) -> None:
    commit_file(repository, ".github/workflows/ci.yaml", b"on: push\n")
    commit_file(repository, ".gitlab-ci.yml", b"{}\n")
    ledger = open_ledger(repository)
    begin(ledger)
    write(ledger, PATH, b"1")
    names = git(repository, "ls-tree", "-r", "--name-only", "ft-registry").split()
    assert names == ["event.json", "format.json", PATH]


def test_documents_are_plain_files(repository: Path) -> None:
    ledger = open_ledger(repository)
    begin(ledger)
    write(ledger, PATH, b"1")
    modes = {
        line.split()[0] for line in git(repository, "ls-tree", "-r", "ft-registry").splitlines()
    }
    assert modes == {"100644"}


def test_git_alone_is_enough_to_read_the_ledger(repository: Path) -> None:
    ledger = open_ledger(repository)
    begin(ledger)
    logged = write(ledger, PATH, b'{"version":1}')
    assert git_bytes(repository, "show", f"ft-registry:{PATH}") == b'{"version":1}'
    event = json.loads(git(repository, "show", "ft-registry:event.json"))
    assert event["writes"] == [{"path": PATH, "digest": logged.event.writes[0].digest}]


def test_git_finds_no_fault_with_what_was_written(repository: Path) -> None:
    ledger = open_ledger(repository)
    begin(ledger)
    ledger.append(make_change({f"models/{name}/x.json": b"" for name in ("a", "a-b", "a.b", "a0")}))
    write(ledger, "models/a/y/z.json", b"1")
    git(repository, "fsck", "--strict", "--full")


def test_a_folder_goes_with_its_last_document(repository: Path) -> None:
    ledger = open_ledger(repository)
    begin(ledger)
    ledger.append(make_change({PATH: b"1", "models/other/a.json": b"1"}))
    ledger.append(make_change({PATH: None}))
    folders = git(repository, "ls-tree", "-r", "-d", "--name-only", "ft-registry").split()
    assert folders == ["models", "models/other"]
    git(repository, "fsck", "--strict", "--full")


def test_the_history_is_linear(repository: Path) -> None:
    ledger = open_ledger(repository)
    ids = [begin(ledger).id, write(ledger, PATH, b"1").id, write(ledger, PATH, b"2").id]
    parents = git(repository, "rev-list", "--reverse", "--parents", "ft-registry").splitlines()
    assert parents == [ids[0], f"{ids[1]} {ids[0]}", f"{ids[2]} {ids[1]}"]


def test_the_branch_has_a_reflog(repository: Path) -> None:
    ledger = open_ledger(repository)
    begin(ledger)
    write(ledger, PATH, b"1")
    assert len(git(repository, "reflog", "show", "ft-registry").splitlines()) == 2


class TestPins:
    """Code that a record cites is kept."""

    @pytest.fixture
    def cited(self, repository: Path) -> str:
        """A commit on a branch of its own, cited by an event; then the branch is deleted."""
        git(repository, "switch", "--quiet", "-c", "experiment")
        commit = commit_file(repository, "train.py", b"print('experiment')\n")
        ledger = open_ledger(repository)
        begin(ledger)
        ledger.append(make_change({PATH: b"1"}, pins=(commit,)))
        git(repository, "switch", "--quiet", "main")
        git(repository, "branch", "--quiet", "-D", "experiment")
        git(repository, "reflog", "expire", "--expire=now", "--all")
        return commit

    def test_outlive_the_branch_and_gc(self, repository: Path, cited: str) -> None:
        git(repository, "gc", "--quiet", "--prune=now")
        assert git(repository, "show", f"{cited}:train.py") == "print('experiment')\n"

    def test_are_what_keeps_the_commit(self, repository: Path, cited: str) -> None:
        git(repository, "update-ref", "-d", f"refs/ft-registry/pins/{cited}")
        git(repository, "gc", "--quiet", "--prune=now")
        assert not git_succeeds(repository, "cat-file", "-e", cited)

    def test_do_not_show_as_branches_or_tags(self, repository: Path, cited: str) -> None:
        shown = git(repository, "branch", "--all", "--format=%(objectname)")
        assert cited not in shown + git(repository, "tag", "--format=%(objectname)")

    def test_may_be_set_twice(self, repository: Path, cited: str) -> None:
        ledger = open_ledger(repository)
        logged = ledger.append(make_change({PATH: b"2"}, pins=(cited,)))
        assert ledger.head() == logged.id

    def test_of_a_commit_that_is_not_here_refuse_the_event(self, repository: Path) -> None:
        ledger = open_ledger(repository)
        begun = begin(ledger).id
        with pytest.raises(FtRegistryError):
            ledger.append(make_change({PATH: b"1"}, pins=("0123456789" * 4,)))
        assert rev(repository, "ft-registry") == begun

    @pytest.mark.parametrize("pin", ["HEAD", "--help", "../../heads/main", ""])
    def test_are_commits_by_their_full_name(self, repository: Path, pin: str) -> None:
        ledger = open_ledger(repository)
        begun = begin(ledger).id
        with pytest.raises(FtRegistryError):
            ledger.append(make_change({PATH: b"1"}, pins=(pin,)))
        assert rev(repository, "ft-registry") == begun

    def test_the_ledger_itself_outlives_gc(self, repository: Path, cited: str) -> None:
        ledger = open_ledger(repository)
        ledger.read(PATH)
        git(repository, "gc", "--quiet", "--prune=now")
        git(repository, "pack-refs", "--all")
        assert ledger.read(PATH) == b"1"
        write(ledger, PATH, b"2")
        assert ledger.read(PATH) == b"2"
