"""What does `data snapshot` cost beside `dvc add`?"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from lab import Lab
from measure import Contender, Plan, Question, Result, Target

_ROUNDS = 3
"""A gigabyte is written six times a round: more rounds would cost more than they tell."""


def answers(lab: Lab, plan: Plan) -> Iterator[Result]:
    """Yields the cost of a snapshot, by the way in which DVC's cache keeps files."""
    mebibytes = 64 if plan.small else 1024
    master = lab.folder / "master.jsonl"
    _write_rows(master, mebibytes << 20)
    for kind in ("", "hardlink"):
        whole = lab.registry(f"whole-{kind}")
        ours = lab.registry(f"ours-{kind}")
        peer = lab.registry(f"peer-{kind}")  # prepared alike; then DVC alone works in it
        for place in (whole, ours, peer):
            if kind:
                place.run("dvc", "config", "cache.type", kind)
                place.commit("how the cache keeps files")
        yield Question(
            f"A snapshot of {mebibytes} MiB of JSONL, "
            + (f"cache.type {kind}" if kind else "DVC's default cache.type"),
            [
                _contender("ft-registry data snapshot", whole, master),
                _contender("ft-registry data snapshot --no-index", ours, master),
                _contender("dvc add", peer, master),
            ],
            unit="dvc add",
            targets=[
                Target("ft-registry data snapshot --no-index", 1.0, to="dvc add"),
                *([] if kind else [Target("ft-registry data snapshot", 1.2, to="dvc add")]),
            ],
            notes=[
                "Ours adds SHA-256, row count, a check of what the cache holds, the commit of the "
                "pointer and the event; without --no-index also a check, profile and index of "
                "every example"
            ],
        ).answer(min(plan.rounds, _ROUNDS))
        for place in (whole, ours, peer):
            shutil.rmtree(place.folder)


def _contender(name: str, lab: Lab, master: Path) -> Contender:
    command = tuple(name.split())
    numbers = count(1)
    current: list[str] = []

    def prepare() -> None:
        shutil.rmtree(lab.folder / ".dvc" / "cache", ignore_errors=True)
        for old in current:
            (lab.folder / old).unlink()
        # Another name and another last line each round: neither DVC nor we may remember it.
        current[:] = [f"train-{next(numbers)}.jsonl"]
        file = lab.folder / current[0]
        shutil.copyfile(master, file)
        with file.open("a") as rows:
            rows.write(json.dumps({"prompt": "the last", "completion": file.name}) + "\n")
        os.sync()

    return Contender(name, _adding(lab, command, current), prepare=prepare)


def _adding(lab: Lab, command: tuple[str, ...], current: list[str]) -> Callable[[], object]:
    return lambda: lab.run(*command, *current)


def _write_rows(file: Path, size: int) -> None:
    """Writes chat examples of about a kilobyte until the size is reached."""
    with file.open("wb") as rows:
        number = 0
        while rows.tell() < size:
            block = []
            for _ in range(1000):
                number += 1
                words = " ".join(f"w{number * 31 % (7919 + word)}" for word in range(140))
                row = {"prompt": f"What of {number}?", "completion": words}
                block.append(json.dumps(row) + "\n")
            rows.write("".join(block).encode())
