"""Loads models by MLflow alone and compares what they answer: run as a program.

    python -m tests.mlflow.loaded NAME=FOLDER ... < /dev/null

Each registered model NAME is loaded as its champion, and held against FOLDER loaded by transformers
and PEFT themselves. What comes of it goes to the standard output as JSON, a line for each.
"""

import json
import sys
from pathlib import Path
from typing import Any

import mlflow
import torch
from peft import PeftModel
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    PreTrainedTokenizerFast,
)

TEXT = "we met on the first of may"


def themselves(folder: Path) -> Any:
    """Returns the model as a person loads it who knows where everything lies."""
    is_judge = folder.name in ("judge", "rater")
    auto = AutoModelForSequenceClassification if is_judge else AutoModelForCausalLM
    if not (folder / "adapter_config.json").exists():
        return auto.from_pretrained(folder)
    return PeftModel.from_pretrained(auto.from_pretrained(folder.parent / "base"), folder)


def logits(model: Any, tokens: Any) -> Any:
    """Returns what the model answers."""
    with torch.no_grad():
        return model.eval()(**tokens).logits


def compare(name: str, folder: Path) -> dict[str, Any]:
    """Loads a champion in both ways that MLflow has."""
    uri = f"models:/{name}@champion"
    parts = mlflow.transformers.load_model(uri, return_type="components")
    words = PreTrainedTokenizerFast.from_pretrained(folder.parent / "base")
    tokens = words(TEXT, return_tensors="pt")
    model = parts["model"]
    said: dict[str, Any] = {
        "class": type(model).__name__,
        "task": parts["task"],
        "tokenizer": "tokenizer" in parts and parts["tokenizer"](TEXT)["input_ids"],
        "expected_tokens": tokens["input_ids"][0].tolist(),
        "equal": torch.equal(logits(model, tokens), logits(themselves(folder), tokens)),
    }
    if isinstance(model, PeftModel):
        with model.disable_adapter():
            untuned = logits(model, tokens)
        said["tuned"] = not torch.allclose(untuned, logits(model, tokens))
    if said["tokenizer"]:
        pipeline = mlflow.transformers.load_model(uri)
        said["equal_in_pipeline"] = torch.equal(
            logits(pipeline.model, tokens), logits(model, tokens)
        )
        settings = {} if "classification" in parts["task"] else {"max_new_tokens": 3}
        said["answer"] = pipeline(TEXT, **settings)
    return said


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        called, _, place = argument.partition("=")
        print(json.dumps({called: compare(called, Path(place))}), flush=True)
