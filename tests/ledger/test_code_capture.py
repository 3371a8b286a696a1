"""What is captured of the code is enough to have it back, byte for byte, and disturbs nothing."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.ledger.repositories import MadeOnce, commit_file, git, open_code, work_state
from tests.ledger.work import WORK, contents, make_varied, modify, rebuild


@pytest.fixture
def repository(made_once: MadeOnce, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made_once(make_varied), tmp_path / "project", symlinks=True))


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_the_patch_on_the_commit_is_the_work_tree(
    repository: Path, tmp_path: Path, work: Callable[[Path], object]
) -> None:
    work(repository)
    assert rebuild(repository, tmp_path / "rebuilt") == contents(repository)


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_work_tree_index_and_head_stay_as_they_are(
    repository: Path, work: Callable[[Path], object]
) -> None:
    work(repository)
    before = work_state(repository)
    open_code(repository).capture()
    assert work_state(repository) == before


SETTINGS = {
    "diff.noprefix": "[diff]\n\tnoprefix = true\n",
    "diff.mnemonicPrefix": "[diff]\n\tmnemonicPrefix = true\n",
    "diff.context": "[diff]\n\tcontext = 0\n\tinterHunkContext = 5\n",
    "diff.renames": "[diff]\n\trenames = copies\n\talgorithm = patience\n",
    "diff.external": "[diff]\n\texternal = false\n",
    "diff.orderFile": "[diff]\n\torderFile = /dev/null\n\tsuppressBlankEmpty = true\n",
    "diff.relative": "[diff]\n\trelative = true\n\twsErrorHighlight = all\n",
    "colours": "[color]\n\tui = always\n\tdiff = always\n[diff]\n\tcolorMoved = zebra\n",
    "core.quotePath": "[core]\n\tquotePath = true\n\tabbrev = 4\n\tpreloadIndex = false\n",
    "status": "[status]\n\tshowUntrackedFiles = no\n\trelativePaths = true\n",
    "index": "[core]\n\tsplitIndex = true\n\tuntrackedCache = true\n[index]\n\tversion = 4\n",
    "whitespace": "[core]\n\twhitespace = cr-at-eol,tab-in-indent,trailing-space\n",
}


@pytest.mark.parametrize("lines", SETTINGS.values(), ids=SETTINGS)
def test_settings_do_not_change_the_patch(
    repository: Path, tmp_path: Path, git_config: Callable[[str], None], lines: str
) -> None:
    for name in ("modified", "renamed", "binary", "untracked with odd names", "blank lines"):
        WORK[name](repository)
    plain = open_code(repository).capture().patch
    git_config(lines)
    assert open_code(repository).capture().patch == plain
    assert rebuild(repository, tmp_path / "rebuilt") == contents(repository)


def test_a_driver_for_diffs_does_not_change_the_patch(repository: Path, tmp_path: Path) -> None:
    git(repository, "config", "diff.upper.textconv", "tr a-z A-Z <")
    git(repository, "config", "diff.upper.command", "false")
    commit_file(repository, ".gitattributes", b"*.py diff=upper\n*.txt -diff\n")
    modify(repository)
    assert rebuild(repository, tmp_path / "rebuilt") == contents(repository)
