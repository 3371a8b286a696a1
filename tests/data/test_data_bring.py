"""What is brought is proved on its way, and what fails leaves nothing."""

import json
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.project import tree_digests
from tests.data.kept import FILE, FILES, FOLDER, Kept, md5_of

from ft_registry.backends.dvc.places import FolderPlace
from ft_registry.errors import BackendUnavailable, IntegrityError, InvalidInput, NotFound, Refused

pytestmark = pytest.mark.integration

A, B = md5_of(FILES["a.jsonl"]), md5_of(FILES["deep/er/b.jsonl"])


def test_a_folder_is_made_of_the_good_objects_of_all_places(kept: Kept) -> None:
    md5 = kept.content(FOLDER).dvc.md5
    kept.damage("cache", A, "flipped")
    kept.damage("store", B, "gone")
    kept.damage("store", A, "cut")
    place = kept.data.bring(FOLDER, md5, kept.root / "new")
    assert {n: (kept.root / "new" / n).read_text() for n in FILES} == FILES
    assert ["DVC cache" in place, "'store'" in place, "'vault'" in place] == [True, False, True]


@pytest.mark.parametrize("path", [FILE, FOLDER])
def test_what_is_brought_can_be_written_to(kept: Kept, path: str) -> None:
    kept.data.bring(path, kept.content(path).dvc.md5, kept.root / "new")
    files = [f for f in (kept.root / "new", *(kept.root / "new").rglob("*")) if f.is_file()]
    assert files
    assert {file.stat().st_mode & 0o777 for file in files} == {0o644}
    assert {file.stat().st_nlink for file in files} == {1}


@pytest.mark.parametrize("path", [FILE, FOLDER])
def test_it_comes_from_a_remote_when_the_cache_is_empty_and_the_cache_stays_so(
    kept: Kept, path: str
) -> None:
    md5 = kept.content(path).dvc.md5
    shutil.rmtree(kept.places["cache"])
    assert "'store'" in kept.data.bring(path, md5, kept.root / "new")
    assert not kept.places["cache"].exists()


@pytest.mark.parametrize(
    "relpath",
    [
        "../out",
        "/out",
        "a/../../out",
        "./a",
        "a//b",
        "",
        ".",
        "a\0b",
        "\ud800",
        "..",
        "C:\\..\\x/..",
    ],
)
def test_a_listing_that_leads_out_of_its_folder_is_refused(kept: Kept, relpath: str) -> None:
    listing = json.dumps([{"md5": A, "relpath": relpath}]).encode()
    place = kept.place_of("cache", md5_of(listing) + ".dir")
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(listing)
    before = kept.everything()
    with pytest.raises(IntegrityError):
        kept.data.bring(FOLDER, md5_of(listing) + ".dir", kept.root / "inner" / "new")
    assert kept.everything() == before
    assert sorted(p.name for p in kept.root.iterdir()) == ["project", "store", "vault"]


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 100_000, b"\xff", b'[{"md5": 1}]', b"[1]"])
def test_what_is_no_listing_is_refused(kept: Kept, content: bytes) -> None:
    md5 = md5_of(content) + ".dir"
    kept.place_of("cache", md5).parent.mkdir(exist_ok=True)
    kept.place_of("cache", md5).write_bytes(content)
    with pytest.raises(IntegrityError):
        kept.data.bring(FOLDER, md5, kept.root / "new")
    assert not (kept.root / "new").exists()


def test_no_link_above_the_new_place_is_followed(kept: Kept) -> None:
    (kept.root / "outside").mkdir()
    (kept.root / "restored").mkdir()
    (kept.root / "restored" / "data").symlink_to(kept.root / "outside")
    md5 = kept.content(FILE).dvc.md5
    for name in ("train.jsonl", "deep/train.jsonl"):
        with pytest.raises(Refused, match="link"):
            kept.data.bring(FILE, md5, kept.root / "restored" / "data" / name)
    assert list((kept.root / "outside").iterdir()) == []


def test_a_link_to_itself_above_the_new_place_is_refused(kept: Kept) -> None:
    (kept.root / "loop").symlink_to(kept.root / "loop")
    with pytest.raises((Refused, BackendUnavailable)):
        kept.data.bring(FILE, kept.content(FILE).dvc.md5, kept.root / "loop" / "new")


