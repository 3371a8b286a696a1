"""Facts of training data that advice is made from: judged as a gate judges them, and their age."""

from collections.abc import Iterator
from dataclasses import dataclass

from ft_registry.actions.checks.case import Case
from ft_registry.actions.checks.data import check_data, learnt_from
from ft_registry.actions.snapshots import FoundSnapshot, stored_snapshots
from ft_registry.advice.facts import DataAge
from ft_registry.advice.statement import Evidence
from ft_registry.examples.advice import ENOUGH
from ft_registry.gates.answer import Answer
from ft_registry.model.policy_checks import DataCheck
from ft_registry.model.snapshot import Dataset


@dataclass(frozen=True)
class JudgedTraining:
    """What was asked of training data, and answered."""

    enough: Answer | None
    needs: str
    faults: Answer
    duplicates: Answer
    overlap: Answer


def judge_training(case: Case) -> JudgedTraining:
    """Returns what is on record of the data that a version and its ancestors learnt from."""
    method = case.filed.record.method
    least, needs = ENOUGH.get(method, (0, "")) if isinstance(method, str) else (0, "")
    return JudgedTraining(
        enough=check_data(DataCheck(min_examples=least), case) if least else None,
        needs=needs,
        faults=check_data(DataCheck(max_faults=0), case),
        duplicates=check_data(DataCheck(max_duplicates=0.0), case),
        overlap=check_data(DataCheck(overlap_with_evaluation=0), case),
    )


def data_ages(case: Case) -> Iterator[DataAge]:
    """Yields each dataset that a version learnt from, with the newest snapshot of its name."""
    for data in learnt_from(case.filed.record):
        prefix = f"data/{data.name}/"
        places = [place for place in case.ledger.paths("data") if place.startswith(prefix)]
        found = [FoundSnapshot(one) for one in stored_snapshots(places, case.ledger)]
        yield _age(case, data, found)


def _age(case: Case, data: Dataset, found: list[FoundSnapshot]) -> DataAge:
    own = [one for one in found if one.snapshot.content.key == data.key]
    since = own[-1].snapshot.taken_at if own else case.filed.record.registered_at
    newer = [
        one
        for one in found
        if one.snapshot.content.key != data.key and one.snapshot.taken_at > since
    ]
    newest = newer[-1] if newer else None
    return DataAge(
        learnt=f"{data.name}@{data.key[:12]}",
        rows=_counted(data.rows),
        newer="" if newest is None else newest.reference,
        newer_rows=None if newest is None else _counted(newest.snapshot.content.rows),
        taken="" if newest is None else newest.snapshot.taken_at,
        evidence=tuple(
            Evidence(one.reference, one.snapshot.digest) for one in (*own[-1:], *newer[-1:])
        ),
    )


def _counted(rows: object) -> int | None:
    return rows if isinstance(rows, int) else None
