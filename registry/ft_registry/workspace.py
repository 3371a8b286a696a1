"""The workspace: finds the repository, reads the settings, offers every verb as a method.

This is the Python API. A workspace is cheap: each back end is made when an action first needs it
(see `ft_registry.wiring`), so that reading imports neither MLflow nor DVC.

    workspace = Workspace.open(Path("."))
    for row in workspace.list_versions("support-dates"):
        print(row.version, row.scores)
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ft_registry.backends.git.door import find_repository
from ft_registry.backends.settings import read_settings, write_setting_file
from ft_registry.datasets import Datasets
from ft_registry.gating import Gating
from ft_registry.model.names import alias_name, model_name
from ft_registry.model.reference import parse_alias_reference, parse_reference
from ft_registry.model.time import parse_moment
from ft_registry.scoring import Scoring
from ft_registry.wiring import PATIENCE_SECONDS, SYNC_PATIENCE_SECONDS, Wiring

if TYPE_CHECKING:
    from ft_registry.actions.approve import Approved
    from ft_registry.actions.capture import Registration
    from ft_registry.actions.heal import Healed
    from ft_registry.actions.move import Moved
    from ft_registry.actions.plan_heal import HealPlan
    from ft_registry.actions.plan_move import MovePlan
    from ft_registry.actions.plan_register import RegistrationPlan
    from ft_registry.actions.plan_sync import Mode, SyncPlan
    from ft_registry.actions.register import Registered
    from ft_registry.actions.report import Site
    from ft_registry.actions.reproduce import Reproduced, ReproductionPlan
    from ft_registry.actions.restore import Restored, RestorePlan
    from ft_registry.actions.run_settings import Wishes
    from ft_registry.actions.show import ShownBaseline, ShownVersion
    from ft_registry.actions.status import Status
    from ft_registry.actions.sync import Synced
    from ft_registry.actions.verify_weights import Progress
    from ft_registry.model.event import LoggedEvent
    from ft_registry.model.lineage import Lineage
    from ft_registry.model.proof import Level
    from ft_registry.model.reference import BaselineReference, VersionReference
    from ft_registry.model.verification import Depth, Verification
    from ft_registry.model.version_row import BaselineRow, VersionRow
    from ft_registry.ports.ledger import Settled, SettlementPlan


class Workspace(Wiring):
    """One git repository with its ledger, data and models. Made by `open`."""

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
        write_setting_file(self.top, values, aside=self.private)
        return Workspace.open(self.top, offline=self.settings.offline, environ=self.environ)

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

    def ignore_mlflow(self) -> bool:
        """See `ft_registry.backends.git.ignored.ignore_mlflow`; True: it wrote something."""
        from ft_registry.backends.git.ignored import ignore_mlflow

        database = self.mlflow.database
        return database is not None and ignore_mlflow(self.top, database, aside=self.private)

    @cached_property
    def datasets(self) -> Datasets:
        """The datasets: check, snapshot, compare, trace, erase."""
        return Datasets(self)

    @cached_property
    def gates(self) -> Gating:
        """The gates: policy, decisions, what they would have decided."""
        return Gating(self)

    @cached_property
    def scoring(self) -> Scoring:
        """The evaluations: add, show, compare."""
        return Scoring(self)

    def plan_registration(
        self, request: "Registration", *, cwd: Path | None = None
    ) -> "RegistrationPlan":
        """See `ft_registry.actions.plan_register.plan_registration`."""
        from ft_registry.actions.plan_register import plan_registration

        model_name(request.model)
        return plan_registration(
            replace(request, suites=self.settings.suites), top=self.top, cwd=cwd or Path.cwd(),
            ledger=self.ledger, data=self.data, code=self.code,
            indexes=lambda: self.indexes, runs=lambda: self.runs, context=self.context,
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

    def list_baselines(self, model: str | None = None) -> "list[BaselineRow]":
        """See `ft_registry.ports.index.VersionIndex.baselines`."""
        return self.index.baselines(model)

    def show(self, reference: str) -> "ShownVersion":
        """See `ft_registry.actions.show.show`."""
        from ft_registry.actions.show import show

        return show(self.ledger, parse_reference(reference))

    def show_baseline(self, reference: "BaselineReference") -> "ShownBaseline":
        """See `ft_registry.actions.show.show_baseline`."""
        from ft_registry.actions.show import show_baseline

        return show_baseline(self.ledger, reference)

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

    def report(self, into: Path, model: str | None = None) -> "Site":
        """See `ft_registry.actions.report.write_site`."""
        from ft_registry.actions.report import make_site, write_site

        site = make_site(self.ledger, model)
        write_site(site, into, nonce=self.context.nonce())
        return site

    def approve(self, reference: str, *, reason: str = "", withdraw: bool = False) -> "Approved":
        """See `ft_registry.actions.approve`: `approve`, and `withdraw` which takes it back."""
        from ft_registry.actions import approve

        verb = approve.withdraw if withdraw else approve.approve
        return verb(
            parse_reference(reference), reason=reason, ledger=self.ledger, context=self.context
        )

    def plan_promotion(
        self,
        reference: str,
        alias: str,
        *,
        expect: int | None = None,
        reason: str = "",
        overrides: Sequence[str] = (),
        allow_commands: bool = False,
    ) -> "MovePlan":
        """See `ft_registry.actions.plan_move.plan_promotion`, and `Gating.guard`."""
        from ft_registry.actions.plan_move import plan_promotion

        plan = plan_promotion(
            self.ledger, parse_reference(reference), alias_name(alias), expect=expect,
            reason=reason, overrides=overrides,
        )  # fmt: skip
        return self.gates.guard(plan, allow_commands=allow_commands)

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
        """See `ft_registry.actions.plan_move.plan_rollback`, and `Gating.guard`."""
        from ft_registry.actions.plan_move import plan_rollback

        plan = plan_rollback(
            self.ledger, parse_alias_reference(alias), to=to, expect=expect, reason=reason,
            keep_good=keep_good, overrides=overrides,
        )  # fmt: skip
        return self.gates.guard(plan)

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
            reference: One version or baseline; None: all of them, and the ledger.
            depth: How closely to look; None: in full at one version, fast at all of them.
            progress: See there.
        """
        from ft_registry.actions.resolve import resolve
        from ft_registry.actions.verify import verify_all, verify_baseline, verify_version
        from ft_registry.model.reference import BaselineReference, parse_contender

        view = self.view(patience=PATIENCE_SECONDS, may_import=False)
        if reference is None:
            return verify_all(self.evidence, depth=depth or "fast", view=view, progress=progress)
        wanted = parse_contender(reference)
        if isinstance(wanted, BaselineReference):
            return verify_baseline(wanted, self.evidence, depth=depth or "full", progress=progress)
        version = resolve(self.ledger, wanted)
        return verify_version(
            version, self.evidence, depth=depth or "full", view=view, progress=progress
        )

    def plan_heal(
        self,
        reference: str | None = None,
        *,
        extra: Path | None = None,
        progress: "Progress | None" = None,
    ) -> "HealPlan":
        """See `ft_registry.actions.plan_heal.plan_heal`.

        Args:
            reference: One version or baseline; None: all of them.
            extra: A folder more that may hold copies of weights.
            progress: See there.
        """
        from ft_registry.actions.plan_heal import plan_heal
        from ft_registry.actions.resolve import resolve
        from ft_registry.model.reference import BaselineReference, parse_contender

        contender = parse_contender(reference) if reference is not None else None
        if contender is not None and not isinstance(contender, BaselineReference):
            contender = resolve(self.ledger, contender)
        return plan_heal(contender, self.healers(extra), progress=progress)

    def heal(self, plan: "HealPlan") -> "Healed":
        """See `ft_registry.actions.heal.heal`."""
        from ft_registry.actions.heal import heal

        return heal(plan, self.healers(), self.context)

    def preview_move(self, plan: "MovePlan") -> "Verification":
        """See `ft_registry.actions.move.preview_move`."""
        from ft_registry.actions.move import preview_move

        view = self.view(patience=PATIENCE_SECONDS, may_import=True)
        return preview_move(plan, look=self._glance, ledger=self.ledger, view=view)

    def _glance(self, version: "VersionReference", override_data: bool) -> "Verification":
        from ft_registry.actions.verify import judge, verify_version

        found = verify_version(version, self.evidence, depth="fast", to_serve=True)
        judge(version, found, override_data=override_data)
        return found

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

        return reproduce(plan, self.sources, self.runner, allow_commands=allow_commands, tell=tell)

    def status(self) -> "Status":
        """See `ft_registry.actions.status.status`."""
        from ft_registry.actions.status import status

        place = self.mlflow
        if self.settings.offline and place.is_server:
            reason = f"{place.shown} is a server, and servers are to be left alone"
            return status(self.ledger, self.index, view=None, otherwise=reason)
        view = self.view(patience=PATIENCE_SECONDS, may_import=False)
        return status(self.ledger, self.index, view=view)

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

        view = self.view(patience=SYNC_PATIENCE_SECONDS, may_import=True)
        return plan_sync(mode, ledger=self.ledger, view=view, artifacts=self.artifacts)

    def sync(self, plan: "SyncPlan") -> "Synced":
        """See `ft_registry.actions.sync.sync`."""
        from ft_registry.actions.sync import sync

        return sync(plan, self.sides, self.context)
