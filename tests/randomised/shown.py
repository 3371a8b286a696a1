"""What MLflow's database holds, read without a line of ours: what `status` is held against."""

import contextlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Held:
    """One version in MLflow."""

    source: str
    identity: str
    is_run_trashed: bool
    is_model_gone: bool
    location: str
    """Where its bytes lie; empty: MLflow does not know."""

    @property
    def is_sound(self) -> bool:
        """Whether all of MLflow's own is behind it."""
        return not self.is_run_trashed and not self.is_model_gone


@dataclass(frozen=True)
class Database:
    """What MLflow has of one registered model."""

    aliases: Mapping[str, int]
    marks: Mapping[str, tuple[int, str, int | None]]
    """What our tags say that each alias was last let name, by which document, and, of a move that
    was cut off, from where."""
    versions: Mapping[int, Held]
    """Those that were not deleted."""
    is_unfinished: bool
    """Whether something of a rebuild is about."""


def read_database(file: Path, model: str) -> Database:
    """Reads what MLflow has of a registered model."""
    with contextlib.closing(sqlite3.connect(file)) as db:

        def rows(query: str, *values: str) -> list[tuple[str, ...]]:
            return db.execute(query, values).fetchall()

        aliases = rows("SELECT alias, version FROM registered_model_aliases WHERE name = ?", model)
        tags = dict(rows("SELECT key, value FROM registered_model_tags WHERE name = ?", model))
        found = rows(
            "SELECT v.version, v.source, r.lifecycle_stage, l.lifecycle_stage, "
            "l.artifact_location, t.value FROM model_versions v "
            "LEFT JOIN runs r ON r.run_uuid = v.run_id "
            "LEFT JOIN logged_models l ON 'models:/' || l.model_id = v.source "
            "LEFT JOIN model_version_tags t ON t.name = v.name AND t.version = v.version "
            "AND t.key = 'ftr.identity' "
            "WHERE v.name = ? AND v.current_stage != 'Deleted_Internal'",
            model,
        )
        rebuilt = rows("SELECT name FROM registered_models WHERE name LIKE ?", f"{model}~%")
        marked = rows(
            "SELECT v.version FROM model_versions v JOIN model_version_tags t ON t.name = v.name "
            "AND t.version = v.version AND t.key = 'ftr.restoring' "
            "WHERE v.current_stage != 'Deleted_Internal'"
        )
    versions = {
        int(number): Held(
            source,
            identity or "",
            is_run_trashed=run != "active",
            is_model_gone=logged in (None, "deleted"),
            location=(location or "").removeprefix("file://"),
        )
        for number, source, run, logged, location, identity in found
    }
    marks = {}
    for key, value in tags.items():
        if key.startswith("ftr.alias."):
            version, state, *way = value.split(" ")
            marks[key.removeprefix("ftr.alias.")] = (
                int(version), state, int(way[1]) if way else None,
            )  # fmt: skip
    unfinished = bool(rebuilt or marked) or any(key.startswith("ftr.rebuild") for key in tags)
    return Database({a: int(v) for a, v in aliases}, marks, versions, unfinished)
