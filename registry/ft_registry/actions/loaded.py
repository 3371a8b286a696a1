"""Documents in memory: pages are made without asking git for each of them."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

from ft_registry.actions.events import require_ledger
from ft_registry.model import layout
from ft_registry.model.alias import AliasState
from ft_registry.ports.ledger import Documents

_NUMBERED = ("versions", "evaluations", "verdicts", "standings", "homes")
"""Folders of a model that grow with its versions, of which pages tell."""
_WHOLE = ("aliases", "baselines", "baseline-evaluations")


class Loaded:
    """Documents of one state; see `Documents`.

    Args:
        contents: By path.
        head: The state's id; empty: nobody asks for it.
        paths: All that there are in `scope`, loaded or not; None: those of `contents`.
        scope: The folder that `paths` lists.
        behind: Has what was not loaded; None: there is nothing else.
    """

    def __init__(
        self,
        contents: Mapping[str, bytes],
        *,
        head: str = "",
        paths: Sequence[str] | None = None,
        scope: str = "",
        behind: Documents | None = None,
    ) -> None:
        self._head = head
        self._contents = contents
        self._paths = sorted(contents if paths is None else paths)
        self._scope = f"{scope}/"
        self._behind = behind

    def head(self) -> str | None:
        """See `Documents.head`."""
        return self._head

    def read(self, path: str, *, at: str | None = None) -> bytes | None:
        """See `Documents.read`."""
        return self.read_many([path], at=at).get(path)

    def read_many(self, paths: Iterable[str], *, at: str | None = None) -> dict[str, bytes]:
        """See `Documents.read_many`."""
        del at  # there is one state only
        asked = list(paths)
        found = {path: self._contents[path] for path in asked if path in self._contents}
        if self._behind is not None and (left := [path for path in asked if self._is_left(path)]):
            found |= self._behind.read_many(left, at=self._head)
        return found

    def paths(self, folder: str, *, at: str | None = None) -> list[str]:
        """See `Documents.paths`."""
        del at
        if self._behind is not None and not f"{folder}/".startswith(self._scope):
            return self._behind.paths(folder, at=self._head)
        first = bisect_left(self._paths, f"{folder}/")
        last = bisect_left(self._paths, f"{folder}0")  # the character that follows the slash
        return self._paths[first:last]

    def _is_left(self, path: str) -> bool:
        if path in self._contents:
            return False
        if not path.startswith(self._scope):
            return True
        place = bisect_left(self._paths, path)
        return place < len(self._paths) and self._paths[place] == path


def load(ledger: Documents, folder: str) -> Loaded:
    """Returns all documents below a folder, as they are at the present head.

    Raises:
        NotARegistry: There is no ledger.
    """
    head = require_ledger(ledger)
    return Loaded(ledger.read_many(ledger.paths(folder, at=head), at=head), head=head)


def load_model(ledger: Documents, model: str, *, last: int, own: int | None = None) -> Loaded:
    """Returns what pages tell of a model, in few steps; whatever else is asked for comes later.

    Args:
        ledger: Has the documents.
        model: The model.
        last: How many of the newest versions are told, beside those that aliases name.
        own: One more version.

    Raises:
        NotARegistry: There is no ledger.
        IntegrityError: A document is no alias.
    """
    head = require_ledger(ledger)
    scope = f"models/{model}"
    paths = ledger.paths(scope, at=head)
    aliases = ledger.read_many((path for path in paths if path.split("/")[2] == "aliases"), at=head)
    told = {AliasState.parse(content, what=path).version for path, content in aliases.items()}
    below = f"{layout.versions(model)}/"
    numbers = sorted(_number(path) for path in paths if path.startswith(below))
    told |= {*numbers[-last:], *([own] if own is not None else [])}
    wanted = (path for path in paths if _is_told(path, told))
    contents = ledger.read_many(wanted, at=head)
    return Loaded(contents, head=head, paths=paths, scope=scope, behind=ledger)


def _is_told(path: str, numbers: set[int]) -> bool:
    kind = path.split("/")[2]
    return kind in _WHOLE or (kind in _NUMBERED and _number(path) in numbers)


def _number(path: str) -> int:
    return int(path.split("/")[4].removesuffix(".json"))
