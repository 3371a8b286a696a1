"""How numbers are written, in answers and in reports."""

_TELLABLE, _LARGE = 1e-4, 1e6
"""Beyond them a number is written by its power of ten: places would not tell it, or go on."""
_NOTHING = 1e-12
"""Below it a number is what rounding left of 0."""


def figure(value: float, *, large: str, sign: str = "") -> str:
    """Returns a number with four places, or by its power of ten where these do not tell it.

    Args:
        value: The number.
        large: How one from 1,000 on is written, as a format.
        sign: ``+``: a positive one has its sign as well.
    """
    size = abs(value)
    if size < _NOTHING:
        value, form = 0.0, ".4f"
    elif size < _TELLABLE or size >= _LARGE:
        form = ".3e"
    else:
        form = ".4f" if size < 1000 else large
    return f"{value:{sign}{form}}"
