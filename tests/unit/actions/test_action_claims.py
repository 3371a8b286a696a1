"""Claims: what a file says of its model, held against what its scores are to be of."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.memory_ledger import MemoryLedger
from tests.unit.actions.stage import make_context
from tests.unit.values import CHAIN, FOLDER, WHY, make_record

from ft_registry.actions.claims import Measured, doubt, names_model, of_baseline, of_version
from ft_registry.actions.events import make_event
from ft_registry.actions.init import init_ledger
from ft_registry.actions.resolve import FiledRecord
from ft_registry.evaluations.measurement import Claim
from ft_registry.model import layout
from ft_registry.model.manifest import manifest_digest
from ft_registry.model.record import Artifact, HubBase
from ft_registry.ports.ledger import Change
from ft_registry.readers.files import hash_folder

COMMIT, OTHER = "c0ffee1" + "0" * 33, "badcafe" + "0" * 33
HUB = HubBase(id="acme/tiny", revision=COMMIT, digest=WHY)
ADAPTER = "out/adapter"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Returns a folder with an adapter and one with a base."""
    write(tmp_path / ADAPTER, "adapter_model.safetensors", b"tuned")
    write(tmp_path / ADAPTER, "adapter_config.json", json.dumps({"r": 8}).encode())
    write(tmp_path / "base", "model.safetensors", b"base")
    return tmp_path


