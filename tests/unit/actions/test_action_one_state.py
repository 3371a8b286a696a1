"""What is planned is read from one state, whatever others move between two reads of it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from tests.fakes.memory_ledger import MemoryLedger
from tests.unit.actions.stage import CHAMPION, Stage

from ft_registry.actions.authors import check_authors
from ft_registry.actions.past_ledger import present_state
from ft_registry.actions.plan_move import MovePlan, plan_promotion
from ft_registry.actions.projection import project_alias
from ft_registry.actions.resolve import read_alias
from ft_registry.errors import Conflict, Refused
from ft_registry.model import layout
from ft_registry.model.reference import VersionReference

READS = 30
"""More reads of the ledger than a plan takes."""


class BusyLedger(MemoryLedger):
    """Another process moves an alias just before one of the reads."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] | None = None
        self.reads_left = 0

    def head(self) -> str | None:
        self._look()
        return super().head()

    def read_many(self, paths: Any, *, at: str | None = None) -> dict[str, bytes]:
        self._look()
        return super().read_many(paths, at=at)

    def events(self, *paths: str, **options: Any) -> Iterator[Any]:
        self._look()
        return super().events(*paths, **options)

    def _look(self) -> None:
        self.reads_left -= 1
        if self.reads_left < 0 and self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()


def busy(reads: int) -> Stage:
    """Returns a registry whose champion moves from 1 to 2 before so many further reads."""
    stage = Stage(ledger=BusyLedger())
    ready = Stage.with_versions(3)
    stage.ledger._entries = ready.ledger._entries
    stage.models = ready.models
    stage.promote(1)
    stage.ledger.reads_left = reads
    stage.ledger.meanwhile = lambda: stage.promote(2)
    return stage


def plan(stage: Stage) -> MovePlan:
    return plan_promotion(
        stage.ledger, VersionReference("support", 3), "champion", expect=None, reason="r"
    )


@pytest.mark.parametrize("reads", range(READS))
def test_a_move_between_two_reads_is_no_damage_and_no_broken_chain(reads: int) -> None:
    stage = busy(reads)
    planned = plan(stage)
    known = {1: "1", 2: "2"}
    assert planned.previous in known
    with suppress(Conflict):
        stage.apply(planned)
    chain = [
        (logged.event.previous, logged.event.to)
        for logged in stage.ledger.events(layout.alias("support", "champion"))
    ]
    assert [previous for previous, _ in chain] == [None, *(to for _, to in chain[:-1])]


@pytest.mark.parametrize("reads", range(READS))
def test_who_wrote_a_document_is_asked_of_the_state_that_holds_it(reads: int) -> None:
    stage = busy(reads)
    check_authors(stage.ledger, VersionReference("support", 3), CHAMPION)


def test_a_present_state_stays_and_cannot_be_written_to() -> None:
    stage = busy(READS * 10)
    state = present_state(stage.ledger)
    before = state.head()
    stage.promote(3)
    named = read_alias(state, "support", "champion")
    assert (state.head(), named.version if named else None) == (before, 1)
    with pytest.raises(Refused, match="as it was"):
        state.append(None)  # type: ignore[arg-type]


def test_a_move_that_was_overtaken_is_left_to_the_later_one_to_show() -> None:
    stage = Stage.with_versions(3)
    first, second = stage.promote(1), stage.promote(2)
    for moved, wanted in ((first, 0), (second, 1)):
        stage.models.calls.clear()
        notices = project_alias(
            "support", "champion", ledger=stage.ledger, models=stage.models,
            context=stage.context, moved=moved.event,
        )  # fmt: skip
        assert (notices, stage.models.calls.count("set_alias")) == ([], wanted)
    assert stage.models.aliases["support", "champion"] == 2
