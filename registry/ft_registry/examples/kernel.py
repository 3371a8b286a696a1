"""The kernel: from chunks of lines to faults, counts and hashes; pure, and the same everywhere.

Whoever runs it (one process, all cores, a cluster) gives it parts of a file and adds up what comes
out, in the order of the parts.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ft_registry.examples.content import Hasher, canonical_content
from ft_registry.examples.erased import Erased
from ft_registry.examples.erased_finder import ErasedWatch
from ft_registry.examples.faults import FIRST, FaultLog
from ft_registry.examples.formats import Format, format_of
from ft_registry.examples.lanes import Batch, lane_for
from ft_registry.examples.line import LineReader, ReadLine, read_loosely
from ft_registry.examples.normal import normal_batch, normal_text
from ft_registry.examples.reading import Reading, read_example
from ft_registry.examples.sensitive import Finder
from ft_registry.examples.tally import Lengths, Tally, count_classes

ROW_BYTES = 32
"""Of one example in an index: exact hash 16, normal 8, prompt 8."""
BOM = b"\xef\xbb\xbf"
SOURCES = ("source", "dataset", "origin")
"""Keys that say where an example is from."""
_LANGUAGES = ("language", "lang")
_OPENING = 24
"""Characters of a prompt that tell one template from another."""
_MARKER = re.compile(r"[#<\[{|*=\s]*\w?[\w ]{0,20}[:#>\]}|*=]+")
"""What a shorter template begins with: ``Q:``, ``[INST]``, ``### Instruction:``, ``<|user|>``."""
_MARKED = 64
"""Characters in which it is looked for."""
_BRIEF = 40
"""Characters that the name of a class has at most."""
_SYSTEM = 200
"""Characters of a system's turn that are kept."""
_PENDING = 1 << 16
"""Examples whose lengths are kept as they are, until they are counted together."""

Measure = Callable[[Sequence[str]], list[int]]
"""Returns the lengths of texts."""


def characters(texts: Sequence[str]) -> list[int]:
    """Returns the lengths of texts in characters."""
    return list(map(len, texts))


@dataclass(frozen=True)
class Settings:
    """What to look for. Travels to other processes."""

    format: Format
    key: bytes | None = None
    """The secret of a keyed index."""
    subject: str = ""
    """The key whose value names the person that an example is about: as it stands, or else by dots
    that lead into objects."""
    line_limit: int = 16 << 20
    """Bytes."""
    erased: tuple[Erased, ...] = ()
    """What must not be among the examples, by secret."""
    sensitive: bool = False
    """Look for secrets and personal data by heuristics."""
    scan: bool = False
    """Look for secrets with the scanner that is an extra."""
    max_faults: int = FIRST
    """Faults that are told one by one; 0: all."""


@dataclass
class Part:
    """What is known of some lines."""

    lines: int = 0
    rows: int = 0
    """Examples, unreadable ones among them: lines that are not blank."""
    hashes: bytes = b""
    """`ROW_BYTES` for each example that could be read, in order."""
    subjects: bytes = b""
    """8 bytes for each of those, when subjects are indexed; zeros: it names none."""
    faults: FaultLog = field(default_factory=FaultLog)
    tally: Tally = field(default_factory=Tally)


