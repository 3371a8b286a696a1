"""Reads configuration files, and finds the seeds in them."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ft_registry.errors import InvalidInput, NotFound, Refused
from ft_registry.model.canonical import digest, parse_json
from ft_registry.model.document import Unknown
from ft_registry.model.record import Config
from ft_registry.readers.yaml_file import parse_yaml


def read_config_files(files: Sequence[tuple[str, Path]]) -> Config:
    """Returns the configuration that files hold, as data.

    Args:
        files: Name and place of each: YAML, JSON or TOML by its ending.

    Raises:
        NotFound: A file is missing.
        Refused: It cannot be parsed, or holds a value without a canonical form.
    """
    values = {name: _read(path) for name, path in files}
    return Config(files=values, digest=digest(values))


def _read(path: Path) -> Any:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise NotFound(
            f"expected a configuration, found none at {path}: {error.strerror}"
        ) from error
    if path.suffix == ".json":
        value = parse_json(content, what=str(path))
    elif path.suffix == ".toml":
        import tomllib

        try:
            value = tomllib.loads(content.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Refused(f"expected {path} to be TOML, found: {error}") from error
    elif path.suffix in (".yaml", ".yml"):
        value = parse_yaml(content, what=path)
    else:
        raise InvalidInput(
            f"expected a configuration as .yaml, .json or .toml, found {path}",
        )
    return _plain(value, path)


def _plain(value: Any, path: Path) -> Any:
    """Returns the value with JSON types only: dates become text, keys must be text."""
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise Refused(
                    f"expected text as keys in {path}, found {key!r}",
                    hints=["put the key in quotes"],
                )
        return {key: _plain(item, path) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, path) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Refused(f"expected finite numbers in {path}, found {value}")
        return value
    return str(value)


def find_seeds(config: Config) -> dict[str, int] | Unknown:
    """Returns every value named ``seed`` or ``..._seed``, by its dotted path."""
    seeds = {
        key: int(value)
        for key, value in flatten(config.files).items()
        if key.rpartition(".")[2].endswith("seed") and value.lstrip("-").isdigit()
    }
    return seeds or Unknown(unknown="the configuration names no seed")


def flatten(value: Any, prefix: str = "") -> dict[str, str]:
    """Returns a nested configuration as text by dotted path; lists stay in one piece."""
    if isinstance(value, dict):
        found: dict[str, str] = {}
        for key, item in value.items():
            found |= flatten(item, f"{prefix}.{key}" if prefix else str(key))
        return found
    return {prefix: value if isinstance(value, str) else str(value)}
