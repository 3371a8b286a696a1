"""A store of models in memory that keeps the contract of `ports.models`.

Numbers are handed out as MLflow does: one more than the highest that was ever given out, so that
none comes back after its version was deleted. The switches stand for what really happens to MLflow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from ft_registry.errors import BackendUnavailable, IntegrityError, OutcomeUnknown
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.shown import (
    DESCRIPTION,
    PREFIX,
    Mark,
    RunState,
    ShownModel,
    ShownVersion,
    mark_of,
)
from ft_registry.ports.models import (
    Metric,
    Projection,
    Restored,
    StoredModel,
    StoredVersion,
    Upload,
)

IDENTITY = "ftr.identity"
"""The tag that `find` looks for, as the MLflow back end's."""


@dataclass
class MemoryVersion:
    """A version as a test may look at it."""

    number: int
    stored: StoredModel
    tags: dict[str, str]
    description: str
    deleted: bool = False


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
    scores: dict[str, list[Metric]] = field(default_factory=dict)
    """What `attach` added, by the id of the logged model."""
    discarded: set[str] = field(default_factory=set)
    versions: dict[str, list[MemoryVersion]] = field(default_factory=dict)
    aliases: dict[tuple[str, str], int] = field(default_factory=dict)
    projected: dict[tuple[str, str], Mark] = field(default_factory=dict)
    """What `set_alias` let each alias name."""
    runs: dict[str, RunState] = field(default_factory=dict)
    """The state of runs that are not active."""
    projections: dict[tuple[str, int], Projection] = field(default_factory=dict)
    descriptions: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Of registered models, each with the mark of who wrote it."""
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
        return StoredModel(
            logged_model_id=model_id,
            uri=f"models:/{model_id}",
            run_id=run_id,
            location=f"memory:/{model_id}",
        )

    def complete(self, stored: StoredModel, upload: Upload) -> StoredModel:
        self._called("complete")
        return replace(stored, location=f"memory:/{stored.logged_model_id}")

    def discard(self, stored: StoredModel) -> None:
        self._called("discard")
        self.discarded.add(stored.logged_model_id)

    def find(self, model: str, identity: str) -> StoredVersion | None:
        self._called("find")
        found = (v for v in self._live(model) if v.tags.get(IDENTITY) == identity)
        return next(map(_as_stored, found), None)

    def get(self, model: str, number: int) -> StoredVersion | None:
        self._called("get")
        found = (v for v in self._live(model) if v.number == number)
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
        self._version(model, number).deleted = True
        for name, alias in [key for key, held in self.aliases.items() if held == number]:
            if name == model:
                del self.aliases[name, alias]

    def attach(
        self, stored: StoredModel, attachments: Mapping[str, bytes], metrics: Sequence[Metric]
    ) -> None:
        self._called("attach")
        self.contents.setdefault(stored.logged_model_id, {}).update(attachments)
        self.scores.setdefault(stored.logged_model_id, []).extend(metrics)

    def project(self, projection: Projection) -> None:
        self._called("project", fails=self.pages_unavailable)
        version = self._version(projection.model, projection.number)
        version.description = projection.description
        version.tags |= {DESCRIPTION: mark_of(projection.description), **projection.tags}
        self.projections[projection.model, projection.number] = projection
        self.contents.setdefault(projection.logged_model_id, {}).update(projection.attachments)

    def set_alias(
        self, model: str, alias: str, mark: Mark, *, description: str | None = None
    ) -> None:
        self._called("set_alias", fails=self.pages_unavailable)
        self._version(model, mark.version)
        self.projected[model, alias] = mark
        self.aliases[model, alias] = mark.version
        if description is not None:
            self.descriptions[model] = description, mark_of(description)

    def remove_alias(self, model: str, alias: str) -> None:
        self._called("remove_alias", fails=self.pages_unavailable)
        self.aliases.pop((model, alias), None)
        self.projected.pop((model, alias), None)

    def write_page(
        self,
        model: str,
        number: int,
        *,
        description: str | None,
        tags: Mapping[str, str],
        drop: Sequence[str] = (),
    ) -> None:
        self._called("write_page", fails=self.pages_unavailable)
        version = self._version(model, number)
        if description is not None:
            version.description = description
            version.tags[DESCRIPTION] = mark_of(description)
        version.tags = {k: v for k, v in {**version.tags, **tags}.items() if k not in drop}

    def describe(self, model: str, description: str) -> None:
        self._called("describe", fails=self.pages_unavailable)
        self.descriptions[model] = description, mark_of(description)

    def knows(self, stored: StoredModel) -> bool:
        self._called("knows")
        is_there = stored.logged_model_id in self.contents.keys() - self.discarded
        return is_there and stored.run_id not in self.runs

    def restore_run(self, run_id: str) -> None:
        self._called("restore_run")
        if self.runs.get(run_id) != "deleted":
            raise BackendUnavailable(f"expected a run {run_id} in the trash, found none")
        del self.runs[run_id]

    def create_at(self, model: str, number: int, restored: Restored) -> bool:
        self._called("create_at")
        there = self.versions.setdefault(model, [])
        last = max((version.number for version in there), default=0)
        if last >= number:
            return False
        there += [replace(_again(gap, restored), deleted=True) for gap in range(last + 1, number)]
        there.append(_again(number, restored))
        return True

    def rebuild(self, model: str, restored: Mapping[int, Restored], *, last: int) -> None:
        self._called("rebuild")
        there = {version.number: version for version in self.versions[model]}
        there |= {number: _again(number, one) for number, one in restored.items()}
        filler = next(iter(restored.values()))
        for gap in set(range(1, last + 1)) - there.keys():
            there[gap] = replace(_again(gap, filler), deleted=True)
        self.versions[model] = [there[number] for number in sorted(there)]

    def tidy(self, model: str) -> None:
        self._called("tidy")

    def shown(self, models: Sequence[str]) -> dict[str, ShownModel]:
        self._called("shown")
        return {model: self._shown(model) for model in models if model in self.versions}

    def known(self, logged_models: Sequence[str]) -> dict[str, bool]:
        self._called("known")
        return {one: one in self.contents.keys() - self.discarded for one in logged_models}

    def _shown(self, model: str) -> ShownModel:
        return ShownModel(
            name=model,
            aliases={alias: held for (name, alias), held in self.aliases.items() if name == model},
            projected={
                alias: held for (name, alias), held in self.projected.items() if name == model
            },
            versions={version.number: self._look(version) for version in self.versions[model]},
            description=self.descriptions.get(model, ("", ""))[0],
            described=self.descriptions.get(model, ("", ""))[1],
        )

    def _look(self, version: MemoryVersion) -> ShownVersion:
        if version.deleted:
            return ShownVersion(version.number, "", {}, "", "", "", deleted=True)
        model_id, run_id = version.stored.logged_model_id, version.stored.run_id
        return ShownVersion(
            number=version.number,
            identity=version.tags.get(IDENTITY, ""),
            tags={key: value for key, value in version.tags.items() if key.startswith(PREFIX)},
            description=version.description,
            uri=version.stored.uri,
            run_id=run_id,
            run_state=self.runs.get(run_id, "active"),
            model_known=model_id in self.contents.keys() - self.discarded,
        )

    def _live(self, model: str) -> list[MemoryVersion]:
        return [version for version in self.versions.get(model, ()) if not version.deleted]

    def _version(self, model: str, number: int) -> MemoryVersion:
        found = [version for version in self._live(model) if version.number == number]
        if not found:
            raise BackendUnavailable(f"expected {model}/{number} in the store, found none")
        return found[0]

    def _called(self, name: str, *, fails: bool = False) -> None:
        self.calls.append(name)
        if self.unavailable or fails:
            raise BackendUnavailable("expected the store of models to answer, found no answer")


def _again(number: int, restored: Restored) -> MemoryVersion:
    return MemoryVersion(number, restored.stored, dict(restored.tags), restored.description)


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
