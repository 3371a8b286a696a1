"""Folders as trainers leave them, written by hand: small, and faithful where readers look."""

import io
import json
import pickle
import sys
import types
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

from ft_registry.readers.files import hash_folder
from ft_registry.readers.trainers.gathered import TrainerOutput
from ft_registry.readers.trainers.reading import read_training

ADAPTER = {
    "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 4, "lora_alpha": 8, "lora_dropout": 0.05,
    "target_modules": ["v_proj", "q_proj"], "base_model_name_or_path": "acme/tiny",
    "revision": None, "peft_version": "0.21.2", "use_dora": False,
}  # fmt: skip
STATE = {
    "global_step": 3, "epoch": 1.5, "num_input_tokens_seen": 0,
    "log_history": [
        {"step": 1, "epoch": 0.5, "loss": 2.0, "learning_rate": 0.001, "num_tokens": 10},
        {"step": 2, "epoch": 1.0, "loss": 1.5, "learning_rate": 0.0005, "num_tokens": 20},
        {"step": 2, "epoch": 1.0, "eval_loss": 1.7},
        {"step": 3, "epoch": 1.5, "loss": 1.0, "learning_rate": 0.0, "num_tokens": 30},
        {"step": 3, "epoch": 1.5, "train_runtime": 9.5, "train_loss": 1.5, "total_flos": 7.0},
    ],
}  # fmt: skip


def read(root: Path) -> TrainerOutput:
    return read_training(root, hash_folder(root))


def write(root: Path, **files: Any) -> Path:
    """Writes files; ``__`` stands for a dot, ``--`` (as a key of a dict) for nothing else."""
    for name, content in files.items():
        put(root, name.replace("__", "."), content)
    return root


def put(root: Path, name: str, content: Any) -> Path:
    """Writes bytes, text, or what JSON makes of anything else."""
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def card(head: str, body: str = "") -> str:
    return f"---\n{head}\n---\n\n# A model\n{body}"


class _Scheduler(Enum):
    LINEAR = "linear"
    COSINE = "cosine"


@contextmanager
def importable(module: str, **members: Any) -> Iterator[None]:
    """Makes a module that pickle finds while it writes."""
    names = [module.rsplit(".", count)[0] for count in range(module.count(".") + 1)]
    made = {name: types.ModuleType(name) for name in names}
    before = {name: sys.modules.get(name) for name in made}
    sys.modules.update(made)
    vars(made[module]).update(members)
    try:
        yield
    finally:
        for name, old in before.items():
            if old is None:
                del sys.modules[name]
            else:
                sys.modules[name] = old


def pickled_arguments(
    values: dict[str, Any], *, of: str = "trl.trainer.sft_config.SFTConfig", protocol: int = 2
) -> bytes:
    """Returns the pickle of an object of a class that is nowhere installed."""
    module, _, name = of.rpartition(".")
    kind = type(name, (), {"__module__": module, "__qualname__": name})
    made = kind()
    vars(made).update(values)
    with importable(module, **{name: kind}):
        return pickle.dumps(made, protocol=protocol)


def scheduler(name: str) -> Any:
    """Returns an enumeration's member; it can be pickled while `samples` is importable."""
    return _Scheduler(name)


def torch_zip(content: bytes, *, stem: str = "training_args", compress: bool = False) -> bytes:
    """Returns what `torch.save` writes around a pickle."""
    file = io.BytesIO()
    how = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(file, "w", how) as archive:
        archive.writestr(f"{stem}/data.pkl", content)
        archive.writestr(f"{stem}/version", "3\n")
    return file.getvalue()


def arguments(values: dict[str, Any] | None = None, **options: Any) -> bytes:
    """Returns a ``training_args.bin``."""
    settings = {"learning_rate": 0.001, "seed": 11, "data_seed": None, **(values or {})}
    return torch_zip(pickled_arguments(settings, **options))
