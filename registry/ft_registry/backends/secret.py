"""Finds the secret of keyed hashes, or makes one."""

import os
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

from ft_registry.errors import InvalidInput
from ft_registry.faultpoints import faultpoint
from ft_registry.model.secret import Secret

_LEAST = 16
"""Characters: a secret that can be guessed protects nothing."""


def find_secret(given: str, file: Path, *, make: bool) -> Secret | None:
    """Returns the secret that is given, else that of a file; None: there is none.

    Args:
        given: The value of the environment's variable; empty: it is not set.
        file: Where it is kept otherwise, readable by its owner alone.
        make: Write a new one where there is none.

    Raises:
        InvalidInput: It is too short, or no text; or what lies in the file's place is no file.
    """
    given = given or _kept(file)
    if not given and make:
        given = _make(file)
    if not given:
        return None
    if len(given) < _LEAST:
        raise InvalidInput(
            f"expected a secret of at least {_LEAST} characters, found {len(given)}",
            hints=["FT_REGISTRY_EXAMPLE_KEY holds it; openssl rand -hex 32 makes a good one"],
        )
    return Secret(given.encode())


def _kept(file: Path) -> str:
    if not file.is_file():
        return ""
    try:
        return file.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"expected a secret of one line of text in {file}, found other bytes",
            hints=["put the secret back; FT_REGISTRY_EXAMPLE_KEY is taken instead of the file"],
        ) from error


def _make(file: Path) -> str:
    """Keeps a new secret, whole or not at all; where another process was quicker, takes its own."""
    if os.path.lexists(file) and not file.is_file():
        # What was hashed before would have another secret than what comes now.
        raise InvalidInput(
            f"expected the secret of keyed hashes in {file}, found "
            f"{'a link that leads nowhere' if file.is_symlink() else 'no file'}",
            hints=["mount the disk that it is on, or take away what is there"],
        )
    made = token_hex(32)
    faultpoint("file.write")
    file.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="secret-", dir=file.parent) as scratch:
        fresh = Path(scratch) / file.name
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as target:
            target.write(f"{made}\n")
            target.flush()
            os.fsync(target.fileno())
        faultpoint("file.place")
        try:
            os.link(fresh, file)  # unlike a rename it takes nobody's place
        except FileExistsError:
            if kept := _kept(file):
                return kept
            fresh.replace(file)  # a file that is empty is no secret
    return made
