"""Configurations differ by meaning: noise and the trainer's own defaults are kept apart."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import json_objects, json_values, law

from ft_registry.model.config_diff import ConfigChange, ConfigDiff, diff_config, diff_config_files
from ft_registry.model.trainer_defaults import default_of


def rows(changes: tuple[ConfigChange, ...]) -> list[tuple[str, Any, Any, str]]:
    return [(one.name, one.before, one.after, one.kind) for one in changes]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"lr": 1}, {"lr": 1.0}),
        ({"lr": 5e-5}, {"lr": 0.00005}),
        ({"lr": -0.0}, {"lr": 0}),
        ({"betas": [1, 2]}, {"betas": [1.0, 2.0]}),
        ({"a": {}, "b": []}, {"a": {}, "b": []}),
        ({"target_modules": ["q", "v"]}, {"target_modules": ["v", "q"]}),
        ({"data": [{"path": "a", "n": 1}]}, {"data": [{"path": "a", "n": 1.0}]}),
        ({}, {}),
    ],
)
def test_what_means_the_same_is_no_change(before: Any, after: Any) -> None:
    found = diff_config(before, after)
    assert (found.changes, found.defaults, found.noise) == ((), (), ())


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"lr": 1}, {"lr": 2}, [("lr", 1, 2, "changed")]),
        ({"on": 1}, {"on": True}, [("on", 1, True, "changed")]),
        ({"lr": "1"}, {"lr": 1}, [("lr", "1", 1, "changed")]),
        ({"t": {"a": 1}}, {"t": {}}, [("t.a", 1, None, "removed")]),
        ({}, {"t": {"a": 1, "b": {"c": 2}}}, [("t.a", None, 1, "added"),
                                              ("t.b.c", None, 2, "added")]),
        ({}, {"t": {}}, [("t", None, {}, "added")]),
        ({}, {"t": None}, [("t", None, None, "added")]),
        ({"t": {"a": 1}}, {"t": 3}, [("t", {"a": 1}, 3, "changed")]),
        ({"t": {"a": 1}}, {"t": [1]}, [("t", {"a": 1}, [1], "changed")]),
        ({"b": [0.9, 0.999]}, {"b": [0.9, 0.95]}, [("b[1]", 0.999, 0.95, "changed")]),
        ({"b": [1, 2]}, {"b": [1]}, [("b", [1, 2], [1], "changed")]),
        ({"b": []}, {"b": [1]}, [("b", [], [1], "changed")]),
        ({"b": [1]}, {}, [("b", [1], None, "removed")]),
        ({"target_modules": ["q", "v"]}, {"target_modules": ["v", "o", "q"]},
         [("target_modules[o]", None, "o", "added")]),
        ({"target_modules": "all-linear"}, {"target_modules": ["q"]},
         [("target_modules", "all-linear", ["q"], "changed")]),
        ({"d": [{"path": "a", "n": 1}, {"path": "b"}]}, {"d": [{"path": "b"}, {"path": "c"}]},
         [("d[a].n", 1, None, "removed"), ("d[a].path", "a", None, "removed"),
          ("d[c].path", None, "c", "added")]),
        ({"d": [{"name": "a"}, {"name": "b"}]}, {"d": [{"name": "b"}, {"name": "a"}]},
         [("d[order]", ["a", "b"], ["b", "a"], "changed")]),
        ({"d": [{"n": 1}, {"n": 2}]}, {"d": [{"n": 1}, {"n": 3}]}, [("d[1].n", 2, 3, "changed")]),
        ({"l": list(range(11))}, {"l": [*range(2), 9, *range(3, 10), 0]},
         [("l[2]", 2, 9, "changed"), ("l[10]", 10, 0, "changed")]),
    ],
)  # fmt: skip
def test_what_differs_is_named(before: Any, after: Any, expected: list[Any]) -> None:
    found = diff_config(before, after)
    assert rows(found.changes) == expected
    assert (found.defaults, found.noise) == ((), ())


@pytest.mark.parametrize(
    "key",
    [
        "output_dir", "run_name", "logging_steps", "report_to", "hub_model_id", "push_to_hub",
        "overwrite_output_dir", "ddp_backend", "local_rank", "device", "dataloader_num_workers",
        "dataset_num_proc", "wandb_project", "disable_tqdm", "log_level", "peft_version",
    ],
)  # fmt: skip
def test_noise_is_counted_and_no_change(key: str) -> None:
    for before, after in (({key: "x"}, {key: "y"}), ({key: 1}, {}), ({}, {key: {"deep": 1}})):
        found = diff_config({"t": {"lr": 1, **before}}, {"t": {"lr": 1, **after}})
        assert found.changes == ()
        assert [one.kind for one in found.noise] == ["noise"]
        assert found.same == 1


@pytest.mark.parametrize("key", ["log_sigma", "device_batch", "save_steps", "seed", "deepspeed"])
def test_what_may_change_the_model_is_no_noise(key: str) -> None:
    assert diff_config({key: 1}, {key: 2}).noise == ()


def test_the_same_folder_on_another_machine_is_noise_and_another_folder_is_not() -> None:
    before = {"base": "/home/ada/llama", "data": "/home/ada/one.jsonl", "hub": "acme/a"}
    after = {"base": "~/llama", "data": "/home/ada/two.jsonl", "hub": "other/a"}
    found = diff_config(before, after)
    assert [one.name for one in found.noise] == ["base"]
    assert [one.name for one in found.changes] == ["data", "hub"]


@pytest.mark.parametrize("key", ["hub_token", "openai_api_key", "password", "auth_token"])
def test_a_secret_is_never_shown(key: str) -> None:
    found = diff_config({key: "hf_one"}, {key: {"value": "hf_two"}})
    assert "hf_" not in repr([dataclasses.astuple(one)[1:3] for one in found.changes + found.noise])
    assert len(found.changes + found.noise) == 1
    assert rows(diff_config({"eos_token": "a"}, {"eos_token": "b"}).changes) == [
        ("eos_token", "a", "b", "changed")
    ]


LORA = {"r": 16, "lora_alpha": 32}
TRAIN = {"num_train_epochs": 2}


@pytest.mark.parametrize(
    ("section", "key", "value", "method", "default", "source"),
    [
        (LORA, "lora_dropout", 0.1, "", 0.0, "PEFT 0.21 LoraConfig"),
        (LORA, "use_dora", True, "", False, "PEFT 0.21 LoraConfig"),
        (TRAIN, "seed", 7, "", 42, "transformers 5.23 TrainingArguments"),
        (TRAIN, "weight_decay", 0.1, "sft", 0.0, "transformers 5.23 TrainingArguments"),
        (TRAIN, "max_length", 2048, "sft", 1024, "TRL 1.16 SFTConfig"),
        (TRAIN, "beta", 0.3, "dpo", 0.1, "TRL 1.16 DPOConfig"),
        (TRAIN, "beta", 0.3, "grpo", 0.0, "TRL 1.16 GRPOConfig"),
    ],
)
def test_a_key_that_is_left_out_is_read_as_the_trainers_default(
    section: dict[str, Any], key: str, value: Any, method: str, default: Any, source: str
) -> None:
    found = diff_config({"t": section}, {"t": {**section, key: value}}, method=method)
    assert found.changes == (ConfigChange(("t", key), default, value, "changed", source),)
    spelled = diff_config({"t": {**section, key: default}}, {"t": section}, method=method)
    assert spelled.changes == ()
    assert spelled.defaults == (ConfigChange(("t", key), default, default, "default", source),)


@pytest.mark.parametrize(
    ("before", "after", "method"),
    [
        ({"t": {"x": 1}}, {"t": {"x": 1, "seed": 42}}, "sft"),  # no trainer that we know
        ({"t": {"lr": 1}}, {"t": {"lr": 1, "r": 8}}, ""),
        ({}, {"t": {"r": 8, "lora_alpha": 8}}, ""),  # without LoRA is not with LoRA's defaults
        ({"t": TRAIN}, {"t": {**TRAIN, "learning_rate": 5e-5}}, ""),  # whose default?
        ({"t": TRAIN}, {"t": {**TRAIN, "learning_rate": 2e-5}}, "sft"),  # trainers disagree
        ({"t": TRAIN}, {"t": {**TRAIN, "max_length": 1024}}, ""),
        ({"t": TRAIN}, {"t": {**TRAIN, "optim": "adamw_torch_fused"}}, ""),  # it moved
    ],
)
def test_where_the_default_is_not_certain_none_is_taken(
    before: Any, after: Any, method: str
) -> None:
    found = diff_config(before, after, method=method)
    assert found.defaults == ()
    assert {(one.kind, one.assumed, one.before) for one in found.changes} == {("added", "", None)}


def test_the_defaults_are_those_of_the_libraries() -> None:
    peft = pytest.importorskip("peft", reason="of the train extra")
    transformers = pytest.importorskip("transformers", reason="of the train extra")
    for made, mark, name in (
        (peft.LoraConfig, "lora_alpha", "PEFT"),
        (transformers.TrainingArguments, "num_train_epochs", "transformers"),
    ):
        checked = 0
        for field in dataclasses.fields(made):
            default = default_of(field.name, {mark}, "")
            if default is None or not default.source.startswith(name):
                continue
            value = field.default
            if field.default_factory is not dataclasses.MISSING:
                value = field.default_factory()
            assert default.value == getattr(value, "value", value), field.name
            checked += 1
        assert checked >= 18


def test_files_compare_by_name_and_a_renamed_one_with_its_new_name() -> None:
    before = {"params.yaml": {"lr": 1, "seed": 2}, "x.json": {"a": 1}}
    after = {"train.yaml": {"lr": 1, "seed": 3}, "x.json": {"a": 1}}
    found = diff_config_files(before, after)
    assert found.renamed == ("params.yaml", "train.yaml")
    assert rows(found.changes) == [("train.yaml.seed", 2, 3, "changed")]
    assert found.same == 2
    back = diff_config_files(after, before)
    assert back.renamed == ("train.yaml", "params.yaml")


def test_the_name_of_a_file_is_no_noise() -> None:
    found = diff_config_files({"device": {"lr": 1}}, {"device": {"lr": 2}})
    assert rows(found.changes) == [("device.lr", 1, 2, "changed")]


def test_several_files_that_come_and_go_are_not_paired() -> None:
    found = diff_config_files({"a": {"x": 1}}, {"b": {"x": 1}, "c": {"x": 1}})
    assert found.renamed is None
    assert [one.name for one in found.changes] == ["a.x", "b.x", "c.x"]


def test_deep_nesting_is_no_recursion() -> None:
    deep: Any = 1
    other: Any = 2
    for _ in range(5000):
        deep, other = {"a": deep}, {"a": other}
    assert [one.kind for one in diff_config(deep, other).changes] == ["changed"]
    assert len(diff_config({"b": [deep]}, {"b": [other, other]}).changes) == 1


keys = st.sampled_from([
    "a", "b", "r", "lora_alpha", "lora_dropout", "seed", "num_train_epochs", "output_dir",
    "target_modules", "learning_rate", "name", "path",
])  # fmt: skip
trees = st.dictionaries(
    keys,
    st.recursive(
        json_values | st.lists(st.sampled_from(["q", "v", "o"]), max_size=3),
        lambda inner: st.dictionaries(keys, inner, max_size=4) | st.lists(inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)
MIRRORED = {"added": "removed", "removed": "added"}


def everything(found: ConfigDiff) -> tuple[ConfigChange, ...]:
    return found.changes + found.defaults + found.noise


@given(tree=trees | json_objects)
@law
def test_nothing_differs_from_itself(tree: Any) -> None:
    assert everything(diff_config(tree, tree)) == ()
    assert everything(diff_config_files(tree, tree)) == ()


@given(one=trees, other=trees, method=st.sampled_from(["", "sft", "dpo"]))
@law
def test_swapped_sides_swap_before_and_after(one: Any, other: Any, method: str) -> None:
    there, back = diff_config(one, other, method=method), diff_config(other, one, method=method)
    assert there.same == back.same
    assert [
        (c.path, c.after, c.before, MIRRORED.get(c.kind, c.kind), c.assumed)
        for c in everything(there)
    ] == [(c.path, c.before, c.after, c.kind, c.assumed) for c in everything(back)]
