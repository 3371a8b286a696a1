"""Facts as they could be on record of a model, each of them easy to change."""

from typing import Any

from ft_registry.advice.facts import (
    BaselineFacts,
    Comparison,
    DataAge,
    ModelFacts,
    Repeats,
    SuiteFacts,
    VersionFacts,
)
from ft_registry.advice.statement import Evidence
from ft_registry.gates.answer import Answer
from ft_registry.model.document import Unknown
from ft_registry.model.verdict import ComparisonFinding, Interval

DIGEST = "sha256:" + "a" * 64
UNKNOWN = Unknown(unknown="the test does not say")
GOOD = Answer("pass", "as it should be")


def cited(document: str) -> Evidence:
    return Evidence(document, DIGEST)


def answered(
    low: float, high: float, *, p: float | None = None, needed: int | None = None
) -> Answer:
    """Returns what a gate's test says of an interval."""
    value = (low + high) / 2
    finding = ComparisonFinding(
        opponent="m:few-shot", suite="dates", metric="exact", before=0.5, after=0.5 + value,
        delta=Interval(value=value, low=low, high=high, level=0.95, n=60, method="test"),
        null=0.0, p=(0.01 if low > 0 else 0.4) if p is None else p, alpha=0.05,
        items_needed=needed,
    )  # fmt: skip
    return Answer("pass", f"{value:+.4f} ({low:+.4f} to {high:+.4f})", comparison=finding)


def compared(
    low: float, high: float, *, p: float | None = None, needed: int | None = None, **fields: Any
) -> Comparison:
    """Returns m/1 beside the prompt-only baseline, by an interval of the difference."""
    return beside(answered(low, high, p=p, needed=needed), **fields)


def beside(answer: Answer, **fields: Any) -> Comparison:
    given = {
        "version": "m/1", "opponent": "m:few-shot", "kind": "prompt", "suite": "dates",
        "metric": "exact", "scores": ("0.7000 on 60 items", "0.5000 on 60 items"),
        "evidence": (cited("dates-1 of m/1"), cited("dates-2 of m:few-shot")), **fields,
    }  # fmt: skip
    return Comparison(answer=answer, **given)


def baseline(kind: Any = "prompt", label: str = "few-shot", **fields: Any) -> BaselineFacts:
    given = {"suites": ("dates",), "prompt": 170, **fields}
    return BaselineFacts(reference=f"m:{label}", kind=kind, evidence=cited(f"m:{label}"), **given)


def version(number: int = 1, **fields: Any) -> VersionFacts:
    given = {
        "suites": ("dates",), "method": "sft", "enough": Answer("pass", "120 examples"),
        "needs": "100 to 1,000 good examples", "faults": GOOD, "duplicates": GOOD, "overlap": GOOD,
        "cost": UNKNOWN, "repeats": (Repeats("dates", "exact", (0.7,), ()),),
        "data": (DataAge("train@aaaa", 120, "", None, "", (cited("train@aaaa"),)),), **fields,
    }  # fmt: skip
    return VersionFacts(reference=f"m/{number}", evidence=cited(f"m/{number}"), **given)


def facts(*comparisons: Comparison, **fields: Any) -> ModelFacts:
    """Returns one version beside one prompt-only baseline, unless it is said otherwise."""
    given = {
        "versions": (version(),), "baselines": (baseline(),),
        "suites": (SuiteFacts("dates", "format"),), **fields,
    }  # fmt: skip
    return ModelFacts(model="m", comparisons=comparisons, **given)
