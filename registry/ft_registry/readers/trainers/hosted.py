"""The door to what hosted services leave: a job in JSON, alone or in a folder with its tables.

The weights stay with the service. A further service is a module with `is_its` and `read_job`, named
in `_SERVICES`.
"""

import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ft_registry.errors import IntegrityError, NotFound, Refused
from ft_registry.model.canonical import parse_json
from ft_registry.model.manifest import FileEntry
from ft_registry.model.record import Hosted, HostedBase
from ft_registry.readers.trainers import bedrock, openai
from ft_registry.readers.trainers.folder import TrainerFolder
from ft_registry.readers.trainers.gathered import TrainerOutput
from ft_registry.readers.trainers.job import Job
from ft_registry.readers.trainers.result_table import read_tables
from ft_registry.readers.trainers.values import mapping_of

_SERVICES = (openai, bedrock)
_BYTES = 4 << 20
"""A job is smaller: what it was trained on does not stand in it."""
HINTS = (
    "OpenAI: client.fine_tuning.jobs.retrieve(ID).to_json() is the job",
    "Bedrock: aws bedrock get-model-customization-job --job-identifier ARN prints it",
)


@dataclass(frozen=True)
class HostedTraining:
    """Weights that a service keeps, and what its job tells of them."""

    hosted: Hosted
    base: HostedBase
    trained: TrainerOutput


def check_file(path: Path) -> None:
    """Lets a file pass that may be a job: nobody waits while another is hashed in vain.

    Raises:
        NotFound: There is none.
        Refused: It is far larger than a job, or no file at all.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise NotFound(
            f"expected a folder with weights, or a fine-tuning job of a hosted service, found none "
            f"at {path}: {error.strerror}"
        ) from error
    if not stat.S_ISREG(found.st_mode):
        raise _no_job(path, "a pipe, socket or device")
    if found.st_size > _BYTES:
        raise _no_job(path, f"a file of {found.st_size} bytes")


def read_hosted(path: Path, files: Sequence[FileEntry]) -> HostedTraining | None:
    """Returns what a job says, named as a file or by the folder that it lies in.

    Args:
        path: The file or the folder.
        files: Its manifest.

    Returns:
        None for a folder without a job.

    Raises:
        Refused: A file that is no job, a job that is not done, or more than one in a folder.
        IntegrityError: A file changed since its manifest was made.
    """
    if path.is_dir():
        folder = TrainerFolder(path, files)
        # Looked at beside the evidence: what is no job was none of its files.
        other = TrainerFolder(path, files)
        jobs = {
            name: job
            for name in folder.names
            if name.lower().endswith(".json")
            and (job := _recognise(other.text(name, _BYTES) or ""))
        }
    else:
        folder = TrainerFolder(path.parent, files)
        jobs = {path.name: _in_file(folder, path)}
    if not jobs:
        return None
    if len(jobs) > 1:
        raise Refused(
            f"expected one fine-tuning job in {path}, found {len(jobs)}: {', '.join(sorted(jobs))}",
            hints=["name the file of the one, or give each a folder of its own"],
        )
    (name, job), = jobs.items()  # fmt: skip
    folder.read(name, _BYTES)
    where = str(path / name if path.is_dir() else path)
    made: Job = next(one for one in _SERVICES if one.is_its(job)).read_job(job, where)
    read_tables(folder, made.found)
    return HostedTraining(
        made.hosted, made.base, made.found.output(folder.evidence, folder.left_out)
    )


def _in_file(folder: TrainerFolder, path: Path) -> dict[str, Any]:
    (name,) = folder.names
    content = folder.text(name, _BYTES)
    if content is None:
        raise _no_job(path, folder.left_out[0].removeprefix(f"{name}: "))
    try:
        value = parse_json(content, what=path.name, tolerant=True)
    except IntegrityError as error:
        found = error.message.partition("found: ")[2]
        raise _no_job(path, f"a file that is no JSON ({found[:120]})") from error
    if job := _job(value):
        return job
    kind = mapping_of(value).get("object")
    told = f" with object {kind[:80]!r}" if isinstance(kind, str) else ""
    raise _no_job(path, f"other JSON{told}")


def _recognise(content: str) -> dict[str, Any]:
    try:
        return _job(parse_json(content, what="a job", tolerant=True))
    except IntegrityError:
        return {}


def _job(value: Any) -> dict[str, Any]:
    job = mapping_of(value)
    return job if any(service.is_its(job) for service in _SERVICES) else {}


def _no_job(path: Path, found: str) -> Refused:
    return Refused(
        f"expected a folder with weights, or a fine-tuning job of a hosted service in {path}, "
        f"found {found}",
        hints=["weights are named by their folder", *HINTS],
    )
