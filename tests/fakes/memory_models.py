"""A store of models in memory that keeps the contract of `ports.models.ModelStore`.

Numbers are handed out as MLflow does: one more than the highest that is there now, so that a number
comes back after its version was deleted. The switches stand for what really happens to MLflow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ft_registry.errors import BackendUnavailable, IntegrityError, OutcomeUnknown
from ft_registry.model.canonical import digest_bytes
from ft_registry.ports.models import Projection, StoredModel, StoredVersion, Upload

IDENTITY = "ftr.identity"
"""The tag that `find` looks for, as the MLflow back end's."""


@dataclass
class MemoryVersion:
    """A version as a test may look at it."""

    number: int
    stored: StoredModel
    tags: dict[str, str]
    description: str


@dataclass
class MemoryModels:
    """What an MLflow server would hold.

    Every call that the port declares is noted in `calls`, in order, whatever comes of it.
    """

    unavailable: bool = False
    """Nothing answers."""
    pages_unavailable: bool = False
    """Only what shows the ledger's state fails: `project` and `set_alias`."""
    damaged_upload: bool = False
    """What arrives is not what was sent."""
    lost_reply: Literal["", "created", "not created"] = ""
    """The next `create_version` does not say what came of it, and whether it was carried out."""
    uploads: dict[str, Upload] = field(default_factory=dict)
    """By the id of the logged model."""
    contents: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Files and attachments by the id of the logged model."""
    discarded: set[str] = field(default_factory=set)
    versions: dict[str, list[MemoryVersion]] = field(default_factory=dict)
    aliases: dict[tuple[str, str], int] = field(default_factory=dict)
    projections: dict[tuple[str, int], Projection] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def check(self) -> None:
        self._called("check")

    def upload(self, upload: Upload) -> StoredModel:
        self._called("upload")
        model_id = f"m-{len(self.uploads) + 1:032x}"
        self.uploads[model_id] = upload
        arrived = {f"{upload.folder}/{e.path}": _read(upload.root / e.path) for e in upload.files}
        self.contents[model_id] = {**arrived, **upload.attachments}
        for entry in upload.files:
            content = arrived[f"{upload.folder}/{entry.path}"]
            if self.damaged_upload or digest_bytes(content) != f"sha256:{entry.sha256}":
                raise IntegrityError(f"expected {entry.path} as it was sent, found other bytes")
        run_id = upload.run_id or f"{len(self.uploads):032x}"
        return StoredModel(logged_model_id=model_id, uri=f"models:/{model_id}", run_id=run_id)

    def discard(self, stored: StoredModel) -> None:
        self._called("discard")
        self.discarded.add(stored.logged_model_id)

    def find(self, model: str, identity: str) -> StoredVersion | None:
        self._called("find")
        found = (v for v in self.versions.get(model, ()) if v.tags.get(IDENTITY) == identity)
        return next(map(_as_stored, found), None)

    def get(self, model: str, number: int) -> StoredVersion | None:
        self._called("get")
        found = (v for v in self.versions.get(model, ()) if v.number == number)
        return next(map(_as_stored, found), None)

    def create_version(
        self, model: str, stored: StoredModel, *, tags: Mapping[str, str], description: str
    ) -> int:
        self._called("create_version")
        lost, self.lost_reply = self.lost_reply, ""
        there = self.versions.setdefault(model, [])
        number = max((version.number for version in there), default=0) + 1
        if lost != "not created":
            there.append(MemoryVersion(number, stored, dict(tags), description))
        if lost:
            raise OutcomeUnknown(f"expected to know whether a version of {model} was created")
        return number

    def delete_version(self, model: str, number: int) -> None:
        self._called("delete_version")
        self.versions[model] = [v for v in self.versions.get(model, ()) if v.number != number]
        for name, alias in [key for key, held in self.aliases.items() if held == number]:
            if name == model:
                del self.aliases[name, alias]

    def project(self, projection: Projection) -> None:
        self._called("project", fails=self.pages_unavailable)
        self.projections[projection.model, projection.number] = projection
        self.contents.setdefault(projection.logged_model_id, {}).update(projection.attachments)

    def set_alias(self, model: str, alias: str, number: int) -> None:
        self._called("set_alias", fails=self.pages_unavailable)
        if number not in [version.number for version in self.versions.get(model, ())]:
            raise BackendUnavailable(f"expected {model}/{number} in the store, found none")
        self.aliases[model, alias] = number

    def _called(self, name: str, *, fails: bool = False) -> None:
        self.calls.append(name)
        if self.unavailable or fails:
            raise BackendUnavailable("expected the store of models to answer, found no answer")


def _as_stored(version: MemoryVersion) -> StoredVersion:
    return StoredVersion(
        number=version.number,
        identity=version.tags.get(IDENTITY, ""),
        run_id=version.stored.run_id,
        uri=version.stored.uri,
    )


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BackendUnavailable(f"expected to upload {file}, found: {error.strerror}") from error
