"""Tells what was measured: of one version, or of a model over its versions."""

from collections import defaultdict
from collections.abc import Iterator

from ft_registry.actions.events import require_ledger
from ft_registry.actions.resolve import (
    read_evaluations,
    require_model,
    resolve,
    version_numbers,
)
from ft_registry.model import layout
from ft_registry.model.alias import AliasState
from ft_registry.model.evaluation import Evaluation, Score, in_force
from ft_registry.model.names import model_name
from ft_registry.model.reference import parse_reference
from ft_registry.model.score_history import ScoreHistory, ScorePoint, ScoreSeries
from ft_registry.ports.ledger import Ledger


def score_history(
    ledger: Ledger, subject: str, *, suite: str = "", last: int | None = None
) -> ScoreHistory:
    """Returns what was measured.

    Args:
        ledger: Has the evaluations.
        subject: A model's name, or a reference to one version.
        suite: Only this one; empty: all.
        last: Of a model, only so many versions, the newest; None: all.

    Raises:
        InvalidInput: It is neither.
        NotFound: There is no such model or version.
    """
    require_ledger(ledger)
    if "/" in subject or "@" in subject:
        version = resolve(ledger, parse_reference(subject))
        model, found = version.model, read_evaluations(ledger, version)
    else:
        model = model_name(subject)
        require_model(ledger, model)
        found = _read(ledger, model, last)
    by_version: dict[int, list[Evaluation]] = defaultdict(list)
    for one in sorted(found, key=lambda evaluation: evaluation.recorded_at):
        if suite in ("", one.suite) and one.version is not None:
            by_version[one.version].append(one)
    ordered = dict(sorted(by_version.items()))
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


def _read(ledger: Ledger, model: str, last: int | None) -> list[Evaluation]:
    paths = ledger.paths(layout.all_evaluations(model))
    if last is not None:
        kept = set(version_numbers(ledger, model)[-last:])
        paths = [path for path in paths if int(path.split("/")[4]) in kept]
    contents = ledger.read_many(paths)
    return [Evaluation.parse(content, what=path) for path, content in contents.items()]


def _series(
    found: dict[int, list[Evaluation]], aliases: dict[int, list[str]]
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
                    aliases=tuple(aliases.get(number, ())),
                    evaluation=evaluation,
                    score=score,
                    runs=tuple(one.value for _, one in measured),
                )
            )
    for (suite, metric), series in sorted(points.items()):
        yield ScoreSeries(suite, metric, tuple(series))
