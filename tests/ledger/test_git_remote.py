"""A team shares one ledger through a git remote; a push is its compare-and-set."""

from pathlib import Path

import pytest
from tests.ledger.changes import make_change, subjects, write
from tests.ledger.remotes import Team, interrupt, outside
from tests.ledger.repositories import (
    clone,
    commit_file,
    git,
    git_succeeds,
    make_repository,
    open_ledger,
    refs,
    rev,
)

from ft_registry.backends.git.refs import remembered_remote
from ft_registry.errors import Conflict, InvalidInput, NotARegistry
from ft_registry.model.layout import FORMAT
from ft_registry.ports.ledger import HistoryLost, RequirementFailed

PATH = "models/dates/aliases/champion.json"


def push(repository: Path) -> str:
    """Returns the command by which a clone shares what it has."""
    return outside("git", "-C", str(repository), "push", "--quiet", "origin", "ft-registry")


def test_what_is_acknowledged_is_on_the_server(team: Team) -> None:
    logged = write(team.ledger(team.one), PATH, b"1")
    assert team.shared.head() == logged.id


def test_what_is_acknowledged_can_be_read_in_its_clone(team: Team) -> None:
    ledger = team.ledger(team.one)
    write(ledger, PATH, b"1")
    assert ledger.read(PATH) == b"1"


def test_the_other_clone_sees_it_after_a_refresh(team: Team) -> None:
    write(team.ledger(team.one), PATH, b"1")
    two = team.ledger(team.two)
    assert two.read(PATH) is None
    two.refresh()
    assert two.read(PATH) == b"1"


def test_appends_of_two_clones_make_one_line(team: Team) -> None:
    for number, repository in enumerate([team.one, team.two, team.one, team.two]):
        write(team.ledger(repository), f"models/{number}.json", b"", subject=str(number))
    assert subjects(team.shared) == ["0", "1", "2", "3"]


def test_who_loses_a_race_tries_again_and_both_are_in(team: Team) -> None:
    write(team.ledger(team.two, offline=True), "models/two.json", b"", subject="two")
    interrupt(team.one, push(team.two))
    logged = write(team.ledger(team.one), "models/one.json", b"", subject="one")
    assert subjects(team.shared) == ["two", "one"]
    assert team.shared.head() == logged.id


def test_who_loses_a_race_for_one_document_is_told(team: Team) -> None:
    theirs = make_change({PATH: b"two"}, requires={PATH: None}, subject="two")
    team.ledger(team.two, offline=True).append(theirs)
    interrupt(team.one, push(team.two))
    with pytest.raises(RequirementFailed):
        team.ledger(team.one).append(make_change({PATH: b"one"}, requires={PATH: None}))
    assert subjects(team.shared) == ["two"]
    assert team.ledger(team.one).read(PATH) == b"two"


def test_equal_events_of_two_clones_at_once_are_two_events(team: Team) -> None:
    same = {"subject": "the same", "documents": {PATH: b"1"}}
    team.ledger(team.two, offline=True).append(make_change(**same, nonce="two"))
    interrupt(team.one, push(team.two))
    team.ledger(team.one).append(make_change(**same, nonce="one"))
    assert [logged.event.nonce for logged in team.shared.events()][1:] == ["two", "one"]


def test_a_requirement_is_checked_against_the_newest_state_of_the_team(team: Team) -> None:
    write(team.ledger(team.two), PATH, b"two")
    with pytest.raises(RequirementFailed):
        team.ledger(team.one).append(make_change({PATH: b"one"}, requires={PATH: None}))


def test_the_first_append_in_a_fresh_clone_continues_the_history(
    team: Team, tmp_path: Path
) -> None:
    fresh = clone(team.server, tmp_path / "fresh")
    write(open_ledger(fresh, remote="origin"), PATH, b"1", subject="from a fresh clone")
    assert subjects(team.shared) == ["from a fresh clone"]


def test_a_clone_that_never_wrote_follows_the_remote(team: Team, tmp_path: Path) -> None:
    fresh = clone(team.server, tmp_path / "fresh")
    ledger = open_ledger(fresh, remote="origin")
    write(team.ledger(team.one), PATH, b"1")
    ledger.refresh()
    assert ledger.read(PATH) == b"1"


