"""Finds and fetches the bytes of logged models, behind the port.

With MLflow's database on this machine and its artifacts in a folder, no MLflow is imported: the
table says where the folder is, and the folder is listed. Everything else is asked of MLflow. What
either says is not trusted: a folder must carry the id of the logged model, paths must stay below.
"""

import os
import re
import shutil
import sqlite3
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ft_registry.backends.mlflow.connection import (
    MlflowPlace,
    connect,
    guarded,
    without_login,
)
from ft_registry.backends.mlflow.database import reading
from ft_registry.backends.whole_files import put_whole
from ft_registry.errors import BackendUnavailable, IntegrityError, NotFound, Refused
from ft_registry.faultpoints import faultpoint
from ft_registry.model.home import Home, local_folder
from ft_registry.model.manifest import relative_path
from ft_registry.ports.artifacts import Shelf
from ft_registry.readers.files import chunks_of, hash_file

if TYPE_CHECKING:
    from mlflow import MlflowClient

_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")
_LOCATION = "SELECT artifact_location, lifecycle_stage FROM logged_models WHERE model_id = ?"
_PROXIED = "mlflow-artifacts:/"
"""How MLflow writes a place behind its own server."""
_MOST_FOLDERS = 10_000
"""A store that lists more below one model has gone round in a circle."""


@dataclass(frozen=True)
class _Spot:
    """Where the files of a logged model are."""

    location: str
    """A folder or URI, as MLflow or the ledger has it."""
    folder: Path | None
    """The folder, when it is one of this machine."""
    is_orphan: bool
    """MLflow itself knows the logged model no more."""


