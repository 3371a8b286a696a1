"""Reads tensors straight from ``.safetensors`` files: headers strictly, values block by block.

The format (huggingface/safetensors, ``src/tensor.rs``): eight bytes with the header's length, the
lowest first; the header, a JSON object of names with dtype, shape and offsets; then the values, one
tensor after the other without a gap. Nothing is run and nothing is trusted: a header that does not
fit its file byte for byte is refused.
"""

import math
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ft_registry.errors import FtRegistryError, IntegrityError, NotFound, Refused
from ft_registry.model.canonical import parse_json

BLOCK = 1 << 20
"""Values of a tensor that are in memory at a time; an even number, for two of F4 share a byte."""

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BITS = {
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8,
    "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32, "F64": 64, "I64": 64, "U64": 64, "C64": 64,
}  # fmt: skip
"""Of one value."""
_NUMPY = {
    "BOOL": "u1", "U8": "u1", "I8": "i1", "I16": "<i2", "U16": "<u2", "F16": "<f2", "I32": "<i4",
    "U32": "<u4", "F32": "<f4", "F64": "<f8", "I64": "<i8", "U64": "<u8",
}  # fmt: skip
_HEADER = 100_000_000
"""The longest header, in bytes; the reference implementation's limit."""
_DIMENSIONS = 64
_FILES = ("adapter_model.safetensors", "model.safetensors")
_INDEX = "model.safetensors.index.json"
_OTHERS = re.compile(r"(model|pytorch_model|consolidated).*\.safetensors")
_CLOSED = re.compile(r".*\.(bin|pth|pt|gguf)")
_DAMAGED = ["the file was cut short or damaged: fetch it again, or verify it against its record"]


_SMALL_FLOATS = ("F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ")
"""Of eight bits: numpy has none of them."""


