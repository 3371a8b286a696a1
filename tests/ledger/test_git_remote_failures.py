"""When the remote fails, the ledger says what is true of both sides, and running again settles it.

`BackendUnavailable` means that nothing was published, `OutcomeUnknown` that nobody here knows.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.ledger.changes import make_change, subjects, write
from tests.ledger.remotes import Team, interrupt, lose_reply, mend, outside
from tests.ledger.repositories import git, rev, write_hook

from ft_registry.backends.git import ledger as ledger_module
from ft_registry.backends.git import remote as remote_module
from ft_registry.errors import BackendUnavailable, OutcomeUnknown
from ft_registry.ports.ledger import Change, RequirementFailed

PATH = "models/dates/aliases/champion.json"


def heads(team: Team) -> tuple[str, str]:
    return rev(team.one, "ft-registry"), rev(team.server, "ft-registry")


def move(subject: str = "move") -> Change:
    return make_change({PATH: b"1"}, requires={PATH: None}, subject=subject)


def unplug(team: Team) -> str:
    """Returns the command that takes the server away."""
    return outside("mv", str(team.server), f"{team.server}.away")


def plug_in(team: Team) -> None:
    Path(f"{team.server}.away").rename(team.server)


class TestAnUnreachableRemote:
    @pytest.fixture(autouse=True)
    def unreachable(self, team: Team) -> None:
        git(team.one, "config", "remote.origin.url", f"{team.server}.elsewhere")

    def test_is_unavailable_and_nothing_is_written(self, team: Team) -> None:
        before = git(team.one, "for-each-ref")
        with pytest.raises(BackendUnavailable) as caught:
            write(team.ledger(team.one), PATH, b"1")
        assert caught.value.exit_code == 6
        assert "'origin' to answer git fetch, found: fatal: '" in caught.value.message
        assert "\n" not in caught.value.message
        assert "--offline" in caught.value.hints[1]
        assert git(team.one, "for-each-ref") == before

    def test_does_not_count_as_asked(self, team: Team) -> None:
        stamp = team.one / ".git" / "ft-registry" / "fetched-origin"
        before = stamp.stat().st_mtime_ns
        with pytest.raises(BackendUnavailable):
            team.ledger(team.one).refresh()
        assert stamp.stat().st_mtime_ns == before

    def test_does_not_keep_anybody_from_reading(self, team: Team) -> None:
        assert len(list(team.ledger(team.one).events())) == 1


class TestARefusal:
    @pytest.fixture(autouse=True, params=["pre-receive", "update"])
    def protected(self, team: Team, request: pytest.FixtureRequest) -> None:
        condition = 'case "$1$(cat)" in *refs/heads/ft-registry*) exit 1;; esac'
        write_hook(team.server / "hooks", request.param, f"echo 'you may not' >&2\n{condition}")

    def test_is_unavailable_and_nothing_is_published(self, team: Team) -> None:
        before = heads(team)
        with pytest.raises(BackendUnavailable) as caught:
            write(team.ledger(team.one), PATH, b"1")
        assert heads(team) == before
        assert "declined" in caught.value.message
        assert "branch protection" in caught.value.hints[0]

    def test_leaves_the_clone_able_to_follow(self, team: Team) -> None:
        with pytest.raises(BackendUnavailable):
            write(team.ledger(team.one), PATH, b"1", subject="refused")
        for hook in (team.server / "hooks").iterdir():
            hook.unlink()
        write(team.ledger(team.one), PATH, b"1", subject="taken")
        assert subjects(team.shared) == ["taken"]


def test_a_server_that_takes_no_pins_takes_the_event(team: Team) -> None:
    refuse = 'case "$1" in refs/ft-registry/*) exit 1;; esac'
    write_hook(team.server / "hooks", "update", refuse)
    commit = rev(team.one, "main")
    logged = team.ledger(team.one).append(make_change({PATH: b"1"}, pins=(commit,)))
    assert team.shared.head() == logged.id


def test_a_branch_of_the_server_that_leaves_no_room_is_told_at_once(team: Team) -> None:
    git(team.server, "branch", "-m", "ft-registry", "ft-registry/setup")
    # As if nothing of the ledger was ever seen there.
    for ref in ("refs/remotes/origin/ft-registry", "refs/ft-registry/seen/origin/ft-registry"):
        git(team.one, "update-ref", "-d", ref)
    with pytest.raises(BackendUnavailable) as caught:
        write(team.ledger(team.one), PATH, b"1")
    assert "ft-registry/..." in caught.value.hints[0]


class TestALostReply:
    @pytest.mark.parametrize("is_polite", [False, True])
    def test_to_what_was_taken_is_settled_as_success(self, team: Team, is_polite: bool) -> None:
        lose_reply(team.one, taken=True, is_polite=is_polite)
        logged = team.ledger(team.one).append(move())
        assert heads(team) == (logged.id, logged.id)

    def test_to_what_was_taken_does_not_double_it(self, team: Team) -> None:
        lose_reply(team.one, taken=True)
        team.ledger(team.one).append(move("once"))
        mend(team.one)
        write(team.ledger(team.one), "models/next.json", b"", subject="next")
        assert subjects(team.shared) == ["once", "next"]

    def test_to_what_was_taken_and_built_upon_is_settled_as_success(self, team: Team) -> None:
        build = "commit-tree -p ft-registry -m next ft-registry^{tree}"
        user = "git -c user.name=Bo -c user.email=bo@example.org"
        built = f"cd {team.server} && git branch -f ft-registry $({user} {build})"
        lose_reply(team.one, taken=True, then=outside("sh", "-c", built))
        logged = team.ledger(team.one).append(move())
        assert rev(team.server, "ft-registry~1") == logged.id

    @pytest.mark.parametrize("is_polite", [False, True])
    def test_to_what_was_not_taken_is_unavailable(self, team: Team, is_polite: bool) -> None:
        before = heads(team)
        lose_reply(team.one, taken=False, is_polite=is_polite)
        with pytest.raises(BackendUnavailable) as caught:
            team.ledger(team.one).append(move())
        assert "nothing was published" in caught.value.hints[0]
        assert heads(team) == before

    def test_to_what_was_not_taken_is_made_up_for_by_running_again(self, team: Team) -> None:
        lose_reply(team.one, taken=False)
        with pytest.raises(BackendUnavailable):
            team.ledger(team.one).append(move("first"))
        mend(team.one)
        team.ledger(team.one).append(move("again"))
        assert subjects(team.shared) == ["again"]


class TestARemoteThatIsGoneAfterwards:
    @pytest.mark.parametrize("taken", [True, False])
    def test_leaves_the_outcome_unknown(self, team: Team, taken: bool) -> None:
        lose_reply(team.one, taken=taken, then=unplug(team))
        before = rev(team.one, "ft-registry")
        with pytest.raises(OutcomeUnknown) as caught:
            team.ledger(team.one).append(move())
        assert caught.value.exit_code == 8
        assert rev(team.one, "ft-registry") == before

    def test_is_settled_by_running_again_when_the_event_was_taken(self, team: Team) -> None:
        lose_reply(team.one, taken=True, then=unplug(team))
        with pytest.raises(OutcomeUnknown):
            team.ledger(team.one).append(move("once"))
        plug_in(team)
        mend(team.one)
        with pytest.raises(RequirementFailed):
            team.ledger(team.one).append(move("twice"))
        assert subjects(team.shared) == subjects(team.ledger(team.one)) == ["once"]

    def test_is_settled_by_running_again_when_it_was_not(self, team: Team) -> None:
        lose_reply(team.one, taken=False, then=unplug(team))
        with pytest.raises(OutcomeUnknown):
            team.ledger(team.one).append(move("lost"))
        plug_in(team)
        mend(team.one)
        team.ledger(team.one).append(move("again"))
        assert subjects(team.shared) == subjects(team.ledger(team.one)) == ["again"]

    def test_in_the_middle_of_an_append_publishes_nothing(self, team: Team) -> None:
        interrupt(team.one, unplug(team))
        before = rev(team.one, "ft-registry")
        with pytest.raises((BackendUnavailable, OutcomeUnknown)):
            team.ledger(team.one).append(move())
        plug_in(team)
        assert heads(team) == (before, before)


class TestARemoteThatHangs:
    @pytest.fixture(autouse=True)
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(remote_module, "NETWORK_SECONDS", 3)

    @pytest.fixture
    def hang(self, tmp_path: Path) -> Iterator[str]:
        """Yields a command that does not end before the test."""
        gate = tmp_path / "gate"
        gate.mkdir()
        yield f"for i in $(seq 300); do test -d '{gate}' && sleep 0.1; done"
        gate.rmdir()

    def test_after_it_took_the_event_is_settled_as_success(self, team: Team, hang: str) -> None:
        lose_reply(team.one, taken=True, then=hang)
        logged = team.ledger(team.one).append(move())
        assert heads(team) == (logged.id, logged.id)

    def test_before_it_took_the_event_leaves_the_outcome_unknown(
        self, team: Team, hang: str
    ) -> None:
        lose_reply(team.one, taken=False, then=hang)
        before = heads(team)
        with pytest.raises(OutcomeUnknown):
            team.ledger(team.one).append(move())
        assert heads(team) == before


class TestALockedRef:
    """Another process of the clone fetches at this moment."""

    def test_is_waited_for(self, team: Team) -> None:
        write(team.ledger(team.two), PATH, b"two")
        lock = team.one / ".git/refs/remotes/origin/ft-registry.lock"
        lock.touch()
        # The second time that the server is asked, the other process is done.
        asked = team.one / ".git" / "asked"
        script = f'test -e "{asked}" && rm -f "{lock}"; touch "{asked}"; git-upload-pack "$@"'
        program = write_hook(team.one.parent, "upload-pack", script)
        git(team.one, "config", "remote.origin.uploadpack", str(program))
        ledger = team.ledger(team.one)
        ledger.refresh()
        assert ledger.read(PATH) == b"two"

    def test_does_not_make_an_event_that_was_taken_a_failure(self, team: Team) -> None:
        (team.one / ".git/refs/remotes/origin/ft-registry.lock").touch()
        logged = write(team.ledger(team.one), PATH, b"1")
        assert team.shared.head() == logged.id

    def test_of_the_branch_does_not_either(self, team: Team) -> None:
        lock = team.one / ".git/refs/heads/ft-registry.lock"
        lock.touch()
        logged = write(team.ledger(team.one), PATH, b"1")
        assert team.shared.head() == logged.id
        lock.unlink()
        team.ledger(team.one).refresh()
        assert team.ledger(team.one).head() == logged.id

    def test_of_the_branch_is_waited_for_once_the_event_was_taken(self, team: Team) -> None:
        lock = team.one / ".git/refs/heads/ft-registry.lock"
        lock.touch()
        release = f"(sleep 0.2; rm '{lock}') >/dev/null 2>&1 &"
        write_hook(team.server / "hooks", "post-receive", release)
        ledger = team.ledger(team.one)
        write(ledger, PATH, b"1")
        assert ledger.read(PATH) == b"1"

    def test_of_the_branch_that_stays_is_named(
        self, team: Team, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ledger_module, "_PATIENCE_SECONDS", 0)
        lock = team.one / ".git/refs/heads/ft-registry.lock"
        lock.touch()
        with pytest.raises(BackendUnavailable) as caught:
            write(team.ledger(team.one, offline=True), PATH, b"1")
        assert str(lock) in caught.value.hints[0]

    def test_that_stays_is_unavailable(self, team: Team) -> None:
        write(team.ledger(team.two), PATH, b"two")
        (team.one / ".git/refs/remotes/origin/ft-registry.lock").touch()
        with pytest.raises(BackendUnavailable):
            team.ledger(team.one).refresh()
