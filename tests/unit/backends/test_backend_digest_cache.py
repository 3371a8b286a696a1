"""The cache of downloads believes nothing, stays small, and may vanish."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from ft_registry.backends.digest_cache import DigestCache
from ft_registry.errors import BackendUnavailable, NotFound


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def put(cache: DigestCache, content: bytes, *, name: bytes | None = None) -> str:
    with cache.scratch() as folder:
        (folder / "file").write_bytes(content)
        return cache.put(folder / "file", sha256(name if name is not None else content))


def test_what_is_put_is_got(tmp_path: Path) -> None:
    cache = DigestCache(tmp_path)
    assert put(cache, b"weights") == sha256(b"weights")
    file = cache.get(sha256(b"weights"))
    assert file is not None
    assert file.read_bytes() == b"weights"
    assert list((tmp_path / "scratch").iterdir()) == []


def test_other_bytes_are_not_taken(tmp_path: Path) -> None:
    cache = DigestCache(tmp_path)
    assert put(cache, b"other", name=b"weights") == sha256(b"other")
    assert cache.get(sha256(b"weights")) is cache.get(sha256(b"other")) is None


def test_a_file_that_rotted_is_deleted(tmp_path: Path) -> None:
    cache = DigestCache(tmp_path)
    put(cache, b"weights")
    file = cache.get(sha256(b"weights"))
    assert file is not None
    file.write_bytes(b"WEIGHTS")
    assert cache.get(sha256(b"weights")) is None
    assert not file.exists()


def test_a_rotten_file_is_replaced(tmp_path: Path) -> None:
    cache = DigestCache(tmp_path)
    put(cache, b"weights")
    next(tmp_path.glob("??/*")).write_bytes(b"WEIGHTS")
    put(cache, b"weights")
    assert cache.get(sha256(b"weights")) is not None


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    cache = DigestCache(tmp_path, limit=25)
    contents = [bytes([number]) * 10 for number in range(3)]
    for number, content in enumerate(contents[:2]):
        put(cache, content)
        file = cache.get(sha256(content))
        assert file is not None
        os.utime(file, (number, number))
    assert cache.get(sha256(contents[0])) is not None  # used again
    put(cache, contents[2])
    assert [cache.get(sha256(content)) is not None for content in contents] == [True, False, True]


def test_the_cache_may_be_deleted_at_any_time(tmp_path: Path) -> None:
    cache = DigestCache(tmp_path / "objects")
    put(cache, b"weights")
    shutil.rmtree(tmp_path / "objects")
    assert cache.get(sha256(b"weights")) is None
    assert put(cache, b"weights") == sha256(b"weights")


def test_what_a_kill_left_is_swept_after_a_day(tmp_path: Path) -> None:
    (tmp_path / "scratch" / "left").mkdir(parents=True)
    os.utime(tmp_path / "scratch" / "left", (0, 0))
    put(DigestCache(tmp_path), b"weights")
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_file_that_did_not_come_is_told(tmp_path: Path) -> None:
    cache = DigestCache(tmp_path)
    with cache.scratch() as folder, pytest.raises(NotFound):
        cache.put(folder / "nothing", sha256(b""))


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "objects").write_bytes(b"a file")
    cache = DigestCache(tmp_path / "objects")
    with pytest.raises(BackendUnavailable, match="expected to write"), cache.scratch():
        pass
