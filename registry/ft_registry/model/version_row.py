"""Rows: what a list says of a version, and the hashes by which it is found.

Both are read from the record's JSON as it stands, without validating it again: ten thousand rows
are listed at once.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class VersionRow:
    """One version in a list."""

    model: str
    version: int
    digest: str
    kind: str
    method: str
    base: str
    data: tuple[dict[str, Any], ...]
    """Role, path, hashes and rows of each dataset."""
    artifact: str
    size: int
    """Bytes of the artifact."""
    commit: str
    registered_at: str
    registered_by: str
    note: str
    aliases: tuple[str, ...] = ()
    standing: str = ""
    """``good``, ``bad`` or ``deleted``, where somebody said so."""
    scores: dict[str, float] = field(default_factory=dict)
    """By ``suite.metric``."""


@dataclass(frozen=True)
class BaselineRow:
    """One baseline in a list."""

    model: str
    label: str
    digest: str
    kind: str
    base: str
    recorded_at: str
    recorded_by: str
    note: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    """By ``suite.metric``."""


def baseline_fields(document: dict[str, Any], *, digest: str) -> dict[str, Any]:
    """Returns the fields of a row that a baseline's document alone decides."""
    return {
        "digest": digest,
        "kind": document["kind"],
        "base": document["base"],
        "recorded_at": document["recorded_at"],
        "recorded_by": document["recorded_by"]["name"],
        "note": document.get("note", ""),
    }


def row_of(record: dict[str, Any], *, digest: str) -> dict[str, Any]:
    """Returns the fields of a row that the record alone decides."""
    return {
        "digest": digest,
        "kind": record["kind"],
        "method": known(record["method"]),
        "base": base_label(record["base"]),
        "data": [
            {
                "role": d["role"],
                "name": d["name"],
                "path": d["path"],
                "dvc": _key(d["dvc"]),
                "sha256": known(d["sha256"]),
                "rows": d["rows"] if isinstance(d["rows"], int) else None,
            }
            for d in record["data"]
        ],
        "artifact": record["artifact"]["digest"],
        "size": record["artifact"]["size"],
        "commit": record["code"]["commit"],
        "registered_at": record["registered_at"],
        "registered_by": record["registered_by"]["name"],
        "note": record["note"],
    }


def score_key(score: dict[str, Any]) -> str:
    """Returns a score's name within its suite; see `ft_registry.model.evaluation.Score.key`."""
    column = f"{score['metric']},{score['filter']}" if "filter" in score else score["metric"]
    return f"{score['task']}.{column}" if "task" in score else str(column)


def base_label(base: dict[str, Any]) -> str:
    """Returns the base as one names it: ``id@revision``, a folder, an id, or ``name/7``."""
    if "unknown" in base:
        return "unknown"
    if base["source"] == "version":
        return str(base["version"])
    revision = base.get("revision")
    return f"{base['id']}@{revision}" if isinstance(revision, str) else str(base["id"])


def _key(dvc: dict[str, Any]) -> str:
    """Returns `ft_registry.model.snapshot.DataContent.key` of a document that was not parsed."""
    return str(dvc["md5"]) if "md5" in dvc else str(dvc["listing"]).removeprefix("sha256:")


def known(value: Any) -> str:
    """Returns a value that may be unknown as text."""
    return value if isinstance(value, str) else "unknown"


def hashes_of(record: dict[str, Any], digest: str) -> list[tuple[str, str]]:
    """Returns each hash that a record names, with what it names there."""
    found = [
        (digest, "record"),
        (record["identity"], "identity"),
        (record["artifact"]["digest"], "artifact"),
        (record["config"]["digest"], "config"),
        (record["code"]["commit"], "commit"),
        (record["run"]["run_id"], "run"),
    ]
    found += [(d["sha256"], "data") for d in record["data"] if isinstance(d["sha256"], str)]
    found += [(_key(d["dvc"]), "data") for d in record["data"]]
    found += [(parent, "parent") for parent in record["parents"]]
    base = record["base"]
    values = (base.get("digest"), base.get("weights"), base.get("record"))
    found += [(value, "base") for value in values if isinstance(value, str)]
    return found
