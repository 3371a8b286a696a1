"""The derived index: the ledger's versions by every hash they name, in SQLite.

It lies inside the git directory, is brought up to date from where it stopped (by the difference of
two states), and may be deleted at any time. What it holds is never the truth, only quick.
"""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeVar

from ft_registry.errors import FtRegistryError, IntegrityError
from ft_registry.faultpoints import faultpoint
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.version_row import (
    BaselineRow,
    VersionRow,
    baseline_fields,
    hashes_of,
    row_of,
    score_key,
)
from ft_registry.ports.index import HashUse
from ft_registry.ports.ledger import Ledger

T = TypeVar("T")

_OUT_OF_REACH = {
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN,
}  # fmt: skip
"""Failures that say nothing against the file's content."""
_FOREIGN = (
    ValueError, LookupError, TypeError, AttributeError,
    sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError,
)  # fmt: skip
"""What a document leads to that lacks what a row needs."""
_SCHEMA_VERSION = 3
_TABLES = """
CREATE TABLE state (head TEXT NOT NULL);
CREATE TABLE versions (
    model TEXT NOT NULL, number INTEGER NOT NULL, fields TEXT NOT NULL, PRIMARY KEY (model, number)
) WITHOUT ROWID;
CREATE TABLE hashes (
    hash TEXT NOT NULL, kind TEXT NOT NULL, model TEXT NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY (hash, kind, model, number)
) WITHOUT ROWID;
CREATE INDEX hashes_by_version ON hashes (model, number);
CREATE TABLE scores (
    path TEXT NOT NULL, model TEXT NOT NULL, number INTEGER NOT NULL, recorded_at TEXT NOT NULL,
    key TEXT NOT NULL, value REAL NOT NULL, PRIMARY KEY (path, key)
) WITHOUT ROWID;
CREATE INDEX scores_by_version ON scores (model, number, recorded_at);
CREATE TABLE corrections (
    path TEXT NOT NULL, corrected TEXT NOT NULL, PRIMARY KEY (path, corrected)
) WITHOUT ROWID;
CREATE INDEX corrections_by_corrected ON corrections (corrected);
CREATE TABLE baselines (
    model TEXT NOT NULL, label TEXT NOT NULL, fields TEXT NOT NULL, PRIMARY KEY (model, label)
) WITHOUT ROWID;
CREATE TABLE baseline_scores (
    path TEXT NOT NULL, model TEXT NOT NULL, label TEXT NOT NULL, recorded_at TEXT NOT NULL,
    key TEXT NOT NULL, value REAL NOT NULL, PRIMARY KEY (path, key)
) WITHOUT ROWID;
CREATE TABLE aliases (
    model TEXT NOT NULL, alias TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (model, alias)
) WITHOUT ROWID;
CREATE TABLE standings (
    model TEXT NOT NULL, number INTEGER NOT NULL, standing TEXT NOT NULL,
    PRIMARY KEY (model, number)
) WITHOUT ROWID;
"""


