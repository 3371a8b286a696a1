"""Near duplicates: texts that share most of their words in the same order.

MinHash with locality-sensitive hashing (Broder 1997; Indyk and Motwani 1998) finds candidates; each
is then compared word by word, so that none is reported by chance.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

_PERMUTATIONS = 128
_SEED = 42
_BANDS = 32
"""Of four values each: of two texts with a similarity of 0.7, 99.98 % meet in one."""
_BATCH = 2000

THRESHOLD = 0.7
"""By default: one changed word in ten."""


def shingles(text: str) -> frozenset[str]:
    """Returns the words of a text, and each two that follow each other; case does not count."""
    words = text.casefold().split()
    return frozenset(words).union(f"{a} {b}" for a, b in pairwise(words))


def similarity(left: frozenset[str], right: frozenset[str]) -> float:
    """Returns the Jaccard similarity of two sets."""
    union = len(left | right)
    return len(left & right) / union if union else 0.0


class NearIndex:
    """Texts among which near duplicates of others are looked for.

    Args:
        texts: The texts.
        threshold: The least similarity.
    """

    def __init__(self, texts: Sequence[str], *, threshold: float) -> None:
        from rensa import RMinHash, RMinHashLSH

        self._signer = RMinHash
        self._sets = [shingles(text) for text in texts]
        self._threshold = threshold
        self._index = RMinHashLSH(threshold=threshold, num_perm=_PERMUTATIONS, num_bands=_BANDS)
        for start in range(0, len(texts), _BATCH):
            for place, signed in enumerate(self._sign(self._sets[start : start + _BATCH]), start):
                self._index.insert(place, signed)

    def matches(self, texts: Iterable[str]) -> Iterator[tuple[int, int, float]]:
        """Yields the place of each text, that of one of ours that is like it, and how much."""
        batch: list[frozenset[str]] = []
        done = 0
        for text in texts:
            batch.append(shingles(text))
            if len(batch) == _BATCH:
                yield from self._matches(batch, done)
                done += len(batch)
                batch = []
        yield from self._matches(batch, done)

    def _matches(
        self, batch: Sequence[frozenset[str]], done: int
    ) -> Iterator[tuple[int, int, float]]:
        for place, signed in enumerate(self._sign(batch)):
            for ours in self._index.query(signed):
                found = similarity(batch[place], self._sets[ours])
                if found >= self._threshold:
                    yield done + place, ours, found

    def _sign(self, sets: Sequence[frozenset[str]]) -> Sequence[object]:
        if not sets:
            return []
        signed: Sequence[object] = self._signer.from_token_sets(
            [sorted(words) for words in sets], _PERMUTATIONS, _SEED
        )
        return signed
