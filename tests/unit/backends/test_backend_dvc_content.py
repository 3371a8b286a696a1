"""Data has the hashes that DVC and any SHA-256 tool would give it."""

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import law, paths

from ft_registry.backends.dvc.content import directory_listing, directory_md5, hash_data
from ft_registry.errors import IntegrityError, NotFound, Refused
from ft_registry.model.document import Unknown
from ft_registry.model.manifest import FileEntry, manifest_digest
from ft_registry.model.snapshot import DvcHash

ONE_AT_A_TIME = threading.Lock()
hex32 = st.binary(min_size=16, max_size=16).map(bytes.hex)


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Log(type(Path())):  # type: ignore[misc]
    """A file to which somebody adds a line between two readings, never during one."""

    @contextmanager
    def open(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        with ONE_AT_A_TIME:
            with Path(self).open("ab") as file:
                file.write(b"line\n")
            with Path(self).open(*args, **kwargs) as file:
                yield file


def test_a_folder_has_the_hash_that_dvc_gives_it() -> None:
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.meta import Meta
    from dvc_data.hashfile.tree import Tree

    @given(st.dictionaries(paths, hex32, max_size=5))
    @law
    def agree(files: dict[str, str]) -> None:
        tree = Tree()
        for name, value in files.items():
            tree.add(tuple(name.split("/")), Meta(), HashInfo("md5", value))
        tree.digest()
        assert directory_md5(files) == tree.hash_info.value
        assert directory_listing(files) == tree.as_bytes()

    agree()


@given(content=st.binary(max_size=60))
@law
def test_a_file_has_the_hashes_of_its_bytes(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "hashed.jsonl"
    file.write_bytes(content)
    found = hash_data(file)
    assert found.dvc == DvcHash(md5=md5(content), size=len(content), nfiles=1)
    assert found.sha256 == "sha256:" + sha256(content)
    assert found.files == {"": md5(content)}


def test_a_folder_has_the_hash_of_its_listing_and_of_its_manifest(tmp_path: Path) -> None:
    files = {"b.jsonl": b"{}\n{}\n", "sub/a.jsonl": b"{}"}
    (tmp_path / "sub").mkdir()
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    found = hash_data(tmp_path)
    entries = [
        FileEntry(path=name, size=len(data), sha256=sha256(data)) for name, data in files.items()
    ]
    assert found.files == {name: md5(data) for name, data in files.items()}
    assert found.sha256s == {name: sha256(data) for name, data in files.items()}
    assert found.dvc == DvcHash(md5=directory_md5(found.files), size=8, nfiles=2)
    assert found.sha256 == manifest_digest(entries)


def test_an_empty_folder_is_hashed_as_dvc_does(tmp_path: Path) -> None:
    assert hash_data(tmp_path).dvc == DvcHash(md5=md5(b"[]") + ".dir", size=0, nfiles=0)


@pytest.mark.parametrize(
    ("files", "rows"),
    [
        ({"a.jsonl": b"{}\n\n{}"}, 2),
        ({"a.ndjson": b"{}\n"}, 1),
        ({"a.JSONL": b"{}\n"}, 1),
        ({"a.csv": b"h\n1\n2\n"}, 2),
        ({"a.jsonl": b"{}\n", "b.csv": b"h\n1\n"}, 2),
        ({}, 0),
    ],
)
def test_rows_are_those_of_all_files(tmp_path: Path, files: dict[str, bytes], rows: int) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    assert hash_data(tmp_path).rows == rows


def test_one_file_without_rows_makes_the_sum_unknown(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"{}\n")
    (tmp_path / "README.md").write_bytes(b"read me\n")
    assert isinstance(hash_data(tmp_path).rows, Unknown)


def test_bytes_may_lie_elsewhere_than_their_names_say(tmp_path: Path) -> None:
    # Objects of a cache have no ending: the data's own name says how rows are counted.
    (tmp_path / "ab12").write_bytes(b"{}\n{}\n")
    found = hash_data(tmp_path / "train.jsonl", names={"": tmp_path / "ab12"})
    assert (found.rows, found.files) == (2, {"": md5(b"{}\n{}\n")})


def test_the_names_of_a_folder_may_lie_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "0").write_bytes(b"{}\n")
    found = hash_data(tmp_path / "data", names={"sub/a.jsonl": tmp_path / "0"})
    assert found.dvc.md5 == directory_md5({"sub/a.jsonl": md5(b"{}\n")})


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        hash_data(tmp_path / "missing")
    with pytest.raises(NotFound):
        hash_data(tmp_path / "data", names={"a": tmp_path / "missing"})


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(Refused):
            hash_data(place)


def test_a_file_that_is_not_of_the_kind_it_says_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xff\n")
    with pytest.raises(Refused, match=r"readable \.csv"):
        hash_data(tmp_path / "a.csv")


def test_two_hashes_are_never_of_two_contents(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"line\n")
    with pytest.raises(IntegrityError, match="changed"):
        hash_data(tmp_path / "log", names={"": Log(tmp_path / "log")})
