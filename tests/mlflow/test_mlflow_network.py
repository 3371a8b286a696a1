"""Every command over a network that loses, doubles, delays and mangles requests and replies.

One fault a case, before a real MLflow server. Whatever becomes of it: the exit code says whether
anything was written, no version is there twice, no old move goes over a newer one, `status` tells
what is left, and the next command settles it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest
from tests.cli.project import Outcome, Project
from tests.mlflow.proxy import How, Proxy, running

from ft_registry.backends.mlflow.connection import connect
from ft_registry.model import layout
from ft_registry.workspace import Workspace

pytestmark = pytest.mark.integration

API = "/api/2.0/mlflow/"
CREATE = f"POST {API}model-versions/create"
ALIAS = f"POST {API}registered-models/alias"
PAGE = f"PATCH {API}model-versions/update"
EVERYTHING = "/api/"
FILES = "PUT /api/2.0/mlflow-artifacts"


@dataclass(frozen=True)
class Net:
    """A registry whose MLflow is behind a network, and the same without the network."""

    project: Project
    server: str
    proxy: Proxy
    model: str

    @property
    def sound(self) -> Workspace:
        """The registry over a network that is well."""
        return self.project.workspace(mlflow_uri=self.server)

    def run(self, *arguments: str) -> Outcome:
        """Runs a command over the network as it is."""
        env = {
            "MLFLOW_TRACKING_URI": self.proxy.url,
            # What hangs is given up sooner than users would.
            "MLFLOW_HTTP_REQUEST_TIMEOUT": "2",
            "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
            "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0",
        }
        outcome = self.project.cli("--json", *arguments, env=env)
        assert "Traceback" not in outcome.stderr
        return outcome

    def register(self, name: str) -> Outcome:
        """Registers a folder over the network as it is."""
        return self.run("register", self.model, name)

    def versions(self) -> list[int]:
        """The versions that MLflow has."""
        found = connect(self.sound.mlflow).search_model_versions(f"name = '{self.model}'")
        return sorted(int(one.version) for one in found)

    def champion(self) -> int | None:
        """The version that MLflow's alias names."""
        found = connect(self.sound.mlflow).get_registered_model(self.model).aliases
        return int(found["champion"]) if "champion" in found else None

    def recorded(self) -> list[int]:
        """The versions that the ledger has."""
        return [row.version for row in self.sound.list_versions() if row.model == self.model]

    def chain(self) -> list[int | None]:
        """What champion named in turn by the ledger; each move must begin where one ended."""
        place = layout.alias(self.model, "champion")
        events = [logged.event for logged in self.sound.ledger.events(place)]
        named: list[int | None] = [event.to for event in events]
        assert [event.previous for event in events] == [None, *named[:-1]][: len(events)]
        return named

    def drift(self) -> list[str]:
        """What `status` tells of MLflow."""
        status = self.sound.status()
        assert not status.unchecked
        return [one.kind for one in status.drift if one.model == self.model]

    def sync(self, mode: str = "mend") -> None:
        """Runs `sync` over a sound network."""
        workspace = self.sound
        workspace.sync(workspace.plan_sync(mode))


@pytest.fixture
def net(project: Project, mlflow_server: str) -> Iterator[Net]:
    with running(mlflow_server) as proxy:
        yield Net(project, mlflow_server, proxy, f"n-{uuid4().hex[:8]}")


@pytest.fixture
def two(net: Net) -> Net:
    """A model of two versions, champion at 1."""
    for name in ("ad1", "ad2"):
        net.project.register(net.model, name, workspace=net.sound)
    workspace = net.sound
    workspace.move(workspace.plan_promotion(f"{net.model}/1", "champion"))
    return net


@pytest.mark.parametrize(
    "how", ["drop", "503", "html", "cut", "short", "stall", "trickle", "double"]
)
def test_a_version_is_registered_once_whatever_becomes_of_the_reply(net: Net, how: How) -> None:
    net.proxy.spoil(CREATE, how, seconds=4 if how == "stall" else 0.5)
    outcome = net.register("ad1")
    assert outcome.code == 0, outcome.stderr
    assert net.proxy.count(CREATE) == 1
    assert (net.versions(), net.recorded()) == ([1], [1])
    assert net.drift() == []
    again = net.register("ad1")
    assert (again.code, again.document["created"]) == (0, False)
    assert net.versions() == [1]


@pytest.mark.parametrize("how", ["refuse", "late"])
def test_a_version_of_which_nothing_is_known_is_settled_by_the_next_run(net: Net, how: How) -> None:
    net.proxy.spoil(CREATE, how)
    outcome = net.register("ad1")
    assert (outcome.code, outcome.error["kind"]) == (8, "outcome_unknown")
    assert (net.versions(), net.recorded()) == ([], [])
    net.proxy.deliver()  # now it arrives, if it ever does
    assert net.register("ad1").code == 0
    assert (net.versions(), net.recorded()) == ([1], [1])
    assert net.drift() == []


def test_a_version_that_arrives_after_the_next_run_is_told(net: Net) -> None:
    net.proxy.spoil(CREATE, "late")
    assert net.register("ad1").code == 8
    assert net.register("ad1").code == 0
    net.proxy.deliver()
    assert (net.versions(), net.recorded()) == ([1, 2], [1])
    assert net.drift() == ["version_unknown"]
    assert net.register("ad2").code == 0
    assert net.recorded() == [1, 3]


