"""Writes safetensors files by hand, so that every header can be written, right or wrong."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

NAMES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "int64": "I64", "int32": "I32",
    "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL", "uint64": "U64",
}  # fmt: skip
CONFIG = {
    "peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"],
    "base_model_name_or_path": "acme/tiny",
}  # fmt: skip


def pack(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def tensors_bytes(tensors: Mapping[str, Any], dtypes: Mapping[str, str] | None = None) -> bytes:
    header, data = {}, b""
    for name, array in tensors.items():
        content = np.ascontiguousarray(array).tobytes()
        header[name] = {
            "dtype": (dtypes or {}).get(name, NAMES[str(array.dtype)]),
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + len(content)],
        }
        data += content
    return pack(header, data)


def write_full(root: Path, tensors: Mapping[str, Any], **dtypes: str) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / "model.safetensors").write_bytes(tensors_bytes(tensors, dtypes))
    return root


def write_adapter(root: Path, tensors: Mapping[str, Any], **config: Any) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / "adapter_model.safetensors").write_bytes(tensors_bytes(tensors))
    (root / "adapter_config.json").write_text(json.dumps({**CONFIG, **config}))
    return root


def factors(
    random: np.random.Generator, module: str, rank: int = 4, out: int = 12, inner: int = 9
) -> dict[str, Any]:
    """Returns the factors of a module as PEFT names them."""
    prefix = f"base_model.model.{module}.lora_"
    return {
        f"{prefix}A.weight": random.standard_normal((rank, inner), dtype=np.float32),
        f"{prefix}B.weight": random.standard_normal((out, rank), dtype=np.float32),
    }
