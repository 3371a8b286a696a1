"""Reads a fine-tuning job of OpenAI's API, as Azure and others serve it too."""

from typing import Any

from ft_registry.readers.trainers.gathered import Gathered
from ft_registry.readers.trainers.job import Job, check_status, make_job, named
from ft_registry.readers.trainers.values import (
    count_of,
    mapping_of,
    number_of,
    plain,
    text_of,
)

_METHODS = {"supervised": "sft", "dpo": "dpo", "reinforcement": "rft"}


def is_its(job: dict[str, Any]) -> bool:
    """Returns whether it is a job of this service."""
    return job.get("object") == "fine_tuning.job"


def read_job(job: dict[str, Any], where: str) -> Job:
    """Returns a job in the form of all services.

    Args:
        job: The object ``fine_tuning.job``.
        where: Its file, for errors.

    Raises:
        Refused: It is not done, or lacks what a finished job has.
    """
    check_status(job, "succeeded", where, text_of(mapping_of(job.get("error")).get("message")))
    found = Gathered()
    method = mapping_of(job.get("method"))
    kind = text_of(method.get("type"))
    # Older jobs have hyperparameters of their own, and the service knew one method.
    settings = mapping_of(job.get("hyperparameters"))
    found.method = _METHODS.get(kind, "sft" if settings and not kind else "")
    if not found.method:
        found.why_no_method = f"the job tells the method {kind!r}: --method says what it is"
    of_method = mapping_of(method.get(kind))
    own = {key: value for key, value in of_method.items() if key != "hyperparameters"}
    extra = {"seed": job.get("seed"), "suffix": job.get("user_provided_suffix")}
    found.hyperparameters = mapping_of(
        plain(
            {
                **settings,
                **mapping_of(of_method.get("hyperparameters")),
                **own,
                **{key: value for key, value in extra.items() if value is not None},
            }
        )
    )
    found.epochs = number_of(found.hyperparameters.get("n_epochs"))
    found.tokens = count_of(job.get("trained_tokens"))
    files = (job.get("training_file"), job.get("validation_file"))
    found.datasets = tuple(name for one in files if (name := text_of(one)))
    return make_job(
        "openai", model=named(job, "fine_tuned_model", where), job=named(job, "id", where),
        base=named(job, "model", where), found=found,
    )  # fmt: skip
