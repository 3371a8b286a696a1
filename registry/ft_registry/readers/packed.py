"""Tells quantised weights from those in floating point, by the headers alone."""

from pathlib import Path

from ft_registry.errors import IntegrityError, NotFound, Refused
from ft_registry.readers.tensors import read_weights

_NOT_PACKED = ("F64", "F32", "F16", "BF16", "I64", "BOOL")
"""What models compute in, and what they count and mask by."""


def check_packed(root: Path) -> None:
    """Looks whether a folder without ``quantization_config`` holds quantised weights all the same.

    Older formats and tools of one's own leave no such configuration. Formats that are not opened
    are taken at their word.

    Raises:
        Refused: Every tensor of weights is in floating point.
        NotFound, IntegrityError: See `read_weights`.
    """
    try:
        tensors = read_weights(root).tensors.values()
    except (IntegrityError, NotFound):
        raise
    except Refused:
        return  # pickles, a type of numbers that is newer than this
    # A mask is called a bias by some models, and is made of bytes.
    types = {one.dtype for one in tensors if one.count > 1 and not one.name.endswith("bias")}
    if types <= set(_NOT_PACKED):
        raise Refused(
            f"expected quantised weights for --method quantize, found tensors of "
            f"{', '.join(sorted(types)) or 'no type'}, and no quantization_config in config.json",
            hints=[
                "register the folder that the quantisation wrote",
                "the method of a training is sft, dpo, cpt, ...",
            ],
        )
