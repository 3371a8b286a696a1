"""Examines a dataset example by example: faults, a profile, and an index of their hashes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from ft_registry.actions.look import Look, Tombstones
from ft_registry.errors import Refused
from ft_registry.examples.advice import advise
from ft_registry.examples.faults import FaultLog
from ft_registry.examples.formats import UNKNOWN, Format, detect_format, named_format
from ft_registry.examples.kernel import Settings
from ft_registry.examples.tally import Histogram, Tally
from ft_registry.model.examples import Profile, Spread
from ft_registry.ports.example_index import IndexWriter
from ft_registry.ports.executor import Executor
from ft_registry.readers.example_files import sample_rows
from ft_registry.readers.example_sources import Sources, split, survey

SEARCHED_BYTES = 64 << 20
"""Of the files: in more it takes long to look for secrets and personal data, and is asked for."""
READ = ".jsonl, .json, .csv, .tsv (each also .gz or .zst) and .parquet"
_FILES = 3
"""Files that a warning names."""
_KEYS = 20
"""That are named where none of them is the one."""
_CLASSES = 50
"""Labels, sources, languages that a profile names."""


@dataclass
class Examination:
    """What was found in a dataset."""

    format: Format
    not_searched: int = 0
    """Bytes of files that were too large to look for secrets and personal data unasked."""
    left_out: tuple[str, ...] = ()
    """Files that were not read: nobody knows what they hold."""
    rows: int = 0
    faults: FaultLog = field(default_factory=FaultLog)
    tally: Tally = field(default_factory=Tally)
    notes: list[str] = field(default_factory=list)
    """What else is to be warned of: above all what nobody looked for."""

    @property
    def ok(self) -> bool:
        """Whether no rule is broken."""
        return not self.faults.total


def sources_of(path: Path) -> Sources:
    """Returns the files of a dataset, some of which hold examples.

    Raises:
        NotFound, Refused: See `survey`; or none does.
    """
    sources = survey(path)
    if not sources.files:
        raise Refused(
            f"expected examples, found no file of a known kind at {path}",
            hints=[
                f"examples are read from {READ}; data of other kinds can be snapshotted, not "
                "checked"
            ],
        )
    return sources


def examine(
    sources: Sources,
    look: Look,
    *,
    executor: Executor,
    writer: IndexWriter,
    tombstones: Tombstones,
    progress: Callable[[int, int], None] | None = None,
) -> Examination:
    """Looks at every example.

    Args:
        sources: The files.
        look: How.
        executor: Runs the kernel.
        writer: Takes the hashes.
        tombstones: What must not be among them.
        progress: Is told the bytes that were looked at so far, and all there are.

    Raises:
        InvalidInput: There is no such format, or no such tokenizer.
        Refused: The tokenizer's library is not installed; or no example names a person.
        BackendUnavailable: A worker died.
    """
    sample = sample_rows(sources.files)
    format_ = named_format(look.format, sample) if look.format else detect_format(sample)
    tasks = split(sources.files)
    total = sum(source.size for source in sources.files)
    unasked = look.sensitive is None
    settings = Settings(
        format_, sensitive=total <= SEARCHED_BYTES if unasked else bool(look.sensitive),
        scan=look.scan, key=look.key, subject=look.subject,
        erased=tombstones.erased, max_faults=look.max_faults,
    )  # fmt: skip
    found = Examination(
        format_, left_out=sources.left_out, faults=FaultLog(look.max_faults),
        notes=list(tombstones.untold),
    )  # fmt: skip
    if unasked and not settings.sensitive:
        found.not_searched = total
    lines = done = 0
    for outcome in executor.run(tasks, settings, tokenizer=look.tokenizer):
        source, part = outcome.task.source, outcome.part
        if outcome.task.start == 0:
            lines = 0
        found.faults.merge(part.faults, lines=lines, file=source.name)
        found.tally.merge(part.tally, lines=lines, file=source.name)
        lines += part.lines
        found.rows += part.rows
        writer.add(part.hashes, part.subjects)
        done += (outcome.task.stop or source.size) - outcome.task.start
        if progress is not None:
            progress(done, total)
    for name in sources.packed:
        kind = Path(name).suffix
        _add(found.faults, "unreadable", f"expected it as it is, .gz or .zst, found {kind}", name)
    if look.subject and found.tally.totals.size:
        _check_persons(found, look.subject, sample)
    # An empty shard beside full ones is harmless.
    if not found.rows and not found.faults.total:
        _add(found.faults, "empty-file", "no example", "")
    if format_.name == UNKNOWN and found.rows:
        _add(found.faults, "unknown-format", f"keys: {_keys(sample)}", "")
    return found


def _check_persons(found: Examination, key: str, sample: Sequence[dict[str, object]]) -> None:
    """Notes how many examples name nobody, who are found by no name.

    Raises:
        Refused: None names anybody.
    """
    rows = found.tally.totals.size
    unnamed = rows - found.tally.named
    if unnamed == rows and not found.faults.counts["subject"]:
        raise Refused(
            f"expected the key {key!r} to name a person in examples, found none in {rows:,}",
            hints=[f"keys here: {', '.join(sorted(_paths(sample))[:_KEYS]) or 'none'}",
                   "dots lead into objects: --subject user.id"],
        )  # fmt: skip
    if unnamed:
        found.notes.append(
            f"{unnamed:,} of {rows:,} examples name no person by the key {key}: --subject NAME "
            "does not find them"
        )


def _paths(rows: Sequence[Mapping[str, object]], before: str = "") -> set[str]:
    """Returns the keys of examples, dots leading into objects."""
    found = set()
    for row in rows:
        for key, value in row.items():
            inner = _paths([value], f"{before}{key}.") if isinstance(value, Mapping) else set()
            found |= inner or {f"{before}{key}"}
    return found


def _add(faults: FaultLog, rule: str, message: str, file: str) -> None:
    one = FaultLog()
    one.add(0, rule, message)
    faults.merge(one, lines=0, file=file)


def _keys(sample: Sequence[dict[str, object]]) -> str:
    return ", ".join(sorted({key for row in sample for key in row})[:10]) or "none"


def make_profile(
    found: Examination, look: Look, *, duplicates: int, near_duplicates: int
) -> Profile:
    """Returns a dataset in numbers."""
    tally = found.tally
    warnings = advise(
        tally, found.format, rows=found.rows, duplicates=duplicates,
        near_duplicates=near_duplicates, method=look.method, context=look.context,
        not_searched=found.not_searched,
    )  # fmt: skip
    return Profile(
        format=found.format.title,
        rows=found.rows,
        unit=look.unit,
        prompts=_spread(tally.prompts),
        answers=_spread(tally.answers),
        totals=_spread(tally.totals),
        turns=_spread(tally.turns),
        duplicates=duplicates,
        near_duplicates=near_duplicates,
        labels=dict(_top(tally.labels)),
        label_count=len(tally.labels),
        sources=dict(_top(tally.sources)),
        languages=dict(_top(tally.languages)),
        unread=dict(_top(tally.unread)),
        unread_files=len(found.left_out),
        systems=len(tally.systems),
        foreign=tally.foreign,
        faults=dict(sorted(found.faults.counts.items())),
        warnings=(*_unread(found.left_out), *warnings, *found.notes),
    )


def _unread(files: Sequence[str]) -> Iterator[str]:
    if files:
        count = f"{len(files):,} files were" if len(files) > 1 else "1 file was"
        others = " and others" if len(files) > _FILES else ""
        yield (
            f"{count} not read, so nobody knows what is in there: {', '.join(files[:_FILES])}"
            f"{others}; examples are read from {READ}"
        )


def _top(counts: "dict[str, int]") -> Iterator[tuple[str, int]]:
    yield from sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:_CLASSES]


def _spread(histogram: Histogram) -> Spread:
    size = histogram.size
    return Spread(
        mean=round(histogram.total / size, 2) if size else 0.0,
        p50=histogram.quantile(0.5),
        p90=histogram.quantile(0.9),
        p99=histogram.quantile(0.99),
        max=histogram.largest,
    )


def check_data(
    path: Path,
    look: Look,
    *,
    executor: Executor,
    writer: IndexWriter,
    tombstones: Tombstones,
    scratch: Path,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Examination, Profile]:
    """Examines a dataset and changes nothing.

    Args:
        path: A file or a folder.
        look: How.
        executor: Runs the kernel.
        writer: Counts duplicates.
        tombstones: What must not be among the examples.
        scratch: A folder for what is thrown away.
        progress: See `examine`.

    Raises:
        NotFound, Refused: See `sources_of`.
        InvalidInput, BackendUnavailable: See `examine`.
    """
    found = examine(
        sources_of(path), look, executor=executor, writer=writer,
        tombstones=tombstones, progress=progress,
    )  # fmt: skip
    scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="check-", dir=scratch) as folder:
        written = writer.finish(Path(folder) / "index.arrow")
    profile = make_profile(
        found, look, duplicates=written.duplicates, near_duplicates=written.near_duplicates
    )
    return found, profile
