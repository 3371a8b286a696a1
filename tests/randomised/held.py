"""A registry that is held, step by step, against what the model says of it."""

import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize
from tests.cli.project import Project, jsonl
from tests.mlflow.hands import forget_connections
from tests.randomised.deeds import MODEL, Answer, Deed, perform, perform_killed
from tests.randomised.oracle import CONFLICT, DAMAGED, DONE, Entry, Oracle
from tests.randomised.shown import Database, read_database

from ft_registry.model.event import LoggedEvent
from ft_registry.workspace import Workspace

WEIGHTS = 4
POINTS = {"register": 165, "promote": 100, "rollback": 105, "evaluate": 115, "sync": 120}
"""How many points of `Doom` each verb has, or a few more: a kill past the last one is none."""
PAGES = ("tag_edited", "tag_missing", "description_edited", "description_missing")
ABSENT = ("tag_missing", "description_missing")

BEGINNING = (
    Deed("register", weights=1),
    Deed("register", weights=2, data="train"),
    Deed("promote", number=1, alias="champion"),
    Deed("promote", number=2, alias="champion"),
)
"""What every example begins with: there is something to go wrong with from the first step on."""
BEGUN = (
    Entry("register", 1, key=(1, "none")),
    Entry("register", 2, key=(2, "train")),
    Entry("promote", 1, "champion", None, 1),
    Entry("promote", 2, "champion", 1, 2),
)


def make_ground(folder: Path, fresh: Path) -> None:
    """Makes what every example begins with: a registry, two tracked datasets, some weights."""
    project = Project.copy(fresh, folder)
    for number in range(1, WEIGHTS + 1):
        project.adapter(f"ad{number}")
    project.write("data/other.jsonl", jsonl(30, word="other"))
    for name in ("train", "other"):
        project.done("data", "snapshot", f"data/{name}.jsonl")
    ignored = (project.root / ".gitignore").read_text()
    project.write(".gitignore", f"{ignored}/scores/\n")
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", "data")
    for deed in BEGINNING:
        assert perform(project, {}, deed).code == DONE
    forget_connections()


