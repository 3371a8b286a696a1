"""Score the adapter on the held-out items: one result an item, and the means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonl
import loop
import settings
import torch
from peft import PeftModel
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

BASE = Path("build/base")
ADAPTER = Path("build/adapter")
HELDOUT = Path("data/heldout.jsonl")
ITEMS = Path("build/evaluation/dates.jsonl")
METRICS = Path("build/metrics.json")


def answer(model: Any, tokenizer: Any, prompts: list[str], max_new_tokens: int) -> list[str]:
    """Return the model's greedy completions of a batch of prompts."""
    # The tokenizer pads on the left: generation goes on from the last column.
    batch = tokenizer(
        [prompt + loop.SEPARATOR for prompt in prompts], padding=True, return_tensors="pt"
    )
    with torch.inference_mode():
        output = model.generate(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            do_sample=False,
            max_new_tokens=max_new_tokens,
        )
    fresh = output[:, batch["input_ids"].shape[1] :]
    texts: list[str] = tokenizer.batch_decode(fresh, skip_special_tokens=True)
    return texts


def is_json(text: str) -> bool:
    """Tell whether a completion is a JSON object with the three keys and nothing else."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return False
    return isinstance(value, dict) and list(value) == ["date", "amount", "currency"]


def main() -> None:
    """Write build/evaluation/dates.jsonl and build/metrics.json."""
    knobs = settings.knobs("evaluate")
    loop.settle(knobs["seed"], knobs["threads"])
    examples = jsonl.read(HELDOUT)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(BASE)
    base = LlamaForCausalLM.from_pretrained(BASE)
    model = PeftModel.from_pretrained(base, ADAPTER).eval()
    prompts = [row["prompt"] for row in examples]
    predictions: list[str] = []
    for first in range(0, len(prompts), knobs["batch"]):
        chunk = prompts[first : first + knobs["batch"]]
        predictions += answer(model, tokenizer, chunk, knobs["max_new_tokens"])
    items = [
        {
            "id": row["id"],
            "exact_match": int(prediction == row["completion"]),
            "valid_json": int(is_json(prediction)),
            "prompt": row["prompt"],
            "target": row["completion"],
            "prediction": prediction,
        }
        for row, prediction in zip(examples, predictions, strict=True)
    ]
    jsonl.write(ITEMS, items)
    metrics: dict[str, float] = {
        name: round(sum(item[name] for item in items) / len(items), 4)
        for name in ("exact_match", "valid_json")
    }
    metrics["n"] = len(items)
    METRICS.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(metrics))


if __name__ == "__main__":
    main()
