"""How the difference of two versions is told: sections that any format is made from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ft_registry_cli.comparison_words import suites_lines, verdict
from ft_registry_cli.example_words import edited_texts, example_text
from ft_registry_cli.state import short, size

if TYPE_CHECKING:
    from ft_registry.actions.compare_suites import ComparedSuites
    from ft_registry.actions.compare_weights import ModuleDiff, WeightsDiff
    from ft_registry.actions.dataset_changes import DatasetChange
    from ft_registry.actions.diff import VersionDiff
    from ft_registry.actions.diff_baseline import ContenderDiff
    from ft_registry.model.config_diff import ConfigChange, ConfigDiff
    from ft_registry.model.snapshot import Dataset

_SHOWN = 12
"""Lines of a kind."""
_EXAMPLES = 3
_MODULES = 5
_COLUMNS = 72
"""For an example: what is left of a terminal's 80 beside its sign and indents."""


@dataclass(frozen=True)
class Section:
    """One part of two versions."""

    name: str
    said: str
    """What differs in it, in a few words: what the last line is made of."""
    changed: bool | None
    """None: it could not be compared."""
    lines: list[str] = field(default_factory=list)
    is_cause: bool = True
    """False: it is what came of the others."""


def sections(diff: "VersionDiff | ContenderDiff") -> list[Section]:
    """Returns what differs, part by part."""
    from ft_registry.actions.diff_baseline import ContenderDiff

    if isinstance(diff, ContenderDiff):
        return _of_baselines(diff)
    scores = _scores(diff.scores, diff.why_not.get("scores", ""))
    return [
        scores, _data(diff), _config(diff.config), _weights(diff), _code(diff), _environment(diff),
    ]  # fmt: skip


def conclusion(parts: Sequence[Section]) -> str:
    """Returns what changed and what did not, on one line."""
    causes = [part for part in parts if part.is_cause]
    changed = [part.said for part in causes if part.changed]
    same = [part.name for part in causes if part.changed is False]
    unknown = [part.name for part in parts if part.changed is None]
    nothing = "nothing that was compared changed" if unknown else "nothing on record changed"
    said = [
        "; ".join(changed) or nothing,
        *([f"{', '.join(same)} identical"] if same else []),
        *([f"{', '.join(unknown)} not compared"] if unknown else []),
    ]
    return "; ".join(said)


def _of_baselines(diff: "ContenderDiff") -> list[Section]:
    old, new = diff.before, diff.after
    parts = [_scores(diff.scores, diff.why_not)]
    for name, one, other in (("kind", old.kind, new.kind), ("base", old.base, new.base)):
        said = f"{name}: {one} -> {other}"
        parts.append(Section(name, said, one != other, [said] if one != other else [one]))
    if diff.config is not None:
        parts.append(_config(diff.config))
    return parts


def _scores(found: "ComparedSuites | None", why_not: str) -> Section:
    if found is None:
        return Section("scores", "", None, [why_not], is_cause=False)
    lines = [line for suite in suites_lines(found) for line in suite]
    told = [
        f"{suite.suite} {metric.metric} {verdict(metric)}"
        for suite in found.suites
        for metric in suite.metrics
    ]
    return Section("scores", ", ".join(told), changed=True, lines=lines, is_cause=False)


def _data(diff: "VersionDiff") -> Section:
    lines: list[str] = []
    told = []
    for change in diff.data:
        said, more = _dataset(change)
        lines += [f"{change.role}: {said}", *(f"  {line}" for line in more)]
        if not change.same:
            told.append((f"{change.role} data: {said}", change.examples is not None))
    if not diff.data:
        return Section("data", "no data on record", None, ["no data is on record of either side"])
    # What was prepared from data that is told example by example says nothing more.
    best = [words for words, is_known in told if is_known] or [words for words, _ in told]
    return Section("data", "; ".join(best), changed=bool(told), lines=lines)


def _dataset(change: "DatasetChange") -> tuple[str, list[str]]:
    before, after = change.before, change.after
    if before is None or after is None:
        there = after or before
        assert there is not None  # noqa: S101 - one of the sides has it
        return f"{there.path} {'added' if before is None else 'removed'}", []
    if change.same:
        return f"{after.path} identical ({_rows(after)}{after.dvc.words} {after.key[:12]})", []
    moved = f"{before.path} -> {after.path}" if before.path != after.path else after.path
    found = change.examples
    if found is None:
        return f"{moved} differs ({before.key[:12]} -> {after.key[:12]})", [change.why]
    counts = {"added": found.added, "removed": found.removed, "edited": found.edited}
    words = [f"{count} {kind}" for kind, count in counts.items() if count]
    total = found.same + found.edited + found.added
    said = f"{', '.join(words) or 'other order'} of {total} examples of {moved}{_origin(change)}"
    lines = list(found.shifts)
    for sign, kind in (("+", "added"), ("-", "removed")):
        lines += [
            f"{sign} {example_text(one, columns=_COLUMNS)}"
            for one in found.samples[kind][:_EXAMPLES]
        ]
    for old, new in found.samples["edited"][:_EXAMPLES]:
        before_edit, after_edit = edited_texts(old, new, columns=_COLUMNS)
        lines += [f"- {before_edit}", f"+ {after_edit}"]
    return said, lines


def _rows(data: "Dataset") -> str:
    return f"{data.rows} rows, " if isinstance(data.rows, int) else ""


def _origin(change: "DatasetChange") -> str:
    """Returns the sources that what changed is of, where examples name one."""
    if not change.by_source:
        return ""
    named = [f"{source} {count}" for source, count in change.by_source.items()]
    return f" (source {', '.join(named)})"


