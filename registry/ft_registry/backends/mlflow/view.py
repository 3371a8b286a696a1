"""Looks at what MLflow shows, without importing MLflow wherever that can be.

A database of SQLite is read as a file, a server is asked over HTTP. Other databases, and what is of
another shape, are asked through MLflow's client, where its import is allowed. Whatever is read is
untrusted: numbers and ids are checked, long texts are cut, names stay what they are.
"""

import json
import os
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ft_registry.backends.mlflow.connection import MlflowPlace, check_reachable
from ft_registry.backends.mlflow.database import reading
from ft_registry.errors import BackendUnavailable
from ft_registry.model.shown import (
    DESCRIPTION,
    PREFIX,
    PROJECTED,
    REBUILD_OF,
    REBUILT,
    Mark,
    RunState,
    ShownModel,
    ShownVersion,
    name_aside,
)

IDENTITY_TAG = "ftr.identity"
_PROMPT_TAG = "mlflow.prompt.is_prompt"
_LOGGED_MODEL = re.compile(r"models:/(m-[0-9a-f]{32})")
_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")
_RUN_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")
_LARGEST = 10**9
_DIGITS = 14
"""Of a moment in milliseconds: until the year 5138."""
_CHARACTERS = 100_000
"""MLflow's own limit of a tag's value; a description is shorter."""
_DELETED = "Deleted_Internal"


@dataclass
class FoundVersion:
    """A version as it was read."""

    number: int
    description: str
    source: str
    run_id: str
    tags: dict[str, str] = field(default_factory=dict)
    deleted: bool = False

    @property
    def model_id(self) -> str:
        """The logged model behind it; empty: it has another kind of source."""
        match = _LOGGED_MODEL.fullmatch(self.source)
        return match[1] if match else ""


@dataclass
class FoundModel:
    """A registered model as it was read."""

    tags: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    versions: dict[int, FoundVersion] = field(default_factory=dict)
    description: str = ""
    updated_at: int | None = None
    tells_deleted: bool = False

    @property
    def is_prompt(self) -> bool:
        """Whether MLflow keeps a prompt under the name, not a model."""
        return self.tags.get(_PROMPT_TAG, "false").lower() == "true"


@dataclass(frozen=True)
class Found:
    """Everything that one look read."""

    models: Mapping[str, FoundModel]
    runs: Mapping[str, RunState]
    """The state by run id."""
    logged_models: Mapping[str, bool]
    """Whether the store has it, by id."""


class MlflowView:
    """See `StoreView`.

    Args:
        place: Where MLflow is.
        patience: Seconds that a server may take for everything.
        may_import: Whether MLflow's client may be imported where nothing else helps.
    """

    def __init__(self, place: MlflowPlace, *, patience: float, may_import: bool) -> None:
        self._place = place
        self._patience = patience
        self._may_import = may_import

    def shown(self, models: Sequence[str]) -> dict[str, ShownModel]:
        """See `StoreView.shown`."""
        asked = [name for model in models for name in (model, name_aside(model))]
        found = self._find(asked) if asked else Found({}, {}, {})
        return {
            model: _shown(model, found)
            for model in models
            if model in found.models or name_aside(model) in found.models
        }

    def known(self, logged_models: Sequence[str]) -> dict[str, bool]:
        """See `StoreView.known`."""
        asked = [one for one in logged_models if _MODEL_ID.fullmatch(one)]
        found = self._find((), asked).logged_models if asked else {}
        return {one: found.get(one, False) for one in logged_models}

    def _find(self, names: Sequence[str], others: Sequence[str] = ()) -> Found:
        """Returns what the store has.

        Args:
            names: Of registered models.
            others: Ids of logged models that are looked up as well.
        """
        try:
            if self._place.database is not None:
                return _read_database(self._place, names, others)
            if self._place.is_server:
                from ft_registry.backends.mlflow.view_server import ask_server

                return ask_server(self._place.uri, names, others, patience=self._patience)
        except OddShape:
            if not self._may_import:
                raise
        if not self._may_import:
            raise BackendUnavailable(
                f"expected to look at {self._place.shown} quickly, found a database that only "
                "MLflow itself reads",
                hints=["ft-registry sync --dry-run looks"],
            )
        from ft_registry.backends.mlflow.view_client import ask_client

        return ask_client(self._place, names, others)


class OddShape(BackendUnavailable):
    """What was read is not what we know MLflow to say."""

    def __init__(self, found: object) -> None:
        super().__init__(
            f"expected MLflow's data in a form that can be read without it, found {found}",
            hints=["ft-registry sync --dry-run looks through MLflow itself"],
        )


def number_of(value: Any) -> int:
    """Returns a version's number.

    Raises:
        OddShape: It is none.
    """
    text = str(value)
    if not (text.isascii() and text.isdigit()) or not 0 < int(text[:10]) <= _LARGEST:
        raise OddShape(f"{text[:40]!r} where the number of a version should be")
    return int(text)


def target_of(value: Any) -> int:
    """Returns the number that an alias names; 0, which no version has, when it names none."""
    try:
        return number_of(value)
    except OddShape:
        return 0


