"""Adds up what came of the parts of files, as whoever asks an executor does."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ft_registry.examples.faults import FaultLog
from ft_registry.examples.formats import detect_format
from ft_registry.examples.kernel import Settings
from ft_registry.examples.tally import Tally
from ft_registry.ports.executor import Outcome
from ft_registry.readers.examination import examine
from ft_registry.readers.example_files import sample_rows
from ft_registry.readers.example_sources import find_sources, split


@dataclass
class Whole:
    """All that is known of some files."""

    lines: int = 0
    rows: int = 0
    hashes: bytes = b""
    subjects: bytes = b""
    faults: FaultLog = field(default_factory=FaultLog)
    tally: Tally = field(default_factory=Tally)
    unreadable: dict[str, str] = field(default_factory=dict)


def add_up(outcomes: Iterable[Outcome]) -> Whole:
    whole = Whole()
    lines = 0
    for outcome in outcomes:
        part, source = outcome.part, outcome.task.source
        lines = 0 if outcome.task.start == 0 else lines
        whole.faults.merge(part.faults, lines=lines, file=source.name)
        whole.tally.merge(part.tally, lines=lines, file=source.name)
        lines += part.lines
        whole.lines += part.lines
        whole.rows += part.rows
        whole.hashes += part.hashes
        whole.subjects += part.subjects
        for fault in part.faults.first:
            if fault.rule == "unreadable":
                whole.unreadable[source.name] = fault.message
    return whole


def settings_of(path: Path) -> Settings:
    return Settings(detect_format(sample_rows(find_sources(path))))


def look(path: Path, settings: Settings | None = None, *, part_bytes: int = 16 << 20) -> Whole:
    """Examines a file or folder in this process."""
    found = settings or settings_of(path)
    tasks = split(find_sources(path), part_bytes=part_bytes)
    return add_up(Outcome(task, examine(task, found, None)) for task in tasks)
