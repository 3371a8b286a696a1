"""Hugging Face `evaluate.save`: one flat JSON object of results, parameters and where it ran.

The shape is that of 0.4.6's `saving.py`. It does not tell a metric from a parameter: every number
that is not known to be something else is a score.
"""

from collections.abc import Sequence
from typing import Any

from ft_registry.errors import Refused
from ft_registry.evaluations.measurement import Claim, MeasuredScore, Measurement
from ft_registry.readers.evaluations.documents import finite, kept, named, text_of
from ft_registry.readers.evaluations.files import EvaluatorFile
from ft_registry.readers.evaluations.names import suite_of, time_of

HARNESS = "evaluate"

_TIMES = ("total_time_in_seconds", "samples_per_second", "latency_in_seconds")
_PARAMETERS = {
    "seed", "batch_size", "epochs", "num_epochs", "learning_rate", "lr", "max_length", "num_beams",
    "temperature", "top_p", "top_k", "num_samples", "n_samples", "max_new_tokens",
}  # fmt: skip
_MODELS = ("model", "model_name", "model_name_or_path", "model_id")
_SUITES = ("experiment", "task", "dataset", "dataset_name")


def claims(file: EvaluatorFile) -> bool:
    """Whether the file was written by `evaluate.save`."""
    return file.kind == "json" and not file.is_array and "_evaluate_version" in file.keys


def read(files: Sequence[EvaluatorFile]) -> Measurement:
    """Reads one file.

    Raises:
        Refused: There are several, or one without a number.
    """
    if len(files) > 1:
        raise Refused(
            f"expected one file of evaluate.save, found {len(files)}",
            hints=["each is a run of its own: give one at a time"],
        )
    file = files[0]
    found = file.document(dict[str, Any])
    count = found.get("num_samples", found.get("n_samples"))
    is_count = isinstance(count, int) and not isinstance(count, bool) and 0 < count < 1 << 53
    scores = [
        MeasuredScore(
            metric=named(name, what=f"a metric in {file.path}"),
            value=finite(value, what=f"{name} in {file.path}"),
            n=count if is_count and isinstance(count, int) else 0,
        )
        for name, value in sorted(found.items())
        if isinstance(value, int | float)
        and not isinstance(value, bool)
        and not name.startswith("_")
        and name not in _PARAMETERS
        and name not in _TIMES
    ]
    if not scores:
        raise Refused(
            f"expected at least one number in {file.path}, found none",
            hints=["evaluate.save(path, **results, **parameters)"],
        )
    seconds, seed = found.get(_TIMES[0]), found.get("seed")
    return Measurement(
        suite=suite_of([_text(found, _SUITES) or file.path.stem]),
        harness=HARNESS,
        scores=tuple(scores),
        harness_version=text_of(found.get("_evaluate_version")),
        claim=Claim(name=_text(found, _MODELS)),
        settings=kept(
            {
                name: value
                for name, value in found.items()
                if not name.startswith("_")
                and (isinstance(value, str) or name in _PARAMETERS - {"seed"})
                and name not in (*_MODELS, *_SUITES)
            }
        ),
        seeds={"seed": seed} if isinstance(seed, int) and abs(seed) < 1 << 53 else {},
        time=time_of(found.get("_timestamp")),
        seconds=float(seconds) if isinstance(seconds, float) else None,
        notes=("the file does not tell metrics from parameters: each number is taken as a score",),
    )


def _text(found: dict[str, Any], names: Sequence[str]) -> str:
    return next((found[name] for name in names if isinstance(found.get(name), str)), "")
