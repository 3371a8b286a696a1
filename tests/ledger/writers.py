"""What writes to one ledger from several processes at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.ledger.changes import make_change
from tests.ledger.repositories import open_ledger

from ft_registry.backends.sqlite_index import SqliteIndex
from ft_registry.model.event import Requirement
from ft_registry.model.layout import FORMAT
from ft_registry.ports.ledger import Change, RequirementFailed

COUNTER = "models/dates/aliases/champion.json"


def run_together(work: Callable[..., list[str]], calls: Sequence[tuple[Any, ...]]) -> list[str]:
    """Runs one process a call, all at once, and returns what they acknowledged, in any order."""
    context = get_context("spawn")
    together = context.Barrier(len(calls))
    with ProcessPoolExecutor(len(calls), context, together.wait, (60,)) as pool:
        running = [pool.submit(work, *call) for call in calls]
        return [subject for process in running for subject in process.result()]


def append_each(
    repository: Path, name: str, count: int, remote: str = "", pin: str = ""
) -> list[str]:
    """Appends events that are in nobody's way; returns the subjects of those acknowledged."""
    ledger = open_ledger(repository, remote=remote)
    done = []
    for number in range(count):
        subject, path = f"{name}-{number}", f"models/{name}/{number}.json"
        nonce = f"{name}/{number}"
        pins = (pin,) if pin else ()
        change = make_change({path: b"{}"}, subject=subject, nonce=nonce, pins=pins)
        ledger.append(change)
        assert ledger.read(path) == b"{}", "an acknowledged event could not be read"
        done.append(subject)
    return done


def count_up(repository: Path, name: str, count: int, remote: str = "") -> list[str]:
    """Moves one document from value to value; returns each value that was won."""
    ledger = open_ledger(repository, remote=remote)
    won: list[str] = []
    while len(won) < count:
        ledger.refresh()
        present = ledger.read(COUNTER)
        value = str(int(present or b"0") + 1)
        nonce = f"{name}/{value}"
        change = make_change(
            {COUNTER: value.encode()}, requires={COUNTER: present}, subject=value, nonce=nonce
        )
        try:
            ledger.append(change)
        except RequirementFailed:
            continue
        won.append(value)
    return won


def move_once(repository: Path, name: str, remote: str = "") -> list[str]:
    """Tries once to move the document from absent to this process's name."""
    return _try(repository, make_change({COUNTER: name.encode()}, subject=name), remote)


def begin_once(repository: Path, name: str, remote: str = "") -> list[str]:
    """Tries once to begin the ledger."""
    return _try(repository, make_change({FORMAT: b'{"format":1}'}, subject=name), remote)


def _try(repository: Path, change: Change, remote: str) -> list[str]:
    absent = tuple(Requirement(path=path, digest=None) for path in change.documents)
    ledger = open_ledger(repository, remote=remote)
    try:
        return [ledger.append(replace(change, requires=absent)).event.subject]
    except RequirementFailed:
        return []


def index_rows(repository: Path, file: Path) -> list[str]:
    """Asks an index for its rows."""
    return [repr(SqliteIndex(open_ledger(repository), file).rows())]
