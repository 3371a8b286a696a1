"""Reads MLflow's SQLite file without MLflow: its import costs seconds, a question milliseconds.

Reading only, and only what stands in columns that MLflow has had since logged models came. Where
the file is of another shape, callers ask MLflow's client instead.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from ft_registry.backends.mlflow.connection import MlflowPlace, log_of
from ft_registry.errors import BackendUnavailable

_PATIENCE_SECONDS = 5


@contextmanager
def reading(place: MlflowPlace) -> Iterator[sqlite3.Connection]:
    """Opens the database behind a place for reading.

    Raises:
        BackendUnavailable: There is no file, or it cannot be read.
        sqlite3.DatabaseError: From the body: a table or column is not there (`OperationalError`),
            or the file is damaged.
    """
    database = place.database
    if database is None or not database.is_file():
        raise BackendUnavailable(
            f"expected MLflow's database, found no file for {place.shown}",
            hints=["ft-registry init makes one; ft-registry sync --restore fills it again"],
        )
    # Not immutable=1: another process may write meanwhile, and its log must be read as well.
    uri = f"{database.absolute().as_uri()}?mode=ro"
    try:
        db = sqlite3.connect(uri, uri=True, timeout=_PATIENCE_SECONDS)
    except sqlite3.Error as error:
        raise BackendUnavailable(f"expected to read {database}, found: {error}") from error
    with closing(db):
        yield db


def write_back(place: MlflowPlace) -> None:
    """Writes the log beside the database into it: a copy of that file alone is whole then.

    Nobody is waited for. Where another process is at work, the log stays as valid as it was.
    """
    database = place.database
    if database is None or not database.is_file() or not log_of(database).is_file():
        return
    uri = f"{database.absolute().as_uri()}?mode=rw"
    with suppress(sqlite3.Error), closing(sqlite3.connect(uri, uri=True, timeout=0)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
