"""Tells whether an adapter fits base weights: by the headers of both, without a value read.

Modules are told apart by the layer and their own name (``layers.0`` and ``q_proj``): what stands
before and between differs between a checkpoint and the model that is made of it. Tables of tokens
and heads stand in no layer, and may have been resized.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ft_registry.errors import IntegrityError, NotFound, Refused
from ft_registry.model.canonical import parse_json
from ft_registry.readers.lora import FACTOR
from ft_registry.readers.tensors import Weights
from ft_registry.readers.weights import read_config

_LAYER = re.compile(r"(?:.*?\.)??([^.]+\.\d+)\.(?:.+\.)?([^.]+)")
_TABLES = (
    "embed_tokens", "wte", "word_embeddings", "embed_in", "tok_embeddings", "embeddings", "shared",
)  # fmt: skip
"""What models call the table that has a row for each token."""
_FLOATS = ("F16", "BF16", "F32", "F64", "F8_E4M3", "F8_E5M2")
"""Packed weights (four bits, say) have another shape than the module."""
_TOKENIZER_BYTES = 64 << 20
_SHOWN = 3


def misfits(adapter: Weights, base: Weights) -> list[str]:
    """Returns in words which modules of an adapter its base does not have, or in another shape."""
    there = _modules(base)
    missing: list[str] = []
    shapes: list[str] = []
    for module, (inner, outer) in sorted(_sides(adapter).items()):
        layer = _LAYER.fullmatch(module)
        if layer is None:
            continue
        found = there.get(layer.groups())
        if found is None:
            if "experts" not in module:  # loaders join those of a checkpoint into one tensor
                missing.append(module)
        elif found and not any(_fits(shape, inner, outer) for shape in found):
            is_of = " or ".join(sorted({_by(shape) for shape in found}))
            shapes.append(f"{module} of {_by((outer, inner))} that is {is_of} in it")
    told = [f"no {_some(missing)} in it"] if missing else []
    return told + ([_some(shapes)] if shapes else [])


def table_rows(weights: Weights) -> int:
    """Returns how many tokens the weights have a row for; 0: they have no such table."""
    found = [0]
    for tensor in weights.tensors.values():
        factor = FACTOR.fullmatch(tensor.name)
        if factor and factor["table"] and factor["part"] == "A":
            found.append(tensor.shape[-1])
        elif not factor and len(tensor.shape) == 2 and _is_table(tensor.name):
            found.append(tensor.shape[0])
    return max(found)


def configured_rows(root: Path) -> int:
    """Returns ``vocab_size`` of a folder's ``config.json``; 0: it does not say.

    Raises:
        Refused: It is no JSON object.
    """
    try:
        config = read_config(root / "config.json")
    except NotFound:
        return 0
    text = config.get("text_config")
    for value in (config, text if isinstance(text, dict) else {}):
        rows = value.get("vocab_size")
        if isinstance(rows, int) and not isinstance(rows, bool):
            return rows
    return 0


def count_tokens(root: Path) -> int:
    """Returns how many rows a tokenizer needs: its highest id and one; 0: nobody can tell.

    Raises:
        Refused: ``tokenizer.json`` cannot be read, is far larger than a tokenizer is, or no JSON.
    """
    place = root / "tokenizer.json"
    try:
        size = place.stat().st_size
        content = place.read_bytes() if size <= _TOKENIZER_BYTES else b""
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise Refused(f"expected to read {place}, found: {error.strerror}") from error
    if size > _TOKENIZER_BYTES:
        raise Refused(f"expected a tokenizer in {place}, found {size} bytes")
    try:
        value = parse_json(content, what=str(place), tolerant=True)
    except IntegrityError as error:
        raise Refused(error.message, hints=error.hints) from error
    found = value if isinstance(value, dict) else {}
    model, added = found.get("model"), found.get("added_tokens")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    ids: list[Any] = [-1]
    if isinstance(vocabulary, dict):
        ids += vocabulary.values()
    elif isinstance(vocabulary, list):
        ids.append(len(vocabulary) - 1)
    ids += [one.get("id") for one in added or () if isinstance(one, dict)]
    return max(one for one in ids if isinstance(one, int)) + 1


def _sides(adapter: Weights) -> dict[str, tuple[int, int]]:
    """Returns how wide each adapted module is, inside and out; 0 where the adapter does not say."""
    found: dict[str, tuple[int, int]] = {}
    for tensor in adapter.tensors.values():
        factor = FACTOR.fullmatch(tensor.name)
        if factor is None or factor["table"] or len(tensor.shape) < 2:
            continue
        inner, outer = found.get(factor["module"], (0, 0))
        if factor["part"] == "A":
            inner = tensor.shape[1]
        else:
            outer = tensor.shape[0]
        found[factor["module"]] = (inner, outer)
    return found


def _modules(base: Weights) -> Mapping[tuple[str | Any, ...], list[tuple[int, ...]]]:
    """Returns the shapes of a base's modules by layer and name; none where they are packed."""
    found: dict[tuple[str | Any, ...], list[tuple[int, ...]]] = {}
    for tensor in base.tensors.values():
        *parts, last = tensor.name.split(".")
        # Packed weights have more behind the module: `q_proj.weight.absmax`.
        for end in (len(parts) - 1, len(parts)):
            layer = _LAYER.fullmatch(".".join(parts[:end]))
            if layer is None:
                continue
            shapes = found.setdefault(layer.groups(), [])
            is_whole = last == "weight" and tensor.dtype in _FLOATS and len(tensor.shape) > 1
            if is_whole and end == len(parts):
                shapes.append(tensor.shape)
    return found


def _fits(shape: tuple[int, ...], inner: int, outer: int) -> bool:
    """Returns whether a module may have two widths; some models keep them the other way round."""
    first, second = shape[0], shape[1]
    return any(
        inner in (0, one) and outer in (0, other)
        for one, other in ((second, first), (first, second))
    )


def _is_table(name: str) -> bool:
    return any(part in _TABLES for part in _owners(name))


def _owners(name: str) -> Iterator[str]:
    """Yields the module that a tensor is of: PEFT puts its own names behind that."""
    parts = name.removesuffix(".weight").split(".")
    yield parts[-1]
    if "modules_to_save" in parts[1:]:
        yield parts[parts.index("modules_to_save", 1) - 1]


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(str(size) if size else "?" for size in shape[:2])


def _some(words: list[str]) -> str:
    more = f" (and {len(words) - _SHOWN} more)" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more
