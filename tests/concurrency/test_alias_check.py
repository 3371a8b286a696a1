"""Many processes move one alias: no move that was acknowledged is lost, doubled or undone."""

import os
import time
from pathlib import Path

import pytest
from tests.cli.forked import run_together
from tests.concurrency.movers import check_moves, make_three, move_often, opened

pytestmark = pytest.mark.integration

PROCESSES = 8
PROMOTIONS = int(os.environ.get("FT_REGISTRY_PROMOTIONS", "20"))
"""Of each process. The check is of 200, `make races`; with the other tests it is a first look."""
PATIENCE_SECONDS = 600 + 3 * PROMOTIONS


@pytest.mark.parametrize("way", ["direct", "server"])
def test_no_promotion_is_lost_doubled_or_undone(
    way: str, fresh_template: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    settings = {}
    if way == "server":
        settings = {"FT_REGISTRY_MLFLOW_URI": request.getfixturevalue("mlflow_server")}
    root = tmp_path / "project"
    make_three(root, fresh_template, settings=settings)
    first = int.from_bytes(os.urandom(3), "big")
    seeds = range(first, first + PROCESSES)
    print(f"{way}: seeds {first} to {seeds[-1]}, {PROMOTIONS} promotions each")
    begun = time.monotonic()
    movers = run_together(
        move_often, [(root, settings, seed, PROMOTIONS) for seed in seeds],
        patience=PATIENCE_SECONDS,
    )  # fmt: skip
    seconds, conflicts = time.monotonic() - begun, sum(mover.conflicts for mover in movers)
    print(f"{way}: {seconds:.0f} s, {conflicts} conflicts")
    assert [len(mover.done) for mover in movers] == [PROMOTIONS] * PROCESSES
    assert [mover.notices for mover in movers] == [()] * PROCESSES
    check_moves(opened(root, settings), 1, movers)
