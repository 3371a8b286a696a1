"""Resolves the datasets of a registration: those named, or those its pipeline read."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

from ft_registry.actions.snapshots import snapshots_of
from ft_registry.errors import InvalidInput
from ft_registry.model.document import Unknown
from ft_registry.model.examples import ExampleIndex
from ft_registry.model.names import file_stem
from ft_registry.model.record import Stage
from ft_registry.model.snapshot import ROLES, Dataset, Snapshot, SourceListing
from ft_registry.ports.data import DataStore
from ft_registry.ports.ledger import Ledger
from ft_registry.ports.runs import DataReader

_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+|\.{2,}")
NO_RECORDS = Unknown(unknown="no snapshot of it has an index: ft-registry data snapshot makes one")


@dataclass(frozen=True)
class DataArgument:
    """``PATH[@REV][:ROLE]``."""

    path: Path
    rev: str | None
    role: str


def parse_data_argument(text: str, *, cwd: Path) -> DataArgument:
    """Parses ``PATH[@REV][:ROLE]``; a path that exists as written is a path, `@` and `:` included.

    Raises:
        InvalidInput: The role is none, or the path or revision is empty.
    """
    if text and (cwd / text).exists():
        return DataArgument(cwd / text, None, "train")
    path, role = text, "train"
    head, colon, tail = text.rpartition(":")
    if colon:
        if tail not in ROLES:
            raise InvalidInput(
                f"expected a role after ':' in {text!r}, found {tail!r}",
                hints=[f"roles: {', '.join(ROLES)}"],
            )
        path, role = head, tail
    rev = None
    if not (cwd / path).exists() and "@" in path:
        path, _, rev = path.rpartition("@")
    if not path or rev == "" or (rev or "").startswith("-"):
        raise InvalidInput(f"expected PATH[@REV][:ROLE], found {text!r}")
    return DataArgument(cwd / path, rev, role)


def describe_datasets(
    arguments: tuple[DataArgument, ...],
    *,
    stage: Stage | None,
    base: str,
    top: Path,
    data: DataStore,
    ledger: Ledger,
) -> tuple[Dataset, ...]:
    """Returns the datasets of a version, every byte of them hashed.

    Args:
        arguments: What was named; when nothing was, what the stage depends on counts.
        stage: The pipeline stage that made the weights, if one did.
        base: The folder of the base weights, from the top level; empty when it is none.
        top: The top level, for the stage's paths.
        data: Describes them.
        ledger: Knows what their snapshots are called.

    Raises:
        NotFound, Refused, IntegrityError: See `DataStore.describe`.
        InvalidInput: The same dataset is named twice in one role.
    """
    found = [read_dataset(argument, data) for argument in arguments]
    if not arguments and stage is not None:
        found = _dependencies(stage, base, top, data)
    return name_datasets(found, lambda key: snapshots_of(key, ledger))


def _dependencies(stage: Stage, base: str, top: Path, data: DataStore) -> list[Dataset]:
    """Returns what the stage read and DVC keeps: its code is git's, its base is no dataset."""
    paths = [str(dependency["path"]) for dependency in stage.deps]
    return [
        read_dataset(DataArgument(top / path, None, "train"), data)
        for path in paths
        if path != base and data.tracks(top / path)
    ]


def read_dataset(argument: DataArgument, data: DataReader) -> Dataset:
    """Returns a dataset that has no name yet, every byte of it hashed.

    Raises:
        NotFound, Refused, IntegrityError: See `DataStore.describe`.
    """
    tracked = data.describe(argument.path, rev=argument.rev)
    content = tracked.content
    return Dataset(
        path=content.path,
        dvc=content.dvc,
        sha256=content.sha256,
        rows=content.rows,
        role=argument.role,
        name="",
        pointer=tracked.pointer,
        records_root=content.sha256 if isinstance(content.dvc, SourceListing) else NO_RECORDS,
    )


def name_datasets(
    datasets: Sequence[Dataset], known: Callable[[str], Sequence[Snapshot]]
) -> tuple[Dataset, ...]:
    """Gives each dataset the name of its snapshot, else of its file; none twice in a role.

    Args:
        datasets: What was found, under whatever names.
        known: Returns the snapshots of a content, by its key.

    Raises:
        InvalidInput: The same dataset is there twice in one role.
    """
    found = sorted(datasets, key=lambda dataset: (dataset.role, dataset.path))
    keys = [(dataset.role, dataset.path) for dataset in found]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InvalidInput(f"expected each dataset once in a role, found {twice[1]} twice")
    taken: set[tuple[str, str]] = set()
    given = []
    for dataset in found:
        snapshots = known(dataset.key)
        same = [one for one in snapshots if one.content.path == dataset.path]
        first = same[-1].name if same else _file_name(dataset.path)
        names = (f"{first}-{number}" if number > 1 else first for number in count(1))
        name = next(name for name in names if (dataset.role, name) not in taken)
        taken.add((dataset.role, name))
        examples = _examples(dataset, same or snapshots)
        given.append(dataset.model_copy(update={"name": name, **examples}))
    return tuple(given)


def _examples(dataset: Dataset, snapshots: Sequence[Snapshot]) -> dict[str, Any]:
    """Returns what the newest snapshot knows of the examples."""
    for snapshot in reversed(snapshots):
        if isinstance(snapshot.examples, ExampleIndex):
            return {
                "rows": snapshot.examples.rows
                if isinstance(dataset.rows, Unknown)
                else dataset.rows,
                "records_root": snapshot.examples.root,
                "profile": snapshot.profile,
            }
    return {}


def _file_name(path: str) -> str:
    stem = file_stem(PurePosixPath(path).name)
    return _NO_NAME.sub("-", stem)[:90].strip("-_.") or "data"
