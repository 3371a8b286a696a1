"""What was pushed is there: the remote is asked for every object, not DVC's memory."""

from pathlib import Path

import pytest
from tests.cli.project import Project, jsonl, tree_digests

from ft_registry.errors import BackendUnavailable, IntegrityError, Refused

pytestmark = pytest.mark.integration


@pytest.fixture
def remote(project: Project, tmp_path: Path) -> Path:
    folder = tmp_path / "remote"
    project.write(
        ".dvc/config", f"[core]\n    remote = store\n['remote \"store\"']\n    url = {folder}\n"
    )
    project.commit(".dvc/config")
    project.write("prefs/a.jsonl", jsonl(2, word="a"))
    project.write("prefs/b.jsonl", jsonl(2, word="b"))
    return folder


def objects(folder: Path) -> dict[str, str]:
    return tree_digests(folder / "files" / "md5")


def cache_of(project: Project) -> dict[str, str]:
    return objects(project.root / ".dvc" / "cache")


@pytest.mark.parametrize("path", ["data/train.jsonl", "prefs"])
def test_every_object_of_a_snapshot_arrives(project: Project, remote: Path, path: str) -> None:
    done = project.workspace().datasets.snapshot(project.root / path, push=True)
    assert done.pushed
    assert objects(remote) == cache_of(project)


def test_only_what_was_named_is_pushed(project: Project, remote: Path) -> None:
    project.workspace().datasets.snapshot(project.root / "data" / "train.jsonl")
    before = cache_of(project)
    project.workspace().datasets.snapshot(project.root / "prefs", push=True)
    assert not set(objects(remote)) & {name for name in before if len(name) > 3}


def test_a_snapshot_that_stands_can_be_pushed_later(project: Project, remote: Path) -> None:
    project.workspace().datasets.snapshot(project.root / "prefs")
    again = project.workspace().datasets.snapshot(project.root / "prefs", push=True)
    assert (again.created, again.pushed) == (False, True)
    assert objects(remote) == cache_of(project)


def test_a_push_completes_what_an_interrupted_one_left_out(project: Project, remote: Path) -> None:
    done = project.workspace().datasets.snapshot(project.root / "prefs", push=True)
    complete = objects(remote)
    # What an interrupted `dvc push` leaves (dvc#10977): the listing, not all of its files.
    lost = next(name for name in complete if len(name) == 33 and not name.endswith(".dir"))
    (remote / "files" / "md5" / lost).unlink()
    project.dvc("push", "--quiet")
    assert lost not in objects(remote), "bare DVC calls it complete"
    assert project.workspace().datasets.snapshot(project.root / "prefs", push=True).pushed
    assert objects(remote) == complete
    assert done.created


def test_a_rotten_object_is_not_pushed(project: Project, remote: Path) -> None:
    done = project.workspace().datasets.snapshot(project.root / "data" / "train.jsonl")
    cached = project.cached(done.snapshot.content.dvc.md5)
    cached.chmod(0o644)
    cached.write_bytes(b"X" + cached.read_bytes()[1:])
    cached.chmod(0o444)
    with pytest.raises(IntegrityError, match="damaged"):
        project.workspace().datasets.snapshot(project.root / "data" / "train.jsonl", push=True)
    assert not remote.exists() or not objects(remote)


def test_without_a_remote_a_push_is_refused_before_anything_is_tracked(project: Project) -> None:
    before = project.state()
    with pytest.raises(Refused, match="remote"):
        project.workspace().datasets.snapshot(project.root / "data" / "train.jsonl", push=True)
    assert project.state() == before


def test_a_relative_remote_is_refused_before_anything_is_tracked(project: Project) -> None:
    project.write(
        ".dvc/config", "[core]\n    remote = store\n['remote \"store\"']\n    url = ../remote\n"
    )
    project.commit(".dvc/config")
    before = project.state()
    with pytest.raises(Refused, match="absolute"):
        project.workspace().datasets.snapshot(project.root / "data" / "train.jsonl", push=True)
    assert project.state() == before


def test_a_remote_that_cannot_be_written_is_told(project: Project, remote: Path) -> None:
    remote.write_text("a file, where a folder should be")
    with pytest.raises(BackendUnavailable):
        project.workspace().datasets.snapshot(project.root / "data" / "train.jsonl", push=True)


def test_another_clone_gets_the_very_bytes(project: Project, remote: Path, tmp_path: Path) -> None:
    project.workspace().datasets.snapshot(project.root / "prefs", push=True)
    project.git("clone", "--quiet", str(project.root), str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    clone.dvc("pull", "--quiet")
    assert tree_digests(clone.root / "prefs") == tree_digests(project.root / "prefs")


def test_a_transfer_that_fails_is_told_in_a_sentence_with_its_reason(
    project: Project,
    remote: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from dvc_objects.fs.local import LocalFileSystem

    real = LocalFileSystem.put_file

    def put_file(self: LocalFileSystem, source: str, target: str, **options: object) -> None:
        if str(remote) in str(target):
            raise PermissionError(13, "Access Denied")
        real(self, source, target, **options)

    monkeypatch.setattr(LocalFileSystem, "put_file", put_file)
    with pytest.raises(BackendUnavailable, match="Access Denied"):
        project.workspace().datasets.snapshot(project.root / "data" / "train.jsonl", push=True)
    assert capfd.readouterr() == ("", "")
