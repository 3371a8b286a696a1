"""Secrets and personal data in examples: heuristics on how they are written.

A *kind* has a published format, and a check digit or a check of its own where there is one. What is
found is told by kind and line, never word for word. Secrets are those of `credentials`.

Most examples hold nothing: `search` first looks at all bytes of a batch at once for what every
secret of some kinds has (a run of letters and digits, an ``@``), and reads only the examples that
have it. It finds in an example what `find` finds in its texts.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any, TypeAlias

import msgspec
import numpy as np

from ft_registry.examples.credentials import (
    SECRETS,
    passwords,
    private_keys,
    tokens,
    url_passwords,
)

Finder: TypeAlias = Callable[[Sequence[bytes]], Iterator[tuple[int, str]]]
"""Looks through canonical contents; yields the places of those that hold something, and what."""

KINDS: Mapping[str, str] = {
    **SECRETS,
    "email": "an e-mail address",
    "phone": "a telephone number",
    "iban": "an IBAN",
    "card": "a payment card number",
    "ssn": "a US social security number",
}
"""Every kind, in words."""

_WORDS = (b"ssw", b"pwd", b"cret", b"oken", b"api")
"""One of them is in each of its words."""
_EMAIL = re.compile(
    r"(?<=[A-Za-z0-9_%+-])@(?P<host>(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}"
    r"[A-Za-z]{2,24})(?![A-Za-z0-9-])",
    re.ASCII,
)
_RESERVED = re.compile(
    r"(?:^|\.)(?:example(?:\.(?:com|net|org))?|test|invalid|localhost|local|internal)$", re.I
)
"""Domains that nobody can own (RFC 2606, RFC 6761, RFC 6762)."""
_NO_PERSON = re.compile(
    r"(?:^|[^A-Za-z0-9._%+-])(?:git|no-?reply|do-?not-?reply)$|://\S*$", re.I | re.A
)
"""Before the sign: a program's name, or a URL."""
_SPAN_OF_DIGITS = re.compile(r"[0-9+(][0-9 ().+-]{10,}+", re.ASCII)
"""What every number is in, with 9 digits or more; of an IBAN that is written in groups a part."""
_PHONE = re.compile(
    # After a sum's number or bracket a plus adds.
    r"(?<![\w)+*/=.-])(?<![0-9)][ ])\+(?P<abroad>[1-9][0-9]{0,2}(?:[ .-]?\([0-9]{2,4}\))?"
    r"(?:[ .-][1-9](?=[ .-]))?(?:[ .-]?[0-9]{2,12}){1,6}+)(?![\w-])"
    # North America: neither part begins with 0 or 1 or is 11 behind its first digit.
    r"|(?<![\w.+*/=-])(?:1[ .-])?(?:\([2-9][0-9]{2}\)[ ]?|[2-9][0-9]{2}[.-])"
    r"(?P<local>[2-9](?!11)[0-9]{2}[.-][0-9]{4})(?![\w-])",
    re.ASCII,
)
_FICTION = re.compile(r"555[.-]01")
"""Numbers that are kept for films."""
_SSN = re.compile(
    r"(?<![\w-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w-])", re.ASCII
)
"""As the Social Security Administration gives them out."""
_SAMPLE_SSNS = frozenset({"078-05-1120", "219-09-9999", "123-45-6789"})
_CARD = re.compile(
    r"(?<![\w.,+-])(?:[0-9]{14,19}|[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{2,7}"
    r"|[0-9]{4}([ -])[0-9]{6}\2[0-9]{4,5})(?!\w|[.,-][0-9])",
    re.ASCII,
)
_ISSUERS = re.compile(
    r"""4[0-9]{15}(?:[0-9]{3})? | 5[1-5][0-9]{14}
    | (?:222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}
    | 3[47][0-9]{13} | (?:6011|65[0-9]{2}|64[4-9][0-9])[0-9]{12,15}
    | 35(?:2[89]|[3-8][0-9])[0-9]{12}
    | 3(?:0[0-5]|[68][0-9])[0-9]{11} | 62[0-9]{14,17}""",
    re.VERBOSE,
)
"""Visa, Mastercard, American Express, Discover, JCB, Diners, UnionPay."""
_SAMPLE_CARDS = frozenset({
    "4111111111111111", "4242424242424242", "4012888888881881", "4000056655665556",
    "5555555555554444", "5105105105105100", "5200828282828210", "2223003122003222",
    "378282246310005", "371449635398431", "6011111111111117", "6011000990139424",
    "3530111333300000", "3566002020360505", "30569309025904", "38520000023237",
})  # fmt: skip
"""What payment services publish for tests."""
_IBAN = re.compile(r"[A-Z](?<![A-Za-z0-9].)[A-Z][0-9]{2}(?:[ ]?[A-Z0-9]){11,30}", re.ASCII)
_IBAN_HOLDS = re.compile(
    r"[A-Z0-9]{15}|[0-9]{2,4} [0-9]{4} [0-9]{3,4}|[0-9]{3,4} [0-9]{4} [0-9]{2,4}"
)
"""What each has, in one or in groups."""
_IBAN_LENGTHS = {
    code: int(length)
    for length, codes in {
        15: "NO", 16: "BE", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
    }.items()
    for code in codes.split()
}  # fmt: skip
"""By country (SWIFT's registry of ISO 13616)."""


