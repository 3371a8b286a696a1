"""Snapshots: a dataset at one moment, and its place in a version's record."""

from typing import Annotated, ClassVar

from pydantic import Field

from ft_registry.model.document import Document, Part, Unknown, is_empty
from ft_registry.model.examples import ExampleIndex, Profile
from ft_registry.model.manifest import Digest, Md5Hex, RelativePath
from ft_registry.model.origin import Actor
from ft_registry.model.time import Timestamp

TRAINING_ROLES = ("train", "preference", "prompt", "reward", "source")
"""Roles of data that made the weights: they are part of a version's identity."""
MEASURING_ROLES = ("eval", "calibration")
"""Roles of data that the weights were measured on."""
ROLES = TRAINING_ROLES + MEASURING_ROLES


class DvcHash(Part):
    """What DVC knows of a file or directory: its MD5 is the key in cache and remote."""

    md5: Md5Hex
    size: Annotated[int, Field(ge=0)]
    """Bytes, of all files together."""
    nfiles: Annotated[int, Field(ge=0)]


class DataContent(Part):
    """Bytes of data, wherever they lie."""

    path: RelativePath
    """From the top level of the git repository."""
    dvc: DvcHash
    sha256: Digest
    """Of the bytes of a file; of the manifest of a directory."""
    rows: int | Unknown
    """Examples: JSONL lines, CSV records, Parquet rows."""


class Dataset(DataContent):
    """Data in a version's record: what it was, and what it served for."""

    role: str
    """One of `ROLES`."""
    name: str
    """What people call it; by default the file's stem."""
    pointer: str
    """The file that held the hash: ``data/train.jsonl.dvc`` or ``dvc.lock``."""
    records_root: Digest | Unknown
    """The root of its example index."""
    profile: Annotated[Profile | None, Field(exclude_if=is_empty)] = None


class Snapshot(Document):
    """The moment at which data was tracked, who did it, and how to find it again."""

    SCHEMA: ClassVar[str] = "ft-registry/snapshot/1"

    name: str
    content: DataContent
    pointer: str
    commit: str | Unknown
    """The git commit that holds the pointer."""
    taken_at: Timestamp
    taken_by: Actor
    examples: Annotated[ExampleIndex | Unknown | None, Field(exclude_if=is_empty)] = None
    """The index of its examples; None: taken before there were any."""
    profile: Annotated[Profile | None, Field(exclude_if=is_empty)] = None
