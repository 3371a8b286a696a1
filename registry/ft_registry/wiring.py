"""The wiring: makes each back end when an action first needs it, with the settings in force."""

import socket
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import cached_property
from getpass import getuser
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from ft_registry import __version__
from ft_registry.backends.git.door import GitDoor, Place
from ft_registry.backends.git.ledger import GitLedger
from ft_registry.backends.git.refs import remembered_remote
from ft_registry.backends.hub_cache import find_hub_cache
from ft_registry.backends.scratch import sweep_scratch
from ft_registry.backends.settings import parse_actor
from ft_registry.errors import NotARegistry
from ft_registry.model.origin import Actor
from ft_registry.ports.context import CapturedEnvironment, Context

if TYPE_CHECKING:
    from ft_registry.actions.bringing import Sources
    from ft_registry.actions.cures import Healers
    from ft_registry.actions.shelves import Shelves
    from ft_registry.actions.sync_course import Sides
    from ft_registry.actions.verify import Evidence
    from ft_registry.backends.digest_cache import DigestCache
    from ft_registry.backends.dvc.store import DvcData
    from ft_registry.backends.git.code import GitCode
    from ft_registry.backends.kept_indexes import KeptIndexes
    from ft_registry.backends.mlflow.artifacts import MlflowArtifacts
    from ft_registry.backends.mlflow.connection import MlflowPlace
    from ft_registry.backends.mlflow.runs import MlflowRuns
    from ft_registry.backends.mlflow.store import MlflowModels
    from ft_registry.backends.mlflow.view import MlflowView
    from ft_registry.backends.recipe import ShellRunner
    from ft_registry.backends.sqlite_index import SqliteIndex
    from ft_registry.model.config import Settings
    from ft_registry.model.secret import Secret
    from ft_registry.ports.executor import Executor

PATIENCE_SECONDS = 10
"""How long a command that only reads waits for an MLflow server."""
SYNC_PATIENCE_SECONDS = 120
_EXPERIMENTS = (".dvc", "tmp", "exps")