def test_two_clones_that_begin_at_once_begin_one_ledger(team: Team) -> None:
    for repository in (team.server, team.one, team.two):
        for kind in ("refs/heads/ft-registry", "refs/remotes", "refs/ft-registry"):
            for ref in refs(repository, kind):
                git(repository, "update-ref", "-d", ref)
    first = make_change({FORMAT: b'{"format":1}'}, requires={FORMAT: None}, subject="two")
    team.ledger(team.two, offline=True).append(first)
    interrupt(team.one, push(team.two))
    with pytest.raises(RequirementFailed):
        team.ledger(team.one).append(make_change(first.documents, requires={FORMAT: None}))
    assert subjects(team.shared) == subjects(team.ledger(team.one)) == ["two"]


def test_nothing_is_appended_when_the_branch_was_deleted_on_the_server(team: Team) -> None:
    write(team.ledger(team.one), "models/1.json", b"", subject="before")
    git(team.server, "update-ref", "-d", "refs/heads/ft-registry")
    with pytest.raises(HistoryLost):
        write(team.ledger(team.one), "models/2.json", b"", subject="after")
    assert subjects(team.ledger(team.one, offline=True)) == ["before"]


class TestTheRememberedRemote:
    """What a check-out without the setting goes by."""

    def test_is_the_one_that_was_seen(self, team: Team) -> None:
        git(team.one, "remote", "add", "fork", str(team.server))
        git(team.one, "fetch", "--quiet", "fork")
        assert remembered_remote(open_ledger(team.one)._door) == "origin"

    def test_is_the_one_that_a_fresh_clone_got_a_ledger_from(
        self, team: Team, tmp_path: Path
    ) -> None:
        git(team.server, "branch", "topic/ft-registry", "main")
        fresh = clone(team.server, tmp_path / "fresh")
        assert remembered_remote(open_ledger(fresh)._door) == "origin"
        git(fresh, "remote", "add", "fork", str(team.server))
        git(fresh, "fetch", "--quiet", "fork")
        with pytest.raises(InvalidInput, match="found fork, origin"):
            remembered_remote(open_ledger(fresh)._door)

    def test_is_none_where_none_has_a_ledger(self, team: Team, repository: Path) -> None:
        assert remembered_remote(open_ledger(repository)._door) == ""
        git(team.server, "branch", "-m", "ft-registry", "topic/ft-registry")
        fresh = clone(team.server, repository.parent / "fresh")
        assert remembered_remote(open_ledger(fresh)._door) == ""

    def test_is_not_forgotten_with_the_remote(self, team: Team) -> None:
        git(team.one, "remote", "remove", "origin")
        ledger = open_ledger(team.one, remote=remembered_remote(open_ledger(team.one)._door))
        with pytest.raises(InvalidInput, match="'origin'"):
            write(ledger, PATH, b"1")


def test_only_the_ledger_is_pushed(team: Team, tmp_path: Path) -> None:
    before = set(refs(team.server))
    ledger = team.ledger(team.one)
    git(team.one, "switch", "--quiet", "-c", "secret")
    commit = commit_file(team.one, "secret.py", b"")
    git(team.one, "tag", "-a", "-m", "tagged", "v1")
    git(team.one, "tag", "-a", "-m", "tagged", "ledger-tag", ledger.head() or "")
    git(team.one, "config", "push.followTags", "true")
    write(ledger, PATH, b"1")
    assert set(refs(team.server)) == before
    assert not git_succeeds(team.server, "cat-file", "-e", commit)


def test_a_commit_that_an_event_cites_goes_along(team: Team) -> None:
    commit = commit_file(team.one, "train.py", b"print('unpushed')\n")
    team.ledger(team.one).append(make_change({PATH: b"1"}, pins=(commit,)))
    git(team.server, "gc", "--quiet", "--prune=now")
    assert git(team.server, "show", f"{commit}:train.py") == "print('unpushed')\n"


def test_two_clones_may_cite_one_commit(team: Team) -> None:
    commit = rev(team.one, "main")
    for repository in (team.one, team.two):
        change = make_change({PATH: repository.name.encode()}, pins=(commit,))
        team.ledger(repository).append(change)
    assert refs(team.server, "refs/ft-registry") == [f"refs/ft-registry/pins/{commit}"]


def test_a_fetch_brings_no_tags_and_no_branches(team: Team) -> None:
    commit_file(team.one, "file", b"1")
    git(team.one, "tag", "v1", "ft-registry")
    git(team.one, "push", "--quiet", "origin", "main", "v1", "main:other")
    git(team.two, "config", "remote.origin.tagOpt", "--tags")
    before = git(team.two, "for-each-ref")
    team.ledger(team.two).refresh()
    assert git(team.two, "for-each-ref") == before


