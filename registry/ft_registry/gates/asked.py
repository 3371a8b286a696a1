"""What a check asks for, in words that fit beside its answer."""

from collections.abc import Callable, Mapping
from typing import Any

from ft_registry.model.policy_checks import (
    ApprovalCheck,
    ArtifactCheck,
    Check,
    CommandCheck,
    CompareCheck,
    CostCheck,
    DataCheck,
    FreshnessCheck,
    IntegrityCheck,
    LineageCheck,
    PluginCheck,
    ScoreCheck,
)

_LIMITS = {"value": "", "lower_bound": "lower limit of ", "upper_bound": "upper limit of "}


def asked(check: Check) -> str:
    """Returns what a check asks for."""
    return _WORDS[type(check)](check)


def _score(check: ScoreCheck) -> str:
    bound = f">= {check.at_least:g}" if check.at_least is not None else f"<= {check.at_most:g}"
    level = f" ({check.level:.0%})" if check.by != "value" else ""
    return f"{_LIMITS[check.by]}{check.suite} {check.metric} {bound}{level}"


def _compare(check: CompareCheck) -> str:
    if check.test == "superior":
        more = f" by more than {check.margin:g}" if check.margin else ""
        how = f"better than {check.against}{more}"
    else:
        how = f"no worse than {check.against} by {check.margin:g}"
    slices = f", no {' or '.join(check.slices)} worse" if check.slices else ""
    return f"{check.suite} {check.metric} {how}{slices} (alpha {check.alpha:g})"


def _data(check: DataCheck) -> str:
    words = []
    if check.min_examples is not None:
        words.append(f"at least {check.min_examples:,} examples")
    if check.max_faults is not None:
        words.append(f"at most {check.max_faults:,} faults")
    if check.max_duplicates is not None:
        words.append(f"at most {check.max_duplicates:.2%} equal to another")
    if check.overlap_with_evaluation is not None:
        most = check.overlap_with_evaluation
        words.append(f"{'no' if not most else f'at most {most:,}'} evaluation examples")
    return f"training data with {', '.join(words)}"


def _lineage(check: LineageCheck) -> str:
    wanted = {
        "complete": check.complete, "clean tree": check.clean, "data pushed": check.pushed,
        "base pinned": check.base_pinned,
    }  # fmt: skip
    return f"lineage: {', '.join(name for name, asks in wanted.items() if asks)}"


def _artifact(check: ArtifactCheck) -> str:
    words = [f"{check.format} alone"] if check.format else []
    words += [f"at most {check.max_size:,} bytes"] if check.max_size else []
    words += [f"licence {' or '.join(check.licences)}"] if check.licences else []
    return f"artifact: {', '.join(words)}"


def _integrity(check: IntegrityCheck) -> str:
    words = ["every byte as recorded"] if check.verified else []
    words += [f"signed by {' or '.join(check.signed_by)}"] if check.signed_by else []
    return f"integrity: {', '.join(words)}"


def _freshness(check: FreshnessCheck) -> str:
    within = f" within {check.within_days:g} days" if check.within_days is not None else ""
    on = f" on {check.on}" if check.on is not None else ""
    return f"{check.suite} measured{within}{on}"


def _approval(check: ApprovalCheck) -> str:
    people = "1 person" if check.count == 1 else f"{check.count} people"
    of = f" of {', '.join(check.of)}" if check.of else ""
    author = ", not its author" if check.not_author else ""
    return f"approved by {people}{of}{author}"


def _cost(check: CostCheck) -> str:
    unit = {"cost": "US dollars", "latency": "seconds", "tokens": "tokens"}[check.measure]
    return f"{check.suite}: at most {check.at_most:g} {unit} an item"


def _command(check: CommandCheck) -> str:
    return f"{check.run} ends with 0 within {check.timeout_seconds:g} seconds"


def _plugin(check: PluginCheck) -> str:
    return f"the plugin {check.check} passes"


_WORDS: Mapping[type[Check], Callable[[Any], str]] = {
    ScoreCheck: _score,
    CompareCheck: _compare,
    DataCheck: _data,
    LineageCheck: _lineage,
    ArtifactCheck: _artifact,
    IntegrityCheck: _integrity,
    FreshnessCheck: _freshness,
    ApprovalCheck: _approval,
    CostCheck: _cost,
    CommandCheck: _command,
    PluginCheck: _plugin,
}
