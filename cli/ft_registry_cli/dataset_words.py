"""How datasets are told: profiles and snapshots."""

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from ft_registry_cli.state import short, size

if TYPE_CHECKING:
    from ft_registry.model.examples import Profile, Spread
    from ft_registry.model.snapshot import DataContent

_COLUMNS = 80
_CLASSES = 5


def profile_lines(profile: "Profile") -> list[str]:
    """Returns a profile in lines that fit a terminal."""
    unit = profile.unit.partition(" ")[0]
    lines = [("format", profile.format), ("examples", f"{profile.rows:,}")]
    for name, spread in (("prompts", profile.prompts), ("answers", profile.answers)):
        if spread.max:
            lines.append((name, f"{_spread(spread)} {unit}"))
    if profile.turns.max > 1:
        lines.append(("turns", _spread(profile.turns)))
    for name, counts, total in (
        ("labels", profile.labels, profile.label_count),
        ("sources", profile.sources, len(profile.sources)),
        ("languages", profile.languages, len(profile.languages)),
        ("not read", profile.unread, len(profile.unread)),
    ):  # fmt: skip
        if counts:
            lines.append((name, _counts(counts, total)))
    if profile.duplicates or profile.near_duplicates:
        lines.append(
            ("equal", f"{profile.duplicates:,}, and {profile.near_duplicates:,} but for case and "
                      "spacing")
        )  # fmt: skip
    if profile.faults:
        lines.append(("faults", _counts(profile.faults, len(profile.faults))))
    text = []
    for name, value in [*lines, *(("warning", warning) for warning in profile.warnings)]:
        text += wrap(
            value, _COLUMNS, initial_indent=f"  {name.ljust(9)} ", subsequent_indent=" " * 12
        )
    return text


def _spread(spread: "Spread") -> str:
    return f"half up to {spread.p50:,}, 99 % up to {spread.p99:,}, longest {spread.max:,}"


def _counts(counts: dict[str, int], total: int) -> str:
    first = ", ".join(f"{name} {count:,}" for name, count in list(counts.items())[:_CLASSES])
    return f"{first}, and {total - _CLASSES} more" if total > _CLASSES else first


def content_json(content: "DataContent") -> dict[str, Any]:
    """Returns what a dataset's bytes are, as `--json` prints it."""
    dvc = content.dvc.model_dump(mode="json")
    return {
        "path": content.path,
        "md5": dvc.get("md5"),
        "sha256": content.sha256 if isinstance(content.sha256, str) else None,
        **{name: dvc[name] for name in ("source", "listing", "versioned") if name in dvc},
        "size": content.dvc.size,
        "files": content.dvc.nfiles,
        "rows": content.rows if isinstance(content.rows, int) else None,
    }


def hashes_text(content: "DataContent", *, digits: int | None = 12) -> str:
    """Returns what names a dataset's bytes, and of what kind each name is."""
    named = f"{content.dvc.words} {content.key[:digits]}"
    known = isinstance(content.sha256, str)
    return f"{named} sha256 {short(str(content.sha256))}" if known else named


def content_text(name: str, content: "DataContent") -> str:
    """Returns a dataset in one line."""
    rows = f"{content.rows} rows, " if isinstance(content.rows, int) else ""
    return f"{name} {content.key[:12]} ({content.path}, {rows}{size(content.dvc.size)})"