class HeldRegistry(RuleBasedStateMachine):
    """What a machine of rules works on: one clone, or two with a shared remote, on one MLflow."""

    ground: ClassVar[Path]
    """What `make_ground` made."""
    steps: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="ft-registry-random-"))
        self.oracle = Oracle()
        self.settings: dict[str, str] = {}
        self.clones: list[Project] = []
        self.remote = self.folder
        """The team's; without a team it is none."""
        self.whole: dict[int, tuple[Path, bytes]] = {}
        """What a damaged version's weights were."""
        self.is_sound = False
        self.unverified = 0
        """Steps since all was verified."""

    @initialize(team=st.booleans())
    def begin(self, team: bool) -> None:
        from mlflow.tracking._tracking_service.utils import _artifact_repos_cache

        _artifact_repos_cache.clear()  # by ids of the ground, which other examples had as well
        first = Project.copy(self.ground, self.folder / "one")
        self.clones = [first]
        if team:
            self.clones.append(Project.copy(self.ground, self.folder / "two"))
            self.remote = self.folder / "team.git"
            first.git("init", "--quiet", "--bare", str(self.remote))
            database = f"sqlite:///{first.root / 'mlflow.db'}"
            self.settings = {"FT_REGISTRY_LEDGER_REMOTE": "team", "MLFLOW_TRACKING_URI": database}
            for clone in self.clones:
                clone.git("remote", "add", "team", str(self.remote))
            assert self.do(Deed("sync")).code == DONE
        events = list(self.workspace().ledger.events())
        self.oracle.begin(events[: -len(BEGUN)], BEGUN, events[-len(BEGUN) :])
        self.is_sound = True

    # The parts of a step.

    def workspace(self, clone: int = 0) -> Workspace:
        """Opens a clone's registry anew."""
        names = {key.removeprefix("FT_REGISTRY_").lower(): v for key, v in self.settings.items()}
        database = names.pop("mlflow_tracking_uri", "")
        if database:
            names["mlflow_uri"] = database
        return self.project(clone).workspace(**names)

    def project(self, clone: int) -> Project:
        return self.clones[clone % len(self.clones)]

    def shown(self) -> Database:
        return read_database(self.clones[0].root / "mlflow.db", MODEL)

    def do(self, deed: Deed, clone: int = 0) -> Answer:
        return perform(self.project(clone), self.settings, deed)

    def current(self, clone: int) -> Workspace:
        """Opens a clone's registry with all that others have published."""
        workspace = self.workspace(clone)
        workspace.ledger.refresh()
        return workspace

    def news(self, workspace: Workspace) -> list[LoggedEvent]:
        """Returns the events that came on record since the last step; none may have gone."""
        events = list(workspace.ledger.events())
        known = self.oracle.events
        assert [logged.id for logged in events[: len(known)]] == known, "an event is gone"
        return events[len(known) :]

    def step(self, deed: Deed, clone: int, fate: int | None, again: bool) -> None:
        """Does a deed, whole or killed, and holds what came of it against the model."""
        self.is_sound = False
        while True:
            before = self.shown()
            code, entry = (DONE, None) if deed.verb == "sync" else self.oracle.foresee(deed, before)
            self.steps[f"{deed.verb}{' killed' if fate else ''}"] += 1
            if fate is None:
                answer: Answer | None = self.do(deed, clone)
            else:
                point = 1 + fate * POINTS[deed.verb] // 100
                answer, _ = perform_killed(self.project(clone), self.settings, deed, point=point)
            if answer is None:
                self.oracle.are_pages_loose = True
            elif deed.verb != "sync" and answer.code != code:
                assert before.is_unfinished, (deed, code, answer)
                assert answer.code in (DAMAGED, CONFLICT), (deed, code, answer)
            workspace = self.current(clone)
            self.oracle.take(deed, answer, entry, self.news(workspace), before)
            self._know_orphans(deed, before)
            if answer is not None:
                self._settled(deed, answer, before)
            self.look(workspace)
            if answer is not None or not again:
                break
            fate = None
        self.is_sound = True

    def _know_orphans(self, deed: Deed, before: Database) -> None:
        """Notes for which identity a killed registration made a version that is on no record."""
        if deed.verb == "register":
            for number in self.shown().versions.keys() - before.versions.keys():
                key = (deed.weights, deed.data)
                assert self.oracle.given.setdefault(number, key) == key

    def _settled(self, deed: Deed, answer: Answer, before: Database) -> None:
        """Notes which edits by hand a deed put right, and what it must have shown."""
        oracle, shown = self.oracle, self.shown()
        state = oracle.state
        if deed.verb == "sync":
            self._synced(deed, answer, before, shown)
            return
        if answer.code != DONE or before.is_unfinished:
            return
        about = answer.number if deed.verb == "register" else deed.number
        if deed.verb in ("promote", "rollback"):
            about = state.aliases[deed.alias]
            assert shown.aliases.get(deed.alias) == about, (deed, shown.aliases)
        if answer.created or deed.verb in ("promote", "rollback"):
            self.pages_written(about or 0)

    def pages_written(self, number: int) -> None:
        """Notes that the descriptions of a version and of its model were written anew."""
        oracle, held = self.oracle, self.shown().versions.get(number)
        if held is None or held.is_model_gone:
            oracle.are_pages_loose = True
            return
        pages = (f"{MODEL}/{number}", MODEL)
        oracle.edited = {
            one
            for one in oracle.edited
            if not (one[0].startswith("description") and one[1] in pages)
        }

    def _synced(self, deed: Deed, answer: Answer, before: Database, shown: Database) -> None:
        oracle = self.oracle
        assert not shown.is_unfinished, (deed, answer)
        absent = {one for one in oracle.edited if one[0] in ABSENT}
        oracle.edited -= oracle.edited if deed.mode == "restore" else absent
        if deed.mode == "restore":
            lost = answer.code == DAMAGED
            assert not lost or oracle.damaged, (deed, answer)
            assert lost or answer.code == DONE, (deed, answer)
            oracle.are_pages_loose = lost
            if lost:
                return
            if oracle.state.records:  # else the model is none of ours, whatever was there before
                assert shown.aliases == oracle.state.aliases, (shown.aliases, oracle.state.aliases)
            left = {kind for kind, _ in oracle.drift(shown)}
            assert left <= {"version_unknown"}, left
        else:
            assert answer.code in (DONE, CONFLICT), (deed, answer)
            left = oracle.drift(shown)
            if not oracle.are_pages_loose:
                assert bool(left) == (answer.code == CONFLICT), (deed, answer, left)

    def look(self, workspace: Workspace) -> None:
        """Reads: what is shown must be what the model says, and nothing may fail."""
        self.unverified += 1
        oracle, shown = self.oracle, self.shown()
        state = oracle.state
        status = workspace.status()
        assert not status.unchecked, status.unchecked
        rows = {row.version: set(row.aliases) for row in workspace.list_versions()}
        expected: dict[int, set[str]] = {number: set() for number in state.records}
        for alias, number in state.aliases.items():
            expected[number].add(alias)
        assert rows == expected
        if shown.is_unfinished:
            return
        told = Counter((drift.kind, drift.name) for drift in status.drift)
        wanted = Counter(oracle.drift(shown))
        if oracle.are_pages_loose:
            told, wanted = (
                Counter({one: n for one, n in found.items() if one[0] not in PAGES})
                for found in (told, wanted)
            )
        assert told == wanted, (told - wanted, wanted - told)

    def sound_versions(self) -> list[int]:
        shown = self.shown()
        return [n for n in self.oracle.state.live if n in shown.versions
                and shown.versions[n].is_sound]  # fmt: skip

    def by_hand(self, what: str) -> None:
        self.steps[what] += 1
        self.look(self.current(0))

    def client(self) -> Any:
        from ft_registry.backends.mlflow.connection import connect

        return connect(self.workspace().mlflow)

    def in_mlflow(self) -> list[int]:
        shown = self.shown()
        return [] if shown.is_unfinished else sorted(shown.versions)

    def may_lose(self) -> bool:
        """Whether the newest event can go without that its bytes and pages tell of it."""
        if not self.oracle.entries or self.shown().is_unfinished:
            return False
        newest = self.oracle.entries[-1]
        if newest.type == "register":
            return newest.number in self.sound_versions() and newest.number not in (
                self.oracle.damaged
            )
        return newest.type in ("promote", "rollback", "evaluate")

    def check_verify(self, clone: int) -> None:
        """Everything is read: damage that hands did is named, and no other."""
        workspace, oracle, shown = self.current(clone), self.oracle, self.shown()
        found = workspace.verify(depth="full")
        damage = {(finding.kind, finding.subject) for finding in found.damage}
        # Of a version whose deletion is on record nothing is expected any more.
        expected = {("artifact", f"{MODEL}/{n}") for n in oracle.damaged & {*oracle.state.live}}
        assert damage == expected, (found.damage, expected)
        if not shown.is_unfinished:
            gone = {one.subject for one in found.findings if one.kind == "version"}
            assert gone == {f"{MODEL}/{n}" for n in oracle.state.live if n not in shown.versions}, (
                gone
            )
        assert not found.undecided, found.undecided

    def teardown(self) -> None:
        try:
            if self.is_sound and self.clones:
                for clone in range(len(self.clones)):
                    self.check_verify(clone)
        finally:
            forget_connections()
            shutil.rmtree(self.folder)
