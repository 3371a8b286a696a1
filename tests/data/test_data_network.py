"""Remotes behind a network, against real servers: what they keep, and what they fail to say."""

import json
import os
import shutil
import time
import urllib.request
from itertools import count

import pytest
from tests.cli.project import tree_digests
from tests.data.kept import FILE, FILES, FOLDER, Kept, configure, md5_of
from tests.data.stores import (
    KEY,
    SECRET,
    Bucket,
    free_port,
    http_server,
    silent_server,
)

from ft_registry.backends.dvc import remotes
from ft_registry.backends.dvc.remotes import CloudPlace
from ft_registry.errors import BackendUnavailable, IntegrityError, NotFound
from ft_registry.model.snapshot import DataContent
from ft_registry.model.verification import Depth
from ft_registry.ports.data import DataCopy

pytestmark = pytest.mark.integration

A, B, C = (md5_of(FILES[name]) for name in ("a.jsonl", "deep/er/b.jsonl", "ünï cödé"))
DEPTHS: tuple[Depth, ...] = ("fast", "full")
_NUMBERS = count()


def remote_copy(kept: Kept, content: DataContent, depth: Depth) -> DataCopy:
    return kept.data.copies(content, depth=depth)[1]


def test_what_dvc_pushes_is_found_and_brought_and_nothing_else_changes(kept: Kept, s3: str) -> None:
    made = Bucket(s3, f"bucket-{next(_NUMBERS)}")
    made.client.create_bucket(Bucket=made.name)
    configure(kept, made.settings)
    kept.project.dvc("push", "--quiet")
    before = kept.everything()
    for path in (FILE, FOLDER):
        for depth in DEPTHS:
            copy = remote_copy(kept, kept.content(path), depth)
            assert (copy.place, copy.state) == (f"DVC remote 'cloud' (s3://{made.name}/data)", "ok")
    contents = {path: kept.content(path).dvc.md5 for path in (FILE, FOLDER)}
    shutil.rmtree(kept.places["cache"])
    for path, md5 in contents.items():
        place = kept.data.bring(path, md5, kept.root / "new" / path)
        assert place == f"DVC remote 'cloud' (s3://{made.name}/data)"
        original = kept.project.root / path
        if original.is_file():
            assert (kept.root / "new" / path).read_bytes() == original.read_bytes()
        else:
            assert tree_digests(kept.root / "new" / path) == tree_digests(original)
    assert not kept.places["cache"].exists()
    after = kept.everything()
    assert {k: v for k, v in after.items() if k != "project/.dvc"} == {
        k: v for k, v in before.items() if k != "project/.dvc"
    }


