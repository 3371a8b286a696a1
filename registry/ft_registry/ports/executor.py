"""The port to whatever runs the kernel over the parts of a dataset."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ft_registry.examples.kernel import Part, Settings
from ft_registry.examples.work import Task


@dataclass(frozen=True)
class Outcome:
    """What came of one part."""

    task: Task
    part: Part


class Executor(Protocol):
    """Runs the kernel. The same tasks give the same outcomes, whoever runs them."""

    def run(
        self, tasks: Sequence[Task], settings: Settings, *, tokenizer: Path | None
    ) -> Iterator[Outcome]:
        """Yields the outcomes in the order of the tasks.

        Args:
            tasks: Parts of files.
            settings: What to look for.
            tokenizer: Measures texts; None: characters are counted.

        Raises:
            BackendUnavailable: A worker died.
            InvalidInput, Refused: See `token_counter`.
        """
