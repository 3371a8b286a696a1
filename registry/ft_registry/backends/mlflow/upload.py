"""Uploads a version's files as an MLflow logged model, with what its pages show."""

import json
import posixpath
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ft_registry import __version__
from ft_registry.backends.mlflow.connection import guarded, without_login
from ft_registry.errors import (
    BackendUnavailable,
    FtRegistryError,
    IntegrityError,
    NotFound,
    Refused,
)
from ft_registry.faultpoints import faultpoint
from ft_registry.formats.mlmodel import BASE_FOLDER, TRANSFORMERS
from ft_registry.model.manifest import FileEntry, entry_of
from ft_registry.model.time import moment
from ft_registry.ports.models import DatasetInput, Metric, StoredModel, Upload
from ft_registry.readers.files import hash_files, hash_path, walk

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel

_PARAM_CHARACTERS = 6000
"""MLflow's limit of a parameter's value; longer ones stand in the record."""
_NAME_CHARACTERS = 250
"""MLflow's limit of the name of a parameter or metric."""
_INPUT_TRIES = 10
_BATCH = 100
"""Parameters that one request may carry."""
_METRICS = 1000
"""Metrics that one request may carry."""
_EXTERNAL = "mlflow.model.isExternal"
"""MLflow's mark of a logged model that has no weights in it: its own loaders say so then."""
_MLMODEL = "MLmodel"
"""Where MLflow's own loader begins to read."""
_LOST = re.compile(r"[#%?\\]")
_ODD = re.compile(r"[^\w.\- /]")


