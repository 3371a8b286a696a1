"""What every document of the ledger has in common.

A document is frozen, names its schema and version, and keeps the fields it does not know, so that
an older reader can pass on what a newer writer said.
"""

import re
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ft_registry.errors import IntegrityError, InvalidInput, NotARegistry
from ft_registry.model.canonical import canonical_bytes, digest_bytes, parse_json

_VERSION = re.compile(r"[1-9][0-9]{0,8}")


class Part(BaseModel):
    """A piece of a document."""

    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True, defer_build=True)


class Unknown(Part):
    """A value that could not be known, with the reason; never a silent null."""

    unknown: str
    """Why it could not be known."""


class Document(Part):
    """A document of the ledger: canonical bytes, named by their digest."""

    SCHEMA: ClassVar[str]
    """``ft-registry/<document>/<version>``."""

    schema_id: str = Field(alias="schema", default="")

    def model_post_init(self, context: Any, /) -> None:
        """Names the schema where the caller left it to the class."""
        del context
        if not self.schema_id:
            object.__setattr__(self, "schema_id", self.SCHEMA)

    def as_json(self) -> dict[str, Any]:
        """Returns the document as a JSON value.

        Raises:
            InvalidInput: It is nested too deeply, or holds what JSON cannot.
        """
        try:
            return self.model_dump(mode="json", by_alias=True)
        except ValueError as error:
            raise InvalidInput(
                f"expected a document that JSON can hold, found otherwise: {error}"
            ) from error

    def to_bytes(self) -> bytes:
        """Returns the canonical bytes; `parse` undoes it."""
        return canonical_bytes(self.as_json())

    @property
    def digest(self) -> str:
        """The name of the document: the digest of its bytes."""
        return digest_bytes(self.to_bytes())

    @classmethod
    def parse(cls, data: bytes, *, what: str) -> Self:
        """Parses a document's bytes.

        Args:
            data: The bytes as read from the ledger.
            what: What they are, for the error.

        Raises:
            IntegrityError: They are not this kind of document.
            NotARegistry: A newer ft-registry wrote them in a schema that this one does not read.
        """
        value = parse_json(data, what=what)
        schema = value.get("schema") if isinstance(value, dict) else None
        if schema != cls.SCHEMA:
            if isinstance(schema, str) and _is_newer(schema, cls.SCHEMA):
                raise NotARegistry(
                    f"expected {what} in schema {cls.SCHEMA}, found {schema}",
                    hints=["a newer ft-registry wrote it: upgrade this one"],
                )
            raise IntegrityError(f"expected {what} in schema {cls.SCHEMA}, found {schema!r}")
        try:
            # By the schema's own names: `previous` in a document is not our name for `from`.
            return cls.model_validate(value, by_alias=True, by_name=False)
        except ValidationError as error:
            raise IntegrityError(
                f"expected {what} to follow {cls.SCHEMA}, found: {first_fault(error)}"
            ) from error


def is_empty(value: Any) -> bool:
    """Returns whether a field that came after the first release is left out of the bytes.

    ``Field(exclude_if=is_empty)`` lets the documents of older releases keep their digests.
    """
    return value is None or value in ((), {}, "")


def _is_newer(found: str, known: str) -> bool:
    name, _, version = found.rpartition("/")
    known_name, _, known_version = known.rpartition("/")
    if name != known_name or not _VERSION.fullmatch(version):
        return False
    return int(version) > int(known_version)


def first_fault(error: ValidationError) -> str:
    """Returns in words what is wrong first, and where, and how much more is."""
    fault = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in fault["loc"]) or "the document"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{where}: {fault['msg']}{more}"
