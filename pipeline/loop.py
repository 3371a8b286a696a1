"""What pre-training and tuning share: reproducible set-up, batches, the training loop."""

from __future__ import annotations

import gc
import math
import os
import random
import time
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

# The base is a folder of this project: nothing here may ask the Hub for anything.
os.environ["HF_HUB_OFFLINE"] = "1"
# Loading a model of one megabyte needs no progress bar.
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
# Threads that wait by spinning would slow each other down twentyfold on a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# Looking for garbage would take a fifth of the time of the imports below, and find next to none.
gc.disable()
# PEFT still reads a model attribute that transformers has renamed.
warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*")

import torch  # noqa: E402  (the settings above must come first)
from torch.nn.functional import cross_entropy  # noqa: E402

# Ends the prompt; the model answers after it.
SEPARATOR = "\n"
IGNORED = -100

# The token ids of a sequence, and how many of them are the prompt.
Row = tuple[list[int], int]


def settle(seed: int, threads: int) -> None:
    """Make torch repeatable: the same machine then gives the same bytes.

    The thread count is fixed because it decides the order in which sums are taken.
    """
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(threads)


def encode(tokenizer: Any, pairs: Iterable[tuple[str, str]]) -> list[Row]:
    """Return one row for each pair of a prompt and a completion."""
    rows: list[Row] = []
    for prompt, completion in pairs:
        head: list[int] = tokenizer(prompt + SEPARATOR)["input_ids"]
        tail: list[int] = tokenizer(completion)["input_ids"]
        rows.append(([*head, *tail, tokenizer.eos_token_id], len(head)))
    return rows


def collate(rows: Sequence[Row]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the token ids of a batch, and its labels with the prompts masked out.

    Padding goes to the right, where causal attention never looks back at it, so
    no attention mask is needed; which id pads makes no difference for that reason.
    """
    longest = max(len(ids) for ids, _ in rows)
    inputs = torch.zeros(len(rows), longest, dtype=torch.long)
    labels = torch.full((len(rows), longest), IGNORED, dtype=torch.long)
    for index, (ids, head) in enumerate(rows):
        inputs[index, : len(ids)] = torch.tensor(ids)
        labels[index, head : len(ids)] = torch.tensor(ids[head:])
    return inputs, labels


def schedule(step: int, steps: int, warmup: int) -> float:
    """Return the share of the peak learning rate: linear warm-up, then a cosine."""
    return min(1.0, (step + 1) / warmup) * 0.5 * (1 + math.cos(math.pi * step / steps))


def fit(
    model: Any,
    rows: Sequence[Row],
    optimizers: Sequence[torch.optim.Optimizer],
    knobs: dict[str, Any],
) -> list[dict[str, float]]:
    """Train a model in place and print the loss as it falls.

    Args:
        model: A causal language model of transformers or PEFT.
        rows: The training rows.
        optimizers: The optimizers; together they hold every trained parameter.
        knobs: steps, batch, warmup, log_every and seed.

    Returns:
        One entry each log_every steps: the step, its mean loss, the seconds so far.
    """
    groups = [group for optimizer in optimizers for group in optimizer.param_groups]
    peaks = [group["lr"] for group in groups]
    trained = [parameter for group in groups for parameter in group["params"]]
    rng = random.Random(knobs["seed"])
    order: list[int] = []
    log: list[dict[str, float]] = []
    recent: list[float] = []
    start = time.perf_counter()
    model.train()
    for step in range(knobs["steps"]):
        for group, peak in zip(groups, peaks, strict=True):
            group["lr"] = peak * schedule(step, knobs["steps"], knobs["warmup"])
        while len(order) < knobs["batch"]:
            order += rng.sample(range(len(rows)), len(rows))
        chosen, order = order[: knobs["batch"]], order[knobs["batch"] :]
        inputs, labels = collate([rows[index] for index in chosen])
        # Only the answers: the messy prompts are random facts, there is nothing to learn.
        logits = model(input_ids=inputs, use_cache=False).logits[:, :-1]
        answers = labels[:, 1:] != IGNORED
        loss = cross_entropy(logits[answers], labels[:, 1:][answers])
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        recent.append(loss.item())
        if (step + 1) % knobs["log_every"] == 0 or step + 1 == knobs["steps"]:
            mean, seconds = sum(recent) / len(recent), time.perf_counter() - start
            log.append({"step": step + 1, "loss": round(mean, 4), "seconds": round(seconds, 2)})
            print(f"step {step + 1:4}  loss {mean:.4f}  {seconds:5.1f} s", flush=True)
            recent.clear()
    return log
