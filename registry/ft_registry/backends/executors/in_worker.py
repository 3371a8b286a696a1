"""A task in a worker, in another process or on another machine."""

import os
import traceback
from pathlib import Path

from ft_registry.errors import FtRegistryError
from ft_registry.examples.kernel import Settings
from ft_registry.examples.work import Task
from ft_registry.ports.executor import Outcome
from ft_registry.readers.examination import examine


def attempt(task: Task, settings: Settings, tokenizer: Path | None) -> Outcome | Exception:
    """Returns what came of a task, or the error that it ended with.

    An error as a value reaches the caller as it was raised.
    """
    # One core is this worker's; the others have theirs.
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    try:
        return Outcome(task, examine(task, settings, tokenizer))
    except FtRegistryError as error:
        return error
    except Exception as error:  # noqa: BLE001 - the caller raises it again
        error.add_note(f"in a worker:\n{traceback.format_exc()}")
        return error
