"""Whatever happens to one object of a snapshot is told of exactly the files that it holds."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.memory_data import content_of

from ft_registry.backends.dvc.copies import copy_in
from ft_registry.backends.dvc.fetching import bring
from ft_registry.backends.dvc.places import FolderPlace, HeldObject, ReadObject
from ft_registry.errors import IntegrityError, NotFound
from ft_registry.model.snapshot import DataContent
from ft_registry.model.verification import Depth

NAMES = st.text("ab/é ", min_size=1, max_size=8).filter(
    lambda text: all(part.strip() for part in text.split("/"))
)
FILES = st.dictionaries(NAMES, st.binary(max_size=20), max_size=4).filter(
    lambda files: not any(a != b and b.startswith(f"{a}/") for a in files for b in files)
)
SNAPSHOTS = st.one_of(st.binary(max_size=20), FILES)


def objects_of(snapshot: bytes | dict[str, bytes]) -> tuple[dict[str, bytes], dict[str, list[str]]]:
    """Returns the objects of a snapshot, and the files that each holds."""
    if isinstance(snapshot, bytes):
        return {md5_of(snapshot): snapshot}, {md5_of(snapshot): [md5_of(snapshot)]}
    children = {name: md5_of(content) for name, content in snapshot.items()}
    listing = json.dumps(
        [{"md5": children[name], "relpath": name} for name in sorted(children)], sort_keys=True
    ).encode()
    whole = md5_of(listing) + ".dir"
    objects = {whole: listing, **{md5_of(content): content for content in snapshot.values()}}
    files = {oid: sorted(n for n in children if children[n] == oid) for oid in objects}
    return objects, {**files, whole: [whole]}


def md5_of(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def put(root: Path, objects: dict[str, bytes]) -> FolderPlace:
    for oid, content in objects.items():
        (root / oid[:2]).mkdir(parents=True, exist_ok=True)
        (root / oid[:2] / oid[2:]).write_bytes(content)
    return FolderPlace("a place", root)


@given(SNAPSHOTS)
def test_a_whole_snapshot_is_ok_and_comes_back(snapshot: bytes | dict[str, bytes]) -> None:
    objects, _ = objects_of(snapshot)
    content = content_of("data", snapshot)
    with TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        place = put(root / "objects", objects)
        assert copy_in(place, content, depth="fast").state == "ok"
        assert copy_in(place, content, depth="full").state == "ok"
        assert bring("data", content.dvc.md5, root / "new", [place]) == "a place"
        if isinstance(snapshot, bytes):
            assert (root / "new").read_bytes() == snapshot
        else:
            found = {f.relative_to(root / "new").as_posix(): f for f in (root / "new").rglob("*")}
            files = {name: file.read_bytes() for name, file in found.items() if file.is_file()}
            assert files == snapshot


@given(SNAPSHOTS, st.data())
def test_any_damage_is_told_of_exactly_its_files_and_never_brought(
    snapshot: bytes | dict[str, bytes], draw: st.DataObject
) -> None:
    objects, files = objects_of(snapshot)
    content = content_of("data", snapshot)
    victim = draw.draw(st.sampled_from(sorted(objects)))
    good = objects[victim]
    how = draw.draw(st.sampled_from(["gone", "longer"] + ["flip", "cut"] * bool(good)))
    if how == "gone":
        bad = {oid: data for oid, data in objects.items() if oid != victim}
    elif how == "flip":
        at = draw.draw(st.integers(0, len(good) - 1))
        mask = draw.draw(st.integers(1, 255))
        bad = {**objects, victim: good[:at] + bytes([good[at] ^ mask]) + good[at + 1 :]}
    else:
        length = draw.draw(st.integers(0, len(good) - 1)) if how == "cut" else len(good)
        bad = {**objects, victim: good[:length] + b"+" * (how == "longer")}
    depths: list[Depth] = ["full"] if how == "flip" else ["fast", "full"]
    with TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        place = put(root / "objects", bad)
        for depth in depths:
            copy = copy_in(place, content, depth=depth)
            assert copy.state == ("absent" if how == "gone" else "damaged")
            assert [fault.name for fault in copy.faults] == files[victim]
            assert {fault.state for fault in copy.faults} == {
                "missing" if how == "gone" else "changed"
            }
        with pytest.raises(NotFound if how == "gone" else IntegrityError):
            bring("data", content.dvc.md5, root / "deep" / "new", [place])
        assert not (root / "deep").exists()
        whole = put(root / "whole", objects)
        bring("data", content.dvc.md5, root / "new", [place, whole])


@dataclass
class Store:
    """A place that keeps checksums of its own, right or not, and counts what is read."""

    objects: dict[str, bytes]
    checksums: dict[str, str | None]
    sizes_known: bool = True
    shown: str = "a store"
    width: int = 1
    was_read: list[str] = field(default_factory=list)

    def where(self, oid: str) -> str:
        return f"store/{oid}"

    def held(self, oids: Iterable[str]) -> dict[str, HeldObject]:
        return {
            oid: HeldObject(
                len(self.objects[oid]) if self.sizes_known else None, self.checksums.get(oid)
            )
            for oid in oids
            if oid in self.objects
        }

    def read(self, oids: Iterable[str]) -> dict[str, ReadObject]:
        found = {}
        for oid in oids:
            self.was_read.append(oid)
            content = self.objects[oid]
            sha256 = hashlib.sha256(content).hexdigest()
            found[oid] = ReadObject(md5_of(content), sha256, len(content))
        return found

    def chunks(self, oid: str) -> Iterator[bytes]:
        yield self.objects[oid]


SNAPSHOT = {"a": b"a", "b": b"bb", "c": b"ccc"}
OBJECTS, _ = objects_of(SNAPSHOT)
A, B, C = (md5_of(content) for content in SNAPSHOT.values())
CONTENT: DataContent = content_of("data", SNAPSHOT)


def test_checksums_that_are_right_spare_the_reading() -> None:
    store = Store(OBJECTS, {oid: oid for oid in OBJECTS})
    assert copy_in(store, CONTENT, depth="full").state == "ok"
    assert store.was_read == []


def test_checksums_of_encrypted_objects_are_no_damage_and_cost_one_small_object() -> None:
    store = Store(OBJECTS, dict.fromkeys(OBJECTS, "f" * 32))
    assert copy_in(store, CONTENT, depth="fast").state == "ok"
    assert store.was_read == [A]
    assert copy_in(store, CONTENT, depth="full").state == "ok"


def test_a_checksum_that_is_wrong_is_proved_by_reading() -> None:
    damaged = {**OBJECTS, B: b"xx"}
    store = Store(damaged, {**{oid: oid for oid in OBJECTS}, B: md5_of(b"xx")})
    copy = copy_in(store, CONTENT, depth="fast")
    assert (copy.state, [fault.name for fault in copy.faults]) == ("damaged", ["b"])
    assert store.was_read == [B]


def test_a_store_that_tells_no_sizes_is_believed_to_have_what_it_lists() -> None:
    store = Store(OBJECTS, {}, sizes_known=False)
    assert copy_in(store, CONTENT, depth="fast").state == "ok"
    assert store.was_read == []
    store.objects = {**OBJECTS, C: b"x"}
    assert copy_in(store, CONTENT, depth="full").state == "damaged"
