"""Looks whether a GGUF file is whole, from its header: counts, names, lengths, places of tensors.

The format (ggml-org/ggml, ``docs/gguf.md``): magic, version, two counts, then keys with values,
then names, shapes, types and places of tensors, then the values, each at a multiple of the
alignment. Nothing is believed that the size of the file speaks against.
"""

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ft_registry.errors import IntegrityError, Refused

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_HEADER = 512 << 20
"""The longest header, in bytes: vocabularies stand in it."""
_ENTRIES = 1 << 20
"""The most keys, or tensors."""
_DIMENSIONS = 8
_DEPTH = 4
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Of a value, by its type."""
_TEXT, _LIST, _WHOLE = 8, 9, 4
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 16: (256, 66),
    17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56),
    30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip
"""Values and bytes of a block, by ggml's type; of a type that is newer the size is not checked."""
_DAMAGED = ["the file was cut short or damaged: fetch it again, or convert it anew"]


@dataclass(frozen=True)
class _Tensor:
    name: str
    start: int
    size: int | None
    """Bytes; None: its type is not known."""


def check_gguf(path: Path) -> None:
    """Looks whether a file is GGUF, and as long as its header says.

    Raises:
        IntegrityError: It is not.
        Refused: It may not be read, or is of a version that is not known.
    """
    try:
        with path.open("rb") as file:
            _Reader(file, path).check()
    except OSError as error:
        raise Refused(f"expected to read {path}, found: {error.strerror}") from error


class _Reader:
    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path
        self._size = file.seek(0, 2)
        self._at = file.seek(0)
        self._alignment = 32

    def check(self) -> None:
        if self._take(4) != _MAGIC:
            raise self._malformed("other first bytes")
        version = self._number(4)
        if version not in _VERSIONS:
            raise Refused(
                f"expected {self._path} in version 2 or 3 of GGUF, found version {version}",
                hints=["convert it anew; or does a newer ft-registry know the version?"],
            )
        tensors, keys = self._number(8), self._number(8)
        for what, count in (("tensors", tensors), ("keys", keys)):
            if count > _ENTRIES:
                raise self._malformed(f"{count} {what}")
        seen: set[str] = set()
        for _ in range(keys):
            name = self._name(seen)
            self._value(name, self._number(4), 0)
        seen = set()
        found = [self._tensor(seen) for _ in range(tensors)]
        if found:
            self._check_places(found)

    def _tensor(self, seen: set[str]) -> _Tensor:
        name = self._name(seen)
        dimensions = self._number(4)
        if dimensions > _DIMENSIONS:
            raise self._malformed(f"{_shown(name)} of {dimensions} dimensions")
        shape = [self._number(8) for _ in range(dimensions)]
        block = _BLOCKS.get(self._number(4))
        start = self._number(8)
        if block is None:
            return _Tensor(name, start, None)
        values, size = block
        count = math.prod(shape)
        if count % values:
            raise self._malformed(f"{_shown(name)} of {count} values in blocks of {values}")
        return _Tensor(name, start, count // values * size)

    def _check_places(self, tensors: list[_Tensor]) -> None:
        first = self._aligned(self._at)
        at: int | None = 0
        for one in sorted(tensors, key=lambda tensor: (tensor.start, tensor.size or 0)):
            # Behind one of a size that is not known any place may be right.
            is_right = one.start % self._alignment == 0 if at is None else one.start == at
            if not is_right:
                shown = _shown(one.name)
                raise self._malformed(f"{shown} at byte {one.start} of the values, not at {at}")
            end = one.start + (one.size or 0)
            if first + end > self._size:
                raise self._malformed(f"{self._size} bytes where the header names {first + end}")
            at = None if one.size is None else self._aligned(end)
        if at is not None and first + at < self._size:
            raise self._malformed(f"{self._size} bytes where the header names {first + at}")

    def _aligned(self, place: int) -> int:
        return -(-place // self._alignment) * self._alignment

    def _value(self, name: str, kind: int, depth: int) -> None:
        if kind == _TEXT:
            self._text()
        elif kind == _LIST and depth < _DEPTH:
            inner, count = self._number(4), self._number(8)
            if inner in _SIZES:
                self._skip(count * _SIZES[inner])
                return
            if count > self._size // 8:
                raise self._malformed(f"{count} entries of {_shown(name)}")
            for _ in range(count):
                self._value(name, inner, depth + 1)
        elif kind in _SIZES:
            content = self._take(_SIZES[kind])
            if name == "general.alignment" and kind == _WHOLE:
                self._align(int.from_bytes(content, "little"))
        else:
            raise self._malformed(f"type {kind} of {_shown(name)}")

    def _align(self, alignment: int) -> None:
        if alignment < 1 or alignment & (alignment - 1):
            raise self._malformed(f"general.alignment {alignment}")
        self._alignment = alignment

    def _name(self, seen: set[str]) -> str:
        name = self._text().decode(errors="backslashreplace")
        if name in seen:
            raise self._malformed(f"{_shown(name)} twice")
        seen.add(name)
        return name

    def _text(self) -> bytes:
        return self._take(self._number(8))

    def _number(self, size: int) -> int:
        return int(struct.unpack("<I" if size == 4 else "<Q", self._take(size))[0])

    def _skip(self, count: int) -> None:
        self._move(count)
        self._file.seek(self._at)

    def _take(self, count: int) -> bytes:
        self._move(count)
        found = self._file.read(count)
        if len(found) < count:
            raise self._malformed("that it changed while it was read")
        return found

    def _move(self, count: int) -> None:
        if self._at + count > min(self._size, _HEADER):
            raise self._malformed(
                f"a header that needs byte {self._at + count} in a file of {self._size}"
            )
        self._at += count

    def _malformed(self, found: str) -> IntegrityError:
        return IntegrityError(
            f"expected {self._path} to be a GGUF file, found {found}", hints=_DAMAGED
        )


def _shown(name: str) -> str:
    return repr(name if len(name) <= 80 else f"{name[:77]}...")
