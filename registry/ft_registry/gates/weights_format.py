"""Which files of a version hold weights, by their names."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from ft_registry.gates.facts import Facts, some

_OTHERS = frozenset(
    (
        ".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".dill", ".npy", ".npz",
        ".gguf", ".ggml", ".llamafile", ".h5", ".hdf5", ".keras", ".onnx", ".msgpack", ".pb",
        ".tflite", ".mlmodel", ".engine", ".mar", ".nemo", ".pdparams", ".pdiparams", ".ot",
    )
)  # fmt: skip
"""Suffixes of weights, and of what only a pickle loader reads: it runs what is in them."""
_PACKED = frozenset({".gz", ".zst", ".xz", ".bz2", ".lz4"})


def judge_format(paths: Iterable[str], facts: Facts) -> None:
    """Tells whether all weights are safetensors."""
    names = list(paths)
    others = [name for name in names if _suffix(name) in _OTHERS]
    if others:
        facts.breaks(
            f"{some(others)} are no safetensors: save with safe_serialization, and register again "
            "without --allow-pickle"
        )
    elif not any(name.lower().endswith(".safetensors") for name in names):
        facts.breaks(f"no safetensors among {some(names) or 'no files'}")
    else:
        facts.holds("weights are safetensors")


def _suffix(name: str) -> str:
    suffixes = [suffix.lower() for suffix in PurePosixPath(name).suffixes]
    while suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""
