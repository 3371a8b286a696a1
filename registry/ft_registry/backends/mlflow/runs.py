"""Training runs as MLflow keeps them, behind the port."""

import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ft_registry.backends.mlflow.connection import (
    MlflowPlace,
    connect,
    guarded,
    once,
    without_login,
)
from ft_registry.backends.mlflow.upload import Uploader, shown_params
from ft_registry.errors import NotFound, Refused
from ft_registry.model.run_document import RUN_TAG
from ft_registry.ports.runs import OpenedRun, RunContent, RunStatus, RunWish, StoredRun

if TYPE_CHECKING:
    from mlflow import MlflowClient

_BATCH = 100
"""Tags or parameters that one request may carry."""
_MOST_BYTES = 64_000_000
"""A larger attachment was not written by us."""
_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


class MlflowRuns:
    """The runs of one MLflow; its client is imported when it is first needed.

    Args:
        place: Where it is.
    """

    def __init__(self, place: MlflowPlace) -> None:
        self._place = place

    @cached_property
    def _client(self) -> "MlflowClient":
        return connect(self._place)

    @property
    def _uploader(self) -> Uploader:
        return Uploader(self._client, artifacts=self._place.artifacts)

    @property
    def uri(self) -> str:
        """See `RunStore.uri`."""
        return self._place.uri

    def open(self, wish: RunWish) -> OpenedRun:
        """See `RunStore.open`."""
        if wish.run_id:
            return self._adopt(wish.run_id)
        client = self._client
        with guarded("MLflow to open a run"):
            experiment = wish.experiment_id or self._uploader.experiment(wish.experiment)
            run = once(lambda: client.create_run(experiment, tags=dict(wish.tags or {})))
            return OpenedRun(run.info.run_id, self._experiment(experiment), is_ours=True)

    def _adopt(self, run_id: str) -> OpenedRun:
        run = self._run(run_id, hint="unset MLFLOW_RUN_ID, and a run is made")
        if RUN_TAG in run.data.tags:
            raise Refused(
                f"expected a run that has no command on record yet, found MLFLOW_RUN_ID = {run_id},"
                " which has one",
                hints=["unset MLFLOW_RUN_ID, and a new run is made"],
            )
        with guarded("MLflow to tell of an experiment"):
            return OpenedRun(
                run.info.run_id, self._experiment(run.info.experiment_id), is_ours=False
            )

    def bind(self, run_id: str, content: RunContent) -> None:
        """See `RunStore.bind`."""
        from mlflow.entities import Param

        client = self._client
        with guarded("MLflow to take what a run was given"):
            self._attach(run_id, content.attachments)
            params = [Param(key, value) for key, value in shown_params(content.params).items()]
            for start in range(0, len(params), _BATCH):
                client.log_batch(run_id, params=params[start : start + _BATCH])
            self._uploader.log_datasets(run_id, content.datasets)
        self.mark(run_id, content.tags)

    def _attach(self, run_id: str, attachments: Mapping[str, bytes]) -> None:
        with tempfile.TemporaryDirectory(prefix="ft-registry-") as folder:
            for name, content in attachments.items():
                file = Path(folder) / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            self._client.log_artifacts(run_id, folder)

    def mark(self, run_id: str, tags: Mapping[str, str]) -> None:
        """See `RunStore.mark`."""
        from mlflow.entities import RunTag

        told = [RunTag(key, value) for key, value in tags.items()]
        with guarded("MLflow to take the tags of a run"):
            for start in range(0, len(told), _BATCH):
                self._client.log_batch(run_id, tags=told[start : start + _BATCH])

    def find(self, tag: str) -> Sequence[str]:
        """See `RunStore.find`."""
        from ft_registry.backends.mlflow.tagged_runs import find_tagged_runs

        return find_tagged_runs(self._place, tag)

    def close(self, run_id: str, status: RunStatus) -> None:
        """See `RunStore.close`."""
        with guarded("MLflow to end a run"):
            self._client.set_terminated(run_id, status=status)

    def read(self, run_id: str, names: Sequence[str]) -> StoredRun:
        """See `RunStore.read`."""
        run = self._run(run_id, hint="--run none makes a new one")
        tags = dict(run.data.tags)
        found: dict[str, bytes] = {}
        if RUN_TAG in tags:
            with guarded("MLflow to give back what a run was given"):
                found = self._attachments(run.info.run_id, names)
        return StoredRun(run.info.run_id, str(run.info.status), tags, found)

    def _attachments(self, run_id: str, names: Sequence[str]) -> dict[str, bytes]:
        folders = sorted({name.rpartition("/")[0] for name in names})
        sizes = {
            info.path: info.file_size
            for folder in folders
            for info in self._client.list_artifacts(run_id, folder)
            if not info.is_dir
        }
        found = {}
        with tempfile.TemporaryDirectory(prefix="ft-registry-") as folder:
            for name in names:
                if name not in sizes:
                    continue
                if (sizes[name] or 0) > _MOST_BYTES:
                    raise Refused(
                        f"expected {name} of run {run_id} with at most {_MOST_BYTES:,} bytes, "
                        f"found {sizes[name]:,}",
                        hints=["--run none captures what is here now"],
                    )
                place = self._client.download_artifacts(run_id, name, folder)
                found[name] = Path(place).read_bytes()
        return found

    def _experiment(self, experiment_id: str) -> str:
        return str(self._client.get_experiment(experiment_id).name)

    def _run(self, run_id: str, *, hint: str) -> Any:
        from mlflow.exceptions import MlflowException

        client = self._client
        with guarded("MLflow to tell of a run"):
            try:
                return client.get_run(run_id)
            except MlflowException as error:
                if error.error_code not in _ABSENT:
                    raise
                raise NotFound(
                    f"expected an MLflow run {run_id!r} in {without_login(self._place.uri)}, found "
                    "none",
                    hints=[hint],
                ) from error
