"""Disks that are full, folders that cannot be written, locks that a dead process left."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cli.project import Outcome
from tests.faults.places import SCENARIOS, Place

pytestmark = pytest.mark.integration

_DISK = 24 << 20
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
COMMANDS = {"register-next", "snapshot"}
ROOMS = (0, 40, 200)
"""Kilobytes that are left."""


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    done = subprocess.run(
        ["mount", *options, str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"mount is not allowed here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def failed(outcome: Outcome, *codes: int) -> None:
    """Checks that a command ended with a clear error."""
    assert outcome.code in codes, (outcome.code, outcome.stdout, outcome.stderr)
    assert "Traceback" not in outcome.stderr
    assert ": " in outcome.stderr


def put_right(place: Place, words: tuple[str, ...]) -> None:
    """Checks that the next commands work, and end as if nothing had been."""
    for command in (("status",), words, ("verify",)):
        done = place.project.cli(*command)
        assert done.code == 0, (command, done.stderr)
    assert "none: MLflow shows what the ledger says" in place.project.cli("status").stdout


@NEEDS_ROOT
@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_full_disk_is_told_and_room_is_all_it_takes(
    starts: Callable[[str], Place], tmp_path: Path, name: str, room: int
) -> None:
    start, disk, words = starts(name), tmp_path / "disk", SCENARIOS[name].words
    disk.mkdir()
    with mounted(disk, "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs"):
        place = start.copy(disk / "place")
        before = place.project.events()
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        filler = disk / "filler"
        filler.write_bytes(bytes(free - (room << 10)))
        failed(place.project.cli(*words), 1, 6)
        assert place.project.events()[: len(before)] == before
        filler.unlink()
        put_right(place, words)


@NEEDS_ROOT
@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("register-next", ".git"),
        ("register-next", "mlartifacts"),
        ("snapshot", ".git"),
        ("snapshot", ".dvc"),
        ("snapshot", "../store"),
        ("promote", ".git"),
        ("restore", ".."),
    ],
)
def test_a_folder_that_cannot_be_written_is_told(
    starts: Callable[[str], Place], tmp_path: Path, name: str, folder: str
) -> None:
    place, words = starts(name).copy(tmp_path / "place"), SCENARIOS[name].words
    closed = (place.project.root / folder).resolve()
    with mounted(closed, "--bind", str(closed)):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(closed)], check=True)
        failed(place.project.cli(*words), 1, 2, 6)
    put_right(place, words)


@NEEDS_ROOT
def test_a_git_directory_that_is_mounted_by_itself_is_as_good_as_any(
    starts: Callable[[str], Place], tmp_path: Path
) -> None:
    place, words = starts("init").copy(tmp_path / "place"), SCENARIOS["init"].words
    closed = place.project.root / ".git"
    with mounted(closed, "--bind", str(closed)):
        outcome = place.project.cli(*words)
        assert outcome.code == 0, outcome.stderr
    assert 'ledger_remote = "origin"' in (place.project.root / "ft-registry.toml").read_text()


def test_the_lock_of_a_dead_git_is_told_and_removing_it_is_all_it_takes(
    starts: Callable[[str], Place], tmp_path: Path
) -> None:
    place, words = starts("snapshot").copy(tmp_path / "place"), SCENARIOS["snapshot"].words
    lock = place.project.write(".git/index.lock", "")
    outcome = place.project.cli(*words)
    failed(outcome, 1)
    assert f"remove {lock}" in " ".join(outcome.stderr.split())
    lock.unlink()
    put_right(place, words)


@pytest.mark.parametrize(
    "lock", [".dvc/tmp/lock", ".dvc/tmp/rwlock.lock", ".git/ft-registry/locks/sync.lock"]
)
def test_a_lock_that_ends_with_its_process_is_in_nobody_s_way(
    starts: Callable[[str], Place], tmp_path: Path, lock: str
) -> None:
    place = starts("snapshot").copy(tmp_path / "place")
    place.project.write(lock, "4711")
    put_right(place, SCENARIOS["snapshot"].words)
