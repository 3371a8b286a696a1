"""Recognises LLaMA-Factory: its log of steps, and the settings that its web page saves."""

from typing import Any

from ft_registry.errors import IntegrityError
from ft_registry.model.canonical import parse_json
from ft_registry.readers.trainers.folder import TrainerFolder
from ft_registry.readers.trainers.gathered import Gathered
from ft_registry.readers.trainers.hugging_face import Files, version_in
from ft_registry.readers.trainers.trainer_log import curves_of
from ft_registry.readers.trainers.values import (
    count_of,
    mapping_of,
    number_of,
    plain,
    text_of,
    texts_of,
)

_LOG = "trainer_log.jsonl"
_SETTINGS = "training_args.yaml"
_BOARD = "llamaboard_config.yaml"
_LOG_BYTES = 32 << 20
_STAGES = {"pt": "cpt", "sft": "sft", "rm": "reward", "ppo": "ppo", "dpo": "dpo", "kto": "kto"}
_SHOWN_STAGES = {
    "pre-training": "pt", "supervised fine-tuning": "sft", "reward modeling": "rm", "ppo": "ppo",
    "dpo": "dpo", "kto": "kto",
}  # fmt: skip
"""As the web page names them."""
_LOSSES = {"sigmoid": "dpo", "hinge": "dpo", "ipo": "dpo", "kto_pair": "dpo", "orpo": "orpo"}


def is_its(files: Files) -> bool:
    """Returns whether LLaMA-Factory left the folder."""
    return (
        "llama-factory" in files.tags
        or files.arguments_class.startswith("llamafactory.")
        or bool({_LOG, _BOARD} & set(files.folder.names))
    )


def complete(files: Files, found: Gathered) -> None:
    """Adds what LLaMA-Factory's own files say."""
    found.trainer = "llama-factory"
    found.version = version_in(files, "llama-factory", "llama factory", "llamafactory")
    settings = _settings(files.folder)
    if settings:
        found.hyperparameters["llama_factory"] = settings
    stage = text_of(settings.get("stage"))
    found.method = _STAGES.get(stage, "")
    if stage == "dpo":
        found.method = _LOSSES.get(text_of(settings.get("pref_loss")) or "sigmoid", "")
    if not found.method:
        found.why_no_method = (
            f"LLaMA-Factory's loss {text_of(settings.get('pref_loss'))!r} is none of the methods"
            if stage == "dpo"
            else f"neither {_SETTINGS} nor {_BOARD} names a stage: --method says it"
        )
    found.base = text_of(settings.get("model_name_or_path")) or found.base
    named = settings.get("dataset")
    listed = named.split(",") if isinstance(named, str) else named
    found.datasets = tuple(name.strip() for name in texts_of(listed)) or found.datasets
    _add_log(files.folder, found)


def _settings(folder: TrainerFolder) -> dict[str, Any]:
    settings = mapping_of(plain(mapping_of(folder.yaml(_SETTINGS))))
    board = mapping_of(plain(mapping_of(folder.yaml(_BOARD))))
    if settings or not board:
        return settings
    # The page's own state: ``train.learning_rate`` beside ``top.model_path``.
    found = {key.rpartition(".")[2]: value for key, value in board.items()}
    shown = text_of(found.get("training_stage")).lower()
    if shown in _SHOWN_STAGES:
        found["stage"] = _SHOWN_STAGES[shown]
    if "model_path" in found:
        found.setdefault("model_name_or_path", found["model_path"])
    return found


def _add_log(folder: TrainerFolder, found: Gathered) -> None:
    """Adds the log of steps, where transformers' own is missing."""
    text = folder.text(_LOG, _LOG_BYTES)
    if text is None or found.points:
        return
    lines, odd = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            lines.append(mapping_of(parse_json(line, what=_LOG, tolerant=True)))
        except IntegrityError:
            odd.append(number)  # the last, where it was cut off
    if odd:
        more = f", and {len(odd) - 1} lines more" if len(odd) > 1 else ""
        folder.note(f"{_LOG}: line {odd[0]} is no JSON{more}")
    steps = [count_of(line.get("current_steps")) for line in lines]
    history = [
        {key: value for key, value in line.items() if key in _QUANTITIES} | {"step": step}
        for line, step in zip(lines, steps, strict=True)
    ]
    found.points, _ = curves_of(history)
    found.steps = max((step for step in steps if step is not None), default=found.steps)
    epochs = [number_of(line.get("epoch")) for line in lines]
    found.epochs = max((epoch for epoch in epochs if epoch is not None), default=found.epochs)


_QUANTITIES = {"loss", "eval_loss", "predict_loss", "reward", "accuracy", "lr"}
