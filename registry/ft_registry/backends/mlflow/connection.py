"""The connection to MLflow: settings that must stand before its import, and one kind of failure."""

import logging
import os
import re
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar
from urllib.parse import SplitResult, quote, urlsplit

from filelock import FileLock

from ft_registry.backends.imports import large_import
from ft_registry.errors import BackendUnavailable, FtRegistryError, InvalidInput
from ft_registry.faultpoints import faultpoint

if TYPE_CHECKING:
    from mlflow import MlflowClient

T = TypeVar("T")

_REACH_SECONDS = 5
_SQLITE = "sqlite:///"
_IN_MEMORY = ("", ":memory:")
_SCHEMES = ("http", "https", "sqlite", "postgresql", "mysql", "mssql")
_EXAMPLES = "for example sqlite:////absolute/path/mlflow.db or http://127.0.0.1:5000"
_LOGIN = re.compile(r"://[^/@\s]+@")
_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # By default seven retries with growing pauses: minutes before a dead server is told.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
    # A value that is cut without a word is worse than one that is refused.
    "MLFLOW_TRUNCATE_LONG_VALUES": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    # With a server it tells of each run that ends on the standard output, which is for results.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


@dataclass(frozen=True)
class MlflowPlace:
    """Where MLflow is.

    Args:
        uri: The tracking and registry URI.
        artifacts: The folder for artifacts when the URI is a database on this machine; a server
            has a place of its own.
        scratch: A folder for locks.
        site: Where the pages of the registry are served; empty: nowhere.
    """

    uri: str
    artifacts: Path | None
    scratch: Path
    site: str = ""

    @classmethod
    def at(cls, uri: str, *, home: Path, scratch: Path, site: str = "") -> Self:
        """Returns the place behind a URI.

        Args:
            uri: MLflow's tracking URI.
            home: What a relative SQLite path counts from, and where artifacts go beside other
                databases.
            scratch: A folder for locks.
            site: Where the pages of the registry are served; empty: nowhere.
        """
        rest = uri.removeprefix(_SQLITE)
        if _parts(uri).scheme in ("http", "https"):
            return cls(uri=uri, artifacts=None, scratch=scratch, site=site)
        folder = home
        if uri.startswith(_SQLITE) and rest not in _IN_MEMORY:
            database = home / rest
            uri, folder = f"{_SQLITE}{database}", database.parent
        return cls(uri=uri, artifacts=folder / "mlartifacts", scratch=scratch, site=site)

    @property
    def shown(self) -> str:
        """The URI as it may be printed: without user and password."""
        return without_login(self.uri)

    def page_of(self, model: str, logged_model: str) -> str | None:
        """Returns the address of a version's line on its model's page; None: there is no site.

        MLflow keeps it from before it hands out the number: the logged model tells the line.
        """
        if not self.site:
            return None
        return f"{self.site.rstrip('/')}/models/{quote(model)}/index.html#{logged_model}"

    @property
    def is_server(self) -> bool:
        """Whether an HTTP server stands between us and the database."""
        return _parts(self.uri).scheme in ("http", "https")

    @property
    def database(self) -> Path | None:
        """The SQLite file; None for servers and other databases."""
        if not self.uri.startswith(_SQLITE):
            return None
        return Path(self.uri.removeprefix(_SQLITE))


def check_reachable(place: MlflowPlace) -> None:
    """Finds out within seconds, and without importing MLflow, whether there is anything to reach.

    Raises:
        BackendUnavailable: There is not.
        InvalidInput: The URI is none that MLflow's registry serves.
    """
    parts = _parts(place.uri)
    if parts.scheme.partition("+")[0] not in _SCHEMES:
        raise InvalidInput(
            f"expected MLflow's URI to begin with {', '.join(_SCHEMES)}, found {place.shown!r}",
            hints=[_EXAMPLES],
        )
    if place.is_server:
        _check_server(place)
    if parts.scheme == "sqlite":
        _check_file(place)


