"""Homes: where a version's bytes lie, when they had to be stored anew.

A record says where its bytes went at registration and cannot change. When MLflow's database is
lost, its bytes are uploaded again and get another id there; the home says which.
"""

from pathlib import PurePosixPath
from typing import Annotated, ClassVar
from urllib.parse import unquote, urlsplit

from pydantic import Field

from ft_registry.model.document import Document, is_empty
from ft_registry.model.manifest import Digest, FileEntry
from ft_registry.model.names import ModelName
from ft_registry.model.origin import Actor
from ft_registry.model.record import VersionRecord
from ft_registry.model.time import Timestamp


class Home(Document):
    """Where MLflow keeps a version since its bytes were stored anew."""

    SCHEMA: ClassVar[str] = "ft-registry/home/1"

    model: ModelName
    version: Annotated[int, Field(ge=1)] | None
    """None: it is of a baseline, which has no number."""
    baseline: Annotated[str, Field(exclude_if=is_empty)] = ""
    """The baseline's label."""
    record: Digest
    uri: str
    """``models:/m-<32 hex>``."""
    run_id: str
    logged_model_id: str
    location: Annotated[str, Field(exclude_if=is_empty)] = ""
    """Where MLflow put the logged model, as it said itself."""
    mlmodel: Annotated[FileEntry | None, Field(exclude_if=is_empty)] = None
    """See `Artifact.mlmodel`: it names the logged model, hence is another in each home."""
    since: Timestamp
    by: Actor


def first_home(record: VersionRecord, digest: str) -> Home:
    """Returns the home that a record itself names."""
    return Home(
        model=record.model,
        version=record.version,
        record=digest,
        uri=record.artifact.uri,
        run_id=record.run.run_id,
        logged_model_id=record.run.logged_model_id,
        location=record.artifact.location,
        mlmodel=record.artifact.mlmodel,
        since=record.registered_at,
        by=record.registered_by,
    )


def local_folder(location: str, model_id: str) -> PurePosixPath | None:
    """Returns the folder on this machine that a location names; None when it is elsewhere.

    It must carry the model's id, as every folder does that MLflow makes for a logged model: else a
    store could have us list any folder of this machine.
    """
    try:
        parts = urlsplit(location)
    except ValueError:
        return None
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        folder = PurePosixPath(unquote(parts.path))
    elif parts.scheme == "":
        folder = PurePosixPath(location)
    else:
        return None
    good = folder.is_absolute() and model_id in folder.parts and ".." not in folder.parts
    return folder if good and "\0" not in location else None
