"""What pages and notices show of a training."""

from ft_registry.model.document import Unknown
from ft_registry.model.proof import some
from ft_registry.model.record import Config, PeftSettings
from ft_registry.model.training import Training
from ft_registry.readers.params import flatten


def shown_params(
    config: Config, peft: PeftSettings | Unknown, training: Training | Unknown
) -> dict[str, str]:
    """Returns the parameters of a version: its configuration's, its adapter's, its trainer's."""
    params = flatten(config.files)
    if not isinstance(peft, Unknown):
        params |= flatten(peft.model_dump(mode="json", exclude_none=True), "adapter")
    if not isinstance(training, Unknown):
        settings = dict(training.hyperparameters)
        adapter = flatten(settings.pop("peft", {}), "adapter")
        # A setting that is left to the trainer is no parameter worth a line of a page.
        found = {**flatten(settings, "training"), **adapter}
        params |= {key: value for key, value in found.items() if value != "None"}
    return params


def shown_curves(training: Training | Unknown) -> dict[str, tuple[tuple[float, float], ...]]:
    """Returns the points of a training's curves by name."""
    if isinstance(training, Unknown):
        return {}
    return {curve.name: curve.points for curve in training.curves}


def claimed_data(training: Training | Unknown) -> str:
    """Returns, after a comma, what the trainer says that it was trained on; empty: nothing."""
    if isinstance(training, Unknown) or not training.datasets:
        return ""
    return f"; {training.trainer} says it was {some(training.datasets)}"
