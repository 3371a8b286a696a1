"""Documents say what the program does: help texts and commands are compared with the real ones."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "cli.md"
BLOCK = re.compile(r"```text\n\$ ft-registry ([^\n]*)\n(.*?)```", re.DOTALL)
CLI = [sys.executable, "-c", "from ft_registry_cli.main import main; main()"]
COMMANDS = (
    "", "init", "status", "ui", "data", "data check",
    "data snapshot", "data list", "data show", "data diff", "data overlap", "data trace",
    "data erase-plan", "register", "eval", "eval add", "eval run", "eval show", "eval compare",
    "baseline", "baseline add", "list", "show", "log", "at",
    "lineage", "diff", "advise", "report", "policy", "policy check", "policy apply", "policy show",
    "policy log", "policy backtest", "policy schema", "approve", "gate", "promote", "rollback",
    "restore", "reproduce", "sync", "verify", "doctor", "run",
)  # fmt: skip


def help_of(command: str) -> str:
    paths = os.pathsep.join([str(ROOT / "registry"), str(ROOT / "cli")])
    environment = {**os.environ, "PYTHONPATH": paths, "COLUMNS": "80"}
    done = subprocess.run(
        [*CLI, *command.split(), "--help"], capture_output=True, text=True, env=environment,
        check=True,
    )  # fmt: skip
    return done.stdout


def blocks() -> dict[str, str]:
    return {
        call.removesuffix("--help").strip(): text
        for call, text in BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_shows_the_help_as_it_is(command: str) -> None:
    shown = help_of(command)
    if os.environ.get("UPDATE_DOCS"):
        page = PAGE.read_text(encoding="utf-8")
        call = f"$ ft-registry {command} --help".replace("  ", " ")
        fresh = f"```text\n{call}\n{shown}```"
        old = re.compile(rf"```text\n{re.escape(call)}\n.*?```", re.DOTALL)
        assert old.search(page), f"docs/cli.md has no block for {call}"
        PAGE.write_text(old.sub(lambda _: fresh, page), encoding="utf-8")
    assert blocks()[command] == shown


def test_every_command_has_its_block() -> None:
    listed = re.findall(r"^  ([a-z]+)  ", help_of("").partition("Commands:")[2], re.MULTILINE)
    assert {command.partition(" ")[0] for command in blocks()} == {"", *listed}


def test_help_fits_eighty_columns() -> None:
    wide = [
        line for command in COMMANDS for line in help_of(command).splitlines() if len(line) > 80
    ]
    assert not wide


@pytest.mark.parametrize(
    "page",
    [
        "README.md", "CONTRIBUTING.md", "docs/advice.md", "docs/cli.md", "docs/concepts.md",
        "docs/doctor.md", "docs/gates.md", "docs/pages.md", "docs/pipelines.md",
        "docs/reliability.md", "docs/training.md",
    ],
)  # fmt: skip
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", text):
        assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}"


def test_make_targets_that_documents_name_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        named = set(re.findall(r"\bmake ([a-z]+)\b(?=`|\)| +#| QUICK|\n)", page.read_text()))
        assert named <= targets | {"anew"}, page
