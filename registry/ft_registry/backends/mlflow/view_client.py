"""Looks at what MLflow shows through its own client: slower, but it reads every database."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ft_registry.backends.mlflow.connection import MlflowPlace, connect, guarded
from ft_registry.backends.mlflow.view import (
    Found,
    FoundModel,
    FoundVersion,
    millis_of,
    model_ids,
    number_of,
    run_ids,
    target_of,
)
from ft_registry.model.shown import RunState

if TYPE_CHECKING:
    from mlflow import MlflowClient

_PAGE = 10_000


def ask_client(place: MlflowPlace, names: Sequence[str], others: Sequence[str] = ()) -> Found:
    """Returns what MLflow has of registered models, and of further logged models by id.

    Raises:
        BackendUnavailable: MLflow does not answer.
    """
    client = connect(place)
    with guarded("MLflow to tell what it has"):
        models = {name: found for name in names if (found := _model(client, name)) is not None}
        runs = {run_id: _run_state(client, run_id) for run_id in run_ids(models.values())}
        logged = {
            model_id: _or_none(client.get_logged_model, model_id) is not None
            for model_id in model_ids(models.values(), others)
        }
    return Found(models, runs, logged)


def _model(client: "MlflowClient", name: str) -> FoundModel | None:
    model = _or_none(client.get_registered_model, name)
    if model is None:
        return None
    aliases: Mapping[str, Any] = model.aliases
    found = FoundModel(
        tags={str(key): str(value) for key, value in model.tags.items()},
        aliases={str(alias): target_of(number) for alias, number in aliases.items()},
        description=str(model.description or ""),
        updated_at=millis_of(model.last_updated_timestamp),
    )
    if found.is_prompt:
        return None
    token = None
    while True:
        page = client.search_model_versions(f"name = '{name}'", max_results=_PAGE, page_token=token)
        for version in page:
            number = number_of(version.version)
            found.versions[number] = FoundVersion(
                number=number,
                description=str(version.description or ""),
                source=str(version.source or ""),
                run_id=str(version.run_id or ""),
                tags={str(key): str(value) for key, value in version.tags.items()},
            )
        token = page.token
        if not token:
            return found


def _run_state(client: "MlflowClient", run_id: str) -> RunState:
    run = _or_none(client.get_run, run_id)
    if run is None:
        return "missing"
    return "active" if run.info.lifecycle_stage == "active" else "deleted"


def _or_none(call: Callable[[str], Any], name: str) -> Any:
    """Returns what a call finds under a name, or None when there is no such thing."""
    from mlflow.exceptions import MlflowException

    try:
        return call(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None
