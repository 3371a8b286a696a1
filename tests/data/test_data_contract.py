"""What `DataStore` promises of copies holds for DVC and for the fake that actions are tested on."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.cli.project import tree_digests
from tests.data.kept import FILE, FILES, FOLDER, Kept, copy_kept, md5_of
from tests.fakes.memory_data import MemoryData

from ft_registry.errors import BackendUnavailable, IntegrityError, NotARegistry, NotFound, Refused
from ft_registry.model.snapshot import DataContent
from ft_registry.ports.data import DataCopy, DataStore

pytestmark = pytest.mark.integration


class DvcHarness:
    """The real one."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self.contents = {path: kept.content(path) for path in (FILE, FOLDER)}
        self.urls = {name: str(kept.root / name) for name in ("store", "vault")}

    @property
    def data(self) -> DataStore:
        return self.kept.data

    def rewrite(self, place: str, md5: str, content: bytes) -> None:
        self.kept.rewrite(place, md5, content)

    def remove(self, place: str, md5: str) -> None:
        self.kept.place_of(place, md5).unlink()

    def silence(self, place: str) -> None:
        self.urls[place] = "../relative"
        self.kept.configure(**self.urls)

    def leave(self) -> None:
        (self.kept.project.root / ".dvc").rename(self.kept.root / "away")


@dataclass
class MemoryHarness:
    """The fake."""

    data: MemoryData = field(
        default_factory=lambda: MemoryData({"cache": {}, "store": {}, "vault": {}})
    )
    contents: dict[str, DataContent] = field(default_factory=dict)

    def __post_init__(self) -> None:
        train = b'{"prompt": "p"}\n' * 120
        self.contents[FILE] = self.data.keep(FILE, train)
        files = {name: content.encode() for name, content in FILES.items()}
        self.contents[FOLDER] = self.data.keep(FOLDER, files)

    def rewrite(self, place: str, md5: str, content: bytes) -> None:
        self.data.places[place][md5] = content

    def remove(self, place: str, md5: str) -> None:
        del self.data.places[place][md5]

    def silence(self, place: str) -> None:
        self.data.silent.add(place)

    def leave(self) -> None:
        self.data.nowhere = "expected a DVC project, found none"


Harness = DvcHarness | MemoryHarness
PLACES = ("cache", "store", "vault")
A = md5_of(FILES["a.jsonl"])
B = md5_of(FILES["deep/er/b.jsonl"])


