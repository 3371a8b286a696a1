"""Gathers what pages tell of a version, and of a model."""

from collections import defaultdict
from collections.abc import Sequence

from ft_registry.actions.contenders import baseline_evaluations, baseline_labels, read_baseline
from ft_registry.actions.resolve import (
    FiledRecord,
    read_evaluations,
    read_record,
    version_numbers,
)
from ft_registry.actions.standings import read_standing
from ft_registry.actions.verdicts import newest_verdicts, read_verdicts
from ft_registry.errors import NotARegistry
from ft_registry.model import layout
from ft_registry.model.alias import AliasState
from ft_registry.model.evaluation import Evaluation, score_table
from ft_registry.model.reference import BaselineReference, VersionReference
from ft_registry.model.story import ModelStory, Move, Rival, VersionStory
from ft_registry.model.verdict import Verdict
from ft_registry.ports.ledger import Documents, Ledger

NEWEST = 10
"""Versions that the page of a model in the store names."""
_FIRST = "champion"
"""The alias that a version is held against before all others."""


def version_story(ledger: Documents, filed: FiledRecord) -> VersionStory:
    """Returns the story of a version, with what it is held against now.

    Raises:
        IntegrityError: A document cannot be read.
    """
    record = filed.record
    version = VersionReference(record.model, record.version)
    named = _named(read_aliases(ledger, record.model))
    standing = read_standing(ledger, version).standing
    return tell(
        filed,
        read_evaluations(ledger, version),
        read_verdicts(ledger, version),
        aliases=named.get(record.version, ()),
        rivals=_rivals(ledger, record.model, record.version, named),
        standing=standing.standing if standing else "",
    )


def tell(
    filed: FiledRecord,
    evaluations: Sequence[Evaluation],
    verdicts: Sequence[Verdict],
    *,
    aliases: Sequence[str] = (),
    rivals: Sequence[Rival] = (),
    standing: str = "",
) -> VersionStory:
    """Returns a story from documents that were read."""
    return VersionStory(
        record=filed.record,
        digest=filed.digest,
        evaluations=tuple(sorted(evaluations, key=lambda one: one.recorded_at)),
        verdicts=tuple(newest_verdicts(verdicts).values()),
        aliases=tuple(aliases),
        rivals=tuple(rivals),
        standing=standing,
    )


def model_story(ledger: Documents, name: str, *, last: int | None = NEWEST) -> ModelStory:
    """Returns the story of a model, without the moves of its aliases.

    Args:
        ledger: Has the documents.
        name: The model.
        last: How many versions are told, the newest, beside those that aliases name; None: all.
    """
    states = read_aliases(ledger, name)
    numbers = version_numbers(ledger, name)
    told = set(numbers if last is None else numbers[-last:])
    told |= {state.version for state in states}
    versions = [
        version_story(ledger, read_record(ledger, VersionReference(name, number)))
        for number in sorted(told)
    ]
    return ModelStory(
        name=name,
        aliases={state.alias: state.version for state in states},
        versions=tuple(versions),
        count=len(numbers),
    )


def read_moves(ledger: Ledger, name: str) -> tuple[tuple[Move, ...], str]:
    """Returns how a model's aliases moved, the newest first; and why that cannot be told."""
    try:
        events = [logged.event for logged in ledger.events(layout.aliases(name))]
    except NotARegistry as error:  # a shallow clone: the pages of a pipeline are made in such
        return (), error.message
    moves = [
        Move(
            time=event.time, alias=event.alias or "", to=event.to, type=event.type,
            who=event.actor.name, reason=event.reason, overrides=event.overrides,
        )
        for event in events
    ]  # fmt: skip
    return tuple(moves[::-1]), ""


def read_aliases(ledger: Documents, model: str) -> list[AliasState]:
    """Returns what a model's aliases name now, the champion first.

    Raises:
        IntegrityError: A document is no alias.
    """
    contents = ledger.read_many(ledger.paths(layout.aliases(model)))
    states = [AliasState.parse(content, what=path) for path, content in contents.items()]
    return sorted(states, key=lambda state: (state.alias != _FIRST, state.alias))


def _named(states: Sequence[AliasState]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for state in states:
        found[state.version].append(state.alias)
    return found


def _rivals(ledger: Documents, model: str, number: int, named: dict[int, list[str]]) -> list[Rival]:
    found = []
    for other, aliases in named.items():
        if other != number:
            version = VersionReference(model, other)
            words = " ".join(f"@{alias}" for alias in aliases)
            scores = score_table(read_evaluations(ledger, version))
            found.append(Rival(str(version), words, scores))
    for label in baseline_labels(ledger, model):
        reference = BaselineReference(model, label)
        baseline, _ = read_baseline(ledger, reference)
        scores = score_table(baseline_evaluations(ledger, reference))
        found.append(Rival(str(reference), f"{baseline.kind} baseline", scores))
    return found
