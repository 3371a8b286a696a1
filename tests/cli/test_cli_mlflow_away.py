"""MLflow that is away, broken or something else: reads answer, writes say so and change nothing."""

import os
import shutil
import socket
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.cli.project import Project

pytestmark = pytest.mark.integration

READS = [
    ("list",),
    ("show", "m@champion"),
    ("log",),
    ("at", "m@champion", "0s"),
    ("lineage", "m/1"),
    ("status",),
]
WRITES = [
    ("register", "m", "ad1", "--method", "dpo"),
    ("promote", "m/1", "--to", "champion"),
    ("rollback", "m@champion", "--reason", "worse"),
    ("init",),
    ("ui",),
]


@pytest.fixture(scope="module")
def dead_port() -> str:
    """An address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize("command", READS, ids=lambda command: command[0])
def test_reading_works_while_mlflow_is_away(
    shelf: Project, dead_port: str, command: tuple[str, ...]
) -> None:
    assert shelf.cli(*command, env={"MLFLOW_TRACKING_URI": dead_port}).code == 0


@pytest.mark.parametrize("command", WRITES, ids=lambda command: command[0])
def test_writing_is_refused_while_mlflow_is_away_and_nothing_changes(
    seeded: Project, dead_port: str, command: tuple[str, ...]
) -> None:
    before = seeded.state()
    outcome = seeded.cli("--json", *command, env={"MLFLOW_TRACKING_URI": dead_port})
    assert (outcome.code, outcome.stdout) == (6, "")
    assert outcome.error["kind"] == "backend_unavailable"
    assert dead_port.removeprefix("http://") in outcome.error["message"]
    assert seeded.state() == before


def test_a_snapshot_needs_no_mlflow(seeded: Project, dead_port: str) -> None:
    seeded.write("more.jsonl", '{"a": 1}\n')
    outcome = seeded.cli("data", "snapshot", "more.jsonl", env={"MLFLOW_TRACKING_URI": dead_port})
    assert outcome.code == 0, outcome.stderr


def test_the_same_inputs_are_answered_without_mlflow(seeded: Project, dead_port: str) -> None:
    data = ("--data", "data/train.jsonl")
    outcome = seeded.cli("register", "m", "ad1", *data, env={"MLFLOW_TRACKING_URI": dead_port})
    assert (outcome.code, outcome.stdout[:11]) == (0, "already m/1")


def text(database: Path) -> None:
    database.write_text("this is no database")


def cut(database: Path) -> None:
    with database.open("r+b") as file:
        file.truncate(5000)


def scrambled(database: Path) -> None:
    content = bytearray(database.read_bytes())
    content[100:50000] = os.urandom(49900)
    database.write_bytes(content)


def folder(database: Path) -> None:
    database.unlink()
    database.mkdir()


def of_the_future(database: Path) -> None:
    with sqlite3.connect(database) as db:
        db.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")


def of_the_past(database: Path) -> None:
    with sqlite3.connect(database) as db:
        db.execute("UPDATE alembic_version SET version_num = '451aebb31d03'")


def of_another_program(database: Path) -> None:
    database.unlink()
    with sqlite3.connect(database) as db:
        db.execute("CREATE TABLE alembic_version (version_num TEXT)")
        db.execute("INSERT INTO alembic_version VALUES ('0a1b2c3d4e5f')")
        db.execute("CREATE TABLE experiments (name TEXT)")


BROKEN = [text, cut, scrambled, folder, of_the_future, of_the_past, of_another_program]


@pytest.mark.parametrize("breaks", BROKEN, ids=lambda breaks: breaks.__name__)
def test_a_broken_database_is_told_and_nothing_changes(seeded: Project, breaks: object) -> None:
    for rest in ("-wal", "-shm"):
        (seeded.root / f"mlflow.db{rest}").unlink(missing_ok=True)
    breaks(seeded.root / "mlflow.db")
    head, index = seeded.head(), seeded.git("status", "--porcelain")
    outcome = seeded.cli("--json", "register", "m", "ad1", "--method", "dpo")
    assert (outcome.code, outcome.stdout) == (6, ""), outcome.stderr
    assert outcome.error["kind"] == "backend_unavailable"
    assert (seeded.head(), seeded.git("status", "--porcelain")) == (head, index)


def test_an_empty_file_becomes_a_database(project: Project) -> None:
    (project.root / "mlflow.db").write_bytes(b"")
    assert project.done("register", "m", "ad1")["version"] == 1


def test_a_first_start_that_was_killed_is_begun_anew(project: Project) -> None:
    database = project.root / "mlflow.db"
    shutil.move(database, project.root / "mlflow.db.new")
    cut(project.root / "mlflow.db.new")
    (project.root / "mlflow.db.new-journal").write_bytes(b"hot")
    project.done("init")
    assert project.mlflow_rows()["runs"] == 0


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("./mlruns", 2),
        ("file:///tmp/mlruns", 2),
        ("databricks", 2),
        ("ftp://example.org", 2),
        ("http://", 2),
        ("http://127.0.0.1:notaport", 2),
        ("http://127.0.0.1:99999", 2),
        ("sqlite://", 2),
        ("sqlite:///", 2),
        ("sqlite:///:memory:", 2),
        ("sqlite:////proc/none/mlflow.db", 6),
        ("postgresql://ada:secret@127.0.0.1:1/db", 6),
        ("mysql+nodriver://127.0.0.1/db", 6),
        ("http://ada:secret@127.0.0.1:1", 6),
    ],
)
def test_an_address_that_leads_nowhere_is_told_without_its_password(
    seeded: Project, uri: str, code: int
) -> None:
    before = seeded.state()
    env = {"FT_REGISTRY_MLFLOW_URI": uri}
    outcome = seeded.cli("--json", "promote", "m/1", "--to", "champion", env=env)
    assert (outcome.code, outcome.stdout) == (code, ""), outcome.stderr
    assert "secret" not in outcome.stderr
    assert seeded.state() == before


@pytest.mark.parametrize("uri", ["postgresql://ada:secret@db/x", "http://ada:secret@mlflow.org"])
def test_status_tells_the_address_without_its_password(shelf: Project, uri: str) -> None:
    for options in ((), ("--json",)):
        outcome = shelf.cli(*options, "status", env={"MLFLOW_TRACKING_URI": uri})
        assert outcome.code == 0
        assert "secret" not in outcome.stdout
        assert uri.partition("@")[2] in outcome.stdout


@pytest.fixture
def other_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that is no MLflow: answers everything with one status and one page."""
    status, page = request.param

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        do_POST = do_GET  # noqa: N815 - as it is called

        def log_message(self, *arguments: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    "other_server",
    [
        (404, b"<html>no such page</html>"),
        (200, b"<html>welcome</html>"),
        (200, b"[]"),
        (200, b'{"experiments": 7}'),
        (403, b'{"error_code": "PERMISSION_DENIED", "message": "no"}'),
        (401, b""),
    ],
    indirect=True,
    ids=["not found", "a page", "a list", "another answer", "forbidden", "no login"],
)
def test_a_server_that_is_no_mlflow_is_told_and_nothing_changes(
    seeded: Project, other_server: str
) -> None:
    before = seeded.state()
    outcome = seeded.cli(
        "--json", "register", "m", "ad1", env={"MLFLOW_TRACKING_URI": other_server}
    )
    assert (outcome.code, outcome.stdout) == (6, ""), outcome.stderr
    assert outcome.error["kind"] == "backend_unavailable"
    assert seeded.state() == before
