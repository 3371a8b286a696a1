"""What is installed is told as `importlib.metadata` tells it."""

from importlib import metadata
from pathlib import Path

import pytest

from ft_registry.backends.environment import capture_environment


def install(folder: Path, name: str, version: str, *, file: str = "dist-info/METADATA") -> None:
    """Makes a distribution whose description has lines that look like headers."""
    place = folder / f"{name}-{version}.{file}"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: x\n\n"
        "Name: other\nVersion: 9\n"
    )


def test_every_distribution_is_told_with_its_version(tmp_path: Path) -> None:
    told = capture_environment(tmp_path).packages
    assert told
    assert all(metadata.version(name) == version for name, version in told.items())
    assert set(told) == {found.metadata["Name"] for found in metadata.distributions()}


@pytest.mark.parametrize("file", ["dist-info/METADATA", "egg-info/PKG-INFO", "egg-info"])
def test_only_headers_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    install(tmp_path, "ours", "1.5", file=file)
    monkeypatch.syspath_prepend(tmp_path)
    told = capture_environment(tmp_path).packages
    assert told["ours"] == "1.5"
    assert "other" not in told


def test_of_two_versions_the_one_that_is_imported_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, version in (("later", "1"), ("first", "2")):
        install(tmp_path / folder, "twice", version)
        monkeypatch.syspath_prepend(tmp_path / folder)
    assert capture_environment(tmp_path).packages["twice"] == "2"
