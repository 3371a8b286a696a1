"""How the comparison of two evaluations is told."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ft_registry_cli.columns import fitted, width

if TYPE_CHECKING:
    from ft_registry.actions.compare_evaluations import (
        MetricComparison,
        SuiteComparison,
        TurnedItem,
    )
    from ft_registry.actions.compare_suites import ComparedSuites

_TEXT = 70
"""Columns of an item's name and text: with what stands before them they fit a terminal's 80."""
_NAME = 40
"""Columns of an item's name."""
_SLICES = 8
_CHANCE = 0.05
"""Above this p-value chance alone is a fair explanation."""


def suites_document(found: "ComparedSuites | None") -> dict[str, Any]:
    """Returns what was compared, and what was not, as JSON."""
    return {
        "suites": [_suite_document(one) for one in found.suites] if found else [],
        "not_compared": [
            {"suite": suite, "why": error.message}
            for suite, error in (found.left.items() if found else ())
        ],
    }


def suites_lines(found: "ComparedSuites") -> Iterator[list[str]]:
    """Yields what was compared, and what was not, in words: some lines a suite."""
    for one in found.suites:
        yield list(_suite_lines(one))
    for suite, error in found.left.items():
        yield [f"{suite}: not compared: {error.message}"]


def _suite_document(found: "SuiteComparison") -> dict[str, Any]:
    return {
        "suite": found.suite,
        "before": found.before.reference,
        "after": found.after.reference,
        "paired": found.paired,
        "only_before": found.only_before,
        "only_after": found.only_after,
        "warnings": list(found.warnings),
        "metrics": [_metric_document(metric) for metric in found.metrics],
        "refused": [{"metric": metric, "why": why} for metric, why in found.refused.items()],
    }


def _metric_document(metric: "MetricComparison") -> dict[str, Any]:
    delta = metric.delta
    return {
        "metric": metric.metric,
        "higher_is_better": metric.higher_is_better,
        "before": metric.before,
        "after": metric.after,
        "delta": delta.estimate,
        "interval": [delta.low, delta.high] if delta.is_bounded else None,
        "level": delta.level,
        "p": delta.p,
        "n": delta.n,
        "method": delta.method,
        "resampled": [metric.resampled.low, metric.resampled.high]
        if metric.resampled is not None and metric.resampled.is_bounded
        else None,
        "gained": metric.gained,
        "lost": metric.lost,
        "newly_right": [_item(item) for item in metric.newly_right],
        "newly_wrong": [_item(item) for item in metric.newly_wrong],
        "slices": [vars(one) for one in metric.slices],
    }


def _item(item: "TurnedItem") -> dict[str, Any]:
    return {
        "id": item.id,
        "before": item.before,
        "after": item.after,
        "texts": item.texts,
        "slices": item.slices,
    }


def _suite_lines(found: "SuiteComparison") -> Iterator[str]:
    yield f"{found.suite}: {found.before.reference} -> {found.after.reference}"
    alone = [
        f"{count} only of {side.reference}"
        for count, side in ((found.only_before, found.before), (found.only_after, found.after))
        if count
    ]
    yield f"  {found.paired} items on both sides" + "".join(f", {part}" for part in alone)
    for warning in found.warnings:
        yield f"  warning: {warning}"
    for metric in found.metrics:
        yield from _metric_lines(metric)
    for name, why in found.refused.items():
        yield f"  {name}  not compared: {why}"


def _metric_lines(metric: "MetricComparison") -> Iterator[str]:
    delta = metric.delta
    yield f"  {metric.metric}  {metric.before:.4f} -> {metric.after:.4f}  {verdict(metric)}"
    span = f", 95 % {delta.low:+.4f} to {delta.high:+.4f}" if delta.is_bounded else ""
    yield f"    {delta.estimate:+.4f}{span}, p {delta.p or 0:.2g} ({delta.method})"
    if metric.resampled is not None and metric.resampled.is_bounded:
        low, high = metric.resampled.low, metric.resampled.high
        yield f"    resampled: 95 % {low:+.4f} to {high:+.4f} ({metric.resampled.method})"
    gained, lost = ("higher", "lower") if metric.higher_is_better is None else ("better", "worse")
    yield f"    {metric.gained} items {gained}, {metric.lost} {lost}"
    for one in metric.slices[:_SLICES]:
        yield f"    {one.slice} (n={one.n}): {one.before:.4f} -> {one.after:.4f}"
    if len(metric.slices) > _SLICES:
        yield f"    and {len(metric.slices) - _SLICES} more slices, see --json"
    for sign, items in (("-", metric.newly_wrong), ("+", metric.newly_right)):
        for item in items:
            yield from _item_lines(sign, item)


def verdict(metric: "MetricComparison") -> str:
    """Returns what a comparison of one metric comes to, in a word or two."""
    delta = metric.delta
    if delta.p is None or delta.p > _CHANCE:
        return "no difference that chance would not explain"
    if metric.higher_is_better is None:
        return "higher" if delta.estimate > 0 else "lower"
    return "better" if (delta.estimate > 0) == metric.higher_is_better else "worse"


def _item_lines(sign: str, item: "TurnedItem") -> Iterator[str]:
    """Yields an item: what was asked, then what was hoped for and what came, a line each."""
    name = fitted(item.id, _NAME)
    prompt = _cut(item.texts.get("prompt", ""), _TEXT - width(name))
    yield f"    {sign} {name}" + (f"  {prompt}" if prompt else "")
    for which in ("target", "before", "after"):
        if which in item.texts:
            yield f"        {which:6}  {_cut(item.texts[which], _TEXT - 10)}"


def _cut(text: str, columns: int) -> str:
    return fitted(" ".join(text.split()), columns)
