"""The difference of two versions as text, Markdown, HTML and JSON."""

from dataclasses import asdict
from html import escape
from typing import TYPE_CHECKING, Any

from ft_registry_cli.columns import folded
from ft_registry_cli.comparison_words import suites_document
from ft_registry_cli.diff_words import Section, conclusion, ends, heading, sections

if TYPE_CHECKING:
    from ft_registry.actions.dataset_changes import DatasetChange
    from ft_registry.actions.diff import VersionDiff
    from ft_registry.actions.diff_baseline import ContenderDiff
    from ft_registry.model.config_diff import ConfigDiff

_STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 860px; color: #1b2733; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin: 1.6rem 0 0.2rem; }
pre { background: #f4f6f8; padding: 0.6rem 0.8rem; overflow-x: auto; margin: 0.3rem 0; }
.same { color: #51606e; font-weight: normal; } .said { border-left: 4px solid #0b5cad;
padding: 0.4rem 0.8rem; background: #eef4fa; }
"""


def as_text(diff: "VersionDiff | ContenderDiff") -> str:
    """Returns the difference for a terminal."""
    parts = sections(diff)
    lines = [heading(diff)]
    for part in parts:
        lines.append(f"{part.name.upper()}  {_state(part)}")
        lines += [f"  {line}" for line in part.lines]
    return "\n".join(folded([*lines, "", conclusion(parts)]))


def as_markdown(diff: "VersionDiff | ContenderDiff") -> str:
    """Returns the difference for a pull request."""
    parts = sections(diff)
    lines = [f"### {_plain(heading(diff))}", "", f"**{_plain(conclusion(parts))}**", ""]
    for part in parts:
        title = f"<summary>{escape(part.name)}: {escape(_state(part))}</summary>"
        # Open where there is something to see.
        opened = " open" if part.name == "scores" or part.changed else ""
        body = "\n".join(line.replace("```", "'''") for line in part.lines)
        lines += [f"<details{opened}>{title}", "", "```text", body, "```", "", "</details>", ""]
    return "\n".join(lines).rstrip()


def as_html(diff: "VersionDiff | ContenderDiff") -> str:
    """Returns the difference as a page; nothing is loaded from elsewhere."""
    parts = sections(diff)
    title = escape(heading(diff))
    body = "\n".join(
        f'<h2>{escape(part.name)} <span class="same">{escape(_state(part))}</span></h2>'
        + (f"<pre>{escape(chr(10).join(part.lines))}</pre>" if part.lines else "")
        for part in parts
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head>\n<body><h1>{title}</h1>\n"
        f'<p class="said">{escape(conclusion(parts))}</p>\n{body}\n</body></html>'
    )


def as_json(diff: "VersionDiff | ContenderDiff") -> dict[str, Any]:
    """Returns the difference as one document; of a baseline it has less to say."""
    from ft_registry.actions.diff_baseline import ContenderDiff

    parts = sections(diff)
    before, after = ends(diff)
    document = {
        "before": {"reference": before[0], "record": before[1]},
        "after": {"reference": after[0], "record": after[1]},
        "conclusion": conclusion(parts),
        "changed": {part.name: part.changed for part in parts},
        **suites_document(diff.scores),
    }
    if isinstance(diff, ContenderDiff):
        return document | {"config": _config(diff.config) if diff.config else None}
    return document | _of_versions(diff)


def _config(config: "ConfigDiff") -> dict[str, Any]:
    return {
        kind: [
            {"key": one.name, "before": one.before, "after": one.after, "kind": one.kind}
            for one in getattr(config, kind)
        ]
        for kind in ("changes", "defaults", "noise")
    }


def _of_versions(diff: "VersionDiff") -> dict[str, Any]:
    weights = diff.weights
    code = diff.code
    return {
        "why_not": diff.why_not,
        "data": [_dataset(change) for change in diff.data],
        "config": _config(diff.config),
        "weights": {
            "same": diff.same_weights,
            "same_base": diff.same_base,
            "overall": asdict(weights.overall) if weights and weights.overall else None,
            "modules": [
                {
                    "name": one.name,
                    "state": one.state,
                    "distance": asdict(one.distance) if one.distance else None,
                }
                for one in (weights.modules if weights else ())
            ],
        },
        "code": {
            "before": diff.before.record.code.commit,
            "after": diff.after.record.code.commit,
            "commits": [list(one) for one in code.commits] if code else None,
            "files": [list(one) for one in code.files] if code else None,
            "made": list(code.made) if code else None,
        },
        "environment": {
            "fields": [vars(one) for one in diff.environment.fields],
            "packages": None
            if diff.environment.packages is None
            else [vars(one) for one in diff.environment.packages],
        },
    }


def _dataset(change: "DatasetChange") -> dict[str, Any]:
    found = change.examples
    return {
        "role": change.role,
        "before": change.before.key if change.before else None,
        "after": change.after.key if change.after else None,
        "same": change.same,
        "added": found.added if found else None,
        "removed": found.removed if found else None,
        "edited": found.edited if found else None,
        "by_source": dict(change.by_source),
        "why": change.why,
    }


def _state(part: Section) -> str:
    if part.changed is None:
        return "not compared"
    return part.said if part.changed else "identical"


def _plain(text: str) -> str:
    """Returns text that Markdown shows as it is, on one line."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>#|" else char for char in text)
