"""Brings data by its hash to a new place, every byte hashed on its way."""

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from secrets import token_hex
from threading import Event
from typing import TypeVar

from ft_registry.backends.dvc.listing import parse_listing
from ft_registry.backends.dvc.places import ObjectPlace, object_md5, read_listing
from ft_registry.errors import (
    BackendUnavailable,
    CannotWrite,
    FtRegistryError,
    IntegrityError,
    InvalidInput,
    NotFound,
    Refused,
)
from ft_registry.faultpoints import faultpoint

T = TypeVar("T")

_OID = re.compile(r"[0-9a-f]{32}(\.dir)?")
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def bring(path: str, md5: str, into: Path, places: Sequence[ObjectPlace]) -> str:
    """See `DataStore.bring`.

    The bytes go to a new name beside `into` and get theirs when all of them are right.
    """
    if not _OID.fullmatch(md5):
        raise InvalidInput(f"expected the MD5 of a file or folder as DVC writes it, found {md5!r}")
    fetch = _Fetch(path, places)
    try:
        with _beside(into.absolute()) as new:
            if md5.endswith(".dir"):
                fetch.folder(md5, new)
            else:
                fetch.check_space([md5], new.parent)
                fetch.file(md5, new, name="")
    except OSError as error:  # of writing: places turn their own errors into ours
        raise CannotWrite(
            f"expected to write {into}, found: {error.strerror}",
            hints=["make room, or name a place on another disk"],
        ) from error
    return ", ".join(place.shown for place in places if place in fetch.used)


@contextmanager
def _beside(into: Path) -> Iterator[Path]:
    """Yields a free name beside a path, whose file or folder then gets the path's name.

    Whatever is raised inside leaves nothing: not the new name, not the folders made for it.

    Raises:
        Refused: There is something already, or the way leads over a link.
    """
    if os.path.lexists(into):
        raise Refused(
            f"expected nothing at {into}, found a file or folder",
            hints=["move it away, or name another place"],
        )
    # A tree from elsewhere may have put a link there, to a folder outside (dvc#11101).
    real = os.path.realpath(into.parent)  # not Path.resolve(), which raises on a link to itself
    if real != str(into.parent):
        raise Refused(
            f"expected folders above {into}, found a link: the way leads to {real}",
            hints=["remove the link, or name the place that it leads to"],
        )
    made = [folder for folder in into.parents if not folder.exists()]
    new = into.with_name(f".ft-registry-{token_hex(8)}")
    try:
        into.parent.mkdir(parents=True, exist_ok=True)
        faultpoint("file.write")
        yield new
        faultpoint("file.place")
        new.rename(into)
    except BaseException:
        # What cannot be removed does not hide what was raised, an interruption above all.
        if new.is_dir():
            shutil.rmtree(new, ignore_errors=True)
        with suppress(OSError):  # or somebody else has put something there meanwhile
            new.unlink(missing_ok=True)
            for folder in made:
                folder.rmdir()
        raise


class _Fetch:
    """Fetches objects of one dataset, each from the first place that has its bytes.

    Args:
        path: The dataset, for errors.
        places: Where to look, in order.
    """

    def __init__(self, path: str, places: Sequence[ObjectPlace]) -> None:
        self._path = path
        self._places = places
        self.used: set[ObjectPlace] = set()
        self._stop = Event()

    def file(self, oid: str, target: Path, *, name: str) -> None:
        """Writes an object to a new file."""
        self._first(oid, partial(self._copy, oid=oid, target=target), name=name)

    def folder(self, oid: str, target: Path) -> None:
        """Writes all files of a listing below a new folder."""
        content = self._first(oid, partial(_right_listing, oid=oid), name="")
        listed = parse_listing(content, place=f"the listing {oid}", folder=self._path)
        self.check_space(list(listed.values()), target.parent)
        target.mkdir()
        for folder in sorted({(target / name).parent for name in listed}):
            folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(max(place.width for place in self._places)) as pool:
            jobs = [
                pool.submit(self.file, child, target / name, name=name)
                for name, child in listed.items()
            ]
            try:
                for job in jobs:
                    job.result()
            except BaseException:
                self._stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def check_space(self, oids: Sequence[str], folder: Path) -> None:
        """Compares what the objects need, as far as it is known, with the space there is.

        Raises:
            CannotWrite: They do not fit.
        """
        sizes: dict[str, int] = {}
        for place in self._places:
            wanted = set(oids) - sizes.keys()
            with suppress(BackendUnavailable):  # it is told when an object is wanted from there
                held = place.held(wanted) if wanted else {}
                sizes.update({oid: found.size or 0 for oid, found in held.items()})
        needed = sum(sizes.get(oid, 0) for oid in oids)
        free = shutil.disk_usage(folder).free
        if needed > free:
            raise CannotWrite(
                f"expected {needed:,} bytes free at {folder} for {self._path}, found {free:,}",
                hints=["make room, or name a place on another disk"],
            )

    def _first(self, oid: str, read: Callable[[ObjectPlace], T], *, name: str) -> T:
        """Returns what the first place with the right bytes gives."""
        found: dict[ObjectPlace, FtRegistryError] = {}
        for place in self._places:
            try:
                result = read(place)
            except (NotFound, IntegrityError, BackendUnavailable) as error:
                found[place] = error
            else:
                self.used.add(place)
                return result
        raise self._lost(oid, found, name=name)

    def _copy(self, place: ObjectPlace, *, oid: str, target: Path) -> None:
        hasher = hashlib.md5(usedforsecurity=False)
        try:
            with os.fdopen(os.open(target, _NEW_FILE, 0o644), "wb") as file:
                for chunk in place.chunks(oid):
                    if self._stop.is_set():
                        raise BackendUnavailable("stopped")
                    hasher.update(chunk)
                    file.write(chunk)
            _check(oid, hasher.hexdigest())
        except FtRegistryError:
            target.unlink()  # the next place begins anew
            raise

    def _lost(
        self, oid: str, found: Mapping[ObjectPlace, FtRegistryError], *, name: str
    ) -> FtRegistryError:
        """Returns the error for an object that no place gave."""
        what = f"{self._path}/{name}" if name else self._path
        where = "; ".join(
            f"in {place.shown}: {'nothing' if isinstance(error, NotFound) else error.message}"
            for place, error in found.items()
        )
        kinds = {type(error) for error in found.values()}
        kind = next(k for k in (BackendUnavailable, IntegrityError, NotFound) if k in kinds)
        hints = [hint for error in found.values() for hint in error.hints]
        if kind is NotFound:
            hints.append("in a clone whose cache has it: dvc push")
        elif kind is IntegrityError:
            hints.append(
                "ft-registry verify --heal, in a clone that has good ones of a version's data"
            )
        return kind(f"expected {what} (md5 {oid}), found {where}", hints=hints)


def _right_listing(place: ObjectPlace, *, oid: str) -> bytes:
    content, found = read_listing(place, oid)
    _check(oid, found)
    return content


def _check(oid: str, found: str) -> None:
    if found != object_md5(oid):
        raise IntegrityError(f"it is damaged, its md5 is {found}")
