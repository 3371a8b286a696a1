"""Streams of bytes from files of examples, unpacked, and cut into chunks of whole lines.

Memory is bounded by the chunk and by the longest line that somebody wants to see, whatever the
file holds: a line of gigabytes, or a small file that unpacks to terabytes.
"""

import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from ft_registry.errors import FtRegistryError
from ft_registry.examples.work import Source

CHUNK_BYTES = 256 << 10
"""Larger ones leave the processor's cache."""


class Unreadable(FtRegistryError):
    """A file is not of the kind that its name says."""

    kind = "unreadable"


class _Checked(io.RawIOBase):
    """A stream of which each error says that the file is unreadable.

    Args:
        stream: What is read.
        kind: What it should be.
    """

    def __init__(self, stream: IO[bytes], kind: str) -> None:
        super().__init__()
        self._stream = stream
        self._kind = kind

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except (EOFError, OSError, ValueError, zlib.error) as error:
            raise Unreadable(f"expected a readable {self._kind} file, found: {error}") from error
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def unpacked(source: Source, *, start: int = 0) -> Iterator[IO[bytes]]:
    """Opens a file; what is read of it is not compressed.

    Args:
        source: The file.
        start: The first byte to read, of a file that is not compressed.

    Raises:
        Unreadable: Now or while it is read: it is gone, damaged, or breaks off.
    """
    kind = " ".join(filter(None, (source.compression, source.kind)))
    try:
        file = source.path.open("rb")
    except OSError as error:
        raise Unreadable(f"expected a readable {kind} file, found: {error.strerror}") from error
    with file:
        file.seek(start)
        stream: IO[bytes] = file
        if source.compression == "gzip":
            stream = cast("IO[bytes]", gzip.GzipFile(fileobj=file))
        elif source.compression == "zstd":
            import pyarrow

            stream = pyarrow.CompressedInputStream(pyarrow.PythonFile(file, mode="r"), "zstd")
        with io.BufferedReader(_Checked(stream, kind), CHUNK_BYTES) as checked:
            yield checked


def blocks(stream: IO[bytes]) -> Iterator[bytes]:
    """Yields what is left of a stream, in blocks."""
    while block := stream.read(CHUNK_BYTES):
        yield block


def blocks_of_range(source: Source, start: int, stop: int) -> Iterator[bytes]:
    """Yields the lines that begin in a range of a file, in blocks.

    Args:
        source: JSONL that is not compressed.
        start: The first byte of the range.
        stop: The first byte behind it.

    Raises:
        Unreadable: See `unpacked`.
    """
    # A line begins behind a line feed: the byte before the range says whether its first one does.
    place = max(start - 1, 0)
    with unpacked(source, start=place) as stream:
        skips = start > 0
        while skips:
            block = stream.read(min(CHUNK_BYTES, stop - 1 - place))
            if not block:
                return  # one line covers the range
            place += len(block)
            _, feed, rest = block.partition(b"\n")
            skips = not feed
            if rest:
                yield rest
        is_open = start < stop
        while place < stop and (block := stream.read(min(CHUNK_BYTES, stop - place))):
            place += len(block)
            is_open = not block.endswith(b"\n")
            yield block
        while is_open and (block := stream.read(CHUNK_BYTES)):
            line, feed, _ = block.partition(b"\n")
            is_open = not feed
            yield line + feed


def whole_lines(pieces: Iterable[bytes], *, limit: int) -> Iterator[bytes]:
    """Yields chunks of whole lines; only the last may lack its line feed.

    Args:
        pieces: Blocks of at most `CHUNK_BYTES`.
        limit: The longest line that anybody wants to see. Of a longer one the rest is left out, so
            that it stays too long and yet fits into memory.
    """
    # Never less than a block, so that where blocks end makes no difference; and two bytes more than
    # the limit: for a carriage return, and for being too long.
    most = max(limit + 2, CHUNK_BYTES)
    kept: list[bytes] = []
    room = most
    for block in pieces:
        feed = block.find(b"\n")
        if feed < 0:
            if room:
                kept.append(block[:room])
                room -= len(kept[-1])
            continue
        last = block.rfind(b"\n") + 1
        kept += (block[: min(feed, room)], block[feed:last])
        yield b"".join(kept)
        kept = [block[last:]]
        room = most - len(kept[0])
    if rest := b"".join(kept):
        yield rest
