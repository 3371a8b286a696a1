"""A folder that a killed process was building is dropped by the next that builds there."""

import os
from pathlib import Path

import pytest
from tests.faults.plan import Plan

from ft_registry.actions.folder import built_aside, check_target
from ft_registry.errors import FtRegistryError, InvalidInput


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
