"""Secrets as their issuers write them: tokens, private keys, passwords in URLs and assignments.

The formats are those that issuers publish and gitleaks (https://github.com/gitleaks/gitleaks)
collects, with a check of their own where there is one.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from functools import partial

SECRETS: Mapping[str, str] = {
    "private-key": "a private key",
    "aws": "an AWS access key",
    "github": "a GitHub token",
    "gitlab": "a GitLab token",
    "slack": "a Slack token",
    "stripe": "a Stripe secret key",
    "openai": "an OpenAI key",
    "anthropic": "an Anthropic key",
    "huggingface": "a Hugging Face token",
    "google": "a Google API key",
    "jwt": "a JSON Web Token",
    "password": "a password or secret",
    "url-password": "a password in a URL",
}
"""Every kind, in words."""

_TOKENS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "aws": (
        ("AKIA", "ASIA", "ABIA", "ACCA", "A3T"),
        r"(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z2-7]{16}(?![A-Za-z0-9])",
    ),
    "github": (
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
    ),
    "gitlab": (
        (
            "glpat-",
            "gldt-",
            "glrt-",
            "glcbt-",
            "glptt-",
            "gloas-",
            "glsoat-",
            "glft-",
            "glimt-",
            "glagent-",
            "glffct-",
        ),
        r"gl(?:pat|dt|rt|cbt|ptt|oas|soat|ft|imt|agent|ffct)-[A-Za-z0-9_-]{20,300}",
    ),
    "slack": (
        ("xox", "xapp-", "hooks.slack.com/"),
        r"xox[abeoprs]-(?:[0-9]{1,13}-)+[A-Za-z0-9-]{16,}"
        r"|xapp-[0-9]-[A-Z0-9]+-[0-9]+-[a-z0-9]{30,}"
        r"|hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{24}",
    ),
    "stripe": (
        ("k_live_", "whsec_"),
        r"[sr]k_live_[A-Za-z0-9]{16,247}|whsec_[A-Za-z0-9]{32,}",
    ),
    "openai": (("T3BlbkFJ",), r"sk-[A-Za-z0-9_-]{20,200}T3BlbkFJ[A-Za-z0-9_-]{20,}"),
    "anthropic": (("sk-ant-",), r"sk-ant-[a-z]{3,8}[0-9]{2}-[A-Za-z0-9_-]{80,}"),
    "huggingface": (("hf_", "api_org_"), r"(?:hf|api_org)_[A-Za-z]{34}(?![A-Za-z0-9])"),
    "google": (
        ("AIza", "GOCSPX-"),
        r"AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])|GOCSPX-[A-Za-z0-9_-]{28}",
    ),
    "jwt": (
        ("eyJ",),
        r"eyJ[A-Za-z0-9_-]{16,2000}\.eyJ[A-Za-z0-9_-]{10,9000}\.[A-Za-z0-9_-]{20,}",
    ),
}
"""By kind: one of these is in each token, and how it is written.

Each holds 19 letters, digits, hyphens or underscores in a row.
"""
_TOKEN_PATTERNS = {
    kind: re.compile(rf"(?<![A-Za-z0-9_])(?:{pattern})", re.ASCII)
    for kind, (_, pattern) in _TOKENS.items()
}
_KIND_OF_SIGN = {sign: kind for kind, (signs, _) in _TOKENS.items() for sign in signs}
_TOKEN_SIGN = re.compile("|".join(map(re.escape, _KIND_OF_SIGN)))
_PRIVATE_KEY = re.compile(
    # A header that no key follows is talk of keys.
    r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----[^-]{0,300}?[A-Za-z0-9+/]{24}"
)
_PASSWORD = re.compile(
    r"""(?:passw(?:or)?d|pwd|secret|token|api[ _-]?key)[a-z0-9_]{0,20}["']?
    [ \t]{0,3}(?::=|=>|=|:)[ \t]{0,3}["'`]?(?P<value>[^\s"'`<>{}()\[\]$,;|]{8,200})""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_URL_PASSWORD = re.compile(r"[a-z]://[^\s:/?#@]{0,64}:(?P<value>[^\s:/?#@<>{}$\[\]]{4,128})@", re.A)
_FILLER = re.compile(
    r"example|your|xxxx|\*\*\*|\.\.\.|changeme|placeholder|dummy|redacted|abcdefgh", re.I
)
"""What stands where a secret would."""
_ITS_NAME = re.compile(
    r"(?:my|your|db)?[_-]?(?:pass(?:word|wd)?|pwd|secret|token|api[_-]?key)", re.I
)
"""What a password in the URL of an example is called."""
_VARIETY = 7
"""Different characters that a secret has at least."""


def tokens(text: str) -> Iterator[str]:
    """Yields the kinds of tokens in a text."""
    for kind in {_KIND_OF_SIGN[sign] for sign in _TOKEN_SIGN.findall(text)}:
        found = _TOKEN_PATTERNS[kind].finditer(text)
        if any(_is_token(kind, match.group()) for match in found):
            yield kind


def _is_token(kind: str, token: str) -> bool:
    if kind == "jwt":
        return _is_header(token.partition(".")[0])
    return len(set(token)) > _VARIETY and not _FILLER.search(token)


def _is_header(part: str) -> bool:
    """Returns whether a part is the header of a JSON Web Token (RFC 7519)."""
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError):
        return False
    return isinstance(found, dict) and "alg" in found


def private_keys(text: str) -> Iterator[str]:
    """Yields that there is a private key in a text."""
    if _PRIVATE_KEY.search(text):
        yield "private-key"


def passwords(text: str) -> Iterator[str]:
    """Yields that a text says what a password or secret is."""
    if any(is_secret_value(match["value"]) for match in _PASSWORD.finditer(text)):
        yield "password"


def is_secret_value(value: str) -> bool:
    """Returns whether a value is no word, name, path, call or filler."""
    return (
        len(set(value)) >= _VARIETY
        and any(map(str.isdigit, value))
        and any(map(str.isalpha, value))
        and "://" not in value
        and value[0] not in "/.%@"
        and not _FILLER.search(value)
    )


def url_passwords(text: str) -> Iterator[str]:
    """Yields that there is a password in a URL."""
    for match in _URL_PASSWORD.finditer(text):
        value = match["value"]
        if len(set(value)) > 3 and not (_FILLER.search(value) or _ITS_NAME.fullmatch(value)):
            yield "url-password"
            break


def masked(text: str, mask: str) -> str:
    """Returns a text with a mask in the place of every token."""
    for kind in {_KIND_OF_SIGN[sign] for sign in _TOKEN_SIGN.findall(text)}:
        text = _TOKEN_PATTERNS[kind].sub(partial(_hidden, kind, mask), text)
    return text


def _hidden(kind: str, mask: str, match: re.Match[str]) -> str:
    return mask if _is_token(kind, match.group()) else match.group()
