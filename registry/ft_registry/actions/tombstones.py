"""Reads tombstones: what later datasets are checked against."""

from ft_registry.actions.look import Tombstones
from ft_registry.model import layout
from ft_registry.model.tombstone import Tombstone
from ft_registry.ports.ledger import Ledger


def read_tombstones(ledger: Ledger, key: str) -> Tombstones:
    """Returns the hashes that must not come back.

    Args:
        ledger: The truth.
        key: The name of the secret that a dataset's hashes are made with: only tombstones of the
            same secret can be compared.

    Raises:
        IntegrityError: A tombstone cannot be read.
    """
    contents = ledger.read_many(ledger.paths(layout.TOMBSTONES))
    found = [Tombstone.parse(content, what=path) for path, content in contents.items()]
    own = [one for one in found if one.key == key]

    def joined(names: list[str]) -> bytes:
        return b"".join(sorted(bytes.fromhex(name) for name in names if name))

    return Tombstones(
        exact=joined([one.exact for one in own]),
        normal=joined([one.normal for one in own]),
        subjects=joined([one.subject for one in own]),
    )
