"""Promotion policies: what must be shown of a version before an alias may name it.

A policy lists, for each alias, checks that are joined by ``all`` or ``any``. It is data: what a
check means is decided in `ft_registry.gates`, where the facts come from in `ft_registry.actions`.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import ConfigDict, Field, model_validator

from ft_registry.model.names import AliasName, ModelName
from ft_registry.model.policy_checks import (
    ApprovalCheck,
    ArtifactCheck,
    Check,
    CommandCheck,
    CompareCheck,
    CostCheck,
    DataCheck,
    FreshnessCheck,
    IntegrityCheck,
    LineageCheck,
    PluginCheck,
    ScoreCheck,
    Strict,
)


class Clause(Strict):
    """One check, or a group of them. Exactly one key is given."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    score: ScoreCheck | None = None
    compare: CompareCheck | None = None
    data: DataCheck | None = None
    lineage: LineageCheck | None = None
    artifact: ArtifactCheck | None = None
    integrity: IntegrityCheck | None = None
    freshness: FreshnessCheck | None = None
    approval: ApprovalCheck | None = None
    cost: CostCheck | None = None
    command: CommandCheck | None = None
    plugin: PluginCheck | None = None
    all: Annotated[tuple["Clause", ...] | None, Field(min_length=1)] = None
    any: Annotated[tuple["Clause", ...] | None, Field(min_length=1)] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set) != 1 or self.content is None:
            kinds = ", ".join(type(self).model_fields)
            raise ValueError(f"expected one of {kinds}, found {len(self.model_fields_set)}")
        return self

    @property
    def content(self) -> "Check | tuple[Clause, ...] | None":
        """The check, or the clauses of the group."""
        (key,) = self.model_fields_set
        found: Check | tuple[Clause, ...] | None = getattr(self, key)
        return found

    def checks(self) -> Iterator[Check]:
        """Yields every check in it, in order."""
        content = self.content
        if isinstance(content, Check):
            yield content
        for clause in content if isinstance(content, tuple) else ():
            yield from clause.checks()


class Rule(Strict):
    """What an alias asks for: a group of checks."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    all: Annotated[tuple[Clause, ...] | None, Field(min_length=1)] = None
    any: Annotated[tuple[Clause, ...] | None, Field(min_length=1)] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.all is None) == (self.any is None):
            raise ValueError("expected one of all and any")
        return self

    @property
    def clause(self) -> Clause:
        """The rule as a group like any other."""
        return Clause(all=self.all) if self.all is not None else Clause(any=self.any)


Rules: TypeAlias = dict[AliasName, Rule]


class ModelPolicy(Strict):
    """What differs for one model."""

    aliases: Annotated[Rules, Field(default_factory=dict)]


class Policy(Strict):
    """The promotion policy of a registry."""

    aliases: Annotated[Rules, Field(default_factory=dict, description="By alias, for every model.")]
    models: Annotated[
        dict[ModelName, ModelPolicy],
        Field(
            default_factory=dict,
            description="By model: its rules stand in place of those for every model.",
        ),
    ]
    others: Annotated[
        Literal["refuse", "allow"],
        Field(description="What becomes of aliases without a rule."),
    ] = "refuse"

    @model_validator(mode="after")
    def _no_cycles(self) -> Self:
        _refuse_cycles(self)
        return self

    def rule(self, model: str, alias: str) -> Rule | None:
        """Returns what an alias of a model asks for; None: nothing is said of it."""
        own = self.models.get(model)
        return (own.aliases if own else {}).get(alias) or self.aliases.get(alias)


def check_names(rule: Rule) -> tuple[str, ...]:
    """Returns the name of each check of a rule, in order: its own, else its kind.

    A second check of a name becomes ``-2``.
    """
    names: list[str] = []
    for check in rule.clause.checks():
        wanted = check.name or check.KIND
        name, number = wanted, 1
        while name in names:
            number += 1
            name = f"{wanted}-{number}"
        names.append(name)
    return tuple(names)


def _refuse_cycles(policy: Policy) -> None:
    """Raises ValueError where aliases wait for each other: none of them could ever be filled."""

    def opponents(model: str, alias: str) -> Iterator[tuple[str, str]]:
        rule = policy.rule(model, alias)
        for check in rule.clause.checks() if rule else ():
            if isinstance(check, CompareCheck) and "@" in check.against:
                name, _, other = check.against.partition("@")
                yield name or model, other

    def walk(path: Sequence[tuple[str, str]]) -> None:
        for other in opponents(*path[-1]):
            if other == path[-1]:
                continue  # it has to beat what it replaces
            if other in path:
                ring = (*path[path.index(other) :], other)
                raise ValueError(
                    f"expected aliases that do not wait for each other, found {_ring(ring)}"
                )
            if other not in done:
                walk((*path, other))
        done.add(path[-1])

    done: set[tuple[str, str]] = set()
    # What has no rules of its own, and is no opponent by name, is like any other model.
    for model in ("", *policy.models, *_named(policy)):
        own = policy.models.get(model)
        for alias in (*policy.aliases, *(own.aliases if own else ())):
            walk(((model, alias),))


def _named(policy: Policy) -> Iterator[str]:
    """Yields the models that rules name as opponents by an alias."""
    for rules in (policy.aliases, *(own.aliases for own in policy.models.values())):
        for rule in rules.values():
            for check in rule.clause.checks():
                if isinstance(check, CompareCheck) and "@" in check.against:
                    yield check.against.partition("@")[0]


def _ring(aliases: Sequence[tuple[str, str]]) -> str:
    """Returns aliases in words, with their models where these are several."""
    several = len({model for model, _ in aliases}) > 1
    return " -> ".join(f"{model}@{alias}" if several else alias for model, alias in aliases)
