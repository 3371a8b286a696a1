"""Makes tiny models as transformers and PEFT save them: run as a program, so that torch stays out.

    python -m tests.mlflow.tuned FOLDER

Below FOLDER: `base`, `adapter` (with its tokenizer), `alone` (without), `full`, `judge` (a reward
model, full weights), `judge-adapter` and `rater` (heads of one label and of two).
"""

import os
import sys
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    PreTrainedTokenizerFast,
)

SPECIAL = ["<pad>", "<eos>", "<unk>"]
WORDS = [*SPECIAL, "on", "the", "first", "of", "may", "june", "we", "met", "at", "noon", "left"]


def tokenizer() -> PreTrainedTokenizerFast:
    """Returns a tokenizer of a few words."""
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"
    )


def config(**more: Any) -> LlamaConfig:
    """Returns the configuration of a model of some thousand parameters."""
    return LlamaConfig(
        vocab_size=len(WORDS), hidden_size=16, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=64,
        pad_token_id=0, eos_token_id=1, bos_token_id=None, **more,
    )  # fmt: skip


def adapter(base: Any, task: str, into: str) -> None:
    """Saves an adapter that changes what the base answers."""
    lora = LoraConfig(
        r=4, lora_alpha=64, target_modules=["q_proj", "v_proj"], task_type=task,
        init_lora_weights=False,
    )  # fmt: skip
    get_peft_model(base, lora).save_pretrained(into)


def main(folder: Path) -> None:
    """Makes them all; the base is named by a relative path, as a project's scripts do."""
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    torch.manual_seed(7)
    words = tokenizer()
    LlamaForCausalLM(config()).save_pretrained("base")
    words.save_pretrained("base")
    for name in ("adapter", "alone"):
        adapter(LlamaForCausalLM.from_pretrained("base"), "CAUSAL_LM", name)
    LlamaForCausalLM(config()).save_pretrained("full")
    LlamaForSequenceClassification(config(num_labels=1)).save_pretrained("judge")
    for name, labels in (("judge-adapter", 1), ("rater", 2)):
        head = LlamaForSequenceClassification.from_pretrained("base", num_labels=labels)
        adapter(head, "SEQ_CLS", name)
        words.save_pretrained(name)
    for name in ("adapter", "full", "judge"):
        words.save_pretrained(name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
