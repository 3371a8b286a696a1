"""How weights are loaded is told by their small files, and left open where they do not tell."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.tensor_files import write_adapter

from ft_registry.model.document import Unknown
from ft_registry.model.manifest import FileEntry
from ft_registry.readers.files import hash_folder
from ft_registry.readers.loading import read_task, tokenizer_files

LLAMA = {"architectures": ["LlamaForCausalLM"]}
BY_CLASS = {
    "base_model_class": "MistralForCausalLM",
    "parent_library": "transformers.models.mistral.modeling_mistral",
}
LORA = "base_model.model.layers.0.q_proj.lora_A.weight"
SCORE = "base_model.model.score.weight"


def full(root: Path, config: Any, weights: str = "model.safetensors") -> Any:
    root.mkdir()
    (root / weights).write_bytes(b"w")
    (root / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    return read_task(root, hash_folder(root), kind="full", base=None)


def adapter(root: Path, base: Any = None, heads: tuple[str, ...] = (), **config: Any) -> Any:
    """Reads an adapter; its heads have three labels."""
    tensors = {LORA: np.zeros((4, 8), np.float32)}
    tensors |= {name: np.zeros((3, 8), np.float32) for name in heads}
    write_adapter(root / "adapter", tensors, **config)
    if base is not None:
        (root / "base").mkdir()
        (root / "base" / "config.json").write_text(json.dumps(base))
    return read_task(
        root / "adapter", (), kind="adapter", base=root / "base" if base is not None else None
    )


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("LlamaForCausalLM", "text-generation"),
        ("GPT2LMHeadModel", "text-generation"),
        ("Qwen2ForSequenceClassification", "text-classification"),
    ],
)
def test_full_weights_tell_it_by_their_architecture(tmp_path: Path, name: str, task: str) -> None:
    assert full(tmp_path / "w", {"architectures": [name]}) == task
    weights = "pytorch_model-00001-of-00002.bin"
    assert full(tmp_path / "x", {"architectures": [name]}, weights) == task


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"architectures": ["T5ForConditionalGeneration"]}, "'T5ForConditionalGeneration'"),
        ({"architectures": [["LlamaForCausalLM"]]}, "architecture"),
        ({"architectures": ["LlamaForCausalLM", "Other"]}, "one architecture"),
        ({"architectures": []}, "one architecture"),
        ({}, "one architecture"),
        ({**LLAMA, "auto_map": {"AutoModelForCausalLM": "own.Model"}}, "code of its own"),
        ("{", "JSON"),
        ("[]", "JSON object"),
    ],
)
def test_full_weights_that_do_not_tell_it_are_left_open(
    tmp_path: Path, config: Any, reason: str
) -> None:
    found = full(tmp_path / "w", config)
    assert isinstance(found, Unknown)
    assert reason in found.unknown


def test_weights_that_transformers_does_not_open_by_name_are_left_open(tmp_path: Path) -> None:
    found = full(tmp_path / "w", LLAMA, "model-q4.gguf")
    assert "no model*.safetensors" in found.unknown


@pytest.mark.parametrize("base", [None, LLAMA])
@pytest.mark.parametrize(
    "config", [{"task_type": "CAUSAL_LM"}, {"task_type": None, "auto_mapping": BY_CLASS}]
)
def test_an_adapter_tells_it_by_its_settings(tmp_path: Path, config: Any, base: Any) -> None:
    assert adapter(tmp_path, base, **config) == "text-generation"


@pytest.mark.parametrize(
    ("config", "base", "reason"),
    [
        ({}, None, "no task_type"),
        ({"task_type": "SEQ_2_SEQ_LM"}, None, "SEQ_2_SEQ_LM"),
        ({"task_type": 7}, None, "no task_type"),
        ({"auto_mapping": {**BY_CLASS, "parent_library": "own.code"}}, None, "no task_type"),
        ({"task_type": "CAUSAL_LM"}, {"architectures": ["XForSequenceClassification"]}, "for text"),
        ({"task_type": "CAUSAL_LM"}, {"architectures": ["GemmaForConditionalGeneration"]}, "Gemma"),
        ({"task_type": "CAUSAL_LM"}, {**LLAMA, "auto_map": {"a": "b"}}, "code of its own"),
    ],
)
def test_an_adapter_that_does_not_tell_it_or_does_not_fit_is_left_open(
    tmp_path: Path, config: Any, base: Any, reason: str
) -> None:
    found = adapter(tmp_path, base, **config)
    assert isinstance(found, Unknown)
    assert reason in found.unknown


@pytest.mark.parametrize(
    ("heads", "base", "fits"),
    [
        ((SCORE,), {**LLAMA, "id2label": {"0": "a", "1": "b", "2": "c"}}, True),
        ((SCORE,), {**LLAMA, "num_labels": 3}, True),
        ((SCORE,), LLAMA, False),  # it would be loaded with two
        ((SCORE,), None, False),
        ((), {**LLAMA, "num_labels": 3}, False),  # the head would be random
        ((SCORE, "base_model.model.classifier.weight"), {**LLAMA, "num_labels": 3}, False),
    ],
)
def test_a_classifying_adapter_fits_a_base_of_as_many_labels(
    tmp_path: Path, heads: tuple[str, ...], base: Any, fits: bool
) -> None:
    found = adapter(tmp_path, base, heads, task_type="SEQ_CLS")
    assert (found == "text-classification") is fits
    assert fits or "head" in found.unknown


def test_a_cut_header_leaves_it_open(tmp_path: Path) -> None:
    adapter(tmp_path, None, (SCORE,), task_type="SEQ_CLS")
    weights = tmp_path / "adapter" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:40])
    found = read_task(tmp_path / "adapter", (), kind="adapter", base=None)
    assert isinstance(found, Unknown)


def test_a_tokenizer_is_known_by_its_configuration() -> None:
    def names(*paths: str) -> tuple[str, ...]:
        return tokenizer_files([FileEntry(path=path, size=1, sha256="0" * 64) for path in paths])

    beside = ("tokenizer.json", "model.safetensors", "checkpoint-3/tokenizer.json")
    assert names(*beside) == ()
    assert names(*beside, "tokenizer_config.json", "additional_chat_templates/rag.jinja") == (
        "additional_chat_templates/rag.jinja",
        "tokenizer.json",
        "tokenizer_config.json",
    )
