"""Rows 48 to 59: what is wrong with weights."""

import json
import os
import pickle
import zipfile
from collections.abc import Sequence
from pathlib import Path

from tests.catalogue.rows import Row, case
from tests.cli.project import Project, lora_bytes

REGISTER = ("register", "m", "ad3", "--data", "data/train.jsonl")
WEIGHTS = "ad3/adapter_model.safetensors"


class Runs:
    """What a pickle would do on load."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch ran",)


def adapter(project: Project, **config: object) -> Path:
    """Makes an adapter that is whole."""
    return project.adapter("ad3", **config)


def header(project: Project, change: object) -> Sequence[str]:
    """Makes an adapter with its header changed; returns what registers it."""
    adapter(project)
    file = project.root / WEIGHTS
    content = file.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    found = json.loads(content[8:end])
    change(found)  # type: ignore[operator]
    text = json.dumps(found).encode()
    project.write(WEIGHTS, len(text).to_bytes(8, "little") + text + content[end:])
    return REGISTER


@case(1, "adapter_config.json")
def weights_without_a_configuration(project: Project) -> Sequence[str]:
    (adapter(project) / "adapter_config.json").unlink()
    return REGISTER


@case(1, "ad3")
def a_configuration_without_weights(project: Project) -> Sequence[str]:
    adapter(project)
    (project.root / WEIGHTS).unlink()
    return REGISTER


@case(1, "base")
def a_configuration_without_a_base(project: Project) -> Sequence[str]:
    adapter(project, base_model_name_or_path=None)
    return REGISTER


@case(1, "gone-away")
def a_base_that_is_not_there(project: Project) -> Sequence[str]:
    adapter(project, base_model_name_or_path="./gone-away")
    return REGISTER


@case(4, "adapter_model.safetensors")
def weights_that_were_cut(project: Project) -> Sequence[str]:
    adapter(project)
    content = (project.root / WEIGHTS).read_bytes()
    project.write(WEIGHTS, content[:-40])
    return REGISTER


@case(4, "adapter_model.safetensors")
def tensors_that_overlap(project: Project) -> Sequence[str]:
    def overlap(found: dict[str, dict[str, list[int]]]) -> None:
        first, second, *_ = found.values()
        second["data_offsets"] = first["data_offsets"]

    return header(project, overlap)


@case(4, "adapter_model.safetensors")
def a_shape_that_is_not_that_of_the_bytes(project: Project) -> Sequence[str]:
    def longer(found: dict[str, dict[str, list[int]]]) -> None:
        next(iter(found.values()))["shape"][1] += 1

    return header(project, longer)


@case(1, "adapter_model.bin", "safetensors")
def weights_that_are_a_pickle(project: Project) -> Sequence[str]:
    adapter(project)
    (project.root / WEIGHTS).unlink()
    project.write("ad3/adapter_model.bin", pickle.dumps({"w": Runs()}))
    return REGISTER


@case(4, "adapter_model.safetensors")
def a_pickle_that_is_called_safetensors(project: Project) -> Sequence[str]:
    adapter(project)
    project.write(WEIGHTS, pickle.dumps({"w": Runs()}))
    return REGISTER


@case(1, "notes.txt")
def a_pickle_that_is_called_text(project: Project) -> Sequence[str]:
    adapter(project)
    project.write("ad3/notes.txt", pickle.dumps({"w": Runs()}))
    return REGISTER


@case(1, "modeling.py")
def a_program_beside_the_weights(project: Project) -> Sequence[str]:
    adapter(project)
    project.write("ad3/modeling.py", "import os\n")
    return REGISTER


@case(1, "ad3/model", "2 shards")
def a_shard_that_is_not_there(project: Project) -> Sequence[str]:
    names = [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    project.write("ad3/config.json", '{"model_type": "tiny"}')
    project.write(f"ad3/{names[0]}", lora_bytes())
    index = {"weight_map": {"a": names[0], "b": names[1]}}
    project.write("ad3/model.safetensors.index.json", json.dumps(index))
    return REGISTER


@case(0, '"version": 1', '"created": false', changes=True)
def the_same_weights_again(project: Project) -> Sequence[str]:
    return "register", "m", "ad1", "--data", "data/train.jsonl", "--method", "sft"


@case(0, '"version": 3', changes=True)
def the_same_weights_from_other_data(project: Project) -> Sequence[str]:
    project.write("data/more.jsonl", '{"prompt": "p", "completion": "c"}\n' * 3)
    project.done("data", "snapshot", "data/more.jsonl")
    return "register", "m", "ad1", "--data", "data/more.jsonl", "--method", "sft"


@case(1, "rank")
def a_rank_that_is_not_that_of_the_weights(project: Project) -> Sequence[str]:
    config = json.loads((adapter(project) / "adapter_config.json").read_text())
    project.write("ad3/adapter_config.json", json.dumps({**config, "r": 16}))
    return REGISTER


@case(1, "bomb.zip")
def an_archive_that_unpacks_without_end(project: Project) -> Sequence[str]:
    adapter(project)
    with zipfile.ZipFile(project.root / "ad3" / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(50_000_000))
    return REGISTER


ROWS = (
    Row(48, "an adapter without `adapter_config.json`", "refused",
        (weights_without_a_configuration,)),
    Row(49, "a configuration without weights", "refused", (a_configuration_without_weights,)),
    Row(50, "a base that nobody names, that is not there or another one", "refused",
        (a_configuration_without_a_base, a_base_that_is_not_there),
        ("cli/test_cli_base.py::test_a_base_is_pinned_held_and_built_upon",
         "unit/actions/test_action_held_base.py"
         "::test_another_base_than_the_adapter_names_is_refused")),
    Row(51, "safetensors that were cut, that overlap or whose header lies", "refused as damaged",
        (weights_that_were_cut, tensors_that_overlap, a_shape_that_is_not_that_of_the_bytes),
        ("trainers/test_fit.py::test_damaged_files_are_refused",)),
    Row(52, "NaN among the weights", "not looked for",
        lacks="values of weights are not read when they are registered"),
    Row(53, "pickles, by whatever name; programs", "refused or left out; nothing runs",
        (weights_that_are_a_pickle, a_pickle_that_is_called_safetensors,
         a_pickle_that_is_called_text, a_program_beside_the_weights),
        ("trainers/test_register_trained.py"
         "::test_a_pickle_that_would_run_is_refused_and_nothing_is_written",)),
    Row(54, "a shard that the index names is not there", "refused, by name",
        (a_shard_that_is_not_there,),
        ("trainers/test_fit.py::test_a_shard_that_is_missing_is_told",)),
    Row(55, "a file of more than 5 GB", "works",
        lacks="too large for a test; sizes and offsets are whole numbers without a bound"),
    Row(56, "the same weights again", "the version that is there", (the_same_weights_again,)),
    Row(57, "the same weights from other data", "a version of its own",
        (the_same_weights_from_other_data,)),
    Row(58, "rank or modules that are not those of the weights", "refused",
        (a_rank_that_is_not_that_of_the_weights,),
        ("trainers/test_fit.py::test_the_configuration_of_another_adapter_is_refused",)),
    Row(59, "an archive that unpacks without end", "refused; nothing is unpacked",
        (an_archive_that_unpacks_without_end,),
        ("evaluations/test_inspect.py"
         "::test_an_entry_that_unpacks_to_more_than_it_says_is_refused",)),
)  # fmt: skip
