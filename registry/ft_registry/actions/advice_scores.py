"""Facts of scores that advice is made from: comparisons as a gate makes them, and repeats."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ft_registry.actions.checks.case import Case
from ft_registry.actions.checks.circumstances import differences
from ft_registry.actions.checks.compare import check_comparison
from ft_registry.actions.contenders import MeasuredContender
from ft_registry.advice.facts import Comparison, OpponentKind, Repeats
from ft_registry.advice.statement import Evidence
from ft_registry.errors import FtRegistryError
from ft_registry.evaluations.items import Items
from ft_registry.gates.answer import Answer
from ft_registry.gates.comparing import Compared, judged
from ft_registry.gates.facts import told
from ft_registry.gates.words import counted, number
from ft_registry.model.config import SuiteSettings
from ft_registry.model.evaluation import Evaluation, ItemTable, Score, in_force
from ft_registry.model.policy_checks import CompareCheck, Differences

_PROMPTING: frozenset[Differences] = frozenset({"prompts", "few_shot", "settings"})
"""What a baseline is: another way to ask. Of two versions it is a difference beside the model."""
_ALL: tuple[Differences, ...] = (
    "harness", "questions", "prompts", "few_shot", "task_version", "settings", "data"
)  # fmt: skip
_CUT = 2_000
"""Characters to which the texts of items are cut."""


@dataclass(frozen=True)
class Rival:
    """Somebody that a version is compared with."""

    contender: MeasuredContender
    kind: OpponentKind
    digest: str
    """Of its document."""


def compare_all(
    case: Case, rivals: Sequence[Rival], suites: Mapping[str, SuiteSettings]
) -> Iterator[Comparison]:
    """Yields a version beside each rival, by each suite that both were measured by."""
    for rival in rivals:
        for suite, ours in case.measured.newest.items():
            theirs = rival.contender.newest.get(suite)
            settings = suites.get(suite, SuiteSettings())
            score = main_score(ours, settings)
            if theirs is not None and score is not None:
                yield _compare(case, rival, (ours, score), theirs, settings)


def repeats_of(case: Case, suites: Mapping[str, SuiteSettings]) -> Iterator[Repeats]:
    """Yields what each evaluation in force of a version found, suite by suite."""
    found = in_force(case.measured.evaluations)
    for suite in dict.fromkeys(one.suite for one in found):
        runs = [one for one in found if one.suite == suite]
        score = main_score(runs[-1], suites.get(suite, SuiteSettings()))
        if score is None:
            continue
        values = [(one, same.value) for one in runs for same in one.scores if same.key == score.key]
        yield Repeats(
            suite, score.key, tuple(value for _, value in values),
            tuple(_cited(one, {score.key: value}) for one, value in values),
        )  # fmt: skip


def main_score(evaluation: Evaluation, settings: SuiteSettings) -> Score | None:
    """Returns the score that counts most: the one of the settings, else the first; or none."""
    named = [score for score in evaluation.scores if score.key == settings.metric]
    return next(iter((*named, *evaluation.scores)), None)


def _compare(
    case: Case,
    rival: Rival,
    measured: tuple[Evaluation, Score],
    theirs: Evaluation,
    settings: SuiteSettings,
) -> Comparison:
    ours, score = measured
    key = score.key
    other = next((one for one in theirs.scores if one.key == key), None)
    said = {one.higher_is_better for one in (score, other) if one is not None} - {None}
    if not said and key == settings.metric:
        said = {settings.higher_is_better} - {None}
    answer = _answer(case, rival, ours.suite, key, next(iter(said), None))
    tables = _tables(case, ours, theirs)
    compared = answer.comparison
    figures = {} if compared is None else {
        "delta": compared.delta.value, "p": compared.p, "n": compared.delta.n,
        **{name: end for name in ("low", "high")
           if (end := getattr(compared.delta, name)) is not None},
    }  # fmt: skip
    return Comparison(
        version=str(case.version),
        opponent=rival.contender.reference,
        kind=rival.kind,
        suite=ours.suite,
        metric=key,
        scores=(_told(score), _told(other)),
        answer=answer,
        doubts=tuple(_doubts(ours, theirs, rival)),
        evidence=(
            _cited(ours, {key: score.value, **figures}),
            _cited(theirs, {} if other is None else {key: other.value}),
        ),
        prompts=_means(tables, _prompt_length),
        spending=_means(tables, _spent),
    )


def _answer(
    case: Case, rival: Rival, suite: str, metric: str, higher_is_better: bool | None
) -> Answer:
    """Returns what a gate's test says of a version and a rival; without a finding, why not."""
    if higher_is_better is None:
        return Answer(
            "inconclusive",
            f"nobody says whether more is better of {metric}: higher_is_better in "
            f"[suites.{suite}] of the settings, beside its metric, says it",
        )
    check = CompareCheck(
        suite=suite, metric=metric, against=rival.contender.reference, test="superior",
        higher_is_better=higher_is_better, allow_partial=True, allow_trusted=True,
        may_differ=_ALL,
    )  # fmt: skip
    try:
        found = check_comparison(check, case)
    except FtRegistryError as error:  # a store that does not answer keeps nothing else back
        return Answer("inconclusive", told(error))
    return judged(found) if isinstance(found, Compared) else found


def _doubts(ours: Evaluation, theirs: Evaluation, rival: Rival) -> Iterator[str]:
    meant = _PROMPTING if rival.kind != "version" else frozenset()
    found = differences(ours, theirs)
    yield from (words for name, words in found.items() if name not in meant)
    for side in (ours, theirs):
        if side.partial:
            yield f"{side.subject} was measured in part: {side.partial}"
        if side.trusted:
            yield f"the scores of {side.subject} were taken on trust: {side.trusted}"


def _tables(case: Case, *sides: Evaluation) -> tuple[Items, ...]:
    """Returns the items of both sides as far as comparing has read them."""
    return tuple(
        case.tables[side.items.digest]
        for side in sides
        if isinstance(side.items, ItemTable) and side.items.digest in case.tables
    )


def _means(
    tables: tuple[Items, ...], measure: Callable[[Items], float | None]
) -> tuple[float, float] | None:
    found = [mean for one in tables if (mean := measure(one)) is not None]
    return (found[0], found[1]) if len(found) == 2 else None


def _prompt_length(items: Items) -> float | None:
    """Returns the mean length of prompts; None where one is missing, or was cut."""
    lengths = [len(text) for text in items.texts.get("prompt", ())]
    if not lengths or 0 in lengths or max(lengths) >= _CUT:
        return None
    return sum(lengths) / len(lengths)


def _spent(items: Items) -> float | None:
    """Returns the mean cost of an answer; None where one is missing, or is below nothing."""
    costs = [] if items.numbers.get("cost") is None else items.numbers["cost"].tolist()
    if not costs or not all(cost >= 0 for cost in costs):  # NaN is not
        return None
    return float(sum(costs) / len(costs))


def _told(score: Score | None) -> str:
    if score is None:
        return "no score"
    span = score.interval
    words = number(score.value)
    if span is not None:
        words += f" ({number(span.low)} to {number(span.high)})"
    return f"{words} on {counted(score.n)}" if score.n else words


def _cited(evaluation: Evaluation, figures: Mapping[str, float | int | str]) -> Evidence:
    return Evidence(f"{evaluation.id} of {evaluation.subject}", evaluation.digest, figures)
