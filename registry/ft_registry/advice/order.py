"""The order itself: is there a prompt, is there retrieval, does the fine-tune beat them?"""

from collections.abc import Iterator
from typing import Literal

from ft_registry.advice.facts import BaselineFacts, ModelFacts, VersionFacts
from ft_registry.advice.statement import Statement

_NAMES = {"prompt": ("prompt-only", "few-shot"), "rag": ("retrieval (RAG)", "rag")}


def order_statements(facts: ModelFacts) -> Iterator[Statement]:
    """Yields a statement on each step of the order."""
    yield from _step(facts, "prompt")
    yield from _step(facts, "rag")
    if not facts.versions:
        yield Statement(
            "fine-tune", "missing", f"no version of {facts.model} is on record",
            next=f"ft-registry register {facts.model} PATH --data DATA",
        )  # fmt: skip
    for version in facts.versions:
        yield from _tuned(facts, version)


def _step(facts: ModelFacts, kind: Literal["prompt", "rag"]) -> Iterator[Statement]:
    what, label = _NAMES[kind]
    found = [one for one in facts.baselines if one.kind == kind]
    if not found:
        yield Statement(
            kind, "missing", f"no {what} baseline of {facts.model} is on record",
            next=f"ft-registry baseline add {facts.model} --label {label} --kind {kind} "
            "--base MODEL --config FILE --eval FILE --suite SUITE",
        )  # fmt: skip
    for baseline in found:
        if not facts.versions:
            yield Statement(
                kind, "supported", f"the {what} baseline {baseline.reference} is on record, "
                f"measured by {', '.join(baseline.suites) or 'nothing'}",
                (baseline.evidence,),
            )  # fmt: skip
        yield from (_measured(facts, baseline, what, version) for version in facts.versions)


def _measured(
    facts: ModelFacts, baseline: BaselineFacts, what: str, version: VersionFacts
) -> Statement:
    """Returns whether a baseline was measured on the items that a version was measured on."""
    topic, name = baseline.kind, baseline.reference
    paired = {
        one.suite: one.answer.comparison.delta.n
        for one in facts.comparisons
        if (one.version, one.opponent) == (version.reference, name)
        and one.answer.comparison is not None
    }
    if paired:
        suites = ", ".join(f"{suite} ({n:,})" for suite, n in paired.items())
        return Statement(
            topic, "supported",
            f"the {what} baseline {name} was measured on the same items as "
            f"{version.reference}: {suites}",
            (baseline.evidence,),
        )  # fmt: skip
    shared = [suite for suite in baseline.suites if suite in version.suites]
    why = (
        f"both were measured by {', '.join(shared)}, and could not be paired"
        if shared
        else f"measured by {', '.join(baseline.suites) or 'nothing'}, {version.reference} by "
        f"{', '.join(version.suites) or 'nothing'}"
    )
    return Statement(
        topic, "missing",
        f"the {what} baseline {name} is on record, and not on the items of "
        f"{version.reference}: {why}",
        (baseline.evidence,),
        f"ft-registry eval add {version.reference} FILE --suite SUITE, with the same items",
    )  # fmt: skip


def _tuned(facts: ModelFacts, version: VersionFacts) -> Iterator[Statement]:
    compared = facts.against_baselines(version.reference)
    if version.condemned:
        yield Statement(
            "fine-tune", "against", f"{version.reference} was {version.condemned}",
            (version.evidence,),
        )  # fmt: skip
    if not compared:
        yield Statement(
            "fine-tune", "missing",
            f"{version.reference} and a baseline have no suite in common: nothing shows that "
            "tuning was worth it",
            (version.evidence,),
            f"ft-registry eval add {version.reference} FILE --suite SUITE",
        )  # fmt: skip
    for one in compared:
        verdict = one.verdict
        yield Statement(
            "fine-tune", verdict, one.words, one.evidence,
            "" if verdict == "supported"
            else f"ft-registry eval compare {one.opponent} {one.version} --suite {one.suite}",
        )  # fmt: skip
    for one in facts.comparisons:
        if (
            one.version == version.reference
            and one.kind == "version"
            and not facts.guards(one.suite)
        ):
            yield Statement(
                "champion", one.verdict, one.words, one.evidence,
                f"ft-registry gate {one.version} --to champion",
            )  # fmt: skip
