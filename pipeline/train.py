"""Tune a LoRA adapter of the base model on the training set."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import jsonl
import loop
import settings
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

BASE = Path("build/base")
TRAIN = Path("build/train.jsonl")
OUT = Path("build/adapter")
LOG = Path("build/training_log.json")


def main() -> None:
    """Write build/adapter and build/training_log.json."""
    start = time.perf_counter()
    lora, knobs = settings.knobs("lora"), settings.knobs("train")
    loop.settle(knobs["seed"], knobs["threads"])
    examples = jsonl.read(TRAIN)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(BASE)
    # A relative folder: the adapter's config repeats it, and must suit every machine.
    base = LlamaForCausalLM.from_pretrained(BASE.as_posix())
    model: Any = get_peft_model(
        base,
        LoraConfig(
            r=lora["r"],
            lora_alpha=lora["alpha"],
            lora_dropout=lora["dropout"],
            target_modules=lora["targets"],
            task_type="CAUSAL_LM",
        ),
    )
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    size = sum(parameter.numel() for parameter in trained)
    print(f"adapter: {size:,} parameters, {len(examples)} examples")
    rows = loop.encode(tokenizer, ((row["prompt"], row["completion"]) for row in examples))
    optimizer = torch.optim.AdamW(trained, lr=knobs["lr"], weight_decay=0.0)
    steps = loop.fit(model, rows, [optimizer], knobs)
    # PEFT keeps the targets as a set, whose order would change from run to run.
    model.peft_config["default"].target_modules = sorted(lora["targets"])
    model.save_pretrained(OUT)
    # An empty form, with nothing filled in but the name of the base.
    (OUT / "README.md").unlink(missing_ok=True)
    tokenizer.save_pretrained(OUT)
    log = {
        "examples": len(examples),
        "parameters": size,
        "seconds": round(time.perf_counter() - start, 2),
        "steps": steps,
    }
    LOG.write_text(json.dumps(log, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {OUT} and {LOG}")


if __name__ == "__main__":
    main()