class MlflowArtifacts:
    """Reads what MLflow stores; its client is imported when nothing else helps.

    Args:
        place: Where MLflow is.
    """

    def __init__(self, place: MlflowPlace) -> None:
        self._place = place
        self._connected: MlflowClient | None = None
        self._down: BackendUnavailable | None = None

    def shelf(self, home: Home) -> Shelf:
        """See `ArtifactStore.shelf`."""
        return self._list(home, self._find(home))

    def fetch(self, home: Home, names: Sequence[str], into: Path) -> None:
        """See `ArtifactStore.fetch`."""
        spot = self._find(home)
        shelf = self._list(home, spot)
        there = [name for name in names if name in shelf.sizes]
        if shelf.folder is not None:
            _copy(shelf.folder, there, into)
        else:
            self._download(spot.location, there, into)
        if absent := sorted(set(names) - set(there)):
            more = f" ({len(absent)} files are missing)" if len(absent) > 1 else ""
            raise NotFound(f"expected {absent[0]} in {shelf.shown}, found no such file{more}")

    def put(self, home: Home, name: str, file: Path, sha256: str) -> None:
        """See `ArtifactHealer.put`."""
        spot = self._spot_to_fill(home)
        if spot.folder is not None:
            target = _inside(spot.folder, name)
            # Not beside the files: what a kill leaves there would be a file on no record.
            aside = spot.folder.parent
            put_whole(target, chunks_of(file), algorithm="sha256", digest=sha256, aside=aside)
            return
        folder, _, last = name.rpartition("/")
        self._place.scratch.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self._place.scratch, prefix="heal-") as scratch:
            named = Path(scratch) / last
            put_whole(named, chunks_of(file), algorithm="sha256", digest=sha256, aside=named.parent)
            repository = self._repository(spot.location)
            with guarded("MLflow to take a file"):
                faultpoint("mlflow.ask")
                repository.log_artifact(str(named), folder or None)
                faultpoint("mlflow.answer")
            self._download(spot.location, [name], Path(scratch) / "back")
            found, _ = hash_file(Path(scratch) / "back" / name, "sha256")
        if found != sha256:
            raise IntegrityError(
                f"expected sha256 {sha256} at {name} in {without_login(spot.location)} after the "
                f"upload, found {found}"
            )

    def remove(self, home: Home, name: str) -> None:
        """See `ArtifactHealer.remove`."""
        spot = self._find(home)
        if spot.folder is None:
            repository = self._repository(spot.location)
            with guarded("MLflow to take a file away"):
                repository.delete_artifacts(name)
            return
        target = _inside(spot.folder, name)
        try:
            target.unlink(missing_ok=True)
        except OSError as error:
            raise BackendUnavailable(
                f"expected to take {target} away, found: {error.strerror}"
            ) from error

    def _spot_to_fill(self, home: Home) -> _Spot:
        """Returns where files belong, even if nothing is left there."""
        try:
            return self._find(home)
        except NotFound:
            spot = _spot(home.location, home.logged_model_id, is_orphan=True)
            if spot.folder is None:
                raise
            return spot

    def _find(self, home: Home) -> _Spot:
        """Returns where the files are: as MLflow says, else where they were put once."""
        model_id = home.logged_model_id
        if not _MODEL_ID.fullmatch(model_id):
            raise NotFound(f"expected the id of a logged model, found {model_id!r}")
        last_seen = f", last seen at {home.location}" if home.location else ""
        database = self._place.database
        is_lost = database is not None and not _is_filled(database)
        known = None if is_lost else self._known(model_id)
        if known is not None:
            return known
        if (left := self._left_behind(home)) is not None:
            return left
        if is_lost:
            raise BackendUnavailable(
                f"expected MLflow's database to say where {model_id} is{last_seen}, found none at "
                f"{self._place.shown}",
                hints=["is another MLflow meant? MLFLOW_TRACKING_URI or mlflow_uri names it"],
            )
        raise NotFound(
            f"expected {model_id} in MLflow at {self._place.shown}{last_seen}, found that it knows "
            "it no more",
            hints=["was it deleted there, or is this another MLflow than the one it went to?"],
        )

    def _known(self, model_id: str) -> _Spot | None:
        if self._place.database is not None:
            try:
                with reading(self._place) as db:
                    row = db.execute(_LOCATION, (model_id,)).fetchone()
            except sqlite3.DatabaseError:
                pass  # a file of another shape, or in use: MLflow itself knows what to make of it
            else:
                return _spot(str(row[0]), model_id, is_orphan=row[1] != "active") if row else None
        from mlflow.exceptions import MlflowException

        client = self._client()
        with guarded("MLflow to tell of a logged model"):
            try:
                model: Any = client.get_logged_model(model_id)
            except MlflowException as error:
                if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                    return None
                raise
            return _spot(str(model.artifact_location), model_id)

    def _left_behind(self, home: Home) -> _Spot | None:
        """Returns where the files are still, although MLflow does not know them any more.

        The ledger's word is followed into folders that carry the model's id, and to the server
        that is configured anyway; never to another host.
        """
        model_id = home.logged_model_id
        locations = [home.location]
        if self._place.artifacts is not None:
            # Where our experiments put them, for records that do not say it.
            usual = self._place.artifacts / home.model / "models" / model_id / "artifacts"
            locations.append(str(usual))
        for location in locations:
            spot = _spot(location, model_id, is_orphan=True)
            if spot.folder is not None and _is_there(spot.folder):
                return spot
        if self._place.is_server and _is_proxied(home.location, model_id):
            spot = _Spot(home.location, None, is_orphan=True)
            return spot if self._list(home, spot).sizes else None
        return None

    def _list(self, home: Home, spot: _Spot) -> Shelf:
        shown = without_login(spot.location) if spot.folder is None else str(spot.folder)
        if spot.folder is None:
            sizes, odd = self._list_remote(spot.location)
        elif _is_there(spot.folder):
            sizes, odd = _list_folder(spot.folder)
        else:
            raise NotFound(
                f"expected the files of {home.logged_model_id} in {shown}, found no such folder: "
                "they were deleted, a disk is not mounted, or the repository was moved",
                hints=["after a move put a link to it where it was: MLflow keeps whole paths"],
            )
        return Shelf(shown, spot.folder, sizes, odd, is_orphan=spot.is_orphan)

    def _list_remote(self, location: str) -> tuple[dict[str, int], tuple[str, ...]]:
        repository = self._repository(location)
        sizes: dict[str, int] = {}
        odd: list[str] = []
        pending: list[str | None] = [None]
        looked = 0
        with guarded("MLflow to list a logged model"):
            while pending:
                looked += 1
                if looked > _MOST_FOLDERS:
                    raise BackendUnavailable(
                        f"expected the files of one model, found more than {_MOST_FOLDERS} folders "
                        f"in {without_login(location)}"
                    )
                folder = pending.pop()
                for info in repository.list_artifacts(folder):
                    name = str(info.path)
                    if not _is_path(name) or not name.startswith(f"{folder}/" if folder else ""):
                        odd.append(_visible(name))
                    elif info.is_dir:
                        pending.append(name)
                    else:
                        sizes[name] = int(info.file_size or 0)
        return sizes, tuple(odd)

    def _download(self, location: str, names: Sequence[str], into: Path) -> None:
        repository = self._repository(location)
        with guarded("MLflow to hand out the files of a logged model"):
            for name in names:
                (into / name).parent.mkdir(parents=True, exist_ok=True)
                repository.download_artifacts(name, dst_path=str(into))

    def _repository(self, location: str) -> Any:
        self._client()
        with guarded("MLflow to open its artifact store"):
            from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

            return get_artifact_repository(location, tracking_uri=self._place.uri)

    def _client(self) -> "MlflowClient":
        """Returns the client. A server that was down once is not waited for again."""
        if self._down is not None:
            raise self._down
        if self._connected is None:
            try:
                self._connected = connect(self._place)
            except BackendUnavailable as error:
                self._down = error
                raise
        return self._connected


