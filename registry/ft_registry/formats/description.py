"""The description of a version on MLflow's pages, in Markdown.

MLflow shows its first words as plain text in lists, and renders it with HTML allowed on the page
of the version; its databases, but for SQLite, refuse more than 5,000 characters. So the first line
is a sentence without markup, text from outside is escaped, and long lists end with a word. Lists,
not tables: MLflow sets the columns of a table without space between them.
"""

import re
from collections.abc import Sequence

from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import Evaluation, score_table
from ft_registry.model.record import VersionRecord
from ft_registry.model.snapshot import Dataset, DvcHash
from ft_registry.model.version_row import base_label

_LIMIT = 5000
_ENTRIES = 12
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~-])")
_NUMBERED = re.compile(r"^([0-9]+)\.")


def describe(record: VersionRecord, evaluations: Sequence[Evaluation]) -> str:
    """Returns the Markdown of a version, at most 5,000 characters."""
    method = "an unknown method" if isinstance(record.method, Unknown) else record.method.upper()
    base = base_label(record.base.model_dump(mode="json"))
    scores = [f"{escape(key)} {value:.4f}" for key, value in score_table(evaluations).items()]
    first = f"{record.kind} by {escape(method)} on {escape(base[:200])}"
    if scores:
        first += f"; {scores[0]}"
    digests = (
        ("record", record.digest),
        ("artifact", record.artifact.digest),
        ("config", record.config.digest),
    )
    named = [f"{name} {_code(value.removeprefix('sha256:')[:12])}" for name, value in digests]
    dirty = " with uncommitted changes, kept as a patch" if record.code.dirty else ""
    parts = [
        first,
        escape(record.note[:500]),
        _list("Data", [_data(data) for data in record.data]),
        _list("Scores", scores),
        _list("Made from", [f"code {_code(record.code.commit[:12])}{dirty}", *named]),
        f"Registered {record.registered_at[:19]}Z by {escape(record.registered_by.name)}. "
        "The record is among the artifacts of the source model, in ftr/record.json.",
    ]
    text = "\n\n".join(part for part in parts if part)
    if len(text) <= _LIMIT:
        return text
    # Between lines: half a code span would let loose what it holds.
    return text[: _LIMIT - 20].rpartition("\n")[0].rstrip() + "\n\n... (cut)"


def escape(text: str) -> str:
    """Returns text that Markdown and HTML show as it is."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # `1.` begins a list, but only at the beginning.
    return _NUMBERED.sub(r"\1\\.", _SPECIAL.sub(r"\\\1", " ".join(text.split())))


def _data(data: Dataset) -> str:
    rows = f"{data.rows} rows" if isinstance(data.rows, int) else "rows not counted"
    name = "DVC" if isinstance(data.dvc, DvcHash) else data.dvc.words
    hashes = f"{name} {_code(data.key)}"
    if isinstance(data.sha256, str):
        hashes += f", sha256 {_code(data.sha256.removeprefix('sha256:')[:12])}"
    kind = f", {escape(data.profile.format)}" if data.profile else ""
    return f"{escape(data.role)}: {_code(data.path)}, {rows}{kind}, {hashes}"


def _list(title: str, entries: Sequence[str]) -> str:
    if not entries:
        return ""
    shown = [f"- {entry}" for entry in entries[:_ENTRIES]]
    if len(entries) > _ENTRIES:
        shown.append(f"- and {len(entries) - _ENTRIES} more, see ftr/record.json")
    return "\n".join([f"**{title}**", "", *shown])


def _code(text: str) -> str:
    # On one line: a code span ends where its paragraph does. Not empty: two quotes would open one.
    plain = text.replace("`", "").replace("<", "").replace(">", "")
    return f"`{' '.join(plain.split()) or '-'}`"
