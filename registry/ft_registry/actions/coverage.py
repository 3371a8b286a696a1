"""Holds how many items were scored against the examples of the data that they are said to be of."""

import re
from collections.abc import Sequence
from dataclasses import replace

from ft_registry.actions.evaluations import Evidence
from ft_registry.errors import Refused
from ft_registry.evaluations.measurement import Measurement
from ft_registry.model import layout
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import PublicSet, SnapshotUse
from ft_registry.model.snapshot import Dataset, Snapshot
from ft_registry.ports.ledger import Ledger

_AGAIN = re.compile(r"(.+)-[0-9]+")
"""The id of a second item of the same content."""


def cover(
    evidence: Evidence,
    data: SnapshotUse | PublicSet | Unknown,
    *,
    datasets: Sequence[Dataset],
    ledger: Ledger,
    allow_partial: bool,
) -> Evidence:
    """Returns scores as those of data: of a part of it, where fewer items were scored.

    Several tasks may share examples, epochs and turns score one more than once: of these it is
    told where the numbers differ, and nothing is refused.

    Args:
        evidence: The scores.
        data: What they are said to be of.
        datasets: Those of the version's record.
        ledger: Has the snapshots that the record does not name.
        allow_partial: Take scores of a part; they say so for ever.

    Raises:
        Refused: Fewer items were scored than the data has examples, and nobody allowed it; or more.
    """
    if not isinstance(data, SnapshotUse):
        return evidence
    rows, found = _rows(data, datasets, ledger), evidence.measurement
    if rows is None or found.rows in (0, rows):
        return evidence
    fewest = _fewest(found)
    if fewest > rows:
        raise Refused(
            f"expected scores of {data.name}, which has {rows} examples, found {fewest} items in "
            f"those of {evidence.suite}",
            hints=["--data names what they are of; ft-registry data list shows what there is"],
        )
    if fewest < found.rows:
        note = f"{found.rows} items were scored, {data.name} has {rows} examples"
        return _noted(evidence, note) if fewest != rows else evidence
    part = f"{found.rows} of {rows} examples"
    if not allow_partial:
        raise Refused(
            f"expected scores of all of {data.name}, found in those of {evidence.suite} {part}",
            hints=[
                "measure all of it, or name with --data what they are of",
                "--allow-partial records them as partial",
            ],
        )
    partial = "; ".join(filter(None, (found.partial, part)))
    return replace(evidence, measurement=replace(found, partial=partial))


def _rows(data: SnapshotUse, datasets: Sequence[Dataset], ledger: Ledger) -> int | None:
    place = layout.snapshot(data.name, data.key)
    content = ledger.read(place)
    if content is not None:
        found = [Snapshot.parse(content, what=place).content.rows]
    else:
        found = [one.rows for one in datasets if one.key == data.key]
    return next((rows for rows in found if isinstance(rows, int)), None)


def _fewest(found: Measurement) -> int:
    """Returns how many examples the items are of at least; 0: nobody can tell."""
    if len({score.task for score in found.scores}) > 1:
        return 0
    items = found.items
    if items is None:
        return found.rows
    if items.tasks is not None and len(set(items.tasks)) > 1:
        return 0
    ids = set(items.ids)
    again = sum(1 for id_ in ids if (said := _AGAIN.fullmatch(id_)) and said[1] in ids)
    sources = len(ids) if items.clusters is None else len(set(items.clusters))
    return min(len(ids) - again, sources)


def _noted(evidence: Evidence, note: str) -> Evidence:
    found = evidence.measurement
    return replace(evidence, measurement=replace(found, notes=(*found.notes, note)))