@pytest.fixture(params=["dvc", "memory"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Harness:
    if request.param == "memory":
        return MemoryHarness()
    return DvcHarness(copy_kept(request.getfixturevalue("kept_template"), tmp_path / "kept"))


def states(copies: list[DataCopy]) -> list[str]:
    return [copy.state for copy in copies]


def copies(harness: Harness, path: str) -> list[DataCopy]:
    found = harness.data.copies(harness.contents[path], depth="full")
    # Of the same length or not, the damage here is found by both.
    fast = harness.data.copies(harness.contents[path], depth="fast")
    assert [(copy.place, copy.state) for copy in fast] == [(c.place, c.state) for c in found]
    return found


@pytest.mark.parametrize("path", [FILE, FOLDER])
def test_every_place_that_has_all_of_it_is_ok(harness: Harness, path: str) -> None:
    found = copies(harness, path)
    assert states(found) == ["ok", "ok", "ok"]
    assert not any(copy.faults or copy.reason for copy in found)
    for copy, place in zip(found, PLACES, strict=True):
        assert place in copy.place


@pytest.mark.parametrize("place", PLACES)
def test_a_damaged_file_is_named_with_what_was_found(harness: Harness, place: str) -> None:
    md5 = harness.contents[FILE].dvc.md5
    harness.rewrite(place, md5, b"other")
    damaged = copies(harness, FILE)[PLACES.index(place)]
    (fault,) = damaged.faults
    assert (damaged.state, fault.name, fault.state) == ("damaged", md5, "changed")
    assert md5 in fault.expected
    assert md5_of("other") in fault.found


def test_damage_to_a_file_of_a_folder_is_told_for_exactly_that_file(harness: Harness) -> None:
    harness.rewrite("store", B, b"other")
    found = copies(harness, FOLDER)
    assert states(found) == ["ok", "damaged", "ok"]
    (fault,) = found[1].faults
    assert (fault.name, fault.state) == ("deep/er/b.jsonl", "changed")
    assert B in fault.expected
    assert md5_of("other") in fault.found


def test_an_object_of_two_files_is_both_files_damage(harness: Harness) -> None:
    harness.rewrite("vault", A, b"other")
    assert [fault.name for fault in copies(harness, FOLDER)[2].faults] == ["a.jsonl", "twin.jsonl"]


def test_a_copy_in_parts_is_absent_and_says_what_is_missing(harness: Harness) -> None:
    harness.remove("store", B)
    found = copies(harness, FOLDER)
    assert states(found) == ["ok", "absent", "ok"]
    assert [(fault.name, fault.state) for fault in found[1].faults] == [
        ("deep/er/b.jsonl", "missing")
    ]


@pytest.mark.parametrize("path", [FILE, FOLDER])
def test_what_names_the_whole_being_gone_is_told_by_its_object(harness: Harness, path: str) -> None:
    md5 = harness.contents[path].dvc.md5
    harness.remove("vault", md5)
    found = copies(harness, path)
    assert states(found) == ["ok", "ok", "absent"]
    assert [(fault.name, fault.state) for fault in found[2].faults] == [(md5, "missing")]


def test_a_damaged_listing_is_told_by_its_object(harness: Harness) -> None:
    md5 = harness.contents[FOLDER].dvc.md5
    harness.rewrite("cache", md5, json.dumps([{"md5": A, "relpath": "../../evil"}]).encode())
    found = copies(harness, FOLDER)
    assert states(found) == ["damaged", "ok", "ok"]
    assert [(fault.name, fault.state) for fault in found[0].faults] == [(md5, "changed")]


def test_a_place_that_does_not_answer_is_unknown_with_a_reason(harness: Harness) -> None:
    harness.silence("store")
    found = copies(harness, FILE)
    assert states(found) == ["ok", "unknown", "ok"]
    assert found[1].reason


def test_without_a_project_there_is_one_copy_of_unknown_state(harness: Harness) -> None:
    harness.leave()
    (only,) = copies(harness, FILE)
    assert only.state == "unknown"
    assert "DVC project" in only.reason


@pytest.mark.parametrize("path", [FILE, FOLDER])
def test_what_is_brought_is_what_was_tracked(harness: Harness, path: str, tmp_path: Path) -> None:
    into = tmp_path / "new" / "place"
    place = harness.data.bring(path, harness.contents[path].dvc.md5, into)
    assert place == copies(harness, path)[0].place
    if path == FILE:
        assert md5_of(into.read_bytes()) == harness.contents[FILE].dvc.md5
    else:
        for name, content in FILES.items():
            assert (into / name).read_bytes() == content.encode()
        assert len([file for file in into.rglob("*") if file.is_file()]) == len(FILES)


Break = Callable[[Harness, str, str], None]


def damaged(harness: Harness, place: str, md5: str) -> None:
    harness.rewrite(place, md5, b"other")


def gone(harness: Harness, place: str, md5: str) -> None:
    harness.remove(place, md5)


@pytest.mark.parametrize("how", [damaged, gone])
@pytest.mark.parametrize("path", [FILE, FOLDER])
def test_the_next_place_helps_out(harness: Harness, path: str, how: Break, tmp_path: Path) -> None:
    md5 = harness.contents[path].dvc.md5
    how(harness, "cache", md5)
    how(harness, "store", md5)
    vault = copies(harness, path)[2].place
    assert vault in harness.data.bring(path, md5, tmp_path / "new")


@pytest.mark.parametrize(
    ("breaks", "error"),
    [
        ((gone, gone, gone), NotFound),
        ((damaged, damaged, damaged), IntegrityError),
        ((damaged, gone, gone), IntegrityError),
    ],
)
@pytest.mark.parametrize("path", [FILE, FOLDER])
def test_when_no_place_has_it_the_error_names_all(
    harness: Harness, path: str, breaks: tuple[Break, ...], error: type[Exception], tmp_path: Path
) -> None:
    md5 = harness.contents[path].dvc.md5
    for place, how in zip(PLACES, breaks, strict=True):
        how(harness, place, md5)
    with pytest.raises(error) as caught:
        harness.data.bring(path, md5, tmp_path / "deep" / "new")
    assert all(copy.place in str(caught.value) for copy in copies(harness, path))
    assert not (tmp_path / "deep").exists()


def test_what_may_be_in_a_silent_remote_is_not_called_lost(
    harness: Harness, tmp_path: Path
) -> None:
    md5 = harness.contents[FILE].dvc.md5
    damaged(harness, "cache", md5)
    gone(harness, "vault", md5)
    harness.silence("store")
    with pytest.raises(BackendUnavailable):
        harness.data.bring(FILE, md5, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_nothing_is_put_over_what_is_there(harness: Harness, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    before = tree_digests(tmp_path)
    with pytest.raises(Refused):
        harness.data.bring(FILE, harness.contents[FILE].dvc.md5, tmp_path / "there")
    assert tree_digests(tmp_path)["there"] == before["there"]


def test_nothing_is_brought_without_a_project(harness: Harness, tmp_path: Path) -> None:
    harness.leave()
    with pytest.raises(NotARegistry):
        harness.data.bring(FILE, harness.contents[FILE].dvc.md5, tmp_path / "new")
