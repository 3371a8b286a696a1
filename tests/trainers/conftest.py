"""What the real TRL left, made once."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


def make_runs(folder: Path) -> None:
    """Trains without a network; what the hub's libraries keep lies beside."""
    offline = {
        "HF_HUB_OFFLINE": "1", "HF_HOME": f"{folder}-hf", "TOKENIZERS_PARALLELISM": "0",
    }  # fmt: skip
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("trl_runs.py")), str(folder)],
        env={**os.environ, **offline}, capture_output=True, text=True, check=False, timeout=500,
        cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="session")
def trained(built_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """What four trainings left, in folders by their names, and the `base` that they began from."""
    return built_once("trl-runs", make_runs)
