"""What is found in cache and remotes: every damage, by name, and nothing changed by looking."""

import json
import os
import re
import subprocess
import sys

import pytest
from tests.cli.project import environment
from tests.data.kept import FILE, FILES, FOLDER, Kept, md5_of

from ft_registry.ports.data import DataCopy

pytestmark = pytest.mark.integration

LISTED = md5_of(FILES["deep/er/b.jsonl"])


def by_place(copies: list[DataCopy]) -> dict[str, DataCopy]:
    return dict(zip(("cache", "store", "vault"), copies, strict=True))


def names(copy: DataCopy) -> list[tuple[str, str]]:
    return [(fault.name, fault.state) for fault in copy.faults]


@pytest.mark.parametrize("place", ["cache", "store", "vault"])
@pytest.mark.parametrize("how", ["flipped", "cut", "emptied"])
def test_a_read_only_object_is_not_believed(kept: Kept, place: str, how: str) -> None:
    content = kept.content(FILE)
    kept.damage(place, content.dvc.md5, how)
    found = by_place(kept.data.copies(content, depth="full"))
    assert names(found.pop(place)) == [(content.dvc.md5, "changed")]
    assert {copy.state for copy in found.values()} == {"ok"}


@pytest.mark.parametrize("how", ["cut", "emptied"])
@pytest.mark.parametrize("path", [FILE, FOLDER])
def test_another_size_is_seen_without_reading_and_told_by_name(
    kept: Kept, path: str, how: str
) -> None:
    content = kept.content(path)
    md5, name = (LISTED, "deep/er/b.jsonl") if path == FOLDER else (content.dvc.md5,) * 2
    kept.damage("store", md5, how)
    found = by_place(kept.data.copies(content, depth="fast"))
    assert names(found["store"]) == [(name, "changed")]
    assert found["cache"].state == "ok"


def test_a_flip_in_a_folder_on_this_machine_takes_reading_to_find(kept: Kept) -> None:
    content = kept.content(FOLDER)
    kept.damage("store", LISTED, "flipped")
    assert by_place(kept.data.copies(content, depth="fast"))["store"].state == "ok"
    assert by_place(kept.data.copies(content, depth="full"))["store"].state == "damaged"


def test_missing_and_changed_files_are_told_together(kept: Kept) -> None:
    content = kept.content(FOLDER)
    kept.damage("store", LISTED, "gone")
    kept.damage("store", md5_of("c"), "emptied")
    found = by_place(kept.data.copies(content, depth="full"))["store"]
    assert found.state == "damaged"
    assert names(found) == [("deep/er/b.jsonl", "missing"), ("ünï cödé", "changed")]


@pytest.mark.parametrize("path", [FILE, FOLDER])
def test_bytes_with_the_md5_of_others_are_told_by_sha256(kept: Kept, path: str) -> None:
    content = kept.content(path)
    other = content.model_copy(update={"sha256": "sha256:" + "0" * 64})
    for copy in kept.data.copies(other, depth="full"):
        (fault,) = copy.faults
        assert (fault.state, fault.expected) == ("changed", other.sha256)
        assert fault.found == content.sha256


def test_a_listing_that_leads_out_is_damage_though_its_hash_is_right(kept: Kept) -> None:
    listing = json.dumps([{"md5": LISTED, "relpath": "../../evil"}]).encode()
    md5 = md5_of(listing) + ".dir"
    content = kept.content(FOLDER)
    named = content.model_copy(update={"dvc": content.dvc.model_copy(update={"md5": md5})})
    place = kept.place_of("cache", md5)
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(listing)
    found = by_place(kept.data.copies(named, depth="fast"))
    assert names(found["cache"]) == [(md5, "changed")]
    assert "'../../evil'" in found["cache"].faults[0].found
    assert found["store"].state == "absent"


def test_looking_and_bringing_change_nothing(kept: Kept) -> None:
    content = kept.content(FOLDER)
    kept.damage("cache", LISTED, "flipped")
    kept.damage("cache", md5_of("c"), "gone")
    before = kept.everything()
    for depth in ("fast", "full"):
        kept.data.copies(content, depth=depth)  # type: ignore[arg-type] # a Literal
    kept.data.bring(FOLDER, content.dvc.md5, kept.root / "brought")
    assert kept.everything() == before