def find(text: str) -> set[str]:
    """Returns the kinds of secrets and personal data that a text seems to hold."""
    return {kind for seek in _SEEKERS for kind in seek(text)}


def search(contents: Sequence[bytes]) -> Iterator[tuple[int, str]]:
    """Yields the places of examples that seem to hold something, and what; see `Finder`."""
    ends = np.cumsum(np.fromiter(map(len, contents), dtype=np.int64, count=len(contents)) + 1)
    first = 0
    while first < len(contents):
        before = int(ends[first - 1]) if first else 0
        stop = max(first + 1, int(np.searchsorted(ends, before + _BLOCK, side="right")))
        suspects = _suspects(contents[first:stop], ends[first:stop] - before)
        for place in suspects.nonzero()[0].tolist():
            texts = texts_of(contents[first + place])
            seekers = [seek for bit, seek in enumerate(_SEEKERS) if suspects[place] >> bit & 1]
            kinds = {kind for seek in seekers for text in texts for kind in seek(text)}
            for kind in sorted(kinds):
                yield first + place, f"{KINDS[kind]} (heuristic)"
        first = stop


def texts_of(content: bytes) -> list[str]:
    """Returns every text in a canonical content, keys aside."""
    try:
        pending = [msgspec.json.decode(content)]
    except (msgspec.DecodeError, UnicodeDecodeError):  # half of a character
        pending = [json.loads(content)]
    found: list[str] = []
    while pending:
        one: Any = pending.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, dict):
            pending += reversed(one.values())
        elif isinstance(one, list):
            pending += reversed(one)
    return found


def _addresses(text: str) -> Iterator[str]:
    yield from url_passwords(text)
    for match in _EMAIL.finditer(text):
        before = text[max(0, match.start() - 80) : match.start()]
        if not (_NO_PERSON.search(before) or _RESERVED.search(match["host"])):
            yield "email"
            break


def _numbers(text: str) -> Iterator[str]:
    found: set[str] = set()
    has_long = False
    for span in _SPAN_OF_DIGITS.finditer(text):
        if sum(map(str.isdigit, span.group())) < 9:
            continue
        has_long = True
        # What stands two characters behind a number tells whether it goes on.
        area = (text, span.start(), span.end() + 2)
        if any(map(_is_phone, _PHONE.finditer(*area))):
            found.add("phone")
        if any(match.group() not in _SAMPLE_SSNS for match in _SSN.finditer(*area)):
            found.add("ssn")
        if any(_is_card(match.group()) for match in _CARD.finditer(*area)):
            found.add("card")
    yield from found
    if has_long:
        yield from _ibans(text)


def _is_phone(match: re.Match[str]) -> bool:
    if match["local"]:
        return not _FICTION.match(match["local"])
    digits = [char for char in match["abroad"] if char.isdigit()]
    # E.164 has 15 at most; fewer than 10 are more often something else.
    return 10 <= len(digits) <= 15 and len(set(digits)) > 2


def _is_card(written: str) -> bool:
    number = written.replace(" ", "").replace("-", "")
    if number in _SAMPLE_CARDS or not _ISSUERS.fullmatch(number) or len(set(number)) < 4:
        return False
    digits = [int(char) for char in reversed(number)]
    total = sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return total % 10 == 0  # Luhn (ISO/IEC 7812-1)


def _ibans(text: str) -> Iterator[str]:
    for match in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(match.group()[:2], 0)
        written = re.match(rf"(?: ?[A-Z0-9]){{{length}}}", match.group()) if length else None
        if written is None or text[match.start() + written.end() :][:1].isalnum():
            continue
        number = written.group().replace(" ", "")
        digits = "".join(str(int(char, 36)) for char in number[4:] + number[:4])
        if int(digits) % 97 == 1 and _IBAN_HOLDS.search(written.group()):
            yield "iban"
            break


