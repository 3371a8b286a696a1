"""Help and reading pay for neither MLflow nor DVC nor rich: each takes seconds or tenths."""

import json
import subprocess
import sys

import pytest
from tests.cli.project import Project, environment

pytestmark = pytest.mark.integration

HEAVY = {"mlflow", "dvc", "rich", "pandas", "numpy", "pyarrow", "sqlalchemy", "requests"}
PROBE = """
import atexit, json, sys
def tell():
    heavy = {name.partition('.')[0] for name in sys.modules}
    print('MODULES', json.dumps(sorted(heavy)), file=sys.stderr)
atexit.register(tell)
from ft_registry_cli.main import main
main()
"""
LIGHT = [
    ("--version",),
    ("--help",),
    ("register", "--help"),
    ("promote", "--help"),
    ("data", "--help"),
    ("data", "snapshot", "--help"),
    ("list",),
    ("list", "m", "--where", "method=sft", "--sort=-scores.dates.exact_match"),
    ("show", "m@champion"),
    ("log", "m@champion"),
    ("at", "m@champion", "0s"),
    ("lineage", "m/1"),
    ("lineage", "m/1", "--down"),
    ("lineage", "m/1", "--format", "html"),
    ("report", "--into", "../public"),
    ("status",),
    ("doctor",),
    ("doctor", "--help"),
    ("verify",),
    ("verify", "m/1"),
    ("verify", "--full"),
    ("promote", "m/1", "--to", "champion", "--dry-run"),
    ("rollback", "m@champion", "--reason", "r", "--dry-run"),
    ("restore", "m/1", "--into", "../back", "--dry-run"),
    ("restore", "m/1", "--into", "../back"),
    ("register", "m", "ad1", "--data", "data/train.jsonl", "--dry-run"),
    ("register", "m", "ad1", "--data", "data/train.jsonl"),
    ("data", "snapshot", "data/train.jsonl"),
]


@pytest.mark.parametrize("command", LIGHT, ids=" ".join)
def test_what_need_not_be_imported_is_not(seeded: Project, command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *command],
        cwd=seeded.root, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *_, modules = [line for line in done.stderr.splitlines() if line.startswith("MODULES ")]
    assert set(json.loads(modules.removeprefix("MODULES "))) & HEAVY == set()


def test_a_snapshot_of_new_data_imports_no_mlflow(seeded: Project) -> None:
    seeded.write("more.jsonl", "{}\n")
    done = subprocess.run(
        [sys.executable, "-c", PROBE, "data", "snapshot", "more.jsonl"],
        cwd=seeded.root, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert '"mlflow"' not in done.stderr
