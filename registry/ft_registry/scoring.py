"""What a registry does with evaluations, as methods: add, show, compare.

Reached as `Workspace.scoring`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ft_registry.model.reference import parse_contender, parse_reference
from ft_registry.wiring import Wiring

if TYPE_CHECKING:
    from ft_registry.actions.baselines import AddedBaseline, BaselineRequest
    from ft_registry.actions.compare_suites import ComparedSuites
    from ft_registry.actions.diff import VersionDiff
    from ft_registry.actions.diff_baseline import ContenderDiff
    from ft_registry.actions.evaluate import Added, EvaluationPlan
    from ft_registry.actions.item_tables import ItemTables
    from ft_registry.model.evaluation import PublicSet, SnapshotUse
    from ft_registry.model.score_history import ScoreHistory


class Scoring:
    """The evaluations of a repository.

    Args:
        wiring: Its back ends.
    """

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    def plan_add(
        self,
        reference: str,
        files: Sequence[Path],
        *,
        suite: str = "",
        data: str = "",
        allow_partial: bool = False,
        trust: bool = False,
        corrects: bool = False,
        note: str = "",
        cwd: Path | None = None,
    ) -> "EvaluationPlan":
        """See `ft_registry.actions.evaluate.plan_evaluation`."""
        from ft_registry.actions.evaluate import EvaluationRequest, plan_evaluation

        settings = self._wiring.settings.suites
        named = data or (settings[suite].data if suite in settings else "")
        request = EvaluationRequest(
            parse_reference(reference), tuple(files), suite=suite,
            data=self.data(named) if named else None, allow_partial=allow_partial, trust=trust,
            corrects=corrects, note=note, suites=settings,
        )  # fmt: skip
        return plan_evaluation(
            request, top=self._wiring.top, cwd=cwd or Path.cwd(), ledger=self._wiring.ledger,
            tables=self._tables(), context=self._wiring.context,
        )  # fmt: skip

    @contextmanager
    def run(self, reference: str, suite: str, *, tell: Callable[[str], None]) -> Iterator[Path]:
        """See `ft_registry.actions.run_suite.run_suite`."""
        from ft_registry.actions.run_suite import SuiteRun, find_suite, run_suite

        wiring = self._wiring
        run = SuiteRun(
            suite, find_suite(wiring.settings.suites, suite), wiring.top, wiring.private,
            passed=tuple(wiring.environ), home=Path(wiring.environ.get("HOME", wiring.top)),
            tell=tell,
        )  # fmt: skip
        with run_suite(
            run, parse_reference(reference), ledger=wiring.ledger, artifacts=wiring.artifacts,
            runner=wiring.runner,
        ) as out:  # fmt: skip
            yield out

    def add(self, plan: "EvaluationPlan") -> "Added":
        """See `ft_registry.actions.evaluate.add_evaluation`."""
        from ft_registry.actions.evaluate import add_evaluation

        return add_evaluation(
            plan, ledger=self._wiring.ledger, models=self._wiring.models,
            context=self._wiring.context,
        )  # fmt: skip

    def history(self, subject: str, *, suite: str = "") -> "ScoreHistory":
        """See `ft_registry.actions.score_history.score_history`."""
        from ft_registry.actions.score_history import score_history

        return score_history(self._wiring.ledger, subject, suite=suite)

    def compare(self, old: str, new: str, *, suite: str = "", shown: int = 5) -> "ComparedSuites":
        """See `ft_registry.actions.compare_suites.compare_suites`."""
        from ft_registry.actions.compare_suites import compare_suites
        from ft_registry.actions.contenders import find_contender

        before, after = (
            find_contender(self._wiring.ledger, parse_contender(text)) for text in (old, new)
        )
        return compare_suites(before, after, self._tables(), suite=suite, shown=shown)

    def diff(self, old: str, new: str) -> "VersionDiff | ContenderDiff":
        """See `ft_registry.actions.diff.diff_versions`, and `diff_baseline` where a side is one."""
        from ft_registry.actions.diff import DiffSources, diff_versions
        from ft_registry.actions.diff_baseline import diff_contenders
        from ft_registry.model.reference import BaselineReference

        wiring = self._wiring
        before, after = parse_contender(old), parse_contender(new)
        if isinstance(before, BaselineReference) or isinstance(after, BaselineReference):
            return diff_contenders(before, after, wiring.ledger, self._tables())
        wiring.private.mkdir(parents=True, exist_ok=True)
        sources = DiffSources(
            wiring.ledger, wiring.code, wiring.artifacts, lambda: wiring.shelves, self._tables,
            wiring.private,
        )  # fmt: skip
        return diff_versions(before, after, sources)

    def _tables(self) -> "ItemTables":
        from ft_registry.actions.item_tables import ItemTables

        return ItemTables(self._wiring.private / "items", self._wiring.artifacts)

    def add_baseline(
        self, request: "BaselineRequest", *, cwd: Path | None = None
    ) -> "AddedBaseline":
        """See `ft_registry.actions.baselines.add_baseline`."""
        from ft_registry.actions.baselines import add_baseline

        return add_baseline(
            replace(request, suites=self._wiring.settings.suites), top=self._wiring.top,
            cwd=cwd or Path.cwd(), scratch=self._wiring.private,
            ledger=self._wiring.ledger, models=self._wiring.models, tables=self._tables(),
            context=self._wiring.context,
        )  # fmt: skip

    def data(self, text: str) -> "SnapshotUse | PublicSet":
        """Returns evaluation data that a person names: a snapshot, or ``hub:NAME@REVISION``.

        Raises:
            InvalidInput, NotFound: It names none.
        """
        from ft_registry.actions.snapshots import find_snapshot, read_snapshots
        from ft_registry.model.evaluation import PUBLIC, SnapshotUse, parse_public_set

        if text.startswith(PUBLIC):
            return parse_public_set(text)
        found = read_snapshots(self._wiring.ledger)
        content = find_snapshot(text, found, cwd=Path.cwd(), data=self._wiring.data).snapshot
        return SnapshotUse(
            name=content.name, key=content.content.key, sha256=content.content.sha256
        )
