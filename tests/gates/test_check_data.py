"""The check ``data``: how much, how sound, and how far it holds what the version is measured on."""

from pathlib import Path

import pytest
from tests.gates.fact_cases import World, dataset, profile

from ft_registry.actions.checks.data import check_data
from ft_registry.model import layout
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import PublicSet
from ft_registry.model.examples import ExampleIndex
from ft_registry.model.policy_checks import DataCheck
from ft_registry.model.record import VersionBase
from ft_registry.model.snapshot import LateIndex, SourceListing

NOT_COUNTED = Unknown(unknown="nobody counted")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


class TestHowMuch:
    def test_the_versions_own_data_counts_together(self, world: World) -> None:
        both = (dataset("a", "1", rows=60), dataset("b", "2", rows=40, role="preference"))
        world.version(1, data=(dataset("c", "3", rows=900),))
        world.version(2, data=both)
        assert check_data(DataCheck(min_examples=100), world.case(2)).outcome == "pass"
        short = check_data(DataCheck(min_examples=101), world.case(2))
        assert short.outcome == "fail"
        assert short.found == "100 examples in a of support/2, b of support/2, 101 are asked for"

    def test_data_that_others_were_prepared_from_counts_only_alone(self, world: World) -> None:
        raw = dataset("raw", "1", rows=900, role="source")
        world.version(1, data=(raw, dataset("a", "2", rows=10)))
        world.version(2, data=(raw,))
        check = DataCheck(min_examples=11)
        assert check_data(check, world.case(1)).outcome == "fail"
        assert check_data(check, world.case(2)).outcome == "pass"

    def test_what_nobody_counted_may_be_enough(self, world: World) -> None:
        world.version(1, data=(dataset("a", "1", rows=60), dataset("b", "2", rows=NOT_COUNTED)))
        assert check_data(DataCheck(min_examples=60), world.case()).outcome == "pass"
        open_ = check_data(DataCheck(min_examples=61), world.case())
        assert open_.outcome == "inconclusive"
        assert "b of support/1" in open_.found
        assert "data snapshot" in open_.found

    def test_without_data_on_record_nothing_can_be_told(self, world: World) -> None:
        world.version(1, data=())
        for check in (DataCheck(min_examples=1), DataCheck(max_faults=0)):
            answer = check_data(check, world.case())
            assert answer.outcome == "inconclusive"
            assert "register --data" in answer.found

    def test_what_was_merged_was_trained_before(self, world: World) -> None:
        world.version(1, data=(dataset("a", "1", rows=60),))
        world.version(2, data=(), kind="merged")
        assert check_data(DataCheck(min_examples=60), world.case(2)).outcome == "pass"


class TestHowSound:
    def test_each_dataset_of_each_ancestor_counts(self, world: World) -> None:
        world.version(1, data=(dataset("a", "1", profile=profile(9, nan=2, bom=1)),))
        world.version(2, data=(dataset("b", "2", profile=profile(9, nan=1)),))
        assert check_data(DataCheck(max_faults=3), world.case(2)).outcome == "pass"
        answer = check_data(DataCheck(max_faults=2), world.case(2))
        assert answer.outcome == "fail"
        assert "3 faults in a of support/1 (bom 1, nan 2)" in answer.found
        assert "b of" not in answer.found

    def test_the_share_of_duplicates_is_exact(self, world: World) -> None:
        world.version(1, data=(dataset("a", "1", profile=profile(30, duplicates=3)),))
        assert check_data(DataCheck(max_duplicates=0.1), world.case()).outcome == "pass"
        answer = check_data(DataCheck(max_duplicates=0.09), world.case())
        assert answer.outcome == "fail"
        assert "3 of 30 examples" in answer.found
        assert "9.00%" in answer.found

    def test_a_profile_that_came_later_counts(self, world: World) -> None:
        data = dataset("data/train.jsonl", "1")
        world.version(1, data=(data,))
        world.snapshot("train", "1", profile=profile(9, nan=1))
        assert check_data(DataCheck(max_faults=0), world.case()).outcome == "fail"

    def test_without_a_profile_it_is_open_unless_another_breaks_it(self, world: World) -> None:
        bad = dataset("b", "2", profile=profile(9, nan=1))
        world.version(1, data=(dataset("a", "1"), bad))
        for check in (DataCheck(max_faults=1), DataCheck(max_duplicates=0)):
            assert check_data(check, world.case()).outcome == "inconclusive"
        assert check_data(DataCheck(max_faults=0), world.case()).outcome == "fail"

    def test_an_ancestor_that_is_another_by_now_is_damage(self, world: World) -> None:
        first = world.version(1, data=(dataset("a", "1", profile=profile(9)),))
        wrong = VersionBase(version="support/1", record="sha256:" + "0" * 64)
        world.version(2, data=first.data, base=wrong)
        answer = check_data(DataCheck(max_faults=0), world.case(2))
        assert answer.outcome == "fail"
        assert "support/1 with the record sha256:000" in answer.found

    def test_an_ancestor_that_is_not_here_leaves_it_open(self, world: World) -> None:
        gone = VersionBase(version="other/1", record="sha256:" + "0" * 64)
        world.version(1, data=(dataset("a", "1", profile=profile(9)),), base=gone)
        assert check_data(DataCheck(max_faults=0), world.case()).outcome == "inconclusive"


