"""Offline, events wait in their clone, and go along with the next that is appended online."""

from tests.ledger.changes import make_change, subjects, write
from tests.ledger.remotes import Team, interrupt, outside
from tests.ledger.repositories import git, open_ledger, rev

PATH = "models/dates/aliases/champion.json"


def test_offline_events_wait_here(team: Team) -> None:
    before = rev(team.server, "ft-registry")
    ledger = team.ledger(team.one, offline=True)
    write(ledger, PATH, b"1")
    assert ledger.read(PATH) == b"1"
    assert rev(team.server, "ft-registry") == before


def test_offline_needs_no_remote(team: Team) -> None:
    git(team.one, "config", "remote.origin.url", "/no/such/repository")
    ledger = team.ledger(team.one, offline=True)
    ledger.refresh()
    logged = write(ledger, PATH, b"1")
    assert ledger.head() == logged.id


def test_offline_events_go_along_with_the_next_that_is_online(team: Team) -> None:
    write(team.ledger(team.one, offline=True), "models/1.json", b"", subject="offline")
    write(team.ledger(team.one, offline=True), "models/2.json", b"", subject="offline too")
    write(team.ledger(team.one), "models/3.json", b"", subject="online")
    assert subjects(team.shared) == ["offline", "offline too", "online"]


def test_what_offline_events_cite_goes_along_too(team: Team) -> None:
    git(team.one, "commit", "--quiet", "--allow-empty", "-m", "experiment")
    commit = rev(team.one, "HEAD")
    change = make_change({"models/1.json": b""}, pins=(commit,))
    team.ledger(team.one, offline=True).append(change)
    write(team.ledger(team.one), "models/2.json", b"")
    git(team.server, "gc", "--quiet", "--prune=now")
    assert rev(team.server, commit) == commit


def test_an_offline_event_of_another_process_is_not_lost_to_one_online(team: Team) -> None:
    before = rev(team.one, "ft-registry")
    waiting = write(team.ledger(team.one, offline=True), PATH, b"", subject="offline").id
    git(team.one, "update-ref", "refs/heads/ft-registry", before)
    append = ("update-ref", "refs/heads/ft-registry", waiting, before)
    interrupt(team.one, outside("git", "-C", str(team.one), *append))
    write(team.ledger(team.one), "models/1.json", b"", subject="online")
    assert "offline" in subjects(open_ledger(team.one))
