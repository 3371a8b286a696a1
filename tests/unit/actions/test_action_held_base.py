"""The base of what is registered: found, pinned, and held against what the files say."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest
from tests.fakes.memory_ledger import MemoryLedger
from tests.unit.actions.stage import make_context
from tests.unit.tensor_files import factors, write_adapter, write_full
from tests.unit.values import CHAIN, WHY, make_record, sha

from ft_registry.actions.base import BaseSources
from ft_registry.actions.events import make_event
from ft_registry.actions.held_base import HeldBase, hold_base
from ft_registry.actions.init import init_ledger
from ft_registry.errors import FtRegistryError, IntegrityError, NotFound, Refused
from ft_registry.model import layout
from ft_registry.model.document import Unknown
from ft_registry.model.manifest import manifest_digest
from ft_registry.model.record import Artifact, HubBase, VersionBase, VersionRecord
from ft_registry.model.registered import ModelDocument
from ft_registry.model.training import ClaimedBase, Training
from ft_registry.ports.ledger import Change
from ft_registry.readers.base_files import tokenizer_of
from ft_registry.readers.files import hash_folder
from ft_registry.readers.weights import read_kind, weights_of

COMMIT, OTHER = "c0ffee1" + "0" * 33, "badcafe" + "0" * 33
MODULE = "model.layers.0.self_attn.q_proj"
HOUR_NS = 3_600_000_000_000


@dataclass
class Bench:
    """A work tree with a base, an adapter that fits it, and the cache of a hub."""

    top: Path
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))
    ledger: MemoryLedger = field(default_factory=MemoryLedger)

    def base(self, name: str = "base", *, module: str = MODULE, rows: int = 20) -> Path:
        folder = write_full(self.top / name, self.tensors(module, rows))
        (folder / "config.json").write_text('{"model_type": "tiny", "vocab_size": 20}')
        return folder

    def tensors(self, module: str = MODULE, rows: int = 20) -> dict[str, Any]:
        return {
            f"{module}.weight": self.random.standard_normal((12, 9), dtype=np.float32),
            "model.embed_tokens.weight": np.zeros((rows, 9), np.float32),
        }

    def adapter(self, base: str | None, name: str = "ad", **config: Any) -> Path:
        settings = {**config, "base_model_name_or_path": base}
        return write_adapter(self.top / name, factors(self.random, MODULE), **settings)

    def cache(
        self, id_: str = "acme/tiny", commit: str = COMMIT, *, of: Path, main: str = COMMIT
    ) -> Path:
        """Puts a folder into the cache as the hub's client does, an hour before the weights."""
        home = self.top / "hub" / f"models--{id_.replace('/', '--')}"
        snapshot = home / "snapshots" / commit
        for folder in (home / "blobs", home / "refs", snapshot):
            folder.mkdir(parents=True, exist_ok=True)
        for file in of.iterdir():
            content = file.read_bytes()
            (home / "blobs" / sha256(content).hexdigest()).write_bytes(content)
            (snapshot / file.name).symlink_to(f"../../blobs/{sha256(content).hexdigest()}")
        (home / "refs" / "main").write_text(main)
        self.move_ref(home, -HOUR_NS)
        return snapshot

    @staticmethod
    def move_ref(home: Path, by_ns: int) -> None:
        ref = home / "refs" / "main"
        at = ref.stat().st_mtime_ns + by_ns
        os.utime(ref, ns=(at, at))

    def version(self, number: int, root: Path | None = None, **changes: Any) -> VersionRecord:
        """Puts support/N of a folder's files on record, with the folder as its place in MLflow."""
        files = hash_folder(root) if root else ()
        model_id = f"m-{number:032x}"
        artifact = Artifact(
            uri=f"models:/{model_id}", folder="weights", size=1, files=files, peft=WHY,
            digest=manifest_digest(files), location=(self.top / "mlflow" / model_id).as_uri(),
        )  # fmt: skip
        if root:
            (self.top / "mlflow" / model_id).mkdir(parents=True)
            (self.top / "mlflow" / model_id / "weights").symlink_to(root)
        run = make_record().run.model_copy(update={"logged_model_id": model_id})
        record = make_record(version=number, artifact=artifact, run=run, **changes)
        context = make_context()
        if not self.ledger.paths("models"):
            init_ledger(self.ledger, context)
        event = make_event(context, "register", "register", model="support", version=number)
        documents = {
            layout.version("support", number): record.to_bytes(),
            layout.model("support"): ModelDocument(name="support").to_bytes(),
        }
        self.ledger.append(Change(event=event, documents=documents, requires=()))
        return record

    def hold(
        self,
        root: Path,
        base: str | None = None,
        *,
        method: str = "sft",
        trust: bool = False,
        training: Training | Unknown = WHY,
    ) -> HeldBase:
        files = hash_folder(root)
        return hold_base(
            base, root=root, weights=weights_of(files), kind=read_kind(root, files),
            tokenizer=tokenizer_of(root, files),
            method=method or Unknown(unknown="nobody said"), trust=trust, training=training,
            sources=BaseSources(self.ledger, self.top, self.top, self.top / "hub"),
        )  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def hub(held: HeldBase) -> HubBase:
    assert isinstance(held.base, HubBase)
    return held.base