@dataclass(frozen=True)
class Tensor:
    """One tensor in a file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: Path
    start: int
    """Of its first byte in the file."""
    size: int
    """Bytes."""

    @property
    def count(self) -> int:
        """How many values it has."""
        return math.prod(self.shape)

    @property
    def has_values(self) -> bool:
        """Whether its values can be read as numbers; without, its bytes alone compare."""
        return self.dtype in _NUMPY or self.dtype == "BF16" or self.dtype in _SMALL_FLOATS

    def __str__(self) -> str:
        """Returns ``F32[8, 64]``."""
        return f"{self.dtype}[{', '.join(map(str, self.shape))}]"

    def blocks(self) -> "Iterator[NDArray[np.uint8]]":
        """Yields its bytes, `BLOCK` values at a time.

        They are read, not mapped: a map of a file that somebody cuts short kills the process.

        Raises:
            NotFound: The file is gone.
            IntegrityError: It is shorter than its header says.
        """
        # Not above: who reads headers alone need not wait for it.
        import numpy as np

        step = BLOCK * _BITS[self.dtype] // 8
        try:
            with self.file.open("rb", buffering=0) as file:
                file.seek(self.start)
                for offset in range(0, self.size, step):
                    block = np.empty(min(step, self.size - offset), dtype=np.uint8)
                    self._fill(file, block)
                    yield block
        except FileNotFoundError as error:
            raise NotFound(f"expected tensors in {self.file}, found no file") from error
        except OSError as error:
            raise Refused(f"expected to read {self.file}, found: {error.strerror}") from error

    def _fill(self, file: Any, block: "NDArray[np.uint8]") -> None:
        view = block.data
        while view:
            count = file.readinto(view)
            if not count:
                raise IntegrityError(
                    f"expected {self.size} bytes of {self.name} in {self.file}, found fewer",
                    hints=["something writes the file: wait for it, then run the command again"],
                )
            view = view[count:]

    def values(self) -> "NDArray[np.float64]":
        """Returns all its values in a row; only where `has_values`.

        Raises:
            NotFound, IntegrityError: See `blocks`.
        """
        import numpy as np

        found = np.empty(self.count, dtype=np.float64)
        at = 0
        for block in self.blocks():
            numbers = self.decode(block)
            found[at : at + len(numbers)] = numbers
            at += len(numbers)
        return found

    def decode(self, block: "NDArray[np.uint8]") -> "NDArray[np.float64]":
        """Returns the numbers that bytes of this tensor stand for; only where `has_values`."""
        import numpy as np

        if self.dtype == "BF16":  # the upper half of an F32
            wide = block.view("<u2").astype("<u4") << np.uint32(16)
            with np.errstate(invalid="ignore"):  # a NaN that signals
                return wide.view("<f4").astype(np.float64)
        if self.dtype in _SMALL_FLOATS:
            return _tables()[self.dtype][block]
        with np.errstate(invalid="ignore"):
            return block.view(_NUMPY[self.dtype]).astype(np.float64)


def _table(mantissa: int, bias: int) -> "NDArray[np.float64]":
    """Returns what each byte stands for as an 8-bit float, but for NaNs and infinities."""
    import numpy as np

    codes = np.arange(128)
    power, part = codes >> mantissa, (codes & ((1 << mantissa) - 1)) / (1 << mantissa)
    size = np.where(power == 0, np.ldexp(part, 1 - bias), np.ldexp(1 + part, power - bias))
    return np.concatenate([size, -size])


@cache
def _tables() -> "dict[str, NDArray[np.float64]]":
    e4m3, e5m2 = _table(3, 7), _table(2, 15)
    e4m3[[0x7F, 0xFF]] = math.nan
    for sign, start in ((1, 0x7C), (-1, 0xFC)):
        e5m2[start : start + 4] = [sign * math.inf, math.nan, math.nan, math.nan]
    e4m3fnuz, e5m2fnuz = _table(3, 8), _table(2, 16)
    e4m3fnuz[0x80] = e5m2fnuz[0x80] = math.nan
    return {
        "F8_E4M3": e4m3, "F8_E5M2": e5m2, "F8_E4M3FNUZ": e4m3fnuz, "F8_E5M2FNUZ": e5m2fnuz,
    }  # fmt: skip


@dataclass(frozen=True)
class Weights:
    """The tensors of a folder."""

    root: Path
    tensors: Mapping[str, Tensor] = field(repr=False)
    is_adapter: bool

    @property
    def parameters(self) -> int:
        """How many values the tensors have."""
        return sum(tensor.count for tensor in self.tensors.values())

    @property
    def size(self) -> int:
        """Bytes of all tensors."""
        return sum(tensor.size for tensor in self.tensors.values())


def read_weights(root: Path) -> Weights:
    """Returns the tensors of a folder: an adapter's, else the full weights', whole or in shards.

    Raises:
        NotFound: There is no such folder, no weights in it, or a shard is missing.
        Refused: The weights have a format that is not opened.
        IntegrityError: A header or the index of the shards is malformed.
    """
    names = _names(root)
    for name in _FILES:
        if name in names:
            return Weights(root, _by_name([root / name]), is_adapter=name.startswith("adapter"))
    if _INDEX in names:
        return Weights(root, _sharded(root), is_adapter=False)
    if "adapter_model.bin" not in names and (found := list(filter(_OTHERS.fullmatch, names))):
        # Mistral's consolidated weights are the same ones again, beside those in shards.
        shards = [name for name in found if not name.startswith("consolidated")] or found
        return Weights(root, _by_name([root / name for name in shards]), is_adapter=False)
    if closed := list(filter(_CLOSED.fullmatch, names)):
        raise Refused(
            f"expected weights as .safetensors, found {root / closed[0]}",
            hints=["save them as safetensors: a pickle may run code, so none is opened here"],
        )
    raise NotFound(
        f"expected weights as .safetensors, found none in {root}",
        hints=["an adapter has adapter_model.safetensors, full weights model*.safetensors"],
    )


def _names(root: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in root.iterdir())
    except OSError as error:
        raise NotFound(f"expected a folder at {root}, found: {error.strerror}") from error


def _sharded(root: Path) -> dict[str, Tensor]:
    place = root / _INDEX
    try:
        with place.open("rb") as file:
            content = file.read(_HEADER + 1)
    except OSError as error:
        raise NotFound(f"expected to read {place}, found: {error.strerror}") from error
    if len(content) > _HEADER:
        raise IntegrityError(f"expected at most {_HEADER} bytes in {place}, found more")
    index = parse_json(content, what=str(place))
    shards = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(shards, dict) or not shards:
        raise IntegrityError(f"expected a mapping weight_map in {place}, found {_shown(shards)}")
    for shard in shards.values():
        if not isinstance(shard, str) or not re.fullmatch(r"[\w.-]+\.safetensors", shard):
            raise IntegrityError(
                f"expected names of .safetensors files beside {place}, found {_shown(shard)}"
            )
    tensors = _by_name([root / shard for shard in sorted(set(shards.values()))])
    for name, shard in shards.items():
        if name not in tensors or tensors[name].file.name != shard:
            raise IntegrityError(
                f"expected {name!r} in {root / shard}, as {place.name} says, found it "
                f"{'in ' + tensors[name].file.name if name in tensors else 'nowhere'}",
                hints=["index and shards come from different saves: fetch the folder again"],
            )
    return tensors


def _by_name(files: list[Path]) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for file in files:
        for tensor in read_header(file):
            if tensor.name in found:
                raise IntegrityError(
                    f"expected each tensor once, found {tensor.name!r} in "
                    f"{found[tensor.name].file.name} and {file.name} of {file.parent}",
                    hints=["are there shards of an older save in the folder?"],
                )
            found[tensor.name] = tensor
    return dict(sorted(found.items()))


def read_header(path: Path) -> list[Tensor]:
    """Returns the tensors of a file, in the order of their values.

    Raises:
        NotFound: There is no such file.
        Refused: It may not be read, is no file, or has a dtype that is not known.
        IntegrityError: It is malformed.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # to open a pipe would wait for a writer
            raise Refused(f"expected a file, found none at {path} but a folder, pipe or device")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            first = file.read(8)
            length = int.from_bytes(first, "little")
            if len(first) < 8 or length > min(size - 8, _HEADER):
                raise _malformed(path, f"a header of {length} bytes in a file of {size}")
            header = file.read(length)
    except FileNotFoundError as error:
        raise NotFound(f"expected a file, found none at {path}") from error
    except OSError as error:
        raise Refused(f"expected to read {path}, found: {error.strerror}") from error
    if not header.startswith(b"{"):
        raise _malformed(path, f"a header that begins with {header[:8]!r}")
    try:
        entries = parse_json(header, what=f"the header of {path}")
    except IntegrityError as error:
        raise IntegrityError(error.message, hints=_DAMAGED) from error
    metadata = entries.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise _malformed(path, f"__metadata__ that is {_shown(metadata)}, not text by name")
    tensors = [_tensor(name, value, path, 8 + length) for name, value in entries.items()]
    tensors.sort(key=lambda tensor: (tensor.start, tensor.size))
    at = 8 + length
    for tensor in tensors:
        if tensor.start != at:
            raise _malformed(
                path, f"{tensor.name!r} at byte {tensor.start} of the file, not at {at}"
            )
        at += tensor.size
    if at != size:
        raise _malformed(path, f"{size} bytes where the header names {at}")
    return tensors


