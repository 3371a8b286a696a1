"""A small HTTP proxy before a server that loses, doubles, delays and mangles what passes."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import SplitResult, urlsplit

How = Literal[
    "drop", "503", "html", "refuse", "late", "double", "delay", "trickle", "stall", "cut", "long",
    "short",
]  # fmt: skip
"""What becomes of a request.

Carried out, and then: ``drop`` the connection, answer ``503``, answer 500 with a page in ``html``,
``delay`` the answer, ``trickle`` it byte by byte, ``stall`` in the middle of it, ``cut`` it in the
middle, say that it is longer (``long``) or shorter (``short``) than it is. ``double``: it arrives
twice, and the second answer comes through. ``refuse``: it never arrives. ``late``: the connection
is dropped, and it arrives when `Proxy.deliver` is called.
"""

_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "host")
_PAGE = b"<html><body><h1>500 Internal Server Error</h1></body></html>"
_Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Proxy:
    """What to do to requests, and what was asked."""

    url: str = ""
    lose: str = ""
    """Requests are touched whose method and path contain this."""
    how: How | str = "drop"
    times: int = 0
    """So many requests are touched yet."""
    seconds: float = 0.5
    """How long a delayed answer takes, and one that stalls."""
    then: Callable[[], object] | None = None
    """What happens elsewhere after a touched request was carried out, before its answer."""
    asked: list[str] = field(default_factory=list)
    """Method and path of each request, in order."""
    held: list[Callable[[], object]] = field(default_factory=list)
    """Requests that are late."""

    def count(self, words: str) -> int:
        """Returns how often a path with these words was asked for."""
        return sum(words in line for line in self.asked)

    def deliver(self) -> None:
        """Lets the requests arrive that were held back."""
        while self.held:
            self.held.pop(0)()

    def spoil(self, lose: str, how: How, times: int = 1, *, seconds: float = 0.5) -> None:
        """Does something to the next requests of a kind."""
        self.lose, self.how, self.times, self.seconds = lose, how, times, seconds


@contextmanager
def running(target: str) -> Iterator[Proxy]:
    """Runs a proxy before a server."""
    proxy = Proxy()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(proxy, urlsplit(target)))
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(proxy: Proxy, target: SplitResult) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            line = f"{self.command} {self.path}"
            proxy.asked.append(line)
            touched = bool(proxy.lose) and proxy.lose in line and proxy.times > 0
            proxy.times -= touched
            how = proxy.how if touched else ""
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.close_connection = True
            if how == "refuse":
                return
            if how == "late":
                method, path, headers = self.command, self.path, dict(self.headers.items())
                proxy.held.append(lambda: forward(method, path, headers, body))
                return
            headers = dict(self.headers.items())
            reply = forward(self.command, self.path, headers, body)
            if how == "double":
                reply = forward(self.command, self.path, headers, body)
            if touched and proxy.then is not None:
                proxy.then()
            self.answer(how, *reply)

        def answer(self, how: str, status: int, headers: dict[str, str], body: bytes) -> None:
            if how == "drop":
                return
            if how == "delay":
                time.sleep(proxy.seconds)
            if how == "503":
                status, headers, body = 503, {}, b""
            if how == "html":
                status, headers, body = 500, {"Content-Type": "text/html"}, _PAGE
            half = len(body) // 2
            said = {"long": len(body) + 100, "short": half}.get(how, len(body))
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(said))
            self.end_headers()
            if how == "trickle":
                for place in range(len(body)):
                    self.wfile.write(body[place : place + 1])
                    self.wfile.flush()
                    time.sleep(proxy.seconds / max(len(body), 1))
            elif how in ("cut", "stall"):
                self.wfile.write(body[:half])
                self.wfile.flush()
                time.sleep(proxy.seconds if how == "stall" else 0)
            else:
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on  # noqa: N815 - as it is called

        def log_message(self, *arguments: object) -> None:
            """Says nothing."""

    def forward(method: str, path: str, headers: dict[str, str], body: bytes) -> _Reply:
        upstream = http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)
        kept = {k: v for k, v in headers.items() if k.lower() not in _HOP}
        upstream.request(method, path, body=body, headers=kept)
        reply = upstream.getresponse()
        content = reply.read()
        upstream.close()
        return reply.status, dict(reply.getheaders()), content

    return Handler
