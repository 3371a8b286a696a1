"""Moments are UTC, sortable as text, and read as people write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import law

from ft_registry.errors import InvalidInput
from ft_registry.model.time import moment, parse_moment, timestamp

BERLIN = timezone(timedelta(hours=2))
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=BERLIN)
moments = st.datetimes(timezones=st.just(UTC))


@given(moments)
@law
def test_reading_a_stamp_undoes_writing_it(when: datetime) -> None:
    assert moment(timestamp(when)) == when


@given(moments, moments)
@law
def test_stamps_sort_as_their_moments(one: datetime, other: datetime) -> None:
    assert (timestamp(one) < timestamp(other)) == (one < other)


def test_a_stamp_is_utc_with_microseconds() -> None:
    assert timestamp(NOW) == "2026-07-01T10:00:00.000000Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24", "2026-11-23T22:00:00.000000Z"),
        ("2026-11-24T09:30", "2026-11-24T07:30:00.000000Z"),
        ("2026-11-24 09:30", "2026-11-24T07:30:00.000000Z"),
        ("2026-11-24T09:30:00Z", "2026-11-24T09:30:00.000000Z"),
        ("2026-11-24T09:30:00.5Z", "2026-11-24T09:30:00.500000Z"),
        ("2026-11-24T09:30:00-05:00", "2026-11-24T14:30:00.000000Z"),
        ("2026-11-24T09:30:00.123456Z", "2026-11-24T09:30:00.123456Z"),
        ("  2026-11-24T09:30:00Z\n", "2026-11-24T09:30:00.000000Z"),
        ("0s", "2026-07-01T10:00:00.000000Z"),
        ("90m", "2026-07-01T08:30:00.000000Z"),
        ("2h", "2026-07-01T08:00:00.000000Z"),
        ("3 d", "2026-06-28T10:00:00.000000Z"),
        ("1w", "2026-06-24T10:00:00.000000Z"),
        ("99999w", "0109-12-25T10:00:00.000000Z"),
        ("0999-01-01T00:00Z", "0999-01-01T00:00:00.000000Z"),
    ],
)
def test_a_person_may_write(text: str, expected: str) -> None:
    assert timestamp(parse_moment(text, now=NOW)) == expected


@given(st.integers(0, 99_999), st.sampled_from([("s", 1), ("m", 60), ("h", 3600), ("d", 86400)]))
@law
def test_an_age_counts_back_from_now(number: int, unit: tuple[str, int]) -> None:
    letter, seconds = unit
    expected = NOW - timedelta(seconds=number * seconds)
    assert parse_moment(f"{number}{letter}", now=NOW) == expected


@given(moments)
@law
def test_what_a_document_says_can_be_typed(when: datetime) -> None:
    assert parse_moment(timestamp(when), now=NOW) == when


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "now", "yesterday", "2h ago", "-2h", "2", "h", "2y", "2.5h", "1e3d", "\u0663d",
        "\uff12h", "2026", "2026-13-01", "2026-02-30", "2026-11-24T25:00", "24.11.2026",
        "11/24/2026", "2026-11-24T09:30:00+99:00", "\u0662\u0660\u0662\u0666-11-24", "999999w",
        "1234567s", "9" * 30 + "d", "0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00", "\ud800",
    ],
    ids=ascii,
)  # fmt: skip
def test_what_is_no_moment_is_refused_with_examples(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_moment(text, now=NOW)
    assert caught.value.exit_code == 2
    assert "2h" in caught.value.hints[0]
