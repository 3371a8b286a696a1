"""Ctrl-C ends a command wherever it comes, and says where to look, not to do it twice."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli.project import Project, environment

_LOST = """
import time
from ft_registry_cli.app import app
from ft_registry_cli.main import main

class Finalized:
    def __del__(self):
        raise KeyboardInterrupt

@app.command("stay")
def stay():
    Finalized()
    time.sleep(60)

main(["stay"])
"""


def test_an_interruption_that_python_would_drop_ends_the_command(tmp_path: Path) -> None:
    """So does one that comes while a module is imported: it happens one time in ten."""
    done = subprocess.run(
        [sys.executable, "-c", _LOST],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False, timeout=50,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.startswith("error: interrupted\nhint: ft-registry status")


@pytest.mark.integration
def test_a_rollback_cut_after_its_event_is_not_to_be_repeated(seeded: Project) -> None:
    """Repeated it would go back further; `status` names what is left, and `sync` mends it."""
    before = seeded.head()
    process = seeded.start("rollback", "m@champion", "--reason", "worse")
    ref = seeded.root / ".git/refs/heads/ft-registry"
    deadline = time.monotonic() + 60
    while ref.read_text().strip() == before and time.monotonic() < deadline:
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert (process.returncode, "again" in stderr) == (130, False), stderr
    shown = seeded.cli("status").stdout
    assert "alias stale: m@champion" in shown
    seeded.done("sync")
    assert "none: MLflow shows what the ledger says" in seeded.cli("status").stdout
    assert int(seeded.client().get_model_version_by_alias("m", "champion").version) == 1