# Pinned at training time, as far as anybody can tell.


def test_the_cache_pins_what_an_adapter_names_without_a_commit(bench: Bench) -> None:
    source = bench.base()
    (source / "tokenizer.json").write_text("{}")
    bench.cache(of=source)
    held = bench.hold(bench.adapter("acme/tiny"))
    base = hub(held)
    assert (base.id, base.revision) == ("acme/tiny", COMMIT)
    assert "as main when the version was registered" in base.pinned
    weights = [one for one in hash_folder(source) if one.path == "model.safetensors"]
    assert base.digest == manifest_digest(weights)
    assert base.tokenizer is not None
    assert base.tokenizer.digest == "sha256:" + sha256(b"{}").hexdigest()
    assert held.notices == ()


def test_a_cache_that_moved_after_the_weights_were_written_pins_nothing(bench: Bench) -> None:
    snapshot = bench.cache(of=bench.base())
    root = bench.adapter("acme/tiny")
    bench.move_ref(snapshot.parents[1], 2 * HOUR_NS)
    held = bench.hold(root)
    assert isinstance(hub(held).revision, Unknown)
    assert f"--base acme/tiny@{COMMIT} says so" in held.notices[0]


@pytest.mark.parametrize("stated", [COMMIT, COMMIT[:7]])
def test_a_commit_that_was_stated_needs_no_branch(bench: Bench, stated: str) -> None:
    bench.cache(of=bench.base(), main=OTHER)
    base = hub(bench.hold(bench.adapter("acme/tiny"), f"acme/tiny@{stated}"))
    assert (base.revision, base.pinned) == (COMMIT, "")
    assert isinstance(base.digest, str)
    base = hub(bench.hold(bench.adapter("acme/tiny", revision=stated)))
    assert base.revision == COMMIT


def test_a_branch_that_the_adapter_names_is_followed_in_the_cache(bench: Bench) -> None:
    snapshot = bench.cache(of=bench.base(), main=OTHER)
    refs = snapshot.parents[1] / "refs"
    (refs / "main").rename(refs / "v2")
    (refs / "v2").write_text(COMMIT)
    os.utime(refs / "v2", ns=(0, 0))
    assert hub(bench.hold(bench.adapter("acme/tiny", revision="v2"))).revision == COMMIT
    hostile = bench.adapter("acme/tiny", revision="../snapshots")
    assert hub(bench.hold(hostile)).revision == "../snapshots"


def test_without_a_cache_it_stays_as_it_was(bench: Bench) -> None:
    held = bench.hold(bench.adapter("acme/tiny"))
    assert isinstance(hub(held).revision, Unknown)
    assert any("was not looked at" in notice for notice in held.notices)


def test_weights_that_the_cache_has_in_part_have_no_digest(bench: Bench) -> None:
    source = bench.base()
    (source / "model.safetensors").rename(source / "model-00001-of-00002.safetensors")
    bench.cache(of=source)
    base = hub(bench.hold(bench.adapter("acme/tiny")))
    assert base.revision == COMMIT
    assert isinstance(base.digest, Unknown)


