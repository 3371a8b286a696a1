"""Data that stays at its source: `dvc import-url --no-download`, with the real DVC and an S3."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.cli.project import Project
from tests.data.stores import Bucket, free_port, s3_server

from ft_registry.actions.snapshot import NOT_HERE, Snapshotted
from ft_registry.errors import BackendUnavailable, IntegrityError, NotFound, Refused
from ft_registry.model.document import Unknown
from ft_registry.model.snapshot import SourceListing, listing_of
from ft_registry.ports.data import DataCopy

pytestmark = pytest.mark.integration

WEB, POINTER = "data/web", "data/web.dvc"
A, B = '{"text": "a"}\n', '{"text": "b"}\n'
_NUMBERS = count()


@dataclass(frozen=True)
class Corpus:
    """A registry, and a bucket with a corpus that it has not copied."""

    project: Project
    bucket: Bucket

    def put(self, name: str, content: str) -> str | None:
        """Writes a file to the source; returns its version, where versions are kept."""
        told: dict[str, Any] = self.bucket.client.put_object(
            Bucket=self.bucket.name, Key=f"data/{name}", Body=content.encode()
        )
        return told.get("VersionId")

    def keep_versions(self) -> None:
        """From now on the bucket keeps what is overwritten."""
        self.bucket.client.put_bucket_versioning(
            Bucket=self.bucket.name, VersioningConfiguration={"Status": "Enabled"}
        )

    def imported(self, name: str = "web", *options: str) -> str:
        """Imports a part of the source without downloading it; returns its path."""
        path = f"data/{name}"
        source = f"remote://corpora/{name}"
        self.project.dvc("import-url", "--quiet", "--no-download", *options, source, path)
        return path

    def snapshot(self, path: str = WEB, **options: Any) -> Snapshotted:
        return self.project.workspace().datasets.snapshot(self.project.root / path, **options)

    def looked_at(self, done: Snapshotted) -> DataCopy:
        """Returns what a new process finds at the source."""
        rev = str(done.snapshot.commit)
        (copy,) = self.project.workspace().data.copies(done.snapshot.content, depth="full", rev=rev)
        return copy


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an S3 server."""
    with s3_server(tmp_path_factory.mktemp("s3")) as url:
        yield url


@pytest.fixture
def corpus(s3: str, project: Project) -> Corpus:
    """A folder and a file in a bucket without versions."""
    bucket = Bucket(s3, f"corpora-{next(_NUMBERS)}")
    bucket.client.create_bucket(Bucket=bucket.name)
    made = Corpus(project, bucket)
    configure(made, bucket.settings)
    for name, content in (("web/a.jsonl", A), ("web/deep/b.jsonl", B), ("one.jsonl", A)):
        made.put(name, content)
    return made


@pytest.fixture
def versioned(corpus: Corpus) -> Corpus:
    """The same in a bucket that keeps versions, imported so."""
    corpus.keep_versions()
    for name, content in (("web/a.jsonl", A), ("web/deep/b.jsonl", B)):
        corpus.put(name, content)
    corpus.imported("web", "--version-aware")
    return corpus


def configure(corpus: Corpus, settings: str) -> None:
    corpus.project.write(".dvc/config", f"['remote \"corpora\"']\n    {settings}")
    corpus.project.commit(".dvc/config")


def listing(done: Snapshotted) -> SourceListing:
    found = done.snapshot.content.dvc
    assert isinstance(found, SourceListing)
    return found


def test_a_folder_is_put_on_record_without_a_byte_of_it(corpus: Corpus) -> None:
    corpus.imported()
    done = corpus.snapshot()
    found = listing(done)
    assert (found.source, found.size, found.nfiles, found.versioned) == (
        "remote://corpora/web", len(A + B), 2, False,
    )  # fmt: skip
    assert isinstance(done.snapshot.content.sha256, Unknown)
    assert done.snapshot.examples == Unknown(unknown=NOT_HERE)
    assert not (corpus.project.root / WEB).exists()
    cached = (corpus.project.root / ".dvc" / "cache").rglob("*")
    assert not {A, B} & {file.read_text() for file in cached if file.is_file()}


def test_a_snapshot_commits_the_pointer_as_dvc_wrote_it(corpus: Corpus) -> None:
    corpus.imported()
    before = (corpus.project.root / POINTER).read_bytes()
    done = corpus.snapshot()
    files = corpus.project.git("show", "--name-only", "--format=", str(done.commit)).splitlines()
    assert files == ["data/.gitignore", POINTER]
    assert (corpus.project.root / POINTER).read_bytes() == before
    again = corpus.snapshot()
    assert (again.created, again.commit) == (False, None)


