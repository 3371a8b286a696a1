"""How the command line is started where its script is not on the path."""

import subprocess
import sys

import pytest
from tests.cli.project import environment

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("module", ["ft_registry_cli", "ft_registry_cli.main"])
def test_as_a_module_it_does_what_the_script_does(module: str) -> None:
    for arguments, code in ((["--help"], 0), (["no-such-command"], 2)):
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments], env=environment(), capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code
        assert "ft-registry" in done.stdout + done.stderr
