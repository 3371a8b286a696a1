"""A file is there whole or not at all, and what a killed process left goes with the next one."""

import hashlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.faults.plan import Plan

from ft_registry.backends.whole_files import put_whole, replace_file
from ft_registry.errors import BackendUnavailable, IntegrityError, Refused

NEW = b"the new bytes"
SHA256 = hashlib.sha256(NEW).hexdigest()


def put(target: Path, content: bytes = NEW) -> None:
    put_whole(target, [content], algorithm="sha256", digest=SHA256, aside=target.parent)


@pytest.mark.parametrize("point", [1, 2])
def test_what_a_killed_process_left_goes_with_the_next(tmp_path: Path, point: int) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")
    child = os.fork()
    if not child:
        with Plan(point, "kill").running():
            put(target)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert target.read_bytes() == b"old"
    put(target)
    assert target.read_bytes() == NEW
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("point", [1, 2])
def test_a_disk_that_fails_leaves_what_was_there(tmp_path: Path, point: int) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")
    with Plan(point, "full").running(), pytest.raises(BackendUnavailable, match="No space left"):
        put(target)
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_other_bytes_than_were_promised_are_not_put(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="changed since"):
        put(tmp_path / "file", b"others")
    assert list(tmp_path.iterdir()) == []


def test_what_another_process_is_writing_stays(tmp_path: Path) -> None:
    def chunks() -> Iterator[bytes]:
        put(tmp_path / "other")
        yield NEW

    put_whole(
        tmp_path / "file", chunks(), algorithm="sha256", digest=SHA256, aside=tmp_path
    )  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "other"]


@pytest.mark.parametrize("point", [1, 2])
def test_a_file_that_people_edit_is_the_old_one_or_the_new_one(tmp_path: Path, point: int) -> None:
    aside, target = tmp_path / "ours", tmp_path / "work" / "settings"
    target.parent.mkdir()
    target.write_bytes(b"old")
    child = os.fork()
    if not child:
        with Plan(point, "kill").running():
            replace_file(target, NEW, aside=aside)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert [(file.name, file.read_bytes()) for file in target.parent.iterdir()] == [
        ("settings", b"old")
    ]
    replace_file(target, NEW, aside=aside)
    assert target.read_bytes() == NEW
    assert list(aside.iterdir()) == []


def test_a_link_to_a_file_stays_one(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    link.symlink_to(real.name)
    replace_file(link, NEW, aside=tmp_path / "ours")
    assert link.is_symlink()
    assert real.read_bytes() == NEW


def lead_to_itself(link: Path) -> None:
    link.symlink_to(link.name)


def lead_nowhere(link: Path) -> None:
    link.symlink_to(link.parent / "away" / "settings")


@pytest.mark.parametrize("lead", [lead_to_itself, lead_nowhere])
def test_a_link_that_leads_to_no_file_is_named(
    tmp_path: Path, lead: Callable[[Path], None]
) -> None:
    link = tmp_path / "settings"
    lead(link)
    with pytest.raises(Refused, match=f"expected a file at {link}"):
        replace_file(link, NEW, aside=tmp_path / "ours")
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["settings"]
