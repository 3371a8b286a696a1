"""GGUF headers are read in full: what does not fit its file byte for byte is refused."""

import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ft_registry.errors import FtRegistryError, IntegrityError, Refused
from ft_registry.readers.gguf import check_gguf


def text(value: str | bytes) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(content)) + content


def key(name: str, kind: int, value: bytes) -> bytes:
    return text(name) + struct.pack("<I", kind) + value


def tensor(name: str, shape: list[int], kind: int, start: int) -> bytes:
    sizes = b"".join(struct.pack("<Q", one) for one in shape)
    return text(name) + struct.pack("<I", len(shape)) + sizes + struct.pack("<IQ", kind, start)


KEYS = [
    key("general.architecture", 8, text("llama")),
    key("tokens", 9, struct.pack("<IQ", 8, 2) + text("a") + text("b")),
    key("scores", 9, struct.pack("<IQ", 6, 3) + bytes(12)),
    key("nested", 9, struct.pack("<IQ", 9, 1) + struct.pack("<IQ", 0, 2) + b"\1\2"),
    key("general.alignment", 4, struct.pack("<I", 64)),
]
TENSORS = [tensor("a", [32, 2], 8, 0), tensor("b", [5], 0, 128), tensor("c", [3], 1, 192)]


def gguf(
    keys: list[bytes] | None = None,
    tensors: list[bytes] | None = None,
    *,
    version: int = 3,
    counts: tuple[int, int] | None = None,
    alignment: int = 64,
    values: int = 256,
) -> bytes:
    keys = KEYS if keys is None else keys
    tensors = TENSORS if tensors is None else tensors
    head = b"GGUF" + struct.pack("<IQQ", version, *(counts or (len(tensors), len(keys))))
    head += b"".join([*keys, *tensors])
    return head.ljust(-(-len(head) // alignment) * alignment, b"\0") + bytes(values)


def put(tmp_path: Path, content: bytes) -> Path:
    file = tmp_path / "w.gguf"
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"version": 2},
        {"values": 198},
        {"keys": [], "tensors": [], "values": 0},
        {"tensors": [tensor("a", [256], 12, 0), tensor("b", [1], 250, 192)], "values": 999},
    ],
)
def test_a_whole_file_passes(tmp_path: Path, options: dict[str, Any]) -> None:
    check_gguf(put(tmp_path, gguf(**options)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"counts": (2**40, 1)}, "1099511627776 tensors"),
        ({"counts": (1, 2**63)}, "9223372036854775808 keys"),
        ({"counts": (4, 5)}, "a header that needs|of .* dimensions|malformed|at byte"),
        ({"values": 197}, "bytes where the header names"),
        ({"values": 900}, "bytes where the header names"),
        ({"tensors": [*TENSORS[:2], tensor("b", [3], 1, 192)]}, "'b' twice"),
        ({"tensors": [*TENSORS[:2], tensor("c", [3], 1, 128)]}, "at byte 128 of the values"),
        ({"tensors": [*TENSORS[:2], tensor("c", [3], 1, 256)], "values": 999}, "not at 192"),
        ({"tensors": [tensor("a", [33], 8, 0)]}, "33 values in blocks of 32"),
        ({"tensors": [tensor("a", [1] * 9, 8, 0)]}, "9 dimensions"),
        ({"tensors": [tensor("a", [2**40, 2**40], 0, 0)]}, "bytes where the header names"),
        ({"keys": [KEYS[0], KEYS[0]]}, "'general.architecture' twice"),
        ({"keys": [key("x", 13, b"")]}, "type 13"),
        ({"keys": [key("x", 9, struct.pack("<IQ", 8, 2**60))]}, "1152921504606846976 entries"),
        ({"keys": [key("x", 9, struct.pack("<IQ", 0, 2**60))]}, "a header that needs byte"),
        ({"keys": [key("x", 8, struct.pack("<Q", 2**63))]}, "a header that needs byte"),
        ({"keys": [key("general.alignment", 4, struct.pack("<I", 3))]}, "general.alignment 3"),
        ({"keys": [key("x", 9, struct.pack("<IQ", 9, 1) * 9)]}, "type 9"),
    ],
)
def test_what_does_not_fit_its_file_is_refused(
    tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(IntegrityError, match=words):
        check_gguf(put(tmp_path, gguf(**options)))


def test_another_version_is_told(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="version 9"):
        check_gguf(put(tmp_path, gguf(version=9)))


def test_every_cut_and_every_flip_is_told_or_harmless(tmp_path: Path) -> None:
    content = gguf()
    for end in range(len(content) - 64):
        with pytest.raises(IntegrityError):
            check_gguf(put(tmp_path, content[:end]))
    for place in range(len(content) - 256):
        changed = bytearray(content)
        changed[place] ^= 0xFF
        with suppress(FtRegistryError):
            check_gguf(put(tmp_path, bytes(changed)))
