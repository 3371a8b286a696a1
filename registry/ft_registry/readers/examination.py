"""Runs the kernel over one part of a file, as every executor does; and finds examples again."""

from collections.abc import Iterator, Sequence, Set
from functools import lru_cache
from pathlib import Path
from typing import Any

from ft_registry.examples.content import EXACT_BYTES, Hasher, canonical_content
from ft_registry.examples.conversation import Report
from ft_registry.examples.faults import unheard
from ft_registry.examples.formats import Format
from ft_registry.examples.kernel import BOM, Kernel, Measure, Part, Settings, characters
from ft_registry.examples.line import LineReader
from ft_registry.examples.sensitive import Finder, search
from ft_registry.examples.work import Source, Task
from ft_registry.readers.example_files import Chunk, read_chunks
from ft_registry.readers.example_streams import Unreadable
from ft_registry.readers.measure import token_counter
from ft_registry.readers.scanner import scanner

_LINE_LIMIT = 1 << 30
"""Bytes: what is looked up was examined before, with its own limit."""


def examine(task: Task, settings: Settings, tokenizer: Path | None) -> Part:
    """Returns what is known of a part; that it could not be read to its end is a fault of it.

    Raises:
        InvalidInput, Refused: See `token_counter` and `scanner`.
    """
    kernel = Kernel(settings, measure=_measure(tokenizer), finders=_finders(settings))
    last: Chunk | None = None
    damage: Unreadable | None = None
    try:
        for chunk in read_chunks(task, line_limit=settings.line_limit):
            kernel.take(
                chunk.data, starts_file=chunk.starts_file, ends_file=chunk.ends_file,
                numbers=chunk.numbers,
            )  # fmt: skip
            last = chunk
    except Unreadable as error:
        damage = error
    part = kernel.finish()
    if damage is not None:
        part.faults.add(damage.line or _behind(last, part), "unreadable", damage.message)
    return part


def _behind(last: Chunk | None, part: Part) -> int:
    """Returns the first line of a part that could not be read as a whole; 0: none could."""
    if last is None:
        return 0
    if last.numbers:
        return last.numbers[-1] + 1
    return part.lines + last.data.endswith(b"\n")


@lru_cache(maxsize=2)
def _measure(tokenizer: Path | None) -> Measure:
    return token_counter(tokenizer) if tokenizer is not None else characters


def _finders(settings: Settings) -> list[Finder]:
    return [search] * settings.sensitive + ([scanner()] if settings.scan else [])


def iterate(sources: Sequence[Source], report: Report = unheard) -> Iterator[dict[str, Any]]:
    """Yields the examples of files that can be read, the rest left out.

    Args:
        sources: The files.
        report: Takes the faults of lines and files.
    """
    reader = LineReader(_LINE_LIMIT)
    for source in sources:
        try:
            for chunk in read_chunks(Task(source)):
                for line in chunk.data.removeprefix(BOM).split(b"\n"):
                    found = reader.read(line, report) if line.strip() else None
                    if found is not None:
                        yield found.row
        except Unreadable as error:
            report("unreadable", error.message)


def find_rows(
    sources: Sequence[Source], wanted: Set[str], *, format_: Format, key: bytes | None
) -> dict[str, dict[str, Any]]:
    """Returns examples by their exact hash, as far as the files have them.

    A hash proves its example, so the files need not be those that were indexed.

    Args:
        sources: Where to look.
        wanted: Exact hashes in hexadecimal.
        format_: The format that they were made with.
        key: The secret that they were made with.
    """
    hasher = Hasher(key)
    found: dict[str, dict[str, Any]] = {}
    for row in iterate(sources):
        name = hasher.exact([canonical_content(format_.content_of(row))])[:EXACT_BYTES].hex()
        if name in wanted:
            found[name] = row
            if len(found) == len(wanted):
                break
    return found
