"""The check ``data``: what the version and its ancestors were trained on."""

from collections.abc import Sequence

from ft_registry.actions.ancestry import Ancestry, follow
from ft_registry.actions.checks.case import Case
from ft_registry.actions.checks.overlap import judge_overlap
from ft_registry.actions.snapshots import FoundSnapshot, snapshots_with
from ft_registry.errors import FtRegistryError
from ft_registry.gates.answer import Answer
from ft_registry.gates.facts import Facts
from ft_registry.gates.training import (
    TrainingSet,
    judge_duplicates,
    judge_examples,
    judge_faults,
)
from ft_registry.model.policy_checks import DataCheck
from ft_registry.model.record import VersionBase, VersionRecord
from ft_registry.model.snapshot import TRAINING_ROLES, Dataset

_MADE_WITHOUT = ("merged", "quantized")
"""Kinds of weights that learnt nothing beyond what they were made from."""


def check_data(check: DataCheck, case: Case) -> Answer:
    """Tells whether training data is as it is asked to be, from what is on record of it."""
    facts = Facts()
    try:
        ancestry = follow(case.ledger, case.filed)
        named = [
            (stage.record, data) for stage in ancestry.stages for data in learnt_from(stage.record)
        ]
        snapshots = snapshots_with({data.key for _, data in named}, case.ledger)
    except FtRegistryError as error:
        facts.meets(error)
        return facts.answer()
    sets = {
        (record.reference, data.path, data.key): _training_set(data, record, snapshots[data.key])
        for record, data in named
    }
    own = [one for (version, _, _), one in sets.items() if version == _trained(ancestry).reference]
    if check.min_examples is not None:
        if own:
            judge_examples(own, check.min_examples, facts)
        else:
            facts.is_open(_no_data(_trained(ancestry)))
    if check.max_faults is not None:
        judge_faults(list(sets.values()), check.max_faults, facts)
    if check.max_duplicates is not None:
        judge_duplicates(list(sets.values()), check.max_duplicates, facts)
    if check.overlap_with_evaluation is not None:
        try:
            judge_overlap(check, case, named, facts)
        except FtRegistryError as error:
            facts.meets(error)
    if (check.max_faults, check.max_duplicates, check.overlap_with_evaluation) != (None,) * 3:
        _judge_gaps(ancestry, facts)
    return facts.answer()


def learnt_from(record: VersionRecord) -> list[Dataset]:
    """Returns the data that weights learnt from.

    Data that it was prepared from stands in only where the prepared data is not on record: what
    was left out in preparing it was never learnt.
    """
    training = [data for data in record.data if data.role in TRAINING_ROLES]
    return [data for data in training if data.role != "source"] or training


def learns(record: VersionRecord) -> bool:
    """Returns whether weights learnt something when they were made."""
    return record.kind not in _MADE_WITHOUT or not isinstance(record.base, VersionBase)


def _trained(ancestry: Ancestry) -> VersionRecord:
    """Returns the youngest that was trained: merging and quantizing need no examples."""
    records = [stage.record for stage in ancestry.stages]
    return next((record for record in records if learns(record)), records[0])


def _judge_gaps(ancestry: Ancestry, facts: Facts) -> None:
    """Takes down what is not on record of the ancestors, so that nobody could look at it."""
    for stage in ancestry.stages:
        if learns(stage.record) and not learnt_from(stage.record):
            facts.is_open(_no_data(stage.record))
    if ancestry.end is not None:
        facts.meets(ancestry.end)


def _no_data(record: VersionRecord) -> str:
    return (
        f"no training data of {record.reference} is on record: ft-registry register --data names it"
    )


def _training_set(
    data: Dataset, record: VersionRecord, snapshots: Sequence[FoundSnapshot]
) -> TrainingSet:
    profiles = [one.snapshot.profile for one in snapshots if one.snapshot.profile]
    profile = data.profile or next(reversed(profiles), None)
    rows = data.rows if isinstance(data.rows, int) else profile.rows if profile else None
    return TrainingSet(f"{data.path} of {record.reference}", rows, profile)
