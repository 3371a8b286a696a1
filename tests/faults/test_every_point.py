"""A command is cut off at its Nth fault point, for every N; the next commands put all right.

After each: `status` tells what was left, `verify` finds nothing false, the same command works or
says that it is done, `sync` shows in MLflow what is on record if `status` tells a difference, and
the end is that of a run that nobody cut off.

A kill comes at every point at which the disk is not as it was at the one before. At every distinct
point, where the command passes it last, come Ctrl-C and, in turn, a full and a broken disk.
``FT_FAULTS=all`` has every kind at every N, and a second `register` too: it passes the points of a
first one.

A failure names N and kind; ``FT_FAULT_AT=17`` runs that N alone, of the cases that are chosen.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import Outcome, run_cli
from tests.faults.places import SCENARIOS, Place, Scenario
from tests.faults.plan import AGREED, KILLED, KINDS, After, Kind, Plan

from ft_registry.faultpoints import POINTS

pytestmark = pytest.mark.integration

ENDS = {"kill": {KILLED}, "interrupt": {0, 130}, "full": {0, 1, 6, 8}, "io": {0, 1, 6, 8}}
"""How a command may end; 0 where it had happened already, or what failed is told."""
_SHOWN = 400
ALL = os.environ.get("FT_FAULTS") == "all"
LOOPED = [name for name in SCENARIOS if ALL or name != "register-next"]
NOTHING, STATUS, VERIFY = ("--version",), ("status",), ("verify",)


def run(words: tuple[str, ...], place: Place, prepare: Callable[[], object]) -> Outcome:
    temporary = place.folder / "tmp"
    temporary.mkdir(exist_ok=True)
    env = {"TMPDIR": str(temporary)}
    return run_cli(*words, cwd=place.project.root, env=env, prepare=prepare)


def points_of(start: Place) -> Path:
    """Returns where the loop of a start notes, for all workers, the points that it passes."""
    return start.folder.with_name(f"{start.folder.name}.points")


class Loop:
    """One command, cut off again and again from the same start."""

    def __init__(self, scenario: Scenario, start: Place, scratch: Path) -> None:
        self.scenario = scenario
        self.start = start
        self.scratch = scratch
        self.before = start.state()
        place = self.copy()
        done = Plan(0, trace=scratch / "trace", watched=place.folder)
        outcome = run(scenario.words, place, done)
        assert outcome.code == 0, outcome.stderr
        self.points, self.states = done.reached(), done.states()
        read = Plan(0, trace=scratch / "read")
        run(STATUS, place, read)
        self.read = read.reached()
        self.whole = place.state()
        assert self.whole != self.before
        noted = scratch / "noted"
        noted.write_text("\n".join([*self.points, *self.read]))
        noted.replace(points_of(start))

    def copy(self) -> Place:
        """Returns a new start, always in the same place: MLflow writes paths into its files."""
        shutil.rmtree(self.scratch / "place", ignore_errors=True)
        return self.start.copy(self.scratch / "place")

    def chosen(self, kind: Kind) -> Iterator[int]:
        """Yields the points at which a fault of a kind is tried."""
        only = int(os.environ.get("FT_FAULT_AT", "0"))
        last = {name: n for n, name in enumerate(self.points, start=1)}
        apart = sorted(last.values())
        for n in range(1, len(self.points) + 1):
            same = n > 1 and self.states[n - 1] == self.states[n - 2]
            wanted = {
                "kill": not same,
                "interrupt": n in apart,
                "full": n in apart[0::2],
                "io": n in apart[1::2],
            }[kind]
            if n == only or (not only and (wanted or ALL)):
                yield n

    def check(self, n: int, kind: Kind) -> list[str]:
        """Cuts the command off at a point; returns what is wrong then, or later."""
        place = self.copy()
        cut = run(self.scenario.words, place, Plan(n, kind))
        left = place.state()
        happened = left["events"] != self.before["events"]
        again = STATUS if happened and self.scenario.once_only else self.scenario.words
        sound = (VERIFY,) if left["ledger"] != self.before["ledger"] else ()
        told = (STATUS,) if left["ledger"] else ()  # else there is no registry to tell of
        after = After((*told, *sound, again, VERIFY), self.scratch / "said")
        run(NOTHING, place, after)
        (_, first), *_, (_, last) = said = after.outcomes()
        outcomes = [("the cut", cut, ENDS[kind])]
        outcomes += [(f"{words[0]} after it", outcome, {0}) for words, outcome in said]
        wrong = [
            f"{what}: exit {outcome.code} {outcome.stderr[-600:]} {outcome.stdout[-300:]}"
            for what, outcome, codes in outcomes
            if outcome.code not in codes or "Traceback" in outcome.stderr
        ]
        wrong += _differences(place.state(), self.whole)
        if happened and left["mlflow"] != self.whole["mlflow"] and AGREED in first.stdout:
            wrong.append(f"what was left is not told: {first.stdout}")
        if AGREED not in last.stdout:
            wrong.append(f"the end is not clean: {last.stdout}")
        wrong += [f"left over: {path}" for path in self._left_over(place, kind)]
        return wrong

    def _left_over(self, place: Place, kind: Kind) -> list[Path]:
        known = {"project", "store", "origin.git", "restored", "tmp"}
        found = [path for path in place.folder.iterdir() if path.name not in known]
        found += (place.project.root / ".dvc" / "tmp").glob("ft-registry-*")
        if kind != "kill":  # the system's own clean-up has what a killed process left there
            found += (place.folder / "tmp").glob("ft-registry-*")
        return found


def _differences(found: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    wrong = []
    for what, there in found.items():
        lines, other = _lines(there), _lines(wanted[what])
        wrong += [f"{what}: more: {_apart(line, other)}" for line in lines if line not in other]
        wrong += [f"{what}: less: {_apart(line, lines)}" for line in other if line not in lines]
        if not wrong and there != wanted[what]:
            wrong.append(f"{what}: in another order or number: {there}"[:_SHOWN])
    return wrong


def _lines(state: Any) -> list[str]:
    if isinstance(state, dict):
        return [f"{name}: {line}" for name, inner in state.items() for line in _lines(inner)]
    return [str(line) for line in state] if isinstance(state, list) else [str(state)]


def _apart(line: str, others: list[str]) -> str:
    """Returns a line from shortly before where it leaves all others."""
    most = 0
    for other in others:
        same = takewhile(lambda pair: pair[0] == pair[1], zip(line, other, strict=False))
        most = max(most, sum(1 for _ in same))
    return f"{line[:60]} ... {line[max(most - 40, 0) :]}"[:_SHOWN]


@pytest.fixture(scope="session")
def loops(
    starts: Callable[[str], Place], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Loop]:
    """Returns a function that gives a command's loop."""
    known: dict[str, Loop] = {}

    def loop(name: str) -> Loop:
        if name not in known:
            start = starts(name)
            known[name] = Loop(SCENARIOS[name], start, tmp_path_factory.mktemp(name))
        return known[name]

    return loop


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", LOOPED)
def test_whatever_point_it_is_cut_off_at(
    loops: Callable[[str], Loop], name: str, kind: Kind
) -> None:
    loop = loops(name)
    assert int(os.environ.get("FT_FAULT_AT", "0")) <= len(loop.points)
    wrong = {
        f"FT_FAULT_AT={n} ({kind} at {loop.points[n - 1]})": found
        for n in loop.chosen(kind)
        if (found := loop.check(n, kind))
    }
    report = "\n".join(f"{n}\n  " + "\n  ".join(found) for n, found in wrong.items())
    assert not wrong, f"{name}, {len(loop.points)} points:\n{report}"


def test_every_declared_point_is_reached(
    starts: Callable[[str], Place], loops: Callable[[str], Loop]
) -> None:
    reached = set()
    for name in LOOPED:
        noted = points_of(starts(name))
        if not noted.exists():
            loops(name)
        reached |= set(noted.read_text().split())
    assert reached == set(POINTS)
