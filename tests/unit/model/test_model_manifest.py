"""A manifest's digest covers names, sizes and content, in no order."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.strategies import entries, hex64, law, paths, whole

from ft_registry.model.document import Part
from ft_registry.model.manifest import Digest, FileEntry, Md5Hex, manifest_digest, relative_path

manifests = st.lists(entries, min_size=1, max_size=5, unique_by=lambda entry: entry.path)


class Hashes(Part):
    sha256: Digest = "sha256:" + "0" * 64
    md5: Md5Hex = "0" * 32


@given(manifests, st.randoms(use_true_random=False))
@law
def test_the_order_of_files_does_not_matter(files: list[FileEntry], chance: random.Random) -> None:
    shuffled = list(files)
    chance.shuffle(shuffled)
    assert manifest_digest(shuffled) == manifest_digest(files)


@given(manifests, st.data(), paths, whole, hex64)
@law
def test_any_other_name_size_or_content_is_another_digest(
    files: list[FileEntry], data: st.DataObject, path: str, size: int, sha256: str
) -> None:
    chosen = data.draw(st.integers(0, len(files) - 1))
    field, value = data.draw(st.sampled_from([("path", path), ("size", size), ("sha256", sha256)]))
    changed = list(files)
    changed[chosen] = FileEntry(**(files[chosen].model_dump() | {field: value}))
    same = changed[chosen] == files[chosen]
    assert (manifest_digest(changed) == manifest_digest(files)) == same


@given(manifests)
@law
def test_one_file_less_is_another_digest(files: list[FileEntry]) -> None:
    assert manifest_digest(files[1:]) != manifest_digest(files)


@given(paths)
@law
def test_a_path_below_its_root_stays_as_it_is(path: str) -> None:
    assert relative_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "", ".", "..", "/", "/a", "//a", "./a", "a/.", "a/", "a//b", "a/./b", "../a", "a/../b",
        "a/..", "a\0b", "\0",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_path_that_could_leave_its_root_or_be_written_otherwise_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="expected a relative path"):
        relative_path(path)


@pytest.mark.parametrize("path", ["...", "a..b", ".hidden", "a b", "ä/模型", "a\\b", "-", "~"])
def test_a_strange_path_is_a_path(path: str) -> None:
    assert relative_path(path) == path


@pytest.mark.parametrize(
    "fields",
    [
        {"sha256": "0" * 64},
        {"sha256": "sha256:" + "0" * 63},
        {"sha256": "sha256:" + "0" * 65},
        {"sha256": "sha256:" + "A" * 64},
        {"sha256": "sha256:" + "0" * 64 + "\n"},
        {"sha256": "SHA256:" + "0" * 64},
        {"md5": "0" * 31},
        {"md5": "0" * 32 + ".DIR"},
        {"md5": "0" * 32 + ".dir\n"},
        {"md5": "g" * 32},
        {"md5": "../" + "0" * 29},
    ],
    ids=ascii,
)
def test_a_hash_has_one_spelling(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Hashes(**fields)


@pytest.mark.parametrize("size", [-1, "x", None, 1.5])
def test_a_size_is_a_number_of_bytes(size: object) -> None:
    with pytest.raises(ValidationError):
        FileEntry(path="a", size=size, sha256="0" * 64)  # type: ignore[arg-type]