def _check_server(place: MlflowPlace) -> None:
    parts = _parts(place.uri)
    if not parts.hostname:
        raise InvalidInput(
            f"expected the name of a host in MLflow's URI, found {place.shown!r}", hints=[_EXAMPLES]
        )
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname, port), timeout=_REACH_SECONDS).close()
    except OSError as error:
        raise BackendUnavailable(
            f"expected an MLflow server at {parts.hostname}:{port}, found none: {error}",
            hints=["start it, or correct MLFLOW_TRACKING_URI or mlflow_uri in the configuration"],
        ) from error


def _check_file(place: MlflowPlace) -> None:
    database = place.database
    if database is None or place.uri.removeprefix(_SQLITE) in _IN_MEMORY:
        raise InvalidInput(
            f"expected a file in MLflow's URI, found {place.uri!r}: a database in memory ends with "
            "the command",
            hints=[_EXAMPLES],
        )
    try:
        if not database.exists():
            found = "" if os.access(_nearest_folder(database), os.W_OK) else "no right to write"
        elif not database.is_file():
            found = "a folder"
        elif not os.access(database, os.R_OK):
            found = "no right to read"
        else:
            found = "" if _is_sqlite(database) else "something else"
        if not found and not _is_there(database):
            _check_no_log(database)
    except OSError as error:
        found = error.strerror or str(error)
    if found:
        raise BackendUnavailable(
            f"expected an SQLite database at {database}, or a folder to make one in, found {found}",
            hints=["move what is there away, or correct MLFLOW_TRACKING_URI"],
        )


def _check_no_log(database: Path) -> None:
    """Raises BackendUnavailable if the log of a database is left alone.

    A new database beside it would take it for its own, and be a mixture of both.
    """
    log = log_of(database)
    if log.is_file() and log.stat().st_size:
        raise BackendUnavailable(
            f"expected an SQLite database at {database}, found only its log, {log.name}: part of "
            "what was in the database is there and nowhere else",
            hints=[
                f"put {database.name} back beside it, as it was at that moment",
                f"or move {log.name} and {database.name}-shm away, and end what works on them; "
                "ft-registry sync --restore fills a new database then",
            ],
        )


def log_of(database: Path) -> Path:
    """Returns the file into which SQLite writes ahead; it belongs to the database."""
    return database.with_name(f"{database.name}-wal")


def _is_sqlite(database: Path) -> bool:
    """Returns whether SQLite takes a file for a database; one that is damaged or busy it does.

    Asked of SQLite itself: were the file opened and closed beside it, the locks of all connections
    of this process would be gone, and another process would take a log away that they still use.
    """
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as db:
            db.execute("PRAGMA schema_version")
    except sqlite3.Error as error:
        return error.sqlite_errorname != "SQLITE_NOTADB"
    return True


def connect(place: MlflowPlace) -> "MlflowClient":
    """Returns a client, after making the database when there is none.

    Raises:
        BackendUnavailable: MLflow cannot be reached.
    """
    check_reachable(place)
    # It would tell of each try in the middle of our own output.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    # It prints the traceback of a failure that it raises as well.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    with guarded("MLflow to open its database"):
        if "mlflow" not in sys.modules:
            with large_import():
                import mlflow  # noqa: F401 - the name is taken below
        from mlflow import MlflowClient

        database = place.database
        if database is not None and not _is_there(database):
            _create(place, database)
        client = MlflowClient(tracking_uri=place.uri, registry_uri=place.uri)
        client.search_experiments(max_results=1)
        return client


def without_login(text: str) -> str:
    """Returns text without users and passwords in the URIs that it holds."""
    return _LOGIN.sub("://", text)


def _parts(uri: str) -> SplitResult:
    try:
        parts = urlsplit(uri)
        _ = parts.port  # parsed only when it is asked for
    except ValueError as error:
        raise InvalidInput(
            f"expected MLflow's URI, found {without_login(uri)!r}: {error}", hints=[_EXAMPLES]
        ) from error
    return parts


