"""A sync that is killed at any step is finished, or taken back, by the next one."""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient
from tests.cli.project import Project
from tests.mlflow.hands import Hands, make_three

from ft_registry.errors import Conflict

pytestmark = pytest.mark.integration

CHANGES = (
    "create_registered_model", "delete_registered_model", "rename_registered_model",
    "set_registered_model_tag", "delete_registered_model_tag", "set_registered_model_alias",
    "create_model_version", "delete_model_version", "delete_model_version_tag",
)  # fmt: skip


class Killed(BaseException):
    """Stands for a kill: nothing of ours may catch it."""


@pytest.fixture
def hands(
    built_once: Callable[[str, Callable[[Path], None]], Path], data_template: Path, tmp_path: Path
) -> Hands:
    three = built_once("three", lambda folder: make_three(folder, data_template))
    return Hands(Project.copy(three, tmp_path / "own"))


@contextlib.contextmanager
def dying_at(step: int, *, after: bool) -> Iterator[list[str]]:
    """Lets MLflow's client die at its so-many-th change, before or after carrying it out."""
    made: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in CHANGES:
            real = getattr(MlflowClient, name)

            def change(
                *arguments: object,
                name: str = name,
                real: Callable[..., object] = real,
                **more: object,
            ) -> object:
                made.append(name)
                if len(made) == step and not after:
                    raise Killed
                result = real(*arguments, **more)
                if len(made) == step:
                    raise Killed
                return result

            patch.setattr(MlflowClient, name, change)
        yield made


def restore_killed(hands: Hands, damage: Callable[[], None], *, after: bool) -> int:
    """Restores after damage, killed at every step in turn; returns how many steps there were."""
    for step in itertools.count(1):
        damage()
        with dying_at(step, after=after) as made:
            try:
                hands.sync("restore")
            except Killed:
                pass
            else:
                return len(made)
        hands.sync("restore")
        assert hands.drift() == [], f"killed at {made[-1]}, step {step}"
        assert [len(hands.versions()), hands.champion()] == [3, 3]
        assert hands.versions()[1].tags["mine"] == "kept"
        assert hands.client.get_registered_model("m").tags["team"] == "search"
    raise AssertionError


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_rebuild_that_is_killed_anywhere_is_settled(hands: Hands, after: bool) -> None:
    hands.client.set_registered_model_tag("m", "team", "search")
    hands.client.set_model_version_tag("m", "1", "mine", "kept")
    steps = restore_killed(hands, lambda: hands.client.delete_model_version("m", "2"), after=after)
    assert steps > 8
    names = [model.name for model in hands.client.search_registered_models()]
    assert names == ["m"]


def test_an_append_that_is_killed_anywhere_is_settled(hands: Hands) -> None:
    hands.client.set_registered_model_tag("m", "team", "search")
    hands.client.set_model_version_tag("m", "1", "mine", "kept")

    def forget() -> None:
        """As in an older backup, with a number before it that is lost for good."""
        hands.sql(
            "DELETE FROM model_version_tags WHERE version > 1",
            "DELETE FROM model_versions WHERE version > 1",
            "DELETE FROM registered_model_aliases",
        )

    assert restore_killed(hands, forget, after=True) > 4


def killed_before_the_rename(hands: Hands) -> None:
    hands.client.delete_model_version("m", "2")
    with pytest.MonkeyPatch.context() as patch:

        def die(*_arguments: object) -> None:
            raise Killed

        patch.setattr(MlflowClient, "rename_registered_model", die)
        with pytest.raises(Killed):
            hands.sync("restore")


def test_status_names_a_rebuild_that_was_cut_off_and_a_plain_sync_ends_it(hands: Hands) -> None:
    killed_before_the_rename(hands)
    assert ("sync_unfinished", "m") in hands.kinds()
    done = hands.sync()
    assert [step.do for step in done.done] == ["tidy"]
    assert (done.failure, hands.drift()) == (None, [])


def test_a_registered_model_made_since_is_not_thrown_away(hands: Hands) -> None:
    killed_before_the_rename(hands)
    source = hands.client.search_model_versions("name = 'm~rebuild'")[0].source
    hands.client.create_registered_model("m")
    hands.native(source)
    with pytest.raises(Conflict, match="m~rebuild"):
        hands.sync("restore")
    hands.client.delete_model_version("m", "1")
    hands.restore()
    assert sorted(hands.versions()) == [1, 2, 3]


def test_a_change_while_a_model_is_made_anew_is_not_lost(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.client.delete_model_version("m", "2")
    real = MlflowClient.create_model_version
    tagged: list[bool] = []

    def meanwhile(client: MlflowClient, *arguments: object, **more: object) -> object:
        if not tagged:
            tagged.append(True)
            client.set_model_version_tag("m", "1", "mine", "new")
        return real(client, *arguments, **more)

    monkeypatch.setattr(MlflowClient, "create_model_version", meanwhile)
    with pytest.raises(Conflict, match="changed"):
        hands.sync("restore")
    hands.restore()
    assert hands.versions()[1].tags["mine"] == "new"
