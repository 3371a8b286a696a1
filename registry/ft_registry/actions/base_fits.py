"""Holds what is to be registered against its base: modules, vocabulary, chat template."""

from collections.abc import Iterator
from pathlib import Path

from ft_registry.actions.ancestry import follow
from ft_registry.actions.base import BaseSources, FoundBase
from ft_registry.actions.homes import home_of
from ft_registry.actions.resolve import FiledRecord, read_record, resolve
from ft_registry.model.document import Unknown
from ft_registry.model.home import local_folder
from ft_registry.model.record import Base, FolderBase, HubBase, Kind, Tokenizer, VersionBase
from ft_registry.model.reference import parse_reference
from ft_registry.readers.base_files import weight_names
from ft_registry.readers.base_fit import configured_rows, count_tokens, misfits, table_rows
from ft_registry.readers.tensors import Weights, read_weights

PREFERENCE = ("dpo", "kto", "orpo", "ppo", "grpo", "rlhf")
"""Methods that go on with a model that talks already: in the template that it was taught."""


class BaseFit:
    """What a folder of weights and its base say of each other.

    Args:
        found: The base.
        root: The folder of the weights.
        kind: What kind they are.
        tokenizer: What lies beside them.
        sources: Where the bytes of the base may be.
    """

    def __init__(
        self, found: FoundBase, root: Path, kind: Kind, tokenizer: Tokenizer, sources: BaseSources
    ) -> None:
        self._found = found
        self._root = root
        self._kind = kind
        self._tokenizer = tokenizer
        self._sources = sources
        self._stages = _stages(found.base, sources)
        self._own = _read(root)
        self._folder = self._find_folder()
        self._base = _read(self._folder) if self._folder is not None else None

    def doubts(self, method: str | Unknown) -> Iterator[str]:
        """Yields what speaks for another base, or for a training that went wrong.

        Raises:
            IntegrityError: A file of weights was cut, or is none.
            Refused: A tokenizer or configuration cannot be read.
        """
        if self._kind == "adapter" and self._own is not None and self._base is not None:
            for found in misfits(self._own, self._base):
                yield f"the adapter does not fit {self._called}: {found}"
        yield from self._vocabulary()
        is_preference = isinstance(method, str) and method in PREFERENCE
        if is_preference and self._stages and (found := self._template()):
            yield f"{method} goes on with a model in its own chat template, and {found}"

    def notices(self, method: str | Unknown) -> Iterator[str]:
        """Yields what people should know, and what could not be looked at."""
        is_preference = isinstance(method, str) and method in PREFERENCE
        if not (is_preference and self._stages) and (found := self._template()):
            yield found
        is_open = self._kind == "adapter" and not isinstance(self._found.base, Unknown)
        if is_open and self._base is None:
            yield (
                f"whether the adapter fits {self._called} was not looked at: its weights are not "
                "here as .safetensors"
            )

    @property
    def _called(self) -> str:
        base = self._found.base
        if isinstance(base, VersionBase):
            return base.version
        return "its base" if isinstance(base, Unknown) else base.id

    def _find_folder(self) -> Path | None:
        """Returns where the full weights lie that stand below it; None: not on this machine."""
        if self._found.folder is not None:
            return self._found.folder
        for filed in self._stages:
            if filed.record.kind != "adapter":
                home = home_of(self._sources.ledger, filed)
                place = local_folder(home.location, home.logged_model_id)
                return Path(place) / filed.record.artifact.folder if place is not None else None
        end = self._stages[-1].record.base if self._stages else self._found.base
        if isinstance(end, FolderBase):
            return self._sources.folder(end.id)
        if isinstance(end, HubBase) and isinstance(end.revision, str):
            snapshot = self._sources.snapshot(end.id, end.revision)
            return snapshot.folder if snapshot is not None else None
        return None

    def _vocabulary(self) -> Iterator[str]:
        """Yields that the tokenizer has more tokens than the weights have rows for."""
        digest = self._tokenizer.digest
        if isinstance(digest, Unknown) or digest == self._base_tokenizer("digest"):
            return
        rows, whose = table_rows(self._own) if self._own is not None else 0, "the weights"
        if self._kind != "adapter":
            rows = rows or configured_rows(self._root)
        elif not rows and self._folder is not None:
            rows, whose = table_rows(self._base) if self._base is not None else 0, self._called
            rows = rows or configured_rows(self._folder)
        tokens = count_tokens(self._root) if rows else 0
        if tokens > rows:
            yield (
                f"the tokenizer has {tokens} tokens, and there are rows for {rows} in {whose}: "
                "were tokens added whose embeddings were not resized and saved?"
            )

    def _template(self) -> str:
        """Returns in words that the chat template is not that of the base; else nothing."""
        own, other = self._tokenizer.chat_template, self._base_tokenizer("chat_template")
        if isinstance(own, Unknown) or not other or own == other:
            return ""
        return f"the chat template is another than that of {self._called}"

    def _base_tokenizer(self, name: str) -> str:
        """Returns a digest of the nearest below that has one; empty: not known."""
        own = self._found.tokenizer
        below = [stage.record.tokenizer for stage in self._stages]
        end = self._stages[-1].record.base if self._stages else None
        if isinstance(end, FolderBase | HubBase) and end.tokenizer is not None:
            below.append(end.tokenizer)
        for tokenizer in [own] if own is not None else below:
            value = getattr(tokenizer, name)
            if isinstance(value, str):
                return value
        return ""


def _stages(base: Base | Unknown, sources: BaseSources) -> tuple[FiledRecord, ...]:
    if not isinstance(base, VersionBase):
        return ()
    version = resolve(sources.ledger, parse_reference(base.version))
    return follow(sources.ledger, read_record(sources.ledger, version)).stages


def _read(root: Path) -> Weights | None:
    """Returns the tensors of a folder; None: there are none that can be opened."""
    if not root.is_dir():
        return None
    names = [entry.name for entry in root.iterdir()]
    chosen = [name for name in names if name.startswith("adapter_model.")] or weight_names(names)
    is_open = bool(chosen) and all(name.endswith(".safetensors") for name in chosen)
    return read_weights(root) if is_open else None
