"""Trains tiny models with the real TRL on a CPU: ``python trl_runs.py FOLDER``, without a network.

The base is made from a configuration, the tokenizer from the words of the data. What the trainers
leave lies in ``sft``, ``dpo`` and ``reward`` (LoRA) and ``full`` below the folder, as users have
it.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    PreTrainedTokenizerFast,
)
from trl import DPOConfig, DPOTrainer, RewardConfig, RewardTrainer, SFTConfig, SFTTrainer

WORDS = ("one", "two", "three", "four", "red", "blue", "say", "yes", "no", "ask")
TEMPLATE = (
    "{% for message in messages %}{{ message['role'] + ' ' + message['content'] + ' ' }}"
    "{% endfor %}"
)


def make_base(folder: Path) -> None:
    """Writes the base: weights, configuration and tokenizer."""
    names = ["<pad>", "<unk>", "<s>", "</s>", *WORDS]
    vocabulary = {word: place for place, word in enumerate(names)}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", unk_token="<unk>", bos_token="<s>",
        eos_token="</s>",
    )  # fmt: skip
    tokenizer.chat_template = TEMPLATE
    torch.manual_seed(3)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(names), hidden_size=16, intermediate_size=32, num_hidden_layers=1,
            num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=64,
            pad_token_id=0, bos_token_id=2, eos_token_id=3,
        )
    )  # fmt: skip
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def settings(folder: Path, **more: Any) -> dict[str, Any]:
    """Returns what all four trainings are set to."""
    return {
        "output_dir": str(folder), "max_steps": 4, "per_device_train_batch_size": 2,
        "logging_steps": 1, "report_to": [], "use_cpu": True, "seed": 11, "data_seed": 12,
        "learning_rate": 0.002, "save_steps": 4, "disable_tqdm": True, **more,
    }  # fmt: skip


def finish(trainer: Any) -> None:
    """Trains and saves all that a trainer saves."""
    done = trainer.train()
    trainer.save_model()
    trainer.save_state()
    trainer.log_metrics("train", done.metrics)
    trainer.save_metrics("train", done.metrics)


def main(root: Path) -> None:
    """Makes the base and runs the four trainings."""
    base = root / "base"
    make_base(base)
    chats = Dataset.from_list(
        [{"prompt": f"ask {word}", "completion": f"say {word} yes"} for word in WORDS]
    )
    pairs = Dataset.from_list(
        [
            {"prompt": f"ask {word}", "chosen": f" say {word} yes", "rejected": " no no"}
            for word in WORDS
        ]
    )
    lora: dict[str, Any] = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj"]}
    tokenizer = PreTrainedTokenizerFast.from_pretrained(base)
    finish(
        SFTTrainer(
            LlamaForCausalLM.from_pretrained(base), SFTConfig(**settings(root / "sft")),
            train_dataset=chats, eval_dataset=chats.select(range(2)), processing_class=tokenizer,
            peft_config=LoraConfig(**lora, task_type="CAUSAL_LM"),
        )
    )  # fmt: skip
    finish(
        DPOTrainer(
            LlamaForCausalLM.from_pretrained(base),
            args=DPOConfig(**settings(root / "dpo", beta=0.2)),
            train_dataset=pairs, processing_class=tokenizer,
            peft_config=LoraConfig(**lora, task_type="CAUSAL_LM"),
        )
    )  # fmt: skip
    finish(
        SFTTrainer(
            LlamaForCausalLM.from_pretrained(base),
            SFTConfig(**settings(root / "full", save_strategy="no")),
            train_dataset=chats, processing_class=tokenizer,
        )
    )  # fmt: skip
    finish(
        RewardTrainer(
            LlamaForSequenceClassification.from_pretrained(base, num_labels=1),
            RewardConfig(**settings(root / "reward")),
            train_dataset=pairs, processing_class=tokenizer,
            peft_config=LoraConfig(**lora, task_type="SEQ_CLS", modules_to_save=["score"]),
        )
    )  # fmt: skip
    print(json.dumps({"torch": torch.__version__}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
