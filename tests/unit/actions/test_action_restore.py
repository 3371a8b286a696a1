"""Each part that cannot be had lowers the level and is told; weights that are damaged end it."""

import json
from dataclasses import replace
from errno import ENOSPC
from os import strerror
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.memory_code import MemoryCode
from tests.fakes.memory_data import CACHE, STORE
from tests.unit.actions.proving import ITEMS, PATCH, Registry
from tests.unit.actions.stage import make_context
from tests.unit.values import CHAIN, WHY, make_record

from ft_registry.actions.bringing import Sources
from ft_registry.actions.folder import built_aside
from ft_registry.actions.proofs import best_proof
from ft_registry.actions.reproduce import plan_reproduction, reproduce
from ft_registry.actions.resolve import read_evaluations
from ft_registry.actions.restore import Restored, plan_restore, restore
from ft_registry.actions.run_settings import Wishes
from ft_registry.backends.dvc.pipelines import DvcPipelines
from ft_registry.backends.recipe import ShellRunner
from ft_registry.errors import (
    BackendUnavailable,
    CannotWrite,
    FtRegistryError,
    GateRefused,
    IntegrityError,
    InvalidInput,
    Refused,
)
from ft_registry.model import layout
from ft_registry.model.document import Unknown
from ft_registry.model.manifest import FileEntry, manifest_digest
from ft_registry.model.record import FolderBase, Stage
from ft_registry.model.reference import VersionReference
from ft_registry.model.registered import PackageList

VERSION = VersionReference("support", 1)
WEIGHTS = {"adapter_model.safetensors": b"weights", "adapter_config.json": b"{}"}
COMMIT = make_record().code.commit
PACKAGES = PackageList(packages={"torch": "2.13.0"})


class World:
    """A registry in memory, and a folder to restore into."""

    def __init__(self, root: Path) -> None:
        self.registry = Registry(root, make_context())
        self.code = MemoryCode({COMMIT: {"params.yaml": b"lr: 0.001\n", "train.py": b"pass\n"}})
        self.into = root / "back"
        self.registry.write({layout.environment(PACKAGES.digest): PACKAGES.to_bytes()})

    @property
    def sources(self) -> Sources:
        return Sources(
            self.registry.ledger, self.registry.artifacts, self.registry.data, self.code,
            DvcPipelines(), self.registry.context, (self.registry.top,),
        )  # fmt: skip

    def register(self, **changes: Any) -> None:
        environment = make_record().environment.model_copy(update={"packages": PACKAGES.digest})
        self.registry.register(WEIGHTS, **{"environment": environment, **changes})

    def restore(self, level: Any = "R2") -> Restored:
        plan = plan_restore(VERSION, self.into, level=level, sources=self.sources)
        return restore(plan, self.sources)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def told(restored: Restored, name: str) -> tuple[str, str]:
    (step,) = [step for step in restored.steps if step.name == name]
    return step.state, step.detail


def test_the_whole_is_level_two_and_on_record(world: World) -> None:
    data = world.registry.data.keep("data/train.jsonl", b"{}\n")
    world.register(data=(data,), patch=b"the patch", items=b'{"id": "q", "em": 1}\n')
    restored = world.restore()
    assert restored.level == "R2"
    assert restored.is_complete
    assert world.code.patched == [b"the patch"]
    assert (world.into / "code/data/train.jsonl").read_bytes() == b"{}\n"
    assert (world.into / "environment/packages.txt").read_text() == "torch==2.13.0\n"
    proof = best_proof(world.registry.ledger, VERSION)
    assert proof is not None
    assert (proof.level, proof.how, proof.steps) == ("R2", "restore", restored.steps)
    assert (world.into / "record.json").read_bytes() == restored.plan.filed.content


def proofs(world: World) -> list[str]:
    return world.registry.ledger.paths(layout.proofs(VERSION.model, VERSION.number))


