"""Holds weights against what is said of them: whole files, factors of the rank that is configured.

Headers alone are read. Where PEFT has freedoms (a pattern as target, experts in one tensor, types
of adapters that are no products of factors) nothing is said.
"""

from collections.abc import Mapping
from pathlib import Path

from ft_registry.errors import IntegrityError, NotFound, Refused
from ft_registry.model.record import Kind
from ft_registry.readers.lora import Adapter, factors_of, read_adapter
from ft_registry.readers.tensors import Tensor, read_header, read_weights
from ft_registry.readers.weights import read_config

_ADAPTER = "adapter_model.safetensors"
_HINTS = ["is it the adapter_config.json of another adapter? both are saved by one save_pretrained"]


def check_weights(root: Path, kind: Kind) -> None:
    """Looks whether weights are whole, and an adapter's tensors those of its configuration.

    Raises:
        IntegrityError: A file is cut short or damaged, or shards do not belong together.
        NotFound: A shard is missing.
        Refused: An adapter's tensors are of another rank or other modules than its configuration.
    """
    if kind != "adapter":
        _check_whole(root)
    elif (root / _ADAPTER).is_file():
        tensors = {tensor.name: tensor for tensor in read_header(root / _ADAPTER)}
        _check_factors(root, tensors, read_adapter(root))


def _check_whole(root: Path) -> None:
    try:
        read_weights(root)
    except (IntegrityError, NotFound):
        raise
    except Refused:
        # Pickles that a person allowed, and GGUF, which `contents` has looked at.
        return


def _check_factors(root: Path, tensors: Mapping[str, Tensor], adapter: Adapter) -> None:
    config = read_config(root / "adapter_config.json")
    if not adapter.has_products or config.get("target_parameters"):
        return
    factors = factors_of(tensors)
    if not factors:
        raise Refused(
            f"expected factors lora_A and lora_B in {root / _ADAPTER}, as its configuration says, "
            f"found {', '.join(list(tensors)[:3]) or 'no tensor'}",
            hints=_HINTS,
        )
    for module, parts in factors.items():
        rank = adapter.rank_of(module)
        found = parts["A"].shape[:1] if "A" in parts else parts["B"].shape[1:2]
        if found != (rank,):
            raise Refused(
                f"expected factors of rank {rank}, as {root / 'adapter_config.json'} says, found "
                f"rank {', '.join(map(str, found)) or 'none'} of {module}",
                hints=_HINTS,
            )
    names = config.get("target_modules")
    if isinstance(names, list) and (strangers := sorted(_strangers(factors, adapter))):
        raise Refused(
            f"expected factors of {', '.join(adapter.targets[:8])}, as "
            f"{root / 'adapter_config.json'} says, found those of {strangers[0]}",
            hints=_HINTS,
        )


def _strangers(factors: Mapping[str, object], adapter: Adapter) -> list[str]:
    ends = tuple(f".{target}" for target in adapter.targets)
    return [
        module for module in factors if module not in adapter.targets and not module.endswith(ends)
    ]
