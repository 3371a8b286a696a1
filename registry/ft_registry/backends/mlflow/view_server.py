"""Looks at what an MLflow server shows, over HTTP and within a time: no MLflow is imported.

MLflow's settings for login and TLS are respected. Redirects are not followed: they would carry the
login elsewhere.
"""

import base64
import configparser
import http.client
import json
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

from ft_registry.backends.mlflow.connection import without_login
from ft_registry.backends.mlflow.view import (
    Found,
    FoundModel,
    FoundVersion,
    OddShape,
    millis_of,
    model_ids,
    number_of,
    run_ids,
    target_of,
)
from ft_registry.errors import BackendUnavailable, FtRegistryError
from ft_registry.model.shown import RunState

T = TypeVar("T")

_CONNECT_SECONDS = 3.0
_LONGEST = 64 * 2**20
"""Bytes of one answer."""
_PAGE = 1000
_BATCH = 100
"""Ids that one search names."""
_EVERY_EXPERIMENT = 1000
_ABSENT = "RESOURCE_DOES_NOT_EXIST"
_TRUE = ("true", "1")


def ask_server(
    uri: str, names: Sequence[str], others: Sequence[str] = (), *, patience: float
) -> Found:
    """Returns what a server has of registered models.

    Args:
        uri: Its address, which may hold a login.
        names: The registered models.
        others: Ids of logged models that are looked up as well.
        patience: Seconds for everything, looking up its name included.

    Raises:
        BackendUnavailable: It does not answer, not in time, or does not let us in.
        OddShape: What it answers is not understood.
    """
    return _within(uri, patience, lambda server: _look(server, names, others))


def ask_tagged_runs(uri: str, tag: str, *, patience: float) -> list[str]:
    """Returns the runs of a server that bear a tag, the newest first.

    Args:
        uri: Its address, which may hold a login.
        tag: The tag: letters, digits and dots.
        patience: See `ask_server`.

    Raises:
        BackendUnavailable, OddShape: See `ask_server`.
    """
    return _within(uri, patience, lambda server: _tagged_runs(server, tag))


