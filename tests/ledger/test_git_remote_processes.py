"""Many processes of several clones append to one remote at once: none is lost, none is doubled."""

import pytest
from tests.ledger.changes import subjects
from tests.ledger.remotes import Team
from tests.ledger.repositories import git, refs, rev
from tests.ledger.writers import COUNTER, append_each, count_up, move_once, run_together


@pytest.mark.integration
def test_every_acknowledged_event_is_on_the_server_once(team: Team) -> None:
    commit = rev(team.one, "main")
    calls = [
        (repository, f"{repository.name}-{n}", 10, "origin", commit)
        for repository in (team.one, team.two)
        for n in range(2)
    ]
    done = run_together(append_each, calls)
    assert sorted(subjects(team.shared)) == sorted(done)
    assert len(set(done)) == 4 * 10
    assert git(team.server, "rev-list", "--count", "--min-parents=2", "ft-registry") == "0\n"
    assert refs(team.server, "refs/ft-registry") == [f"refs/ft-registry/pins/{commit}"]
    for repository in (team.one, team.two):
        ledger = team.ledger(repository)
        ledger.refresh()
        assert ledger.head() == team.shared.head()


def test_every_value_of_a_document_has_one_winner(team: Team) -> None:
    calls = [
        (repository, f"{repository.name}-{n}", 2, "origin")
        for repository in (team.one, team.two)
        for n in range(2)
    ]
    won = run_together(count_up, calls)
    assert sorted(won, key=int) == [str(value) for value in range(1, 9)]
    assert team.shared.read(COUNTER) == b"8"
    assert subjects(team.shared, COUNTER) == sorted(won, key=int)


def test_of_those_who_expect_nothing_there_one_wins(team: Team) -> None:
    calls = [(repository, repository.name, "origin") for repository in (team.one, team.two)]
    won = run_together(move_once, calls)
    assert len(won) == 1
    assert team.shared.read(COUNTER) == won[0].encode()
