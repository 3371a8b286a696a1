"""Checks of the kind ``compare``: from what is on record of two contenders to a comparison."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ft_registry.actions.checks.case import Case
from ft_registry.actions.checks.circumstances import differences
from ft_registry.actions.checks.measured import (
    REFUSALS,
    MeasuredMetric,
    ScoredItems,
    find_items,
    find_metric,
    refused,
)
from ft_registry.actions.contenders import MeasuredContender, read_baseline
from ft_registry.actions.resolve import read_alias, read_record, require_model, resolve
from ft_registry.errors import Refused
from ft_registry.evaluations.items import Items
from ft_registry.gates.answer import Answer
from ft_registry.gates.comparing import Compared, Sides, compared
from ft_registry.gates.report import WorstItem
from ft_registry.model import layout
from ft_registry.model.evaluation import ItemTable
from ft_registry.model.policy_checks import CompareCheck
from ft_registry.model.reference import AliasReference, BaselineReference, parse_contender
from ft_registry.model.verdict import OpponentUse

_SHOWN = 3


def check_comparison(check: CompareCheck, case: Case) -> Compared | Answer:
    """Returns how the candidate compares with the opponent of a check, before it is judged.

    Returns:
        An answer where nothing is compared: nobody holds the alias, or it fails and says why.

    Raises:
        BackendUnavailable: The store of the items does not answer.
    """
    try:
        opponent = _find_opponent(case, check)
        if opponent is None:
            return Answer(check.absent, f"nobody holds {_full(case, check)} yet")
        if opponent.digest == case.filed.digest:
            return _itself(case, check)
        return compared(check, _sides(case, check, opponent))
    except REFUSALS as error:
        return refused(error)


def worst_items(comparison: Compared, case: Case) -> tuple[WorstItem, ...]:
    """Returns the items that the candidate scores worse, with what was asked and answered."""
    check, finding = comparison.check, comparison.finding
    opponent = case.contenders[finding.opponent]
    new, old = (
        case.tables[evaluation.items.digest]
        for contender in (case.measured, opponent)
        for evaluation in (contender.newest[check.suite],)
        if isinstance(evaluation.items, ItemTable)
    )
    column = next(
        score.column
        for score in case.measured.newest[check.suite].scores
        if score.key == check.metric
    )
    ours, theirs = ({id_: n for n, id_ in enumerate(items.ids)} for items in (new, old))
    return tuple(
        WorstItem(
            id=id_,
            before=float(old.scores[column][theirs[id_]]),
            after=float(new.scores[column][ours[id_]]),
            texts=dict(_texts(new, old, ours[id_], theirs[id_])),
            slices={name: values[ours[id_]] for name, values in new.slices.items()},
        )
        for id_ in finding.worst
    )


def _texts(new: Items, old: Items, here: int, there: int) -> Iterator[tuple[str, str]]:
    for name in ("prompt", "target"):
        if name in new.texts:
            yield name, new.texts[name][here]
    for name, items, place in (("before", old, there), ("after", new, here)):
        if "answer" in items.texts:
            yield name, items.texts["answer"][place]


@dataclass(frozen=True)
class _Opponent:
    contender: MeasuredContender
    digest: str


def _full(case: Case, check: CompareCheck) -> str:
    asked = check.against
    return f"{case.version.model}{asked}" if asked.startswith("@") else asked


def _find_opponent(case: Case, check: CompareCheck) -> _Opponent | None:
    """Returns who is compared with, and notes it; None: nobody holds the alias."""
    reference = parse_contender(_full(case, check))
    if isinstance(reference, BaselineReference):
        _, digest = read_baseline(case.ledger, reference)
        contender = case.contender(reference)
    else:
        if isinstance(reference, AliasReference):
            require_model(case.ledger, reference.model)
            if read_alias(case.ledger, reference.model, reference.alias) is None:
                _refuse_vacated(case, reference)
                return None
        version = resolve(case.ledger, reference)
        digest = read_record(case.ledger, version).digest
        contender = case.contender(version)
    case.uses.opponents[check.against] = OpponentUse(
        asked=check.against, reference=contender.reference, digest=digest
    )
    return _Opponent(contender, digest)


def _itself(case: Case, check: CompareCheck) -> Answer:
    """Returns what becomes of a comparison with the candidate itself: it shows nothing."""
    words = (
        f"expected an opponent of {case.version}, found that {check.against} is {case.version} "
        "itself"
    )
    if _full(case, check) == f"{case.version.model}@{case.alias}":
        # It is there already: to compare it with what it replaced is over, and no failure.
        return Answer("inconclusive", f"{words}: it was promoted before")
    return Answer("fail", words)


def _refuse_vacated(case: Case, alias: AliasReference) -> None:
    """Raises Refused where an alias had a holder: to take it away must lower no bar."""
    path = layout.alias(alias.model, alias.alias)
    last = next(iter(case.ledger.events(path, newest_first=True)), None)
    if last is not None:
        raise Refused(
            f"expected {alias} to name a version or never to have named one, found that it named "
            f"{last.event.previous or 'one'} until {last.event.time[:19]}Z: compare with a fixed "
            "version, or override"
        )


def _sides(case: Case, check: CompareCheck, opponent: _Opponent) -> Sides:
    new = find_metric(case, case.measured, case.filed.digest, check)
    old = find_metric(case, opponent.contender, opponent.digest, check)
    direction = _direction(check, new, old)
    ours, theirs = find_items(case, new), find_items(case, old)
    # Before what else differs: of other items the prompts are others, too.
    order = _same_items(ours, theirs, opponent.contender.reference) if check.paired else []
    _refuse_differences(check, new, old)
    if not check.paired:
        return Sides(
            old.contender.reference, ours.scores, theirs.scores, ours.ids, direction,
            clusters=ours.clusters, old_clusters=theirs.clusters,
        )  # fmt: skip
    return Sides(
        old.contender.reference, ours.scores, theirs.scores[order], ours.ids, direction,
        clusters=_clusters(ours, theirs, order),
        slices={name: _slice(name, ours, theirs, order) for name in _properties(ours, theirs)},
    )  # fmt: skip


def _refuse_differences(check: CompareCheck, new: MeasuredMetric, old: MeasuredMetric) -> None:
    found = differences(new.evaluation, old.evaluation)
    allowed = set(check.may_differ)
    if not check.paired:
        allowed |= {"data", "questions", "prompts"}  # of other items they are others
    if others := {name: words for name, words in found.items() if name not in allowed}:
        raise Refused(
            f"expected {check.suite} measured alike on both sides, found that "
            f"{'; '.join(others.values())}; may_differ: [{', '.join(others)}] in the check takes it"
        )


def _direction(check: CompareCheck, new: MeasuredMetric, old: MeasuredMetric) -> bool | None:
    """Returns whether more is better; None: nobody says."""
    said = {
        better
        for better in (
            new.score.higher_is_better,
            old.score.higher_is_better,
            check.higher_is_better,
        )
        if better is not None
    }
    if len(said) > 1:
        raise Refused(
            f"expected one direction of {check.metric}, found that more is better and that less is,"
            " in the evaluations or the check's higher_is_better"
        )
    return next(iter(said), None)


def _same_items(ours: ScoredItems, theirs: ScoredItems, opponent: str) -> "list[int]":
    """Returns the place of each of our items among theirs."""
    places = {id_: place for place, id_ in enumerate(theirs.ids)}
    known = set(ours.ids)
    alone = [id_ for id_ in ours.ids if id_ not in places]
    absent = [id_ for id_ in theirs.ids if id_ not in known]
    if alone or absent:
        raise Refused(
            f"expected the same items on both sides, found {_some(alone)} of the candidate alone "
            f"and {_some(absent)} of {opponent} alone; measure both on the same"
        )
    return [places[id_] for id_ in ours.ids]


def _some(ids: Sequence[str]) -> str:
    named = f" ({', '.join(ids[:_SHOWN])}{', ...' if len(ids) > _SHOWN else ''})" if ids else ""
    return f"{len(ids):,}{named}"


def _clusters(ours: ScoredItems, theirs: ScoredItems, order: Sequence[int]) -> Sequence[str] | None:
    """Returns what the items belong to, whichever side says it."""
    there = None if theirs.clusters is None else [theirs.clusters[place] for place in order]
    if ours.clusters is None or there is None:
        return ours.clusters if there is None else there
    if list(ours.clusters) != there:
        count = int((np.array(ours.clusters, object) != np.array(there, object)).sum())
        raise Refused(
            f"expected items in the same clusters on both sides, found others for {count:,} of "
            f"{len(there):,}"
        )
    return ours.clusters


def _properties(ours: ScoredItems, theirs: ScoredItems) -> list[str]:
    return [*ours.slices, *(name for name in theirs.slices if name not in ours.slices)]


def _slice(
    name: str, ours: ScoredItems, theirs: ScoredItems, order: Sequence[int]
) -> Sequence[str]:
    """Returns what the items are in, whichever side says it.

    Raises:
        Refused: The sides contradict each other: else a candidate's file could say where its own
            losses are counted.
    """
    blank = [""] * len(order)
    here = ours.slices.get(name, blank)
    there = [theirs.slices[name][place] for place in order] if name in theirs.slices else blank
    others = sum(one != other for one, other in zip(here, there, strict=True) if one and other)
    if others:
        raise Refused(
            f"expected items with the same {name} on both sides, found others for {others:,} of "
            f"{len(order):,}"
        )
    return [one or other for one, other in zip(here, there, strict=True)]
