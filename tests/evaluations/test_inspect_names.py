"""Inspect calls models by their providers; weights that one runs oneself have their own names."""

import json
from pathlib import Path

import pytest
from tests.evaluations.outputs import FIXTURES

from ft_registry.readers.evaluations.reading import read_evaluation


@pytest.mark.parametrize(
    ("model", "arguments", "name"),
    [
        ("hf/acme/tiny", {}, "acme/tiny"),
        ("vllm/support-dates/2", {}, "support-dates/2"),
        ("hf/local", {"model_path": "out/adapter"}, "out/adapter"),
        ("openai/ft:gpt-4.1-mini:acme::abc", {}, "openai/ft:gpt-4.1-mini:acme::abc"),
        ("hf", {}, "hf"),
    ],
)
def test_a_model_is_called_as_where_it_runs(
    tmp_path: Path, model: str, arguments: dict[str, str], name: str
) -> None:
    log = json.loads((FIXTURES / "inspect_epochs.json").read_text())
    log["eval"] |= {"model": model, "model_args": arguments}
    file = tmp_path / "log.json"
    file.write_text(json.dumps(log))
    assert read_evaluation([file]).claim.name == name
