"""The remotes of a DVC project: folders are read as they are, the others through DVC.

Of DVC only its settings and file systems are used: no repository is opened, so its state, its locks
and its memory of what a remote has are neither trusted nor touched.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock, Thread
from time import monotonic
from typing import Any, TypeVar

from ft_registry.backends.dvc.library import load_repo
from ft_registry.backends.dvc.places import (
    ClosedPlace,
    FolderPlace,
    HeldObject,
    ObjectPlace,
    ReadObject,
    object_md5,
)
from ft_registry.backends.dvc.project import DvcProject
from ft_registry.backends.whole_files import put_whole
from ft_registry.errors import BackendUnavailable, FtRegistryError, IntegrityError, NotFound
from ft_registry.faultpoints import faultpoint

T = TypeVar("T")

_CONNECT_SECONDS = 10
_READ_SECONDS = 60
_PATIENCE_SECONDS = 20
"""For the first answer, whatever the store's own library would wait."""
_SILENT_SECONDS = 60
"""So long a remote that could not be asked is not asked again."""
_CHUNK = 1 << 20
_BLOCK = 1 << 24
"""Bytes asked for in one request: two such lie in memory for each object that is read."""
_NOT_THERE = (404, 410)
"""HTTP's words for it."""
_OPENING = Lock()
_CREDENTIAL_FILES = ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE")
_SECTION = re.compile(r'remote "(.+)"')
_MD5 = re.compile(r'"?([0-9a-f]{32})"?')
_USER = re.compile(r"(\w[\w+.-]*://)[^/?#\s]*@")
_QUERY = re.compile(r"(\w[\w+.-]*://[^\s?]*)\?[^\s'\")]*")
_SECRET = re.compile(r"key|secret|token|(?<!ask_)pass|connection_string")


def places_of(
    project: DvcProject, *, scratch: Path, beside: Path | None = None
) -> list[ObjectPlace]:
    """Returns the cache or caches, then the default remote, then the others.

    Args:
        project: Whose.
        scratch: A folder of ours for what DVC would like to remember.
        beside: The cache of the main work tree, where this is a linked one with its own.
    """
    places: list[ObjectPlace] = [
        FolderPlace(f"DVC cache {project.cache.parents[1]}", project.cache, is_cache=True)
    ]
    if beside is not None:
        shown = f"the main work tree's DVC cache {beside.parents[1]}"
        places.append(FolderPlace(shown, beside, is_cache=True))
    return places + [place_of(name, project, scratch=scratch) for name in remotes_of(project)]


def remotes_of(project: DvcProject) -> dict[str, dict[str, str]]:
    """Returns the settings of the remotes by name, the default one first."""
    default = project.settings.get("core", {}).get("remote", "")
    named = {
        found[1]: settings
        for section, settings in project.settings.items()
        if (found := _SECTION.fullmatch(section))
    }
    return {name: named[name] for name in sorted(named, key=lambda name: name != default)}


def place_of(name: str, project: DvcProject, *, scratch: Path) -> ObjectPlace:
    """Returns one remote; see `places_of`."""
    url = remotes_of(project)[name].get("url", "")
    if not url:
        return ClosedPlace(f"DVC remote {name!r}", "its url is not set")
    shown = f"DVC remote {name!r} ({without_secrets(url, project)})"
    # Not Path.expanduser(), which raises when there is no such user.
    folder = Path(os.path.expanduser(url.removeprefix("file://")))  # noqa: PTH111
    if folder.is_absolute():
        return FolderPlace(shown, folder / "files" / "md5", may_be_away=True)
    if "://" not in url:
        return ClosedPlace(
            shown,
            "it is a relative path, which DVC resolves differently from command to command",
            f"dvc remote modify {name} url /absolute/path",
        )
    return CloudPlace(shown, name, project=project, scratch=scratch)