def test_a_damaged_download_is_found(bench: Bench) -> None:
    snapshot = bench.cache(of=bench.base())
    blob = (snapshot / "model.safetensors").resolve()
    blob.write_bytes(blob.read_bytes()[:-1] + b"x")
    with pytest.raises(IntegrityError, match="that the hub names it"):
        bench.hold(bench.adapter("acme/tiny"))


@pytest.mark.parametrize("given", [True, False])
def test_the_folder_of_a_snapshot_is_named_as_on_the_hub(bench: Bench, given: bool) -> None:
    snapshot = bench.cache(of=bench.base())
    root = bench.adapter("acme/tiny" if given else str(snapshot))
    base = hub(bench.hold(root, str(snapshot) if given else None))
    assert (base.id, base.revision) == ("acme/tiny", COMMIT)


def test_the_path_of_a_snapshot_on_another_machine_names_the_commit(bench: Bench) -> None:
    there = f"/root/.cache/huggingface/hub/models--acme--tiny/snapshots/{COMMIT}"
    base = hub(bench.hold(bench.adapter(there)))
    assert (base.id, base.revision) == ("acme/tiny", COMMIT)


def test_the_card_names_the_base_where_the_adapter_names_a_folder_elsewhere(bench: Bench) -> None:
    root = bench.adapter("/data/llama")
    (root / "README.md").write_text("---\nbase_model: acme/tiny\n---\n# Tuned\n")
    assert hub(bench.hold(root)).id == "acme/tiny"


def test_full_weights_have_the_base_of_their_card(bench: Bench) -> None:
    root = bench.base("full")
    (root / "README.md").write_text("---\nbase_model: [acme/tiny]\n---\n")
    assert hub(bench.hold(root)).id == "acme/tiny"
    (root / "README.md").write_text("---\nbase_model: [acme/tiny, acme/other]\n---\n")
    assert isinstance(bench.hold(root).base, Unknown)
    (root / "README.md").write_text("---\n{ no yaml\n---\n")
    assert isinstance(bench.hold(root).base, Unknown)


def test_all_commits_of_a_model_are_no_base(bench: Bench) -> None:
    snapshot = bench.cache(of=bench.base())
    with pytest.raises(Refused, match="all commits"):
        bench.hold(bench.adapter("acme/tiny"), str(snapshot.parents[1]))


def test_links_may_not_lead_out_of_a_base(bench: Bench) -> None:
    base, root = bench.base(), bench.adapter("base")
    (base / "inner.json").symlink_to("config.json")
    bench.hold(root)
    (bench.top / "secret").write_text("x")
    (base / "outer.json").symlink_to(bench.top / "secret")
    with pytest.raises(Refused, match="links that stay"):
        bench.hold(root)


def test_links_may_not_lead_out_of_the_cache(bench: Bench) -> None:
    snapshot = bench.cache(of=bench.base())
    (snapshot / "tokenizer.json").symlink_to("/etc/passwd")
    with pytest.raises(Refused, match="links that stay"):
        bench.hold(bench.adapter("acme/tiny"))


