"""Streams of bytes from files of examples, unpacked, and cut into chunks of whole lines.

Memory is bounded by the chunk and by the longest line that somebody wants to see, whatever the
file holds: a line of gigabytes, or a small file that unpacks to terabytes.
"""

import gzip
import io
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, NamedTuple, cast

from ft_registry.errors import FtRegistryError
from ft_registry.examples.work import Source

CHUNK_BYTES = 256 << 10
"""Larger ones leave the processor's cache."""
_HEADER = 64
"""Bytes: who asks for as few reads a header, and needs them all."""
_END = 1 << 62
"""Beyond every file."""
_DAMAGE = (EOFError, OSError, ValueError, zlib.error)
"""What readers of compressed files raise."""


class Unreadable(FtRegistryError):
    """A file is not of the kind that its name says, or damaged.

    Args:
        message: What was expected, and what found.
        line: The line or example that it is about, from 1; 0: it shows from what was read before.
    """

    kind = "unreadable"

    def __init__(self, message: str, *, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


class _UntilDamage(io.RawIOBase):
    """A stream that ends where it is damaged: what comes before is there to be read.

    Args:
        read: Returns at most so many bytes, none at the end.
        kind: What it should be.
    """

    def __init__(self, read: Callable[[int], bytes], kind: str) -> None:
        super().__init__()
        self._read = read
        self._kind = kind
        self.damage: Unreadable | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.damage is not None:
            return 0
        try:
            data = self._read(len(buffer))
        except _DAMAGE as error:
            self.damage = Unreadable(f"expected a readable {self._kind} file, found: {error}")
            return 0
        buffer[: len(data)] = data
        return len(data)


class _Step(NamedTuple):
    """How a compressed file is read."""

    size: int
    """Bytes that are unpacked at a time, at most."""
    sip: int = 0
    """Bytes of the file at a time where it may be damaged; 0: as many as are asked for."""
    back: int = 0
    """How far before what is certainly sound that begins: more than the step before read ahead."""


_STEPS = (_Step(CHUNK_BYTES), _Step(4096, 512, 256 << 10), _Step(1, 1, 16 << 10))
"""The second finds the place, the last what stands right before it."""


class _Unpacker:
    """Unpacks a file up to its damage, to the last byte.

    A reader that fails keeps what it unpacked since it was asked. So the file is read again from
    its beginning, in ever smaller steps.

    Args:
        file: It, compressed.
        compression: See `Source`.
    """

    def __init__(self, file: IO[bytes], compression: str) -> None:
        self._file = file
        self._compression = compression
        self._steps = iter(_STEPS)
        self._given = 0
        """Bytes that were unpacked and given out."""
        self._place = 0
        """How far the file was read for them."""
        self._open(next(self._steps))

    def read(self, size: int) -> bytes:
        """Returns at most so many bytes, none at the end; raises where it is damaged."""
        while True:
            try:
                data = self._stream.read(min(size, self._size))
            except _DAMAGE:
                finer = next(self._steps, None)
                if finer is None:
                    raise
                self._open(finer)
            else:
                self._given += len(data)
                self._place = self._file.tell()
                return data

    def _open(self, step: _Step) -> None:
        """Begins anew, behind what was given out already."""
        self._size = step.size
        self._file.seek(0)
        # Not the file itself: Arrow closes what it is given.
        start = max(self._place - step.back, 0)
        self._stream = self._unpacked(_Sips(self._file, start, step.sip or _END))
        left = self._given
        while left:
            again = self._stream.read(min(left, CHUNK_BYTES))
            if not again:
                raise EOFError("it became shorter while it was read")
            left -= len(again)

    def _unpacked(self, file: "_Sips") -> IO[bytes]:
        if self._compression == "gzip":
            return cast("IO[bytes]", gzip.GzipFile(fileobj=cast("IO[bytes]", file)))
        import pyarrow

        return cast(
            "IO[bytes]",
            pyarrow.CompressedInputStream(pyarrow.PythonFile(file, mode="r"), "zstd"),
        )


class _Sips(io.RawIOBase):
    """A file of which readers that ask for much get little at a time from somewhere on.

    Args:
        file: It, at its beginning.
        start: From where.
        sip: How much.
    """

    def __init__(self, file: IO[bytes], start: int, sip: int) -> None:
        super().__init__()
        self._file = file
        self._start = start
        self._sip = sip

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = len(buffer)
        if size > _HEADER:
            room = self._start - self._file.tell()
            size = min(size, room if room > 0 else self._sip)
        data = self._file.read(size)
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def unpacked(source: Source, *, start: int = 0) -> Iterator[IO[bytes]]:
    """Opens a file; what is read of it is not compressed.

    It ends where it is damaged. That it was is told when whoever reads it comes to an end.

    Args:
        source: The file.
        start: The first byte to read, of a file that is not compressed.

    Raises:
        Unreadable: It cannot be opened; or, at the end, it is damaged or breaks off.
    """
    kind = " ".join(filter(None, (source.compression, source.kind)))
    try:
        file = source.path.open("rb")
    except OSError as error:
        raise Unreadable(f"expected a readable {kind} file, found: {error.strerror}") from error
    with file:
        file.seek(start)
        read = _Unpacker(file, source.compression).read if source.compression else file.read
        whole = _UntilDamage(read, kind)
        with io.BufferedReader(whole, CHUNK_BYTES) as stream:
            try:
                yield stream
            except Unreadable as error:
                if whole.damage is None:
                    raise
                # What breaks off is not well-formed either: that is no news.
                raise whole.damage from error
        if whole.damage is not None:
            raise whole.damage


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
