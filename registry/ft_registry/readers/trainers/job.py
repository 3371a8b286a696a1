"""A fine-tuning job of a hosted service, read into the one form that all services share."""

from dataclasses import dataclass
from typing import Any

from ft_registry.errors import Refused
from ft_registry.model.document import Unknown
from ft_registry.model.record import Hosted, HostedBase
from ft_registry.readers.trainers.gathered import Gathered
from ft_registry.readers.trainers.values import text_of


@dataclass(frozen=True)
class Job:
    """A job that is done."""

    hosted: Hosted
    base: HostedBase
    found: Gathered
    """What it tells of the training."""


def make_job(service: str, *, model: str, job: str, base: str, found: Gathered) -> Job:
    """Returns a job in one form; the base is a claim of the service, too."""
    found.trainer, found.base = service, base
    return Job(
        Hosted(service=service, model=model, job=job),
        HostedBase(
            service=service,
            id=base,
            digest=Unknown(unknown=f"{service} keeps these weights: nobody else can hash them"),
        ),
        found,
    )


def named(job: dict[str, Any], key: str, where: str) -> str:
    """Returns a name that a finished job has.

    Raises:
        Refused: It is missing, or no text.
    """
    found = text_of(job.get(key))
    if not found:
        raise Refused(
            f"expected {key} of a finished fine-tuning job in {where}, found "
            f"{'none' if job.get(key) in (None, '') else type(job[key]).__name__}",
            hints=["fetch the job from the service once more, and keep its JSON as it comes"],
        )
    return found


def check_status(job: dict[str, Any], done: str, where: str, why: str) -> None:
    """Lets a job pass that came to its good end.

    Args:
        job: The job.
        done: What its status is then.
        where: Its file.
        why: What the service says of a failure; empty: nothing.

    Raises:
        Refused: It is under way, failed or was stopped: there is no model.
    """
    status = job.get("status")
    if status == done:
        return
    found = repr(text_of(status)) if isinstance(status, str) else "none"
    raise Refused(
        f"expected a fine-tuning job with status {done!r} in {where}, found {found}"
        + (f": {why}" if why else ""),
        hints=["only a job that made a model can be registered: when it did, fetch it once more"],
    )