class CloudPlace:
    """A remote behind a network, asked through the file system that DVC has for it.

    Nothing is loaded and nobody is asked before the first object is wanted. A remote that did not
    answer then is not waited for again for a while: many files may be wanted from it.

    Args:
        shown: What it is called.
        name: Its name in DVC's configuration.
        project: Whose remote it is.
        scratch: A folder of ours for what DVC would like to remember.
    """

    is_cache = False
    width = 8

    def __init__(self, shown: str, name: str, *, project: DvcProject, scratch: Path) -> None:
        self.shown = shown
        self._name = name
        self._project = project
        self._scratch = scratch
        self._lock = Lock()
        self._opened: tuple[Any, str] | None = None
        self._silence = ""
        self._silent_until = 0.0

    def where(self, oid: str) -> str:
        """See `ObjectPlace.where`."""
        return f"files/md5/{oid[:2]}/{oid[2:]}"

    def held(self, oids: Iterable[str]) -> dict[str, HeldObject]:
        """See `ObjectPlace.held`."""
        wanted = list(oids)
        if not wanted:
            return {}
        filesystem, paths = self._paths(wanted)
        entries = self._asked(lambda: filesystem.info(paths, return_exceptions=True))
        found = {}
        for oid, entry in zip(wanted, entries, strict=True):
            if is_absent(entry):
                continue
            if isinstance(entry, BaseException):
                raise self._unavailable(entry) from entry
            if entry.get("type") != "directory":
                found[oid] = HeldObject(entry.get("size"), _checksum(filesystem, entry))
        return found

    def read(self, oids: Iterable[str]) -> dict[str, ReadObject]:
        """See `ObjectPlace.read`."""
        wanted = list(oids)
        with ThreadPoolExecutor(self.width) as pool:
            return dict(zip(wanted, pool.map(self._read, wanted), strict=True))

    def chunks(self, oid: str) -> Iterator[bytes]:
        """See `ObjectPlace.chunks`."""
        filesystem, (path,) = self._paths([oid])
        # Over HTTP a stream: a server need not know how to send a part of a file.
        block = 0 if filesystem.protocol in ("http", "https") else _BLOCK
        try:
            file = self._asked(partial(filesystem.open, path, "rb", block_size=block))
        except FileNotFoundError as error:
            raise NotFound(f"expected the object {oid} in {self.shown}, found none") from error
        with file:
            while chunk := self._asked(partial(file.read, _CHUNK)):
                yield chunk

    def put(self, oid: str, chunks: Iterable[bytes]) -> None:
        """See `ObjectPlace.put`.

        A store of objects shows one when all of it has arrived. On a server of files a part could
        be left, which is found by reading, as any damage is.
        """
        filesystem, (path,) = self._paths([oid])
        self._scratch.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self._scratch, prefix="heal-") as folder:
            file = Path(folder) / "object"
            put_whole(
                file, chunks, algorithm="md5", digest=object_md5(oid), aside=file.parent
            )  # fmt: skip
            self._asked(partial(filesystem.makedirs, filesystem.parent(path), exist_ok=True))
            faultpoint("dvc.ask")
            self._asked(partial(filesystem.put_file, str(file), path))
            faultpoint("dvc.answer")
        found = self._read(oid).md5
        if found != object_md5(oid):
            raise IntegrityError(
                f"expected md5 {object_md5(oid)} in {self.shown} after the upload, found {found}"
            )

    def _read(self, oid: str) -> ReadObject:
        md5, sha256, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
        try:
            for chunk in self.chunks(oid):
                md5.update(chunk)
                sha256.update(chunk)
                size += len(chunk)
        except NotFound as error:  # deleted since it was listed
            raise BackendUnavailable(error.message) from error
        return ReadObject(md5.hexdigest(), sha256.hexdigest(), size)

    def _paths(self, oids: list[str]) -> tuple[Any, list[str]]:
        """Returns the file system, once it has answered, and where it has objects."""
        with self._lock:
            if monotonic() < self._silent_until:
                raise BackendUnavailable(self._silence)
            try:
                filesystem, root = self._opened or self._open(oids[0])
            except BackendUnavailable as error:
                self._silence, self._silent_until = error.message, monotonic() + _SILENT_SECONDS
                raise
            self._opened = filesystem, root
        return filesystem, [filesystem.join(root, oid[:2], oid[2:]) for oid in oids]

    def _open(self, oid: str) -> tuple[Any, str]:
        load_repo(self._scratch)  # for the settings that it puts in place
        with _own_credentials():
            filesystem, root = self._asked(self._connect)
            path = filesystem.join(root, oid[:2], oid[2:])
            _within(_PATIENCE_SECONDS, lambda: self._asked(partial(_probe, filesystem, path)))
        return filesystem, root

    def _connect(self) -> tuple[Any, str]:
        settings = _settings(self._project, name=self._name)
        if settings.get("worktree") or settings.get("version_aware"):
            raise BackendUnavailable("it keeps versions of files, not objects by their hash")
        filesystem, path = _filesystem(self._project, settings)
        return filesystem, filesystem.join(path, "files", "md5")

    def _asked(self, call: Callable[[], T]) -> T:
        return asked(call, self._project)

    def _unavailable(self, error: BaseException) -> BackendUnavailable:
        return unavailable(error, self._project)


def open_source(
    url: str, *, project: DvcProject, scratch: Path, versioned: bool
) -> tuple[Any, str]:
    """Returns the file system behind a URL, once it has answered, and the path in it.

    Args:
        url: ``s3://bucket/folder``, or ``remote://NAME/folder`` of a remote that is configured.
        project: In whose settings.
        scratch: A folder of ours for what DVC would like to remember.
        versioned: Files are asked for by the versions that the store keeps.

    Raises:
        BackendUnavailable: It does not answer, or DVC's settings do not name it.
    """
    load_repo(scratch)  # for the settings that it puts in place
    wanted = {"url": url, **({"version_aware": True} if versioned else {})}
    with _own_credentials():
        filesystem, path = asked(
            lambda: _filesystem(project, _settings(project, **wanted)), project
        )
        _within(_PATIENCE_SECONDS, lambda: asked(partial(_probe, filesystem, path), project))
    return filesystem, path


