"""Runs the kernel over one part of a file: what every executor does."""

from functools import lru_cache
from pathlib import Path

from ft_registry.examples.kernel import Kernel, Measure, Part, Settings, characters
from ft_registry.readers.example_files import Unreadable, read_chunks
from ft_registry.readers.example_sources import Task
from ft_registry.readers.measure import token_counter


def examine(task: Task, settings: Settings, tokenizer: Path | None) -> tuple[Part, str]:
    """Returns what is known of a part, and why it could not be read to its end; empty: it could.

    Raises:
        InvalidInput, Refused: See `token_counter`.
    """
    kernel = Kernel(settings, measure=_measure(tokenizer))
    try:
        for chunk in read_chunks(task):
            kernel.take(
                chunk.data, starts_file=chunk.starts_file, ends_file=chunk.ends_file,
                numbers=chunk.numbers,
            )  # fmt: skip
    except Unreadable as error:
        return kernel.finish(), error.message
    return kernel.finish(), ""


@lru_cache(maxsize=2)
def _measure(tokenizer: Path | None) -> Measure:
    return token_counter(tokenizer) if tokenizer is not None else characters
