"""Tells what differs between two versions: scores, data, configuration, weights, code, packages."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from ft_registry.actions.compare_code import CodeDiff, compare_code
from ft_registry.actions.compare_suites import ComparedSuites, compare_suites
from ft_registry.actions.compare_weights import WeightsDiff, compare_weights
from ft_registry.actions.contenders import find_contender
from ft_registry.actions.dataset_changes import DatasetChange, dataset_changes
from ft_registry.actions.homes import home_of
from ft_registry.actions.item_tables import ItemTables
from ft_registry.actions.resolve import FiledRecord, read_record, resolve
from ft_registry.actions.shelves import Shelves
from ft_registry.actions.weights import find_weights
from ft_registry.errors import FtRegistryError, Refused
from ft_registry.model import layout
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.config_diff import ConfigDiff, diff_config_files
from ft_registry.model.document import Unknown
from ft_registry.model.environment_diff import EnvironmentDiff, diff_environment
from ft_registry.model.record import VersionRecord, base_identity
from ft_registry.model.reference import Reference
from ft_registry.model.registered import PackageList
from ft_registry.model.training import Training
from ft_registry.ports.artifacts import ArtifactStore
from ft_registry.ports.code import CodeRepository
from ft_registry.ports.ledger import Ledger

T = TypeVar("T")

_SHOWN = 3
"""Items of each kind that are kept."""
_TRAINER = "trainer"
"""What a diff calls the settings that the trainer left."""


@dataclass(frozen=True)
class VersionDiff:
    """What differs between two versions; where a part could not be compared, why."""

    before: FiledRecord
    after: FiledRecord
    scores: ComparedSuites | None
    """None: `why_not` says why."""
    data: tuple[DatasetChange, ...]
    config: ConfigDiff
    weights: WeightsDiff | None
    """None: the bytes are the same, or `why_not` says why."""
    code: CodeDiff | None
    environment: EnvironmentDiff
    why_not: dict[str, str]
    """By part: why it was not compared."""

    @property
    def same_weights(self) -> bool:
        """Whether every byte of the weights is the same."""
        return self.before.record.artifact.digest == self.after.record.artifact.digest

    @property
    def same_base(self) -> bool:
        """Whether both were tuned from the same weights, as far as the records say."""
        return base_identity(self.before.record.base) == base_identity(self.after.record.base)


@dataclass(frozen=True)
class DiffSources:
    """What a diff looks things up in."""

    ledger: Ledger
    code: CodeRepository
    artifacts: ArtifactStore
    shelves: Callable[[], Shelves]
    """Made when data differs."""
    tables: Callable[[], ItemTables]
    """Made when both were measured."""
    scratch: Path


def diff_versions(old: Reference, new: Reference, sources: DiffSources) -> VersionDiff:
    """Compares two versions in every part of their records.

    A part that cannot be compared (its data is gone, its evaluations have totals only) does not
    keep the others from it.

    Raises:
        NotFound: A reference names nothing.
        IntegrityError: A document cannot be read.
    """
    ledger = sources.ledger
    before, after = (read_record(ledger, resolve(ledger, one)) for one in (old, new))
    why_not: dict[str, str] = {}
    attempt = partial(_attempt, why_not)
    code = compare_code(
        before.record, after.record, dict(_patches((before, after), sources)), sources.code
    )
    if code is None:
        why_not["code"] = "a commit is not at hand: git fetch brings it"
    return VersionDiff(
        before=before,
        after=after,
        scores=attempt("scores", lambda: _scores(old, new, sources)),
        data=tuple(dataset_changes(before.record.data, after.record.data, ledger, sources.shelves)),
        config=_config(before.record, after.record),
        weights=attempt("weights", lambda: _weights(before, after, sources)),
        code=code,
        environment=_environment(before.record, after.record, ledger),
        why_not=why_not,
    )


def _attempt(why_not: dict[str, str], part: str, work: Callable[[], T]) -> T | None:
    try:
        return work()
    except FtRegistryError as error:
        why_not[part] = error.message
        return None


def _scores(old: Reference, new: Reference, sources: DiffSources) -> ComparedSuites:
    before, after = (find_contender(sources.ledger, one) for one in (old, new))
    return compare_suites(before, after, sources.tables(), shown=_SHOWN)


def _weights(before: FiledRecord, after: FiledRecord, sources: DiffSources) -> WeightsDiff | None:
    if before.record.artifact.digest == after.record.artifact.digest:
        return None
    for record in (before.record, after.record):
        if record.artifact.hosted is not None:
            raise Refused(
                f"{record.artifact.hosted.service} keeps the weights of {record.reference}: here "
                "is no more than its job"
            )
    with TemporaryDirectory(prefix="weights-", dir=sources.scratch) as scratch:
        folders = [
            _folder(filed, sources, Path(scratch) / name)
            for filed, name in ((before, "before"), (after, "after"))
        ]
        return compare_weights(*folders)


def _folder(filed: FiledRecord, sources: DiffSources, scratch: Path) -> Path:
    home = home_of(sources.ledger, filed)
    return find_weights(filed, home, sources.artifacts.shelf(home), sources.artifacts, scratch)


def _config(old: VersionRecord, new: VersionRecord) -> ConfigDiff:
    # The defaults of a trainer count where both were trained by its method.
    methods = {record.method for record in (old, new) if isinstance(record.method, str)}
    method = methods.pop() if len(methods) == 1 else ""
    before, after = dict(old.config.files), dict(new.config.files)
    if isinstance(old.training, Training) and isinstance(new.training, Training):
        # Beside the files, like one more of them: what the trainer made of it all.
        before[_TRAINER], after[_TRAINER] = _settings(old.training), _settings(new.training)
    return diff_config_files(before, after, method=method)


def _settings(training: Training) -> dict[str, Any]:
    """Returns what a trainer was set to; null is how a trainer writes that nothing was."""
    return {name: value for name, value in training.hyperparameters.items() if value is not None}


def _environment(old: VersionRecord, new: VersionRecord, ledger: Ledger) -> EnvironmentDiff:
    packages = [_packages(record, ledger) for record in (old, new)]
    return diff_environment(old.environment, new.environment, *packages)


def _patches(
    sides: Sequence[FiledRecord], sources: DiffSources
) -> Iterator[tuple[str, bytes | str]]:
    """Yields what each side had not committed, or why that is not at hand."""
    for filed in sides:
        patch = filed.record.code.patch
        if isinstance(patch, Unknown):
            continue
        with TemporaryDirectory(prefix="patch-", dir=sources.scratch) as scratch:
            try:
                sources.artifacts.fetch(
                    home_of(sources.ledger, filed), [patch.artifact], Path(scratch)
                )
                content = (Path(scratch) / patch.artifact).read_bytes()
            except (FtRegistryError, OSError) as error:
                yield filed.record.reference, str(error)
                continue
        is_it = digest_bytes(content) == patch.digest
        yield filed.record.reference, content if is_it else "it has other bytes than recorded"


def _packages(record: VersionRecord, ledger: Ledger) -> dict[str, str] | None:
    place = layout.environment(record.environment.packages)
    content = ledger.read(place)
    return None if content is None else PackageList.parse(content, what=place).packages
