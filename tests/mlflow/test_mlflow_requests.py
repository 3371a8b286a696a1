"""What a move asks of MLflow: the model once, not before each of its writes."""

from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.prompt.constants import IS_PROMPT_TAG_KEY
from tests.cli.project import Project

from ft_registry.errors import BackendUnavailable
from ft_registry.model.shown import Mark

pytestmark = pytest.mark.integration


def test_a_move_fetches_the_model_once(seeded: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    fetch = MlflowClient.get_registered_model

    def count(client: MlflowClient, name: str) -> Any:
        asked.append(name)
        return fetch(client, name)

    monkeypatch.setattr(MlflowClient, "get_registered_model", count)
    workspace = seeded.workspace()
    workspace.move(workspace.plan_promotion("m/1", "champion"))
    assert asked == ["m"]
    assert seeded.client().get_registered_model("m").aliases["champion"] in ("1", 1)


def test_a_prompt_of_the_name_is_not_written_to(seeded: Project) -> None:
    models = seeded.workspace().models
    models.set_alias("m", "champion", Mark(1), description="ours")
    seeded.client().set_registered_model_tag("m", IS_PROMPT_TAG_KEY, "true")
    with pytest.raises(BackendUnavailable, match="not found"):
        models.set_alias("m", "champion", Mark(2), description="ours")
    # Outside of the move the client looks before it writes, as ever.
    with pytest.raises(MlflowException, match="not found"):
        models._client.set_registered_model_tag("m", "any", "value")
