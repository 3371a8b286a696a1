"""Recognises torchtune: its configuration, and the id of the base that it was given."""

from pathlib import PurePosixPath
from typing import Any

from ft_registry.readers.trainers.gathered import Gathered
from ft_registry.readers.trainers.hugging_face import Files
from ft_registry.readers.trainers.values import mapping_of, plain, text_of

_CONFIG = "torchtune_config.yaml"
_BASE = ("original_repo_id.json", "original_repo_id")


def is_its(files: Files) -> bool:
    """Returns whether torchtune left the folder."""
    return any(PurePosixPath(name).name in (_CONFIG, *_BASE) for name in files.folder.names)


def complete(files: Files, found: Gathered) -> None:
    """Adds torchtune's configuration and the base."""
    folder = files.folder
    found.trainer, found.version = "torchtune", ""
    place = _place(files, _CONFIG)
    config = mapping_of(plain(mapping_of(folder.yaml(place)))) if place else {}
    if config:
        found.hyperparameters["torchtune"] = config
        found.method = _method(config)
    if not found.method:
        found.why_no_method = "torchtune's configuration tells no method: --method says it"
    named = mapping_of(folder.json(_place(files, _BASE[0]))).get("repo_id")
    plain_name = folder.text(_place(files, _BASE[1]), 1000)
    found.base = text_of(named) or text_of((plain_name or "").strip()) or found.base
    source = _component(config, "dataset", "source") or _component(config, "dataset", "data_files")
    found.datasets = (source,) if source else found.datasets


def _place(files: Files, name: str) -> str:
    """Returns where a file lies: beside the weights, else the first below."""
    found = [path for path in files.folder.names if PurePosixPath(path).name == name]
    return min(found, key=lambda path: (path.count("/"), path)) if found else ""


def _method(config: dict[str, Any]) -> str:
    loss = _component(config, "loss", "_component_").lower()
    dataset = _component(config, "dataset", "_component_").lower()
    if "dpo" in loss:
        return "dpo"
    if "grpo" in loss:
        return "grpo"
    if "ppo" in loss:
        return "ppo"
    if dataset.endswith("text_completion_dataset"):
        return "cpt"
    return "sft" if "crossentropy" in loss or loss.endswith("celoss") or "cewith" in loss else ""


def _component(config: dict[str, Any], part: str, key: str) -> str:
    return text_of(mapping_of(config.get(part)).get(key))
