"""Many processes append to one repository at once: nothing is lost, nothing is doubled."""

from multiprocessing import get_context
from pathlib import Path

import pytest
from tests.ledger.changes import begin, subjects
from tests.ledger.remotes import interrupt
from tests.ledger.repositories import git, open_ledger, rev
from tests.ledger.writers import COUNTER, append_each, begin_once, count_up, move_once, run_together


@pytest.fixture
def registry(repository: Path) -> Path:
    """A repository whose ledger holds its first event."""
    begin(open_ledger(repository))
    return repository


def test_every_acknowledged_event_is_in_the_history_once(registry: Path) -> None:
    done = run_together(append_each, [(registry, f"p{n}", 25) for n in range(8)])
    assert sorted(subjects(open_ledger(registry))) == sorted(done)
    assert len(set(done)) == 8 * 25
    assert git(registry, "rev-list", "--count", "--min-parents=2", "ft-registry") == "0\n"
    git(registry, "fsck", "--strict")


def test_every_value_of_a_document_has_one_winner(registry: Path) -> None:
    won = run_together(count_up, [(registry, f"p{n}", 8) for n in range(4)])
    assert sorted(won, key=int) == [str(value) for value in range(1, 33)]
    assert open_ledger(registry).read(COUNTER) == b"32"
    assert subjects(open_ledger(registry), COUNTER) == sorted(won, key=int)


def test_of_those_who_expect_nothing_there_one_wins(registry: Path) -> None:
    won = run_together(move_once, [(registry, f"p{n}") for n in range(4)])
    assert len(won) == 1
    assert open_ledger(registry).read(COUNTER) == won[0].encode()


def test_one_ledger_is_begun_when_all_begin_one(repository: Path) -> None:
    won = run_together(begin_once, [(repository, f"p{n}") for n in range(4)])
    assert [logged.event.subject for logged in open_ledger(repository).events()] == won
    assert len(won) == 1


def test_events_that_cite_one_commit_do_not_block_each_other(registry: Path) -> None:
    commit = rev(registry, "HEAD")
    calls = [(registry, f"p{n}", 5, "", commit) for n in range(4)]
    assert sorted(run_together(append_each, calls)) == sorted(subjects(open_ledger(registry)))


def test_a_process_that_is_killed_in_the_middle_leaves_the_ledger_as_it_was(
    registry: Path,
) -> None:
    before = rev(registry, "ft-registry")
    interrupt(registry, 'kill -9 "$(ps -o ppid= -p "$PPID" | tr -d " ")"')
    killed = get_context("spawn").Process(target=append_each, args=(registry, "killed", 1))
    killed.start()
    killed.join(60)
    assert killed.exitcode == -9
    assert rev(registry, "ft-registry") == before
    assert append_each(registry, "next", 1) == subjects(open_ledger(registry)) == ["next-0"]