def _tensor(name: str, value: Any, path: Path, base: int) -> Tensor:
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise _malformed(path, f"{name!r} with {_shown(value)}")
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or not _are_whole(shape) or not _are_whole(offsets):
        raise _malformed(path, f"{name!r} with {_shown(value)}")
    if len(shape) > _DIMENSIONS or len(offsets) != 2 or offsets[1] < offsets[0]:
        raise _malformed(path, f"{name!r} with {_shown(value)}")
    if dtype not in _BITS:
        raise Refused(
            f"expected a dtype out of {', '.join(sorted(_BITS))}, found {_shown(dtype)} of "
            f"{name!r} in {path}",
            hints=["was it written by a newer safetensors? a newer ft-registry may know it"],
        )
    bits, size = math.prod(shape) * _BITS[dtype], offsets[1] - offsets[0]
    if bits != size * 8:
        raise _malformed(path, f"{name!r} of {_shown(shape)} {dtype} in {size} bytes")
    return Tensor(name, dtype, tuple(shape), path, base + offsets[0], size)


def _are_whole(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 1 << 63
        for number in value
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _malformed(path: Path, found: str) -> FtRegistryError:
    return IntegrityError(
        f"expected {path} to be a safetensors file, found {found}", hints=_DAMAGED
    )
