"""Digests that were given out stay what they are, and need no tool of ours to recompute."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import EXACT, law

from ft_registry.model.canonical import canonical_bytes, digest
from ft_registry.model.event import Event
from ft_registry.model.manifest import FileEntry, manifest_digest
from ft_registry.model.record import VersionRecord

GOLDEN = Path(__file__).with_name("golden_digests.json")
VECTORS = json.loads(GOLDEN.read_text(encoding="utf-8"))
KINDS = {kind.SCHEMA: kind for kind in (Event, VersionRecord)}

ascii_text = st.text(st.characters(codec="ascii"), max_size=8)
ascii_documents = st.recursive(
    st.none() | st.booleans() | st.integers(-EXACT, EXACT) | ascii_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ascii_text, inner, max_size=3),
)


def independent(value: Any) -> str:
    """The digest as ten lines of anybody's script would compute it, for documents in ASCII."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode("ascii")).hexdigest()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["what"])
def test_a_digest_that_was_given_out_stays(vector: dict[str, Any]) -> None:
    assert digest(vector["document"]) == vector["digest"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["what"])
def test_a_digest_needs_only_hashlib_and_json(vector: dict[str, Any]) -> None:
    assert independent(vector["document"]) == vector["digest"]


@given(ascii_documents)
@law
def test_ascii_documents_have_the_digest_of_sorted_compact_json(value: Any) -> None:
    assert digest(value) == independent(value)


@pytest.mark.parametrize(
    "vector",
    [vector for vector in VECTORS if vector["what"] in ("an event", "a version record")],
    ids=lambda vector: vector["what"],
)
def test_a_document_of_the_first_release_keeps_its_digest_when_read(vector: dict[str, Any]) -> None:
    kind = KINDS[vector["document"]["schema"]]
    document = kind.parse(canonical_bytes(vector["document"]), what="it")
    assert document.digest == vector["digest"]


def test_a_manifest_can_be_recomputed_with_any_sha256_tool() -> None:
    files = {"b.bin": b"two", "a/c.txt": b"one", "empty": b""}
    entries = [
        FileEntry(path=name, size=len(data), sha256=hashlib.sha256(data).hexdigest())
        for name, data in files.items()
    ]
    listing = [
        {"path": name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        for name, data in sorted(files.items())
    ]
    assert manifest_digest(entries) == independent(listing)
