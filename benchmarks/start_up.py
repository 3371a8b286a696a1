"""How long does a command take from the shell, when there is little to do?"""

from collections.abc import Iterator

from history import MODEL, write_ledger
from lab import Lab
from measure import Contender, Plan, Question, Result, Target

_VERSIONS = 10
_BARE_TYPER = """
import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

@app.callback()
def root() -> None:
    pass

@app.command()
def hello(name: str) -> None:
    print(name)

app()
"""
_MAKE_VERSIONS = """
import sys
from mlflow import MlflowClient

client = MlflowClient()
client.create_registered_model(sys.argv[1])
for number in range(int(sys.argv[2])):
    client.create_model_version(sys.argv[1], source="/nowhere", tags={"ftr.identity": str(number)})
"""
_SHOW = """
import sys
from mlflow import MlflowClient

client = MlflowClient()
version = client.get_model_version(sys.argv[1], sys.argv[2])
print(version.version, version.source, version.run_id, version.tags)
"""
_LIST = """
import sys
from mlflow import MlflowClient

for version in MlflowClient().search_model_versions(f"name = '{sys.argv[1]}'"):
    print(version.version, version.aliases, version.creation_timestamp)
"""


def answers(lab: Lab, plan: Plan) -> Iterator[Result]:
    """Yields what starting and reading a small registry cost."""
    yield _start(lab).answer(plan.rounds)
    yield _reading(lab).answer(plan.rounds)


def _start(lab: Lab) -> Question:
    return Question(
        "Starting",
        [
            Contender("ft-registry --help", lambda: lab.run("ft-registry", "--help")),
            Contender("python -c pass", lambda: lab.python("pass")),
            Contender("bare typer app --help", lambda: lab.python(_BARE_TYPER, "--help")),
            Contender("bare typer app, a command", lambda: lab.python(_BARE_TYPER, "hello", "x")),
            Contender("import git", lambda: lab.python("import git")),
            Contender("dvc --help", lambda: lab.run("dvc", "--help")),
            Contender("import mlflow", lambda: lab.python("import mlflow")),
            Contender("mlflow --help", lambda: lab.run("mlflow", "--help")),
        ],
        unit="ft-registry --help",
        targets=[Target("ft-registry --help", 0.25)],
    )


def _reading(lab: Lab) -> Question:
    ours = lab.repository("ours")
    write_ledger(ours, _VERSIONS)
    database = lab.folder / "peer.db"
    mlflow = lab.at(lab.folder, MLFLOW_TRACKING_URI=f"sqlite:///{database}")
    mlflow.python(_MAKE_VERSIONS, MODEL, str(_VERSIONS))
    gto = _gto(lab)
    return Question(
        f"Reading a registry of {_VERSIONS} versions",
        [
            Contender("ft-registry show", lambda: ours.run("ft-registry", "show", f"{MODEL}/7")),
            Contender("ft-registry log", lambda: ours.run("ft-registry", "log")),
            Contender("ft-registry list", lambda: ours.run("ft-registry", "list")),
            Contender("gto show", lambda: gto.run("gto", "show")),
            Contender("gto history", lambda: gto.run("gto", "history")),
            Contender("MlflowClient get version", lambda: mlflow.python(_SHOW, MODEL, "7")),
            Contender("MlflowClient list versions", lambda: mlflow.python(_LIST, MODEL)),
        ],
        unit="gto show",
        targets=[Target(f"ft-registry {verb}", 0.4) for verb in ("show", "log", "list")],
        notes=["MlflowClient: a script of a few lines on an SQLite database"],
    )


def _gto(lab: Lab) -> Lab:
    """Returns a repository with as many versions in gto's form: annotated tags."""
    place = lab.repository("gto")
    for number in range(1, _VERSIONS + 1):
        (place.folder / "README.md").write_text(f"{number}\n")
        place.commit(f"version {number}")
        tag = f"{MODEL}@v{number}.0.0"
        place.run("git", "tag", "--annotate", "--message", f"Registering {tag}", tag)
    if f"v{_VERSIONS}.0.0" not in place.run("gto", "show"):
        raise RuntimeError("gto does not see its versions")
    return place
