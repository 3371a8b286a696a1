"""Build the base model: a small tokenizer and a tiny Llama, pre-trained from nothing.

The project makes its own base so that the demo needs no download and no GPU.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import loop
import settings
import task
import torch
from muon import Muon
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

OUT = Path("build/base")
SPECIAL = {"pad_token": "<pad>", "eos_token": "<eos>", "unk_token": "<unk>"}


def build_tokenizer(texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """Return a small byte-pair tokenizer that keeps every digit and sign on its own.

    Single digits let the model copy a number piece by piece. The alphabet holds
    all printable ASCII and the currency signs, so that tuning data may use
    characters that the pre-training text lacks.
    """
    tokenizer = Tokenizer(models.BPE(unk_token=SPECIAL["unk_token"]))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[A-Za-z]+|[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL.values()),
        initial_alphabet=[*string.printable[:95], "\n", *task.SIGNS.values()],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        padding_side="left",
        clean_up_tokenization_spaces=False,
        **SPECIAL,
    )


def build_model(tokenizer: PreTrainedTokenizerFast, knobs: dict[str, Any]) -> LlamaForCausalLM:
    """Return an untrained Llama of the size that params.yaml asks for."""
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=knobs["hidden"],
        intermediate_size=knobs["intermediate"],
        num_hidden_layers=knobs["layers"],
        num_attention_heads=knobs["heads"],
        max_position_embeddings=256,
        # Lines are short: a slow rotation would leave near positions alike.
        rope_parameters={"rope_type": "default", "rope_theta": 1000.0},
        # Tied, the signs that pre-training never shows would all get one embedding.
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        dtype="float32",
    )
    return LlamaForCausalLM(config)


def build_optimizers(model: LlamaForCausalLM, knobs: dict[str, Any]) -> list[torch.optim.Optimizer]:
    """Return Muon for the layers' matrices and AdamW for all the rest.

    With Muon this model learns to copy digits in a fraction of the steps that
    AdamW alone takes, which is what makes a pre-training during a demo possible.
    """
    matrices: list[torch.Tensor] = []
    rest: list[torch.Tensor] = []
    for name, parameter in model.named_parameters():
        inner = parameter.ndim == 2 and "embed_tokens" not in name and "lm_head" not in name
        (matrices if inner else rest).append(parameter)
    return [
        Muon(matrices, lr=knobs["muon_lr"]),
        torch.optim.AdamW(rest, lr=knobs["adam_lr"], betas=(0.9, 0.95), weight_decay=0.0),
    ]


def main() -> None:
    """Write build/base."""
    knobs = settings.knobs("base")
    loop.settle(knobs["seed"], knobs["threads"])
    pairs = task.base_text(knobs["lines"], knobs["seed"])
    tokenizer = build_tokenizer(
        (prompt + loop.SEPARATOR + rewrite for prompt, rewrite in pairs), knobs["vocabulary"]
    )
    model = build_model(tokenizer, knobs)
    print(
        f"base: {model.num_parameters():,} parameters, {len(tokenizer)} tokens, {len(pairs)} lines"
    )
    loop.fit(model, loop.encode(tokenizer, pairs), build_optimizers(model, knobs), knobs)
    model.save_pretrained(OUT)
    tokenizer.save_pretrained(OUT)
    print(f"wrote {OUT}")


if __name__ == "__main__":
    main()
