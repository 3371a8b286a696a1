"""The check-up of a set-up: chooses the checks that apply, and wires them.

Made for set-ups that are half broken, so it does not begin with a workspace: outside a repository,
without git, or with settings that cannot be read, all checks that can still be made are made.
"""

import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from ft_registry.actions import doctor_ledger
from ft_registry.actions.doctor import Check, examine
from ft_registry.backends import machine, versions
from ft_registry.backends.git import health as git_health
from ft_registry.backends.git.door import GitDoor, Place, find_repository, git_version
from ft_registry.backends.settings import read_settings
from ft_registry.errors import FtRegistryError
from ft_registry.model.config import Settings
from ft_registry.model.health import Diagnosis, Health, unchecked
from ft_registry.workspace import Workspace

_REMOTE_SECONDS = 15
"""How long the ledger's remote may take to answer."""
_SERVER_SECONDS = 20
"""How long an MLflow server may take, for all that it is asked."""


def checkup(root: Path, *, offline: bool, environ: Mapping[str, str]) -> Health:
    """Returns what is well and what is not.

    Args:
        root: A folder, in a repository or not.
        offline: Ask no server and no remote.
        environ: The environment.
    """
    return examine(_checks(root.resolve(), offline=offline, environ=environ))


def _checks(root: Path, *, offline: bool, environ: Mapping[str, str]) -> Iterator[Check]:
    yield Check("tools", "python", versions.look_at_python)
    yield Check("tools", "git", lambda: versions.look_at_git(git_version()))
    yield Check("tools", "packages", versions.look_at_packages)
    yield Check("tools", "plugins", versions.look_at_plugins)
    place: Place | None = None
    try:
        place = find_repository(root)
        settings = read_settings(place.top, environ)
    except FtRegistryError as error:
        name = "settings" if place else "repository"
        yield Check("git", name, partial(_raise, error))
        settings = None
    if place is None:
        yield from _outside(root, offline=offline, environ=environ)
    else:
        yield from _inside(place, settings, offline=offline, environ=environ)


def _outside(root: Path, *, offline: bool, environ: Mapping[str, str]) -> Iterator[Check]:
    for group in ("ledger", "DVC"):
        yield Check(group, group, partial(_unknown, group, "there is no repository to look in"))
    try:
        uri = read_settings(None, environ).mlflow_uri or environ.get("MLFLOW_TRACKING_URI", "")
    except FtRegistryError as error:
        yield Check("MLflow", "settings", partial(_raise, error))
        uri = ""
    if uri:
        yield from _mlflow(_aside(root, environ, uri), offline=offline)
    else:
        yield Check("MLflow", "place", partial(_unknown, "place", "no setting says where it is"))
    yield Check("this machine", "disk", lambda: machine.look_at_space({"this folder": root}))
    yield Check("this machine", "temporary files", machine.look_at_temporary)


def _aside(root: Path, environ: Mapping[str, str], uri: str) -> Workspace:
    """Returns a workspace for what needs no repository: where MLflow is."""
    here = Place(git_dir=root, common_dir=root, top=None)
    return Workspace(here, Settings(mlflow_uri=uri), environ)


def _inside(
    place: Place, settings: Settings | None, *, offline: bool, environ: Mapping[str, str]
) -> Iterator[Check]:
    door = GitDoor(place)
    known = settings or Settings()
    offline = offline or known.offline
    workspace = Workspace(place, known.model_copy(update={"offline": offline}), environ)
    look = git_health
    yield Check("git", "repository", lambda: look.look_at_repository(place, door))
    yield Check("git", "identity", lambda: look.look_at_identity(door, known.actor, environ))
    yield Check("git", "locks", lambda: look.look_at_locks(place))
    yield Check("git", "clean-up", lambda: look.look_at_collection(door))
    yield Check("git", "hooks", lambda: look.look_at_hooks(place, door))
    now = partial(datetime.now, UTC)
    yield Check("ledger", "branch", lambda: doctor_ledger.look_at_ledger(workspace.ledger, now))
    if settings is None:
        for group in ("ledger", "MLflow"):
            yield Check(group, group, partial(_unknown, group, "the settings cannot be read"))
    else:
        yield from _shared(workspace, offline=offline)
    yield from _dvc(workspace, offline=offline)
    if settings is not None:
        yield from _mlflow(workspace, offline=offline)
    yield from _machine(workspace)


