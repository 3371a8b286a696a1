"""The tour is run, and prints what the page says. ``UPDATE_DOCS=1`` writes down what it prints."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "tour.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


class Shell:
    """A folder in which lines are typed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "support-dates"
        self.folder.mkdir()
        programs = folder / "bin"
        programs.mkdir()
        program = programs / "ft-registry"
        program.write_text(
            f"#!/bin/sh\nexec {sys.executable} -c "
            "'from ft_registry_cli.main import main; main()' \"$@\"\n"
        )
        program.chmod(0o755)
        python = programs / "python"  # not a link: it would not find its libraries
        python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        python.chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join([str(ROOT / "registry"), str(ROOT / "cli")]),
            "FT_REGISTRY_ACTOR": "Ada Tunes <ada@example.org>",
            "GIT_AUTHOR_NAME": "Ada Tunes",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada Tunes",
            "GIT_COMMITTER_EMAIL": "ada@example.org",
            "HOME": str(folder),
        }

    def type(self, line: str) -> str:
        done = subprocess.run(
            ["bash", "-c", line], cwd=self.folder, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        shown = done.stdout.replace(str(self.folder.parent), "/home/ada")
        return shown.replace(f" on {socket.gethostname()}\n", " on laptop\n")


def steps(page: str) -> Iterator[tuple[str, str]]:
    """Yields each command with what the page says it prints."""
    for block in BLOCK.findall(page):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = step.partition("\n")
            yield command, printed


def settled(text: str) -> str:
    """Takes out what differs from run to run: hashes, ids, times, what is installed."""
    text = re.sub(r"\b[0-9a-f]{12,64}\b", "<hash>", text)
    text = re.sub(r"\d+ packages, Python [\d.]+", "<packages>", text)
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z", "<time>", text)


@pytest.mark.integration
def test_the_tour_prints_what_the_page_says(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    shell = Shell(tmp_path)
    told = list(steps(page))
    printed = [(command, shell.type(command)) for command, _ in told]
    if os.environ.get("UPDATE_DOCS"):
        fresh = iter(printed)

        def rewrite(block: re.Match[str]) -> str:
            count = len(re.findall(r"^\$ ", block[1], re.MULTILINE))
            lines = [
                f"$ {command}\n{text}" for command, text in (next(fresh) for _ in range(count))
            ]
            return "```console\n" + "".join(lines) + "```"

        PAGE.write_text(BLOCK.sub(rewrite, page), encoding="utf-8")
        return
    for (command, expected), (_, found) in zip(told, printed, strict=True):
        assert settled(found) == settled(expected), f"$ {command}"


def test_results_in_the_tour_fit_eighty_columns() -> None:
    printed = [text for _, text in steps(PAGE.read_text(encoding="utf-8"))]
    lines = [line for text in printed for line in text.splitlines()]
    assert lines
    # Errors and paths are one line each, for grep; a terminal folds them.
    folded = ("error: ", "hint: ", "  in /")
    results = [line for line in lines if not line.startswith(folded)]
    assert not [line for line in results if len(line) > 80]
