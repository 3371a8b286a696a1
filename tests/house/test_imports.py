"""Reading stays quick: what is not needed is not imported.

`import mlflow` alone costs seconds, DVC and rich tenths. Which modules a command loads is exact,
where a time would not be.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.project import Project

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"mlflow", "dvc", "rich", "pandas", "numpy", "sqlalchemy", "pyarrow", "requests", "ruamel"}
PROBE = """
import json, sys
from ft_registry_cli.main import run
code = run(sys.argv[1:])
sys.stdout.flush()
print(json.dumps({"code": code, "roots": sorted({m.partition(".")[0] for m in sys.modules})}),
      file=sys.stderr)
"""


def loaded(folder: Path, *arguments: str) -> set[str]:
    """Returns the top-level packages that a command loads."""
    paths = os.pathsep.join([str(ROOT / "registry"), str(ROOT / "cli")])
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        cwd=folder, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    found = json.loads(done.stderr.splitlines()[-1])
    assert found["code"] == 0, done.stderr
    return set(found["roots"])


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["register", "--help"], ["data", "snapshot", "--help"]],
    ids=" ".join,
)
def test_help_loads_no_back_end(arguments: list[str], tmp_path: Path) -> None:
    assert not loaded(tmp_path, *arguments) & (HEAVY | {"git"})


@pytest.mark.integration
@pytest.mark.parametrize(
    "arguments",
    [
        ["list"], ["list", "m", "--json"], ["show", "m/1"], ["show", "m@champion", "--json"],
        ["log"], ["log", "m@champion"], ["at", "m@champion", "0s"], ["lineage", "m/1"],
        ["lineage", "m/1", "--down", "--format", "json"], ["status"],
        ["promote", "m/1", "--to", "champion", "--dry-run"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_reading_loads_no_back_end_but_git(arguments: list[str], seeded: Project) -> None:
    assert not loaded(seeded.root, *arguments) & HEAVY
