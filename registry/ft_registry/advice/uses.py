"""Which uses of fine-tuning the evaluations support: no use without an evaluation for it."""

from collections.abc import Iterator, Mapping

from ft_registry.advice.facts import Comparison, ModelFacts, SuiteFacts, VersionFacts
from ft_registry.advice.statement import Evidence, Statement, What

USES: Mapping[str, str] = {
    "format": "a format",
    "knowledge": "domain knowledge",
    "shorter-prompt": "shorter prompts",
    "values": "alignment with values",
}
"""What one fine-tunes for, by the setting's word for it."""


def use_statements(facts: ModelFacts) -> Iterator[Statement]:
    """Yields statements on each use, of the first version that is judged."""
    for suite in facts.suites:
        if not suite.use and suite.name in facts.measured:
            yield Statement(
                "use", "missing",
                f"not said which use of fine-tuning suite {suite.name} is for",
                next=f'use = "format" in [suites.{suite.name}] of the settings says it '
                f"({', '.join(USES)}, safety, regression)",
            )  # fmt: skip
    for version in facts.versions[:1]:
        for suite in facts.suites:
            if suite.use in USES:
                yield from _supported(facts, suite, version)
    absent = [use for use in USES if use not in {suite.use for suite in facts.suites}]
    if absent:
        yield Statement(
            "use", "missing",
            f"no suite is for {', '.join(USES[use] for use in absent)}: nothing is claimed of it",
            next=f'use = "{absent[0]}" in [suites.NAME] of the settings says which is',
        )  # fmt: skip


def _supported(facts: ModelFacts, suite: SuiteFacts, version: VersionFacts) -> Iterator[Statement]:
    words = USES[suite.use]
    compared = [
        one
        for one in facts.against_baselines(version.reference)
        if one.suite == suite.name
        and (one.kind == "prompt" or (one.kind == "rag" and suite.use == "knowledge"))
    ]
    if not any(one.kind == "prompt" for one in compared):
        yield Statement(
            suite.use, "missing",
            f"{words}: {suite.name} was not measured of {version.reference} and of a prompt-only "
            "baseline",
            (version.evidence,),
            f"ft-registry eval run {version.reference} --suite {suite.name}",
        )  # fmt: skip
    for one in compared:
        if suite.use == "shorter-prompt":
            yield _shorter(facts, one)
        else:
            yield Statement(suite.use, one.verdict, f"{words}: {one.words}", one.evidence)


def _shorter(facts: ModelFacts, one: Comparison) -> Statement:
    """Returns whether shorter prompts do as well: both must be shown."""
    evidence = (*one.evidence, *_recorded(facts, one.opponent))
    if one.prompts is None or one.prompts[0] == one.prompts[1]:
        why = (
            "the items do not tell whole prompts of both"
            if one.prompts is None
            else f"the items tell prompts of {one.prompts[0]:,.0f} characters for both"
        )
        return Statement(
            "shorter-prompt", "missing",
            f"shorter prompts: {why}{_beside(facts, one.opponent)}; {one.words}", evidence,
            "give items the prompt as it was sent, whole",
        )  # fmt: skip
    ours, theirs = one.prompts
    words = (
        f"shorter prompts: {ours:,.0f} characters on average against {theirs:,.0f} of "
        f"{one.opponent}; {one.words}"
    )
    what: What = one.verdict if ours < theirs else "against"
    return Statement("shorter-prompt", what, words, evidence)


def _beside(facts: ModelFacts, opponent: str) -> str:
    known = [one.prompt for one in facts.baselines if one.reference == opponent and one.prompt]
    return f" (the texts of {opponent} on record have {known[0]:,})" if known else ""


def _recorded(facts: ModelFacts, opponent: str) -> tuple[Evidence, ...]:
    return tuple(one.evidence for one in facts.baselines if one.reference == opponent)
