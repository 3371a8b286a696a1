"""The part of an ``MLmodel`` file by which MLflow's own loader finds a version's parts.

`mlflow.transformers.load_model` reads the flavor ``transformers``; it is written here by hand, so
that nothing that could run a model is imported. Classes are named by transformers' automatic ones:
they choose by the configuration and never run code that lies beside the weights.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ft_registry.model.document import Unknown
from ft_registry.model.record import Base, FolderBase, HubBase, Kind, VersionBase

TRANSFORMERS = "transformers"
"""The flavor's name."""
BASE_FOLDER = "local_base_model_path"
"""The key of the folder of base weights; ``load_model(..., base_model_path=)`` wins over it. It
begins with a dot where it counts from the top level of the repository: no name at a hub does."""
COMPONENTS = "components/tokenizer"
"""Where MLflow looks for the tokenizer, inside the logged model."""

_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_CLASSES = {
    "text-generation": ("AutoModelForCausalLM", "TextGenerationPipeline"),
    "text-classification": ("AutoModelForSequenceClassification", "TextClassificationPipeline"),
}
_TOKENIZER = {"components": ["tokenizer"], "tokenizer_type": "AutoTokenizer"}


@dataclass(frozen=True)
class Weights:
    """What is stored."""

    kind: Kind
    folder: str
    """Inside the logged model."""
    base: Base | Unknown
    task: str
    has_tokenizer: bool
    """It lies beside the weights."""


def transformers_flavor(weights: Weights) -> Mapping[str, object] | Unknown:
    """Returns the flavor, or why MLflow could not load the weights by it."""
    model, pipeline = _CLASSES[weights.task]
    flavor: dict[str, object] = {
        "task": weights.task,
        "instance_type": pipeline,
        "pipeline_model_type": model,
        "components": [],
    }
    if weights.has_tokenizer:
        flavor |= _TOKENIZER
    if weights.kind != "adapter":
        return flavor | {"model_binary": weights.folder}
    flavor["peft_adaptor"] = weights.folder
    match weights.base:
        case HubBase(id=name, revision=str(revision)) if _COMMIT.fullmatch(revision):
            # Of such a base MLflow takes the tokenizer from the hub as well.
            return flavor | _TOKENIZER | {
                "source_model_name": name,
                "source_model_revision": revision,
                "tokenizer_name": name,
                "tokenizer_revision": revision,
            }  # fmt: skip
        case HubBase():
            return Unknown(unknown="its base is not pinned to a commit")
        case FolderBase(id=name):
            return flavor | {"source_model_name": name, BASE_FOLDER: f"./{name}"}
        case VersionBase(version=name):
            # Where `restore --into ../NAME-N` puts it: it goes outside of the repository.
            restored = f"../{name.replace('/', '-')}/artifact"
            return flavor | {"source_model_name": name, BASE_FOLDER: restored}
    return Unknown(unknown="its base is not known")
