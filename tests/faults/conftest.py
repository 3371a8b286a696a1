"""What the commands start from, made once for all workers."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.faults.places import SCENARIOS, Place


@pytest.fixture(scope="session")
def starts(
    built_once: Callable[[str, Callable[[Path], None]], Path],
    fresh_template: Path,
    seeded_template: Path,
) -> Callable[[str], Place]:
    """Returns a function that gives what a command of `SCENARIOS` starts from."""
    templates = {"fresh": fresh_template, "seeded": seeded_template}

    def start(name: str) -> Place:
        scenario = SCENARIOS[name]
        return Place(built_once(f"fault-{name}", lambda to: scenario.make(to, templates)))

    return start
