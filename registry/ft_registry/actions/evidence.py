"""Reads what an evaluator wrote, so that it can be put on record."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ft_registry.actions.evaluations import Evidence
from ft_registry.evaluations.measurement import Measurement
from ft_registry.formats.item_table import item_table
from ft_registry.model.canonical import digest
from ft_registry.model.config import SuiteSettings
from ft_registry.model.manifest import relative_path
from ft_registry.ports.context import Context
from ft_registry.readers.evaluations.reading import read_evaluation
from ft_registry.readers.files import hash_file, walk


def read_evidence(
    paths: Sequence[Path],
    *,
    top: Path,
    cwd: Path,
    context: Context,
    suite: str = "",
    allow_partial: bool = False,
    suites: Mapping[str, SuiteSettings] | None = None,
) -> Evidence:
    """Reads the files of one run of an evaluator.

    Args:
        paths: The files, or folders of them.
        top: The top level of the repository.
        cwd: What relative paths start from.
        context: Says what time it is.
        suite: What to call it; empty: as the files say.
        allow_partial: Take a run that does not cover the suite.
        suites: What the settings say of suites: which way a metric goes, where no file says.

    Raises:
        InvalidInput, NotFound, Refused: See `read_evaluation`.
    """
    places = [cwd / path for path in paths]
    found = read_evaluation(places, suite=suite, allow_partial=allow_partial, now=context.now())
    return Evidence(
        measurement=_directed(found, (suites or {}).get(found.suite)),
        origin=_origin(places),
        source=_from_top(places[0], top),
        table=item_table(found.items) if found.items is not None else None,
    )


def _directed(found: Measurement, settings: SuiteSettings | None) -> Measurement:
    if settings is None or settings.higher_is_better is None:
        return found
    scores = tuple(
        replace(score, higher_is_better=settings.higher_is_better)
        if score.higher_is_better is None and settings.metric in ("", score.metric)
        else score
        for score in found.scores
    )
    return replace(found, scores=scores)


def _origin(places: Sequence[Path]) -> str:
    """Returns the digest of the files; where they lie and what they are called does not matter."""
    files = [
        place / name if name else place
        for place in places
        for name in (walk(place) if place.is_dir() else [""])
    ]
    hashes = sorted(hash_file(file, "sha256")[0] for file in files)
    return f"sha256:{hashes[0]}" if len(hashes) == 1 else digest(hashes)


def _from_top(place: Path, top: Path) -> str:
    try:
        return relative_path((place.parent.resolve() / place.name).relative_to(top).as_posix())
    except ValueError:
        return ""
