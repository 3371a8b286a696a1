"""The DVC project around a path: its root, its cache, its configuration."""

import configparser
import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from ft_registry.errors import NotARegistry, Refused


@dataclass(frozen=True)
class DvcProject:
    """A folder with a `.dvc` folder in it."""

    root: Path
    cache: Path
    """Where objects lie: ``<cache>/ab/cdef...``."""
    settings: dict[str, dict[str, str]]

    def object(self, md5: str) -> Path:
        """Returns where the cache keeps an object."""
        return self.cache / md5[:2] / md5[2:]


def find_project(path: Path, *, top: Path) -> DvcProject:
    """Returns the DVC project that a path belongs to.

    Args:
        path: A path below `top`, which need not exist.
        top: The top level of the git work tree: DVC does not look further up either.

    Raises:
        NotARegistry: There is none.
    """
    for folder in (path, *path.parents):
        if (folder / ".dvc").is_dir():
            return _open(folder)
        if folder == top:
            break
    raise NotARegistry(
        f"expected a DVC project around {path}, found none up to {top}",
        hints=["ft-registry init makes one (or: dvc init)"],
    )


def cache_of_main(project: DvcProject, *, top: Path, main: Path) -> Path | None:
    """Returns the cache of the main work tree, where a linked one has another of its own.

    DVC keeps a cache for each work tree, and looks in no other: yet the bytes are there.

    Args:
        project: In which work tree.
        top: Its top level.
        main: The top level of the main work tree.
    """
    if top == main or not project.root.is_relative_to(top):
        return None
    try:
        cache = find_project(main / project.root.relative_to(top), top=main).cache
    except (NotARegistry, Refused):
        return None
    return cache if cache != project.cache and cache.is_dir() else None


def _open(root: Path) -> DvcProject:
    settings: dict[str, dict[str, str]] = {}
    get = os.environ.get
    system = get("DVC_SYSTEM_CONFIG_DIR") or platformdirs.site_config_dir("dvc", "iterative")
    user = get("DVC_GLOBAL_CONFIG_DIR") or platformdirs.user_config_dir("dvc", "iterative")
    files = [Path(system) / "config", Path(user) / "config"]
    files += [root / ".dvc" / name for name in ("config", "config.local")]
    for file in files:  # later ones win, as in DVC
        for section, values in _read(file).items():
            if section == "cache" and "dir" in values:
                # Not Path.expanduser(), which raises when there is no such user.
                expanded = os.path.expanduser(values["dir"])  # noqa: PTH111
                values["dir"] = str(file.parent / expanded)
            settings.setdefault(section, {}).update(values)
    base = Path(settings.get("cache", {}).get("dir", root / ".dvc" / "cache"))
    return DvcProject(root=root, cache=base.resolve() / "files" / "md5", settings=settings)


def _read(file: Path) -> dict[str, dict[str, str]]:
    if not file.is_file():
        return {}
    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        # As DVC's ConfigObj, for which a line set in further does not go on with the one before.
        parser.read_string("\n".join(line.strip() for line in lines))
    except (configparser.Error, UnicodeDecodeError, OSError) as error:
        raise Refused(
            f"expected {file} to be a DVC configuration, found: {error}",
            hints=["correct it, or take it back from git"],
        ) from error
    return {
        section.strip("'"): {key: _plain(value) for key, value in parser[section].items()}
        for section in parser.sections()
    }


def _plain(value: str) -> str:
    """Returns a value without its quotes and without the comment behind it, as ConfigObj does."""
    if value[:1] in ("'", '"') and (end := value.find(value[0], 1)) > 0:
        return value[1:end]
    return value.partition("#")[0].strip()
