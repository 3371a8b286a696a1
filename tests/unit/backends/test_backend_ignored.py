"""What is MLflow's own is ignored by git, and the rest of the file is left as it is."""

from pathlib import Path

import pytest

from ft_registry.backends.git.ignored import ignore_mlflow


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, b"/mlflow.db*\n/mlartifacts/\n"),
        (b"", b"/mlflow.db*\n/mlartifacts/\n"),
        (b"/a", b"/a\n/mlflow.db*\n/mlartifacts/\n"),
        (b"/a\r\n", b"/a\r\n/mlflow.db*\n/mlartifacts/\n"),
        (b"/\xe9\n/mlartifacts/\n", b"/\xe9\n/mlartifacts/\n/mlflow.db*\n"),
    ],
)
def test_what_is_missing_is_added(tmp_path: Path, before: bytes | None, after: bytes) -> None:
    file, aside = tmp_path / ".gitignore", tmp_path / ".git" / "ours"
    if before is not None:
        file.write_bytes(before)
    assert ignore_mlflow(tmp_path, tmp_path / "mlflow.db", aside=aside)
    assert file.read_bytes() == after
    assert not ignore_mlflow(tmp_path, tmp_path / "mlflow.db", aside=aside)
    assert file.read_bytes() == after


@pytest.mark.parametrize("folder", ["ml", ".ml", "a/b"])
def test_a_database_in_a_folder_is_named_with_it(tmp_path: Path, folder: str) -> None:
    assert ignore_mlflow(tmp_path, tmp_path / folder / "db", aside=tmp_path / ".git" / "ours")
    wanted = f"/{folder}/db*\n/{folder}/mlartifacts/\n"
    assert (tmp_path / ".gitignore").read_text() == wanted


def test_one_that_lies_elsewhere_is_nothing_to_git(tmp_path: Path) -> None:
    assert not ignore_mlflow(tmp_path / "top", tmp_path / "mlflow.db", aside=tmp_path / "ours")
    assert list(tmp_path.iterdir()) == []