Seeker: TypeAlias = Callable[[str], Iterator[str]]
_SEEKERS: tuple[Seeker, ...] = (tokens, private_keys, passwords, _addresses, _numbers, _ibans)
_BLOCK = 100_000
"""Bytes that are looked at in one go. Memory for more is asked of the system anew each time, which
costs more than to look at it (glibc: 128 KiB)."""

_WORD, _SPAN, _DIGIT = 1, 2, 4
_CLASSES = bytes(
    _WORD * (chr(byte).isalnum() or byte in b"_-") * (byte < 128)
    | _SPAN * (byte in b"0123456789 ().-")
    | _DIGIT * (byte in b"0123456789")
    for byte in range(256)
)
"""What a byte may be part of: a token, a number as people write it."""


def _suspects(contents: Sequence[bytes], ends: Any) -> Any:
    """Returns for each example a bit for each of `_SEEKERS` that has to look at it.

    What is looked for is in ASCII, which canonical JSON writes as it is, but for quotation marks,
    backslashes and control characters; an example with an escape by number is looked at by all.

    Args:
        contents: Canonical contents.
        ends: Where each ends, with one byte between them.
    """
    joined = b"\n".join([*contents, b""])
    raw = np.frombuffer(joined, dtype=np.uint8)
    classes = np.frombuffer(joined.translate(_CLASSES), dtype=np.uint8)
    fours = classes[: len(classes) // 4 * 4].view(np.uint32)
    words, spans = _filled(fours, _WORD), _filled(fours, _SPAN)
    digits = np.bitwise_count(fours & _in_four(_DIGIT))
    suspects = np.zeros(len(contents), dtype=np.uint8)

    def suspect(seek: Seeker, spots: Any) -> None:
        if len(spots):
            suspects[np.searchsorted(ends, spots, side="right")] |= 1 << _SEEKERS.index(seek)

    # 19 in a row fill four fours, 15 fill three, 11 fill two.
    suspect(tokens, 4 * _in_row(words, 4))
    # A sign between any two digits leaves five of eight.
    in_two = _in_row(spans & (digits >= 2), 2)
    suspect(_numbers, 4 * in_two[digits[in_two] + digits[in_two + 1] >= 5])
    suspect(_numbers, _pluses(raw, classes))
    in_three = _in_row(words, 3)
    has_digit = (digits[in_three] + digits[in_three + 1] + digits[in_three + 2]) > 0
    suspect(_ibans, 4 * in_three[has_digit])
    suspect(_addresses, (raw == ord("@")).nonzero()[0])
    lower = raw | 0x20
    for word in _WORDS:
        suspect(passwords, _spots(lower, word))
    if b"\\u" in joined:
        for seek in _SEEKERS:
            suspect(seek, _spots(raw, b"\\u"))
    if b"PRIVATE KEY" in joined:
        suspect(private_keys, _spots(raw, b"PRIVATE KEY"))
    return suspects


def _in_four(flag: int) -> Any:
    return np.uint32(int.from_bytes([flag] * 4, "little"))


def _filled(fours: Any, flag: int) -> Any:
    """Returns which fours of bytes are all of a class."""
    return (fours & _in_four(flag)) == _in_four(flag)


def _in_row(flags: Any, count: int) -> Any:
    """Returns where so many flags in a row are set."""
    size = max(0, len(flags) - count + 1)
    return reduce(np.logical_and, [flags[n : n + size] for n in range(count)]).nonzero()[0]


def _pluses(raw: Any, classes: Any) -> Any:
    """Returns where a plus begins a number: two digits follow, none is before."""
    size = max(0, len(raw) - 3)
    before, first, second = (classes[n : n + size] & _DIGIT for n in (0, 2, 3))
    return ((raw[1 : size + 1] == ord("+")) & (before < first) & (second > 0)).nonzero()[0] + 1


def _spots(raw: Any, word: Collection[int]) -> Any:
    """Returns where a word stands, faster than `bytes.find` does for a short one."""
    size = max(0, len(raw) - len(word) + 1)
    matches = [raw[place : place + size] == byte for place, byte in enumerate(word)]
    stands = reduce(np.logical_and, matches)
    # Mostly it stands nowhere: to know that costs a fourth.
    return stands.nonzero()[0] if stands.any() else []
