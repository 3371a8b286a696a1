"""Read and write JSON Lines the same way everywhere: UTF-8, one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows to path, one JSON object a line, and create the folder if needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    # Bytes, not text: Windows would otherwise write other line ends.
    path.write_bytes(text.encode("utf-8"))


def read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file that an earlier step of the pipeline has checked."""
    # Not splitlines(): it also breaks at characters that JSON allows inside a string.
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line.strip()]
