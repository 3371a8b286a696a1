"""Registries for many processes at once."""

from collections.abc import Iterator
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
