"""Secrets and personal data are told by kind and line; what only looks like them is not."""

import base64
import csv
import json
import string
import sys
import time
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from random import Random
from types import ModuleType

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.examples.parts import add_up, look

from ft_registry.actions.examine import SEARCHED_BYTES, examine, make_profile
from ft_registry.actions.look import Look, Tombstones
from ft_registry.backends.arrow_index import ArrowWriter
from ft_registry.backends.executors.local import LocalExecutor
from ft_registry.errors import Refused
from ft_registry.examples.content import canonical_content
from ft_registry.examples.formats import Format
from ft_registry.examples.kernel import Settings
from ft_registry.examples.sensitive import KINDS, find, search, texts_of
from ft_registry.readers.example_sources import find_sources, split, survey
from ft_registry.readers.scanner import scanner

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
LETTERS = string.ascii_letters + string.digits


def body(count: int, alphabet: str = LETTERS) -> str:
    """Characters drawn by lot, the same each time: no secret of anybody's."""
    return "".join(Random(count).choices(alphabet, k=count))


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


HEADER = segment({"alg": "HS256", "typ": "JWT"})
TOKEN = ".".join((HEADER, segment({"sub": "1234567890"}), body(43)))
BASE32 = string.ascii_uppercase + "234567"
# Put together here, so that no scanner of repositories takes this file for a leak.
SAMPLES: dict[str, list[str]] = {
    "private-key": [
        f"-----BEGIN {kind}PRIVATE KEY{block}-----\n{body(64)}\n"
        for kind, block in (("", ""), ("RSA ", ""), ("OPENSSH ", ""), ("PGP ", " BLOCK"))
    ],
    "aws": ["AKIA" + body(16, BASE32), "ASIA" + body(16, BASE32)],
    "github": [*(f"gh{kind}_" + body(36) for kind in "pousr"),
               f"github_pat_{body(22)}_{body(59)}"],
    "gitlab": ["glpat-" + body(20), "glrt-" + body(20), f"glpat-{body(27)}.01.{body(9)}"],
    "slack": [f"xoxb-123456789012-123456789013-{body(24)}",
              f"xapp-1-{body(11, BASE32)}-1234567890123-{body(64, '0123456789abcdef')}",
              f"https://hooks.slack.com/services/T{body(8, BASE32)}/B{body(8, BASE32)}/{body(24)}"],
    "stripe": ["sk_live_" + body(24), "rk_live_" + body(99), "whsec_" + body(32)],
    "openai": [f"sk-proj-{body(74)}T3BlbkFJ{body(74)}", f"sk-{body(20)}T3BlbkFJ{body(20)}"],
    "anthropic": [f"sk-ant-api03-{body(93)}AA", f"sk-ant-admin01-{body(93)}AA"],
    "huggingface": ["hf_" + body(34, string.ascii_letters)],
    "google": ["AIza" + body(35), "GOCSPX-" + body(28)],
    "jwt": [TOKEN],
    "password": ['password = "hunter2-Hunter3"', "DB_PASSWD: s3cr3tPa55word", "PWD=Tr0ub4dor&3",
                 "api_key=a1b2c3d4e5f6", 'client_secret => "0a9b8c7d6e"',
                 '{"auth_token": "9f8e7d6c5b4a"}'],
    "url-password": ["postgres://app:s3cr3tpw@db.corp.io:5432/x",
                     "https://me:t0psecret@host/path"],
    "email": ["ada@lovelace.org", "Write to a.b+c@mail.firm.co.uk.", "<x_y@sub.example.de>"],
    "phone": ["+49 30 901820112", "+4915112345678", "+6591234567", "+33 1 42 68 53 00",
              "+44 (20) 7946 0958", "212-736-5000", "(212) 736-5000", "1-212-736-5000",
              "+1 212.736.5000"],
    "iban": ["DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19", "NO9386011117947",
             "NL91 ABNA 0417 1643 00", "FR14 2004 1010 0505 0001 3M02 606",
             "MT84MALT011000012345MTLCAST001S", "BE68 5390 0754 7034 AND",
             "RO49 AAAA 1B31 0075 9384 0000"],
    "card": ["4539578763621486", "4539 5787 6362 1486", "5425-2334-3010-9903", "374245455400126",
             "3742 454554 00126", "6011000991300009", "36227206271667"],
    "ssn": ["536-90-4399", "ssn: 001-01-0001"],
}  # fmt: skip
"""By kind: published examples, or made to its format."""

