"""Many tests at once: the more there are, the surer that one of them errs.

Source:
    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6 (1979), 65-70.
"""

from collections.abc import Sequence

from ft_registry.statistics.arguments import number_of


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Returns p-values adjusted so that all of them together err as seldom as one (Holm, 1979).

    The k-th smallest of m is multiplied by m - k + 1, and is never below a smaller one's. It holds
    whatever depends on what, and is never weaker than Bonferroni's.

    Args:
        p_values: Each 0 to 1; any number of them, none too.

    Returns:
        As many, in the same order, each 0 to 1 and at least what it was.

    Raises:
        ValueError: One is missing (None, NaN) or no probability: to leave it out would make the
            others look stronger.
    """
    found = [number_of(p, "p-values") for p in p_values]
    for p in found:
        if not 0 <= p <= 1:
            raise ValueError(f"expected p-values between 0 and 1, found {p!r}")
    adjusted = [0.0] * len(found)
    least = 0.0
    for rank, place in enumerate(sorted(range(len(found)), key=found.__getitem__)):
        least = max(least, min(1.0, found[place] * (len(found) - rank)))
        adjusted[place] = least
    return tuple(adjusted)
