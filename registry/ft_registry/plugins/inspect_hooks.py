"""Puts what Inspect measured on record, where the environment names the version: no further step.

Inspect loads this in each of its processes, in its own environment. The command line is a process
of its own, so nothing of ours runs beside an evaluation, and whatever goes wrong is told, not
raised: a run that took hours is worth more than its place in a registry.
"""

import os
import subprocess
import sys
from typing import Any

from inspect_ai.hooks import Hooks, hooks

VERSION = "FT_REGISTRY_VERSION"
"""Names the version that was measured: ``support-dates/7``."""
_PATIENCE_SECONDS = 600


@hooks(name="ft_registry", description="Puts each log of a run on record as scores of a version.")
class RegistryHooks(Hooks):  # type: ignore[misc]
    """What Inspect calls a hook subscriber."""

    def enabled(self) -> bool:
        """Returns whether somebody named a version."""
        return bool(os.environ.get(VERSION))

    async def on_run_end(self, data: Any) -> None:
        """Adds the logs that ended well: only now are their files whole."""
        version = os.environ.get(VERSION, "")
        for log in data.logs:
            if log.status == "success":
                _add(version, str(log.location).removeprefix("file://"))


def _add(version: str, log: str) -> None:
    command = [sys.executable, "-m", "ft_registry_cli", "eval", "add", version, log]
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_PATIENCE_SECONDS
        )
        told = ended.stderr if ended.returncode else ended.stdout
    except (OSError, subprocess.SubprocessError) as error:
        told = f"ft-registry: {log} is not on record: {error}\n"
    sys.stderr.write(told)
