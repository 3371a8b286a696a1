"""How MLflow is looked at: as a file, over HTTP, and within its time."""

import contextlib
import json
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from tests.cli.project import Project
from tests.mlflow.hands import DATA, Hands

from ft_registry.backends.mlflow.connection import MlflowPlace, check_reachable
from ft_registry.backends.mlflow.view import MlflowView
from ft_registry.errors import BackendUnavailable, Conflict

pytestmark = pytest.mark.integration


@pytest.fixture
def served(project: Project, mlflow_server: str) -> Hands:
    """A registry of three versions on a real server, under a name that no other test uses."""
    hands = Hands(project, {"mlflow_uri": mlflow_server}, f"m-{uuid4().hex[:8]}")
    project.adapter("ad3")
    workspace = hands.workspace
    for name in ("ad1", "ad2", "ad3"):
        project.register(hands.model, name, data=DATA[:1], workspace=workspace)
    workspace.move(workspace.plan_promotion(f"{hands.model}/3", "champion"))
    return hands


def test_drift_on_a_server_is_named_and_undone(served: Hands, tmp_path: Path) -> None:
    name, client = served.model, served.client
    assert served.drift() == []
    client.set_registered_model_alias(name, "champion", "1")
    client.set_model_version_tag(name, "1", "ftr.kind", "full")
    client.delete_run(served.versions()[2].run_id)
    client.delete_model_version(name, "2")
    assert served.kinds() == [
        ("tag_edited", f"{name}/1 tag ftr.kind"),
        ("version_deleted", f"{name}/2"),
        ("alias_moved", f"{name}@champion"),
    ]
    assert isinstance(served.sync().failure, Conflict)
    served.restore()
    assert sorted(served.versions()) == [1, 2, 3]
    assert served.champion() == 3
    served.loads(2, "ad2", tmp_path)


def test_what_is_gone_from_a_server_is_named(served: Hands) -> None:
    name, client = served.model, served.client
    client.delete_run(served.versions()[1].run_id)
    client.delete_logged_model(served.versions()[2].source.removeprefix("models:/"))
    client.delete_model_version(name, "3")
    assert served.kinds() == [
        ("run_deleted", f"{name}/1"),
        ("logged_model_gone", f"{name}/2"),
        ("version_deleted", f"{name}/3"),
    ]
    served.restore()
    assert served.champion() == 3


def test_offline_leaves_a_server_alone(served: Hands) -> None:
    found = served.project.workspace(**served.settings, offline="true").status()
    assert (found.drift, "server" in found.unchecked) == ((), True)


class Answers(BaseHTTPRequestHandler):
    """A server that says what a test wants it to say."""

    status: ClassVar[int] = 200
    body: ClassVar[bytes] = b"{}"
    pause: ClassVar[float] = 0.0
    asked: ClassVar[list[dict[str, str]]] = []

    def do_GET(self) -> None:
        self.asked.append(dict(self.headers))
        self.send_response(self.status)
        if self.status in (301, 302):
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        for byte in self.body:
            if self.pause:
                time.sleep(self.pause)
            with contextlib.suppress(OSError):
                self.wfile.write(bytes([byte]))

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def answering() -> Iterator[Callable[..., MlflowView]]:
    """Starts servers that answer as told, and returns the view on them."""
    with contextlib.ExitStack() as stack:

        def start(patience: float = 5, login: str = "", **answer: Any) -> MlflowView:
            handler = type("Told", (Answers,), {"asked": [], **answer})
            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), handler))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
            place = MlflowPlace.at(
                f"http://{login}127.0.0.1:{server.server_port}", home=Path(), scratch=Path()
            )
            return MlflowView(place, patience=patience, may_import=False)

        yield start


def model(**fields: Any) -> bytes:
    return json.dumps({"registered_model": {"name": "m", **fields}}).encode()


@pytest.mark.parametrize(
    "answer",
    [
        {"body": b"<html>"},
        {"body": b"[]"},
        {"body": b"[" * 100_000},
        {"status": 404, "body": b"not here"},
        {"status": 302},
        {"status": 500},
        {"status": 401},
        {"body": model(tags="no list")},
    ],
    ids=lambda answer: str(answer)[:40],
)
def test_an_answer_that_is_none_is_told(
    answering: Callable[..., MlflowView], answer: dict[str, Any]
) -> None:
    with pytest.raises(BackendUnavailable):
        answering(**answer).shown(["m"])


