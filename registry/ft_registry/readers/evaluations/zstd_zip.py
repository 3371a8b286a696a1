"""Reads zip archives whose entries may be compressed with zstd (method 93).

Python's `zipfile` lists them and unpacks them from 3.14 on; until then the bytes of an entry are
found by its local header and unpacked with the codec of pyarrow. Nothing is written to a disk; that
names do not leave the archive is checked all the same: an evaluator writes none that do.
"""

import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from ft_registry.errors import Refused

ENTRY_BYTES = 256 << 20
"""The largest entry, unpacked."""
_MOST_ENTRIES = 1_000_000
_ZSTD = 93
_LOCAL = struct.Struct("<4s5H3I2H")


class ZstdZip:
    """An archive that is open for reading.

    Args:
        path: The archive.

    Raises:
        Refused: It is no zip archive, or holds names that leave it or stand twice.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise Refused(f"expected to read {path}, found: {error.strerror}") from error
        try:
            # Only for the list of entries, which it reads whatever their method.
            with zipfile.ZipFile(self._file) as archive:
                entries = archive.infolist()
        # NotImplementedError: an archive of a version that does not exist; struct.error: damage.
        except (
            zipfile.BadZipFile,
            OSError,
            ValueError,
            NotImplementedError,
            struct.error,
            OverflowError,
        ) as error:
            self._file.close()
            raise Refused(
                f"expected a zip archive in {path}, found: {error}",
                hints=["a log that breaks off was not written to its end: evaluate again"],
            ) from error
        self._entries = {entry.filename: entry for entry in entries}
        problem = ""
        if len(entries) > _MOST_ENTRIES:
            problem = f"{len(entries):,} entries"
        elif len(self._entries) < len(entries):
            problem = "an entry twice"
        for name in self._entries:
            parts = PurePosixPath(name).parts
            if name.startswith("/") or "\\" in name or ".." in parts or ":" in (parts or ("",))[0]:
                problem = f"a name that leaves the archive: {name[:60]!r}"
        if problem:
            self._file.close()
            raise Refused(f"expected the log of an evaluator in {path}, found {problem}")

    def __enter__(self) -> "ZstdZip":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def names(self) -> list[str]:
        """The entries, sorted."""
        return sorted(self._entries)

    def read(self, name: str) -> bytes:
        """Returns an entry.

        Raises:
            Refused: There is none of that name, or it is damaged, too large or encrypted.
        """
        entry = self._entries.get(name)
        if entry is None:
            raise Refused(f"expected {name} in {self._path}, found none")
        where = f"{name} in {self._path}"
        if entry.file_size > ENTRY_BYTES or entry.compress_size > ENTRY_BYTES:
            raise Refused(
                f"expected at most {ENTRY_BYTES:,} bytes as {where}, found {entry.file_size:,}"
            )
        if entry.flag_bits & 1:
            raise Refused(f"expected {where} to be readable, found it encrypted")
        data = _unpacked(self._packed(entry, where), entry, where)
        if len(data) != entry.file_size or zlib.crc32(data) != entry.CRC:
            raise Refused(
                f"expected {entry.file_size:,} bytes with the check sum {entry.CRC:08x} as "
                f"{where}, found others",
                hints=["the file was damaged on its way here: copy it again"],
            )
        return data

    def _packed(self, entry: zipfile.ZipInfo, where: str) -> bytes:
        try:
            self._file.seek(entry.header_offset)
            header = self._file.read(_LOCAL.size)
            signature, *_, name_length, extra_length = _LOCAL.unpack(header)
            self._file.seek(name_length + extra_length, 1)
            data = self._file.read(entry.compress_size)
        except (OSError, ValueError, struct.error) as error:
            raise Refused(f"expected to read {where}, found: {error}") from error
        if signature != b"PK\x03\x04" or len(data) != entry.compress_size:
            raise Refused(f"expected an entry where the archive says that {where} is, found none")
        return data


def _unpacked(data: bytes, entry: zipfile.ZipInfo, where: str) -> bytes:
    # One byte more than there should be, and never more: a small entry may unpack to terabytes.
    most = entry.file_size + 1
    if entry.compress_type == zipfile.ZIP_STORED:
        return data
    if entry.compress_type == zipfile.ZIP_DEFLATED:
        try:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, most)
        except zlib.error as error:
            raise Refused(f"expected {where} to unpack, found: {error}") from error
    if entry.compress_type == _ZSTD:
        import pyarrow

        try:
            with pyarrow.CompressedInputStream(pyarrow.BufferReader(data), "zstd") as stream:
                return bytes(stream.read(most))
        except (OSError, ValueError, pyarrow.ArrowException) as error:
            raise Refused(f"expected {where} to unpack, found: {error}") from error
    raise Refused(
        f"expected {where} stored, deflated or with zstd, found method {entry.compress_type}"
    )