class SqliteIndex:
    """Answers from a SQLite file that follows the ledger.

    Args:
        ledger: The truth.
        file: Where the index lies; its folder is made when needed.
        patience: Seconds to wait for another process that holds the file.
    """

    def __init__(self, ledger: Ledger, file: Path, *, patience: float = 20) -> None:
        self._ledger = ledger
        self._file = file
        self._patience = patience

    def rows(self, model: str | None = None) -> list[VersionRow]:
        """See `VersionIndex.rows`."""
        return self._answer(lambda db: _rows(db, model))

    def baselines(self, model: str | None = None) -> list[BaselineRow]:
        """See `VersionIndex.baselines`."""
        return self._answer(lambda db: _baselines(db, model))

    def uses(self, hash_: str) -> list[HashUse]:
        """See `VersionIndex.uses`."""
        return self._answer(lambda db: _uses(db, hash_))

    def _answer(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Asks the file; one that is damaged is built anew, one out of reach is done without."""
        try:
            return self._ask(self._file, question)
        except FtRegistryError:
            raise  # the ledger's, not the file's
        except (OSError, sqlite3.Error, ValueError, TypeError) as error:
            out_of_reach = isinstance(error, OSError) or _code(error) in _OUT_OF_REACH
        if not out_of_reach:
            with suppress(OSError, sqlite3.Error):
                self._file.unlink(missing_ok=True)
                self._file.with_name(f"{self._file.name}-journal").unlink(missing_ok=True)
                return self._ask(self._file, question)
        return self._ask(None, question)

    def _ask(self, file: Path | None, question: Callable[[sqlite3.Connection], T]) -> T:
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        place = file or ":memory:"
        with closing(sqlite3.connect(place, timeout=self._patience, isolation_level=None)) as db:
            self._follow(db)
            # One answer is of one state, though another process may follow further meanwhile.
            db.execute("BEGIN")
            return question(db)

    def _follow(self, db: sqlite3.Connection) -> None:
        head = self._ledger.head() or ""
        if _state(db) == head:
            return
        faultpoint("index.write")
        db.execute("BEGIN IMMEDIATE")
        since = _state(db)
        if since is None or (since and not self._ledger.has(since)):
            since = ""  # a new file, an older schema, or a history that was rewritten
            tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
            for (name,) in db.execute(tables).fetchall():
                db.execute(f"DROP TABLE {name}")  # a name from our own schema
            for statement in _TABLES.split(";\n"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
        changes = self._ledger.changes("models", since=since or None, until=head or None)
        for path, content in changes:
            try:
                _apply(db, path, content)
            except _FOREIGN as error:
                raise IntegrityError(
                    f"expected {path} in the ledger to be a document of ours, found: {error!r}",
                    hints=[f"git log ft-registry -- {path} tells who wrote it"],
                ) from error
        db.execute("DELETE FROM state")
        db.execute("INSERT INTO state VALUES (?)", (head,))
        faultpoint("index.commit")
        db.execute("COMMIT")


def _code(error: Exception) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF


def _state(db: sqlite3.Connection) -> str | None:
    """Returns the event that the index is at; empty: before the first; None: it is no index."""
    if db.execute("PRAGMA user_version").fetchone()[0] != _SCHEMA_VERSION:
        return None
    found = db.execute("SELECT head FROM state").fetchone()
    return str(found[0]) if found else None


def _rows(db: sqlite3.Connection, model: str | None) -> list[VersionRow]:
    aliases: dict[tuple[str, int], list[str]] = {}
    query = "SELECT model, number, alias FROM aliases WHERE ?1 IS NULL OR model = ?1"
    for name, number, alias in db.execute(query, (model,)):
        aliases.setdefault((name, number), []).append(alias)
    scores: dict[tuple[str, int], dict[str, float]] = {}
    query = (
        "SELECT model, number, key, value FROM scores WHERE (?1 IS NULL OR model = ?1) "
        "AND path NOT IN (SELECT corrected FROM corrections) ORDER BY recorded_at, path"
    )
    for name, number, key, value in db.execute(query, (model,)):
        scores.setdefault((name, number), {})[key] = value
    query = "SELECT model, number, standing FROM standings WHERE ?1 IS NULL OR model = ?1"
    standings = {(name, number): said for name, number, said in db.execute(query, (model,))}
    query = (
        "SELECT model, number, fields FROM versions WHERE ?1 IS NULL OR model = ?1 "
        "ORDER BY model, number"
    )
    rows = []
    for name, number, text in db.execute(query, (model,)):
        fields = json.loads(text)
        rows.append(
            VersionRow(
                model=name,
                version=number,
                aliases=tuple(sorted(aliases.get((name, number), ()))),
                standing=standings.get((name, number), ""),
                scores=scores.get((name, number), {}),
                data=tuple(fields.pop("data", ())),
                **fields,
            )
        )
    return rows


def _baselines(db: sqlite3.Connection, model: str | None) -> list[BaselineRow]:
    scores: dict[tuple[str, str], dict[str, float]] = {}
    query = (
        "SELECT model, label, key, value FROM baseline_scores WHERE ?1 IS NULL OR model = ?1 "
        "ORDER BY recorded_at, path"
    )
    for name, label, key, value in db.execute(query, (model,)):
        scores.setdefault((name, label), {})[key] = value
    query = (
        "SELECT model, label, fields FROM baselines WHERE ?1 IS NULL OR model = ?1 "
        "ORDER BY model, label"
    )
    return [
        BaselineRow(
            model=name, label=label, scores=scores.get((name, label), {}), **json.loads(text)
        )
        for name, label, text in db.execute(query, (model,))
    ]


def _uses(db: sqlite3.Connection, hash_: str) -> list[HashUse]:
    query = "SELECT kind, model, number FROM hashes WHERE hash = ? ORDER BY model, number, kind"
    return [HashUse(*found) for found in db.execute(query, (hash_,))]


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
        db.execute("DELETE FROM corrections WHERE path = ?", (path,))
        values = _score_values(path, model, int(rest[1]), document)
        db.executemany("INSERT INTO scores VALUES (?, ?, ?, ?, ?, ?)", values)
        folder_of = path.rpartition("/")[0]
        corrected = [(path, f"{folder_of}/{id_}.json") for id_ in document.get("supersedes", ())]
        db.executemany("INSERT OR IGNORE INTO corrections VALUES (?, ?)", corrected)
    elif folder == "baselines":
        label = rest[-1].removesuffix(".json")
        db.execute("DELETE FROM baselines WHERE model = ? AND label = ?", (model, label))
        if content is not None:
            fields = json.dumps(baseline_fields(document, digest=digest_bytes(content)))
            db.execute("INSERT INTO baselines VALUES (?, ?, ?)", (model, label, fields))
    elif folder == "baseline-evaluations":
        db.execute("DELETE FROM baseline_scores WHERE path = ?", (path,))
        values = _score_values(path, model, rest[0], document)
        db.executemany("INSERT INTO baseline_scores VALUES (?, ?, ?, ?, ?, ?)", values)
    elif folder == "aliases":
        alias = rest[-1].removesuffix(".json")
        db.execute("DELETE FROM aliases WHERE model = ? AND alias = ?", (model, alias))
        if content is not None:
            row = (model, alias, document["version"])
            db.execute("INSERT INTO aliases VALUES (?, ?, ?)", row)
    elif folder == "standings":
        number = int(rest[-1].removesuffix(".json"))
        db.execute("DELETE FROM standings WHERE model = ? AND number = ?", (model, number))
        if content is not None:
            said = (model, number, document["standing"])
            db.execute("INSERT INTO standings VALUES (?, ?, ?)", said)


def _score_values(
    path: str, model: str, of: int | str, document: dict[str, Any]
) -> list[tuple[Any, ...]]:
    """Returns the rows of an evaluation's scores.

    Args:
        path: Of the evaluation.
        model: The model.
        of: The version's number, or the baseline's label.
        document: The evaluation.
    """
    at, suite = document.get("recorded_at"), document.get("suite")
    return [
        (path, model, of, at, f"{suite}.{score_key(score)}", score["value"])
        for score in document.get("scores", ())
    ]
