"""Reproduces a version: restores it, runs its recorded stage again, compares what came out.

Commands from a record are somebody's shell script. They are shown before they run, and when their
commit is not this repository's own they run only if a person says so.
"""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ft_registry.actions.bringing import Sources, items_of, list_files
from ft_registry.actions.comparison import compare_scores, compare_weights
from ft_registry.actions.proofs import make_proof, record_proof
from ft_registry.actions.restore import RestorePlan, plan_at, plan_restore, restore
from ft_registry.actions.run_settings import Wishes, choose_settings, differences
from ft_registry.actions.stages import lies_in, outputs, scoring
from ft_registry.errors import GateRefused, IntegrityError, NotFound, Refused
from ft_registry.model.checkout_path import checkout_path
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import Evaluation
from ft_registry.model.proof import Level, ProofStep, some
from ft_registry.model.record import Stage, VersionRecord
from ft_registry.model.reference import Reference
from ft_registry.model.repository_url import same_repository
from ft_registry.model.restored import CODE, RESTORED, RestoredFolder
from ft_registry.ports.code import CodeRepository
from ft_registry.ports.recipe import Recipe, Runner, RunSettings


@dataclass(frozen=True)
class ReproductionPlan:
    """What is to be run again, and where."""

    restoring: RestorePlan
    stage: Stage
    wishes: Wishes
    is_restored: bool
    """The folder is there already, from a restore."""
    foreign: tuple[str, ...]
    """Why the commands may be somebody else's; empty: they are this repository's own."""

    @property
    def commands(self) -> tuple[str, ...]:
        """What the recorded stage runs."""
        return Recipe(self.stage, ".").commands


@dataclass(frozen=True)
class Reproduced:
    """What came of it."""

    plan: ReproductionPlan
    level: Level
    steps: tuple[ProofStep, ...]
    notices: list[str] = field(default_factory=list)

    @property
    def is_proved(self) -> bool:
        """Whether running again gave the same weights, or scores that are as good."""
        return self.level in ("R3", "R4")


def plan_reproduction(
    reference: Reference,
    into: Path,
    *,
    wishes: Wishes,
    sources: Sources,
) -> ReproductionPlan:
    """Says what would be run, and whether it is this repository's own.

    Args:
        reference: The version.
        into: A folder that `restore` made of it, or one to be made.
        wishes: How commands are to run.
        sources: Where everything comes from.

    Raises:
        InvalidInput, NotFound, IntegrityError: See `plan_restore`.
        Refused: The record names no stage of a pipeline.
    """
    is_restored = (into / RESTORED).is_file()
    if is_restored:
        restoring = plan_at(reference, into.resolve(), level="R2", ledger=sources.ledger)
    else:
        restoring = plan_restore(reference, into, level="R2", sources=sources)
    record = restoring.filed.record
    if isinstance(record.pipeline, Unknown):
        raise Refused(
            f"expected the pipeline stage that made {record.reference}, found none on record: "
            f"{record.pipeline.unknown}",
            hints=[
                "train in a stage of dvc.yaml and register its output: such a version can be run "
                "again",
                f"ft-registry restore {record.reference} --into DIR brings all that it was made of",
            ],
        )
    return ReproductionPlan(
        restoring=restoring,
        stage=record.pipeline,
        wishes=wishes,
        is_restored=is_restored,
        foreign=tuple(_foreign(record, sources.code)),
    )


def _foreign(record: VersionRecord, code: CodeRepository) -> Iterable[str]:
    commit, repo, origin = record.code.commit, record.code.repo, code.origin()
    if not code.is_own(commit):
        yield f"no branch or tag of this repository leads to commit {commit}"
    known = isinstance(repo, str) and isinstance(origin, str)
    if known and not same_repository(str(repo), str(origin)):
        yield f"it was made in {repo}, this repository's origin is {origin}"


def reproduce(
    plan: ReproductionPlan,
    sources: Sources,
    runner: Runner,
    *,
    allow_commands: bool,
    tell: Callable[[str], None],
) -> Reproduced:
    """Restores a version, runs its stage again and compares.

    Args:
        plan: What, and where.
        sources: Where everything comes from.
        runner: Runs the commands.
        allow_commands: A person has looked at commands of others and lets them run.
        tell: Is told each command before it runs.

    Raises:
        GateRefused: The commands are not this repository's own, and nobody allowed them.
        IntegrityError: The weights on record are damaged, or a restored folder was changed.
        BackendUnavailable: A store does not answer, or the recorded packages do not install.
    """
    if plan.foreign and not allow_commands:
        raise GateRefused(
            f"expected commands of this repository's own, found {'; '.join(plan.foreign)}",
            hints=[
                *(f"it would run: {command}" for command in plan.commands),
                "--allow-commands runs them: they can do all that you can",
            ],
        )
    target = plan.restoring.into
    notices = list(plan.restoring.notices)
    if plan.is_restored:
        level, steps = _taken_up(plan, sources)
    else:
        restored = restore(plan.restoring, sources, record=False)
        level, steps = restored.level, list(restored.steps)
    if level == "R2":
        rerun = _Rerun(plan, sources, runner, tell, target / CODE)
        level = rerun.level()
        steps += rerun.steps
    else:
        detail = "not run: what it needs is not all there"
        steps.append(ProofStep(name=_named(plan.stage), state="unknown", detail=detail))
    proof = make_proof(
        "reproduce", level, tuple(steps), filed=plan.restoring.filed, context=sources.context
    )
    notices += record_proof(proof, ledger=sources.ledger, context=sources.context)
    return Reproduced(plan, level, tuple(steps), notices)


