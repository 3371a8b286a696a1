"""Looks at what can be seen of an MLflow server from outside: version, login, clock, transport.

Few requests that change nothing; one of them without a login, to learn whether anybody is let in.
"""

import http.client
import ipaddress
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit, urlunsplit

from ft_registry.backends.mlflow.connection import MlflowPlace, without_login
from ft_registry.backends.mlflow.view_server import login_headers, opener_for
from ft_registry.backends.versions import dangers_of, installed, numbers_of
from ft_registry.errors import BackendUnavailable
from ft_registry.model.health import Diagnosis, ok, problem, unchecked, warning

_SECONDS = 5.0
_LONGEST = 100_000
_SKEW = timedelta(minutes=2)
_SEARCH = "/api/2.0/mlflow/experiments/search?max_results=1"
_UNSEEN = (
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION=false",
    "MLFLOW_ALLOW_HTTP_REDIRECTS=false",
    "MLFLOW_TRUNCATE_LONG_VALUES=false",
    "MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX='^models:/m-[0-9a-f]{32}$'",
    "MLFLOW_SERVER_ALLOWED_HOSTS=(its names)",
)
"""Settings of a server that cannot be seen from outside. `register` makes versions of logged models
alone: a server that takes no other source keeps others from pointing a version elsewhere."""


@dataclass(frozen=True)
class _Answer:
    status: int
    text: str
    date: str


def look_at_server(place: MlflowPlace) -> Iterator[Diagnosis]:
    """Tells what can be seen of a server.

    Raises:
        BackendUnavailable: It does not answer.
    """
    parts = urlsplit(place.uri)
    host = parts.netloc.rpartition("@")[2]
    base = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
    login = login_headers(parts.username, parts.password)
    is_here = _is_loopback(parts.hostname or "")
    told = _ask(f"{base}/version", login)
    yield _version(told)
    yield _clock(told, datetime.now(UTC))
    if parts.scheme == "http" and not is_here:
        yield warning(
            "transport",
            f"{place.shown} is plain HTTP: logins and weights can be read and changed on the way",
            "put TLS before it (a reverse proxy), and have an https:// URI",
        )
    else:
        yield ok("transport", "TLS" if parts.scheme == "https" else "this machine alone")
    yield _login(base, login, is_here=is_here)
    yield unchecked(
        "server settings",
        "cannot be seen from outside: what its environment should hold stands below",
        *_UNSEEN,
    )


def _version(told: _Answer) -> Diagnosis:
    check, here = "server version", installed("mlflow")
    release = told.text.strip()[:40]
    if told.status in (401, 403):
        return unchecked(check, f"it is not told without another login (status {told.status})")
    if told.status != http.client.OK or not numbers_of(release) or "<" in release:
        return problem(
            check,
            f"what answers tells no version of MLflow (status {told.status})",
            "correct MLFLOW_TRACKING_URI or mlflow_uri: something else may listen there",
        )
    if dangers := dangers_of("mlflow", release):
        what = "; ".join(f"{one.what} ({one.source})" for one in dangers)
        return problem(
            check, f"{release}: {what}", f"update the server, to {here or 'a newer one'}"
        )
    theirs, ours = numbers_of(release)[:2], numbers_of(here)[:2]
    if ours and theirs < ours:
        return warning(
            check,
            f"{release} is older than MLflow {here} here: what it does not know fails",
            f"update the server, or pip install 'mlflow=={release}'",
        )
    if ours and theirs[0] > ours[0]:
        return warning(
            check, f"{release}, where {here} is here: they may not understand each other",
            f"pip install 'mlflow=={release}'",
        )  # fmt: skip
    return ok(check, f"{release}, with {here} here")


def _clock(told: _Answer, now: datetime) -> Diagnosis:
    try:
        theirs = parsedate_to_datetime(told.date)
        apart = now - theirs
    except (ValueError, TypeError):
        return unchecked("server clock", "it tells no time")
    if abs(apart) > _SKEW:
        word = "behind" if apart < timedelta(0) else "ahead"
        return warning(
            "server clock",
            f"this machine is {abs(apart).total_seconds() / 60:.0f} minutes {word} of it",
            "set the clocks (timedatectl set-ntp true)",
        )
    return ok("server clock", "agrees with this machine")


def _login(base: str, login: dict[str, str], *, is_here: bool) -> Diagnosis:
    status = _ask(f"{base}{_SEARCH}", {}).status
    if status in (401, 403):
        mine = _ask(f"{base}{_SEARCH}", login).status if login else status
        if mine in (401, 403):
            have = "refuses the one" if login else "there is none"
            return problem(
                "login",
                f"it asks for a login, and {have} here",
                "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or ..._TOKEN, log in",
            )
        return ok("login", "it lets nobody in without one")
    if status != http.client.OK:
        return unchecked("login", f"a search is answered with status {status}")
    if is_here:
        return ok("login", "none is asked for, and it is on this machine")
    return warning(
        "login",
        "it answers without one: whoever reaches it may delete versions and overwrite weights",
        "mlflow server --app-name basic-auth, with MLFLOW_FLASK_SERVER_SECRET_KEY, or a proxy "
        "that asks",
    )


def _ask(address: str, headers: dict[str, str]) -> _Answer:
    request = urllib.request.Request(address)  # noqa: S310 - the place is a server's
    for name, value in headers.items():
        request.add_unredirected_header(name, value)
    try:
        with opener_for(urlsplit(address).scheme).open(request, timeout=_SECONDS) as reply:
            text = reply.read(_LONGEST).decode(errors="replace")
            return _Answer(reply.status, text, str(reply.headers.get("Date", "")))
    except urllib.error.HTTPError as error:
        with error:
            return _Answer(error.code, "", str(error.headers.get("Date", "")))
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise BackendUnavailable(
            f"expected the MLflow server at {without_login(address)} to answer, found: "
            f"{without_login(str(reason)) or type(error).__name__}",
            hints=["start it, or correct MLFLOW_TRACKING_URI or mlflow_uri"],
        ) from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