def test_a_folder_that_holds_the_same_already_lacks_only_its_proof(world: World) -> None:
    world.register()
    restore(
        plan_restore(VERSION, world.into, level="R2", sources=world.sources), world.sources,
        record=False,
    )  # fmt: skip
    before = (world.into / "restored.json").read_bytes()
    assert proofs(world) == []
    again = world.restore()
    assert (again.level, len(proofs(world))) == ("R2", 1)
    assert "was restored before" in again.notices[0]
    assert (world.into / "restored.json").read_bytes() == before
    assert sorted(path.name for path in world.into.parent.glob("back*")) == ["back"]
    world.restore()
    assert len(proofs(world)) == 1


@pytest.mark.parametrize("harm", ["changed", "missing", "more", "link"])
def test_a_folder_that_holds_it_with_a_difference_is_refused_as_it_is(
    world: World, harm: str
) -> None:
    world.register()
    world.restore()
    weights = world.into / "artifact" / "adapter_model.safetensors"
    if harm == "changed":
        weights.write_bytes(b"WEIGHTS")
    elif harm == "more":
        weights.with_name("mine").touch()
    else:
        weights.unlink()
        if harm == "link":
            weights.symlink_to("adapter_config.json")
    before = {str(path) for path in world.into.rglob("*")}
    with pytest.raises(InvalidInput, match=r"changed, missing or more: artifact/(adapter_|mine)"):
        world.restore()
    assert {str(path) for path in world.into.rglob("*")} == before
    assert sorted(path.name for path in world.into.parent.glob("back*")) == ["back"]
    assert len(proofs(world)) == 1


def test_a_folder_of_another_level_is_refused(world: World) -> None:
    world.register()
    world.restore("R1")
    with pytest.raises(InvalidInput, match=r"holds support/1 at R2, found support/1 at R1"):
        world.restore("R2")


def test_a_disk_that_takes_no_data_lowers_no_level_and_ends_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bring(*_: object) -> str:
        raise CannotWrite("expected to write data, found: No space left on device")

    data = world.registry.data.keep("data/train.jsonl", b"{}\n")
    world.register(data=(data,))
    monkeypatch.setattr(world.registry.data, "bring", bring)
    with pytest.raises(CannotWrite):
        world.restore()
    assert list(world.into.parent.glob("back*")) == []
    assert proofs(world) == []


@pytest.mark.parametrize("into", ["file", "file/sub", "file/a/b", "loop", "none/sub", "used"])
def test_a_folder_that_cannot_be_made_is_bad_input(world: World, into: str) -> None:
    world.register()
    root = world.into.parent
    (root / "file").touch()
    (root / "loop").symlink_to("loop")
    (root / "used").mkdir()
    (root / "used" / "mine").touch()
    world.into = root / into
    with pytest.raises(InvalidInput, match=r"expected a .*folder") as caught:
        world.restore()
    assert str(root / into.partition("/")[0]) in caught.value.message
    assert caught.value.hints


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc, where nobody may write")
def test_a_folder_where_nobody_may_write_is_bad_input(world: World) -> None:
    world.register()
    world.into = Path("/proc/back")
    with pytest.raises(InvalidInput, match="expected a folder to be made at /proc/back, found"):
        world.restore()


def test_a_disk_that_is_full_leaves_nothing_and_names_the_folder_alone(tmp_path: Path) -> None:
    def fill() -> None:
        with built_aside(tmp_path / "back", "0") as aside:
            (aside / "some").write_bytes(b"bytes")
            raise OSError(ENOSPC, strerror(ENOSPC), str(aside / "more"))

    with pytest.raises(FtRegistryError, match=f"write the files of {tmp_path}/back, found: ") as e:
        fill()
    assert "partial" not in e.value.message
    assert list(tmp_path.iterdir()) == []


def test_a_place_is_named_without_the_machines_paths(world: World) -> None:
    world.register(data=(world.registry.data.keep("data/train.jsonl", b"{}\n", places=(STORE,)),))
    assert told(world.restore(), "data train") == ("ok", "data/train.jsonl (DVC remote 'store')")