class Wiring:
    """The parts of one git repository's registry.

    Args:
        place: Where the repository lies.
        settings: The settings in force.
        environ: The environment.
    """

    def __init__(self, place: Place, settings: "Settings", environ: Mapping[str, str]) -> None:
        self.place = place
        self.settings = settings
        self.environ = environ
        self._door = GitDoor(place)

    @property
    def top(self) -> Path:
        """The top level of the work tree.

        Raises:
            NotARegistry: The repository is bare.
        """
        if self.place.top is None:
            raise NotARegistry(
                f"expected a work tree, found the bare repository {self.place.git_dir}",
                hints=["reading works here; run this in a clone that has the files checked out"],
            )
        return self.place.top

    @property
    def private(self) -> Path:
        """Our folder inside the git directory; see `Place.private`."""
        return self.place.private

    @cached_property
    def ledger(self) -> GitLedger:
        """The ledger."""
        return GitLedger(self._door, remote=self.ledger_remote, offline=self.settings.offline)

    @cached_property
    def ledger_remote(self) -> str:
        """The remote that the team shares the ledger through; empty: none.

        Raises:
            InvalidInput: Several remotes have one, and no setting says which.
        """
        return self.settings.ledger_remote or remembered_remote(self._door)

    @cached_property
    def index(self) -> "SqliteIndex":
        """The derived index of versions."""
        from ft_registry.backends.sqlite_index import SqliteIndex

        return SqliteIndex(self.ledger, self.private / "index.sqlite")

    @cached_property
    def code(self) -> "GitCode":
        """The code around the work."""
        from ft_registry.backends.git.code import GitCode

        remote = "" if self.settings.offline else self.ledger_remote
        return GitCode(self._door, actor=self.context.actor, remote=remote)

    @cached_property
    def data(self) -> "DvcData":
        """The data."""
        from ft_registry.backends.dvc.store import DvcData

        return DvcData(self.place.top, code=self.code, scratch=self.private, main=self.place.home)

    @cached_property
    def indexes(self) -> "KeptIndexes":
        """The indexes of examples."""
        from ft_registry.backends.kept_indexes import KeptIndexes

        return KeptIndexes(
            self.private / "examples",
            top=self.place.top,
            bring=self._bring,
        )

    def _bring(self, path: str, md5: str, into: Path) -> object:
        """Fetches from DVC, which is made only when something must be fetched."""
        return self.data.bring(path, md5, into)

    @cached_property
    def executor(self) -> "Executor":
        """Who reads examples: the cores of this machine, or a cluster that the settings name."""
        from ft_registry.backends.executors.local import LocalExecutor
        from ft_registry.backends.executors.ray import RayExecutor

        address = self.settings.ray_address
        return RayExecutor(address) if address else LocalExecutor()

    @property
    def shelves(self) -> "Shelves":
        """What is looked up of examples."""
        from ft_registry.actions.shelves import Shelves

        return Shelves(
            ledger=self.ledger, versions=self.index, indexes=self.indexes, data=self.data,
            top=self.place.top, scratch=self.private, secret=self.example_secret(),
        )  # fmt: skip

    def example_secret(self, *, make: bool = False) -> "Secret | None":
        """Returns the secret of keyed hashes: of the environment, else of the git directory.

        Args:
            make: Make one where there is none.
        """
        from ft_registry.backends.secret import find_secret

        given = self.environ.get("FT_REGISTRY_EXAMPLE_KEY", "")
        return find_secret(given, self.private / "example.key", make=make)

    def example_secrets(self) -> "tuple[Secret, ...]":
        """Returns every secret that is here: of the environment, and of the git directory."""
        from ft_registry.backends.secret import find_secret

        kept = find_secret("", self.private / "example.key", make=False)
        found = (self.example_secret(), kept)
        return tuple(dict.fromkeys(secret for secret in found if secret is not None))

    @property
    def mlflow(self) -> "MlflowPlace":
        """Where MLflow is: the setting, MLflow's own variable, or a database beside the work."""
        from ft_registry.backends.mlflow.connection import MlflowPlace

        uri = self.settings.mlflow_uri or self.environ.get("MLFLOW_TRACKING_URI", "")
        home = self.mlflow_home
        uri = uri or f"sqlite:///{home / 'mlflow.db'}"
        return MlflowPlace.at(uri, home=home, scratch=self.private, site=self.settings.site)

    @property
    def mlflow_home(self) -> Path:
        """Where MLflow's database lies unless something else is set.

        DVC runs queued experiments in clones of its own inside the repository, and deletes them:
        there it is the repository's.
        """
        home = self.place.home
        inside = next((up for up in home.parents if up.parts[-3:] == _EXPERIMENTS), None)
        return home if inside is None else inside.parents[2]

    @cached_property
    def runs(self) -> "MlflowRuns":
        """The training runs."""
        from ft_registry.backends.mlflow.runs import MlflowRuns

        return MlflowRuns(self.mlflow)

    def reachable_mlflow(self) -> "MlflowPlace":
        """Returns where MLflow is, after finding something there; imports none of it.

        Raises:
            BackendUnavailable: There is nothing.
        """
        from ft_registry.backends.mlflow.connection import check_reachable

        place = self.mlflow
        check_reachable(place)
        return place

    @cached_property
    def models(self) -> "MlflowModels":
        """The models."""
        from ft_registry.backends.mlflow.store import MlflowModels

        return MlflowModels(self.mlflow)

    def close(self) -> None:
        """Leaves what was worked on whole: MLflow's database, if it is a file, in that one file."""
        if "mlflow" in sys.modules:
            from ft_registry.backends.mlflow.database import write_back

            write_back(self.mlflow)

    @cached_property
    def artifacts(self) -> "MlflowArtifacts":
        """The bytes of the models."""
        from ft_registry.backends.mlflow.artifacts import MlflowArtifacts

        return MlflowArtifacts(self.mlflow)

    @property
    def evidence(self) -> "Evidence":
        """What verification looks at."""
        from ft_registry.actions.verify import Evidence

        return Evidence(
            ledger=self.ledger, artifacts=self.artifacts, data=self.data, cache=self.cache,
            top=self.top, indexes=lambda: self.indexes,
        )  # fmt: skip

    def healers(self, extra: Path | None = None) -> "Healers":
        """Returns what healing reads and writes.

        Args:
            extra: A folder more that may hold copies of weights.
        """
        from ft_registry.actions.cures import Healers
        from ft_registry.actions.good_copies import Root
        from ft_registry.actions.remake_index import IndexMaker
        from ft_registry.backends.quarantine import FolderQuarantine

        roots = [Root("--from", extra, by_name=False)] if extra is not None else []
        roots.append(Root("the work tree", self.top, by_name=True))
        if self.context.hub_cache is not None:
            roots.append(Root("the hub's cache", self.context.hub_cache, by_name=True))
        return Healers(
            self.evidence, self.data, self.artifacts,
            FolderQuarantine(self.private / "quarantine", self.context),
            IndexMaker(
                self.data, lambda: self.indexes, self.cache, lambda: self.executor,
                self.example_secrets, self.private,
            ),
            tuple(roots),
        )  # fmt: skip

    @property
    def runner(self) -> "ShellRunner":
        """Runs commands."""
        from ft_registry.backends.recipe import ShellRunner

        return ShellRunner(self.environ)

    @property
    def sources(self) -> "Sources":
        """Where a version's parts come from."""
        from ft_registry.actions.bringing import Sources
        from ft_registry.backends.dvc.pipelines import DvcPipelines

        own = tuple(place for place in (self.place.top, self.place.common_dir) if place)
        return Sources(
            self.ledger, self.artifacts, self.data, self.code, DvcPipelines(), self.context, own
        )

    @property
    def sides(self) -> "Sides":
        """What a sync makes agree."""
        from ft_registry.actions.sync_course import Sides

        view = self.view(patience=SYNC_PATIENCE_SECONDS, may_import=True)
        return Sides(
            ledger=self.ledger, models=self.models, artifacts=self.artifacts, view=view,
            cache=self.cache, place=self.mlflow.shown,
        )  # fmt: skip

    @property
    def cache(self) -> "DigestCache":
        """The bytes that were downloaded before."""
        from ft_registry.backends.digest_cache import DigestCache

        return DigestCache(self.private / "objects")

    def view(self, *, patience: float, may_import: bool) -> "MlflowView":
        """What MLflow shows; see `MlflowView`."""
        from ft_registry.backends.mlflow.view import MlflowView

        return MlflowView(self.mlflow, patience=patience, may_import=may_import)

    @cached_property
    def context(self) -> Context:
        """Who acts, where, when; who acts tidies up after commands that were killed."""
        for folder in (self.private, self.private / "items"):
            sweep_scratch(folder, datetime.now(UTC))
        return Context(
            actor=self._actor(),
            host=socket.gethostname(),
            tool=f"ft-registry {__version__}",
            now=lambda: datetime.now(UTC),
            nonce=lambda: token_hex(8),
            lock=self._lock,
            environment=self._environment,
            hub_cache=find_hub_cache(self.environ),
        )

    def _actor(self) -> Actor:
        if self.settings.actor:
            return parse_actor(self.settings.actor)
        name = self.environ.get("GIT_AUTHOR_NAME") or self._door.config("user.name")
        email = self.environ.get("GIT_AUTHOR_EMAIL") or self._door.config("user.email")
        return Actor(name=name or getuser(), email=email or f"{getuser()}@{socket.gethostname()}")

    def _lock(self, name: str) -> AbstractContextManager[object]:
        from filelock import FileLock

        folder = self.private / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{name}.lock", poll_interval=0.01)

    def _environment(self) -> CapturedEnvironment:
        from ft_registry.backends.environment import capture_environment

        return capture_environment(self.top)