MISSES: dict[str, str] = {
    "a header that no key follows": "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "a public key": f"-----BEGIN PUBLIC KEY-----\n{body(64)}\n",
    "Amazon's example": "AKIAIOSFODNN7EXAMPLE",
    "an access key that goes on": "AKIA" + body(17, BASE32),
    "a token cut short": "ghp_" + body(20),
    "a filled-in token": "ghp_" + "x" * 36,
    "a token's name": "hf_" + "your_token_here_your_token_here_you",
    "a key for tests": "sk_test_" + body(24),
    "a public Stripe key": "pk_live_" + body(24),
    "base64 with no header": f"eyJ{body(30)}.eyJ{body(30)}.{body(43)}",
    "a header without an algorithm": TOKEN.replace(HEADER, segment({"typ": "something"})),
    "a password's field": "password: string, secret = None, token=token",
    "a password from elsewhere": 'password = os.environ["PASSWORD_1"]',
    "a filler": "password = your_password_1",
    "a password as a word": "The secret: ingredients. Forgot your password? Token 1234567890.",
    "a reserved domain": "ada@example.org bob@example.com c@mail.example.net d@host.test e@x.local",
    "no domain": "user@localhost, @media, foo@bar, name@1.2.3, a @ b.com",
    "a repository": "git@github.com:me/it.git",
    "a robot": "noreply@firm.com",
    "a URL with a port": "https://host:8080/@user and https://user@host.org/",
    "a sum": "100 - 50 - 30 - 15 = 5 and 212+736+5000=5948, 5 +100-50-30-1500",
    "a telephone number of films": "212-555-0123, (310) 555-0199",
    "no area code": "123-456-7890, 212-136-5000, 211-911-5000",
    "a number that is too long": "+1234567890123456 and +12345678",
    "a date and a version": "2024-01-31 12:30:45, 10.0.19045.3803, 978-3-16-148410-0",
    "an IBAN with a wrong checksum": "DE88370400440532013000, GB28 NWBK 6016 1331 9268 19",
    "an IBAN that is too short": "DE8937040044053201300",
    "an IBAN of no country": "ZZ68539007547034",
    "a card with a wrong checksum": "4539578763621487, 4539 5787 6362 1487",
    "a card for tests": "4111111111111111, 4242 4242 4242 4242, 378282246310005",
    "no issuer": "9999999999999995 1234567812345670",
    "a fraction": "0.4539578763621486",
    "numbers nobody is given": "000-12-3456 666-12-3456 900-12-3456 123-00-4567 123-45-0000",
    "the number of an advertisement": "078-05-1120",
    "a number within a number": "1536-90-4399 536-90-43991",
    "a digest": "sha256:" + body(64, "0123456789abcdef"),
    "words with hyphens": "state-of-the-art-of-the-art card_about_to_expire",
}  # fmt: skip


def content(*texts: str) -> bytes:
    return canonical_content({f"k{n}": text for n, text in enumerate(texts)})


def found_in(*contents: bytes) -> list[tuple[int, str]]:
    return list(search(contents))


def test_every_kind_has_samples() -> None:
    assert SAMPLES.keys() == KINDS.keys()


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in SAMPLES.items() for text in texts]
)
def test_each_kind_is_found(kind: str, text: str) -> None:
    for written in (text, f"Mail: {text}, please", f"a\n{text}\nb", f"«{text}»"):
        assert find(written) == {kind}, written
        assert found_in(content("x", written)) == [(0, f"{KINDS[kind]} (heuristic)")]


@pytest.mark.parametrize("text", MISSES.values(), ids=MISSES)
def test_what_only_looks_like_it_is_not_told(text: str) -> None:
    assert find(text) == set()
    assert found_in(content(text)) == []


