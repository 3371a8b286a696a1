"""What a check-up says of versions and of this machine, where it cannot be provoked for real."""

import os
import shutil
from pathlib import Path

import pytest

from ft_registry.backends import machine, versions
from ft_registry.model.health import Diagnosis

_MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:50 / {folder} rw - nfs4 filer:/x rw
41 22 0:51 / {folder}\\040b rw - xfs /dev/sdb rw
"""


@pytest.mark.parametrize(
    ("release", "state", "word"),
    [
        ("", "problem", "not installed"),
        ("3.16.0", "problem", "is needed"),
        ("4.0.0", "problem", "is needed"),
        ("3.17.0rc1", "ok", "3.17.0rc1"),
    ],
)
def test_packages_are_held_against_what_we_need(
    monkeypatch: pytest.MonkeyPatch, release: str, state: str, word: str
) -> None:
    monkeypatch.setattr(versions, "installed", lambda _: release)
    found = next(one for one in versions.look_at_packages() if one.check == "mlflow")
    assert (found.state, word in found.found) == (state, True)


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ("git version 2.39.5 (Apple Git-154)", "ok"),
        ("git version 2.30.9", "problem"),
        ("hub version", "unchecked"),
    ],
)
def test_git_is_held_against_what_we_need(told: str, state: str) -> None:
    assert [one.state for one in versions.look_at_git(told)] == [state]


@pytest.mark.parametrize(
    ("free", "state"), [(10**7, "problem"), (10**9, "warning"), (10**11, "ok")]
)
def test_each_disk_is_told_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, state: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, free))
    (found,) = machine.look_at_space({"a": tmp_path, "b": tmp_path / "not" / "there"})
    assert (found.state, "for a, b" in found.found) == (state, True)


def test_a_folder_that_may_not_be_written_to_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert machine.why_closed(tmp_path / "new") == ""
    (tmp_path / "file").write_text("")
    assert "no folder" in machine.why_closed(tmp_path / "file" / "below")
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert [one.state for one in machine.look_at_rights({"x": tmp_path})] == ["problem"]


def test_a_file_system_of_a_network_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    far, near = tmp_path / "a", tmp_path / "a b"
    far.mkdir()
    near.mkdir()
    mounts = tmp_path / "mountinfo"
    mounts.write_text(_MOUNTS.format(folder=far))
    monkeypatch.setattr(machine, "_MOUNTS", mounts)
    assert machine.network_kind(far / "mlflow.db") == "nfs4"
    assert machine.network_kind(near) == ""
    states = [one.state for one in machine.look_at_kind({"far": far, "near": near})]
    assert states == ["warning"]
    monkeypatch.setattr(machine, "_MOUNTS", tmp_path / "none")
    assert [one.state for one in machine.look_at_kind({"x": far})] == ["unchecked"]


def test_temporary_files_that_cannot_be_written_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    (found,) = machine.look_at_temporary()
    assert isinstance(found, Diagnosis)
    assert (found.state, "TMPDIR" in found.advice[0]) == ("problem", True)
