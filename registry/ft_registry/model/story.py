"""The story of a version: its record, and all that was said of it since, as pages tell it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ft_registry.model.evaluation import Evaluation, in_force, score_table
from ft_registry.model.record import VersionRecord
from ft_registry.model.verdict import Verdict


@dataclass(frozen=True)
class Rival:
    """What a version is held against: another version, or a baseline."""

    reference: str
    """``name/5``, or ``name:label``."""
    words: str
    """Why it: ``@champion``, ``prompt baseline``."""
    scores: Mapping[str, float]
    """By ``suite.metric``."""


@dataclass(frozen=True)
class Compared:
    """One score beside a rival's."""

    rival: Rival
    value: float
    """The rival's."""
    delta: float
    """New less old."""
    better: bool | None
    """None: equal, or nobody says which way is better."""


@dataclass(frozen=True)
class VersionStory:
    """One version, whole."""

    record: VersionRecord
    digest: str
    """Of the record as it is filed."""
    evaluations: tuple[Evaluation, ...] = ()
    """All of them, by time."""
    verdicts: tuple[Verdict, ...] = ()
    """The newest for each alias."""
    aliases: tuple[str, ...] = ()
    """Those that name it now."""
    rivals: tuple[Rival, ...] = ()
    """What the aliases of the model name now, this version aside, and the baselines."""
    standing: str = ""
    """``good``, ``bad`` or ``deleted``, where somebody said so."""

    @cached_property
    def scores(self) -> Mapping[str, float]:
        """Its scores in force, by ``suite.metric``."""
        return score_table(self.evaluations)

    def compared(self, key: str) -> Iterator[Compared]:
        """Yields one of its scores beside that of each rival that has it."""
        own = self.scores[key]
        higher = self._directions.get(key)
        for rival in self.rivals:
            if key in rival.scores:
                delta = own - rival.scores[key]
                better = (delta > 0) == higher if higher is not None and delta else None
                yield Compared(rival, rival.scores[key], delta, better)

    @cached_property
    def _directions(self) -> Mapping[str, bool | None]:
        return {
            f"{one.suite}.{score.key}": score.higher_is_better
            for one in in_force(self.evaluations)
            for score in one.scores
        }


@dataclass(frozen=True)
class Move:
    """One step of an alias."""

    time: str
    alias: str
    to: int | None
    type: str
    who: str
    reason: str
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelStory:
    """A registered model: its versions, and how its aliases moved."""

    name: str
    aliases: Mapping[str, int]
    versions: tuple[VersionStory, ...]
    """By number; of a model's page in the store only the newest, and those that aliases name."""
    count: int
    """Of all versions."""
    moves: tuple[Move, ...] = field(default=())
    """The newest first."""
    without_moves: str = ""
    """Why there are none to tell; empty: they are told."""