class Kernel:
    """Examines one part of a file, chunk by chunk.

    Args:
        settings: What to look for.
        measure: Returns the lengths of texts: in characters, or in a tokenizer's tokens.
        finders: Look for secrets and personal data, as the settings ask.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        measure: Measure = characters,
        finders: Sequence[Finder] = (),
    ) -> None:
        self._settings = settings
        self._measure = measure
        self._finders = finders
        self._hasher = Hasher(settings.key)
        self._reader = LineReader(settings.line_limit)
        self._erased = ErasedWatch(settings.erased, settings.key, settings.format)
        self._lane = None if settings.subject else lane_for(settings.format)
        if self._erased and not _is_own(settings.format):
            self._lane = None  # it takes a row for what the file is said to be
        self._part = Part(faults=FaultLog(settings.max_faults))
        self._hashes: list[bytes] = []
        self._subjects: list[bytes] = []
        self._lengths: tuple[list[Lengths], list[Lengths]] = ([], [])
        self._pending = 0

    def take(
        self,
        chunk: bytes,
        *,
        starts_file: bool = False,
        ends_file: bool = False,
        numbers: Sequence[int] | None = None,
    ) -> None:
        """Examines a chunk.

        Args:
            chunk: Whole lines.
            starts_file: A byte order mark may lead it.
            ends_file: Its last line may break off.
            numbers: The numbers of its lines, where they do not count up by one.
        """
        if starts_file and chunk.startswith(BOM):
            self._part.faults.add(1, "bom", "EF BB BF before the first example")
            chunk = chunk[len(BOM) :]
        if not chunk:
            return
        limit = self._settings.line_limit
        batch = self._lane.read(chunk) if self._lane and len(chunk) <= limit else None
        if batch is None:
            self._take_lines(chunk, ends_file=ends_file, numbers=numbers)
            return
        before = self._part.lines
        self._part.lines += len(batch.contents)
        self._part.rows += len(batch.contents)
        where = numbers or range(before + 1, self._part.lines + 1)
        self._add(batch, where, set())

    def finish(self) -> Part:
        """Returns what was found. The kernel takes no more."""
        part = self._part
        part.hashes = b"".join(self._hashes)
        part.subjects = b"".join(self._subjects)
        self._count_lengths()
        return part

    def _take_lines(self, chunk: bytes, *, ends_file: bool, numbers: Sequence[int] | None) -> None:
        part = self._part
        lines = chunk.split(b"\n")
        is_open = bool(lines[-1])
        if not is_open:
            lines.pop()
        first = part.lines + 1
        part.lines += len(lines)
        found: list[_Found] = []
        loose: list[tuple[int, Mapping[str, Any]]] = []
        for offset, line in enumerate(lines):
            number = numbers[offset] if numbers else first + offset
            breaks_off = ends_file and is_open and offset == len(lines) - 1

            def report(rule: str, message: str, number: int = number) -> None:
                part.faults.add(number, rule, message)

            if not line or line.isspace():
                continue
            part.rows += 1
            read = self._reader.read(line, report, breaks_off=breaks_off)
            if read is not None:
                reading = read_example(
                    read.row, self._settings.format, report, may_be_odd=read.may_be_odd
                )
                found.append(_Found(number, read, reading))
            if self._erased and (read is None or read.has_twice):
                loose += ((number, row) for row in read_loosely(line))
        told: set[int] = set()
        if found:
            self._add_readings(found, told)
        if loose:
            self._look_for_erased(loose, told)

    def _look_for_erased(
        self, loose: Sequence[tuple[int, Mapping[str, Any]]], told: set[int]
    ) -> None:
        """Looks for what was erased on lines that break rules, as other readers have them."""
        numbers, rows = zip(*loose, strict=True)
        faults = self._part.faults
        if self._settings.subject:
            names = [subject_of(row, self._settings.subject) or b"" for row in rows]
            self._erased.report_subjects(names, None, numbers, faults, told=told)
        self._erased.report_own(rows, numbers, faults, told=told, is_indexed=False)

    def _add_readings(self, found: Sequence["_Found"], told: set[int]) -> None:
        rows = [one.read.row for one in found]
        readings = [one.reading for one in found]
        numbers = [one.number for one in found]
        content_of = self._settings.format.content_of
        contents = [
            canonical_content(content_of(one.read.row), has_floats=one.read.has_floats)
            for one in found
        ]
        normals = normal_batch([text for one in readings for text in one.pair])
        tally = self._part.tally
        count_classes(tally.sources, _values(rows, SOURCES))
        count_classes(tally.languages, _values(rows, _LANGUAGES))
        count_classes(tally.unread, _unread(rows, self._settings.format))
        for one in readings:
            if one.lengths:
                chosen, rejected = one.lengths
                tally.longer_chosen += chosen > rejected
                tally.longer_rejected += rejected > chosen
                better, worse = one.answer[:chosen], one.answer[chosen + 1 :]
                shares = better.startswith(worse) or worse.startswith(better)
                tally.length_only += shares and chosen != rejected
        if self._settings.subject:
            self._add_subjects(rows, numbers, told)
        batch = Batch(
            contents, [one.prompt for one in readings], [one.answer for one in readings], normals,
            [one.turns for one in readings], [one.system for one in readings],
            [one.label for one in readings],
        )  # fmt: skip
        self._add(batch, numbers, told)
        if self._erased:
            self._erased.report_own(rows, numbers, self._part.faults, told=told)

    def _add_subjects(
        self, rows: Sequence[Mapping[str, Any]], numbers: Sequence[int], told: set[int]
    ) -> None:
        names = []
        for row, number in zip(rows, numbers, strict=True):
            found = subject_of(row, self._settings.subject)
            if found is None:
                what = f"no single name by the key {self._settings.subject}: nobody is indexed"
                self._part.faults.add(number, "subject", what)
            names.append(found or b"")
        self._part.tally.named += sum(map(bool, names))
        hashes = _columns(self._hasher.short(names)).copy()
        hashes[[place for place, name in enumerate(names) if not name]] = 0
        self._subjects.append(hashes.tobytes())
        self._erased.report_subjects(names, hashes, numbers, self._part.faults, told=told)

    def _add(self, batch: Batch, numbers: Sequence[int], told: set[int]) -> None:
        rows = np.empty((len(batch.contents), ROW_BYTES), dtype=np.uint8)
        exact = np.frombuffer(self._hasher.exact(batch.contents), dtype=np.uint8)
        whole, asked = self._hasher.pairs(batch.normals)
        rows[:, :16] = exact.reshape(-1, 32)[:, :16]
        rows[:, 16:24] = _columns(whole)
        rows[:, 24:] = _columns(asked)
        if batch.normals.has_empty:
            # Where nothing is asked, it is not the same as what another is asked.
            starts = np.append(0, batch.normals.ends[1:-1:2] + 1)
            rows[batch.normals.ends[::2] == starts, 24:] = 0
        self._hashes.append(rows.tobytes())
        self._erased.report(
            batch.contents, batch.normals, rows, numbers, self._part.faults, told=told
        )
        self._lengths[0].append(np.array(self._measure(batch.prompts), dtype=np.int64))
        self._lengths[1].append(np.array(self._measure(batch.answers), dtype=np.int64))
        self._pending += len(rows)
        if self._pending >= _PENDING:
            self._count_lengths()
        for find in self._finders:
            for place, what in find(batch.contents):
                self._part.tally.sensitive.add(what, numbers[place])
        self._count(batch)

    def _count_lengths(self) -> None:
        if not self._pending:
            return
        tally = self._part.tally
        asked, answered = map(np.concatenate, self._lengths)
        tally.prompts.add(asked)
        tally.answers.add(answered)
        tally.totals.add(asked + answered)
        self._lengths = ([], [])
        self._pending = 0

    def _count(self, batch: Batch) -> None:
        tally = self._part.tally
        for turns, count in Counter(batch.turns).items():
            tally.turns.add_often(turns, count)
        answers = batch.answers
        asked = batch.prompts
        if not all(asked):
            asked = [prompt or answer for prompt, answer in zip(asked, answers, strict=True)]
        count_classes(tally.openings, [text[:_OPENING] for text in asked])
        marked = [_MARKER.match(text, 0, _MARKED) for text in asked]
        count_classes(tally.markers, [found[0] for found in marked if found])
        count_classes(tally.briefs, [answer for answer in answers if len(answer) <= _BRIEF])
        if batch.systems is not None:
            count_classes(tally.systems, [system[:_SYSTEM] for system in batch.systems if system])
        if batch.labels is not None:
            count_classes(tally.labels, [label for label in batch.labels if label])
        tally.foreign += len(batch.contents) - sum(map(bytes.isascii, batch.contents))


class _Found(NamedTuple):
    """An example that was read by itself."""

    number: int
    """Of its line."""
    read: ReadLine
    reading: Reading


def _is_own(format_: Format) -> bool:
    """Returns whether rows of the keys of a format have it by themselves, nobody naming it."""
    return format_.conversational or format_of(dict.fromkeys(format_.required, "")) == format_


def _columns(hashes: bytes) -> Any:
    return np.frombuffer(hashes, dtype=np.uint8).reshape(-1, 8)


def _values(rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in rows:
        value = next((row[key] for key in keys if isinstance(row.get(key), str)), None)
        if value is not None:
            found[value[:100]] += 1
    return found


def _unread(rows: Sequence[Mapping[str, Any]], format_: Format) -> Counter[str]:
    """Returns the keys that are no part of the examples."""
    content = format_.content
    if content is None:
        return Counter()
    read = {*content, *SOURCES, *_LANGUAGES}
    return Counter(key[:100] for row in rows for key in row if key not in read)


def subject_of(row: Mapping[str, Any], path: str) -> bytes | None:
    """Returns the person that an example is about, in normal form.

    Args:
        row: The example.
        path: The key that names the person; where no key is spelled so, dots lead into objects.

    Returns:
        Empty: it names nobody. None: what stands there is no single name.
    """
    # Tables have objects flattened: user.id is then a column.
    is_spelled_so = row.get(path) is not None
    value: Any = row
    for key in (path,) if is_spelled_so else path.split("."):
        if value is not None and not isinstance(value, Mapping):
            return None
        value = value.get(key) if value is not None else None
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) < 2:
        value = value[0] if value else None
    if value is None:
        return b""
    is_name = isinstance(value, str | int | float) and not isinstance(value, bool)
    return normal_text(str(value)) if is_name else None
