"""The check ``lineage``: known, committed, pushed and pinned, back to the weights from outside."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.memory_data import CACHE, STORE
from tests.gates.fact_cases import World, dataset
from tests.unit.values import FOLDER, HOSTED, HUB, WHY, make_record

from ft_registry.actions.checks.lineage import check_lineage
from ft_registry.errors import NotARegistry
from ft_registry.model.policy_checks import LineageCheck
from ft_registry.model.record import VersionBase
from ft_registry.model.snapshot import Dataset, SourceListing

PINNED = HUB.model_copy(update={"revision": "a" * 40})


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def look(world: World, number: int = 1, **asked: bool) -> tuple[str, str]:
    answer = check_lineage(LineageCheck(**asked), world.case(number))
    return answer.outcome, answer.found


def listing(*, versioned: bool) -> SourceListing:
    return SourceListing(
        source="s3://corpora/web", listing="sha256:" + "7" * 64, size=1, nfiles=1,
        versioned=versioned,
    )  # fmt: skip


class TestComplete:
    def test_all_is_known(self, world: World) -> None:
        world.version(1)
        world.version(2)
        assert look(world, 2, complete=True) == (
            "pass", "all is known of support/2, support/1",
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"method": WHY}, "support/1: the method is not known: nobody said"),
            ({"base": WHY}, "support/1: the base is not known: nobody said"),
            ({"data": ()}, "support/1: no training data is on record"),
            ({"data": (dataset("a", "1", sha256=WHY),)}, "the digest of a is not known: nobody"),
        ],
    )
    def test_the_first_gap_is_named(self, world: World, changes: dict[str, Any], told: str) -> None:
        world.version(1, **changes)
        world.version(2)
        outcome, found = look(world, 2, complete=True)
        assert outcome == "fail"
        assert told in found

    def test_gaps_are_counted(self, world: World) -> None:
        world.version(1, method=WHY, base=WHY)
        assert "(and 1 more)" in look(world, complete=True)[1]

    def test_what_was_quantized_needs_no_data(self, world: World) -> None:
        world.version(1)
        world.version(2, data=(), kind="quantized")
        assert look(world, 2, complete=True)[0] == "pass"

    def test_the_versions_of_a_bucket_name_bytes_and_its_marks_do_not(self, world: World) -> None:
        world.version(1, data=(dataset("w", "1", dvc=listing(versioned=True), sha256=WHY),))
        assert look(world, complete=True)[0] == "pass"
        world.version(2, data=(dataset("w", "1", dvc=listing(versioned=False), sha256=WHY),))
        assert look(world, 2, complete=True)[0] == "fail"

    @pytest.mark.parametrize("base", ["support/7", "other/1"])
    def test_an_ancestor_that_is_not_here_breaks_it(self, world: World, base: str) -> None:
        world.version(1, base=VersionBase(version=base, record="sha256:" + "0" * 64))
        for asked in ("complete", "clean", "pushed", "base_pinned"):
            outcome, found = look(world, **{asked: True})
            assert outcome == "fail"
            assert "what support/1 was tuned from" in found


class TestClean:
    def test_no_ancestor_had_changes(self, world: World) -> None:
        dirty = make_record().code.model_copy(update={"dirty": True})
        world.version(1, code=dirty)
        world.version(2)
        outcome, found = look(world, 2, clean=True)
        assert outcome == "fail"
        assert found.startswith("support/1 was registered with uncommitted changes")
        world.version(3, base=PINNED)
        assert look(world, 3, clean=True)[0] == "pass"


class TestPinned:
    @pytest.mark.parametrize(
        ("base", "outcome"),
        [
            (PINNED, "pass"),
            (FOLDER, "pass"),
            (HUB.model_copy(update={"digest": "sha256:" + "1" * 64}), "pass"),
            (HUB, "fail"),
            (HUB.model_copy(update={"revision": WHY}), "fail"),
            (HUB.model_copy(update={"revision": "main"}), "fail"),
            (WHY, "fail"),
            (HOSTED, "inconclusive"),
        ],
    )
    def test_by_a_whole_commit_or_a_digest(self, world: World, base: Any, outcome: str) -> None:
        world.version(1, base=base)
        world.version(2)
        assert look(world, 2, base_pinned=True)[0] == outcome
        assert "of support/1" in look(world, 2, base_pinned=True)[1]


class TestPushed:
    @pytest.fixture
    def data(self, world: World) -> tuple[Dataset, ...]:
        return tuple(
            dataset(path, "1").model_copy(update=dict(world.registry.data.keep(path, content)))
            for path, content in (("a", b"a\n"), ("b", b"b\n"))
        )

    def test_every_dataset_lies_in_a_remote(self, world: World, data: tuple[Dataset, ...]) -> None:
        world.version(1, data=data)
        assert look(world, pushed=True)[0] == "pass"

    def test_the_cache_is_no_remote(self, world: World, data: tuple[Dataset, ...]) -> None:
        world.version(1, data=data[:1])
        world.version(2, data=data[1:])
        del world.registry.data.places[STORE][data[0].key]
        outcome, found = look(world, 2, pushed=True)
        assert outcome == "fail"
        assert "a of support/1 lies in no DVC remote" in found
        assert "dvc push" in found

    def test_without_a_remote_nothing_is_pushed(
        self, world: World, data: tuple[Dataset, ...]
    ) -> None:
        world.version(1, data=data)
        del world.registry.data.places[STORE]
        assert "none is configured" in look(world, pushed=True)[1]

    def test_a_remote_that_is_silent_leaves_it_open(
        self, world: World, data: tuple[Dataset, ...]
    ) -> None:
        world.version(1, data=data)
        world.registry.data.silent = {STORE}
        outcome, found = look(world, pushed=True)
        assert outcome == "inconclusive"
        assert "does not answer" in found
        del world.registry.data.places[CACHE][data[0].key]
        assert look(world, pushed=True)[0] == "inconclusive"

    def test_data_at_its_source_counts_as_there(self, world: World) -> None:
        world.version(1, data=(dataset("w", "1", dvc=listing(versioned=False), sha256=WHY),))
        assert look(world, pushed=True) == ("pass", "w of support/1 stays at its source")

    def test_data_that_is_not_on_record_cannot_be_told(self, world: World) -> None:
        world.version(1, data=())
        assert look(world, pushed=True)[0] == "inconclusive"

    def test_without_a_work_tree_it_cannot_be_told(
        self, world: World, data: tuple[Dataset, ...]
    ) -> None:
        def bare() -> Any:
            raise NotARegistry("expected a work tree, found a bare repository")

        world.version(1, data=data)
        case = world.case()
        case = replace(case, tools=replace(case.tools, evidence=bare))
        assert check_lineage(LineageCheck(pushed=True), case).outcome == "inconclusive"
