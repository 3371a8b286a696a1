"""Small documents that stand beside the records."""

from typing import ClassVar

from ft_registry.model.document import Document
from ft_registry.model.manifest import Digest
from ft_registry.model.names import ModelName


class ModelDocument(Document):
    """A registered model: the name that versions share.

    It holds nothing else, so that two first registrations at once write the same bytes.
    """

    SCHEMA: ClassVar[str] = "ft-registry/model/1"

    name: ModelName


class IdentityPointer(Document):
    """From an identity to the version that has it: one identity, one version."""

    SCHEMA: ClassVar[str] = "ft-registry/identity/1"

    identity: Digest
    version: int


class PackageList(Document):
    """The distributions that were installed, by name."""

    SCHEMA: ClassVar[str] = "ft-registry/packages/1"

    packages: dict[str, str]