def test_data_that_cannot_be_had_says_why(world: World) -> None:
    data = world.registry.data.keep("data/train.jsonl", b"{}\n", places=(STORE,))
    world.register(data=(data,))
    world.registry.data.silent.add(STORE)
    restored = world.restore()
    assert (restored.level, told(restored, "data train")[0]) == ("R1", "unknown")
    assert not restored.is_complete
    world.registry.data.silent.clear()
    world.registry.data.places[STORE][data.dvc.md5] = b"other"
    world.into = world.into.with_name("damaged")
    assert told(world.restore(), "data train")[0] == "differs"
    del world.registry.data.places[STORE][data.dvc.md5]
    world.into = world.into.with_name("lost")
    assert told(world.restore(), "data train")[0] == "missing"


def test_data_that_differs_is_not_waited_for_where_other_data_is_unanswered(world: World) -> None:
    away = world.registry.data.keep("data/train.jsonl", b"{}\n", places=(STORE,))
    other = world.registry.data.keep("data/more.jsonl", b"[]\n")
    other = other.model_copy(update={"sha256": "sha256:" + "0" * 64})
    world.register(data=(away, other))  # both are to train on
    world.registry.data.silent.add(STORE)
    assert not world.restore().is_undecided
    world.registry.data.places[CACHE][away.dvc.md5] = b"{}\n"
    world.into = world.into.with_name("differs")
    assert not world.restore().is_undecided


def test_data_that_is_unanswered_alone_leaves_it_undecided(world: World) -> None:
    world.register(data=(world.registry.data.keep("a", b"{}\n", places=(STORE,)),))
    world.registry.data.silent.add(STORE)
    assert world.restore().is_undecided


def test_data_of_the_right_md5_and_another_sha256_is_found(world: World) -> None:
    data = world.registry.data.keep("data/train.jsonl", b"{}\n")
    world.register(data=(data.model_copy(update={"sha256": "sha256:" + "0" * 64}),))
    assert told(world.restore(), "data train")[0] == "differs"


def test_what_git_has_at_a_datasets_path_is_not_overwritten(world: World) -> None:
    world.code.trees[COMMIT]["data/train.jsonl"] = b"git's own\n"
    world.register(data=(world.registry.data.keep("data/train.jsonl", b"{}\n"),))
    assert told(world.restore(), "data train") == (
        "differs", "data/train.jsonl (in git) has other bytes than the record says",
    )  # fmt: skip
    assert (world.into / "code/data/train.jsonl").read_bytes() == b"git's own\n"


def test_a_name_that_is_no_text_can_stand_on_record(world: World) -> None:
    world.code.left_out = ("submodule gr\udcf6n",)
    world.register()
    assert told(world.restore(), "code") == ("differs", "left out: submodule gr\\udcf6n")


def test_code_that_is_not_whole_lowers_the_level(world: World) -> None:
    world.code.left_out = ("submodule lib",)
    world.register()
    restored = world.restore()
    assert (restored.level, *told(restored, "code")) == ("R1", "differs", "left out: submodule lib")
    world.code.trees.clear()
    world.into = world.into.with_name("again")
    restored = world.restore()
    assert (restored.level, told(restored, "code")[0]) == ("R1", "missing")
    assert "git fetch it" in told(restored, "code")[1]


@pytest.mark.parametrize("name", [PATCH, ITEMS])
@pytest.mark.parametrize("harm", ["lost", "changed"])
def test_what_lies_beside_the_weights_is_checked(world: World, name: str, harm: str) -> None:
    world.register(patch=b"the patch", items=b'{"id": "q", "em": 1}\n')
    if harm == "lost":
        del world.registry.shelf()[name]
    else:
        world.registry.shelf()[name] = b"other"
    restored = world.restore()
    step = "patch" if name == PATCH else "evaluation dates"
    assert told(restored, step)[0] == {"lost": "missing", "changed": "differs"}[harm]
    assert restored.level == ("R1" if name == PATCH else "R2")
    assert not (world.into / "fetched").exists()


def test_weights_that_are_lost_changed_or_out_of_reach_leave_nothing(world: World) -> None:
    world.register()
    shelf = world.registry.shelf()
    shelf["adapter/adapter_config.json"] = b"{ }"
    with pytest.raises(IntegrityError, match=r"adapter_config\.json in .* is changed"):
        world.restore()
    del shelf["adapter/adapter_config.json"]
    with pytest.raises(IntegrityError, match="found one lost"):
        world.restore()
    world.registry.artifacts.unavailable = True
    with pytest.raises(BackendUnavailable):
        world.restore()
    assert not list(world.into.parent.glob("back*"))
    assert world.restore("R0").level == "R0"


