"""Reads a model customization job of Amazon Bedrock, as ``GetModelCustomizationJob`` tells it."""

from collections.abc import Iterator
from typing import Any

from ft_registry.readers.trainers.gathered import Gathered
from ft_registry.readers.trainers.job import Job, check_status, make_job, named
from ft_registry.readers.trainers.values import mapping_of, number_of, plain, text_of

_METHODS = {
    "FINE_TUNING": "sft",
    "CONTINUED_PRE_TRAINING": "cpt",
    # The student is fine-tuned on what the teacher answered.
    "DISTILLATION": "sft",
    "REINFORCEMENT_FINE_TUNING": "rft",
}
_OF_THE_SERVICE = "::foundation-model/"
"""Before the id of a base in its ARN; a base that an account made is named by the whole ARN."""


def is_its(job: dict[str, Any]) -> bool:
    """Returns whether it is a job of this service."""
    return isinstance(job.get("jobArn"), str) and "baseModelArn" in job


def read_job(job: dict[str, Any], where: str) -> Job:
    """Returns a job in the form of all services.

    Args:
        job: The answer of the API, from its command line or an SDK.
        where: Its file, for errors.

    Raises:
        Refused: It is not done, or lacks what a finished job has.
    """
    check_status(job, "Completed", where, text_of(job.get("failureMessage")))
    found = Gathered()
    kind = text_of(job.get("customizationType"))
    found.method = _METHODS.get(kind, "")
    if not found.method:
        found.why_no_method = f"the job tells the method {kind!r}: --method says what it is"
    special = mapping_of(job.get("customizationConfig"))
    found.hyperparameters = mapping_of(plain({**mapping_of(job.get("hyperParameters")), **special}))
    found.epochs = _epochs(found.hyperparameters.get("epochCount"))
    found.datasets = tuple(_datasets(job))
    found.results = dict(_losses(job))
    base = named(job, "baseModelArn", where)
    return make_job(
        "bedrock", model=named(job, "outputModelArn", where), job=named(job, "jobArn", where),
        base=base.partition(_OF_THE_SERVICE)[2] or base, found=found,
    )  # fmt: skip


def _epochs(value: Any) -> float | None:
    """Returns a count: the service has all its hyperparameters as texts."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return float(value)
    return number_of(value)


def _datasets(job: dict[str, Any]) -> Iterator[str]:
    validation = mapping_of(job.get("validationDataConfig")).get("validators")
    places = [job.get("trainingDataConfig"), *(validation if isinstance(validation, list) else [])]
    for place in places:
        if name := text_of(mapping_of(place).get("s3Uri")):
            yield name


def _losses(job: dict[str, Any]) -> Iterator[tuple[str, float]]:
    trained = number_of(mapping_of(job.get("trainingMetrics")).get("trainingLoss"))
    if trained is not None:
        yield "trainingLoss", trained
    validated = job.get("validationMetrics")
    for place, one in enumerate(validated if isinstance(validated, list) else []):
        loss = number_of(mapping_of(one).get("validationLoss"))
        if loss is not None:
            yield f"validationLoss{f'.{place}' if place else ''}", loss
