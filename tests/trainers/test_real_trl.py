"""The real TRL on a CPU: what it leaves is read whole."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from tests.trainers.samples import read

from ft_registry.model.training import Cost, Training

MISSING = [
    name for name in ("trl", "torch", "peft", "datasets") if importlib.util.find_spec(name) is None
]
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]


@pytest.mark.parametrize(
    ("name", "method", "curve", "kind"),
    [
        ("sft", "sft", "mean_token_accuracy", "adapter"),
        ("dpo", "dpo", "rewards/margins", "adapter"),
        ("reward", "reward", "margin", "adapter"),
        ("full", "sft", "loss", "full"),
    ],
)
def test_a_folder_is_read_whole(
    trained: Path, name: str, method: str, curve: str, kind: str
) -> None:
    output = read(trained / name)
    found = output.training
    assert isinstance(found, Training)
    assert (found.trainer, found.method, found.steps) == ("trl", method, 4)
    assert len(found.hyperparameters) > 100
    assert found.hyperparameters["learning_rate"] == 0.002
    assert found.hyperparameters["lr_scheduler_type"] == "linear"
    assert found.hyperparameters["eval_strategy"] == "no"
    assert found.hyperparameters["accelerator_config"]["even_batches"] is True
    assert found.seeds == {"seed": 11, "data_seed": 12}
    assert curve in {one.name for one in found.curves}
    assert all(one.count == 4 for one in found.curves)
    assert found.results["train_loss"] > 0
    assert isinstance(output.cost, Cost)
    assert isinstance(output.cost.tokens, int)
    assert output.cost.tokens > 0
    assert found.left_out == ()
    if kind == "adapter":
        assert found.hyperparameters["peft"]["r"] == 4
        assert found.base.model_dump()["id"] == str(trained / "base")


def test_every_setting_of_the_real_object_is_there(trained: Path) -> None:
    code = (
        "import sys, torch; args = torch.load(sys.argv[1], weights_only=False);"
        "print('\\n'.join(sorted(vars(args))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(trained / "dpo" / "training_args.bin")],
        capture_output=True, text=True, check=True, timeout=200,
    )  # fmt: skip
    found = read(trained / "dpo").training
    assert isinstance(found, Training)
    assert set(done.stdout.split()) <= set(found.hyperparameters)


def test_a_checkpoint_alone_is_read_as_well(trained: Path) -> None:
    found = read(trained / "sft" / "checkpoint-4").training
    assert isinstance(found, Training)
    assert (found.method, found.steps) == ("sft", 4)
