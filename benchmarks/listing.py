"""Does reading stay quick when there are ten thousand versions?"""

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

from history import MODEL, write_ledger
from lab import Lab
from measure import Contender, Plan, Question, Result, Target

_FEW = 10
_MAKE_VERSION = """
import sys
from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model(sys.argv[1])
client.create_model_version(
    sys.argv[1], source="/nowhere", tags={f"tag-{number}": "x" * 40 for number in range(15)}
)
"""
_LIST = """
import json, sys
from mlflow import MlflowClient

client, token, found = MlflowClient(), None, []
while token is None or token:
    query = f"name = '{sys.argv[1]}'"
    page = client.search_model_versions(query, max_results=10_000, page_token=token)
    found += [{"version": v.version, "source": v.source, **v.tags} for v in page]
    token = page.token or ""
json.dump(found, sys.stdout)
"""


def answers(lab: Lab, plan: Plan) -> Iterator[Result]:
    """Yields what listing many versions costs, and whether showing one depends on their number."""
    number = 1000 if plan.small else 10_000
    few, many = lab.repository("few"), lab.repository("many")
    write_ledger(few, _FEW)
    write_ledger(many, number)
    found = json.loads(many.run("ft-registry", "list", "--json"))["versions"]
    if len(found) != number:
        raise RuntimeError(f"expected {number} versions in the list, found {len(found)}")
    mlflow = _mlflow(lab, number)
    yield Question(
        f"Listing {number:,} versions",
        [
            Contender("list --json", lambda: many.run("ft-registry", "list", "--json")),
            Contender("list", lambda: many.run("ft-registry", "list")),
            Contender(
                "list --json, index built first",
                lambda: many.run("ft-registry", "list", "--json"),
                prepare=lambda: _forget(many),
            ),
            Contender("git log of the ledger", lambda: many.run("git", "log", "ft-registry")),
            Contender("MlflowClient, as JSON", lambda: mlflow.python(_LIST, MODEL)),
        ],
        unit="MlflowClient, as JSON",
        targets=[Target("list --json", 1.5)],
        notes=["MlflowClient: search_model_versions on SQLite, 15 tags a version"],
    ).answer(plan.rounds)
    yield Question(
        "Showing one version, by the number of versions",
        [
            Contender(f"show, of {_FEW}", lambda: few.run("ft-registry", "show", f"{MODEL}/7")),
            Contender(
                f"show, of {number:,}", lambda: many.run("ft-registry", "show", f"{MODEL}/7")
            ),
            Contender(
                f"show NAME/latest, of {number:,}",
                lambda: many.run("ft-registry", "show", f"{MODEL}/latest"),
            ),
        ],
        unit=f"show, of {_FEW}",
        targets=[Target(f"show, of {number:,}", 1.1, to=f"show, of {_FEW}")],
    ).answer(plan.rounds * 2)


def _forget(lab: Lab) -> None:
    shutil.rmtree(lab.folder / ".git" / "ft-registry", ignore_errors=True)


def _mlflow(lab: Lab, number: int) -> Lab:
    """Returns a database of as many versions: MLflow makes the first, SQL repeats it."""
    database = lab.folder / "peer.db"
    place = lab.at(lab.folder, MLFLOW_TRACKING_URI=f"sqlite:///{database}")
    place.python(_MAKE_VERSION, MODEL)
    for table in ("model_versions", "model_version_tags"):
        _repeat(database, table, number)
    return place


def _repeat(database: Path, table: str, number: int) -> None:
    with closing(connect(database)) as db, db:
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        values = ", ".join("n.i" if column == "version" else f"t.{column}" for column in columns)
        db.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {number}) "
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM n, {table} AS t"
        )
