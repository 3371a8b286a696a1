"""`training_args.bin`: every setting is read, and nothing in it is ever run."""

import os
import pickle
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.trainers.samples import (
    arguments,
    pickled_arguments,
    put,
    read,
    scheduler,
    torch_zip,
)

from ft_registry.errors import Refused
from ft_registry.model.training import Training


def training(root: Path, content: bytes) -> Training:
    put(root, "training_args.bin", content)
    put(root, "trainer_state.json", {"global_step": 1})
    found = read(root).training
    assert isinstance(found, Training)
    return found


class Runs:
    """Loading it calls a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self._made = (function, arguments)

    def __reduce__(self) -> Any:
        return self._made


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_settings_of_every_protocol_are_read(tmp_path: Path, protocol: int) -> None:
    values = {
        "lr_scheduler_type": scheduler("cosine"), "betas": (0.9, 0.99), "packing": True,
        "none": None, "big": 2**70, "names": ["q", "v"], "nested": {"a": {"b": 1}}, "empty": {},
        "odd": float("inf"),
    }  # fmt: skip
    content = torch_zip(pickled_arguments(values, protocol=protocol))
    found = training(tmp_path, content)
    assert found.left_out == ()
    assert found.hyperparameters == {
        "lr_scheduler_type": "cosine", "betas": [0.9, 0.99], "packing": True, "none": None,
        "big": str(2**70), "names": ["q", "v"], "nested": {"a": {"b": 1}}, "empty": {},
        "odd": "inf",
    }  # fmt: skip
    assert found.trainer == "trl"
    assert found.method == "sft"


@pytest.mark.parametrize(
    ("of", "trainer", "method"),
    [
        ("trl.trainer.sft_config.SFTConfig", "trl", "sft"),
        ("trl.trainer.dpo_config.DPOConfig", "trl", "dpo"),
        ("trl.trainer.kto_config.KTOConfig", "trl", "kto"),
        ("trl.experimental.orpo.orpo_config.ORPOConfig", "trl", "orpo"),
        ("trl.trainer.grpo_config.GRPOConfig", "trl", "grpo"),
        ("trl.trainer.reward_config.RewardConfig", "trl", "reward"),
        ("trl.trainer.rloo_config.RLOOConfig", "trl", "rlhf"),
        ("UnslothSFTTrainer.UnslothSFTConfig", "unsloth", "sft"),
        ("axolotl.core.training_args.AxolotlDPOConfig", "axolotl", "dpo"),
        ("transformers.training_args.TrainingArguments", "transformers", None),
        ("transformers.training_args_seq2seq.Seq2SeqTrainingArguments", "transformers", None),
        ("trl.trainer.gkd_config.GKDConfig", "trl", None),
    ],
)
def test_the_class_tells_trainer_and_method(
    tmp_path: Path, of: str, trainer: str, method: str | None
) -> None:
    found = training(tmp_path, arguments(of=of))
    assert found.trainer == trainer
    assert found.hyperparameters["learning_rate"] == 0.001
    if method is None:
        assert "--method names it" in str(found.method) or "--method says it" in str(found.method)
    else:
        assert found.method == method
    assert found.seeds == {"seed": 11}


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize(
    ("made", "named"),
    [
        (Runs(os.system, "touch pwned"), "system"),
        (Runs(eval, "1"), "eval"),
        (Runs(getattr, 1, "real"), "getattr"),
        (Runs(subprocess.Popen, ["touch", "pwned"]), "subprocess.Popen"),
        (Runs(pickle.loads, b"N."), "loads"),
        (Runs(zipfile.ZipFile, "pwned", "w"), "zipfile.ZipFile"),
    ],
    ids=["system", "eval", "getattr", "Popen", "loads", "ZipFile"],
)
def test_what_would_run_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: int, made: Runs, named: str
) -> None:
    monkeypatch.chdir(tmp_path)
    content = torch_zip(pickled_arguments({"seed": 1, "x": made}, protocol=protocol))
    with pytest.raises(Refused, match=rf"would run \S*({named}).* \(it was not\)"):
        training(tmp_path / "out", content)
    assert not (tmp_path / "pwned").exists()


def test_what_would_run_is_refused_in_a_file_that_breaks_off_after_it(tmp_path: Path) -> None:
    content = pickle.dumps(Runs(os.system, "touch pwned"), protocol=2)[:-1] + b"\xff\xff"
    with pytest.raises(Refused, match=r"would run posix\.system"):
        training(tmp_path, torch_zip(content))


def test_what_would_run_is_refused_in_a_bare_pickle(tmp_path: Path) -> None:
    first = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)
    last = pickle.dumps(Runs(os.system, "touch pwned"), protocol=2)
    with pytest.raises(Refused, match=r"would run posix\.system"):
        training(tmp_path, first + pickle.dumps(1001, protocol=2) + last)


@pytest.mark.parametrize(
    "pickled",
    [
        b"\x80\x04\x8c\x0ctransformers\x8c\x10subprocess.Popen\x93)R.",
        b"\x80\x04\x8c\x0ctransformers\x8c\x0butils.logic\x93)R.",
        b"\x80\x02ctransformers\nPreTrainedModel.from_pretrained\n)R.",
        b"\x80\x02ccopy_reg\n_reconstructor\ncsubprocess\nPopen\nh\x00N\x87R.",
        b"(S'touch pwned'\nios\nsystem\n.",
        b"(cos\nsystem\nS'touch pwned'\no.",
        b"\x80\x02cfunctools\npartial\ncos\nsystem\n\x85R)R.",
        b"\x80\x02ctorch._utils\n_rebuild_from_type_v2\n(cacme\nrun\ncacme\nA\n)}tR.",
        b"\x80\x02ccopy_reg\n_reconstructor\n(cacme\nA\ncsubprocess\nPopen\nX\x01\x00\x00\x00xtR.",
        b"\x80\x02cacme\nArgs\n)\x81}X\x06\x00\x00\x00appendcacme\nrun\nsbX\x01\x00\x00\x00xa.",
        b"\x80\x02cacme\nArgs\n)\x81}X\x0c\x00\x00\x00__setstate__cos\nsystem\nsbNb.",
        b"\x80\x02cacme\nArgs\nN}X\x0c\x00\x00\x00__setstate__cacme\nrun\ns\x86b)\x81Nb.",
    ],
    ids=[
        "dotted",
        "function",
        "method",
        "reconstructor",
        "inst",
        "obj",
        "partial",
        "rebuild",
        "base",
        "append",
        "setstate",
        "class",
    ],
)
def test_detours_are_refused(tmp_path: Path, pickled: bytes) -> None:
    with pytest.raises(Refused, match="would run"):
        training(tmp_path, torch_zip(pickled.replace(b"h\x00N\x87R", b"NN\x87R")))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "another format than PyTorch's zip"),
        (b"no pickle", "another format than PyTorch's zip"),
        (pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2), "the format of PyTorch before 1.6"),
        (arguments()[:200], "a damaged zip"),
        (torch_zip(b""), "cannot be followed"),
        (torch_zip(pickled_arguments({"a": 1})[:-40]), "cannot be followed"),
        (torch_zip(pickle.dumps({"a": 1})), "no settings of a trainer"),
        (torch_zip(b"\x80\x02\x82\x01."), "opcode EXT1, which settings do not need"),
        (torch_zip(b"\x80\x022222."), "it is damaged|opcode DUP"),
        (torch_zip(b"N" * 400_100 + b"."), "more than 400000 opcodes"),
        (torch_zip(b"\x00" * (5 << 20), compress=True), "more than 1048576 bytes of settings"),
        (b"PK" + b"\x00" * (100 << 20), "not read, for it has 104857602 bytes"),
    ],
    ids=[
        "empty", "text", "legacy", "cut-zip", "no-pickle", "cut-pickle", "dict", "ext", "dup",
        "long", "bomb", "large",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told(tmp_path: Path, content: bytes, why: str) -> None:
    found = training(tmp_path, content)
    assert found.hyperparameters == {}
    assert len(found.left_out) == 1
    assert found.left_out[0].startswith("training_args.bin: ")
    assert re.search(why, found.left_out[0]), found.left_out
    assert "training_args.bin" not in {one.path for one in found.files}


def test_values_that_contain_themselves_end(tmp_path: Path) -> None:
    itself: dict[str, Any] = {"a": 1}
    itself["itself"] = itself
    laughs: list[Any] = ["ha"]  # ten to the fortieth of them
    for _ in range(40):
        laughs = [laughs] * 10
    found = training(tmp_path, torch_zip(pickled_arguments({"x": itself, "y": laughs, "z": 3})))
    assert found.hyperparameters["x"]["a"] == 1
    assert len(str(found.hyperparameters)) < 3_000_000


def test_secrets_are_masked_and_controls_replaced(tmp_path: Path) -> None:
    values = {
        "hub_token": "hf_" + "a" * 30, "run_name": "hf_" + "b" * 34, "wandb_api_key": "k",
        "report": "\x1b[31mred\ud800", "data": "https://me:pass@host/x", "eos_token": "</s>",
    }  # fmt: skip
    found = training(tmp_path, torch_zip(pickled_arguments(values)))
    assert found.hyperparameters == {
        "hub_token": "***", "run_name": "***", "wandb_api_key": "***",
        "report": "\ufffd[31mred\ufffd", "data": "https://host/x", "eos_token": "</s>",
    }  # fmt: skip
