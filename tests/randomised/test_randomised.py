"""Random work on real stores, held against a model: the seed is printed, and can be given.

Without one the work is the same each time, so that a change is what turns it red.
FT_REGISTRY_SEED=random draws a seed; FT_REGISTRY_SEED=N pytest tests/randomised -k "[PART]" does
that one again, and makes a failure smaller; FT_REGISTRY_STEPS=20000 goes on for longer.
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.randomised.held import make_ground
from tests.randomised.machine import RegistryMachine

pytestmark = pytest.mark.integration

SEED = 1896111309
GIVEN = os.environ.get("FT_REGISTRY_SEED", "")
STEPS = int(os.environ.get("FT_REGISTRY_STEPS", "1000"))
PARTS = 4
"""Tests that the steps are shared out to, so that two workers have something to do."""
EXAMPLES = 8
"""Examples that are drawn from one seed, before the next one."""
LENGTH = 25
"""Steps of an example."""


@pytest.fixture(scope="session")
def ground(fresh_template: Path, built_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    return built_once("random", lambda folder: make_ground(folder, fresh_template))


@pytest.mark.parametrize("part", range(PARTS))
def test_random_work_is_what_the_model_says(
    part: int, ground: Path, record_property: Callable[[str, object], None]
) -> None:
    chosen = secrets.randbelow(2**32) if GIVEN == "random" else int(GIVEN or SEED)
    record_property("FT_REGISTRY_SEED", chosen)

    class Machine(RegistryMachine):
        pass

    Machine.ground = ground
    Machine.steps = type(RegistryMachine.steps)()
    share, rounds = STEPS // PARTS, 0
    while Machine.steps.total() < share:
        run_state_machine_as_test(
            seed(chosen + PARTS * rounds + part)(Machine),
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=LENGTH,
                database=None,
                derandomize=False,
                deadline=None,
                print_blob=True,
                suppress_health_check=list(HealthCheck),
                # A seed that failed is made smaller when it is given again: that takes minutes.
                phases=[Phase.generate, *([Phase.shrink] if GIVEN.isdigit() else [])],
            ),
        )
        rounds += 1
    print(dict(Machine.steps))
    assert Machine.steps.total() >= share