def test_texts_are_found_at_any_depth() -> None:
    inner = {"messages": [{"role": "tool", "content": [{"text": "a"}, "b", 1, None, True]}]}
    assert texts_of(canonical_content(inner)) == ["a", "b", "tool"]
    assert texts_of(canonical_content({"a": "\ud800 b"})) == ["\ud800 b"]


def test_what_is_found_is_not_repeated() -> None:
    found = found_in(content(*(text for texts in SAMPLES.values() for text in texts)))
    assert {what for _, what in found} == {f"{words} (heuristic)" for words in KINDS.values()}
    told = json.dumps(found)
    assert not any(text in told for texts in SAMPLES.values() for text in texts)


@pytest.mark.parametrize(
    "piece",
    ["(", "+1", "1 ", "1-", "+" + "12" * 40, "A1", "DE12 ", "a@", "a.@a-", "@a.", "://a:", "sk-",
     "T3BlbkFJ", "eyJ", "eyJ.", "xoxb-1-", "glpat-", "hf_", "password", "token=",
     "-----BEGIN PRIVATE KEY-----"],
)  # fmt: skip
def test_no_text_takes_long(piece: str) -> None:
    started = time.process_time()
    find(piece * (100_000 // len(piece)))
    assert time.process_time() - started < 2


PIECES = st.one_of(
    st.sampled_from([text for texts in SAMPLES.values() for text in texts]),
    st.sampled_from(list(MISSES.values())),
    st.text(alphabet='aZ09 .,-+()_=:@/\\"\n\té漢\U0001f600\ud800\x00', max_size=30),
    st.from_regex(
        r"\+[1-9][0-9]{0,2}([ .-]?\([0-9]{2,4}\))?([ .-]?[0-9]{2,5}){1,6}", fullmatch=True
    ),
    st.from_regex(r"[0-9]{3}[ -]?[0-9]{2,3}[ -]?[0-9]{4}", fullmatch=True),
)
TEXTS = st.lists(PIECES, max_size=4).map("".join)


@given(st.lists(st.lists(TEXTS, min_size=1, max_size=3), max_size=6))
@example([["x" * 200_001], ["+49 30 901820112"], ["a"]])
def test_a_batch_finds_what_is_found_text_by_text(rows: list[list[str]]) -> None:
    expected = [
        (place, f"{KINDS[kind]} (heuristic)")
        for place, row in enumerate(rows)
        for kind in sorted({kind for text in row for kind in find(text)})
    ]
    assert found_in(*(content(*row) for row in rows)) == expected


@pytest.mark.parametrize("offset", range(16))
@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_is_found_wherever_it_stands(kind: str, offset: int) -> None:
    for text in SAMPLES[kind]:
        assert found_in(content("." * offset + " " + text)) == [(0, f"{KINDS[kind]} (heuristic)")]


@pytest.mark.parametrize("name", ["gsm8k/train.jsonl", "gsm8k/test.jsonl", "banking77/train.csv"])
def test_public_data_gives_no_warning(name: str) -> None:
    path = SHARED / name
    if not path.exists():
        pytest.skip("the public data sets are not here")
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines) if path.suffix == ".csv" else map(json.loads, lines))
    assert found_in(*map(canonical_content, rows)) == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files: every tenth example holds an address, line 45 of the second a key."""
    data = tmp_path / "data"
    data.mkdir()
    for name in ("a.jsonl", "b.jsonl"):
        rows = [{"prompt": f"what is {n}?", "completion": "it is"} for n in range(100)]
        for row in rows[4::10]:
            row["completion"] = "ask ada@lovelace.org"
        if name == "b.jsonl":
            rows[44]["prompt"] = SAMPLES["aws"][0]
        (data / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return data


SETTINGS = Settings(Format("prompt-completion"), sensitive=True)


@pytest.mark.parametrize("part_bytes", [100, 1000, 1 << 20])
@pytest.mark.parametrize("workers", [1, 2])
def test_places_are_the_same_however_files_are_cut(
    folder: Path, workers: int, part_bytes: int
) -> None:
    tasks = split(find_sources(folder), part_bytes=part_bytes)
    found = add_up(LocalExecutor(workers, small=0).run(tasks, SETTINGS, tokenizer=None))
    assert found.tally.sensitive == look(folder, SETTINGS).tally.sensitive
    assert found.tally.sensitive.counts == Counter({
        "an e-mail address (heuristic)": 20, "an AWS access key (heuristic)": 1,
    })  # fmt: skip
    assert found.tally.sensitive.first == {
        "an e-mail address (heuristic)": [("a.jsonl", 5), ("a.jsonl", 15), ("a.jsonl", 25)],
        "an AWS access key (heuristic)": [("b.jsonl", 45)],
    }


def test_a_faulty_example_is_looked_at_too(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"prompt": "x", "completion": "y"}\n\n{"prompt": "ada@lovelace.org"}\n')
    assert look(path, SETTINGS).tally.sensitive.first == {
        "an e-mail address (heuristic)": [("", 3)]
    }


def warnings_of(path: Path, wanted: Look, tmp_path: Path) -> list[str]:
    with ArrowWriter(tmp_path, key="") as writer:
        found = examine(
            survey(path), wanted, executor=LocalExecutor(1), writer=writer,
            tombstones=Tombstones(),
        )  # fmt: skip
    profile = make_profile(found, wanted, duplicates=0, near_duplicates=0)
    return [text for text in profile.warnings if "few" not in text]


def test_the_scanner_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "betterleaks", None)
    with pytest.raises(Refused) as refused:
        scanner()
    assert "pip install ft-registry[scan]" in refused.value.hints


def test_what_the_scanner_finds_carries_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def scan_string(text: str) -> list[object]:
        asked.append(text)
        found = type("Finding", (), {"rule_id": "some-key"})
        return [found, found] if "key" in text else []

    stand_in = ModuleType("betterleaks")
    stand_in.__dict__["scan_string"] = scan_string
    monkeypatch.setitem(sys.modules, "betterleaks", stand_in)
    contents = [content("a"), content("a\0key", "b\ud800")]
    assert list(scanner()(contents)) == [(1, "a secret of the kind some-key (Betterleaks)")]
    assert asked == ["a", "a key\nb?"]


@pytest.mark.skipif(find_spec("betterleaks") is None, reason="Betterleaks, an extra, is not there")
def test_the_scanner_finds_secrets_in_processes_as_in_one(folder: Path) -> None:
    rows = [{"prompt": "x", "completion": SAMPLES["github"][0]}] * 2
    (folder / "c.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = Settings(Format("prompt-completion"), scan=True)
    tasks = split(find_sources(folder), part_bytes=1000)
    # The second has the library running already: a copy of its process would hang.
    one, two = (
        add_up(LocalExecutor(workers, small=0).run(tasks, settings, tokenizer=None))
        for workers in (1, 2)
    )
    assert one.tally.sensitive == two.tally.sensitive
    assert one.tally.sensitive.first["a secret of the kind github-pat (Betterleaks)"] == [
        ("c.jsonl", 1), ("c.jsonl", 2),
    ]  # fmt: skip


def test_warnings_name_the_first_places(folder: Path, tmp_path: Path) -> None:
    assert warnings_of(folder, Look(), tmp_path) == [
        "20 examples hold what looks like an e-mail address (heuristic): a.jsonl:5, a.jsonl:15, "
        "a.jsonl:25 and others",
        "1 example holds what looks like an AWS access key (heuristic): b.jsonl:45",
    ]
    assert "lines 5, 15, 25 and others" in warnings_of(folder / "a.jsonl", Look(), tmp_path)[0]
    assert warnings_of(folder, Look(sensitive=False), tmp_path) == []


def test_what_was_not_looked_for_is_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert SEARCHED_BYTES == 64 << 20
    monkeypatch.setattr("ft_registry.actions.examine.SEARCHED_BYTES", 100)
    (told,) = warnings_of(folder, Look(), tmp_path)
    assert "--sensitive" in told
    assert len(warnings_of(folder, Look(sensitive=True), tmp_path)) == 2
    assert warnings_of(folder, Look(sensitive=False), tmp_path) == []