def test_the_listing_is_no_hash_of_bytes_and_names_every_mark(versioned: Corpus) -> None:
    done = versioned.snapshot()
    imported = versioned.project.workspace().data._import(WEB)  # type: ignore[attr-defined]
    assert listing(done) == listing_of("remote://corpora/web", imported.files)
    changed = [imported.files[0].model_copy(update={"version": "other"}), *imported.files[1:]]
    assert listing_of("remote://corpora/web", changed).key != listing(done).key


def test_a_source_that_changed_since_the_import_is_no_snapshot_until_dvc_updates(
    corpus: Corpus,
) -> None:
    corpus.imported()
    corpus.put("web/a.jsonl", B)
    with pytest.raises(IntegrityError, match="the source changed since the import") as caught:
        corpus.snapshot()
    assert caught.value.hints[0].startswith(f"dvc update --no-download {POINTER}")
    corpus.project.dvc("update", "--quiet", "--no-download", POINTER)
    assert corpus.snapshot().created


def test_a_single_file_that_changed_is_told_by_its_tag(corpus: Corpus) -> None:
    path = corpus.imported("one.jsonl")
    assert listing(corpus.snapshot(path)).nfiles == 1
    corpus.put("one.jsonl", B)
    with pytest.raises(IntegrityError, match=r"found that the source changed.*tag"):
        corpus.snapshot(path)


def test_verify_sees_that_a_file_was_replaced_and_says_what_it_cannot_see(corpus: Corpus) -> None:
    corpus.imported()
    done = corpus.snapshot()
    copy = corpus.looked_at(done)
    assert copy.state == "ok"
    assert "keeps no versions" in copy.note
    corpus.put("web/a.jsonl", B)
    copy = corpus.looked_at(done)
    assert copy.state == "damaged"
    assert copy.faults[0].name == done.snapshot.content.key


def test_a_version_stays_whatever_came_after_until_it_is_deleted(versioned: Corpus) -> None:
    done = versioned.snapshot()
    assert listing(done).versioned
    versioned.put("web/a.jsonl", B)
    assert not versioned.snapshot().created
    assert versioned.looked_at(done).state == "ok"
    versioned.project.dvc("update", "--quiet", "--no-download", POINTER)
    newer = versioned.snapshot()
    assert newer.created
    # The pointer in the work tree names other versions by now: the commit's is the right one.
    assert versioned.looked_at(done).state == "ok"
    client, name = versioned.bucket.client, versioned.bucket.name
    versions = client.list_object_versions(Bucket=name, Prefix="data/web/a.jsonl")["Versions"]
    for version in versions:
        if not version["IsLatest"]:
            client.delete_object(Bucket=name, Key=version["Key"], VersionId=version["VersionId"])
    copy = versioned.looked_at(done)
    assert (copy.state, [fault.name for fault in copy.faults]) == ("absent", ["a.jsonl"])
    assert versioned.looked_at(newer).state == "ok"


def test_a_version_whose_pointer_is_not_at_hand_is_unknown(versioned: Corpus) -> None:
    done = versioned.snapshot()
    (versioned.project.root / POINTER).unlink()
    (copy,) = versioned.project.workspace().data.copies(done.snapshot.content, depth="fast")
    assert copy.state == "unknown"
    assert "no pointer at hand" in copy.reason


def test_a_source_that_does_not_answer_changes_nothing(corpus: Corpus) -> None:
    corpus.imported()
    done = corpus.snapshot()
    silent = Bucket(f"http://127.0.0.1:{free_port()}", corpus.bucket.name)
    configure(corpus, silent.settings)
    before = corpus.project.state()
    with pytest.raises(BackendUnavailable, match="expected the source remote://corpora/web"):
        corpus.snapshot()
    assert corpus.project.state() == before
    assert corpus.looked_at(done).state == "unknown"


def test_files_beside_such_a_pointer_are_named_by_no_hash(corpus: Corpus) -> None:
    corpus.imported()
    corpus.project.write(f"{WEB}/a.jsonl", A)
    for call in (corpus.snapshot, lambda: corpus.project.register("m", "ad1", data=[WEB])):
        with pytest.raises(Refused, match="found files"):
            call()
    corpus.project.dvc("pull", "--quiet", "--force", POINTER)
    corpus.project.dvc("commit", "--quiet", "--force", POINTER)
    done = corpus.snapshot()
    assert done.snapshot.content.dvc.words == "md5"
    assert done.snapshot.content.rows == 2


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("etag:", "tag:", "expected a tag or a version"),
        ("size: 14", "size: many", "as dvc import-url writes it"),
        ("relpath: deep/", "relpath: ../../", "as dvc import-url writes it"),
        ("remote://corpora", "s3://me:secret@corpora", "without a password"),
    ],
)
def test_an_edited_pointer_is_refused(versioned: Corpus, old: str, new: str, told: str) -> None:
    text = (versioned.project.root / POINTER).read_text()
    text = text.replace(old, new).replace(
        "version_id:", "was:" if old == "etag:" else "version_id:"
    )
    versioned.project.write(POINTER, text)
    with pytest.raises(Refused, match=told) as caught:
        versioned.snapshot()
    assert "secret" not in caught.value.message


