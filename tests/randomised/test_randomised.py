"""Random work on real stores, held against a model: other work each time.

The seed of each part is drawn, and printed at the end. FT_REGISTRY_SEED=N pytest tests/randomised
-k "[PART]" does that one again, and makes a failure smaller; FT_REGISTRY_STEPS=20000 goes on for
longer.
"""

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers
from hypothesis.stateful import run_state_machine_as_test
from tests.randomised.held import make_ground
from tests.randomised.machine import RegistryMachine

pytestmark = pytest.mark.integration

GIVEN = os.environ.get("FT_REGISTRY_SEED", "")
STEPS = int(os.environ.get("FT_REGISTRY_STEPS", "1000"))
PARTS = 4
"""Tests that the steps are shared out to, so that two workers have something to do."""
EXAMPLES = 8
"""Examples that are drawn from one seed, before the next one."""
LENGTH = 25
"""Steps of an example."""
DONE_OF_LENGTH = 20
"""Of those, how many are more than reading, about: the last round is only as long as it must be."""


@pytest.fixture
def the_seed_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Draws no numbers from the source code of whatever is loaded, as hypothesis likes to.

    A seed of a run of all tests would be other work where it is given to these alone.
    """
    monkeypatch.setattr(providers, "_get_local_constants", providers.Constants)
    providers.CONSTANTS_CACHE.cache.clear()
    yield
    providers.CONSTANTS_CACHE.cache.clear()


@pytest.fixture(scope="session")
def ground(fresh_template: Path, built_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    return built_once("random", lambda folder: make_ground(folder, fresh_template))


@pytest.mark.usefixtures("the_seed_alone")
def test_a_seed_is_the_same_work_whatever_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[list[int]] = []

    def draw() -> None:
        drawn.append([])

        @seed(7)
        @settings(max_examples=400, database=None, phases=[Phase.generate])
        @given(st.integers(1, 10**6))
        def one(number: int) -> None:
            drawn[-1].append(number)

        one()

    draw()
    module = ModuleType("numbers_of_ours")
    module.__file__ = str(tmp_path / "numbers_of_ours.py")
    Path(module.__file__).write_text("\n".join(f"N{n} = {n}" for n in range(1000, 1500)))
    monkeypatch.setattr("hypothesis.internal.conjecture.providers.is_local_module_file", bool)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    draw()
    assert drawn[0] == drawn[1]


@pytest.mark.usefixtures("the_seed_alone")
@pytest.mark.parametrize("part", range(PARTS))
def test_random_work_is_what_the_model_says(
    part: int, ground: Path, record_property: Callable[[str, object], None]
) -> None:
    chosen = int(GIVEN) if GIVEN else secrets.randbelow(2**32)
    record_property("FT_REGISTRY_SEED", chosen)

    class Machine(RegistryMachine):
        pass

    Machine.ground = ground
    Machine.steps = type(RegistryMachine.steps)()
    share, rounds = STEPS // PARTS, 0
    while (left := share - Machine.steps.total()) > 0:
        run_state_machine_as_test(
            seed(chosen + PARTS * rounds + part)(Machine),
            settings=settings(
                max_examples=min(EXAMPLES, 1 + left // DONE_OF_LENGTH),
                stateful_step_count=LENGTH,
                database=None,
                derandomize=False,
                deadline=None,
                print_blob=True,
                suppress_health_check=list(HealthCheck),
                # A seed that failed is made smaller when it is given again: that takes minutes.
                phases=[Phase.generate, *([Phase.shrink] if GIVEN else [])],
            ),
        )
        rounds += 1
    print(dict(Machine.steps))
    assert Machine.steps.total() >= share
