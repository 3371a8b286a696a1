"""What verification finds, and that it finds nothing else."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.memory_data import CACHE, STORE
from tests.unit.actions.proving import ITEMS, PATCH, Registry
from tests.unit.actions.stage import make_context
from tests.unit.strategies import law
from tests.unit.values import HUB, WHY, make_evaluation

from ft_registry.actions.standings import make_standing
from ft_registry.actions.verify import require_intact, verify_all, verify_version
from ft_registry.errors import BackendUnavailable, IntegrityError, NotFound
from ft_registry.model import layout
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.evaluation import ItemTable
from ft_registry.model.home import Home, first_home
from ft_registry.model.manifest import manifest_digest
from ft_registry.model.record import FolderBase, VersionBase
from ft_registry.model.reference import VersionReference
from ft_registry.model.snapshot import DataContent
from ft_registry.model.verification import Depth, Finding, Kind, Verification
from ft_registry.ports.data import DataCopy
from ft_registry.readers.files import hash_folder

FIRST = VersionReference("support", 1)
WEIGHTS = {"adapter_config.json": b"{}", "adapter_model.safetensors": b"weights"}
MODEL = "adapter/adapter_model.safetensors"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path, make_context())


def damage(registry: Registry, number: int = 1) -> list[tuple[str, str, str]]:
    return [(f.kind, f.name, f.state) for f in registry.verify(number).damage]


def only(findings: "tuple[Finding, ...]") -> Finding:
    (finding,) = findings
    return finding


# Weights


def test_what_is_as_recorded_is_ok_and_named(registry: Registry) -> None:
    registry.register(WEIGHTS, patch=b"patch", items=b"items")
    found = registry.verify()
    assert found.ok
    assert [(f.kind, f.name, f.state, f.size) for f in found.findings] == [
        ("artifact", "adapter/adapter_config.json", "ok", 2),
        ("artifact", MODEL, "ok", 7),
        ("attachment", PATCH, "ok", 5),
        ("attachment", ITEMS, "ok", 5),
    ]


names = st.sampled_from(["a", "b", "c.json", "d/e", "d/f", "d/g/h"])
trees = st.dictionaries(names, st.binary(max_size=40), min_size=1, max_size=4)


@st.composite
def damaged_trees(draw: st.DrawFn) -> tuple[dict[str, bytes], dict[str, bytes], tuple[str, str]]:
    """A tree, the same with one change, and what must be said of it: state and file."""
    tree = draw(trees)
    name = draw(st.sampled_from(sorted(tree)))
    content = tree[name]
    kind = draw(st.sampled_from(["flip", "cut", "grow", "remove", "add"]))
    if kind in ("flip", "cut") and not content:
        kind = "grow"
    if kind == "remove":
        return tree, {key: value for key, value in tree.items() if key != name}, ("missing", name)
    if kind == "add":
        added = draw(st.sampled_from(["x", "d/x", "y/z"]))
        return tree, {**tree, added: draw(st.binary(max_size=9))}, ("extra", added)
    at = draw(st.integers(0, max(0, len(content) - 1)))
    changed = {
        "flip": lambda: content[:at] + bytes([content[at] ^ draw(st.integers(1, 255))])
        + content[at + 1 :],
        "cut": lambda: content[:at],
        "grow": lambda: content + b"\0",
    }[kind]()  # fmt: skip
    return tree, {**tree, name: changed}, ("changed", name)


@law
@given(damaged_trees(), st.booleans())
def test_any_one_change_is_found_and_nothing_else(
    case: tuple[dict[str, bytes], dict[str, bytes], tuple[str, str]], on_disk: bool
) -> None:
    tree, damaged, (state, name) = case
    with tempfile.TemporaryDirectory() as folder:
        registry = Registry(Path(folder), make_context())
        registry.register(tree)
        shelf = registry.shelf()
        shelf.clear()
        shelf.update({f"adapter/{key}": value for key, value in damaged.items()})
        evidence = registry.looking_at(registry.on_disk()) if on_disk else registry.evidence
        found = verify_version(FIRST, evidence, depth="full")
    finding = only(found.damage)
    assert (finding.kind, finding.state, finding.name) == ("artifact", state, f"adapter/{name}")
    assert finding.subject == "support/1"
    assert finding.expected != finding.found
    assert found.undecided == ()


@pytest.mark.parametrize("name", [PATCH, ITEMS])
@pytest.mark.parametrize(("content", "state"), [(b"ITEMS", "changed"), (None, "missing")])
def test_patch_and_items_are_held_to_their_digests(
    registry: Registry, name: str, content: bytes | None, state: str
) -> None:
    registry.register(WEIGHTS, patch=b"patch", items=b"items")
    if content is None:
        del registry.shelf()[name]
    else:
        registry.shelf()[name] = content
    assert damage(registry) == [("attachment", name, state)]


def test_pages_beside_the_weights_are_not_extra_but_all_else_is(registry: Registry) -> None:
    registry.register(WEIGHTS)
    registry.shelf().update({"ftr/record.json": b"{}", "MLmodel.py": b"evil", "adapter/x": b""})
    assert damage(registry) == [
        ("artifact", "MLmodel.py", "extra"),
        ("artifact", "adapter/x", "extra"),
    ]


def test_an_evaluation_cannot_say_what_the_weights_should_be(registry: Registry) -> None:
    record = registry.register(WEIGHTS)
    registry.shelf()[MODEL] = b"WEIGHTS"
    table = ItemTable(digest=digest_bytes(b"WEIGHTS"), rows=1, artifact=MODEL)
    evaluation = make_evaluation(version=1, record=record.digest, items=table)
    registry.write({layout.evaluation("support", 1, evaluation.id): evaluation.to_bytes()})
    assert damage(registry) == [("artifact", MODEL, "changed")]


def test_a_file_that_is_promised_under_two_digests_is_judged_by_each(registry: Registry) -> None:
    record = registry.register(WEIGHTS)
    registry.shelf()[MODEL] = b"WEIGHTS"
    for number in range(20):  # of which one is right, whichever is read first
        digest = digest_bytes(b"WEIGHTS" if number % 2 else bytes([number]))
        table = ItemTable(digest=digest, rows=1, artifact=MODEL)
        evaluation = make_evaluation(version=1, record=record.digest, items=table)
        evaluation = evaluation.model_copy(update={"id": f"s/{number:016x}"})
        registry.write({f"{layout.evaluations('support', 1)}/{number}.json": evaluation.to_bytes()})
    found = registry.verify().findings
    assert {f.state for f in found if f.name == MODEL} == {"changed", "ok"}


def test_fast_reads_sizes_only(registry: Registry) -> None:
    registry.register(WEIGHTS)
    registry.shelf()[MODEL] = b"WEIGHTS"
    assert registry.verify(depth="fast").ok
    registry.shelf()[MODEL] = b"short"
    finding = only(registry.verify(depth="fast").damage)
    assert (finding.expected, finding.found) == ("7 bytes", "5 bytes")
    assert registry.artifacts.fetched == []


def test_a_changed_file_is_told_with_both_digests(registry: Registry) -> None:
    registry.register(WEIGHTS)
    registry.shelf()[MODEL] = b"WEIGHTS"
    finding = only(registry.verify().damage)
    assert finding.expected == digest_bytes(b"weights")
    assert finding.found == digest_bytes(b"WEIGHTS")
    assert finding.place == f"memory:/m-{1:032x}"


def test_downloaded_bytes_stay_in_the_cache_only_if_they_are_right(registry: Registry) -> None:
    registry.register(WEIGHTS)
    registry.shelf()["adapter/adapter_config.json"] = b"[]"
    registry.verify()
    cache = registry.evidence.cache
    kept = cache.get(digest_bytes(b"weights").removeprefix("sha256:"))
    assert kept is not None
    assert kept.read_bytes() == b"weights"
    assert cache.get(digest_bytes(b"[]").removeprefix("sha256:")) is None


def test_what_the_cache_has_is_not_taken_for_what_the_store_has(registry: Registry) -> None:
    registry.register(WEIGHTS)
    registry.verify()
    registry.shelf()[MODEL] = b"WEIGHTS"
    assert damage(registry) == [("artifact", MODEL, "changed")]


def test_a_lost_logged_model_loses_every_file_and_is_told_where_it_was(registry: Registry) -> None:
    registry.register(WEIGHTS)
    registry.artifacts.contents.clear()
    found = registry.verify()
    assert {f.state for f in found.findings} == {"missing"}
    assert {f.place for f in found.findings} == {f"/gone/m-{1:032x}/artifacts"}
    assert "last seen" in only(found.notes)


def test_files_that_the_store_forgot_are_ok_with_a_note(registry: Registry) -> None:
    registry.register(WEIGHTS)
    registry.artifacts.forgotten.add(f"m-{1:032x}")
    found = registry.verify()
    assert found.ok
    assert "sync --restore" in only(found.notes)


def test_a_store_that_does_not_answer_leaves_it_undecided(registry: Registry) -> None:
    registry.register(WEIGHTS)
    registry.artifacts.unavailable = True
    found = registry.verify()
    assert (found.damage, only(found.undecided).state) == ((), "unknown")
    assert not found.ok


def test_bytes_are_looked_for_at_the_home_that_the_ledger_names(registry: Registry) -> None:
    record = registry.register(WEIGHTS)
    new = "m-" + "f" * 32
    registry.artifacts.contents = {new: registry.shelf()}
    moved = first_home(record, record.digest).model_copy(
        update={"uri": f"models:/{new}", "logged_model_id": new}
    )
    registry.write({layout.home("support", 1): moved.to_bytes()})
    assert registry.verify().ok


def test_the_home_of_another_record_is_not_followed(registry: Registry) -> None:
    record = registry.register(WEIGHTS)
    other: Home = first_home(record, "sha256:" + "0" * 64)
    registry.write({layout.home("support", 1): other.to_bytes()})
    assert only(registry.verify().damage).kind == "document"


def test_progress_ends_at_all_the_bytes(registry: Registry) -> None:
    registry.register(WEIGHTS)
    seen: list[tuple[int, int]] = []
    evidence = registry.looking_at(registry.on_disk())
    verify_version(FIRST, evidence, depth="full", progress=lambda *both: seen.append(both))
    assert seen[-1] == (9, 9)


# Data


def test_data_is_looked_at_in_every_place(registry: Registry) -> None:
    registry.register(WEIGHTS, data=(registry.data.keep("data/train.jsonl", b"{}\n"),))
    places = [f.place for f in registry.verify().findings if f.kind == "data"]
    assert places == [CACHE, STORE]


@pytest.mark.parametrize("place", [CACHE, STORE])
def test_one_damaged_copy_is_damage_although_others_are_whole(
    registry: Registry, place: str
) -> None:
    content = registry.data.keep("data/train.jsonl", b"{}\n")
    registry.register(WEIGHTS, data=(content,))
    registry.data.places[place][content.dvc.md5] = b"[]\n"
    finding = only(registry.verify().damage)
    assert (finding.name, finding.state, finding.place) == ("data/train.jsonl", "changed", place)
    assert content.dvc.md5 in finding.expected


def test_a_damaged_file_of_a_folder_is_named(registry: Registry) -> None:
    content = registry.data.keep("data", {"a.jsonl": b"a", "b.jsonl": b"b"})
    registry.register(WEIGHTS, data=(content,))
    objects = registry.data.places[STORE]
    (md5,) = [key for key, value in objects.items() if value == b"b"]
    objects[md5] = b"x"
    assert damage(registry) == [("data", "data/b.jsonl", "changed")]


def test_lost_data_is_told_with_the_places_and_who_saw_it_last(registry: Registry) -> None:
    content = registry.data.keep("data/train.jsonl", b"{}\n")
    registry.register(WEIGHTS, data=(content,))
    for objects in registry.data.places.values():
        objects.clear()
    finding = only(registry.verify().damage)
    assert finding.state == "missing"
    assert finding.place == f"{CACHE}; {STORE}"
    assert "last seen 2026-07-01T12:00:00Z by Ada" in finding.found


def test_a_folder_that_two_places_have_together_is_not_lost(registry: Registry) -> None:
    content = registry.data.keep("data", {"a.jsonl": b"a", "b.jsonl": b"b"})
    registry.register(WEIGHTS, data=(content,))
    for place, lost in ((CACHE, b"a"), (STORE, b"b")):
        objects = registry.data.places[place]
        del objects[next(key for key, value in objects.items() if value == lost)]
    found = registry.verify()
    assert found.ok
    assert "together" in only(found.notes)


def test_a_lost_file_of_a_folder_is_named(registry: Registry) -> None:
    content = registry.data.keep("data", {"a.jsonl": b"a", "b.jsonl": b"b"})
    registry.register(WEIGHTS, data=(content,))
    for objects in registry.data.places.values():
        del objects[next(key for key, value in objects.items() if value == b"a")]
    assert damage(registry) == [("data", "data/a.jsonl", "missing")]


def test_a_folder_of_which_no_place_has_the_listing_is_lost(registry: Registry) -> None:
    content = registry.data.keep("data", {"a.jsonl": b"a"})
    registry.register(WEIGHTS, data=(content,))
    for objects in registry.data.places.values():
        del objects[content.dvc.md5]
    assert damage(registry) == [("data", "data", "missing")]


def test_what_is_in_no_remote_is_a_note_only(registry: Registry) -> None:
    content = registry.data.keep("data/train.jsonl", b"{}\n", places=(CACHE,))
    registry.register(WEIGHTS, data=(content,))
    found = registry.verify()
    assert found.ok
    assert "dvc push" in only(found.notes)


@pytest.mark.parametrize(("places", "state"), [((CACHE,), "ok"), ((STORE,), "unknown")])
def test_a_silent_remote_matters_only_when_no_other_place_has_the_data(
    registry: Registry, places: tuple[str, ...], state: str
) -> None:
    content = registry.data.keep("data/train.jsonl", b"{}\n", places=places)
    registry.register(WEIGHTS, data=(content,))
    registry.data.silent.add(STORE)
    found = registry.verify()
    (finding,) = [f for f in found.findings if f.kind == "data"]
    assert finding.state == state
    assert (found.damage, found.ok) == ((), state == "ok")
    # Its weights are whole, and load without data that this machine may not even reach.
    assert finding in require_intact(FIRST, registry.evidence).findings


@pytest.mark.parametrize(
    ("kind", "whole"),
    [("artifact", False), ("loader", False), ("attachment", False), ("data", False),
     ("chain", False), ("base", True), ("version", True), ("signature", True), ("pin", True)],
)  # fmt: skip
def test_nothing_is_whole_of_which_a_promised_byte_was_not_read(kind: Kind, whole: bool) -> None:
    assert Verification((Finding(kind, "one", "unknown"),)).ok == whole


# Bases


def make_base(registry: Registry) -> FolderBase:
    (registry.top / "base").mkdir()
    (registry.top / "base" / "model.safetensors").write_bytes(b"base")
    digest = manifest_digest(hash_folder(registry.top / "base"))
    return FolderBase(id="base", revision=WHY, digest=digest)


def test_a_base_folder_is_hashed(registry: Registry) -> None:
    registry.register(WEIGHTS, base=make_base(registry))
    assert registry.verify().ok
    (registry.top / "base" / "model.safetensors").write_bytes(b"BASE")
    assert damage(registry) == [("base", "base", "changed")]


def test_a_work_tree_that_went_on_to_another_base_keeps_no_version_from_serving(
    registry: Registry,
) -> None:
    registry.register(WEIGHTS, base=make_base(registry))
    (registry.top / "base" / "model.safetensors").write_bytes(b"the next base")
    assert [f.kind for f in require_intact(FIRST, registry.evidence).damage] == ["base"]


def test_a_base_folder_that_is_not_here_says_nothing(registry: Registry) -> None:
    base = FolderBase(id="base", revision=WHY, digest="sha256:" + "b" * 64)
    registry.register(WEIGHTS, base=base)
    found = registry.verify()
    assert [f.state for f in found.findings if f.kind == "base"] == ["unknown"]
    assert found.ok


@pytest.mark.parametrize("id_", ["../base", "/etc", "a/../../etc"])
def test_a_base_outside_the_repository_is_not_entered(registry: Registry, id_: str) -> None:
    registry.register(WEIGHTS, base=FolderBase(id=id_, revision=WHY, digest="sha256:" + "b" * 64))
    (finding,) = [f for f in registry.verify().findings if f.kind == "base"]
    assert (finding.state, finding.place) == ("unknown", "")


def test_damage_below_reaches_the_versions_tuned_from_it(registry: Registry) -> None:
    below = registry.register(WEIGHTS, base=HUB)
    registry.register(WEIGHTS, number=2, base=VersionBase(version="support/1", record=below.digest))
    assert registry.verify(2).ok
    registry.shelf(1)[MODEL] = b"WEIGHTS"
    finding = only(registry.verify(2).damage)
    assert (finding.subject, finding.name) == ("support/1", MODEL)


@pytest.mark.parametrize(("version", "state"), [("support/1", "changed"), ("support/9", "missing")])
def test_a_base_version_must_have_the_record_that_was_built_on(
    registry: Registry, version: str, state: str
) -> None:
    registry.register(WEIGHTS)
    registry.register(
        WEIGHTS, number=2, base=VersionBase(version=version, record="sha256:" + "0" * 64)
    )
    assert damage(registry, 2) == [("document", version, state)]


# All of it


def test_all_is_every_version_and_the_ledger(registry: Registry) -> None:
    registry.register(WEIGHTS)
    registry.register(WEIGHTS, number=2)
    registry.shelf(2)[MODEL] = b"WEIGHTS"
    found = verify_all(registry.evidence, depth="full")
    assert [f.subject for f in found.findings if f.name == MODEL] == ["support/1", "support/2"]
    assert [(f.subject, f.name) for f in found.damage if f.kind == "artifact"] == [
        ("support/2", MODEL)
    ]
    assert "chain" in {f.kind for f in found.findings if not f.subject}


def test_data_of_many_versions_is_looked_at_once(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = registry.data.keep("data/train.jsonl", b"{}\n")
    for number in (1, 2, 3):
        registry.register(WEIGHTS, number=number, data=(content,))
    looked: list[str] = []
    copies = registry.data.copies

    def counted(content: DataContent, *, depth: Depth, rev: str | None) -> list[DataCopy]:
        looked.append(content.path)
        return copies(content, depth=depth, rev=rev)

    monkeypatch.setattr(registry.data, "copies", counted)
    verify_all(registry.evidence, depth="fast")
    assert looked == ["data/train.jsonl"]


def test_a_record_that_cannot_be_read_does_not_hide_the_others(registry: Registry) -> None:
    registry.register(WEIGHTS)
    registry.register(WEIGHTS, number=2)
    registry.write({layout.version("support", 1): b"{}"})
    found = verify_all(registry.evidence, depth="fast")
    assert {f.kind for f in found.damage if f.subject == "support/1"} == {"document"}
    assert [f.state for f in found.findings if f.subject == "support/2"] == ["ok", "ok"]


def test_the_record_of_another_version_is_none(registry: Registry) -> None:
    record = registry.register(WEIGHTS)
    registry.register(WEIGHTS, number=2)
    registry.write({layout.version("support", 2): record.to_bytes()})
    with pytest.raises(IntegrityError, match="found that of support/1"):
        require_intact(VersionReference("support", 2), registry.evidence)


def test_what_lies_in_the_ledger_by_hand_stops_nothing(registry: Registry) -> None:
    registry.register(WEIGHTS)
    registry.write({"models/x": b"", "models/y/versions/0/z.json": b"", "models/y/versions": b""})
    found = verify_all(registry.evidence, depth="fast")
    assert [f.state for f in found.findings if f.subject == "support/1"] == ["ok", "ok"]


def test_a_version_given_up_is_not_missed(registry: Registry) -> None:
    record = registry.register(WEIGHTS)
    registry.artifacts.contents.clear()
    given_up = make_standing(
        FIRST, "deleted", record=record.digest, alias=None, reason="r", context=registry.context
    )
    assert verify_all(registry.evidence, depth="fast").damage
    registry.write(given_up)
    assert not [f for f in verify_all(registry.evidence, depth="fast").findings if f.subject]
    assert registry.verify().damage  # who asks for it by name is told


# What relies on it


def test_nothing_relies_on_what_is_damaged(registry: Registry) -> None:
    registry.register(WEIGHTS)
    registry.shelf()[MODEL] = b"WEIGHTS"
    with pytest.raises(IntegrityError, match=r"adapter_model\.safetensors") as caught:
        require_intact(FIRST, registry.evidence)
    assert any("verify support/1" in hint for hint in caught.value.hints)


def test_data_may_be_set_aside_but_weights_never(registry: Registry) -> None:
    content = registry.data.keep("data/train.jsonl", b"{}\n")
    registry.register(WEIGHTS, data=(content,))
    registry.data.places[CACHE][content.dvc.md5] = b"[]\n"
    with pytest.raises(IntegrityError, match=r"train\.jsonl"):
        require_intact(FIRST, registry.evidence)
    found = require_intact(FIRST, registry.evidence, override_data=True)
    assert only(found.damage).kind == "data"
    del registry.shelf()[MODEL]
    with pytest.raises(IntegrityError, match="is missing"):
        require_intact(FIRST, registry.evidence, override_data=True)


def test_nothing_relies_on_what_cannot_be_read(registry: Registry) -> None:
    registry.register(WEIGHTS)
    registry.artifacts.unavailable = True
    with pytest.raises(BackendUnavailable, match="no answer"):
        require_intact(FIRST, registry.evidence)


def test_a_version_that_is_not_there_is_told(registry: Registry) -> None:
    registry.register(WEIGHTS)
    with pytest.raises(NotFound):
        require_intact(VersionReference("support", 9), registry.evidence)
