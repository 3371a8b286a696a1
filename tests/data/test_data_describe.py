"""Describing data reads every byte: of the work tree, or of a revision's objects in the cache."""

import json
from hashlib import md5
from pathlib import Path

import pytest
from tests.cli.project import Project, jsonl

from ft_registry.errors import IntegrityError, InvalidInput, NotFound, Refused
from ft_registry.ports.data import TrackedData

pytestmark = pytest.mark.integration

TRAIN = "data/train.jsonl"


def describe(project: Project, path: str = TRAIN, *, rev: str | None = None) -> TrackedData:
    return project.workspace().data.describe(project.root / path, rev=rev)


@pytest.fixture
def tracked(project: Project) -> Project:
    """A file and a folder, tracked at the tag v1."""
    project.write("prefs/a.jsonl", jsonl(3, word="a"))
    project.write("prefs/deep/b.jsonl", jsonl(4, word="b"))
    project.workspace().datasets.snapshot(project.root / TRAIN)
    project.workspace().datasets.snapshot(project.root / "prefs")
    project.git("tag", "v1")
    return project


def damage(cached: Path, content: bytes) -> None:
    cached.chmod(0o644)
    cached.write_bytes(content)
    cached.chmod(0o444)


@pytest.mark.parametrize("path", [TRAIN, "prefs"])
def test_data_is_described_from_the_work_tree(tracked: Project, path: str) -> None:
    found = describe(tracked, path)
    assert found.pointer == f"{path}.dvc"
    assert found.content.rows == {TRAIN: 120, "prefs": 7}[path]


@pytest.mark.parametrize("path", [TRAIN, "prefs", "prefs/a.jsonl"])
def test_a_revision_is_described_from_the_cache_when_the_work_tree_has_moved_on(
    tracked: Project, path: str
) -> None:
    before = describe(tracked, path)
    for file in (TRAIN, "prefs/a.jsonl"):
        tracked.write(file, jsonl(9, word="later"))
    tracked.workspace().datasets.snapshot(tracked.root / TRAIN)
    tracked.workspace().datasets.snapshot(tracked.root / "prefs")
    assert describe(tracked, path).content != before.content
    assert describe(tracked, path, rev="v1") == before


def test_data_that_is_not_checked_out_is_described_from_the_cache(tracked: Project) -> None:
    before = describe(tracked)
    (tracked.root / TRAIN).unlink()
    assert describe(tracked) == before


def test_a_file_of_a_tracked_folder_has_its_own_hash(tracked: Project) -> None:
    found = describe(tracked, "prefs/deep/b.jsonl")
    content = (tracked.root / "prefs/deep/b.jsonl").read_bytes()
    assert found.content.dvc.md5 == md5(content, usedforsecurity=False).hexdigest()
    assert found.pointer == "prefs.dvc"


def test_what_was_edited_since_the_snapshot_is_told_with_both_hashes(tracked: Project) -> None:
    before = describe(tracked).content.dvc.md5
    content = tracked.write(TRAIN, jsonl(1)).read_bytes()
    with pytest.raises(IntegrityError) as caught:
        describe(tracked)
    assert before in caught.value.message
    assert md5(content, usedforsecurity=False).hexdigest() in caught.value.message
    assert f"ft-registry data snapshot {TRAIN}" in caught.value.hints[0]
    assert f"dvc checkout {TRAIN}" in caught.value.hints[1]


def test_an_edited_folder_is_told_with_the_files_that_differ(tracked: Project) -> None:
    tracked.write("prefs/deep/b.jsonl", jsonl(1))
    tracked.write("prefs/new.jsonl", jsonl(1))
    with pytest.raises(IntegrityError, match=r"differing files: deep/b.jsonl, new.jsonl"):
        describe(tracked, "prefs")


def test_a_file_that_came_into_a_tracked_folder_later_is_told(tracked: Project) -> None:
    tracked.write("prefs/new.jsonl", jsonl(1))
    with pytest.raises(NotFound, match="lists no such file"):
        describe(tracked, "prefs/new.jsonl")


def test_a_part_of_a_tracked_folder_is_no_dataset_of_its_own(tracked: Project) -> None:
    with pytest.raises(Refused, match="a part of prefs"):
        describe(tracked, "prefs/deep")


