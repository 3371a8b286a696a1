"""The data of a version as a part of a page: what it was, by which hashes, and its profile."""

from collections.abc import Iterator

from ft_registry.formats.chart import bars
from ft_registry.formats.page import code, facts, section, table, text
from ft_registry.model.document import Unknown
from ft_registry.model.examples import Profile, Spread
from ft_registry.model.snapshot import Dataset


def data_section(data: tuple[Dataset, ...]) -> str:
    """Returns the section; empty: no data is on record."""
    return section("Data", *(_dataset(one) for one in data))


def _dataset(one: Dataset) -> str:
    hashes = [(one.dvc.words, code(one.key))]
    if isinstance(one.sha256, str):
        hashes.append(("sha256", code(one.sha256.removeprefix("sha256:"))))
    rows = f"{one.rows:,} examples" if isinstance(one.rows, int) else _why(one.rows)
    size = f"{one.dvc.size:,} bytes"
    told = [("role", text(one.role)), ("size", f"{text(rows)}, {size}"), *hashes]
    profile = "" if one.profile is None else _profile(one.profile)
    return f"<h3>{text(one.path)}</h3>{facts(told)}{profile}"


def _why(unknown: Unknown) -> str:
    return f"examples not counted ({unknown.unknown})"


def _profile(profile: Profile) -> str:
    told = [("format", text(profile.format))]
    repeated = profile.duplicates + profile.near_duplicates
    if repeated:
        told.append(("repeated", f"{repeated:,} of {profile.rows:,} examples"))
    faults = sum(profile.faults.values())
    if faults:
        named = ", ".join(f"{rule} {count:,}" for rule, count in sorted(profile.faults.items()))
        told.append(("faults", text(named)))
    told += [("warning", text(warning)) for warning in profile.warnings]
    counted = "".join(
        f"<h4>{text(title)}</h4>{bars(counts)}"
        for title, counts in (
            ("Labels", profile.labels),
            ("Sources", profile.sources),
            ("Languages", profile.languages),
        )
        if counts
    )
    header = ("Lengths", "Mean", "Median", "90 %", "99 %", "Longest")
    return facts(told) + table(header, _lengths(profile)) + counted


def _lengths(profile: Profile) -> Iterator[tuple[str, ...]]:
    parts = (
        ("prompts", profile.prompts, profile.unit), ("answers", profile.answers, profile.unit),
        ("whole examples", profile.totals, profile.unit), ("turns", profile.turns, ""),
    )  # fmt: skip
    for name, spread, unit in parts:
        if spread.max:
            yield (text(f"{name}{f', {unit[:20]}' if unit else ''}"), *_numbers(spread))


def _numbers(spread: Spread) -> tuple[str, ...]:
    ranks = (spread.p50, spread.p90, spread.p99, spread.max)
    return (f"{spread.mean:,.1f}", *(f"{rank:,}" for rank in ranks))