class Uploader:
    """One upload at a time through a client.

    Args:
        client: MLflow's client.
        artifacts: Where artifacts go when there is no server to decide it.
    """

    def __init__(self, client: "MlflowClient", *, artifacts: Path | None) -> None:
        self._client = client
        self._artifacts = artifacts

    def run(self, upload: Upload) -> StoredModel:
        """Stores the files, verifies them, and says what they are.

        Raises:
            Refused: A file has a name that MLflow does not give back as it was.
            NotFound: The run that was named does not exist.
            BackendUnavailable: MLflow failed; what it has so far, nothing refers to. It is marked
                as deleted, for MLflow's own clean-up, as far as MLflow still takes that.
            IntegrityError: What arrived is not what was sent.
        """
        _check_names(upload)
        run_id, experiment = self._run(upload)
        model = None
        try:
            with guarded("MLflow to take the upload"):
                model = self._client.create_logged_model(
                    experiment,
                    name=_ODD.sub("-", upload.model.replace(".", "-")),
                    source_run_id=run_id,
                    tags={**upload.tags, **({_EXTERNAL: "true"} if upload.is_external else {})},
                    params=shown_params(upload.params),
                    model_type=upload.kind,
                )
                faultpoint("mlflow.next")
                mlmodel = self._send(model, upload)
            self._verify(model.model_id, upload.folder, upload)
            with guarded("MLflow to finish the upload"):
                self._client.finalize_logged_model(model.model_id, "READY")
                faultpoint("mlflow.next")
                self._describe(run_id, model.model_id, upload)
        except FtRegistryError:
            self._take_back(model, run_id if upload.run_id is None else None)
            raise
        return StoredModel(
            logged_model_id=model.model_id,
            uri=f"models:/{model.model_id}",
            run_id=run_id,
            location=without_login(model.artifact_location),
            mlmodel=mlmodel,
        )

    def complete(self, stored: StoredModel, upload: Upload) -> StoredModel:
        """See `ModelStore.complete`."""
        with guarded("MLflow to take how its loader finds the parts"):
            model = self._client.get_logged_model(stored.logged_model_id)
            mlmodel = self._mlmodel(upload, model, folder=upload.folder)
            self.attach(model.model_id, {_MLMODEL: mlmodel})
        location = without_login(model.artifact_location)
        return replace(stored, location=location, mlmodel=entry_of(_MLMODEL, mlmodel))

    def _send(self, model: "LoggedModel", upload: Upload) -> FileEntry:
        """Uploads the files and what lies beside them; returns the entry of ``MLmodel``."""
        if upload.root.is_file():
            self._client.log_model_artifact(model.model_id, str(upload.root), upload.folder)
        else:
            with _alone(upload) as root:
                self._client.log_model_artifacts(model.model_id, str(root), upload.folder)
        faultpoint("mlflow.next")
        mlmodel = self._mlmodel(upload, model, folder=upload.folder)
        self.attach(model.model_id, {**upload.attachments, _MLMODEL: mlmodel})
        return entry_of(_MLMODEL, mlmodel)

    def _take_back(self, model: "LoggedModel | None", run_id: str | None) -> None:
        """Marks what a failed upload made as deleted."""
        # The failure itself is on its way to the user, and nothing refers to what stays.
        with suppress(BackendUnavailable), guarded("MLflow to mark a failed upload as deleted"):
            if model is not None:
                self._client.delete_logged_model(model.model_id)
            if run_id is not None:
                self._client.delete_run(run_id)

    def attach(self, logged_model_id: str, attachments: Mapping[str, bytes]) -> None:
        """Adds files by path to a logged model."""
        if not attachments:
            return
        with tempfile.TemporaryDirectory(prefix="ft-registry-") as folder:
            for name, content in attachments.items():
                file = Path(folder) / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            self._client.log_model_artifacts(logged_model_id, folder)

    def score(self, run_id: str, logged_model_id: str, metrics: Sequence[Metric]) -> None:
        """Ties scores to a logged model, and the data they were measured on to its run."""
        self.log_datasets(run_id, [one.dataset for one in metrics if one.dataset is not None])
        self._log_metrics(run_id, logged_model_id, metrics)

    def log_datasets(self, run_id: str, datasets: Sequence[DatasetInput]) -> None:
        """Makes datasets inputs of a run."""
        distinct = {(one.name, one.digest): one for one in datasets}
        if distinct:
            self._log_inputs(run_id, [_dataset(one) for one in distinct.values()])

    def _log_metrics(self, run_id: str, logged_model_id: str, metrics: Sequence[Metric]) -> None:
        from mlflow.entities import Metric as Logged

        now = int(time.time() * 1000)
        last: dict[str, int] = {}
        logged = []
        for metric in metrics:
            key = _key(metric.key)
            at = _milliseconds(metric.time) if metric.time else now
            # MLflow's key of a point is its name and millisecond: a second one comes after it.
            last[key] = max(at, last.get(key, 0) + 1)
            logged.append(
                Logged(
                    key,
                    metric.value,
                    last[key],
                    0,
                    model_id=logged_model_id,
                    dataset_name=metric.dataset.name if metric.dataset else None,
                    dataset_digest=metric.dataset.digest if metric.dataset else None,
                )
            )
        for start in range(0, len(logged), _METRICS):
            self._client.log_batch(run_id, metrics=logged[start : start + _METRICS])

    def _log_curves(self, run_id: str, curves: Mapping[str, Sequence[tuple[float, float]]]) -> None:
        from mlflow.entities import Metric as Logged

        now = int(time.time() * 1000)
        points = [
            Logged(_key(name), value, now, int(step))
            for name, curve in curves.items()
            for step, value in curve
        ]
        for start in range(0, len(points), _METRICS):
            self._client.log_batch(run_id, metrics=points[start : start + _METRICS])

    def _run(self, upload: Upload) -> tuple[str, str]:
        from mlflow.exceptions import MlflowException

        with guarded("MLflow to open a run"):
            if upload.run_id is None:
                experiment = self.experiment(upload.model)
                run = self._client.create_run(experiment, run_name=f"register {upload.model}")
                return run.info.run_id, experiment
            try:
                found = self._client.get_run(upload.run_id)
            except MlflowException as error:
                if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                    raise
                raise NotFound(
                    f"expected an MLflow run {upload.run_id!r}, found none",
                    hints=["--run none makes a new one"],
                ) from error
            return found.info.run_id, found.info.experiment_id

    def experiment(self, model: str) -> str:
        """Returns the id of the experiment of a name, after making it where it is not there."""
        from mlflow.exceptions import MlflowException

        found = self._client.get_experiment_by_name(model)
        if found is None:
            place = f"{self._artifacts.as_uri()}/{model}" if self._artifacts else None
            try:
                return str(self._client.create_experiment(model, artifact_location=place))
            except MlflowException:
                # Another registration of the same model was quicker.
                found = self._client.get_experiment_by_name(model)
                if found is None:
                    raise
        if found.lifecycle_stage != "active":
            # Not taken out here: a person put it there, and `mlflow gc` would empty it.
            raise Refused(
                f"expected the MLflow experiment {model!r} to be active, found it in the trash",
                hints=[
                    f"mlflow experiments restore --experiment-id {found.experiment_id}",
                    "ft-registry sync takes the runs of its versions out of the trash",
                ],
            )
        return str(found.experiment_id)

    def _mlmodel(self, upload: Upload, model: "LoggedModel", *, folder: str) -> bytes:
        from mlflow.models import Model

        described = Model(
            artifact_path=model.artifact_location,
            run_id=model.source_run_id,
            model_id=model.model_id,
            metadata={**upload.metadata, **({_EXTERNAL: True} if upload.is_external else {})},
        )
        described.add_flavor("ft_registry", folder=folder, kind=upload.kind, version=__version__)
        if upload.loading:
            described.add_flavor(TRANSFORMERS, **self._loading(upload))
        return str(described.to_yaml()).encode()

    def _loading(self, upload: Upload) -> dict[str, Any]:
        flavor = dict(upload.loading)
        # Others read a server's models: where the base lies here says nothing to them.
        if self._artifacts is not None and upload.base_folder is not None:
            flavor[BASE_FOLDER] = str(upload.base_folder)
        return flavor

    def _log_inputs(self, run_id: str, datasets: Sequence[Any]) -> None:
        """Logs datasets; tried again when another registration logged the same one meanwhile.

        MLflow looks whether a dataset is there and then inserts it, in two steps: of two at once
        one fails by the table's key, and finds it there the next time.
        """
        from mlflow.exceptions import MlflowException

        for again in range(_INPUT_TRIES):
            try:
                self._client.log_inputs(run_id, datasets=datasets)
            except MlflowException:
                if again == _INPUT_TRIES - 1:
                    raise
                time.sleep(0.05 * (again + 1))
            else:
                return

    def _verify(self, logged_model_id: str, folder: str, upload: Upload) -> None:
        sent = {f"{folder}/{entry.path}": entry.size for entry in upload.files}
        there: dict[str, int] = {}
        pending = [folder]
        with guarded("MLflow to list the upload"):
            while pending:
                for info in self._client.list_logged_model_artifacts(
                    logged_model_id, pending.pop()
                ):
                    if info.is_dir:
                        pending.append(info.path)
                    else:
                        there[info.path] = info.file_size
        # What was hashed before is what was sent, if it is there still.
        if _hashed(upload) != upload.files:
            raise IntegrityError(
                f"expected {upload.root} to stay as it is while it is uploaded, found that it "
                "changed",
                hints=["wait for the program that writes it, then run the command again"],
            )
        wrong = sorted(name for name in sent | there if sent.get(name) != there.get(name))
        if wrong:
            name = wrong[0]
            raise IntegrityError(
                f"expected {name} with {sent.get(name, 'no')} bytes in MLflow after the upload, "
                f"found {there.get(name, 'no')} bytes ({len(wrong)} files differ)",
                hints=["run the command again; if it stays so, look at MLflow's artifact store"],
            )

    def _describe(self, run_id: str, logged_model_id: str, upload: Upload) -> None:
        from mlflow.entities import LoggedModelOutput, Param

        params = [Param(key, value) for key, value in shown_params(upload.params).items()]
        if upload.run_id is None:
            for start in range(0, len(params), _BATCH):
                self._client.log_batch(run_id, params=params[start : start + _BATCH])
            self._log_curves(run_id, upload.curves)
        faultpoint("mlflow.next")
        self.log_datasets(run_id, upload.datasets)
        self._log_metrics(run_id, logged_model_id, upload.metrics)
        faultpoint("mlflow.next")
        self._client.log_outputs(run_id, models=[LoggedModelOutput(logged_model_id, 0)])
        if upload.run_id is None:
            self._client.set_terminated(run_id)


