"""The checks of a promotion policy: what may be asked of a version."""

from collections.abc import Set
from typing import Annotated, ClassVar, Literal, Self, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    JsonValue,
    model_validator,
)

from ft_registry.errors import InvalidInput
from ft_registry.model.reference import parse_contender

_LEAST_ALPHA = 1e-4
ALPHA = 0.05
"""How often a comparison may err, unless the policy says otherwise."""

Differences: TypeAlias = Literal[
    "harness", "questions", "prompts", "few_shot", "task_version", "settings", "data"
]
"""What may differ between two evaluations beside the model."""


def _check_name(text: str) -> str:
    if text == "gate":
        raise ValueError("expected another name: --override gate sets the whole gate aside")
    return text


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$"), AfterValidator(_check_name)]
Share = Annotated[FiniteFloat, Field(ge=0, le=1)]
Positive = Annotated[FiniteFloat, Field(gt=0)]
Count = Annotated[int, Field(ge=0, strict=True)]
Text = Annotated[str, Field(min_length=1)]


class Strict(BaseModel):
    """A part of a policy: what is misspelt is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def _opponent(text: str) -> str:
    try:
        parse_contender(f"model{text}" if text.startswith("@") else text)
    except InvalidInput as error:
        raise ValueError(
            f"expected @ALIAS, NAME@ALIAS, NAME/7 or NAME:BASELINE, found {text!r}"
        ) from error
    if text.endswith("/latest"):
        raise ValueError(f"expected an opponent that stays, found {text!r}: it is the newest one")
    return text


Opponent = Annotated[str, AfterValidator(_opponent)]


class Check(Strict):
    """What every check has."""

    KIND: ClassVar[str]

    name: Annotated[Name | None, Field(description="What reports and --override call it.")] = None


CheckType = TypeVar("CheckType", bound=Check)


class Measured(Check):
    """A check of one metric of one suite."""

    suite: Text
    metric: Annotated[
        Text, Field(description="METRIC, METRIC,FILTER or TASK.METRIC, as eval show names it.")
    ]
    min_items: Annotated[int, Field(ge=1, description="Fewer items decide nothing.")] = 1
    allow_partial: Annotated[
        bool, Field(description="Take an evaluation of a part of the suite.")
    ] = False
    allow_trusted: Annotated[
        bool, Field(description="Take an evaluation whose files speak for another model.")
    ] = False


class ScoreCheck(Measured):
    """A metric against a bound."""

    KIND = "score"

    at_least: FiniteFloat | None = None
    at_most: FiniteFloat | None = None
    by: Annotated[
        Literal["value", "lower_bound", "upper_bound"],
        Field(description="What is held against the bound: the score, or its confidence limit."),
    ] = "value"
    level: Annotated[
        FiniteFloat, Field(gt=0.5, lt=1, description="Of the limit, which is one-sided.")
    ] = 0.95

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("expected one of at_least and at_most")
        if self.by == "upper_bound" and self.at_least is not None:
            raise ValueError("expected lower_bound with at_least: the upper bound is the good case")
        if self.by == "lower_bound" and self.at_most is not None:
            raise ValueError("expected upper_bound with at_most: the lower bound is the good case")
        return self


class CompareCheck(Measured):
    """A metric against the same of an opponent, on the same items."""

    KIND = "compare"

    against: Annotated[
        Opponent, Field(description="@champion, NAME@ALIAS, NAME/1, or NAME:BASELINE.")
    ]
    test: Literal["superior", "non_inferior"]
    margin: Annotated[
        FiniteFloat,
        Field(ge=0, description="superior: by more than this; non_inferior: worse by less."),
    ] = 0.0
    alpha: Annotated[FiniteFloat, Field(gt=0, lt=0.5)] = ALPHA
    absent: Annotated[
        Literal["inconclusive", "pass", "fail"],
        Field(description="What it is while nobody holds the alias."),
    ] = "inconclusive"
    paired: Annotated[
        bool, Field(description="false: other items on either side, compared as two groups.")
    ] = True
    method: Annotated[
        Literal["auto", "t", "bootstrap"],
        Field(description="Of graded scores: the paired t (auto), or the BCa bootstrap."),
    ] = "auto"
    higher_is_better: Annotated[
        bool | None, Field(description="Where the evaluation does not say.")
    ] = None
    family: Annotated[
        Name | None,
        Field(description="Checks of one family are judged together (Holm)."),
    ] = None
    slices: Annotated[
        tuple[Text, ...],
        Field(description="Properties of items, such as language: no part may get worse."),
    ] = ()
    may_differ: Annotated[
        tuple[Differences, ...],
        Field(description="What else may differ between the two evaluations."),
    ] = ()

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.test == "non_inferior" and self.margin == 0:
            raise ValueError(
                "expected a margin above 0 for non_inferior: nothing shows that two are equal"
            )
        if self.method == "bootstrap" and self.alpha < _LEAST_ALPHA:
            raise ValueError(
                f"expected an alpha of {_LEAST_ALPHA:g} or more with the bootstrap: each resample "
                "is but one in so many"
            )
        if not self.paired and (self.slices or self.method == "bootstrap"):
            raise ValueError("expected paired items for slices and the bootstrap")
        return self


class DataCheck(Check):
    """The training data, of every stage that it was tuned in."""

    KIND = "data"

    min_examples: Count | None = None
    max_faults: Count | None = None
    max_duplicates: Annotated[
        Share | None, Field(description="The share of examples that are equal to another.")
    ] = None
    overlap_with_evaluation: Annotated[
        Count | None,
        Field(description="Evaluation examples that training data may hold, of every ancestor."),
    ] = None
    match: Annotated[
        Literal["exact", "normal", "prompt"],
        Field(description="Equal; but for case and spacing; or the same prompt."),
    ] = "normal"
    suites: Annotated[
        tuple[Text, ...], Field(description="Whose evaluation data is looked for; none: of all.")
    ] = ()

    @model_validator(mode="after")
    def _asks(self) -> Self:
        return _asks_something(self, besides={"match", "suites"})


class LineageCheck(Check):
    """What made the version is on record, and can be had again."""

    KIND = "lineage"

    complete: Annotated[
        bool, Field(description="Data, base, method and code are known, of every ancestor.")
    ] = False
    clean: Annotated[bool, Field(description="The tree had no uncommitted changes.")] = False
    pushed: Annotated[bool, Field(description="The data lies in a DVC remote.")] = False
    base_pinned: Annotated[
        bool, Field(description="The base is named by commit or digest, not by a name that moves.")
    ] = False

    @model_validator(mode="after")
    def _asks(self) -> Self:
        return _asks_something(self)


class ArtifactCheck(Check):
    """The files of the version."""

    KIND = "artifact"

    format: Annotated[
        Literal["safetensors"] | None, Field(description="Weights of no other format.")
    ] = None
    max_size: Annotated[int | None, Field(ge=1, description="Bytes.")] = None
    licences: Annotated[
        tuple[Text, ...],
        Field(description="Those that its model card may name, such as apache-2.0."),
    ] = ()

    @model_validator(mode="after")
    def _asks(self) -> Self:
        return _asks_something(self)


class IntegrityCheck(Check):
    """Bytes and records are what they were."""

    KIND = "integrity"

    verified: Annotated[
        bool, Field(description="Every byte of weights and data is as recorded.")
    ] = False
    signed_by: Annotated[
        tuple[Text, ...],
        Field(description="Who may have signed its registration: e-mail addresses."),
    ] = ()

    @model_validator(mode="after")
    def _asks(self) -> Self:
        return _asks_something(self)


class FreshnessCheck(Check):
    """Evaluated not long ago, on the data that counts."""

    KIND = "freshness"

    suite: Text
    within_days: Positive | None = None
    on: Annotated[
        Text | None,
        Field(description="The snapshot: NAME (its newest), NAME@MD5; or hub:NAME@REVISION."),
    ] = None

    @model_validator(mode="after")
    def _asks(self) -> Self:
        return _asks_something(self, besides={"suite"})


class ApprovalCheck(Check):
    """People who looked at this very record and said yes."""

    KIND = "approval"

    count: Annotated[int, Field(ge=1, strict=True)] = 1
    of: Annotated[
        tuple[Text, ...], Field(description="Who counts: e-mail addresses; none: anybody.")
    ] = ()
    not_author: Annotated[
        bool, Field(description="Whoever registered the version does not count.")
    ] = True


class CostCheck(Check):
    """What an item took when it was scored, on average."""

    KIND = "cost"

    suite: Text
    measure: Annotated[
        Literal["cost", "latency", "tokens"],
        Field(description="US dollars, seconds, or tokens that were generated, an item."),
    ]
    at_most: Positive


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("expected a command line, found NUL in it")
    return text


class CommandCheck(Check):
    """A program of the user's own: exit 0 passes, 7 cannot decide, all else fails."""

    KIND = "command"

    run: Annotated[
        Text,
        AfterValidator(_without_nul),
        Field(description="A command line; {ref}, {model}, {version}, {alias} are filled in."),
    ]
    timeout_seconds: Positive = 600
    env: Annotated[
        tuple[Text, ...],
        Field(description="Variables of the environment that it gets: none else with a secret."),
    ] = ()


class PluginCheck(Check):
    """A check of an installed package: an entry point of the group ``ft_registry.checks``."""

    KIND = "plugin"

    check: Annotated[Text, Field(description="The name of the entry point.")]
    settings: dict[str, JsonValue] = {}


def _asks_something(check: CheckType, besides: Set[str] = frozenset()) -> CheckType:
    names = [name for name in type(check).model_fields if name not in {"name", *besides}]
    values = [getattr(check, name) for name in names]
    # 0 asks for something, namely for none.
    if all(value is None or value is False or value == () for value in values):
        raise ValueError(f"expected one of {', '.join(names)}")
    return check
