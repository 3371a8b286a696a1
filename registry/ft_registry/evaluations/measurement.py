"""The normal form of an evaluation: what any evaluator's output comes down to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ft_registry.evaluations.items import Items


@dataclass(frozen=True)
class MeasuredScore:
    """One metric of one task, over all its items."""

    metric: str
    value: float
    """Finite."""
    n: int
    """Items that it is computed from; 0: the evaluator does not say."""
    filter: str = ""
    """How answers were made ready, such as lm-eval's ``strict-match``; empty: as they came."""
    task: str = ""
    """Empty: the evaluation has one task, named as the suite."""
    stderr: float | None = None
    """The evaluator's standard error; None: it gives none."""
    higher_is_better: bool | None = None
    """None: the evaluator does not say."""

    @property
    def column(self) -> str:
        """The name of the column of its items."""
        return f"{self.metric},{self.filter}" if self.filter else self.metric

    @property
    def key(self) -> str:
        """Its name within the suite: ``metric``, ``task.metric,filter``."""
        return f"{self.task}.{self.column}" if self.task else self.column


@dataclass(frozen=True)
class Claim:
    """What an evaluator's file says of the model that it measured; empty where it says nothing."""

    name: str = ""
    """As it was given to the evaluator: a name of a hub, a path, a model of an API."""
    adapter: str = ""
    """The same of an adapter on top."""
    revision: str = ""
    digests: tuple[str, ...] = ()
    """``sha256:...`` of weights, or a commit of a hub."""


@dataclass(frozen=True)
class Measurement:
    """What one run of an evaluator found; the unit that becomes an evaluation on record."""

    suite: str
    """What it measures: the task, where there is one; else what the file calls itself."""
    harness: str
    """The evaluator: ``lm-eval``, ``inspect``, ``items`` for plain files, ..."""
    scores: tuple[MeasuredScore, ...]
    """At least one."""
    items: Items | None = None
    """None: the file has totals only."""
    harness_version: str = ""
    claim: Claim = field(default_factory=Claim)
    partial: str = ""
    """Why it is not of the whole suite, such as ``limit 10 of 1319 items``; empty: it is."""
    task_versions: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    """The evaluator's own hash of questions, or name and revision of a public set, by task."""
    prompt_digest: str = ""
    """Of all prompts, in the order of the items' ids; empty: there are none in the file."""
    few_shot: Mapping[str, int] = field(default_factory=dict)
    """Examples that are shown before a question, by task."""
    few_shot_digest: str = ""
    """Of what chose and formed them, where the file says."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """Further JSON values that change scores: temperature, chat template's hash, epochs."""
    seeds: Mapping[str, int] = field(default_factory=dict)
    time: str = ""
    """When it was measured: a timestamp as documents have it; empty: the file does not say."""
    seconds: float | None = None
    """How long it took."""
    cost: float | None = None
    """US dollars."""
    notes: tuple[str, ...] = ()
    """What a person should know who reads the scores."""

    @property
    def rows(self) -> int:
        """How many items were scored; 0: nobody says."""
        if self.items is not None:
            return len(self.items)
        return max((score.n for score in self.scores), default=0)
