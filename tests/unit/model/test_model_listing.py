"""Listings: what names data whose bytes nobody read, and is never taken for a hash of them."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ft_registry.model.document import Unknown
from ft_registry.model.snapshot import (
    DataContent,
    DvcHash,
    SourceFile,
    SourceListing,
    listing_of,
)
from ft_registry.model.version_row import hashes_of

NAMES = st.text(alphabet="abc/é.", min_size=1, max_size=8)
FILES = st.lists(
    st.builds(
        SourceFile,
        path=NAMES,
        size=st.integers(0, 10**15),
        tag=st.sampled_from(["", "t1", "t2"]),
        version=st.sampled_from(["", "v1", "v2"]),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda file: file.path,
)
UNREAD = Unknown(unknown="nobody read it")


def content(listing: SourceListing) -> DataContent:
    return DataContent(path="data/web", dvc=listing, sha256=UNREAD, rows=UNREAD)


@given(FILES, st.randoms())
def test_the_order_of_files_does_not_matter(files: list[SourceFile], random: Random) -> None:
    shuffled = files[:]
    random.shuffle(shuffled)
    assert listing_of("s3://a", shuffled) == listing_of("s3://a", files)


@given(FILES, st.sampled_from(["size", "tag", "version", "path"]))
def test_every_mark_counts_and_the_source_too(files: list[SourceFile], mark: str) -> None:
    listing = listing_of("s3://a", files)
    other = files[0].size + 1 if mark == "size" else "other"
    changed = [files[0].model_copy(update={mark: other}), *files[1:]]
    assert listing_of("s3://a", changed).key != listing.key
    assert listing_of("s3://b", files).key != listing.key


@given(FILES)
def test_a_listing_is_versioned_when_every_file_is(files: list[SourceFile]) -> None:
    assert listing_of("s3://a", files).versioned == all(file.version for file in files)


@given(FILES)
def test_a_document_tells_listing_and_hash_apart(files: list[SourceFile]) -> None:
    found = content(listing_of("s3://a", files))
    assert DataContent.model_validate(found.model_dump(mode="json")) == found
    md5 = DvcHash(md5="0" * 32, size=1, nfiles=1)
    plain = DataContent(path="a", dvc=md5, sha256=f"sha256:{'0' * 64}", rows=1)
    assert DataContent.model_validate(plain.model_dump(mode="json")) == plain


@given(FILES)
def test_no_identity_of_a_listing_looks_like_a_digest_of_bytes(files: list[SourceFile]) -> None:
    found = content(listing_of("s3://a", files))
    assert found.identity == f"listing:{found.key}"


def test_a_record_is_found_by_the_listing_of_its_data() -> None:
    found = content(listing_of("s3://a", [SourceFile(path="", size=1, tag="t", version="")]))
    record = {
        "identity": "i", "artifact": {"digest": "a"}, "config": {"digest": "c"},
        "code": {"commit": "k"}, "run": {"run_id": "r"}, "parents": [], "base": {},
        "data": [found.model_dump(mode="json")],
    }  # fmt: skip
    assert [hash_ for hash_, kind in hashes_of(record, "d") if kind == "data"] == [found.key]
