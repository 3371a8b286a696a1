"""What kind of weights a folder holds, and what is missing when it holds none."""

import json
from pathlib import Path
from typing import Any

import pytest

from ft_registry.errors import NotFound, Refused
from ft_registry.model.document import Unknown
from ft_registry.readers.files import hash_folder
from ft_registry.readers.weights import read_config, read_kind, read_peft, read_tokenizer

PEFT = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["v_proj", "q_proj"]}
CONFIG = {"model_type": "llama"}


def folder(root: Path, **files: Any) -> Path:
    """Writes files: text or bytes as they are, anything else as JSON; `__` stands for a dot."""
    for name, content in files.items():
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        (root / name.replace("__", ".")).write_bytes(data)
    return root


def kind(root: Path) -> str:
    return read_kind(root, hash_folder(root))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"adapter_config__json": PEFT, "adapter_model__safetensors": b"w"}, "adapter"),
        ({"adapter_config__json": PEFT, "adapter_model__bin": b"w"}, "adapter"),
        ({"config__json": CONFIG, "model__safetensors": b"w"}, "full"),
        ({"config__json": CONFIG, "model-00001-of-00002__safetensors": b"w"}, "full"),
        ({"config__json": CONFIG, "pytorch_model__bin": b"w"}, "full"),
        ({"config__json": CONFIG, "consolidated.00__pth": b"w"}, "full"),
        ({"tiny.Q4_K_M__gguf": b"w"}, "quantized"),
        (
            {"config__json": {"quantization_config": {"bits": 4}}, "model__safetensors": b"w"},
            "quantized",
        ),
        # Base weights beside an adapter do not make it a full model.
        (
            {
                "adapter_config__json": PEFT,
                "adapter_model__safetensors": b"w",
                "config__json": CONFIG,
                "model__safetensors": b"w",
            },
            "adapter",
        ),
    ],
)
def test_the_files_say_the_kind(tmp_path: Path, files: dict[str, Any], expected: str) -> None:
    assert kind(folder(tmp_path, **files)) == expected


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "expected a folder with weights, found .* with nothing"),
        ({"README__md": b"x"}, "found .* with README.md"),
        ({"config__json": CONFIG, "optimizer__pt": b"w"}, "expected a folder with weights"),
        ({"training_args__bin": b"w"}, "expected a folder with weights"),
        (
            {"adapter_config__json": PEFT, "adapter_model__safetensors": b""},
            "adapter_model.safetensors without a byte",
        ),
        (
            {"config__json": CONFIG, "model-1__safetensors": b"w", "model-2__safetensors": b""},
            "model-2.safetensors without a byte",
        ),
        ({"adapter_model__safetensors": b"w"}, "expected adapter_config.json beside"),
        ({"model__safetensors": b"w"}, "expected config.json beside"),
        ({"config__json": b"{", "model__safetensors": b"w"}, "config.json to be JSON"),
        ({"config__json": [], "model__safetensors": b"w"}, "a JSON object in .*, found list"),
        ({"config__json": b"\xff", "model__safetensors": b"w"}, "config.json to be JSON"),
        ({"config__json": b"[" * 99999, "model__safetensors": b"w"}, "config.json to be JSON"),
        (
            {"config__json": b" " * ((16 << 20) + 1), "model__safetensors": b"w"},
            "found 16777217 bytes",
        ),
    ],
)
def test_what_is_missing_is_said(tmp_path: Path, files: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        kind(folder(tmp_path, **files))


def test_what_lies_in_a_folder_without_weights_is_shown_in_part(tmp_path: Path) -> None:
    folder(tmp_path, **{f"f{number}": b"x" for number in range(6)})
    with pytest.raises(Refused, match=r"with f0, f1, f2, f3, f4 \.\.\.$"):
        kind(tmp_path)


def test_a_config_may_hold_infinity_as_transformers_writes_it(tmp_path: Path) -> None:
    # Mamba 2: "time_step_limit": [0.0, Infinity]
    config = b'{"model_type": "mamba2", "time_step_limit": [0.0, Infinity]}'
    assert kind(folder(tmp_path, config__json=config, model__safetensors=b"w")) == "full"


def test_a_config_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"expected config\.json"):
        read_config(tmp_path / "config.json")


def test_the_settings_that_shape_an_adapter_are_read(tmp_path: Path) -> None:
    found = read_peft(folder(tmp_path, adapter_config__json={**PEFT, "inference_mode": True}))
    assert found.model_dump(exclude_none=True) == {
        "peft_type": "LORA",
        "r": 8,
        "lora_alpha": 16.0,
        "target_modules": ["q_proj", "v_proj"],
    }


def test_the_order_of_target_modules_does_not_matter(tmp_path: Path) -> None:
    # PEFT keeps a set and writes it in any order.
    one = read_peft(folder(tmp_path, adapter_config__json={**PEFT, "target_modules": ["a", "b"]}))
    other = read_peft(folder(tmp_path, adapter_config__json={**PEFT, "target_modules": ["b", "a"]}))
    assert one == other


def test_target_modules_may_be_one_pattern(tmp_path: Path) -> None:
    config = {**PEFT, "target_modules": "all-linear"}
    assert read_peft(folder(tmp_path, adapter_config__json=config)).target_modules == "all-linear"


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"r": 8},
        {"peft_type": None},
        {"peft_type": 1},
        {**PEFT, "r": "eight"},
        {**PEFT, "r": 10**30},
        {**PEFT, "peft_type": "LO\ud800RA"},
        {**PEFT, "r": 1.5},
        {**PEFT, "target_modules": 7},
        {**PEFT, "lora_alpha": float("inf")},
        {**PEFT, "lora_dropout": float("nan")},
        [],
        b"{",
    ],
    ids=lambda config: str(config)[-40:],
)
def test_what_peft_did_not_write_is_refused(tmp_path: Path, config: Any) -> None:
    with pytest.raises(Refused, match=r"adapter_config\.json") as caught:
        read_peft(folder(tmp_path, adapter_config__json=config))
    assert "pydantic" not in caught.value.message


def test_the_tokenizer_beside_the_weights_is_named_by_its_bytes(tmp_path: Path) -> None:
    folder(tmp_path, tokenizer__json=b"{}", chat_template__jinja=b"{{ x }}", vocab__json=b"v")
    hashes = {entry.path: f"sha256:{entry.sha256}" for entry in hash_folder(tmp_path)}
    found = read_tokenizer(hash_folder(tmp_path))
    assert found.digest == hashes["tokenizer.json"]
    assert found.chat_template == hashes["chat_template.jinja"]


def test_a_tokenizer_that_is_not_there_is_unknown_with_a_reason() -> None:
    found = read_tokenizer(())
    assert isinstance(found.digest, Unknown)
    assert isinstance(found.chat_template, Unknown)
