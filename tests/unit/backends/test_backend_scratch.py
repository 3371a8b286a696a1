"""Scratch of killed commands goes after a week, and nothing else does."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

from ft_registry.backends.scratch import sweep_scratch

NOW = datetime(2026, 3, 1, tzinfo=UTC)
STAYS = ("examples", "objects", "dvc-site", "locks", "items", "quarantine")


def test_scratch_goes_after_a_week(tmp_path: Path) -> None:
    old = [Path(mkdtemp(prefix=f"{word}-", dir=tmp_path)) for word in ("data", "suite")]
    new = Path(mkdtemp(prefix="check-", dir=tmp_path))
    (old[0] / "deep").mkdir()
    for name in STAYS:
        (tmp_path / name).mkdir()
    (tmp_path / "data-12345678").touch()
    for path in tmp_path.iterdir():
        days = 1 if path == new else 8
        time = (NOW - timedelta(days=days)).timestamp()
        os.utime(path, (time, time))
    sweep_scratch(tmp_path, NOW)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {*STAYS, "data-12345678", new.name}


def test_a_folder_that_is_not_there_is_fine(tmp_path: Path) -> None:
    sweep_scratch(tmp_path / "none", NOW)