def test_a_fetch_leaves_the_users_fetch_head_alone(team: Team) -> None:
    git(team.two, "fetch", "--quiet", "origin", "main")
    before = (team.two / ".git" / "FETCH_HEAD").read_bytes()
    write(team.ledger(team.one), PATH, b"1")
    team.ledger(team.two).refresh()
    assert (team.two / ".git" / "FETCH_HEAD").read_bytes() == before


def test_a_fetch_stays_out_of_submodules(team: Team, tmp_path: Path) -> None:
    inner = make_repository(tmp_path / "inner")
    git(team.one, "submodule", "--quiet", "add", f"file://{inner}", "inner")
    git(team.one / "inner", "config", "remote.origin.url", "file:///no/such/repository")
    git(team.one, "config", "fetch.recurseSubmodules", "true")
    git(team.one, "config", "push.recurseSubmodules", "check")
    git(team.one, "config", "submodule.recurse", "true")
    write(team.ledger(team.one), PATH, b"1")
    assert team.shared.read(PATH) == b"1"


@pytest.mark.parametrize("name", ["team", "team/ledger", "größer"])
def test_the_remote_may_be_called_anything(team: Team, name: str) -> None:
    git(team.one, "remote", "rename", "origin", name)
    write(open_ledger(team.one, remote=name), PATH, b"1")
    assert team.shared.read(PATH) == b"1"


@pytest.mark.parametrize("name", ["nobody", "--upload-pack=touch", "file:///somewhere"])
def test_a_remote_that_git_does_not_know_is_refused(team: Team, name: str) -> None:
    with pytest.raises(InvalidInput):
        open_ledger(team.one, remote=name).refresh()


def test_the_view_counts_events_on_either_side(team: Team) -> None:
    write(team.ledger(team.two), "models/two.json", b"")
    write(team.ledger(team.one, offline=True), "models/one.json", b"")
    write(team.ledger(team.one, offline=True), "models/uno.json", b"")
    git(team.one, "fetch", "--quiet")
    view = team.ledger(team.one).remote_view()
    assert view is not None
    assert (view.remote, view.ahead, view.behind) == ("origin", 2, 1)


def test_the_view_knows_when_the_remote_was_asked(team: Team, tmp_path: Path) -> None:
    ledger = open_ledger(clone(team.server, tmp_path / "fresh"), remote="origin")
    never = ledger.remote_view()
    ledger.refresh()
    then = ledger.remote_view()
    assert never is not None
    assert then is not None
    assert never.fetched_at is None
    assert then.fetched_at is not None


def test_a_ledger_taken_over_by_a_later_format_is_not_appended_to(team: Team) -> None:
    ledger = team.ledger(team.one)
    ledger.head()
    git(team.two, "switch", "--quiet", "ft-registry")
    commit_file(team.two, "format.json", b'{"format":2}')
    git(team.two, "push", "--quiet", "origin", "ft-registry")
    before = rev(team.server, "ft-registry")
    with pytest.raises(NotARegistry, match="format 2"):
        write(ledger, PATH, b"1")
    assert rev(team.server, "ft-registry") == before


class TestDiverged:
    """Both sides have events that the other has not: nobody guesses which are right."""

    @pytest.fixture
    def diverged(self, team: Team) -> Team:
        write(team.ledger(team.two), "models/two.json", b"", subject="two")
        write(team.ledger(team.one, offline=True), "models/one.json", b"", subject="one")
        return team

    @pytest.mark.parametrize("verb", ["refresh", "append"])
    def test_is_a_conflict_that_says_how_to_compare(self, diverged: Team, verb: str) -> None:
        ledger = diverged.ledger(diverged.one)
        with pytest.raises(Conflict) as caught:
            ledger.refresh() if verb == "refresh" else write(ledger, PATH, b"1")
        assert "ft-registry sync" in caught.value.hints[0]
        assert "git log ft-registry...origin/ft-registry" in caught.value.hints[1]

    def test_changes_nothing_on_either_side(self, diverged: Team) -> None:
        before = rev(diverged.one, "ft-registry"), rev(diverged.server, "ft-registry")
        with pytest.raises(Conflict):
            write(diverged.ledger(diverged.one), PATH, b"1")
        after = rev(diverged.one, "ft-registry"), rev(diverged.server, "ft-registry")
        assert after == before
