"""The workspace: finds the repository, reads the settings, wires the back ends to the actions.

This is the Python API. A workspace is cheap: each back end is made when an action first needs it,
so that reading imports neither MLflow nor DVC.

    workspace = Workspace.open(Path("."))
    for row in workspace.list_versions("support-dates"):
        print(row.version, row.scores)
"""

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import cached_property
from getpass import getuser
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from ft_registry import __version__
from ft_registry.backends.git.door import GitDoor, Place, find_repository
from ft_registry.backends.git.ledger import GitLedger
from ft_registry.backends.settings import parse_actor, read_settings, write_setting_file
from ft_registry.errors import NotARegistry
from ft_registry.model.names import alias_name, model_name
from ft_registry.model.origin import Actor
from ft_registry.model.reference import parse_alias_reference, parse_reference
from ft_registry.model.time import parse_moment
from ft_registry.ports.context import CapturedEnvironment, Context

if TYPE_CHECKING:
    from ft_registry.actions.bringing import Sources
    from ft_registry.actions.capture import Registration
    from ft_registry.actions.kitchens import Wishes
    from ft_registry.actions.move import Moved
    from ft_registry.actions.plan_move import MovePlan
    from ft_registry.actions.plan_sync import Mode, SyncPlan
    from ft_registry.actions.register import Registered, RegistrationPlan
    from ft_registry.actions.reproduce import Reproduced, ReproductionPlan
    from ft_registry.actions.restore import Restored, RestorePlan
    from ft_registry.actions.show import ShownVersion
    from ft_registry.actions.snapshot import SnapshotPlan, Snapshotted
    from ft_registry.actions.status import Status
    from ft_registry.actions.sync import Synced
    from ft_registry.actions.verify import Evidence
    from ft_registry.actions.verify_weights import Progress
    from ft_registry.backends.dvc.store import DvcData
    from ft_registry.backends.git.code import GitCode
    from ft_registry.backends.mlflow.artifacts import MlflowArtifacts
    from ft_registry.backends.mlflow.connection import MlflowPlace
    from ft_registry.backends.mlflow.store import MlflowModels
    from ft_registry.backends.mlflow.view import MlflowView
    from ft_registry.backends.sqlite_index import SqliteIndex
    from ft_registry.model.config import Settings
    from ft_registry.model.event import LoggedEvent
    from ft_registry.model.lineage import Lineage
    from ft_registry.model.proof import Level
    from ft_registry.model.reference import VersionReference
    from ft_registry.model.verification import Depth, Verification
    from ft_registry.model.version_row import VersionRow
    from ft_registry.ports.ledger import Settled, SettlementPlan


