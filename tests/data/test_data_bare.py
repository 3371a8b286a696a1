"""What DVC by itself does with bytes that are not what they were, and what is done here."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.project import Project, environment, jsonl, tree_digests
from tests.data.kept import FILE, FILES, FOLDER, Kept, md5_of

from ft_registry.backends.quarantine import FolderQuarantine
from ft_registry.errors import IntegrityError
from ft_registry.model.snapshot import DataContent
from ft_registry.model.verification import Depth
from ft_registry.ports.data import DataCopy

pytestmark = pytest.mark.integration

A = md5_of(FILES["a.jsonl"])
COUNT = 12
CUT_OFF_PUSH = """
import os
import dvc_data.index.collect as collecting

real = collecting._collect_from_index

class Cut:
    def __init__(self, index):
        self.index, self.left = index, 5

    def __setitem__(self, key, entry):
        self.index[key] = entry
        self.left -= 1
        if not self.left:
            self.index.commit()
            os._exit(137)

def cut(cache, *arguments, **options):
    return real(Cut(cache), *arguments, **options)

collecting._collect_from_index = cut
from dvc.cli import main
main(["push", "--quiet"])
"""
"""A kill in the middle of what DVC calls collecting, always at the same entry."""


def heal(project: Project, *contents: DataContent) -> None:
    """Heals data, which must leave nothing to heal."""
    workspace = project.workspace()
    quarantine = FolderQuarantine(workspace.private / "quarantine", workspace.context)
    for content in contents:
        for wound in workspace.data.wounds(content):
            workspace.data.heal(content, wound, quarantine)
        assert workspace.data.wounds(content) == []


def copy_in(kept: Kept, place: str, content: DataContent, depth: Depth = "full") -> DataCopy:
    number = list(kept.places).index(place)
    return kept.data.copies(content, depth=depth)[number]


def objects(folder: Path) -> dict[str, str]:
    return tree_digests(folder / "files" / "md5") if folder.is_dir() else {}


@pytest.fixture
def cut_off(project: Project, tmp_path: Path) -> Path:
    """A remote to which `dvc push` was killed, with a folder in the cache that it has to get."""
    remote = tmp_path / "remote"
    project.write(
        ".dvc/config", f"[core]\n    remote = store\n['remote \"store\"']\n    url = {remote}\n"
    )
    for number in range(COUNT):
        project.write(f"prefs/{number}.jsonl", jsonl(2, word=str(number)))
    project.workspace().datasets.snapshot(project.root / "prefs")
    done = subprocess.run(
        [sys.executable, "-c", CUT_OFF_PUSH],
        cwd=project.root, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 137, done.stderr
    return remote


def test_bare_dvc_calls_an_interrupted_push_complete_for_ever(
    project: Project, cut_off: Path
) -> None:
    for _ in range(3):
        project.dvc("push", "--quiet")
    there = len(objects(cut_off))
    assert there < COUNT + 1, "DVC has learnt it: what is built around this could go"
    assert any(name.endswith(".dir") for name in objects(cut_off)), "it looks whole to others"
    assert json.loads(project.dvc("status", "--cloud", "--json")) == {}
    shutil.rmtree(project.root / "prefs")
    shutil.rmtree(project.root / ".dvc" / "cache")
    with pytest.raises(AssertionError, match=r"(?s)prefs|missing|failed"):
        project.dvc("pull")


def test_a_push_of_a_snapshot_after_it_is_complete(project: Project, cut_off: Path) -> None:
    project.dvc("push", "--quiet")
    assert project.workspace().datasets.snapshot(project.root / "prefs", push=True).pushed
    assert objects(cut_off) == objects(project.root / ".dvc" / "cache")


def test_verification_finds_what_is_missing_and_healing_completes_it(
    project: Project, cut_off: Path
) -> None:
    project.dvc("push", "--quiet")
    data = project.workspace().data
    content = data.describe(project.root / "prefs").content
    assert [copy.state for copy in data.copies(content, depth="fast")] == ["ok", "absent"]
    heal(project, content)
    assert objects(cut_off) == objects(project.root / ".dvc" / "cache")


def test_bare_dvc_pushes_and_checks_out_what_has_rotted(kept: Kept) -> None:
    content = kept.content(FILE)
    good = (kept.project.root / FILE).read_bytes()
    shutil.rmtree(kept.root / "store")
    kept.damage("cache", content.key, "flipped")
    assert json.loads(kept.project.dvc("status", "--json")) == {}
    kept.project.dvc("push", "--quiet")
    rotten = kept.place_of("store", content.key).read_bytes()
    (kept.project.root / FILE).unlink()
    kept.project.dvc("checkout", "--quiet")
    assert (kept.project.root / FILE).read_bytes() == rotten != good


def test_what_has_rotted_is_not_pushed_is_found_and_is_healed(kept: Kept) -> None:
    content = kept.content(FILE)
    good = (kept.project.root / FILE).read_bytes()
    shutil.rmtree(kept.root / "store")
    kept.damage("cache", content.key, "flipped")
    with pytest.raises(IntegrityError, match="damaged"):
        kept.project.workspace().datasets.snapshot(kept.project.root / FILE, push=True)
    assert objects(kept.root / "store") == {}
    assert copy_in(kept, "cache", content).state == "damaged"
    heal(kept.project, content)
    assert kept.place_of("cache", content.key).read_bytes() == good


def test_bare_dvc_never_mends_a_remote_and_healing_does(kept: Kept) -> None:
    content = kept.content(FOLDER)
    good = kept.place_of("store", A).read_bytes()
    kept.damage("store", A, "flipped")
    kept.project.dvc("push", "--quiet")
    assert kept.place_of("store", A).read_bytes() != good
    heal(kept.project, content)
    assert kept.place_of("store", A).read_bytes() == good


def swap_listing(kept: Kept) -> tuple[DataContent, Path]:
    """Lets the listing in the default remote name a file outside; returns the file as well."""
    content = kept.content(FOLDER)
    listing = [
        {"md5": A, "relpath": "a.jsonl"},
        {"md5": A, "relpath": "../../escaped.txt"},
    ]
    kept.rewrite("store", content.key, json.dumps(listing).encode())
    shutil.rmtree(kept.places["cache"])
    shutil.rmtree(kept.project.root / FOLDER)
    return content, kept.root / "escaped.txt"


def test_bare_dvc_writes_where_a_swapped_listing_says(kept: Kept) -> None:
    _, outside = swap_listing(kept)
    site = {"DVC_SITE_CACHE_DIR": str(kept.root / "site")}
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "pull", "--quiet", f"{FOLDER}.dvc"],
        cwd=kept.project.root, env=environment(site), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert outside.is_file(), "DVC has learnt it: what is built around this could go"
    assert [file.name for file in (kept.project.root / FOLDER).iterdir()] == ["a.jsonl"]


def test_a_swapped_listing_is_not_followed_is_found_and_is_healed(kept: Kept) -> None:
    good = tree_digests(kept.project.root / FOLDER)
    content, outside = swap_listing(kept)
    kept.data.bring(FOLDER, content.key, kept.root / "new")  # from the other remote
    assert tree_digests(kept.root / "new") == good
    assert copy_in(kept, "store", content).state == "damaged"
    heal(kept.project, content)
    assert copy_in(kept, "store", content).state == copy_in(kept, "cache", content).state == "ok"
    assert not outside.exists()
