"""Tells what a file is by its bytes, whatever it is called: nothing is opened, unpacked or run."""

import pickletools
import re
from pathlib import Path
from typing import Literal, TypeAlias

from ft_registry.errors import NotFound, Refused

Sort: TypeAlias = Literal[
    "empty", "safetensors", "gguf", "text", "sentencepiece", "image",
    "pickle", "archive", "program", "code", "pointer", "unknown",
]  # fmt: skip
WORDS: dict[Sort, str] = {
    "empty": "an empty file",
    "safetensors": "safetensors",
    "gguf": "GGUF",
    "text": "text",
    "sentencepiece": "a SentencePiece model",
    "image": "an image",
    "pickle": "a pickle",
    "archive": "an archive",
    "program": "a program",
    "code": "code",
    "pointer": "a pointer of git LFS, not the file itself",
    "unknown": "bytes of an unknown format",
}
SAFE: frozenset[Sort] = frozenset(
    ("empty", "safetensors", "gguf", "text", "sentencepiece", "image")
)
"""What nothing runs of when it is loaded."""

_PART = 64 << 10
"""Bytes that are looked at, at either end."""
_ARCHIVES = (
    b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf",
    b"Rar!\x1a", b"\x04\x22\x4d\x18", b"BZh",
)  # fmt: skip
_PROGRAMS = (
    b"\x7fELF", b"MZ", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\0asm",
)  # fmt: skip
_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
_CODE = (".py", ".pyw", ".pyx", ".pyc", ".pyd", ".so", ".dll", ".dylib", ".sh", ".bat", ".ps1")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""What no text holds: all control characters but space, escape and the ends of lines."""
_POINTER = b"version https://git-lfs.github.com/spec/"
_DATA = re.compile(rb"data\.pkl")
"""The pickle in a zip of PyTorch."""
_END = 22
"""Bytes of what a zip ends with, without its comment."""
_NAMED = re.compile(r"[A-Za-z_][\w.]* [A-Za-z_<][\w.<>]*")
_NAMING = {"GLOBAL", "INST"}
_LAST_PROTOCOL = 5
_FIELDS = {1, 2, 3, 4, 5}
"""Of the message that a SentencePiece model is (``sentencepiece_model.proto``)."""


def sort_of(path: Path) -> Sort:
    """Returns what a regular file is.

    Raises:
        NotFound: It is gone.
        Refused: It may not be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_PART)
            size = file.seek(0, 2)
            file.seek(max(0, size - _PART))
            tail = file.read(_PART)
    except FileNotFoundError as error:
        raise NotFound(f"expected a file, found none at {path}") from error
    except OSError as error:
        raise Refused(f"expected to read {path}, found: {error.strerror}") from error
    return _of_bytes(head, tail, size, path.name.lower())


def _of_bytes(head: bytes, tail: bytes, size: int, name: str) -> Sort:
    if not size:
        return "empty"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= size - 8:
        return "safetensors"
    if head.startswith(b"GGUF"):
        return "gguf"
    if _is_text(head) and _is_text(tail, cut=size > _PART):
        return _of_text(head, name)
    return _of_binary(head, tail, name)


def _of_binary(head: bytes, tail: bytes, name: str) -> Sort:
    if head[0] == 0x80 and head[1:2] and head[1] <= _LAST_PROTOCOL:
        return "pickle"
    if head.startswith(_ARCHIVES) or head[257:262] == b"ustar" or _ends_as_zip(tail):
        return "pickle" if head.startswith(b"PK") and _DATA.search(head) else "archive"
    if head.startswith(_PROGRAMS) or name.endswith(_CODE):
        return "program"
    if head.startswith(_IMAGES) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP"):
        return "image"
    if _is_old_pickle(head):
        return "pickle"
    return "sentencepiece" if _is_sentencepiece(head) else "unknown"


def _of_text(head: bytes, name: str) -> Sort:
    if head.startswith(_POINTER):
        return "pointer"
    if head.startswith(b"#!") or name.endswith(_CODE):
        return "code"
    if _is_old_pickle(head):
        return "pickle"
    return "text"


def _ends_as_zip(tail: bytes) -> bool:
    """Returns whether a zip ends here, whatever the file begins as: it is read from its end."""
    at = tail.rfind(b"PK\x05\x06")
    return at >= 0 and at + _END + int.from_bytes(tail[at + 20 : at + _END], "little") == len(tail)


def _is_text(part: bytes, *, cut: bool = False) -> bool:
    """Returns whether bytes are UTF-8; where they are cut, half a character may be at either end.

    Args:
        part: The first bytes of a file, or the last.
        cut: Others stand before them.
    """
    if _CONTROL.search(part):
        return False
    if cut:
        part = part.lstrip(bytes(range(0x80, 0xC0)))
    try:
        part.decode()
    except UnicodeDecodeError as error:
        return len(part) - error.start < 4 and error.reason == "unexpected end of data"
    return True


def _is_old_pickle(head: bytes) -> bool:
    """Returns whether bytes are a pickle of the protocols that begin without a mark.

    A text may consist of opcodes by chance; but none that name a thing to be called.
    """
    names = False
    try:
        for opcode, argument, _ in pickletools.genops(head):
            names |= opcode.name == "STACK_GLOBAL" or (
                opcode.name in _NAMING and bool(_NAMED.fullmatch(str(argument)))
            )
            if opcode.name == "STOP":
                return names
    except (ValueError, IndexError, OverflowError):
        return names and len(head) == _PART  # it goes on behind what was looked at
    return False


def _is_sentencepiece(head: bytes) -> bool:
    """Returns whether bytes begin with pieces: fields of a message, each with its length."""
    at = count = 0
    while at < len(head):
        key = head[at]
        if key & 7 != 2 or key >> 3 not in _FIELDS or (count == 0 and key != 0x0A):
            return False
        length = shift = 0
        at += 1
        while at < len(head):
            byte = head[at]
            length |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if byte < 0x80:
                break
        if shift > 35:
            return False
        at, count = at + length, count + 1
    return count > 1
