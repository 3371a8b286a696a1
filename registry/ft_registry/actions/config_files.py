"""Chooses the configuration files of a training: those named, and params.yaml."""

from collections.abc import Sequence
from pathlib import Path

from ft_registry.errors import InvalidInput


def config_files(named: Sequence[Path], top: Path) -> list[tuple[str, Path]]:
    """Returns name and place of each file.

    Args:
        named: What a person named.
        top: The top level, where params.yaml may lie.

    Raises:
        InvalidInput: Two files have the same name.
    """
    files = [(path.name, path) for path in named]
    params = top / "params.yaml"
    if params.is_file() and not any(path.resolve() == params for _, path in files):
        files.insert(0, (params.name, params))
    names = [name for name, _ in files]
    if len(set(names)) < len(names):
        raise InvalidInput(
            f"expected configuration files of different names, found {', '.join(names)}"
        )
    return files
