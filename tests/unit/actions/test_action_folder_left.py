"""A folder that a killed process was building is dropped by the next that builds there."""

import os
from contextlib import suppress
from pathlib import Path

import pytest
from filelock import FileLock
from tests.faults.plan import Kind, Plan

from ft_registry.actions.folder import (
    built_aside,
    check_target,
    find_made,
    finish_filling,
    held_against,
)
from ft_registry.errors import Conflict, FtRegistryError, InvalidInput


@pytest.mark.parametrize("exists", [False, True])
def test_what_a_killed_process_left_is_dropped(tmp_path: Path, exists: bool) -> None:
    target = tmp_path / "[made]"
    if exists:
        target.mkdir()
    child = os.fork()
    if not child:
        with built_aside(target, "one") as aside:
            (aside / "half").touch()
            os._exit(9)
    os.waitpid(child, 0)
    assert [path.name for path in tmp_path.rglob("half")] == ["half"]
    with built_aside(check_target(target, apart_from=()), "two") as aside:
        (aside / "whole").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["[made]"]
    assert [path.name for path in target.iterdir()] == ["whole"]


def test_what_another_process_is_building_stays(tmp_path: Path) -> None:
    with built_aside(tmp_path / "made", "one") as aside:
        with built_aside(tmp_path / "made", "two"):
            assert aside.is_dir()
        (tmp_path / "made").rmdir()
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_a_full_disk_is_not_called_a_wrong_name(tmp_path: Path) -> None:
    with (
        Plan(1, "full").running(),
        pytest.raises(FtRegistryError, match="No space left") as caught,
        built_aside(tmp_path / "made", "one"),
    ):
        pass
    assert not isinstance(caught.value, InvalidInput)


NAMES = ["a", "b", "c"]


def build(aside: Path) -> None:
    for name in NAMES:
        (aside / name).mkdir()
        (aside / name / "file").write_text(name)


def cut(target: Path, point: int, kind: Kind) -> None:
    """Fills a folder that exists, in a process in which something happens at a point."""
    child = os.fork()
    if not child:
        with (
            Plan(point, kind).running(),
            suppress(FtRegistryError),
            built_aside(target, "one") as aside,
        ):
            build(aside)
        os._exit(0)
    os.waitpid(child, 0)


@pytest.mark.parametrize("point", [3, 4, 5])
def test_a_folder_that_was_half_filled_is_filled(tmp_path: Path, point: int) -> None:
    target = tmp_path / "[made]"
    target.mkdir()
    cut(target, point, "kill")
    check_target(target, apart_from=(), may_hold="c/file")
    assert find_made(target, "c/file") is not None
    assert find_made(target, "d/file") is None
    with held_against(target, "two", apart_from="") as aside:
        build(aside)
    assert sorted(path.name for path in target.iterdir()) == NAMES
    assert [path.name for path in tmp_path.iterdir()] == ["[made]"]


@pytest.mark.parametrize("point", [1, 2, 3, 4, 5])
def test_a_disk_that_fails_leaves_the_folder_empty(tmp_path: Path, point: int) -> None:
    target = tmp_path / "made"
    target.mkdir()
    cut(target, point, "full")
    assert list(target.iterdir()) == []


def test_what_has_come_since_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "made"
    target.mkdir()
    cut(target, 4, "kill")
    (target / "c").write_text("mine")
    for _ in range(2):
        with pytest.raises(InvalidInput, match="found something that has come since"):
            finish_filling(target)
        assert (target / "c").read_text() == "mine"
    assert find_made(target, "c/file") is not None


def test_what_was_not_begun_is_dropped_by_another_build(tmp_path: Path) -> None:
    target = tmp_path / "made"
    target.mkdir()
    cut(target, 3, "kill")
    with built_aside(check_target(target, apart_from=()), "two") as aside:
        (aside / "other").touch()
    assert [path.name for path in target.iterdir()] == ["other"]


def test_a_folder_that_is_being_filled_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "made"
    target.mkdir()
    cut(target, 4, "kill")
    with (
        FileLock(target / "made.partial-one.lock"),
        pytest.raises(Conflict, match="found one that fills it"),
    ):
        finish_filling(target)
    finish_filling(target)
    assert sorted(path.name for path in target.iterdir()) == NAMES


def test_what_a_process_left_that_was_killed_at_its_end_goes(tmp_path: Path) -> None:
    target = tmp_path / "made"
    target.mkdir()
    with built_aside(target, "one") as aside:
        build(aside)
    (target / "made.partial-one.lock").touch()
    with held_against(target, "two", apart_from="") as aside:
        build(aside)
    assert sorted(path.name for path in target.iterdir()) == NAMES
