"""Faults of MLflow's own client that we work around. One that is gone lets its workaround go."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.mlflow.proxy import Proxy, running

pytestmark = pytest.mark.integration

CREATE = "POST /api/2.0/mlflow/model-versions/create"
ALIAS = "POST /api/2.0/mlflow/registered-models/alias"
GONE = "MLflow's client does not do this any more: `once` in backends/mlflow/connection.py may go"


@pytest.fixture
def bare(mlflow_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any, Proxy]]:
    """MLflow's client as it comes, on a lossy network and on a sound one; the network."""
    from mlflow import MlflowClient

    for name in ("MAX_RETRIES", "TIMEOUT"):
        monkeypatch.delenv(f"MLFLOW_HTTP_REQUEST_{name}", raising=False)
    # It sleeps between its tries: the faults are the same without.
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")
    with running(mlflow_server) as proxy:
        yield MlflowClient(proxy.url, proxy.url), MlflowClient(mlflow_server, mlflow_server), proxy


def registered(client: Any, *, versions: int = 0) -> str:
    """Makes a registered model with so many versions."""
    name = f"bare-{uuid4().hex[:8]}"
    client.create_registered_model(name)
    for _ in range(versions):
        client.create_model_version(name, source="s3://bucket/x")
    return name


def numbers(client: Any, name: str) -> list[int]:
    return sorted(int(one.version) for one in client.search_model_versions(f"name = '{name}'"))


@pytest.mark.parametrize(("how", "times"), [("503", 2), ("html", 1), ("drop", 1)])
def test_a_lost_reply_makes_several_versions_of_one_call(
    bare: tuple[Any, Any, Proxy], how: str, times: int
) -> None:
    lossy, sound, proxy = bare
    name = registered(sound)
    proxy.spoil(CREATE, how, times)  # type: ignore[arg-type]
    lossy.create_model_version(name, source="s3://bucket/x")
    assert numbers(sound, name) == list(range(1, times + 2)), GONE


def test_a_lost_reply_applies_an_old_promotion_over_a_newer_one(
    bare: tuple[Any, Any, Proxy],
) -> None:
    lossy, sound, proxy = bare
    name = registered(sound, versions=3)
    proxy.spoil(ALIAS, "503")
    proxy.then = lambda: sound.set_registered_model_alias(name, "champion", "3")
    lossy.set_registered_model_alias(name, "champion", "2")
    assert sound.get_registered_model(name).aliases == {"champion": "2"}, GONE


def test_an_alias_moves_whatever_it_names_meanwhile(bare: tuple[Any, Any, Proxy]) -> None:
    _, sound, _ = bare
    name = registered(sound, versions=3)
    seen = sound.get_registered_model(name).aliases.get("champion")
    sound.set_registered_model_alias(name, "champion", "3")
    sound.set_registered_model_alias(name, "champion", "2")
    assert seen is None
    moved = sound.get_registered_model(name).aliases["champion"]
    assert moved == "2", "MLflow compares before it sets: the ledger may rely on that"


def test_a_version_without_its_bytes_is_ready(bare: tuple[Any, Any, Proxy]) -> None:
    _, sound, _ = bare
    name = registered(sound)
    made = sound.create_model_version(name, source="s3://bucket/nothing/is/here")
    assert made.status == "READY", "MLflow looks for the bytes: listing after an upload may go"


def test_a_truncated_file_is_handed_out_without_a_word(
    bare: tuple[Any, Any, Proxy], tmp_path: Path
) -> None:
    from mlflow.artifacts import download_artifacts

    _, sound, _ = bare
    run = sound.create_run(sound.create_experiment(f"bare-{uuid4().hex[:8]}")).info
    (tmp_path / "weights").write_bytes(bytes(1000))
    sound.log_artifact(run.run_id, str(tmp_path / "weights"))
    (tmp_path / "weights").write_bytes(bytes(10))
    sound.set_terminated(run.run_id)
    sound.log_artifact(run.run_id, str(tmp_path / "weights"))  # over it, after the end of the run
    uri = sound._tracking_client.tracking_uri
    got = download_artifacts(
        run_id=run.run_id, artifact_path="weights", dst_path=str(tmp_path / "back"),
        tracking_uri=uri,
    )  # fmt: skip
    size = Path(got).stat().st_size
    assert size == 10, "MLflow keeps what was stored: digests of our own may go"