@pytest.mark.parametrize("folder", ["../out", "/out", ".git"])
def test_a_hostile_folder_of_weights_is_refused(world: World, folder: str) -> None:
    artifact = make_record().artifact.model_copy(
        update={"folder": folder, "files": (FileEntry(path="x", size=1, sha256="0" * 64),)}
    )
    world.register()
    plan = plan_restore(VERSION, world.into, level="R1", sources=world.sources)
    record = plan.filed.record.model_copy(update={"artifact": artifact})
    with pytest.raises(IntegrityError, match="expected a file of the version"):
        restore(replace(plan, filed=replace(plan.filed, record=record)), world.sources)
    assert not world.registry.artifacts.fetched


@pytest.mark.parametrize(
    ("text", "state"),
    [(b"lr: 0.001\n", "ok"), (b"lr: 1e-3 # the same\n", "ok"), (b"lr: 0.1\n", "differs"),
     (b"- [", "differs"), (None, "missing")],
)  # fmt: skip
def test_configuration_is_compared_by_its_values(
    world: World, text: bytes | None, state: str
) -> None:
    del world.code.trees[COMMIT]["params.yaml"]
    if text is not None:
        world.code.trees[COMMIT]["conf/params.yaml"] = text
    world.register()
    restored = world.restore()
    assert (told(restored, "config")[0], restored.level == "R2") == (state, state == "ok")


def stage(*deps: dict[str, Any], cmd: str = "true") -> Stage:
    made = make_record().pipeline
    assert isinstance(made, Stage)
    outs = ({"path": "build/adapter"},)
    return made.model_copy(update={"deps": deps, "cmd": cmd, "outs": outs})


def dep(world: World, path: str, content: Any, **changes: Any) -> dict[str, Any]:
    kept = world.registry.data.keep(path, content)
    return {"path": path, "md5": kept.dvc.md5, "hash": "md5", **changes}


def test_what_the_stage_read_comes_along_and_the_base_is_proved(world: World) -> None:
    weights = b"base weights"
    files = {"model.bin": weights}
    base = dep(world, "build/base", files)
    entry = FileEntry(
        path="model.bin", size=len(weights),
        sha256=world.registry.data.keep("x", weights).sha256.removeprefix("sha256:"),
    )  # fmt: skip
    folder = FolderBase(id="build/base", revision=WHY, digest=manifest_digest([entry]))
    other = dep(world, "words.txt", b"words")
    world.register(pipeline=stage(base, other), base=folder)
    restored = world.restore()
    assert restored.level == "R2"
    assert told(restored, "base") == ("ok", "build/base (DVC cache)")
    assert told(restored, "inputs")[1].startswith("2 of stage train")
    assert (world.into / "code/build/base/model.bin").read_bytes() == weights
    assert (world.into / "code/words.txt").read_bytes() == b"words"


def test_a_folder_that_was_read_comes_whole_beside_a_dataset_in_it(world: World) -> None:
    folder = dep(world, "data", {"train.jsonl": b"{}\n", "words.txt": b"words"})
    world.register(
        pipeline=stage(folder), data=(world.registry.data.keep("data/train.jsonl", b"{}\n"),)
    )
    restored = world.restore()
    assert restored.level == "R2"
    assert (world.into / "code/data/words.txt").read_bytes() == b"words"


def test_code_that_the_stage_read_otherwise_is_told(world: World) -> None:
    world.register(pipeline=stage(dep(world, "train.py", b"print('other')\n")))
    restored = world.restore()
    assert (restored.level, told(restored, "input train.py")[0]) == ("R1", "differs")


def test_an_input_outside_of_the_tree_is_missing(world: World) -> None:
    kept = dep(world, "x", b"x")
    paths = ("../x", "/etc/x", ".git/hooks/x", "a/../../x")
    entries = [{**kept, "path": path} for path in paths]
    world.register(pipeline=stage(*entries, {"path": "s3://bucket/key", "etag": "e"}))
    restored = world.restore()
    assert [step.state for step in restored.steps if step.name.startswith("input ")] == (
        ["missing"] * 5
    )
    assert restored.level == "R1"
    assert sorted(path.name for path in (world.into / "code").iterdir()) == [
        "params.yaml", "train.py",
    ]  # fmt: skip


