"""The door to what trainers leave: recognised by content, read into one form.

A further trainer is a module with `is_its` and `complete`, named in `_TRAINERS`; one that does not
keep to transformers' layout finds its files in `Files.folder`.
"""

from collections.abc import Sequence
from pathlib import Path

from ft_registry.model.document import Unknown
from ft_registry.model.manifest import FileEntry
from ft_registry.model.record import NO_TRAINING
from ft_registry.readers.trainers import axolotl, llama_factory, torchtune, unsloth
from ft_registry.readers.trainers.folder import TrainerFolder
from ft_registry.readers.trainers.gathered import TrainerOutput
from ft_registry.readers.trainers.hugging_face import gather, read_files

_TRAINERS = (axolotl, llama_factory, unsloth, torchtune)
"""The first that recognises a folder completes what transformers' layout tells."""


def read_training(root: Path, files: Sequence[FileEntry]) -> TrainerOutput:
    """Returns what a trainer left in a folder of weights.

    Args:
        root: The folder.
        files: Its manifest: no other file is opened.

    Raises:
        Refused: A pickle of settings would run something if it were loaded; it never is here.
        IntegrityError: A file changed since its manifest was made.
    """
    folder = TrainerFolder(root, files)
    lying = read_files(folder)
    found = gather(lying)
    for trainer in _TRAINERS:
        if trainer.is_its(lying):
            trainer.complete(lying, found)
            break
    if not found.trainer:
        return TrainerOutput(NO_TRAINING, Unknown(unknown="no cost was reported"))
    return found.output(folder.evidence, folder.left_out)
