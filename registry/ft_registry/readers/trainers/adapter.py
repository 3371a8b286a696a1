"""Reads ``adapter_config.json`` of PEFT, whole and of every type."""

from dataclasses import dataclass
from typing import Any

from ft_registry.readers.trainers.folder import TrainerFolder
from ft_registry.readers.trainers.values import mapping_of, plain, text_of

FILE = "adapter_config.json"
_ELSEWHERE = {"base_model_name_or_path", "revision", "peft_version"}
_SETS = {"target_modules", "modules_to_save", "exclude_modules", "target_parameters"}


@dataclass(frozen=True)
class Adapter:
    """What PEFT says of an adapter."""

    settings: dict[str, Any]
    """All but base and version; what PEFT keeps as sets, in order."""
    base: str
    revision: str
    version: str


def read_adapter(folder: TrainerFolder) -> Adapter | None:
    """Returns an adapter's settings; None: there are none."""
    config = mapping_of(folder.json(FILE))
    if not text_of(config.get("peft_type")):
        return None
    settings = mapping_of(plain({k: v for k, v in config.items() if k not in _ELSEWHERE}))
    for name in _SETS:
        if isinstance(settings.get(name), list):
            # PEFT keeps a set and writes it in any order.
            settings[name] = sorted(settings[name], key=str)
    return Adapter(
        settings=settings,
        base=text_of(config.get("base_model_name_or_path")),
        revision=text_of(config.get("revision")),
        version=text_of(config.get("peft_version")),
    )
