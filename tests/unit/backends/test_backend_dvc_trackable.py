"""What must not be given to `dvc add` is told before anything is written."""

import shutil
from pathlib import Path

import pytest

from ft_registry.backends.dvc import trackable
from ft_registry.backends.dvc.project import DvcProject
from ft_registry.backends.dvc.trackable import check_capacity, check_room, refuse_left_behind
from ft_registry.errors import BackendUnavailable, Refused


@pytest.fixture
def project(tmp_path: Path) -> DvcProject:
    return DvcProject(root=tmp_path, cache=tmp_path / ".dvc" / "cache" / "files", settings={})


def disk(monkeypatch: pytest.MonkeyPatch, *, total: int, free: int, clones: bool = False) -> None:
    usage = shutil.disk_usage("/")._replace(total=total, free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    monkeypatch.setattr(trackable, "_clones", lambda *_: clones)


def test_data_that_fits_to_the_byte_is_taken(
    project: DvcProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk(monkeypatch, total=10, free=3)
    check_room(project.root, {"a": 1, "b": 2}, project)
    with pytest.raises(BackendUnavailable, match=r"expected 4 bytes free .* found 3"):
        check_room(project.root, {"a": 1, "b": 3}, project)


def test_before_it_is_read_only_what_no_such_disk_could_hold_is_refused(
    project: DvcProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It may lie in the cache already.
    disk(monkeypatch, total=10, free=3)
    check_capacity(project.root, {"a": 10}, project)
    with pytest.raises(BackendUnavailable, match="expected 11 bytes free"):
        check_capacity(project.root, {"a": 11}, project)


def test_a_disk_that_clones_needs_no_room(
    project: DvcProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk(monkeypatch, total=10, free=0, clones=True)
    check_capacity(project.root, {"a": 11}, project)
    check_room(project.root, {"a": 11}, project)


def test_whether_a_disk_clones_is_tried_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"x")
    assert trackable._clones(tmp_path / "data", [""], tmp_path) in (True, False)
    assert [file.name for file in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.tmp", ".a.tmp", "x/.gitkeep", ".tmp"])
def test_files_that_are_called_otherwise_are_data(name: str) -> None:
    refuse_left_behind(Path("data"), [name])


def test_what_a_checkout_left_is_named_with_what_to_do() -> None:
    with pytest.raises(Refused, match=r"zzzz\.tmp") as caught:
        refuse_left_behind(Path("data"), ["a", "x/.abcdefghij-_ABCDEFzzzz.tmp"])
    assert "rm -f data/x/.abcdefghij-_ABCDEFzzzz.tmp" in caught.value.hints
