"""What is on record of a dataset's examples: a profile, and the index that names each of them."""

from operator import not_
from typing import Annotated

from pydantic import Field, FiniteFloat

from ft_registry.model.document import Part, is_empty
from ft_registry.model.manifest import Digest, Md5Hex, RelativePath

Count = Annotated[int, Field(ge=0)]


class Spread(Part):
    """How numbers are spread: nearest ranks, within 0.8 % above 255."""

    mean: FiniteFloat
    p50: Count
    p90: Count
    p99: Count
    max: Count


class Profile(Part):
    """A dataset in numbers."""

    format: str
    """By TRL's vocabulary, with the style and the file's own keys."""
    rows: Count
    """Examples, unreadable ones among them."""
    unit: str
    """Of the lengths: ``characters``, or ``tokens of <digest of the tokenizer>``."""
    prompts: Spread
    answers: Spread
    totals: Spread
    turns: Spread
    duplicates: Count
    """Examples that are equal to an earlier one."""
    near_duplicates: Count
    """Further ones that are equal when case and spacing do not count."""
    labels: dict[str, int]
    """Examples by label, the most frequent 50."""
    label_count: Count
    sources: dict[str, int]
    languages: dict[str, int]
    unread: Annotated[dict[str, int], Field(default_factory=dict, exclude_if=is_empty)]
    """Examples by key that is no part of them: a trainer of the format does not read it."""
    unread_files: Annotated[Count, Field(exclude_if=not_)] = 0
    """Files of a folder that were not read: nobody knows what they hold."""
    systems: Count
    """Different turns of the system."""
    foreign: Count
    """Examples with characters outside ASCII."""
    faults: dict[str, int]
    """Faults by rule."""
    warnings: tuple[str, ...]


class ExampleIndex(Part):
    """The file that holds the hashes of a dataset's examples, tracked beside the data."""

    path: RelativePath
    md5: Md5Hex
    """DVC's name of it."""
    size: Count
    """Bytes."""
    sha256: Digest
    rows: Count
    """Examples that could be read."""
    root: Digest
    """Of the exact hashes in ascending order: two datasets of the same examples share it."""
    key: Annotated[str, Field(exclude_if=is_empty)] = ""
    """The name of the secret that the hashes were made with; empty: they are plain."""
    subject: Annotated[str, Field(exclude_if=is_empty)] = ""
    """The key of the examples that names the person; empty: persons are not indexed."""
