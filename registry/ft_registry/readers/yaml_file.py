"""Reads YAML as DVC does: YAML 1.2, duplicate keys refused."""

from pathlib import Path
from typing import Any

from ft_registry.errors import Refused


def parse_yaml(data: bytes, *, what: str | Path) -> Any:
    """Parses one YAML document into plain values.

    Args:
        data: UTF-8 bytes.
        what: What they are, for the error.

    Raises:
        Refused: They are not YAML, or hold a key twice.
    """
    # Read by few commands and 50 ms to import, hence here.
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        # Pure, because the C loader follows YAML 1.1, where `no` is False and 1e-4 is text.
        return YAML(typ="safe", pure=True).load(data.decode("utf-8"))
    # ruamel.yaml raises more than its own errors: `!!bool maybe` is a KeyError in it.
    except (
        YAMLError,
        ValueError,
        TypeError,
        LookupError,
        ArithmeticError,
        RecursionError,
    ) as error:
        reason = " ".join(str(error).split())
        raise Refused(f"expected {what} to be YAML, found: {reason}") from error
