"""What else differs between two evaluations, so that scores may differ for it."""

from collections.abc import Mapping

from ft_registry.actions.checks.case import data_in_words
from ft_registry.model.evaluation import Evaluation, SnapshotUse
from ft_registry.model.policy_checks import Differences

_SHOWN = 5


def differences(new: Evaluation, old: Evaluation) -> dict[Differences, str]:
    """Returns what differs beside the model, by its name in a policy, in words.

    What one side says and the other does not differs.
    """
    ours, theirs = new.harness, old.harness
    found: dict[Differences, str] = {}
    if (ours.name, ours.version) != (theirs.name, theirs.version):
        found["harness"] = (
            f"it was measured by {f'{ours.name} {ours.version}'.strip()} and by "
            f"{f'{theirs.name} {theirs.version}'.strip()}"
        )
    if ours.questions != theirs.questions:
        found["questions"] = f"the questions differ{_of(ours.questions, theirs.questions)}"
    if ours.prompts != theirs.prompts:
        found["prompts"] = "the prompts differ"
    if ours.few_shot != theirs.few_shot:
        found["few_shot"] = f"the shots differ{_of(ours.few_shot, theirs.few_shot)}"
    elif ours.few_shot_digest != theirs.few_shot_digest:
        found["few_shot"] = "the examples shown differ"
    if ours.tasks != theirs.tasks:
        found["task_version"] = f"the task's version differs{_of(ours.tasks, theirs.tasks)}"
    if ours.settings != theirs.settings:
        found["settings"] = f"the settings differ{_of(ours.settings, theirs.settings)}"
    if _content(new) != _content(old):
        one, other = (
            data_in_words(side.data) or "data that is not on record" for side in (new, old)
        )
        found["data"] = f"it was measured on {one} and on {other}"
    return found


def _content(evaluation: Evaluation) -> str:
    """Returns what the data is, whatever it is called."""
    data = evaluation.data
    return data.key if isinstance(data, SnapshotUse) else data_in_words(evaluation.data)


def _of(ours: Mapping[str, object], theirs: Mapping[str, object]) -> str:
    keys = sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return f": {', '.join(keys[:_SHOWN])}{more}"