@pytest.mark.parametrize("name", ["/", ".", "deep"])
def test_a_folder_that_a_file_names_is_walked_only_where_weights_lie(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    bench.base("deep/down")
    root = bench.adapter(name)
    monkeypatch.setattr("ft_registry.actions.base.check_links", None)
    with pytest.raises(Refused, match="found no weights"):
        bench.hold(root)


# Held against what the adapter names.


@pytest.mark.parametrize(
    ("named", "config", "given"),
    [
        ("acme/tiny", {}, f"acme/other@{COMMIT}"),
        ("acme/tiny", {"revision": OTHER}, f"acme/tiny@{COMMIT}"),
        (f"/c/models--acme--tiny/snapshots/{OTHER}", {}, f"acme/tiny@{COMMIT}"),
    ],
)
def test_another_base_than_the_adapter_names_is_refused(
    bench: Bench, named: str, config: dict[str, str], given: str
) -> None:
    root = bench.adapter(named, **config)
    with pytest.raises(Refused, match=r"adapter_config\.json names the base"):
        bench.hold(root, given)
    held = bench.hold(root, given, trust=True)
    assert "adapter_config.json names the base" in hub(held).trusted
    assert any(notice.startswith("on trust: ") for notice in held.notices)


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("acme/tiny", False),
        ("/data/tiny", True),
        ("/data/acme/tiny", False),
        ("tiny", False),
        ("mirror/tiny", True),
        ("unsloth/tiny-unsloth-bnb-4bit", True),
        ("/data/llama", True),
    ],
)
def test_what_may_be_the_base_is_taken_and_told_where_nobody_can_tell(
    bench: Bench, named: str, told: bool
) -> None:
    held = bench.hold(bench.adapter(named), f"acme/tiny@{COMMIT}")
    assert any("taken on your word" in notice for notice in held.notices) == told
    assert hub(held).trusted == ""


def test_a_folder_that_is_here_decides_by_its_bytes(bench: Bench) -> None:
    bench.cache(of=bench.base())
    root = bench.adapter("base")
    assert bench.hold(root, f"acme/tiny@{COMMIT}").notices == ()
    bench.base()
    with pytest.raises(Refused, match="other weights lie in"):
        bench.hold(root, f"acme/tiny@{COMMIT}")


def test_another_name_of_the_same_weights_is_no_other_base(bench: Bench) -> None:
    source = bench.base()
    bench.cache("acme/tiny", of=source)
    bench.cache("mirror/small", OTHER, of=source, main=OTHER)
    held = bench.hold(bench.adapter("acme/tiny"), f"mirror/small@{OTHER}")
    assert (hub(held).trusted, held.notices) == ("", ())


def test_a_folder_is_held_against_the_version_it_is_said_to_be(bench: Bench) -> None:
    base = bench.base("out")
    bench.version(1, base, kind="full")
    root = bench.adapter("out")
    assert bench.hold(root, "support/1").notices == ()
    (bench.top / "mlflow" / f"m-{1:032x}" / "weights").unlink()
    bench.base("out")
    with pytest.raises(Refused, match="other weights lie in"):
        bench.hold(root, "support/1")


def test_the_base_of_the_given_version_is_not_the_version(bench: Bench) -> None:
    bench.version(1, bench.base("out"), kind="full")
    with pytest.raises(Refused, match="which was tuned from it"):
        bench.hold(bench.adapter("acme/tiny"), "support/1")
    held = bench.hold(bench.adapter("team/continued"), "support/1")
    assert any("taken on your word" in notice for notice in held.notices)


def trained(base: str, trainer: str = "torchtune") -> Training:
    return Training(
        trainer=trainer, version="1", method="sft", steps=1, epochs=1.0, curves=(), results={},
        hyperparameters={}, base=ClaimedBase(id=base, revision=WHY), files=(),
    )  # fmt: skip


def test_the_base_that_a_trainer_names_is_held_against_the_one_given(bench: Bench) -> None:
    root, given = bench.base("out"), f"acme/tiny@{COMMIT}"
    with pytest.raises(Refused, match="the files of torchtune name the base 'acme/other', where"):
        bench.hold(root, given, training=trained("acme/other"))
    held = bench.hold(root, given, training=trained("acme/other"), trust=True)
    assert "where acme/tiny@c0ffee1" in hub(held).trusted
    assert bench.hold(root, given, training=trained("acme/tiny")).notices == ()
    held = bench.hold(root, given, training=trained("/models/x"))
    assert any("taken on your word" in notice for notice in held.notices)
    # It tells what the training began with, not what was packed afterwards.
    held = bench.hold(root, given, training=trained("acme/other"), method="merge")
    assert hub(held).trusted == ""
    adapter = bench.adapter("acme/tiny")
    with pytest.raises(Refused, match="the files of axolotl name the base 'acme/other'"):
        bench.hold(adapter, given, training=trained("acme/other", "axolotl"))
    assert bench.hold(adapter, given, training=trained("/models/x")).notices == (
        bench.hold(adapter, given).notices
    )


