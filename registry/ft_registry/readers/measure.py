"""Measures texts in the tokens of a tokenizer."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ft_registry.errors import InvalidInput, Refused


def token_counter(file: Path) -> Callable[[Sequence[str]], list[int]]:
    """Returns what counts the tokens of texts, special tokens left out.

    Args:
        file: A ``tokenizer.json``, or the folder that holds one.

    Raises:
        InvalidInput: There is none, or it cannot be read.
        Refused: The library that reads it is not installed.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise Refused(
            "expected the library tokenizers to count tokens, found that it is not installed",
            hints=["pip install tokenizers, or leave --tokenizer away: characters are counted"],
        ) from error
    place = file / "tokenizer.json" if file.is_dir() else file
    try:
        tokenizer = Tokenizer.from_file(str(place))
    except Exception as error:
        raise InvalidInput(
            f"expected a tokenizer.json at {place}, found: {error}",
            hints=["--tokenizer takes the file of a fast tokenizer, or the folder around it"],
        ) from error

    def count(texts: Sequence[str]) -> list[int]:
        encoded = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(one) for one in encoded]

    return count
