"""A registry to test in, and the command line run as a real process."""

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.forked import run_forked, suits

from ft_registry.actions.capture import Registration
from ft_registry.actions.datasets import parse_data_argument
from ft_registry.actions.register import Registered
from ft_registry.backends.mlflow.connection import connect
from ft_registry.workspace import Workspace

SOURCE = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-c", "from ft_registry_cli.main import main; main()")
_PATIENCE_SECONDS = 120
_NOT_WORK = (".git", ".dvc/tmp", ".dvc/cache", "mlartifacts", "mlflow.db")


@dataclass(frozen=True)
class Outcome:
    """What a process said and how it ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """The one JSON document on the standard output."""
        return json.loads(self.stdout)

    @property
    def error(self) -> dict[str, Any]:
        """The error as `--json` tells it, alone on the standard error."""
        found: dict[str, Any] = json.loads(self.stderr)["error"]
        return found


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Returns this process's environment with our sources to import from."""
    sources = f"{SOURCE / 'registry'}{os.pathsep}{SOURCE / 'cli'}"
    return {**os.environ, "PYTHONPATH": sources, **(extra or {})}


def run_cli(
    *arguments: str | Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    prepare: Callable[[], object] | None = None,
) -> Outcome:
    """Runs `ft-registry` as a process of its own, forked where a fork sees the same environment.

    Args:
        arguments: Of the command.
        cwd: Its working folder.
        env: What to add to the environment.
        stdin: What it reads.
        prepare: See `run_forked`; the process is forked then, whatever the environment.
    """
    words, environ = list(map(str, arguments)), environment(env)
    if prepare is not None or suits(environ):
        return Outcome(
            *run_forked(
                words, cwd=cwd, environ=environ, stdin=stdin, patience=_PATIENCE_SECONDS,
                prepare=prepare,
            )
        )  # fmt: skip
    done = subprocess.run(
        [*COMMAND, *words],
        cwd=cwd, env=environ, input=stdin, capture_output=True, text=True, check=False,
        timeout=_PATIENCE_SECONDS,
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Project:
    """A git repository with a registry in it."""

    root: Path

    @classmethod
    def copy(cls, template: Path, root: Path) -> "Project":
        """Returns a copy of a template; MLflow keeps the copy's own artifacts."""
        shutil.copytree(template, root, symlinks=True)
        if (root / "mlflow.db").exists():
            move_artifacts(root / "mlflow.db", template, root)
        return cls(root)

    def cli(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Outcome:
        """Runs a command here, whatever comes of it."""
        return run_cli(*arguments, cwd=cwd or self.root, env=env)

    def done(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> Any:
        """Runs a command that must succeed; returns its result."""
        outcome = self.cli("--json", *arguments, env=env)
        assert outcome.code == 0, outcome.stderr
        return outcome.document

    def start(self, *arguments: str | Path, **options: Any) -> "subprocess.Popen[str]":
        """Starts a command and does not wait for it."""
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        return subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            cwd=self.root, env=environment(options.pop("env", None)), text=True, **options,
        )  # fmt: skip

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        """Runs git and returns what it printed."""
        done = subprocess.run(
            ["git", *arguments], cwd=cwd or self.root, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.rstrip("\n")

    def dvc(self, *arguments: str, cwd: Path | None = None) -> str:
        """Runs DVC's own command line and returns what it printed."""
        code, stdout, stderr = run_forked(
            arguments, cwd=cwd or self.root, environ=environment(), stdin="",
            patience=_PATIENCE_SECONDS, program="dvc",
        )  # fmt: skip
        assert code == 0, stderr + stdout
        return stdout

    def workspace(self, **settings: str) -> Workspace:
        """Opens the workspace anew, in this process, with settings by name."""
        values = {f"FT_REGISTRY_{name.upper()}": value for name, value in settings.items()}
        return Workspace.open(self.root, environ={**os.environ, **values})

    def register(
        self, model: str, path: str, *, workspace: Workspace | None = None, **request: Any
    ) -> Registered:
        """Registers a folder in this process; evaluations and configs are named from the root."""
        opened = workspace or self.workspace()
        data = request.pop("data", ())
        for name in ("evaluations", "configs"):
            request[name] = tuple(self.root / file for file in request.get(name, ()))
        asked = Registration(
            model=model, path=self.root / path,
            data=tuple(parse_data_argument(text, cwd=self.root) for text in data), **request,
        )  # fmt: skip
        return opened.register(opened.plan_registration(asked, cwd=self.root))

    def client(self) -> Any:
        """Returns MLflow's client on this registry's MLflow."""
        return connect(self.workspace().mlflow)

    def write(self, name: str, content: str | bytes) -> Path:
        """Writes a file and returns where."""
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def commit(self, *names: str, message: str = "change") -> str:
        """Commits files and returns the commit."""
        self.git("add", "--", *names)
        self.git("commit", "--quiet", "-m", message)
        return self.git("rev-parse", "HEAD")

    def adapter(self, name: str, **config: Any) -> Path:
        """Makes an adapter of random weights, tuned from the folder `base` unless it says so.

        The tensors are those that the configuration names, where it names them rightly.
        """
        settings = {
            "peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["v", "q"],
            "base_model_name_or_path": "base", **config,
        }  # fmt: skip
        self.write(f"{name}/adapter_config.json", json.dumps(settings))
        weights = lora_bytes(settings["r"], settings["target_modules"])
        return self.write(f"{name}/adapter_model.safetensors", weights).parent

    def cached(self, md5: str) -> Path:
        """Returns where DVC's cache keeps an object."""
        return self.root / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]

    def head(self) -> str:
        """The ledger's head."""
        return self.git("rev-parse", "ft-registry")

    def events(self) -> list[str]:
        """The subjects of the ledger's events, oldest first."""
        return self.git("log", "--reverse", "--format=%s", "ft-registry").splitlines()

    def mlflow_rows(self) -> dict[str, int]:
        """How much MLflow holds, by table; its database is read, not its client asked."""
        tables = (
            "experiments", "runs", "registered_models", "model_versions",
            "registered_model_aliases", "logged_models",
        )  # fmt: skip
        with contextlib.closing(sqlite3.connect(self.root / "mlflow.db")) as db:
            count = "SELECT count(*) FROM "
            return {table: db.execute(count + table).fetchone()[0] for table in tables}

    def state(self) -> dict[str, Any]:
        """Everything that a command may change: work tree, index, branches, ledger, MLflow."""
        return {
            "refs": self.git("for-each-ref"),
            "index": self.git("status", "--porcelain=v1"),
            "files": tree_digests(self.root, leave_out=_NOT_WORK),
            "mlflow": self.mlflow_rows(),
        }


def move_artifacts(database: Path, old: Path, new: Path) -> None:
    """Tells a copy of a database that its artifacts lie in another folder now."""
    places = {
        "experiments": "artifact_location",
        "logged_models": "artifact_location",
        "runs": "artifact_uri",
    }
    with contextlib.closing(sqlite3.connect(database)) as db, db:
        for table, column in places.items():
            db.execute(
                f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (str(old), str(new))
            )


def lora_bytes(rank: Any = 8, targets: Any = ("v", "q")) -> bytes:
    """Returns factors of random values as a safetensors file."""
    rank = rank if isinstance(rank, int) and rank > 0 else 8
    names = targets if isinstance(targets, list | tuple) else ("v", "q")
    header: dict[str, Any] = {}
    end = 0
    for name in names:
        for part, shape in (("A", [rank, 9]), ("B", [12, rank])):
            start, end = end, end + 4 * shape[0] * shape[1]
            header[f"base_model.model.layer.{name}.lora_{part}.weight"] = {
                "dtype": "F32", "shape": shape, "data_offsets": [start, end],
            }  # fmt: skip
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + os.urandom(end)


def tree_digests(folder: Path, *, leave_out: Sequence[str] = ()) -> dict[str, str]:
    """Returns what lies below a folder: SHA-256 or link target by relative path."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if any(name == left or name.startswith((f"{left}/", f"{left}-")) for left in leave_out):
            continue
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            found[name] = "a folder" if path.is_dir() else "no file"
    return found


def weights(size: int, content: bytes = b"", *, name: str = "values") -> bytes:
    """Returns a safetensors file of so many bytes, with values of its own or a word repeated."""
    count = size - 100
    values = (content * count)[:count] or os.urandom(count)
    tensor = {"dtype": "U8", "shape": [count], "data_offsets": [0, count]}
    header = json.dumps({name: tensor}).encode().ljust(92)
    return len(header).to_bytes(8, "little") + header + values


def jsonl(rows: int, *, word: str = "") -> str:
    """Returns a data file of so many examples."""
    lines = [json.dumps({"prompt": f"{word}p{n}", "completion": f"c{n}"}) for n in range(rows)]
    return "\n".join(lines) + "\n"


def items(count: int = 10, *, metric: str = "exact_match", good: int = 5) -> str:
    """Returns an evaluation of so many items."""
    return "".join(json.dumps({"id": f"q{n}", metric: int(n < good)}) + "\n" for n in range(count))


def make_fresh(folder: Path) -> None:
    """Makes an initialised registry: weights and scores ignored by git, data not tracked yet."""
    folder.mkdir(parents=True)
    project = Project(folder)
    project.git("init", "--quiet", ".")
    project.write("base/config.json", '{"model_type": "tiny"}')
    project.write("base/model.safetensors", weights(4000))
    project.adapter("ad1")
    project.adapter("ad2")
    project.write("dates.jsonl", items())
    project.write("data/train.jsonl", jsonl(120))
    project.write("params.yaml", "seed: 7\ntrain:\n  lr: 1e-3\n")
    project.write(".gitignore", "/base/\n/ad*/\n/dates.jsonl\n")
    project.commit(".gitignore", "params.yaml", message="first")
    project.done("init")
    project.git("add", "--", ".gitignore", ".dvc", ".dvcignore")
    project.git("commit", "--quiet", "-m", "registry")


def make_seeded(folder: Path, fresh: Path) -> None:
    """Makes a registry with m/1 (scored) and m/2, champion moved from 1 to 2."""
    project = Project.copy(fresh, folder)
    project.done("data", "snapshot", "data/train.jsonl")
    data = ("--data", "data/train.jsonl", "--method", "sft")
    project.done("register", "m", "ad1", *data, "--eval", "dates.jsonl", "--note", "the first")
    project.done("register", "m", "ad2", *data)
    project.done("promote", "m/1", "--to", "champion", "--reason", "it is the first")
    project.done("promote", "m/2", "--to", "champion", "--reason", "it is better")
