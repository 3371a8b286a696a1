"""Tells what was measured: of one version, or of a model over its versions."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ft_registry.actions.contenders import baseline_evaluations, read_baseline
from ft_registry.actions.events import require_ledger
from ft_registry.actions.resolve import (
    read_evaluations,
    require_model,
    resolve,
    version_numbers,
)
from ft_registry.errors import NotFound
from ft_registry.model import layout
from ft_registry.model.alias import AliasState
from ft_registry.model.evaluation import Evaluation, Score, in_force
from ft_registry.model.names import model_name
from ft_registry.model.reference import BaselineReference, parse_contender
from ft_registry.model.score_history import ScoreHistory, ScorePoint, ScoreSeries
from ft_registry.ports.ledger import Documents


def score_history(
    ledger: Documents, subject: str, *, suite: str = "", last: int | None = None
) -> ScoreHistory:
    """Returns what was measured.

    Args:
        ledger: Has the evaluations.
        subject: A model's name, or a reference to one version or baseline.
        suite: Only this one; empty: all.
        last: Of a model, only so many versions, the newest; None: all.

    Raises:
        InvalidInput: It is neither.
        NotFound: There is no such model, version or baseline, or nothing of the suite.
    """
    require_ledger(ledger)
    model, found = _found(ledger, subject, last)
    suites = sorted({one.suite for one in found})
    if suite and suite not in suites:
        raise NotFound(
            f"expected evaluations of the suite {suite!r} of {subject}, found none",
            hints=[f"suites of {subject}: {', '.join(suites) or 'none yet'}"],
        )
    by_version: dict[int | None, list[Evaluation]] = defaultdict(list)
    for one in sorted(found, key=lambda evaluation: evaluation.recorded_at):
        if suite in ("", one.suite):
            by_version[one.version].append(one)
    ordered = dict(sorted(by_version.items(), key=lambda item: item[0] or 0))
    contents = ledger.read_many(ledger.paths(layout.aliases(model)))
    aliases: dict[int, list[str]] = defaultdict(list)
    for path, content in sorted(contents.items()):
        state = AliasState.parse(content, what=path)
        aliases[state.version].append(state.alias)
    return ScoreHistory(
        model=model,
        series=tuple(_series(ordered, aliases)),
        evaluations=tuple(one for evaluations in ordered.values() for one in evaluations),
    )


def _found(ledger: Documents, subject: str, last: int | None) -> tuple[str, Sequence[Evaluation]]:
    if not any(mark in subject for mark in "/@:"):
        model = model_name(subject)
        require_model(ledger, model)
        return model, _read(ledger, model, last)
    reference = parse_contender(subject)
    if isinstance(reference, BaselineReference):
        read_baseline(ledger, reference)
        return reference.model, baseline_evaluations(ledger, reference)
    version = resolve(ledger, reference)
    return version.model, read_evaluations(ledger, version)


def _read(ledger: Documents, model: str, last: int | None) -> list[Evaluation]:
    paths = ledger.paths(layout.all_evaluations(model))
    if last is not None:
        kept = set(version_numbers(ledger, model)[-last:])
        paths = [path for path in paths if int(path.split("/")[4]) in kept]
    contents = ledger.read_many(paths)
    return [Evaluation.parse(content, what=path) for path, content in contents.items()]


def _series(
    found: dict[int | None, list[Evaluation]], aliases: dict[int, list[str]]
) -> Iterator[ScoreSeries]:
    points: dict[tuple[str, str], list[ScorePoint]] = defaultdict(list)
    for number, evaluations in found.items():
        runs: dict[tuple[str, str], list[tuple[Evaluation, Score]]] = defaultdict(list)
        for one in in_force(evaluations):
            for score in one.scores:
                runs[one.suite, score.key].append((one, score))
        for key, measured in runs.items():
            evaluation, score = measured[-1]
            points[key].append(
                ScorePoint(
                    version=number,
                    aliases=tuple(aliases.get(number, ())) if number is not None else (),
                    evaluation=evaluation,
                    score=score,
                    runs=tuple(one.value for _, one in measured),
                )
            )
    for (suite, metric), series in sorted(points.items()):
        yield ScoreSeries(suite, metric, tuple(series))
