"""Processes that move aliases at once, and the laws that hold of what they leave."""

import os
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.cli.project import Project

from ft_registry.backends.mlflow.connection import connect
from ft_registry.errors import Conflict
from ft_registry.model import layout
from ft_registry.model.event import LoggedEvent
from ft_registry.workspace import Workspace

MODEL = "m"


@dataclass(frozen=True)
class Acknowledged:
    """A move that a process was told has happened."""

    event: str
    previous: int | None
    to: int


@dataclass(frozen=True)
class Mover:
    """What one process did."""

    seed: int
    done: tuple[Acknowledged, ...]
    conflicts: int
    notices: tuple[str, ...]


def opened(root: Path, settings: Mapping[str, str], *, hours: float = 0) -> Workspace:
    """Opens a registry as a process of its own does, with a clock that goes so much ahead."""
    workspace = Workspace.open(root, environ={**os.environ, **settings})
    context = workspace.context
    workspace.__dict__["context"] = replace(
        context, now=lambda: datetime.now(UTC) + timedelta(hours=hours)
    )
    return workspace


def move_often(
    root: Path,
    settings: Mapping[str, str],
    seed: int,
    count: int,
    versions: int = 3,
    hours: float = 0,
    rollbacks: float = 0,
    alias: str = "champion",
) -> Mover:
    """Moves an alias so often, each time from what was read; what came second is tried again."""
    chance = random.Random(seed)
    workspace = opened(root, settings, hours=hours)
    done: list[Acknowledged] = []
    notices: list[str] = []
    conflicts = losses = 0
    while len(done) < count:
        to = chance.randint(1, versions)
        try:
            if chance.random() < rollbacks:
                plan = workspace.plan_rollback(
                    f"{MODEL}@{alias}", to=to, reason=f"seed {seed}", keep_good=True
                )
            else:
                plan = workspace.plan_promotion(f"{MODEL}/{to}", alias, reason=f"seed {seed}")
            if not plan.is_needed:
                continue
            moved = workspace.move(plan)
        except Conflict:
            conflicts += 1
            losses += 1
            # As whoever loses a race: all at once again would be the same race again.
            time.sleep(chance.random() * min(0.15 * 2**losses, 2))
            continue
        losses = 0
        assert moved.event is not None
        done.append(Acknowledged(moved.event.id, plan.previous, plan.to))
        notices += moved.notices
    return Mover(seed, tuple(done), conflicts, tuple(notices))


def moves(workspace: Workspace, alias: str = "champion") -> list[LoggedEvent]:
    """Returns the moves of an alias as the ledger has them."""
    return list(workspace.ledger.events(layout.alias(MODEL, alias)))


def check_moves(
    workspace: Workspace, before: int, movers: list[Mover], alias: str = "champion"
) -> None:
    """Holds the laws: none lost, none doubled, none undone, one unbroken chain.

    Args:
        workspace: The registry afterwards.
        before: How often the alias had moved before.
        movers: What the processes were told.
        alias: The alias.
    """
    found = moves(workspace, alias)
    told = {one.event: one for mover in movers for one in mover.done}
    assert len(told) == sum(len(mover.done) for mover in movers), "one event for two moves"
    assert len(found) == before + len(told), "a move is on record that nobody was told of"
    for logged in found[before:]:
        one = told[logged.id]
        assert (logged.event.previous, logged.event.to) == (one.previous, one.to)
    named = [logged.event.to for logged in found]
    assert [logged.event.previous for logged in found] == [None, *named[:-1]]
    shown = connect(workspace.mlflow).get_registered_model(MODEL).aliases
    assert int(shown[alias]) == named[-1], "MLflow shows another version than the ledger names"
    status = workspace.status()
    assert (status.unchecked, status.drift) == ("", ())


def make_three(folder: Path, fresh: Path, *, settings: Mapping[str, str] | None = None) -> Project:
    """Makes a registry of three versions, champion at 1."""
    project = Project.copy(fresh, folder)
    project.adapter("ad3")
    workspace = opened(folder, settings or {})
    for name in ("ad1", "ad2", "ad3"):
        project.register(MODEL, name, workspace=workspace)
    workspace.move(workspace.plan_promotion(f"{MODEL}/1", "champion"))
    return project
