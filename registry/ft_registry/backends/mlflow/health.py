"""Looks at the health of MLflow without importing or migrating it: its place, its database.

What can be seen of a server from outside is in `server_health`.
"""

import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from urllib.parse import unquote

from ft_registry.backends.machine import network_kind, why_closed
from ft_registry.backends.mlflow.connection import MlflowPlace, check_reachable, without_login
from ft_registry.backends.mlflow.database import reading
from ft_registry.backends.versions import installed
from ft_registry.model.health import Diagnosis, ok, problem, unchecked, warning

_REVISION = re.compile(r"^(down_)?revision\b[^=]*=\s*(.+)$", re.MULTILINE)
_WORD = re.compile(r"['\"]([0-9a-z_]+)['\"]")
_LARGEST = 200 * 10**6
"""Bytes of a database that is read from end to end."""
_TRUE = ("true", "1", "yes")
_RISKS = (
    (
        "MLFLOW_TRACKING_INSECURE_TLS",
        "the server's certificate is not checked: whoever stands between may be it",
        "unset it; MLFLOW_TRACKING_SERVER_CERT_PATH names an authority of one's own",
    ),
    (
        "MLFLOW_TRUNCATE_LONG_VALUES",
        "MLflow cuts what is too long without a word",
        "export MLFLOW_TRUNCATE_LONG_VALUES=false",
    ),
    (
        "MLFLOW_ALLOW_HTTP_REDIRECTS",
        "a login may follow a redirect to another host",
        "export MLFLOW_ALLOW_HTTP_REDIRECTS=false",
    ),
    (
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION",
        "a model that MLflow loads may run code of whoever made it",
        "export MLFLOW_ALLOW_PICKLE_DESERIALIZATION=false",
    ),
)
"""Variables that endanger what is kept when somebody has set them to true."""


def look_at_place(place: MlflowPlace) -> Iterator[Diagnosis]:
    """Tells where MLflow is, and whether there is anything to reach."""
    check_reachable(place)
    if place.is_server:
        yield ok("place", f"a server at {place.shown}")
    elif place.database is None:
        yield ok("place", f"a database: {place.shown}")
        yield unchecked("schema", "only SQLite files and servers are looked at without MLflow")
    else:
        yield ok("place", f"SQLite: {place.database}")


def look_at_database(place: MlflowPlace) -> Iterator[Diagnosis]:
    """Tells whether the SQLite file is whole, of this MLflow's schema, and on a local disk."""
    database = place.database
    if database is None:
        return
    if not database.is_file():
        yield warning(
            "schema", "there is no database so far", "ft-registry init makes one, "
            "ft-registry sync --restore fills it again",
        )  # fmt: skip
        return
    try:
        with reading(place) as db:
            stands_at = _schema_of(db)
            fault = _damage_of(db, database)
    except sqlite3.DatabaseError as error:
        stands_at, fault = "", str(error)
    if fault:
        yield problem(
            "database",
            f"{database} is damaged: {fault}",
            "put a backup back; ft-registry sync --restore adds what is newer",
        )
    else:
        yield ok("database", "whole" if database.stat().st_size <= _LARGEST else "not read in full")
    yield _schema(stands_at, place)
    if kind := network_kind(database):
        yield warning(
            "database place",
            f"SQLite on {kind}: two writers can damage it there",
            "move it to a disk of this machine, or start an MLflow server where it is",
        )


def look_at_artifacts(place: MlflowPlace) -> Iterator[Diagnosis]:
    """Tells whether weights can be written where MLflow keeps them; of a server nobody can tell."""
    if place.artifacts is None:
        yield unchecked("artifacts", "a server keeps them in a place of its own")
    elif closed := why_closed(place.artifacts):
        yield problem("artifacts", closed, "make it a folder that you may write to")
    else:
        yield ok("artifacts", str(place.artifacts))
        yield from _moved(place, place.artifacts)


