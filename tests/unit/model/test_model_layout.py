"""No folder of the ledger gets too many entries, and no two documents one path."""

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import alias_names, digests, law, md5s, model_names

from ft_registry.model import layout
from ft_registry.model.manifest import relative_path

VERSIONS = range(1, 10_001)
BY_NUMBER: list[Callable[[str, int], str]] = [
    layout.version,
    lambda name, number: layout.evaluation(name, number, "dates-0123456789abcdef"),
    lambda name, number: layout.approval(name, number, "0123456789abcdef"),
]


def children(paths: list[str]) -> dict[str, set[str]]:
    """Returns the direct entries of each folder."""
    found: dict[str, set[str]] = {}
    for path in paths:
        parts = path.split("/")
        for depth in range(1, len(parts)):
            found.setdefault("/".join(parts[:depth]), set()).add(parts[depth])
    return found


@pytest.mark.parametrize("place", BY_NUMBER, ids=["version", "evaluation", "approval"])
def test_ten_thousand_versions_put_at_most_101_entries_in_a_folder(
    place: Callable[[str, int], str],
) -> None:
    entries = children([place("m", number) for number in VERSIONS])
    # 10,000 begins the 101st hundred.
    assert max(len(names) for names in entries.values()) <= 101


@pytest.mark.parametrize("place", BY_NUMBER, ids=["version", "evaluation", "approval"])
def test_each_folder_of_numbers_holds_at_most_a_hundred(place: Callable[[str, int], str]) -> None:
    hundreds = Counter(place("m", number).split("/")[3] for number in VERSIONS)
    assert max(hundreds.values()) == 100


@given(model_names, digests, md5s)
@law
def test_what_is_named_by_a_digest_is_cut_by_its_first_two_digits(
    name: str, digest: str, md5: str
) -> None:
    for path in (
        layout.identity(name, digest),
        layout.environment(digest),
        layout.snapshot(name, md5),
        layout.late_index(name, md5),
    ):
        *_, folder, file = path.split("/")
        assert len(folder) == 2
        assert file.startswith(folder)
        assert int(folder, 16) < 256


@given(model_names, model_names, alias_names, st.integers(1, 10**9), st.integers(1, 10**9), digests)
@law
def test_two_documents_never_share_a_path(
    name: str, other: str, alias: str, number: int, second: int, digest: str
) -> None:
    paths = [
        layout.FORMAT,
        layout.EVENT,
        *{layout.model(name), layout.model(other)},
        *{layout.version(name, number), layout.version(name, second)},
        *{layout.evaluation(name, number, "a"), layout.evaluation(name, second, "a")},
        layout.alias(name, alias),
        layout.identity(name, digest),
        layout.snapshot(name, digest.removeprefix("sha256:")[:32]),
        layout.late_index(name, digest.removeprefix("sha256:")[:32]),
        layout.environment(digest),
    ]
    assert len(set(paths)) == len(paths)


@given(model_names, alias_names, st.integers(1, 10**9), digests)
@law
def test_every_path_stays_below_the_root(name: str, alias: str, number: int, digest: str) -> None:
    for path in (
        layout.model(name),
        layout.version(name, number),
        layout.alias(name, alias),
        layout.identity(name, digest),
        layout.environment(digest),
    ):
        assert relative_path(path) == path


def test_the_paths_of_the_first_release_stay() -> None:
    assert layout.version("m", 7) == "models/m/versions/0/7.json"
    assert layout.version("m", 1234) == "models/m/versions/12/1234.json"
    assert layout.alias("m", "champion") == "models/m/aliases/champion.json"
    assert layout.evaluation("m", 250, "x") == "models/m/evaluations/2/250/x.json"
    assert layout.identity("m", "sha256:ab" + "0" * 62) == (
        "models/m/identities/ab/ab" + "0" * 62 + ".json"
    )
    assert layout.snapshot("train", "cd" + "0" * 30) == "data/train/cd/cd" + "0" * 30 + ".json"


def test_documents_lie_in_the_folders_that_list_them() -> None:
    assert layout.version("m", 7).startswith(layout.versions("m") + "/")
    assert layout.alias("m", "a").startswith(layout.aliases("m") + "/")
    assert layout.evaluation("m", 7, "x").startswith(layout.evaluations("m", 7) + "/")
