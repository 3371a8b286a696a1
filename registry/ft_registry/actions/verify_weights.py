"""Looks at the files of versions in the store of models: weights, patch, scored items."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TypeAlias

from ft_registry.actions.holdings import BaselineHolding, Holding
from ft_registry.actions.promises import Promise, copies_of, promises_of, promises_of_baseline
from ft_registry.errors import BackendUnavailable, IntegrityError, NotFound, Refused
from ft_registry.model.home import Home
from ft_registry.model.verification import Depth, Finding, Verification
from ft_registry.ports.artifacts import ArtifactStore, Shelf
from ft_registry.ports.byte_cache import ByteCache
from ft_registry.readers.files import hash_file, in_parallel

Progress: TypeAlias = Callable[[int, int], None]
"""Is told the bytes that were read so far, and all that are to be read."""

ODD = "a link, pipe, device or impossible name"
"""What is found where no file is that could be kept."""
_SHOWN = 3
"""Versions that a note names."""
_PAGES = ("MLmodel/", "ftr/", "registered_model_meta/")
"""What stands beside the weights for MLflow and may be on no record: the first of older versions,
the pages since they are written anew at times. The last MLflow leaves there itself, whenever it
loads a version from a folder of this machine."""


@dataclass(frozen=True)
class _Job:
    """A file to read."""

    finding: Finding
    """What is said of it when it is as promised."""
    promise: Promise
    size: int
    slot: int
    """Where the finding belongs in the list."""


@dataclass
class _Visit:
    """One shelf, with what is to be read of it."""

    home: Home
    shelf: Shelf
    jobs: list[_Job] = field(default_factory=list)


class WeightsLook:
    """Looks at many versions; files are read at the end, of all versions together.

    Args:
        artifacts: Where the files are.
        cache: Takes what had to be downloaded.
        depth: How closely to look.
    """

    def __init__(self, artifacts: ArtifactStore, cache: ByteCache, depth: Depth) -> None:
        self._artifacts = artifacts
        self._cache = cache
        self._depth = depth
        self._findings: list[Finding] = []
        self._notes: list[str] = []
        self._lost: list[str] = []
        """What is said of versions whose files are not to be found."""
        self._orphans: list[str] = []
        """Versions that MLflow has forgotten, although their files are there."""
        self._visits: list[_Visit] = []

    def add(self, holding: Holding) -> None:
        """Compares what lies on a version's shelf with its record, by name and size."""
        subject = holding.filed.record.reference
        shelf = self._look(holding.home, subject, promises_of(holding))
        if shelf.is_orphan:
            self._orphans.append(subject)

    def add_baseline(self, holding: BaselineHolding) -> None:
        """Compares what lies on a baseline's shelf with its document, by name and size."""
        subject = holding.baseline.reference
        shelf = self._look(holding.home, subject, promises_of_baseline(holding))
        if shelf.is_orphan:
            self._notes.append(
                f"MLflow knows the logged model of {subject} no more, its files are where they were"
            )

    def _look(self, home: Home, subject: str, promised: Iterable[Promise]) -> Shelf:
        # By digest as well: an evaluation must not say anew what the weights should be.
        promises = dict.fromkeys(promised)
        try:
            shelf = self._artifacts.shelf(home)
        except BackendUnavailable as error:
            self._findings.append(
                Finding(
                    "artifact", home.uri, "unknown", subject, home.location, found=error.message
                )
            )
            return Shelf(shown=home.location or home.uri, folder=None, sizes={})
        except NotFound as error:
            shelf = Shelf(shown=home.location or home.uri, folder=None, sizes={})
            self._lost.append(f"{subject}: {error.message}")
        visit = _Visit(home, shelf)
        promises |= dict.fromkeys(copies_of(promises, shelf))
        for promise in promises:
            self._compare(promise, visit, subject)
        names = {promise.name for promise in promises}
        for name in sorted({*shelf.sizes, *shelf.odd} - names):
            if not f"{name}/".startswith(_PAGES):
                found = f"{shelf.sizes[name]} bytes" if name in shelf.sizes else ODD
                self._findings.append(
                    Finding("artifact", name, "extra", subject, shelf.shown, "no such file", found)
                )
        if visit.jobs:
            self._visits.append(visit)
        return shelf

    def finish(self, progress: Progress | None = None) -> Verification:
        """Reads the files that have the right size and returns all findings."""
        jobs = [job for visit in self._visits for job in visit.jobs]
        meter = _Meter(sum(job.size for job in jobs), progress)
        local = []
        for visit in self._visits:
            if visit.shelf.folder is None:
                self._read_remote(visit, meter)
            else:
                local += [(job, visit.shelf.folder / job.promise.name) for job in visit.jobs]
        # The largest first: at the end no core is left alone with it.
        local.sort(key=lambda pair: -pair[0].size)
        self._settle(
            [job for job, _ in local],
            in_parallel([_reading(job, file, meter) for job, file in local]),
        )
        return Verification(tuple(self._findings), tuple(self._all_notes()))

    def _all_notes(self) -> Iterator[str]:
        yield from self._notes
        yield from self._lost[:_SHOWN]
        if (more := len(self._lost) - _SHOWN) > 0:
            yield f"of {more} more versions the files are not to be found"
        if self._orphans:
            some = ", ".join(self._orphans[:_SHOWN]) + (", ..." if self._orphans[_SHOWN:] else "")
            yield (
                f"MLflow knows the logged model of {some} no more, its files are where they were: "
                "ft-registry sync --restore"
            )

    def _compare(self, promise: Promise, visit: _Visit, subject: str) -> None:
        shelf = visit.shelf
        size = shelf.sizes.get(promise.name)
        good = Finding(promise.kind, promise.name, "ok", subject, shelf.shown, size=size)
        expected = f"sha256:{promise.sha256}"
        if promise.name in shelf.odd:
            good = replace(good, state="changed", expected=expected, found=ODD)
        elif size is None:
            good = replace(good, state="missing", expected=expected, found="nothing")
        elif promise.size not in (None, size):
            good = replace(
                good, state="changed", expected=f"{promise.size} bytes", found=f"{size} bytes"
            )
        elif self._depth == "full":
            visit.jobs.append(_Job(good, promise, size, slot=len(self._findings)))
        self._findings.append(good)

    def _read_remote(self, visit: _Visit, meter: "_Meter") -> None:
        # Taking a file into the cache takes it away: a file that is promised under two digests is
        # read once for both.
        by_name: dict[str, list[_Job]] = {}
        for job in visit.jobs:
            by_name.setdefault(job.promise.name, []).append(job)
        jobs = [job for group in by_name.values() for job in group]
        try:
            with self._cache.scratch() as folder:
                self._fetch(visit, list(by_name), folder)
                taken = in_parallel([self._taking(g, folder, meter) for g in by_name.values()])
                found = [finding for findings in taken for finding in findings]
        except BackendUnavailable as error:
            found = [replace(job.finding, state="unknown", found=error.message) for job in jobs]
        self._settle(jobs, found)

    def _fetch(self, visit: _Visit, names: list[str], folder: Path) -> None:
        try:
            self._artifacts.fetch(visit.home, names, folder)
        except NotFound as error:
            # Which one did not come is seen below.
            self._notes.append(f"{visit.jobs[0].finding.subject}: {error.message}")

    def _taking(
        self, jobs: Sequence[_Job], folder: Path, meter: "_Meter"
    ) -> Callable[[], list[Finding]]:
        """Returns what reads one file, of which each job promises something."""
        promise = jobs[0].promise

        def take() -> list[Finding]:
            read = cache(lambda: self._cache.put(folder / promise.name, promise.sha256))
            findings = [_judge(job, read) for job in jobs]
            meter.add(sum(job.size for job in jobs))
            return findings

        return take

    def _settle(self, jobs: Sequence[_Job], findings: Sequence[Finding]) -> None:
        for job, finding in zip(jobs, findings, strict=True):
            self._findings[job.slot] = finding


