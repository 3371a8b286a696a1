"""The secret of keyed hashes is kept whole, and once."""

import os
import stat
from pathlib import Path

import pytest
from tests.faults.plan import Plan

from ft_registry.backends.secret import find_secret
from ft_registry.errors import InvalidInput


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ours" / "example.key"


def test_it_is_made_once_and_for_its_owner_alone(file: Path) -> None:
    assert find_secret("", file, make=False) is None
    made = find_secret("", file, make=True)
    assert made is not None
    assert find_secret("", file, make=True) == made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["example.key"]


@pytest.mark.parametrize("point", [1, 2])
def test_a_process_that_is_killed_leaves_all_of_it_or_nothing(file: Path, point: int) -> None:
    child = os.fork()
    if not child:
        with Plan(point, "kill").running():
            find_secret("", file, make=True)
        os._exit(0)
    os.waitpid(child, 0)
    assert not file.exists()
    made = find_secret("", file, make=True)
    assert made is not None
    assert find_secret("", file, make=False) == made


def test_an_empty_file_is_no_secret_and_in_nobody_s_way(file: Path) -> None:
    file.parent.mkdir()
    file.touch()
    made = find_secret("", file, make=True)
    assert made is not None
    assert find_secret("", file, make=False) == made


def test_where_another_process_is_quicker_its_own_is_taken(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def quicker(*_: object) -> None:
        file.write_text("another secret of somebody\n")
        raise FileExistsError

    monkeypatch.setattr(os, "link", quicker)
    made = find_secret("", file, make=True)
    assert made is not None
    assert find_secret("another secret of somebody", file, make=False) == made


def test_a_link_to_a_disk_that_is_away_is_not_replaced(file: Path) -> None:
    file.parent.mkdir()
    file.symlink_to(file.parent / "mnt" / "example.key")
    with pytest.raises(InvalidInput, match="a link that leads nowhere"):
        find_secret("", file, make=True)
    assert file.is_symlink()


def test_what_is_no_text_is_told(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(bytes(range(128, 160)))
    with pytest.raises(InvalidInput, match="found other bytes"):
        find_secret("", file, make=False)
