"""A clone and its remote that went apart are told apart, and made one again; nothing is lost."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.ledger.changes import make_change, make_event, subjects, write
from tests.ledger.remotes import Team, outside
from tests.ledger.repositories import clone, git, open_ledger, refs, rev

from ft_registry.actions.verify_ledger import verify_ledger
from ft_registry.backends.git.refs import ASIDE
from ft_registry.errors import BackendUnavailable, Conflict
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.event import Requirement, digest_within
from ft_registry.ports.ledger import Change, HistoryLost, Keep, RemoteView, Settled

ALIAS = "models/dates/aliases/champion.json"


def ours(team: Team, subject: str, path: str = "", **requires: bytes | None) -> None:
    """Lets an event wait in clone one."""
    path = path or f"models/{subject}.json"
    needs = {path: requires["was"]} if requires else {}
    change = make_change({path: subject.encode()}, requires=needs, subject=subject)
    team.ledger(team.one, offline=True).append(change)


def theirs(team: Team, subject: str, path: str = "") -> None:
    """Publishes an event of clone two."""
    path = path or f"models/{subject}.json"
    write(team.ledger(team.two), path, subject.encode(), subject=subject)


def roll_back(team: Team, events: int = 1) -> None:
    """Takes the newest events away on the server, and lets clone two follow."""
    git(team.server, "update-ref", "refs/heads/ft-registry", f"ft-registry~{events}")
    git(team.two, "update-ref", "refs/heads/ft-registry", rev(team.server, "ft-registry"))
    git(team.two, "update-ref", "-d", "refs/ft-registry/seen/origin/ft-registry")
    git(team.two, "fetch", "--quiet")


def settle(team: Team, keep: Keep, repository: Path | None = None) -> Settled:
    ledger = team.ledger(repository or team.one)
    return ledger.settle(ledger.settlement(keep))


def view(team: Team) -> RemoteView:
    found = team.ledger(team.one).remote_view()
    assert found is not None
    return found


def in_step(team: Team) -> list[str]:
    """Returns the events that clone one and the server both have, and nothing else."""
    assert rev(team.one, "ft-registry") == rev(team.server, "ft-registry")
    assert view(team).state == "level"
    team.ledger(team.one).refresh()
    found = verify_ledger(team.ledger(team.one), depth="full").findings
    assert [finding.state for finding in found if finding.kind == "chain"] == ["ok"]
    return subjects(team.shared)


def aside(repository: Path) -> list[str]:
    """Returns the subjects of the events that were set aside, in no order."""
    return sorted(
        git(repository, "log", "-1", "--format=%s", ref).strip() for ref in refs(repository, ASIDE)
    )


def behind(team: Team) -> None:
    theirs(team, "b")


def ahead(team: Team) -> None:
    ours(team, "a")


def diverged(team: Team) -> None:
    ours(team, "a")
    theirs(team, "b")


def rolled_back(team: Team) -> None:
    write(team.ledger(team.one), "models/s.json", b"", subject="s")
    roll_back(team)


def rewritten(team: Team) -> None:
    rolled_back(team)
    theirs(team, "b")


STATES: dict[str, Callable[[Team], None]] = {
    "level": lambda _: None,
    "ahead": ahead,
    "behind": behind,
    "diverged": diverged,
    "rolled back": rolled_back,
    "rewritten": rewritten,
}


@pytest.mark.parametrize("state", STATES)
def test_each_state_is_told_without_the_network(team: Team, state: str) -> None:
    STATES[state](team)
    git(team.one, "fetch", "--quiet")
    git(team.one, "config", "remote.origin.url", "/no/such/repository")
    found = view(team)
    assert found.state == state
    assert found.lost == (1 if state in ("rolled back", "rewritten") else 0)
    assert (found.newest_lost.event.subject if found.newest_lost else "") == "s" * found.lost


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("keep", ["both", "ours", "theirs"])
def test_a_plan_changes_nothing(team: Team, state: str, keep: Keep) -> None:
    STATES[state](team)
    git(team.one, "fetch", "--quiet")
    before = git(team.one, "for-each-ref"), git(team.server, "for-each-ref")
    try:
        team.ledger(team.one).settlement(keep)
    except HistoryLost:
        assert keep == "both"
    assert (git(team.one, "for-each-ref"), git(team.server, "for-each-ref")) == before


@pytest.mark.parametrize(
    ("state", "keep", "events", "left"),
    [
        ("level", "both", [], []),
        ("ahead", "both", ["a"], []),
        ("behind", "both", ["b"], []),
        ("diverged", "both", ["b", "a"], []),
        ("ahead", "ours", ["a"], []),
        ("behind", "ours", ["b"], []),
        ("diverged", "ours", ["b", "a"], []),
        ("rolled back", "ours", ["s"], []),
        ("rewritten", "ours", ["s", "b"], []),
        ("ahead", "theirs", ["a"], []),
        ("behind", "theirs", ["b"], []),
        ("diverged", "theirs", ["b"], ["a"]),
        ("rolled back", "theirs", [], ["s"]),
        ("rewritten", "theirs", ["b"], ["s"]),
    ],
)
def test_settling_leaves_one_history(
    team: Team, state: str, keep: Keep, events: list[str], left: list[str]
) -> None:
    STATES[state](team)
    plan = team.ledger(team.one).settlement(keep)
    assert plan.is_needed == (state != "level")
    settled = team.ledger(team.one).settle(plan)
    assert in_step(team) == events
    assert aside(team.one) == left == [logged.event.subject for logged in settled.set_aside]
    assert settled.pushed == len(plan.push) + len(plan.replay)
    assert (settled.taken, settled.replayed) == (len(plan.take), len(plan.replay))
    assert plan.force == (state == "rewritten" and keep == "ours")
    again = team.ledger(team.one).settlement(keep)
    assert not again.is_needed


class TestWhatWasTakenAway:
    @pytest.fixture(params=["rolled back", "rewritten"])
    def state(self, team: Team, request: pytest.FixtureRequest) -> str:
        STATES[request.param](team)
        return str(request.param)

    @pytest.mark.parametrize("verb", ["refresh", "append", "settle"])
    def test_stops_whatever_would_build_on_it(self, team: Team, state: str, verb: str) -> None:
        ledger = team.ledger(team.one)
        before = rev(team.one, "ft-registry"), rev(team.server, "ft-registry")
        verbs: dict[str, Callable[[], object]] = {
            "refresh": ledger.refresh,
            "append": lambda: write(ledger, ALIAS, b"1"),
            "settle": lambda: ledger.settlement("both"),
        }
        with pytest.raises(HistoryLost) as caught:
            verbs[verb]()
        assert caught.value.exit_code == 4
        assert f"{state}: 1 event is gone; the newest: 's', Ada <ada@example.org>, 2026" in str(
            caught.value
        )
        assert "--restore" in caught.value.hints[0]
        assert "--adopt" in caught.value.hints[1]
        assert (rev(team.one, "ft-registry"), rev(team.server, "ft-registry")) == before

    def test_can_still_be_read(self, team: Team, state: str) -> None:
        with pytest.raises(HistoryLost):
            team.ledger(team.one).refresh()
        assert team.ledger(team.one).read("models/s.json") == b""

    def test_is_told_again_and_again(self, team: Team, state: str) -> None:
        for _ in range(3):
            with pytest.raises(HistoryLost):
                team.ledger(team.one).refresh()
        assert view(team).state == state

    @pytest.mark.parametrize("keep", ["ours", "theirs"])
    def test_does_not_take_what_waits_here_along(self, team: Team, state: str, keep: Keep) -> None:
        ours(team, "a")
        settle(team, keep)
        assert "a" in (in_step(team) if keep == "ours" else aside(team.one))

    def test_outlives_gc_once_it_was_set_aside(self, team: Team, state: str) -> None:
        lost = rev(team.one, "ft-registry")
        settle(team, "theirs")
        git(team.one, "reflog", "expire", "--expire=now", "--all")
        git(team.one, "gc", "--quiet", "--prune=now")
        assert open_ledger(team.one).read("models/s.json", at=lost) == b""


def test_a_teammate_meets_a_restored_history_without_loss(team: Team) -> None:
    rewritten(team)
    settle(team, "ours")
    with pytest.raises(HistoryLost, match="0 events"):
        team.ledger(team.two).refresh()
    settled = settle(team, "theirs", team.two)
    assert settled.set_aside == ()
    assert rev(team.two, "ft-registry") == rev(team.server, "ft-registry")


def test_a_fresh_clone_trusts_what_it_finds_first(team: Team, tmp_path: Path) -> None:
    rewritten(team)
    ledger = open_ledger(clone(team.server, tmp_path / "fresh"), remote="origin")
    ledger.refresh()
    assert subjects(ledger) == ["b"]


class TestReplay:
    def test_keeps_the_event_and_writes_another_commit(self, team: Team) -> None:
        diverged(team)
        waiting = next(iter(team.ledger(team.one).events(newest_first=True)))
        settle(team, "both")
        replayed = next(iter(team.shared.events(newest_first=True)))
        assert replayed.event == waiting.event
        assert replayed.id != waiting.id
        shown = git(team.server, "log", "-1", "--format=%an %cn %aI %cI", "ft-registry").split()
        assert shown == ["Ada", "Ada", *["2026-11-24T09:30:00+00:00"] * 2]

    def test_checks_requirements_one_after_the_other(self, team: Team) -> None:
        ours(team, "a1", ALIAS, was=None)
        ours(team, "a2", ALIAS, was=b"a1")
        theirs(team, "b")
        settle(team, "both")
        assert in_step(team) == ["b", "a1", "a2"]
        assert team.shared.read(ALIAS) == b"a2"

    def test_takes_documents_away_again(self, team: Team) -> None:
        write(team.ledger(team.one), ALIAS, b"1", subject="s")
        gone = make_change({ALIAS: None}, requires={ALIAS: b"1"}, subject="a")
        team.ledger(team.one, offline=True).append(gone)
        theirs(team, "b")
        settle(team, "both")
        assert in_step(team) == ["s", "b", "a"]
        assert team.shared.read(ALIAS) is None

    def test_takes_along_what_the_events_cite(self, team: Team) -> None:
        git(team.one, "commit", "--quiet", "--allow-empty", "-m", "experiment")
        commit = rev(team.one, "HEAD")
        change = make_change({"models/a.json": b""}, pins=(commit,), subject="a")
        team.ledger(team.one, offline=True).append(change)
        theirs(team, "b")
        settle(team, "both")
        settle(team, "both", team.two)
        assert rev(team.two, commit) == commit

    def test_of_what_no_longer_holds_is_a_conflict_that_names_both(self, team: Team) -> None:
        ours(team, "a0")
        ours(team, "mine", ALIAS, was=None)
        theirs(team, "yours", ALIAS)
        before = git(team.one, "for-each-ref", "refs/heads"), rev(team.server, "ft-registry")
        with pytest.raises(Conflict) as caught:
            team.ledger(team.one).settlement("both")
        assert caught.value.exit_code == 5
        assert "'mine' (Ada" in caught.value.message
        assert "'yours' (Ada" in caught.value.message
        assert before == (
            git(team.one, "for-each-ref", "refs/heads"),
            rev(team.server, "ft-registry"),
        )

    def test_of_what_relied_on_a_folder_sees_what_came_into_it(self, team: Team) -> None:
        folder = "models/dates/evaluations/0/1"
        ours(team, "own", f"{folder}/own.json")
        digests = {f"{folder}/own.json": digest_bytes(b"own")}
        required = Requirement(path=folder, digest=digest_within(folder, digests), folder=True)
        change = Change(make_event("mine"), {ALIAS: b"1"}, requires=(required,))
        team.ledger(team.one, offline=True).append(change)
        theirs(team, "elsewhere", "models/dates/evaluations/0/10/a.json")
        assert len(team.ledger(team.one).settlement("both").replay) == 2
        theirs(team, "measured", f"{folder}/theirs.json")
        with pytest.raises(Conflict) as caught:
            team.ledger(team.one).settlement("both")
        assert "'mine' (Ada" in caught.value.message
        assert "'measured' (Ada" in caught.value.message
        assert "decided anew" in caught.value.hints[0]
        settle(team, "ours")
        assert in_step(team) == ["elsewhere", "measured", "own"]

    def test_of_what_still_holds_can_be_asked_for(self, team: Team) -> None:
        ours(team, "mine", ALIAS, was=None)
        ours(team, "on top", ALIAS, was=b"mine")
        ours(team, "a")
        theirs(team, "yours", ALIAS)
        settled = settle(team, "ours")
        assert in_step(team) == ["yours", "a"]
        assert aside(team.one) == ["mine", "on top"]
        assert (settled.pushed, settled.taken, settled.replayed) == (1, 1, 1)

    def test_on_a_rewritten_remote_sets_aside_what_does_not_hold_of_theirs(
        self, team: Team
    ) -> None:
        write(team.ledger(team.one), ALIAS, b"s", subject="s")
        roll_back(team)
        change = make_change({ALIAS: b"b"}, requires={ALIAS: None}, subject="b")
        team.ledger(team.two).append(change)
        theirs(team, "b2")
        settle(team, "ours")
        assert in_step(team) == ["s", "b2"]
        assert aside(team.one) == ["b"]


class TestAKillBetweenTheSteps:
    """What runs in the middle sees the old state or the new one, and running again ends it."""

    @pytest.mark.parametrize(
        ("state", "keep"),
        [
            ("diverged", "both"),
            ("rewritten", "ours"),
            ("diverged", "theirs"),
            ("rolled back", "theirs"),
        ],
    )
    def test_loses_nothing(
        self, team: Team, state: str, keep: Keep, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        STATES[state](team)
        everything = {"a", "b", "s"} & {*subjects(team.ledger(team.one)), *subjects(team.shared)}
        for step in range(20):
            ledger = team.ledger(team.one)
            left = step

            attempt = ledger._door.attempt

            def counted(*arguments: str, _run: Any = attempt, **options: Any) -> Any:
                nonlocal left
                if arguments[0] in ("update-ref", "push"):
                    if left == 0:
                        raise KeyboardInterrupt
                    left -= 1
                return _run(*arguments, **options)

            monkeypatch.setattr(ledger._door, "attempt", counted)
            try:
                ledger.settle(ledger.settlement(keep))
            except KeyboardInterrupt:
                held = [*subjects(team.ledger(team.one)), *subjects(team.shared), *aside(team.one)]
                assert everything <= set(held)
                continue
            break
        assert step > 1
        assert everything == {*in_step(team), *aside(team.one)}

    def test_after_the_push_is_made_up_for_by_the_next_refresh(self, team: Team) -> None:
        diverged(team)
        waiting = rev(team.one, "ft-registry")
        settle(team, "both")
        git(team.one, "update-ref", "refs/heads/ft-registry", waiting)
        team.ledger(team.one).refresh()
        assert in_step(team) == ["b", "a"]


def test_a_plan_that_is_out_of_date_is_not_carried_out(team: Team) -> None:
    diverged(team)
    ledger = team.ledger(team.one)
    plan = ledger.settlement("both")
    ours(team, "later")
    before = rev(team.one, "ft-registry")
    with pytest.raises(Conflict, match="moved"):
        ledger.settle(plan)
    assert rev(team.one, "ft-registry") == before


@pytest.mark.parametrize(("state", "keep"), [("diverged", "both"), ("rewritten", "ours")])
def test_a_remote_that_moves_meanwhile_is_not_overrun(team: Team, state: str, keep: Keep) -> None:
    STATES[state](team)
    ledger = team.ledger(team.one)
    plan = ledger.settlement(keep)
    theirs(team, "later")
    before = rev(team.server, "ft-registry")
    with pytest.raises(Conflict, match="moved"):
        ledger.settle(plan)
    assert rev(team.server, "ft-registry") == before
    settle(team, keep)
    assert "later" in in_step(team)


def test_a_protected_branch_refuses_to_be_restored_by_force(team: Team) -> None:
    rewritten(team)
    git(team.server, "config", "receive.denyNonFastForwards", "true")
    before = rev(team.one, "ft-registry"), rev(team.server, "ft-registry")
    with pytest.raises(BackendUnavailable):
        settle(team, "ours")
    assert (rev(team.one, "ft-registry"), rev(team.server, "ft-registry")) == before


def test_a_branch_that_was_deleted_on_the_server_is_published_again_when_told(team: Team) -> None:
    write(team.ledger(team.one), ALIAS, b"1", subject="s")
    git(team.server, "update-ref", "-d", "refs/heads/ft-registry")
    with pytest.raises(HistoryLost, match="rolled back: 2 events are gone"):
        settle(team, "both")
    with pytest.raises(Conflict, match="expected a ledger at the remote"):
        settle(team, "theirs")
    assert view(team).state == "rolled back"
    assert settle(team, "ours").pushed == 2
    assert in_step(team) == ["s"]


def test_a_published_event_that_was_amended_is_set_aside_when_its_new_form_is_adopted(
    team: Team,
) -> None:
    write(team.ledger(team.one), ALIAS, b"1", subject="s")
    amended = git(
        team.server, "commit-tree", "-m", "x", "-p", "ft-registry~1", "ft-registry^{tree}"
    )
    git(team.server, "update-ref", "refs/heads/ft-registry", amended.strip())
    with pytest.raises(HistoryLost, match="rewritten: 1 event is gone; the newest: 's'"):
        team.ledger(team.one).refresh()
    settle(team, "theirs")
    assert aside(team.one) == ["s"]


def test_offline_there_is_nothing_to_settle(team: Team) -> None:
    diverged(team)
    ledger = team.ledger(team.one, offline=True)
    assert not ledger.settlement("both").is_needed


def test_what_is_set_aside_is_not_published(team: Team) -> None:
    diverged(team)
    settle(team, "theirs")
    write(team.ledger(team.one), ALIAS, b"1")
    assert not refs(team.server, ASIDE)
    assert not refs(team.server, "refs/ft-registry/seen")


def test_a_stale_tracking_ref_is_no_rollback(team: Team) -> None:
    before = rev(team.one, "ft-registry")
    write(team.ledger(team.one), ALIAS, b"1")
    # Another process of the clone, which asked before, notes what it got at the worst moment.
    once = team.one.parent / "once"
    late = outside(
        "git", "-C", str(team.one), "update-ref", "refs/remotes/origin/ft-registry", before
    )
    ledger = team.ledger(team.one)
    fetch = ledger._remote.fetch  # type: ignore[union-attr]  # this ledger has one

    def fetch_then_lose(*, with_pins: bool = False) -> bool:
        found = fetch(with_pins=with_pins)
        if not once.exists():
            once.mkdir()
            subprocess.run(late, shell=True, check=True)
        return found

    ledger._remote.fetch = fetch_then_lose  # type: ignore[union-attr,method-assign]  # as above
    ledger.refresh()
    assert view(team).state == "level"
