"""Looks at the health of the git repository around the work; changes nothing in it."""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from ft_registry.backends.git.door import GitDoor, Place
from ft_registry.backends.git.refs import REF
from ft_registry.model.health import Diagnosis, ok, problem, warning

_STALE_SECONDS = 120
"""Git holds a lock for moments; what is older was left by a process that was killed."""
_LOCKS = ("packed-refs.lock", "config.lock", "shallow.lock", f"{REF}.lock")
_OWN_LOCKS = ("index.lock", "HEAD.lock")
"""Those of one work tree."""
_EVERY_REF = ("refs/*", "refs/ft-registry/*", "refs/ft-registry/pins/*")
_HOOK_SCOPES = ("--local", "--global", "--system")
_AT_ONCE = ("now", "0", "all")


def look_at_repository(place: Place, door: GitDoor) -> Iterator[Diagnosis]:
    """Tells where the repository is and what is unusual about it."""
    if place.top is None:
        yield ok("repository", f"{place.git_dir}, bare: reading works here")
    else:
        yield ok("repository", str(place.top))
    status, _, _ = door.attempt("rev-parse", "--quiet", "--verify", "HEAD")
    if status:
        yield warning("commits", "none so far", "git commit: a version cites the commit it is of")
        return
    if door.attempt("symbolic-ref", "--quiet", "HEAD")[0]:
        yield warning(
            "commits",
            "HEAD is detached: commits made here are on no branch, though those that a version "
            "cites stay pinned",
            "git switch BRANCH, unless this is a CI job",
        )
    else:
        yield ok("commits", "on a branch")
    if door.run("rev-parse", "--is-shallow-repository").strip() == b"true":
        yield warning(
            "history",
            "a shallow clone: older code, and what was pinned before, is not here",
            "git fetch --unshallow (in CI: fetch-depth: 0)",
        )
    else:
        yield ok("history", "complete")


def look_at_identity(door: GitDoor, actor: str, environ: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Tells whether an event will name a person.

    Args:
        door: The repository.
        actor: The setting; it wins.
        environ: The environment, which git obeys too.
    """
    if actor:
        yield ok("identity", actor)
        return
    name = environ.get("GIT_AUTHOR_NAME") or door.config("user.name")
    email = environ.get("GIT_AUTHOR_EMAIL") or door.config("user.email")
    if name and email:
        yield ok("identity", f"{name} <{email}>")
        return
    lacking = " and ".join(
        word for word, value in (("user.name", name), ("user.email", email)) if not value
    )
    yield warning(
        "identity",
        f"{lacking} not set: events name the account of this machine",
        "git config --global user.name 'Ada Tunes'; git config --global user.email ada@example.org",
    )


def look_at_locks(place: Place) -> Iterator[Diagnosis]:
    """Names locks that a killed git has left: each makes the next command fail."""
    files = [place.common_dir / name for name in _LOCKS]
    files += [place.git_dir / name for name in _OWN_LOCKS]
    stale = [file for file in files if _age(file) > _STALE_SECONDS]
    for file in stale:
        yield problem(
            "locks",
            f"{file} is {_age(file) / 60:.0f} minutes old: git was killed and left it",
            f"once no git is at work here: rm {file}",
        )
    if not stale:
        yield ok("locks", "none left behind")


def look_at_collection(door: GitDoor) -> Iterator[Diagnosis]:
    """Tells whether a clean-up, or a fetch that prunes, could take what is on record."""
    dangers = []
    if (value := door.config("gc.pruneExpire")) in _AT_ONCE:
        dangers.append(
            warning(
                "clean-up",
                f"gc.pruneExpire = {value}: a git gc takes objects that a command beside it is "
                "about to put on record",
                "git config --unset gc.pruneExpire (two weeks is the default)",
            )
        )
    for name in door.run("remote").decode(errors="replace").split():
        prunes = any(
            door.config(key, kind="bool") == "true"
            for key in (f"remote.{name}.prune", "fetch.prune", f"remote.{name}.mirror")
        )
        _, out, _ = door.attempt("config", "--get-all", f"remote.{name}.fetch")
        targets = [line.rpartition(":")[2] for line in out.decode(errors="replace").splitlines()]
        if prunes and any(target in _EVERY_REF for target in targets):
            dangers.append(
                problem(
                    "clean-up",
                    f"git fetch {name} deletes each ref here that {name} lacks: the ledger and its "
                    "pins too, as long as they are not pushed",
                    f"git config remote.{name}.fetch '+refs/heads/*:refs/remotes/{name}/*'",
                )
            )
    yield from dangers or [ok("clean-up", "git gc keeps what is on record")]


def look_at_hooks(place: Place, door: GitDoor) -> Iterator[Diagnosis]:
    """Names the hooks that git runs for its user: ft-registry runs none of them."""
    # Our own door has core.hooksPath switched off: the files are asked what they say.
    asked = (door.attempt("config", scope, "--get", "core.hooksPath")[1] for scope in _HOOK_SCOPES)
    chosen = next((found for out in asked if (found := os.fsdecode(out).strip())), "")
    base = place.top or place.git_dir
    folder = base / os.path.expanduser(chosen) if chosen else place.common_dir / "hooks"  # noqa: PTH111
    names = sorted(
        file.name
        for file in (folder.iterdir() if folder.is_dir() else ())
        if file.suffix != ".sample" and file.is_file() and os.access(file, os.X_OK)
    )
    told = f"{', '.join(names)}: git's, ft-registry runs none" if names else "none"
    yield ok("hooks", told)


def _age(file: Path) -> float:
    try:
        return time.time() - file.stat().st_mtime
    except OSError:
        return 0.0  # gone, as it should be
