"""Whatever JSON comes from outside goes through one door: a key twice or endless depth is told."""

from pathlib import Path

import pytest
from tests.trainers.samples import ADAPTER, put, read
from tests.unit.tensor_files import pack

from ft_registry.errors import Refused
from ft_registry.model.training import Training
from ft_registry.readers.evaluations.documents import parse_leniently
from ft_registry.readers.files import hash_path
from ft_registry.readers.trainers.hosted import read_hosted
from ft_registry.readers.weights import read_config

TWICE = '{"r": 8, "r": 16}'
DEEP = '{"a":' * 500 + "1" + "}" * 500
ENDLESS = "[" * 100_000
HUGE = '{"r": ' + "9" * 5000 + "}"
FAULTS = [TWICE, DEEP, ENDLESS, HUGE]


@pytest.mark.parametrize("text", FAULTS, ids=["twice", "deep", "endless", "huge"])
def test_a_configuration(tmp_path: Path, text: str) -> None:
    with pytest.raises(Refused, match=r"config\.json"):
        read_config(put(tmp_path, "config.json", text))


@pytest.mark.parametrize("text", FAULTS, ids=["twice", "deep", "endless", "huge"])
def test_an_evaluation(text: str) -> None:
    with pytest.raises(Refused, match="expected it to be"):
        parse_leniently(text.encode(), what="it")


@pytest.mark.parametrize("text", FAULTS, ids=["twice", "deep", "endless", "huge"])
def test_a_hosted_job(tmp_path: Path, text: str) -> None:
    file = put(tmp_path, "job.json", text)
    with pytest.raises(Refused, match="that is no JSON"):
        read_hosted(file, hash_path(file))


@pytest.mark.parametrize("text", FAULTS, ids=["twice", "deep", "endless", "huge"])
def test_a_trainers_log(tmp_path: Path, text: str) -> None:
    put(tmp_path, "adapter_config.json", ADAPTER)
    put(tmp_path, "adapter_model.safetensors", pack({}))
    put(tmp_path, "trainer_state.json", text)
    found = read(tmp_path).training
    assert isinstance(found, Training)
    assert found.left_out[0].startswith("trainer_state.json: it is no JSON (")
