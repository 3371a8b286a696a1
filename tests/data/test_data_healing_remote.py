"""Healing remotes behind a network: a real S3 server, and one that takes nothing."""

from pathlib import Path

import pytest
from tests.data.kept import FILE, FILES, FOLDER, Kept, configure, md5_of
from tests.data.stores import Bucket, free_port, http_server

from ft_registry.backends.quarantine import BYTES, FolderQuarantine
from ft_registry.errors import BackendUnavailable
from ft_registry.model.healing import Wound
from ft_registry.model.snapshot import DataContent

pytestmark = pytest.mark.integration

A = md5_of(FILES["a.jsonl"])


def quarantine_of(kept: Kept) -> tuple[FolderQuarantine, Path]:
    workspace = kept.project.workspace()
    folder = workspace.private / "quarantine"
    return FolderQuarantine(folder, workspace.context), folder


def heal(kept: Kept, content: DataContent) -> tuple[list[Wound], list[bytes]]:
    """Heals, and returns what was wrong and what is in quarantine."""
    quarantine, folder = quarantine_of(kept)
    wounds = kept.data.wounds(content)
    for wound in wounds:
        kept.data.heal(content, wound, quarantine)
    assert kept.data.wounds(content) == []
    return wounds, [file.read_bytes() for file in folder.glob(f"*/{BYTES}")]


@pytest.mark.parametrize("parts", [False, True])
def test_a_damaged_object_in_a_bucket_is_kept_and_replaced(
    kept: Kept, bucket: Bucket, parts: bool
) -> None:
    good = bucket.read(A)
    bucket.write(A, b"rotten", parts=parts)
    (wound,), kept_bytes = heal(kept, kept.content(FOLDER))
    assert (wound.harm, wound.at) == ("changed", f"files/md5/{A[:2]}/{A[2:]}")
    assert bucket.read(A) == good
    assert kept_bytes == [b"rotten"]


def test_what_a_bucket_lost_comes_back_and_a_bucket_fills_a_cache(
    kept: Kept, bucket: Bucket
) -> None:
    content = kept.content(FOLDER)
    good = bucket.read(A)
    bucket.remove(A)
    bucket.remove(content.key)
    wounds, _ = heal(kept, content)
    assert {wound.key for wound in wounds} == {A, content.key}
    assert bucket.read(A) == good
    kept.damage("cache", A, "flipped")
    (wound,), _ = heal(kept, content)
    assert wound.source.startswith("DVC remote 'cloud'")
    assert kept.place_of("cache", A).read_bytes() == good


def test_a_bucket_that_does_not_answer_is_told(kept: Kept, bucket: Bucket) -> None:
    content = kept.content(FILE)
    configure(kept, bucket.settings.replace(bucket.url, f"http://127.0.0.1:{free_port()}"))
    (wound,) = kept.data.wounds(content)
    assert wound.is_open
    assert "DVC remote 'cloud'" in wound.fate


def test_a_server_that_takes_nothing_is_told_and_what_it_has_stays(kept: Kept) -> None:
    content = kept.content(FILE)
    with http_server(kept.root / "store") as url:
        configure(kept, f"url = {url}\n")
        kept.damage("store", content.key, "flipped")
        bad = kept.place_of("store", content.key).read_bytes()
        (wound,) = kept.data.wounds(content)
        quarantine, _ = quarantine_of(kept)
        with pytest.raises(BackendUnavailable):
            kept.data.heal(content, wound, quarantine)
    assert kept.place_of("store", content.key).read_bytes() == bad
