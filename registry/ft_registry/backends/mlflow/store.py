"""Models as MLflow keeps them, behind the port.

The bytes of a version are an MLflow *logged model*; the version points to it by ``models:/m-...``,
the one source that every kind of MLflow server accepts. Version and tags are made in one call.
What is read back is not trusted: numbers and ids are checked before they are used.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ft_registry.backends.mlflow.connection import (  # fmt: skip
    MlflowPlace,
    as_default,
    check_reachable,
    connect,
    guarded,
    once,
    without_prompt_checks,
)
from ft_registry.backends.mlflow.rebuild import Rebuilder
from ft_registry.backends.mlflow.upload import Uploader
from ft_registry.errors import BackendUnavailable, FtRegistryError, IntegrityError, OutcomeUnknown
from ft_registry.faultpoints import faultpoint
from ft_registry.model.shown import DESCRIPTION, PROJECTED, Mark, mark_of
from ft_registry.ports.models import (
    Metric,
    Projection,
    Restored,
    StoredModel,
    StoredVersion,
    Upload,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient

IDENTITY_TAG = "ftr.identity"
TRANSACTION_TAG = "ftr.txn"
_ABOUT = (
    "Versions of this model are registered by ft-registry. Aliases move through its ledger, which "
    "keeps who, when and why: `ft-registry log NAME`. A move made here by hand is not on record."
)
_LOGGED_MODEL = re.compile(r"models:/m-[0-9a-f]{32}")


class MlflowModels:
    """Talks to one MLflow; its client is imported when it is first needed.

    Args:
        place: Where it is.
    """

    def __init__(self, place: MlflowPlace) -> None:
        self._place = place

    @cached_property
    def _client(self) -> "MlflowClient":
        return connect(self._place)

    def check(self) -> None:
        """See `ModelStore.check`."""
        check_reachable(self._place)
        with guarded("MLflow to answer"):
            self._client.search_experiments(max_results=1)

    def upload(self, upload: Upload) -> StoredModel:
        """See `ModelStore.upload`."""
        return Uploader(self._client, artifacts=self._place.artifacts).run(upload)

    def complete(self, stored: StoredModel, upload: Upload) -> StoredModel:
        """See `ModelStore.complete`."""
        return Uploader(self._client, artifacts=self._place.artifacts).complete(stored, upload)

    def discard(self, stored: StoredModel) -> None:
        """See `ModelStore.discard`."""
        with guarded("MLflow to mark an upload as deleted"):
            self._client.delete_logged_model(stored.logged_model_id)

    def find(self, model: str, identity: str) -> StoredVersion | None:
        """See `ModelStore.find`."""
        return self._search(model, IDENTITY_TAG, identity)

    def get(self, model: str, number: int) -> StoredVersion | None:
        """See `ModelStore.get`."""
        from mlflow.exceptions import MlflowException

        with guarded("MLflow to tell of a version"):
            try:
                return _version(self._client.get_model_version(model, str(number)))
            except MlflowException as error:
                if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                    return None
                raise

    def create_version(
        self, model: str, stored: StoredModel, *, tags: Mapping[str, str], description: str
    ) -> int:
        """See `ModelStore.create_version`."""
        self._ensure_model(model)
        try:
            with guarded("MLflow to create a version"), as_default(self._place):
                made = once(
                    lambda: self._client.create_model_version(
                        model,
                        source=stored.uri,
                        run_id=stored.run_id,
                        run_link=self._place.page_of(model, stored.logged_model_id),
                        model_id=stored.logged_model_id,
                        tags=dict(tags),
                        description=description,
                    )
                )
        except BackendUnavailable as failure:
            if _is_refusal(failure.__cause__):
                raise
            return self._settle(model, tags[TRANSACTION_TAG], failure)
        # What stands between us and the server may have asked it twice.
        found = self._only(model, tags[TRANSACTION_TAG])
        return found.number if found is not None else _version(made).number

    def attach(
        self, stored: StoredModel, attachments: Mapping[str, bytes], metrics: Sequence[Metric]
    ) -> None:
        """See `ModelStore.attach`."""
        with guarded("MLflow to take the scored items"):
            uploader = Uploader(self._client, artifacts=self._place.artifacts)
            uploader.attach(stored.logged_model_id, attachments)
            uploader.score(stored.run_id, stored.logged_model_id, metrics)

    def delete_version(self, model: str, number: int) -> None:
        """See `ModelStore.delete_version`."""
        with guarded("MLflow to take back a version"):
            self._client.delete_model_version(model, str(number))

    def project(self, projection: Projection) -> None:
        """See `ModelStore.project`."""
        name, number = projection.model, str(projection.number)
        with guarded("MLflow to show the version"):
            uploader = Uploader(self._client, artifacts=self._place.artifacts)
            uploader.attach(projection.logged_model_id, projection.attachments)
            faultpoint("mlflow.next")
            uploader.score(projection.run_id, projection.logged_model_id, projection.metrics)
            faultpoint("mlflow.next")
            # Of the page most is as it was, and each write asks the server twice.
            shown = self._client.get_model_version(name, number)
            ours = mark_of(projection.description)
            if (shown.description, shown.tags.get(DESCRIPTION)) != (projection.description, ours):
                self._describe(name, number, projection.description)
            faultpoint("mlflow.next")
            for key, value in projection.tags.items():
                if shown.tags.get(key) != value:
                    self._client.set_model_version_tag(name, number, key, value)

    def set_alias(
        self, model: str, alias: str, mark: Mark, *, description: str | None = None
    ) -> None:
        """See `ModelStore.set_alias`.

        The mark says first from where the alias is to go, and at last that it is there: cut off in
        between, it is known that no hand moved it.
        """
        key = f"{PROJECTED}{alias}"
        with guarded("MLflow to move the alias"):
            shown = self._client.get_registered_model(model)
            at, said = int(shown.aliases.get(alias) or 0), shown.tags.get(key)
            with without_prompt_checks(self._client):
                if at != mark.version:
                    moving = replace(mark, left=at).text
                    if said != moving:
                        self._mark(model, key, moving)
                    faultpoint("mlflow.next")
                    version = str(mark.version)
                    once(lambda: self._client.set_registered_model_alias(model, alias, version))
                    said = moving
                    faultpoint("mlflow.next")
                if said != mark.text:
                    self._mark(model, key, mark.text)
        if description is None:
            return
        ours = mark_of(description)
        if (shown.description, shown.tags.get(DESCRIPTION)) != (description, ours):
            with without_prompt_checks(self._client):
                self.describe(model, description)

    def _mark(self, model: str, key: str, text: str) -> None:
        once(lambda: self._client.set_registered_model_tag(model, key, text))

    def remove_alias(self, model: str, alias: str) -> None:
        """See `ModelStore.remove_alias`."""
        with guarded("MLflow to take the alias away"):
            once(lambda: self._client.delete_registered_model_alias(model, alias))
            faultpoint("mlflow.next")
            self._client.delete_registered_model_tag(model, f"{PROJECTED}{alias}")

    def write_page(
        self,
        model: str,
        number: int,
        *,
        description: str | None,
        tags: Mapping[str, str],
        drop: Sequence[str] = (),
    ) -> None:
        """See `ModelStore.write_page`."""
        with guarded("MLflow to show the version"):
            if description is not None:
                self._describe(model, str(number), description)
            faultpoint("mlflow.next")
            for key, value in tags.items():
                self._client.set_model_version_tag(model, str(number), key, value)
            for key in drop:
                self._client.delete_model_version_tag(model, str(number), key)

    def describe(self, model: str, description: str) -> None:
        """See `ModelStore.describe`."""
        with guarded("MLflow to describe the model"):
            self._client.update_registered_model(model, description)
            mark = mark_of(description)
            faultpoint("mlflow.next")
            self._client.set_registered_model_tag(model, DESCRIPTION, mark)

    def _describe(self, model: str, number: str, description: str) -> None:
        self._client.update_model_version(model, number, description=description)
        faultpoint("mlflow.next")
        self._client.set_model_version_tag(model, number, DESCRIPTION, mark_of(description))

    def knows(self, stored: StoredModel) -> bool:
        """See `ModelStore.knows`."""
        from mlflow.exceptions import MlflowException

        with guarded("MLflow to tell of a logged model"):
            try:
                self._client.get_logged_model(stored.logged_model_id)
                return bool(self._client.get_run(stored.run_id).info.lifecycle_stage == "active")
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
                return False

    def restore_run(self, run_id: str) -> None:
        """See `ModelStore.restore_run`."""
        with guarded("MLflow to take a run out of the trash"):
            self._client.restore_run(run_id)

    def create_at(self, model: str, number: int, restored: Restored) -> bool:
        """See `ModelStore.create_at`."""
        return self._rebuilder.create_at(model, number, restored)

    def rebuild(self, model: str, restored: Mapping[int, Restored], *, last: int) -> None:
        """See `ModelStore.rebuild`."""
        self._rebuilder.rebuild(model, restored, last=last)

    def tidy(self, model: str) -> None:
        """See `ModelStore.tidy`."""
        self._rebuilder.tidy(model)

    @property
    def _rebuilder(self) -> Rebuilder:
        return Rebuilder(self._client, place=self._place, ensure_model=self._ensure_model)

    def _ensure_model(self, model: str) -> None:
        from mlflow.exceptions import MlflowException

        with guarded("MLflow to create the registered model"):
            try:
                self._client.create_registered_model(model, description=_ABOUT)
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise

    def _settle(self, model: str, transaction: str, failure: FtRegistryError) -> int:
        """Finds out whether a call whose reply failed was carried out."""
        found = self._only(model, transaction)
        if found is not None:
            return found.number
        if not self._place.is_server:
            raise failure
        raise OutcomeUnknown(
            f"expected to know whether MLflow created a version of {model}, found: {failure}",
            hints=["run the command again: it takes up a version that was created"],
        ) from failure

    def _only(self, model: str, transaction: str) -> StoredVersion | None:
        """Returns the version that one call made, after taking back what it made beside it.

        None: there is none, or nobody can tell.
        """
        try:
            made = self._search_all(model, TRANSACTION_TAG, transaction)
        except BackendUnavailable:
            return None
        for twin in made[1:]:
            self.delete_version(model, twin.number)
        return made[0] if made else None

    def _search(self, model: str, tag: str, value: str) -> StoredVersion | None:
        found = self._search_all(model, tag, value)
        return found[0] if found else None

    def _search_all(self, model: str, tag: str, value: str) -> list[StoredVersion]:
        """Returns the versions with a tag, the oldest first."""
        with guarded("MLflow to search versions"):
            # Both values are ours: a checked name, a digest or nonce in hexadecimal.
            query = f"name = '{model}' and tags.`{tag}` = '{value}'"
            found = self._client.search_model_versions(query, order_by=["version_number ASC"])
            return [_version(one) for one in found]


def _is_refusal(error: BaseException | None) -> bool:
    """Returns whether the server itself said no, so that nothing was done."""
    from mlflow.exceptions import MlflowException

    return isinstance(error, MlflowException) and 400 <= error.get_http_status_code() < 500


def _version(found: Any) -> StoredVersion:
    number = str(found.version)
    source = str(found.source)
    if not number.isascii() or not number.isdigit():
        raise IntegrityError(f"expected a version number from MLflow, found {number!r}")
    return StoredVersion(
        number=int(number),
        identity=str(found.tags.get(IDENTITY_TAG, "")),
        run_id=str(found.run_id),
        uri=source if _LOGGED_MODEL.fullmatch(source) else "",
    )
