"""How answers put numbers."""

from ft_registry.gates.figures import figure
from ft_registry.statistics.power import POWER


def number(value: float) -> str:
    """Returns a score in words: four places where they tell it."""
    return figure(value, large=",.1f")


def signed(value: float) -> str:
    """Returns a difference in words."""
    return figure(value, large=",.1f", sign="+")


def chance(p: float) -> str:
    """Returns a p-value in words."""
    return "p < 0.0001" if p < 0.0001 else f"p {p:.4f}" if p < 0.01 else f"p {p:.3f}"


def percent(share: float) -> str:
    """Returns a share in words."""
    return f"{100 * share:.4g} %"


def counted(count: int, noun: str = "item") -> str:
    """Returns a number of things in words."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def needed(items: int | None, condition: str) -> str:
    """Returns in words what would decide.

    Args:
        items: None: no number of items that anybody would score.
        condition: What is taken for true.
    """
    if items is None:
        return f"no number of items would show it, {condition}"
    return f"about {counted(items)} would show it at {percent(POWER)} power, {condition}"