def test_a_base_elsewhere_is_named_and_lowers_nothing(world: World) -> None:
    world.register(base=CHAIN)
    restored = world.restore()
    assert restored.level == "R2"
    assert told(restored, "base") == ("unknown", "ft-registry restore support/1 brings it")


def test_neither_data_nor_stage_on_record_is_no_level_two(world: World) -> None:
    world.register(pipeline=Unknown(unknown="none"))
    restored = world.restore()
    assert (restored.level, told(restored, "data")[0]) == ("R1", "unknown")


def test_a_proof_that_cannot_be_published_is_told(world: World) -> None:
    world.register()
    world.registry.ledger.unavailable = True
    restored = world.restore()
    assert restored.level == "R2"
    assert "as far as this clone knows" in restored.notices[0]
    assert "not on record" in restored.notices[1]
    assert best_proof(world.registry.ledger, VERSION) is None


# Reproducing, where no training is needed to see the rule.


def plan(world: World, **wishes: Any) -> Any:
    return plan_reproduction(VERSION, world.into, wishes=Wishes(**wishes), sources=world.sources)


def test_commands_of_others_are_shown_and_not_run(world: World) -> None:
    world.register(pipeline=stage(cmd=f"touch {world.into.parent}/canary"))
    world.code.foreign.add(COMMIT)
    spoken: list[str] = []
    with pytest.raises(GateRefused) as caught:
        reproduce(
            plan(world), world.sources, ShellRunner({}), allow_commands=False, tell=spoken.append
        )
    assert f"it would run: touch {world.into.parent}/canary" in caught.value.hints
    assert not (world.into.parent / "canary").exists()
    assert not world.into.exists()
    assert spoken == []


def test_a_record_without_a_stage_cannot_be_run(world: World) -> None:
    world.register(pipeline=Unknown(unknown="no stage"))
    with pytest.raises(Refused, match="no stage"):
        plan(world)


def test_items_that_nothing_scored_again_prove_nothing(world: World) -> None:
    items = b'{"id": "q", "em": 1}\n'
    world.code.trees[COMMIT]["dates.jsonl"] = items
    command = "mkdir build/adapter\necho other > build/adapter/adapter_model.safetensors"
    world.register(pipeline=stage(cmd=command), items=items)
    (evaluation,) = read_evaluations(world.registry.ledger, VERSION)
    kept = evaluation.model_copy(update={"source": "dates.jsonl"}).to_bytes()
    world.registry.write({layout.evaluation("support", 1, evaluation.id): kept})
    done = reproduce(
        plan(world, environment="here"), world.sources, ShellRunner({"PATH": "/usr/bin:/bin"}),
        allow_commands=False, tell=print,
    )  # fmt: skip
    assert done.level == "R2"
    assert [step.state for step in done.steps if step.name == "scores dates"] == ["unknown"]


def test_a_recipe_that_makes_nothing_proves_nothing(world: World) -> None:
    world.register(pipeline=stage(cmd="mkdir -p build/adapter\ntouch build/adapter/x"))
    spoken: list[str] = []
    done = reproduce(
        plan(world, environment="here"), world.sources, ShellRunner({"PATH": "/usr/bin:/bin"}),
        allow_commands=False, tell=spoken.append,
    )  # fmt: skip
    assert (done.level, done.is_proved) == ("R2", False)
    assert spoken[1:] == ["$ mkdir -p build/adapter", "$ touch build/adapter/x"]
    found = {step.name: step.state for step in done.steps}
    assert (found["stage train"], found["weights"]) == ("ok", "missing")
    folder = json.loads((world.into / "restored.json").read_text())
    assert folder["level"] == "R2"
    proof = best_proof(world.registry.ledger, VERSION)
    assert proof is not None
    assert (proof.how, proof.level) == ("reproduce", "R2")
    assert CACHE not in proof.to_bytes().decode()
