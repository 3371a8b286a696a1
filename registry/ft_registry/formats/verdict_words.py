"""A verdict in words: the sentences and figures that every format of a report is made from."""

import unicodedata
from collections.abc import Iterator, Sequence

from ft_registry.gates.figures import figure
from ft_registry.model.verdict import (
    CheckFinding,
    ComparisonFinding,
    GroupFinding,
    Interval,
    SliceFinding,
    Verdict,
    left,
)

_NAMED = 4
"""Checks that a sentence names."""
_TEXT = 400
"""Characters of an item's text."""
_HIDDEN = {"Cc", "Cs", "Zl", "Zp"}
_TURNING = {"LRE", "RLE", "LRO", "RLO", "LRI", "RLI", "FSI", "PDF", "PDI"}
"""What would turn around the text that follows it."""
_MARKS = "\u061c\u200e\u200f"
"""Letters of no width that do the same to signs beside them."""


def plain(text: str) -> str:
    """Returns text on one line, in which every character can be seen."""
    line = " ".join(text.split())
    if line.isascii() and line.isprintable():
        return line
    shown = "".join("\N{REPLACEMENT CHARACTER}" if _is_hidden(char) else char for char in line)
    return " ".join(shown.split())


def cut(text: str) -> str:
    """Returns the text of an item on one line, cut where it grows long."""
    line = plain(text)
    return line if len(line) <= _TEXT else f"{line[: _TEXT - 4].rstrip()} ..."


def word(verdict: Verdict) -> str:
    """Returns the decision in one word, in capitals."""
    if verdict.outcome != "pass" and verdict.passes:
        return "OVERRIDDEN"
    return verdict.outcome.upper()


def headline(verdict: Verdict) -> str:
    """Returns the decision in one sentence."""
    version, alias = f"{verdict.model}/{verdict.version}", f"@{verdict.alias}"
    if verdict.outcome == "pass":
        return f"{version} may be {alias}: {_passed(list(verdict.result.checks()))}"
    if verdict.passes:
        return f"{version} may be {alias} by override alone: {_set_aside(verdict)}"
    names = [plain(check.name) for check in _decisive(verdict.result)]
    if not names:
        return f"{version} may not be {alias}: nothing was asked, which shows nothing"
    if left(verdict.result) == "inconclusive":
        return f"{version} may not be {alias} yet: {_listed(names)} cannot be decided"
    return f"{version} may not be {alias}: {_listed(names)} {_verb(names, 'fails', 'fail')}"


def standing(verdict: Verdict) -> tuple[CheckFinding, ...]:
    """Returns the checks that stand in the way of the alias, in order.

    A check that does not pass beside another that is enough, or that a person set aside, is none.
    """
    return () if verdict.passes else tuple(_standing(verdict.result))


def override_words(verdict: Verdict) -> str:
    """Returns who set aside what; empty: nothing was."""
    if not verdict.overrides:
        return ""
    return f"{_set_aside(verdict)} by {plain(verdict.decided_by.as_text())}"


def score_words(score: Interval) -> str:
    """Returns a score with its interval."""
    # A total without items has no interval, and perhaps no number of items.
    interval = "" if score.low is None and score.high is None else f", {span(score)}"
    items = f"; {_items(score)}" if score.n else ""
    return f"{number(score.value)}{interval}{items} ({plain(score.method)})"


def comparison_words(found: ComparisonFinding) -> Iterator[tuple[str, str]]:
    """Yields a comparison, each line with what it is about."""
    delta = found.delta
    how = "the same items" if found.paired else "two groups of items"
    yield (
        "scores",
        f"{number(found.before)} of {plain(found.opponent)} -> {number(found.after)}, on {how}",
    )
    turned = "; lower is better, so less counts as more" if _is_turned(found) else ""
    yield "delta", f"{signed(delta.value)}, {span(delta, signs=True)}{turned}"
    adjusted = ""
    if found.p_adjusted is not None:
        adjusted = f", {found.p_adjusted:.2g} with its family (Holm)"
    yield (
        "test",
        f"above {bound(found)}: p {found.p:.2g}{adjusted}, alpha {found.alpha:g}; "
        f"{_items(delta)} ({plain(delta.method)})",
    )
    if found.paired:
        yield "items", f"{found.gained:,} gained, {found.lost:,} lost"
    if found.items_needed is not None:
        # Who asks for no loss hopes for no difference; who asks for a gain, for the one found.
        were = "were both as good" if found.null < 0 else "were this the true difference"
        yield "needed", f"{found.items_needed:,} items would show it four times in five, {were}"