def _nearest_folder(path: Path) -> Path:
    return next(folder for folder in path.parents if folder.exists())


def _is_there(database: Path) -> bool:
    return database.exists() and database.stat().st_size > 0


def _create(place: MlflowPlace, database: Path) -> None:
    from mlflow import MlflowClient

    database.parent.mkdir(parents=True, exist_ok=True)
    place.scratch.mkdir(parents=True, exist_ok=True)
    # Seventy migrations; two processes must not run them at once.
    with FileLock(place.scratch / "mlflow-create.lock"):
        if _is_there(database):
            return
        # Made aside: migrations that were cut off in the middle cannot be taken up again.
        aside = database.with_name(f"{database.name}.new")
        for rest in ("", "-journal", "-wal", "-shm"):
            database.with_name(aside.name + rest).unlink(missing_ok=True)
        uri = f"sqlite:///{aside}"
        MlflowClient(tracking_uri=uri, registry_uri=uri).search_experiments()
        # Halves the time of a write and lets readers read meanwhile; the file remembers it.
        with closing(sqlite3.connect(aside)) as db:
            db.execute("PRAGMA journal_mode = WAL")
        aside.replace(database)


@contextmanager
def guarded(expected: str) -> Iterator[None]:
    """Turns every failure of MLflow inside into one of ours.

    Args:
        expected: What was to happen: "MLflow to take the upload".
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)  # read while it is imported
    try:
        faultpoint("mlflow.ask")
        yield
        faultpoint("mlflow.answer")
    except FtRegistryError:
        raise
    except Exception as error:
        if not _is_failure(error):
            raise
        reason = without_login(" ".join(str(error).split())[:500])
        raise BackendUnavailable(
            f"expected {expected}, found: {reason}",
            hints=["ft-registry status shows which MLflow is used"],
        ) from error


def _is_failure(error: Exception) -> bool:
    """Returns whether an exception is how MLflow, or a library under it, fails."""
    import requests
    import sqlalchemy.exc
    from alembic.util import CommandError
    from google.protobuf.json_format import Error as ProtobufError  # type: ignore[import-untyped]
    from mlflow.exceptions import MlflowException

    failures = (
        MlflowException,
        sqlalchemy.exc.SQLAlchemyError,
        requests.RequestException,
        CommandError,  # a schema of another version
        ProtobufError,  # an answer of another shape
        ValueError,  # an answer that is no JSON
        ImportError,  # a database whose driver is not installed
        OSError,
    )
    return isinstance(error, failures)


@contextmanager
def as_default(place: MlflowPlace) -> Iterator[None]:
    """Makes a place MLflow's default inside, and leaves that setting as it was.

    Where a version is created in a database, MLflow looks for its source at the default place,
    which is a new mlflow.db in the current folder unless somebody has set it.
    """
    import mlflow

    variable = os.environ.get("MLFLOW_TRACKING_URI")
    before = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
    mlflow.set_tracking_uri(place.uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)
        # It sets the variable as well.
        os.environ.pop("MLFLOW_TRACKING_URI", None)
        if variable is not None:
            os.environ["MLFLOW_TRACKING_URI"] = variable


def once(call: Callable[[], T]) -> T:
    """Runs one call with MLflow's own retries off.

    Its client repeats a POST whose reply was lost: that has made three versions out of one call,
    and has re-applied an old promotion over a newer one.
    """
    before = os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"]
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
    try:
        return call()
    finally:
        os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = before


@contextmanager
def without_prompt_checks(client: "MlflowClient") -> Iterator[None]:
    """Lets the writes inside not fetch the registered model again, each of them, before it writes.

    The client wants to know that it is no prompt, which whoever has just read the model knows: it
    is not given prompts. An MLflow whose client looks in another way goes on looking.
    """
    name = "_raise_if_prompt"
    setattr(client, name, lambda _model: None)
    try:
        yield
    finally:
        delattr(client, name)
