"""What somebody looks for in the indexes: examples, a hash or a person, under each secret."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ft_registry.errors import InvalidInput
from ft_registry.examples.content import EXACT_BYTES, Hasher, canonical_content
from ft_registry.examples.faults import unheard
from ft_registry.examples.formats import Format, detect_format, format_of
from ft_registry.examples.normal import normal_batch, normal_text
from ft_registry.examples.reading import read_example
from ft_registry.model.secret import Secret
from ft_registry.readers.examination import iterate
from ft_registry.readers.example_sources import survey

_HARMLESS = frozenset({"crlf", "duplicate-key"})
"""Rules that lines break which are read all the same."""


@dataclass(frozen=True)
class Hashes:
    """An example, or a person, by the hashes of one secret."""

    exact: str = ""
    normal: str = ""
    subject: str = ""


@dataclass(frozen=True)
class Query:
    """What is looked for."""

    shown: str
    """For people: where it came from, without its text."""
    by_key: dict[str, tuple[Hashes, ...]]
    """The same things under each secret that is here; empty: plain."""
    given: Hashes | None = None
    """A hash that somebody gave: the indexes that hold it tell of which secret it is."""
    hashers: Mapping[str, Hasher] = field(default_factory=dict, repr=False)
    """What makes hashes, under each secret that is here; empty: plain."""

    @property
    def is_person(self) -> bool:
        """Whether a person is looked for, not an example."""
        return any(one.subject for many in self.by_key.values() for one in many)


def make_query(
    *,
    example: Path | None,
    hashed: str,
    subject: str,
    secrets: Iterable[Secret],
    formats: Sequence[Format] = (),
) -> Query:
    """Returns what somebody looks for.

    Args:
        example: A file of examples, in any kind and format.
        hashed: An exact hash (32 digits) or a normal one (16).
        subject: The name of a person, as the examples have it.
        secrets: All that are here; without any only plain hashes can be made.
        formats: Those that the indexes were made with: an example is looked for in each, and in
            its own.

    Raises:
        InvalidInput: Not exactly one of them is given; or it is malformed, or holds no example.
        NotFound, Refused: The file cannot be read.
    """
    if sum((example is not None, bool(hashed), bool(subject))) != 1:
        raise InvalidInput("expected one of --example, --hash and --subject")
    keys = {"": Hasher(), **{secret.name: Hasher(secret.value) for secret in secrets}}
    if hashed:
        text = hashed.lower().removeprefix("sha256:")
        if len(text) == 64:
            text = text[:32]
        if len(text) not in (16, 32) or set(text) - set("0123456789abcdef"):
            raise InvalidInput(
                f"expected a hash of 32 or 16 hexadecimal digits, found {hashed!r}",
                hints=["ft-registry data trace --example FILE --json shows those of an example"],
            )
        one = Hashes(exact=text) if len(text) == 32 else Hashes(normal=text)
        return Query(f"hash {text}", dict.fromkeys(keys, (one,)), given=one)
    if subject:
        name = normal_text(subject)
        return Query(
            "examples about the person",
            {key: (Hashes(subject=hasher.short([name]).hex()),) for key, hasher in keys.items()},
            hashers=keys,
        )
    assert example is not None  # noqa: S101 - one of the three is given
    return Query(f"examples of {example}", _hashes_of(example, keys, formats))


def _hashes_of(
    example: Path, keys: dict[str, Hasher], formats: Sequence[Format]
) -> dict[str, tuple[Hashes, ...]]:
    faults: list[str] = []

    def report(rule: str, message: str) -> None:
        if rule not in _HARMLESS:
            faults.append(f"{rule}: {message}")

    sources = survey(example)
    unread = (*sources.packed, *sources.left_out)
    if unread:
        raise InvalidInput(
            f"expected files of examples alone, found {unread[0]} in {example}, which is not read",
            hints=["give the files that hold the examples, one by one"],
        )
    rows = list(iterate(sources.files, report))
    if rows and faults:
        raise InvalidInput(
            f"expected examples that can be read, found some in {example} that cannot: {faults[0]}",
            hints=[f"ft-registry data check {example} names each of them"],
        )
    rows = rows or list(_one_object(example))
    if not rows:
        raise InvalidInput(
            f"expected an example, found none in {example}",
            hints=["a JSON object, or any file that data check reads"],
        )
    return hashes_of(rows, keys, formats)


def hashes_of(
    rows: Sequence[dict[str, Any]], keys: Mapping[str, Hasher], formats: Iterable[Format]
) -> dict[str, tuple[Hashes, ...]]:
    """Returns the hashes of examples, under each secret.

    Args:
        rows: The examples, one or more.
        keys: What makes the hashes, by secret.
        formats: Those that they may have been read in, beside their own.
    """
    common, others = detect_format(rows), tuple(formats)
    found: dict[str, list[Hashes]] = {key: [] for key in keys}
    for row in rows:
        # Examples of several datasets may stand in one file, and odd ones of one dataset; and a
        # dataset may have been read in another format than its examples show.
        read_as = (format_ for format_ in others if _can_be(row, format_))
        for format_ in dict.fromkeys((format_of(row), common, *read_as)):
            reading = read_example(row, format_, unheard)
            content = canonical_content(format_.content_of(row))
            normals = normal_batch(reading.pair)
            # Without words it would be like every other that has none.
            has_words = any(reading.pair)
            for key, hasher in keys.items():
                whole, _ = hasher.pairs(normals)
                exact = hasher.exact([content])[:EXACT_BYTES].hex()
                found[key].append(Hashes(exact, whole.hex() if has_words else ""))
    return {key: tuple(dict.fromkeys(hashes)) for key, hashes in found.items()}


def _can_be(row: Mapping[str, Any], format_: Format) -> bool:
    """Returns whether a row has anything of what a format asks for."""
    required = format_.required
    return not required or any(row.get(key) is not None for key in required)


def _one_object(file: Path) -> Iterator[dict[str, object]]:
    """Yields the JSON object that a file is, however it is laid out."""
    try:
        value = json.loads(file.read_bytes())
    except (ValueError, OSError, RecursionError):
        return
    if isinstance(value, dict):
        yield value