def _spot(location: str, model_id: str, *, is_orphan: bool = False) -> _Spot:
    folder = local_folder(location, model_id)
    return _Spot(location, Path(folder) if folder else None, is_orphan)


def _inside(folder: Path, name: str) -> Path:
    """Returns where a file of a logged model belongs; no link may lead out of its folder."""
    try:
        target = folder / relative_path(name)
        leads_to = target.parent.resolve()
    except (ValueError, OSError, RuntimeError) as error:
        raise NotFound(f"expected a path below {folder}, found {name!r}: {error}") from error
    if not leads_to.is_relative_to(folder.resolve()):
        raise Refused(
            f"expected folders above {target}, found a link: the way leads to {leads_to}",
            hints=["remove the link, then run it again"],
        )
    return target


def _is_proxied(location: str, model_id: str) -> bool:
    """Returns whether a location is the model's place behind the server, whichever that is."""
    parts = location.removeprefix(_PROXIED).split("/")
    is_path = location.startswith(_PROXIED) and parts[0] != ""  # else it names a host
    return is_path and model_id in parts and ".." not in parts


def _is_there(folder: Path) -> bool:
    try:
        return stat.S_ISDIR(folder.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:  # what may not be looked at is not lost
        raise BackendUnavailable(
            f"expected to look at {folder}, found: {error.strerror}"
        ) from error


def _is_filled(database: Path) -> bool:
    return database.is_file() and database.stat().st_size > 0


def _list_folder(root: Path) -> tuple[dict[str, int], tuple[str, ...]]:
    """Returns the sizes of all files below a folder, and the names of what is no plain file."""
    sizes: dict[str, int] = {}
    odd: list[str] = []
    pending = [root]
    try:
        while pending:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    name = Path(entry.path).relative_to(root).as_posix()
                    mode = entry.stat(follow_symlinks=False)
                    if not _is_path(name):
                        odd.append(_visible(name))
                    elif stat.S_ISDIR(mode.st_mode):
                        pending.append(Path(entry.path))
                    elif stat.S_ISREG(mode.st_mode):
                        sizes[name] = mode.st_size
                    else:
                        odd.append(name)
    except OSError as error:
        raise BackendUnavailable(
            f"expected to list {error.filename or root}, found: {error.strerror}"
        ) from error
    return sizes, tuple(odd)


def _is_path(name: str) -> bool:
    """Returns whether it is a path that could have been registered."""
    try:
        relative_path(name)
        name.encode()
    except ValueError:
        return False
    return not any(ord(char) < 32 or ord(char) == 127 for char in name)


def _visible(name: str) -> str:
    """Returns a name that a terminal or a JSON reader can be shown."""
    return name.encode("unicode_escape").decode()


def _copy(root: Path, names: Sequence[str], into: Path) -> None:
    try:
        for name in names:
            target = into / name
            target.parent.mkdir(parents=True, exist_ok=True)
            # A copy: a hard link would let the one who gets it change what MLflow keeps.
            shutil.copyfile(root / name, target, follow_symlinks=False)
    except OSError as error:
        raise BackendUnavailable(
            f"expected to copy {error.filename or root} to {into}, found: {error.strerror}"
        ) from error
