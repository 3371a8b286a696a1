"""The grammar of names: models, aliases, version numbers, datasets.

Stricter than MLflow's (which accepts a line feed, `-x` and two aliases that differ in case only),
so that a name means one thing in a path, a URL, a git tree, a shell and every database.
"""

import re
from typing import Annotated

from pydantic import AfterValidator

from ft_registry.errors import InvalidInput

DATASET = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?"
"""What a dataset's name looks like, `..` aside; a model's does too."""
_MODEL = re.compile(DATASET)
_KIND = re.compile(
    r"(?:\.(?:jsonl|ndjson|json|csv|tsv|parquet|arrow|txt|tar|zip))?(?:\.(?:gz|zst|bz2|xz))?$",
    re.IGNORECASE,
)
"""The end of a file's name that says of which kind it is."""
_ALIAS = re.compile(r"[a-z](?:[a-z0-9_-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_RESERVED_ALIAS = re.compile(r"latest|v[0-9]+")


def model_name(text: str) -> str:
    """Returns the text if it is a model name.

    Raises:
        InvalidInput: It is not 1 to 100 ASCII letters, digits, dots, dashes or underscores that
            begin and end with a letter or digit, or it holds `..`.
    """
    return _letters_digits(text, what="a model name", example="support-dates")


def dataset_name(text: str) -> str:
    """Returns the text if it is a dataset name (the grammar of model names).

    Raises:
        InvalidInput: It is not.
    """
    return _letters_digits(text, what="a dataset name", example="examples")


def file_stem(name: str) -> str:
    """Returns a file's or folder's name without what says of which kind it is.

    ``train.v1.jsonl.gz`` becomes ``train.v1``: it is other data than ``train.jsonl``.
    """
    return _KIND.sub("", name, count=1)


def _letters_digits(text: str, *, what: str, example: str) -> str:
    if _MODEL.fullmatch(text) and ".." not in text:
        return text
    raise InvalidInput(
        f"expected {what} of 1 to 100 ASCII letters, digits, '.', '-' or '_' that begins and ends "
        f"with a letter or digit, found {text!r}",
        hints=[f"for example: {example}"],
    )


def alias_name(text: str) -> str:
    """Returns the text if it is an alias.

    Raises:
        InvalidInput: It is not 1 to 63 lower-case ASCII letters, digits, dashes or underscores that
            begin with a letter, or it is reserved (`latest`, `v3`).
    """
    if _RESERVED_ALIAS.fullmatch(text.lower()):
        raise InvalidInput(
            f"expected an alias, found {text!r}, which is reserved: MLflow reads it as a version",
            hints=["write NAME/latest for the newest version and NAME/3 for version 3"],
        )
    if _ALIAS.fullmatch(text):
        return text
    hints = ["for example: champion"]
    if _ALIAS.fullmatch(text.lower()):
        hints = [f"aliases are lower case: {text.lower()}"]
    raise InvalidInput(
        "expected an alias of 1 to 63 lower-case ASCII letters, digits, '-' or '_' that begins "
        f"with a letter, found {text!r}",
        hints=hints,
    )


def version_number(text: str) -> int:
    """Returns the version number that the text writes.

    Raises:
        InvalidInput: It is not a whole number from 1, in ASCII digits without leading zeros.
    """
    if _NUMBER.fullmatch(text):
        return int(text)
    raise InvalidInput(
        f"expected a version number such as 7, found {text!r}",
        hints=["ft-registry list NAME shows the versions there are"],
    )


ModelName = Annotated[str, AfterValidator(model_name)]
AliasName = Annotated[str, AfterValidator(alias_name)]