def millis_of(value: Any) -> int | None:
    """Returns a moment in milliseconds since the epoch, or None when it is none."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None


def run_ids(models: Iterable[FoundModel]) -> list[str]:
    """Returns the runs that versions name, those that could be none left out."""
    found = {v.run_id for model in models for v in model.versions.values() if not v.deleted}
    return sorted(run_id for run_id in found if _RUN_ID.fullmatch(run_id))


def model_ids(models: Iterable[FoundModel], others: Iterable[str] = ()) -> list[str]:
    """Returns the logged models that versions name, and others that are asked for."""
    found = {v.model_id for model in models for v in model.versions.values() if not v.deleted}
    return sorted((found - {""}).union(others))


def _shown(name: str, found: Found) -> ShownModel:
    model = found.models.get(name, FoundModel())
    projected = {
        key.removeprefix(PROJECTED): mark
        for key, value in model.tags.items()
        if key.startswith(PROJECTED) and (mark := Mark.parse(value)) is not None
    }
    return ShownModel(
        name=name,
        aliases=model.aliases,
        versions={number: _look(one, found) for number, one in model.versions.items()},
        projected=projected,
        updated_at=model.updated_at,
        tells_deleted=model.tells_deleted,
        description=model.description[:_CHARACTERS] if name in found.models else None,
        described=model.tags.get(DESCRIPTION, ""),
        unfinished=name_aside(name) in found.models
        or REBUILD_OF in model.tags
        or REBUILT in model.tags,
    )


def _look(version: FoundVersion, found: Found) -> ShownVersion:
    if version.deleted:
        return ShownVersion(version.number, "", {}, "", "", "", deleted=True)
    model_id = version.model_id
    return ShownVersion(
        number=version.number,
        identity=version.tags.get(IDENTITY_TAG, "")[:_CHARACTERS],
        tags={k: v[:_CHARACTERS] for k, v in version.tags.items() if k.startswith(PREFIX)},
        description=version.description[:_CHARACTERS],
        uri=f"models:/{model_id}" if model_id else "",
        run_id=version.run_id,
        run_state=found.runs.get(version.run_id, "unknown"),
        model_known=found.logged_models.get(model_id),
    )


def _read_database(place: MlflowPlace, names: Sequence[str], others: Sequence[str]) -> Found:
    check_reachable(place)
    database = place.database
    if database is None or not database.exists() or not database.stat().st_size:
        return Found({}, {}, {})  # MLflow makes a new one, with nothing in it
    try:
        with reading(place) as db:
            return _query(db, names, others)
    except sqlite3.OperationalError as error:
        if "no such" not in str(error):
            raise BackendUnavailable(f"expected to read {database}, found: {error}") from error
        raise OddShape(error) from error
    except sqlite3.DatabaseError as error:
        raise BackendUnavailable(
            f"expected to read {database}, found: {error}",
            hints=["put a backup back; ft-registry sync --restore adds what is newer"],
        ) from error


def _query(db: sqlite3.Connection, names: Sequence[str], others: Sequence[str]) -> Found:
    db.execute("BEGIN")  # one state, whoever writes meanwhile
    where = _Where(db)
    models = {
        name: FoundModel(
            description=str(description or ""), updated_at=millis_of(updated), tells_deleted=True
        )
        for name, description, updated in where.rows(
            "name, description, last_updated_time", "registered_models", "name", names
        )
    }
    known = list(models)
    for name, key, value in where.rows("name, key, value", "registered_model_tags", "name", known):
        models[name].tags[str(key)] = str(value or "")
    for name, alias, number in where.rows(
        "name, alias, version", "registered_model_aliases", "name", known
    ):
        models[name].aliases[str(alias)] = target_of(number)
    columns = "name, version, description, source, run_id, current_stage"
    for name, number, description, source, run_id, stage in where.rows(
        columns, "model_versions", "name", known
    ):
        models[name].versions[number_of(number)] = FoundVersion(
            number=number_of(number),
            description=str(description or ""),
            source=str(source or ""),
            run_id=str(run_id or ""),
            deleted=stage == _DELETED,
        )
    for name, number, key, value in where.rows(
        "name, version, key, value", "model_version_tags", "name", known
    ):
        version = models[name].versions.get(number)
        if version is not None:
            version.tags[str(key)] = str(value or "")
    models = {name: model for name, model in models.items() if not model.is_prompt}
    runs: dict[str, RunState] = dict.fromkeys(run_ids(models.values()), "missing")
    for run_id, stage in where.rows("run_uuid, lifecycle_stage", "runs", "run_uuid", list(runs)):
        runs[run_id] = "active" if stage == "active" else "deleted"
    logged = dict.fromkeys(model_ids(models.values(), others), False)
    for model_id, stage in where.rows(
        "model_id, lifecycle_stage", "logged_models", "model_id", list(logged)
    ):
        logged[model_id] = stage == "active"
    return Found(models, runs, logged)


class _Where:
    """Selects rows of one workspace: MLflow has them since its third version."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._workspace = os.environ.get("MLFLOW_WORKSPACE", "").strip() or "default"

    def rows(self, columns: str, table: str, key: str, values: Sequence[str]) -> list[Any]:
        there = {row[1] for row in self._db.execute(f"PRAGMA table_info({table})")}
        own = " AND workspace = ?" if "workspace" in there else ""
        query = (
            f"SELECT {columns} FROM {table} "  # noqa: S608 - names that are written above
            f"WHERE {key} IN (SELECT value FROM json_each(?)){own}"
        )
        values_of = [json.dumps(list(values)), *([self._workspace] if own else [])]
        return self._db.execute(query, values_of).fetchall()