def _shared(workspace: Workspace, *, offline: bool) -> Iterator[Check]:
    def remote() -> Iterator[Diagnosis]:
        from ft_registry.backends.git.remote import LedgerRemote

        name = workspace.ledger_remote
        asked = LedgerRemote(GitDoor(workspace.place), name)

        def ask() -> None:
            asked.check_exists()
            asked.ask_head(seconds=_REMOTE_SECONDS)

        return doctor_ledger.look_at_remote(workspace.ledger, name, ask, offline=offline)

    yield Check("ledger", "remote", remote)
    yield Check("ledger", "versions", lambda: _versions(workspace, offline=offline))
    yield Check("ledger", "drift", lambda: _drift(workspace))


def _versions(workspace: Workspace, *, offline: bool) -> Iterator[Diagnosis]:
    if workspace.ledger.head() is None:
        return
    if workspace.place.top is None:
        yield unchecked("versions", "a bare repository has no data to look at")
        return
    if offline and (workspace.mlflow.is_server or _has_far_data(workspace)):
        yield unchecked("versions", "what holds their parts is left alone: --offline")
        return
    yield from doctor_ledger.look_at_versions(workspace.verify(depth="fast"))


def _has_far_data(workspace: Workspace) -> bool:
    from ft_registry.backends.dvc.health import has_far_remotes
    from ft_registry.backends.dvc.project import find_project

    return has_far_remotes(find_project(workspace.top, top=workspace.top))


def _drift(workspace: Workspace) -> Iterator[Diagnosis]:
    if workspace.ledger.head() is not None:
        yield from doctor_ledger.look_at_drift(workspace.status())


def _dvc(workspace: Workspace, *, offline: bool) -> Iterator[Check]:
    from ft_registry.backends.dvc import health
    from ft_registry.backends.dvc.project import find_project

    top = workspace.place.top
    if top is None:
        yield Check("DVC", "project", partial(_unknown, "project", "a bare repository has no data"))
        return
    try:
        project = find_project(top, top=top)
    except (FtRegistryError, OSError) as error:
        yield Check("DVC", "project", partial(_raise, error))
        return
    main, scratch = workspace.place.home, workspace.private
    yield Check("DVC", "project", lambda: health.look_at_project(project, main=main))
    yield Check("DVC", "remotes", lambda: health.look_at_remotes(project))
    yield Check(
        "DVC", "answers", lambda: health.look_at_answers(project, scratch=scratch, offline=offline)
    )
    yield Check("DVC", "leftovers", lambda: health.look_at_left(project))
    yield Check("DVC", "ignored", lambda: health.look_at_ignored(project))


def _mlflow(workspace: Workspace, *, offline: bool) -> Iterator[Check]:
    from ft_registry.backends.mlflow import health, server_health

    try:
        place = workspace.mlflow
    except FtRegistryError as error:
        yield Check("MLflow", "place", partial(_raise, error))
        return

    def server() -> Iterator[Diagnosis]:
        yield from health.look_at_place(place)
        yield from server_health.look_at_server(place)

    if not place.is_server:
        yield Check("MLflow", "place", lambda: health.look_at_place(place))
    elif offline:
        why = f"{place.shown} is left alone: --offline"
        yield Check("MLflow", "place", partial(_unknown, "place", why))
    else:
        yield Check("MLflow", "server", server, seconds=_SERVER_SECONDS)
    yield Check("MLflow", "database", lambda: health.look_at_database(place))
    yield Check("MLflow", "artifacts", lambda: health.look_at_artifacts(place))
    yield Check("MLflow", "variables", lambda: health.look_at_variables(place, workspace.environ))


def _machine(workspace: Workspace) -> Iterator[Check]:
    place = workspace.place
    folders = {"the git directory": place.common_dir}
    if place.top is not None:
        folders["the work tree"] = place.top
    uses = {**folders, "temporary files": Path(tempfile.gettempdir())}
    yield Check("this machine", "disk", lambda: machine.look_at_space(uses))
    yield Check("this machine", "rights", lambda: machine.look_at_rights(folders))
    yield Check("this machine", "temporary files", machine.look_at_temporary)
    yield Check("this machine", "file system", lambda: machine.look_at_kind(folders))


def _raise(error: Exception) -> Iterator[Diagnosis]:
    raise error


def _unknown(name: str, why: str) -> Iterator[Diagnosis]:
    yield unchecked(name, why)