class _Meter:
    """Counts bytes for a person who waits; does nothing when nobody does."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total = total
        self._progress = progress
        self._done = 0
        self._lock = Lock()

    @property
    def watch(self) -> Callable[[bytes], None] | None:
        """What is shown each chunk, if anybody looks."""
        return (lambda chunk: self.add(len(chunk))) if self._progress else None

    def add(self, count: int) -> None:
        """Counts bytes."""
        if self._progress is not None:
            with self._lock:
                self._done += count
                self._progress(self._done, self._total)


def _reading(job: _Job, file: Path, meter: _Meter) -> Callable[[], Finding]:
    return lambda: _judge(job, lambda: hash_file(file, "sha256", watch=meter.watch)[0])


def _judge(job: _Job, read: Callable[[], str]) -> Finding:
    expected = f"sha256:{job.promise.sha256}"
    try:
        sha256 = read()
    except NotFound:
        return replace(job.finding, state="missing", expected=expected, found="nothing")
    except IntegrityError as error:  # it changes at this moment
        return replace(job.finding, state="changed", expected=expected, found=error.message)
    except Refused as error:  # it may not be read
        return replace(job.finding, state="unknown", expected=expected, found=error.message)
    if sha256 == job.promise.sha256:
        return job.finding
    return replace(job.finding, state="changed", expected=expected, found=f"sha256:{sha256}")