def _within(uri: str, patience: float, look: "Callable[[_Server], T]") -> T:
    answer: SimpleQueue[T | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            answer.put(look(_Server(uri, patience)))
        except Exception as error:  # noqa: BLE001 - raised again in the thread that waits
            answer.put(error)

    # A thread, for whatever has no time limit of its own: the lookup of a name, a line that drips.
    Thread(target=ask, daemon=True).start()
    try:
        found = answer.get(timeout=patience)
    except Empty:
        raise _too_slow(uri, patience) from None
    if isinstance(found, FtRegistryError):
        raise found
    if isinstance(found, Exception):
        raise OddShape(f"an answer that is not understood ({type(found).__name__})") from found
    return found


def _too_slow(uri: str, patience: float) -> BackendUnavailable:
    return BackendUnavailable(
        f"expected the MLflow server at {without_login(uri)} to answer within {patience:.0f} s, "
        "found that it did not",
        hints=["ft-registry sync --dry-run waits longer"],
    )


def _look(server: "_Server", names: Sequence[str], others: Sequence[str]) -> Found:
    models = {name: found for name in names if (found := _model(server, name)) is not None}
    wanted_runs, wanted_models = run_ids(models.values()), model_ids(models.values(), others)
    experiments = _experiments(server) if wanted_runs or wanted_models else []
    runs = _search_runs(server, experiments, wanted_runs)
    logged = _search_models(server, experiments, wanted_models)
    # What a search does not find may be in an experiment that we may not see.
    for run_id in wanted_runs:
        if run_id not in runs:
            runs[run_id] = _run_state(server, run_id)
    for model_id in wanted_models:
        if model_id not in logged:
            found = server.get(f"logged-models/{model_id}")
            logged[model_id] = found is not None
    return Found(models, runs, logged)


def _model(server: "_Server", name: str) -> FoundModel | None:
    answer = server.get("registered-models/get", name=name)
    if answer is None:
        return None
    told = answer["registered_model"]
    found = FoundModel(
        tags=_tags(told),
        aliases={str(a["alias"]): target_of(a["version"]) for a in told.get("aliases", ())},
        description=str(told.get("description") or ""),
        updated_at=millis_of(told.get("last_updated_timestamp")),
    )
    if found.is_prompt:
        return None
    token = ""
    while True:
        page = server.get(
            "model-versions/search", filter=f"name = '{name}'", max_results=str(_PAGE),
            **({"page_token": token} if token else {}),
        )  # fmt: skip
        for version in (page or {}).get("model_versions", ()):
            number = number_of(version["version"])
            found.versions[number] = FoundVersion(
                number=number,
                description=str(version.get("description", "")),
                source=str(version.get("source", "")),
                run_id=str(version.get("run_id", "")),
                tags=_tags(version),
            )
        token = str((page or {}).get("next_page_token", ""))
        if not token:
            return found


def _tags(told: Any) -> dict[str, str]:
    return {str(tag["key"]): str(tag.get("value", "")) for tag in told.get("tags", ())}


def _experiments(server: "_Server") -> list[str]:
    answer = server.post(
        "experiments/search", {"max_results": _EVERY_EXPERIMENT, "view_type": "ALL"}
    )
    return [str(one["experiment_id"]) for one in answer.get("experiments", ())]


def _search_runs(
    server: "_Server", experiments: Sequence[str], wanted: Sequence[str]
) -> dict[str, RunState]:
    found: dict[str, RunState] = {}
    for batch in _batches(wanted) if experiments else ():
        answer = server.post("runs/search", {
            "experiment_ids": experiments,
            "filter": f"attributes.run_id IN ({_quoted(batch)})",
            "run_view_type": "ALL",
            "max_results": _BATCH,
        })  # fmt: skip
        for run in answer.get("runs", ()):
            found[str(run["info"]["run_id"])] = _stage(run)
    return found


def _search_models(
    server: "_Server", experiments: Sequence[str], wanted: Sequence[str]
) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for batch in _batches(wanted) if experiments else ():
        answer = server.post("logged-models/search", {
            "experiment_ids": experiments,
            "filter": f"model_id IN ({_quoted(batch)})",
            "max_results": _BATCH,
        })  # fmt: skip
        for model in answer.get("models", ()):
            found[str(model["info"]["model_id"])] = True
    return found


def _tagged_runs(server: "_Server", tag: str) -> list[str]:
    found: list[tuple[int, str]] = []
    for experiments in _batches(list(_every_experiment(server))):
        answer = server.post("runs/search", {
            "experiment_ids": experiments,
            "filter": f"tags.`{tag}` != ''",
            "max_results": _BATCH,
            "order_by": ["attributes.start_time DESC"],
        })  # fmt: skip
        for run in answer.get("runs", ()):
            info = run["info"]
            found.append((millis_of(info.get("start_time")) or 0, str(info["run_id"])))
    return [run_id for _, run_id in sorted(found, reverse=True)]


def _every_experiment(server: "_Server") -> Iterator[str]:
    token = ""
    while True:
        page = server.post(
            "experiments/search",
            {"max_results": _EVERY_EXPERIMENT, **({"page_token": token} if token else {})},
        )
        yield from (str(one["experiment_id"]) for one in page.get("experiments", ()))
        token = str(page.get("next_page_token", ""))
        if not token:
            return


def _run_state(server: "_Server", run_id: str) -> RunState:
    answer = server.get("runs/get", run_id=run_id)
    return "missing" if answer is None else _stage(answer["run"])


def _stage(run: Any) -> RunState:
    return "active" if run["info"].get("lifecycle_stage") == "active" else "deleted"


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]


def _quoted(ids: Iterable[str]) -> str:
    # Letters, digits, dashes: checked before they came here.
    return ", ".join(f"'{one}'" for one in ids)


class _Server:
    """Asks one server, until its time is over."""

    def __init__(self, uri: str, patience: float) -> None:
        parts = urlsplit(uri)
        self._shown = without_login(uri)
        host = parts.netloc.rpartition("@")[2]
        self._base = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self._headers = login_headers(parts.username, parts.password)
        self._end = time.monotonic() + patience
        self._patience = patience
        self._uri = uri
        self._opener = opener_for(parts.scheme)

    def get(self, what: str, **query: str) -> Any:
        """Returns an answer, or None when there is no such thing."""
        text = f"?{urlencode(query)}" if query else ""
        return self._ask(self._request(f"{what}{text}"))

    def post(self, what: str, body: dict[str, Any]) -> Any:
        """Returns the answer to a search."""
        found = self._ask(
            self._request(
                what,
                data=json.dumps(body).encode(),
                headers={"Content-Type": "application/json"},
            )
        )
        if found is None:
            raise OddShape(f"no {what} at {self._shown}")
        return found

    def _request(self, what: str, **options: Any) -> urllib.request.Request:
        address = f"{self._base}/api/2.0/mlflow/{what}"
        return urllib.request.Request(address, **options)  # noqa: S310 - the place is a server's

    def _ask(self, request: urllib.request.Request) -> Any:
        for name, value in self._headers.items():
            request.add_unredirected_header(name, value)
        left = self._end - time.monotonic()
        if left <= 0:
            raise _too_slow(self._uri, self._patience)
        try:
            with self._opener.open(request, timeout=left) as response:
                body = response.read(_LONGEST + 1)
        except urllib.error.HTTPError as error:
            with error:
                return self._refused(error.code, error.read(4096))
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise BackendUnavailable(
                f"expected the MLflow server at {self._shown} to answer, found: "
                f"{without_login(str(reason)) or type(error).__name__}",
                hints=["start it, or correct MLFLOW_TRACKING_URI or mlflow_uri"],
            ) from error
        if len(body) > _LONGEST:
            raise OddShape(f"an answer of more than {_LONGEST} bytes")
        return json.loads(body)

    def _refused(self, status: int, body: bytes) -> None:
        """Returns when the server said that there is no such thing; raises for all else."""
        try:
            told = json.loads(body)
        except ValueError:
            told = None
        if status == http.HTTPStatus.NOT_FOUND and isinstance(told, dict):
            if told.get("error_code") == _ABSENT:
                return
            raise OddShape(f"status {status} from {self._shown}")
        if status in (http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN):
            raise BackendUnavailable(
                f"expected the MLflow server at {self._shown} to let us read, found status "
                f"{status}",
                hints=[
                    "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or ..._TOKEN, log in"
                ],
            )
        if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            raise BackendUnavailable(
                f"expected the MLflow server at {self._shown} to answer, found status {status}",
                hints=["look at the server's log"],
            )
        raise OddShape(f"status {status} from {self._shown}")