@pytest.mark.parametrize("version", ["-1", "\u0661", "9" * 5000, "", None])
def test_an_alias_of_what_is_no_number_names_nothing(
    answering: Callable[..., MlflowView], version: str | None
) -> None:
    body = model(aliases=[{"alias": "champion", "version": version}])
    assert answering(body=body).shown(["m"])["m"].aliases == {"champion": 0}


def test_a_server_that_drips_is_left_after_its_time(
    answering: Callable[..., MlflowView],
) -> None:
    view = answering(patience=1, body=model(), pause=0.3)
    start = time.monotonic()
    with pytest.raises(BackendUnavailable, match="within 1 s"):
        view.shown(["m"])
    assert time.monotonic() - start < 3


def test_a_server_that_takes_no_connection_is_left_after_its_time() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        with contextlib.ExitStack() as taken:
            for _ in range(8):
                waiting = taken.enter_context(socket.socket())
                waiting.setblocking(False)
                with contextlib.suppress(OSError):
                    waiting.connect(("127.0.0.1", port))
            place = MlflowPlace.at(f"http://127.0.0.1:{port}", home=Path(), scratch=Path())
            start = time.monotonic()
            with pytest.raises(BackendUnavailable):
                MlflowView(place, patience=5, may_import=False).shown(["m"])
            assert time.monotonic() - start < 4.5


@pytest.mark.parametrize(
    ("login", "environ", "sent"),
    [
        ("", {"USERNAME": "ada", "PASSWORD": "p"}, "Basic YWRhOnA="),
        ("", {"TOKEN": "t"}, "Bearer t"),
        ("ada:p%40@", {}, "Basic YWRhOnBA"),
        ("", {}, None),
    ],
)
def test_the_login_is_sent_as_mlflow_does(
    answering: Callable[..., MlflowView],
    monkeypatch: pytest.MonkeyPatch,
    login: str,
    environ: dict[str, str],
    sent: str | None,
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", value)
    asked: list[dict[str, str]] = []
    absent = json.dumps({"error_code": "RESOURCE_DOES_NOT_EXIST"}).encode()
    view = answering(login=login, asked=asked, status=404, body=absent)
    assert view.shown(["m"]) == {}
    assert asked[0].get("Authorization") == sent


def test_a_refusal_shows_no_password(answering: Callable[..., MlflowView]) -> None:
    with pytest.raises(BackendUnavailable) as caught:
        answering(login="ada:secret@", status=401).shown(["m"])
    assert "secret" not in caught.value.message


def test_a_database_that_nobody_else_reads_is_told_not_imported(tmp_path: Path) -> None:
    place = MlflowPlace.at("postgresql://ada:secret@db/mlflow", home=tmp_path, scratch=tmp_path)
    with pytest.raises(BackendUnavailable, match="quickly") as caught:
        MlflowView(place, patience=1, may_import=False).shown(["m"])
    assert "secret" not in caught.value.message


def test_a_database_of_another_shape_is_told(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "mlflow.db")) as db:
        db.execute("CREATE TABLE registered_models (name TEXT)")
    place = MlflowPlace.at("sqlite:///mlflow.db", home=tmp_path, scratch=tmp_path)
    with pytest.raises(BackendUnavailable, match="no such column"):
        MlflowView(place, patience=1, may_import=False).shown(["m"])


def test_looking_at_the_database_takes_no_lock_away_from_who_uses_it(tmp_path: Path) -> None:
    """Else another process that ends would take the log away that this one still writes to."""
    file = tmp_path / "mlflow.db"
    place = MlflowPlace.at("sqlite:///mlflow.db", home=tmp_path, scratch=tmp_path)
    use = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); print(*db.execute('SELECT 1'))"
    with contextlib.closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE seen (number)")
        check_reachable(place)
        subprocess.run([sys.executable, "-c", f"{use}; db.close()", str(file)], check=True)
        assert file.with_name("mlflow.db-wal").exists()
        with db:
            db.execute("INSERT INTO seen VALUES (1)")
    with contextlib.closing(sqlite3.connect(file)) as db:
        assert db.execute("SELECT number FROM seen").fetchall() == [(1,)]
