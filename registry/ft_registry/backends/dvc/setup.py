"""Makes a folder a DVC project."""

from pathlib import Path

from ft_registry.backends.dvc.library import guarded, load_repo


def init_project(top: Path, *, scratch: Path) -> bool:
    """Runs what `dvc init` runs, unless the folder is a project already.

    Returns:
        Whether it was made now.

    Raises:
        BackendUnavailable: DVC failed.
    """
    if (top / ".dvc").is_dir():
        return False
    repo_class = load_repo(scratch)
    guarded(lambda: repo_class.init(str(top)).close(), what="dvc init")
    return True
