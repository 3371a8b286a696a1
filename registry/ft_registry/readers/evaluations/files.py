"""Files that may be an evaluator's output: what they are is told from their first bytes.

A name decides nothing but between JSON and lines of JSON where a single line is both. Sizes are
limited before anything is read, so that a file cannot fill the memory.
"""

import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from ft_registry.errors import FtRegistryError, InvalidInput, NotFound, Refused
from ft_registry.evaluations.measurement import Measurement
from ft_registry.readers.evaluations.documents import UNREADABLE, convert, parse, parse_leniently
from ft_registry.readers.files import walk

T = TypeVar("T")

DOCUMENT_BYTES = 1 << 30
"""The largest file that is read as a whole; lines may be of any number."""
_STRICT_BYTES = 64 << 20
"""Up to here a key that is given twice is refused; looking for it takes time and memory."""
LINE_BYTES = 64 << 20
"""The longest line."""
_HEAD_BYTES = 64 << 10
_BLOCK_BYTES = 4 << 20
_MOST_FILES = 10_000
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class EvaluatorFile:
    """A file, and what it is made of."""

    path: Path
    kind: str
    """``json``, ``lines`` (of JSON), ``csv``, ``parquet``, ``zip``, ``yaml``, ``markdown``."""
    size: int
    keys: frozenset[str] = frozenset()
    """Of the JSON object, of the first element of a JSON array, of the first line, or columns."""
    is_array: bool = False
    """The JSON is an array."""

    @property
    def what(self) -> str:
        """The file in an error."""
        return str(self.path)

    @cached_property
    def data(self) -> bytes:
        """All bytes.

        Raises:
            Refused: They are too many, or cannot be read.
        """
        if self.size > DOCUMENT_BYTES:
            raise Refused(
                f"expected at most {DOCUMENT_BYTES:,} bytes in {self.path}, found {self.size:,}",
                hints=["scored items as JSONL may be of any size"],
            )
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise Refused(f"expected to read {self.path}, found: {error.strerror}") from error

    def document(self, kind: type[T]) -> T:
        """Parses JSON into a type.

        Raises:
            Refused: See `parse_leniently` and `convert`.
        """
        if self.size > _STRICT_BYTES:
            return parse(self.data, kind, what=self.what)
        return convert(parse_leniently(self.data, what=self.what), kind, what=self.what)

    @cached_property
    def first_line(self) -> bytes:
        """The first line that is not blank."""
        return next((line for line in self.lines() if line.strip()), b"")

    def blocks(self) -> Iterator[bytes]:
        """Yields whole lines in blocks of some megabytes.

        Raises:
            Refused: The file cannot be read, or a line is too long.
        """
        try:
            with self.path.open("rb") as file:
                rest = b""
                while block := file.read(_BLOCK_BYTES):
                    head, feed, tail = block.rpartition(b"\n")
                    if feed:
                        yield rest + head + feed
                        rest = tail
                    else:
                        rest += block
                        if len(rest) > LINE_BYTES:
                            raise Refused(
                                f"expected lines of at most {LINE_BYTES:,} bytes in {self.path}, "
                                "found a longer one",
                                hints=["of a text 2,000 characters are kept: cut it, or leave it"],
                            )
                if rest:
                    yield rest
        except OSError as error:
            raise Refused(f"expected to read {self.path}, found: {error.strerror}") from error

    def lines(self) -> Iterator[bytes]:
        """Yields each line, blank ones too."""
        for block in self.blocks():
            # Not splitlines(): it would also break at U+2028, which JSON strings may hold.
            lines = block.split(b"\n")
            yield from lines[:-1] if block.endswith(b"\n") else lines


class Reader(Protocol):
    """A module that reads the outputs of one evaluator."""

    HARNESS: str
    """Its name in a `Measurement`."""

    def claims(self, file: EvaluatorFile, /) -> bool:
        """Whether the file is this evaluator's."""

    def read(self, files: Sequence[EvaluatorFile], /) -> Measurement:
        """Reads files that belong to one run."""


def gather(paths: Sequence[Path]) -> tuple[list[EvaluatorFile], list[EvaluatorFile]]:
    """Looks into files and folders.

    Args:
        paths: What was given.

    Returns:
        The files that were given, and those that lie in folders that were given; of the latter only
        those that could be an evaluator's.

    Raises:
        InvalidInput: Nothing was given.
        NotFound: There is no such file or folder, or the folder is empty.
        Refused: It cannot be read, or is no text.
    """
    if not paths:
        raise InvalidInput(
            "expected the output of an evaluator, found no path",
            hints=["give a results file, its samples files, or the folder with both"],
        )
    given: list[EvaluatorFile] = []
    inside: list[EvaluatorFile] = []
    seen: set[Path] = set()
    for path in paths:
        try:
            mode = path.stat().st_mode
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise NotFound(
                f"expected an evaluator's output at {str(path)!r}, found: {reason}"
            ) from error
        if stat.S_ISDIR(mode):
            inside += [one for one in _of_folder(path) if one.path.resolve() not in seen]
            seen |= {one.path.resolve() for one in inside}
        elif not stat.S_ISREG(mode):
            raise Refused(f"expected a file or folder, found a pipe or device: {path}")
        elif path.resolve() not in seen:
            seen.add(path.resolve())
            given.append(look_at(path))
    return given, [
        one for one in inside if one.path.resolve() not in {g.path.resolve() for g in given}
    ]


