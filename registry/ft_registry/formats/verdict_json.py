"""A report as one JSON document: the verdict as in the ledger, and what is shown beside it."""

from typing import Any

from ft_registry.formats.verdict_words import headline, standing, word
from ft_registry.gates.report import Report


def verdict_json(report: Report) -> dict[str, Any]:
    """Returns the document."""
    verdict = report.verdict
    return {
        "decision": word(verdict).lower(),
        "sentence": headline(verdict),
        "passes": verdict.passes,
        "standing": [check.name for check in standing(verdict)],
        "verdict": verdict.as_json(),
        "worst": {
            name: [
                {
                    "id": item.id,
                    "before": item.before,
                    "after": item.after,
                    "texts": dict(item.texts),
                    "slices": dict(item.slices),
                }
                for item in items
            ]
            for name, items in report.worst.items()
        },
        "notes": list(report.notes),
    }
