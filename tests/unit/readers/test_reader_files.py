"""Every byte is read, and what cannot be kept for ever is refused by name."""

import hashlib
import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import law

from ft_registry.errors import FtRegistryError, IntegrityError, NotFound, Refused
from ft_registry.readers.files import empty_folders, hash_file, hash_folder, in_parallel, walk

as_root = os.geteuid() == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "b.txt").write_bytes(b"two")
    (root / "a.txt").write_bytes(b"one")
    (root / "sub" / "deep" / "c").write_bytes(b"")
    return root


def test_a_walk_names_every_file_sorted_from_the_root(folder: Path) -> None:
    assert walk(folder) == ["a.txt", "b.txt", "sub/deep/c"]


def test_an_empty_folder_has_no_files(tmp_path: Path) -> None:
    assert walk(tmp_path) == []


def test_hidden_files_are_files(tmp_path: Path) -> None:
    (tmp_path / ".hidden").touch()
    assert walk(tmp_path) == [".hidden"]


@pytest.mark.parametrize("name", ["ä", "模型 v1", "a b", "a\\b", "-rf", "~", "$HOME", "a\u200bb"])
def test_strange_names_are_kept_as_they_are(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert walk(tmp_path) == [name]


@pytest.mark.parametrize(
    "name", [b"a\nb", b"a\tb", b"\x1f", b"\x1b[31m", b"a\x7f", b"a\xff"], ids=ascii
)
def test_names_that_do_not_survive_a_round_trip_are_refused(tmp_path: Path, name: bytes) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).touch()
    except OSError:
        pytest.skip("the file system refuses the name itself")
    with pytest.raises(Refused, match="control characters"):
        walk(tmp_path)


def test_a_link_is_refused_by_its_path(folder: Path) -> None:
    (folder / "sub" / "link").symlink_to(folder / "a.txt")
    with pytest.raises(Refused, match=r"a link: .*/sub/link"):
        walk(folder)


def test_a_link_to_a_file_may_be_followed(folder: Path) -> None:
    (folder / "link").symlink_to(folder / "a.txt")
    assert "link" in walk(folder, follow_links=True)


@pytest.mark.parametrize("target", ["sub", "nowhere", "..", "/"])
def test_no_other_link_is_ever_followed(folder: Path, target: str) -> None:
    (folder / "link").symlink_to(target)
    with pytest.raises(Refused, match="a link"):
        walk(folder, follow_links=True)


@pytest.mark.parametrize("follow", [False, True])
def test_a_link_to_itself_is_refused(folder: Path, follow: bool) -> None:
    (folder / "loop").symlink_to("loop")
    with pytest.raises(Refused):
        walk(folder, follow_links=follow)


def test_a_pipe_is_refused_without_waiting_for_its_writer(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(Refused, match="a pipe, socket or device"):
        walk(folder)


def test_a_socket_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as endpoint:
        endpoint.bind("s")
        with pytest.raises(Refused, match="a pipe, socket or device"):
            walk(folder)


def test_what_is_no_folder_is_not_found(folder: Path) -> None:
    for place in (folder / "a.txt", folder / "missing", folder / ("x" * 300)):
        with pytest.raises(NotFound, match="expected a folder"):
            walk(place)


@pytest.mark.skipif(as_root, reason="root reads everything")
def test_a_folder_that_may_not_be_read_is_refused(folder: Path) -> None:
    (folder / "sub").chmod(0)
    with pytest.raises(Refused, match="expected to read"):
        walk(folder)
    (folder / "sub").chmod(0o700)


@pytest.mark.skipif(as_root, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_refused(folder: Path) -> None:
    (folder / "a.txt").chmod(0)
    with pytest.raises(Refused, match="expected to read"):
        hash_folder(folder)


def test_folders_without_a_file_are_named_by_the_outermost(tmp_path: Path) -> None:
    for name in ("full/deep", "full/empty", "empty/inner", "empty/other"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "full" / "deep" / "a").touch()
    assert empty_folders(tmp_path) == ["empty", "full/empty"]
    assert empty_folders(tmp_path / "full" / "deep") == []


def test_a_manifest_names_size_and_hash_of_each_file(folder: Path) -> None:
    found = [(entry.path, entry.size, entry.sha256) for entry in hash_folder(folder)]
    assert found == [
        ("a.txt", 3, hashlib.sha256(b"one").hexdigest()),
        ("b.txt", 3, hashlib.sha256(b"two").hexdigest()),
        ("sub/deep/c", 0, hashlib.sha256(b"").hexdigest()),
    ]


def test_a_manifest_follows_links_only_when_asked(folder: Path) -> None:
    (folder / "link").symlink_to(folder / "a.txt")
    with pytest.raises(Refused, match="a link"):
        hash_folder(folder)
    followed = {entry.path: entry.sha256 for entry in hash_folder(folder, follow_links=True)}
    assert followed["link"] == followed["a.txt"]


@given(content=st.binary(max_size=200), repeats=st.sampled_from([0, 1, 5000]))
@law
def test_a_file_has_the_hash_that_hashlib_gives(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, repeats: int
) -> None:
    data = content * repeats
    file = tmp_path_factory.getbasetemp() / "hashed"
    file.write_bytes(data)
    assert hash_file(file, "sha256") == (hashlib.sha256(data).hexdigest(), len(data))
    assert hash_file(file, "md5")[0] == hashlib.md5(data).hexdigest()


def test_who_watches_sees_every_byte_in_order(tmp_path: Path) -> None:
    data = bytes(range(256)) * 3000
    (tmp_path / "f").write_bytes(data)
    seen: list[bytes] = []
    hash_file(tmp_path / "f", "sha256", watch=seen.append)
    assert len(seen) > 1
    assert b"".join(seen) == data


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file.write_bytes(b"longer than before"),
        lambda file: file.write_bytes(b""),
        lambda file: os.utime(file, ns=(0, 0)),
    ],
    ids=["grows", "shrinks", "is written in place"],
)
def test_a_file_that_changes_while_it_is_hashed_has_no_hash(tmp_path: Path, change) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"before")
    with pytest.raises(IntegrityError, match="changed"):
        hash_file(file, "sha256", watch=lambda _: change(file))


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        hash_file(tmp_path / "missing", "sha256")


def test_only_a_file_has_a_hash(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(Refused, match="expected a file"):
            hash_file(place, "sha256")


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_jobs_answer_in_order(count: int) -> None:
    assert in_parallel([lambda n=n: n * n for n in range(count)]) == [n * n for n in range(count)]


@pytest.mark.parametrize("count", [1, 3])
def test_the_error_of_a_job_is_raised(count: int) -> None:
    def fail() -> int:
        raise NotFound("no")

    with pytest.raises(FtRegistryError, match="no"):
        in_parallel([fail] * count)
