"""References: how a person names a version.

    name/7            version 7
    name/latest       the version with the highest number
    name@champion     the version that the alias names now

MLflow's ``models:/...`` spelling of the three is accepted. Parsing and printing undo each other.
"""

from dataclasses import dataclass
from typing import TypeAlias

from ft_registry.errors import InvalidInput
from ft_registry.model.names import alias_name, model_name, version_number


@dataclass(frozen=True)
class VersionReference:
    """``name/7``."""

    model: str
    number: int

    def __str__(self) -> str:
        return f"{self.model}/{self.number}"


@dataclass(frozen=True)
class LatestReference:
    """``name/latest``."""

    model: str

    def __str__(self) -> str:
        return f"{self.model}/latest"


@dataclass(frozen=True)
class AliasReference:
    """``name@champion``."""

    model: str
    alias: str

    def __str__(self) -> str:
        return f"{self.model}@{self.alias}"


@dataclass(frozen=True)
class BaselineReference:
    """``name:label``: what versions are held against."""

    model: str
    label: str

    def __str__(self) -> str:
        return f"{self.model}:{self.label}"


Reference: TypeAlias = VersionReference | LatestReference | AliasReference
Contender: TypeAlias = Reference | BaselineReference
"""What can be compared."""

_HINT = "write NAME/7, NAME@champion or NAME/latest"


def parse_reference(text: str) -> Reference:
    """Parses a reference to a version.

    Raises:
        InvalidInput: The text is none of the three forms, or a part of it is malformed.
    """
    rest = text.removeprefix("models:/")
    if "@" in rest and "/" not in rest:
        return parse_alias_reference(rest)
    name, slash, number = rest.partition("/")
    if not slash or not name or not number:
        raise InvalidInput(f"expected a reference to a version, found {text!r}", hints=[_HINT])
    model = model_name(name)
    if number == "latest":
        return LatestReference(model)
    return VersionReference(model, version_number(number))


def parse_contender(text: str) -> Contender:
    """Parses a reference to a version or to a baseline, ``name:label``.

    Raises:
        InvalidInput: The text is neither.
    """
    name, colon, label = text.partition(":")
    if not colon or text.startswith("models:/"):
        return parse_reference(text)
    return BaselineReference(model_name(name), alias_name(label))


def parse_alias_reference(text: str) -> AliasReference:
    """Parses a reference that must name an alias.

    Raises:
        InvalidInput: The text is not ``name@alias``.
    """
    name, at, alias = text.removeprefix("models:/").partition("@")
    if not at or not name or not alias:
        raise InvalidInput(
            f"expected a model and an alias, found {text!r}", hints=["write NAME@champion"]
        )
    return AliasReference(model_name(name), alias_name(alias))