class Workspace:
    """One git repository with its ledger, data and models. Made by `open`.

    Args:
        place: Where the repository lies.
        settings: The settings in force.
        environ: The environment.
    """

    def __init__(self, place: Place, settings: "Settings", environ: Mapping[str, str]) -> None:
        self.place = place
        self.settings = settings
        self._environ = environ
        self._door = GitDoor(place)

    @classmethod
    def open(
        cls,
        root: Path | None = None,
        *,
        offline: bool = False,
        environ: Mapping[str, str] = os.environ,
    ) -> "Workspace":
        """Opens the repository around a folder.

        Args:
            root: The folder; None: the current one.
            offline: Leave the ledger's remote alone.
            environ: The environment, for settings and identity.

        Raises:
            NotARegistry: There is no git repository, or no git.
            InvalidInput: A setting is malformed.
        """
        place = find_repository((root or Path.cwd()).resolve())
        settings = read_settings(place.top, environ)
        if offline:
            settings = settings.model_copy(update={"offline": True})
        return cls(place, settings, environ)

    def configured(self, values: Mapping[str, str]) -> "Workspace":
        """Writes settings to ft-registry.toml and returns the workspace with them in force.

        Raises:
            InvalidInput: One of them is set to another value already.
        """
        if not values:
            return self
        write_setting_file(self.top, values)
        return Workspace.open(self.top, offline=self.settings.offline, environ=self._environ)

    # What each verb does is said in its action.

    def init(self) -> tuple[bool, bool]:
        """Makes DVC project, ledger and MLflow database, each unless it is there.

        Returns:
            Whether the ledger, and whether the DVC project, was made now.
        """
        from ft_registry.actions.init import init_ledger
        from ft_registry.backends.dvc.setup import init_project

        made_dvc = init_project(self.top, scratch=self.private) if self.place.top else False
        self.models.check()
        return init_ledger(self.ledger, self.context).created, made_dvc

    def plan_snapshot(self, path: Path, *, name: str | None = None) -> "SnapshotPlan":
        """See `ft_registry.actions.snapshot.plan_snapshot`."""
        from ft_registry.actions.snapshot import plan_snapshot

        return plan_snapshot(path, name=name, data=self.data)

    def snapshot(self, path: Path, *, name: str | None = None, push: bool = False) -> "Snapshotted":
        """See `ft_registry.actions.snapshot.take_snapshot`."""
        from ft_registry.actions.snapshot import take_snapshot

        return take_snapshot(
            path, name=name, push=push,
            data=self.data, code=self.code, ledger=self.ledger, context=self.context,
        )  # fmt: skip

    def plan_registration(
        self, request: "Registration", *, cwd: Path | None = None
    ) -> "RegistrationPlan":
        """See `ft_registry.actions.register.plan_registration`."""
        from ft_registry.actions.register import plan_registration

        model_name(request.model)
        return plan_registration(
            request, top=self.top, cwd=cwd or Path.cwd(), ledger=self.ledger, data=self.data,
            code=self.code, context=self.context,
        )  # fmt: skip

    def register(self, plan: "RegistrationPlan") -> "Registered":
        """See `ft_registry.actions.register.register`."""
        from ft_registry.actions.register import register

        return register(plan, ledger=self.ledger, models=self.models, context=self.context)

    def list_versions(
        self, model: str | None = None, *, where: str = "", sort: str = "", limit: int | None = None
    ) -> "list[VersionRow]":
        """See `ft_registry.actions.list_versions.list_versions`."""
        from ft_registry.actions.list_versions import list_versions

        return list_versions(
            self.ledger, self.index, model=model, where=where, sort_key=sort, limit=limit
        )

    def show(self, reference: str) -> "ShownVersion":
        """See `ft_registry.actions.show.show`."""
        from ft_registry.actions.show import show

        return show(self.ledger, parse_reference(reference))

    def log(self, subject: str | None = None) -> "list[LoggedEvent]":
        """See `ft_registry.actions.history.log`."""
        from ft_registry.actions.history import log

        return log(self.ledger, subject)

    def at(self, alias: str, moment: str) -> "LoggedEvent":
        """See `ft_registry.actions.history.at`."""
        from ft_registry.actions.history import at

        when = parse_moment(moment, now=datetime.now().astimezone())
        return at(self.ledger, parse_alias_reference(alias), when)

    def lineage(self, reference: str, *, down: bool = False) -> "Lineage":
        """See `ft_registry.actions.lineage.lineage`."""
        from ft_registry.actions.lineage import lineage

        return lineage(self.ledger, self.index, parse_reference(reference), down=down)

    def plan_promotion(
        self,
        reference: str,
        alias: str,
        *,
        expect: int | None = None,
        reason: str = "",
        overrides: Sequence[str] = (),
    ) -> "MovePlan":
        """See `ft_registry.actions.plan_move.plan_promotion`."""
        from ft_registry.actions.plan_move import plan_promotion

        return plan_promotion(
            self.ledger, parse_reference(reference), alias_name(alias), expect=expect,
            reason=reason, overrides=overrides,
        )  # fmt: skip

    def plan_rollback(
        self,
        alias: str,
        *,
        to: int | None = None,
        expect: int | None = None,
        reason: str,
        keep_good: bool = False,
        overrides: Sequence[str] = (),
    ) -> "MovePlan":
        """See `ft_registry.actions.plan_move.plan_rollback`."""
        from ft_registry.actions.plan_move import plan_rollback

        return plan_rollback(
            self.ledger, parse_alias_reference(alias), to=to, expect=expect, reason=reason,
            keep_good=keep_good, overrides=overrides,
        )  # fmt: skip

    def move(self, plan: "MovePlan") -> "Moved":
        """See `ft_registry.actions.move.apply_move`."""
        from ft_registry.actions.move import apply_move

        return apply_move(
            plan, prove=self._prove, ledger=self.ledger, models=self.models, context=self.context
        )

    def verify(
        self,
        reference: str | None = None,
        *,
        depth: "Depth | None" = None,
        progress: "Progress | None" = None,
    ) -> "Verification":
        """See `ft_registry.actions.verify`.

        Args:
            reference: One version; None: all of them, and the ledger.
            depth: How closely to look; None: in full at one version, fast at all of them.
            progress: See there.
        """
        from ft_registry.actions.resolve import resolve
        from ft_registry.actions.verify import verify_all, verify_version

        if reference is None:
            return verify_all(self.evidence, depth=depth or "fast", progress=progress)
        version = resolve(self.ledger, parse_reference(reference))
        return verify_version(version, self.evidence, depth=depth or "full", progress=progress)

    def check_intact(self, plan: "MovePlan", found: "Verification") -> None:
        """Raises what applying the plan would raise over these findings; see `require_intact`."""
        from ft_registry.actions.plan_move import DATA
        from ft_registry.actions.verify import judge

        judge(plan.version, found, override_data=DATA in plan.overrides)

    def _prove(self, version: "VersionReference", override_data: bool) -> "Verification":
        """See `ft_registry.actions.verify.require_intact`."""
        from ft_registry.actions.verify import require_intact

        return require_intact(version, self.evidence, override_data=override_data)

    def plan_restore(self, reference: str, into: Path, *, level: "Level" = "R2") -> "RestorePlan":
        """See `ft_registry.actions.restore.plan_restore`."""
        from ft_registry.actions.restore import plan_restore

        return plan_restore(parse_reference(reference), into, level=level, sources=self.sources)

    def restore(self, plan: "RestorePlan") -> "Restored":
        """See `ft_registry.actions.restore.restore`."""
        from ft_registry.actions.restore import restore

        return restore(plan, self.sources)

    def plan_reproduction(
        self, reference: str, into: Path, *, wishes: "Wishes"
    ) -> "ReproductionPlan":
        """See `ft_registry.actions.reproduce.plan_reproduction`."""
        from ft_registry.actions.reproduce import plan_reproduction

        wanted = parse_reference(reference)
        return plan_reproduction(wanted, into, wishes=wishes, sources=self.sources)

    def reproduce(
        self, plan: "ReproductionPlan", *, allow_commands: bool, tell: Callable[[str], None]
    ) -> "Reproduced":
        """See `ft_registry.actions.reproduce.reproduce`."""
        from ft_registry.actions.reproduce import reproduce
        from ft_registry.backends.recipe import ShellRunner

        runner = ShellRunner(self._environ)
        return reproduce(plan, self.sources, runner, allow_commands=allow_commands, tell=tell)

    @property
    def sources(self) -> "Sources":
        """Where a version's parts come from."""
        from ft_registry.actions.bringing import Sources
        from ft_registry.backends.dvc.pipelines import DvcPipelines

        own = tuple(place for place in (self.place.top, self.place.common_dir) if place)
        return Sources(
            self.ledger, self.artifacts, self.data, self.code, DvcPipelines(), self.context, own
        )

    def status(self) -> "Status":
        """See `ft_registry.actions.status.status`."""
        from ft_registry.actions.status import status

        place = self.mlflow
        if self.settings.offline and place.is_server:
            reason = f"{place.shown} is a server, and servers are to be left alone"
            return status(self.ledger, self.index, view=None, otherwise=reason)
        return status(self.ledger, self.index, view=self.view(patience=10, may_import=False))

    def plan_settlement(self, mode: "Mode") -> "SettlementPlan":
        """See `ft_registry.ports.ledger.Ledger.settlement`; `mode` says who wins."""
        from ft_registry.actions.plan_sync import KEEP

        return self.ledger.settlement(KEEP[mode])

    def settle(self, plan: "SettlementPlan") -> "Settled":
        """See `ft_registry.ports.ledger.Ledger.settle`."""
        return self.ledger.settle(plan)

    def plan_sync(self, mode: "Mode") -> "SyncPlan":
        """See `ft_registry.actions.plan_sync.plan_sync`."""
        from ft_registry.actions.plan_sync import plan_sync

        return plan_sync(
            mode, ledger=self.ledger, view=self.view(patience=120, may_import=True),
            artifacts=self.artifacts,
        )  # fmt: skip

    def sync(self, plan: "SyncPlan") -> "Synced":
        """See `ft_registry.actions.sync.sync`."""
        from ft_registry.actions.sync import sync
        from ft_registry.actions.sync_course import Sides
        from ft_registry.backends.digest_cache import DigestCache

        sides = Sides(
            ledger=self.ledger, models=self.models, artifacts=self.artifacts,
            view=self.view(patience=120, may_import=True),
            cache=DigestCache(self.private / "objects"), place=self.mlflow.shown,
        )  # fmt: skip
        return sync(plan, sides, self.context)

    # The parts.

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
        """Our folder inside the git directory: indexes, locks, caches; all of it derived."""
        return self.place.common_dir / "ft-registry"

    @cached_property
    def ledger(self) -> GitLedger:
        """The ledger."""
        return GitLedger(
            self._door, remote=self.settings.ledger_remote, offline=self.settings.offline
        )

    @cached_property
    def index(self) -> "SqliteIndex":
        """The derived index of versions."""
        from ft_registry.backends.sqlite_index import SqliteIndex

        return SqliteIndex(self.ledger, self.private / "index.sqlite")

    @cached_property
    def code(self) -> "GitCode":
        """The code around the work."""
        from ft_registry.backends.git.code import GitCode

        remote = "" if self.settings.offline else self.settings.ledger_remote
        return GitCode(self._door, actor=self.context.actor, remote=remote)

    @cached_property
    def data(self) -> "DvcData":
        """The data."""
        from ft_registry.backends.dvc.store import DvcData

        return DvcData(self.place.top, code=self.code, scratch=self.private)

    @property
    def mlflow(self) -> "MlflowPlace":
        """Where MLflow is: the setting, MLflow's own variable, or a database beside the work."""
        from ft_registry.backends.mlflow.connection import MlflowPlace

        uri = self.settings.mlflow_uri or self._environ.get("MLFLOW_TRACKING_URI", "")
        home = self.place.home
        uri = uri or f"sqlite:///{home / 'mlflow.db'}"
        return MlflowPlace.at(uri, home=home, scratch=self.private)

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

    @cached_property
    def artifacts(self) -> "MlflowArtifacts":
        """The bytes of the models."""
        from ft_registry.backends.mlflow.artifacts import MlflowArtifacts

        return MlflowArtifacts(self.mlflow)

    @property
    def evidence(self) -> "Evidence":
        """What verification looks at."""
        from ft_registry.actions.verify import Evidence
        from ft_registry.backends.digest_cache import DigestCache

        return Evidence(
            ledger=self.ledger, artifacts=self.artifacts, data=self.data,
            cache=DigestCache(self.private / "objects"), top=self.top,
        )  # fmt: skip

    def view(self, *, patience: float, may_import: bool) -> "MlflowView":
        """What MLflow shows; see `MlflowView`."""
        from ft_registry.backends.mlflow.view import MlflowView

        return MlflowView(self.mlflow, patience=patience, may_import=may_import)

    @cached_property
    def context(self) -> Context:
        """Who acts, where, when."""
        return Context(
            actor=self._actor(),
            host=socket.gethostname(),
            tool=f"ft-registry {__version__}",
            now=lambda: datetime.now(UTC),
            nonce=lambda: token_hex(8),
            lock=self._lock,
            environment=self._environment,
        )

    def _actor(self) -> Actor:
        if self.settings.actor:
            return parse_actor(self.settings.actor)
        name = self._environ.get("GIT_AUTHOR_NAME") or self._door.config("user.name")
        email = self._environ.get("GIT_AUTHOR_EMAIL") or self._door.config("user.email")
        return Actor(name=name or getuser(), email=email or f"{getuser()}@{socket.gethostname()}")

    def _lock(self, name: str) -> AbstractContextManager[object]:
        from filelock import FileLock

        folder = self.private / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{name}.lock")

    def _environment(self) -> CapturedEnvironment:
        from ft_registry.backends.environment import capture_environment

        return capture_environment(self.top)