def test_weights_that_are_those_of_the_base_were_not_tuned(bench: Bench) -> None:
    base = bench.base()
    copy = bench.top / "copy"
    copytree(base, copy)
    for root in (base, copy):
        with pytest.raises(Refused, match="from the base base, found the base's own: model"):
            bench.hold(root, "base", trust=True)
    bench.version(1, copy, kind="full")
    with pytest.raises(Refused, match="tuned from the base support/1, found the base's own"):
        bench.hold(base, "support/1")
    bench.cache(of=base)
    with pytest.raises(Refused, match="found the base's own"):
        bench.hold(base, f"acme/tiny@{COMMIT}")
    assert bench.hold(bench.base("tuned"), "base").notices == ()


# Whether it fits.


def test_an_adapter_of_another_shape_is_refused(bench: Bench) -> None:
    root = write_adapter(bench.top / "ad", factors(bench.random, MODULE, inner=10))
    bench.base()
    with pytest.raises(Refused, match=r"q_proj of 12 x 10 that is 12 x 9 in it"):
        bench.hold(root, "base")
    assert "12 x 10" in hub_or_folder(bench.hold(root, "base", trust=True))


def hub_or_folder(held: HeldBase) -> str:
    assert not isinstance(held.base, Unknown)
    return held.base.trusted


def test_a_module_that_the_base_has_not_is_refused(bench: Bench) -> None:
    bench.base(module="model.layers.0.attn.c_attn")
    with pytest.raises(Refused, match=rf"no {MODULE} in it"):
        bench.hold(bench.adapter("base"))


def test_the_weights_of_a_version_are_looked_at_where_mlflow_keeps_them_here(bench: Bench) -> None:
    bench.version(1, bench.base("out", module="model.layers.0.attn.c_attn"), kind="full")
    bench.version(2, kind="adapter", base=VersionBase(version="support/1", record=digest(bench, 1)))
    with pytest.raises(Refused, match="does not fit support/2"):
        bench.hold(bench.adapter("out"), "support/2")


def digest(bench: Bench, number: int) -> str:
    content = bench.ledger.read(layout.version("support", number))
    assert content is not None
    return "sha256:" + sha256(content).hexdigest()


def vocabulary(root: Path, tokens: int) -> None:
    added = [{"id": tokens - 1, "content": "<|call|>"}]
    model = {"vocab": {f"t{n}": n for n in range(min(tokens, 20))}}
    (root / "tokenizer.json").write_text(json.dumps({"model": model, "added_tokens": added}))


def test_tokens_without_a_row_are_refused(bench: Bench) -> None:
    bench.base()
    root = bench.adapter("base")
    vocabulary(root, 20)
    bench.hold(root)
    vocabulary(root, 22)
    with pytest.raises(
        Refused, match="the tokenizer has 22 tokens, and there are rows for 20 in base"
    ):
        bench.hold(root)


def test_rows_that_the_adapter_brings_count(bench: Bench) -> None:
    bench.base()
    table = {"base_model.model.model.embed_tokens.weight": np.zeros((22, 9), np.float32)}
    root = write_adapter(bench.top / "ad", {**factors(bench.random, MODULE), **table})
    vocabulary(root, 22)
    bench.hold(root, "base")


def test_full_weights_must_have_rows_for_their_own_tokens(bench: Bench) -> None:
    root = bench.base("full")
    vocabulary(root, 22)
    with pytest.raises(Refused, match="rows for 20 in the weights"):
        bench.hold(root)


def template(root: Path, text: str, *, embedded: bool = False) -> None:
    if embedded:
        (root / "tokenizer_config.json").write_text(json.dumps({"chat_template": text}))
    else:
        (root / "chat_template.jinja").write_text(text)


@pytest.mark.parametrize("text", ["a", "b"])
def test_another_chat_template_is_told(bench: Bench, text: str) -> None:
    base, root = bench.base(), bench.adapter("base")
    template(base, "a", embedded=True)
    template(root, text)
    told = [notice for notice in bench.hold(root).notices if "chat template" in notice]
    assert bool(told) == (text == "b")


