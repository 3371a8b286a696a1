"""Reads the settings: pyproject.toml, ft-registry.toml, the environment; the last one wins."""

import difflib
import json
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ft_registry.backends.whole_files import replace_file
from ft_registry.errors import InvalidInput
from ft_registry.model.config import Settings
from ft_registry.model.origin import Actor

FILE = "ft-registry.toml"
_PREFIX = "FT_REGISTRY_"
_ACTOR = re.compile(r"\s*([^<>\s](?:[^<>]*[^<>\s])?)\s*(?:<([^<>\s]*)>)?\s*")

_UNSEEN = ("Cc", "Cs", "Zl", "Zp")
"""Unicode's categories of controls, surrogates, line and paragraph separators."""


def read_settings(top: Path | None, environ: Mapping[str, str]) -> Settings:
    """Returns the settings in force.

    Args:
        top: The top level of the work tree; None: there is no file to read.
        environ: The environment; ``FT_REGISTRY_<NAME>`` wins over the files.

    Raises:
        InvalidInput: The file or a variable holds what is no setting.
    """
    values = _from_file(top) if top is not None else {}
    for name in Settings.model_fields:
        variable = environ.get(_PREFIX + name.upper())
        if variable:
            values[name] = variable
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        name = ".".join(map(str, fault["loc"]))
        if name == "site":  # not shown: a login may stand in it
            raise InvalidInput(
                "expected site as an http or https address of at most 250 characters, without "
                "login, question or fragment, found another text",
                hints=['for example: site = "https://pages.example.org/models"'],
            ) from error
        near = difflib.get_close_matches(name, Settings.model_fields)
        raise InvalidInput(
            f"expected a setting of ft-registry, found {name} = {fault['input']!r}: {fault['msg']}",
            hints=[f"did you mean {near[0]}?"]
            if near and near[0] != name
            else [f"settings: {', '.join(Settings.model_fields)}"],
        ) from error


def parse_actor(text: str) -> Actor:
    """Parses ``Name <email>``.

    Raises:
        InvalidInput: The text has no name, or angle brackets or control characters in it.
    """
    found = _ACTOR.fullmatch(text)
    if found is None or any(unicodedata.category(char) in _UNSEEN for char in text):
        raise InvalidInput(
            f"expected an actor such as 'Ada <ada@example.org>', found {text!r}",
            hints=["correct FT_REGISTRY_ACTOR or the setting actor"],
        )
    return Actor(name=found[1], email=found[2] or "")


def write_setting_file(top: Path, values: Mapping[str, str], *, aside: Path) -> Path:
    """Adds settings to ``ft-registry.toml``; what stands there otherwise stays.

    Args:
        top: The top level of the work tree.
        values: The settings by name.
        aside: See `replace_file`.

    Raises:
        BackendUnavailable: The disk failed; the file is as it was.
        InvalidInput: The file, or pyproject.toml, sets one of them to another value; or a value is
            no text.
    """
    present = _from_file(top)
    for name, value in values.items():
        if present.get(name, value) != value:
            raise InvalidInput(
                f"expected {name} to be unset or {value!r}, found {present[name]!r} in the "
                "configuration",
                hints=["edit the configuration, or leave the option away"],
            )
    fresh = {name: value for name, value in values.items() if name not in present}
    file = top / FILE
    if fresh:
        content = file.read_bytes() if file.exists() else b""
        lines = [f"{name} = {_toml_text(value)}\n" for name, value in fresh.items()]
        try:
            added = "".join(lines).encode()
        except UnicodeEncodeError as error:
            raise InvalidInput(f"expected settings in Unicode, found {error.reason}") from error
        # Settings stand before any table.
        replace_file(file, added + content, aside=aside)
    return file


def _from_file(top: Path) -> dict[str, Any]:
    own = top / FILE
    project = top / "pyproject.toml"
    values: dict[str, Any] = {}
    if project.is_file():
        section: Any = _load(project)
        for name in ("tool", "ft-registry"):
            section = section.get(name, {})
            if not isinstance(section, dict):
                raise InvalidInput(f"expected a table [{name}] in {project}, found {section!r}")
        values |= section
    if own.is_file():
        values |= _load(own)
    return values


def _load(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError) as error:
        raise InvalidInput(f"expected TOML in {file}, found: {error}") from error


def _toml_text(value: str) -> str:
    # TOML's basic strings have JSON's escapes, and DEL must be written as one.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