def test_the_default_remote_comes_first(kept: Kept) -> None:
    kept.configure(vault=str(kept.root / "vault"), store=f"file://{kept.root / 'store'}")
    places = [copy.place for copy in kept.data.copies(kept.content(FILE), depth="fast")]
    assert places == [
        f"DVC cache {kept.project.root / '.dvc' / 'cache'}",
        f"DVC remote 'vault' ({kept.root / 'vault'})",
        f"DVC remote 'store' (file://{kept.root / 'store'})",
    ]


def test_without_remotes_there_is_the_cache(kept: Kept) -> None:
    kept.project.write(".dvc/config", "")
    assert [c.state for c in kept.data.copies(kept.content(FILE), depth="full")] == ["ok"]


def test_data_stays_known_when_the_work_tree_and_its_pointer_are_gone(kept: Kept) -> None:
    content = kept.content(FILE)
    (kept.project.root / FILE).unlink()
    (kept.project.root / f"{FILE}.dvc").unlink()
    assert {c.state for c in kept.data.copies(content, depth="full")} == {"ok"}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("url = ../store", "relative"),
        ("profile = ada", "url"),
        ("url = s3://bucket/data\n    version_aware = true", "versions of files"),
        ("url = nothing://host/data", "nothing"),
        ("url = gs://bucket/data", "dvc-gs|dvc\\[gs\\]"),
    ],
)
def test_a_remote_that_cannot_be_asked_says_why(kept: Kept, settings: str, reason: str) -> None:
    kept.project.write(".dvc/config", f"['remote \"r\"']\n    {settings}\n")
    cache, remote = kept.data.copies(kept.content(FILE), depth="fast")
    assert (cache.state, remote.state) == ("ok", "unknown")
    assert re.search(reason, remote.reason), remote.reason


def test_a_broken_configuration_is_a_reason_not_a_failure(kept: Kept) -> None:
    content = kept.content(FILE)
    kept.project.write(".dvc/config", "no section\n")
    (only,) = kept.data.copies(content, depth="full")
    assert only.state == "unknown"
    assert "configuration" in only.reason


def test_a_bare_repository_is_a_reason_not_a_failure(kept: Kept) -> None:
    content = kept.content(FILE)
    bare = kept.root / "bare.git"
    kept.project.git("clone", "--quiet", "--bare", str(kept.project.root), str(bare))
    opened = type(kept.project)(bare).workspace()
    (only,) = opened.data.copies(content, depth="full")
    assert (only.state, "bare" in only.reason) == ("unknown", True)


def test_credentials_in_a_url_are_not_told(kept: Kept) -> None:
    kept.configure(r="https://ada:s3cr3t@127.0.0.1:9/data?sig=abcdef")
    remote = kept.data.copies(kept.content(FILE), depth="fast")[1]
    assert remote.place == "DVC remote 'r' (https://127.0.0.1:9/data)"
    assert remote.state == "unknown"
    assert not any(secret in remote.reason for secret in ("ada", "s3cr3t", "abcdef"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_unknown(kept: Kept) -> None:
    content = kept.content(FILE)
    kept.place_of("store", content.dvc.md5).chmod(0)
    found = by_place(kept.data.copies(content, depth="full"))["store"]
    assert (found.state, "denied" in found.reason) == ("unknown", True)


def test_folders_are_read_without_dvc(kept: Kept) -> None:
    script = f"""
import json, sys
from pathlib import Path
from ft_registry.model.snapshot import DataContent
from ft_registry.workspace import Workspace
content = DataContent.model_validate_json(sys.argv[1])
data = Workspace.open(Path.cwd()).data
states = [copy.state for copy in data.copies(content, depth="full")]
data.bring(content.path, content.dvc.md5, Path({str(kept.root / "brought")!r}))
print(json.dumps([states, sorted({{"dvc", "mlflow", "pyarrow"}} & sys.modules.keys())]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, kept.content(FOLDER).model_dump_json()],
        cwd=kept.project.root, env=environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == [["ok", "ok", "ok"], []]
