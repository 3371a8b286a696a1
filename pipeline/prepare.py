"""Check the labelled examples, drop exact duplicates, shuffle, write the training set."""

from __future__ import annotations

import datetime
import json
import random
import re
import sys
from pathlib import Path

import jsonl
import settings
import task

EXAMPLES = Path("data/examples.jsonl")
TRAIN = Path("build/train.jsonl")

_AMOUNT = re.compile(r"[0-9]+\.[0-9]{2}")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse(line: str) -> task.Example:
    """Parse and check one line.

    Args:
        line: The line's text, a JSON object.

    Returns:
        The example.

    Raises:
        ValueError: The line is no well-formed example; the message says why.
    """
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at column {error.colno}") from error
    if not isinstance(row, dict) or set(row) != {"id", "prompt", "completion"}:
        raise ValueError("need an object with exactly the keys id, prompt and completion")
    for key, value in row.items():
        if not isinstance(value, str) or not value.strip() or "\n" in value:
            raise ValueError(f"'{key}' must be one non-empty line of text")
    _check_completion(row["completion"])
    return {"id": row["id"], "prompt": row["prompt"], "completion": row["completion"]}


def _check_completion(text: str) -> None:
    try:
        label = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"the completion is not JSON: {error.msg}") from error
    if not isinstance(label, dict) or list(label) != ["date", "amount", "currency"]:
        raise ValueError("the completion must have the keys date, amount, currency, in this order")
    if json.dumps(label, separators=(",", ":"), ensure_ascii=False) != text:
        raise ValueError("the completion must be written without spaces or escapes")
    if not all(isinstance(value, str) for value in label.values()):
        raise ValueError("the completion's values must be strings")
    date, amount, currency = label.values()
    if not _ISO_DATE.fullmatch(date):
        raise ValueError(f"the date {date!r} is not written as YYYY-MM-DD")
    try:
        datetime.date.fromisoformat(date)
    except ValueError as error:
        raise ValueError(f"there is no such date as {date!r}") from error
    if not _AMOUNT.fullmatch(amount):
        raise ValueError(f"the amount {amount!r} is not digits with two decimals")
    if currency not in task.CURRENCIES:
        raise ValueError(f"unknown currency {currency!r}: use one of {', '.join(task.CURRENCIES)}")


def read(path: Path) -> list[task.Example]:
    """Read a file of examples and leave out exact duplicates.

    Raises:
        ValueError: A line is faulty; the message names the line and the fault.
        OSError: The file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text") from error
    kept: dict[str, tuple[int, task.Example]] = {}
    # Not splitlines(): it also breaks at characters that JSON allows inside a string.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            example = parse(line)
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from error
        first = kept.setdefault(example["id"], (number, example))
        if first[1] != example:
            raise ValueError(
                f"{path}, line {number}: the id {example['id']!r} is already "
                f"on line {first[0]} with another text"
            )
    if not kept:
        raise ValueError(f"{path} has no examples")
    return [example for _, example in kept.values()]


def main() -> None:
    """Write build/train.jsonl from data/examples.jsonl."""
    seed = settings.knobs()["seed"]
    try:
        rows = read(EXAMPLES)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    # Sorted first, so that the order of the collected file does not matter.
    rows.sort(key=lambda row: row["id"])
    random.Random(seed).shuffle(rows)
    jsonl.write(TRAIN, rows)
    print(f"wrote {len(rows)} checked examples to {TRAIN}")


if __name__ == "__main__":
    main()
