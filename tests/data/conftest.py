"""Data in a cache and remotes, made once and copied."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from tests.data.kept import Kept, configure, copy_kept, make_kept
from tests.data.stores import Bucket, s3_server

_NUMBERS = count()
BuiltOnce = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def kept_template(built_once: BuiltOnce, fresh_template: Path) -> Path:
    """A registry with a file and a folder in its cache and in two remotes."""
    return built_once("kept", lambda folder: make_kept(folder, fresh_template))


@pytest.fixture
def kept(kept_template: Path, tmp_path: Path) -> Kept:
    """Such a registry of one's own."""
    return copy_kept(kept_template, tmp_path / "kept")


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an S3 server."""
    with s3_server(tmp_path_factory.mktemp("s3")) as url:
        yield url


@pytest.fixture
def bucket(s3: str, kept: Kept) -> Bucket:
    """The default remote of `kept`, in place of its local ones, and all that was pushed to them."""
    made = Bucket(s3, f"kept-{next(_NUMBERS)}")
    made.fill(kept.places["store"])
    configure(kept, made.settings)
    return made
