"""Approving: what somebody else does meanwhile, and versions that cannot serve."""

from pathlib import Path

import pytest
from tests.gates.fact_cases import World
from tests.unit.actions.stage import make_context

from ft_registry.actions.approve import approve
from ft_registry.actions.standings import make_standing
from ft_registry.errors import Conflict, Refused
from ft_registry.model import layout
from ft_registry.model.reference import VersionReference

FIRST = VersionReference("support", 1)


@pytest.fixture
def world(tmp_path: Path) -> World:
    found = World(tmp_path)
    found.version(1)
    return found


def test_a_record_that_changed_meanwhile_is_not_approved(world: World) -> None:
    path = layout.version("support", 1)
    content = world.ledger.read(path)
    assert content is not None
    world.ledger.before_append = lambda: world.registry.write({path: content + b"\n"})
    with pytest.raises(Conflict, match="has just changed"):
        approve(FIRST, reason="", ledger=world.ledger, context=make_context())
    assert world.ledger.paths(layout.approvals("support", 1)) == []


def test_the_same_person_elsewhere_came_first(world: World) -> None:
    def elsewhere() -> None:
        approve(FIRST, reason="there", ledger=world.ledger, context=make_context())

    world.ledger.before_append = elsewhere
    with pytest.raises(Conflict):
        approve(FIRST, reason="here", ledger=world.ledger, context=make_context())
    again = approve(FIRST, reason="here", ledger=world.ledger, context=make_context())
    assert (again.changed, again.approval.reason) == (False, "there")


def test_a_version_that_was_deleted_is_not_approved(world: World) -> None:
    standing = make_standing(
        FIRST, "deleted", record=world.case().filed.digest, alias=None, reason="gone",
        context=make_context(),
    )  # fmt: skip
    world.registry.write(standing)
    with pytest.raises(Refused, match="called deleted by Ada"):
        approve(FIRST, reason="", ledger=world.ledger, context=make_context())
