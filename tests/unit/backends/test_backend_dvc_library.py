"""DVC's code is loaded once, whole, and out of the garbage collector's way."""

import subprocess
import sys
from pathlib import Path

import pytest

_LOAD = """
import gc, sys
from pathlib import Path
from ft_registry.backends.dvc.library import load_repo

{before}
load_repo(Path(sys.argv[1]))
print(gc.isenabled(), gc.get_freeze_count() > 10_000, "networkx" in sys.modules)
assert sys.getswitchinterval() == 0.005
"""


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("", "True True True"),
        ("gc.disable()", "False True True"),
        ("import dvc.repo", "True False False"),
    ],
)
def test_the_collector_is_as_it_was_and_leaves_what_was_imported(
    tmp_path: Path, before: str, expected: str
) -> None:
    source = _LOAD.format(before=before)
    done = subprocess.run(
        [sys.executable, "-c", source, tmp_path], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == expected
