"""How a version was trained, as the trainer itself left it: every setting, the curves, the cost.

The registering process does not train. What stands here was read from the files beside the weights,
from the MLflow run, or from the job of a hosted service, and `files` names the evidence.
"""

from typing import Annotated, Any

from pydantic import Field, FiniteFloat

from ft_registry.model.document import Part, Unknown, is_empty
from ft_registry.model.manifest import Digest

CURVE_POINTS = 200
"""A curve in a record is thinned to so many points; all of them lie beside the weights."""


class Curve(Part):
    """One quantity over the steps of a training, by the trainer's own name of it."""

    name: str
    """``loss``, ``eval_loss``, ``rewards/margins``, ..."""
    count: int
    """Points before thinning."""
    points: tuple[tuple[FiniteFloat, FiniteFloat], ...]
    """Step and value, in order of steps, at most `CURVE_POINTS`: the first, the last, the lowest
    and the highest are always among them."""


class Cost(Part):
    """What a training took, as far as it was measured or billed."""

    seconds: FiniteFloat | Unknown
    tokens: Annotated[int, Field(ge=0)] | Unknown
    """Trained on, each time that they were seen."""
    amount: FiniteFloat | Unknown
    currency: Annotated[str, Field(exclude_if=is_empty)] = ""
    """ISO 4217, of the amount."""


class ClaimedBase(Part):
    """The base weights as the trainer names them: a claim, held against what is on record."""

    id: str
    revision: str | Unknown


class EvidenceFile(Part):
    """A file that a training was read from."""

    path: str
    """From the folder of the weights, or the name of a file outside it."""
    digest: Digest


class Training(Part):
    """What a trainer left of a training, in one form."""

    trainer: str
    """``trl``, ``transformers``, ``axolotl``, ``llama-factory``, ``unsloth``, ``torchtune``,
    ``openai``, ``bedrock``, ..."""
    version: str | Unknown
    """Of the trainer."""
    method: str | Unknown
    """One of `METHODS`, by the trainer's files alone."""
    hyperparameters: dict[str, Any]
    """Every setting, under the trainer's names, with JSON's types; a number that JSON lacks, such
    as infinity, is text."""
    seeds: Annotated[dict[str, int], Field(default_factory=dict, exclude_if=is_empty)]
    steps: Annotated[int, Field(ge=0)] | Unknown
    epochs: FiniteFloat | Unknown
    curves: tuple[Curve, ...]
    results: Annotated[dict[str, FiniteFloat], Field(default_factory=dict, exclude_if=is_empty)]
    """Numbers that the trainer summed up at the end, such as ``train_loss``."""
    datasets: Annotated[tuple[str, ...], Field(exclude_if=is_empty)] = ()
    """What the trainer says that it was trained on: a claim."""
    base: ClaimedBase | Unknown
    files: tuple[EvidenceFile, ...]
    all_points: Annotated[EvidenceFile | None, Field(exclude_if=is_empty)] = None
    """Where every point of thinned curves lies inside the logged model; None: none was thinned."""
    left_out: Annotated[tuple[str, ...], Field(exclude_if=is_empty)] = ()
    """What could not be read, with the reason, one sentence each."""
