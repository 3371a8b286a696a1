"""Gathers what is on record of a model, and says what the usual order of decisions implies."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ft_registry.actions.advice_data import data_ages, judge_training
from ft_registry.actions.advice_scores import Rival, compare_all, repeats_of
from ft_registry.actions.checks.case import Case, Tools
from ft_registry.actions.contenders import baseline_labels, find_contender, read_baseline
from ft_registry.actions.events import require_ledger
from ft_registry.actions.resolve import read_alias, require_model, version_numbers
from ft_registry.actions.standings import read_standing
from ft_registry.advice.conclusion import advise as advise_on
from ft_registry.advice.facts import (
    BaselineFacts,
    Comparison,
    ModelFacts,
    SuiteFacts,
    VersionFacts,
)
from ft_registry.advice.statement import Advice, Evidence
from ft_registry.model.baseline import Baseline
from ft_registry.model.config import SuiteSettings
from ft_registry.model.reference import BaselineReference, VersionReference
from ft_registry.ports.ledger import Ledger

CHAMPION = "champion"


@dataclass(frozen=True)
class _Known:
    """A baseline on record, as facts and as somebody to compare with."""

    facts: BaselineFacts
    rival: Rival


def advise(
    ledger: Ledger,
    model: str,
    *,
    tools: Tools,
    suites: Mapping[str, SuiteSettings],
    now: datetime,
) -> Advice:
    """Returns what is on record of a model implies, by the order of prompt, retrieval, fine-tune.

    Judged are the champion and the newest version. What cannot be looked at, a table of items that
    is gone say, is told as missing evidence; the rest is judged all the same.

    Args:
        ledger: Has the records, evaluations and snapshots.
        model: Its name.
        tools: Find scored items, and indexes of examples.
        suites: What the settings say of suites.
        now: This moment.

    Raises:
        NotFound: There is no such model.
        IntegrityError: A document of the ledger was changed by hand.
    """
    require_ledger(ledger)
    require_model(ledger, model)
    cases = [Case(ledger, one, CHAMPION, now, tools) for one in _judged(ledger, model)]
    known = [_baseline(ledger, BaselineReference(model, label))
             for label in baseline_labels(ledger, model)]  # fmt: skip
    comparisons: list[Comparison] = []
    for place, case in enumerate(cases):
        rivals = [one.rival for one in known]
        if place:
            first = cases[0]
            rivals.append(Rival(first.measured, "version", first.filed.digest))
        comparisons += compare_all(case, rivals, suites)
    versions = tuple(_version(case, suites)
                     for case in cases)  # fmt: skip
    measured = {suite for one in versions for suite in one.suites}
    measured |= {suite for one in known for suite in one.facts.suites}
    return advise_on(
        ModelFacts(
            model=model,
            versions=versions,
            baselines=tuple(one.facts for one in known),
            suites=tuple(
                SuiteFacts(name, suites[name].use if name in suites else "")
                for name in sorted(measured | suites.keys())
            ),
            comparisons=tuple(comparisons),
        )
    )


def _judged(ledger: Ledger, model: str) -> Sequence[VersionReference]:
    """Returns the champion, if there is one, and the newest version, if it is another."""
    state = read_alias(ledger, model, CHAMPION)
    numbers = [state.version] if state is not None else []
    numbers += version_numbers(ledger, model)[-1:]
    return [VersionReference(model, number) for number in dict.fromkeys(numbers)]


def _baseline(ledger: Ledger, reference: BaselineReference) -> _Known:
    document, digest = read_baseline(ledger, reference)
    contender = find_contender(ledger, reference)
    prompt = sum(len(text) for text in _texts(document)) or None
    figures = {} if prompt is None else {"characters": prompt}
    facts = BaselineFacts(
        document.reference, document.kind, tuple(sorted(contender.newest)), prompt,
        Evidence(document.reference, digest, figures),
    )  # fmt: skip
    return _Known(facts, Rival(contender, document.kind, digest))


def _texts(document: Baseline) -> Iterator[str]:
    """Yields the files of a baseline that are plain text: its prompts, not its settings."""
    yield from (value for value in document.config.files.values() if isinstance(value, str))


def _version(case: Case, suites: Mapping[str, SuiteSettings]) -> VersionFacts:
    record = case.filed.record
    trained = judge_training(case)
    standing = read_standing(case.ledger, case.version)
    return VersionFacts(
        reference=str(case.version),
        suites=tuple(sorted(case.measured.newest)),
        method=record.method,
        enough=trained.enough,
        needs=trained.needs,
        faults=trained.faults,
        duplicates=trained.duplicates,
        overlap=trained.overlap,
        cost=record.cost,
        repeats=tuple(repeats_of(case, suites)),
        data=tuple(data_ages(case)),
        evidence=Evidence(str(case.version), case.filed.digest),
        condemned=standing.words if standing.is_bad else "",
    )