@pytest.mark.parametrize(
    ("where", "how", "times"),
    [
        (EVERYTHING, "refuse", 1000),
        (EVERYTHING, "html", 1000),
        (FILES, "refuse", 1000),
        (FILES, "html", 1000),
        ("experiments/search", "cut", 1000),
        ("experiments/search", "short", 1000),
    ],
)
def test_what_cannot_be_uploaded_is_not_on_record(
    net: Net, where: str, how: How, times: int
) -> None:
    before = net.project.head()
    net.proxy.spoil(where, how, times)
    outcome = net.register("ad1")
    assert (outcome.code, outcome.error["kind"]) == (6, "backend_unavailable")
    assert net.project.head() == before
    net.proxy.times = 0
    assert net.register("ad1").code == 0
    assert (net.versions(), net.recorded()) == ([1], [1])


@pytest.mark.parametrize(
    "how", ["drop", "html", "long", "short", "stall", "refuse", "delay", "double"]
)
def test_a_promotion_happens_once_whatever_becomes_of_the_reply(two: Net, how: How) -> None:
    two.proxy.spoil(ALIAS, how, seconds=4 if how == "stall" else 0.5)
    outcome = two.run("promote", f"{two.model}/2", "--to", "champion")
    assert outcome.code == 0, outcome.stderr
    assert two.proxy.count(ALIAS) == 1
    assert two.chain() == [1, 2]
    is_told = how not in ("delay", "trickle", "double")
    assert bool(outcome.document["notices"]) == is_told
    assert two.champion() == (1 if how == "refuse" else 2)
    assert bool(two.drift()) == is_told
    two.sync("mend")
    assert (two.champion(), two.drift(), two.chain()) == (2, [], [1, 2])


def test_a_promotion_that_arrives_late_is_told_and_the_ledger_stands(two: Net) -> None:
    two.project.adapter("ad3")
    two.project.register(two.model, "ad3", workspace=two.sound)
    two.proxy.spoil(ALIAS, "late")
    assert two.run("promote", f"{two.model}/2", "--to", "champion").code == 0
    assert two.run("promote", f"{two.model}/3", "--to", "champion").code == 0
    assert (two.champion(), two.drift()) == (3, [])
    two.proxy.deliver()
    assert (two.champion(), two.chain()) == (2, [1, 2, 3])
    assert two.drift() == ["alias_moved"]
    two.sync("restore")
    assert (two.champion(), two.drift()) == (3, [])


@pytest.mark.parametrize("how", ["refuse", "html", "short"])
def test_where_mlflow_cannot_be_asked_nothing_moves(two: Net, how: How) -> None:
    two.proxy.spoil("GET /api/2.0/mlflow/model-versions/get", how, 1000)
    outcome = two.run("promote", f"{two.model}/2", "--to", "champion")
    assert (outcome.code, outcome.error["kind"]) == (6, "backend_unavailable")
    assert (two.chain(), two.champion(), two.drift()) == ([1], 1, [])


@pytest.mark.parametrize("how", ["drop", "double"])
def test_a_rollback_happens_once_whatever_becomes_of_the_reply(two: Net, how: How) -> None:
    workspace = two.sound
    workspace.move(workspace.plan_promotion(f"{two.model}/2", "champion"))
    two.proxy.spoil(ALIAS, how)
    outcome = two.run("rollback", f"{two.model}@champion", "--reason", "worse")
    assert outcome.code == 0, outcome.stderr
    assert (two.chain(), two.champion()) == ([1, 2, 1], 1)
    two.sync()
    assert two.drift() == []


@pytest.mark.parametrize("how", ["drop", "refuse", "double"])
def test_a_sync_that_lost_a_reply_is_run_again(two: Net, how: How) -> None:
    client = connect(two.sound.mlflow)
    client.delete_registered_model_alias(two.model, "champion")
    client.delete_model_version(two.model, "2")
    assert two.drift() == ["alias_missing", "version_deleted"]
    two.proxy.spoil(CREATE, how)
    first = two.run("sync", "--restore")
    assert first.code in (0, 6, 8)
    assert two.run("sync", "--restore").code == 0
    assert (two.versions(), two.champion(), two.drift()) == ([1, 2], 1, [])


@pytest.mark.parametrize(
    ("where", "how", "times", "code"),
    [
        (FILES, "refuse", 1000, 6),
        (FILES, "html", 1000, 6),
        ("runs/log-batch", "drop", 1, 0),
        ("runs/log-batch", "double", 1, 0),
        (PAGE, "html", 1000, 0),
    ],
)
def test_scores_are_on_record_once_or_not_at_all(
    two: Net, where: str, how: How, times: int, code: int
) -> None:
    two.proxy.spoil(where, how, times)
    command = ("eval", "add", f"{two.model}/1", "dates.jsonl")
    outcome = two.run(*command)
    assert outcome.code == code, outcome.stderr
    two.proxy.times = 0
    again = two.run(*command)
    assert (again.code, again.document["created"]) == (0, code != 0)
    assert len(two.sound.show(f"{two.model}/1").evaluations) == 1
    two.sync()
    assert two.drift() == []
