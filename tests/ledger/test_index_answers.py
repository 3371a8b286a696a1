"""The index answers as a full scan of the ledger would, whatever happened since it was built."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.fakes.memory_ledger import MemoryLedger
from tests.ledger.changes import begin, write
from tests.ledger.records import World, make_record, scan_rows, scan_uses
from tests.ledger.repositories import git, make_repository, open_ledger

from ft_registry.backends.sqlite_index import SqliteIndex
from ft_registry.errors import IntegrityError
from ft_registry.model import layout
from ft_registry.ports.index import HashUse
from ft_registry.ports.ledger import Ledger


def assert_answers(index: SqliteIndex, ledger: Ledger) -> None:
    """Compares every answer with a full scan."""
    rows, uses = scan_rows(ledger), scan_uses(ledger)
    assert index.rows() == rows
    for model in {row.model for row in rows}:
        assert index.rows(model) == [row for row in rows if row.model == model]
    for hash_, expected in uses.items():
        assert index.uses(hash_) == expected


@pytest.mark.parametrize("seed", range(6))
def test_after_every_change_it_answers_as_a_full_scan(tmp_path: Path, seed: int) -> None:
    ledger, world = MemoryLedger(), World(seed)
    begin(ledger)
    index = SqliteIndex(ledger, tmp_path / "index.sqlite")
    for _ in range(30):
        ledger.append(world.next_change())
        assert_answers(index, ledger)


def test_what_follows_step_by_step_equals_what_is_built_at_once(
    new_ledger: Callable[[], Ledger], tmp_path: Path
) -> None:
    ledger, world = new_ledger(), World(seed=7)
    begin(ledger)
    followed = SqliteIndex(ledger, tmp_path / "followed.sqlite")
    for number in range(24):
        ledger.append(world.next_change())
        if number % 5 == 0:
            followed.rows()
    built = SqliteIndex(ledger, tmp_path / "built.sqlite")
    assert followed.rows() == built.rows()
    assert all(followed.uses(h) == built.uses(h) for h in scan_uses(ledger))
    assert_answers(followed, ledger)


def test_a_ledger_without_events_has_no_rows(tmp_path: Path) -> None:
    index = SqliteIndex(MemoryLedger(), tmp_path / "index.sqlite")
    assert index.rows() == []
    assert index.uses("anything") == []


def test_a_ledger_without_versions_has_no_rows(ledger: Ledger, tmp_path: Path) -> None:
    assert SqliteIndex(ledger, tmp_path / "index.sqlite").rows() == []


def test_a_model_that_is_not_there_has_no_rows(ledger: Ledger, tmp_path: Path) -> None:
    ledger.append(World(seed=0).register("dates"))
    assert SqliteIndex(ledger, tmp_path / "index.sqlite").rows("date") == []


def test_a_hash_that_nobody_names_has_no_uses(ledger: Ledger, tmp_path: Path) -> None:
    ledger.append(World(seed=0).register("dates"))
    index = SqliteIndex(ledger, tmp_path / "index.sqlite")
    assert index.uses("sha256:" + "0" * 64) == []
    assert index.uses("%") == []


def test_versions_are_ordered_by_number(ledger: Ledger, tmp_path: Path) -> None:
    world = World(seed=0)
    for _ in range(12):
        ledger.append(world.register("dates"))
    index = SqliteIndex(ledger, tmp_path / "index.sqlite")
    assert [row.version for row in index.rows()] == list(range(1, 13))


def test_a_record_is_found_by_its_own_digest(ledger: Ledger, tmp_path: Path) -> None:
    record = make_record("dates", 1)
    write(ledger, layout.version("dates", 1), record.to_bytes())
    index = SqliteIndex(ledger, tmp_path / "index.sqlite")
    assert index.uses(record.digest) == [HashUse("record", "dates", 1)]


def test_an_alias_moves_in_the_rows(ledger: Ledger, tmp_path: Path) -> None:
    world = World(seed=0)
    index = SqliteIndex(ledger, tmp_path / "index.sqlite")
    for change in (world.register("dates"), world.register("dates")):
        ledger.append(change)
    held = []
    for number in (1, 2, 1):
        ledger.append(world.promote("dates", number, "champion"))
        held.append([row.aliases for row in index.rows()])
    first, second = [("champion",), ()], [(), ("champion",)]
    assert held == [first, second, first]


def test_another_history_in_its_place_is_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "index.sqlite"
    for seed in (1, 2):
        ledger, world = MemoryLedger(), World(seed)
        begin(ledger)
        for _ in range(15):
            ledger.append(world.next_change())
        assert_answers(SqliteIndex(ledger, file), ledger)


def test_a_history_set_back_is_followed(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "project")
    ledger, world = open_ledger(repository), World(seed=3)
    begin(ledger)
    index = SqliteIndex(ledger, tmp_path / "index.sqlite")
    for _ in range(10):
        ledger.append(world.next_change())
    assert_answers(index, ledger)
    git(repository, "update-ref", "refs/heads/ft-registry", "ft-registry~6")
    assert_answers(index, ledger)


def test_a_rewritten_history_whose_past_is_gone_is_built_anew(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "project")
    ledger = open_ledger(repository)
    begin(ledger)
    begun = ledger.head() or ""
    index = SqliteIndex(ledger, tmp_path / "index.sqlite")
    ledger.append(World(seed=1).register("dates"))
    index.rows()
    git(repository, "update-ref", "refs/heads/ft-registry", begun)
    ledger.append(World(seed=2).register("sizes-2"))
    git(repository, "reflog", "expire", "--expire=now", "--all")
    git(repository, "gc", "--quiet", "--prune=now")
    assert_answers(SqliteIndex(open_ledger(repository), tmp_path / "index.sqlite"), ledger)
    assert [row.model for row in index.rows()] == ["sizes-2"]


def test_a_ledger_that_is_gone_leaves_no_rows(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "project")
    ledger = open_ledger(repository)
    begin(ledger)
    ledger.append(World(seed=1).register("dates"))
    index = SqliteIndex(ledger, tmp_path / "index.sqlite")
    assert len(index.rows()) == 1
    git(repository, "update-ref", "-d", "refs/heads/ft-registry")
    assert index.rows() == []


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("models/dates/versions/0/1.json", b"no JSON"),
        ("models/dates/versions/0/1.json", b"{}"),
        ("models/dates/versions/0/1.json", b"[]"),
        ("models/dates/versions/0/notes.txt", b"{}"),
        ("models/dates/evaluations/0/1/a.json", b'{"scores":[{}]}'),
        ("models/dates/evaluations/0/1/a.json", b'{"scores":[{"metric":"m","value":null}]}'),
        ("models/dates/aliases/champion.json", b'{"version":null}'),
        ("models/dates/aliases/champion.json", b'{"version":{}}'),
        ("models/notes.txt", b""),
    ],
)
def test_a_document_that_is_none_is_told_by_its_path(
    ledger: Ledger, tmp_path: Path, path: str, content: bytes
) -> None:
    write(ledger, path, content)
    with pytest.raises(IntegrityError, match=path):
        SqliteIndex(ledger, tmp_path / "index.sqlite").rows()