def opener_for(scheme: str) -> urllib.request.OpenerDirector:
    """Returns what opens addresses of a scheme: by MLflow's TLS settings, without redirects."""
    context = _tls() if scheme == "https" else None
    return urllib.request.build_opener(_Plain(), _Secure(context=context), _NoRedirect())


def login_headers(username: str | None, password: str | None) -> dict[str, str]:
    """Returns the login as MLflow's client would send it."""
    environ = os.environ
    name, word = _login_file()
    name = environ.get("MLFLOW_TRACKING_USERNAME") or name
    word = environ.get("MLFLOW_TRACKING_PASSWORD") or word
    token = environ.get("MLFLOW_TRACKING_TOKEN")
    headers = {}
    if not (name and word) and not token and username is not None:
        name, word = unquote(username), unquote(password or "")
    if name and word is not None:
        pair = base64.b64encode(f"{name}:{word}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    elif token:
        headers["Authorization"] = f"Bearer {token}"
    if workspace := environ.get("MLFLOW_WORKSPACE", "").strip():
        headers["X-MLFLOW-WORKSPACE"] = workspace
    return headers


def _login_file() -> tuple[str | None, str | None]:
    """Returns user and password from the file in which MLflow keeps them."""
    place = os.environ.get("MLFLOW_TRACKING_CREDENTIALS_FILE")
    file = Path(place) if place else Path.home() / ".mlflow" / "credentials"
    parser = configparser.ConfigParser()
    try:
        parser.read(file)
    except (configparser.Error, OSError, UnicodeDecodeError):
        return None, None  # MLflow itself will say what is wrong with it
    section = parser["mlflow"] if parser.has_section("mlflow") else {}
    return section.get("mlflow_tracking_username"), section.get("mlflow_tracking_password")


def _tls() -> ssl.SSLContext:
    environ = os.environ
    authority = environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or environ.get("REQUESTS_CA_BUNDLE")
    client = environ.get("MLFLOW_TRACKING_CLIENT_CERT_PATH")
    try:
        is_folder = bool(authority) and Path(str(authority)).is_dir()
        context = ssl.create_default_context(
            cafile=None if is_folder else authority, capath=authority if is_folder else None
        )
        if environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in _TRUE:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if client:
            context.load_cert_chain(client)
    except OSError as error:
        raise BackendUnavailable(
            f"expected certificates for MLflow's server, found: {error}",
            hints=["correct MLFLOW_TRACKING_SERVER_CERT_PATH or MLFLOW_TRACKING_CLIENT_CERT_PATH"],
        ) from error
    return context


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any, **_options: Any) -> None:
        return None


class _PlainConnection(http.client.HTTPConnection):
    def connect(self) -> None:
        _connect_soon(self, super().connect)


class _SecureConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        _connect_soon(self, super().connect)


def _connect_soon(connection: http.client.HTTPConnection, connect: Any) -> None:
    """Gives connecting less time than the answer."""
    left, connection.timeout = connection.timeout, min(_CONNECT_SECONDS, connection.timeout or 60)
    connect()
    connection.sock.settimeout(left)


class _Plain(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_PlainConnection, req)


class _Secure(urllib.request.HTTPSHandler):
    def __init__(self, *, context: ssl.SSLContext | None) -> None:
        super().__init__(context=context)
        self._tls = context

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_SecureConnection, req, context=self._tls)
