"""Two clones share a ledger and an MLflow; their processes move, roll back and register at once."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.cli.forked import run_together
from tests.cli.project import Project
from tests.concurrency.movers import MODEL, check_moves, make_three, move_often, moves, opened

from ft_registry.model.time import moment

pytestmark = pytest.mark.integration

MOVES = 6
"""Of each of four processes; a push takes a while."""
PATIENCE_SECONDS = 300


@pytest.fixture
def clones(fresh_template: Path, tmp_path: Path) -> tuple[list[Path], dict[str, str]]:
    """Two clones of a bare remote, with three versions on record; the settings of both."""
    uri = f"sqlite:///{tmp_path / 'one' / 'mlflow.db'}"
    settings = {"FT_REGISTRY_MLFLOW_URI": uri, "FT_REGISTRY_LEDGER_REMOTE": "origin"}
    one = make_three(tmp_path / "one", fresh_template)
    server = tmp_path / "server.git"
    one.git("clone", "--quiet", "--bare", "--template=", str(one.root), str(server))
    one.git("remote", "add", "origin", str(server))
    one.git("fetch", "--quiet", "origin")
    one.git("clone", "--quiet", "--template=", str(server), str(tmp_path / "two"))
    two = Project(tmp_path / "two")
    for name in ("base", "ad1", "ad2", "ad3"):
        for file in (one.root / name).iterdir():
            two.write(f"{name}/{file.name}", file.read_bytes())
    return [one.root, two.root], settings


def all_levels(roots: list[Path], settings: Mapping[str, str]) -> set[str | None]:
    """Returns the heads of all clones once each has asked the remote, and the remote's."""
    heads: set[str | None] = set()
    for root in roots:
        ledger = opened(root, settings).ledger
        ledger.refresh()
        heads.add(ledger.head())
        view = ledger.remote_view()
        assert view is not None
        assert (view.state, view.ahead, view.behind) == ("level", 0, 0)
    server = Project(roots[0].parent / "server.git")
    heads.add(server.git("rev-parse", "ft-registry"))
    return heads


def test_moves_of_two_clones_whose_clocks_differ_by_an_hour_make_one_chain(
    clones: tuple[list[Path], dict[str, str]], seeds: Callable[[int], list[int]]
) -> None:
    roots, settings = clones
    calls = [
        (roots[n % 2], settings, seed, MOVES, 3, float(n % 2), 0.3)
        for n, seed in enumerate(seeds(4))
    ]
    movers = run_together(move_often, calls, patience=PATIENCE_SECONDS)
    # Last the clock that is ahead, then the one that is behind.
    movers += [move_often(roots[n], settings, n, 1, 3, float(n)) for n in (1, 0)]
    assert len(all_levels(roots, settings)) == 1
    for root in roots:
        check_moves(opened(root, settings), 1, movers)
    # The chain decides, not the clocks: the newest move bears an older time than the one before.
    workspace = opened(roots[0], settings)
    *_, before, newest = moves(workspace)
    assert moment(newest.event.time) < moment(before.event.time)
    assert [logged.id for logged in workspace.log(f"{MODEL}@champion")[:2]] == [
        newest.id,
        before.id,
    ]
    assert workspace.at(f"{MODEL}@champion", before.event.time).id == newest.id


def register_each(root: Path, settings: Mapping[str, str], seed: int, names: list[str]) -> Any:
    """Registers folders in an order of its own; returns the version that each is."""
    random.Random(seed).shuffle(names)
    project, workspace = Project(root), opened(root, settings)
    return {
        name: project.register(MODEL, name, workspace=workspace).filed.record.version
        for name in names
    }


def test_what_both_clones_register_at_once_is_one_version(
    clones: tuple[list[Path], dict[str, str]], seeds: Callable[[int], list[int]]
) -> None:
    roots, settings = clones
    names = ["new1", "new2"]
    for name in names:
        folder = Project(roots[0]).adapter(name)
        for file in folder.iterdir():
            Project(roots[1]).write(f"{name}/{file.name}", file.read_bytes())
    calls = [(roots[n % 2], settings, seed, list(names)) for n, seed in enumerate(seeds(4))]
    found = run_together(register_each, calls, patience=PATIENCE_SECONDS)
    assert all(one == found[0] for one in found), "the same weights under two numbers"
    assert len(set(found[0].values())) == len(names)
    assert len(all_levels(roots, settings)) == 1
    workspace = opened(roots[0], settings)
    recorded = {row.version for row in workspace.list_versions(MODEL)}
    assert recorded == {1, 2, 3, *found[0].values()}
    shown = workspace.models._client.search_model_versions(f"name = '{MODEL}'")
    assert {int(one.version) for one in shown} == recorded


def test_moves_and_registrations_at_once_leave_nothing_behind(
    clones: tuple[list[Path], dict[str, str]], seeds: Callable[[int], list[int]]
) -> None:
    roots, settings = clones
    Project(roots[1]).adapter("new1")
    mover_seed, other = seeds(2)
    run_together(
        _either,
        [
            ("move", (roots[0], settings, mover_seed, MOVES)),
            ("register", (roots[1], settings, other, ["new1"])),
        ],
        patience=PATIENCE_SECONDS,
    )
    assert len(all_levels(roots, settings)) == 1
    workspace = opened(roots[1], settings)
    assert [row.version for row in workspace.list_versions(MODEL)] == [1, 2, 3, 4]
    workspace.sync(workspace.plan_sync("mend"))
    assert workspace.status().drift == ()


def _either(what: str, call: tuple[Any, ...]) -> Any:
    return move_often(*call) if what == "move" else register_each(*call)