def test_a_version_with_another_tag_than_the_pointer_says_is_refused(versioned: Corpus) -> None:
    text = (versioned.project.root / POINTER).read_text()
    versioned.project.write(POINTER, text.replace("etag: ", "etag: 0", 1))
    with pytest.raises(IntegrityError, match=r"or the pointer was edited: a\.jsonl"):
        versioned.snapshot()


def test_nothing_is_pushed_of_what_stays_at_its_source(corpus: Corpus) -> None:
    corpus.imported()
    with pytest.raises(Refused, match="stays at its source"):
        corpus.snapshot(push=True)


def test_from_import_to_restore_on_the_command_line(corpus: Corpus, tmp_path: Path) -> None:
    project = corpus.project
    corpus.imported()
    taken = project.done("data", "snapshot", WEB)
    assert (taken["md5"], taken["sha256"], taken["versioned"]) == (None, None, False)
    shown = project.cli("data", "show", WEB).stdout
    assert "where files can be replaced" in shown
    assert WEB in project.cli("data", "list").stdout
    traced = project.cli("data", "trace", "--hash", "0" * 32)
    assert NOT_HERE in traced.stderr
    project.done("register", "m", "ad1", "--data", WEB)
    assert "listing" in project.cli("show", "m/1").stdout
    verified = project.cli("verify", "m/1")
    assert verified.code == 0, verified.stdout
    assert "keeps no versions" in verified.stderr + verified.stdout
    restored = project.cli("--json", "restore", "m/1", "--into", tmp_path / "back").document
    step = next(step for step in restored["steps"] if step["name"] == "data train")
    assert "dvc pull data/web.dvc" in step["detail"]
    corpus.put("web/a.jsonl", B)
    assert project.cli("verify", "m/1").code == 4
    again = project.cli("register", "m", "ad2", "--data", WEB)
    assert again.code == 4
    assert f"dvc update --no-download {POINTER}" in again.stderr


def test_a_file_behind_http_is_named_by_its_etag_and_never_read(project: Project) -> None:
    with tagged_server() as (url, asked):
        project.dvc("import-url", "--quiet", "--no-download", f"{url}/one.jsonl", "one.jsonl")
        asked.clear()
        done = project.workspace().datasets.snapshot(project.root / "one.jsonl")
        assert listing(done).nfiles == 1
        assert set(asked) == {"HEAD"}


@contextmanager
def tagged_server() -> Iterator[tuple[str, list[str]]]:
    """Serves one file with an ETag; yields the address, and the methods it was asked by."""
    asked: list[str] = []

    class Tagged(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            asked.append(self.command)
            self.send_response(200)
            self.send_header("ETag", '"1-a"')
            self.send_header("Content-Length", str(len(A)))
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            self.wfile.write(A.encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Tagged) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_what_went_to_the_remote_unread_has_to_be_pulled_once(corpus: Corpus) -> None:
    source = ("remote://corpora/web", WEB)
    corpus.project.dvc("import-url", "--quiet", "--to-remote", "--remote", "corpora", *source)
    with pytest.raises(NotFound, match="found nothing at data/web") as caught:
        corpus.snapshot()
    assert caught.value.hints == (f"dvc pull {POINTER} brings what its pointer names",)
    corpus.project.dvc("pull", "--quiet", "--remote", "corpora", POINTER)
    assert corpus.snapshot().snapshot.content.dvc.words == "md5"


def test_what_was_pushed_to_a_remote_that_keeps_versions_is_ordinary_data(corpus: Corpus) -> None:
    corpus.keep_versions()
    project = corpus.project
    configure(corpus, f"{corpus.bucket.settings}    version_aware = true\n")
    project.write(".dvc/config", f"[core]\n    remote = corpora\n{read_config(project)}")
    project.commit(".dvc/config")
    project.write("own/a.jsonl", '{"prompt": "a", "completion": "b"}\n')
    project.write("own/deep/b.jsonl", '{"prompt": "c", "completion": "d"}\n')
    with pytest.raises(Refused, match="keeps versions of files"):
        corpus.snapshot("own", push=True)
    done = corpus.snapshot("own")
    project.dvc("push", "--quiet")
    assert "version_id" in (project.root / "own.dvc").read_text()
    again = corpus.snapshot("own")
    assert (again.created, again.snapshot) == (False, done.snapshot)
    assert again.commit is not None, "the pointer with the versions is committed"
    assert project.register("m", "ad1", data=["own"]).filed.record.data[0].sha256 == (
        done.snapshot.content.sha256
    )


def read_config(project: Project) -> str:
    return (project.root / ".dvc" / "config").read_text()
