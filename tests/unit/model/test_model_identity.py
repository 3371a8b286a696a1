"""The identity names what was made, and nothing about when, where or under which number."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import datasets, law
from tests.unit.values import CHAIN, FOLDER, HUB, WHY, make_dataset, sha

from ft_registry.model.record import Tokenizer, identity
from ft_registry.model.snapshot import MEASURING_ROLES, TRAINING_ROLES, Dataset, DvcHash

TRAIN = make_dataset()
EVAL = make_dataset("eval", "data/eval.jsonl", sha256=sha("4"))
MADE: dict[str, Any] = {
    "model": "support",
    "kind": "adapter",
    "artifact": sha("a"),
    "base": HUB,
    "data": (TRAIN,),
    "config": sha("f"),
}
PLAIN = identity(**MADE)


@pytest.mark.parametrize(
    "change",
    [
        {"model": "other"},
        {"kind": "full"},
        {"artifact": sha("b")},
        {"base": FOLDER},
        {"base": CHAIN},
        {"base": WHY},
        {"base": HUB.model_copy(update={"revision": "c0ffee2"})},
        {"config": sha("e")},
        {"data": ()},
        {"data": (TRAIN, TRAIN)},
        {"data": (make_dataset(sha256=sha("2")),)},
        *[{"data": (make_dataset(role),)} for role in TRAINING_ROLES if role != "train"],
        {"data": (TRAIN, make_dataset("preference"))},
    ],
)
def test_this_makes_another_version(change: dict[str, Any]) -> None:
    assert identity(**(MADE | change)) != PLAIN


@pytest.mark.parametrize(
    "change",
    [
        {"data": (TRAIN, EVAL)},
        {"data": (EVAL, TRAIN)},
        *[{"data": (TRAIN, make_dataset(role))} for role in MEASURING_ROLES],
        {"data": (make_dataset(path="elsewhere/t.jsonl"),)},
        {"data": (make_dataset(name="renamed"),)},
        {"data": (make_dataset(rows=99),)},
        {"data": (make_dataset(pointer="dvc.lock"),)},
        {"data": (make_dataset(dvc=DvcHash(md5="2" * 32, size=1, nfiles=1)),)},
        {"base": HUB.model_copy(update={"digest": sha("7")})},
        {"base": HUB.model_copy(update={"pinned": "the cache had it"})},
        {"base": HUB.model_copy(update={"trusted": "another name"})},
        {"base": HUB.model_copy(update={"tokenizer": Tokenizer(digest="x", chat_template="y")})},
    ],
)
def test_this_does_not(change: dict[str, Any]) -> None:
    assert identity(**(MADE | change)) == PLAIN


@given(st.lists(datasets, max_size=4), st.randoms(use_true_random=False))
@law
def test_the_order_of_data_does_not_matter(data: list[Dataset], chance: Any) -> None:
    shuffled = list(data)
    chance.shuffle(shuffled)
    assert identity(**(MADE | {"data": tuple(shuffled)})) == identity(
        **(MADE | {"data": tuple(data)})
    )


def test_the_identity_can_be_recomputed_with_any_sha256_tool() -> None:
    covered = {
        "model": "support",
        "kind": "adapter",
        "artifact": sha("a"),
        "base": {
            "source": "hub",
            "id": "acme/tiny",
            "revision": "c0ffee1",
            "digest": {"unknown": "the weights were not at hand; --base DIR hashes them"},
        },
        "data": [["train", sha("1")]],
        "config": sha("f"),
    }
    text = json.dumps(covered, sort_keys=True, separators=(",", ":"))
    assert "sha256:" + hashlib.sha256(text.encode()).hexdigest() == PLAIN
