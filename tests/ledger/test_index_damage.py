"""The index is derived: whatever becomes of its file, the answers are right."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.fakes.memory_ledger import MemoryLedger
from tests.ledger.changes import begin
from tests.ledger.records import World, scan_rows, scan_uses
from tests.ledger.repositories import make_repository, open_ledger
from tests.ledger.writers import index_rows, run_together

from ft_registry.backends.sqlite_index import SqliteIndex
from ft_registry.ports.ledger import Ledger


@pytest.fixture
def filled() -> Ledger:
    """A ledger with versions enough for an index of many pages."""
    ledger, world = MemoryLedger(), World(seed=5)
    begin(ledger)
    for _ in range(60):
        ledger.append(world.next_change())
    return ledger


@pytest.fixture
def file(filled: Ledger, tmp_path: Path) -> Path:
    """An index that is up to date."""
    file = tmp_path / "private" / "index.sqlite"
    SqliteIndex(filled, file).rows()
    return file


def assert_right(ledger: Ledger, file: Path) -> None:
    index = SqliteIndex(ledger, file)
    assert index.rows() == scan_rows(ledger)
    for hash_, expected in scan_uses(ledger).items():
        assert index.uses(hash_) == expected


def run_sql(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


def overwrite(start: int, length: int) -> Callable[[Path], None]:
    def hit(file: Path) -> None:
        with file.open("r+b") as opened:
            opened.seek(start)
            opened.write(b"\xa5" * length)

    return hit


def truncate(part: float) -> Callable[[Path], None]:
    return lambda file: os.truncate(file, int(file.stat().st_size * part))


DAMAGE: dict[str, Callable[[Path], None]] = {
    "deleted": Path.unlink,
    "emptied": truncate(0),
    "cut in half": truncate(0.5),
    "cut to its first page": lambda file: os.truncate(file, 4096),
    "another file": lambda file: file.write_text("this is no database"),
    "garbled at the beginning": overwrite(0, 100),
    "garbled in the schema": overwrite(100, 400),
    "garbled in the second page": overwrite(4096, 4096),
    "garbled from the second page on": lambda f: overwrite(4096, f.stat().st_size - 4096)(f),
    "of an older schema": lambda file: run_sql(file, "PRAGMA user_version = 0"),
    "of a later schema": lambda file: run_sql(file, "PRAGMA user_version = 99"),
    "without tables": lambda file: run_sql(file, "DROP TABLE hashes", "DROP TABLE versions"),
    "without a state": lambda file: run_sql(file, "DELETE FROM state"),
    "without the table of the state": lambda file: run_sql(file, "DROP TABLE state"),
    "at a head that is no id": lambda file: run_sql(file, "UPDATE state SET head = '--help'"),
    "at a head that is no text": lambda file: run_sql(file, "UPDATE state SET head = x'00ff'"),
    "at a head that nobody knows": lambda f: run_sql(f, f"UPDATE state SET head = '{'0' * 64}'"),
    "with fields that are no JSON": lambda file: run_sql(file, "UPDATE versions SET fields = '{'"),
    "with fields that are no row": lambda file: run_sql(file, "UPDATE versions SET fields = '{}'"),
    "with columns of another program": lambda file: run_sql(
        file, "ALTER TABLE versions RENAME COLUMN fields TO content"
    ),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_index_answers_right(
    filled: Ledger, file: Path, damage: Callable[[Path], None]
) -> None:
    damage(file)
    assert_right(filled, file)


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_index_follows_further_events(
    filled: Ledger, file: Path, damage: Callable[[Path], None]
) -> None:
    damage(file)
    filled.append(World(seed=1).register("another"))
    assert_right(filled, file)


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_index_is_whole_afterwards(
    filled: Ledger, file: Path, damage: Callable[[Path], None]
) -> None:
    damage(file)
    SqliteIndex(filled, file).rows()
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT head FROM state").fetchone() == (filled.head(),)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Gives up the rights of root, who may write to what is read-only."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("is_stale", [False, True])
def test_a_read_only_index_answers_right(filled: Ledger, is_stale: bool) -> None:
    with TemporaryDirectory(dir="/tmp") as folder:  # pytest's own lets nobody else in
        file = Path(folder) / "index.sqlite"
        SqliteIndex(filled, file).rows()
        before = file.read_bytes()
        if is_stale:
            filled.append(World(seed=1).register("another"))
        file.chmod(0o444)
        Path(folder).chmod(0o555)
        with as_nobody():
            assert_right(filled, file)
        Path(folder).chmod(0o755)
        assert file.read_bytes() == before


def test_where_no_folder_can_be_made_it_answers_right(filled: Ledger, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert_right(filled, tmp_path / "file" / "index.sqlite")


def test_where_a_folder_stands_in_its_place_it_answers_right(
    filled: Ledger, tmp_path: Path
) -> None:
    (tmp_path / "index.sqlite" / "folder").mkdir(parents=True)
    assert_right(filled, tmp_path / "index.sqlite")


@pytest.mark.parametrize("is_stale", [False, True])
def test_a_locked_index_answers_right(filled: Ledger, file: Path, is_stale: bool) -> None:
    if is_stale:
        filled.append(World(seed=1).register("another"))
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        index = SqliteIndex(filled, file, patience=0.05)
        assert index.rows() == scan_rows(filled)


def test_a_builder_that_was_killed_leaves_no_half_truth(filled: Ledger, file: Path) -> None:
    before = filled.head()
    with closing(sqlite3.connect(file, isolation_level=None)) as killed:
        killed.execute("BEGIN IMMEDIATE")
        killed.execute("DELETE FROM versions")
        killed.execute("UPDATE state SET head = 'half'")
    assert filled.head() == before
    assert_right(filled, file)


def test_several_processes_build_one_index_at_once(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "project")
    ledger, world = open_ledger(repository), World(seed=4)
    begin(ledger)
    for _ in range(40):
        ledger.append(world.next_change())
    file = tmp_path / "private" / "index.sqlite"
    answers = run_together(index_rows, [(repository, file)] * 3)
    assert set(answers) == {repr(scan_rows(ledger))}
    assert_right(ledger, file)
