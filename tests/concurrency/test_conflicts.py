"""What comes second: a command that was begun before another one, and ends after it.

The rows are the second operation, the columns the one that was quicker. Each pair is planned before
and applied after the first, as when two people act at the same moment.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import Project
from tests.concurrency.movers import MODEL, make_three, opened

from ft_registry.actions.capture import Registration
from ft_registry.backends.mlflow.connection import connect
from ft_registry.errors import Conflict, FtRegistryError, GateRefused, IntegrityError
from ft_registry.model import layout
from ft_registry.workspace import Workspace

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Act:
    """An operation in its two halves: what is read, and what is done by it."""

    plan: Callable[[Project, Workspace], Any]
    apply: Callable[[Workspace, Any], Any]


def _register(project: Project, workspace: Workspace) -> Any:
    request = Registration(model=MODEL, path=project.root / "ad4")
    return workspace.plan_registration(request, cwd=project.root)


def _promotion(number: int, alias: str) -> Act:
    return Act(
        lambda _, workspace: workspace.plan_promotion(f"{MODEL}/{number}", alias),
        lambda workspace, plan: workspace.move(plan),
    )


def _rollback(to: int | None) -> Act:
    return Act(
        lambda _, workspace: workspace.plan_rollback(f"{MODEL}@champion", to=to, reason="worse"),
        lambda workspace, plan: workspace.move(plan),
    )


def _delete(workspace: Workspace, _plan: object) -> Any:
    """Deletes a version by hand, and says so on record."""
    client = connect(workspace.mlflow)
    if any(one.version in ("3", 3) for one in client.search_model_versions(f"name = '{MODEL}'")):
        client.delete_model_version(MODEL, "3")
    done = workspace.sync(workspace.plan_sync("adopt"))
    if done.failure is not None:
        raise done.failure
    return done


ACTS = {
    "register": Act(_register, lambda workspace, plan: workspace.register(plan)),
    "promote": _promotion(3, "champion"),
    "promote another": _promotion(2, "stable"),
    "delete": Act(lambda _project, _workspace: None, _delete),
    "rollback": _rollback(1),
}

OK = None
# A rollback calls bad what it leaves: here the version that another alias is to name.
# fmt: off
MATRIX: dict[str, dict[str, type[FtRegistryError] | None]] = {
    #                   the one that was quicker
    "register":        {"register": OK, "promote": OK, "promote another": OK,
                        "delete": OK, "rollback": OK},
    "promote":         {"register": OK, "promote": Conflict, "promote another": OK,
                        "delete": IntegrityError, "rollback": Conflict},
    "promote another": {"register": OK, "promote": OK, "promote another": Conflict,
                        "delete": OK, "rollback": Conflict},
    "delete":          {"register": OK, "promote": Conflict, "promote another": OK,
                        "delete": OK, "rollback": OK},
    "rollback":        {"register": OK, "promote": Conflict, "promote another": OK,
                        "delete": OK, "rollback": Conflict},
}
# fmt: on


def make_race(folder: Path, fresh: Path) -> None:
    """Makes a registry of three versions whose champion came from 1 to 2; a fourth is ready."""
    project = make_three(folder, fresh)
    project.adapter("ad4")
    workspace = opened(folder, {})
    workspace.move(workspace.plan_promotion(f"{MODEL}/2", "champion"))


@pytest.fixture
def race(
    built_once: Callable[[str, Callable[[Path], None]], Path],
    fresh_template: Path,
    tmp_path: Path,
) -> Project:
    template = built_once("race", lambda folder: make_race(folder, fresh_template))
    return Project.copy(template, tmp_path / "project")


@pytest.mark.parametrize(
    ("second", "first"), [(second, first) for second, row in MATRIX.items() for first in row]
)
def test_what_comes_second_ends_as_the_matrix_says(race: Project, second: str, first: str) -> None:
    one, two = opened(race.root, {}), opened(race.root, {})
    slow, quick = ACTS[second], ACTS[first]
    planned = slow.plan(race, two)
    quick.apply(one, quick.plan(race, one))
    before = race.head()
    expected = MATRIX[second][first]
    if expected is None:
        slow.apply(two, planned)
    else:
        with pytest.raises(expected):
            slow.apply(two, planned)
        assert race.head() == before, "what was refused is on record"
    _check(race)


def _check(race: Project) -> None:
    """Holds what must be true after any race."""
    workspace = opened(race.root, {})
    events = [one.event for one in workspace.ledger.events(layout.alias(MODEL, "champion"))]
    named = [event.to for event in events]
    assert [event.previous for event in events] == [None, *named[:-1]]
    registered = [row.artifact for row in workspace.list_versions(MODEL)]
    assert len(set(registered)) == len(registered), "the same weights are two versions"
    deleted = {row.version for row in workspace.list_versions(MODEL) if row.standing == "deleted"}
    assert named[-1] not in deleted, "an alias names what was given up"
    if "version_deleted" not in {one.kind for one in workspace.status().drift}:
        shown = connect(workspace.mlflow).get_registered_model(MODEL).aliases
        assert int(shown["champion"]) == named[-1]


def test_who_was_quicker_is_named(race: Project) -> None:
    one, two = opened(race.root, {}), opened(race.root, {})
    planned = two.plan_promotion(f"{MODEL}/3", "champion")
    one.move(one.plan_promotion(f"{MODEL}/1", "champion", reason="it is calmer"))
    with pytest.raises(Conflict) as caught:
        two.move(planned)
    assert caught.value.exit_code == 5
    words = (
        "expected m@champion at version 2, found version 1, moved there by Ada <ada@example.org>"
    )
    assert caught.value.message.startswith(words)
    assert caught.value.message.endswith("it is calmer")


def test_what_was_deleted_and_adopted_is_refused_by_a_later_promotion(race: Project) -> None:
    workspace = opened(race.root, {})
    _delete(workspace, None)
    with pytest.raises(GateRefused, match="called deleted"):
        workspace.plan_promotion(f"{MODEL}/3", "champion")
