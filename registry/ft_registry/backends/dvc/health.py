"""Looks at the health of a DVC project: its cache, its remotes, what killed commands have left.

DVC itself is imported only to ask a remote behind a network.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ft_registry.backends.dvc.project import DvcProject
from ft_registry.backends.dvc.remotes import place_of, remotes_of, without_secrets
from ft_registry.backends.machine import nearest, why_closed
from ft_registry.backends.versions import installed
from ft_registry.errors import FtRegistryError
from ft_registry.model.health import Diagnosis, ok, problem, unchecked, warning

_PLUGINS = {
    "s3": "dvc-s3",
    "gs": "dvc-gs",
    "azure": "dvc-azure",
    "ssh": "dvc-ssh",
    "oss": "dvc-oss",
    "gdrive": "dvc-gdrive",
    "hdfs": "dvc-hdfs",
    "webhdfs": "dvc-hdfs",
    "webdav": "dvc-webdav",
    "webdavs": "dvc-webdav",
    "http": "dvc-http",
    "https": "dvc-http",
}
"""The package through which DVC reaches each kind of remote."""
_VERIFIES_ITSELF = ("gdrive",)
_SECRETS = (
    "password", "secret_access_key", "session_token", "account_key", "sas_token",
    "connection_string", "client_secret", "oss_key_secret", "gdrive_client_secret",
)  # fmt: skip
_NOBODY = "0" * 32
"""A hash that no object has: it is asked for to get an answer."""
_LEFT_SECONDS = 3600
"""DVC moves its temporary files within minutes; what is older was left behind."""


def look_at_project(project: DvcProject, *, main: Path) -> Iterator[Diagnosis]:
    """Tells where the cache is, whether it can be written to, and how it is linked.

    Args:
        project: Which.
        main: The top level of the main work tree.
    """
    yield ok("project", str(project.root))
    base = project.cache.parents[1]
    closed = why_closed(base)
    if closed:
        yield problem("cache", closed, "dvc config --local cache.dir FOLDER chooses another")
    elif _is_lonely(project, main):
        yield warning(
            "cache",
            f"{base} is empty, while the main work tree has one: its data is fetched anew here",
            f"dvc config --local cache.dir {main / '.dvc' / 'cache'}",
        )
    else:
        links = project.settings.get("cache", {}).get("type", "reflink, else copies")
        yield ok("cache", f"{base}, linked by {links}")
    site = os.environ.get("DVC_SITE_CACHE_DIR") or project.settings.get("core", {}).get(
        "site_cache_dir", ""
    )
    if site and (closed := why_closed(Path(site))):
        yield problem(
            "site cache",
            f"{closed}: DVC's own commands fail",
            "correct core.site_cache_dir or DVC_SITE_CACHE_DIR",
        )


def look_at_remotes(project: DvcProject) -> Iterator[Diagnosis]:
    """Tells of each remote what its configuration alone says."""
    remotes = remotes_of(project)
    if not remotes:
        yield warning(
            "remotes",
            "none: the cache is the only copy of the data",
            "dvc remote add --default store /absolute/path (or s3://bucket/folder)",
        )
        return
    default = project.settings.get("core", {}).get("remote", "")
    if not default:
        yield warning(
            "remotes",
            f"{', '.join(remotes)}, and none is the default: dvc push asks for one",
            f"dvc remote default {next(iter(remotes))}",
        )
    elif default not in remotes:
        yield problem(
            "remotes",
            f"the default is {default}, which is not among {', '.join(remotes)}",
            f"dvc remote default {next(iter(remotes))}",
        )
    for name, settings in remotes.items():
        yield _remote(name, settings, project)
    yield from _secrets(project)


def has_far_remotes(project: DvcProject) -> bool:
    """Returns whether a remote is behind a network."""
    urls = [settings.get("url", "") for settings in remotes_of(project).values()]
    return any("://" in url and not _is_folder(url) for url in urls)


def look_at_answers(project: DvcProject, *, scratch: Path, offline: bool) -> Iterator[Diagnosis]:
    """Asks each remote for something.

    Args:
        project: Which.
        scratch: A folder of ours for what DVC would like to remember.
        offline: Leave those behind a network alone.
    """
    for name, settings in remotes_of(project).items():
        url, check = settings.get("url", ""), f"answer of {name}"
        if not url or _is_relative(url):
            continue  # told already
        if _is_folder(url):
            yield _folder_answer(check, _folder(url))
            continue
        package = _PLUGINS.get(url.partition("://")[0], "")
        if not package or not installed(package):
            continue  # told already
        if offline:
            yield unchecked(check, "left alone: --offline")
            continue
        try:
            place_of(name, project, scratch=scratch).held([_NOBODY])
            yield ok(check, "it answers")
        except FtRegistryError as error:
            yield problem(
                check, error.message, *error.hints,
                f"is it reached from here, with these credentials? dvc remote modify {name} ...",
                is_away=True,
            )  # fmt: skip


def look_at_left(project: DvcProject) -> Iterator[Diagnosis]:
    """Names what killed commands have left: locks that hold, and files that are no data."""
    yield from _locks(project.root / ".dvc" / "tmp" / "rwlock")
    count, size = _temporary(project.cache)
    if count:
        yield warning(
            "temporary files",
            f"{count} in the cache, {size / 1e6:.0f} MB, which a killed or failed dvc add left",
            f"once no DVC is at work: find {project.cache} -name '*.tmp' -delete",
        )
    else:
        yield ok("temporary files", "none left behind in the cache")
    for file in (file for data in _folders(project) for file in _files(data)):
        if file.name.startswith(".") and file.suffix == ".tmp":
            yield problem(
                "data",
                f"{file} lies in tracked data: a checkout that was cut off left it, and the next "
                "snapshot takes it for data",
                "remove it, then: dvc checkout --force brings back what is missing",
            )


def look_at_ignored(project: DvcProject) -> Iterator[Diagnosis]:
    """Names files that lie in tracked data and that `.dvcignore` hides from DVC."""
    file = project.root / ".dvcignore"
    try:
        patterns = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    except UnicodeDecodeError:
        yield problem("ignored", f"{file} is not UTF-8: DVC cannot read it", "write it anew")
        return
    if not any(line.strip() and not line.startswith("#") for line in patterns):
        yield ok("ignored", "nothing: .dvcignore holds no pattern")
        return
    from pathspec import GitIgnoreSpec

    spec = GitIgnoreSpec.from_lines(patterns)
    hidden: list[str] = []
    for path in (path for data in _folders(project) for path in _files(data)):
        name = path.relative_to(project.root).as_posix()
        if spec.match_file(name):
            hidden.append(name)
    if hidden:
        more = f" and {len(hidden) - 1} more" if len(hidden) > 1 else ""
        yield problem(
            "ignored",
            f".dvcignore hides {hidden[0]}{more}: a training reads it, the snapshot lacks it",
            "move it out of the data, or take the pattern out of .dvcignore",
        )
    else:
        yield ok("ignored", ".dvcignore hides nothing inside tracked data")


def _remote(name: str, settings: Mapping[str, str], project: DvcProject) -> Diagnosis:
    url, check = settings.get("url", ""), f"remote {name}"
    shown = without_secrets(url, project)
    if not url:
        return problem(check, "its url is not set", f"dvc remote modify {name} url URL")
    if _is_relative(url):
        there = (project.root / ".dvc" / url).resolve()
        return problem(
            check,
            f"{url} is a relative path: dvc push of tags and branches puts objects elsewhere "
            "and says that it succeeded",
            f"dvc remote modify {name} url {there}",
        )
    if _is_folder(url):
        return _folder_remote(check, shown, _folder(url), project)
    return _cloud_remote(check, shown, url.partition("://")[0], name, settings)


def _folder_remote(check: str, shown: str, folder: Path, project: DvcProject) -> Diagnosis:
    if nearest(folder).stat().st_dev != nearest(project.cache).stat().st_dev:
        return ok(check, shown)
    return warning(
        check,
        f"{shown} is on the disk that the cache is on: one failure takes both",
        "have a remote on another machine or disk as well",
    )


def _cloud_remote(
    check: str, shown: str, scheme: str, name: str, settings: Mapping[str, str]
) -> Diagnosis:
    package = _PLUGINS.get(scheme, "")
    if not package:
        return problem(
            check,
            f"{shown}: DVC knows no remote of the kind {scheme!r}",
            f"one of {', '.join(_PLUGINS)}",
        )
    if not installed(package):
        return problem(
            check, f"{shown} needs {package}, which is not installed", f"pip install {package}"
        )
    if settings.get("verify", "").lower() != "true" and scheme not in _VERIFIES_ITSELF:
        return warning(
            check,
            f"{shown}: dvc pull takes what comes without checking it (ft-registry checks)",
            f"dvc remote modify {name} verify true",
        )
    return ok(check, shown)


def _secrets(project: DvcProject) -> Iterator[Diagnosis]:
    """Names keys in the configuration that git keeps."""
    file = project.root / ".dvc" / "config"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    for key in dict.fromkeys(line.partition("=")[0].strip() for line in lines):
        if key in _SECRETS:
            yield problem(
                "secrets",
                f".dvc/config, which git keeps, holds {key}",
                f"dvc remote modify --local REMOTE {key} VALUE, take it out of .dvc/config, and "
                "have it replaced: it is in git's history",
            )


def _folder_answer(check: str, folder: Path) -> Diagnosis:
    if closed := why_closed(folder):
        return problem(check, closed, "correct its rights, or the url of the remote")
    if not folder.is_dir():
        return warning(
            check, f"nothing at {folder}: not mounted, or never pushed to", "mount it, or: dvc push"
        )
    return ok(check, "it is there")


def _locks(file: Path) -> Iterator[Diagnosis]:
    """Tells what DVC's table of locks says: one that cannot be read stops every command."""
    if not file.is_file():
        yield ok("locks", "none held")
        return
    advice = f"once no DVC is at work: rm {file}"
    try:
        pids = set(_pids(json.loads(file.read_text(encoding="utf-8") or "{}")))
    except (ValueError, RecursionError, TypeError, AttributeError):
        yield problem("locks", f"{file} cannot be read: every command of DVC fails", advice)
        return
    held = [pid for pid in sorted(pids) if _is_alive(pid)]
    others = [pid for pid in held if not _is_dvc(pid)]
    if others:
        yield problem(
            "locks",
            f"process {others[0]} holds data by {file}, and is no DVC: it got the number of one "
            "that was killed, and DVC waits for it",
            advice,
        )
    elif held:
        yield ok("locks", f"process {held[0]} is at work")
    else:
        yield ok("locks", "none held by a process that lives")