def _settings(project: DvcProject, **wanted: Any) -> dict[str, Any]:
    """Returns what DVC's settings say of a remote, or of a URL."""
    from dvc.config import Config
    from dvc.fs import get_fs_config

    settings = dict(get_fs_config(Config(str(project.root / ".dvc")), **wanted))
    for question in ("ask_password", "ask_passphrase"):  # nobody may be there to answer
        settings.pop(question, None)
    if settings["url"].partition("://")[0] in ("s3", "http", "https"):
        settings.setdefault("connect_timeout", _CONNECT_SECONDS)
        settings.setdefault("read_timeout", _READ_SECONDS)
    return settings


def _filesystem(project: DvcProject, settings: Mapping[str, Any]) -> tuple[Any, str]:
    from dvc.config import Config
    from dvc.fs import get_cloud_fs

    found, arguments, path = get_cloud_fs(Config(str(project.root / ".dvc")), **settings)
    filesystem = found(**arguments)
    if filesystem.protocol == "s3":
        # s3fs tries again by itself: five times five attempts would take minutes.
        more = filesystem.fs_args.setdefault("config_kwargs", {})
        more["retries"] = {"total_max_attempts": 2}
    return filesystem, path


def asked(call: Callable[[], T], project: DvcProject) -> T:
    """Asks a store, and turns what its library raises into our error, without secrets.

    Raises:
        BackendUnavailable: It failed.
        FileNotFoundError: It says that there is no such thing.
    """
    try:
        return call()
    except FtRegistryError:
        raise
    except FileNotFoundError as error:
        if _behind(error) is None:
            raise
        raise unavailable(error, project) from error
    except Exception as error:
        # Each store's library has errors of its own.
        raise unavailable(error, project) from error


def unavailable(error: BaseException, project: DvcProject) -> BackendUnavailable:
    """Returns our error for what a store's library raised."""
    error = _behind(error) or error
    told = " ".join(str(error).split()) or type(error).__name__
    return BackendUnavailable(without_secrets(told, project))


def is_absent(answer: Any) -> bool:
    """Returns whether a store's answer is that there is no such file, and not that it failed."""
    return isinstance(answer, FileNotFoundError) and _behind(answer) is None


@contextmanager
def _own_credentials() -> Iterator[None]:
    """Takes back what DVC sets for a remote with a `credentialpath`: the next may have its own."""
    with _OPENING:
        unset = [name for name in _CREDENTIAL_FILES if name not in os.environ]
        try:
            yield
        finally:
            for name in unset:
                os.environ.pop(name, None)


def _probe(filesystem: Any, path: str) -> None:
    """Asks for something, for the sake of an answer."""
    answer = filesystem.info([path], return_exceptions=True)[0]
    if isinstance(answer, FileNotFoundError) and filesystem.protocol == "s3":
        # So says a server that is no S3, too: that there is a bucket tells them apart.
        bucket = path.lstrip("/").partition("/")[0]
        answer = filesystem.info([bucket], return_exceptions=True)[0]
        if isinstance(answer, FileNotFoundError):
            raise OSError(f"no bucket {bucket!r} there")
    elif isinstance(answer, Exception):
        raise answer


def _behind(error: BaseException) -> BaseException | None:
    """Returns the failure that fsspec's HTTP tells as "not found", whatever it was."""
    cause = error.__cause__
    while isinstance(cause, FileNotFoundError):
        cause = cause.__cause__
    is_network = isinstance(cause, OSError) or type(cause).__module__.startswith("aiohttp")
    is_answer = getattr(cause, "status", None) in _NOT_THERE
    return cause if is_network and not is_answer else None


def _within(seconds: float, call: Callable[[], T]) -> T:
    """Runs a call and waits so long for it; what still runs then ends with the process."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    try:
        return future.result(seconds)
    except TimeoutError as error:
        raise BackendUnavailable(f"no answer within {seconds:g} seconds") from error


def _checksum(filesystem: Any, entry: Mapping[str, Any]) -> str | None:
    """Returns the MD5 that S3 keeps of what was uploaded in one part."""
    if filesystem.protocol != "s3":
        return None
    found = _MD5.fullmatch(str(entry.get("ETag", "")))
    return found[1] if found else None


def without_secrets(text: str, project: DvcProject) -> str:
    """Returns a text without users, passwords, signatures and keys."""
    for section in project.settings.values():
        for key, value in section.items():
            if value and _SECRET.search(key):
                text = text.replace(value, "***")
    return _QUERY.sub(r"\1", _USER.sub(r"\1", text))
