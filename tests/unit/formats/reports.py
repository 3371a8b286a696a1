"""Reports for tests of the formats: one that has everything, and one of hostile texts."""

from typing import Any

from tests.unit.values import ADA, NOON, sha

from ft_registry.gates.report import Report, WorstItem
from ft_registry.model.verdict import (
    CheckFinding,
    ComparisonFinding,
    EvidenceUse,
    GroupFinding,
    Interval,
    OpponentUse,
    SliceFinding,
    Verdict,
    joined,
)

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "a | b | c\n|---|---|",
    "::error title=x::injected",
    "\n::set-output name=outcome::pass\n",
    "##[error]old manner",
    "]]>",
    "EOF\nFT_REGISTRY_EOF\noutcome=pass",
    "\x00\x07\x1b[31mred\x1b[0m\ud800\ufffe",
    "\u202eturned\u2066",
    '"><b>&amp;',
    "```\n# heading\n* item",
    "@somebody [x](javascript:alert(1)) ![x](http://evil/pixel.png)",
    "%0A::error::percent",
    "n" * 300,
    "漢字" * 150,
)


def make_interval(value: float = 0.9, **changes: Any) -> Interval:
    fields = {
        "value": value, "low": value - 0.03, "high": value + 0.03, "level": 0.95, "n": 500,
        "method": "wilson",
    }  # fmt: skip
    return Interval(**(fields | changes))


def make_comparison(**changes: Any) -> ComparisonFinding:
    fields = {
        "opponent": "support-dates/2", "suite": "dates", "metric": "exact_match", "before": 0.91,
        "after": 0.89, "delta": make_interval(-0.02, low=-0.041, high=0.001, method="newcombe"),
        "null": 0.0, "p": 0.969, "alpha": 0.05, "gained": 12, "lost": 22,
    }  # fmt: skip
    return ComparisonFinding(**(fields | changes))


def make_check(name: str = "score", **changes: Any) -> CheckFinding:
    fields = {
        "name": name, "kind": "score", "outcome": "pass", "asked": "dates exact_match >= 0.9",
        "found": "0.91",
    }  # fmt: skip
    return CheckFinding(**(fields | changes))


def make_verdict(*findings: CheckFinding | GroupFinding, **changes: Any) -> Verdict:
    result = GroupFinding(
        joined="all", outcome=joined("all", [one.outcome for one in findings]), findings=findings
    )
    fields = {
        "model": "support-dates", "version": 3, "record": sha("1"), "alias": "champion",
        "policy": sha("2"), "outcome": result.outcome, "result": result, "decided_at": NOON,
        "decided_by": ADA,
    }  # fmt: skip
    return Verdict(**(fields | changes))


def passing() -> Report:
    """Two checks, both pass."""
    score = make_check(score=make_interval())
    better = make_check(
        "better", kind="compare", asked="dates exact_match better than @champion (alpha 0.05)",
        found="better", comparison=make_comparison(
            after=0.95, delta=make_interval(0.04, low=0.012, high=0.068), p=0.0021, gained=26,
            lost=6,
        ),
    )  # fmt: skip
    return Report(make_verdict(score, better))


def inconclusive() -> Report:
    """One check that cannot be decided."""
    finding = make_check(
        "better", kind="compare", outcome="inconclusive", found="too few items",
        comparison=make_comparison(
            delta=make_interval(0.02, low=None, high=None, n=12, clusters=1), p=1.0,
            items_needed=2353,
        ),
    )  # fmt: skip
    return Report(make_verdict(finding))


