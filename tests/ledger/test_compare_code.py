"""The code of two versions is compared as it ran, whenever it was committed."""

from pathlib import Path

import pytest
from tests.ledger.records import make_record
from tests.ledger.repositories import commit_file, git, make_repository, open_code

from ft_registry.actions.compare_code import CodeDiff, compare_code
from ft_registry.model.record import VersionRecord


class Work:
    """A repository, and versions that are registered as it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = make_repository(folder)
        self.patches: dict[str, bytes | str] = {}
        self._number = 0

    def write(self, name: str, content: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(content)

    def commit(self) -> None:
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "-m", "more")

    def register(self) -> VersionRecord:
        self._number += 1
        state = open_code(self.folder).capture()
        record = make_record("m", self._number, commit=state.commit)
        if state.patch:
            self.patches[record.reference] = state.patch
        return record

    def compare(self, old: VersionRecord, new: VersionRecord) -> CodeDiff:
        found = compare_code(old, new, self.patches, open_code(self.folder))
        assert found is not None
        return found


@pytest.fixture
def work(tmp_path: Path) -> Work:
    made = Work(tmp_path / "project")
    made.write("train.py", "print(1)\n")
    made.write("gone.py", "")
    made.commit()
    return made


def test_what_was_committed_later_is_the_same(work: Work) -> None:
    work.write("train.py", "print(2)\n")
    work.write("new file.py", "print('ä')\n")
    work.write("blob.bin", "\0\x01")
    (work.folder / "gone.py").unlink()
    dirty = work.register()
    work.commit()
    clean = work.register()
    found = work.compare(dirty, clean)
    assert (found.files, found.made, found.notes) == ((), (), ())
    assert len(found.commits) == 1


def test_each_change_is_named(work: Work) -> None:
    before = work.register()
    work.write("train.py", "print(3)\n")
    (work.folder / "gone.py").unlink()
    work.commit()
    work.write("notes/a b.txt", "x")
    after = work.register()
    found = work.compare(before, after)
    assert found.files == (("D", "gone.py"), ("A", "notes/a b.txt"), ("M", "train.py"))
    assert found.uncommitted == {"notes/a b.txt"}
    back = work.compare(after, before)
    assert back.files == (("A", "gone.py"), ("D", "notes/a b.txt"), ("M", "train.py"))
    assert (back.commits, back.back) == ((), 1)


def test_what_the_pipeline_and_dvc_write_is_no_code(work: Work) -> None:
    before = work.register()
    work.write("metrics.json", "{}")
    work.write("out/log.txt", "done")
    work.write("data.jsonl.dvc", "outs: []\n")
    work.write("train.py", "print(4)\n")
    work.write(
        "dvc.lock",
        "schema: '2.0'\nstages:\n  train:\n    cmd: x\n    outs:\n"
        "    - path: metrics.json\n      md5: a\n    - path: out\n      md5: b\n",
    )
    work.commit()
    found = work.compare(before, work.register())
    assert found.files == (("M", "train.py"),)
    assert found.made == ("data.jsonl.dvc", "dvc.lock", "metrics.json", "out/log.txt")


@pytest.mark.parametrize("lock", ["[", "stages: 7", "stages:\n  a:\n    outs: x", "- 1"])
def test_a_lock_file_that_is_none_names_nothing(work: Work, lock: str) -> None:
    before = work.register()
    work.write("dvc.lock", lock)
    work.write("metrics.json", "{}")
    work.commit()
    assert work.compare(before, work.register()).files == (("A", "metrics.json"),)


def test_a_patch_that_cannot_be_read_is_told(work: Work) -> None:
    before = work.register()
    work.write("train.py", "print(5)\n")
    after = work.register()
    work.patches[after.reference] = "it is gone"
    (note,) = work.compare(before, after).notes
    assert "it is gone" in note


def test_a_commit_that_is_not_at_hand_leaves_it_undecided(work: Work) -> None:
    before = work.register()
    foreign = make_record("m", 9, commit="1" * 40)
    assert compare_code(before, foreign, {}, open_code(work.folder)) is None


def test_only_the_mode_is_no_change_of_content(work: Work) -> None:
    before = work.register()
    (work.folder / "train.py").chmod(0o755)
    assert work.compare(before, work.register()).files == ()
    commit_file(work.folder, "other.py", b"")
    assert work.compare(before, work.register()).files == (("A", "other.py"),)
