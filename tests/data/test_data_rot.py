"""DVC trusts cache objects for their mode. Nothing rotten gets on record, and nothing is lost."""

import errno
import hashlib
import os
import shutil
from pathlib import Path

import pytest
from tests.cli.project import Project, jsonl, tree_digests

from ft_registry.errors import FtRegistryError, IntegrityError

pytestmark = pytest.mark.integration

TRAIN = "data/train.jsonl"


def plant(project: Project, path: str, rot: str) -> Path:
    """Puts a damaged object, read-only as DVC leaves them, where the data's own will be."""
    content = (project.root / path).read_bytes()
    cached = project.cached(hashlib.md5(content, usedforsecurity=False).hexdigest())
    cached.parent.mkdir(parents=True, exist_ok=True)
    cached.write_bytes({"cut": content[:1000], "empty": b"", "flipped": b"X" + content[1:]}[rot])
    cached.chmod(0o444)
    return cached


def test_bare_dvc_add_destroys_a_good_file_when_the_cache_is_rotten(project: Project) -> None:
    good = (project.root / TRAIN).read_bytes()
    plant(project, TRAIN, "cut")
    project.dvc("add", "--quiet", TRAIN)
    assert (project.root / TRAIN).read_bytes() == good[:1000]


@pytest.mark.parametrize("rot", ["cut", "empty", "flipped"])
def test_a_snapshot_over_a_rotten_object_keeps_the_good_file_and_tells(
    project: Project, rot: str
) -> None:
    plant(project, TRAIN, rot)
    before = project.state()
    with pytest.raises(IntegrityError, match="damaged"):
        project.workspace().datasets.snapshot(project.root / TRAIN)
    assert project.state() == before


@pytest.mark.parametrize("rot", ["cut", "flipped"])
def test_the_same_holds_for_a_file_in_a_folder(project: Project, rot: str) -> None:
    project.write("prefs/a.jsonl", jsonl(200, word="a"))
    project.write("prefs/b.jsonl", jsonl(200, word="b"))
    plant(project, "prefs/b.jsonl", rot)
    before = project.state()
    with pytest.raises(IntegrityError, match="damaged"):
        project.workspace().datasets.snapshot(project.root / "prefs")
    assert project.state() == before


def test_what_the_hint_says_mends_it(project: Project) -> None:
    plant(project, TRAIN, "flipped")
    with pytest.raises(IntegrityError) as caught:
        project.workspace().datasets.snapshot(project.root / TRAIN)
    remedy = caught.value.hints[0].partition(",")[0]
    Path(remedy.removeprefix("rm -f ")).unlink()
    assert project.workspace().datasets.snapshot(project.root / TRAIN).created


def test_a_rotten_listing_of_a_folder_is_told(project: Project) -> None:
    project.write("prefs/a.jsonl", jsonl(2))
    done = project.workspace().datasets.snapshot(project.root / "prefs")
    listing = project.cached(done.snapshot.content.dvc.md5)
    listing.chmod(0o644)
    listing.write_bytes(b"[]")
    listing.chmod(0o444)
    (project.root / "prefs.dvc").unlink()
    before = project.state()
    with pytest.raises(IntegrityError, match="damaged"):
        project.workspace().datasets.snapshot(project.root / "prefs")
    assert project.state() == before


def test_an_interruption_in_the_middle_leaves_data_and_pointers_as_they_were(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dvc.repo import Repo

    real = Repo.add

    def interrupted(self: Repo, *arguments: object, **options: object) -> object:
        real(self, *arguments, **options)
        (project.root / TRAIN).unlink()  # where DVC was once killed: unlinked, not copied back
        raise KeyboardInterrupt

    monkeypatch.setattr(Repo, "add", interrupted)
    before = project.state()
    with pytest.raises(KeyboardInterrupt):
        project.workspace().datasets.snapshot(project.root / TRAIN)
    assert project.state() == before
    assert (project.root / TRAIN).stat().st_mode & 0o777 == 0o644


def test_a_copy_that_is_cut_never_takes_the_place_of_the_data(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where files cannot be linked, the second one is a copy; here the disk is full half-way."""

    def linked(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    def copied(source: Path, target: Path, **_: object) -> None:
        target.write_bytes(source.read_bytes()[:100])
        monkeypatch.undo()  # then somebody has made room
        raise OSError(errno.ENOSPC, "No space left on device")

    before = project.state()
    monkeypatch.setattr(os, "link", linked)
    monkeypatch.setattr(shutil, "copy2", copied)
    with pytest.raises(OSError, match="No space"):
        project.workspace().datasets.snapshot(project.root / TRAIN)
    assert project.state() == before


def test_data_that_cannot_be_put_back_is_kept_and_its_place_is_told(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dvc.repo import Repo

    data = project.root / TRAIN
    good = data.read_bytes()

    def interrupted(*_: object, **__: object) -> None:
        data.unlink()
        (data / "somebody's").mkdir(parents=True)
        raise KeyboardInterrupt

    monkeypatch.setattr(Repo, "add", interrupted)
    with pytest.raises(FtRegistryError, match="as it was, found: ") as caught:
        project.workspace().datasets.snapshot(data)
    (kept,) = (p for p in (project.root / ".dvc/tmp").glob("ft-registry-*") if p.is_dir())
    assert str(kept) in caught.value.hints[0]
    assert (kept / data.name).read_bytes() == good


def test_the_write_bit_of_the_file_survives_a_refusal(project: Project) -> None:
    (project.root / TRAIN).chmod(0o600)
    plant(project, TRAIN, "flipped")
    with pytest.raises(IntegrityError):
        project.workspace().datasets.snapshot(project.root / TRAIN)
    assert (project.root / TRAIN).stat().st_mode & 0o777 == 0o600


def test_a_refused_snapshot_leaves_no_second_copy_behind(project: Project) -> None:
    plant(project, TRAIN, "flipped")
    before = tree_digests(project.root / ".dvc" / "tmp")
    with pytest.raises(IntegrityError):
        project.workspace().datasets.snapshot(project.root / TRAIN)
    left = set(tree_digests(project.root / ".dvc" / "tmp")) - set(before)
    assert not [name for name in left if "ft-registry" in name]
