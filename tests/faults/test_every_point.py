"""A command is cut off at its Nth fault point, for every N; the next commands put all right.

After each: `status` tells what was left, `verify` finds nothing false, the same command works or
says that it is done, `sync` shows in MLflow what is on record, and the end is that of a run that
nobody cut off.

A kill comes at every point, but for those that only say "done" and are followed by another: what
lies on the disk is the same at both. At every distinct point, where the command passes it last,
come Ctrl-C and, in turn, a full and a broken disk. ``FT_FAULTS=all`` has every kind at every N.

A failure names N and kind; ``FT_FAULT_AT=17`` runs that N alone, of the cases that are chosen.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import Outcome, run_cli
from tests.faults.places import SCENARIOS, Place, Scenario
from tests.faults.plan import KILLED, KINDS, Before, Kind, Plan

from ft_registry.faultpoints import POINTS

pytestmark = pytest.mark.integration

ENDS = {"kill": {KILLED}, "interrupt": {0, 130}, "full": {0, 1, 6, 8}, "io": {0, 1, 6, 8}}
"""How a command may end; 0 where it had happened already, or what failed is told."""
AGREED = "none: MLflow shows what the ledger says"
STATUS, VERIFY, SYNC = ("status",), ("verify",), ("sync",)


def run(words: tuple[str, ...], place: Place, prepare: Callable[[], object]) -> Outcome:
    temporary = place.folder / "tmp"
    temporary.mkdir(exist_ok=True)
    env = {"TMPDIR": str(temporary)}
    return run_cli(*words, cwd=place.project.root, env=env, prepare=prepare)


class Loop:
    """One command, cut off again and again from the same start."""

    def __init__(self, scenario: Scenario, start: Place, scratch: Path) -> None:
        self.scenario = scenario
        self.start = start
        self.scratch = scratch
        self.before = start.state()
        place, done = self.copy("whole"), Plan(0, trace=scratch / "trace")
        outcome = run(scenario.words, place, done)
        assert outcome.code == 0, outcome.stderr
        self.points = done.reached()
        read = Plan(0, trace=scratch / "read")
        run(STATUS, place, read)
        self.read = read.reached()
        self.whole = place.state()
        assert self.whole != self.before

    def copy(self, name: str) -> Place:
        return self.start.copy(self.scratch / name)

    def chosen(self, kind: Kind) -> Iterator[int]:
        """Yields the points at which a fault of a kind is tried."""
        only = int(os.environ.get("FT_FAULT_AT", "0"))
        last = {name: n for n, name in enumerate(self.points, start=1)}
        apart = sorted(last.values())
        for n, name in enumerate(self.points, start=1):
            same = name.endswith(("answer", ".done")) and n < len(self.points)
            wanted = {
                "kill": not same,
                "interrupt": n in apart,
                "full": n in apart[0::2],
                "io": n in apart[1::2],
            }[kind]
            if (wanted or os.environ.get("FT_FAULTS") == "all") and only in (0, n):
                yield n

    def check(self, n: int, kind: Kind) -> list[str]:
        """Cuts the command off at a point; returns what is wrong then, or later."""
        place = self.copy(f"{kind}-{n}")
        cut = run(self.scenario.words, place, Plan(n, kind))
        left = place.state()
        happened = left["events"] != self.before["events"]
        words = self.scenario.words
        is_there = (place.folder / "restored").exists()  # and is never written over
        if is_there or (happened and self.scenario.once_only):
            words = STATUS
        after = Before((STATUS, VERIFY, words, SYNC, VERIFY), self.scratch / f"{kind}-{n}.json")
        last = run(STATUS, place, after)
        told, sound, again, mended, whole = after.outcomes()
        wrong = [
            f"{what}: exit {outcome.code} {outcome.stderr[-600:]} {outcome.stdout[-300:]}"
            for what, outcome, codes in (
                ("the cut", cut, ENDS[kind]),
                ("status after it", told, {0}),
                ("verify after it", sound, {0}),
                ("the same again", again, {0}),
                ("sync", mended, {0}),
                ("verify in the end", whole, {0}),
                ("status in the end", last, {0}),
            )
            if outcome.code not in codes or "Traceback" in outcome.stderr
        ]
        wanted, end = dict(self.whole), place.state()
        if is_there:  # only that it was restored may be missing on record
            wanted |= {what: left[what] for what in ("ledger", "events")}
        wrong += _differences(end, wanted)
        if happened and left["mlflow"] != self.whole["mlflow"] and AGREED in told.stdout:
            wrong.append(f"what was left is not told: {told.stdout}")
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
        other = wanted[what]
        if isinstance(there, list):
            there_only = [one for one in there if one not in other]
            other_only = [one for one in other if one not in there]
            pairs = {"": (there_only, other_only)} if there != other else {}
        elif isinstance(there, dict):
            names = {name for name in {*there, *other} if there.get(name) != other.get(name)}
            pairs = {name: (there.get(name), other.get(name)) for name in names}
        else:
            pairs = {"": (there, other)} if there != other else {}
        wrong += [f"{what} {name}: {a}, not {b}"[:1500] for name, (a, b) in pairs.items()]
    return wrong


@pytest.fixture(scope="session")
def loops(
    built_once: Callable[[str, Callable[[Path], None]], Path],
    fresh_template: Path,
    seeded_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Loop]:
    """Returns a function that gives a command's loop; what it starts from is made once."""
    templates = {"fresh": fresh_template, "seeded": seeded_template}
    known: dict[str, Loop] = {}

    def loop(name: str) -> Loop:
        if name not in known:
            scenario = SCENARIOS[name]
            start = built_once(f"fault-{name}", lambda folder: scenario.make(folder, templates))
            known[name] = Loop(scenario, Place(start), tmp_path_factory.mktemp(name))
        return known[name]

    return loop


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_whatever_point_it_is_cut_off_at(
    loops: Callable[[str], Loop], name: str, kind: Kind
) -> None:
    loop = loops(name)
    wrong = {
        f"FT_FAULT_AT={n} ({kind} at {loop.points[n - 1]})": found
        for n in loop.chosen(kind)
        if (found := loop.check(n, kind))
    }
    report = "\n".join(f"{n}\n  " + "\n  ".join(found) for n, found in wrong.items())
    assert not wrong, f"{name}, {len(loop.points)} points:\n{report}"


def test_every_declared_point_is_reached(loops: Callable[[str], Loop]) -> None:
    reached = {point for name in SCENARIOS for point in loops(name).points + loops(name).read}
    assert reached == set(POINTS)
