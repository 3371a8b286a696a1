"""Brings back the parts of a version, each checked against the record, and notes what came of it.

What cannot be had is noted and not raised: whoever asked judges the steps. Weights are the
exception, because a version without them is none.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ft_registry.actions.resolve import FiledRecord
from ft_registry.actions.stages import lies_in
from ft_registry.errors import (
    BackendUnavailable,
    CannotWrite,
    FtRegistryError,
    IntegrityError,
    NotFound,
    Refused,
)
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.checkout_path import checkout_path
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import Evaluation
from ft_registry.model.home import Home
from ft_registry.model.manifest import FileEntry, manifest_digest
from ft_registry.model.proof import ProofStep, StepState, some
from ft_registry.model.record import (
    FolderBase,
    HostedBase,
    HubBase,
    Stage,
    VersionBase,
    VersionRecord,
)
from ft_registry.model.registered import PackageList
from ft_registry.model.restored import ARTIFACT, CODE, ENVIRONMENT, EVALUATIONS
from ft_registry.model.snapshot import Dataset, SourceListing
from ft_registry.model.verification import Finding
from ft_registry.ports.artifacts import ArtifactStore
from ft_registry.ports.code import CodeRepository
from ft_registry.ports.context import Context
from ft_registry.ports.data import DataStore
from ft_registry.ports.ledger import Ledger
from ft_registry.ports.recipe import Pipelines
from ft_registry.readers.files import hash_file, hash_folder, in_parallel
from ft_registry.readers.params import read_config_files

_SHOWN = 3
"""Damaged files that an error names."""
_BY_GIT = "in git"
_WHERE = re.compile(r" /\S*| \([^)]*\)")
"""The path or URL of a place: a proof is everybody's, and one machine's folders say nothing."""


@dataclass(frozen=True)
class Sources:
    """Where everything comes from."""

    ledger: Ledger
    artifacts: ArtifactStore
    data: DataStore
    code: CodeRepository
    pipelines: Pipelines
    context: Context
    own: tuple[Path, ...] = ()
    """The folders of the repository: what is brought back lands outside of them."""


@dataclass
class Bringing:
    """One version being brought into one folder.

    Args:
        filed: The version's record.
        home: Where its bytes lie.
        into: The folder.
        sources: Where everything comes from.
        steps: What came of it so far.
    """

    filed: FiledRecord
    home: Home
    into: Path
    sources: Sources
    steps: list[ProofStep] = field(default_factory=list)
    unanswered: list[ProofStep] = field(default_factory=list)
    """Steps that failed as a place did not answer: nobody knows whether anything is lost."""

    @property
    def record(self) -> VersionRecord:
        """The record."""
        return self.filed.record

    @property
    def tree(self) -> Path:
        """The folder of the code."""
        return self.into / CODE

    def artifact(self) -> None:
        """Brings the weights.

        Raises:
            IntegrityError: A file is changed or lost.
            BackendUnavailable: The store does not answer.
        """
        artifact = self.record.artifact
        names = [_inside(f"{artifact.folder}/{entry.path}") for entry in artifact.files]
        fetched = self.into / "fetched"
        hints = [
            f"ft-registry verify {self.record.reference} --full shows all that is damaged",
            "ft-registry restore --level R0 brings the record alone",
        ]
        try:
            self.sources.artifacts.fetch(self.home, names, fetched)
        except NotFound as error:
            raise IntegrityError(
                f"expected every file of {self.record.reference}, found one lost: {error.message}",
                hints=hints,
            ) from error
        (fetched / artifact.folder).rename(self.into / ARTIFACT)
        shutil.rmtree(fetched)
        found = hash_folder(self.into / ARTIFACT)
        if manifest_digest(found) != artifact.digest:
            changed = [finding.as_text() for finding in self._damage(found)]
            raise IntegrityError(
                f"expected {self.record.reference} byte for byte as recorded, found "
                f"{'; '.join(changed[:_SHOWN])}",
                hints=hints,
            )
        self._note("artifact", "ok", f"{len(found)} files, {artifact.size} bytes")

    def _damage(self, found: Iterable[FileEntry]) -> Iterable[Finding]:
        there = {entry.path: f"sha256 {entry.sha256}" for entry in found}
        place = self.home.location or self.home.uri
        for entry in self.record.artifact.files:
            expected, digest = f"sha256 {entry.sha256}", there[entry.path]
            if digest != expected:
                yield Finding(
                    "artifact",
                    entry.path,
                    "changed",
                    self.record.reference,
                    place,
                    expected,
                    digest,
                )

    def code(self) -> None:
        """Brings the tree of the commit, with the patch on it."""
        recorded = self.record.code
        patch = self._patch()
        self.tree.mkdir()
        try:
            left_out = self.sources.code.export(recorded.commit, patch, self.tree)
        except FtRegistryError as error:
            # Half a tree would be taken for a whole one.
            shutil.rmtree(self.tree)
            self.tree.mkdir()
            self._note_failure("code", error)
            return
        left_out = (*left_out, *(f"untracked {name}" for name in recorded.left_out))
        if left_out:
            self._note("code", "differs", f"left out: {some(left_out)}")
        else:
            self._note("code", "ok", f"commit {recorded.commit[:12]}")

    def _patch(self) -> bytes:
        patch = self.record.code.patch
        if isinstance(patch, Unknown):
            return b""
        content = self._attachment("patch", patch.artifact, patch.digest)
        if content is not None:
            self._note("patch", "ok", f"{len(content)} bytes of uncommitted changes")
        return content or b""

    def data(self) -> None:
        """Brings the datasets, each at its path in the tree."""
        if not self.record.data and isinstance(self.record.pipeline, Unknown):
            self._note("data", "unknown", "none is on record")
        for dataset in self.record.data:
            if isinstance(dataset.dvc, SourceListing):
                self._note(f"data {dataset.role}", "unknown", self._at_source(dataset, dataset.dvc))
                continue
            is_right = partial(_same, dataset)
            self._put(f"data {dataset.role}", dataset.path, dataset.key, is_right)

    def _at_source(self, dataset: Dataset, listing: SourceListing) -> str:
        """Returns how to get data that is not copied."""
        pull = f"dvc pull {dataset.pointer}, with {self.record.code.commit[:12]} checked out,"
        brings = (
            "brings its versions"
            if listing.versioned
            else "brings what is there by then: ft-registry verify tells first whether it is the "
            "same"
        )
        return f"{dataset.path} stays at its source {listing.source}: {pull} {brings}"

    def inputs(self, stage: Stage, *, called: str = "", made: frozenset[str] = frozenset()) -> None:
        """Brings what else a stage read and DVC keeps; compares what is there already.

        Args:
            stage: The stage.
            called: What the names of the steps begin with.
            made: Paths that other stages make again before this one runs.
        """
        seen = {dataset.path for dataset in self.record.data} | made
        base = self.record.base
        right = 0
        for entry in stage.deps:
            path, md5 = str(entry.get("path", "")), entry.get("md5")
            if any(lies_in(path, other) for other in seen):
                continue
            if not isinstance(md5, str):  # a bucket's tag, say: DVC keeps no copy
                self._note(f"{called}input {path}", "missing", "it lies outside of the repository")
                continue
            if isinstance(base, FolderBase) and path == base.id and not called:
                right += self._put("base", path, md5, partial(_is_folder, base.digest))
                continue
            is_right = partial(self._has_md5, md5, is_new=entry.get("hash") == "md5")
            right += self._put(f"{called}input {path}", path, md5, is_right, quiet=True)
        self._note(f"{called}inputs", "ok", f"{right} of stage {stage.stage}, as it read them")

    def _has_md5(self, md5: str, place: Path, came: str, *, is_new: bool) -> bool:
        # What else lay in a folder that git keeps (caches, say) is not known; and before its third
        # version DVC hashed texts with other line ends.
        if came == _BY_GIT and (place.is_dir() or not is_new):
            return True
        return self.sources.pipelines.md5(place) == md5

    def base(self) -> None:
        """Says of a base that no stage depends on where it is to be had."""
        base = self.record.base
        if any(step.name == "base" for step in self.steps) or isinstance(base, Unknown):
            return
        if isinstance(base, VersionBase):
            detail = f"ft-registry restore {base.version} brings it"
        elif isinstance(base, HubBase):
            pinned = "" if isinstance(base.revision, Unknown) else f"@{base.revision}"
            detail = f"a hub keeps it: {base.id}{pinned}"
        elif isinstance(base, HostedBase):
            detail = f"{base.service} keeps it: {base.id}"
        else:
            detail = f"no stage depends on {base.id}"
        self._note("base", "unknown", detail)

    def config(self) -> None:
        """Compares the configuration files of the tree with the values on record."""
        wanted = self.record.config.files
        if not wanted:
            return
        places: dict[str, list[Path]] = {}
        for folder, _, names in os.walk(self.tree):
            for name in names:
                places.setdefault(name, []).append(Path(folder) / name)
        missing = [name for name in wanted if name not in places]
        differing = [
            name
            for name, value in wanted.items()
            if name in places and not any(_reads(place, value) for place in places[name])
        ]
        if differing:
            self._note("config", "differs", f"other values in {some(differing)}")
        elif missing:
            self._note("config", "missing", f"not in the tree: {some(missing)}; see record.json")
        else:
            self._note("config", "ok", some(list(wanted)))

    def evaluations(self, evaluations: Iterable[Evaluation]) -> None:
        """Brings the scored items."""
        for evaluation in evaluations:
            name = f"evaluation {evaluation.suite}"
            items = evaluation.items
            if isinstance(items, Unknown):
                continue  # it has totals only
            content = self._attachment(name, items.artifact, items.digest)
            if content is not None:
                place = items_of(self.into, evaluation)
                place.parent.mkdir(exist_ok=True)
                place.write_bytes(content)
                self._note(name, "ok", f"{items.rows} items")

    def environment(self, packages: PackageList) -> None:
        """Writes the list of packages, and the lock file if the tree has it."""
        folder = self.into / ENVIRONMENT
        folder.mkdir()
        lines = [f"{name}=={version}\n" for name, version in packages.packages.items()]
        (folder / "packages.txt").write_text("".join(lines), encoding="utf-8")
        detail = f"{len(lines)} packages, Python {self.record.environment.python}"
        lock = self.record.environment.lock
        if not lines:
            self._note("environment", "missing", "the ledger lists no packages")
        elif isinstance(lock, Unknown):
            self._note("environment", "ok", detail)
        else:
            state, found = self._lock_file(lock, folder)
            self._note("environment", state, f"{detail}, {found}")

    def _lock_file(self, lock: FileEntry, folder: Path) -> tuple[StepState, str]:
        file = self.tree / lock.path
        if not file.is_file() or file.is_symlink():
            return "missing", f"without {lock.path}, which is not in the tree"
        if hash_file(file, "sha256")[0] != lock.sha256:
            return "differs", f"without {lock.path}, which has other bytes"
        shutil.copyfile(file, folder / Path(lock.path).name)
        return "ok", lock.path

    def _attachment(self, step: str, name: str, digest: str) -> bytes | None:
        """Returns what was kept beside the weights; None, and a step says why, when it is lost."""
        fetched = self.into / "fetched"
        try:
            self.sources.artifacts.fetch(self.home, [_inside(name)], fetched)
            content = (fetched / name).read_bytes()
        except FtRegistryError as error:
            self._note_failure(step, error)
            return None
        finally:
            shutil.rmtree(fetched, ignore_errors=True)
        if digest_bytes(content) == digest:
            return content
        self._note(step, "differs", f"{name} has other bytes than {digest}")
        return None

    def _put(
        self,
        step: str,
        path: str,
        md5: str,
        is_right: Callable[[Path, str], bool],
        *,
        quiet: bool = False,
    ) -> bool:
        """Brings what lies at a path of the tree, unless it is there; returns whether it is right.

        Args:
            step: What to call it.
            path: From the top of the tree; from outside, hence not to be trusted.
            md5: DVC's hash.
            is_right: Compares what lies at a place, and came from another, with the record.
            quiet: Note only what is wrong.
        """
        try:
            place = self.tree / checkout_path(path)
            came = _BY_GIT
            if not place.exists():
                came = _WHERE.sub("", self.sources.data.bring(path, md5, place))
            if not place.resolve().is_relative_to(self.tree.resolve()):
                raise Refused("it leads out of the folder")
            right = is_right(place, came)
        except ValueError as error:
            self._note(step, "missing", f"{path}: {error}")
            return False
        except CannotWrite:
            raise  # nothing is lost: the folder is to be made elsewhere
        except FtRegistryError as error:
            self._note_failure(step, error, about=f"{path}: ")
            return False
        if not right:
            self._note(step, "differs", f"{path} ({came}) has other bytes than the record says")
        elif not quiet:
            self._note(step, "ok", f"{path} ({came})")
        return right

    def _note_failure(self, name: str, error: FtRegistryError, *, about: str = "") -> None:
        self._note(name, _state_of(error), f"{about}{_told(error)}")
        if isinstance(error, BackendUnavailable):
            self.unanswered.append(self.steps[-1])

    def _note(self, name: str, state: StepState, detail: str) -> None:
        # A file's name may be bytes that are no text; a proof is JSON.
        text = detail.encode(errors="backslashreplace").decode()
        self.steps.append(ProofStep(name=name, state=state, detail=text))


def items_of(folder: Path, evaluation: Evaluation) -> Path:
    """Returns where a restored folder has the scored items of an evaluation."""
    return folder / EVALUATIONS / f"{evaluation.id.replace('/', '_')}.parquet"


def _inside(name: str) -> str:
    """Returns the path of a file beside the weights, if it is one."""
    try:
        return checkout_path(name)
    except ValueError as error:
        raise IntegrityError(f"expected a file of the version, found: {error}") from error


def list_files(folder: Path) -> tuple[FileEntry, ...]:
    """Returns every file below a folder but links and names that JSON cannot hold."""
    names = []
    for parent, _, files in os.walk(folder):
        for file in files:
            place = Path(parent) / file
            name = place.relative_to(folder).as_posix()
            if place.is_symlink() or any(0xD800 <= ord(char) < 0xE000 for char in name):
                continue
            names.append(name)
    names.sort()
    digests = in_parallel([_job(folder / name) for name in names])
    return tuple(
        FileEntry(path=name, size=size, sha256=sha256)
        for name, (sha256, size) in zip(names, digests, strict=True)
    )


def _job(place: Path) -> Callable[[], tuple[str, int]]:
    return lambda: hash_file(place, "sha256")


def _same(dataset: Dataset, place: Path, came: str) -> bool:
    if place.is_dir():
        return _is_folder(dataset.identity, place, came)
    return f"sha256:{hash_file(place, 'sha256')[0]}" == dataset.identity


def _is_folder(digest: str, place: Path, came: str) -> bool:
    del came
    return manifest_digest(hash_folder(place)) == digest


def _reads(place: Path, value: Any) -> bool:
    try:
        return bool(read_config_files([(place.name, place)]).files[place.name] == value)
    except FtRegistryError:
        return False  # it cannot be read, so it is not what was read


def _state_of(error: FtRegistryError) -> StepState:
    """Returns what it means for a part that it could not be had."""
    if isinstance(error, NotFound):
        return "missing"
    return "differs" if isinstance(error, IntegrityError) else "unknown"


def _told(error: FtRegistryError) -> str:
    return error.message + (f" ({error.hints[0]})" if error.hints else "")
