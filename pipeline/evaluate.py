"""Score an adapter, or a prompt alone, on the held-out items: one result an item, and the means."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
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
PLACE = "{prompt}"


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


def load(adapter: Path | None) -> Any:
    """Return the base with an adapter on it, or as it is."""
    base = LlamaForCausalLM.from_pretrained(BASE)
    return (base if adapter is None else PeftModel.from_pretrained(base, adapter)).eval()


def main(argv: Sequence[str] | None = None) -> None:
    """Write the scored items; of the pipeline's own adapter the means as well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adapter", type=Path, default=ADAPTER, help="the adapter's folder")
    parser.add_argument("--prompt", type=Path, help="no adapter: the base with this prompt")
    parser.add_argument("--out", type=Path, default=ITEMS, help="the JSONL file to write")
    args = parser.parse_args(argv)
    template = args.prompt.read_text(encoding="utf-8").rstrip("\n") if args.prompt else PLACE
    if PLACE not in template:
        sys.exit(f"error: expected {PLACE} in {args.prompt}, found none")
    knobs = settings.knobs("evaluate")
    loop.settle(knobs["seed"], knobs["threads"])
    examples = jsonl.read(HELDOUT)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(BASE)
    model = load(None if args.prompt else args.adapter)
    prompts = [template.replace(PLACE, row["prompt"]) for row in examples]
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
            "answer": prediction,
        }
        for row, prediction in zip(examples, predictions, strict=True)
    ]
    jsonl.write(args.out, items)
    metrics: dict[str, float] = {
        name: round(sum(item[name] for item in items) / len(items), 4)
        for name in ("exact_match", "valid_json")
    }
    metrics["n"] = len(items)
    if args.out == ITEMS:
        METRICS.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(metrics))


if __name__ == "__main__":
    main()
