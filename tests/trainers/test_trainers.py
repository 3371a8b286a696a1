"""Every trainer is recognised by what it leaves, and told in one form; oddities are named."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from tests.trainers.samples import ADAPTER, STATE, arguments, card, put, read, write

from ft_registry.errors import IntegrityError
from ft_registry.model.document import Unknown
from ft_registry.model.training import CURVE_POINTS, Cost, Training
from ft_registry.readers.files import hash_folder
from ft_registry.readers.trainers.gathered import ALL_POINTS, thin
from ft_registry.readers.trainers.reading import read_training

AXOLOTL = """
<details><summary>See axolotl config</summary>

axolotl version: `0.21.0`
```yaml
base_model: acme/tiny
revision_of_model: c0ffee1
adapter: lora
lora_r: 16
lora_target_linear: true
datasets:
  - path: acme/chat
    revision: abc123
    type: chat_template
  - path: data/more.jsonl
    type: alpaca
sequence_len: 2048
learning_rate: 2e-4
seed: 7
{more}
```

</details><br>

### Framework versions

- PEFT 0.21.2
- Transformers 5.23.0
"""


def training(root: Path) -> Training:
    found = read(root).training
    assert isinstance(found, Training), found
    return found


def test_a_folder_that_no_trainer_touched_has_no_training(tmp_path: Path) -> None:
    write(tmp_path, config__json={"model_type": "llama"}, README__md="# Hello")
    found = read(tmp_path)
    assert isinstance(found.training, Unknown)
    assert isinstance(found.cost, Unknown)


def test_trl_tells_everything(tmp_path: Path) -> None:
    head = "base_model: acme/tiny\ndatasets:\n- acme/chat\ntags:\n- trl\n- sft"
    write(
        tmp_path, training_args__bin=arguments(), adapter_config__json=ADAPTER,
        trainer_state__json=STATE, all_results__json={"train_loss": 1.25, "epoch": 1.5},
        README__md=card(head, "\n### Framework versions\n\n- PEFT 0.21.2\n- TRL: 1.16.0\n"),
    )  # fmt: skip
    output = read(tmp_path)
    found = training(tmp_path)
    assert (found.trainer, found.version, found.method) == ("trl", "1.16.0", "sft")
    assert (found.steps, found.epochs) == (3, 1.5)
    assert found.hyperparameters["learning_rate"] == 0.001
    assert found.hyperparameters["peft"]["target_modules"] == ["q_proj", "v_proj"]
    assert found.hyperparameters["peft"]["use_dora"] is False
    assert found.seeds == {"seed": 11}
    curves = {curve.name: curve.points for curve in found.curves}
    assert curves["loss"] == ((1, 2.0), (2, 1.5), (3, 1.0))
    assert curves["eval_loss"] == ((2, 1.7),)
    assert found.results == {"train_runtime": 9.5, "train_loss": 1.25, "total_flos": 7.0}
    assert found.datasets == ("acme/chat",)
    assert found.base.model_dump()["id"] == "acme/tiny"
    assert [file.path for file in found.files] == [
        "README.md", "adapter_config.json", "all_results.json", "trainer_state.json",
        "training_args.bin",
    ]  # fmt: skip
    assert isinstance(output.cost, Cost)
    assert (output.cost.seconds, output.cost.tokens) == (9.5, 30)
    assert output.attachments == {}
    assert found.left_out == ()


@pytest.mark.parametrize(
    "peft_type",
    ["LORA", "IA3", "PROMPT_TUNING", "PREFIX_TUNING", "OFT", "VERA", "LOHA", "LOKR", "ADALORA"],
)
def test_adapters_of_every_type_are_told_whole(tmp_path: Path, peft_type: str) -> None:
    config = {**ADAPTER, "peft_type": peft_type, "num_virtual_tokens": 8, "revision": "c0ffee1"}
    write(tmp_path, adapter_config__json=config)
    found = training(tmp_path)
    assert (found.trainer, found.version) == ("peft", "0.21.2")
    assert isinstance(found.method, Unknown)
    assert found.hyperparameters["peft"]["peft_type"] == peft_type
    assert found.hyperparameters["peft"]["num_virtual_tokens"] == 8
    assert found.base.model_dump() == {"id": "acme/tiny", "revision": "c0ffee1"}


@pytest.mark.parametrize(
    ("more", "method"),
    [
        ("", "sft"), ("rl: dpo", "dpo"), ("rl: ipo", "dpo"), ("rl: kto", "kto"),
        ("rl: orpo", "orpo"), ("rl: grpo", "grpo"), ("reward_model: true", "reward"),
        ("pretraining_dataset: acme/web", "cpt"), ("rl: simpo", None),
    ],
)  # fmt: skip
def test_axolotl_is_read_from_its_card(tmp_path: Path, more: str, method: str | None) -> None:
    body = AXOLOTL.format(more=more)
    head = "library_name: peft\ntags:\n- axolotl\n- generated_from_trainer"
    of = "axolotl.core.training_args.AxolotlTrainingArguments"
    write(tmp_path, README__md=card(head, body), training_args__bin=arguments(of=of))
    found = training(tmp_path)
    assert (found.trainer, found.version) == ("axolotl", "0.21.0")
    if method is None:
        assert "simpo" in str(found.method)
    else:
        assert found.method == method
    assert found.hyperparameters["axolotl"]["learning_rate"] == 2e-4
    assert found.hyperparameters["learning_rate"] == 0.001
    assert found.seeds == {"seed": 11, "axolotl.seed": 7}
    assert found.base.model_dump() == {"id": "acme/tiny", "revision": "c0ffee1"}
    named = ("acme/chat@abc123", "data/more.jsonl")
    assert found.datasets == (*named, *(["acme/web"] if "pretraining" in more else []))


def test_an_axolotl_card_without_its_config_is_told(tmp_path: Path) -> None:
    write(tmp_path, README__md=card("tags: [axolotl]"), adapter_config__json=ADAPTER)
    assert training(tmp_path).left_out == ("README.md: it embeds no Axolotl configuration",)


def log_lines(count: int) -> str:
    return "".join(
        json.dumps({"current_steps": n, "total_steps": count, "loss": 3 - n / 10, "lr": 1e-4,
                    "epoch": n / count, "percentage": 9.9, "elapsed_time": "0:00:02"}) + "\n"
        for n in range(1, count + 1)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "method"),
    [
        ("stage: sft", "sft"), ("stage: pt", "cpt"), ("stage: rm", "reward"), ("stage: kto", "kto"),
        ("stage: dpo", "dpo"), ("stage: dpo\npref_loss: orpo", "orpo"),
        ("stage: dpo\npref_loss: simpo", None),
    ],
)  # fmt: skip
def test_llama_factory_is_read_from_its_settings(
    tmp_path: Path, settings: str, method: str | None
) -> None:
    more = "\nmodel_name_or_path: acme/tiny\ndataset: identity, alpaca_en\ncutoff_len: 2048\n"
    write(
        tmp_path, training_args__yaml=settings + more, trainer_log__jsonl=log_lines(4) + '{"cut',
        README__md=card("tags:\n- llama-factory\n- lora"),
    )  # fmt: skip
    found = training(tmp_path)
    assert found.trainer == "llama-factory"
    assert found.method == method or (method is None and "simpo" in str(found.method))
    assert found.datasets == ("identity", "alpaca_en")
    assert found.hyperparameters["llama_factory"]["cutoff_len"] == 2048
    assert (found.steps, found.epochs) == (4, 1.0)
    assert {curve.name for curve in found.curves} == {"loss", "lr"}
    assert found.left_out == ("trainer_log.jsonl: line 5 is no JSON",)


def test_llama_factory_is_read_from_its_web_page(tmp_path: Path) -> None:
    board = "top.model_path: acme/tiny\ntrain.training_stage: Reward Modeling\ntrain.dataset: [a]\n"
    write(tmp_path, llamaboard_config__yaml=board, trainer_state__json=STATE)
    found = training(tmp_path)
    assert (found.trainer, found.method, found.datasets) == ("llama-factory", "reward", ("a",))
    assert found.base.model_dump()["id"] == "acme/tiny"
    assert found.steps == 3


def test_the_base_of_unsloths_copy_is_asked_for_not_guessed(tmp_path: Path) -> None:
    config = {**ADAPTER, "base_model_name_or_path": "unsloth/tiny-bnb-4bit"}
    tags = card("tags:\n- unsloth\n- trl\n- sft")
    write(tmp_path, README__md=tags, adapter_config__json=config)
    found = training(tmp_path)
    assert (found.trainer, found.method) == ("unsloth", "sft")
    assert found.base.model_dump()["id"] == "unsloth/tiny-bnb-4bit"
    assert "--base ID@COMMIT says of which" in found.left_out[0]


@pytest.mark.parametrize(
    ("loss", "dataset", "method"),
    [
        ("torchtune.modules.loss.CEWithChunkedOutputLoss", "torchtune.datasets.chat", "sft"),
        ("torchtune.modules.loss.LinearCrossEntropyLoss", "torchtune.datasets.chat", "sft"),
        ("torchtune.modules.loss.CELoss", "torchtune.datasets.text_completion_dataset", "cpt"),
        ("torchtune.rlhf.loss.DPOLoss", "torchtune.datasets.preference_dataset", "dpo"),
        ("acme.Loss", "torchtune.datasets.chat", None),
    ],
)
def test_torchtune_is_read_from_its_config(
    tmp_path: Path, loss: str, dataset: str, method: str | None
) -> None:
    config = (
        f"loss:\n  _component_: {loss}\ndataset:\n  _component_: {dataset}\n  source: acme/chat\n"
        "optimizer:\n  lr: 2e-5\nseed: 5\nepochs: 2\n"
    )
    put(tmp_path, "epoch_0/torchtune_config.yaml", config)
    write(tmp_path, adapter_config__json=ADAPTER)
    put(tmp_path, "original_repo_id.json", {"repo_id": "acme/upstream"})
    found = training(tmp_path)
    assert found.trainer == "torchtune"
    assert found.method == method or (method is None and "--method" in str(found.method))
    assert found.hyperparameters["torchtune"]["optimizer"] == {"lr": 2e-5}
    assert found.seeds == {"torchtune.seed": 5}
    assert found.datasets == ("acme/chat",)
    assert found.base.model_dump()["id"] == "acme/upstream"


def test_the_last_checkpoints_log_stands_in_for_one_that_was_not_saved(tmp_path: Path) -> None:
    write(tmp_path, training_args__bin=arguments())
    put(tmp_path, "checkpoint-9/trainer_state.json", {**STATE, "global_step": 9})
    put(tmp_path, "checkpoint-10/trainer_state.json", {**STATE, "global_step": 10})
    found = training(tmp_path)
    assert found.steps == 10
    assert "checkpoint-10/trainer_state.json" in {file.path for file in found.files}


def test_a_log_that_diverged_says_where(tmp_path: Path) -> None:
    lines = [{"step": n, "loss": 1.0 if n < 5 else math.nan, "grad_norm": math.inf} for n in (4, 5)]
    write(tmp_path, trainer_state__json={"global_step": 5, "log_history": lines})
    found = training(tmp_path)
    assert found.trainer == "transformers"
    assert [(curve.name, curve.points) for curve in found.curves] == [("loss", ((4, 1.0),))]
    assert found.left_out == (
        "grad_norm: no finite number, first of 2 times at step 4",
        "loss: no finite number, at step 5",
    )


@pytest.mark.parametrize(
    "state",
    [
        [], 7, None, {"log_history": 3}, {"log_history": [1, None, {"step": "x", "loss": 1}]},
        {"log_history": [{"step": 1, "loss": True, "x": [1], "": 2}]}, {"global_step": -1},
        {"global_step": 1e400, "epoch": "many"}, {"global_step": True},
        {"global_step": 1e300, "log_history": [{"step": 2**63, "loss": 1.0}]},
    ],
)  # fmt: skip
def test_odd_logs_tell_nothing(tmp_path: Path, state: Any) -> None:
    write(tmp_path, trainer_state__json=state, training_args__bin=arguments())
    found = training(tmp_path)
    assert found.curves == ()
    assert isinstance(found.steps, Unknown)
    assert isinstance(found.epochs, Unknown)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("trainer_state.json", "[" * 99_999, "it is no JSON"),
        ("trainer_state.json", '{"global_step": 1', "it is no JSON"),
        ("all_results.json", "{" + "9" * 5000 + "}", "it is no JSON"),
        ("README.md", "---\n" + "a: &a [1]\nb: *c\n" + "---\n", "to be YAML"),
        ("README.md", "---\n" + "[" * 5000 + "\n---\n", "to be YAML"),
        ("README.md", "---\na: 1\na: 2\n---\n", "to be YAML"),
        ("README.md", "---\n" + "k: " + "x" * 140_000 + "\n---\n", "characters of YAML"),
        ("README.md", "x" * (2 << 20), "not read, for it has 2097152 bytes"),
    ],
    ids=["deep", "cut", "digits", "anchor", "deep-yaml", "twice", "long-yaml", "long"],
)
def test_files_that_cannot_be_read_are_named(
    tmp_path: Path, name: str, content: str, why: str
) -> None:
    write(tmp_path, training_args__bin=arguments())
    put(tmp_path, name, content)
    found = training(tmp_path)
    assert len(found.left_out) == 1
    assert found.left_out[0].startswith(f"{name}: ")
    assert why in found.left_out[0]
    assert name not in {file.path for file in found.files}
    assert found.hyperparameters["learning_rate"] == 0.001


def test_a_damaged_log_is_told_in_one_sentence(tmp_path: Path) -> None:
    tags = card("tags:\n- llama-factory")
    write(tmp_path, trainer_log__jsonl="{\n" * 9000 + log_lines(4), README__md=tags)
    found = training(tmp_path)
    assert found.steps == 4
    assert found.left_out == ("trainer_log.jsonl: line 1 is no JSON, and 8999 lines more",)


def test_what_is_told_of_a_training_is_bounded(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(3000)]
    state = {"global_step": 1, "log_history": [{"step": 1, **dict.fromkeys(names, math.nan)}]}
    write(
        tmp_path, trainer_state__json=state, all_results__json=dict.fromkeys(names, 1.0),
        README__md=card("tags: [trl]\ndatasets: " + json.dumps(names)),
    )  # fmt: skip
    found = training(tmp_path)
    assert len(found.left_out) == 51
    assert found.left_out[-1] == "and 2951 notes more"
    assert len(found.results) == 1000
    assert len(found.datasets) == 100


def test_markup_and_controls_in_names_stay_text(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>\x1b[2J"
    state = {"global_step": 1, "log_history": [{"step": 1, name: 1.0}]}
    head = f"tags: [trl]\nbase_model: {json.dumps(name)}\ndatasets: [{json.dumps(name)}]"
    write(tmp_path, trainer_state__json=state, README__md=card(head))
    found = training(tmp_path)
    shown = "<script>alert(1)</script>\N{REPLACEMENT CHARACTER}[2J"
    assert found.curves[0].name == shown
    assert found.base.model_dump()["id"] == shown
    assert found.datasets == (shown,)


def test_a_long_curve_is_thinned_and_whole_beside(tmp_path: Path) -> None:
    lines = [{"step": n, "loss": 1000.0 - n} for n in range(1000)]
    lines[500]["loss"], lines[501]["loss"] = -5.0, 5000.0
    write(tmp_path, trainer_state__json={"global_step": 999, "log_history": lines})
    output = read(tmp_path)
    found = training(tmp_path)
    assert found.curves[0].count == 1000
    points = found.curves[0].points
    assert len(points) <= CURVE_POINTS
    assert {(0, 1000.0), (999, 1.0), (500, -5.0), (501, 5000.0)} <= set(points)
    assert list(points) == sorted(points)
    assert len(json.loads(output.attachments[ALL_POINTS])["loss"]) == 1000
    assert found.all_points is not None
    assert found.all_points.path == ALL_POINTS


@pytest.mark.parametrize("count", [1, 199, 200, 201, 202, 399, 5000])
def test_thinning_keeps_the_ends(count: int) -> None:
    points = [(float(n), float(-n)) for n in range(count)]
    thinned = thin(points)
    assert len(thinned) <= CURVE_POINTS
    assert (thinned[0], thinned[-1]) == (points[0], points[-1])
    assert len(thinned) >= min(count, CURVE_POINTS) - 3


def test_more_curves_than_a_record_holds_lie_beside(tmp_path: Path) -> None:
    line = {"step": 1, **{f"expert-{n:03}": 1.0 for n in range(150)}}
    write(tmp_path, trainer_state__json={"global_step": 1, "log_history": [line]})
    assert len(training(tmp_path).curves) == 100
    assert len(json.loads(read(tmp_path).attachments[ALL_POINTS])) == 150


def test_a_file_that_changed_since_it_was_hashed_is_refused(tmp_path: Path) -> None:
    write(tmp_path, trainer_state__json=STATE)
    files = hash_folder(tmp_path)
    write(tmp_path, trainer_state__json={"global_step": 4})
    with pytest.raises(IntegrityError, match="to stay as it is while it is read"):
        read_training(tmp_path, files)
