"""Finds secrets in what is about to become immutable: configuration, commands, notes, small files.

A *place* names file and key, or line, and the kind, never the value. What is written as its issuer
writes it is found anywhere; a value under a key such as ``api_key`` is one if it looks random. A
reference to a variable of the environment is none.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ft_registry.errors import Refused
from ft_registry.examples.credentials import (
    SECRETS,
    is_secret_value,
    private_keys,
    tokens,
    url_passwords,
)
from ft_registry.model.manifest import FileEntry
from ft_registry.readers.file_sort import sort_of

_KEY = re.compile(
    r".*(?:api[_-]?key|access[_-]?key|secret|passw(?:or)?d|private[_-]?key|credential).*"
    r"|(?:.*[_-])?(?:token|pwd)",
    re.IGNORECASE | re.DOTALL,
)
_PASSWORD_KEY = re.compile(r".*(?:passw(?:or)?d|pwd).*", re.IGNORECASE | re.DOTALL)
"""People choose passwords, so words may be one; tokens and keys are random."""
_NAMING_KEY = re.compile(
    r".*(?:names?|files?|paths?|dir|folder|env|vars?|arn|refs?|uri|columns?|fields?"
    r"|polic(?:y|ies)|datasets?|hash|digest|sha256|types?|formats?|version)",
    re.IGNORECASE | re.DOTALL,
)
"""Keys whose last word says that the value tells of a secret, or where it is."""
_WORD = r"(?:(?:[a-z]+|[A-Z][a-z]*|[A-Z]+)[0-9]{0,4}|v?[0-9]{1,6}[a-zA-Z]?)"
_WORDS = re.compile(rf"{_WORD}(?:[-_./:]+{_WORD})+")
"""Words and numbers with something between them, as names of files and special tokens are."""
_VALUE = re.compile(r"[A-Za-z0-9+/=_.~!@#%^&*:-]{8,500}")
_REFERENCE = re.compile(r"\$|%\w+%$|os\.environ|env[:.(\[]|arn:|\{\{|<|\*\*\*", re.IGNORECASE)
"""How values begin that name a variable, or stand in the place of one."""
_PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)+")
_LOOSE = re.compile(
    r"(?<![\w-])(?:(?P<openai>sk-(?:proj-|svcacct-|admin-|or-v1-)?[A-Za-z0-9]{20,})"
    r"|(?P<huggingface>hf_[A-Za-z0-9]{30,40}))(?!\w)"
)
"""As older and newer tokens of theirs are written as well."""
_OPTION = re.compile(
    r"(?:^|\s)--?[\w-]*?(?P<option>token|api[_-]?key|access[_-]?key|secret|passw(?:or)?d|pwd)"
    r"(?:=|\s+)[\"']?(?P<value>[^\s\"']{8,500})"
    r"|(?:^|\s)\w*(?P<variable>TOKEN|API_?KEY|ACCESS_KEY|SECRET|PASSWORD|PASSWD)=[\"']?"
    r"(?P<assigned>[^\s\"']{8,500})"
)
_VOCABULARIES = re.compile(
    r"(?!tokenizer_config\.)(?:tokenizer|vocab|tekken|merges|added_tokens).*"
)
"""Random by nature, and no place for a secret."""
_SMALL = 1 << 20


def in_values(name: str, value: Any, *, by_key: bool = True) -> Iterator[str]:
    """Yields the places of secrets in a configuration.

    Args:
        name: What it is called.
        value: Mappings, lists and text.
        by_key: A random value is a secret if its key says so.
    """
    pending: list[tuple[str, str, Any]] = [("", "", value)]
    while pending:
        path, key, one = pending.pop()
        if isinstance(one, dict):
            pending += [(f"{path}.{k}" if path else str(k), str(k), v) for k, v in one.items()]
            # A key may be one as well, but is not shown then.
            for kind in {kind for k in one for kind in _kinds(str(k))}:
                yield f"{name}: a key ({SECRETS[kind]})"
        elif isinstance(one, list):
            pending += [(f"{path}[{place}]", key, item) for place, item in enumerate(one)]
        elif isinstance(one, str):
            for kind in _kinds(one) or (_kind_by_key(key, one) if by_key else ()):
                yield f"{name}: {_shown(path)} ({SECRETS[kind]})"


def _shown(path: str) -> str:
    """Returns a path without what is secret in it."""
    return "a key" if _kinds(path) else path[:200]


def in_text(name: str, text: str) -> Iterator[str]:
    """Yields the places of secrets in a text, by line."""
    if not _kinds(text):
        return
    whole = set(_kinds(text))
    for number, line in enumerate(text.split("\n"), 1):
        for kind in _kinds(line):
            whole.discard(kind)
            yield f"{name}, line {number} ({SECRETS[kind]})"
    for kind in sorted(whole):  # a private key is of many lines
        yield f"{name} ({SECRETS[kind]})"


def in_command(name: str, command: str) -> Iterator[str]:
    """Yields that a command has a secret in it, by kind."""
    kinds = _kinds(command)
    if not kinds:
        given = (
            (match["option"] or match["variable"], match["value"] or match["assigned"])
            for match in _OPTION.finditer(command)
        )
        kinds = ["password"] if any(_kind_by_key(*one) for one in given) else []
    for kind in kinds:
        yield f"{name} ({SECRETS[kind]})"


def in_patch(name: str, patch: bytes) -> Iterator[str]:
    """Yields the places of secrets in what a patch adds, by file."""
    text = patch.decode("utf-8", errors="replace")
    if not _kinds(text):
        return
    file = name
    for line in text.split("\n"):
        if line.startswith("+++ "):
            file = line[4:].removeprefix("b/").strip()[:200]
        elif line.startswith("+"):
            for kind in _kinds(line[1:]):
                yield f"{name}: {file} ({SECRETS[kind]})"


def in_files(root: Path, files: Sequence[FileEntry]) -> Iterator[str]:
    """Yields the places of secrets in the small texts among files, those of vocabularies aside.

    Raises:
        NotFound: One is gone.
        Refused: One cannot be read.
    """
    for entry in files:
        name = PurePosixPath(entry.path).name
        if entry.size > _SMALL or _VOCABULARIES.fullmatch(name):
            continue
        # By what it holds: of .env, .netrc and logs no ending tells that they are texts.
        if sort_of(root / entry.path) not in ("text", "code"):
            continue
        try:
            content = (root / entry.path).read_bytes()
        except OSError as error:
            raise Refused(
                f"expected to read {root / entry.path}, found: {error.strerror}"
            ) from error
        yield from in_text(entry.path, content.decode("utf-8", errors="replace"))


def _kinds(text: str) -> list[str]:
    found = {*tokens(text), *private_keys(text), *url_passwords(text)}
    for match in _LOOSE.finditer(text):
        if _is_random(match.group()):
            found.add(str(match.lastgroup))
    return sorted(found)


def _kind_by_key(key: str, value: str) -> tuple[str, ...]:
    if not _KEY.fullmatch(key) or _NAMING_KEY.fullmatch(key) or not _is_random(value):
        return ()
    is_name = _WORDS.fullmatch(value) and not _PASSWORD_KEY.fullmatch(key)
    return () if is_name else ("password",)


def _is_random(value: str) -> bool:
    """Returns whether a value looks like a secret, not like a name, a path or a reference."""
    is_path = _PATH.fullmatch(value) is not None and len(value) < 40
    is_other = _REFERENCE.match(value) is not None or is_path
    return not is_other and _VALUE.fullmatch(value) is not None and is_secret_value(value)