@contextmanager
def _alone(upload: Upload) -> Iterator[Path]:
    """Yields a folder with the files of an upload and no others: MLflow sends folders whole."""
    names = [entry.path for entry in upload.files]
    if walk(upload.root) == sorted(names):
        yield upload.root
        return
    with tempfile.TemporaryDirectory(prefix="ft-registry-") as folder:
        for name in names:
            link = Path(folder) / name
            link.parent.mkdir(parents=True, exist_ok=True)
            # MLflow sends what a link leads to; a second copy could need a disk of its own.
            link.symlink_to((upload.root / name).absolute())
        yield Path(folder)


def _hashed(upload: Upload) -> tuple[FileEntry, ...]:
    if upload.root.is_file():
        return hash_path(upload.root)
    return hash_files(upload.root, [entry.path for entry in upload.files])


def _check_names(upload: Upload) -> None:
    odd = [entry.path for entry in upload.files if _LOST.search(entry.path)]
    if odd:
        raise Refused(
            f"expected file names that MLflow gives back as they are, found {odd[0]} in "
            f"{upload.root}: it reads '#', '%', '?' and '\\\\' as parts of an address",
            hints=["rename the file"],
        )


def _dataset(data: DatasetInput) -> Any:
    from mlflow.entities import Dataset, InputTag
    from mlflow.entities import DatasetInput as Logged

    profile = {"num_rows": data.rows, "num_bytes": data.size}
    tags = {"mlflow.data.context": data.context, **data.tags}
    return Logged(
        Dataset(
            name=data.name,
            digest=data.digest,
            source_type="dvc",
            source=json.dumps(data.source),
            profile=json.dumps({key: value for key, value in profile.items() if value is not None}),
        ),
        [InputTag(key, value) for key, value in tags.items()],
    )


def _milliseconds(stamp: str) -> int:
    return round(moment(stamp).timestamp() * 1000)


def _key(text: str) -> str:
    """Returns the text as a name that MLflow takes: evaluations say ``pass@1``, it does not."""
    name = _ODD.sub("_", text)[:_NAME_CHARACTERS]
    # It reads a name as a path as well, and refuses one that is written in two ways, or leads out.
    if posixpath.normpath(name) == name and not name.startswith(("..", "/")) and name != ".":
        return name
    flat = name.replace("/", "_")
    return f"_{flat}"[:_NAME_CHARACTERS] if flat.startswith(".") else flat


def shown_params(params: Mapping[str, str]) -> dict[str, str]:
    """Returns parameters as MLflow takes them: values that are too long stand in the record."""
    return {
        _key(key): (
            value
            if len(value) <= _PARAM_CHARACTERS
            else f"({len(value)} characters: see ftr/record.json)"
        )
        for key, value in params.items()
    }
