"""Whether a fine-tune is worth its cost, as far as anybody wrote down what it costs."""

import math
from collections.abc import Iterator

from ft_registry.advice.facts import Comparison, ModelFacts, VersionFacts
from ft_registry.advice.statement import Evidence, Statement
from ft_registry.model.document import Unknown

_DOLLARS = "USD"


def cost_statements(facts: ModelFacts) -> Iterator[Statement]:
    """Yields statements on what tuning took, and what answers cost."""
    for version in facts.versions:
        amount, words = _training(version)
        priced = [
            one for one in facts.against_baselines(version.reference) if one.spending is not None
        ]
        if not priced:
            yield Statement(
                "cost", "missing",
                f"{words}; what an answer costs with it and with a baseline is not on record of "
                "both",
                (version.evidence,),
                "items with a cost, in US dollars, on both sides of a suite",
            )  # fmt: skip
        yield from (_worth(one, version, amount, words) for one in priced)


def _training(version: VersionFacts) -> tuple[float | None, str]:
    """Returns what training took in US dollars, None where nobody knows; and that in words."""
    cost = version.cost
    if isinstance(cost, Unknown):
        return None, f"what training {version.reference} took is not on record: {cost.unknown}"
    if isinstance(cost.amount, Unknown):
        took = (
            f", {cost.seconds:,.{0 if cost.seconds >= 10 else 2}f} s"
            if not isinstance(cost.seconds, Unknown)
            else ""
        )
        return None, (
            f"what training {version.reference} cost is not on record{took}: {cost.amount.unknown}"
        )
    words = f"training {version.reference} cost {cost.amount:,.2f} {cost.currency}".rstrip()
    return cost.amount if cost.currency == _DOLLARS else None, words


def _worth(one: Comparison, version: VersionFacts, amount: float | None, words: str) -> Statement:
    assert one.spending is not None  # noqa: S101 - only priced ones are asked
    ours, theirs = one.spending
    told = (
        f"{words}; an answer costs {ours:.6g} USD, with {one.opponent} {theirs:.6g} ({one.suite})"
    )
    evidence = (*one.evidence, Evidence(
        version.reference, version.evidence.digest,
        {} if amount is None else {"training_usd": amount},
    ))  # fmt: skip
    gain = one.verdict
    if ours < theirs and amount is not None and gain != "against":
        answers = math.ceil(amount / (theirs - ours))
        told += f": the difference pays for the training after {answers:,} answers"
        # Cheaper is worth it only where it is not worse, and that must be shown.
        return Statement("cost", "supported" if gain == "supported" else "missing", told, evidence)
    if ours >= theirs and gain != "supported":
        return Statement("cost", "against", f"{told}, and it is not shown to be better", evidence)
    if ours >= theirs:
        told += ": whether the gain is worth the difference nobody can tell from scores"
    return Statement("cost", "missing", told, evidence)