def write(folder: Path, name: str, content: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def version(folder: Path, *, below: str = "full", **changes: Any) -> Measured:
    """Returns a version of the adapter's bytes as what scores are of.

    Args:
        folder: Where the adapter lies.
        below: The kind of support/1, which is tuned from the hub's base.
        changes: What its record says otherwise.
    """
    ledger, context = MemoryLedger(), make_context()
    init_ledger(ledger, context)
    files = hash_folder(folder / ADAPTER)
    artifact = Artifact(
        uri="models:/m-" + "0" * 32, folder="adapter", digest=manifest_digest(files), size=1,
        files=files, peft=WHY,
    )  # fmt: skip
    first = make_record(version=1, base=HUB, kind=below)
    record = make_record(artifact=artifact, **{"base": HUB, **changes})
    event = make_event(context, "register", "register", model="support", version=1)
    documents = {layout.version("support", 1): first.to_bytes()}
    ledger.append(Change(event=event, documents=documents))
    return of_version(FiledRecord(record, record.to_bytes()), ledger)


@pytest.mark.parametrize(
    "claim",
    [
        Claim(),
        Claim(name="support/2"),
        Claim(name="models:/support/2"),
        Claim(name="acme/tiny", adapter=ADAPTER),
        Claim(name="acme/tiny", adapter=ADAPTER, revision=COMMIT),
        Claim(name="acme/tiny", adapter=ADAPTER, revision="main", digests=(COMMIT, OTHER)),
        Claim(name="acme/tiny", adapter=ADAPTER, revision="main"),
        Claim(name="hf/ACME/tiny", adapter=ADAPTER),
        Claim(name=ADAPTER, adapter=ADAPTER, revision=OTHER),
        Claim(name="/elsewhere/base", adapter=ADAPTER),
        Claim(name=f"/c/hub/models--acme--tiny/snapshots/{COMMIT}", adapter=ADAPTER),
        Claim(name="base", adapter=ADAPTER),  # a copy, for all that anybody knows
        Claim(name="python:ask.py"),
        Claim(name="https://models.example.org/v1"),
    ],
    ids=str,
)
def test_what_may_be_the_adapter_is_let_through(weights: Path, claim: Claim) -> None:
    assert doubt(claim, version(weights), cwd=weights) == ""


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (Claim(name="support/1"), "'support/1', which is no name of support/2"),
        (Claim(name="x" * 5000), "which is no name"),
        (Claim(name="nul\0"), "which is no name"),
        (Claim(name="acme/tiny"), "the base 'acme/tiny' without an adapter"),
        (Claim(name="hf/acme/tiny"), "the base 'hf/acme/tiny' without an adapter"),
        (Claim(name="acme/big", adapter=ADAPTER), "'acme/big', where support/2 has acme/tiny@c0f"),
        (Claim(name="other/tiny", adapter=ADAPTER), "'other/tiny', where"),
        (Claim(name="acme/tiny", adapter=ADAPTER, revision=OTHER), f"@{OTHER}, where"),
        (Claim(name="acme/tiny", adapter=ADAPTER, revision="main", digests=(OTHER,)), OTHER),
        (Claim(name=f"/h/models--acme--tiny/snapshots/{OTHER}", adapter=ADAPTER), OTHER),
        (Claim(name="acme/tiny", adapter="base"), "whose weights are other bytes"),
        (Claim(digests=("sha256:" + "9" * 64,)), "none of support/2"),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_what_speaks_for_another_model_is_told(weights: Path, claim: Claim, words: str) -> None:
    assert words in doubt(claim, version(weights), cwd=weights)


def test_an_adapter_with_another_configuration_is_another(weights: Path) -> None:
    measured = version(weights)
    write(weights / ADAPTER, "adapter_config.json", json.dumps({"r": 4}).encode())
    found = doubt(Claim(name="acme/tiny", adapter=ADAPTER), measured, cwd=weights)
    assert "whose adapter_config.json is another than that of support/2" in found


@pytest.mark.parametrize("kind", ["full", "merged", "quantized"])
@pytest.mark.parametrize("base", [HUB, CHAIN], ids=["hub", "version"])
def test_scores_of_the_base_are_not_those_of_what_was_tuned_from_it(
    weights: Path, kind: str, base: Any
) -> None:
    measured = version(weights, kind=kind, base=base)
    for name in ("acme/tiny", "hf/acme/tiny") if base is HUB else ("support/1",):
        found = doubt(Claim(name=name), measured, cwd=weights)
        assert found == f"the base {name!r}, which support/2 was tuned from"
    assert doubt(Claim(name=ADAPTER), measured, cwd=weights) == ""
    assert "an adapter 'x' on 'y'" in doubt(Claim(name="y", adapter="x"), measured, cwd=weights)


def test_a_base_in_a_folder_is_held_by_its_bytes(weights: Path) -> None:
    digest = manifest_digest(hash_folder(weights / "base"))
    measured = version(weights, base=FOLDER.model_copy(update={"digest": digest}))
    claim = Claim(name="base", adapter=ADAPTER)
    assert doubt(claim, measured, cwd=weights) == ""
    write(weights / "base", "model.safetensors", b"another")
    assert f"has base of {digest[:19]}" in doubt(claim, measured, cwd=weights)
    assert "where" in doubt(Claim(name="acme/tiny", adapter=ADAPTER), measured, cwd=weights)


@pytest.mark.parametrize(("below", "held"), [("full", False), ("adapter", True)])
def test_an_adapter_on_an_adapter_stands_on_the_base_of_that_as_well(
    weights: Path, below: str, held: bool
) -> None:
    measured = version(weights, base=CHAIN, below=below)
    assert doubt(Claim(name="support/1", adapter=ADAPTER), measured, cwd=weights) == ""
    found = doubt(Claim(name="acme/tiny", adapter=ADAPTER), measured, cwd=weights)
    assert (found == "") is held


def test_of_a_base_that_is_not_known_nothing_can_be_held(weights: Path) -> None:
    measured = version(weights, base=WHY)
    assert doubt(Claim(name="any/base", adapter=ADAPTER), measured, cwd=weights) == ""


@pytest.mark.parametrize(
    ("base", "claim", "words"),
    [
        ("qwen3@3f2a", Claim(name="hf/org/qwen3"), ""),
        ("openai/gpt-4o", Claim(name="openai:chat:gpt-4o"), ""),
        ("base", Claim(name="base"), ""),
        ("base", Claim(name="./base/"), ""),
        ("base", Claim(name=ADAPTER), f"a base at {ADAPTER}"),
        ("qwen3", Claim(name="support/2"), "where m:few has qwen3"),
        ("qwen3", Claim(name="qwen3", adapter="out/x"), "an adapter 'out/x' on 'qwen3'"),
        (f"qwen3@{COMMIT}", Claim(name="qwen3", revision=OTHER), OTHER),
    ],
)
def test_a_baseline_is_its_base_untuned(weights: Path, base: str, claim: Claim, words: str) -> None:
    found = doubt(claim, of_baseline("m:few", base, cwd=weights), cwd=weights)
    assert (words in found) if words else found == ""


def test_a_program_or_an_address_names_no_model() -> None:
    assert not names_model(Claim(name="exec:./ask"))
    assert names_model(Claim(name="openai:chat:gpt-4o"))
