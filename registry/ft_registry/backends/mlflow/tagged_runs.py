"""Finds runs by a tag, without importing MLflow wherever that can be."""

import os
import sqlite3
from collections.abc import Sequence

from ft_registry.backends.mlflow.connection import MlflowPlace, check_reachable, connect, guarded
from ft_registry.backends.mlflow.database import reading
from ft_registry.backends.mlflow.view import OddShape
from ft_registry.errors import BackendUnavailable

_PATIENCE_SECONDS = 60
_MOST = 100
_QUERY = """
SELECT runs.run_uuid FROM tags JOIN runs USING (run_uuid) JOIN experiments USING (experiment_id)
WHERE tags.key = ? AND runs.lifecycle_stage = 'active'
"""
_NEWEST = f" ORDER BY runs.start_time DESC LIMIT {_MOST}"


def find_tagged_runs(place: MlflowPlace, tag: str) -> Sequence[str]:
    """Returns the runs that bear a tag, the newest first; a hundred at most.

    Raises:
        BackendUnavailable: MLflow does not answer.
    """
    check_reachable(place)
    try:
        if place.database is not None:
            return _read_database(place, tag)
        if place.is_server:
            from ft_registry.backends.mlflow.view_server import ask_tagged_runs

            return ask_tagged_runs(place.uri, tag, patience=_PATIENCE_SECONDS)[:_MOST]
    except OddShape:
        pass  # another MLflow than those we know: its own client knows it
    return _ask_client(place, tag)


def _read_database(place: MlflowPlace, tag: str) -> list[str]:
    database = place.database
    if database is None or not database.exists() or not database.stat().st_size:
        return []  # MLflow makes a new one, with nothing in it
    try:
        with reading(place) as db:
            columns = {row[1] for row in db.execute("PRAGMA table_info(experiments)")}
            workspace = os.environ.get("MLFLOW_WORKSPACE", "").strip() or "default"
            own = " AND experiments.workspace = ?" if "workspace" in columns else ""
            values = [tag, *([workspace] if own else [])]
            return [str(row[0]) for row in db.execute(_QUERY + own + _NEWEST, values)]
    except sqlite3.OperationalError as error:
        if "no such" not in str(error):
            raise BackendUnavailable(f"expected to read {database}, found: {error}") from error
        raise OddShape(error) from error
    except sqlite3.DatabaseError as error:
        raise BackendUnavailable(f"expected to read {database}, found: {error}") from error


def _ask_client(place: MlflowPlace, tag: str) -> list[str]:
    client = connect(place)
    with guarded("MLflow to look for a run"):
        experiments: list[str] = []
        token = None
        while True:
            page = client.search_experiments(page_token=token)
            experiments += [one.experiment_id for one in page]
            token = page.token
            if not token:
                break
        runs = client.search_runs(
            experiments, f"tags.`{tag}` != ''", max_results=_MOST,
            order_by=["attributes.start_time DESC"],
        )  # fmt: skip
        return [str(run.info.run_id) for run in runs]
