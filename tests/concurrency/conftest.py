"""Registries for many processes at once, and what their choices are drawn from."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.mlflow.conftest import serving


@pytest.fixture(scope="session")
def mlflow_server(fresh_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real `mlflow server` before a store that its clients write to themselves.

    What is looked at here is who moves an alias when: weights that come over HTTP would take most
    of the time, and are tested elsewhere.
    """
    folder = tmp_path_factory.mktemp("server")
    root = (folder / "artifacts").as_uri()
    options = ("--no-serve-artifacts", "--default-artifact-root", root)
    with serving(folder, fresh_template, *options) as address:
        yield address


@pytest.fixture
def seeds(record_property: Callable[[str, object], None]) -> Callable[[int], list[int]]:
    """Returns a function that gives each of so many processes a seed; the first is told.

    FT_REGISTRY_SEED=N gives the first one. It decides what each process wants to do, not which of
    them is quicker.
    """

    def draw(count: int) -> list[int]:
        given = os.environ.get("FT_REGISTRY_SEED", "")
        first = int(given) if given.isdigit() else int.from_bytes(os.urandom(3), "big")
        record_property("FT_REGISTRY_SEED", first)
        return list(range(first, first + count))

    return draw
