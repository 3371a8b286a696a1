"""The description of a version on MLflow's pages, in Markdown.

MLflow renders it with HTML allowed, and cuts nothing: other databases than SQLite refuse more than
5,000 characters. So text from outside is escaped, and the table of data is cut with a word.
"""

import re

from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import Evaluation, score_table
from ft_registry.model.record import VersionRecord
from ft_registry.model.version_row import base_label

_LIMIT = 5000
_ROWS = 12
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~-])")


def describe(record: VersionRecord, evaluations: list[Evaluation]) -> str:
    """Returns the Markdown of a version, at most 5,000 characters."""
    method = "unknown method" if isinstance(record.method, Unknown) else record.method.upper()
    base = _code(base_label(record.base.model_dump(mode="json")))
    lines = [
        f"**{escape(record.reference)}**: {record.kind} by {escape(method)} on {base}",
        "",
        escape(record.note[:500]),
        "",
        "| data | role | rows | DVC hash | sha256 |",
        "|---|---|---|---|---|",
    ]
    for data in record.data[:_ROWS]:
        rows = "unknown" if isinstance(data.rows, Unknown) else f"{data.rows}"
        sha = data.sha256.removeprefix("sha256:")[:12]
        lines.append(
            f"| {_code(data.path)} | {data.role} | {rows} | {_code(data.dvc.md5)} | {_code(sha)} |"
        )
    if len(record.data) > _ROWS:
        lines.append(f"| and {len(record.data) - _ROWS} more, see ftr/record.json | | | | |")
    scores = score_table(evaluations)
    if scores:
        lines += ["", "| score | value |", "|---|---|"]
        lines += [f"| {escape(key)} | {value:.4f} |" for key, value in list(scores.items())[:_ROWS]]
    code = _code(record.code.commit[:12]) + (" with a patch" if record.code.dirty else "")
    lines += [
        "",
        f"code {code}; config {_code(record.config.digest[7:19])}; "
        f"artifact {_code(record.artifact.digest[7:19])}; record {_code(record.digest[7:19])}",
        "",
        f"registered {record.registered_at[:19]}Z by {escape(record.registered_by.name)}",
    ]
    text = "\n".join(lines)
    return text if len(text) <= _LIMIT else text[: _LIMIT - 20] + "\n\n... (cut)"


def escape(text: str) -> str:
    """Returns text that Markdown and HTML show as it is."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    return f"`{text.replace('`', '').replace('|', '').replace('<', '')}`"
