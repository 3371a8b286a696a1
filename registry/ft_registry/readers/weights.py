"""Recognises a folder of weights: an adapter, full weights, quantised weights, or none."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ft_registry.errors import IntegrityError, InvalidInput, NotFound, Refused
from ft_registry.model.canonical import canonical_bytes, parse_json
from ft_registry.model.document import Unknown, first_fault
from ft_registry.model.manifest import FileEntry
from ft_registry.model.record import Kind, PeftSettings, Tokenizer

_ADAPTER = re.compile(r"adapter_model\.(safetensors|bin)")
_FULL = re.compile(r"(model|pytorch_model|consolidated).*\.(safetensors|bin|pth)|.*\.gguf")
_SMALL = 16 << 20
"""A configuration in JSON is smaller than this."""


def is_weights(name: str) -> bool:
    """Returns whether a file is one of weights by its name."""
    return _ADAPTER.fullmatch(name) is not None or _FULL.fullmatch(name) is not None


def holds_weights(files: Sequence[FileEntry]) -> bool:
    """Returns whether there are files that are weights by their names."""
    return any(is_weights(entry.path) for entry in files)


def weights_of(files: Sequence[FileEntry]) -> list[FileEntry]:
    """Returns the weights that lie in a folder itself, not in folders inside it."""
    return [entry for entry in files if "/" not in entry.path and is_weights(entry.path)]


def read_kind(root: Path, files: Sequence[FileEntry]) -> Kind:
    """Returns what kind of weights a folder holds.

    Args:
        root: The folder.
        files: Its manifest.

    Raises:
        Refused: There are no weights in it, or they are empty, or lack their configuration.
    """
    sizes = {entry.path: entry.size for entry in files}
    adapters = [name for name in sizes if _ADAPTER.fullmatch(name)]
    full = [name for name in sizes if _FULL.fullmatch(name) and not _ADAPTER.fullmatch(name)]
    weights = adapters or full
    if not weights:
        shown = ", ".join(sorted(sizes)[:5]) or "nothing"
        raise Refused(
            f"expected a folder with weights, found {root} with {shown}{' ...' * (len(sizes) > 5)}",
            hints=[
                "an adapter has adapter_config.json and adapter_model.safetensors",
                "full weights have config.json and model*.safetensors",
                "of weights that a service hosts, the JSON of the finished job is registered",
            ],
        )
    if empty := [name for name in weights if sizes[name] == 0]:
        raise Refused(
            f"expected weights, found {root / empty[0]} without a byte",
            hints=["was the training interrupted while it saved?"],
        )
    if adapters:
        if "adapter_config.json" not in sizes:
            raise Refused(
                f"expected adapter_config.json beside {adapters[0]}, found none in {root}",
                hints=["PEFT's save_pretrained writes it"],
            )
        return "adapter"
    if all(name.endswith(".gguf") for name in weights):
        return "quantized"
    if "config.json" not in sizes:
        raise Refused(
            f"expected config.json beside {full[0]}, found none in {root}",
            hints=["transformers' save_pretrained writes it"],
        )
    config = read_config(root / "config.json")
    return "quantized" if "quantization_config" in config else "full"


def read_config(path: Path) -> dict[str, Any]:
    """Returns a configuration in JSON, read as those who wrote it do: transformers writes Infinity.

    Raises:
        NotFound: It is missing.
        Refused: It is not a JSON object, or far larger than a configuration is.
    """
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= _SMALL else b""
    except OSError as error:
        raise NotFound(f"expected {path.name}, found none at {path}: {error.strerror}") from error
    if size > _SMALL:
        raise Refused(f"expected a configuration in {path}, found {size} bytes")
    try:
        value = parse_json(content, what=str(path), tolerant=True)
    except IntegrityError as error:
        raise Refused(error.message, hints=error.hints) from error
    if not isinstance(value, dict):
        raise Refused(f"expected a JSON object in {path}, found {type(value).__name__}")
    return value


def read_peft(root: Path) -> PeftSettings:
    """Returns the part of ``adapter_config.json`` that shapes an adapter.

    Raises:
        Refused: It names no ``peft_type``, or a value has another type than PEFT writes.
    """
    config = read_config(root / "adapter_config.json")
    if not isinstance(config.get("peft_type"), str):
        raise Refused(
            f"expected peft_type in {root / 'adapter_config.json'}, found none",
            hints=["is it the adapter_config.json that PEFT wrote?"],
        )
    chosen = {name: config[name] for name in PeftSettings.model_fields if name in config}
    if isinstance(chosen.get("target_modules"), list):
        # PEFT keeps a set and writes it in any order.
        chosen["target_modules"] = sorted(map(str, chosen["target_modules"]))
    try:
        settings = PeftSettings(**chosen)
        canonical_bytes(settings.model_dump(mode="json"))
    except (ValidationError, InvalidInput) as error:
        reason = (
            first_fault(error)
            if isinstance(error, ValidationError)
            else "a number or text that JSON cannot carry"
        )
        raise Refused(
            f"expected PEFT's settings in {root / 'adapter_config.json'}, found: {reason}",
            hints=["is it the adapter_config.json that PEFT wrote?"],
        ) from error
    return settings


def read_tokenizer(files: Sequence[FileEntry]) -> Tokenizer:
    """Returns the digests of the tokenizer and chat template that lie beside the weights."""
    digests = {entry.path: f"sha256:{entry.sha256}" for entry in files}
    names = ("tokenizer.json", "tokenizer.model", "spiece.model", "vocab.json")
    tokenizer = next((digests[name] for name in names if name in digests), None)
    template = digests.get("chat_template.jinja")
    return Tokenizer(
        digest=tokenizer or Unknown(unknown="there is no tokenizer beside the weights"),
        chat_template=template or Unknown(unknown="there is no chat_template.jinja beside them"),
    )
