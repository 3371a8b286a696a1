"""What trainers take for a key that a configuration leaves out.

From transformers 5.23 (``TrainingArguments``), TRL 1.16 (``SFTConfig`` and its like) and PEFT 0.21
(``LoraConfig``). Left out are defaults that moved between releases or that are told by the machine
(optim, bf16, gradient_checkpointing): there a missing key says nothing. Where the trainers that may
have read a configuration disagree (learning_rate), no default is taken.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Default:
    """A value that stands for a missing key, and whose it is."""

    value: Any
    source: str


@dataclass(frozen=True)
class _Table:
    source: str
    marks: frozenset[str]
    """Keys that tell a section which this trainer reads from any other with a key of the name."""
    values: Mapping[str, Any]
    methods: tuple[str, ...] = ()
    """Of training; empty: any."""


_TRAINING = {
    "per_device_train_batch_size": 8, "num_train_epochs": 3.0, "max_steps": -1,
    "learning_rate": 5e-5, "lr_scheduler_type": "linear", "lr_scheduler_kwargs": None,
    "warmup_steps": 0, "weight_decay": 0.0, "adam_beta1": 0.9, "adam_beta2": 0.999,
    "adam_epsilon": 1e-8, "gradient_accumulation_steps": 1, "max_grad_norm": 1.0,
    "label_smoothing_factor": 0.0, "fp16": False, "neftune_noise_alpha": None,
    "eval_strategy": "no", "per_device_eval_batch_size": 8, "load_best_model_at_end": False,
    "metric_for_best_model": None, "greater_is_better": None, "ignore_data_skip": False,
    "full_determinism": False, "seed": 42, "data_seed": None, "dataloader_drop_last": False,
    "auto_find_batch_size": False, "label_names": None,
}  # fmt: skip
_TRAINING_MARKS = frozenset({
    "per_device_train_batch_size", "num_train_epochs", "lr_scheduler_type",
    "gradient_accumulation_steps", "adam_beta1", "adam_beta2", "max_grad_norm",
})  # fmt: skip
_TRL = {"trust_remote_code": False, "model_init_kwargs": None}
_LORA = {
    "r": 8, "lora_alpha": 8, "lora_dropout": 0.0, "bias": "none", "fan_in_fan_out": False,
    "use_rslora": False, "use_dora": False, "modules_to_save": None, "exclude_modules": None,
    "init_lora_weights": True, "layers_to_transform": None, "layers_pattern": None,
    "rank_pattern": {}, "alpha_pattern": {}, "lora_bias": False, "target_parameters": None,
    "trainable_token_indices": None, "layer_replication": None, "loftq_config": {},
    "use_qalora": False,
}  # fmt: skip
_PREFERENCE = {"disable_dropout": True, "beta": 0.1}


def _trl(method: str, config: str, rate: float, **values: Any) -> _Table:
    found = {**_TRL, "learning_rate": rate, **values}
    return _Table(f"TRL 1.16 {config}", _TRAINING_MARKS, found, (method,))


_TABLES = (
    _Table("transformers 5.23 TrainingArguments", _TRAINING_MARKS, _TRAINING),
    _Table("PEFT 0.21 LoraConfig", frozenset({"lora_alpha", "lora_dropout", "peft_type"}), _LORA),
    _trl("sft", "SFTConfig", 2e-5, max_length=1024, packing=False, packing_strategy="bfd",
         padding_free=False, completion_only_loss=None, assistant_only_loss=False,
         loss_type="nll", truncation_mode="keep_start"),
    _trl("dpo", "DPOConfig", 1e-6, **_PREFERENCE, max_length=1024, loss_type=["sigmoid"],
         label_smoothing=0.0, f_divergence_type="reverse_kl", use_weighting=False,
         sync_ref_model=False, truncation_mode="keep_start"),
    _trl("kto", "KTOConfig", 1e-6, **_PREFERENCE, max_length=1024, loss_type="kto",
         desirable_weight=1.0, undesirable_weight=1.0, sync_ref_model=False),
    _trl("orpo", "ORPOConfig", 1e-6, **_PREFERENCE, max_length=1024),
    _trl("grpo", "GRPOConfig", 1e-6, num_generations=8, max_completion_length=512, temperature=1.0,
         top_p=1.0, top_k=0, beta=0.0, num_iterations=1, epsilon=0.2, scale_rewards="group",
         loss_type="dapo", mask_truncated_completions=False),
    _trl("reward", "RewardConfig", 1e-4, disable_dropout=True, max_length=1024,
         center_rewards_coefficient=None),
)  # fmt: skip


def default_of(key: str, section: Collection[str], method: str) -> Default | None:
    """Returns what a trainer takes for a missing key; None: unknown, or trainers disagree.

    Args:
        key: The key that one side leaves out.
        section: All keys beside it, of both sides: they tell who reads the section.
        method: ``sft``, ``dpo`` and so on; empty: unknown, then no method's own defaults count.
    """
    found = [
        Default(table.values[key], table.source)
        for table in _TABLES
        if key in table.values
        and not table.marks.isdisjoint(section)
        and (not table.methods or method in table.methods)
    ]
    agree = all(one.value == found[0].value for one in found)
    # `learning_rate` is in every trainer's table: without the method nobody knows whose counts.
    is_open = not method and any(key in table.values for table in _TABLES if table.methods)
    return found[0] if found and agree and not is_open else None