def test_preference_tuning_goes_on_in_the_parent_s_template(bench: Bench) -> None:
    bench.base()
    first, second = bench.adapter("base", "first"), bench.adapter("base", "second")
    template(first, "a")
    template(second, "b")
    folder = bench.hold(first).base
    bench.version(1, first, base=folder, tokenizer=tokenizer_of(first, hash_folder(first)))
    assert any("chat template" in one for one in bench.hold(second, "support/1").notices)
    with pytest.raises(Refused, match="dpo goes on with a model in its own chat template"):
        bench.hold(second, "support/1", method="dpo")
    assert "chat template" in hub_or_folder(
        bench.hold(second, "support/1", method="dpo", trust=True)
    )
    template(second, "a")
    assert bench.hold(second, "support/1", method="dpo").notices == ()


@pytest.mark.parametrize("where", ["ad/adapter_model.safetensors", "base/model.safetensors"])
@pytest.mark.parametrize(
    "damage", [lambda data: data[:-5], lambda _: (1 << 40).to_bytes(8, "little"), lambda _: b"x"]
)
def test_damaged_weights_are_refused(
    bench: Bench, where: str, damage: Callable[[bytes], bytes]
) -> None:
    bench.base()
    root = bench.adapter("base")
    file = bench.top / where
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(IntegrityError, match="safetensors"):
        bench.hold(root)


# Chains.


def test_full_weights_from_an_adapter_are_the_two_merged(bench: Bench) -> None:
    bench.version(1, kind="adapter")
    root = bench.base("merged")
    held = bench.hold(root, "support/1", method="")
    assert (held.kind, held.method) == ("merged", "merge")
    assert bench.hold(root, "support/1", method="dpo").kind == "full"
    bench.version(2, kind="full")
    held = bench.hold(root, "support/2", method="")
    assert (held.kind, isinstance(held.method, Unknown)) == ("full", True)


def test_quantised_weights_of_a_version_were_quantised(bench: Bench) -> None:
    bench.version(1, kind="full")
    root = bench.base("packed")
    with pytest.raises(Refused, match="found tensors of F32, and no quantization_config"):
        bench.hold(root, "support/1", method="quantize")
    # Older formats leave no configuration: their tensors tell.
    packed = {"w.qweight": np.zeros((4, 9), np.int32), "w.scales": np.zeros(9, np.float16)}
    older = write_full(bench.top / "older", packed)
    (older / "config.json").write_text("{}")
    assert bench.hold(older, "support/1", method="quantize").kind == "quantized"
    masked = {"h.weight": np.zeros((4, 9), np.float16), "h.attn.bias": np.ones((9, 9), np.uint8)}
    write_full(older, masked)
    with pytest.raises(Refused, match="found tensors of F16,"):
        bench.hold(older, "support/1", method="quantize")
    (root / "config.json").write_text('{"quantization_config": {}}')
    held = bench.hold(root, "support/1", method="")
    assert (held.kind, held.method) == ("quantized", "quantize")
    with pytest.raises(Refused, match="quantised weights"):
        bench.hold(bench.adapter("base"), "support/1", method="quantize")


def test_nothing_is_built_on_a_chain_that_leads_in_a_circle_or_nowhere(bench: Bench) -> None:
    bench.version(1, base=VersionBase(version="support/2", record=sha("9")))
    with pytest.raises(NotFound, match="support/2"):
        bench.hold(bench.adapter("base"), "support/1")
    bench.version(2, base=CHAIN)
    with pytest.raises(IntegrityError, match="support/"):
        bench.hold(bench.adapter("base"), "support/1")


@pytest.mark.parametrize(
    "name", ["", "\0", "x" * 5000, "<script>alert(1)</script>", "../..", "a/b/c", "\x1b[31m", None]
)
def test_names_that_are_none_are_refused(bench: Bench, name: str | None) -> None:
    with pytest.raises(FtRegistryError) as caught:
        bench.hold(bench.adapter(name))
    assert type(caught.value) in (Refused, NotFound)