def _of_folder(folder: Path) -> list[EvaluatorFile]:
    names = walk(folder, follow_links=True)
    if not names:
        raise NotFound(f"expected an evaluator's output in {folder}, found an empty folder")
    if len(names) > _MOST_FILES:
        raise Refused(
            f"expected at most {_MOST_FILES:,} files in {folder}, found {len(names):,}",
            hints=["name the files or the folder of one run"],
        )
    found = []
    for name in names:
        if Path(name).suffix.lower() not in _SUFFIXES:
            continue
        try:
            found.append(look_at(folder / name))
        except FtRegistryError:
            # Notes that lie beside the output. A damaged file of the kinds that evaluators write is
            # never passed over: samples without their results would look like a whole run.
            if Path(name).suffix.lower() not in _NOTES:
                raise
    return found


_NOTES = {".csv", ".tsv", ".yaml", ".yml", ".md"}
_SUFFIXES = {
    ".json", ".jsonl", ".ndjson", ".eval", ".parquet", ".csv", ".tsv", ".yaml", ".yml", ".md",
}  # fmt: skip


def look_at(path: Path) -> EvaluatorFile:
    """Tells what a file is made of.

    Raises:
        Refused: It is empty, no text and no known container, or damaged JSON.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
            size = file.seek(0, 2)
    except OSError as error:
        raise Refused(f"expected to read {path}, found: {error.strerror}") from error
    if not head.strip():
        raise Refused(
            f"expected an evaluator's output in {path}, found an empty file",
            hints=["the evaluator may have been stopped before it wrote: look at its log"],
        )
    if head.startswith(b"PK\x03\x04"):
        return EvaluatorFile(path, "zip", size)
    if head.startswith(b"PAR1"):
        return _parquet(path, size)
    text = head.removeprefix(BOM).lstrip()
    if text[:1] in (b"{", b"["):
        return _json(path, size, text)
    _check_text(head, path, whole=size <= len(head))
    return _text(path, size, text)


def _check_text(head: bytes, path: Path, *, whole: bool) -> None:
    try:
        decoded = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if whole or error.start < len(head) - 4:
            raise Refused(
                f"expected UTF-8 text in {path}, found other bytes at {error.start}",
                hints=["write the file as UTF-8, or give the evaluator's own file"],
            ) from error
        return
    if "\0" in decoded:
        raise Refused(f"expected text in {path}, found NUL")


def _parquet(path: Path, size: int) -> EvaluatorFile:
    import pyarrow
    import pyarrow.parquet

    try:
        names = pyarrow.parquet.read_schema(path).names
    # What the library raises has no one class.
    except (OSError, ValueError, TypeError, pyarrow.ArrowException) as error:
        raise Refused(f"expected a readable Parquet file, found {path}: {error}") from error
    return EvaluatorFile(path, "parquet", size, frozenset(names))


def _json(path: Path, size: int, text: bytes) -> EvaluatorFile:
    line = EvaluatorFile(path, "lines", size)
    is_named_lines = path.suffix.lower() in {".jsonl", ".ndjson"}
    if text.startswith(b"{"):
        first_line = line.first_line if is_named_lines else _first_line(line)
        # Pretty-printed JSON has no object in its first line.
        keys = _keys_of(first_line, path, quiet=not is_named_lines)
        if keys is not None and (is_named_lines or _has_second(line)):
            return EvaluatorFile(path, "lines", size, keys)
    elif is_named_lines:
        raise Refused(
            f"expected one JSON object a line in {path}, found an array",
            hints=["an array of items is read from a .json file"],
        )
    whole = EvaluatorFile(path, "json", size)
    if text.startswith(b"["):
        first = _first_element(whole)
        keys = frozenset(first) if isinstance(first, dict) else frozenset()
        return EvaluatorFile(path, "json", size, keys, is_array=True)
    keys = _keys_of(whole.data, path, quiet=False)
    return EvaluatorFile(path, "json", size, keys or frozenset())


def _first_line(file: EvaluatorFile) -> bytes:
    try:
        return file.first_line
    except Refused:
        return b""  # a document in one long line


def _has_second(file: EvaluatorFile) -> bool:
    lines = (line for line in file.lines() if line.strip())
    next(lines, b"")
    return next(lines, b"").lstrip().startswith(b"{")


def _keys_of(data: bytes, path: Path, *, quiet: bool) -> frozenset[str] | None:
    try:
        return frozenset(msgspec.json.decode(data, type=dict[str, msgspec.Raw]))
    except UNREADABLE:
        pass
    try:
        found = parse_leniently(data, what=str(path))
    except Refused:
        if quiet:
            return None
        raise
    return frozenset(found) if isinstance(found, dict) else frozenset()


def _first_element(file: EvaluatorFile) -> Any:
    try:
        raws = msgspec.json.decode(file.data, type=list[msgspec.Raw])
    except UNREADABLE:
        found = parse_leniently(file.data, what=file.what)
        return found[0] if isinstance(found, list) and found else None
    return parse_leniently(bytes(raws[0]), what=file.what) if raws else None


def _text(path: Path, size: int, text: bytes) -> EvaluatorFile:
    if text.startswith(b"---") and path.suffix.lower() == ".md":
        return EvaluatorFile(path, "markdown", size)
    first = text.split(b"\n", 1)[0].decode("utf-8", "replace").rstrip("\r")
    if path.suffix.lower() in {".yaml", ".yml"} or first.startswith(("- ", "---")):
        return EvaluatorFile(path, "yaml", size)
    if path.suffix.lower() in {".csv", ".tsv"} or "," in first or "\t" in first:
        return EvaluatorFile(path, "csv", size)
    raise Refused(
        f"expected the output of an evaluator, found neither JSON, CSV, YAML, Parquet nor a log "
        f"archive in {path}",
        hints=["docs/evaluations.md lists what is read"],
    )