def slices_of(found: ComparisonFinding) -> list[SliceFinding]:
    """Returns the slices of a comparison, those that got worse first."""
    return sorted(found.slices, key=lambda one: one.p_worse)


def use_words(verdict: Verdict) -> Iterator[tuple[str, str]]:
    """Yields what a verdict rests on, each line with what it is about."""
    for one in verdict.opponents:
        asked = "" if one.asked == one.reference else f" ({plain(one.asked)})"
        yield "opponent", f"{plain(one.reference)}{asked}, {short(one.digest)}"
    for use in verdict.evaluations:
        data = f", measured on {plain(use.data)}" if use.data else ", on data not on record"
        yield "evaluation", f"{plain(use.subject)} {plain(use.suite)} {short(use.digest)}{data}"
    for data, count in sorted(verdict.uses.items()):
        times = "1 promotion" if count == 1 else f"{count:,} promotions"
        yield "data", f"{plain(data)} decided {times} before this one"
    for path in sorted(verdict.approvals):
        yield "approval", plain(path)
    # Without what all digests begin with the whole of one fits a line.
    yield "record", verdict.record.removeprefix("sha256:")
    yield "policy", (verdict.policy or "none").removeprefix("sha256:")
    yield "decided", f"{verdict.decided_at[:19]}Z by {plain(verdict.decided_by.as_text())}"


def outcome_words(check: CheckFinding) -> str:
    """Returns what became of a check, in capitals; that it was set aside is part of it."""
    return f"{check.outcome.upper()}, OVERRIDDEN" if check.overridden else check.outcome.upper()


def group_words(group: GroupFinding) -> str:
    """Returns what is asked of the checks of a group."""
    return "all of these" if group.joined == "all" else "any of these"


def number(value: float) -> str:
    """Returns a score."""
    return figure(value, large=".6g")


def signed(value: float) -> str:
    """Returns a difference."""
    return figure(value, large=".6g", sign="+")


def bound(found: ComparisonFinding) -> str:
    """Returns the difference above which a comparison passes."""
    return signed(found.null) if found.null else "0"


def span(found: Interval, *, signs: bool = False) -> str:
    """Returns the interval of a number; an end that nothing bounds is left open."""
    form = signed if signs else number
    level = f"{found.level * 100:g} %"
    if found.low is None and found.high is None:
        return f"{level} interval not bounded"
    if found.high is None:
        return f"{level} above {form(found.low or 0.0)}"
    if found.low is None:
        return f"{level} below {form(found.high)}"
    return f"{level} {form(found.low)} to {form(found.high)}"


def short(digest: str) -> str:
    """Returns the first twelve digits of a digest."""
    return digest.removeprefix("sha256:")[:12]


def _standing(finding: CheckFinding | GroupFinding) -> Iterator[CheckFinding]:
    if left(finding) == "pass":
        return
    if isinstance(finding, CheckFinding):
        yield finding
        return
    for part in finding.findings:
        yield from _standing(part)


def _decisive(finding: CheckFinding | GroupFinding) -> Iterator[CheckFinding]:
    """Yields the checks for which a finding is what it is."""
    if isinstance(finding, CheckFinding):
        yield finding
        return
    outcome = left(finding)
    for part in finding.findings:
        if left(part) == outcome:
            yield from _decisive(part)


def _is_hidden(char: str) -> bool:
    return (
        char in _MARKS
        or unicodedata.category(char) in _HIDDEN
        or unicodedata.bidirectional(char) in _TURNING
    )


def _items(found: Interval) -> str:
    items = "1 item" if found.n == 1 else f"{found.n:,} items"
    if found.clusters is None:
        return items
    return f"{items} in {found.clusters:,} cluster{'' if found.clusters == 1 else 's'}"


def _is_turned(found: ComparisonFinding) -> bool:
    """Returns whether the difference counts a lower score as the better one."""
    return (found.after - found.before) * found.delta.value < 0


def _passed(checks: Sequence[CheckFinding]) -> str:
    passed = sum(check.outcome == "pass" for check in checks)
    if passed < len(checks):
        return f"{passed} of {len(checks)} checks pass, as the policy asks"
    return "its one check passes" if passed == 1 else f"all {passed} checks pass"


def _set_aside(verdict: Verdict) -> str:
    names = [plain(name) for name in verdict.overrides]
    if "gate" in names:
        return "the whole gate was set aside"
    return f"{_listed(names)} {_verb(names, 'was', 'were')} set aside"


def _listed(names: Sequence[str]) -> str:
    if len(names) > _NAMED:
        return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def _verb(names: Sequence[str], one: str, many: str) -> str:
    return one if len(names) == 1 else many
