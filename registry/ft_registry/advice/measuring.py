"""Whether measuring was enough: items, repeats, and suites that guard what must not suffer."""

from collections.abc import Iterator

from ft_registry.advice.facts import GUARDS, Comparison, ModelFacts, VersionFacts
from ft_registry.advice.statement import Statement
from ft_registry.gates.words import counted, number, percent
from ft_registry.statistics.power import POWER


def measuring_statements(facts: ModelFacts) -> Iterator[Statement]:
    """Yields statements on how well was measured."""
    for version in facts.versions:
        yield from _size(facts, version)
    for version in facts.versions:
        yield from _spread(version)
    for guard in GUARDS:
        yield from _guard(facts, guard)


def _size(facts: ModelFacts, version: VersionFacts) -> Iterator[Statement]:
    paired = [
        one
        for one in facts.against_baselines(version.reference)
        if one.answer.comparison is not None
    ]
    if not paired:
        yield Statement(
            "evaluation-size", "missing",
            f"how many items would decide about {version.reference} follows from items that a "
            "baseline was measured on as well: there are none",
            (version.evidence,),
        )  # fmt: skip
    for one in paired:
        yield _enough_items(one)


def _enough_items(one: Comparison) -> Statement:
    found = one.answer.comparison
    assert found is not None  # noqa: S101 - only paired ones are asked
    items = f"{counted(found.delta.n)} of {one.suite}"
    beside = f"{one.version} from {one.opponent}"
    if one.verdict != "missing":
        return Statement(
            "evaluation-size", "supported", f"{items} were enough to tell {beside}", one.evidence
        )
    if one.doubts:
        words, after = f"{items} decide nothing while the two differ in more than the model", ""
    elif found.items_needed is not None:
        words = (
            f"{items} do not tell {beside}: about {counted(found.items_needed)} would at "
            f"{percent(POWER)} power, were the difference that was found the true one"
        )
        after = f"measure {one.suite} on as many items, of both"
    else:
        words = f"{items} do not tell {beside}, and no gain was found that more items could show"
        after = ""
    return Statement("evaluation-size", "missing", words, one.evidence, after)


def _spread(version: VersionFacts) -> Iterator[Statement]:
    again = [one for one in version.repeats if len(one.values) > 1]
    once = [one.suite for one in version.repeats if len(one.values) == 1]
    for one in again:
        low, high, newest = (number(n) for n in (min(one.values), max(one.values), one.values[-1]))
        yield Statement(
            "spread", "supported",
            f"{version.reference} was measured {len(one.values)} times by {one.suite}: "
            f"{one.metric} from {low} to {high}, the newest {newest} counts",
            one.evidence,
        )  # fmt: skip
    if once:
        yield Statement(
            "spread", "missing",
            f"{version.reference} was measured once by {', '.join(once)}: how far measuring again "
            "moves it is not on record",
            (version.evidence,),
            f"ft-registry eval run {version.reference} --suite {once[0]}",
        )  # fmt: skip


def _guard(facts: ModelFacts, guard: str) -> Iterator[Statement]:
    suites = [one.name for one in facts.suites if one.use == guard]
    if not suites:
        yield Statement(
            guard, "missing",
            f"no suite of the settings is for {guard}: what tuning spoilt would not be seen",
            next=f'use = "{guard}" in [suites.NAME] of the settings says which is',
        )  # fmt: skip
    for suite in suites:
        for version in facts.versions:
            if suite not in version.suites:
                yield Statement(
                    guard, "missing", f"{version.reference} was not measured by {suite}",
                    (version.evidence,),
                    f"ft-registry eval run {version.reference} --suite {suite}",
                )  # fmt: skip
                continue
            compared = [
                one
                for one in facts.comparisons
                if (one.version, one.suite) == (version.reference, suite)
            ]
            if not compared:
                yield Statement(
                    guard, "missing",
                    f"{version.reference} was measured by {suite}, and nothing that it is to be "
                    "no worse than",
                    (version.evidence,),
                    f"ft-registry baseline add {facts.model} ... --suite {suite}",
                )  # fmt: skip
            for one in compared:
                yield _unharmed(guard, one)


def _unharmed(guard: str, one: Comparison) -> Statement:
    if one.verdict != "missing":
        return Statement(guard, one.verdict, one.words, one.evidence)
    return Statement(
        guard, "missing", one.words, one.evidence,
        "a policy's check with test: non_inferior and the margin that you would accept decides",
    )  # fmt: skip
