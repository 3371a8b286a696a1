"""Read the pipeline's knobs from params.yaml in the current folder, as DVC does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

PARAMS = Path("params.yaml")


def knobs(section: str | None = None) -> dict[str, Any]:
    """Return the seed and the thread count, and the knobs of one section with them.

    Args:
        section: A section of params.yaml, such as "base"; none for a script
            that needs nothing but the seed.

    Raises:
        SystemExit: params.yaml is missing, or lacks the section, the seed or the threads.
    """
    if not PARAMS.is_file():
        sys.exit(f"error: no {PARAMS} in {Path.cwd()}: run this from the project's folder")
    values: dict[str, Any] = YAML(typ="safe").load(PARAMS.read_text(encoding="utf-8")) or {}
    for name in ("seed", "threads", *([section] if section else [])):
        if name not in values:
            sys.exit(f"error: {PARAMS} has no '{name}'")
    chosen: dict[str, Any] = values[section] if section else {}
    return {**chosen, "seed": values["seed"], "threads": values["threads"]}