def test_what_s3_keeps_of_an_upload_proves_it_without_a_download(
    kept: Kept, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(_: CloudPlace, oid: str) -> None:
        pytest.fail(f"{oid} was downloaded")

    monkeypatch.setattr(CloudPlace, "_read", read)
    for depth in DEPTHS:
        assert remote_copy(kept, kept.content(FOLDER), depth).state == "ok"


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_flipped_object_is_named_though_its_size_is_right(
    kept: Kept, bucket: Bucket, depth: Depth
) -> None:
    flipped = b"X" + bucket.read(B)[1:]
    bucket.write(B, flipped)
    copy = remote_copy(kept, kept.content(FOLDER), depth)
    (fault,) = copy.faults
    assert (copy.state, fault.name, fault.state) == ("damaged", "deep/er/b.jsonl", "changed")
    assert md5_of(flipped) in fault.found


@pytest.mark.parametrize("depth", DEPTHS)
def test_missing_objects_are_named(kept: Kept, bucket: Bucket, depth: Depth) -> None:
    content = kept.content(FOLDER)
    bucket.remove(A)
    copy = remote_copy(kept, content, depth)
    assert (copy.state, [f.name for f in copy.faults]) == ("absent", ["a.jsonl", "twin.jsonl"])
    bucket.remove(content.dvc.md5)
    assert [f.name for f in remote_copy(kept, content, depth).faults] == [content.dvc.md5]


def test_a_swapped_listing_is_neither_believed_nor_followed(kept: Kept, bucket: Bucket) -> None:
    content = kept.content(FOLDER)
    evil = [{"md5": A, "relpath": "a.jsonl"}, {"md5": B, "relpath": "../../evil"}]
    bucket.write(content.dvc.md5, json.dumps(evil).encode())
    assert remote_copy(kept, content, "fast").state == "damaged"
    shutil.rmtree(kept.places["cache"])
    with pytest.raises(IntegrityError, match="damaged"):
        kept.data.bring(FOLDER, content.dvc.md5, kept.root / "deep" / "er" / "new")
    assert not (kept.root / "deep").exists()


def test_what_was_uploaded_in_parts_is_read(kept: Kept, bucket: Bucket) -> None:
    content = kept.content(FILE)
    good = bucket.read(content.dvc.md5)
    bucket.write(content.dvc.md5, good, parts=True)
    assert [remote_copy(kept, content, depth).state for depth in DEPTHS] == ["ok", "ok"]
    bucket.write(content.dvc.md5, b"X" + good[1:], parts=True)
    assert [remote_copy(kept, content, depth).state for depth in DEPTHS] == ["ok", "damaged"]
    bucket.write(content.dvc.md5, good[1:], parts=True)
    assert [remote_copy(kept, content, depth).state for depth in DEPTHS] == ["damaged", "damaged"]


def test_damage_in_a_bucket_is_not_brought(kept: Kept, bucket: Bucket) -> None:
    md5 = kept.content(FILE).dvc.md5
    bucket.write(md5, b"X" + bucket.read(md5)[1:])
    kept.damage("cache", md5, "gone")
    with pytest.raises(IntegrityError, match="'cloud'"):
        kept.data.bring(FILE, md5, kept.root / "new")
    assert not (kept.root / "new").exists()


@pytest.mark.parametrize("endpoint", ["S3", "a web server"])
def test_where_there_is_no_bucket_nothing_is_called_lost(
    kept: Kept, s3: str, endpoint: str
) -> None:
    content = kept.content(FILE)
    with http_server(kept.root) as url:
        configure(kept, Bucket(s3 if endpoint == "S3" else url, "no-such-bucket").settings)
        copy = remote_copy(kept, content, "fast")
        assert (copy.state, "no-such-bucket" in copy.reason) == ("unknown", True), copy
        kept.damage("cache", content.dvc.md5, "gone")
        with pytest.raises(BackendUnavailable, match="no-such-bucket"):
            kept.data.bring(FILE, content.dvc.md5, kept.root / "new")


def test_what_a_bucket_does_not_have_is_lost(kept: Kept, bucket: Bucket) -> None:
    md5 = kept.content(FILE).dvc.md5
    bucket.remove(md5)
    kept.damage("cache", md5, "gone")
    with pytest.raises(NotFound, match=bucket.name):
        kept.data.bring(FILE, md5, kept.root / "new")


def test_credentials_that_are_refused_are_told_but_not_shown(kept: Kept, bucket: Bucket) -> None:
    content = kept.content(FILE)

    def demand(without: bytes) -> None:
        url, plain = f"{bucket.url}/moto-api/reset-auth", {"Content-Type": "text/plain"}
        urllib.request.urlopen(urllib.request.Request(url, without, plain)).close()

    demand(b"0")  # requests that need no credentials
    try:
        copy = remote_copy(kept, content, "fast")
        kept.damage("cache", content.dvc.md5, "gone")
        with pytest.raises(BackendUnavailable) as caught:
            kept.data.bring(FILE, content.dvc.md5, kept.root / "new")
    finally:
        demand(b"inf")
    assert copy.state == "unknown"
    for told in (copy.reason, caught.value.message):
        assert "Forbidden" in told or "403" in told or "Access" in told
        assert KEY not in told
        assert SECRET not in told
    assert not (kept.root / "new").exists()


def test_each_bucket_is_asked_with_credentials_of_its_own(kept: Kept, bucket: Bucket) -> None:
    keys = f"    access_key_id = {KEY}\n    secret_access_key = {SECRET}\n"
    own = f"    credentialpath = {kept.root / 'credentials'}\n"
    configure(kept, bucket.settings.replace(keys, own))
    assert remote_copy(kept, kept.content(FILE), "fast").state == "unknown"
    said = f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
    (kept.root / "credentials").write_text(said)
    assert remote_copy(kept, kept.content(FILE), "fast").state == "ok"
    assert not [name for name in os.environ if name.startswith("AWS_")]


@pytest.mark.parametrize("kind", ["s3", "http"])
def test_a_server_that_is_down_is_unknown_soon(kept: Kept, kind: str) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    configure(kept, Bucket(url, "b").settings if kind == "s3" else f"url = {url}/data\n")
    content = kept.content(FILE)
    before = time.monotonic()
    copy = remote_copy(kept, content, "full")
    assert (copy.state, "onnect" in copy.reason) == ("unknown", True), copy.reason
    kept.damage("cache", content.dvc.md5, "flipped")
    with pytest.raises(BackendUnavailable, match=kind):
        kept.data.bring(FILE, content.dvc.md5, kept.root / "new")
    assert time.monotonic() - before < 60


@pytest.mark.parametrize("kind", ["s3", "http"])
def test_a_server_that_never_answers_is_unknown_soon(
    kept: Kept, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remotes, "_PATIENCE_SECONDS", 2)
    with silent_server() as url:
        configure(kept, Bucket(url, "b").settings if kind == "s3" else f"url = {url}/data\n")
        copy = remote_copy(kept, kept.content(FILE), "fast")
    assert (copy.state, copy.reason) == ("unknown", "no answer within 2 seconds")


def test_a_remote_over_http_is_read_like_any_other(kept: Kept) -> None:
    content = kept.content(FOLDER)
    with http_server(kept.root / "store") as url:
        configure(kept, f"url = {url}\n")
        for depth in DEPTHS:
            assert remote_copy(kept, content, depth).state == "ok"
        kept.damage("store", B, "flipped")
        kept.damage("store", C, "gone")
        assert [(f.name, f.state) for f in remote_copy(kept, content, "full").faults] == [
            ("deep/er/b.jsonl", "changed"),
            ("ünï cödé", "missing"),
        ]
        kept.damage("cache", A, "gone")
        assert "http" in kept.data.bring(FOLDER, content.dvc.md5, kept.root / "new")
    assert tree_digests(kept.root / "new") == tree_digests(kept.project.root / FOLDER)
