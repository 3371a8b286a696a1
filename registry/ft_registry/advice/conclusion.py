"""What all statements together imply: the first step of the order that evidence carries."""

from collections.abc import Iterator

from ft_registry.advice.facts import Comparison, ModelFacts, VersionFacts
from ft_registry.advice.measuring import measuring_statements
from ft_registry.advice.order import order_statements
from ft_registry.advice.spending import cost_statements
from ft_registry.advice.statement import Advice, Step
from ft_registry.advice.training import training_statements
from ft_registry.advice.uses import use_statements

STEPS: tuple[Step, ...] = ("prompt", "rag")
"""What is tried before anything is tuned, the cheapest first."""


def advise(facts: ModelFacts) -> Advice:
    """Returns what the usual order of decisions implies of facts, statement by statement.

    A prompt comes before retrieval, and retrieval before tuning: each costs more than the one
    before it. A version is named as the one to ship only where it is shown to beat every baseline
    that it was compared with, a prompt among them, and nothing that guards is shown to suffer.
    """
    step, version, words = _conclude(facts)
    statements = (
        *order_statements(facts),
        *cost_statements(facts),
        *measuring_statements(facts),
        *training_statements(facts),
        *use_statements(facts),
    )
    return Advice(facts.model, step, version, words, statements)


def _conclude(facts: ModelFacts) -> tuple[Step, str, str]:
    shipped = _shipped(facts)
    if shipped is not None:
        beaten = ", ".join(
            dict.fromkeys(one.opponent for one in facts.against_baselines(shipped.reference))
        )
        return (
            "fine-tune",
            shipped.reference,
            (f"{shipped.reference} is shown to beat {beaten}{_skipped(facts)}"),
        )
    if not any(one.kind == "prompt" for one in facts.baselines):
        return (
            "",
            "",
            (
                "nothing shows that a prompt alone would not do: put a prompt-only baseline on "
                "record before more is tuned"
            ),
        )
    for step in STEPS:
        words = _better(facts, step)
        if words:
            return step, "", words
    return "", "", _undecided(facts)


def _shipped(facts: ModelFacts) -> VersionFacts | None:
    """Returns the version that evidence carries: the newest only where it beats the champion."""
    carried = [version for version in facts.versions if _is_carried(facts, version)]
    if len(carried) < 2:
        return carried[0] if carried and _may_replace(facts, carried[0]) else None
    champion, newest = carried
    return newest if _may_replace(facts, newest) else champion


def _is_carried(facts: ModelFacts, version: VersionFacts) -> bool:
    compared = facts.against_baselines(version.reference)
    return (
        any(one.kind == "prompt" for one in compared)
        and all(one.verdict == "supported" for one in compared)
        and version.overlap.outcome != "fail"
        and not version.condemned
        and not _harmed(facts, version)
    )


def _harmed(facts: ModelFacts, version: VersionFacts) -> list[Comparison]:
    """Returns where a suite that guards shows a version to be worse."""
    return [
        one
        for one in facts.comparisons
        if one.version == version.reference and facts.guards(one.suite) and one.verdict == "against"
    ]


def _may_replace(facts: ModelFacts, version: VersionFacts) -> bool:
    """Returns whether a version is the champion, or there is none, or it beats the champion."""
    if version is facts.versions[0]:
        return True
    against = [
        one
        for one in facts.comparisons
        if one.version == version.reference
        and one.kind == "version"
        and not facts.guards(one.suite)
    ]
    return bool(against) and all(one.verdict == "supported" for one in against)


def _better(facts: ModelFacts, step: Step) -> str:
    """Returns in words that what a step made is better than every version; empty: not shown.

    A version that is worse by one suite and better by another decides nothing.
    """
    winners: dict[str, None] = {}
    for version in facts.versions:
        compared = [one for one in facts.against_baselines(version.reference) if one.kind == step]
        lost = [one for one in compared if one.verdict == "against"]
        if not lost or any(one.verdict == "supported" for one in compared):
            return ""
        winners.update(dict.fromkeys(one.opponent for one in lost))
    if not winners:
        return ""
    names = " and ".join(version.reference for version in facts.versions)
    verb = "is" if len(facts.versions) == 1 else "are"
    return f"{names} {verb} shown to be worse than {', '.join(winners)}, which is not tuned"


def _skipped(facts: ModelFacts) -> str:
    if any(one.kind == "rag" for one in facts.baselines):
        return ""
    return "; whether retrieval would have done is not on record"


def _undecided(facts: ModelFacts) -> str:
    if not facts.versions:
        return "nothing is tuned yet: the prompt is what there is to beat"
    reasons = [reason for version in facts.versions for reason in _reasons(facts, version)]
    return "what is on record carries no version, so the cheaper step stays: " + "; ".join(
        dict.fromkeys(reasons)
    )


def _reasons(facts: ModelFacts, version: VersionFacts) -> Iterator[str]:
    """Yields why a version is not named as the one to ship."""
    name, compared = version.reference, facts.against_baselines(version.reference)
    if not any(one.kind == "prompt" for one in compared):
        yield f"{name} was measured by no suite that a prompt-only baseline was measured by"
    for one in compared:
        if one.verdict != "supported":
            shown = "is worse than" if one.verdict == "against" else "is not shown to beat"
            yield f"{name} {shown} {one.opponent} on {one.suite}"
    if version.overlap.outcome == "fail":
        yield f"training data of {name} holds what it is measured on"
    if version.condemned:
        yield f"{name} was {version.condemned}"
    for one in _harmed(facts, version):
        yield f"{name} is worse than {one.opponent} on {one.suite}"
    if _is_carried(facts, version) and not _may_replace(facts, version):
        yield f"{name} is not shown to beat {facts.versions[0].reference}"
