"""The derived index: the ledger's versions by every hash they name, in SQLite.

It lies inside the git directory, is brought up to date from where it stopped (by the difference of
two states), and may be deleted at any time. What it holds is never the truth, only quick.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ft_registry.model.canonical import digest_bytes
from ft_registry.model.version_row import VersionRow, hashes_of, row_of
from ft_registry.ports.index import HashUse
from ft_registry.ports.ledger import Ledger

_SCHEMA_VERSION = 1
_TABLES = """
CREATE TABLE state (head TEXT NOT NULL);
CREATE TABLE versions (
    model TEXT NOT NULL, number INTEGER NOT NULL, fields TEXT NOT NULL, PRIMARY KEY (model, number)
) WITHOUT ROWID;
CREATE TABLE hashes (
    hash TEXT NOT NULL, kind TEXT NOT NULL, model TEXT NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY (hash, kind, model, number)
) WITHOUT ROWID;
CREATE TABLE scores (
    path TEXT NOT NULL, model TEXT NOT NULL, number INTEGER NOT NULL, recorded_at TEXT NOT NULL,
    key TEXT NOT NULL, value REAL NOT NULL, PRIMARY KEY (path, key)
) WITHOUT ROWID;
CREATE INDEX scores_by_version ON scores (model, number, recorded_at);
CREATE TABLE aliases (
    model TEXT NOT NULL, alias TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (model, alias)
) WITHOUT ROWID;
"""


class SqliteIndex:
    """Answers from a SQLite file that follows the ledger.

    Args:
        ledger: The truth.
        file: Where the index lies; its folder is made when needed.
    """

    def __init__(self, ledger: Ledger, file: Path) -> None:
        self._ledger = ledger
        self._file = file

    def rows(self, model: str | None = None) -> list[VersionRow]:
        """See `VersionIndex.rows`."""
        with self._current() as db:
            aliases: dict[tuple[str, int], list[str]] = {}
            query = "SELECT model, number, alias FROM aliases WHERE ?1 IS NULL OR model = ?1"
            for name, number, alias in db.execute(query, (model,)):
                aliases.setdefault((name, number), []).append(alias)
            scores: dict[tuple[str, int], dict[str, float]] = {}
            query = (
                "SELECT model, number, key, value FROM scores WHERE ?1 IS NULL OR model = ?1 "
                "ORDER BY recorded_at"
            )
            for name, number, key, value in db.execute(query, (model,)):
                scores.setdefault((name, number), {})[key] = value
            query = (
                "SELECT model, number, fields FROM versions WHERE ?1 IS NULL OR model = ?1 "
                "ORDER BY model, number"
            )
            return [
                VersionRow(
                    model=name,
                    version=number,
                    aliases=tuple(sorted(aliases.get((name, number), ()))),
                    scores=scores.get((name, number), {}),
                    **json.loads(fields),
                )
                for name, number, fields in db.execute(query, (model,))
            ]

    def uses(self, hash_: str) -> list[HashUse]:
        """See `VersionIndex.uses`."""
        query = "SELECT kind, model, number FROM hashes WHERE hash = ? ORDER BY model, number, kind"
        with self._current() as db:
            return [HashUse(*found) for found in db.execute(query, (hash_,))]

    @contextmanager
    def _current(self) -> Iterator[sqlite3.Connection]:
        """Yields a connection to the index at the ledger's head."""
        try:
            db = self._open(self._file)
        except (sqlite3.OperationalError, OSError):
            db = self._open(None)  # read-only, locked for long: then for this once in memory
        except sqlite3.DatabaseError:
            self._file.unlink(missing_ok=True)  # damaged: it is only derived
            db = self._open(self._file)
        with closing(db):
            yield db

    def _open(self, file: Path | None) -> sqlite3.Connection:
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(file or ":memory:", timeout=20, isolation_level=None)
        try:
            self._follow(db)
        except BaseException:
            db.close()
            raise
        return db

    def _follow(self, db: sqlite3.Connection) -> None:
        head = self._ledger.head()
        if _head(db) == head:
            return
        db.execute("BEGIN IMMEDIATE")
        since = _head(db)
        if not self._ledger.has(since):
            since = None  # a new file, an older schema, or a history that was rewritten
            tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
            for (name,) in db.execute(tables).fetchall():
                db.execute(f"DROP TABLE {name}")  # a name from our own schema
            for statement in _TABLES.split(";\n"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
        for path, content in self._ledger.changes("models", since=since, until=head):
            _apply(db, path, content)
        db.execute("DELETE FROM state")
        db.execute("INSERT INTO state VALUES (?)", (head or "",))
        db.execute("COMMIT")


def _head(db: sqlite3.Connection) -> str | None:
    if db.execute("PRAGMA user_version").fetchone()[0] != _SCHEMA_VERSION:
        return None
    found = db.execute("SELECT head FROM state").fetchone()
    return found[0] or None if found else None


def _apply(db: sqlite3.Connection, path: str, content: bytes | None) -> None:
    _, model, folder, *rest = path.split("/")
    document: dict[str, Any] = json.loads(content) if content is not None else {}
    if folder == "versions":
        number = int(rest[-1].removesuffix(".json"))
        db.execute("DELETE FROM versions WHERE model = ? AND number = ?", (model, number))
        db.execute("DELETE FROM hashes WHERE model = ? AND number = ?", (model, number))
        if content is not None:
            digest = digest_bytes(content)
            fields = json.dumps(row_of(document, digest=digest))
            db.execute("INSERT INTO versions VALUES (?, ?, ?)", (model, number, fields))
            uses = [(hash_, kind, model, number) for hash_, kind in hashes_of(document, digest)]
            db.executemany("INSERT OR IGNORE INTO hashes VALUES (?, ?, ?, ?)", uses)
    elif folder == "evaluations":
        db.execute("DELETE FROM scores WHERE path = ?", (path,))
        number = int(rest[1])
        at, suite = document.get("recorded_at"), document.get("suite")
        values = [
            (path, model, number, at, f"{suite}.{score['metric']}", score["value"])
            for score in document.get("scores", ())
        ]
        db.executemany("INSERT INTO scores VALUES (?, ?, ?, ?, ?, ?)", values)
    elif folder == "aliases":
        alias = rest[-1].removesuffix(".json")
        db.execute("DELETE FROM aliases WHERE model = ? AND alias = ?", (model, alias))
        if content is not None:
            row = (model, alias, document["version"])
            db.execute("INSERT INTO aliases VALUES (?, ?, ?)", row)
