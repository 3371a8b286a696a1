"""A damaged repository is told; it never passes for an absent document."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.ledger.changes import begin, make_change, write
from tests.ledger.repositories import git, open_ledger

from ft_registry.errors import FtRegistryError

PATH = "models/dates/aliases/champion.json"
PLACES = {
    "document": f"ft-registry:{PATH}",
    "folder": "ft-registry:models/dates/aliases",
    "folder above": "ft-registry:models",
    "state": "ft-registry^{tree}",
}


def garble(file: Path) -> None:
    file.chmod(0o644)
    file.write_bytes(b"this is no git object")


def truncate(file: Path) -> None:
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-8])


@pytest.fixture(params=[Path.unlink, garble, truncate], ids=["lost", "garbled", "truncated"])
def damage(request: pytest.FixtureRequest, repository: Path) -> Callable[[str], None]:
    """Returns what damages one object of a ledger that has a document at PATH."""
    ledger = open_ledger(repository)
    begin(ledger)
    write(ledger, PATH, b'{"version":1}' * 20)

    def hit(name: str) -> None:
        oid = git(repository, "rev-parse", name).strip()
        request.param(repository / ".git" / "objects" / oid[:2] / oid[2:])

    return hit


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_document_behind_damage_does_not_read_as_absent(
    repository: Path, damage: Callable[[str], None], place: str
) -> None:
    damage(place)
    with pytest.raises(FtRegistryError):
        open_ledger(repository).read(PATH)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_requirement_of_absence_is_not_met_by_damage(
    repository: Path, damage: Callable[[str], None], place: str
) -> None:
    damage(place)
    before = git(repository, "rev-parse", "ft-registry")
    with pytest.raises(FtRegistryError):
        open_ledger(repository).append(make_change({PATH: b"2"}, requires={PATH: None}))
    assert git(repository, "rev-parse", "ft-registry") == before


def test_damage_is_told_when_many_documents_are_read(
    repository: Path, damage: Callable[[str], None]
) -> None:
    damage(PLACES["document"])
    with pytest.raises(FtRegistryError):
        open_ledger(repository).read_many([PATH, *(f"models/{n}.json" for n in range(100))])


def test_damage_is_told_when_changes_are_read(
    repository: Path, damage: Callable[[str], None]
) -> None:
    damage(PLACES["document"])
    ledger = open_ledger(repository)
    with pytest.raises(FtRegistryError):
        dict(ledger.changes("models", since=None, until=ledger.head()))


def test_damage_to_an_event_is_told_when_the_history_is_read(
    repository: Path, damage: Callable[[str], None]
) -> None:
    damage("ft-registry:event.json")
    with pytest.raises(FtRegistryError):
        list(open_ledger(repository).events())


def test_what_is_not_damaged_can_be_read_afterwards(
    repository: Path, damage: Callable[[str], None]
) -> None:
    write(open_ledger(repository), "models/whole.json", b"whole")
    damage(PLACES["document"])
    ledger = open_ledger(repository)
    with pytest.raises(FtRegistryError):
        ledger.read(PATH)
    assert ledger.read("models/whole.json") == b"whole"


def test_a_document_below_a_document_is_absent(repository: Path) -> None:
    ledger = open_ledger(repository)
    begin(ledger)
    write(ledger, PATH, b"1")
    assert ledger.read(f"{PATH}/below") is None


def test_a_name_of_two_lines_is_refused_and_disturbs_nothing(repository: Path) -> None:
    ledger = open_ledger(repository)
    begin(ledger)
    write(ledger, PATH, b"1")
    with pytest.raises(ValueError, match="one line"):
        ledger.read("models/a\nHEAD:train.py")
    assert ledger.read(PATH) == b"1"