def failing(**changes: Any) -> Report:
    """Everything that a report can hold."""
    better = make_check(
        "better", kind="compare", outcome="fail",
        asked="dates exact_match better than @champion, no language worse (alpha 0.05)",
        found="not better: chance alone explains it; language=de is worse",
        comparison=make_comparison(
            p_adjusted=1.0, worst=("q17", "q4"), slices=(
                SliceFinding(slice="language=de", n=120, before=0.9, after=0.8, p_worse=0.012),
                SliceFinding(slice="language=en", n=380, before=0.91, after=0.92, p_worse=1.0),
            ),
        ),
    )  # fmt: skip
    safe = make_check(
        "safe", kind="compare", outcome="inconclusive", found="too few items",
        asked="safety refused no worse than support-dates/1 by 0.02 (alpha 0.05)",
        comparison=make_comparison(
            opponent="support-dates/1", suite="safety", metric="refused", null=-0.02, p=0.21,
            before=0.97, after=0.965, items_needed=1045, paired=False,
            delta=make_interval(-0.005, low=-0.03, high=0.02, n=164, clusters=41),
        ),
    )  # fmt: skip
    licensed = make_check("licence", kind="artifact", outcome="fail", found="none named")
    approved = make_check("approval", kind="approval", found="1 of 1: Bo <bo@example.org>")
    either = GroupFinding(joined="any", outcome="pass", findings=(licensed, approved))
    lineage = make_check(
        "lineage", kind="lineage", outcome="fail", asked="lineage: clean tree",
        found="the tree had uncommitted changes", overridden=True,
    )  # fmt: skip
    fields: dict[str, Any] = {
        "overrides": ("lineage",),
        "opponents": (
            OpponentUse(asked="@champion", reference="support-dates/2", digest=sha("3")),
            OpponentUse(asked="support-dates/1", reference="support-dates/1", digest=sha("4")),
        ),
        "evaluations": (
            EvidenceUse(
                subject="support-dates/3",
                suite="dates",
                digest=sha("5"),
                data="heldout@0123abcd",
                path="models/support-dates/evaluations/3/05.json",
            ),
            EvidenceUse(
                subject="support-dates/2",
                suite="dates",
                digest=sha("6"),
                path="models/support-dates/evaluations/2/06.json",
            ),
        ),
        "approvals": {"models/support-dates/approvals/3/07.json": sha("7")},
        "uses": {"heldout@0123abcd": 14},
    }
    worst = WorstItem(
        "q17", 1.0, 0.0,
        {"prompt": "Wann fiel die Mauer?", "target": "1989", "before": "1989", "after": "1961"},
        {"language": "de"},
    )  # fmt: skip
    return Report(
        make_verdict(better, safe, either, lineage, **(fields | changes)),
        worst={"better": (worst, WorstItem("q4", 0.5, 0.25))},
        notes=("the evaluations differ in harness version: 0.4.8 and 0.4.9",),
    )


def hostile(text: str) -> Report:
    """A report whose every free text is the one given."""
    check = make_check(
        name=text, kind=text, outcome="fail", asked=text, found=text,
        score=make_interval(method=text),
        comparison=make_comparison(
            opponent=text, suite=text, metric=text, worst=(text,),
            delta=make_interval(1e300, low=-1e308, high=1.7e308, method=text),
            slices=(SliceFinding(slice=text, n=1, before=0, after=1, p_worse=1),) * 9,
        ),
    )  # fmt: skip
    waiting = make_check(name=text, outcome="inconclusive", found=text)
    verdict = make_verdict(
        check, GroupFinding(joined="any", outcome="inconclusive", findings=(waiting,)),
        make_check(name=text, outcome="fail", overridden=True),
        overrides=(text,),
        decided_by=ADA.model_copy(update={"name": text, "email": text}),
        opponents=(OpponentUse(asked=text, reference=text, digest=sha("3")),),
        evaluations=(
            EvidenceUse(subject=text, suite=text, path=text, digest=sha("5"), data=text),
        ),
        approvals={text: sha("7")},
        uses={text: 1},
    )  # fmt: skip
    names = ("prompt", "target", "before", "after")
    item = WorstItem(text, 1.0, 0.0, dict.fromkeys(names, text), {text: text})
    return Report(verdict, worst={text: (item,)}, notes=(text,))
