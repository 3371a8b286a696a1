"""The same against a real MLflow server, and against a network that loses its replies."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.cli.project import Project, tree_digests
from tests.mlflow.proxy import Proxy, running

from ft_registry.backends.mlflow.connection import connect
from ft_registry.errors import BackendUnavailable, FtRegistryError
from ft_registry.workspace import Workspace

pytestmark = pytest.mark.integration

CREATE = "/model-versions/create"
DATA = ("data/train.jsonl", "data/dates.jsonl:eval")


@pytest.fixture
def model() -> str:
    """A name that no other test uses: they share the server."""
    return f"m-{uuid4().hex[:8]}"


@pytest.fixture
def proxy(mlflow_server: str) -> Iterator[Proxy]:
    with running(mlflow_server) as found:
        yield found


def behind(project: Project, url: str) -> Workspace:
    return project.workspace(mlflow_uri=url)


def versions(project: Project, server: str, model: str) -> list[Any]:
    found = connect(behind(project, server).mlflow).search_model_versions(f"name = '{model}'")
    return list(found)


def aliases(project: Project, server: str, model: str) -> dict[str, int]:
    found = connect(behind(project, server).mlflow).get_registered_model(model).aliases
    return {alias: int(number) for alias, number in found.items()}


def test_the_whole_flow_runs_against_a_server(
    project: Project, mlflow_server: str, model: str, tmp_path: Path
) -> None:
    env = {"MLFLOW_TRACKING_URI": mlflow_server}
    project.done("register", model, "ad1", "--data", DATA[0], "--eval", "dates.jsonl", env=env)
    project.done("register", model, "ad2", "--data", DATA[0], env=env)
    project.done("promote", f"{model}/1", "--to", "champion", env=env)
    project.done("promote", f"{model}/2", "--to", "champion", env=env)
    moved = project.done("rollback", f"{model}@champion", "--reason", "worse", env=env)
    assert (moved["from"], moved["to"], moved["notices"]) == (2, 1, [])
    found = {int(v.version): v for v in versions(project, mlflow_server, model)}
    digest = project.done("show", f"{model}/1")["digest"]
    assert found[1].tags["ftr.record"] == digest
    assert aliases(project, mlflow_server, model) == {"champion": 1}
    assert not (project.root / "mlartifacts").exists()


def test_a_server_gives_back_what_was_registered(
    project: Project, mlflow_server: str, model: str, tmp_path: Path, monkeypatch: Any
) -> None:
    from mlflow.artifacts import download_artifacts

    project.adapter("ad9")
    for name in ("a b.txt", "a+b&c=d.txt", "größe.txt", "tilde~(1).txt", "a:b.txt", "deep/x.txt"):
        project.write(f"ad9/{name}", name)
    project.register(model, "ad9", workspace=behind(project, mlflow_server))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server)
    path = download_artifacts(f"models:/{model}/1", dst_path=str(tmp_path))
    assert tree_digests(Path(path) / "adapter") == tree_digests(project.root / "ad9")


@pytest.mark.parametrize("how", ["drop", "503"])
def test_a_lost_reply_to_the_creation_of_a_version_makes_one_version(
    project: Project, mlflow_server: str, proxy: Proxy, model: str, how: str
) -> None:
    proxy.lose, proxy.how, proxy.times = CREATE, how, 1
    done = project.register(model, "ad1", workspace=behind(project, proxy.url))
    assert (done.created, done.filed.record.version) == (True, 1)
    assert proxy.count(CREATE) == 1
    assert [int(v.version) for v in versions(project, mlflow_server, model)] == [1]


def test_a_creation_that_never_arrived_makes_no_version_and_can_be_run_again(
    project: Project, mlflow_server: str, proxy: Proxy, model: str
) -> None:
    proxy.lose, proxy.how, proxy.times = CREATE, "refuse", 1
    before = project.head()
    with pytest.raises(FtRegistryError) as caught:
        project.register(model, "ad1", workspace=behind(project, proxy.url))
    assert caught.value.exit_code == 8
    assert project.head() == before
    assert versions(project, mlflow_server, model) == []
    done = project.register(model, "ad1", workspace=behind(project, proxy.url))
    assert done.filed.record.version == 1


def test_when_the_version_cannot_be_found_again_the_next_run_takes_it_up(
    project: Project, mlflow_server: str, proxy: Proxy, model: str
) -> None:
    ours = behind(project, proxy.url)
    real = ours.models.create_version

    def create(*arguments: Any, **options: Any) -> int:
        proxy.lose, proxy.how, proxy.times = "/model-versions/", "drop", 10
        return real(*arguments, **options)

    ours.models.create_version = create
    with pytest.raises(FtRegistryError) as caught:
        project.register(model, "ad1", workspace=ours)
    assert caught.value.exit_code == 8
    proxy.times = 0
    done = project.register(model, "ad1", workspace=behind(project, proxy.url))
    assert (done.created, done.filed.record.version) == (True, 1)
    assert [int(v.version) for v in versions(project, mlflow_server, model)] == [1]


def test_a_version_that_the_server_refuses_is_told_as_refused_and_not_as_unknown(
    project: Project, mlflow_server: str, model: str
) -> None:
    ours = behind(project, mlflow_server)
    real = ours.models.upload

    def upload(wanted: Any) -> Any:
        from dataclasses import replace

        return replace(real(wanted), uri="file:///etc")

    ours.models.upload = upload
    with pytest.raises(BackendUnavailable):
        project.register(model, "ad1", workspace=ours)


def test_a_lost_reply_to_a_move_is_not_repeated_over_a_newer_one(
    project: Project, mlflow_server: str, proxy: Proxy, model: str
) -> None:
    direct = behind(project, mlflow_server)
    project.register(model, "ad1", workspace=direct)
    project.register(model, "ad2", workspace=direct)
    ours = behind(project, proxy.url)
    proxy.lose, proxy.how, proxy.times = "/registered-models/alias", "drop", 1
    moved = ours.move(ours.plan_promotion(f"{model}/1", "champion"))
    assert "does not show all of it yet" in moved.notices[0]
    assert proxy.count("POST /api/2.0/mlflow/registered-models/alias") == 1
    direct.move(direct.plan_promotion(f"{model}/2", "champion"))
    assert aliases(project, mlflow_server, model) == {"champion": 2}


def test_a_server_that_goes_away_before_the_move_moves_nothing(
    project: Project, proxy: Proxy, mlflow_server: str, model: str
) -> None:
    project.register(model, "ad1", workspace=behind(project, mlflow_server))
    ours = behind(project, proxy.url)
    plan = ours.plan_promotion(f"{model}/1", "champion")
    before = project.head()
    proxy.lose, proxy.how, proxy.times = "/api/", "refuse", 100
    with pytest.raises(BackendUnavailable):
        ours.move(plan)
    assert project.head() == before


def test_a_server_that_goes_away_in_the_middle_is_told_in_one_document(
    project: Project, proxy: Proxy, mlflow_server: str, model: str
) -> None:
    project.register(model, "ad1", workspace=behind(project, mlflow_server))
    proxy.lose, proxy.how, proxy.times = "/model-versions/get", "refuse", 100
    env = {"MLFLOW_TRACKING_URI": proxy.url}
    outcome = project.cli("--json", "promote", f"{model}/1", "--to", "champion", env=env)
    assert (outcome.code, outcome.stdout) == (6, "")
    assert outcome.error["kind"] == "backend_unavailable"
