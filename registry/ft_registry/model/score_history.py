"""Scores over time: what was measured of a model, version by version."""

from dataclasses import dataclass

from ft_registry.model.evaluation import Evaluation, Score

_Z = 1.959963984540054
"""The normal quantile of 97.5 %."""


@dataclass(frozen=True)
class ScorePoint:
    """One metric of one version."""

    version: int | None
    """None: of a baseline."""
    aliases: tuple[str, ...]
    """Those that name the version now."""
    evaluation: Evaluation
    """The newest: it counts."""
    score: Score
    runs: tuple[float, ...]
    """What each evaluation in force found, the newest last: the spread of measuring again."""

    @property
    def name(self) -> str:
        """The number of the version, or the baseline's label."""
        return self.evaluation.baseline if self.version is None else str(self.version)

    @property
    def interval(self) -> tuple[float, float] | None:
        """How far chance moves it, at 95 %: by its items, else by the evaluator's error."""
        score = self.score
        if score.interval is not None:
            return score.interval.low, score.interval.high
        if score.stderr is None:
            return None
        half = _Z * score.stderr
        return score.value - half, score.value + half


@dataclass(frozen=True)
class ScoreSeries:
    """One metric over versions."""

    suite: str
    metric: str
    """`Score.key`."""
    points: tuple[ScorePoint, ...]
    """By version."""

    @property
    def span(self) -> tuple[float, float]:
        """The least and the largest of all scores and intervals: the axis of a plot."""
        values = [
            value
            for point in self.points
            for value in (point.score.value, *point.runs, *(point.interval or ()))
        ]
        return min(values), max(values)


@dataclass(frozen=True)
class ScoreHistory:
    """What was measured of a model, of one version, or of a baseline."""

    model: str
    series: tuple[ScoreSeries, ...]
    evaluations: tuple[Evaluation, ...]
    """All of them, those that were corrected too, by version and time."""

    def is_corrected(self, evaluation: Evaluation) -> bool:
        """Returns whether a later one corrects it: it counts no more."""
        return any(
            evaluation.id in one.supersedes and one.version == evaluation.version
            for one in self.evaluations
        )
