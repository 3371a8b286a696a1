"""What an item took on average, against a bound."""

from typing import TYPE_CHECKING

from ft_registry.gates.facts import Facts

if TYPE_CHECKING:
    from ft_registry.evaluations.items import Floats

_UNITS = {"cost": "US dollars", "latency": "seconds", "tokens": "tokens"}


def judge_spending(
    values: "Floats | None", measure: str, most: float, items: int, facts: Facts
) -> None:
    """Tells whether the mean is within its bound.

    Args:
        values: One for each item, NaN where it is missing; None: there are none.
        measure: ``cost``, ``latency`` or ``tokens``.
        most: The bound.
        items: How many there are.
        facts: Take down what is found.
    """
    import numpy as np

    if values is None or not items or bool(np.isnan(values).all()):
        facts.is_open(
            f"none of {items:,} items has its {measure} on record: it is read from an evaluator "
            f"that writes it, or from the key {measure} of an item"
        )
        return
    missing = int(np.isnan(values).sum())
    if missing:
        facts.is_open(f"{missing:,} of {items:,} items have no {measure} on record")
        return
    if bool((values < 0).any()):
        facts.is_open(f"{int((values < 0).sum()):,} of {items:,} items have a {measure} below 0")
        return
    with np.errstate(over="ignore"):
        mean = float(np.mean(values))
    words = f"{mean:.6g} {_UNITS[measure]} an item, over {items:,} items"
    if mean <= most:
        facts.holds(words)
    else:
        facts.breaks(f"{words}, at most {most:g} is asked for")
