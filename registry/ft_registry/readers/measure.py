"""Measures texts in the tokens of a tokenizer."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ft_registry.errors import InvalidInput, Refused
from ft_registry.readers.files import hash_file


def name_of(file: Path) -> str:
    """Returns the unit of lengths that a tokenizer measures: it names the tokenizer by its bytes.

    Raises:
        NotFound, Refused: It cannot be read.
    """
    return f"tokens of {hash_file(_place(file), 'sha256')[0][:12]}"


def _place(file: Path) -> Path:
    return file / "tokenizer.json" if file.is_dir() else file


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
    place = _place(file)
    try:
        tokenizer = Tokenizer.from_file(str(place))
    except Exception as error:
        raise InvalidInput(
            f"expected a tokenizer.json at {place}, found: {error}",
            hints=["--tokenizer takes the file of a fast tokenizer, or the folder around it"],
        ) from error

    # What a model is fed is cut and filled up to one length; what is counted is not.
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def count(texts: Sequence[str]) -> list[int]:
        try:
            encoded = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        except (TypeError, UnicodeEncodeError):  # half a character, which is a fault by itself
            whole = [text.encode("utf-8", "replace").decode() for text in texts]
            encoded = tokenizer.encode_batch_fast(whole, add_special_tokens=False)
        return [len(one) for one in encoded]

    return count
