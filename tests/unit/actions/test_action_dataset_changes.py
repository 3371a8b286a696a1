"""Which dataset of one version is which of another, where files were renamed."""

import pytest
from tests.unit.values import make_dataset

from ft_registry.actions.dataset_changes import pair_datasets
from ft_registry.model.snapshot import Dataset, DvcHash


def data(name: str, content: str, path: str = "") -> Dataset:
    dvc = DvcHash(md5=content * 32, size=1, nfiles=1)
    return make_dataset(path=path or f"data/{name}.jsonl", name=name, dvc=dvc)


A, B, B2 = data("a", "a"), data("b", "b"), data("b", "c")
RENAMED, EDITED, OTHER = data("c", "b"), data("c", "d"), data("e", "e")
TWINS = [data("t", "1", "x/t.jsonl"), data("t", "2", "y/t.jsonl")]
TWINS_EDITED = [data("t", "3", "y/t.jsonl"), data("t", "1", "x/t.jsonl")]


def alike(one: Dataset, other: Dataset) -> float:
    return 0.9 if {one.key[0], other.key[0]} == {"b", "d"} else 0.1


@pytest.mark.parametrize(
    ("old", "new", "pairs"),
    [
        ([A], [OTHER], [(A, OTHER)]),
        ([A, B], [B2, A], [(A, A), (B, B2)]),
        ([A, B], [A, RENAMED], [(A, A), (B, RENAMED)]),
        ([A, B], [A, OTHER, EDITED], [(A, A), (B, EDITED), (None, OTHER)]),
        ([A, B], [A, OTHER], [(A, A), (B, None), (None, OTHER)]),
        (TWINS, TWINS_EDITED, [(TWINS[0], TWINS_EDITED[1]), (TWINS[1], TWINS_EDITED[0])]),
        ([], [A], [(None, A)]),
    ],
    ids=["one each", "edited", "renamed", "renamed and edited", "another", "twins", "new"],
)
def test_datasets_are_paired(
    old: list[Dataset], new: list[Dataset], pairs: list[tuple[Dataset | None, Dataset | None]]
) -> None:
    assert pair_datasets(old, new, alike) == pairs