def _pids(table: Any) -> Iterator[int]:
    """Yields the processes in the table: readers in lists, one writer alone."""
    for entry in table.values():
        for holder in (*entry.get("read", ()), entry.get("write") or {}):
            if holder:
                yield int(holder["pid"])


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _is_dvc(pid: int) -> bool:
    """Returns whether a process may be DVC; what cannot be seen may."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True
    return any(word in words for word in (b"dvc", b"ft-registry", b"ft_registry", b"python"))


def _temporary(cache: Path) -> tuple[int, int]:
    """Returns how many temporary files lie in a cache, and their bytes."""
    count = size = 0
    before = time.time() - _LEFT_SECONDS
    for path in _files(cache):
        if path.suffix == ".tmp":
            found = path.stat()
            if found.st_mtime < before:
                count, size = count + 1, size + found.st_size
    return count, size


def _files(folder: Path) -> Iterator[Path]:
    for here, _, names in os.walk(folder):
        yield from (Path(here, name) for name in names)


def _folders(project: DvcProject) -> Iterator[Path]:
    """Yields the folders that a ``.dvc`` file beside them tracks."""
    for here, folders, names in os.walk(project.root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            data = Path(here, name.removesuffix(".dvc"))
            if name.endswith(".dvc") and data.is_dir():
                yield data


def _is_lonely(project: DvcProject, main: Path) -> bool:
    """Returns whether this is a linked work tree with an empty cache of its own."""
    shared = main / ".dvc" / "cache" / "files" / "md5"
    if project.root == main or project.cache == shared.resolve() or project.cache.is_dir():
        return False
    return shared.is_dir()


def _is_folder(url: str) -> bool:
    return _folder(url).is_absolute()


def _is_relative(url: str) -> bool:
    return "://" not in url and not _is_folder(url)


def _folder(url: str) -> Path:
    # Not Path.expanduser(), which raises when there is no such user.
    return Path(os.path.expanduser(url.removeprefix("file://")))  # noqa: PTH111
