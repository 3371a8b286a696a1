"""What MLflow's own loader is told of weights, by kind and by base."""

from typing import Any

import pytest

from ft_registry.formats.mlmodel import Weights, transformers_flavor
from ft_registry.model.document import Unknown
from ft_registry.model.record import FolderBase, HubBase, VersionBase

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DIGEST = f"sha256:{'1' * 64}"
NOT_KNOWN = Unknown(unknown="nobody said")


def flavor(base: Any, *, kind: Any = "adapter", has_tokenizer: bool = True) -> Any:
    return transformers_flavor(Weights(kind, "inside", base, "text-generation", has_tokenizer))


def hub(revision: Any) -> HubBase:
    return HubBase(id="acme/tiny", revision=revision, digest=NOT_KNOWN)


def test_full_weights_lie_in_the_logged_model() -> None:
    assert flavor(NOT_KNOWN, kind="full") == {
        "task": "text-generation",
        "instance_type": "TextGenerationPipeline",
        "pipeline_model_type": "AutoModelForCausalLM",
        "components": ["tokenizer"],
        "tokenizer_type": "AutoTokenizer",
        "model_binary": "inside",
    }


@pytest.mark.parametrize(
    ("base", "place"),
    [
        (FolderBase(id="build/base", revision=NOT_KNOWN, digest=DIGEST), "./build/base"),
        (VersionBase(version="cpt/3", record=DIGEST), "../cpt-3/artifact"),
    ],
)
def test_a_base_in_a_folder_is_named_as_no_hub_names_one(base: Any, place: str) -> None:
    found = flavor(base, has_tokenizer=False)
    assert (found["peft_adaptor"], found["local_base_model_path"]) == ("inside", place)
    assert found["components"] == []
    assert "source_model_revision" not in found


def test_a_base_of_a_hub_is_named_with_its_commit() -> None:
    found = flavor(hub(COMMIT), has_tokenizer=False)
    assert (found["source_model_name"], found["source_model_revision"]) == ("acme/tiny", COMMIT)
    assert (found["tokenizer_name"], found["tokenizer_revision"]) == ("acme/tiny", COMMIT)
    assert "local_base_model_path" not in found


@pytest.mark.parametrize("base", [hub(NOT_KNOWN), hub("main"), NOT_KNOWN])
def test_a_base_that_may_be_another_tomorrow_is_not_named(base: Any) -> None:
    assert isinstance(flavor(base), Unknown)
