"""Whether the data carries the method: how much, how sound, not what it is measured on, how old."""

from collections.abc import Iterator, Mapping

from ft_registry.advice.facts import DataAge, ModelFacts, VersionFacts
from ft_registry.advice.statement import Statement, What
from ft_registry.gates.answer import Answer
from ft_registry.model.document import Unknown
from ft_registry.model.verdict import Outcome

OUTCOMES: Mapping[Outcome, What] = {
    "pass": "supported", "fail": "against", "inconclusive": "missing",
}  # fmt: skip


def training_statements(facts: ModelFacts) -> Iterator[Statement]:
    """Yields statements on what each version learnt from."""
    for version in facts.versions:
        yield from _size(version)
        for topic, answer in (
            ("faults", version.faults),
            ("duplicates", version.duplicates),
            ("overlap", version.overlap),
        ):
            yield _judged(topic, version, answer)
        yield from (_age(one, version) for one in version.data)


def _size(version: VersionFacts) -> Iterator[Statement]:
    if isinstance(version.method, Unknown):
        yield Statement(
            "training-size", "missing",
            f"how many examples {version.reference} needs follows from its method, which is not "
            f"on record: {version.method.unknown}",
            (version.evidence,),
            "ft-registry register --method M says it of the next version",
        )  # fmt: skip
    elif version.enough is not None:
        yield Statement(
            "training-size", OUTCOMES[version.enough.outcome],
            f"{version.reference}, {version.method}: {version.enough.found} ({version.needs})",
            (version.evidence,),
        )  # fmt: skip


def _judged(topic: str, version: VersionFacts, answer: Answer) -> Statement:
    return Statement(
        topic, OUTCOMES[answer.outcome], f"{version.reference}: {answer.found}",
        (version.evidence,),
    )  # fmt: skip


def _age(one: DataAge, version: VersionFacts) -> Statement:
    if not one.evidence:
        return Statement(
            "data-age", "missing",
            f"{version.reference} learnt from {one.learnt}, of which no snapshot is on record",
            (version.evidence,),
            "ft-registry data snapshot PATH",
        )  # fmt: skip
    if not one.newer:
        return Statement(
            "data-age", "supported",
            f"{version.reference} learnt from {one.learnt}, the newest on record", one.evidence,
        )  # fmt: skip
    then, now = (
        f" ({rows:,} examples)" if rows is not None else "" for rows in (one.rows, one.newer_rows)
    )
    return Statement(
        "data-age", "against",
        f"{version.reference} learnt from {one.learnt}{then}; {one.newer}{now} was taken on "
        f"{one.taken[:10]}",
        one.evidence,
        f"ft-registry data diff {one.learnt} {one.newer}",
    )  # fmt: skip