def test_a_damaged_object_is_told_when_a_revision_is_described(tracked: Project) -> None:
    cached = tracked.cached(describe(tracked).content.dvc.md5)
    damage(cached, b"X" + cached.read_bytes()[1:])
    with pytest.raises(IntegrityError, match="damaged"):
        describe(tracked, rev="v1")


def test_a_damaged_object_of_a_folder_is_told(tracked: Project) -> None:
    damage(tracked.cached(describe(tracked, "prefs/a.jsonl").content.dvc.md5), b"{}\n")
    with pytest.raises(IntegrityError, match="damaged"):
        describe(tracked, "prefs", rev="v1")


def test_a_damaged_listing_is_told(tracked: Project) -> None:
    damage(tracked.cached(describe(tracked, "prefs").content.dvc.md5), b"[]")
    with pytest.raises(IntegrityError, match="damaged"):
        describe(tracked, "prefs", rev="v1")


def test_objects_that_are_not_in_the_cache_are_told_with_the_remedy(tracked: Project) -> None:
    tracked.cached(describe(tracked).content.dvc.md5).unlink()
    with pytest.raises(NotFound) as caught:
        describe(tracked, rev="v1")
    assert "dvc fetch" in caught.value.hints[0]


A = md5(b"a", usedforsecurity=False).hexdigest()
HOSTILE = {
    "leaves the folder": [{"md5": A, "relpath": "../../evil.jsonl"}],
    "is absolute": [{"md5": A, "relpath": "/etc/cron.d/evil"}],
    "names a file twice": [{"md5": A, "relpath": "a"}, {"md5": A, "relpath": "a"}],
    "has no hash": [{"relpath": "a"}],
    "has a path for a hash": [{"md5": "..//etc/passwd", "relpath": "a"}],
    "has a number for a name": [{"md5": A, "relpath": 7}],
    "is no list": {"md5": A},
    "is a list of words": ["a"],
    "is null": None,
}


@pytest.mark.parametrize("listing", HOSTILE.values(), ids=HOSTILE)
def test_a_listing_that_is_refused(tracked: Project, listing: object) -> None:
    content = json.dumps(listing, sort_keys=True).encode()
    name = md5(content, usedforsecurity=False).hexdigest() + ".dir"
    cached = tracked.cached(name)
    cached.parent.mkdir(parents=True, exist_ok=True)
    cached.write_bytes(content)
    tracked.write(
        "prefs.dvc", f"outs:\n- md5: {name}\n  size: 1\n  nfiles: 1\n  hash: md5\n  path: prefs\n"
    )
    rev = tracked.commit("prefs.dvc")
    with pytest.raises(IntegrityError, match="expected"):
        describe(tracked, "prefs", rev=rev)


def test_a_listing_that_is_no_json_is_refused(tracked: Project) -> None:
    name = md5(b"no json", usedforsecurity=False).hexdigest() + ".dir"
    cached = tracked.cached(name)
    cached.parent.mkdir(parents=True, exist_ok=True)
    cached.write_bytes(b"no json")
    tracked.write(
        "prefs.dvc", f"outs:\n- md5: {name}\n  size: 1\n  nfiles: 1\n  hash: md5\n  path: prefs\n"
    )
    with pytest.raises(IntegrityError, match="list"):
        describe(tracked, "prefs", rev=tracked.commit("prefs.dvc"))


@pytest.mark.parametrize("rev", ["nowhere", "--upload-pack=evil", "v1:data", "v1^{tree}"])
def test_a_revision_that_is_none_is_told(tracked: Project, rev: str) -> None:
    with pytest.raises(NotFound, match="revision"):
        describe(tracked, rev=rev)


def test_a_revision_before_the_data_was_tracked_is_told(tracked: Project) -> None:
    first = tracked.git("rev-list", "--max-parents=0", "main")
    with pytest.raises(NotFound, match="revision with a DVC project"):
        describe(tracked, rev=first)
    with pytest.raises(Refused, match=r"no pointer to data/train.jsonl at v1~2"):
        describe(tracked, rev="v1~2")


def test_data_that_dvc_does_not_track_is_refused_with_the_remedy(project: Project) -> None:
    with pytest.raises(Refused) as caught:
        describe(project)
    assert caught.value.hints == (f"ft-registry data snapshot {TRAIN}",)


def test_data_outside_the_repository_is_refused(project: Project) -> None:
    with pytest.raises(InvalidInput):
        describe(project, "../elsewhere.jsonl")
