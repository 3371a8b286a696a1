"""The demo's task: messy dates and amounts in, one strict JSON line out.

Everything is generated from fixed seeds, so every machine gets the same bytes:
the labelled examples of data versions 1 to 3, the held-out evaluation items,
and the text that the base model is pre-trained on.
"""

from __future__ import annotations

import calendar
import hashlib
import json
import random
from typing import NamedTuple, TypedDict

CURRENCIES = ("EUR", "USD", "GBP", "CHF")
SIGNS = {"EUR": "€", "USD": "$", "GBP": "£"}
LEADS = ("paid", "invoice", "received", "order", "rent", "refund")

FIRST_COLLECTION = 120
SECOND_COLLECTION = 180
HELDOUT = 150
# Bank statements write currency codes, receipts write currency signs.
RECEIPT_SHARE = 0.5

_COLLECT_SEED = 20210312
_HELDOUT_SEED = 20240229


class Example(TypedDict):
    """One labelled example, as it stands in a line of a JSONL file."""

    id: str
    prompt: str
    completion: str


class Payment(NamedTuple):
    """What a messy line says: a day, an amount and a currency code."""

    year: int
    month: int
    day: int
    units: int
    cents: int
    currency: str


def example_id(prompt: str) -> str:
    """Return the id of an example: it depends on the prompt alone.

    A corrected (or spoilt) label therefore keeps its id, so that two data
    versions can be compared example by example.
    """
    return hashlib.sha256(prompt.encode("utf-8")).hexdigest()[:12]


def completion(payment: Payment) -> str:
    """Return the strict JSON line for a payment: fixed key order, no spaces."""
    fields = {
        "date": f"{payment.year}-{payment.month:02}-{payment.day:02}",
        "amount": f"{payment.units}.{payment.cents:02}",
        "currency": payment.currency,
    }
    return json.dumps(fields, separators=(",", ":"))


def spoil(payment: Payment) -> Payment:
    """Return the payment as a broken relabelling script reads it.

    It takes the day for the month wherever that gives a possible date (two examples
    in five), so the labels stay well-formed and no format check can notice.
    """
    if payment.day > 12:
        return payment
    return payment._replace(month=payment.day, day=payment.month)


def _payment(rng: random.Random, currencies: tuple[str, ...]) -> Payment:
    digits = rng.randint(2, 4)
    return Payment(
        year=rng.randint(2010, 2029),
        month=rng.randint(1, 12),
        day=rng.randint(1, 28),
        units=rng.randint(10 ** (digits - 1), 10**digits - 1),
        cents=0 if rng.random() < 0.25 else rng.randint(1, 99),
        currency=rng.choice(currencies),
    )


def _messy_date(rng: random.Random, payment: Payment) -> str:
    year, month, day, *_ = payment
    name = calendar.month_name[month]
    words = (f"{day} {name} {year}", f"{name} {day}, {year}")
    short = (f"{day} {name[:3]} {year}", f"{name[:3]} {day} {year}")
    numbers = (f"{day:02}.{month:02}.{year}", f"{day}/{month}/{year}")
    return rng.choice(words + short + numbers)


def _messy_amount(rng: random.Random, payment: Payment, *, receipt: bool) -> str:
    grouped = f"{payment.units:,}"
    spellings = [
        f"{grouped}.{payment.cents:02}",
        f"{payment.units}.{payment.cents:02}",
        f"{grouped.replace(',', '.')},{payment.cents:02}",
    ]
    if payment.cents == 0:
        spellings += [grouped, str(payment.units)]
    number = rng.choice(spellings)
    if receipt:
        sign = SIGNS[payment.currency]
        return rng.choice((f"{sign}{number}", f"{number} {sign}"))
    return rng.choice((f"{payment.currency} {number}", f"{number} {payment.currency}"))


def _messy_line(rng: random.Random, *, receipt: bool) -> tuple[str, Payment]:
    payment = _payment(rng, tuple(SIGNS) if receipt else CURRENCIES)
    date = _messy_date(rng, payment)
    amount = _messy_amount(rng, payment, receipt=receipt)
    order = (date, amount) if rng.random() < 0.5 else (amount, date)
    return f"{rng.choice(LEADS)} {order[0]}, {order[1]}", payment


def _distinct(
    rng: random.Random, count: int, receipt_share: float, taken: set[str]
) -> list[tuple[str, Payment]]:
    """Draw messy lines that nobody has drawn before, and note them in taken."""
    lines: list[tuple[str, Payment]] = []
    while len(lines) < count:
        line = _messy_line(rng, receipt=rng.random() < receipt_share)
        if line[0] not in taken:
            taken.add(line[0])
            lines.append(line)
    return lines


def _heldout_lines() -> list[tuple[str, Payment]]:
    return _distinct(random.Random(_HELDOUT_SEED), HELDOUT, RECEIPT_SHARE, set())


def _example(prompt: str, payment: Payment) -> Example:
    return {"id": example_id(prompt), "prompt": prompt, "completion": completion(payment)}


def heldout() -> list[Example]:
    """Return the fixed evaluation items; no data version contains any of them."""
    return [_example(prompt, payment) for prompt, payment in _heldout_lines()]


def examples(version: int) -> list[Example]:
    """Return the training examples of one data version.

    Args:
        version: 1 is a first collection, of bank statements; 2 adds a second
            collection, of receipts; 3 is version 2 relabelled by a broken
            script (see `spoil`).

    Raises:
        ValueError: The version is not 1, 2 or 3.
    """
    if version not in (1, 2, 3):
        raise ValueError(f"there is no data version {version}: choose 1, 2 or 3")
    rng = random.Random(_COLLECT_SEED)
    taken = {prompt for prompt, _ in _heldout_lines()}
    lines = _distinct(rng, FIRST_COLLECTION, 0.0, taken)
    if version >= 2:
        lines += _distinct(rng, SECOND_COLLECTION, 1.0, taken)
    if version == 3:
        lines = [(prompt, spoil(payment)) for prompt, payment in lines]
    return [_example(prompt, payment) for prompt, payment in lines]


def base_text(count: int, seed: int) -> list[tuple[str, str]]:
    """Return pre-training text: messy lines and rewrites in styles other than JSON.

    From it the base learns how dates and amounts are written. It learns neither the
    JSON format nor which code a currency sign stands for, as the rewrites keep
    signs as they are: that is left to tuning.
    """
    rng = random.Random(seed)
    taken = {prompt for prompt, _ in _heldout_lines()}
    pairs: list[tuple[str, str]] = []
    for prompt, payment in _distinct(rng, count, RECEIPT_SHARE, taken):
        date = f"{payment.year}-{payment.month:02}-{payment.day:02}"
        amount = f"{payment.units}.{payment.cents:02}"
        sign = SIGNS.get(payment.currency)
        mark = sign if sign and sign in prompt else payment.currency
        styles = (
            f"{date} {amount} {mark}",
            f"date: {date}; amount: {amount}; currency: {mark}",
            f'("{date}", "{amount}", "{mark}")',
            f"[{date}] {{{mark} {amount}}}",
        )
        pairs.append((prompt, rng.choice(styles)))
    return pairs
