"""Reads tombstones: what later datasets are checked against."""

from collections import Counter
from collections.abc import Iterable, Sequence

from ft_registry.actions.look import Tombstones
from ft_registry.examples.erased import Erased
from ft_registry.model import layout
from ft_registry.model.secret import Secret
from ft_registry.model.snapshot import DataContent
from ft_registry.model.tombstone import Tombstone
from ft_registry.ports.ledger import Ledger


def stored_tombstones(ledger: Ledger) -> list[Tombstone]:
    """Returns all tombstones on record.

    Raises:
        IntegrityError: A tombstone cannot be read.
    """
    contents = ledger.read_many(ledger.paths(layout.TOMBSTONES))
    return [Tombstone.parse(content, what=path) for path, content in contents.items()]


def read_tombstones(ledger: Ledger, secrets: Iterable[Secret], *, subject: str) -> Tombstones:
    """Returns the hashes that must not come back.

    Args:
        ledger: The truth.
        secrets: All that are here: a tombstone is compared under the secret that it was made with.
        subject: The key of the examples that names the person; empty: persons are not looked at.

    Raises:
        IntegrityError: A tombstone cannot be read.
    """
    found = stored_tombstones(ledger)
    values = {"": None, **{secret.name: secret.value for secret in secrets}}
    untold = [
        f"{_count(number, 'tombstone')} of the secret {key}, which is not here "
        "(FT_REGISTRY_EXAMPLE_KEY): nobody looked for what they name"
        for key, number in sorted(Counter(one.key for one in found).items())
        if key not in values
    ]
    # Each person has one a secret.
    persons = Counter(one.key for one in found if one.subject)
    if persons and not subject:
        untold.append(
            f"{_count(max(persons.values()), 'person')} erased: without --subject KEY nobody looks "
            "for new examples about them"
        )
    erased = (
        _erased(value, [one for one in found if one.key == key]) for key, value in values.items()
    )
    return Tombstones(tuple(one for one in erased if one is not None), tuple(untold))


def untold_words(content: DataContent, stones: Sequence[Tombstone]) -> str:
    """Returns in words that nobody can tell whether data holds what some tombstones name."""
    named = "is" if len(stones) == 1 else "are"
    return (
        f"{_count(len(stones), 'tombstone')} {named} on record, and nobody can tell whether "
        f"{content.path} holds what was erased: no index of it can be compared"
    )


def _erased(value: bytes | None, stones: Sequence[Tombstone]) -> Erased | None:
    if not stones:
        return None

    def joined(names: Iterable[str]) -> bytes:
        return b"".join(sorted(bytes.fromhex(name) for name in names if name))

    return Erased(
        value,
        exact=joined(one.exact for one in stones),
        normal=joined(one.normal for one in stones),
        subjects=joined(one.subject for one in stones),
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' if number != 1 else ''}"
