"""Trains one adapter with the real TRL: ``python trl_train.py BASE DATA FOLDER``."""

import sys
from pathlib import Path

from datasets import Dataset
from peft import LoraConfig
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer
from trl_runs import finish, settings


def main(base: str, data: str, out: str) -> None:
    """Trains on all that the file holds."""
    finish(
        SFTTrainer(
            LlamaForCausalLM.from_pretrained(base),
            SFTConfig(**settings(Path(out))),
            train_dataset=Dataset.from_json(data),
            processing_class=PreTrainedTokenizerFast.from_pretrained(base),
            peft_config=LoraConfig(
                r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"
            ),
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
