"""Ties weights to the run that made them by their content alone: no path and no machine matters.

When the command of a run has ended well, the weights that it wrote are hashed, and the run bears
their digest as a tag. Whoever registers the same bytes finds the run by it.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ft_registry.actions.run_admission import AdmittedRun, read_run
from ft_registry.errors import BackendUnavailable, IntegrityError, NotFound, Refused
from ft_registry.model.manifest import FileEntry
from ft_registry.model.proof import some
from ft_registry.model.run_document import made_tag
from ft_registry.model.snapshot import TRAINING_ROLES
from ft_registry.ports.runs import RunStore
from ft_registry.readers.made import WeightsBelow, hash_weights, look_for_weights, written_since
from ft_registry.readers.weights import weights_of

NO_RUN = "none"
"""What a person says who wants no run's word."""
_COMPARED = 10
"""Runs that made the same weights: of more, the newest."""
_PATH_CHARACTERS = 5000
"""MLflow takes no longer value of a tag."""


@dataclass(frozen=True)
class MadeWeights:
    """What a command wrote."""

    tags: Mapping[str, str]
    """The folder by the tag of its weights."""
    notices: tuple[str, ...]
    """What could not be looked at."""


@dataclass(frozen=True)
class MadeBy:
    """The run that made the weights which are registered, as far as it can be found."""

    run: AdmittedRun | None = None
    notices: tuple[str, ...] = ()
    unasked: BackendUnavailable | None = field(default=None, compare=False)
    """Why nobody could be asked: what the run knows must not be missing on record."""


def made_since(before: WeightsBelow, top: Path) -> MadeWeights:
    """Returns the weights below a folder that were written since it was looked at."""
    after = look_for_weights(top)
    tags: dict[str, str] = {}
    notices: list[str] = []
    for folder in written_since(before, after):
        try:
            weights = hash_weights(top / folder, after.folders[folder])
        except (NotFound, Refused, IntegrityError) as error:
            notices.append(f"the weights in {folder} were not tied to the run: {error.message}")
            continue
        shown = os.fsencode(folder).decode(errors="backslashreplace")
        tags.setdefault(made_tag(weights), shown[:_PATH_CHARACTERS])
    if before.is_cut or after.is_cut:
        notices.append(
            f"too much lies below {top} to look at all of it: of weights that are not named here, "
            "register --run says which run made them"
        )
    return MadeWeights(tags, tuple(notices))


def find_run(asked: str | None, files: Sequence[FileEntry], runs: Callable[[], RunStore]) -> MadeBy:
    """Returns the run that a person named, or that made these very weights.

    Of several the newest counts, if they were all given the same; those that were given no data
    only where no other made the weights.

    Args:
        asked: A run's id, or that none is wanted; None: not named.
        files: What is registered.
        runs: The store.

    Raises:
        Refused: Runs that were given different data or configuration made the same weights.
        NotFound, IntegrityError, BackendUnavailable: See `read_run`.
    """
    if asked is not None:
        return MadeBy() if asked == NO_RUN else MadeBy(read_run(asked, runs()))
    weights = weights_of(files)
    if not weights:
        return MadeBy()
    try:
        found = _read_all(made_tag(weights), runs())
    except BackendUnavailable as error:
        notice = f"MLflow could not be asked which run made the weights: {error.message}"
        return MadeBy(notices=(notice,), unasked=error)
    found = [run for run in found if run.document.data] or found
    if not found:
        return MadeBy()
    newest = found[0]
    if other := next((run for run in found if _given(run) != _given(newest)), None):
        raise Refused(
            f"expected one run that made these weights, found {some([r.run_id for r in found])}, "
            f"and {other.run_id} was given other data or configuration than {newest.run_id}",
            hints=[
                f"--run {newest.run_id} says that it was the newest",
                "--run none captures what is here now",
            ],
        )
    return MadeBy(newest, tuple(_told(newest)))


def _read_all(tag: str, runs: RunStore) -> list[AdmittedRun]:
    named = runs.find(tag)[:_COMPARED]
    return [run for run_id in named if (run := read_run(run_id, runs)) is not None]


def _given(run: AdmittedRun) -> tuple[object, ...]:
    """Returns what of a run is part of the identity of what it made, and for which model."""
    document = run.document
    data = {(one.role, one.key) for one in document.data if one.role in TRAINING_ROLES}
    return frozenset(data), document.config.digest, document.model


def _told(run: AdmittedRun) -> Iterator[str]:
    data = ", ".join(one.path for one in run.document.data)
    yield (
        f"run {run.run_id} made these very weights: what it was given is on record, "
        f"{f'data {data}' if data else 'no data among it'}"
    )