def _moved(place: MlflowPlace, artifacts: Path) -> Iterator[Diagnosis]:
    """Tells of models whose files are here, while MLflow looks for them where they once were."""
    if place.database is None or not place.database.is_file():
        return
    try:
        with reading(place) as db:
            rows = db.execute("SELECT artifact_location FROM logged_models").fetchall()
    except sqlite3.DatabaseError:  # what is wrong with it is told where it is looked at
        return
    lost: dict[Path, int] = {}
    for (location,) in rows:
        folder = Path(unquote(str(location).removeprefix("file://")))
        if not folder.is_absolute() or artifacts.name not in folder.parts:
            continue
        if os.path.exists(folder):  # noqa: PTH110 - False in another's home; Path.exists raises
            continue
        at = len(folder.parts) - 1 - folder.parts[::-1].index(artifacts.name)
        if artifacts.joinpath(*folder.parts[at + 1 :]).is_dir():
            old = Path(*folder.parts[: at + 1])
            lost[old] = lost.get(old, 0) + 1
    for old, count in lost.items():
        yield problem(
            "moved",
            f"MLflow looks for the files of {count} models below {old}, which is not there, and "
            f"they lie below {artifacts}: the repository was moved, and MLflow keeps whole paths",
            f"move it back, or put a link where it was: mkdir -p {quote(str(old.parent))} && "
            f"ln -s {quote(str(artifacts))} {quote(str(old))}",
        )


def look_at_variables(place: MlflowPlace, environ: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Tells which of MLflow's own variables endanger what is kept."""
    risky = [row for row in _RISKS if environ.get(row[0], "").strip().lower() in _TRUE]
    for name, what, advice in risky:
        yield warning("variables", f"{name}={environ[name]}: {what}", advice)
    registry = environ.get("MLFLOW_REGISTRY_URI", "")
    if registry and registry != place.uri:
        yield warning(
            "variables",
            f"MLFLOW_REGISTRY_URI={without_login(registry)} is not where ft-registry registers: "
            f"{place.shown}",
            "unset it, or what MLflow itself loads is of another registry",
        )
    if not risky and not registry:
        yield ok("variables", "none that endangers what is kept")


def _schema_of(db: sqlite3.Connection) -> str:
    there = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    row = db.execute("SELECT version_num FROM alembic_version").fetchone() if there else None
    return str(row[0])[:40] if row else ""


def _damage_of(db: sqlite3.Connection, database: Path) -> str:
    if database.stat().st_size > _LARGEST:
        return ""
    found = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    return "" if found == "ok" else found


def _schema(stands_at: str, place: MlflowPlace) -> Diagnosis:
    known, newest = _known_schemas()
    release = installed("mlflow") or "(none)"
    if not newest:
        return unchecked("schema", f"MLflow {release} does not tell the schemas that it knows")
    if not stands_at:
        return problem(
            "schema",
            "MLflow's tables are not in the database",
            "correct MLFLOW_TRACKING_URI, or move the file away and run ft-registry init",
        )
    if stands_at in newest:
        return ok("schema", f"{stands_at}, that of MLflow {release}")
    if stands_at in known:
        return problem(
            "schema",
            f"{stands_at} is older than MLflow {release}, which refuses it",
            f"copy the database, then: mlflow db upgrade {place.shown}",
        )
    return problem(
        "schema",
        f"{stands_at} is not known to MLflow {release}: a newer one has written it",
        "install the MLflow that has, or a newer one; the schema has no way back",
    )


def _known_schemas() -> tuple[frozenset[str], frozenset[str]]:
    """Returns the schemas that the installed MLflow knows, and the newest, from its files."""
    spec = find_spec("mlflow")
    if spec is None or spec.origin is None:
        return frozenset(), frozenset()
    known: set[str] = set()
    older: set[str] = set()
    folder = Path(spec.origin).parent / "store" / "db_migrations" / "versions"
    for file in folder.glob("*.py"):
        text = file.read_text(encoding="utf-8", errors="replace")
        for down, value in _REVISION.findall(text):
            (older if down else known).update(_WORD.findall(value))
    return frozenset(known), frozenset(known - older)
