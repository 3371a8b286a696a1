"""Moments as they stand in documents: UTC, microseconds, ISO 8601, sortable as text."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator

from ft_registry.errors import InvalidInput

_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_AGO = re.compile(r"(\d{1,6})\s*(s|m|h|d|w)", re.ASCII)
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _stamp(text: str) -> str:
    if not _STAMP.fullmatch(text):
        raise ValueError(f"expected a time such as 2026-11-24T09:30:00.000000Z, found {text!r}")
    datetime.fromisoformat(text)  # refuses the 30th of February
    return text


Timestamp = Annotated[str, AfterValidator(_stamp)]


def timestamp(moment: datetime) -> str:
    """Returns the document form of an aware moment."""
    # Not strftime(), which writes the year 999 with three digits.
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def moment(stamp: str) -> datetime:
    """Returns the aware moment that a document's timestamp writes."""
    return datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def parse_moment(text: str, *, now: datetime) -> datetime:
    """Parses a moment as a person writes it.

    Args:
        text: ISO 8601 with or without a zone (local time without), a date (its first moment), or an
            age such as `90m`, `2h`, `3d`, `1w`.
        now: The aware present, from which ages count and whose zone is the local one.

    Raises:
        InvalidInput: The text is none of these.
    """
    try:
        if age := _AGO.fullmatch(text.strip()):
            return now - timedelta(**{_UNIT[age[2]]: int(age[1])})
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo else found.replace(tzinfo=now.tzinfo)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            f"expected a time, found {text!r}",
            hints=["write 2026-11-24, 2026-11-24T09:30, 2026-11-24T09:30:00Z, or an age: 2h, 3d"],
        ) from error