def test_a_relative_place_counts_from_the_current_folder(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(kept.root)
    kept.data.bring(FILE, kept.content(FILE).dvc.md5, Path("new"))
    assert (kept.root / "new").is_file()


@pytest.mark.parametrize("there", ["file", "folder", "dangling link"])
def test_nothing_is_put_over_what_is_there(kept: Kept, there: str) -> None:
    new = kept.root / "new"
    if there == "file":
        new.touch()
    elif there == "folder":
        new.mkdir()
    else:
        new.symlink_to(kept.root / "nothing")
    with pytest.raises(Refused, match="expected nothing"):
        kept.data.bring(FILE, kept.content(FILE).dvc.md5, new)
    assert not (kept.root / "nothing").exists()


def test_a_child_that_no_place_has_is_named(kept: Kept) -> None:
    md5 = kept.content(FOLDER).dvc.md5
    for place in kept.places:
        kept.damage(place, B, "gone")
    with pytest.raises(NotFound, match=r"prefs/deep/er/b\.jsonl") as caught:
        kept.data.bring(FOLDER, md5, kept.root / "new")
    assert str(kept.root / "vault") in caught.value.message
    assert not (kept.root / "new").exists()


def test_an_interruption_leaves_nothing(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    real = FolderPlace.chunks

    def chunks(self: FolderPlace, oid: str) -> Iterator[bytes]:
        yield from real(self, oid)
        if oid == B:
            raise KeyboardInterrupt

    monkeypatch.setattr(FolderPlace, "chunks", chunks)
    md5 = kept.content(FOLDER).dvc.md5
    with pytest.raises(KeyboardInterrupt):
        kept.data.bring(FOLDER, md5, kept.root / "deep" / "new")
    assert not (kept.root / "deep").exists()


@pytest.mark.parametrize("path", [FILE, FOLDER])
def test_a_disk_that_fails_leaves_nothing(kept: Kept, path: str) -> None:
    md5 = kept.content(path).dvc.md5
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))  # no file may grow larger
    try:
        with pytest.raises(BackendUnavailable, match="expected to write"):
            kept.data.bring(path, md5, kept.root / "deep" / "new")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not (kept.root / "deep").exists()


@pytest.mark.parametrize("path", [FILE, FOLDER])
def test_a_disk_that_is_too_small_is_told_before_anything_is_written(
    kept: Kept, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = kept.content(path)
    usage = shutil.disk_usage(kept.root)._replace(free=content.dvc.size - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(BackendUnavailable, match=f"expected {content.dvc.size:,} bytes free"):
        kept.data.bring(path, content.dvc.md5, kept.root / "new")
    assert not (kept.root / "new").exists()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=content.dvc.size))
    kept.data.bring(path, content.dvc.md5, kept.root / "new")


@pytest.mark.parametrize("how", ["flipped", "cut", "emptied", "gone"])
def test_a_push_of_bare_dvc_does_not_heal_a_remote_but_bringing_survives_it(
    kept: Kept, how: str
) -> None:
    md5 = kept.content(FILE).dvc.md5
    for place in ("cache", "store"):
        kept.damage(place, md5, how)
    assert "'vault'" in kept.data.bring(FILE, md5, kept.root / "new")
    assert md5_of((kept.root / "new").read_bytes()) == md5


def test_a_path_that_leaves_the_repository_is_refused(kept: Kept) -> None:
    with pytest.raises(InvalidInput):
        kept.data.bring("../elsewhere", kept.content(FILE).dvc.md5, kept.root / "new")


@pytest.mark.parametrize("md5", ["../../../../etc/passwd", "", "AB" * 16, "abc"])
def test_what_is_no_md5_is_refused(kept: Kept, md5: str) -> None:
    with pytest.raises(InvalidInput):
        kept.data.bring(FILE, md5, kept.root / "new")


def test_an_empty_folder_comes_back_empty(kept: Kept) -> None:
    md5 = md5_of(b"[]") + ".dir"
    kept.place_of("store", md5).parent.mkdir(exist_ok=True)
    kept.place_of("store", md5).write_bytes(b"[]")
    kept.data.bring(FOLDER, md5, kept.root / "new")
    assert tree_digests(kept.root / "new") == {}
