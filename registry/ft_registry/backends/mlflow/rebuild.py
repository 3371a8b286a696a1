"""Puts versions back under their numbers.

MLflow hands out one more than the highest number that it ever gave out; a version that was deleted
keeps its number for ever. What cannot be appended any more needs the whole registered model made
anew: beside the old one, which then makes room. Every step that may be cut off leaves a mark by
which `tidy` finishes it or takes it back.
"""

import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ft_registry.backends.mlflow.connection import MlflowPlace, as_default, guarded, once
from ft_registry.errors import BackendUnavailable, Conflict, FtRegistryError
from ft_registry.faultpoints import faultpoint
from ft_registry.model.shown import REBUILD_OF, REBUILT, RESTORING, name_aside
from ft_registry.ports.models import Restored

if TYPE_CHECKING:
    from mlflow import MlflowClient

_PAGE = 10_000
_NO_STAGE = ("None", "", None)


class Rebuilder:
    """Creates versions where they belong, through a client.

    Args:
        client: MLflow's client.
        place: Where it is.
        ensure_model: Makes a registered model unless it is there.
    """

    def __init__(
        self, client: "MlflowClient", *, place: MlflowPlace, ensure_model: Callable[[str], None]
    ) -> None:
        self._client = client
        self._place = place
        self._ensure_model = ensure_model

    def create_at(self, model: str, number: int, restored: Restored) -> bool:
        """See `ModelStore.create_at`."""
        self._ensure_model(model)
        while True:
            made = self._create(model, restored, of=model, mark=number)
            if made == number:
                self._unmark(model, made)
                return True
            with guarded("MLflow to take back a version that filled a gap"):
                self._client.delete_model_version(model, str(made))
            if made > number:
                return False

    def rebuild(self, model: str, restored: Mapping[int, Restored], *, last: int) -> None:
        """See `ModelStore.rebuild`."""
        aside = name_aside(model)
        with guarded("MLflow to tell of the registered model"):
            present = self._client.get_registered_model(model)
            versions = self._versions(model)
            self._drop(aside)
        try:
            with guarded("MLflow to make the registered model anew"):
                self._fill(aside, present, versions, restored, last=last)
        except FtRegistryError:
            with guarded("MLflow to drop what was made"):
                self._drop(aside)
            raise
        with guarded("MLflow to put the registered model into its place"):
            if _state(present, versions) != _state(
                self._client.get_registered_model(model), self._versions(model)
            ):
                self._drop(aside)
                raise Conflict(
                    f"expected {model} to stay as it is in MLflow while it is made anew, found "
                    "that somebody changed it",
                    hints=["run the command again"],
                )
            self._client.set_registered_model_tag(aside, REBUILT, "true")
            faultpoint("mlflow.next")
            self._client.delete_registered_model(model)
            self._take_place(aside, model)

    def tidy(self, model: str) -> None:
        """See `ModelStore.tidy`."""
        aside = name_aside(model)
        with guarded("MLflow to finish what was cut off"):
            made, present = self._find(aside), self._find(model)
            if made is not None:
                self._settle(model, made, present)
            present = self._find(model)
            if present is None:
                return
            for key in (REBUILD_OF, REBUILT):
                if key in present.tags:
                    self._client.delete_registered_model_tag(model, key)
            for version in self._versions(model).values():
                mark = version.tags.get(RESTORING)
                if mark == str(version.version):
                    self._unmark(model, int(version.version))
                elif mark is not None:
                    self._client.delete_model_version(model, str(version.version))

    def _settle(self, model: str, made: Any, present: Any) -> None:
        """Decides between a registered model and the one that was made to replace it."""
        is_whole = REBUILT in made.tags
        if present is None and is_whole:
            self._take_place(made.name, model)
        elif present is None or str(present.creation_timestamp) == made.tags.get(REBUILD_OF):
            self._drop(made.name)  # what it was made from is still there, or it is half of it
        elif self._versions(model):
            raise Conflict(
                f"expected {model} in MLflow as a sync that was cut off left it, found another "
                f"registered model of that name, made since, beside {made.name}",
                hints=[
                    "wait for the registration that made it, and run the command again",
                    f"or delete one of the two in MLflow: {made.name} holds the older versions",
                ],
            )
        elif is_whole:
            self._client.delete_registered_model(model)
            self._take_place(made.name, model)
        else:
            self._drop(made.name)

    def _take_place(self, aside: str, model: str) -> None:
        faultpoint("mlflow.next")
        self._client.rename_registered_model(aside, model)
        faultpoint("mlflow.next")
        for key in (REBUILD_OF, REBUILT):
            self._client.delete_registered_model_tag(model, key)

    def _fill(
        self,
        aside: str,
        present: Any,
        versions: Mapping[int, Any],
        restored: Mapping[int, Restored],
        *,
        last: int,
    ) -> None:
        self._client.create_registered_model(
            aside,
            tags={**present.tags, REBUILD_OF: str(present.creation_timestamp)},
            description=present.description or None,
        )
        filler = next(iter(restored.values()))
        for number in range(1, max(last, *versions, *restored) + 1):
            if number in restored:
                made = self._create(aside, restored[number], of=present.name)
            elif number in versions:
                made = self._copy(aside, versions[number])
            else:
                made = self._create(aside, filler, of=present.name)
                self._client.delete_model_version(aside, str(made))
            if made != number:
                raise BackendUnavailable(
                    f"expected MLflow to hand out {number} next for {aside}, found {made}",
                    hints=["is another sync running? run the command again"],
                )
        there = versions.keys() | restored.keys()
        for alias, number in sorted(present.aliases.items()):
            if int(number) in there:
                self._client.set_registered_model_alias(aside, alias, str(number))

    def _create(self, model: str, restored: Restored, *, of: str, mark: int | None = None) -> int:
        """Creates a version; `of` is the model whose version it will be."""
        stored = restored.stored
        tags = dict(restored.tags)
        if mark is not None:
            tags[RESTORING] = str(mark)
        with guarded("MLflow to create a version again"), as_default(self._place):
            made = once(
                lambda: self._client.create_model_version(
                    model,
                    source=stored.uri,
                    run_id=stored.run_id,
                    run_link=self._place.page_of(of, stored.logged_model_id),
                    model_id=stored.logged_model_id,
                    tags=tags,
                    description=restored.description,
                )
            )
        return int(made.version)

    def _copy(self, aside: str, version: Any) -> int:
        """Creates a version as another one is, whoever made that."""
        prefix, _, model_id = str(version.source).partition("/")
        with (
            guarded(f"MLflow to carry over {version.name}/{version.version}"),
            as_default(self._place),
        ):
            made = once(
                lambda: self._client.create_model_version(
                    aside,
                    source=version.source,
                    run_id=version.run_id or None,
                    run_link=version.run_link or None,
                    model_id=model_id if prefix == "models:" and model_id[:2] == "m-" else None,
                    tags=dict(version.tags),
                    description=version.description or None,
                )
            )
            if version.current_stage not in _NO_STAGE:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # stages are deprecated; theirs stay theirs
                    self._client.transition_model_version_stage(
                        aside, made.version, version.current_stage
                    )
        return int(made.version)

    def _unmark(self, model: str, number: int) -> None:
        with guarded("MLflow to take the mark off a version"):
            self._client.delete_model_version_tag(model, str(number), RESTORING)

    def _find(self, model: str) -> Any:
        from mlflow.exceptions import MlflowException

        try:
            return self._client.get_registered_model(model)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None

    def _drop(self, aside: str) -> None:
        if self._find(aside) is not None:
            self._client.delete_registered_model(aside)

    def _versions(self, model: str) -> dict[int, Any]:
        found: dict[int, Any] = {}
        token = None
        while True:
            page = self._client.search_model_versions(
                f"name = '{model}'", max_results=_PAGE, page_token=token
            )
            found.update((int(version.version), version) for version in page)
            token = page.token
            if not token:
                return dict(sorted(found.items()))


def _state(model: Any, versions: Mapping[int, Any]) -> object:
    """Returns what must not change while a registered model is made anew."""
    return (
        model.creation_timestamp,
        model.description,
        dict(model.aliases),
        dict(model.tags),
        {
            number: (one.source, one.run_id, one.description, dict(one.tags))
            for number, one in versions.items()
        },
    )
