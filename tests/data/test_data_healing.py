"""Healing data: good bytes go where the record says, what lay there is kept, nothing is lost."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.cli.project import tree_digests
from tests.data.kept import FILE, FILES, FOLDER, Kept, copy_kept, md5_of

from ft_registry.backends.dvc.places import FolderPlace
from ft_registry.backends.quarantine import BYTES, NOTE, FolderQuarantine
from ft_registry.errors import BackendUnavailable
from ft_registry.model.healing import Wound
from ft_registry.model.snapshot import DataContent

pytestmark = pytest.mark.integration

A, B, C = (md5_of(FILES[name]) for name in ("a.jsonl", "deep/er/b.jsonl", "ünï cödé"))


@dataclass
class Care:
    """Data to damage, and its healing."""

    kept: Kept
    contents: dict[str, DataContent] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.contents = {path: self.kept.content(path) for path in (FILE, FOLDER)}

    @property
    def quarantine(self) -> Path:
        return self.kept.project.workspace().private / "quarantine"

    def wounds(self) -> list[Wound]:
        data = self.kept.data
        return [wound for content in self.contents.values() for wound in data.wounds(content)]

    def heal(self) -> list[Wound]:
        """Heals what can be healed and returns what cannot."""
        workspace = self.kept.project.workspace()
        quarantine = FolderQuarantine(self.quarantine, workspace.context)
        left = []
        for content in self.contents.values():
            for wound in workspace.data.wounds(content):
                if wound.is_curable:
                    workspace.data.heal(content, wound, quarantine)
                else:
                    left.append(wound)
        return left

    def kept_bytes(self) -> set[bytes]:
        return {file.read_bytes() for file in self.quarantine.glob(f"*/{BYTES}")}

    def objects(self) -> dict[str, dict[str, str]]:
        return {name: tree_digests(folder) for name, folder in self.kept.places.items()}


@pytest.fixture
def care(kept: Kept) -> Care:
    return Care(kept)


def test_what_is_whole_is_left_alone(care: Care) -> None:
    before = care.objects()
    assert care.wounds() == []
    assert care.heal() == []
    assert care.objects() == before
    assert not care.quarantine.exists()


@pytest.mark.parametrize("place", ["cache", "store", "vault"])
@pytest.mark.parametrize("how", ["flipped", "cut", "emptied"])
def test_a_damaged_object_is_restored_and_its_bytes_are_kept(
    care: Care, place: str, how: str
) -> None:
    before = care.objects()
    care.kept.damage(place, A, how)
    bad = care.kept.place_of(place, A).read_bytes()
    (wound,) = care.wounds()
    assert (wound.name, wound.harm, wound.at) == (
        f"{FOLDER}/a.jsonl", "changed", str(care.kept.place_of(place, A))
    )  # fmt: skip
    assert care.heal() == []
    assert care.objects() == before
    (folder,) = care.quarantine.iterdir()
    assert (folder / BYTES).read_bytes() == bad
    note = json.loads((folder / NOTE).read_bytes())
    assert (note["at"], note["expected"], note["size"]) == (wound.at, f"md5 {A}", len(bad))
    assert care.kept.place_of(place, A).stat().st_mode & 0o777 == 0o444


@pytest.mark.parametrize("path", [FILE, FOLDER])
@pytest.mark.parametrize("place", ["cache", "store"])
def test_what_is_missing_from_the_cache_or_the_default_remote_comes_back(
    care: Care, place: str, path: str
) -> None:
    before = care.objects()
    care.kept.damage(place, care.contents[path].key, "gone")
    assert [wound.harm for wound in care.wounds()] == ["missing"]
    assert care.heal() == []
    assert care.objects() == before


def test_another_remote_gets_what_it_has_a_part_of_and_nothing_that_it_never_had(
    care: Care,
) -> None:
    shutil.rmtree(care.kept.place_of("vault", A).parent)
    care.kept.damage("vault", care.contents[FILE].key, "gone")
    assert care.heal() == []
    assert care.kept.place_of("vault", A).is_file()
    assert not care.kept.place_of("vault", care.contents[FILE].key).exists()


def test_the_work_tree_is_a_copy_too_and_a_listing_is_made_anew_from_it(care: Care) -> None:
    before = care.objects()
    for folder in care.kept.places.values():
        shutil.rmtree(folder)
        folder.mkdir(parents=True)
    assert care.heal() == []
    after = care.objects()
    assert (after["cache"], after["store"]) == (before["cache"], before["store"])


def test_what_a_person_edited_in_the_work_tree_is_neither_used_nor_touched(care: Care) -> None:
    care.kept.project.write(f"{FOLDER}/ünï cödé", "edited")
    for place in care.kept.places:
        care.kept.damage(place, C, "flipped")
        care.kept.damage(place, A, "flipped")
    before = care.objects()
    left = care.heal()
    assert {wound.name for wound in left} == {f"{FOLDER}/ünï cödé"}
    assert all("the work tree" in wound.fate for wound in left)
    assert (care.kept.project.root / FOLDER / "ünï cödé").read_text() == "edited"
    for place, objects in care.objects().items():  # the last copies, bad as they are, stay
        name = str(care.kept.place_of(place, C).relative_to(care.kept.places[place]))
        assert objects[name] == before[place][name]
    assert [wound.name for wound in care.wounds()] == [wound.name for wound in left]


def test_a_remote_whose_disk_is_not_mounted_is_not_made_anew(care: Care) -> None:
    shutil.rmtree(care.kept.root / "store")
    assert care.heal() == []
    assert not (care.kept.root / "store").exists()


def test_a_remote_that_cannot_be_asked_is_told_and_the_rest_is_healed(care: Care) -> None:
    care.kept.configure(store="../relative", vault=str(care.kept.root / "vault"))
    care.kept.damage("cache", A, "flipped")
    before = care.kept.place_of("vault", A).read_bytes()
    left = care.heal()
    assert all(wound.is_open and "relative path" in wound.fate for wound in left)
    assert len(left) == len(care.contents)
    assert care.kept.place_of("cache", A).read_bytes() == before


def test_a_healing_that_was_cut_off_goes_on_and_keeps_bad_bytes_once(
    care: Care, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object, **__: object) -> None:
        raise Killed

    before = care.objects()
    care.kept.damage("store", A, "flipped")
    bad = care.kept.place_of("store", A).read_bytes()
    monkeypatch.setattr(FolderPlace, "put", killed)
    with pytest.raises(Killed):
        care.heal()
    monkeypatch.undo()
    assert care.kept_bytes() == {bad}
    assert care.kept.place_of("store", A).read_bytes() == bad
    assert care.heal() == []
    assert care.objects() == before
    assert len(list(care.quarantine.iterdir())) == 1


def test_a_full_disk_leaves_the_bad_bytes_where_they_are(
    care: Care, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    care.kept.damage("store", A, "flipped")
    before = care.objects()
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(BackendUnavailable, match="No space"):
        care.heal()
    monkeypatch.undo()
    assert care.objects() == before
    assert not list(care.quarantine.iterdir())
    assert care.heal() == []


PLACES = st.sampled_from(["cache", "store", "vault", "work tree"])
HARMS = st.sampled_from(["flipped", "cut", "emptied", "gone", "swapped"])


@given(harms=st.lists(st.tuples(PLACES, st.integers(0, 4), HARMS), max_size=12))
@example(harms=[(place, 1, "gone") for place in ("cache", "store", "vault", "work tree")])
@example(harms=[(place, 4, "flipped") for place in ("cache", "store", "vault")])
@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_after_any_damage_all_is_whole_or_named_and_no_bad_byte_is_gone(
    kept_template: Path, tmp_path_factory: pytest.TempPathFactory,
    harms: list[tuple[str, int, str]],
) -> None:  # fmt: skip
    care = Care(copy_kept(kept_template, tmp_path_factory.mktemp("any") / "kept"))
    kept, root = care.kept, care.kept.project.root
    oids = [care.contents[FILE].key, A, B, C, care.contents[FOLDER].key]
    names = [FILE, f"{FOLDER}/a.jsonl", f"{FOLDER}/deep/er/b.jsonl", f"{FOLDER}/ünï cödé", ""]
    bad: dict[Path, bytes] = {}
    for place, number, how in harms:
        is_here = place == "work tree"
        file = root / names[number] if is_here else kept.place_of(place, oids[number])
        if not file.is_file():
            continue
        content = file.read_bytes()
        other = kept.place_of("vault", oids[(number + 1) % 5])
        damaged = {
            "flipped": bytes([content[0] ^ 1]) + content[1:] if content else b"x",
            "cut": content[:-1],
            "emptied": b"",
            "swapped": other.read_bytes() if other.is_file() else b"x",
            "gone": None,
        }[how]
        file.chmod(0o644)
        if damaged is None:
            file.unlink()
            bad.pop(file, None)
        else:
            file.write_bytes(damaged)
            file.chmod(0o444)
            if not is_here:
                bad[file] = damaged
    edited = {name: (root / name).read_bytes() for name in names if (root / name).is_file()}
    lost = {(wound.place, wound.key) for wound in care.heal()}
    assert {(wound.place, wound.key) for wound in care.wounds()} == lost
    for content in care.contents.values():
        named = {key for _, key in lost}
        for copy in kept.data.copies(content, depth="full"):
            for fault in copy.faults:
                if fault.state == "changed":
                    assert fault.expected.removeprefix("md5 ") in {
                        key.removesuffix(".dir") for key in named
                    }
    there = {file.read_bytes() for file in bad if file.is_file()} | care.kept_bytes()
    for file, content in bad.items():
        assert content in there, file
    for name, content in edited.items():
        assert (root / name).read_bytes() == content
