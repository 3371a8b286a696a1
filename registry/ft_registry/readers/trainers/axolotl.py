"""Recognises Axolotl, which writes its whole configuration into the card."""

import re
from typing import Any

from ft_registry.readers.trainers.card import FILE
from ft_registry.readers.trainers.gathered import Gathered
from ft_registry.readers.trainers.hugging_face import Files
from ft_registry.readers.trainers.values import mapping_of, plain, text_of

_CONFIG = re.compile(
    r"<summary>\s*See axolotl config\s*</summary>(.*?)^```ya?ml[ \t]*\r?\n(.*?)^```",
    re.DOTALL | re.MULTILINE,
)
_VERSION = re.compile(r"axolotl version: `([\w.+-]{1,60})`")
_METHODS = {
    "dpo": "dpo", "ipo": "dpo", "gdpo": "grpo", "kto": "kto", "orpo": "orpo", "grpo": "grpo",
    "ppo": "ppo",
}  # fmt: skip
_COMPLETION = "completion"
"""The type of data that is text without a question: continued pre-training."""


def is_its(files: Files) -> bool:
    """Returns whether Axolotl left the folder."""
    return (
        "axolotl" in files.tags
        or files.arguments_class.startswith("axolotl.")
        or "See axolotl config" in files.card.body
    )


def complete(files: Files, found: Gathered) -> None:
    """Adds what Axolotl's configuration says; it comes before what transformers made of it."""
    found.trainer, found.version = "axolotl", ""
    match = _CONFIG.search(files.card.body)
    if match is None:
        files.folder.note(f"{FILE}: it embeds no Axolotl configuration")
        return
    if version := _VERSION.search(match[1]):
        found.version = version[1]
    raw = mapping_of(files.folder.parse_yaml(FILE, match[2]))
    if not raw:
        return
    config = mapping_of(plain(raw))
    found.hyperparameters["axolotl"] = config
    found.method = _method(config)
    if not found.method:
        found.why_no_method = f"Axolotl's rl {text_of(config.get('rl'))!r} is none of the methods"
    found.base = text_of(config.get("base_model")) or found.base
    found.revision = text_of(config.get("revision_of_model")) or found.revision
    found.datasets = tuple(
        _named(one)
        for key in ("datasets", "pretraining_dataset")
        for one in _entries(config.get(key))
        if _named(one)
    )


def _method(config: dict[str, Any]) -> str:
    if config.get("reward_model") or config.get("process_reward_model"):
        return "reward"
    if rl := text_of(config.get("rl")):
        return _METHODS.get(rl.lower(), "")
    kinds = {text_of(one.get("type")) for one in _entries(config.get("datasets"))}
    is_text = config.get("pretraining_dataset") or kinds == {_COMPLETION}
    return "cpt" if is_text else "sft"


def _entries(value: Any) -> list[dict[str, Any]]:
    entries = value if isinstance(value, list) else [value] if value else []
    return [mapping_of(one) if isinstance(one, dict) else {"path": one} for one in entries]


def _named(entry: dict[str, Any]) -> str:
    """Returns ``path@revision``, with the files that were taken of it."""
    path, revision = text_of(entry.get("path")), text_of(entry.get("revision"))
    return f"{path}@{revision}" if path and revision else path
