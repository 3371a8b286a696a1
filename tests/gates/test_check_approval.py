"""The check ``approval``: which approvals count, and how often."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.gates.fact_cases import NOW, World
from tests.unit.actions.stage import make_context
from tests.unit.values import ADA, sha

from ft_registry.actions.approve import approve, withdraw
from ft_registry.actions.checks.approval import check_approval
from ft_registry.actions.events import make_event
from ft_registry.model import layout
from ft_registry.model.approval import Approval
from ft_registry.model.origin import Actor
from ft_registry.model.policy_checks import ApprovalCheck
from ft_registry.model.reference import VersionReference
from ft_registry.model.time import timestamp
from ft_registry.ports.context import Context
from ft_registry.ports.ledger import Change

FIRST = VersionReference("support", 1)
BOB, EVE = Actor(name="Bob", email="bob@example.org"), Actor(name="Eve", email="eve@example.org")


@pytest.fixture
def world(tmp_path: Path) -> World:
    found = World(tmp_path)
    found.version(1)  # registered by Ada
    return found


def acting(actor: Actor) -> Context:
    return replace(make_context(), actor=actor)


def approved(world: World, *people: Actor) -> None:
    for actor in people:
        context = acting(actor)
        approve(FIRST, reason="", ledger=world.ledger, context=context)


def look(world: World, **asked: object) -> tuple[str, str]:
    answer = check_approval(ApprovalCheck(**asked), world.case())  # type: ignore[arg-type]
    return answer.outcome, answer.found


def by_event_of(world: World, actor: Actor, approval: Approval, *, path: str = "") -> None:
    """Writes an approval with an event of somebody."""
    place = path or layout.approval("support", 1, approval.id)
    event = make_event(acting(actor), "approve", "approve support/1")
    world.ledger.append(Change(event=event, documents={place: approval.to_bytes()}))


def an_approval(world: World, by: Actor, record: str = "") -> Approval:
    return Approval(
        model="support", version=1, record=record or world.case().filed.digest, by=by,
        at=timestamp(NOW), host="bench",
    )  # fmt: skip


def test_enough_people_have_to(world: World) -> None:
    outcome, found = look(world)
    assert outcome == "fail"
    assert found == "approved by nobody; 1 more: ft-registry approve support/1"
    approved(world, BOB)
    assert look(world) == ("pass", "approved by Bob <bob@example.org>")
    assert look(world, count=2)[0] == "fail"
    approved(world, EVE)
    assert look(world, count=2)[0] == "pass"


def test_each_person_counts_once(world: World) -> None:
    approved(world, BOB, Actor(name="Robert", email="BOB@example.org"))
    assert look(world, count=2)[0] == "fail"


def test_whoever_registered_does_not_count_unless_told(world: World) -> None:
    approved(world, Actor(name="A", email=ADA.email.upper()))
    outcome, found = look(world)
    assert outcome == "fail"
    assert "A <ADA@EXAMPLE.ORG> registered it" in found
    assert look(world, not_author=False)[0] == "pass"


def test_only_those_who_are_named(world: World) -> None:
    approved(world, BOB)
    assert look(world, of=("eve@example.org",))[0] == "fail"
    assert look(world, of=("eve@example.org", "Bob@Example.org"))[0] == "pass"


def test_what_was_taken_back_does_not_count(world: World) -> None:
    approved(world, BOB)
    withdraw(FIRST, reason="", ledger=world.ledger, context=acting(BOB))
    assert look(world)[0] == "fail"
    approved(world, BOB)
    assert look(world)[0] == "pass"


def test_of_another_record_it_does_not_count(world: World) -> None:
    by_event_of(world, BOB, an_approval(world, BOB, sha("0")))
    assert look(world)[0] == "fail"


def test_what_the_event_of_another_person_wrote_does_not_count(world: World) -> None:
    by_event_of(world, EVE, an_approval(world, BOB))
    outcome, found = look(world)
    assert outcome == "fail"
    assert "that of Bob <bob@example.org> does not count" in found


def test_at_another_place_it_does_not_count(world: World) -> None:
    path = layout.approval("support", 1, "0123456789abcdef")
    by_event_of(world, BOB, an_approval(world, BOB), path=path)
    assert look(world)[0] == "fail"


def test_those_that_count_are_what_a_verdict_rests_on(world: World) -> None:
    approved(world, ADA, BOB)
    case = world.case()
    check_approval(ApprovalCheck(), case)
    (path,) = case.uses.approvals
    content = world.ledger.read(path)
    assert content is not None
    found = Approval.parse(content, what=path)
    assert (found.by, case.uses.approvals[path]) == (BOB, found.digest)


def test_a_document_that_is_no_approval_breaks_it(world: World) -> None:
    approved(world, BOB)
    path = layout.approval("support", 1, "0123456789abcdef")
    event = make_event(acting(BOB), "approve", "approve support/1")
    world.ledger.append(Change(event=event, documents={path: b"{}"}))
    assert look(world)[0] == "fail"
