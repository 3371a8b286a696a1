"""Many processes move one alias: no move that was acknowledged is lost, doubled or undone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.forked import run_together
from tests.concurrency.movers import check_moves, make_three, move_often, opened

pytestmark = pytest.mark.integration

PROCESSES = 8
PROMOTIONS = 200
"""Of each process."""
PATIENCE_SECONDS = 1800


@pytest.mark.parametrize("way", ["direct", "server"])
def test_no_promotion_is_lost_doubled_or_undone(
    way: str,
    fresh_template: Path,
    tmp_path: Path,
    seeds: Callable[[int], list[int]],
    request: pytest.FixtureRequest,
) -> None:
    settings = {}
    if way == "server":
        settings = {"FT_REGISTRY_MLFLOW_URI": request.getfixturevalue("mlflow_server")}
    root = tmp_path / "project"
    make_three(root, fresh_template, settings=settings)
    calls = [(root, settings, seed, PROMOTIONS) for seed in seeds(PROCESSES)]
    movers = run_together(move_often, calls, patience=PATIENCE_SECONDS)
    assert [len(mover.done) for mover in movers] == [PROMOTIONS] * PROCESSES
    assert [mover.notices for mover in movers] == [()] * PROCESSES
    check_moves(opened(root, settings), 1, movers)
