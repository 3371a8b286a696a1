"""Reads configuration files, and finds the seeds in them."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, time
from pathlib import Path
from typing import Any

from ft_registry.errors import IntegrityError, InvalidInput, NotFound, Refused
from ft_registry.model.canonical import canonical_bytes, check_depth, digest, parse_json
from ft_registry.model.document import Unknown
from ft_registry.model.record import Config
from ft_registry.readers.yaml_file import parse_yaml

_SEED = re.compile(r"(?:.*[._])?seed")
_LARGEST = 4 << 20
"""Bytes of a configuration file."""
_WHOLE = re.compile(r"-?[0-9]{1,16}")
"""As many digits as JSON's numbers keep."""


def read_config_files(files: Sequence[tuple[str, Path]]) -> Config:
    """Returns the configuration that files hold, as data.

    Args:
        files: Name and place of each: YAML, JSON or TOML by its ending.

    Raises:
        NotFound: A file is missing.
        Refused: It cannot be parsed, or holds a value without a canonical form.
    """
    values = {name: _canonical(path) for name, path in files}
    return Config(files=values, digest=digest(values))


def _canonical(path: Path) -> Any:
    found = _read(path)
    try:
        check_depth(found)
    except ValueError as error:
        raise Refused(f"expected values in {path}, found {error}") from error
    value = _plain(found, path)
    try:
        canonical_bytes(value)
    except InvalidInput as error:
        raise Refused(f"{error.message}, in {path}", hints=error.hints) from error
    return value


def _read(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise NotFound(
            f"expected a configuration, found none at {path}: {error.strerror}"
        ) from error
    if len(content) > _LARGEST:
        raise Refused(
            f"expected a configuration of at most {_LARGEST} bytes, found more in {path}",
            hints=["a configuration stands in the record, whole: track data with DVC instead"],
        )
    if path.suffix == ".json":
        try:
            return parse_json(content, what=str(path))
        except IntegrityError as error:
            raise Refused(error.message) from error
    if path.suffix == ".toml":
        import tomllib

        try:
            return tomllib.loads(content.decode())
        except (ValueError, RecursionError) as error:
            raise Refused(f"expected {path} to be TOML, found: {error}") from error
    if path.suffix in (".yaml", ".yml"):
        return parse_yaml(content, what=path)
    raise InvalidInput(f"expected a configuration as .yaml, .json or .toml, found {path}")


def _plain(value: Any, path: Path) -> Any:
    """Returns the value with JSON types only: dates and whole numbers as keys become text."""
    if isinstance(value, dict):
        plain: dict[str, Any] = {}
        for key, item in value.items():
            # `id2label: {0: neg}` is how configurations list labels; JSON writes "0" for it.
            is_key = isinstance(key, str | int) and not isinstance(key, bool)
            if not is_key or str(key) in plain:
                found = repr(key) if not is_key else f"{key!s} as a number and as text"
                raise Refused(
                    f"expected text as keys in {path}, found {found}",
                    hints=["put the key in quotes"],
                )
            plain[str(key)] = _plain(item, path)
        return plain
    if isinstance(value, list | tuple):
        return [_plain(item, path) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Refused(f"expected finite numbers in {path}, found {value}")
        return value
    if isinstance(value, date | time):
        return str(value)
    raise Refused(
        f"expected text, numbers, dates, lists and mappings in {path}, found {value!r}",
        hints=["tags such as !!set and !!binary have no form in JSON: write a list or text"],
    )


def find_seeds(config: Config) -> dict[str, int] | Unknown:
    """Returns every value named ``seed`` or ``..._seed``, by its dotted path."""
    return seeds_of(config.files) or Unknown(unknown="the configuration names no seed")


def seeds_of(values: Mapping[str, Any]) -> dict[str, int]:
    """Returns every value named ``seed`` or ``..._seed``, by its dotted path."""
    return {
        key: int(value)
        for key, value in flatten(values).items()
        if _SEED.fullmatch(key) and _WHOLE.fullmatch(value)
    }


def flatten(value: Any, prefix: str = "") -> dict[str, str]:
    """Returns a nested configuration as text by dotted path; lists stay in one piece."""
    if isinstance(value, dict):
        found: dict[str, str] = {}
        for key, item in value.items():
            found |= flatten(item, f"{prefix}.{key}" if prefix else str(key))
        return found
    return {prefix: value if isinstance(value, str) else str(value)}