def _config(found: "ConfigDiff") -> Section:
    lines = [_change(one) for one in found.changes[:_SHOWN]]
    if len(found.changes) > _SHOWN:
        lines.append(f"and {len(found.changes) - _SHOWN} more, see --format json")
    aside = [
        f"{len(ones)} {what}"
        for ones, what in ((found.defaults, "spelled out to the same effect"),
                           (found.noise, "of paths, names and logging"))
        if ones
    ]  # fmt: skip
    if aside:
        lines.append(f"set aside: {', '.join(aside)}")
    if found.renamed:
        lines.append(f"the file {found.renamed[0]} is {found.renamed[1]} now")
    names = [one.name for one in found.changes[:3]]
    more = f" and {len(found.changes) - 3} more" if len(found.changes) > 3 else ""
    return Section(
        "config", f"config: {', '.join(names)}{more}", changed=bool(found.changes), lines=lines
    )


def _change(one: "ConfigChange") -> str:
    assumed = f"  (default of {one.assumed})" if one.assumed else ""
    return f"{one.name}: {_value(one.before)} -> {_value(one.after)}{assumed}"


def _value(value: Any) -> str:
    text = "-" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _weights(diff: "VersionDiff") -> Section:
    base = "same base" if diff.same_base else "another base"
    if diff.same_weights:
        return Section("weights", "weights", changed=False, lines=["every byte is the same"])
    found, is_cause = diff.weights, not diff.same_base
    if found is None:
        return Section("weights", base, None, [diff.why_not.get("weights", "")], is_cause=is_cause)
    overall = found.overall
    moved = ""
    if overall is not None and overall.relative is not None:
        moved = f" by {overall.relative:.1%}"
        if overall.cosine is not None:
            moved += f", cosine {overall.cosine:.3f}"
    lines = [f"{base}{moved and f'; changed{moved}'}", *_adapters(found)]
    lines += [f"note: {note}" for note in found.notes]
    lines += [_module(one) for one in found.most_changed(_MODULES)]
    return Section("weights", base, changed=True, lines=lines, is_cause=is_cause)


def _module(one: "ModuleDiff") -> str:
    distance = one.distance
    if distance is None:
        return f"  {one.name}: {one.state}"
    cosine = f", cosine {distance.cosine:.3f}" if distance.cosine is not None else ""
    return f"  {one.name}: norm {distance.before:.3g} -> {distance.after:.3g}{cosine}"


def _adapters(found: "WeightsDiff") -> Iterator[str]:
    old, new = found.before, found.after
    yield (
        f"{old.tensors} tensors, {size(old.size)} -> {new.tensors} tensors, {size(new.size)}; "
        f"{found.equal} equal"
    )
    if old.adapter is None or new.adapter is None:
        return
    for name, one, other in (
        ("rank", old.adapter.rank, new.adapter.rank),
        ("alpha", old.adapter.alpha, new.adapter.alpha),
        ("targets", ", ".join(old.adapter.targets), ", ".join(new.adapter.targets)),
    ):
        yield f"{name} {one}" if one == other else f"{name} {one} -> {other}"


def _code(diff: "VersionDiff") -> Section:
    old, new = diff.before.record.code, diff.after.record.code
    found = diff.code
    if found is None:
        return Section("code", "", None, [diff.why_not["code"]])
    lines = [f"commit {new.commit[:12]}"]
    if old.commit != new.commit:
        lines = [f"{old.commit[:12]} -> {new.commit[:12]}"]
        lines += [f"  {commit[:12]} {subject}" for commit, subject in found.commits[:_SHOWN]]
    if len(found.commits) > _SHOWN:
        lines.append(f"  and {len(found.commits) - _SHOWN} more commits")
    if found.back:
        lines.append(f"  {found.back} commits of the older side are not in the newer one")
    files = [
        f"  {how} {path}{' (not committed)' if path in found.uncommitted else ''}"
        for how, path in found.files
    ]
    lines += files[:_SHOWN] + ([f"  and {len(files) - _SHOWN} more"] if len(files) > _SHOWN else [])
    if found.made:
        lines.append(f"  beside them {len(found.made)} files that a pipeline or DVC writes")
    lines += [f"note: {note}" for note in found.notes]
    count = len(files)
    said = f"code: {count} file{'s' if count != 1 else ''}"
    return Section("code", said, changed=bool(count or found.notes), lines=lines)


def _environment(diff: "VersionDiff") -> Section:
    found = diff.environment
    lines = [f"{one.name}: {one.before} -> {one.after}" for one in found.fields]
    if found.packages is None:
        return Section(
            "environment", "environment", None, [*lines, "a list of packages is not at hand"]
        )
    lines += [f"{one.name}: {one.before or '-'} -> {one.after or '-'}" for one in found.packages]
    shown = lines[:_SHOWN] + ([f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else [])
    parts = [one.name for one in found.fields]
    if found.packages:
        parts.append(f"{len(found.packages)} packages")
    return Section(
        "environment", f"environment: {', '.join(parts)}", changed=bool(lines), lines=shown
    )


def heading(diff: "VersionDiff | ContenderDiff") -> str:
    """Returns what is compared."""
    return " -> ".join(f"{reference} ({short(digest)})" for reference, digest in ends(diff))


def ends(diff: "VersionDiff | ContenderDiff") -> list[tuple[str, str]]:
    """Returns reference and digest of both sides."""
    from ft_registry.actions.diff_baseline import ContenderDiff

    if isinstance(diff, ContenderDiff):
        return [(side.reference, side.document) for side in (diff.before, diff.after)]
    return [(side.record.reference, side.digest) for side in (diff.before, diff.after)]
