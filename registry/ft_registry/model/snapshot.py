"""Snapshots: a dataset at one moment, and its place in a version's record."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from ft_registry.errors import IntegrityError
from ft_registry.model.canonical import digest
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

    @property
    def key(self) -> str:
        """What names the data in paths and references."""
        return self.md5

    @property
    def words(self) -> str:
        """What `key` is, for people."""
        return "md5"


class SourceFile(Part):
    """One file as the store that keeps it names it; nobody read its bytes."""

    path: str
    """Inside the source; empty: the source is this file."""
    size: Annotated[int, Field(ge=0)]
    tag: str
    """The store's own mark of the content, an ETag say: it changes when the bytes do."""
    version: str
    """By which a store that keeps versions returns these bytes, whatever came after; or empty."""


class SourceListing(Part):
    """What DVC knows of data that stays at its source: no hash of bytes, but the store's marks."""

    source: Annotated[str, Field(min_length=1)]
    """Where it lies, as the pointer has it: ``s3://corpora/web`` or ``remote://corpora/web``."""
    listing: Digest
    """Of the list of files with size, tag and version, and of the source. It is no hash of the
    bytes."""
    size: Annotated[int, Field(ge=0)]
    nfiles: Annotated[int, Field(ge=0)]
    versioned: bool
    """Whether the store keeps each file under a version: otherwise it can be replaced there."""

    @property
    def key(self) -> str:
        """What names the data in paths and references."""
        return self.listing.removeprefix("sha256:")

    @property
    def words(self) -> str:
        """What `key` is, for people."""
        return "listing"


def listing_of(source: str, files: Sequence[SourceFile]) -> SourceListing:
    """Returns what names data that stays at its source."""
    ordered = sorted(files, key=lambda file: file.path)
    entries = [
        {"path": file.path, "size": file.size, "tag": file.tag, "version": file.version}
        for file in ordered
    ]
    return SourceListing(
        source=source,
        listing=digest({"source": source, "files": entries}),
        size=sum(file.size for file in files),
        nfiles=len(files),
        versioned=all(file.version for file in files),
    )


class DataContent(Part):
    """Bytes of data, wherever they lie."""

    path: RelativePath
    """From the top level of the git repository."""
    dvc: DvcHash | SourceListing
    sha256: Digest | Unknown
    """Of the bytes of a file; of the manifest of a directory."""
    rows: int | Unknown
    """Examples: JSONL lines, CSV records, Parquet rows."""

    @property
    def key(self) -> str:
        """What names the content in paths and references: DVC's MD5, or a listing's digest."""
        return self.dvc.key

    @property
    def identity(self) -> str:
        """What is compared: the SHA-256 of the bytes; where it is not known, what is, by name."""
        return self.sha256 if isinstance(self.sha256, str) else f"{self.dvc.words}:{self.key}"


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

    def with_index(self, late: "LateIndex") -> "Snapshot":
        """Returns the snapshot as it would be had it been taken with its index.

        Raises:
            IntegrityError: The index was made for another snapshot.
        """
        if late.snapshot != self.digest:
            raise IntegrityError(
                f"expected the index of {self.name}@{self.content.key[:12]} to be made for "
                f"{self.digest}, found that it was for {late.snapshot}",
                hints=["ft-registry verify looks at the whole ledger"],
            )
        return self.model_copy(update={"examples": late.examples, "profile": late.profile})


class LateIndex(Document):
    """The index of a snapshot that was taken without one: snapshots stay as they were written."""

    SCHEMA: ClassVar[str] = "ft-registry/late-index/1"

    name: str
    """The snapshot's."""
    key: Annotated[str, Field(pattern=r"^[0-9a-f]{32,64}(\.dir)?$")]
    """What names its content, see `DataContent.key`."""
    snapshot: Digest
    """Of the snapshot's document."""
    examples: ExampleIndex
    profile: Profile | None
    since: Timestamp
    by: Actor
