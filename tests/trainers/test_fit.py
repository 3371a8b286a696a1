"""Weights that are cut short, or an adapter's that are another's, are refused by name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.tensor_files import factors, pack, tensors_bytes, write_adapter, write_full

from ft_registry.errors import IntegrityError, NotFound, Refused
from ft_registry.readers.fit import check_weights

RANDOM = np.random.default_rng(5)


def lora(*modules: str, rank: int = 4) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for module in modules or ("layers.0.q_proj",):
        found |= factors(RANDOM, module, rank)
    return found


def test_an_adapter_that_fits_its_configuration_passes(tmp_path: Path) -> None:
    check_weights(write_adapter(tmp_path, lora("layers.0.q_proj", "layers.1.q_proj")), "adapter")


@pytest.mark.parametrize(
    "config",
    [
        {"target_modules": ["proj", "layers.0.q_proj"]}, {"target_modules": ".*q_proj"},
        {"target_modules": "all-linear"}, {"r": 8, "rank_pattern": {"q_proj": 4}},
        {"r": 2, "target_parameters": ["experts.up"]}, {"r": 2, "peft_type": "LOHA"},
        {"use_dora": True}, {"target_modules": None},
    ],
)  # fmt: skip
def test_what_peft_allows_passes(tmp_path: Path, config: dict[str, Any]) -> None:
    check_weights(write_adapter(tmp_path, lora(), **config), "adapter")


@pytest.mark.parametrize(
    ("tensors", "config", "found"),
    [
        (lora(), {"r": 8}, r"factors of rank 8.*found rank 4 of layers\.0\.q_proj"),
        (lora(rank=8), {"rank_pattern": {"v_proj": 8}}, r"factors of rank 4.*found rank 8"),
        (lora("layers.0.k_proj"), {}, r"factors of q_proj.*found those of layers\.0\.k_proj"),
        (lora("q_proj_more"), {}, "found those of q_proj_more"),
        ({"w": np.zeros(3)}, {}, "factors lora_A and lora_B.*found w"),
        ({}, {}, "found no tensor"),
        ({"q_proj.lora_A.weight": np.zeros(0)}, {}, "found rank 0 of q_proj"),
    ],
    ids=["rank", "pattern", "module", "suffix", "no-factor", "empty", "flat"],
)
def test_the_configuration_of_another_adapter_is_refused(
    tmp_path: Path, tensors: dict[str, Any], config: dict[str, Any], found: str
) -> None:
    with pytest.raises(Refused, match=found) as caught:
        check_weights(write_adapter(tmp_path, tensors, **config), "adapter")
    assert "of another adapter" in caught.value.hints[0]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda content: content[:-8],
    "cut-header": lambda content: content[:40],
    "longer": lambda content: content + b"\0",
    "header-beyond": lambda content: (10**12).to_bytes(8, "little") + content[8:],
    "no-json": lambda content: pack(b"{" * 100),
    "deep": lambda content: pack(b'{"a":' + b"[" * 99_999),
    "seven-bytes": lambda content: content[:7],
}


@pytest.mark.parametrize("kind", ["adapter", "full"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files_are_refused(tmp_path: Path, kind: str, damage: str) -> None:
    content = tensors_bytes(lora())
    root = write_adapter(tmp_path, {}) if kind == "adapter" else write_full(tmp_path, {})
    name = "adapter_model.safetensors" if kind == "adapter" else "model.safetensors"
    (root / name).write_bytes(DAMAGES[damage](content))
    with pytest.raises(IntegrityError, match=name):
        check_weights(root, "adapter" if kind == "adapter" else "full")


def test_a_shard_that_is_missing_is_told(tmp_path: Path) -> None:
    index = {"weight_map": {"w": "model-00001-of-00002.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(NotFound, match="model-00001-of-00002"):
        check_weights(tmp_path, "full")


@pytest.mark.parametrize("name", ["adapter_model.bin", "pytorch_model.bin", "model.gguf"])
def test_other_formats_are_not_opened(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x80\x04cposix\nsystem\n")
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    check_weights(tmp_path, "adapter" if name.startswith("adapter") else "full")