EXACT, NORMAL, PROMPT, OTHER = (1, 11, 111), (2, 12, 112), (3, 13, 113), (4, 14, 114)
TEST = [EXACT, NORMAL, PROMPT, OTHER]
TRAIN = [EXACT, (90, 12, 112), (91, 92, 113), (95, 96, 97)]
"""One example of the test set as it is, one but for spacing, one with another answer."""


def overlap(world: World, most: int = 0, number: int = 1, **fields: object) -> tuple[str, str]:
    check = DataCheck(overlap_with_evaluation=most, **fields)  # type: ignore[arg-type]
    answer = check_data(check, world.case(number))
    return answer.outcome, answer.found


class TestOverlap:
    def test_counts_what_is_as_close_as_asked(self, world: World) -> None:
        world.version(1, data=(dataset("data/train.jsonl", "1"),))
        world.snapshot("train", "1", TRAIN)
        world.evaluation(1, on=world.snapshot("test", "2", TEST))
        for match, count in (("exact", 1), ("normal", 2), ("prompt", 3)):
            assert overlap(world, count, match=match)[0] == "pass"
            outcome, found = overlap(world, count - 1, match=match)
            assert outcome == "fail"
            assert f"{count} of 4 of test@222222222222" in found
        assert "1 exact, 1 normal, 1 prompt) in data/train.jsonl of support/1" in found
        assert "ft-registry data overlap support/1 test" in found

    def test_ancestors_count_and_no_example_twice(self, world: World) -> None:
        world.version(1, data=(dataset("data/old.jsonl", "1"),))
        world.version(2, data=(dataset("data/new.jsonl", "3"),))
        world.snapshot("old", "1", [EXACT, NORMAL])
        world.snapshot("new", "3", [EXACT])
        world.evaluation(2, on=world.snapshot("test", "2", TEST))
        assert overlap(world, 2, 2)[0] == "pass"
        outcome, found = overlap(world, 1, 2)
        assert outcome == "fail"
        assert "data/new.jsonl of support/2, data/old.jsonl of support/1" in found

    def test_only_the_suites_that_are_named(self, world: World) -> None:
        world.version(1, data=(dataset("data/train.jsonl", "1"),))
        world.snapshot("train", "1", TRAIN)
        world.evaluation(1, on=world.snapshot("test", "2", TEST))
        world.evaluation(1, suite="clean", origin="sha256:" + "c" * 64,
                         on=world.snapshot("clean", "3", [OTHER]))  # fmt: skip
        assert overlap(world)[0] == "fail"
        assert overlap(world, suites=("clean",))[0] == "pass"
        outcome, found = overlap(world, suites=("clean", "absent"))
        assert outcome == "inconclusive"
        assert "no evaluation of absent" in found

    def test_an_evaluation_that_was_corrected_does_not_count(self, world: World) -> None:
        world.version(1, data=(dataset("data/train.jsonl", "1"),))
        world.snapshot("train", "1", TRAIN)
        old = world.evaluation(1, on=world.snapshot("test", "2", TEST))
        world.evaluation(1, origin="sha256:" + "c" * 64, supersedes=(old.id,),
                         on=world.snapshot("clean", "3", [OTHER]))  # fmt: skip
        assert overlap(world)[0] == "pass"

    def test_the_evaluations_are_what_a_verdict_rests_on(self, world: World) -> None:
        world.version(1, data=(dataset("data/train.jsonl", "1"),))
        world.snapshot("train", "1", TRAIN)
        found = world.evaluation(1, on=world.snapshot("test", "2", TEST))
        case = world.case()
        check_data(DataCheck(overlap_with_evaluation=9), case)
        (use,) = case.uses.evaluations.values()
        assert (use.digest, use.data) == (found.digest, f"test@{'2' * 32}")

    def test_what_has_no_index_is_open(self, world: World) -> None:
        world.version(1, data=(dataset("data/train.jsonl", "1"),))
        world.snapshot("train", "1")
        world.evaluation(1, on=world.snapshot("test", "2", TEST))
        outcome, found = overlap(world)
        assert outcome == "inconclusive"
        assert "train@111111111111 with an index" in found
        assert "data snapshot data/train.jsonl makes one" in found

    def test_what_is_known_breaks_whatever_else_is_open(self, world: World) -> None:
        both = (dataset("data/a.jsonl", "1"), dataset("data/b.jsonl", "3"))
        world.version(1, data=both)
        world.snapshot("a", "1", TRAIN)
        world.evaluation(1, on=world.snapshot("test", "2", TEST))
        outcome, found = overlap(world)
        assert outcome == "fail"
        assert "not known: data/b.jsonl of support/1 has no snapshot" in found
        assert overlap(world, 9)[0] == "inconclusive"

    def test_hashes_of_two_secrets_are_open_unless_others_are_there(self, world: World) -> None:
        world.version(1, data=(dataset("data/train.jsonl", "1"),))
        world.snapshot("train", "1", TRAIN, key="0123")
        world.evaluation(1, on=world.snapshot("test", "2", TEST))
        outcome, found = overlap(world)
        assert outcome == "inconclusive"
        assert "made with the secret 0123" in found
        world.snapshot("keyed", "2", TEST, key="0123")
        assert overlap(world)[0] == "fail"

    def test_training_on_the_test_set_needs_no_index_to_be_told(self, world: World) -> None:
        world.version(1, data=(dataset("data/train.jsonl", "2"),))
        world.evaluation(1, on=world.snapshot("test", "2"))
        outcome, found = overlap(world)
        assert outcome == "fail"
        assert "all of test@222222222222" in found

    @pytest.mark.parametrize(
        ("on", "told"),
        [
            (PublicSet(name="openai/gsm8k", revision="a" * 40), "openai/gsm8k@aaaaaaaaaaaa"),
            (None, "no dataset was named"),
        ],
    )
    def test_what_is_no_snapshot_is_open(
        self, world: World, on: PublicSet | None, told: str
    ) -> None:
        world.version(1, data=(dataset("data/train.jsonl", "1"),))
        world.snapshot("train", "1", TRAIN)
        world.evaluation(1, on=on)
        outcome, found = overlap(world)
        assert outcome == "inconclusive"
        assert told in found

    def test_without_evaluations_it_is_open(self, world: World) -> None:
        world.version(1, data=(dataset("data/train.jsonl", "1"),))
        assert overlap(world)[0] == "inconclusive"

    def test_an_evaluation_that_cannot_be_read_breaks_it(self, world: World) -> None:
        world.version(1, data=(dataset("data/train.jsonl", "1"),))
        world.registry.write({layout.evaluation("support", 1, "dates-0"): b"{}"})
        assert overlap(world)[0] == "fail"

    def test_examples_that_could_not_be_read_are_open(self, world: World) -> None:
        world.version(1, data=(dataset("data/train.jsonl", "1"),))
        world.snapshot("train", "1", TRAIN, profile=profile(6, not_json=2))
        world.evaluation(1, on=world.snapshot("test", "2", TEST, profile=profile(4)))
        outcome, found = overlap(world, 9)
        assert outcome == "inconclusive"
        assert "2 examples of data/train.jsonl of support/1 could not be read" in found
        assert overlap(world)[0] == "fail"

    def test_a_lost_index_is_open(self, world: World) -> None:
        world.version(1, data=(dataset("data/train.jsonl", "1"),))
        world.snapshot("train", "1", TRAIN)
        world.evaluation(1, on=world.snapshot("test", "2", TEST))
        for file in (world.root / "examples").rglob("*"):
            if file.is_file():
                file.write_bytes(b"")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(world.indexes, "_bring", lambda path, md5, into: into.write_bytes(b""))
            assert overlap(world)[0] == "inconclusive"

    def test_an_index_that_came_later_counts(self, world: World) -> None:
        world.version(1, data=(dataset("data/train.jsonl", "1"),))
        bare = world.snapshot("train", "1")
        indexed = world.snapshot("other", "9", TRAIN).examples
        assert isinstance(indexed, ExampleIndex)
        late = LateIndex(
            name="train", key="1" * 32, snapshot=bare.digest, examples=indexed, profile=None,
            since=bare.taken_at, by=bare.taken_by,
        )  # fmt: skip
        world.registry.write({layout.late_index("train", "1" * 32): late.to_bytes()})
        world.evaluation(1, on=world.snapshot("test", "2", TEST))
        assert overlap(world)[0] == "fail"


def test_a_listing_can_be_named_too(world: World) -> None:
    listing = SourceListing(
        source="s3://corpora/web", listing="sha256:" + "7" * 64, size=1, nfiles=1, versioned=True
    )
    world.version(1, data=(dataset("web", "1", dvc=listing, sha256=NOT_COUNTED, rows=NOT_COUNTED),))
    world.evaluation(1, on=world.snapshot("test", "2", TEST))
    outcome, found = overlap(world)
    assert outcome == "inconclusive"
    assert "web of support/1" in found