def _taken_up(plan: ReproductionPlan, sources: Sources) -> tuple[Level, list[ProofStep]]:
    """Returns what a restored folder says of itself, after comparing every file with it.

    Raises:
        IntegrityError: It is of another record, or a file is not what it was.
    """
    target = plan.restoring.into
    found = RestoredFolder.parse((target / RESTORED).read_bytes(), what=str(target / RESTORED))
    if found.record != plan.restoring.filed.digest:
        raise IntegrityError(
            f"expected {target} to be restored from {plan.restoring.filed.digest}, found "
            f"{found.record} ({found.model}/{found.version})",
            hints=["choose another folder, or the version that it was restored from"],
        )
    recipes = scoring(target / CODE, plan.stage, plan.restoring.evaluations, sources.pipelines)
    made = {f"{CODE}/{out}" for out in outputs([plan.stage, *(r.stage for r in recipes)])}
    now = {entry.path: entry for entry in list_files(target)}
    changed = [
        entry.path
        for entry in found.files
        # What an earlier reproduction has made in it is made again.
        if now.get(entry.path) != entry and not any(lies_in(entry.path, out) for out in made)
    ]
    if changed:
        raise IntegrityError(
            f"expected {target} as it was restored, found changed or gone: {some(changed)}",
            hints=["restore it anew into another folder"],
        )
    return found.level, list(found.steps)


@dataclass
class _Rerun:
    """One run of a recipe in a restored tree."""

    plan: ReproductionPlan
    sources: Sources
    runner: Runner
    tell: Callable[[str], None]
    tree: Path
    steps: list[ProofStep] = field(default_factory=list)

    def level(self) -> Level:
        """Runs the recipe and returns how far it proves the version."""
        restoring, record = self.plan.restoring, self.plan.restoring.filed.record
        differing = differences(
            record.environment, restoring.packages, self.sources.context.environment()
        )
        settings, step = choose_settings(
            self.plan.wishes, differing, recorded=record.environment, packages=restoring.packages,
            into=restoring.into, runner=self.runner,
        )  # fmt: skip
        self.tell(f"Python: {step.detail}")
        self.steps.append(step)
        self.sources.pipelines.settle(self.tree)
        recipes = scoring(self.tree, self.plan.stage, restoring.evaluations, self.sources.pipelines)
        if not self._run(self._training(), settings):
            return "R2"
        outs = [self.tree / out for out in sorted(outputs([self.plan.stage]))]
        weights = compare_weights(record.artifact.files, outs)
        self.steps.append(weights)
        if weights.state == "ok":
            return "R4"
        if weights.state == "missing":
            return "R2"  # whatever scores now, it is not what the stage made
        if not all(self._run(recipe, settings) for recipe in recipes):
            return "R2"
        made = outputs([self.plan.stage, *(recipe.stage for recipe in recipes)])
        scores = list(self._scores(made))
        self.steps += scores
        decided = {step.state for step in scores}
        return "R3" if "ok" in decided and decided <= {"ok", "unknown"} else "R2"

    def _training(self) -> Recipe:
        """Returns the recorded stage with the folder that the tree's pipeline runs it in."""
        for out in sorted(outputs([self.plan.stage])):
            found = self.sources.pipelines.find(self.tree, out)
            if found is not None:
                return Recipe(self.plan.stage, found.folder)
        return Recipe(self.plan.stage, ".")

    def _run(self, recipe: Recipe, settings: RunSettings) -> bool:
        """Runs a recipe, its outputs removed before; returns whether it succeeded."""
        name = _named(recipe.stage)
        folder = _inside(self.tree, recipe.folder)
        for out in outputs([recipe.stage]):
            _remove(self.tree / out)
            (self.tree / out).parent.mkdir(parents=True, exist_ok=True)
        for command in recipe.commands:
            self.tell(f"$ {command}")
            ran = self.runner.run(command, folder=folder, settings=settings)
            if not ran.ok:
                why = (
                    f"ended with status {ran.status}"
                    if ran.in_time
                    else f"stopped: not done within {settings.seconds:g} s"
                )
                self.steps.append(ProofStep(name=name, state="differs", detail=f"{command}: {why}"))
                return False
        self.steps.append(ProofStep(name=name, state="ok", detail="; ".join(recipe.commands)))
        return True

    def _scores(self, made: frozenset[str]) -> Iterable[ProofStep]:
        """Yields how the scores of each suite compare.

        Args:
            made: What was made again: items that git keeps would be compared with themselves.
        """
        suites: dict[str, list[Evaluation]] = {}
        for evaluation in self.plan.restoring.evaluations:
            suites.setdefault(evaluation.suite, []).append(evaluation)
        for suite, evaluations in suites.items():
            again = [e for e in evaluations if any(lies_in(e.source, out) for out in made)]
            if again:
                pairs = [
                    (items_of(self.plan.restoring.into, e), self.tree / e.source) for e in again
                ]
                yield from compare_scores(suite, pairs)
            else:
                detail = "no stage of the pipeline scores it again"
                yield ProofStep(name=f"scores {suite}", state="unknown", detail=detail)


def _named(stage: Stage) -> str:
    return f"stage {stage.stage}"


def _inside(tree: Path, folder: str) -> Path:
    """Returns the folder that commands run in.

    Raises:
        NotFound: It is not in the tree.
    """
    try:
        place = tree if folder == "." else tree / checkout_path(folder)
    except ValueError as error:
        raise NotFound(f"expected a working folder inside the tree, found: {error}") from error
    place.mkdir(parents=True, exist_ok=True)
    return place


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
